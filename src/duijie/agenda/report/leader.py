"""The page for a leader: where the two sides complete each other, who should meet, how the clauses stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .blocks import Block, Drill, Figure, Lamp, Lights, Row, Table
from .reading import Reading

__all__ = [
    "classes",
    "leader_page",
    "level_text",
    "lights",
    "opportunity_drills",
    "opportunity_row",
    "opportunity_step",
    "warranty_text",
]

LEAST_FIRMS = 5  # a class with fewer firms on a side says little
# How many opportunities fit the first page of paper; the first chapter has all of them.
N_LEADER = {"zh": 10, "en": 6}
LIGHTS = ("red", "amber", "green", "grey")


def leader_page(reading: Reading) -> tuple[Block, ...]:
    """Three headings, each with one sentence and what carries it."""
    return (*_opportunities(reading), *_meetings(reading), *_clauses(reading))


def _opportunities(reading: Reading) -> Iterator[Block]:
    yield reading.heading(1, 1, reading.say("report_leader_opportunities"))
    listed = reading.rows("advice", "opportunities")
    if not listed:
        yield reading.absent("advice")
        return
    yield reading.paragraph(
        "report_leader_opportunities_example" if listed[0]["is_example"] else "report_leader_opportunities_lead",
        n=reading.tally(len(listed), "opportunities", "advice.opportunities"),
        a=reading.joined(reading.region(code) for code in reading.regions),
    )
    columns = tuple(reading.say(f"report_leader_column_{name}") for name in ("opportunity", "ends", "first", "level"))
    rows = tuple(opportunity_row(reading, at, one) for at, one in enumerate(listed))
    yield Table("leader-opportunities", "", columns, rows, (0.28, 0.36, 0.27, 0.09), N_LEADER[reading.language])
    yield reading.note("opportunity_disclaimer")


def opportunity_row(reading: Reading, at: int, one: Mapping[str, Any]) -> Row:
    """An opportunity in one row: what, who on either end, who begins when, on how much it rests."""
    n_named = 9 if one["is_example"] else 2
    ends = reading.say("report_semicolon").join(reading.end(end, n_named) for end in one["ends"])
    return Row(
        (
            reading.say("report_numbered", n=at + 1, text=reading.reason(one["title"])),
            ends,
            reading.say(
                "report_leader_first",
                month=reading.text(one["step"]["told"]["values"]["month"]),
                who=reading.joined(map(reading.text, one["step"]["departments"].values())),
            ),
            reading.say(f"opportunity_level_{one['level']}"),
        ),
        opportunity_drills(reading, one),
    )


def opportunity_drills(reading: Reading, one: Mapping[str, Any]) -> tuple[Drill, ...]:
    """What stands behind an opportunity: for, against, first step, how far it is tested, who."""
    lines = {
        "report_drill_for": tuple(map(reading.reason, (*one["reasons"], one["size"]))),
        "report_drill_against": tuple(map(reading.reason, one["doubts"])),
        "report_drill_step": (opportunity_step(reading, one),),
        "report_drill_level": (level_text(reading, one), warranty_text(reading, str(one["kind"]))),
    }
    drills = [Drill(reading.say(code), tuple(line for line in found if line)) for code, found in lines.items()]
    for end in one["ends"]:
        named = (*map(reading.firm, end["firms"]), *(reading.other(other) for other in end["others"]))
        drills.append(Drill(reading.region(end["region"]), named or (reading.say("opportunity_open"),)))
    return tuple(drill for drill in drills if drill.lines)


def opportunity_step(reading: Reading, one: Mapping[str, Any]) -> str:
    """The first step as a sentence: who does what by when."""
    return reading.reason(one["step"]["told"])


def level_text(reading: Reading, one: Mapping[str, Any]) -> str:
    """On how much an opportunity rests, and what keeps it from the level above."""
    level = reading.say(f"opportunity_level_{one['level']}")
    missing = reading.joined(reading.say(f"opportunity_missing_{name}") for name in one["missing"])
    return reading.say("report_level_missing", level=level, missing=missing) if missing else level


def warranty_text(reading: Reading, kind: str) -> str:
    """How this kind of advice was tested, or that it never was."""
    tests = reading.document("advice").get("tests") or {}
    return reading.reason(tests.get(kind)) or reading.say("opportunity_warranty_never")


def classes(reading: Reading) -> list[tuple[int, Mapping[str, Any]]]:
    """Classes with their place in the document: firms enough on both sides first, then the most complementary."""
    listed = enumerate(reading.rows("diagnose", "inside_class"))
    return sorted(listed, key=lambda pair: (not _is_evident(pair[1]), -(pair[1]["complement_score"] or 0)))


def _is_evident(one: Mapping[str, Any]) -> bool:
    counts: Mapping[str, int] = one.get("n_firms") or {}
    return min(counts.values(), default=LEAST_FIRMS) >= LEAST_FIRMS


def _meetings(reading: Reading) -> Iterator[Block]:
    yield reading.heading(1, 2, reading.say("report_leader_meetings"))
    meet = reading.document("meet")
    meetings = sorted(enumerate(meet.get("meetings") or ()), key=lambda pair: -(pair[1].get("score") or 0))
    if not meetings:
        yield reading.absent("meet")
        return
    yield reading.paragraph(
        "report_leader_proposed" if meet.get("is_proposal") else "report_leader_met",
        n=reading.tally(meet["n_placed"], "placed", "meet.n_placed"),
        asked=reading.tally(meet["n_requested"], "requested", "meet.n_requested"),
        on=reading.day(meet.get("on")),
        place=reading.text(meet.get("place")) or reading.say("report_none"),
    )
    people = {one["id"]: one for one in meet["people"]}
    first = (_pair(reading, people, one) for one in _distinct([one for _, one in meetings], 3))
    yield reading.paragraph("report_leader_first_meetings", pairs=reading.say("report_semicolon").join(first))


def _distinct(meetings: Sequence[Mapping[str, Any]], n: int) -> list[Mapping[str, Any]]:
    """The best few meetings that share nobody: one firm three times is one idea."""
    chosen: list[Mapping[str, Any]] = []
    for one in meetings:
        if len(chosen) < n and not any(set(one["people"]) & set(other["people"]) for other in chosen):
            chosen.append(one)
    return chosen


def _pair(reading: Reading, people: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    first, second = (people[key] for key in one["people"][:2])
    return " ↔ ".join(
        reading.say("report_of", a=reading.region(person["region"]), b=reading.short(reading.text(person)))
        for person in (first, second)
    )


def _clauses(reading: Reading) -> Iterator[Block]:
    yield reading.heading(1, 3, reading.say("report_leader_clauses"))
    clauses = reading.rows("track", "clauses")
    if not clauses:
        yield reading.absent("track")
        return
    count = Counter(clause["light"] for clause in clauses)
    figures = {light: Figure(str(count[light]), "light", "track.clauses[].light") for light in LIGHTS}
    n = Figure(str(len(clauses)), "clauses", "track.clauses")
    yield reading.paragraph("report_leader_lights", n=n, as_of=reading.day(reading.agreement.get("as_of")), **figures)
    yield lights(reading)


def lights(reading: Reading) -> Lights:
    """The strip of all clauses."""
    return Lights(
        tuple(
            Lamp(
                str(clause["number"]),
                clause["light"],
                reading.text(clause["title"]),
                reading.word("light", clause["light"]),
            )
            for clause in reading.rows("track", "clauses")
        )
    )
