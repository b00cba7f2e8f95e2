"""One function a stage: it takes what was read and the stages before, and gives the stage's document."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from duijie import data, diagnose, match, meet, track
from duijie.diagnose.groupings import Grouping
from duijie.errors import DataFileError
from duijie.intake import taxonomies
from duijie.intake.coding import division_chances
from duijie.intake.example import national_source
from duijie.match.changes import listing_row
from duijie.match.floor import Floor, load_floor, within_share
from duijie.match.ranked import Ranked
from duijie.match.readers import is_inferred
from duijie.match.run import Matches, OfferIndex, digest
from duijie.match.scoring import Circumstances
from duijie.terms import Counts, Listing, Party, Progress, Source, working_days

from . import opportunities
from .decisions import learnt
from .material import REFERENCE, Material, inference_policy
from .writing import write_json

__all__ = [
    "Meeting",
    "advice",
    "diagnosis",
    "extras",
    "figures",
    "matches",
    "outdated",
    "reranked",
    "state",
    "timetable",
]

# Of the buying sector's inputs: what is less explains no link.
_LEAST_INPUT = 0.1
_MAKERS = ("firm", "institute", "fund")


@dataclass(frozen=True)
class Meeting:
    """The exchange day's document, and its calendar file."""

    document: dict[str, Any]
    calendar: bytes


def diagnosis(material: Material, counts: Counts, *, progress: Progress) -> dict[str, Any]:
    """How the pair's industries fit."""
    first, second = (side.code for side in material.agreement.sides[:2])
    found = diagnose.pair(
        counts,
        first,
        second,
        national=REFERENCE,
        parties=material.active,
        chains=material.chains,
        vocabulary=taxonomies.vocabulary(),
        io=material.io,
        sector_of=taxonomies.sector_of(),
        detailed=taxonomies.input_output(153).get(REFERENCE),
        detailed_sector_of=taxonomies.sector_of(153),
        names=material.names,
        relations=taxonomies.relations(),
        rules=data.evidence_rules(),
        weights=material.weights,
        # Too few invented firms stand in the industries of a real register to name both ends.
        least_input=0.0 if material.agreement.is_rehearsal else _LEAST_INPUT,
        groupings=[
            Grouping(one.key, one.name.to_dict(), one.industries, one.partial) for one in taxonomies.groupings()
        ],
        progress=progress,
    ).to_dict()
    return {
        **found,
        "sources": [
            *found.get("sources", ()),
            *_sources(counts.source, national_source(material.counts)),
            *_registers(material),
        ],
    }


def advice(material: Material, *, as_of: date) -> dict[str, Any]:
    """What the two sides could do together, and how each kind of advice was tested."""
    warranty = data.read(data.root() / "policies" / "warranty.yaml", "warranty")["kinds"]
    every = opportunities.every(material, as_of=as_of, warranty=warranty)
    found, faults = opportunities.first(every), opportunities.check(every)
    if faults:
        raise DataFileError("data_file_faults", {"file": "opportunities", "n": len(faults)}, faults=faults)
    sources = _sources(*(one.ground.source for one in found), *_named_in(found, material))
    listed = [one.to_dict() for one in found]
    tests = {kind: opportunities.tested(test) for kind, test in warranty.items()}
    told = {"warranty": warranty, "tests": tests, "sources": sources}
    unmade = [one.to_dict() for one in opportunities.unmade(material, as_of=as_of)]
    return {"opportunities": listed, "n_candidates": len(every), "unmade": unmade, **told}


def _named_in(found: Sequence[opportunities.Opportunity], material: Material) -> Iterable[Source]:
    """Where the organisations that the opportunities name come from."""
    known = {party.id: party.source for party in material.parties}
    for one in found:
        for end in one.ends:
            yield from (known[str(firm["id"])] for firm in end.firms if firm["id"] in known)


def matches(material: Material, *, on: date, progress: Progress) -> dict[str, Any]:
    """Every kind that has a need or an offer, matched across the sides; decisions on its pairs re-weight it.

    What organisations said is matched by itself (``matches``); pairs of which an end was inferred are ``ideas``, a list
    of their own, so that they never take the place of what was said.
    """
    held = {one.kind for one in material.listings}
    kinds = [key for key in material.kinds if key in held]
    rows: list[dict[str, Any]] = []
    for at, key in enumerate(kinds):
        progress("match", at, len(kinds))
        rows.append(_ranked(material, key, rows, on=on)[0])
    progress("match", len(kinds), len(kinds))
    return {"listings": _shown(material), "kinds": rows, "sources": _behind(material)}


