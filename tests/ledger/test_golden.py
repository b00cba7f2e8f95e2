"""The golden histories: each folds to what its YAML says people read, whatever order its entries arrive in."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from tests.ledger.play import check, lives, outgoing, play, read

from duijie.ledger import record
from duijie.ledger.events import EVENTS
from duijie.ledger.exchange import take_in
from duijie.ledger.log import MemoryLog
from duijie.ledger.record import definitions_of
from duijie.ledger.seal import Entry
from duijie.ledger.verify import verify

LIVES = lives()


@pytest.mark.parametrize("path", LIVES, ids=lambda path: path.stem)
def test_a_life_folds_to_what_people_read(path: Path) -> None:
    """Each table of each node holds the rows the YAML names, and none besides; the record of each verifies."""
    told = read(path)
    life = play(told, MemoryLog)
    for side, expected in told["expect"].items():
        sides = life.sides[:1] if side == "all" and life.is_one else life.sides if side == "all" else [side]
        for one in sides:
            check(life, life.logs[one], expected)
            log = life.logs[one]
            verdict = verify(log, definitions_of(log), whole=None if life.is_one else [one])
            assert verdict.faults == ()


@pytest.mark.parametrize("path", LIVES, ids=lambda path: path.stem)
def test_any_order_of_arrival_folds_alike(path: Path) -> None:
    """An observer gets the entries of both sides one by one, shuffled and doubled: the fold is the same each time."""
    life = play(read(path), MemoryLog)
    entries = [entry for side in life.sides for entry in outgoing(life.logs[side], side)]
    wanted = _observed([entries])
    assert wanted["case"] or wanted["party"] or wanted["listing"]
    for seed in range(5):
        dice = random.Random(seed)
        mixed = [*entries, *dice.sample(entries, len(entries) // 2)]
        dice.shuffle(mixed)
        cuts = sorted(dice.sample(range(len(mixed)), min(4, len(mixed))))
        bundles = [mixed[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
        assert _observed(bundles) == wanted, seed


def _observed(bundles: list[list[Entry]]) -> dict[str, list[dict[str, Any]]]:
    log = MemoryLog("golden")
    for bundle in bundles:
        take_in(log, bundle)
    return {name: log.table(name) for name in ("party", "listing", "case", "step", "grant", "todo")}


@pytest.mark.parametrize("path", LIVES, ids=lambda path: path.stem)
def test_live_and_rebuilt_are_the_same_rows(path: Path) -> None:
    """Folded anew from nothing but the entries, each node has the rows it had."""
    life = play(read(path), MemoryLog)
    for side in life.sides:
        log = life.logs[side]
        before = sorted(map(repr, log.stored_rows()))
        log.rows.clear()
        record.rebuild(log)
        assert sorted(map(repr, log.stored_rows())) == before
        log.settle([one for chain in log.heads() for one in log.entries(chain)])
        log.rows.clear()
        record.rebuild(log)
        assert sorted(map(repr, log.stored_rows())) == before, "placed anew"


def test_the_histories_hold_every_kind_of_event_and_every_verdict() -> None:
    """Together they say everything that can be said but the key, the file and what a version does not know."""
    said, judged, refused = set[str](), set[str](), set[str]()
    for path in LIVES:
        told = read(path)
        life = play(told, MemoryLog)
        said |= {line["event"] for line in told["life"] if "event" in line}
        refused |= {line["refused"] for line in told["life"] if "refused" in line}
        for log in life.logs.values():
            for subject in log.subjects():
                judged |= {one.verdict for one in record.fold_of(log, subject).judged.values()}
    silent = {"key.set", "agreement.published", "took", "verified", "retired", "file.destroyed"}
    silent |= {"epoch.closed", "contradicted"}  # of restores and forks: see the simulation
    assert said | silent == set(EVENTS)
    assert {"counts", "pending", "overtaken", "late"} <= judged
    assert len(refused) >= 9
