"""Small tables as an office sends them, for the tests of what becomes of them."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from duijie_portal.accounts.models import Department
from duijie_portal.ledger.models import Record
from duijie_portal.match import import_selectors, import_services

FIRMS = [["企业名称", "统一社会信用代码"], ["甲纺织有限公司", "91350582MA31Q8EE45"], ["乙鞋业有限公司", ""]]


def csv_file(*rows: list[str], name: str = "table.csv") -> SimpleUploadedFile:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return SimpleUploadedFile(name, out.getvalue().encode())


def send(person: Any, agreement: Any, kind: str, *rows: list[str], **more: Any) -> Record:
    """Upload a table for the first department of a person's side."""
    office = Department.objects.filter(agreement=agreement.pk, side=person.side_id).first()
    said = {"source": "部门台账", "department": office.key, "as_of": None, **more}  # type: ignore[union-attr]
    made: Record = import_services.open_import(person, agreement, file=csv_file(*rows), kind=kind, **said)
    return made


def take(person: Any, agreement: Any, kind: str, *rows: list[str], **more: Any) -> Record:
    """Upload a table without faults and take it in."""
    row = send(person, agreement, kind, *rows, **more)
    assert faults(row) == []
    import_services.take(person, row)
    row.refresh_from_db()
    return row


def faults(row: Record) -> list[str]:
    return [one["code"] for one in import_selectors.checked(row)["faults"]]
