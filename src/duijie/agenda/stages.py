"""One function a stage: it takes what was read and the stages before, and gives the stage's document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from duijie import data, diagnose, match, meet, track
from duijie.diagnose.groupings import Grouping
from duijie.intake import taxonomies
from duijie.match.scoring import Circumstances
from duijie.terms import Listing, Progress, Source
from duijie.track import calendar

from .decisions import Decision, learnt
from .facts import write_facts
from .reading import REFERENCE, Material
from .writing import write_json

__all__ = ["Meeting", "diagnosis", "extras", "figures", "matches", "state", "timetable"]


@dataclass(frozen=True)
class Meeting:
    """The exchange day's document, and its calendar file."""

    document: dict[str, Any]
    calendar: bytes


def diagnosis(material: Material, *, progress: Progress) -> dict[str, Any]:
    """How the pair's industries fit."""
    first, second = (side.code for side in material.agreement.sides[:2])
    found = diagnose.pair(
        material.counts,
        first,
        second,
        national=REFERENCE,
        parties=material.parties,
        chains=material.chains,
        vocabulary=taxonomies.vocabulary(),
        io=material.io,
        sector_of=taxonomies.sector_of(),
        names=material.names,
        groupings=[
            Grouping(one.key, one.name.to_dict(), one.industries, one.partial) for one in taxonomies.groupings()
        ],
        progress=progress,
    ).to_dict()
    return {**found, "sources": [*found.get("sources", ()), *_sources(material.counts.source), *_registers(material)]}


def matches(material: Material, *, on: date, progress: Progress, decisions: Sequence[Decision] = ()) -> dict[str, Any]:
    """Every kind that has a need or an offer, matched across the sides; earlier decisions on its pairs re-weight it."""
    parties = {party.id: party for party in material.parties}
    tables: dict[str, Any] = {
        "chains": material.chains,
        "sector_of": taxonomies.sector_of(),
        "priority_fields": tuple(_priority_words(material)),
        "input_output": material.io.get(REFERENCE),
    }
    by_kind: dict[str, list[Listing]] = {}
    for listing in material.listings:
        by_kind.setdefault(listing.kind, []).append(listing)
    kinds = [key for key in material.kinds if key in by_kind]
    rows = []
    for at, key in enumerate(kinds):
        progress("match", at, len(kinds))
        needs, offers = ([one for one in by_kind[key] if one.role == role] for role in ("need", "offer"))
        world = Circumstances(on, **tables)
        weighed, version = learnt(material.kinds[key], needs, offers, decisions, parties=parties, world=world)
        clauses = [clause.key for clause in material.agreement.clauses if key in clause.kinds]
        found = match.kind(weighed, needs, offers, parties=parties, on=on, clauses=clauses, **tables)
        rows.append({**found.to_dict(), **({"learnt": asdict(version)} if version else {})})
    progress("match", len(kinds), len(kinds))
    shown = {one.id: _listing(one, parties) for one in material.listings}
    return {"listings": shown, "kinds": rows, "sources": _sources(*(one.source for one in material.listings))}


def _priority_words(material: Material) -> list[str]:
    """What tells that a listing is of one of the agreement's fields: their names, and the products of their chains."""
    names = [name for chain in material.chains for name in chain.name.values()]
    return [*names, *(word for chain in material.chains for stage in chain.stages for word in stage.products)]


def _listing(listing: Listing, parties: Mapping[str, Any]) -> dict[str, Any]:
    party = parties.get(listing.party)
    return {
        "title": listing.payload.get("title", ""),
        "details": listing.payload.get("details", ""),
        "party": listing.party,
        "party_name": party.name if party else "",
        "region": listing.side,
        "kind": listing.kind,
        "role": listing.role,
        "industry": listing.industry,
        "basis": listing.basis,
        "source": listing.source,
    }


def timetable(material: Material, matched: Mapping[str, Any], *, as_of: date, seed: int) -> Meeting:
    """A first exchange day for the best assigned pairs, as the policy file proposes it."""
    policy = data.read(data.root() / "policies" / "exchange-day.yaml", "exchange-day")
    chosen = _invited(matched, policy)
    listings = matched["listings"]
    host = material.agreement.sides[0]
    instance = meet.exchange_day(
        [
            {"id": one["id"], "people": _people(one, listings), "kind": kind, "score": one["score"]}
            for kind, one in chosen
        ],
        _persons(chosen, listings),
        on=_working_day(as_of + timedelta(days=int(policy["lead_days"]))).isoformat(),
        place=host.name.zh,
        slots=[(str(first), str(last)) for first, last in policy["sessions"]],
        slot_min=int(policy["slot_min"]),
        n_tables=int(policy["tables"]),
    )
    planned = meet.plan(instance, seconds=float(policy["seconds"]), seed=seed)
    stamped_at = datetime.combine(as_of, time(), UTC)
    entries = meet.feed(planned, calendar=material.agreement.key, stamped_at=stamped_at)
    behind = _sources(*(listings[pair[role]]["source"] for _, pair in chosen for role in ("need", "offer")))
    return Meeting({**planned.to_dict(), "place": host.name, "is_proposal": True, "sources": behind}, entries)


def _people(one: Mapping[str, Any], listings: Mapping[str, Any]) -> list[str]:
    return [listings[one[role]]["party"] for role in ("need", "offer")]