def reranked(
    material: Material, kind: str, before: Mapping[str, Any], *, on: date
) -> tuple[dict[str, Any], Ranked | None]:
    """The document of :func:`matches` with one kind matched anew, and that kind ready to take in changes.

    The other kinds stand as they are in `before`, which may be empty; a kind without any listing, or without a file, is
    left out.
    """
    rows = {row["kind"]: row for row in before.get("kinds", ()) if row["kind"] != kind}
    shown = {key: row for key, row in before.get("listings", {}).items() if row["kind"] != kind}
    own, ranked = _shown(material, kind) if kind in material.kinds else {}, None
    if own:
        rows[kind], ranked = _ranked(material, kind, list(rows.values()), on=on)
    ordered = [rows[key] for key in material.kinds if key in rows]
    return {"listings": {**shown, **own}, "kinds": ordered, "sources": _behind(material)}, ranked


def outdated(material: Material, document: Mapping[str, Any], *, on: date) -> tuple[str, ...]:
    """The kinds whose part of a document of :func:`matches` rests on other listings than the material's.

    A kind counts as well where one of its listings began or ended since it was matched.
    """
    rows = {row["kind"]: row for row in document.get("kinds", ())}
    held = {one.kind for one in material.listings} & set(material.kinds)
    return tuple(key for key in sorted(held | set(rows)) if _is_outdated(material, key, rows.get(key), on))


def _is_outdated(material: Material, key: str, row: Mapping[str, Any] | None, on: date) -> bool:
    listings = [one for one in material.listings if one.kind == key]
    if row is None or not listings:
        return True
    found = {f"{role}s": digest([one for one in listings if one.role == role]) for role in ("need", "offer")}
    since, today = row["provenance"]["parameters"]["on"], on.isoformat()
    moved = any(since < one.valid_from <= today or since <= one.valid_until < today for one in listings)
    return moved or found != row["provenance"]["inputs"]


def _ranked(
    material: Material, key: str, others: Sequence[Mapping[str, Any]], *, on: date
) -> tuple[dict[str, Any], Ranked]:
    """One kind's entry of the document; the ideas of the other entries count towards an organisation's share.

    What was said is ready to take in changes; `stamp` names the ranking that they belong to.
    """
    parties = {party.id: party for party in material.parties}
    tables: dict[str, Any] = {
        "chains": material.related,
        "sector_of": taxonomies.sector_of(),
        "priority_fields": tuple(_priority_words(material)),
        "input_output": material.io.get(REFERENCE),
        "coder": division_chances,
    }
    listings = [one for one in material.listings if one.kind == key]
    needs, offers = ([one for one in listings if one.role == role] for role in ("need", "offer"))
    world, floor = Circumstances(on, **tables), load_floor()
    weighed, version = learnt(material.kinds[key], needs, offers, material.decisions, parties=parties, world=world)
    clauses = [clause.key for clause in material.agreement.clauses if key in clause.kinds]
    given: dict[str, Any] = {"parties": parties, "on": on, "clauses": clauses, "floor": floor, **tables}
    index = OfferIndex.build(weighed, _said(offers), parties=parties, world=world, needs=_said(needs), floor=floor)
    ranked, whole = Ranked.of(index, clauses=clauses)
    said = whole.to_dict()
    # A guess needs a maker: a park, or a firm of another trade, is nobody's supplier or designer.
    makers = [one for one in offers if _is_maker(one, parties.get(one.party))]
    is_inferred_too = len(_said(listings)) < len(listings)
    ideas = (
        _ideas(
            material, match.kind(weighed, needs, makers, **given), [*needs, *makers], floor, _taken(material, others)
        )
        if is_inferred_too
        else []
    )
    inputs = {"needs": digest(needs), "offers": digest(offers)}
    made = {**said["provenance"], "inputs": inputs}
    return {
        **said,
        "stamp": _stamp(made, material.inputs),
        "provenance": made,
        "ideas": ideas,
        "n_ideas": len(ideas),
        **({"learnt": asdict(version)} if version else {}),
    }, ranked


