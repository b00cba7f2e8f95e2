"""What follows from an append at once: the worker takes the listings it touches into their kinds of match."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from duijie.ledger import events
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import may
from duijie_portal.ledger.models import Agreement, Listing
from duijie_portal.ledger.recording import Change, on_append

__all__ = ["match_anew"]

_MATTERING = (events.Submitted, events.Revised, events.Released, events.Retired, events.Erased)
"""The events after which a side may read more of a listing, or less."""


@on_append
def match_anew(change: Change) -> None:
    """Ask once for each kind of match whose listings were saved, opened to the other side, taken back or erased."""
    mattering = [event for _, event in change.said if isinstance(event, _MATTERING)]
    person = _asker(change, mattering)
    if person is None:
        return
    from .jobs import ask_for  # the pipeline is long to load: not for each process that records

    ask_for(person, change.agreement, _kinds(change.agreement, mattering))


def _asker(change: Change, mattering: Sequence[events.Event]) -> Person | None:
    """In whose name it is ranked: who spoke, or for what came from another portal whoever may ask for it here."""
    names = {event.words.get("who", "") for event in mattering} - {""}
    # An erasure names nobody: the withdrawal or the release before it has asked.
    person = Person.objects.filter(username__in=names).order_by("pk").first() if names else None
    if person is None and mattering and not all(is_hosted(side) for side, _ in change.said):
        people = Person.objects.filter(side__in=change.agreement.sides.all(), is_active=True).order_by("pk")
        person = next((one for one in people if may(one, "results.renew")), None)
    return person


def _kinds(agreement: Agreement, said: Sequence[events.Event]) -> set[str]:
    """The kinds of the listings themselves, and of a party whose fields count from now on."""
    listings, parties = ({one.id for one in said if one.sort == sort} for sort in ("listing", "party"))
    rows = Listing.objects.filter(Q(pk__in=listings) | Q(party__in=parties), agreement=agreement)
    return set(rows.values_list("kind", flat=True))
