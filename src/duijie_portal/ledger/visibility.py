"""Who sees a row: the gate in SQL. A reader is two to four scopes; a row is theirs where a grant names one of them."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Max, OuterRef, Subquery

from duijie.ledger.gate import Reader
from duijie_portal.accounts.models import Person, Role
from duijie_portal.accounts.powers import BothSides, Visitor

from .looking import still_seen

__all__ = ["PARTY_ROLES", "Gated", "Visibility", "reader_of"]

PARTY_ROLES = frozenset({Role.FIRM, Role.INSTITUTE, Role.FUND, Role.TALENT})
_BLIND_ROLES = frozenset({Role.SYSTEM, Role.SECURITY, Role.AUDIT})
Row = TypeVar("Row", bound=models.Model)


class Visibility(models.TextChoices):
    """How far a row is meant to be seen, once released."""

    OWN = "own"
    BOTH = "both"
    MATCHED = "matched"
    PUBLIC = "public"


def reader_of(person: Visitor) -> Reader:
    """A person as the scopes they read in; none for administrators, who see no business.

    What is worked out for both sides reaches every row that was opened, also one opened only to whom a suggestion
    names, and what was inferred of a party: results are cut for each reader.
    """
    if isinstance(person, BothSides):
        return Reader(frozenset({"public", "sides", "inferred"})).named_with()
    if not isinstance(person, Person) or not person.is_active or person.role in _BLIND_ROLES:
        return Reader(frozenset())
    scopes = {"public"}
    if person.role in PARTY_ROLES:
        scopes |= {f"party:{person.party}"} if person.party else set()
    elif person.side_id:
        scopes |= {"sides", f"side:{person.side_id}"}
    return Reader(frozenset(scopes))


class Gated(models.QuerySet[Row]):
    """Rows of the record: which of them a person may read, and up to which stage."""

    sort: ClassVar[str] = ""

    def visible_to(self, person: Visitor) -> Any:
        """The rows a person may read; for anyone else they do not exist."""
        if isinstance(person, BothSides) and self.sort == "case":
            return self.all()  # a case stands on the shared chain from its opening on
        return self.visible_in(reader_of(person))

    def visible_in(self, reader: Reader) -> Any:
        """The rows a reader's scopes reach."""
        if not reader.scopes:
            return self.none()
        found = self.filter(pk__in=self._grants().filter(scope__in=reader.scopes).values("key"))
        return still_seen(found, self.sort, reader.scopes)

    def with_stage(self, person: Visitor) -> Any:
        """The same rows with `stage`, the highest a person reaches."""
        own = self._grants().filter(scope__in=reader_of(person).scopes, key=OuterRef("pk"))
        reached = own.order_by().values("key").annotate(most=Max("stage")).values("most")
        return self.visible_to(person).annotate(stage=Subquery(reached))

    def _grants(self) -> Any:
        return apps.get_model("ledger", "Grant")._default_manager.filter(sort=self.sort)
