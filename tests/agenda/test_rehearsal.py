"""The rehearsal: whole, seeded, plausible in its dates, plainly invented, and generic to agreements and kinds."""

import hashlib
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.agenda.rehearsal import generate, read_records
from duijie.data import root, words
from duijie.match.candidates import Pool
from duijie.match.kinds import load_kinds, read_kind
from duijie.match.rules import RuleSet
from duijie.terms import CHAIN, Action, Agreement, Area, Bilingual, Clause, Department, Indicator, Region
from duijie.terms.working_days import is_working_day
from duijie.track import load_agreement, progress
from duijie.track.docking import Contact, pairs_of, silent_pairs, ticket_state

AS_OF = date(2026, 6, 30)
KINDS = load_kinds()
REHEARSED = [
    path.parent
    for path in sorted((root() / "agreements").glob("*/agreement.yaml"))
    if "is_rehearsal: true" in path.read_text("utf-8")
]


@pytest.fixture(scope="module", params=REHEARSED, ids=lambda path: path.name)
def agreement(request):
    return load_agreement(request.param)


@pytest.fixture(scope="module")
def records(agreement):
    return generate(agreement, KINDS, seed=7, as_of=AS_OF)


def test_every_chain_has_cases_in_every_state(agreement, records):
    last, kinds_of = {}, {}
    for step in records.steps:
        last.setdefault(step.clause, {})[step.case] = step.kind
    for case in records.cases:
        kinds_of.setdefault(case.clause, set()).add(case.kind)
    for clause in agreement.clauses:
        outcomes = [KINDS[kind].outcome if kind else CHAIN for kind in kinds_of[clause.key]]
        expected = {node for outcome in outcomes for node in outcome} | {"refused"}
        assert set(last[clause.key].values()) == expected


def test_both_sides_act_in_every_clause(agreement, records):
    codes = {side.code for side in agreement.sides}
    for clause in agreement.clauses:
        assert {step.side for step in records.steps if step.clause == clause.key} == codes
    assert {ticket.side for ticket in records.tickets} == codes
    assert {conference.side for conference in records.conferences} == codes
    assert {move.side for move in records.actions} == codes


def test_dates_are_plausible(agreement, records):
    ordered = {}
    for step in records.steps:
        assert agreement.signed_on <= step.on <= AS_OF.isoformat()
        assert is_working_day(date.fromisoformat(step.on))
        ordered.setdefault(step.case, []).append(step)
    for steps in ordered.values():
        chain = sorted((one for one in steps if one.kind in CHAIN), key=lambda one: CHAIN.index(one.kind))
        days = [one.on for one in (*chain, *(one for one in steps if one.kind == "refused"))]
        assert days == sorted(days)
    dated = [
        *(one.on for one in (*records.actions, *records.conferences, *records.visits, *records.practices)),
        *(one.opened_on for one in records.tickets),
        *(one.decided_on for one in (*records.decisions, *records.targets)),
        *(one.issued_on for one in records.certificates),
    ]
    assert all(agreement.signed_on <= on <= AS_OF.isoformat() for on in dated)


def test_refusals_are_structured_and_amounts_come_with_evidence(records):
    for step in records.steps:
        assert bool(step.reason) == (step.kind == "refused")
        assert not step.reason or f"refusal_{step.reason}" in words("zh")
        assert (step.amount is not None) == (step.kind in ("intent", "signed", "delivered"))
        assert step.amount is None or step.evidence
        assert not step.is_confirmed or step.payload["confirmed_on"] <= AS_OF.isoformat()
    assert {step.is_confirmed for step in records.steps if step.kind == "signed"} == {True, False}


def test_every_hash_has_its_text(records):
    texts = {one.sha256: one.text for one in records.evidence}
    assert all(hashlib.sha256(text.encode()).hexdigest() == sha256 for sha256, text in texts.items())
    named = {sha256 for step in records.steps for sha256 in step.evidence}
    named |= {one.sha256 for move in records.actions for one in move.evidence}
    named |= {one.sha256 for one in records.certificates} | {one.minutes_sha256 for one in records.conferences}
    assert named == set(texts)


