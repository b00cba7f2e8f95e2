"""What the pages of accounts show: who asks to come in, units, lock-outs, all that is kept of oneself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from duijie.intake.entities import core_name
from duijie_portal.accounts.models import Activity, Department, Person, Registration
from duijie_portal.accounts.registering import side_of
from duijie_portal.ledger.models import Agreement, Case, Listing, Notification, Party
from duijie_portal.ledger.recording import words_of, written_by
from duijie_portal.match.listing_selectors import application_documents, applications, follows

__all__ = ["locked", "own_data", "receipt_document", "registration_document", "registrations", "units"]


def registrations(agreement: Agreement, person: Person) -> QuerySet[Registration]:
    """What was sent to one's own side, waiting ones first, oldest before."""
    rows = Registration.objects.filter(agreement=agreement.pk, side=person.side_id)
    return rows.order_by("-state", "created_at").select_related("decided_by")


def registration_document(agreement: Agreement, row: Registration) -> dict[str, Any]:
    """A registration with what speaks for care: where the code was registered, who on record looks the same."""
    is_waiting = row.state == Registration.State.WAITING
    about = {
        name: getattr(row, name) for name in ("kind", "name", "uscc", "region", "town", "contact", "email", "phone")
    }
    return {
        "id": row.pk,
        **about,
        "side": row.side_id,
        "username": row.username,
        "state": row.state,
        "reason": row.reason,
        "created_at": row.created_at,
        "decided_by": row.decided_by.username if row.decided_by else "",
        "decided_at": row.decided_at,
        "is_code_elsewhere": bool(row.uscc) and side_of(row.uscc[2:8], [row.side]) is None,
        "alike": [_alike(one, row) for one in _look_alikes(agreement, row)] if is_waiting else [],
        "n_same_code": _same_code(row) if is_waiting else 0,
    }


def _look_alikes(agreement: Agreement, row: Registration) -> QuerySet[Party]:
    core = core_name(row.name)
    same = Q(name=row.name) | (Q(uscc=row.uscc) if row.uscc else Q(pk__in=()))
    if len(core) >= 2 and row.kind != Registration.Kind.TALENT:
        same |= Q(name__icontains=core)
    return Party.objects.filter(same, agreement=agreement, side=row.side, kind=row.kind)[:5]


def _alike(one: Party, row: Registration) -> dict[str, Any]:
    return {"id": one.pk, "name": one.name, "uscc": one.uscc, "is_same_code": bool(row.uscc) and one.uscc == row.uscc}


def _same_code(row: Registration) -> int:
    others = Registration.objects.filter(agreement=row.agreement, state=Registration.State.WAITING, uscc=row.uscc)
    return others.exclude(pk=row.pk).count() if row.uscc else 0


def receipt_document(row: Registration) -> dict[str, Any]:
    """What whoever holds the receipt may read: the state, its reason, and what to sign in as; no contact, no person."""
    name = "" if row.kind == Registration.Kind.TALENT else row.name
    return {
        "name": name,
        "username": row.username,
        "state": row.state,
        "reason": row.reason,
        "created_at": row.created_at,
        "decided_at": row.decided_at,
    }


def units(agreement: Agreement) -> list[dict[str, Any]]:
    """Every unit of every side, with how many people it has."""
    rows = Department.objects.filter(agreement=agreement.pk).annotate(n_people=Count("people"))
    return [
        {"key": row.key, "side": row.side_id, "kind": row.kind, "name": row.name, "n_people": row.n_people}
        for row in rows
    ]


def locked(person: Person) -> list[dict[str, Any]]:
    """The accounts of one's own side that are locked out now, and from where wrong passwords came."""
    since = timezone.now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
    names = Person.objects.filter(side=person.side_id).values_list("username", flat=True)
    rows = AccessAttempt.objects.filter(
        username__in=names, failures_since_start__gte=settings.AXES_FAILURE_LIMIT, attempt_time__gt=since
    )
    return [
        {"username": row.username, "address": row.ip_address, "at": row.attempt_time, "n": row.failures_since_start}
        for row in rows
    ]


def own_data(agreement: Agreement, person: Person) -> dict[str, Any]:
    """Everything the portal keeps of a person: account, registration, party, listings, applications, texts, acts."""
    party = Party.objects.filter(agreement=agreement, side=person.side_id, pk=person.party or None).first()
    return {
        "account": _account(person),
        "registration": _registration(person),
        "party": _party(party),
        "listings": [_listing(row) for row in Listing.objects.filter(agreement=agreement, party=party)]
        if party
        else [],
        "applications": application_documents(
            applications(agreement, person).filter(party_id=person.party or None), person
        ),
        "follows": [{"listing": one["id"], "title": one["title"]} for one in follows(agreement, person)],
        "cases": _cases(agreement, person) if party else [],
        "texts": [
            {"subject": subject, "text": text}
            for subject, entry, label in written_by(agreement, person)
            for text in words_of([entry]).get(entry, {}).values()
            if label != "own/words"
        ],
        "notifications": list(_lines(agreement, person).values("at", "code", "values", "read_at")),
        "activity": list(Activity.objects.filter(person=person).values("at", "act", "subject", "is_refused")[:1000]),
    }


def _account(person: Person) -> dict[str, Any]:
    names = ("username", "name_zh", "name_en", "email", "role", "party", "joined_at", "last_login")
    offices = [row.name for row in person.departments.all()]
    return {**{name: getattr(person, name) for name in names}, "side": person.side_id, "units": offices}


def _registration(person: Person) -> dict[str, Any] | None:
    row = Registration.objects.filter(person=person).first()
    if row is None:
        return None
    names = ("kind", "name", "uscc", "region", "town", "notice", "created_at", "state", "decided_at")
    return {name: getattr(row, name) for name in names}


def _party(row: Party | None) -> dict[str, Any] | None:
    names = ("id", "kind", "name", "name_en", "uscc", "industry", "town", "payload", "is_verified", "visibility")
    return {name: getattr(row, name) for name in names} if row else None


def _listing(row: Listing) -> dict[str, Any]:
    names = ("id", "kind", "version", "role", "payload", "valid_from", "valid_until", "visibility", "released_at")
    return {name: getattr(row, name) for name in names}


def _cases(agreement: Agreement, person: Person) -> list[dict[str, Any]]:
    rows = Case.objects.filter(agreement=agreement).visible_to(person)
    return list(rows.values("id", "clause", "state", "last_on", "amount", "unit"))


def _lines(agreement: Agreement, person: Person) -> QuerySet[Notification]:
    return person.notifications.filter(agreement=agreement)
