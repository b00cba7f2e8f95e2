"""Plays a golden history: a life told in YAML, on one portal of both sides or on a portal a side.

The YAML says who did what, in the words of the record; `expect` says what people then read, table by table. A value
that begins with ``^`` is the id of the act of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml

from duijie.errors import InputError
from duijie.ledger import events, record
from duijie.ledger.exchange import bundle, receive
from duijie.ledger.gate import Grant
from duijie.ledger.kinds import STAGES, case_kind
from duijie.ledger.log import Log
from duijie.ledger.seal import Chain, Entry, Signer

GOLDEN = Path(__file__).parent / "golden"
FIRST_MOMENT = datetime(2025, 3, 1, 8, tzinfo=UTC)
_ABOUT_THE_ACT = (
    "act", "side", "event", "about", "kind", "refused", "same_as", "files", "fields", "what", "note_of",
)  # fmt: skip
Act = dict[str, Any]
Rows = list[dict[str, Any]]


class _Plain(yaml.SafeLoader):
    """YAML in which ``on``, ``yes`` and ``no`` are words, and a day is the text that stands there."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, found) for tag, found in rules if tag.rpartition(":")[2] not in ("bool", "timestamp")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def lives() -> list[Path]:
    """Every golden history."""
    return sorted(GOLDEN.glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Plain)
    return found


@dataclass
class Life:
    """A history as it is played: the nodes by side, the ids of its acts, the moment."""

    told: Mapping[str, Any]
    make: Callable[[str], Log]
    logs: dict[str, Log] = field(default_factory=dict)
    signers: dict[str, Signer] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    n: int = 0

    @property
    def sides(self) -> list[str]:
        return list(self.told["sides"])

    @property
    def is_one(self) -> bool:
        return bool(self.told["portals"] == "one")

    def keys(self, side: str) -> dict[str, Signer]:
        """The keys at the node where a side works."""
        return self.signers if self.is_one else {side: self.signers[side]}

    def moment(self) -> datetime:
        """A minute later each time: a life needs no clock."""
        self.n += 1
        return FIRST_MOMENT + timedelta(minutes=self.n)

    def value(self, said: Any) -> Any:
        """What a line of YAML means: ``^name`` is the id of an act."""
        if isinstance(said, str) and said.startswith("^"):
            return self.ids[said[1:]]
        if isinstance(said, list):
            return [self.value(one) for one in said]
        return said


def play(
    told: Mapping[str, Any], make: Callable[[str], Log], key_of: Callable[[str], Signer] = lambda _: Signer.new()
) -> Life:
    """A life from its first line to its last.

    Parameters
    ----------
    told
        The YAML as read.
    make
        Gives a log under a name; called once for one portal, once a side for two.
    key_of
        Gives the key of a side.
    """
    life = Life(told, make)
    shared = make("golden") if life.is_one else None
    life.signers = {side: key_of(side) for side in life.sides}
    for side in life.sides:
        life.logs[side] = shared or make("golden")
    for side in life.sides[:1] if life.is_one else life.sides:
        log = life.logs[side]
        published = events.AgreementPublished(
            subject="agreement/golden", on=date(2025, 1, 1), log=log.name, sides=tuple(life.sides)
        )
        record.open_chain(log, life.keys(side), published, FIRST_MOMENT)
    for line in told["life"]:
        if "send" in line:
            _send(life, line)
        else:
            _say(life, line)
    return life


def event_of(life: Life, line: Act) -> events.Event:
    """The event that a line of YAML means."""
    kind = events.EVENTS[line["event"]]
    said = {key: life.value(value) for key, value in line.items() if key not in _ABOUT_THE_ACT}
    if kind is events.CaseOpened:
        definition = case_kind(line.get("kind", ""))
        said |= {"definition": definition.name, "pinned": definition.pinned}
    if kind in (events.CaseOpened, events.Kept, events.Step) and "fields" in line:
        said["fields"] = line["fields"]
    if kind in (events.Submitted, events.Revised):
        said |= {"definition": "as-its-kind-says@1", "fields": line["fields"]}
    said |= {"what" if kind is events.Arranged else "act": line["what"]} if "what" in line else {}
    said |= {"about": line["note_of"]} if "note_of" in line else {}
    if "amount" in said:
        value, unit = str(said["amount"]).split()
        said["amount"] = {"value": value, "unit": unit}
    said["subject"] = line["about"]
    said["files"] = [_file(life, line["side"], one) for one in line.get("files", ())]
    return msgspec.convert(msgspec.to_builtins(said), kind)


def _file(life: Life, side: str, told: Mapping[str, str]) -> dict[str, Any]:
    content = told["text"].encode()
    sha256 = life.logs[side].keep(content)
    return {"sha256": sha256, "n_bytes": len(content), "type": "text/plain", "evidence": told["evidence"]}


