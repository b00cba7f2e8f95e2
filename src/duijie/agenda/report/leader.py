"""The page for a leader: where the two sides complete each other, who should meet, how the clauses stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .blocks import Block, Figure, Lamp, Lights, Row, Table
from .reading import Reading

__all__ = ["classes", "leader_page", "lights"]

N_WORDS = 3
LEAST_FIRMS = 5  # a class with fewer firms on a side says little
LIGHTS = ("red", "amber", "green", "grey")


def leader_page(reading: Reading) -> tuple[Block, ...]:
    """Three headings, each with one sentence and what carries it."""
    return (*_complementarities(reading), *_meetings(reading), *_clauses(reading))


def _complementarities(reading: Reading) -> Iterator[Block]:
    yield reading.heading(1, 1, reading.say("report_leader_complementarity"))
    rows = (*_strongest_links(reading), *_strongest_words(reading))
    if not rows:
        yield reading.absent("diagnose")
        return
    yield reading.paragraph(
        "report_leader_links",
        n=reading.tally(len(reading.rows("diagnose", "links")), "links", "diagnose.links"),
        gaps=reading.tally(_n_gaps(reading), "gaps", "diagnose.chains[].gaps"),
        a=reading.joined(reading.region(code) for code in reading.regions),
    )
    columns = tuple(reading.say(f"report_leader_column_{name}") for name in ("supplier", "buyer", "score", "firms"))
    yield Table("leader-links", reading.say("report_leader_links_caption"), columns, rows, (0.27, 0.27, 0.12, 0.34))


def _n_gaps(reading: Reading) -> int:
    return sum(len(chain["gaps"]) for chain in reading.rows("diagnose", "chains"))


def _strongest_links(reading: Reading) -> Iterator[Row]:
    """Two links a direction, those with named firms at both ends first: a leader wants to know whom to call."""
    links = sorted(
        enumerate(reading.rows("diagnose", "links")), key=lambda pair: (_is_nameless(pair[1]), -pair[1]["score"])
    )
    for code in reading.regions:
        own = (pair for pair in links if pair[1]["supplier_region"] == code)
        for _, (at, link) in zip(range(2), own, strict=False):
            yield Row(
                (
                    reading.say("report_of", a=reading.region(code), b=reading.text(link["supplier_name"])),
                    reading.say(
                        "report_of", a=reading.region(link["buyer_region"]), b=reading.text(link["buyer_name"])
                    ),
                    reading.figure(link["score"], "link", f"diagnose.links[{at}].score", 4),
                    reading.say("report_pair", **_ends(reading, link)),
                ),
                reading.firms(link.get("firms")),
            )


def _is_nameless(link: Mapping[str, Any]) -> bool:
    firms = link.get("firms") or {}
    return not (firms.get(link["supplier_region"]) and firms.get(link["buyer_region"]))


def _ends(reading: Reading, link: Mapping[str, Any]) -> dict[str, str]:
    firms = link.get("firms") or {}
    ends = {"a": firms.get(link["supplier_region"]), "b": firms.get(link["buyer_region"])}
    return {end: reading.named(listed, 1) or reading.say("report_none") for end, listed in ends.items()}


def classes(reading: Reading) -> list[tuple[int, Mapping[str, Any]]]:
    """Classes with their place in the document: firms enough on both sides first, then the most complementary."""
    listed = enumerate(reading.rows("diagnose", "inside_class"))
    return sorted(listed, key=lambda pair: (not _is_evident(pair[1]), -(pair[1]["complement_score"] or 0)))


def _is_evident(one: Mapping[str, Any]) -> bool:
    counts: Mapping[str, int] = one.get("n_firms") or {}
    return min(counts.values(), default=LEAST_FIRMS) >= LEAST_FIRMS


def _strongest_words(reading: Reading) -> Iterator[Row]:
    for at, one in [found for found in classes(reading) if found[1]["pairs"]][:1]:
        first = one["pairs"][0]
        alike = [pair for pair in one["pairs"] if pair["word_b"] == first["word_b"]][:N_WORDS]
        firms = first.get("firms") or {}
        a, b = first["region_a"], first["region_b"]
        yield Row(
            (
                reading.say(
                    "report_of",
                    a=reading.region(a),
                    b=reading.joined(reading.product(one, pair["word_a"]) for pair in alike),
                ),
                reading.say("report_of", a=reading.region(b), b=reading.product(one, first["word_b"])),
                reading.figure(
                    one["complement_score"], "inside_class", f"diagnose.inside_class[{at}].complement_score"
                ),
                reading.say("report_pair", a=reading.named(firms.get(a), 1), b=reading.named(firms.get(b), 1)),
            ),
            reading.firms(firms),
        )


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
    columns = tuple(reading.say(f"report_leader_column_{name}") for name in ("time", "a", "b", "match"))
    rows = tuple(_meeting_row(reading, people, at, one) for at, one in meetings[:3])
    yield Table(
        "leader-meetings", reading.say("report_leader_meetings_caption"), columns, rows, (0.15, 0.36, 0.36, 0.13)
    )


def _meeting_row(reading: Reading, people: Mapping[str, Any], at: int, one: Mapping[str, Any]) -> Row:
    first, second = (people[key] for key in one["people"][:2])
    return Row(
        (
            str(one["starts_at"])[11:16],
            reading.say("report_of", a=reading.region(first["region"]), b=reading.text(first)),
            reading.say("report_of", a=reading.region(second["region"]), b=reading.text(second)),
            reading.figure(one["score"], "match", f"meet.meetings[{at}].score"),
        )
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
