"""Each hand-over rings: whoever has something new to do is told, and the author is told what became of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from duijie.ledger import events
from duijie.ledger.state import StepState
from duijie_portal.accounts.models import Person

from .audience import coordinators, of_parties
from .entries import Todo
from .inbox import hearers
from .models import Agreement, Case, Listing, Party
from .notices import Notice, tell
from .recording import Change, folded, on_append
from .selectors import case_title

__all__ = ["BACK", "ring"]

BACK = ("redo", "settle")
"""What comes back to the author of a step: the whole step, or a doubt about it."""


@on_append
def ring(change: Change) -> None:
    """Leave a line for everyone whom an append gave something to do, or whose word was confirmed or opened."""
    agreement = change.agreement
    why = {
        event.target: {"side": side, "said": commit, "reason": event.reason}
        for (side, event), commit in zip(change.said, change.commits, strict=True)
        if isinstance(event, events.Returned)
    }
    said = []
    # a match that is declined is returned only to end with a reason: that is told instead
    rows = [row for row in change.new_todo if (row.act, row.node) != ("redo", "match")]
    rows = [row for row in rows if not row.source.startswith("desk/")]  # told by the desk itself
    for row, people in hearers(agreement, rows):
        about = _about(row)
        values = {"node": row.node, "title": _title(about), **(why.get(row.target, {}) if row.act in BACK else {})}
        code = f"portal_todo_{row.act}"
        if row.act == "turn" and row.due_on:
            code, values = f"{code}_due", values | {"due_on": row.due_on.isoformat()}
        said.append(Notice(people, code, _path(agreement, row), values, about))
    for (side, event), commit in zip(change.said, change.commits, strict=True):
        said += _told(agreement, side, event, commit)
    tell(agreement, *said)


def _path(agreement: Agreement, row: Todo) -> str:
    if row.sort == "case":
        return reverse("case", args=[agreement.pk, row.key])
    if row.act == "revise":
        return reverse("listing", args=[agreement.pk, row.key])
    return reverse("review", args=[agreement.pk, row.sort, row.key])


def _about(row: Todo) -> Case | Listing | Party:
    """What a to-do is about."""
    if row.sort == "case":
        return Case.objects.select_related("need", "need_party", "offer_party").get(pk=row.key)
    return Listing.objects.get(pk=row.key) if row.sort == "listing" else Party.objects.get(pk=row.key)


def _title(about: Case | Listing | Party) -> str | dict[str, str]:
    if isinstance(about, Case):
        return case_title(about).to_dict()
    return str(about.payload.get("title", "")) if isinstance(about, Listing) else about.pk


def _told(agreement: Agreement, side: str, event: events.Event, commit: str) -> list[Notice]:
    """What became of somebody's word: opened to the other side, confirmed, not agreed to, or the case ended."""
    if isinstance(event, events.Released) and event.sort == "listing":
        row = Listing.objects.filter(pk=event.id).first()
        if row is None:  # from another portal the word on a listing may come whose content does not
            return []
        path = reverse("listing", args=[agreement.pk, event.id])
        return [Notice(of_parties([row.party_id]), "portal_told_released", path, {"title": _title(row)}, row)]
    if not isinstance(event, events.Step | events.Returned | events.Confirmed):
        return []
    case = Case.objects.filter(pk=event.id).select_related("need", "need_party", "offer_party").first()
    code, node, heard = _heard(agreement, case, side, event) if case else ("", "", Person.objects.none())
    if case is None or not code:
        return []
    said = {"side": side, "said": commit, "reason": getattr(event, "reason", "")}
    about: dict[str, Any] = {"title": case_title(case).to_dict(), "node": node, **said}
    path = reverse("case", args=[agreement.pk, case.pk])
    others = heard.exclude(username=event.words.get("who", ""))
    return [Notice(others, code, path, about, case)]


Heard = tuple[str, str, QuerySet[Person]]
_NOBODY: Heard = ("", "", Person.objects.none())


def _heard(
    agreement: Agreement, case: Case, side: str, event: events.Step | events.Returned | events.Confirmed
) -> Heard:
    """Which sentence, of which node, and who hears it: both ends of the case, but for whoever speaks.

    A match that is offered or declined has sentences of its own: a to-do, or the end of the case.
    """
    parties = {one.pk for one in (case.need_party, case.offer_party) if one is not None} - {event.by, event.behalf}
    ends = of_parties(parties)
    if isinstance(event, events.Step):
        if event.reason:
            others = [code for role, code in case.roles.items() if role.endswith("_side") and code != side]
            code = "portal_told_refused" if event.node == "refused" else "portal_told_step"
            return code, event.node, ends | coordinators(others)
        return _NOBODY if event.node == "match" else ("portal_told_step", event.node, ends)
    state = folded(agreement, event.subject).case
    step = state.step(event.target) if state else None
    if step is None:
        return _NOBODY
    if event.target in step.was:
        return _of_correction(agreement, case, side, event, step, ends)
    own = {step.act.event.by, step.act.event.behalf} - {""}
    # the offices on both sides hear how it ends, also where it is not they who spoke
    offices = coordinators({code for role, code in case.roles.items() if role.endswith("_side")} - {side})
    if isinstance(event, events.Returned):  # the author has a to-do
        heard = ends.exclude(party__in=own) | offices
        return _NOBODY if step.node == "match" else ("portal_told_returned", step.node, heard)
    is_part = state is not None and state.kind is not None and bool(step.waits_for(state.kind))
    heard = ends | offices | _speakers(agreement, step.act.side, own - {event.by, event.behalf})
    return "portal_told_confirmed_part" if is_part else "portal_told_confirmed", step.node, heard


def _of_correction(
    agreement: Agreement,
    case: Case,
    side: str,
    event: events.Returned | events.Confirmed,
    step: StepState,
    ends: QuerySet[Person],
) -> Heard:
    """A correction took effect or was not agreed to: both ends hear of it, and whoever could propose it on its side."""
    act = next(one for one in step.trail if one.commit == event.target)
    heard = ends | _speakers(agreement, act.side, {act.event.by, act.event.behalf} - {""})
    if isinstance(event, events.Returned):
        return "portal_told_not_agreed", step.node, heard | coordinators([act.side])
    if step.closed.get(event.target) != "agreed":
        return _NOBODY
    others = {code for role, code in case.roles.items() if role.endswith("_side")} - {side}
    return "portal_told_corrected", step.node, heard | coordinators(others)


def _speakers(agreement: Agreement, side: str, keys: Iterable[str]) -> QuerySet[Person]:
    """Whoever acts for the departments or the parties that spoke."""
    people, own = Person.objects.filter(side=side), list(keys)
    return people.filter(departments__key__in=own, departments__agreement=agreement.pk) | people.filter(party__in=own)
