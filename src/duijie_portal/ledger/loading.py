"""An operator's loading: an agreement folder and a file of records become rows, each sealed by its side."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from duijie import terms
from duijie.errors import Fault, InputError
from duijie.terms import Progress, silent
from duijie.track import load_agreement
from duijie.track.docking import Ticket
from duijie.track.records import decode
from duijie.track.trajectory import due_day
from duijie_portal.accounts.models import Department, Side

from .log import Draft, append, erasable
from .models import Agreement, Case, Countersignature, Event, Evidence, Listing, Party, Record, Step

__all__ = ["load_folder", "load_records"]

Row = Mapping[str, Any]
_BATCH = 500
_RECORD_DAYS = {
    "ticket": (("opened_on", "opened"), ("received_on", "received"), ("replied_on", "replied")),
    "decision": (("decided_on", "decided"), ("done_on", "done")),
    "conference": (("on", "held"),),
    "practice": (("on", "noted"),),
    "visit": (("on", "visited"),),
    "certificate": (("issued_on", "issued"), ("withdrawn_on", "withdrawn")),
    "contact": (("on", "met"),),
    "amendment": (("signed_on", "signed"),),
    "target": (("decided_on", "agreed"),),
}
_LINKS = ("need", "offer", "need_party", "offer_party")
_BY_OTHER_SIDE = frozenset({"received", "replied"})


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
    return row


def _head(read: terms.Agreement, folder: Path) -> dict[str, Any]:
    return {
        "title_zh": read.title.zh,
        "title_en": read.title.en,
        "banner_zh": read.banner.zh,
        "banner_en": read.banner.en,
        "signed_on": read.signed_on or None,
        "valid_until": read.valid_until or None,
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
    """What one file brings: rows to insert, and drafts with what to do once they are sealed."""

    agreement: Agreement
    moment: datetime
    sides: tuple[str, ...]
    parties: list[Party] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    drafts: list[tuple[Draft, Callable[[Event], Any] | None]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    confirmed: list[tuple[Event, str, date]] = field(default_factory=list)
    actors: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)

    def other(self, side: str) -> str:
        return next((code for code in self.sides if code != side), side)

    def actor(self, name: str) -> str:
        if name not in self.actors:
            self.actors[name] = erasable(name)
        return self.actors[name]

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
        Rows by type.

    Raises
    ------
    InputError
        Lines that cannot be used; every one is told with its number.
    """
    load = _Load(agreement, timezone.now(), tuple(side.pk for side in agreement.sides.all()))
    counts: Counter[str] = Counter()
    faults: list[Fault] = []
    rows = list(_lines(path, faults))
    for at, (number, row) in enumerate(rows):
        kind = str(row.get("type", ""))
        counts[kind] += 1
        try:
            _READERS.get(kind, _record if kind in _RECORD_DAYS else _unknown)(load, row)
        except (KeyError, ValueError, TypeError) as error:
            faults.append(Fault("portal_record_wrong", {"file": path.name, "row": number}, {"problem": repr(error)}))
        if at % _BATCH == 0:
            progress("portal_load", at, len(rows))
    if faults:
        raise InputError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    _store(load)
    progress("portal_load", len(rows), len(rows))
    return counts


def _lines(path: Path, faults: list[Fault]) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8") as handle:
        for number, line in enumerate(handle, start=1):
            try:
                yield number, json.loads(line)
            except ValueError as error:
                faults.append(Fault("portal_record_wrong", {"file": path.name, "row": number}, {"problem": str(error)}))


def _unknown(load: _Load, row: Row) -> None:
    raise ValueError(f"type {row.get('type')!r}")


def _day(text: Any) -> date | None:
    return date.fromisoformat(str(text)[:10]) if text else None


def _needed_day(text: Any) -> date:
    return date.fromisoformat(str(text)[:10])


