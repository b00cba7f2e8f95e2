"""Pages of investment leads: report one, see who was first, dispute it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from duijie.cells import CellType, read
from duijie.data import sentence
from duijie.ledger.kinds import case_kind
from duijie.track.workflow import kind_of
from duijie_portal.ledger.charge import offices_of
from duijie_portal.ledger.day_fields import DayField
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import act, language_of, page, paged, person_of, typed
from duijie_portal.ledger.selectors import agreement_term, department_names

from . import leads as services

__all__ = ["dispute_lead", "leads", "report_lead"]

Document = dict[str, Any]


class InvestorForm(forms.Form):
    """An investor by name and credit code, and the department that speaks."""

    investor = forms.CharField(max_length=120)
    uscc = forms.CharField(max_length=24, required=False)
    department = forms.SlugField(max_length=80)

    def clean_uscc(self) -> str:
        cell = read(self.cleaned_data.get("uscc", ""), CellType("uscc"))
        if cell.wrong:
            raise forms.ValidationError(sentence(cell.wrong.code, language_of(), cell.wrong.values))
        return str(cell.value or "")


class LeadForm(InvestorForm):
    matter = forms.CharField(max_length=160)
    clause = forms.SlugField(max_length=80)
    on = DayField()
    note = forms.CharField(max_length=2000, required=False)
    is_other = forms.BooleanField(required=False)


class DisputeForm(InvestorForm):
    reason = forms.CharField(max_length=2000)


@page("track/leads.html", power="brief.read")
def leads(request: HttpRequest, agreement: Agreement) -> Document:
    person, offices = person_of(request), department_names(agreement)
    rows = services.leads(agreement, person)
    text = request.GET.get("q", "")[:80].strip()
    rows = rows.filter(title_zh__icontains=text) if text else rows
    shown, place = paged(request, rows.count(), 30)
    said = typed(request)["said"]
    return {
        "leads": [
            {
                "id": row.pk,
                "number": row.payload.get("number", ""),
                "investor": row.payload.get("investor", ""),
                "title": row.title,
                "office": offices.get(row.roles.get("lead", ""), ""),
                "side": row.side_id,
                "state": row.state,
                "on": row.last_on,
            }
            for row in rows[shown]
        ],
        "pages": place,
        "q": text,
        "first": _first(agreement, said),
        "said": said,
        "offices": [{"key": one.key, "name": one.name} for one in offices_of(agreement, person)],
        "clauses": _clauses(agreement),
        "today": timezone.localdate(),
    }


def _first(agreement: Agreement, said: Document) -> Document | None:
    """Who reported the investor that was just typed, as far as anybody may learn it."""
    name = str(said.get("investor", "")).strip()
    code = read(str(said.get("uscc", "")), CellType("uscc"))
    found = services.first_report(agreement, name=name, uscc=str(code.value or "")) if name else None
    return {**found.told(agreement, language_of()), "by_code": found.by_code} if found else None


def _clauses(agreement: Agreement) -> list[Document]:
    """The clauses, those first that have an action which is a lead."""
    rows, lead = agreement_term(agreement).clauses, case_kind(services.KIND).title
    ranked = sorted(rows, key=lambda one: all(kind_of(act).title != lead for act in one.actions))
    return [{"key": one.key, "number": one.number, "title": one.title} for one in ranked]


@act(LeadForm, "leads", power="action.move")
def report_lead(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    key = services.report(person_of(request), agreement, **data)
    return "portal_done_lead", reverse("case", args=[agreement.pk, key])


@act(DisputeForm, "leads", power="action.move")
def dispute_lead(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    key = services.dispute(person_of(request), agreement, **data)
    return "portal_done_lead_dispute", reverse("case", args=[agreement.pk, key])
