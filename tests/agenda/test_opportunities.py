"""What an opportunity must have, clause by clause, and that those of the built-in agreements have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from duijie import agenda, data
from duijie.agenda import opportunities
from duijie.agenda.material import Material, inference_policy
from duijie.agenda.opportunities import End, Ground, Opportunity, Step
from duijie.agenda.opportunities.crowding import crowding
from duijie.agenda.opportunities.evidence import Evidence
from duijie.agenda.opportunities.finding import _levelled, _policy
from duijie.terms import Bilingual, Party, Reason, Source, Standing

AS_OF = date(2026, 11, 23)
REAL = data.root() / "agreements" / "jinjiang-longhua"
A, B = "010101", "020202"
SAY = {"zh": "词", "en": "word"}
SOURCE = Source("公报", "一期", as_of="2025")


def _one(kind: str) -> Opportunity:
    """An opportunity of a kind that lacks nothing."""
    place = {"name": "东园", "kind": "carrier", "title": "招商", "is_published": True}
    firm = {"id": "f1", "name": "某某有限公司"}
    is_about_firms = kind not in ("moves", "learns")
    first = End(A, "first", (SAY,), 1, (firm,) if is_about_firms else (), () if is_about_firms else (place,))
    second = End(B, "second", (SAY,), 0, (), () if is_about_firms else (place,))
    return Opportunity(
        f"{kind}:x",
        kind,  # type: ignore[arg-type]
        Reason("title", {"a": SAY, "b": SAY}),
        (first, second),
        Ground("input", SAY, SOURCE),
        (Reason("why", {"why": SAY}), *([Reason("opportunity_for_room", {"dense": 2.0})] if kind == "moves" else ())),
        (Reason("doubt", is_for=False),),
        Reason("size", {"n": 1}),
        Step(f"step_{kind}", {A: SAY, B: SAY}, "2026-12", "chains"),
        1.0,
    )


KINDS = ("supplies", "completes", "same_customers", "moves", "learns")
Break = Callable[[Opportunity], Opportunity]


def _end(at: int, **values: object) -> Break:
    def broken(one: Opportunity) -> Opportunity:
        ends = [replace(end, **values) if place == at else end for place, end in enumerate(one.ends)]  # type: ignore[arg-type]
        return replace(one, ends=(ends[0], ends[1]))

    return broken


def _step(**values: object) -> Break:
    return lambda one: replace(one, step=replace(one.step, **values) if one.step else None)  # type: ignore[arg-type]


FIRM = {"id": "f9", "name": "迁出者有限公司"}
BROKEN: dict[str, list[tuple[tuple[str, ...], Break]]] = {
    "kind_unknown": [(KINDS[:1], lambda one: replace(one, kind="gossip"))],
    "ends_missing": [
        (KINDS, _end(1, region=A)),
        (KINDS, _end(0, what=())),
        (KINDS, _end(1, what=({"zh": "", "en": ""},))),
    ],
    "names_a_firm": [
        (("moves",), _end(0, firms=(FIRM,))),
        (("moves",), _end(1, firms=(FIRM,))),
        (("moves",), _end(1, others=({"name": "东园", "kind": "firm"},))),
        (("moves",), _end(1, others=({"name": "迁出者有限公司", "kind": "carrier"},))),
        (("moves",), lambda one: replace(one, title=Reason("title", {"a": {"zh": "迁出者有限公司", "en": ""}}))),
        (("moves",), lambda one: replace(one, reasons=(*one.reasons, Reason("why", {"party": "迁出者集团"})))),
    ],
    "guard_missing": [(("moves",), lambda one: replace(one, reasons=one.reasons[:1]))],
    "place_or_unit_missing": [(("moves",), _end(1, others=())), (("learns",), _end(0, others=()))],
    "ground_missing": [
        (KINDS, lambda one: replace(one, ground=replace(one.ground, source=Source(title="无出处")))),
        (KINDS, lambda one: replace(one, ground=replace(one.ground, why={"zh": "", "en": ""}))),
    ],
    "firm_twice": [(("supplies", "same_customers"), _end(0, firms=(FIRM, FIRM)))],
    "reason_missing": [
        (("supplies", "completes", "same_customers", "learns"), lambda one: replace(one, reasons=())),
    ],
    "size_missing": [(KINDS, lambda one: replace(one, size=Reason("")))],
    "doubt_missing": [
        (KINDS, lambda one: replace(one, doubts=())),
        (KINDS, lambda one: replace(one, doubts=(Reason("praise"),))),
    ],
    "step_missing": [
        (KINDS, lambda one: replace(one, step=None)),
        (KINDS, _step(verb="")),
        (KINDS, _step(month="")),
        (KINDS, _step(month="2026-13")),
        (KINDS, _step(departments={A: SAY})),
        (KINDS, _step(departments={A: SAY, B: {"zh": "", "en": ""}})),
    ],
}
CASES = [
    pytest.param(code, kind, broken, id=f"{code}-{kind}-{at}")
    for code, cases in BROKEN.items()
    for at, (kinds, broken) in enumerate(cases)
    for kind in kinds
]


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_lacks_nothing_may_be_shown(kind: str) -> None:
    """Firms at one end are enough where the other says that it is still to be found."""
    assert opportunities.check([_one(kind)]) == ()


@pytest.mark.parametrize(("code", "kind", "broken"), CASES)
def test_each_clause_is_asked_for(code: str, kind: str, broken: Break) -> None:
    """What lacks one thing is refused for exactly that thing, in words of both languages."""
    (fault,) = opportunities.check([broken(_one(kind))])
    assert fault.code == f"opportunity_{code}"
    assert all(fault.code in data.words(language) for language in ("zh", "en"))


def test_all_faults_are_told_at_once() -> None:
    """Two broken ones with two faults each give four."""
    broken = [replace(_one(kind), doubts=(), step=None) for kind in KINDS[:2]]
    assert len(opportunities.check(broken)) == 4


def test_an_end_nobody_stands_at_is_shown_as_still_to_be_found(done: tuple[agenda.Agenda, Path]) -> None:
    """The document says of each end whether somebody stands there."""
    for one in done[0].results["advice"]["opportunities"]:
        for end in one["ends"]:
            assert end["is_open"] == (not end["firms"] and not end["others"])


def test_the_list_is_short_mixed_and_begins_with_the_example(done: tuple[agenda.Agenda, Path]) -> None:
    """At most ten, no kind above its share; the agreement's own example first where it has one."""
    policy = data.read(data.root() / "policies" / "opportunities.yaml", "opportunities")
    listed = done[0].results["advice"]["opportunities"]
    assert 0 < len(listed) <= policy["n"]
    kinds = Counter(one["kind"] for one in listed)
    assert all(n <= policy["most"][kind] for kind, n in kinds.items())
    examples = [one["is_example"] for one in listed]
    assert examples[0] == any(examples)
    assert sum(examples) == int(not done[0].results["track"]["is_rehearsal"])


