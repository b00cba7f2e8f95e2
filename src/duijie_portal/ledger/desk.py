"""A side's own desk as it stands today: who has which item, until when, and who stands in for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from duijie import data
from duijie_portal.accounts.models import Person

from .entries import DeskAct, Todo
from .models import Agreement
from .visibility import PARTY_ROLES

__all__ = ["ASKED", "Desk", "DeskRule", "acts_about", "desk_of", "is_handed", "names_of", "rules", "stands_in"]

ASKED = ("carry_out", "read")
"""What an inner act asks of somebody that is an item of its own; ``handle`` passes on one that stands already."""
_ABSENT = "deputised"


@dataclass(frozen=True, slots=True)
class DeskRule:
    """One inner act: who may, to whom, what it asks, and what belongs to it (``may``, ``must`` or nothing)."""

    key: str
    power: str
    to: str
    note: str
    asks: str = ""
    item: bool = False
    day: str = ""
    file: bool = False


@cache
def rules() -> Mapping[str, DeskRule]:
    """The inner acts by key, in the order in which a page offers them."""
    found = data.read(data.root() / "policies" / "desk.yaml", "desk")["acts"]
    return {key: DeskRule(key, **said) for key, said in found.items()}


@dataclass(frozen=True)
class Desk:
    """What a side arranged that holds today.

    `handed` says by item who has it now, `due` until when the side itself wants it, `absent` by user name for whom
    somebody stands in.
    """

    handed: Mapping[str, DeskAct] = field(default_factory=dict)
    due: Mapping[str, date] = field(default_factory=dict)
    absent: Mapping[str, Sequence[Person]] = field(default_factory=dict)

    def has(self, person: Person, departments: Collection[str], people: Collection[str]) -> bool:
        """Whether a person is one of those named: by name, as one of a department, or for whom they stand in."""
        every = (person, *self.absent.get(person.username, ()))
        if any(one.username in people for one in every):
            return True
        return bool(departments) and not _offices(every).isdisjoint(departments)


def _offices(people: Iterable[Person]) -> set[str]:
    return {office.key for one in people for office in one.departments.all()}


def desk_of(agreement: Agreement, sides: Iterable[str]) -> Desk:
    """The desks of some sides: one query, and another for those who are away."""
    today, alive = timezone.localdate(), Todo.objects.filter(agreement=agreement).values("pk")
    away = Q(what=_ABSENT, from_on__lte=today, due_on__gte=today)
    rows = DeskAct.objects.filter(agreement=agreement, side__in=set(sides) - {""}, is_open=True)
    found = list(rows.filter(away | Q(what__in=("handed", "postponed"), item__in=alive)).order_by("on", "at", "pk"))
    return Desk(
        handed={one.item: one for one in found if one.what == "handed"},
        due={one.item: one.due_on for one in found if one.what == "postponed" and one.due_on},
        absent=_absent(one for one in found if one.what == _ABSENT),
    )


def _absent(rows: Iterable[DeskAct]) -> dict[str, list[Person]]:
    pairs = [(deputy, row.for_person) for row in rows for deputy in row.people]
    found: dict[str, list[Person]] = {}
    if not pairs:
        return found
    people = Person.objects.filter(username__in={name for _, name in pairs}).prefetch_related("departments")
    named = {one.username: one for one in people}
    for deputy, name in pairs:
        if name in named:
            found.setdefault(deputy, []).append(named[name])
    return found


def stands_in(person: Person, agreement: Agreement) -> Sequence[Person]:
    """Those of the same side whose work under an agreement a person does today; asked once a request."""
    if person.role in PARTY_ROLES or not person.side_id:
        return ()
    if agreement.pk not in person.stands_in:
        person.stands_in = {agreement.pk: desk_of(agreement, [person.side_id]).absent.get(person.username, ())}
    return person.stands_in[agreement.pk]


def is_handed(person: Person, agreement: Agreement, key: str) -> bool:
    """Whether an item of a case that still waits was handed to a person, to their department, or to one who is away."""
    if person.role in PARTY_ROLES or not person.side_id:
        return False
    alive = Todo.objects.filter(agreement=agreement, key=key).values("pk")
    rows = DeskAct.objects.filter(agreement=agreement, side=person.side_id, key=key, what="handed", is_open=True)
    desk = Desk(absent={person.username: stands_in(person, agreement)})
    return any(desk.has(person, row.departments, row.people) for row in rows.filter(item__in=alive))


def acts_about(agreement: Agreement, person: Person, sort: str, key: str) -> QuerySet[DeskAct]:
    """What a person's own side arranged about something, the latest last; nothing for a party."""
    if person.role in PARTY_ROLES or not person.side_id:
        return DeskAct.objects.none()
    rows = DeskAct.objects.filter(agreement=agreement, side=person.side_id, sort=sort, key=key)
    return rows.order_by("on", "at", "pk")


def names_of(usernames: Iterable[str]) -> dict[str, Any]:
    """The names of accounts by user name."""
    return {one.username: one.name for one in Person.objects.filter(username__in=set(usernames) - {""})}
