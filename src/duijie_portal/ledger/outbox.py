"""What leaves the portal: each line is handed to its channels in one transaction, then sent until the receiver has it.

At least once: a delivery taken up is due again after a while, so that a sender killed half-way is followed by another;
the receiver knows a repetition by its key. What is said outside is a title without values, and a link.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from duijie import data
from duijie.data import sentence
from duijie.data.words import words
from duijie.errors import DuijieError
from duijie_portal.accounts.models import Person

from . import hooks
from .models import Delivery, Hook, Notification, Preference
from .quiet import due_at

__all__ = ["deliver", "outside_title", "pass_on", "policy"]

_N_AT_ONCE = 200
logger = logging.getLogger("duijie.outbox")


@cache
def policy() -> dict[str, Any]:
    """What is urgent, how often a delivery is tried again, and how long one try may take."""
    found: dict[str, Any] = data.read(data.root() / "policies" / "notices.yaml", "notices")
    return found


def outside_title(code: str, language: str) -> str:
    """The title of a line as it may be read outside the portal: what it is about, without any value."""
    named = f"outside_{code}"
    return sentence(named if named in words(language) else "outside_any", language)


def is_mail_set_up() -> bool:
    """Whether the operator gave the portal a way to send mails."""
    return not str(settings.EMAIL_BACKEND).startswith("django.core.mail.backends.dummy")


@transaction.atomic
def pass_on(now: datetime) -> int:
    """Hand new lines to the channels of those they are for; how many. Runs beside itself without harm."""
    new = Notification.objects.filter(passed_on_at=None).order_by("pk")
    rows = list(new.select_for_update(skip_locked=True, of=("self",)).select_related("person")[:_N_AT_ONCE])
    wishes = {wish.pk: wish for wish in Preference.objects.filter(pk__in={row.person_id for row in rows})}
    for row in rows:
        wish = wishes.get(row.person_id)
        if wish and wish.mail != wish.Mail.OFF and is_mail_set_up():
            _to_person(row, wish, now)
    _to_hooks(rows, now)
    return Notification.objects.filter(pk__in=[row.pk for row in rows]).update(passed_on_at=now)


def _to_person(row: Notification, wish: Preference, now: datetime) -> None:
    """A delivery of its own at once, or a line of the one that leaves later."""
    at = due_at(timezone.localtime(now), wish, is_urgent=row.code in policy()["urgent"])
    key = f"mail-{row.pk}" if at <= now else f"mail-{row.person_id}-{row.agreement_id}-{int(at.timestamp())}"
    fields = {"agreement_id": row.agreement_id, "side_id": row.person.side_id, "person": row.person, "due_at": at}
    made, _ = Delivery.objects.get_or_create(key=key, defaults=fields)
    made.lines.add(row)


def _to_hooks(rows: Sequence[Notification], now: datetime) -> None:
    """One message for a hook of whatever several people of its side were told at the same time."""
    told: dict[tuple[Any, ...], list[Notification]] = {}
    for row in rows:
        same = (row.agreement_id, row.person.side_id, row.code, row.path, str(row.values))
        told.setdefault(same, []).append(row)
    for (agreement, side, *_), alike in told.items():
        for hook in Hook.objects.filter(agreement=agreement, side=side, is_active=True):
            fields = {"agreement_id": agreement, "side_id": side, "hook": hook, "due_at": now}
            made, _ = Delivery.objects.get_or_create(key=f"hook-{hook.pk}-{alike[0].pk}", defaults=fields)
            made.lines.add(alike[0])


def deliver(now: datetime) -> int:
    """Send what is due; how many tries were made. Runs beside itself without harm."""
    n_tries = 0
    while (row := _taken(now)) is not None:
        _try(row, now)
        n_tries += 1
    return n_tries


@transaction.atomic
def _taken(now: datetime) -> Delivery | None:
    """The first one due, held for a while: should its sender die, it is due again."""
    due = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=now).order_by("due_at", "pk")
    row = due.select_for_update(skip_locked=True, of=("self",)).select_related("person", "hook").first()
    if row is not None:
        row.n_tries += 1
        row.due_at = now + timedelta(minutes=policy()["hold_minutes"])
        row.save(update_fields=["n_tries", "due_at"])
    return row


def _try(row: Delivery, now: datetime) -> None:
    try:
        outcome = _tell_hook(row, row.hook, now) if row.hook else _send_mail(row)
    except DuijieError as error:
        outcome = error.code
    except SMTPException as error:
        outcome = f"outbox_mail_{type(error).__name__}"
    except hooks.Failure as error:
        outcome = f"outbox_{type(error).__name__}"
    _note(row, outcome, now)


def _note(row: Delivery, outcome: str, now: datetime) -> None:
    """Keep what the try met: sent, not needed any more, to be tried again later, or given up."""
    again = policy()["again_minutes"]
    done = {"": Delivery.State.SENT, "outbox_not_needed": Delivery.State.DROPPED}
    row.outcome = outcome[:60]
    if outcome in done or row.n_tries > len(again):
        row.state, row.ended_at = done.get(outcome, Delivery.State.FAILED), now
    else:
        row.due_at = now + timedelta(minutes=again[row.n_tries - 1])
    row.save(update_fields=["outcome", "state", "ended_at", "due_at"])


def _tell_hook(row: Delivery, hook: Hook, now: datetime) -> str:
    """The status where it is no success; a hook switched off since needs nothing."""
    line = row.lines.first()
    if not hook.is_active or line is None:
        return "outbox_not_needed"
    document = {
        "delivery": row.key,
        "agreement": row.agreement_id,
        "at": line.at.isoformat(),
        "title": {"zh": outside_title(line.code, "zh"), "en": outside_title(line.code, "en")},
        "link": settings.PUBLIC_URL + line.path,
    }
    status = hooks.post(hook, document, key=row.key, moment=int(now.timestamp()))
    return "" if 200 <= status < 300 else f"outbox_status_{status}"


def _send_mail(row: Delivery) -> str:
    """One mail of all its lines; what was read in the portal meanwhile, or of an account closed, needs none."""
    person, lines = row.person, list(row.lines.filter(read_at=None).order_by("pk"))
    if person is None or not person.is_active or not person.email or not lines:
        return "outbox_not_needed"
    mail = EmailMessage(_subject(lines), _text(lines), to=[person.email])
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("<> ")
    mail.extra_headers = {"Message-ID": f"<{row.key}@{host}>", "Auto-Submitted": "auto-generated"}
    mail.send()
    return ""


def _subject(lines: Sequence[Notification]) -> str:
    if len(lines) == 1:
        return " · ".join(outside_title(lines[0].code, language) for language in ("zh", "en"))
    return " · ".join(sentence("outside_subject", language, {"n": len(lines)}) for language in ("zh", "en"))


def _text(lines: Iterable[Notification]) -> str:
    """Both languages, Chinese first: what it is about and where it is read."""
    shown = list(lines)
    return "\n\n".join(_part(shown, language) for language in ("zh", "en")) + "\n"


def _part(lines: Sequence[Notification], language: str) -> str:
    rows = [f"· {outside_title(one.code, language)}\n  {settings.PUBLIC_URL}{one.path}" for one in lines]
    return "\n".join([sentence("outside_head", language), *rows, sentence("outside_foot", language)])


def people_hear(person: Person) -> bool:
    """Whether a person can get mails at all: the portal can send them and knows an address."""
    return is_mail_set_up() and bool(person.email)
