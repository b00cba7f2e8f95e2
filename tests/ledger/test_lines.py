"""Entries as lines of a file: what anybody can verify without the portal, and what is found when it was changed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from duijie.cli import verbs
from duijie.errors import InputError
from duijie.ledger import events, record
from duijie.ledger.lines import entries_of, line_of, verify_entries
from duijie.ledger.log import MemoryLog
from duijie.ledger.seal import Chain, Signer

SIGNERS = {side: Signer.new() for side in ("north", "south")}
KEYS = {side: [signer.public_key] for side, signer in SIGNERS.items()}
DAY = date(2025, 3, 1)
NOW = datetime(2025, 3, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """A log in which each side keeps two things, one text with a mark that ends no line."""
    log = MemoryLog("a")
    sides = tuple(SIGNERS)
    published = events.AgreementPublished(subject="agreement/a", on=DAY, log="a", sides=sides)
    record.open_chain(log, SIGNERS, published, NOW)
    for at, side in enumerate(("north", "south", "north", "south")):
        said = events.Kept(
            subject=f"outline/{at}", on=DAY, act="added", ordering=side, fields={"name": f"图\u2028{at}"}
        )
        record.append(log, SIGNERS, [(side, said)], recorded_at=NOW, sides=sides)
    return [line_of(one.entry).decode() for side in sides for one in log.entries(Chain(side))]


def codes(lines: list[str], keys: dict[str, list[str]] | None = None) -> set[str]:
    return {fault.code for fault in verify_entries(entries_of(lines), keys or KEYS).faults}


def test_a_sound_log_holds_in_any_order_whole_or_with_parts_withheld(lines: list[str]) -> None:
    """Lines come in any order; a line without its parts tells nothing and is no fault."""
    assert codes(lines) == set()
    assert codes(lines[::-1]) == set()
    assert codes([json.dumps({**json.loads(line), "parts": []}) for line in lines if "key.set" not in line] + [
        line for line in lines if "key.set" in line
    ]) == set()  # fmt: skip


def test_every_line_left_out_altered_or_signed_by_another_is_found(lines: list[str]) -> None:
    """Each line dropped (but a chain's last), each text changed, each key unknown is a fault."""
    lasts = {0, len(lines) - 1}
    for at, line in enumerate(lines):
        document = json.loads(line)
        if at not in lasts and at + 1 < len(lines) and json.loads(lines[at + 1])["header"][:30] != document["header"]:
            left = [other for other in lines if other != line]
            assert codes(left) or at == len(lines) // 2 - 1, at
        for nth, (label, salt, text) in enumerate(document["parts"]):
            parts = [*document["parts"]]
            parts[nth] = [label, salt, text.replace("2025", "2024") if "2025" in text else text + " "]
            assert codes([*lines[:at], json.dumps({**document, "parts": parts}), *lines[at + 1 :]]), (at, label)
    assert codes(lines, {side: ["00" * 32] for side in KEYS}) >= {"seal_key_unknown"}


def test_a_line_that_is_no_entry_is_named_by_its_number(lines: list[str]) -> None:
    """Broken JSON, a missing key and a header of another format are told with their row."""
    for broken in ("{", "{}", '{"header": "[]", "signature": "", "parts": []}'):
        with pytest.raises(InputError) as caught:
            list(entries_of([lines[0], broken], "log.jsonl"))
        assert caught.value.where == {"file": "log.jsonl", "row": 2}


def test_the_command_reads_a_file_as_it_was_written(lines: list[str], tmp_path: Path) -> None:
    """U+2028 in a text ends no line; a byte that is no UTF-8 is named; exit code 1 where something was changed."""
    (tmp_path / "keys.json").write_text(json.dumps(KEYS), encoding="utf-8")
    asked = ["share", "verify", str(tmp_path / "log.jsonl"), "--keys", str(tmp_path / "keys.json")]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = CliRunner().invoke(verbs, asked)
    assert done.exit_code == 0, done.output
    (tmp_path / "log.jsonl").write_text("\n".join(lines).replace("added", "dadde"), encoding="utf-8")
    assert CliRunner().invoke(verbs, asked).exit_code == 1
    (tmp_path / "log.jsonl").write_bytes(b'{"id": "\xff"}\n')
    assert getattr(CliRunner().invoke(verbs, asked).exception, "code", "") == "file_not_utf8"
