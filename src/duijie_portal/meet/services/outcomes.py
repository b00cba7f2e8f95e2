"""What came out of a meeting, in under a minute; it writes the chain's step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.terms import CHAIN
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import casework
from duijie_portal.ledger.charge import in_charge
from duijie_portal.ledger.keeping import held, keep
from duijie_portal.ledger.listings import mint
from duijie_portal.ledger.models import Case, Listing, Party
from duijie_portal.ledger.selectors import parties
from duijie_portal.ledger.services import own_side

from ..models import RESULTS, Meeting, Request
from ..selectors import refusals

__all__ = ["record_outcome"]

_STEPS = {"intent": ("meeting", "intent"), "follow_up": ("meeting",), "no_fit": ("meeting", "refused"), "not_held": ()}


@write("case.step")
def record_outcome(
    person: Person,
    meeting: Meeting,
    *,
    result: str,
    reason: str = "",
    next_step: str = "",
    owner: str = "",
    due_on: date | None = None,
) -> Meeting:
    """Record result, next step, who sees to it and by when; the case of the two parties takes its steps.

    The chain is opened where the pair came from the matching and has no case yet; steps it has reached are not
    taken twice.

    Raises
    ------
    DeniedError
        Neither side's, another department's, or recorded already.
    InputError
        The meeting has not begun, the result is unknown, or a next step is missing.
    """
    row: Meeting = held(meeting)
    request = Request.objects.select_related("agreement", "day").get(pk=row.request_id)
    known = parties(request.ends)
    if own_side(person) not in {party.side_id for party in known.values()}:
        raise DeniedError("portal_other_side_owns", {"side": request.side_id})
    in_charge(person, request.agreement, request.clause)
    _check(row, result, next_step, owner, due_on)
    if result == "no_fit" and reason not in refusals():
        raise InputError("portal_meet_reason_missing")
    row.reason = reason if result == "no_fit" else ""
    row.result, row.next_step, row.owner, row.due_on = result, next_step.strip(), owner.strip(), due_on
    row.told_by, row.told_at = person, timezone.now()
    keep(person, row, "meeting.told")
    _take_steps(person, request, known, _STEPS[result], row)
    return row


def _check(row: Meeting, result: str, next_step: str, owner: str, due_on: date | None) -> None:
    if row.result or row.is_off:
        raise DeniedError("portal_meet_told_already")
    if row.starts_at > timezone.now():
        raise InputError("portal_meet_not_begun")
    if result not in RESULTS:
        raise InputError("portal_meet_result_unknown", {"result": result})
    if result in ("intent", "follow_up") and not (next_step.strip() and owner.strip() and due_on):
        raise InputError("portal_meet_next_step_missing")


def _take_steps(
    person: Person, request: Request, known: Mapping[str, Party], kinds: tuple[str, ...], row: Meeting
) -> None:
    if not kinds:
        return
    held_on = timezone.localdate(row.starts_at)
    case = Case.objects.get(pk=request.case_id) if request.case_id else _open(person, request, known, held_on)
    for kind in kinds:
        case.refresh_from_db()
        if case.state == "refused" or (kind in CHAIN and case.state in CHAIN[CHAIN.index(kind) :]):
            continue
        day = max(held_on, case.last_on or held_on)
        said = casework.Said(day, reason=row.reason if kind == "refused" else "", note=row.next_step)
        casework.record_step(person, case, node=kind, said=said)


def _open(person: Person, request: Request, known: Mapping[str, Party], held_on: date) -> Case:
    """The case of a pair that so far was only proposed by the matching: of its two listings where it knows them."""
    need, offer = _listings(request)
    if need is not None and offer is not None:
        key, roles = casework.pair_key(need.pk, offer.pk), casework.roles_of(need, offer)
    else:
        first, other = (known[one] for one in request.ends)
        key = mint(own_side(person))
        roles = {"need": first.pk, "offer": other.pk, "need_side": first.side_id, "offer_side": other.side_id}
    title = {"zh": " ↔ ".join(known[one].name for one in request.ends)}
    casework.open_case(
        person,
        request.agreement,
        clause=request.clause,
        kind=request.kind,
        roles=roles,
        on=held_on,
        key=key,
        need=need,
        offer=offer,
        title=title,
    )
    request.case_id = key
    keep(person, request, "request.opened_case")
    return Case.objects.get(pk=key)


def _listings(request: Request) -> tuple[Listing | None, Listing | None]:
    """The need and the offer that the request was made for, where it names them."""
    found = Listing.objects.in_bulk({request.need, request.offer} - {""})
    return found.get(request.need), found.get(request.offer)
