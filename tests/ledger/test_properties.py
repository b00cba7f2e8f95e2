"""What holds of every record, whatever happened: on lives that dice told, of two nodes that send late and twice."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.random_lives import ACTS, SIDES, Throw, World, throws, world_of

from duijie.ledger import events, record
from duijie.ledger.exchange import take_in
from duijie.ledger.log import MemoryLog, indexed
from duijie.ledger.record import definitions_of
from duijie.ledger.seal import Chain, Entry
from duijie.ledger.verify import verify

EXAMPLES = settings(max_examples=100)
Tables = dict[str, dict[str, list[dict[str, Any]]]]
# Where a row shows words that may be erased; the person whose event it is stands in no row.
SHOWN_WORDS = frozenset({"title_zh", "title_en", "payload", "opened", "name", "name_en"})


def tables(log: MemoryLog) -> Tables:
    """Every row by table and subject, but for subjects without any."""
    return {
        name: {key: rows for key, rows in kept.items() if rows} for name, kept in log.rows.items() if any(kept.values())
    }


def observed(bundles: Iterable[Sequence[Entry]]) -> Tables:
    """What a node reads that was handed some bundles, one after the other."""
    log = MemoryLog("life")
    for bundle in bundles:
        take_in(log, bundle)
    return tables(log)


def dealt(entries: Sequence[Entry], seed: int) -> list[list[Entry]]:
    """The entries shuffled, half of them twice, in bundles of one to five."""
    dice = random.Random(seed)
    mixed = [*entries, *dice.sample(entries, len(entries) // 2)]
    dice.shuffle(mixed)
    bundles = []
    while mixed:
        n = dice.randint(1, 5)
        bundles.append(mixed[:n])
        mixed = mixed[n:]
    return bundles


def test_the_dice_reach_what_can_go_wrong() -> None:
    """A hundred lives hold every event of a party, listing and case, and every way an event can be taken."""
    dice, said, judged = random.Random(7), set[str](), set[str]()
    for _ in range(100):
        world = world_of([(dice.randrange(2), dice.choice(ACTS), dice.randrange(1000)) for _ in range(40)])
        said |= {event.kind for _, event, _ in world.told}
        for log in world.logs.values():
            judged |= {one.verdict for at in log.subjects() for one in record.fold_of(log, at).judged.values()}
    silent = {"key.set", "agreement.published", "took", "verified", "file.destroyed", "kept", "noted"}
    silent |= {"epoch.closed", "contradicted"}  # of restores and forks: see the simulation
    silent |= {"arranged"}  # of a side's own desk: see its golden history
    assert set(events.EVENTS) - said == silent
    assert judged == {"counts", "pending", "overtaken", "irregular", "late"}


@EXAMPLES
@given(throws, st.integers(0, 1 << 20))
def test_the_order_of_arrival_changes_nothing(thrown: list[Throw], seed: int) -> None:
    """A fold is a function of the set of entries: shuffled, doubled and in small bundles is the same as all at once."""
    entries = world_of(thrown).shared()
    assert observed(dealt(entries, seed)) == observed([entries])


@EXAMPLES
@given(throws, st.integers(0, 1 << 20))
def test_to_receive_again_changes_nothing(thrown: list[Throw], seed: int) -> None:
    """What a node already holds leaves every entry, place and row as it was, in whatever order it comes again."""
    world = world_of(thrown)
    for side, log in world.logs.items():
        before, rows = {chain: list(log.entries(chain)) for chain in log.heads()}, tables(log)
        others = [entry for bundle in dealt(world.shared(), seed) for entry in bundle]
        held = {one.entry.digest for kept in before.values() for one in kept}
        take_in(log, [entry for entry in others if entry.digest in held])
        assert {chain: list(log.entries(chain)) for chain in log.heads()} == before, side
        assert tables(log) == rows, side


@EXAMPLES
@given(throws, st.integers(0, 1 << 20))
def test_a_part_that_comes_later_is_as_good_as_one_that_came_at_once(thrown: list[Throw], seed: int) -> None:
    """Entries handed over without some of their parts, and those parts afterwards, fold as the whole ones do."""
    entries = world_of(thrown).shared()
    dice = random.Random(seed)

    def less(entry: Entry) -> Entry:
        # That there was an event of a case is never held back: what is shown of it is not undone.
        is_kept = {"base"} if indexed(entry).event.sort == "case" else set()
        parts = [part if part.label in is_kept or dice.random() < 0.5 else part.withheld() for part in entry.parts]
        return Entry(entry.header, tuple(parts), entry.signature)

    assert observed([[less(one) for one in entries], entries]) == observed([entries])
    assert observed([entries, [less(one) for one in entries]]) == observed([entries])


@EXAMPLES
@given(throws)
def test_live_and_folded_anew_are_the_same_rows(thrown: list[Throw]) -> None:
    """What each node folded act by act is what its entries fold to at once, their places worked out anew."""
    for log in world_of(thrown).logs.values():
        rows = tables(log)
        fresh = MemoryLog("life", files=log.files)
        fresh.settle([one for chain in log.heads() for one in log.entries(chain)])
        record.rebuild(fresh)
        assert tables(fresh) == rows


@EXAMPLES
@given(throws)
def test_a_double_press_is_one_thing(thrown: list[Throw]) -> None:
    """Said again at once everything, and said again ever after everything about a case: the first id, no new entry."""
    world = World()
    for throw in thrown:
        n_told = len(world.told)
        world.do(throw)
        for side, event, commit in world.told[n_told:]:
            assert _pressed_again(world, side, event) == commit
    for side, event, commit in world.told:
        if event.sort == "case" and not isinstance(event, events.Erased):
            assert _pressed_again(world, side, event) == commit


def _pressed_again(world: World, side: str, event: events.Event) -> str:
    n_entries = {chain: head.seq for chain, head in world.logs[side].heads().items()}
    commit = world.append(side, event)
    assert {chain: head.seq for chain, head in world.logs[side].heads().items()} == n_entries
    return commit


@EXAMPLES
@given(throws)
def test_nothing_that_was_acknowledged_is_lost(thrown: list[Throw]) -> None:
    """Every id that was given back stands on its author's chain, and, once sent, at the other node; both verify.

    A step that took no effect stands on its author's list until it is taken off it.
    """
    world = world_of(thrown)
    world.exchange()
    for side, event, commit in world.told:
        here = {one.entry.commit: one.event for one in world.logs[side].entries(Chain(side, event.is_inner))}
        assert commit in here
        for other in SIDES:
            there = {one.entry.commit for one in world.logs[other].entries(Chain(side, event.is_inner))}
            assert (commit in there) == (other == side or not event.is_inner)
    for side, log in world.logs.items():
        verdict = verify(log, definitions_of(log), whole=[side])
        assert verdict.faults == ()
        listed = {row["target"] for row in log.table("todo") if row["act"] == "redo_or_clear"}
        for author, event, commit in world.told:
            if event.is_inner and author != side:
                continue
            taken = record.fold_of(log, event.subject).judged[commit].verdict
            assert taken != "pending", "everything has been sent and taken up"
            if isinstance(event, events.Step) and taken != "counts":
                gone = {one["id"] for one in log.table("step") if one["state"] == "withdrawn"}
                assert (commit in listed) != (commit in gone)


@EXAMPLES
@given(throws)
def test_two_nodes_that_heard_all_read_the_same(thrown: list[Throw]) -> None:
    """What both hold folds to the same cases, steps, grants and tasks at both."""
    world = world_of(thrown)
    world.exchange()
    north, south = (tables(world.logs[side]) for side in SIDES)
    for name in ("case", "step"):
        assert north.get(name) == south.get(name), name
    for name in ("grant", "todo"):
        cases = [
            {key: rows for key, rows in one.get(name, {}).items() if key.startswith("case/")} for one in (north, south)
        ]
        assert cases[0] == cases[1], name


@EXAMPLES
@given(throws)
def test_erased_words_leave_every_figure_as_it_was(thrown: list[Throw]) -> None:
    """All words of both sides are erased: no column but those that show words changes, and the record verifies."""
    world = world_of(thrown)
    world.exchange()
    before = {side: _without_words(world.logs[side]) for side in SIDES}
    n_erased = 0
    for side in SIDES:
        for subject, commit, label in world.words(side):
            erased = events.Erased(subject=subject, on=world.day, commit=commit, label=label, ground="consent")
            world.say(side, erased)
            n_erased += 1
    assert n_erased > 0
    world.exchange()
    for side in SIDES:
        log = world.logs[side]
        assert _without_words(log) == before[side]
        assert world.words(side) == []
        assert verify(log, definitions_of(log), whole=[side]).faults == ()


def _without_words(log: MemoryLog) -> Tables:
    return {
        name: {
            key: [{c: v for c, v in row.items() if c not in SHOWN_WORDS} for row in rows] for key, rows in kept.items()
        }
        for name, kept in tables(log).items()
    }
