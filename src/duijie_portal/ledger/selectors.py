"""Reads every wing shares: agreements a person may open, the pipeline's results, the ledger's rows as terms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from duijie import terms
from duijie.ledger.gate import Reader, mask
from duijie.ledger.guards import NO_AMOUNT
from duijie.ledger.kinds import stage_rank
from duijie.ledger.seal import Chain, Head
from duijie.match.changes import with_changes
from duijie.track import load_agreement
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Department, Person
from duijie_portal.accounts.powers import BothSides, Visitor, may

from .entries import Entry, Grant
from .looking import looking, present
from .models import Agreement, Case, Job, Listing, Party, Record, Step
from .store import DatabaseLog
from .visibility import reader_of

__all__ = [
    "agreement_term",
    "agreements_of",
    "case_title",
    "changed_at",
    "counted_sums",
    "department_names",
    "fields_of",
    "heads_of",
    "jobs_of",
    "latest_acts",
    "listing_term",
    "listings_of",
    "parties",
    "parties_of",
    "party_term",
    "result_file",
    "result_path",
    "results",
    "stages_of",
    "steps_of",
    "subjects_since",
    "sums_of",
    "unread",
]


def agreements_of(person: Visitor) -> QuerySet[Agreement]:
    """The agreements a person's side is party to, real ones first; none without a side, or for one of another node."""
    if not isinstance(person, Person) or not person.side_id or not is_hosted(person.side_id):
        return Agreement.objects.none()
    return Agreement.objects.filter(sides=person.side_id)


def agreement_term(agreement: Agreement) -> terms.Agreement:
    """What the agreement's data folder says, read anew when a file of it changed."""
    return _loaded(Path(agreement.folder), changed_at(agreement))


def changed_at(agreement: Agreement) -> int:
    """When a file of the agreement's data folder changed last, in nanoseconds."""
    return max((path.stat().st_mtime_ns for path in Path(agreement.folder).rglob("*.yaml")), default=0)


@lru_cache(maxsize=16)
def _loaded(folder: Path, _changed: int) -> terms.Agreement:
    return load_agreement(folder)


def results(agreement: Agreement, wing: str) -> Mapping[str, Any]:
    """The pipeline's document of a wing; empty where it has not run, and in a look back: it stands on no record."""
    if looking() is not None:
        return {}
    if wing == "match":
        return _with_changes(*(_dated(result_path(agreement, name)) for name in ("match", "match.changes")))
    return result_file(agreement, wing)


def result_path(agreement: Agreement, name: str) -> Path:
    """Where a document of results stands."""
    return Path(settings.HOME) / agreement.pk / "results" / f"{name}.json"


def result_file(agreement: Agreement, name: str) -> Mapping[str, Any]:
    """One document of results as it was written; empty where there is none."""
    return _document(*_dated(result_path(agreement, name)))


def _dated(path: Path) -> tuple[Path, int]:
    """A file and when it changed last, 0 where there is none."""
    try:
        return path, path.stat().st_mtime_ns
    except FileNotFoundError:
        return path, 0


@lru_cache(maxsize=32)
def _document(path: Path, changed: int) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if changed else {}
    return found


@lru_cache(maxsize=8)
def _with_changes(whole: tuple[Path, int], changes: tuple[Path, int]) -> Mapping[str, Any]:
    return with_changes(_document(*whole), _document(*changes))


def steps_of(cases: QuerySet[Case]) -> list[terms.Step]:
    """The steps of some cases that figures take, as terms: what stands, was taken up and has every confirmation."""
    rows = Step.objects.filter(case__in=cases, counts=True).select_related("case")
    return [_step(row) for row in rows]


def case_title(row: Case) -> terms.Bilingual:
    """A case by its own title, else by what is needed, else by its parties."""
    if row.title_zh:
        return terms.Bilingual(row.title_zh, row.title_en)
    names = [party.name for party in (row.need_party, row.offer_party) if party is not None]
    said = str(row.need.opened.get("payload.title", "")) if row.need else ""
    return terms.Bilingual(said or " ↔ ".join(names) or row.pk)


_SUMS = ("signed", "delivered")


def sums_of(cases: Iterable[str], *, as_of: date) -> dict[str, dict[str, Any]]:
    """What each case was signed and delivered for by a day, and how its last step stands, by the key of the case.

    An amount is ``counts`` where figures take it, else ``awaiting`` or ``disputed``; the same words say how the last
    step stands. One rule for every page: what no figure takes is shown, and marked.
    """
    found: dict[str, dict[str, Any]] = {}
    rows = Step.objects.filter(case__in=list(cases), state__in=("stands", "disputed"), on__lte=as_of)
    for row in rows.order_by("at"):
        one = found.setdefault(row.case_id, {node: [] for node in _SUMS})
        is_counted = row.counts and (row.confirmed_on is None or row.confirmed_on <= as_of)
        one["standing"] = "counts" if is_counted else "disputed" if row.state == "disputed" else "awaiting"
        if row.kind in _SUMS and row.amount is not None:
            one[row.kind].append({"amount": row.amount, "unit": row.unit, "standing": one["standing"]})
    return found