def _stamp(*made: Mapping[str, Any]) -> str:
    """A name of a ranking that follows from all it was made of."""
    return hashlib.sha256(json.dumps(made, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _taken(material: Material, rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """In how many ideas each organisation stands already."""
    owners = {one.id: one.party for one in material.listings}
    return Counter(
        owners.get(one[end], "") for row in rows for one in row.get("ideas", ()) for end in ("need", "offer")
    )


def _shown(material: Material, kind: str = "") -> dict[str, Any]:
    """The listings of a kind, or of all, as a reader of the document needs them."""
    parties = {party.id: party for party in material.parties}
    return {one.id: listing_row(one, parties) for one in material.listings if kind in ("", one.kind)}


def _behind(material: Material) -> list[dict[str, Any]]:
    return _sources(*(one.source for one in material.listings))


def _is_maker(offer: Listing, party: Party | None) -> bool:
    """Whether a firm offers what its own industry makes: the divisions of both, where both are known."""
    if party is None or party.kind not in _MAKERS:
        return False
    codes = [code for code in (offer.industry, party.industry) if code]
    return len({code[:2] for code in codes}) < 2


def _said(listings: Sequence[Listing]) -> list[Listing]:
    return [one for one in listings if one.basis != "derived"]


def _ideas(
    material: Material, found: Matches, listings: Sequence[Listing], floor: Floor, taken: Counter[str]
) -> list[dict[str, Any]]:
    """Pairs with an inferred end, best first, no organisation and no relation in more than its share.

    Who sells by brand is put together with known firms alone, and comes first where these are few.
    """
    policy, known = inference_policy(), {one.id: one for one in listings}

    def is_met(need: Listing, offer: Listing) -> bool:
        bases, stages = {need.basis, offer.basis}, {one.id.rpartition(":")[2] for one in (need, offer)}
        # Two guesses meet at one stage of a chain: who knits is nobody's weaver, though both make cloth.
        is_guess = "derived" in bases and (len(bases) > 1 or len(stages) == 1)
        details = str(need.payload.get("details") or "")
        is_served = need.basis == "derived" and any(word in details for word in policy["served"])
        is_known = material.weights.get(offer.party, 0.0) >= float(policy["least_weight"])
        return is_guess and not is_served and (is_known or need.party not in material.choosy)

    pairs = [one for one in found.matches if is_met(known[one.need], known[one.offer])]
    ends = [(known[one.need], known[one.offer]) for one in pairs]
    kept = within_share(
        [(need.party, offer.party) for need, offer in ends],
        [one.score + (need.party in material.choosy) for one, (need, _) in zip(pairs, ends, strict=True)],
        floor.per_party,
        taken,
        crowding=floor.crowding,
        groups=[str(need.payload.get("title")) if need.basis == "derived" else "" for need, _ in ends],
        per_group=int(policy["per_relation"]),
    )
    chosen = [one.to_dict() for one, is_kept in zip(pairs, kept, strict=True) if is_kept]
    return sorted(chosen, key=lambda one: (-one["score"], one["id"]))


def _priority_words(material: Material) -> list[str]:
    """What tells that a listing is of one of the agreement's fields: their names, and the products of their chains."""
    names = [name for chain in material.chains for name in chain.name.values()]
    return [*names, *(word for chain in material.chains for stage in chain.stages for word in stage.products)]


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
    """The best assigned pairs that nobody inferred, no party in more than the policy's share of them.

    The timetable is a paper of both sides, and what was inferred of a party is read by its own side alone.
    """
    listings = matched["listings"]
    pairs = [
        (kind["kind"], one)
        for kind in matched["kinds"]
        for one in kind["matches"]
        if one["is_assigned"]
        and one["score"] >= policy["least_score"]
        and not any(is_inferred(one[end], listings[one[end]]) for end in ("need", "offer"))
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
    return day if working_days.is_working_day(day) else working_days.add_working_days(day, 1)


def state(material: Material, matched: Mapping[str, Any], *, as_of: date) -> dict[str, Any]:
    """How every clause stands, with what was matched for it."""
    proposed: Counter[str] = Counter()
    for kind in matched["kinds"]:
        for clause in kind["clauses"]:
            proposed[clause] += len(kind["matches"])
    found = track.progress(material.agreement, matches=proposed, as_of=as_of, **material.activity).to_dict()
    return {
        **found,
        "sources": _sources(material.agreement.source, *(one.source for one in material.agreement.clauses)),
    }


def extras(material: Material, counts: Counts, meeting: Meeting, home: Path) -> list[Path]:
    """What the portal starts from: the exchange day's calendar, the counts of a what-if, and records where it is new.

    The records are a rehearsal's life, or the public facts of a real agreement; a portal's own material brings none.
    """
    calendar_file = home / "calendar.ics"
    calendar_file.write_bytes(meeting.calendar)
    files = [calendar_file, write_json(home / "results" / "counts.json", _counted(material, counts))]
    if material.records:
        records = home / "records.jsonl"
        records.write_text("".join(f"{line}\n" for line in material.records), encoding="utf-8")
        files.append(records)
    return files


def _counted(material: Material, one: Counts) -> dict[str, Any]:
    """The counts as one document, with the names of their industries and the rows that contain a side."""
    sides = material.agreement.sides
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
            "n_links": sum(one["n_links"] for one in diagnosed["complementarity"]),
            "n_shown": len(diagnosed["links"]),
            "n_gaps": sum(len(chain["gaps"]) for chain in diagnosed["chains"]),
            "n_inside": sum(bool(one["pairs"]) for one in diagnosed["inside_class"]),
        },
        "match": {
            "n_kinds": len(results["match"]["kinds"]),
            "n_matches": len(pairs),
            "n_assigned": sum(one["is_assigned"] for one in pairs),
            "n_ideas": sum(len(kind["ideas"]) for kind in results["match"]["kinds"]),
        },
        "advice": {
            "n_opportunities": len(results["advice"]["opportunities"]),
            "n_candidates": results["advice"]["n_candidates"],
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
