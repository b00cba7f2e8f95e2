"""Nodes of an action: order, evidence, countersignature, milestones, as-at, any order of arrival."""

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.track.conftest import SIDES, day

from duijie.errors import DeniedError
from duijie.terms import Bilingual, Milestone
from duijie.track.run import node_templates
from duijie.track.workflow import COUNTERSIGNED, MILESTONE, ActionState, Evidence, Move, advance, obstacles, state_of

TEMPLATE = node_templates()["policy-item"]
MILESTONES = (Milestone("held", Bilingual("举行", "Held"), ("photo",)),)


def proof(kind: str, text: str = "a document") -> Evidence:
    return Evidence(kind, hashlib.sha256(text.encode()).hexdigest())


def move(kind: str, offset: int, side: int = 0, **more: object) -> Move:
    return Move("one", "meet", kind, day(offset), SIDES[side], "office", offset, **more)


WAY = [
    move("registered", 1),
    move("assigned", 2, due_on=day(60)),
    move("received", 3),
    move("handling", 4),
    move(MILESTONE, 5, milestone="held", evidence=(proof("photo"),)),
    move("problem", 6, note=Bilingual("缺地", "No land")),
    move("solved", 7),
    move("reported", 8, evidence=(proof("report"),)),
    move("reviewed", 9),
    move(COUNTERSIGNED, 10, 1, countersigns="closed"),
    move("closed", 11),
]


def codes(found) -> list[str]:
    return [reason.code for reason in found]


def standing(moves, offset: int = 900) -> ActionState:
    return state_of(TEMPLATE, moves, as_of=date.fromisoformat(day(offset)), milestones=MILESTONES)


def test_the_whole_way_to_the_end():
    state = standing(WAY)
    assert (state.node, state.is_done, state.refused) == ("closed", True, ())
    assert (state.registered_on, state.due_on, state.entered_on) == (day(1), day(60), day(11))
    assert state.milestones == {"held": day(5)}
    assert not state.notes


@given(st.permutations(WAY), st.integers(0, 12))
def test_arrival_does_not_matter_and_as_at_is_the_prefix(moves, offset):
    assert standing(moves, offset) == standing(WAY[:offset], offset)


@given(st.lists(st.sampled_from(WAY), max_size=14))
def test_no_history_closes_without_proof_and_the_other_side(moves):
    state = standing(moves)
    if state.is_done:
        assert any(one.kind == "report" for one in state.evidence)
        assert set(state.countersigned["closed"]) - {state.side}


@pytest.mark.parametrize(
    ("left_out", "code"),
    [("reported", "track_node_out_of_order"), (COUNTERSIGNED, "track_countersignature_missing")],
)
def test_a_step_left_out_stops_the_way(left_out, code):
    state = standing([one for one in WAY if one.kind != left_out])
    assert not state.is_done
    assert code in [reason.code for _, found in state.refused for reason in found]


def test_evidence_needs_a_hash_and_the_right_kind():
    state = standing(WAY, 7)
    for evidence in ((), (Evidence("report", "not a hash"),), (proof("photo"),)):
        assert codes(obstacles(TEMPLATE, state, move("reported", 8, evidence=evidence))) == ["track_evidence_missing"]


def test_a_side_cannot_countersign_itself():
    state = standing(WAY, 8)
    own = move(COUNTERSIGNED, 9, 0, countersigns="closed")
    assert codes(obstacles(TEMPLATE, state, own)) == ["track_own_countersignature"]


def test_milestones_need_their_kind_of_evidence():
    state = standing(WAY, 4)
    unproved = move(MILESTONE, 5, milestone="held", evidence=(proof("report"),))
    assert codes(obstacles(TEMPLATE, state, unproved, milestones=MILESTONES)) == ["track_milestone_unproved"]
    unknown = move(MILESTONE, 5, milestone="nothing", evidence=(proof("photo"),))
    assert codes(obstacles(TEMPLATE, state, unknown, milestones=MILESTONES)) == ["track_milestone_unknown"]


def test_nothing_happens_before_the_registration():
    for kind in (COUNTERSIGNED, MILESTONE, "problem"):
        assert codes(obstacles(TEMPLATE, ActionState(), move(kind, 1))) == ["track_not_registered"]
    assert codes(obstacles(TEMPLATE, standing(WAY, 3), move("dreaming", 4))) == ["track_node_unknown"]


def test_advance_raises_every_reason_at_once():
    with pytest.raises(DeniedError) as caught:
        advance(TEMPLATE, standing(WAY, 4), move("closed", 5))
    reasons = [reason["code"] for reason in caught.value.values["reasons"]]
    assert reasons == ["track_node_out_of_order", "track_proof_missing", "track_countersignature_missing"]


@pytest.mark.parametrize("template", node_templates().values(), ids=lambda one: one.key)
def test_every_node_of_every_template_can_be_reached(template):
    seen, left = {template.start}, [template.start]
    while left:
        fresh = set(template.nodes[left.pop()].following) - seen
        seen |= fresh
        left += fresh
    assert seen == set(template.nodes)
    assert any(template.is_done(node) for node in template.nodes)
