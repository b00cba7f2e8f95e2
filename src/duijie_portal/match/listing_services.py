"""The writes of those outside the offices: a party's own needs and offers, and what a talent sends about a post."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.match.kinds import load_kinds
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Follow, Person
from duijie_portal.ledger import visits
from duijie_portal.ledger.audience import of_parties
from duijie_portal.ledger.casework import end_waiting
from duijie_portal.ledger.listings import listing_fields, mint, retire, revise_listing, submit_listing
from duijie_portal.ledger.models import Agreement, Listing, Party, Record
from duijie_portal.ledger.notices import Notice, tell
from duijie_portal.ledger.services import add_record, change_record, own_side
from duijie_portal.ledger.visibility import PARTY_ROLES

__all__ = [
    "answer_application",
    "appeal_application",
    "apply_to",
    "change_listing",
    "decide_appeal",
    "enter_listing",
    "follow",
    "party_for",
    "retire_applications",
    "retire_listings",
    "unfollow",
    "withdraw_application",
    "withdraw_listing",
]

OPEN = ("opened", "appealed")


def party_for(person: Person, agreement: Agreement, key: str = "") -> Party | None:
    """Whose listing a person enters: the party one acts for, or as an official one of one's own side, no person's."""
    rows = Party.objects.filter(agreement=agreement, side=person.side_id)
    if person.role in PARTY_ROLES:
        return rows.filter(pk=person.party or None).first()
    return rows.exclude(kind="talent").filter(pk=key).first() if key else None


def _party_of(person: Person, agreement: Agreement, key: str = "") -> Party:
    found = party_for(person, agreement, key)
    if found is None:
        raise DeniedError("portal_no_party")
    return found


def _checked(kind: str, role: str, payload: Mapping[str, Any]) -> None:
    """Every fault of a payload at once, by the kind's own file."""
    faults = load_kinds()[kind].check(role, payload)  # type: ignore[arg-type]
    if faults or not payload.get("title"):
        told = [{"code": one.code, "values": dict(one.values)} for one in faults]
        raise InputError("portal_listing_faults", {"reasons": told, "n": len(told) or 1})


def _fields(
    row: Party, kind: str, role: str, payload: Mapping[str, Any], valid_from: date, until: date | None
) -> dict[str, Any]:
    """A listing's whole value: what its party says, valid from today on."""
    version, today = load_kinds()[kind].version, timezone.localdate()
    source = {"publisher": row.name, "as_of": today.isoformat(), "basis": "published"}
    about: dict[str, Any] = {
        "industry": row.industry,
        "valid_from": valid_from,
        "valid_until": until,
        "basis": "published",
    }
    is_person = row.kind == "talent"
    return listing_fields(
        kind=kind,
        version=version,
        role=role,
        party=row.pk,
        payload=payload,
        source=source,
        is_person=is_person,
        **about,
    )


@write("listing.enter")
def enter_listing(
    person: Person,
    agreement: Agreement,
    /,
    *,
    kind: str,
    role: str,
    payload: Mapping[str, Any],
    valid_until: date | None = None,
    key: str = "",
    party: str = "",
    visit: str = "",
) -> Listing:
    """Enter a need or an offer of the party one acts for; its own side alone sees it until it is released.

    An official enters it for a `party` of their own side, perhaps from a `visit` to it, which then names it. `key` was
    minted with the form: the same form sent twice is one listing, changed and sent again it is another.

    Raises
    ------
    DeniedError
        The account acts for no party of the agreement.
    InputError
        The payload breaks the kind's file, or has no title; all faults at once.
    """
    source = visits.prefill(agreement, person, visit)
    owner = _party_of(person, agreement, source.party.pk if source else party)
    _checked(kind, role, payload)
    side = own_side(person)
    before = Listing.objects.filter(pk=key).first()
    if before is not None and (before.party_id, before.payload) == (owner.pk, dict(payload)):
        return before
    key = key if before is None and re.fullmatch(rf"{re.escape(side)}\.[0-9a-f]{{32}}", key) else mint(side)
    fields = _fields(owner, kind, role, payload, timezone.localdate(), valid_until)
    submit_listing(person, owner, key=key, fields=fields)
    if source is not None:
        visits.hand_on(person, source.visit, to="listing", key=key)
    return Listing.objects.get(pk=key)


def _own(person: Person, row: Listing) -> None:
    if not person.party or row.party_id != person.party or row.side_id != person.side_id:
        raise DeniedError("portal_listing_not_own")
    if row.source.get("withdrawn_on"):
        raise DeniedError("portal_listing_withdrawn")


@write("listing.own")
def change_listing(
    person: Person, row: Listing, /, *, payload: Mapping[str, Any], valid_until: date | None = None
) -> None:
    """Change what one's own listing says; the other side reads the former words until the new ones are opened.

    Raises
    ------
    DeniedError
        It is another party's, or was withdrawn.
    InputError
        The payload breaks the kind's file.
    """
    _own(person, row)
    _checked(row.kind, row.role, payload)
    _tell_followers(row, "portal_told_listing_changed")
    start = row.valid_from or timezone.localdate()
    revise_listing(person, row, fields=_fields(row.party, row.kind, row.role, payload, start, valid_until))


@write("listing.own")
def withdraw_listing(person: Person, row: Listing, /) -> None:
    """Take one's own listing back: it leaves every list but its party's and its side's.

    Pairs that wait for a yes close; what came of it stays.

    Raises
    ------
    DeniedError
        It is another party's, or was withdrawn already.
    """
    _own(person, row)
    _withdraw(person, row)


