"""What follows from an append at once: the kinds of match it touches are ranked anew by the worker."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from duijie.ledger import events
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Agreement, Listing
from duijie_portal.ledger.recording import Change, on_append

__all__ = ["rank_anew"]

_OPENS_OR_CLOSES = (events.Released, events.Retired, events.Erased)
"""The events after which the other side may read more of a listing, or less."""


@on_append
def rank_anew(change: Change) -> None:
    """Ask once for each kind of match whose listings were opened to the other side, taken back or erased."""
    mattering = [event for _, event in change.said if isinstance(event, _OPENS_OR_CLOSES)]
    names = {event.words.get("who", "") for event in mattering} - {""}
    # An erasure names nobody: the withdrawal or the release before it has asked.
    person = Person.objects.filter(username__in=names).order_by("pk").first() if names else None
    if person is None:
        return
    from .jobs import ask_for  # the pipeline is long to load: not for each process that records

    ask_for(person, change.agreement, _kinds(change.agreement, mattering))


def _kinds(agreement: Agreement, said: Sequence[events.Event]) -> set[str]:
    """The kinds of the listings themselves, and of a party whose fields count from now on."""
    from duijie.agenda import inferred_kinds

    listings, parties = ({one.id for one in said if one.sort == sort} for sort in ("listing", "party"))
    rows = Listing.objects.filter(Q(pk__in=listings) | Q(party__in=parties), agreement=agreement)
    found = set(rows.values_list("kind", flat=True))
    return found | inferred_kinds() if parties and not agreement.is_rehearsal else found
