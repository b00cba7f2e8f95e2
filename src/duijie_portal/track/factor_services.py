"""Following a production factor, and the weekly line to those who do."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from duijie.errors import InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.notices import Notice, tell

from . import factor_selectors as selectors
from .models import FactorWatch

__all__ = ["follow", "tell_followers"]

_WEEK = timedelta(days=7)


@write("feed.own")
def follow(person: Person, agreement: Agreement, *, factor: str, is_followed: bool) -> None:
    """Follow a factor, or stop."""
    if factor not in {one.key for one in selectors.factors()}:
        raise InputError("portal_factor_unknown", {"factor": factor})
    if is_followed:
        FactorWatch.objects.get_or_create(person=person, agreement=agreement, factor=factor)
    else:
        FactorWatch.objects.filter(person=person, agreement=agreement, factor=factor).delete()


@transaction.atomic
def tell_followers(agreement: Agreement, *, as_of: date) -> int:
    """Leave a line for each follower whose factors changed within the last week; how many lines there are.

    A follower who was told of a factor within the week is not told again, however often this runs.
    """
    due = Q(told_on=None) | Q(told_on__lte=as_of - _WEEK)
    watches = FactorWatch.objects.select_for_update().filter(due, agreement=agreement, person__is_active=True)
    found = [(watch, news) for watch in watches.select_related("person") if (news := _news(watch, as_of))]
    for watch, _ in found:
        watch.told_on = as_of
    FactorWatch.objects.bulk_update([watch for watch, _ in found], ["told_on"])
    path = reverse("factors", args=[agreement.pk])
    return tell(agreement, *(Notice([watch.person], "portal_told_factor", path, news) for watch, news in found))


def _news(watch: FactorWatch, as_of: date) -> dict[str, Any]:
    """What to say to a follower; nothing where nothing changed."""
    found = selectors.news(watch.agreement, watch.person, as_of=as_of)
    told = (one for one in found if one[0].key == watch.factor)
    return next(({"factor": one.name.to_dict(), "n_new": n_new, "n_gone": n_gone} for one, n_new, n_gone in told), {})
