"""The writes of a side's own desk: reminding, handing on, instructing, circulating, postponing; leave and successors.

All of it stands on the side's inner chain. Who has an item changes, and nothing that the other side reads.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.ledger import events
from duijie.ledger.desk import desk_subject
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Department, Person, Role
from duijie_portal.accounts.powers import POWERS, may

from .charge import HEADS
from .desk import DeskRule, rules
from .entries import DeskAct, Todo
from .inbox import READ, WAITING, asker, holders, power_of, waiting_for
from .models import Agreement, Case, Listing, Party
from .recording import append, author_of
from .visibility import PARTY_ROLES

__all__ = [
    "Arrangement",
    "Possible",
    "answer",
    "arrange",
    "deputies_of",
    "end_leave",
    "hand_over",
    "leave",
    "possible_for",
    "row_about",
]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What somebody arranges: which act, about which item, whom it is addressed to, and what belongs to it."""

    what: str
    item: str = ""
    departments: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    note: str = ""
    due_on: date | None = None
    files: tuple[events.FileRef, ...] = ()
    names: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Possible:
    """Whom something may be addressed to: departments of the side that have such a person, and the persons."""

    departments: Sequence[Department]
    people: Sequence[Person]


def row_about(agreement: Agreement, person: Person, sort: str, key: str) -> Case | Listing | Party | None:
    """What an arrangement is about, if it is there for this official: a case they see, or a row of their own side."""
    if person.role in PARTY_ROLES:
        return None
    if sort == "case":
        found: Case | None = Case.objects.filter(agreement=agreement, pk=key).visible_to(person).first()
        return found
    model = {"listing": Listing, "party": Party}.get(sort)
    return model.objects.filter(agreement=agreement, side=person.side_id, pk=key).first() if model else None  # type: ignore[attr-defined]


def possible_for(agreement: Agreement, person: Person, row: Todo | None, rule: DeskRule) -> Possible:
    """Whom an act may be addressed to: other officials of the side who may do what it asks of them."""
    power = {"handle": power_of(row) if row else "case.answer", "carry_out": "desk.act"}.get(rule.asks, "read")
    people = _officials(agreement, person, power)
    if rule.to == "people":
        return Possible((), people)
    own = {office.pk for one in people if one.pk != person.pk for office in one.departments.all()}
    offices = Department.objects.filter(agreement=agreement.pk, side=person.side_id, pk__in=own)
    return Possible(list(offices), [one for one in people if one.pk != person.pk])


def _officials(agreement: Agreement, person: Person, power: str) -> list[Person]:
    rows = Person.objects.filter(side=person.side_id, is_active=True).exclude(role__in=PARTY_ROLES)
    return [one for one in rows.prefetch_related("departments") if may(one, power) and one.role != Role.AUDITOR]


@write("desk.act")
def arrange(person: Person, agreement: Agreement, /, *, sort: str, key: str, said: Arrangement) -> str:
    """Arrange something among one's own people; the id of the act.

    Raises
    ------
    DeniedError
        The person may not, or neither has the item nor leads those who have.
    InputError
        There is no such matter or item, nobody to address it to, or words or a day are missing.
    """
    rule = rules().get(said.what)
    if rule is None or row_about(agreement, person, sort, key) is None:
        raise InputError("desk_nothing_there")
    if not may(person, rule.power):
        raise DeniedError("desk_not_yours")
    row = Todo.objects.filter(agreement=agreement, pk=said.item, key=key, side=person.side_id).first()
    if rule.item and row is None:
        raise InputError("desk_item_gone")
    if row is not None and rule.item and rule.to != "holders":
        _must_have(agreement, person, row)
    _whole(rule, said)
    departments, people = _addressed(agreement, person, row, rule, said)
    author = author_of(person, agreement).says(_hand(person, rule))
    words = {**author.pop("words"), "note": said.note.strip(), f"{events.PERSON}to": " ".join(people)}
    event = events.Arranged(
        subject=desk_subject(person.side_id or "", f"{sort}/{key}"),
        on=timezone.localdate(),
        what=rule.key,
        asks=rule.asks,
        item=said.item if rule.item else "",
        departments=departments,
        due_on=said.due_on if rule.day else None,
        files=said.files if rule.file else (),
        words={name: text for name, text in {**words, **(said.names or {})}.items() if text},
        **author,
    )
    [commit] = append(agreement, [(person.side_id or "", event)], today=timezone.localdate())
    return commit


