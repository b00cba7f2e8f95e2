"""How people are told: the one place that leaves a line for somebody, and what they say of how they hear of it.

Mails and hooks follow from the lines (:mod:`duijie_portal.ledger.outbox`), so whoever tells anybody comes through here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from django.db.models import Model, QuerySet
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person

from .hooks import check_address
from .models import Agreement, Delivery, Hook, Notification, Preference, Told
from .outbox import people_hear
from .services import own_side
from .store import hold
from .visibility import Gated, reader_of

__all__ = [
    "Notice",
    "add_hook",
    "deliveries_of",
    "first_time",
    "first_times",
    "hooks_of",
    "renew_key",
    "send_again",
    "switch_hook",
    "tell",
    "wish",
]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell people: a code with values, and where it leads.

    `about` is the row of the record of which it speaks: who may not read that is not told. There is none where it
    speaks of the hearer's own (their job, their part of a visit) or of what was cut for the hearer already. What has a
    key `once` is said once, however often it is told.
    """

    people: Iterable[Person]
    code: str
    path: str
    values: Mapping[str, Any] = field(default_factory=dict)
    about: Model | None = None
    once: str = ""


def tell(agreement: Agreement, *notices: Notice) -> int:
    """Leave a line for each person of each notice who has an account in use and may read what it is about; how many."""
    new = first_times(agreement, {one.once for one in notices} - {""}) | {""}
    said = [(one, person) for one in notices if one.once in new for person in _each_once(one.people)]
    reads = _gate(said)
    lines = [
        Notification(person=person, agreement=agreement, code=one.code, values=dict(one.values), path=one.path)
        for one, person in said
        if one.about is None or one.about.pk in reads[_asked(one.about, person)]
    ]
    return len(Notification.objects.bulk_create(lines))


def _each_once(people: Iterable[Person]) -> Iterable[Person]:
    return {one.pk: one for one in people if one.is_active}.values()


Asked = tuple[type[Model], frozenset[str]]


def _asked(about: Model, person: Person) -> Asked:
    """Whoever reads in the same scopes reads the same rows: the gate is asked once for all of them."""
    return type(about), reader_of(person).scopes


def _gate(said: Iterable[tuple[Notice, Person]]) -> dict[Asked, set[Any]]:
    rows: defaultdict[Asked, set[Any]] = defaultdict(set)
    readers: dict[Asked, Person] = {}
    for one, person in said:
        if one.about is not None:
            key = _asked(one.about, person)
            rows[key].add(one.about.pk)
            readers[key] = person
    return {key: _seen(key[0], rows[key], person) for key, person in readers.items()}


def _seen(model: type[Model], keys: set[Any], person: Person) -> set[Any]:
    rows = cast("Gated[Model]", model._default_manager.filter(pk__in=keys))
    return set(rows.visible_to(person).values_list("pk", flat=True))


def first_times(agreement: Agreement, keys: Iterable[str]) -> set[str]:
    """Which alerts have not been given yet; from then on they have, if the transaction around stands."""
    wanted = {key: key[:200] for key in keys}
    if not wanted:
        return set()
    hold(agreement)
    known = set(Told.objects.filter(pk__in=wanted.values()).values_list("pk", flat=True))
    Told.objects.bulk_create([Told(pk=pk) for pk in sorted({*wanted.values()} - known)])
    return {key for key, pk in wanted.items() if pk not in known}


def first_time(agreement: Agreement, key: str) -> bool:
    """Whether an alert has not been given yet; from then on it has, if the transaction around stands."""
    return key in first_times(agreement, [key])


def wish_of(person: Person) -> Preference:
    """How a person wants to hear; in the portal only, until they say otherwise."""
    return Preference.objects.filter(person=person).first() or Preference(person=person)


@write("notice.own")
def wish(person: Person, agreement: Agreement, /, **fields: Any) -> Preference:
    """Say how and when one wants to hear outside the portal.

    Raises
    ------
    InputError
        One wants mails, though the portal sends none or knows no address.
    """
    if fields.get("mail", Preference.Mail.OFF) != Preference.Mail.OFF and not people_hear(person):
        raise InputError("notice_no_mail")
    row = Preference(person=person, **fields)
    row.full_clean(validate_unique=False)
    row.save()
    return row


def hooks_of(agreement: Agreement, person: Person) -> QuerySet[Hook]:
    """The addresses of one's own side."""
    return Hook.objects.filter(agreement=agreement, side=person.side_id)


def deliveries_of(agreement: Agreement, person: Person) -> QuerySet[Delivery]:
    """What left the portal for people and addresses of one's own side, latest first."""
    return Delivery.objects.filter(agreement=agreement, side=person.side_id).select_related("hook", "person")


@write("system.run")
def add_hook(person: Person, agreement: Agreement, /, *, name: str, url: str) -> Hook:
    """Let an address of one's own side's house hear of its lines.

    Raises
    ------
    InputError
        The operator does not allow the address.
    """
    check_address(url)
    return Hook.objects.create(agreement=agreement, side_id=own_side(person), name=name, url=url)


@write("system.run")
def switch_hook(person: Person, hook: Hook, /, *, is_active: bool) -> None:
    """Stop telling an address, or begin again."""
    _own(person, hook)
    hook.is_active = is_active
    hook.save(update_fields=["is_active"])


@write("system.run")
def renew_key(person: Person, hook: Hook, /) -> None:
    """Sign with a new key from now on; the old one holds no longer."""
    _own(person, hook)
    hook.key_number += 1
    hook.save(update_fields=["key_number"])


@write("system.run")
def send_again(person: Person, row: Delivery, /) -> None:
    """Try once more what was given up.

    Raises
    ------
    DeniedError
        It is another side's, or was not given up.
    """
    _own(person, row)
    given_up = Delivery.objects.filter(pk=row.pk, state=Delivery.State.FAILED)
    if not given_up.update(state=Delivery.State.WAITING, n_tries=0, due_at=timezone.now(), ended_at=None):
        raise DeniedError("notice_not_given_up")


def _own(person: Person, row: Hook | Delivery) -> None:
    if row.side_id != person.side_id:
        raise DeniedError("portal_other_side_owns", {"side": row.side_id or ""})