def test_transfers_name_no_firm_and_practices_name_their_unit() -> None:
    """Of all that could be told, not only of the ten: an industry and a place; a practice and who has it."""
    for path in (data.root() / "agreements").glob("*/agreement.yaml"):
        found = opportunities.every(agenda.read(path.parent, as_of=AS_OF), as_of=AS_OF)
        assert opportunities.check(found) == ()
        for one in found:
            if one.kind == "moves":
                assert not [end for end in one.ends if end.firms]
                assert {other["kind"] for other in one.ends[1].others} == {"carrier"}
            if one.kind == "learns":
                assert all(other["name"] for other in one.ends[0].others)
            assert one.step is not None
            assert one.step.month > AS_OF.isoformat()[:7]


@pytest.mark.parametrize(
    "path", sorted((data.root() / "agreements").glob("*/agreement.yaml")), ids=lambda path: path.parent.name
)
def test_industries_move_from_the_crowded_side_alone(path: Path) -> None:
    """Turned round, the figures let nothing go the other way; without them nothing moves, and the list says why."""
    material = _of_one_year(agenda.read(path.parent, as_of=AS_OF))
    first, second = (side.code for side in material.agreement.sides[:2])

    def moved(statistics: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
        given = replace(material, statistics=tuple(statistics))
        ends = (one.ends for one in opportunities.every(given, as_of=AS_OF) if one.kind == "moves")
        return {(origin.region, destination.region) for origin, destination in ends}

    turned = {first: second, second: first}
    assert moved(material.statistics) <= {(second, first)}
    assert moved({**row, "region": turned.get(row["region"], "")} for row in material.statistics) <= {(first, second)}
    bare = replace(material, statistics=tuple(row for row in material.statistics if row["indicator"] != "陆域面积"))
    assert moved(bare.statistics) == set()
    assert not opportunities.unmade(material, as_of=AS_OF)
    (missing,) = opportunities.unmade(bare, as_of=AS_OF)
    assert all(missing.code in data.words(language) for language in ("zh", "en"))


def _of_one_year(material: Material) -> Material:
    """The material as if all figures that were published were of one year."""
    return replace(material, statistics=tuple({**row, "year": "2024"} for row in material.statistics))


def test_a_call_that_names_no_industry_calls_nobody() -> None:
    """Of one year, the figures let one thing move: from the crowded side to a park that says that it is for garments.

    As they were published, in years that differ, they let nothing move, and the list says what is missing.
    """
    material = agenda.read(REAL, as_of=AS_OF)
    for given, keys in ((_of_one_year(material), ["moves:18:440309>NO0007"]), (material, [])):
        found = opportunities.every(given, as_of=AS_OF)
        assert [one.key for one in found if one.kind == "moves"] == keys
        assert bool(opportunities.unmade(given, as_of=AS_OF)) != bool(keys)


FIGURES = [
    {
        "region": A,
        "indicator": "产值",
        "qualifier": "",
        "subject": "工业",
        "value": 90.0,
        "year": "2023",
        "source": SOURCE,
    },
    {
        "region": A,
        "indicator": "产值",
        "qualifier": "1-2月",
        "subject": "工业",
        "value": 9.0,
        "year": "2025",
        "source": SOURCE,
    },
    {
        "region": A,
        "indicator": "产值",
        "qualifier": "约",
        "subject": "工业",
        "value": 80.0,
        "year": "2022",
        "source": SOURCE,
    },
    {"region": A, "indicator": "面积", "qualifier": "", "subject": "", "value": 10.0, "year": "2020", "source": SOURCE},
    {
        "region": B,
        "indicator": "产值",
        "qualifier": "",
        "subject": "工业",
        "value": 50.0,
        "year": "2023",
        "source": SOURCE,
    },
    {
        "region": B,
        "indicator": "面积",
        "qualifier": "",
        "subject": "",
        "value": 10.0,
        "year": "2020",
        "source": Source(),
    },
]


def test_how_crowded_a_side_is() -> None:
    """The latest whole year of both over the land; a figure that nobody published, or of another year, is none."""
    policy = {"of": ["产值"], "subject": "工业", "over": "面积", "qualifiers": ["", "约"]}
    found = crowding(FIGURES, (A, B), policy)
    assert {region: one.density for region, one in found.items()} == {A: 9.0}
    assert found[A].told == "公报，2025"
    before = [{**row, "year": "2022"} if row["region"] == B else row for row in FIGURES]
    assert {region: one.density for region, one in crowding(before, (A, B), policy).items()} == {A: 8.0}
    apart = [{**row, "year": "2019"} if row["region"] == B else row for row in FIGURES]
    assert crowding(apart, (A, B), policy) == {}


@pytest.mark.parametrize(
    ("low", "is_published", "publisher", "level"),
    [
        (0.5, True, "公报", "high"),
        (0.49, True, "公报", "middle"),
        (0.5, True, "", "middle"),
        (0.49, True, "", "unverified"),
        (0.5, False, "公报", "unverified"),
        (None, True, "公报", "unverified"),
    ],
)
def test_how_far_it_is_founded(low: float | None, is_published: bool, publisher: str, level: str) -> None:
    """High needs published ends, a named source and a test whose band begins at one half; an inferred end or no test
    is unverified."""
    one = _one("supplies")
    one = replace(
        one,
        ends=(replace(one.ends[0], is_published=is_published), replace(one.ends[1], is_published=True)),
        ground=replace(one.ground, source=Source(publisher, "一期")),
    )
    assert _levelled(one, {} if low is None else {"supplies": {"low": low}}).level == level


def test_a_rehearsal_names_no_real_unit() -> None:
    """What an invented life lets two sides do together rests on invented organisations alone."""
    for path in (data.root() / "agreements").glob("*/agreement.yaml"):
        material = agenda.read(path.parent, as_of=AS_OF)
        if material.agreement.is_rehearsal:
            invented = {party.id for party in material.parties} | {listing.id for listing in material.listings}
            for one in opportunities.every(material, as_of=AS_OF):
                named = [row["id"] for end in one.ends for row in (*end.firms, *end.others)]
                assert set(named) <= invented


@pytest.mark.parametrize(
    "path", sorted((data.root() / "agreements").glob("*/agreement.yaml")), ids=lambda path: path.parent.name
)
def test_first_steps_ask_those_there_are(path: Path) -> None:
    """No department asks more firms than stand at its end; the sentence names both numbers in the order of the ends."""
    for one in opportunities.every(agenda.read(path.parent, as_of=AS_OF), as_of=AS_OF):
        assert one.step is not None
        assert list(one.step.departments) == [end.region for end in one.ends]
        for end in one.ends:
            assert one.step.asked.get(end.region, 0) <= (end.n_firms or len(end.others))
        if one.kind in ("supplies", "completes", "same_customers"):
            said = data.sentence(one.step.verb, "zh", one.step.told.values)
            assert all(f" {one.step.asked[end.region]} 家" in said for end in one.ends)


def test_lists_of_a_register_alone_are_no_opportunity() -> None:
    """Along a chain somebody at an end was reported on, honoured, or published a need or an offer."""
    material = agenda.read(REAL, as_of=AS_OF)
    found = [one for one in opportunities.every(material, as_of=AS_OF) if one.kind in ("supplies", "completes")]
    assert found
    for one in found:
        known = [firm for end in one.ends for firm in end.firms if material.weights[str(firm["id"])] > 0]
        assert known or any(end.others for end in one.ends)
    unheard = replace(material, listings=())
    unheard.__dict__["weights"] = dict.fromkeys(material.weights, 0.0)
    assert not {one.kind for one in opportunities.every(unheard, as_of=AS_OF)} & {"supplies", "completes"}


@pytest.mark.parametrize(
    ("names", "houses"),
    [
        (("乙山甲丙(中国)有限公司", "甲丙体育用品集团有限公司"), 1),  # a group and its company
        (("甲丙有限公司", "丁戊有限公司"), 2),
        (("乙山区有限公司", "乙山区丁戊有限公司"), 2),  # nothing but its place is in a name
    ],
)
def test_a_house_is_named_once_at_an_end(names: tuple[str, str], houses: int) -> None:
    """Of a group and its company the first is named, and both are counted."""
    material = agenda.read(REAL, as_of=AS_OF)
    sides = tuple(replace(side, name=Bilingual("甲川市乙山区", "B")) for side in material.agreement.sides[:1])
    parties = tuple(Party(f"p{at}", "firm", A, name) for at, name in enumerate(names))
    given = replace(
        material, agreement=replace(material.agreement, sides=(*sides, *material.agreement.sides[1:])), parties=parties
    )
    evidence = Evidence.of(given, as_of=AS_OF, policy=_policy())
    end = evidence.end(A, "either", [SAY], [Standing(one.id, "鞋", True, "agrees") for one in parties])
    assert (end.n_firms, len(end.firms)) == (2, houses)


def test_ends_fit_their_link() -> None:
    """A link names those alone whose goods are meant and used, no goods that only some use, and no house twice."""
    material = agenda.read(REAL, as_of=AS_OF)
    known = {party.id: party for party in material.parties}
    links = {(chain.key, one.supplier, one.buyer): one for chain in material.chains for one in chain.links}
    found = [one for one in opportunities.every(material, as_of=AS_OF) if one.kind in ("supplies", "completes")]
    for one in found:
        chain, _, rest = one.key.partition(":")[2].partition(".")
        link = links[chain, *rest.partition(":")[0].split(">")]
        suppliers, buyers = ([(known[str(firm["id"])], str(firm["phrase"])) for firm in end.firms] for end in one.ends)
        assert all(link.is_supplied(party.industry, phrase) for party, phrase in suppliers)
        assert all(link.is_used(party.industry, phrase) for party, phrase in buyers)
        assert not [phrase for _, phrase in suppliers for word in inference_policy()["particular"] if word in phrase]
        # Unknown suppliers are put to no brand.
        is_known = any(material.weights[party.id] for party, _ in suppliers)
        assert is_known or not {party.id for party, _ in buyers} & material.choosy


def test_many_are_not_sent_to_one_maker_nobody_asked_for() -> None:
    """A lone maker at the supplying end is honoured, or serves one plant, or was asked for by a firm."""
    for path in (data.root() / "agreements").glob("*/agreement.yaml"):
        material = agenda.read(path.parent, as_of=AS_OF)
        known = {party.id: party for party in material.parties}
        owners = {one.id: one.party for one in material.listings}
        for one in opportunities.every(material, as_of=AS_OF):
            if one.kind in ("supplies", "completes"):
                first, second = one.ends
                makers = {str(firm["id"]) for firm in first.firms} | {owners[str(row["id"])] for row in first.others}
                asked = [row for row in second.others if known[owners[str(row["id"])]].kind == "firm"]
                assert len(makers) > 1 or second.n_firms < 2 or asked or any(known[key].honours for key in makers)


def test_ideas_put_brands_to_known_firms_and_no_relation_first(done: tuple[agenda.Agenda, Path]) -> None:
    """Who sells by brand meets known suppliers alone; no stage that is needed has more ideas than its share."""
    found = done[0].results["match"]
    if done[0].results["track"]["is_rehearsal"]:
        return
    material, policy = agenda.read(REAL, as_of=AS_OF), inference_policy()
    listings = found["listings"]
    ideas = [(listings[one["need"]], listings[one["offer"]]) for kind in found["kinds"] for one in kind["ideas"]]
    assert ideas
    for need, offer in ideas:
        is_known = material.weights[offer["party"]] >= policy["least_weight"]
        assert is_known or need["party"] not in material.choosy
        assert not any(word in str(need["details"]) for word in policy["served"])
    about = Counter(str(need["title"]) for need, _ in ideas)
    assert len(about) > 1
    assert max(about.values()) <= policy["per_relation"]


def test_a_practice_says_how_and_goes_to_the_offices_of_its_subject() -> None:
    """Sizes alone teach nobody; a fashion town is a matter for industry, not for the lead of a clause."""
    material = agenda.read(REAL, as_of=AS_OF)
    practices = {row["id"]: row for row in material.practices}
    learns = {
        one.key.partition(":")[2]: one for one in opportunities.every(material, as_of=AS_OF) if one.kind == "learns"
    }
    assert set(learns) == {key for key, row in practices.items() if row["how"]} < set(practices)
    domains = {one.name.zh: one.domain.zh for one in material.agreement.departments}
    for key, one in learns.items():
        assert one.step is not None
        if practices[key]["domain"]:
            offices = {domains[name["zh"]] for name in one.step.departments.values()}
            assert offices == {practices[key]["domain"]}
