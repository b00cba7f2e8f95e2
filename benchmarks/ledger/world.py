"""One figure of the record on a node of its own: run in a process that has the node's environment.

``python -m benchmarks.ledger.world load|bare|rebuild|verify|writers N`` prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.harness import timed
from benchmarks.records import write

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")

FOLDER = Path(__file__).parents[2] / "tests" / "agreements" / "qinglan-haitang"


def main() -> None:
    import django

    django.setup()
    print(json.dumps(WORKS[sys.argv[1]](int(sys.argv[2]))))


def _agreement() -> Any:
    from duijie_portal.ledger.models import Agreement

    return Agreement.objects.get()


def load(n_cases: int) -> dict[str, Any]:
    """Everything of a file of records put on record in one transaction."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from duijie_portal.ledger.loading import load_folder, load_records

    agreement = load_folder(FOLDER)
    sides = list(agreement.sides.order_by("code").values_list("code", flat=True))
    with tempfile.TemporaryDirectory() as place:
        path = write(Path(place) / "records.jsonl", sides, n_cases)
        took = timed(lambda: load_records(agreement, path))
    return {"n": agreement.entries.count(), "cpu": took.cpu, "wall": took.wall}


def rebuild(_: int) -> dict[str, Any]:
    """Every row folded anew."""
    from duijie_portal.ledger import checking

    agreement = _agreement()
    took = timed(lambda: list(checking.rebuild([agreement.pk])))
    return {"n": agreement.entries.count(), "cpu": took.cpu, "wall": took.wall}


def bare(_: int) -> dict[str, Any]:
    """The same bytes, read from the node, in a plain table of another SQLite file and one transaction."""
    import sqlite3

    from duijie_portal.ledger.entries import EntryPart, Word

    rows = [(bytes(one),) for one in _agreement().entries.values_list("header", flat=True)]
    for model in (EntryPart, Word):
        rows += [(bytes(one),) for one in model.objects.values_list("data", flat=True)]
    with tempfile.TemporaryDirectory() as place:
        database = sqlite3.connect(Path(place) / "bare.sqlite3")
        database.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, data BLOB)")

        def insert() -> None:
            with database:
                database.executemany("INSERT INTO kept (data) VALUES (?)", rows)

        took = timed(insert)
    return {"n": len(rows), "cpu": took.cpu, "wall": took.wall}


def verify(_: int) -> dict[str, Any]:
    """Every hash, signature, row and column compared."""
    from duijie_portal.ledger import checking

    agreement = _agreement()
    found: list[Any] = []
    took = timed(lambda: found.append(checking.verify_agreement(agreement)))
    return {"n": agreement.entries.count(), "cpu": took.cpu, "wall": took.wall, "holds": found[0].holds}


def writers(n_each: int) -> dict[str, Any]:
    """Sixteen writers at once, each a party at a time as fast as it can: seconds of each acknowledged append."""
    agreement, found = _agreement(), list[float]()
    side = agreement.sides.order_by("code").first()
    # A process that serves has read the kinds of case before its first writer comes.
    _writer(agreement, side.pk, -1, 1, [])()
    threads = [threading.Thread(target=_writer(agreement, side.pk, at, n_each, found)) for at in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found.sort()
    return {"n": len(found), "median": found[len(found) // 2], "p95": found[int(len(found) * 0.95)]}


def _writer(agreement: Any, side: str, at: int, n_each: int, found: list[float]) -> Callable[[], None]:
    from django.db import connection, transaction

    from duijie_portal.ledger import recording
    from duijie_portal.ledger.listings import party_event, party_fields
    from duijie_portal.ledger.recording import Author

    def work() -> None:
        for n in range(n_each):
            fields = party_fields(kind="firm", name=f"写入者 {at}-{n}", payload={}, is_verified=True)
            event = party_event(Author(side), f"w{at}-{n}", fields, date(2025, 6, 1))
            begin = time.perf_counter()
            with transaction.atomic():
                recording.append(agreement, [(side, event)])
            found.append(time.perf_counter() - begin)
        connection.close()

    return work


WORKS: dict[str, Callable[[int], dict[str, Any]]] = {
    "load": load, "bare": bare, "rebuild": rebuild, "verify": verify, "writers": writers,
}  # fmt: skip

if __name__ == "__main__":
    main()
