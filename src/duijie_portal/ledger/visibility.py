"""Who sees a row: own side, both sides, matched parties, everyone; and nothing leaves a side before its release."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.models import Q

from duijie_portal.accounts.models import Person, Role
from duijie_portal.accounts.powers import Visitor

__all__ = ["PARTY_ROLES", "Shown", "Visibility"]

PARTY_ROLES = frozenset({Role.FIRM, Role.INSTITUTE, Role.FUND, Role.TALENT})
_BLIND_ROLES = frozenset({Role.SYSTEM, Role.SECURITY, Role.AUDIT})
Row = TypeVar("Row", bound=models.Model)


class Visibility(models.TextChoices):
    """How far a row is meant to be seen, once released."""

    OWN = "own"
    BOTH = "both"
    MATCHED = "matched"
    PUBLIC = "public"


class Shown(models.QuerySet[Row]):
    """Rows with `side`, `visibility`, `released_at`; `party_paths` lead to the parties concerned."""

    party_paths: ClassVar[tuple[str, ...]] = ()
    matched_paths: ClassVar[tuple[str, ...]] = ()

    def visible_to(self, person: Visitor) -> Any:
        """The rows a person may read: none of a side's own before release, none at all for administrators."""
        if not isinstance(person, Person) or not person.is_active or person.role in _BLIND_ROLES:
            return self.none()
        released = Q(released_at__isnull=False)
        seen = released & Q(visibility=Visibility.PUBLIC)
        if person.role in PARTY_ROLES:
            seen |= self._of_party(person) if person.party else Q(pk__in=())
        elif person.side_id:
            shared = Q(visibility=Visibility.BOTH) | (
                Q(visibility=Visibility.MATCHED) & self._matched_with(person.side_id)
            )
            seen |= Q(side=person.side_id) | (released & shared)
        return self.filter(seen)

    def _of_party(self, person: Person) -> Q:
        """Rows about a party – those of another side once released – and released ones of those it is matched with."""
        own, matched, party = Q(pk__in=()), Q(pk__in=()), person.party
        released = Q(released_at__isnull=False)
        for path in self.party_paths:
            own |= Q(**{path: party})
        for path in self.matched_paths:
            matched |= self._in_case(path, Q(need_party=party) | Q(offer_party=party))
        reached = Q(side=person.side_id) | (released & ~Q(visibility=Visibility.OWN))
        return (own & reached) | (matched & Q(visibility=Visibility.MATCHED) & released)

    def _matched_with(self, side: str) -> Q:
        found = Q(pk__in=())
        for path in self.matched_paths:
            found |= self._in_case(path, Q(need_party__side=side) | Q(offer_party__side=side))
        return found

    def _in_case(self, path: str, whose: Q) -> Q:
        case = self.model._meta.apps.get_model("ledger", "Case")
        return Q(pk__in=case.objects.filter(whose, released_at__isnull=False).values(path))
