"""What people and sides say of how they are told: wishes of a person, addresses of a side, sending again."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person

from .hooks import check_address
from .models import Agreement, Delivery, Hook, Preference, Told
from .outbox import people_hear
from .services import own_side

__all__ = ["add_hook", "deliveries_of", "first_time", "hooks_of", "renew_key", "send_again", "switch_hook", "wish"]


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


def first_time(key: str) -> bool:
    """Whether an alert has not been given yet; from then on it has, if the transaction around stands."""
    try:
        with transaction.atomic():
            Told.objects.create(pk=key[:200])
    except IntegrityError:
        return False
    return True