def _party(load: _Load, row: Row) -> None:
    side = row.get("side") or row["region"]
    known = {"id", "kind", "region", "side", "name", "name_en", "uscc", "industry", "town", "type", "visibility"}
    party = Party(
        **load.owned(row),
        id=row["id"],
        side_id=side,
        kind=row["kind"],
        name=row["name"],
        name_en=row.get("name_en", ""),
        uscc=row.get("uscc", ""),
        industry=row.get("industry", ""),
        town=row.get("town", ""),
        is_verified=True,
        payload={key: value for key, value in row.items() if key not in known},
    )
    load.parties.append(party)
    registered = str(row.get("registered_on", ""))
    # Of a real firm only the year is known: then it came in when it was entered.
    on = _needed_day(registered) if len(registered) >= 10 else load.moment.date()
    load.drafts.append((Draft(side, "party.added", "party", party.pk, on, {"kind_of_party": party.kind}), None))


def _listing(load: _Load, row: Row) -> None:
    listing = Listing(
        **load.owned(row),
        id=row["id"],
        side_id=row["side"],
        kind=row["kind"],
        version=row.get("version", 1),
        role=row["role"],
        party_id=row["party"],
        industry=row.get("industry", ""),
        valid_from=_day(row.get("valid_from")),
        valid_until=_day(row.get("valid_until")),
        basis=row.get("basis", "published"),
        payload=row.get("payload", {}),
        source=row.get("source", {}),
    )
    load.listings.append(listing)
    body = {"listing_kind": f"{listing.kind}@{listing.version}", "role": listing.role, "party": row["party"]}
    on = listing.valid_from or load.moment.date()
    load.drafts.append((Draft(row["side"], "listing.added", "listing", listing.pk, on, body), None))


def _case(load: _Load, row: Row) -> Case:
    case = load.cases.get(row["id"]) or Case(**load.owned(row), id=row["id"], side_id=row["side"], clause=row["clause"])
    parties = dict(zip(("need_party", "offer_party"), row.get("parties", ()), strict=False))
    for name, value in ({**parties, **row}).items():
        if name in _LINKS and value:
            setattr(case, f"{name}_id", value)
    title = row.get("title") or {}
    case.title_zh, case.title_en = title.get("zh", case.title_zh), title.get("en", case.title_en)
    case.kind = row.get("kind") or case.kind
    load.cases[case.pk] = case
    if row.get("opened_on"):
        body = {"clause": row["clause"]}
        load.drafts.append(
            (Draft(row["side"], "case.opened", "case", case.pk, _needed_day(row["opened_on"]), body), None)
        )
    return case


def _step(load: _Load, row: Row) -> None:
    case = load.cases.get(row["case"]) or _case(load, {"id": row["case"], "side": row["side"], "clause": row["clause"]})
    on = _needed_day(row["on"])
    proofs = [{"kind": "statement", "sha256": one} for one in row.get("evidence", ())]
    body = {"clause": row["clause"], "amount": row.get("amount"), "unit": row.get("unit", "")}
    body |= {"reason": row.get("reason", ""), "evidence": proofs, "payload": row.get("payload", {})}
    body["actor"] = load.actor(row.get("actor", ""))

    def sealed(event: Event) -> None:
        columns = {"amount": row.get("amount"), "unit": row.get("unit", ""), "reason": row.get("reason", "")}
        confirmed = bool(row.get("is_confirmed"))
        load.steps.append(
            Step(
                case=case, event=event, kind=row["kind"], on=on, side_id=row["side"], is_confirmed=confirmed, **columns
            )
        )
        if confirmed:
            load.confirmed.append((event, load.other(row["side"]), on))

    load.drafts.append((Draft(row["side"], f"step.{row['kind']}", "case", row["case"], on, body), sealed))
    load.evidence += [_proof(load, row["side"], one, "case", row["case"]) for one in proofs]


def _proof(load: _Load, side: str, proof: Row, subject_type: str, subject: str) -> Evidence:
    return Evidence(
        agreement=load.agreement,
        side_id=side,
        sha256=proof["sha256"],
        kind=proof["kind"],
        name=proof.get("name", ""),
        subject_type=subject_type,
        subject=subject,
    )


