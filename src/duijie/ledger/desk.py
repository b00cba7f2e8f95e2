"""A side's own desk: what its people arranged among themselves about one thing, and what of it is still open.

Folded from the inner chain alone: no shared row depends on it, and the other side holds none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import events
from .state import Placed, Rows, ordered

__all__ = ["desk_rows", "desk_subject"]

# Of these the later one about an item takes the place of the earlier.
_REPLACING = frozenset({"handed", "postponed"})


def desk_subject(side: str, about: str) -> str:
    """The subject of what a side arranges about something (``sort/id``): each side has its own.

    Examples
    --------
    >>> desk_subject("north", "case/u+s")
    'desk/north:case/u+s'
    """
    return f"desk/{side}:{about}"


def desk_rows(subject: str, stream: Sequence[Placed]) -> Rows:
    """A row for each act, and a to-do for everybody whom an open one asks for something."""
    side = subject.partition("/")[2].partition(":")[0]
    said = [(one, one.event) for one in ordered(stream) if one.side == side and isinstance(one.event, events.Arranged)]
    ended = _ended(said)
    rows, tasks = list[dict[str, Any]](), list[dict[str, Any]]()
    for at, (one, event) in enumerate(said):
        to = [] if one.commit in ended else _still_asked(one.commit, event, said)
        is_open = one.commit not in ended and not event.answers and (bool(to) or not event.asks)
        rows.append({**_row(subject, one, event), "at": at, "is_open": is_open})
        tasks += [_task(subject, one, event, department, person) for department, person in to]
    return {"desk": rows, "todo": tasks}


Said = Sequence[tuple[Placed, events.Arranged]]


def _ended(said: Said) -> set[str]:
    """The acts that a later one took the place of, or that asked for nothing and were taken back."""
    asked = {one.commit: event.asks for one, event in said}
    ended, last = set[str](), dict[tuple[str, str], str]()
    for one, event in said:
        if event.answers and not asked.get(event.answers, ""):
            ended.add(event.answers)
        if event.what in _REPLACING:
            ended.add(last.get((event.what, event.item), ""))
            last[event.what, event.item] = one.commit
    return ended


def _still_asked(commit: str, event: events.Arranged, said: Said) -> list[tuple[str, str]]:
    """Each department and person an act is addressed to that has not answered it: the other of the two is empty.

    A department has answered once one of its people has.
    """
    if not event.asks:
        return []
    answers = [other for _, other in said if other.answers == commit]
    offices = {key for other in answers for key in other.departments}
    people = {name for other in answers for name in other.people("for")}
    named = [(key, "") for key in event.departments if key not in offices]
    return named + [("", name) for name in event.people() if name not in people]


def _row(subject: str, one: Placed, event: events.Arranged) -> dict[str, Any]:
    sort, _, key = subject.partition(":")[2].partition("/")
    return {
        "id": one.commit,
        "source": subject,
        "side": one.side,
        "sort": sort,
        "key": key,
        "what": event.what,
        "asks": event.asks,
        "item": event.item,
        "answers": event.answers,
        "on": event.on,
        "from_on": event.from_on,
        "due_on": event.due_on,
        "role": event.role,
        "by": event.by,
        "who": event.words.get("who", ""),
        "for_person": " ".join(event.people("for")),
        "departments": list(event.departments),
        "people": list(event.people()),
    }


def _task(subject: str, one: Placed, event: events.Arranged, department: str, person: str) -> dict[str, Any]:
    sort, _, key = subject.partition(":")[2].partition("/")
    return {
        "id": f"{subject}|{event.asks}|{department or person}|{one.commit}",
        "source": subject,
        "sort": sort,
        "key": key,
        "act": event.asks,
        "role": "",
        "side": one.side,
        "party": "",
        "department": department,
        "person": person,
        "target": one.commit,
        "node": "",
        "since_on": event.on,
        "due_on": event.due_on,
        "stuck_after_days": 0,
    }