def counted_sums(sums: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What some cases were signed and delivered for together, as figures take it: by node, an amount a unit; of
    nothing that counts, no yuan.
    """
    found: dict[str, Counter[str]] = {node: Counter() for node in _SUMS}
    for node in _SUMS:
        for one in sums.values():
            for row in one[node]:
                if row["standing"] == "counts" and row["unit"] != NO_AMOUNT:
                    found[node][row["unit"]] += row["amount"]
    nothing = {"cny": Decimal(0)}
    return {
        node: [{"amount": n, "unit": unit} for unit, n in sorted((sums or nothing).items())]
        for node, sums in found.items()
    }


def parties(keys: Iterable[str]) -> dict[str, Party]:
    """Parties by key, in one query; tables that are no projection hold such keys as text, "" for none."""
    return Party.objects.in_bulk(set(keys) - {""})


def _step(row: Step) -> terms.Step:
    days = {"due_on": row.due_on, "confirmed_on": row.confirmed_on}
    return terms.Step(
        case=row.case_id,
        clause=row.case.clause,
        kind=row.kind,
        on=row.on.isoformat(),
        side=row.side_id,
        actor=row.by,
        amount=None if row.amount is None else float(row.amount),
        unit=row.unit,
        reason=row.reason,
        is_confirmed=row.is_confirmed,
        payload={key: day.isoformat() for key, day in days.items() if day},
    )


def stages_of(sort: str, keys: Iterable[str], reader: Reader) -> dict[str, int]:
    """The highest stage a reader reaches of each row; one it may not see is not among them.

    In a look back none further than the reader reaches now.
    """
    rows = Grant.objects.filter(sort=sort, key__in=list(keys), scope__in=reader.scopes)
    reached = dict(rows.order_by().values_list("key").annotate(most=Max("stage")))
    look = looking()
    if look is None or look.is_whole:
        return reached
    with present():
        now = stages_of(sort, reached, reader)
    return {key: min(stage, now[key]) for key, stage in reached.items() if key in now}


def fields_of(row: Listing, stage: int | None) -> dict[str, Any]:
    """What a listing says at a stage: to its own side its latest revision, to others what was opened up to there."""
    if stage == stage_rank("own"):
        about = {"party": row.party_id, "valid_from": row.valid_from, "valid_until": row.valid_until}
        about |= {name: getattr(row, name) for name in ("kind", "version", "role", "industry", "place", "basis")}
        return {**about, "payload": dict(row.payload), "source": dict(row.source)}
    said = mask("listing", row.opened, stage)
    payload = {key.removeprefix("payload."): value for key, value in said.items() if key.startswith("payload.")}
    days = {name: _day(said.get(name)) for name in ("valid_from", "valid_until")}
    about = {name: said.get(name, "") for name in ("kind", "version", "role", "party", "industry", "place", "basis")}
    return {**about, **days, "payload": payload, "source": said.get("cited", {})}


def _day(text: Any) -> date | None:
    return date.fromisoformat(str(text)[:10]) if text else None


def listings_of(agreement: Agreement, person: Visitor, keys: Iterable[str] | None = None) -> list[terms.Listing] | None:
    """The needs and offers a person may see as terms, each as far as they reach; None where the ledger holds none.

    What both sides read alike is worked out from every field that its side opens at some stage. With `keys`, no others.
    """
    asked = Listing.objects.filter(agreement=agreement, **({} if keys is None else {"pk__in": list(keys)}))
    rows = list(asked.with_stage(person))
    stages = stages_of("listing", [row.pk for row in rows], reader_of(person)) if looking() else {}
    said = ((row, fields_of(row, stages.get(row.pk, row.stage))) for row in rows)
    if isinstance(person, BothSides):
        said = ((row, _with_blocked(row, one)) for row, one in said)
    return [listing_term(row, one) for row, one in said] or None


def _with_blocked(row: Listing, said: dict[str, Any]) -> dict[str, Any]:
    """Whom a listing avoids is kept by the matching, though nobody reads it: no result quotes it."""
    blocked = row.opened.get("payload.blocked")
    return {**said, "payload": {**said["payload"], "blocked": blocked}} if blocked else said


def listing_term(row: Listing, said: Mapping[str, Any]) -> terms.Listing:
    """A listing as a term, from what it says at a stage."""
    days = [said[name].isoformat() if said[name] else "" for name in ("valid_from", "valid_until")]
    return terms.Listing(
        id=row.pk,
        kind=said["kind"],
        version=said["version"] or 1,
        role=said["role"],
        side=row.side_id,
        party=said["party"],
        payload=said["payload"],
        industry=said["industry"],
        valid_from=days[0],
        valid_until=days[1],
        basis=said["basis"] or "published",
        visibility=row.visibility,
        source=_source(said["source"]),
    )


def parties_of(agreement: Agreement, person: Visitor, keys: Iterable[str] | None = None) -> list[terms.Party]:
    """The parties a person may see as terms; of one seen only as the owner of a listing, no more than its name.

    With `keys`, no others.
    """
    rows = Party.objects.filter(agreement=agreement, **({} if keys is None else {"pk__in": list(keys)}))
    seen = rows.visible_to(person)
    owners = Listing.objects.filter(agreement=agreement).visible_to(person).values("party")
    named = rows.filter(pk__in=owners).exclude(pk__in=seen.values("pk"))
    return [
        *map(party_term, seen),
        *(terms.Party(row.pk, row.kind, row.side_id, row.name, row.name_en) for row in named),
    ]


def party_term(row: Party) -> terms.Party:
    """A party as a term, as its own side knows it."""
    said = row.payload
    return terms.Party(
        id=row.pk,
        kind=row.kind,
        region=str(said.get("outside_region", row.side_id)),
        name=row.name,
        name_en=row.name_en,
        uscc=row.uscc,
        industry=row.industry,
        products=_words(said.get("products") or said.get("fields") or said.get("focus")),
        town=row.town,
        registered_on=str(said.get("registered_on") or ""),
        cluster=str(said.get("cluster") or ""),
        inferred=_words(said.get("inferred")),
        source=_source(said.get("source") or {}),
    )


def _words(value: Any) -> tuple[str, ...]:
    """Several words, however a table that came in kept them."""
    given = value.split(";") if isinstance(value, str) else value or ()
    return tuple(str(word) for word in given if word)


def _source(said: Mapping[str, Any]) -> terms.Source:
    """The publication a row rests on; where in a file it stood is its side's own business."""
    known = {one.name: said[one.name] for one in fields(terms.Source) if said.get(one.name)}
    return terms.Source(**known)


def subjects_since(agreement: Agreement, heads: Mapping[Chain, Head]) -> set[str]:
    """The parties and listings that something was recorded of after the heads of some chains, as events name them."""
    about, found = Q(subject__startswith="party/") | Q(subject__startswith="listing/"), set[str]()
    for chain in DatabaseLog(agreement).heads():
        rows = agreement.entries.filter(about, side=chain.side, is_inner=chain.is_inner).order_by()
        if (head := heads.get(chain)) is not None:
            rows = rows.filter(Q(epoch__gt=head.epoch) | Q(epoch=head.epoch, seq__gt=head.seq))
        found.update(rows.values_list("subject", flat=True))
    return found


def heads_of(agreement: Agreement) -> tuple[str, ...]:
    """The last digest of each chain: they change with every change of what is recorded."""
    return tuple(sorted(head.digest for head in DatabaseLog(agreement).heads().values()))


def latest_acts(agreement: Agreement, person: Visitor, n: int = 8) -> list[dict[str, Any]]:
    """What was recorded last of the rows a person may see: kind, what it is about, day, side."""
    cases = Case.objects.filter(agreement=agreement).visible_to(person).values("pk")
    steps = Step.objects.filter(case__in=cases).order_by("-on", "-at", "pk")[:n]
    found = [_act(f"step.{row.kind}", "case", row.case_id, row.on, row.side_id) for row in steps]
    records = Record.objects.filter(agreement=agreement).visible_to(person).annotate(said_on=_said("on"))
    found += [
        _act(f"{row.kind}.{row.state}", "record", row.pk, row.said_on, row.side_id)
        for row in records.annotate(said_at=_said("recorded_at")).order_by("-said_on", "-said_at", "pk")[:n]
    ]
    return sorted(found, key=lambda one: one["on"], reverse=True)[:n]


def _said(column: str) -> Subquery:
    """A column of the entry that last changed a row."""
    return Subquery(Entry.objects.filter(commit=OuterRef("revision")).values(column)[:1])


def _act(kind: str, subject_type: str, subject: str, on: date, side: str) -> dict[str, Any]:
    return {"kind": kind, "subject_type": subject_type, "subject": subject, "on": on, "side": side}


def department_names(agreement: Agreement) -> dict[str, terms.Bilingual]:
    """The names of an agreement's departments by key."""
    return {one.key: one.name for one in Department.objects.filter(agreement=agreement.pk)}


def unread(person: Visitor, agreement: Agreement) -> int:
    """How many lines a person has not read."""
    return person.notifications.filter(agreement=agreement, read_at=None).count() if isinstance(person, Person) else 0


def jobs_of(agreement: Agreement, person: Visitor) -> QuerySet[Job]:
    """A person's own jobs; for a side's system administrator those of all its people."""
    if not isinstance(person, Person):
        return Job.objects.none()
    rows = Job.objects.filter(agreement=agreement).select_related("person")
    return rows.filter(side=person.side_id) if may(person, "system.run") else rows.filter(person=person)


def evidence_names(rows: Iterable[Any]) -> dict[str, str]:
    """File names by hash."""
    return {row.sha256: row.name for row in rows}
