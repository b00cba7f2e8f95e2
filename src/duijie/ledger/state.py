"""What a subject is after some of its events: a case with its steps, a party or a listing with its revisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from duijie.errors import Fault

from . import events
from .kinds import CaseKind, stage_rank

__all__ = [
    "COUNTS",
    "IRREGULAR",
    "LATE",
    "OVERTAKEN",
    "PENDING",
    "Act",
    "CaseState",
    "Judgement",
    "ListingState",
    "Placed",
    "Rows",
    "StepState",
    "grant_row",
    "opening_of",
    "ordered",
]

Rows = Mapping[str, list[dict[str, Any]]]
"""The rows of a subject by table."""
COUNTS, PENDING, OVERTAKEN, IRREGULAR, LATE = "counts", "pending", "overtaken", "irregular", "late"


@dataclass(frozen=True, slots=True)
class Act:
    """An event as a guard sees it: what is said, under which id, on whose chain."""

    event: events.Event
    commit: str
    side: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """How the fold takes an event, and the reason where it does not count."""

    verdict: str
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """An event of a subject and where it stands: `place` in the ordering side's chain, None until taken up there."""

    event: events.Event
    commit: str
    side: str
    is_inner: bool
    epoch: int
    seq: int
    recorded_at: datetime
    place: tuple[int, int] | None

    @property
    def act(self) -> Act:
        return Act(self.event, self.commit, self.side)

    @property
    def is_taken(self) -> bool:
        return self.place is not None


def opening_of(stream: Iterable[Placed]) -> Placed | None:
    """The event that says whose chain orders a case or a kept thing, whatever order the events are in.

    Of several the one on the chain that it names itself, then the first side's first.
    """
    found = [(one, one.event) for one in stream if isinstance(one.event, events.CaseOpened | events.Kept)]
    firsts = sorted(found, key=lambda two: (two[0].side != two[1].ordering, two[0].side, two[0].epoch, two[0].seq))
    return firsts[0][0] if firsts else None


@dataclass
class StepState:
    """A step as later events left it; `corrections` wait for others, those that were `closed` do no longer.

    `trail` holds what was said on the step in order, `closed` what became of each correction (``agreed``, ``returned``,
    ``withdrawn``), `was` the amount and the day that a correction met.
    """

    act: Act
    node: str
    on: date
    amount: events.Amount | None
    is_taken: bool
    recorded_at: datetime
    agreed: dict[str, date] = field(default_factory=dict)
    corrections: dict[str, tuple[Act, dict[str, date]]] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    was: dict[str, tuple[events.Amount | None, date]] = field(default_factory=dict)
    trail: list[Act] = field(default_factory=list)
    state: str = "stands"
    is_disputed: bool = False
    return_reason: str = ""
    roles: tuple[str, ...] = ()
    is_held: bool = False

    @property
    def is_gone(self) -> bool:
        return self.state in ("returned", "withdrawn")

    @property
    def has_word_of_others(self) -> bool:
        return any(role not in self.roles for role in self.agreed)

    def waits_for(self, kind: CaseKind) -> tuple[str, ...]:
        """The roles whose confirmation is still missing."""
        return tuple(role for role in kind.nodes[self.node].confirmed_by if role not in self.agreed)

    def is_confirmed(self, kind: CaseKind) -> bool:
        return not self.waits_for(kind)

    def correction_waits(self, kind: CaseKind, target: str = "") -> tuple[str, ...]:
        """The roles that must agree with a correction that waits; with none named, with any of them."""
        needed = kind.nodes[self.node].confirmed_by or tuple(
            role for role, sort in kind.roles.items() if sort == "side"
        )
        asked = [agreed for commit, (_, agreed) in self.corrections.items() if target in ("", commit)]
        return tuple(role for role in needed if any(role not in agreed for agreed in asked))


@dataclass
class CaseState:
    """A case: where it stands (`node` since `on`), the event that last moved it (`tip`), its steps in order,
    and its `notes` and milestones, which never move it.

    `void` are the events that did not take effect, `cleared` those of them that their author took off its list.
    """

    kind: CaseKind | None = None
    opened: Placed | None = None
    roles: dict[str, str] = field(default_factory=dict)
    tip: str = ""
    node: str = ""
    on: date = events.FIRST
    steps: list[StepState] = field(default_factory=list)
    notes: list[Placed] = field(default_factory=list)
    judged: dict[str, Judgement] = field(default_factory=dict)
    void: dict[str, Placed] = field(default_factory=dict)
    cleared: set[str] = field(default_factory=set)

    @property
    def last(self) -> StepState | None:
        return next((one for one in reversed(self.steps) if not one.is_gone), None)

    @property
    def began_on(self) -> date:
        said = self.opened.event if self.opened else None
        return said.began_on if isinstance(said, events.CaseOpened) else events.FIRST

    def before(self, step: StepState) -> date:
        """The day of what stands before a step."""
        standing = [one for one in self.steps if not one.is_gone or one is step]
        at = standing.index(step)
        return standing[at - 1].on if at else self.began_on

    def step(self, commit: str) -> StepState | None:
        """The step of an id, or the one that a correction of that id is about."""
        return next((one for one in self.steps if commit in (one.act.commit, *one.corrections, *one.closed)), None)


@dataclass
class ListingState:
    """A party or a listing: its latest revision, the one that is open and how far, and whether it was taken back."""

    side: str = ""
    latest: Placed | None = None
    open: Placed | None = None
    visibility: str = "own"
    released_at: datetime | None = None
    first_open_on: date | None = None
    verified_on: date | None = None
    retired_on: date | None = None
    revisions: dict[str, Placed] = field(default_factory=dict)
    judged: dict[str, Judgement] = field(default_factory=dict)
    first: Placed | None = None


def ordered(stream: Iterable[Placed], side: str = "") -> list[Placed]:
    """The events in the order that is law: by the ordering side's chain; what it has not taken up comes last.

    At one place the others' events stand before the ordering side's own, whose author had seen them; an inner event
    stands after the shared one it had seen.
    """

    def key(one: Placed) -> tuple[Any, ...]:
        rank = 2 if one.is_inner else int(one.side == side)
        return (one.place is None, one.place or (one.epoch, one.seq), rank, one.side, one.epoch, one.seq)

    return sorted(stream, key=key)


def grant_row(source: str, sort: str, key: str, scope: str, stage: str) -> dict[str, Any]:
    name = f"{source}|{sort}/{key}|{scope}"
    return {"id": name, "source": source, "sort": sort, "key": key, "scope": scope, "stage": stage_rank(stage)}
