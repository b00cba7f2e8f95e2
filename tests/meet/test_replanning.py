"""The live day: few changes, the past locked, everybody told."""

import time
from dataclasses import replace

import pytest

from duijie.errors import InputError
from duijie.meet import Builder, plan, replan
from duijie.meet.generate import generated_day
from duijie.meet.instance import Meeting
from duijie.meet.replanning import away, close_table

from .checker import violations


@pytest.fixture(scope="module")
def held():
    return plan(generated_day(60, 180, n_slots=12, seed=2), seconds=4)


def changed(old, new):
    return {name for name, slot in old.slots.items() if new.slots.get(name) != slot}


def test_nothing_happened_changes_nothing(held):
    again = replan(held, held.instance)
    assert (again.moves, again.n_moved, again.is_fewest) == ((), 0, True)
    assert again.timetable.placements == held.placements


def test_a_late_train_moves_that_persons_meetings_alone(held):
    missed = ["1", "2", "3", "4"]
    early = {name for name, slot in held.slots.items() if slot in missed}
    person = _people(held, min(early))[0]
    late = away(held.instance, person, missed)
    again = replan(held, late)
    forced = {name for name in early if person in _people(held, name)}
    assert forced <= changed(held, again.timetable)
    assert again.n_forced == len(forced) > 0
    relaxed = replace(late, meetings=tuple(replace(one, is_required=False) for one in late.meetings))
    assert violations(relaxed, replace(again.timetable, instance=relaxed)) == []
    told = {person for name in changed(held, again.timetable) for person in _people(held, name)}
    assert told <= set(again.people)


def test_the_past_is_locked_even_for_those_said_to_be_away(held):
    everywhere = [slot.key for slot in held.instance.slots]
    again = replan(held, away(held.instance, "p4", everywhere), now="5")
    for name, slot in held.slots.items():
        if int(slot) < 5:
            assert again.timetable.slots[name] == slot
        elif "p4" in _people(held, name):
            assert name not in again.timetable.slots
    assert {one.meeting for one in again.timetable.unplaced} == {
        name for name, slot in held.slots.items() if int(slot) >= 5 and "p4" in _people(held, name)
    }


def test_a_lost_table_and_a_new_request(held):
    fewer = close_table(held.instance, "1", ["6", "7"])
    guests = next(("p0", one.id) for one in fewer.people if int(one.id[1:]) % 2 and not _met(held, "p0", one.id))
    asked = replace(fewer, meetings=(*fewer.meetings, Meeting("new", guests)))
    again = replan(held, asked)
    assert "new" in again.timetable.slots or again.timetable.unplaced
    assert not any(one.table == "1" and one.slot in "67" for one in again.timetable.placements)
    relaxed = replace(asked, meetings=tuple(replace(one, is_required=False) for one in asked.meetings))
    assert violations(relaxed, replace(again.timetable, instance=relaxed)) == []


def test_a_meeting_that_was_withdrawn_leaves_the_plan(held):
    gone = held.placements[0].meeting
    kept = replace(held.instance, meetings=tuple(one for one in held.instance.meetings if one.id != gone))
    again = replan(held, kept)
    assert gone not in again.timetable.slots
    assert len(again.timetable.slots) == len(held.slots) - 1


def test_fewest_by_hand():
    builder = Builder().slot("1").slot("2").slot("3").table("A").table("B").person("p").person("q").person("r")
    day = builder.person("s").meeting("m", "pq", slots=["1"]).meeting("n", "rs", slots=["1"]).build()
    held = plan(day, seconds=5)
    free = replace(day, meetings=tuple(replace(one, slots=None) for one in day.meetings))
    again = replan(held, away(free, "p", ["1"]))
    assert changed(held, again.timetable) == {"m"}
    assert again.is_fewest
    assert set(again.people) == {"p", "q"}


def test_other_slots_are_refused(held):
    with pytest.raises(InputError):
        replan(held, replace(held.instance, slots=held.instance.slots[:2]))
    with pytest.raises(InputError):
        replan(held, held.instance, now="noon")


def test_it_keeps_to_its_time(held):
    started = time.process_time()
    replan(held, away(held.instance, "p7", ["3", "4", "5"]), now="3")
    # CPU seconds of two threads: wall time means nothing on a shared machine.
    assert time.process_time() - started < 8


def _people(held, name):
    return held.instance.meetings[held.instance.meeting_index[name]].people


def _met(held, one, other):
    return any({one, other} == set(meeting.people) for meeting in held.instance.meetings)


def test_no_time_at_all_still_gives_a_plan_that_can_be_held(held):
    keys = [slot.key for slot in held.instance.slots]
    day = held.instance
    for table in held.instance.tables[1:]:
        day = close_table(day, table.key, keys)
    again = replan(held, day, seconds=0.001)
    assert again.timetable.unplaced
    assert not again.is_fewest
    relaxed = replace(day, meetings=tuple(replace(one, is_required=False) for one in day.meetings))
    assert violations(relaxed, replace(again.timetable, instance=relaxed)) == []
