"""As known at K in the database: the tables of a past K hold the rows that were read then, life by life."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.ledger.random_lives import ACTS, MOMENT, SIDES, World
from tests.ledger.recalled import is_same

from duijie.ledger import events, record
from duijie.ledger.seal import Chain
from duijie_portal.ledger.known import looking_back
from duijie_portal.ledger.store import DatabaseLog

_HOME_ACTS = sorted(set(ACTS) - {"breach", "send"})  # nothing travels in one house, and nobody goes round its guards
Rows = dict[tuple[str, str], Any]


@dataclass
class House(World):
    """Both sides under one roof: one record in the database, with the keys of both."""

    def append(self, side: str, event: events.Event) -> str:
        self.n += 1
        about = {"recorded_at": MOMENT + timedelta(hours=self.n), "sides": SIDES}
        [commit] = record.append(self.logs[side], self.signers, [(side, event)], **about)  # type: ignore[arg-type]
        return commit

    def send(self, side: str, leave: int = 0) -> None:
        pass


def rows(log: DatabaseLog) -> Rows:
    return {(table, str(row["id"])): {**row, "": subject} for table, subject, row in log.stored_rows()}


@pytest.mark.parametrize("seed", range(6))
def test_the_tables_of_a_past_state_hold_what_was_read(seed: int, store: Any) -> None:
    """Of a life that dice told, four states by the numbers of the entries: every row, but for words erased since."""
    dice, log = random.Random(seed), store(SIDES)
    house, seen = House(logs=dict.fromkeys(SIDES, log)), list[tuple[str, Rows]]()  # type: ignore[arg-type]
    for _ in range(40):
        house.do((dice.randrange(2), dice.choice(_HOME_ACTS), dice.randrange(1000)))
        heads = log.heads()
        seen.append((",".join(f"{side}:{heads[Chain(side)].seq}" for side in SIDES), rows(log)))
    torn = {event.subject for _, event, _ in house.told if isinstance(event, events.Erased)}
    first = dict(reversed(seen))  # an inner event that follows has no number of its own
    for asked in dice.sample(sorted(first), 4):
        with looking_back(log.agreement, asked):
            found = rows(DatabaseLog(log.agreement))
        then = first[asked]
        assert found.keys() == then.keys()
        for key, row in then.items():
            assert is_same(row, found[key], is_torn=row[""] in torn), (asked, key)
