"""What happened is told in sentences: the page of the life of one need runs, and every event has a sentence."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest
from tests.ledger.play import lives, play, read

from duijie.data.words import words
from duijie.ledger import telling
from duijie.ledger.events import EVENTS
from duijie.ledger.log import MemoryLog
from duijie.terms import Language

PAGE = Path(__file__).parents[2] / "docs" / "life-of-a-need.md"


def test_the_page_of_one_need_prints_what_it_shows() -> None:
    """The listing of the page is run as it stands there, and prints the blocks below it, zh, en and the end."""
    text = PAGE.read_text(encoding="utf-8")
    [listing] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    shown = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(listing, str(PAGE), "exec"), {})
    assert printed.getvalue() == "\n".join(shown)
    assert [len(block.splitlines()) for block in shown] == [14, 14, 3]


def test_every_kind_of_event_has_a_sentence() -> None:
    """In both languages, with a day and a speaker; so has a word on a correction."""
    for language in ("zh", "en"):
        for kind in (*EVENTS, "unknown", "agreed", "not_agreed", "taken_back"):
            said = words(language)[f"ledger_told_{kind.replace('.', '_')}"]
            assert said.startswith("{on} {who} "), said


@pytest.mark.parametrize("path", lives(), ids=lambda path: path.stem)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_life_is_told_without_a_key_of_the_program(path: Path, language: Language) -> None:
    """Every event of every golden history at every node: one line each, no empty slot, no code, no doubled mark."""
    life = play(read(path), MemoryLog)
    for log in life.logs.values():
        told = list(telling.lines(log, list(log.subjects()), language))
        assert len(told) == sum(1 for chain in log.heads() for _ in log.entries(chain))
        for line in told:
            assert not re.search(r"[{}]|ledger_|portal_|refusal_|“”|。。|\.\.|：。|: \.|\bNone\b", line), line