def _withdraw(person: Person, row: Listing) -> None:
    _tell_followers(row, "portal_told_listing_withdrawn")
    end_waiting(person, row)
    retire(person, row)


def _tell_followers(row: Listing, code: str) -> None:
    """A line for each who follows the listing and can see it until now."""
    title = str(Listing.objects.filter(pk=row.pk).values_list("payload__title", flat=True).first() or "")[:80]
    path = reverse("followed", args=[row.agreement_id])
    people = Person.objects.filter(follows__listing=row.pk)
    tell(row.agreement, Notice(people, code, path, {"title": title}, about=row))


def retire_listings(person: Person) -> None:
    """Withdraw what a person's party still offers, for one who leaves."""
    for row in Listing.objects.filter(party=person.party or None, side=person.side_id).select_related("agreement"):
        if not row.source.get("withdrawn_on"):
            _withdraw(person, row)


@write("listing.follow")
def follow(person: Person, row: Listing, /) -> None:
    """Ask to be told when a listing one sees is changed or withdrawn."""
    Follow.objects.get_or_create(person=person, listing=row.pk)


@write("listing.follow")
def unfollow(person: Person, row: Listing, /) -> None:
    Follow.objects.filter(person=person, listing=row.pk).delete()


# What a talent sends about a post


@write("application.own")
def apply_to(person: Person, row: Listing, /, *, letter: str) -> Record:
    """Apply to a post: the application is the talent's side's own until that side releases it.

    Raises
    ------
    DeniedError
        The account acts for no party, or the listing is no post.
    InputError
        An application to this post is open.
    """
    party = _party_of(person, row.agreement)
    if (row.kind, row.role) != ("talent", "need"):
        raise DeniedError("portal_not_a_post")
    if applications_of(party).filter(payload__listing=row.pk).exclude(state="withdrawn").exists():
        raise InputError("portal_applied_already")
    title = str(row.payload.get("title", ""))[:300] or row.pk
    payload = {"listing": row.pk, "letter": letter}
    today = timezone.localdate()
    about: dict[str, Any] = {
        "to_side_id": row.side_id,
        "party_id": party.pk,
        "title_zh": title,
        "state": "opened",
        "payload": payload,
    }
    return add_record(person, row.agreement, kind="application", on=today, **about)


def applications_of(party: Party) -> QuerySet[Record]:
    return Record.objects.filter(party_id=party.pk, kind="application")


def _own_application(person: Person, row: Record) -> None:
    if not person.party or row.party_id != person.party:
        raise DeniedError("portal_application_not_own")


@write("application.own")
def withdraw_application(person: Person, row: Record, /) -> None:
    """Take an application back before it is answered.

    Raises
    ------
    DeniedError
        It is someone else's.
    InputError
        It was answered.
    """
    _own_application(person, row)
    if row.state not in OPEN:
        raise InputError("portal_out_of_order", {"state": row.state})
    change_record(person, row, state="withdrawn", on=timezone.localdate(), done_on=timezone.localdate())


@write("application.own")
def appeal_application(person: Person, row: Record, /, *, text: str) -> None:
    """Ask for a refusal to be looked at again, once, by someone above who refused."""
    _own_application(person, row)
    if row.state != "refused" or row.payload.get("appeal"):
        raise InputError("portal_out_of_order", {"state": row.state})
    payload = {**row.payload, "appeal": text}
    change_record(person, row, state="appealed", on=timezone.localdate(), payload=payload, done_on=None)


@write("application.answer")
def answer_application(person: Person, row: Record, /, *, is_accepted: bool, reason: str = "") -> None:
    """Answer for the post's side; a refusal has a reason.

    Raises
    ------
    DeniedError
        The post is another side's.
    InputError
        It is not open, or refused without a reason.
    """
    _answer(person, row, "opened", "accepted" if is_accepted else "refused", reason, is_accepted=is_accepted)


@write("appeal.decide")
def decide_appeal(person: Person, row: Record, /, *, is_accepted: bool, reason: str = "") -> None:
    """Decide an appeal: accepted after all, or refused for good; not by whoever refused first."""
    if row.payload.get("answered_by") == person.pk:
        raise DeniedError("portal_appeal_same_person")
    _answer(person, row, "appealed", "accepted" if is_accepted else "rejected", reason, is_accepted=is_accepted)


def _answer(person: Person, row: Record, before: str, state: str, reason: str, *, is_accepted: bool) -> None:
    if row.to_side_id != person.side_id:
        raise DeniedError("portal_other_side_owns", {"side": row.to_side_id or ""})
    if row.state != before:
        raise InputError("portal_out_of_order", {"state": row.state})
    if not (is_accepted or reason):
        raise InputError("portal_reason_missing")
    payload = {**row.payload, "reason": reason, "answered_by": person.pk}
    today = timezone.localdate()
    change_record(person, row, state=state, on=today, payload=payload, done_on=today)
    _tell_applicant(row)


def _tell_applicant(row: Record) -> None:
    path = reverse("applications", args=[row.agreement_id])
    values, people = {"title": row.title_zh[:80]}, of_parties([row.party_id])
    tell(row.agreement, Notice(people, "portal_told_application", path, values, about=row))


def retire_applications(person: Person) -> None:
    """Take back what is open, for a talent who leaves; letters are forgotten with all else they wrote."""
    for row in Record.objects.filter(party_id=person.party or None, kind="application", state__in=OPEN):
        change_record(person, row, state="withdrawn", on=timezone.localdate(), done_on=timezone.localdate())
