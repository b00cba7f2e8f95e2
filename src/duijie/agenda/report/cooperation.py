"""The chapters on what is done about it: matches, meetings, the clauses, and where everything comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from duijie.data import kept
from duijie.match import load_kinds
from duijie.terms import CHAIN, Bilingual

from .blocks import Block, Board, Drill, Figure, Link, Links, Row, Table
from .leader import lights, warranty_text
from .reading import Reading

__all__ = [
    "action_state",
    "assigned",
    "chain_text",
    "clauses",
    "department",
    "listing",
    "matches",
    "meetings",
    "source_text",
    "sources",
]

N_PAGE = 120
DOCUMENTS = ("advice", "diagnose", "match", "meet", "track")
Record = Mapping[str, Any]


def assigned(reading: Reading) -> Iterator[tuple[Record, str, Record]]:
    """Each match that holds under capacity, best first: its kind, its place in the document, the match."""
    found = (
        (kind, f"match.kinds[{k}].matches[{m}]", match)
        for k, kind in enumerate(reading.rows("match", "kinds"))
        for m, match in enumerate(kind["matches"])
        if match["is_assigned"]
    )
    yield from sorted(found, key=lambda found: (-found[2]["score"], found[2]["id"]))


def matches(reading: Reading, number: int) -> Iterator[Block]:
    """Needs met with offers, kind by kind, with reasons for and against."""
    yield reading.heading(1, number, reading.say("report_title_matches"))
    kinds = reading.rows("match", "kinds")
    if not kinds:
        yield reading.absent("match")
        return
    columns = reading.columns("kind", "needs", "offers", "pairs", "kept", "assigned")
    rows = tuple(_kind_row(reading, at, kind) for at, kind in enumerate(kinds))
    yield Table("kinds", reading.say("report_caption_kinds"), columns, rows, (0.35, 0.13, 0.13, 0.13, 0.13, 0.13), 20)
    held = list(assigned(reading))
    rows = tuple(_match_row(reading, *one) for one in held[:N_PAGE])
    columns = reading.columns("kind", "need", "offer", "score", "reason")
    more = reading.say("report_more", n=len(held), file="results/match.json") if len(held) > N_PAGE else ""
    sources = _listing_sources(reading, [match for _, _, match in held[:N_PAGE]])
    widths = (0.11, 0.27, 0.27, 0.08, 0.27)
    yield Table("matches", reading.say("report_caption_matches"), columns, rows, widths, 10, more, sources)
    yield reading.note("opportunity_disclaimer")
    yield reading.note("report_warranty_said", told=warranty_text(reading, "said"))
    yield from _unmatched(reading)
    yield from _ideas(reading)


def _listing_sources(reading: Reading, matches: Iterable[Record]) -> tuple[Record, ...]:
    """Where the needs and offers of some pairs come from."""
    listings = reading.document("match").get("listings") or {}
    return reading.sources_in([listings.get(match.get(role), {}) for match in matches for role in ("need", "offer")])


def _ideas(reading: Reading) -> Iterator[Block]:
    """What the chains suggest and nobody asked for; whose need it would be is shown to its own side alone."""
    found = [(kind, one) for kind in reading.rows("match", "kinds") for one in kind.get("ideas") or ()]
    if not found:
        return
    yield reading.note("report_read_ideas", warranty=warranty_text(reading, "ideas"))
    columns = reading.columns("kind", "idea_need", "idea_offer")
    rows = tuple(dict.fromkeys(_idea_row(reading, kind, one) for kind, one in found))
    sources = _listing_sources(reading, [one for _, one in found])
    yield Table("ideas", reading.say("report_caption_ideas"), columns, rows, (0.16, 0.38, 0.46), 12, "", sources)


def _idea_row(reading: Reading, kind: Record, one: Record) -> Row:
    listings = reading.document("match").get("listings") or {}
    need = listings.get(one["need"], {})
    wanted = reading.say("report_of", a=reading.region(str(need.get("region", ""))), b=reading.text(need.get("title")))
    return Row((reading.text(kind["name"]), wanted, listing(reading, one["offer"])))


def _kind_row(reading: Reading, at: int, kind: Record) -> Row:
    path = f"match.kinds[{at}]"
    n_assigned = sum(bool(match["is_assigned"]) for match in kind["matches"])
    counts = (
        *(reading.tally(kind[name], "listings", f"{path}.{name}") for name in ("n_needs", "n_offers", "n_pairs")),
        reading.tally(len(kind["matches"]), "kept", f"{path}.matches"),
        reading.tally(n_assigned, "assigned", f"{path}.matches[].is_assigned"),
    )
    return Row((reading.text(kind["name"]), *counts))


def listing(reading: Reading, key: str) -> str:
    """A listing as a person reads it: party, what it is about, and whether it is inferred."""
    one = (reading.document("match").get("listings") or {}).get(key)
    if not one:
        return key
    sign = reading.say("report_inferred") if one.get("basis") == "derived" else ""
    party = reading.text(one.get("party_name")) or str(one.get("party", ""))
    region = reading.region(str(one.get("region", "")))
    return reading.say("report_listing", region=region, party=party, title=reading.text(one["title"]), sign=sign)


def _match_row(reading: Reading, kind: Record, path: str, match: Record) -> Row:
    reasons = reading.reasons(match.get("reasons"))
    drills = (
        Drill(reading.say("report_drill_reasons"), reasons),
        Drill(reading.say("report_drill_sources"), tuple(_origin(reading, match[role]) for role in ("need", "offer"))),
    )
    return Row(
        (
            reading.text(kind["name"]),
            listing(reading, match["need"]),
            listing(reading, match["offer"]),
            reading.figure(match["score"], "match", f"{path}.score"),
            " ".join(reasons[:2]),
        ),
        tuple(drill for drill in drills if drill.lines),
    )


def _origin(reading: Reading, key: str) -> str:
    one = (reading.document("match").get("listings") or {}).get(key) or {}
    return reading.say("report_pair", a=listing(reading, key), b=source_text(reading, one.get("source") or {}))


def _unmatched(reading: Reading) -> Iterator[Block]:
    found = [(kind, one) for kind in reading.rows("match", "kinds") for one in kind.get("unmatched") or ()]
    if not found:
        return
    columns = reading.columns("kind", "need", "removed", "relaxation")
    rows = tuple(_unmatched_row(reading, kind, one) for kind, one in found[:N_PAGE])
    more = reading.say("report_more", n=len(found), file="results/match.json") if len(found) > N_PAGE else ""
    sources = _listing_sources(reading, [one for _, one in found[:N_PAGE]])
    widths, caption = (0.12, 0.34, 0.24, 0.3), reading.say("report_caption_unmatched")
    yield Table("unmatched", caption, columns, rows, widths, 6, more, sources)


def _unmatched_row(reading: Reading, kind: Record, one: Record) -> Row:
    labels = _rule_labels(str(kind["kind"]))
    removed = (
        reading.say("report_removed", rule=_rule_label(reading, labels, cut["rule"]), n=cut["n"])
        for cut in one.get("removed") or ()
    )
    relaxation = reading.reason(one.get("relaxation") or {"code": "match_no_offers"})
    return Row((reading.text(kind["name"]), listing(reading, one["need"]), reading.joined(removed), relaxation))


def _rule_label(reading: Reading, labels: Mapping[str, Bilingual], rule: str) -> str:
    return labels[rule][reading.language] if rule in labels else reading.word("rule", rule)


@kept
def _rule_labels(kind: str) -> Mapping[str, Bilingual]:
    """What the rules of a kind are called; nothing for a kind that is not built in."""
    known = load_kinds().get(kind)
    return {rule.key: rule.label for rule in known.rules} if known else {}


def meetings(reading: Reading, number: int) -> Iterator[Block]:
    """The timetable: who meets whom, when and where, and who could not be placed."""
    yield reading.heading(1, number, reading.say("report_title_meetings"))
    meet = reading.document("meet")
    if not meet:
        yield reading.absent("meet")
        return
    yield reading.paragraph(
        "report_meet_proposed" if meet.get("is_proposal") else "report_meet_status",
        on=reading.day(meet.get("on")),
        place=reading.text(meet.get("place")) or reading.say("report_none"),
        status=reading.word("status", meet["status"]),
        n=reading.tally(meet["n_placed"], "placed", "meet.n_placed"),
        asked=reading.tally(meet["n_requested"], "requested", "meet.n_requested"),
        breaks=reading.tally(meet.get("breaks"), "breaks", "meet.breaks"),
    )
    people = {one["id"]: one for one in meet.get("people") or ()}
    ordered = sorted(
        enumerate(meet.get("meetings") or ()), key=lambda pair: (pair[1]["starts_at"], str(pair[1]["table"]))
    )
    yield _board(reading, people, meet)
    rows = tuple(_meeting_row(reading, people, at, one) for at, one in ordered)
    columns = reading.columns("time", "table", "party_a", "party_b", "kind", "score")
    yield Table(
        "meetings", reading.say("report_caption_meetings"), columns, rows, (0.14, 0.07, 0.29, 0.29, 0.14, 0.07), 12
    )
    yield from _unplaced(reading, meet)


def _person(reading: Reading, one: Record) -> str:
    return reading.say("report_of", a=reading.region(str(one["region"])), b=reading.text(one))


def _kind_name(reading: Reading, key: str) -> str:
    named = {kind["kind"]: reading.text(kind["name"]) for kind in reading.rows("match", "kinds")}
    return named.get(key, key)


def _meeting_row(reading: Reading, people: Mapping[str, Record], at: int, one: Record) -> Row:
    first, second = (_person(reading, people[key]) for key in one["people"][:2])
    return Row(
        (
            f"{one['starts_at'][11:16]}–{one['ends_at'][11:16]}",
            str(one["table"]),
            first,
            second,
            _kind_name(reading, one["kind"]),
            reading.figure(one["score"], "match", f"meet.meetings[{at}].score"),
        )
    )


def _board(reading: Reading, people: Mapping[str, Record], meet: Record) -> Board:
    tables = [str(one["key"]) for one in meet.get("tables") or ()]
    cells: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in meet.get("meetings") or ():
        both = " ↔ ".join(_person(reading, people[key]) for key in one["people"][:2])
        cells[str(one["slot"]), str(one["table"])].append(both)
    rows = tuple(
        (
            f"{slot['starts_at'][11:16]}–{slot['ends_at'][11:16]}",
            *("\n".join(cells[str(slot["key"]), key]) for key in tables),
        )
        for slot in meet.get("slots") or ()
    )
    return Board("timetable", reading.say("report_caption_timetable"), (*reading.columns("time"), *tables), rows)


def _unplaced(reading: Reading, meet: Record) -> Iterator[Block]:
    found = meet.get("unplaced") or ()
    if found:
        by_id = {match["id"]: match for kind in reading.rows("match", "kinds") for match in kind["matches"]}
        columns = reading.columns("need", "offer", "reason")
        rows = tuple(_unplaced_row(reading, by_id, one) for one in found[:N_PAGE])
        yield Table("unplaced", reading.say("report_caption_unplaced"), columns, rows, (0.33, 0.33, 0.34), 5)


def _unplaced_row(reading: Reading, by_id: Mapping[str, Record], one: Record) -> Row:
    match = by_id.get(one["match"])
    ends = (listing(reading, match["need"]), listing(reading, match["offer"])) if match else (str(one["match"]), "")
    return Row((*ends, " ".join(map(reading.reason, one.get("reasons") or ()))))


def clauses(reading: Reading, number: int) -> Iterator[Block]:
    """Every clause: who leads on each side, the light and why, how far its cases came."""
    yield reading.heading(1, number, reading.say("report_title_clauses"))
    listed = reading.rows("track", "clauses")
    if not listed:
        yield reading.absent("track")
        return
    if not any(clause.get("is_text_published") for clause in listed):
        yield reading.note("report_text_not_published")
    yield lights(reading)
    yield reading.note("report_assignment_note")
    columns = (
        *reading.columns("clause"),
        *(_lead_title(reading, code) for code in reading.regions),
        *reading.columns("light", "chain"),
    )
    each = 0.34 / max(len(reading.regions), 1)
    widths = (0.26, *(each for _ in reading.regions), 0.1, 0.3)
    areas = {area["key"]: reading.text(area["title"]) for area in reading.rows("track", "areas")}
    for at, (key, title) in enumerate(areas.items(), start=1):
        yield reading.heading(2, at, title)
        rows = tuple(_clause_row(reading, n, one) for n, one in enumerate(listed) if one["area"] == key)
        yield Table(f"clauses-{key}", "", columns, rows, widths, 20)


def _lead_title(reading: Reading, code: str) -> str:
    return reading.say("report_lead_of", region=reading.region(code))


def department(reading: Reading, key: Any) -> str:
    """An office's name by its key, or the key's own text where no list names it."""
    named = {one["key"]: reading.text(one["name"]) for one in reading.rows("track", "departments")}
    return named.get(key, "") if isinstance(key, str) and key in named else reading.text(key)


def _clause_row(reading: Reading, at: int, clause: Record) -> Row:
    path = f"track.clauses[{at}]"
    leads = (
        reading.joined(department(reading, one) for one in (clause.get("lead") or {}).get(code) or ())
        or reading.say("report_none")
        for code in reading.regions
    )
    light = Figure(
        reading.say(
            "report_lamp", light=reading.word("light", clause["light"]), sign=reading.word("sign", clause["light"])
        ),
        "light",
        f"{path}.light",
    )
    title = reading.say("report_clause", n=clause["number"], title=reading.text(clause["title"]))
    return Row(
        (title, *leads, light, Figure(chain_text(reading, clause), "chain", f"{path}.chain")),
        _clause_drills(reading, clause),
    )


def chain_text(reading: Reading, clause: Record) -> str:
    """How many cases reached each node; says so where nothing is reported."""
    chain = clause.get("chain") or {}
    reached = (
        reading.say("report_node", name=reading.word("node", node), n=chain[node]) for node in CHAIN if chain.get(node)
    )
    return reading.joined(reached) or reading.say("report_nothing_reported")


def _clause_drills(reading: Reading, clause: Record) -> tuple[Drill, ...]:
    text = reading.text(clause.get("text")) if clause.get("is_text_published") else ""
    actions = tuple(
        reading.say(
            "report_action",
            name=reading.text(action["name"]),
            state=action_state(reading, action),
            due=action.get("due_on") or reading.say("report_not_published"),
        )
        for action in clause.get("actions") or ()
    )
    drills = (
        Drill(reading.say("report_drill_text"), (text or reading.say("report_not_published"),)),
        Drill(reading.say("report_drill_reasons"), reading.reasons(clause.get("reasons"))),
        Drill(reading.say("report_drill_actions"), actions),
        Drill(
            reading.say("report_drill_indicators"),
            tuple(_indicator(reading, one) for one in clause.get("indicators") or ()),
        ),
    )
    return tuple(drill for drill in drills if drill.lines)


def action_state(reading: Reading, action: Record) -> str:
    """The node an action stands at; one that was never registered says so."""
    return reading.text(action.get("state_name")) or str(action.get("state") or reading.say("report_not_registered"))


def _indicator(reading: Reading, one: Record) -> str:
    target = one.get("target")
    return reading.say(
        "report_indicator",
        name=reading.text(one["name"]),
        actual=reading.number(one.get("actual")),
        unit=reading.text(one.get("unit")),
        target=reading.say("report_not_published") if target is None else reading.number(target),
    )


def sources(reading: Reading, number: int) -> Iterator[Block]:
    """Where every input comes from, and how the results were made."""
    yield reading.heading(1, number, reading.say("report_title_sources"))
    for name in DOCUMENTS:
        made = reading.document(name).get("provenance") or {}
        seed = made.get("seed")
        yield reading.note(
            "report_made",
            document=reading.word("document", name),
            version=str(made.get("version") or reading.say("report_none")),
            seed=reading.say("report_none") if seed is None else str(seed),
            n=str(len(made.get("inputs") or ())),
            file=f"results/{name}.json",
        )
    yield reading.note("report_sources_note")
    yield Links(tuple(_links(reading)))


def _links(reading: Reading) -> Iterator[Link]:
    """Each publication once, whatever rests on it and in what year: publisher and title, the latest date, one link."""
    latest: dict[str, tuple[str, str]] = {}
    for name in DOCUMENTS:
        for one in reading.rows(name, "sources"):
            key = source_text(reading, {**one, "as_of": "", "basis": ""})
            url = str(one.get("url") or "") if one.get("is_linked") else ""
            on, known = latest.get(key, ("", ""))
            latest[key] = max(on, str(one.get("as_of") or "")), known or url
    for text, (on, url) in latest.items():
        yield Link(" · ".join(part for part in (text, on) if part), url)


def source_text(reading: Reading, one: Record) -> str:
    """Publisher, title, date; a derived statement says so."""
    title = reading.text(one.get("title")) if one.get("publisher") else ""
    parts = (reading.cited(one), title, reading.text(one.get("as_of")))
    sign = reading.say("report_inferred") if one.get("basis") == "derived" else ""
    return (" · ".join(part for part in parts if part) or reading.say("report_none")) + sign
