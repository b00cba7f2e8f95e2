"""What a side keeps beside cases and listings: something to book, an exchange day, a series, a paper.

Each such thing is the value its last act left. An act names the act it follows, so that of two that met one value the
later one is overtaken and nobody's change is lost unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from duijie.errors import Fault

from . import events
from .state import COUNTS, IRREGULAR, OVERTAKEN, PENDING, Judgement, Placed

__all__ = ["KeptState", "fold_kept", "kept_row", "readers_of"]


@dataclass
class KeptState:
    """A kept thing: the act that made it and the one that last changed it, and how each was taken."""

    first: Placed | None = None
    last: Placed | None = None
    judged: dict[str, Judgement] = field(default_factory=dict)

    @property
    def value(self) -> events.Kept | None:
        said = self.last.event if self.last else None
        return said if isinstance(said, events.Kept) else None

    @property
    def ordering(self) -> str:
        said = self.first.event if self.first else None
        return said.ordering if isinstance(said, events.Kept) else ""


def fold_kept(stream: Sequence[Placed]) -> KeptState:
    """A kept thing from its acts, in the order that is law."""
    state = KeptState()
    for one in stream:
        state.judged[one.commit] = judgement = _judge(state, one)
        if judgement.verdict == COUNTS and isinstance(one.event, events.Kept):
            state.first, state.last = state.first or one, one
    return state


def _judge(state: KeptState, one: Placed) -> Judgement:
    event, value = one.event, state.value
    if isinstance(event, events.Unknown):
        return Judgement(PENDING, Fault("record_kind_unknown", {}, {"kind": event.name}))
    if not isinstance(event, events.Kept):
        return Judgement(COUNTS)
    if value is None:
        # What follows an act that is not here yet waits for it.
        return Judgement(PENDING if event.after else COUNTS if one.side == event.ordering else IRREGULAR)
    if event.ordering != state.ordering or one.side not in (state.ordering, *value.writers):
        return Judgement(IRREGULAR, Fault("record_other_side", {}, {"side": state.ordering}))
    if event.after != getattr(state.last, "commit", ""):
        judged = state.judged.get(event.after)
        is_known = not event.after or (judged is not None and judged.verdict != PENDING)
        return Judgement(OVERTAKEN if is_known else PENDING, Fault("record_overtaken"))
    return Judgement(COUNTS)


def kept_row(state: KeptState) -> dict[str, Any] | None:
    """The row of a kept thing, None where there is nothing any more or nothing of its value was handed over here; an
    account of another home is no column here.
    """
    value = state.value
    if value is None or state.last is None or value.is_gone or not value.fields:
        return None
    words = {key.removeprefix(events.PERSON): text for key, text in value.words.items() if key != "who"}
    return {"id": value.id, "side": state.ordering, **value.fields, **words, "revision": state.last.commit}


def readers_of(state: KeptState) -> Iterable[tuple[str, str]]:
    """Each scope that reads a kept thing, with the stage it reads up to."""
    value = state.value
    if value is not None and not value.is_gone:
        yield f"side:{state.ordering}", "own"
        yield from ((scope, "agreed") for scope in value.readers)