def _must_have(agreement: Agreement, person: Person, row: Todo) -> None:
    """Refuse whoever arranges what is not theirs to arrange.

    Raises
    ------
    DeniedError
        The item is somebody else's, and the person leads nobody.
    """
    if person.role not in HEADS and not asker(agreement, [row], [person]).is_for(row, person):
        raise DeniedError("desk_not_yours")


def _hand(person: Person, rule: DeskRule) -> str:
    """In whose hand an instruction is: the leader's own, or the office's that records what a leader wrote on paper."""
    if rule.power != "desk.instruct":
        return ""
    return "leader" if person.role == Role.LEADER else "office"


def _whole(rule: DeskRule, said: Arrangement) -> None:
    """Refuse an act that lacks what its rule asks for.

    Raises
    ------
    InputError
        Words or a day are missing, or the day has passed.
    """
    if rule.note == "must" and not said.note.strip():
        raise InputError("desk_note_missing")
    if rule.day == "must" and said.due_on is None:
        raise InputError("desk_day_missing")
    if said.due_on is not None and said.due_on < timezone.localdate():
        raise InputError("desk_day_past")


def _addressed(
    agreement: Agreement, person: Person, row: Todo | None, rule: DeskRule, said: Arrangement
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The departments and the persons an act is addressed to.

    Raises
    ------
    InputError
        Nobody is named, or one who is none of the side's or may not do it.
    """
    if rule.to == "nobody":
        return (), ()
    if rule.to == "holders":
        people = tuple(sorted(_who_does(agreement, person, row) if row else ()))
        if not people:
            raise InputError("desk_nobody_has_it")
        return (), people
    possible = possible_for(agreement, person, row, rule)
    offices, names = {one.key for one in possible.departments}, {one.username for one in possible.people}
    named = len(said.departments) + len(said.people)
    if not named or (rule.to == "one" and named > 1):
        raise InputError("desk_whom_missing")
    if not offices.issuperset(said.departments) or not names.issuperset(said.people):
        raise InputError("desk_whom_unknown")
    return tuple(dict.fromkeys(said.departments)), tuple(dict.fromkeys(said.people))


def _who_does(agreement: Agreement, person: Person, row: Todo) -> set[str]:
    """Who is reminded of an item: those of the office that has it; those who lead only where nobody else has it."""
    held = [one for one, _ in holders(agreement, [row]) if one.pk != person.pk]
    return {one.username for one in held if one.role not in HEADS} or {one.username for one in held}


@write("own.read")
def answer(person: Person, agreement: Agreement, /, *, item: str, note: str = "") -> str:
    """Say that what was circulated is read, or that an instruction is carried out; ``read`` or ``carry_out``.

    Raises
    ------
    InputError
        It was answered already.
    DeniedError
        It is somebody else's.
    """
    row = Todo.objects.filter(agreement=agreement, pk=item, side=person.side_id, act__in=("read", "carry_out")).first()
    if row is None:
        raise InputError("desk_answered")
    if not asker(agreement, [row], [person]).is_for(row, person):
        raise DeniedError("desk_not_yours")
    author = author_of(person, agreement).says()
    # whoever stands in for somebody answers in their name, and the page says by whom
    words = {**author.pop("words"), "note": note.strip(), f"{events.PERSON}for": row.person or person.username}
    event = events.Arranged(
        subject=row.source,
        on=timezone.localdate(),
        what={"read": "noted", "carry_out": "carried_out"}[row.act],
        answers=row.target,
        departments=(row.department,) if row.department else (),
        words={name: text for name, text in words.items() if text},
        **author,
    )
    append(agreement, [(person.side_id or "", event)], today=timezone.localdate())
    return row.act


# Leave and successors


def _colleague(agreement: Agreement, person: Person, username: str) -> Person:
    """An official of one's own side.

    Raises
    ------
    InputError
        There is none of that name.
    """
    rows = Person.objects.filter(username=username, side=person.side_id, is_active=True).exclude(role__in=PARTY_ROLES)
    found = rows.first()
    if found is None:
        raise InputError("desk_whom_unknown")
    return found


def deputies_of(agreement: Agreement, away: Person) -> list[Person]:
    """Who may stand in for a person: colleagues whose role carries every power that the person's does."""
    needed = POWERS[away.role]
    rows = Person.objects.filter(side=away.side_id, is_active=True).exclude(pk=away.pk)
    return [one for one in rows.order_by("username") if needed <= POWERS.get(one.role, frozenset())]


def _about_people(
    person: Person, agreement: Agreement, what: str, whose: str, to: str, note: str, **about: Any
) -> events.Arranged:
    author = author_of(person, agreement).says()
    words = {f"{events.PERSON}for": whose, f"{events.PERSON}to": to, "note": note.strip()}
    return events.Arranged(
        on=timezone.localdate(),
        what=what,
        words={name: text for name, text in {**author.pop("words"), **words}.items() if text},
        **{"subject": desk_subject(person.side_id or "", f"person/{uuid.uuid4()}"), **author, **about},
    )


def _may_speak_for(person: Person, whose: Person) -> None:
    """Of one's own work everybody disposes, of others' a coordinator or a leader.

    Raises
    ------
    DeniedError
        It is somebody else's.
    """
    if whose.pk != person.pk and person.role not in HEADS:
        raise DeniedError("desk_not_yours")


@write("desk.act")
def leave(
    person: Person, agreement: Agreement, /, *, whose: str, to: str, from_on: date, until_on: date, note: str = ""
) -> str:
    """Have a colleague stand in for somebody from day to day: the deputy sees and does what is theirs.

    Raises
    ------
    DeniedError
        It is somebody else's leave.
    InputError
        The days are wrong, or the colleague's role may not do all that the person's does.
    """
    away, deputy = _colleague(agreement, person, whose), _colleague(agreement, person, to)
    _may_speak_for(person, away)
    if not timezone.localdate() <= until_on or not from_on <= until_on:
        raise InputError("desk_days_wrong")
    if deputy.pk not in {one.pk for one in deputies_of(agreement, away)}:
        raise InputError("desk_deputy_unfit")
    event = _about_people(
        person, agreement, "deputised", away.username, deputy.username, note, from_on=from_on, due_on=until_on
    )
    [commit] = append(agreement, [(person.side_id or "", event)])
    return commit


@write("desk.act")
def end_leave(person: Person, agreement: Agreement, /, *, act: str) -> None:
    """End a leave before its last day.

    Raises
    ------
    InputError
        It is over already.
    """
    row = DeskAct.objects.filter(
        agreement=agreement, side=person.side_id, pk=act, what="deputised", is_open=True
    ).first()
    if row is None:
        raise InputError("desk_answered")
    _may_speak_for(person, _colleague(agreement, person, row.for_person))
    event = _about_people(person, agreement, "deputy_ended", row.for_person, "", "", subject=row.source, answers=row.pk)
    append(agreement, [(person.side_id or "", event)])


@write("desk.act")
def hand_over(person: Person, agreement: Agreement, /, *, whose: str, to: str, note: str = "") -> int:
    """Hand everything that is open on somebody's list to a successor, in one act; how many items.

    Raises
    ------
    DeniedError
        It is somebody else's list, and the person leads nobody.
    InputError
        The successor may not do one of the items, or there is nothing to hand over.
    """
    old, new = _colleague(agreement, person, whose), _colleague(agreement, person, to)
    _may_speak_for(person, old)
    if old.pk == new.pk:
        raise InputError("desk_whom_unknown")
    rows = waiting_for(agreement, old, (*WAITING, *READ))
    standing = {row.pk for row in waiting_for(agreement, new, (*WAITING, *READ))}
    moved = [row for row in rows if row.pk not in standing]
    if not rows:
        raise InputError("desk_nothing_open")
    if not all(may(new, power_of(row)) for row in moved):
        raise InputError("desk_deputy_unfit")
    said: list[events.Event] = [_handed(person, row, new, note) for row in moved]
    said.append(_about_people(person, agreement, "succeeded", old.username, new.username, note))
    append(agreement, [(person.side_id or "", one) for one in said])
    return len(rows)


def _handed(person: Person, row: Todo, new: Person, note: str) -> events.Arranged:
    about = desk_subject(person.side_id or "", f"{row.sort}/{row.key}")
    return _about_people(
        person, row.agreement, "handed", "", new.username, note, subject=about, asks="handle", item=row.pk
    )
