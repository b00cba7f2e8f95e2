"""A log and its keys come from somebody else: whatever shape they have, the answer is a fault or a verdict."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from duijie.data import sentence
from duijie.errors import InputError
from duijie.ledger import events, record
from duijie.ledger.lines import line_of
from duijie.ledger.log import MemoryLog
from duijie.ledger.seal import Chain, Signer
from duijie.share.commands import group

DAY, NOW = date(2025, 3, 1), datetime(2025, 3, 1, 8, tzinfo=UTC)
SIGNER = Signer.new()


def _lines() -> list[str]:
    log = MemoryLog("a")
    published = events.AgreementPublished(subject="agreement/a", on=DAY, log="a", sides=("a",))
    record.open_chain(log, {"a": SIGNER}, published, NOW)
    return [line_of(one.entry).decode() for one in log.entries(Chain("a"))]


LINES = _lines()


def _verify(folder: Path, line: str, keys: Any = None) -> int:
    (folder / "log.jsonl").write_text("\n".join([line, *LINES[1:]]), encoding="utf-8")
    (folder / "keys.json").write_text(json.dumps({"a": [SIGNER.public_key]} if keys is None else keys))
    asked = ["verify", str(folder / "log.jsonl"), "--keys", str(folder / "keys.json")]
    done = CliRunner().invoke(group, asked)
    if isinstance(done.exception, InputError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code


def test_a_log_of_the_right_shape_holds(tmp_path: Path) -> None:
    """As it was written it verifies."""
    assert _verify(tmp_path, LINES[0]) == 0


@pytest.mark.parametrize(
    "change",
    [{"header": 5}, {"header": "[]"}, {"parts": "x"}, {"parts": [["base", "zz", "{}"]]}, {"parts": [1]}],
    ids=repr,
)
def test_an_entry_of_another_shape_is_named(change: dict[str, Any], tmp_path: Path) -> None:
    """A number for a text, a text for a list, a salt that is none: a fault with the line, not a crash."""
    with pytest.raises(InputError) as caught:
        _verify(tmp_path, json.dumps(json.loads(LINES[0]) | change))
    assert (caught.value.code, caught.value.where["row"]) == ("seal_line_broken", 1)
    assert sentence(caught.value.code, "zh", caught.value.values) != caught.value.code


@pytest.mark.parametrize("keys", [[1], {"a": "5790"}, {"a": [1]}, {"a": None}, "x"], ids=repr)
def test_keys_of_another_shape_are_named(keys: Any, tmp_path: Path) -> None:
    """A key that is read as its letters would make every signature wrong."""
    with pytest.raises(InputError, match="data_file_faults") as caught:
        _verify(tmp_path, LINES[0], keys)
    assert caught.value.faults


@pytest.mark.parametrize("change", [{"signature": "zz"}, {"signature": 5}, {"signature": ""}], ids=repr)
def test_what_was_changed_is_a_verdict(change: dict[str, Any], tmp_path: Path) -> None:
    """A log of the right shape whose last entry lost its signature does not hold."""
    with_last = json.dumps(json.loads(LINES[-1]) | change)
    (tmp_path / "log.jsonl").write_text("\n".join([*LINES[:-1], with_last]), encoding="utf-8")
    (tmp_path / "keys.json").write_text(json.dumps({"a": [SIGNER.public_key]}))
    asked = ["verify", str(tmp_path / "log.jsonl"), "--keys", str(tmp_path / "keys.json")]
    assert CliRunner().invoke(group, asked).exit_code == 1
