"""Pages of taking tables in: send one, name its columns, see every fault, take it in; and how good the data is."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from duijie.errors import Fault, InputError
from duijie.intake.correcting import corrected_copy
from duijie.intake.layouts import layout
from duijie_portal.ledger.charge import offices_of
from duijie_portal.ledger.models import Agreement, Record
from duijie_portal.ledger.pages import act, file_page, language_of, page, paged
from duijie_portal.ledger.selectors import department_names

from . import import_forms as forms
from . import import_selectors as selectors
from . import import_services as services
from . import jobs
from .import_tables import KINDS, LIMITS, MOST_BYTES, MOST_ROWS

__all__ = ["corrected", "data_quality", "drop_import", "imports", "map_import", "open_import", "table", "take_import"]

Document = dict[str, Any]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@page("match/imports.html", power="case.step")
def imports(request: HttpRequest, agreement: Agreement) -> Document:
    found = selectors.imports_of(agreement, request.user)
    rows, place = paged(request, found.count())
    offices = offices_of(agreement, request.user)
    return {
        "imports": [_head(row) for row in found[rows]],
        "pages": place,
        "kinds": [{"key": kind, "name": layout(kind).label} for kind in KINDS],
        "departments": [{"key": one.key, "name": one.name} for one in offices],
        "names": department_names(agreement),
        "today": timezone.localdate(),
        "most_mb": MOST_BYTES >> 20,
        "most_rows": MOST_ROWS,
    }


def _head(row: Record) -> Document:
    keys = ("file", "source", "as_of", "sha256", "n_bytes")
    about = {"id": row.pk, "state": row.state, "department": row.department, "on": row.on, "done_on": row.done_on}
    summary = row.payload.get("summary", {})
    kind = layout(row.payload["kind"]).label
    return {**about, **{key: row.payload[key] for key in keys}, "kind": kind, "summary": summary}


def _asked(request: HttpRequest, agreement: Agreement, key: str) -> Record:
    return get_object_or_404(selectors.imports_of(agreement, request.user), pk=key)


@page("match/import.html", power="case.step")
def table(request: HttpRequest, agreement: Agreement, table: str) -> Document:
    row = _asked(request, agreement, table)
    found = selectors.checked(row)
    faults = found.get("faults", [])
    taken = selectors.taken_rows(row).order_by("pk") if row.state == "taken" else None
    rows, place = paged(request, len(faults) if taken is None else taken.count())
    return {
        "import": _head(row) | {"summary": found.get("summary") or row.payload.get("summary", {})},
        "is_checked": bool(found) or row.state != "opened",
        "is_remembered": bool(row.payload.get("is_remembered")),
        "columns": found.get("columns", []),
        "alike": found.get("alike", []),
        "left_out": found.get("left_out", []),
        "n_left_out": found.get("n_left_out", 0),
        "n_left_out_more": found.get("n_left_out", 0) - len(found.get("left_out", [])),
        "hidden": row.payload.get("hidden", "ask"),
        "hidden_choices": forms.HIDDEN if _has_hidden(row, faults) else (),
        "fields": selectors.columns_of(row.payload["kind"]),
        "n_more": max(0, found.get("summary", {}).get("n_faults", 0) - len(faults)),
        "labels": {one["key"]: one["label"] for one in selectors.columns_of(row.payload["kind"])},
        "faults": [_fault(one) for one in faults[rows]] if taken is None else [],
        "rows": [selectors.taken_document(one) for one in taken[rows]] if taken is not None else [],
        "names": department_names(agreement),
        "pages": place,
    }


def _has_hidden(row: Record, faults: Sequence[Mapping[str, Any]]) -> bool:
    """Whether something in the table is not shown, asked about or decided already."""
    asked = any(one["code"] in ("rows_hidden", "sheet_hidden") for one in faults)
    return asked or row.payload.get("hidden", "ask") != "ask"


def _fault(one: Mapping[str, Any]) -> Document:
    """A fault as a page says it: place, value, reason, remedy."""
    remedy = {"code": one["hint"], "values": one["values"]} if one["hint"] else None
    value = one["values"].get("value", "")
    return {"where": one["where"], "value": value, "code": one["code"], "values": one["values"], "remedy": remedy}


@file_page("corrected.xlsx", power="case.step", media_type=XLSX)
def corrected(request: HttpRequest, agreement: Agreement, table: str) -> list[bytes]:
    """The table with every fault marked in its cell; none for a file that cannot be opened at all."""
    row = _asked(request, agreement, table)
    faults = [Fault(**one) for one in selectors.checked(row).get("faults", [])]
    if not faults:
        raise Http404
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "corrected.xlsx"
        try:
            corrected_copy(selectors.table_path(row), faults, out, language=language_of(), limits=LIMITS)  # type: ignore[arg-type]
        except InputError as error:
            raise Http404 from error
        return [out.read_bytes()]


@act(forms.UploadForm, "imports")
def open_import(request: HttpRequest, agreement: Agreement, data: Document) -> tuple[str, str]:
    row = services.open_import(request.user, agreement, **data)
    return "portal_import_done_open", reverse("import", kwargs={"agreement": agreement.pk, "table": row.pk})


@act(forms.ColumnsForm, "import")
def map_import(request: HttpRequest, agreement: Agreement, data: Document, *, table: str) -> str:
    services.map_columns(request.user, _asked(request, agreement, table), **data)
    return "portal_import_done_map"


@act(forms.NothingForm, "import")
def take_import(request: HttpRequest, agreement: Agreement, data: Document, *, table: str) -> str | tuple[str, str]:
    row = _asked(request, agreement, table)
    if row.payload.get("summary", {}).get("n_rows", 0) > jobs.AT_ONCE_ROWS:
        job = jobs.begin(request.user, row)
        return "portal_job_begun", reverse("job", args=[agreement.pk, job.pk])
    services.take(request.user, row)
    return "portal_import_done_take"


@act(forms.NothingForm, "import")
def drop_import(request: HttpRequest, agreement: Agreement, data: Document, *, table: str) -> str:
    services.drop(request.user, _asked(request, agreement, table))
    return "portal_import_done_drop"


@page("match/import_quality.html")
def data_quality(request: HttpRequest, agreement: Agreement) -> Document:
    return selectors.quality(agreement, request.user, today=timezone.localdate())