def _persons(chosen: Sequence[tuple[str, Any]], listings: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = [listings[one[role]] for _, one in chosen for role in ("need", "offer")]
    return list(
        {
            row["party"]: {"id": row["party"], "name": row["party_name"], "region": row["region"]} for row in rows
        }.values()
    )


def _invited(matched: Mapping[str, Any], policy: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The best assigned pairs, no party in more than the policy's share of them."""
    pairs = [
        (kind["kind"], one)
        for kind in matched["kinds"]
        for one in kind["matches"]
        if one["is_assigned"] and one["score"] >= policy["least_score"]
    ]
    pairs.sort(key=lambda pair: (-pair[1]["score"], pair[1]["id"]))
    taken: Counter[str] = Counter()
    seen: set[frozenset[str]] = set()
    chosen: list[tuple[str, Any]] = []
    for kind, one in pairs:
        people = frozenset(_people(one, matched["listings"]))
        is_free = all(taken[person] < policy["meetings_per_party"] for person in people)
        if len(chosen) < policy["meetings"] and is_free and people not in seen:
            chosen.append((kind, one))
            taken.update(people)
            seen.add(people)
    return chosen


def _working_day(day: date) -> date:
    return day if calendar.is_working_day(day) else calendar.add_working_days(day, 1)


def state(material: Material, matched: Mapping[str, Any], *, as_of: date) -> dict[str, Any]:
    """How every clause stands, with what was matched for it."""
    proposed: Counter[str] = Counter()
    for kind in matched["kinds"]:
        for clause in kind["clauses"]:
            proposed[clause] += len(kind["matches"])
    lived = {"listings": material.listings} if material.life is None else material.life.tracked()
    found = track.progress(material.agreement, matches=proposed, as_of=as_of, **lived).to_dict()
    return {
        **found,
        "sources": _sources(material.agreement.source, *(one.source for one in material.agreement.clauses)),
    }


def extras(material: Material, meeting: Meeting, home: Path, *, as_of: date) -> list[Path]:
    """What the portal starts from: the exchange day's calendar, the counts of a what-if, and records.

    The records are a rehearsal's life, or the public facts of a real agreement.
    """
    calendar_file, records = home / "calendar.ics", home / "records.jsonl"
    calendar_file.write_bytes(meeting.calendar)
    if material.life is None:
        write_facts(records, material.agreement, material.parties, material.facts.listings, as_of=as_of)
    else:
        material.life.write(records)
    counts = write_json(home / "results" / "counts.json", _counted(material))
    return [calendar_file, records, counts]


def _counted(material: Material) -> dict[str, Any]:
    """The counts as one document, with the names of their industries and the rows that contain a side."""
    one, sides = material.counts, material.agreement.sides
    return {
        "regions": one.regions,
        "industries": [{"code": code, "name": material.names.get(code, code)} for code in one.industries],
        "values": one.values,
        "unit": one.unit,
        "year": one.year,
        "note": one.note,
        "reference": REFERENCE,
        "within": {side.code: [side.parent] if side.parent in one.regions else [] for side in sides},
        "source": one.source,
    }


def figures(material: Material, results: Mapping[str, Any], n_files: int) -> dict[str, dict[str, Any]]:
    """The few numbers a person at the terminal wants of each stage."""
    pairs = [one for kind in results["match"]["kinds"] for one in kind["matches"]]
    lights = Counter(clause["light"] for clause in results["track"]["clauses"])
    diagnosed, met, n_clauses = results["diagnose"], results["meet"], len(material.agreement.clauses)
    return {
        "read": {"n_clauses": n_clauses, "n_parties": len(material.parties), "n_listings": len(material.listings)},
        "diagnose": {
            "n_links": len(diagnosed["links"]),
            "n_gaps": sum(len(chain["gaps"]) for chain in diagnosed["chains"]),
            "n_inside": sum(bool(one["pairs"]) for one in diagnosed["inside_class"]),
        },
        "match": {
            "n_kinds": len(results["match"]["kinds"]),
            "n_matches": len(pairs),
            "n_assigned": sum(one["is_assigned"] for one in pairs),
        },
        "meet": {key: met[key] for key in ("n_placed", "n_requested", "status")},
        "track": {"n_clauses": n_clauses}
        | {f"n_{light}": lights[light] for light in ("green", "amber", "red", "grey")},
        "report": {"n_files": n_files},
    }


def _registers(material: Material) -> list[dict[str, Any]]:
    """Whose word the organisations named in a result are: each publisher once, with its latest date."""
    latest: dict[tuple[str, str], str] = {}
    for party in material.parties:
        key = party.source.publisher, party.source.basis
        latest[key] = max(latest.get(key, ""), party.source.as_of)
    rows = _sources(*(Source(publisher=key[0], basis=key[1], as_of=latest[key]) for key in sorted(latest)))
    return [{**row, "key": f"parties:{row['key']}"} for row in rows]


def _sources(*given: Source) -> list[dict[str, Any]]:
    """Each source once, in order, those without any word left out."""
    unique: Iterable[Source] = dict.fromkeys(one for one in given if one.publisher or one.title)
    return [{"key": f"s{at}", **one.to_dict()} for at, one in enumerate(unique, start=1)]
