"""What came out of a meeting, in under a minute; it writes the chain's step."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.terms import CHAIN
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import services as ledger
from duijie_portal.ledger.models import Case
from duijie_portal.ledger.services import own_side
from duijie_portal.ledger.visibility import Visibility

from ..models import RESULTS, Meeting, Request
from ..selectors import refusals
from .common import both_sides, in_charge, seal

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
    row = Meeting.objects.select_for_update().get(pk=meeting.pk)
    request = Request.objects.select_related("from_party", "to_party", "case", "agreement", "day").get(
        pk=row.request_id
    )
    if own_side(person) not in (request.from_party.side_id, request.to_party.side_id):
        raise DeniedError("portal_other_side_owns", {"side": request.side_id})
    in_charge(person, request.agreement, request.clause)
    _check(row, result, next_step, owner, due_on)
    if result == "no_fit" and reason not in refusals():
        raise InputError("portal_meet_reason_missing")
    row.reason = reason if result == "no_fit" else ""
    row.result, row.next_step, row.owner, row.due_on = result, next_step.strip(), owner.strip(), due_on
    row.told_by, row.told_at = person, timezone.now()
    row.save()
    due = due_on.isoformat() if due_on else ""
    seal(person, request, "meeting.told", {"result": result, "due_on": due}, request.day.on)
    _take_steps(person, request, _STEPS[result], row)
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


def _take_steps(person: Person, request: Request, kinds: tuple[str, ...], row: Meeting) -> None:
    if not kinds:
        return
    case, on = request.case or _open(person, request), request.day.on
    for kind in kinds:
        if case.state == "refused" or (kind in CHAIN and case.state in CHAIN[CHAIN.index(kind) :]):
            continue
        reason = row.reason if kind == "refused" else ""
        ledger.record_step(person, case, kind=kind, on=max(on, case.last_on or on), reason=reason, note=row.next_step)


def _open(person: Person, request: Request) -> Case:
    """The chain of a pair that so far was only proposed by the matching."""
    names = f"{request.from_party.name} ↔ {request.to_party.name}"
    fields = {**both_sides(), "visibility": Visibility.BOTH, "kind": request.kind, "title_zh": names}
    parties = {"need_party": request.from_party, "offer_party": request.to_party}
    case: Case = ledger.open_case(
        person, request.agreement, clause=request.clause, on=request.day.on, **fields, **parties
    )
    request.case = case
    request.save(update_fields=["case"])
    return case