def test_payloads_fit_their_kinds_and_pairs_pass_the_hard_rules(records):
    parties = {one.id: one for one in records.parties}
    listings = {one.id: one for one in records.listings}
    assert {one.kind for one in records.listings} == set(KINDS) & {one.kind for one in records.cases if one.kind}
    for one in records.listings:
        assert KINDS[one.kind].check(one.role, one.payload) == ()
    for case in records.cases:
        if case.need and case.offer:
            need, offer = listings[case.need], listings[case.offer]
            on = date.fromisoformat(need.valid_from)
            rules = RuleSet(KINDS[case.kind].rules, Pool.of([need], parties), Pool.of([offer], parties), on)
            assert [one.rule for one in rules.verdicts(0, 0) if not one.is_passed] == [], case.id


def test_parties_are_plainly_invented_and_references_lead_somewhere(agreement, records):
    ids = {one.id for one in records.parties}
    assert len(ids) == len(records.parties) == len({one.name for one in records.parties})
    assert all(one.name.startswith("演练") and one.name_en.startswith("Rehearsal") for one in records.parties)
    assert not any(one.uscc for one in records.parties)
    named = {party for case in records.cases for party in case.parties} | {one.party for one in records.listings}
    named |= {party for visit in records.visits for party in visit.hosts} | {one.party for one in records.certificates}
    assert named <= ids
    offices = {one.key for one in agreement.departments}
    assert {one.actor for one in records.steps} <= ids | offices
    assert {one.actor for one in records.actions} <= offices


def test_no_real_organisation_is_named(records):
    text = "\n".join(records.lines())
    for path in (root() / "agreements").glob("*/departments.yaml"):
        if path.parent not in REHEARSED:
            for office in yaml.safe_load(path.read_text("utf-8"))["departments"]:
                assert office["name"]["zh"] not in text


def test_no_move_breaks_a_guard_and_every_light_is_seen(agreement, records):
    standing = progress(agreement, as_of=AS_OF, **records.tracked())
    assert sum(len(action.state.refused) for clause in standing.clauses for action in clause.actions) == 0
    lights = Counter(action.light for clause in standing.clauses for action in clause.actions)
    assert set(lights) >= {"green", "amber", "red"}
    assert {clause.light for clause in standing.clauses} >= {"green", "amber", "red"}
    nodes = {(one.action.template, one.state.node) for clause in standing.clauses for one in clause.actions}
    used = {action.template for clause in agreement.clauses for action in clause.actions}
    assert len(nodes) >= 2 * len(used)


def test_tickets_in_every_state_and_one_silent_pair(agreement, records):
    assert {ticket_state(one, as_of=AS_OF).state for one in records.tickets} == {"in_time", "late", "open", "overdue"}
    contacts = [Contact((one.from_department, one.to_department), one.opened_on) for one in records.tickets]
    pairs = silent_pairs(pairs_of(agreement), contacts, as_of=AS_OF)
    assert [not one.last_on for one in pairs].count(True) == 1


def test_decisions_certificates_and_practices_in_several_states(records):
    done = {bool(one.done_on) for one in records.decisions}
    assert done == {True, False}
    assert any(one.done_on > one.due_on for one in records.decisions if one.done_on)
    assert {bool(one.withdrawn_on) for one in records.certificates} == {True, False}
    assert {one.status for one in records.practices} >= {"noted", "trial", "adopted", "rejected"}


def test_the_same_seed_gives_the_same_bytes(agreement, records, tmp_path):
    again = generate(agreement, KINDS, seed=7, as_of=AS_OF)
    assert again == records
    one, two = records.write(tmp_path / "one.jsonl"), again.write(tmp_path / "two.jsonl")
    assert one.read_bytes() == two.read_bytes()
    assert generate(agreement, KINDS, seed=8, as_of=AS_OF) != records


def test_the_file_carries_the_banner_and_comes_back_whole(agreement, records, tmp_path):
    path = records.write(tmp_path)
    assert path.name == "records.jsonl"
    head = json.loads(path.read_text("utf-8").splitlines()[0])
    assert (head["type"], head["is_rehearsal"], head["banner"]) == ("rehearsal", True, agreement.banner.to_dict())
    assert read_records(path) == records


def test_scale_is_how_many_times_over(agreement, records):
    twice = generate(agreement, KINDS, seed=7, as_of=AS_OF, scale=2)
    assert len(twice.cases) == 2 * len(records.cases)
    assert len(twice.tickets) == 2 * len(records.tickets)