def _move(load: _Load, row: Row) -> None:
    subject = f"{row['clause']}/{row['action']}"
    proofs = [dict(one) for one in row.get("evidence", ())]
    note = row.get("note") or {}
    body: dict[str, Any] = {"evidence": proofs, "sequence": row.get("sequence", 0), "due_on": row.get("due_on", "")}
    body["milestone"] = row.get("milestone", "")
    body |= {"countersigns_node": row.get("countersigns", ""), "actor": load.actor(row.get("actor", ""))}
    body["note"] = erasable(json.dumps(note, ensure_ascii=False)) if any(note.values()) else ""
    draft = Draft(row["side"], f"move.{row['kind']}", "action", subject, _needed_day(row["on"]), body)
    load.drafts.append((draft, None))
    load.evidence += [_proof(load, row["side"], one, "action", subject) for one in proofs]


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
            to_side_id=load.other(side) if kind == "ticket" else None,
            department=row.get("from_department") or _first(row.get("departments")),
            to_department=row.get("to_department", ""),
            party_id=row.get("party") or None,
            on=told[0][0] if told else None,
            due_on=_last_day(row, kind),
            done_on=_day(row.get("replied_on") or row.get("done_on")),
            title_zh=(title.get("zh") or kind)[:300],
            title_en=title.get("en", "")[:400],
            payload={key: value for key, value in row.items() if key != "type"},
        )
    )
    reference = erasable("\n".join(filter(None, title.values())))
    body = {"clause": row.get("clause", ""), "title": reference, "actor": load.actor(row.get("actor", ""))}
    for on, state in told:
        by = load.other(side) if state in _BY_OTHER_SIDE else side
        draft = Draft(by, f"{kind}.{state}", "record", load.records[-1].pk, on, {**body, "state": state})
        load.drafts.append((draft, None))


def _last_day(row: Row, kind: str) -> date | None:
    """The day a record is due: as it says, for a ticket as its limit in working days gives it."""
    if kind == "ticket":
        return _day(decode(Ticket, {"id": "", **row}).due_on)
    return due_day(str(row.get("due_on") or row.get("valid_until") or ""))


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
    "evidence": _evidence,
    "rehearsal": lambda load, row: None,
    "facts": lambda load, row: None,
}


def _store(load: _Load) -> None:
    """Projections first, then the events in order of their dates, then what points to both."""
    Party.objects.bulk_create(load.parties, batch_size=_BATCH)
    Listing.objects.bulk_create(load.listings, batch_size=_BATCH)
    drafts = sorted(load.drafts, key=lambda pair: pair[0].on)
    events = append(load.agreement, [draft for draft, _ in drafts], recorded_at=load.moment)
    for event, (_, after) in zip(events, drafts, strict=True):
        if after:
            after(event)
    _fold(load)
    Case.objects.bulk_create(load.cases.values(), batch_size=_BATCH)
    Record.objects.bulk_create(load.records, batch_size=_BATCH)
    _keep_files(load)
    Evidence.objects.bulk_create(load.evidence, batch_size=_BATCH)
    Step.objects.bulk_create(load.steps, batch_size=_BATCH)
    _countersign(load)


def _fold(load: _Load) -> None:
    """A case stands where its last step left it."""
    for step in load.steps:
        case = step.case
        case.state, case.last_on, case.reason = step.kind, step.on, step.reason
        if step.amount is not None:
            case.amount, case.unit = step.amount, step.unit


def _countersign(load: _Load) -> None:
    drafts = [
        Draft(
            side,
            "countersigned",
            event.subject_type,
            event.subject,
            on,
            {"countersigns": str(event.pk), "countersigns_digest": event.digest},
        )
        for event, side, on in load.confirmed
    ]
    by = append(load.agreement, drafts, recorded_at=load.moment)
    Countersignature.objects.bulk_create(
        [
            Countersignature(event=event, by=one, side_id=side)
            for one, (event, side, _) in zip(by, load.confirmed, strict=True)
        ],
        batch_size=_BATCH,
    )


def _keep_files(load: _Load) -> None:
    folder = Path(settings.HOME) / "evidence"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for sha256, (_, _, content) in load.files.items():
        (folder / sha256).write_bytes(content)
    for proof in load.evidence:
        kind, name, content = load.files.get(proof.sha256, (proof.kind, proof.name, b""))
        proof.kind, proof.name, proof.n_bytes = kind, proof.name or name, len(content) or None
