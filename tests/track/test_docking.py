"""Tickets, pairs, silence, contacts; conference and practices."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.track.conftest import SIDES, day

from duijie.terms import Bilingual
from duijie.terms.working_days import is_working_day
from duijie.track.conference import Decision, Practice, host_of, open_decisions, practices_at, tasks_of
from duijie.track.docking import Contact, Ticket, heat_map, pairs_of, silent_pairs, ticket_state

KEYS = tuple(f"{side}-office" for side in SIDES)


def ticket(opened: str, limit: int, replied: str = "") -> Ticket:
    return Ticket("t", "one", SIDES[0], *KEYS, opened, limit_working_days=limit, replied_on=replied)


@pytest.mark.parametrize(
    ("replied", "as_of", "state"),
    [
        ("2023-01-30", date(2023, 3, 1), "late"),  # 5 working days over Spring Festival: 18, 19, 20, 28, 29
        ("2023-01-29", date(2023, 3, 1), "in_time"),
        ("", date(2023, 1, 29), "open"),
        ("", date(2023, 1, 30), "overdue"),
        ("2023-02-10", date(2023, 1, 28), "open"),
    ],
)
def test_a_limit_over_the_spring_festival(replied, as_of, state):
    found = ticket_state(ticket("2023-01-17", 5, replied), as_of=as_of)
    assert found.due_on == "2023-01-29"
    assert found.state == state


@given(st.dates(date(2020, 1, 1), date(2026, 6, 1)), st.integers(0, 30), st.integers(0, 80))
def test_states_by_counting_days(opened, limit, later):
    as_of = opened + timedelta(later)
    found = ticket_state(ticket(opened.isoformat(), limit), as_of=as_of)
    passed = [opened + timedelta(n) for n in range(1, later + 1)]
    n_worked = sum(is_working_day(one) for one in passed)
    is_past = n_worked > limit or (n_worked == limit and later > 0 and as_of.isoformat() > found.due_on)
    assert found.state == ("overdue" if is_past else "open")


def test_silence_is_counted_from_the_last_contact_in_either_direction(agreement):
    (pair,) = pairs_of(agreement)
    assert tuple(one.key for one in pair.departments) == KEYS
    contacts = [Contact(KEYS[::-1], day(100)), Contact(KEYS, day(40)), Contact(KEYS, day(500))]
    (heard,) = silent_pairs([pair], contacts, as_of=date.fromisoformat(day(150)))
    assert (heard.last_on, heard.is_silent) == (day(100), False)
    (silent,) = silent_pairs([pair], contacts, as_of=date.fromisoformat(day(300)))
    assert silent.is_silent
    assert silent.silent_working_days > 90


def test_where_nothing_is_on_record_nothing_is_said_about_silence(agreement):
    """Two offices may well talk elsewhere: without a single recorded contact no days are counted."""
    (pair,) = silent_pairs(pairs_of(agreement), [], as_of=date.fromisoformat(day(900)))
    assert (pair.last_on, pair.silent_working_days, pair.is_silent) == ("", 0, False)


def test_the_heat_map_counts_months_and_forgets_direction():
    contacts = [Contact(KEYS, "2024-03-01"), Contact(KEYS[::-1], "2024-03-31"), Contact(KEYS, "2024-04-01")]
    assert heat_map(contacts, as_of=date(2024, 3, 31)) == {KEYS: {"2024-03": 2}}


def test_the_host_rotates(agreement):
    assert [host_of(agreement, number) for number in (1, 2, 3)] == [SIDES[0], SIDES[1], SIDES[0]]
    with pytest.raises(ValueError, match="0"):
        host_of(agreement, 0)


def test_decisions_become_tasks_and_stay_open_until_done():
    late = Decision("b", "c", "one", 1, Bilingual("办", "Do"), day(0), day(30), done_on=day(90))
    soon = Decision("a", "c", "two", 2, Bilingual("做", "Make"), day(0), day(20))
    assert open_decisions([late, soon], as_of=date.fromisoformat(day(60))) == (soon, late)
    assert open_decisions([late, soon], as_of=date.fromisoformat(day(90))) == (soon,)
    tasks = tasks_of([soon, late], template="conference-decision")
    assert [(clause, action.key, action.due_on) for clause, action in tasks] == [
        ("one", "b", day(30)),
        ("two", "a", day(20)),
    ]


def test_the_practice_register_shows_the_latest_status():
    entries = [
        Practice("p", "one", SIDES[0], Bilingual("做法", "Practice"), day(offset), status)
        for offset, status in ((50, "adopted"), (0, "noted"), (20, "trial"))
    ]
    for offset, status in ((10, "noted"), (20, "trial"), (99, "adopted")):
        (found,) = practices_at(entries, as_of=date.fromisoformat(day(offset)))
        assert found.status == status
