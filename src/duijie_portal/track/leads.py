"""Investment leads (招商线索): who reported an investor first is said at once; the coordinator settles a dispute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from duijie.data import sentence
from duijie.errors import DeniedError, InputError
from duijie.intake.entities import core_name
from duijie.ledger.events import INNER_CASE
from duijie.terms import Bilingual
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Department, Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger import casework
from duijie_portal.ledger.charge import is_in_charge
from duijie_portal.ledger.listings import mint
from duijie_portal.ledger.models import Agreement, Case
from duijie_portal.ledger.pages import language_of
from duijie_portal.ledger.selectors import department_names
from duijie_portal.ledger.services import own_side
from duijie_portal.ledger.store import hold

from .selectors import clause_of, term_of

__all__ = ["KIND", "FirstReport", "dispute", "first_report", "leads", "leads_of", "report"]

KIND = "investment-lead"
DISPUTE = "lead-dispute"
GIVEN_OVER = "given_over"
COORDINATOR = "coordinator"
"""Bound to the role that settles: no department has this key, so only coordinators and leaders of the side speak so."""


@dataclass(frozen=True, slots=True)
class FirstReport:
    """Who reported an investor first: no more than the number, the office and the day, whoever asks."""

    key: str
    number: str
    office: Bilingual
    side: str
    on: date
    by_code: bool

    def told(self, agreement: Agreement, language: str) -> dict[str, Any]:
        """The values of the sentence that says so."""
        names = {one.pk: one.short for one in agreement.sides.all()}
        side = names.get(self.side, Bilingual(self.side))[language]  # type: ignore[index]
        office = self.office[language]  # type: ignore[index]
        return {"number": self.number, "side": side, "office": office, "on": self.on.isoformat()}


def leads(agreement: Agreement, person: Visitor) -> QuerySet[Case]:
    """The reported leads a person may see, the latest first; actions of clauses are none."""
    rows = Case.objects.filter(agreement=agreement, kind=KIND, payload__has_key="investor")
    return rows.visible_to(person).order_by("-opened_at", "pk")  # type: ignore[no-any-return]


def leads_of(agreement: Agreement, person: Visitor, *, name: str, uscc: str) -> list[Case]:
    """The leads a person may see that name one investor."""
    return [row for row in leads(agreement, person) if _is_same(row, name, uscc)]


def _is_same(row: Case, name: str, uscc: str) -> bool:
    """Whether a lead names an investor: by the credit code where both say one, else by the name's own part."""
    said = str(row.payload.get("uscc", ""))
    if uscc and said:
        return uscc == said
    return core_name(str(row.payload.get("investor", ""))) == core_name(name)


def first_report(agreement: Agreement, *, name: str, uscc: str) -> FirstReport | None:
    """The first report of an investor that stands, of whichever side; None where nobody reported it.

    One that was dropped or given over stands no longer. It is asked past the gate, since an office has to learn of the
    other side's report too; nothing of the lead comes back but number, office and day.
    """
    return next(_reports(agreement, name, uscc), None)


def _reports(agreement: Agreement, name: str, uscc: str) -> Iterator[FirstReport]:
    rows = Case.objects.filter(agreement=agreement, kind=KIND, payload__has_key="investor").exclude(state="dropped")
    over = Case.objects.filter(agreement=agreement, kind=DISPUTE, state=GIVEN_OVER)
    gone = {str(payload.get("lead", "")) for payload in over.values_list("payload", flat=True)}
    offices = department_names(agreement)
    for row in rows.order_by("opened_at", "pk"):
        if row.pk not in gone and _is_same(row, name, uscc):
            office, first = offices.get(row.roles.get("lead", ""), Bilingual("")), row.steps.order_by("at").first()
            by_code = bool(uscc) and uscc == row.payload.get("uscc")
            on = first.on if first else timezone.localdate()
            yield FirstReport(row.pk, str(row.payload.get("number", "")), office, row.side_id, on, by_code)


@write("action.move")
def report(
    person: Person,
    agreement: Agreement,
    /,
    *,
    investor: str,
    uscc: str,
    matter: str,
    clause: str,
    department: str,
    on: date,
    is_other: bool = False,
    note: str = "",
) -> str:
    """Report an investor for one's own department, which leads it from then on; the key of the lead.

    `is_other` says that, of one name, it is another investor: only a credit code can say that it is the same.

    Raises
    ------
    InputError
        ``portal_lead_first``: somebody reported it before, and who; that report stands.
    DeniedError
        The department is not the person's own.
    """
    side = own_side(person)
    _own(person, agreement, department)
    if clause_of(term_of(agreement, person), clause) is None:
        raise InputError("portal_action_unknown", {"action": clause})
    hold(agreement)  # of two offices at once the second sees the first
    found = [one for one in _reports(agreement, investor, uscc) if one.by_code or not is_other]
    if found:
        raise InputError("portal_lead_first", found[0].told(agreement, language_of()))
    other = agreement.sides.exclude(pk=side).order_by("pk").values_list("pk", flat=True).first() or ""
    before = Case.objects.filter(agreement=agreement, kind=KIND, side=side, payload__has_key="investor").count()
    return casework.open_case(
        person,
        agreement,
        clause=clause,
        kind=KIND,
        roles={"lead": department, "lead_side": side, "other_side": other},
        on=on,
        key=mint(side),
        title={"zh": f"{investor}：{matter}", "en": f"{investor}: {matter}"},
        fields={"number": f"{on.year}-{before + 1:03d}", "investor": investor, "uscc": uscc},
        words={"note": note},
    )


def _own(person: Person, agreement: Agreement, department: str) -> None:
    rows = Department.objects.filter(agreement=agreement.pk, side=person.side_id, key=department)
    if not rows.exists() or not is_in_charge(person, agreement, department=department):
        raise DeniedError("portal_lead_other_office")


@write("action.move")
def dispute(person: Person, agreement: Agreement, /, *, investor: str, uscc: str, department: str, reason: str) -> str:
    """Say that a lead which another reported first is one's own department's: an item for the own coordinator.

    Raises
    ------
    InputError
        Nobody reported the investor, or the department itself did; or nothing says why.
    """
    side = own_side(person)
    _own(person, agreement, department)
    first = first_report(agreement, name=investor, uscc=uscc)
    if first is None or Case.objects.filter(pk=first.key, side=side, roles__lead=department).exists():
        raise InputError("portal_lead_no_dispute")
    if not reason.strip():
        raise InputError("case_note_missing")
    said = {"investor": investor, "number": first.number, "lead": first.key}
    named = {language: {"name": investor, **first.told(agreement, language)} for language in ("zh", "en")}
    return casework.open_case(
        person,
        agreement,
        clause="",
        kind=DISPUTE,
        roles={"raises": department, "settles": COORDINATOR, "settles_side": side},
        on=timezone.localdate(),
        key=f"{INNER_CASE}{mint(side)}",
        title={language: sentence("portal_lead_dispute_title", language, named[language]) for language in named},
        fields=said,
        words={"note": reason.strip()},
    )
