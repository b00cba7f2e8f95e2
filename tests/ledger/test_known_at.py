"""As known at K: whatever happened since, a past state comes back as it was read, but for words that were erased."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.random_lives import ACTS, DAY, MOMENT, SIDES, Throw, World, throws
from tests.ledger.recalled import is_same

from duijie.errors import InputError
from duijie.ledger import events
from duijie.ledger.known import GONE, Known, cut, heads_at, heads_named, parse_known, remember
from duijie.ledger.log import MemoryLog
from duijie.ledger.seal import Chain
from duijie.terms import Agreement, Area, Bilingual, Clause, Indicator, Region, Step
from duijie.track import progress
from duijie.track.indicators import measures

_N_ASKED = 5  # moments of a life that are asked for again


def agreement() -> Agreement:
    """An agreement of the clause that the random lives are about, with every indicator there is."""
    indicators = tuple(
        Indicator(name, Bilingual(name, name), name, "cny" if name.endswith("amount") else "n")
        for name in sorted(measures())
    )
    clause = Clause("leather", 1, "area", Bilingual("皮革", "Leather"), indicators=indicators)
    sides = tuple(Region(side, Bilingual(side, side)) for side in SIDES)
    return Agreement("small", Bilingual("小", "Small"), sides, "2025-01-01", (Area("area", Bilingual("域", "Area")),),
                     (clause,), ())  # fmt: skip


AGREEMENT = agreement()


def figures(log: MemoryLog) -> str:
    """The figures and reasons of the agreement from the rows of a log, as canonical JSON."""
    steps = [
        Step(row["case"], "leather", row["kind"], row["on"].isoformat(), row["side"], row["by"],
             None if row["amount"] is None else float(row["amount"]), row["unit"], row["reason"], row["is_confirmed"])
        for row in log.table("step") if row["counts"]
    ]  # fmt: skip
    found = progress(AGREEMENT, steps=steps, as_of=DAY + timedelta(days=60)).to_dict()
    return json.dumps(found, ensure_ascii=False, sort_keys=True)


def rows(log: MemoryLog) -> Any:
    """Every row by table and subject as plain JSON; subjects without any left out."""
    kept = {name: {key: found for key, found in table.items() if found} for name, table in log.rows.items()}
    return json.loads(json.dumps({name: table for name, table in kept.items() if table}, default=str))


def recalled(log: MemoryLog, known: Known) -> MemoryLog:
    past = MemoryLog(log.name, files=log.files)
    remember(past, cut(log, known))
    return past


def assert_same(log: MemoryLog, then: Any, now: Any) -> None:
    """The same rows, subject by subject."""
    torn = {one.event.subject for chain in log.heads() for one in log.entries(chain) if
            isinstance(one.event, events.Erased)}  # fmt: skip
    assert {name: set(table) for name, table in then.items()} == {name: set(table) for name, table in now.items()}
    for name, table in then.items():
        for subject, found in table.items():
            assert is_same(found, now[name][subject], is_torn=subject in torn), (name, subject)


@settings(max_examples=200)
@given(throws, st.integers(0, 1 << 20))
def test_any_past_state_comes_back(thrown: list[Throw], seed: int) -> None:
    """On 200 lives, at every node: the rows of K as they were, the figures and reasons to the letter.

    Corrections, returns, withdrawals, erasures and what arrived late come between K and the question.
    """
    world, seen, dice = World(), list[tuple[MemoryLog, Known, Any, str]](), random.Random(seed)
    asked = set(dice.sample(range(len(thrown)), _N_ASKED))
    for at, throw in enumerate(thrown):
        world.do(throw)
        if at in asked:
            log = world.logs[dice.choice(SIDES)]
            seen.append((log, log.heads(), rows(log), figures(log)))
    world.exchange()
    for log, known, then, said in seen:
        past = recalled(log, known)
        assert figures(past) == said
        assert_same(log, then, rows(past))


@settings(max_examples=50)
@given(throws, st.integers(0, 1 << 20))
def test_an_entry_of_ones_own_fixes_what_was_known_of_the_other(thrown: list[Throw], seed: int) -> None:
    """A node of one side names its own entry k: what it had seen of the other side stands in that entry."""
    world, seen = World(), list[tuple[str, int, Any]]()
    for throw in thrown:
        before = {side: log.heads()[Chain(side)] for side, log in world.logs.items()}
        world.do(throw)
        for side, log in world.logs.items():
            head = log.heads()[Chain(side)]
            if head.seq == before[side].seq + 1:  # it wrote one entry, having seen all that was here
                seen.append((side, head.seq, rows(log)))
    world.exchange()
    for side, seq, then in random.Random(seed).sample(seen, min(_N_ASKED, len(seen))):
        log = world.logs[side]
        assert_same(log, then, rows(recalled(log, heads_named(log, {side: seq}))))


@settings(max_examples=50)
@given(throws)
def test_a_moment_says_the_same_as_the_heads_it_stands_for(thrown: list[Throw]) -> None:
    """K by the clock of the own node is K by the entries that it had written by then."""
    for side, log in logs_of(thrown).items():
        for one in log.entries(Chain(side)):
            named = heads_named(log, {side: one.entry.head.seq})
            at = heads_at(log, one.recorded_at, [side])
            assert named[Chain(side)] == one.entry.head
            assert at[Chain(side)] >= named[Chain(side)]
            if at[Chain(side)] == named[Chain(side)]:
                assert at == named


def logs_of(thrown: list[Throw]) -> dict[str, MemoryLog]:
    world = World()
    for throw in thrown:
        world.do(throw)
    return world.logs


def test_erased_words_are_marked_and_nothing_of_them_is_left() -> None:
    """A note and the free text of a need read 〔已删除〕 at a K before the erasure; what is no word stands."""
    world = World()
    world.do((0, "submit", 1))
    for act in ("step", "confirm", "send"):
        for side in (0, 1):
            world.do((side, act, 0))
    known = world.logs["north"].heads()
    before = json.dumps(rows(recalled(world.logs["north"], known)), ensure_ascii=False)
    assert "电话 1" in before
    for subject, commit, label in world.words("north"):
        world.say("north", events.Erased(subject=subject, on=world.day, commit=commit, label=label, ground="consent"))
    past = recalled(world.logs["north"], known)
    after = json.dumps(rows(past), ensure_ascii=False)
    assert "电话" not in after
    assert GONE in after
    [need] = past.table("listing")
    assert need["payload"] == {"title": GONE}
    assert (need["role"], need["party"], need["kind"]) == ("need", "mill", "supply")
    notes = [one.event.words.get("note") for one in past.entries(Chain("north")) if isinstance(one.event, events.Step)]
    assert notes
    assert set(notes) == {GONE}


def test_nothing_was_known_before_the_first_entry() -> None:
    """A moment before the log began: no row, and figures that say nobody reported."""
    log = logs_of([])["north"]
    past = recalled(log, heads_at(log, MOMENT - timedelta(days=1), ["north"]))
    assert rows(past) == {}
    assert "track_nobody_reported" in figures(past)


@pytest.mark.parametrize("text", ["", "x", "2026-02-30", "north:", "north:x", ":5", "north:1,,south:2", "x" * 600])
def test_what_names_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="known_unreadable"):
        parse_known(text)


def test_a_day_beyond_the_bounds_is_refused() -> None:
    for text in ("9999-12-31", "0001-01-01"):
        with pytest.raises(InputError, match="day_outside"):
            parse_known(text)
    assert parse_known(" 2025-03-01 ") == date(2025, 3, 1)


@pytest.mark.parametrize("numbers", [{"north": 9_999}, {"east": 1}, {"north": 0}, {"north": 10**12 - 1}])
def test_an_entry_that_is_not_here_is_refused(numbers: dict[str, int]) -> None:
    """A number beyond the chain, a side that writes no chain: told with how many there are."""
    with pytest.raises(InputError, match="known_entry_unknown"):
        heads_named(logs_of([])["north"], numbers)


def test_the_dice_erase_and_correct_between_k_and_the_question() -> None:
    """The lives of the property hold what it is about: else it would hold of nothing."""
    dice, between = random.Random(3), set[str]()
    for _ in range(60):
        world = World()
        for throw in [(dice.randrange(2), dice.choice(ACTS), dice.randrange(1000)) for _ in range(40)]:
            world.do(throw)
        between |= {event.kind for _, event, _ in world.told}
    assert {"erased", "corrected", "returned", "withdrawn", "retired", "released"} <= between
