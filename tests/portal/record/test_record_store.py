"""The golden histories in the database: the rows, the rebuild and the verdict are those of the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ledger.play import Life, check, lives, play, read

from duijie.ledger import record
from duijie.ledger.log import MemoryLog
from duijie.ledger.seal import Chain
from duijie.ledger.verify import verify
from duijie_portal.ledger import checking
from duijie_portal.ledger.store import DatabaseLog

ONE = [path for path in lives() if read(path)["portals"] == "one"]
TWO = [(path, side) for path in lives() if read(path)["portals"] == "two" for side in read(path)["sides"]]


def expected_at(told: Any, side: str) -> Iterator[Any]:
    """What the YAML expects at the node of a side."""
    for name, expected in told["expect"].items():
        if name in ("all", side):
            yield expected


@pytest.mark.parametrize("path", ONE, ids=lambda path: path.stem)
def test_a_life_of_one_portal_folds_in_the_database(path: Path, store: Any) -> None:
    """Act by act through the one way in: the rows are those of the YAML, verify holds, a rebuild changes none."""
    told = read(path)
    life = play(told, lambda _: store(told["sides"]))
    log = life.logs[told["sides"][0]]
    for expected in expected_at(told, ""):
        check(life, log, expected)
    _holds(life, log, None)


@pytest.mark.parametrize(("path", "side"), TWO, ids=lambda value: getattr(value, "stem", value))
def test_a_node_of_two_folds_in_the_database(path: Path, side: str, store: Any) -> None:
    """What a node of one side holds, kept in the database: the same rows, withheld parts are none that were lost."""
    told = read(path)
    life = play(told, MemoryLog)
    held, log = life.logs[side], store(told["sides"])
    chains: list[Chain] = sorted(held.heads())
    log.add([one for chain in chains for one in held.entries(chain)])
    for content in held.files.values():  # type: ignore[attr-defined]
        log.keep(content)
    record.rebuild(log)
    for expected in expected_at(told, side):
        check(life, log, expected)
    _holds(life, log, [side])


def _holds(life: Life, log: DatabaseLog, whole: list[str] | None) -> None:
    def rows() -> list[str]:
        return sorted(map(repr, log.stored_rows()))

    before, verdict = rows(), verify(log, record.definitions_of(log), whole=whole)
    assert verdict.faults == ()
    assert verdict.n_entries == sum(1 for chain in log.heads() for _ in log.entries(chain)) > 0
    checking.rebuild([log.agreement.pk])
    assert rows() == before
    # The same entries in memory fold to the same rows.
    memory = MemoryLog()
    memory.settle([one for chain in log.heads() for one in log.entries(chain)])
    for sha256 in {file.sha256 for chain in log.heads() for one in log.entries(chain) for file in one.event.files}:
        memory.keep(log.file(sha256) or b"")
    record.rebuild(memory)
    assert memory.rows.keys() - {"case"} <= {name for name, _, _ in log.stored_rows()} | {"case", "todo", "decline"}
    for table, kept in memory.rows.items():
        n_rows = sum(map(len, kept.values()))
        assert n_rows == sum(name == table for name, _, _ in log.stored_rows()), table
