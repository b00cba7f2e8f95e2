"""Pages of the mechanism's calendar: recurring meetings, their dates, what was moved or called off."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from duijie_portal.accounts.models import Department
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import act, page, person_of
from duijie_portal.ledger.selectors import agreement_term

from . import forms, services
from .calendars import agenda_of
from .models import SERIES, SHIFTS, Occasion, Series
from .services.series import EVERY

__all__ = ["all_series", "one_series"]

Document = dict[str, Any]
_FACTS = ("kind", "clause", "department", "rule", "starts_on", "starts_at", "duration_min", "hosts", "shift")


def _series(request: HttpRequest, agreement: Agreement, key: str) -> Series:
    rows = Series.objects.filter(agreement=agreement).visible_to(request.user).select_related("agreement")
    found: Series = get_object_or_404(rows, pk=key)
    return found


def _row(row: Series) -> Document:
    said = {"agenda": {"zh": row.agenda_zh, "en": row.agenda_en}, "reminder_days": row.reminder_days}
    facts = {name: getattr(row, name) for name in _FACTS}
    return {"id": row.pk, "title": row.title, "side": row.side_id, "is_ended": row.is_ended, **facts, **said}


def _occasion(row: Occasion) -> Document:
    names = ("number", "due_on", "starts_at", "ends_at", "host", "place", "is_known", "is_fixed", "is_off", "sequence")
    is_moved = timezone.localdate(row.starts_at) != row.due_on
    return {**{name: getattr(row, name) for name in names}, "agenda": agenda_of(row), "is_moved": is_moved}


def _choices(agreement: Agreement, request: HttpRequest) -> Document:
    clauses = agreement_term(agreement).clauses
    offices = Department.objects.filter(agreement=agreement.pk, side=person_of(request).side_id)
    return {
        "clauses": [{"key": one.key, "number": one.number, "title": one.title} for one in clauses],
        "departments": [{"key": one.key, "name": one.name} for one in offices],
        "kinds": SERIES,
        "shifts": SHIFTS,
        "every": EVERY,
        "today": timezone.localdate(),
    }


@page("meet/all_series.html")
def all_series(request: HttpRequest, agreement: Agreement) -> Document:
    now = timezone.now()
    rows = Series.objects.filter(agreement=agreement).visible_to(request.user).select_related("agreement")
    coming = Occasion.objects.filter(series__in=rows.values("pk"), ends_at__gte=now).select_related("series__agreement")
    shown = [{**_occasion(one), "series": one.series_id, "title": one.series.title} for one in coming[:40]]
    return {"series": [_row(row) for row in rows], "coming": shown, **_choices(agreement, request)}


@page("meet/one_series.html")
def one_series(request: HttpRequest, agreement: Agreement, series: str) -> Document:
    row, person = _series(request, agreement, series), person_of(request)
    now = timezone.now()
    dates = [{**_occasion(one), "is_past": one.starts_at <= now} for one in row.occasions.all()]
    is_own = person.side_id == row.side_id and not row.is_ended
    return {**_row(row), "occasions": dates, "may_change": is_own, **_choices(agreement, request)}


@act(forms.SeriesForm, "all_series")
def open_series(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    services.open_series(request.user, agreement, **data)
    return "portal_done_series"


@act(forms.SeriesForm, "one_series")
def change_series(request: HttpRequest, agreement: Agreement, data: Document, *, series: str) -> str:
    services.change_series(request.user, _series(request, agreement, series), **data)
    return "portal_done_series_changed"


@act(forms.NoForm, "one_series")
def end_series(request: HttpRequest, agreement: Agreement, data: Document, *, series: str) -> str:
    del data
    services.change_series(request.user, _series(request, agreement, series), is_ended=True)
    return "portal_done_series_ended"


@act(forms.MoveForm, "one_series")
def move_occasion(request: HttpRequest, agreement: Agreement, data: Document, *, series: str) -> str:
    row = _of(request, agreement, series, data.pop("number"))
    services.move_occasion(request.user, row, **data)
    return "portal_done_occasion_moved"


@act(forms.NumberForm, "one_series")
def call_off(request: HttpRequest, agreement: Agreement, data: Document, *, series: str) -> str:
    services.call_off(request.user, _of(request, agreement, series, data["number"]))
    return "portal_done_occasion_off"


def _of(request: HttpRequest, agreement: Agreement, series: str, number: int) -> Occasion:
    found: Occasion = get_object_or_404(_series(request, agreement, series).occasions, number=number)
    return found