def _other(n_sides: int) -> Agreement:
    """Another agreement: other sides, fields and offices unknown to every data file."""
    sides = tuple(f"{code}0000" for code in range(91, 91 + n_sides))
    indicator = Indicator("signed", Bilingual("签", "Signed"), "n_signed", "n")
    template = "policy-item"
    clauses = tuple(
        Clause(
            f"c{at}",
            at,
            "area",
            Bilingual(f"第{at}条", f"Clause {at}"),
            lead={side: (f"{side}-office",) for side in sides},
            kinds=kinds,
            indicators=(indicator,),
            actions=(Action("do", Bilingual("办", "Do"), template),),
        )
        for at, kinds in enumerate([(), ("supply", "unheard"), ("barter",)], start=1)
    )
    return Agreement(
        "other",
        Bilingual("他", "Other"),
        tuple(Region(side, Bilingual(side, side)) for side in sides),
        "2024-03-01",
        (Area("area", Bilingual("域", "Area")),),
        clauses,
        tuple(Department(f"{side}-office", side, Bilingual(side), Bilingual("办", "Office")) for side in sides),
        fields=("fishing",),
        is_rehearsal=True,
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.dates(date(2024, 2, 1), date(2027, 3, 1)), st.integers(2, 3))
def test_any_agreement_any_day_any_number_of_sides(seed, as_of, n_sides):
    agreement = _other(n_sides)
    found = generate(agreement, KINDS, seed=seed, as_of=as_of)
    if as_of.isoformat() < agreement.signed_on:
        assert not found.steps
        return
    assert {one.clause for one in found.cases} == {"c1", "c2", "c3"}
    assert all(agreement.signed_on <= one.on <= as_of.isoformat() for one in (*found.steps, *found.actions))
    standing = progress(agreement, as_of=as_of, **found.tracked())
    assert not any(action.state.refused for clause in standing.clauses for action in clause.actions)


@pytest.mark.parametrize(
    "folder",
    sorted(path.parent for path in (Path(__file__).parents[1] / "agreements").glob("*/agreement.yaml")),
    ids=lambda path: path.name,
)
def test_the_second_agreement_can_be_rehearsed_as_well(folder):
    agreement = load_agreement(folder)
    found = generate(agreement, KINDS, seed=3, as_of=AS_OF)
    assert {one.clause for one in found.steps} == {clause.key for clause in agreement.clauses}
    standing = progress(agreement, as_of=AS_OF, **found.tracked())
    assert not any(action.state.refused for clause in standing.clauses for action in clause.actions)


def test_one_more_kind_of_match_needs_no_python(tmp_path):
    path = tmp_path / "barter.yaml"
    kind = yaml.safe_load((root() / "kinds" / "supply.yaml").read_text("utf-8"))
    kind["key"] = "barter"
    del kind["sharing"]
    kind["need"] = [
        {"key": "crates", "label": {"zh": "箱", "en": "Crates"}, "type": "number", "unit": "箱"},
        {
            "key": "colour",
            "label": {"zh": "色", "en": "Colour"},
            "type": "choice",
            "vocabulary": {"red": {"zh": "红", "en": "Red"}},
        },
        {"key": "until", "label": {"zh": "至", "en": "Until"}, "type": "date"},
    ]
    kind["offer"] = [
        {"key": "crates", "label": {"zh": "箱", "en": "Crates"}, "type": "number", "unit": "箱"},
        {"key": "band", "label": {"zh": "价", "en": "Band"}, "type": "range", "unit": "元"},
        {"key": "smells", "label": {"zh": "味", "en": "Smells"}, "type": "words"},
    ]
    kind["rules"] = [
        {
            "key": "enough",
            "label": {"zh": "够", "en": "Enough"},
            "test": "at_least",
            "need": "crates",
            "offer": "crates",
        }
    ]
    kind["terms"] = [
        {
            "key": "text",
            "label": {"zh": "文", "en": "Text"},
            "measure": "text",
            "weight": 1,
            "need": ["title"],
            "offer": ["title"],
        }
    ]
    kind["capacity"] = {"need": {"default": 1}, "offer": {"default": 1}}
    path.write_text(yaml.safe_dump(kind, allow_unicode=True), encoding="utf-8")
    barter = read_kind(path)
    found = generate(_other(2), {**KINDS, "barter": barter}, seed=1, as_of=AS_OF)
    own = [one for one in found.listings if one.kind == "barter"]
    assert {one.role for one in own} == {"need", "offer"}
    assert all(barter.check(one.role, one.payload) == () for one in own)
