"""Whom a notice is for: the accounts of parties, a side's coordinators, the people of departments."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q, QuerySet

from duijie_portal.accounts.models import Person, Role

from .models import Agreement, Party

__all__ = ["coordinators", "of_departments", "of_parties"]


def of_parties(keys: Iterable[str]) -> QuerySet[Person]:
    """The accounts that act for some parties, each of the party's own side."""
    sides = Party.objects.filter(pk__in=set(keys) - {""}).values_list("pk", "side")
    own = [Q(party=key, side=side) for key, side in sides]
    return _active(own)


def coordinators(sides: Iterable[str]) -> QuerySet[Person]:
    """The coordinators of some sides."""
    return _active([Q(side__in=set(sides), role=Role.COORDINATOR)])


def of_departments(agreement: Agreement, side: str, keys: Collection[str]) -> QuerySet[Person]:
    """The people of some departments of a side, and its coordinators, who hear of all that concerns one."""
    offices = {"departments__agreement": agreement.pk, "departments__key__in": set(keys)}
    return _active([Q(side=side, **offices), Q(side=side, role=Role.COORDINATOR)])


def _active(own: Iterable[Q]) -> QuerySet[Person]:
    either = Q(pk__in=())
    for one in own:
        either |= one
    return Person.objects.filter(either, is_active=True)