def _say(life: Life, line: Act) -> None:
    side, event = line["side"], event_of(life, line)
    log, today, commit, refused = life.logs[side], date(2026, 1, 1), "", ""
    about = {"recorded_at": life.moment(), "sides": life.sides, "today": today}
    try:
        [commit] = record.append(log, life.keys(side), [(side, event)], **about)
    except InputError as error:
        refused = error.code
    assert refused == line.get("refused", ""), f"{line['act']}: {refused or 'was not refused'}"
    if refused:
        return
    if "same_as" in line:
        assert commit == life.ids[line["same_as"]], line["act"]
    life.ids[line["act"]] = commit


def _send(life: Life, line: Act) -> None:
    """One side hands what it wrote to the other, but for what it holds back; the other takes it up."""
    source, target = line["send"], line["to"]
    held = [(life.value(one["of"]), one["label"]) for one in line.get("without", ())]
    signer = life.signers[source]
    sent = bundle(life.logs[source], signer, source, target, {})
    sent = replace(sent, entries=tuple(_less(one, held) for one in sent.entries))
    # Who holds something back signs what is handed over.
    sent = replace(sent, signature=signer.sign(sent.digest))
    about = {"recorded_at": life.moment(), "sides": life.sides}
    keys = {side: [signer.public_key] for side, signer in life.signers.items()}
    receive(life.logs[target], life.keys(target), sent, keys=keys, **about)


def _less(entry: Entry, held: list[tuple[str, str]]) -> Entry:
    """An entry without some of its parts; one of which nothing is handed over is named with the label ``base``."""
    hidden = {label for commit, label in held if commit == entry.commit}
    parts = [part.withheld() if part.label in hidden or "base" in hidden else part for part in entry.parts]
    return replace(entry, parts=tuple(parts))


def outgoing(log: Log, side: str) -> Iterator[Entry]:
    """A side's shared chain with all but what only its own side reads."""
    for one in log.entries(Chain(side)):
        parts = [part.withheld() if part.label.startswith("own") else part for part in one.entry.parts]
        yield replace(one.entry, parts=tuple(parts))


# What people read, in the terms of the YAML


def rows_of(log: Any, table: str, names: list[str]) -> Rows:
    """The rows of a table as far as the YAML asks: its columns by name, days as ISO dates."""
    found = [row for name, _, row in log.stored_rows() if name == table]
    return [{name: _plain(row.get(name)) for name in names} for row in found]


def _plain(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "normalize"):
        return format(value.normalize(), "f")
    return value


def reads_of(log: Any) -> dict[str, dict[str, str]]:
    """Who reads what how far: for each subject, each scope's furthest stage."""
    found: dict[str, dict[str, str]] = {}
    for name, _, row in log.stored_rows():
        if name == "grant":
            one = Grant(f"{row['sort']}/{row['key']}", row["scope"], row["stage"])
            before = found.setdefault(one.subject, {}).get(one.scope, "public")
            found[one.subject][one.scope] = STAGES[max(one.stage, STAGES.index(before))]
    return found


def verdicts_of(log: Log, subject: str) -> dict[str, str]:
    """How each event of a subject was taken, by its id."""
    return {commit: one.verdict for commit, one in record.fold_of(log, subject).judged.items()}


def words_of(log: Log) -> Iterator[dict[str, str]]:
    """The words people typed into cases that are still there."""
    for chain in log.heads():
        for one in log.entries(chain):
            if one.event.sort == "case":
                yield from (
                    {"of": one.entry.commit, "says": text} for key, text in one.event.words.items() if key != "who"
                )


def check(life: Life, log: Any, expected: Mapping[str, Any]) -> None:
    """What people read is what the YAML expects: no row more, none less, each as told."""
    for table, rows in expected.items():
        if table == "reads":
            assert reads_of(log) == rows, f"reads: {reads_of(log)}"
        elif table == "words":
            found = [f"{row['of']} {row['says']}" for row in words_of(log)]
            assert sorted(found) == sorted(f"{life.value(row['of'])} {row['says']}" for row in rows), f"words: {found}"
        elif table == "verdicts":
            for subject, taken in rows.items():
                verdicts = verdicts_of(log, subject)
                found = {name: verdicts.get(life.ids[name], "") for name in taken}
                assert found == taken, f"{subject}: {found}"
        else:
            _check_table(life, log, table, rows)


def _check_table(life: Life, log: Any, table: str, rows: Rows) -> None:
    names = sorted({name for row in rows for name in row})
    wanted = [{name: _plain(life.value(row.get(name))) for name in names} for row in rows]
    found = rows_of(log, table, names)

    missing, extra = [row for row in wanted if row not in found], [row for row in found if row not in wanted]
    assert not missing and not extra and len(found) == len(wanted), "\n".join(  # noqa: PT018 - one message
        [f"table {table}:", *(f"  expected {row}" for row in missing), *(f"  found    {row}" for row in extra)]
    )
