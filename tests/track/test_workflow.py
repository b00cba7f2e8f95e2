"""An action on its way: order, evidence, the other side's word, milestones, as-at, any order of arrival."""

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.track.conftest import SIDES, day

from duijie.errors import DuijieError
from duijie.ledger.kinds import case_kinds
from duijie.terms import Action, Bilingual, Milestone
from duijie.track.workflow import COUNTERSIGNED, MILESTONE, ActionState, Evidence, Move, kind_of, state_of, streams_of

KEY = ("one", "meet")
ACTION = Action("meet", Bilingual("对接", "Meet"), "policy-item", (Milestone("held", Bilingual("举行"), ("photo",)),))
KIND = kind_of(ACTION)
OF_ACTIONS = [one for one in case_kinds().values() if set(one.roles) >= {"lead_side", "other_side"}]


def proof(kind: str, text: str = "a document") -> Evidence:
    return Evidence(kind, hashlib.sha256(text.encode()).hexdigest())


def move(kind: str, offset: int, side: int = 0, **more: object) -> Move:
    return Move(*KEY, kind, day(offset), SIDES[side], "office", offset, **more)


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
    move("closed", 10),
    move(COUNTERSIGNED, 11, 1, countersigns="closed"),
]


def standing(moves, offset: int = 900) -> ActionState:
    stream = streams_of({KEY: ACTION}, moves, SIDES).get(KEY, ())
    return state_of(KIND, stream, as_of=date.fromisoformat(day(offset)))


def codes(moves, offset: int = 900) -> list[str]:
    return [fault.code for fault in standing(moves, offset).refused]


def test_the_whole_way_to_the_end():
    """Registration, deadline, milestone, proof and both sides' word are where the moves left them."""
    state = standing(WAY)
    assert (state.node, state.is_done, state.refused) == ("closed", True, ())
    assert (state.registered_on, state.due_on, state.entered_on) == (day(1), day(60), day(10))
    assert state.milestones == {"held": day(5)}
    assert not state.notes
    assert set(state.countersigned["closed"]) == set(SIDES)


@given(st.permutations(WAY), st.integers(0, 12))
def test_arrival_does_not_matter_and_as_at_is_the_prefix(moves, offset):
    """Any order of lines gives one state, and a day in the past reads what was said until then."""
    assert standing(moves, offset) == standing(WAY[:offset], offset)


@given(st.lists(st.sampled_from(WAY), max_size=14))
def test_no_history_closes_without_proof_and_the_other_side(moves):
    """Whatever is said in whatever order, what is done has its report and the word of the other side."""
    state = standing(moves)
    if state.is_done:
        assert any(one.kind == "report" for one in state.evidence)
        assert set(state.countersigned["closed"]) - {state.side}


def test_it_waits_for_the_other_side_and_is_not_done_before():
    """An action stands where it stood until the other side has agreed with its last step."""
    state = standing(WAY, 10)
    assert (state.node, state.proposed, state.is_done) == ("reviewed", "closed", False)
    assert state.waits_for == (SIDES[1],)
    assert standing([*WAY[:10], move(COUNTERSIGNED, 11, 0)]).is_done is False, "a side does not agree with itself"


def test_a_step_left_out_stops_the_way():
    """A node that is not next takes no effect and says why."""
    state = standing([one for one in WAY if one.kind != "reported"])
    assert not state.is_done
    assert "case_not_next" in [fault.code for fault in state.refused]


def test_evidence_needs_a_hash():
    """A node that asks for a paper is not reached with none, nor with one that has no hash."""
    for evidence in ((), (Evidence("report", "not a hash"),)):
        assert codes([*WAY[:7], move("reported", 8, evidence=evidence)]) == ["case_evidence_missing"]


def test_milestones_need_their_kind_of_evidence():
    """A milestone counts with a paper of its kind, and only where the action has it."""
    assert codes([*WAY[:4], move(MILESTONE, 5, milestone="held", evidence=(proof("report"),))]) == [
        "case_milestone_unproved"
    ]
    assert codes([*WAY[:4], move(MILESTONE, 5, milestone="nothing", evidence=(proof("photo"),))]) == [
        "case_milestone_unknown"
    ]


def test_nothing_happens_before_the_registration():
    """A word, a milestone and a note wait for the opening."""
    for kind in (COUNTERSIGNED, MILESTONE, "problem", "assigned"):
        state = standing([move(kind, 1)])
        assert (state.node, state.side) == ("", "")
        assert [fault.code for fault in state.refused] == ["case_not_opened"]
    assert codes([*WAY[:3], move("dreaming", 4)]) == ["case_node_unknown"]


def test_an_action_of_an_unknown_kind_is_named():
    """A kind of item that nobody defined is an error that names it."""
    with pytest.raises(DuijieError) as caught:
        kind_of(Action("x", Bilingual("x"), "no-such-kind"))
    assert caught.value.code == "track_template_unknown"


@pytest.mark.parametrize("kind", OF_ACTIONS, ids=lambda one: one.name)
def test_every_node_of_every_kind_can_be_reached(kind):
    """From the first node every other one follows, and somewhere it ends or repeats."""
    seen, left = {kind.first.key}, [kind.first.key]
    while left:
        fresh = set(kind.nodes[left.pop()].next) - seen
        seen |= fresh
        left += fresh
    assert seen == set(kind.nodes)
    assert any((node.is_end and not node.reasons) or node.repeats for node in kind.nodes.values())
