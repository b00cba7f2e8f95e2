"""An operator's loading: an agreement folder and a file of records become rows, each sealed by its side."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from duijie import terms
from duijie.data import inside
from duijie.data.files import json_lines
from duijie.errors import Fault, InputError
from duijie.ledger import events
from duijie.ledger.kinds import case_kind
from duijie.terms import Progress, silent
from duijie.terms.days import parse_day, parse_end
from duijie.track import load_agreement
from duijie.track.conference import Decision, Practice, practice_acts, with_tasks
from duijie.track.docking import Ticket, ticket_acts
from duijie.track.records import decode
from duijie.track.trajectory import due_day
from duijie.track.workflow import Evidence, Move, acts_of
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Department, Side

from . import recording
from .keeping import kept_event
from .listings import listing_event, listing_fields, party_event, party_fields, released
from .models import Agreement, Record, action_key
from .recording import Author, publish
from .store import keep_bytes

__all__ = ["load_folder", "load_records"]

Row = Mapping[str, Any]
_BATCH = 500
_RECORD_DAYS = {
    "decision": (("decided_on", "decided"), ("done_on", "done")),
    "conference": (("on", "held"),),
    "visit": (("on", "visited"),),
    "certificate": (("issued_on", "issued"), ("withdrawn_on", "withdrawn")),
    "contact": (("on", "met"),),
    "amendment": (("signed_on", "signed"),),
    "target": (("decided_on", "agreed"),),
}
_DAY_KEYS = ("_on", "_from", "_until")


@transaction.atomic
def load_folder(folder: Path) -> Agreement:
    """Enter or refresh an agreement, its sides and departments from its data folder.

    Raises
    ------
    DataFileError
        The folder has faults; all of them are told.
    """
    read = load_agreement(folder)
    row, _ = Agreement.objects.update_or_create(pk=read.key, defaults=_head(read, folder))
    sides = [_side(region) for region in read.sides]
    row.sides.set(sides)
    for office in read.departments:
        values = {"name_zh": office.name.zh, "name_en": office.name.en, "verification": office.verification}
        values |= {"domain_zh": office.domain.zh, "domain_en": office.domain.en}
        Department.objects.update_or_create(side_id=office.side, agreement=read.key, key=office.key, defaults=values)
    publish(row, folder, on=timezone.localdate())
    return row


def _head(read: terms.Agreement, folder: Path) -> dict[str, Any]:
    return {
        "title_zh": read.title.zh,
        "title_en": read.title.en,
        "banner_zh": read.banner.zh,
        "banner_en": read.banner.en,
        "signed_on": read.signed_on or None,
        "valid_until": due_day(read.valid_until),
        "is_rehearsal": read.is_rehearsal,
        "folder": str(folder.resolve()),
    }


def _side(region: terms.Region) -> Side:
    names = {"name_zh": region.name.zh, "name_en": region.name.en}
    shorts = {"short_zh": region.short.zh, "short_en": region.short.en}
    side, _ = Side.objects.update_or_create(pk=region.code, defaults=names | shorts)
    return side


@dataclass
class _Load:
    """What one file brings: parties, listings and cases as they are read; rows and drafts of what is no event yet."""

    agreement: Agreement
    moment: datetime
    sides: tuple[str, ...]
    parties: list[Row] = field(default_factory=list)
    listings: list[Row] = field(default_factory=list)
    cases: dict[str, Row] = field(default_factory=dict)
    steps: dict[str, list[Row]] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    practices: dict[str, list[Practice]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)

    def size_of(self, proof: Evidence) -> tuple[int, str]:
        return len(self.files[proof.sha256][2]), "text/plain"

    def other(self, side: str) -> str:
        return next((code for code in self.sides if code != side), side)

    def owned(self, row: Row, default: str = "both") -> dict[str, Any]:
        visibility = row.get("visibility") or default
        released = None if visibility == "own" else self.moment
        return {"agreement": self.agreement, "visibility": visibility, "cleared_at": released, "released_at": released}


@transaction.atomic
def load_records(agreement: Agreement, path: Path, *, progress: Progress = silent) -> Counter[str]:
    """Enter every record of a file (one JSON object a line, named by its ``type``), all or none.

    Rows become projections; every dated fact of them becomes an event signed by the side it belongs to.

    Returns
    -------
    Counter
        Rows by type, but for those of a side that works elsewhere.

    Raises
    ------
    InputError
        Lines that cannot be used; every one is told with its number.
    """
    load = _Load(agreement, timezone.now(), tuple(side.pk for side in agreement.sides.all()))
    counts: Counter[str] = Counter()
    faults: list[Fault] = []
    rows = [*json_lines(path, faults)]
    for at, (number, row) in enumerate(rows):
        kind = str(row.get("type", "")) if isinstance(row, dict) else ""
        side = (row.get("side") or row.get("region")) if isinstance(row, dict) else None
        counts[kind] += is_hosted(side)
        try:
            _check_days(row)
            _READERS.get(kind, _record if kind in _RECORD_DAYS else _unknown)(load, row)
        except InputError as error:
            faults.append(Fault(error.code, {"file": path.name, "row": number}, error.values))
        except KeyError as error:
            faults.append(Fault("key_missing", {"file": path.name, "row": number}, {"key": str(error.args[0])}))
        except (ValueError, TypeError, AttributeError):
            faults.append(Fault("portal_record_wrong", {"file": path.name, "row": number}, {"type": kind}))
        if at % _BATCH == 0:
            progress("portal_load", at, len(rows))
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    with inside(Path(agreement.folder)):
        _store(load)
    progress("portal_load", len(rows), len(rows))
    return counts


def _unknown(load: _Load, row: Row) -> None:
    raise ValueError(f"type {row.get('type')!r}")


def _check_days(row: Row) -> None:
    """Every day a row names, as exactly as it is known, is one of the calendar and within the bounds."""
    for key, value in row.items():
        if value and (key == "on" or key.endswith(_DAY_KEYS)):
            parse_end(str(value)[:10])


def _day(text: Any) -> date | None:
    return parse_day(str(text)[:10]) if text else None


def _needed_day(text: Any) -> date:
    return parse_day(str(text)[:10])


def _party(load: _Load, row: Row) -> None:
    if not (row["id"] and row["kind"] and row["name"] and (row.get("side") or row["region"])):
        raise ValueError("id, kind, name, side")
    load.parties.append(row)


def _listing(load: _Load, row: Row) -> None:
    if row["role"] not in ("need", "offer") or not (row["id"] and row["kind"] and row["party"] and row["side"]):
        raise ValueError("id, kind, role, party, side")
    load.listings.append(row)


def _case(load: _Load, row: Row) -> None:
    load.cases[row["id"]] = {**row, "opened_on": _needed_day(row["opened_on"])}


def _step(load: _Load, row: Row) -> None:
    load.steps.setdefault(row["case"], []).append({**row, "on": _needed_day(row["on"])})


def _move(load: _Load, row: Row) -> None:
    load.moves.append(decode(Move, row))


def _ticket(load: _Load, row: Row) -> None:
    load.tickets.append(decode(Ticket, row))


def _practice(load: _Load, row: Row) -> None:
    one = decode(Practice, row)
    load.practices.setdefault(one.key, []).append(one)


def _record(load: _Load, row: Row) -> None:
    kind = row["type"]
    identity = str(row.get("id") or f"{kind}-{row.get('key', len(load.records))}-{row.get('on', '')}")
    side = row.get("side") or load.sides[0]
    days = [(_day(row.get(name)), state) for name, state in _RECORD_DAYS[kind]]
    told = [(on, state) for on, state in days if on]
    title: Any = next((row[name] for name in ("title", "subject", "text", "purpose") if row.get(name)), {})
    title = title if isinstance(title, Mapping) else {"zh": str(title)}
    load.records.append(
        Record(
            **load.owned(row),
            id=f"{load.agreement.pk}:{identity}"[:80],
            side_id=side,
            kind=kind,
            clause=row.get("clause", ""),
            state=row.get("status") or (told[-1][1] if told else ""),
            department=_first(row.get("departments")),
            party_id=row.get("party") or "",
            on=told[0][0] if told else None,
            due_on=due_day(str(row.get("due_on") or row.get("valid_until") or "")),
            done_on=_day(row.get("done_on")),
            title_zh=(title.get("zh") or kind)[:300],
            title_en=title.get("en", "")[:400],
            payload={key: value for key, value in row.items() if key != "type"},
        )
    )


def _evidence(load: _Load, row: Row) -> None:
    """The file behind a hash is kept where uploads are kept, under its hash."""
    content = str(row["text"]).encode()
    if hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise ValueError(f"sha256 {row['sha256']!r}")
    load.files[row["sha256"]] = (row["kind"], row["name"], content)


def _first(names: Iterable[str] | None) -> str:
    return next(iter(names or ()), "")


_READERS: Mapping[str, Callable[[_Load, Row], Any]] = {
    "party": _party,
    "listing": _listing,
    "case": _case,
    "step": _step,
    "move": _move,
    "action": _move,
    "ticket": _ticket,
    "practice": _practice,
    "evidence": _evidence,
    "rehearsal": lambda load, row: None,
    "facts": lambda load, row: None,
}


def _store(load: _Load) -> None:
    """Files first, then the events, each part of a life after what it rests on, then what is no event yet.

    A side that works elsewhere sends its own; a life in which one acts is left to those who live it.
    """
    _keep_files(load)
    _submit(load)
    _play(load)
    own = [row for row in load.records if is_hosted(row.side_id)]
    said = [kept_event(None, row, f"{row.kind}.{row.state or 'kept'}", row.on or load.moment.date()) for row in own]
    _say(load, sorted(said, key=lambda one: one[1].on))


def _say(load: _Load, said: Sequence[tuple[str, events.Event]]) -> list[str]:
    return recording.append(load.agreement, said, recorded_at=load.moment, is_loading=True)


def _submit(load: _Load) -> None:
    """Parties and listings, and how far each is open from the start."""
    said, levels = list[tuple[str, events.Event]](), list[tuple[str, str]]()
    for row in load.parties:
        side = row.get("side") or row["region"]
        if not is_hosted(side):
            continue
        said.append((side, party_event(Author(side), row["id"], _party_fields(row), _first_day(load, row))))
        levels.append((f"party/{row['id']}", row.get("visibility") or "both"))
    for row in load.listings:
        if not is_hosted(row["side"]):
            continue
        author = Author(row["side"], row["party"])
        said.append((row["side"], listing_event(author, row["id"], _listing_fields(row), _first_day(load, row))))
        levels.append((f"listing/{row['id']}", row.get("visibility") or "both"))
    commits = _say(load, said)
    _say(
        load,
        [
            (side, released(Author(side), subject, commit, level, event.on))
            for (side, event), commit, (subject, level) in zip(said, commits, levels, strict=True)
            if level != "own"
        ],
    )


def _first_day(load: _Load, row: Row) -> date:
    """Of a real firm only the year is known: then it came in when it was entered."""
    text = str(row.get("registered_on") or row.get("valid_from") or "")
    day = _day(text) if len(text) >= 10 else None
    return day if day and day <= load.moment.date() else load.moment.date()


_PARTY_KEYS = frozenset({"type", "id", "kind", "region", "side", "name", "visibility"})
_PARTY_COLUMNS = ("name_en", "uscc", "industry", "town")


def _party_fields(row: Row) -> dict[str, Any]:
    about = {key: row.get(key, "") for key in _PARTY_COLUMNS}
    payload = {key: value for key, value in row.items() if key not in _PARTY_KEYS and key not in _PARTY_COLUMNS}
    if row.get("side") not in (None, row.get("region")):
        payload["outside_region"] = row.get("region", "")  # kept by a side it does not belong to
    return party_fields(kind=row["kind"], name=row["name"], payload=payload, is_verified=True, **about)


def _listing_fields(row: Row) -> dict[str, Any]:
    about = {key: row.get(key, "") for key in ("industry", "valid_from", "valid_until", "basis")}
    return listing_fields(
        kind=row["kind"],
        version=row.get("version", 1),
        role=row["role"],
        party=row["party"],
        payload=row.get("payload", {}),
        source=row.get("source", {}),
        **about,
    )


Act = tuple[str, Callable[[str], events.Event]]
"""The side that speaks, and its event, given the id of what last moved the case."""


def _play(load: _Load) -> None:
    """Every case act by act: the first of each, then the second of each, and so on, each naming what it follows."""
    lives = {key: list(_life(load, row, load.steps.get(key, []))) for key, row in sorted(load.cases.items())}
    lives |= dict(_works(load))
    for one in load.tickets:
        subject = f"case/{load.agreement.pk}.{one.id}"
        lives[subject] = list(ticket_acts(subject, one, load.other(one.side)))
    for key, entries in load.practices.items():
        subject = f"case/{load.agreement.pk}.{key}"
        lives[subject] = list(practice_acts(subject, entries, load.other(entries[0].side)))
    lives = {key: acts for key, acts in lives.items() if all(is_hosted(side) for side, _ in acts)}
    tips = dict.fromkeys(lives, "")
    for at in range(max(map(len, lives.values()), default=0)):
        keys = [key for key, acts in lives.items() if at < len(acts)]
        said = [(lives[key][at][0], lives[key][at][1](tips[key])) for key in keys]
        for key, (_, event), commit in zip(keys, said, _say(load, said), strict=True):
            tips[key] = commit if isinstance(event, events.CaseOpened | events.Step) else tips[key]


def _works(load: _Load) -> Iterator[tuple[str, list[Act]]]:
    """The life of each action that was moved: a case under the agreement, its clause and its own key."""
    term = load_agreement(Path(load.agreement.folder))
    decided = [decode(Decision, {**row.payload, "id": row.pk}) for row in load.records if row.kind == "decision"]
    tasks = {(one.clause, one.action or one.id) for one in decided}
    whole = with_tasks(term, decided, as_of=load.moment.date(), moved=tasks)
    actions = {(clause.key, one.key): one for clause in whole.clauses for one in clause.actions}
    moved: dict[tuple[str, str], list[Move]] = {}
    for move in load.moves:
        moved.setdefault((move.clause, move.action), []).append(move)
    for key, moves in sorted(moved.items()):
        subject = f"case/{action_key(load.agreement, *key)}"
        yield subject, list(acts_of(subject, key[0], actions[key], moves, load.sides, load.size_of))


def _life(load: _Load, row: Row, steps: Sequence[Row]) -> Iterator[Act]:
    """The opening, the steps in the order of their days, and who confirmed what."""
    roles = _roles(load, row)
    yield row["side"], _opening(load, row, roles, steps)
    for step in sorted((one for one in steps if one["kind"] != "need"), key=lambda one: one["on"]):
        yield step["side"], _act(load, row["id"], roles, step)
        said = step.get("payload", {}).get("confirmed_on", "")
        on = _day(said) or step["on"]
        missing = ("offer", "need") if step["kind"] == "match" else ("need_side", "offer_side")
        if step["kind"] == "match" or step.get("is_confirmed"):
            for role in missing:
                end = role.partition("_")[0]
                if not _holds(step, roles, role):
                    yield roles[f"{end}_side"], _confirm(row["id"], role, roles, on)


def _roles(load: _Load, row: Row) -> dict[str, str]:
    need, offer = (*row.get("parties", ()), "", "")[:2]
    sides = {"need_side": row["side"], "offer_side": load.other(row["side"])}
    return {key: value for key, value in {"need": need, "offer": offer, **sides}.items() if value}


def _opening(load: _Load, row: Row, roles: Mapping[str, str], steps: Sequence[Row]) -> Callable[[str], events.Event]:
    kind = case_kind(row.get("kind", ""))
    first = next((one for one in steps if one["kind"] == "need"), {})
    title = row.get("title") or {}
    event = events.CaseOpened(
        subject=f"case/{row['id']}",
        on=row["opened_on"],
        role="need",
        by=roles["need"],
        definition=kind.name,
        pinned=kind.pinned,
        clause=row["clause"],
        ordering=row["side"],
        roles=dict(roles),
        began_on=row["opened_on"],
        need=row.get("need", ""),
        offer=row.get("offer", ""),
        due_on=_day(first.get("payload", {}).get("due_on")),
        words={"title_zh": title.get("zh", ""), "title_en": title.get("en", "")},
    )
    return lambda _: event


def _speaker(roles: Mapping[str, str], step: Row) -> tuple[str, str, str]:
    """Role, department or party, and for whom: a party speaks for itself, an office for its side."""
    end = "need" if step["side"] == roles["need_side"] else "offer"
    actor = step.get("actor", "")
    if actor == roles.get(end):
        return end, actor, ""
    return (end, actor, roles.get(end, "")) if step["kind"] == "match" else (f"{end}_side", actor, "")


def _holds(step: Row, roles: Mapping[str, str], role: str) -> bool:
    return _speaker(roles, step)[0] == role


def _act(load: _Load, case: str, roles: Mapping[str, str], step: Row) -> Callable[[str], events.Event]:
    role, by, behalf = _speaker(roles, step)
    amount = None if step.get("amount") is None else events.Amount(Decimal(str(step["amount"])), step.get("unit", ""))
    proofs = [(one, *load.files[one]) for one in step.get("evidence", ()) if one in load.files]
    files = tuple(events.FileRef(key, len(content), "text/plain", kind) for key, kind, _, content in proofs)
    event = events.Step(
        subject=f"case/{case}",
        on=step["on"],
        role=role,
        by=by,
        behalf=behalf,
        node=step["kind"],
        after="",
        amount=amount,
        reason=step.get("reason", ""),
        files=files,
        words={key: name for key, _, name, _ in proofs},
    )
    return lambda tip: msgspec.structs.replace(event, after=tip)


def _confirm(case: str, role: str, roles: Mapping[str, str], on: date) -> Callable[[str], events.Event]:
    by = roles.get(role, "") if role in ("need", "offer") else ""
    return lambda tip: events.Confirmed(subject=f"case/{case}", on=on, role=role, by=by, target=tip)


def _keep_files(load: _Load) -> None:
    for _, _, content in load.files.values():
        keep_bytes(content)
