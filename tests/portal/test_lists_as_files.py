"""Every list of the portal as a workbook: all its rows as the reader sees them, numbers as numbers, nothing more."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import openpyxl
import planted
import pytest
from django.urls import reverse

from duijie_portal.ledger.workbook import workbook_of

# Lists with their rows in the twin; those that stand whole on one page too.
LISTS = {
    "listings": "listings", "cases": "cases", "organisations": "organisations", "posts": "posts", "facts": "facts",
    "applications": "applications", "registrations": "registrations", "people": "people", "activity": "entries",
}  # fmt: skip


def _book(answer: Any) -> Any:
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return openpyxl.load_workbook(io.BytesIO(answer.content))


@pytest.mark.parametrize("name", LISTS)
def test_a_list_comes_whole(agreement: Any, sides: Any, as_person: Any, name: str) -> None:
    """As many rows as the list has on all its pages, under the banner and the headings of the page."""
    role = {"people": "security", "activity": "audit"}.get(name, "coordinator")
    client, path = as_person(f"{role}-{sides[0].pk}"), reverse(name, args=[agreement.pk])
    found = client.get(reverse(f"{name}_json", args=[agreement.pk])).json()
    page = client.get(path).content.decode()
    sheet = _book(client.get(path, {"as": "xlsx"})).worksheets[0]
    n_rows = found["pages"]["n_rows"]
    assert "演练" in sheet.cell(1, 1).value
    assert sheet.max_row == max(2, n_rows + 2) or n_rows == 0
    assert ("as=xlsx" in page) == bool(n_rows)
    assert sheet.cell(2, 1).value in page


def test_a_workbook_goes_through_the_page_s_own_gate(agreement: Any, sides: Any, as_person: Any) -> None:
    """What the other side holds back is in nobody's file but its own, and a filter of the page holds for the file."""
    owner = planted.party(agreement, sides[0], "p-file")
    planted.listing(owner, "l-file", payload={"title": "未开放的清单暗号"})
    path = reverse("listings", args=[agreement.pk])
    for at, reads in ((0, True), (1, False)):
        book = _book(as_person(f"coordinator-{sides[at].pk}").get(path, {"as": "xlsx"}))
        cells = {str(cell.value) for row in book.worksheets[0] for cell in row}
        assert any("未开放的清单暗号" in one for one in cells) == reads
    book = _book(as_person(f"coordinator-{sides[0].pk}").get(path, {"as": "xlsx", "role": "offer"}))
    assert not any("未开放的清单暗号" in str(cell.value) for row in book.worksheets[0] for cell in row)
    assert as_person(f"system-{sides[0].pk}").get(path, {"as": "xlsx"}).status_code == 403


PAGE = """<html><body><p class="banner">演练</p><h1>清单</h1>
<table><thead><tr><th>名称</th><th class="n">金额</th><th>日期</th></tr></thead><tbody>
<tr><th><a href="#">=1+1</a><form><button>删除</button></form></th>
<td class="n">1,200,000.5</td><td>2025-03-01</td></tr>
<tr><th>甲<details><summary>字段</summary><dl><dt>数量</dt><dd>5 台</dd></dl></details></th>
<td class="n">–</td><td>2025-02-30</td></tr>
</tbody></table><h2>清单</h2><table><thead><tr><th>空</th></tr></thead>
<tbody><tr><td class="empty">没有</td></tr></tbody></table></body></html>"""


def test_cells_are_what_they_say() -> None:
    """A formula stays text, buttons go, a figure is a number, a day a day, folded facts columns of their own."""
    book = openpyxl.load_workbook(io.BytesIO(workbook_of(PAGE)))
    assert book.sheetnames == ["清单", "清单 2"]
    rows = [[cell.value for cell in row] for row in book["清单"]]
    assert rows[0][0] == "演练"
    assert rows[1] == ["名称", "金额", "日期", "数量"]
    assert rows[2][:3] == ["=1+1", 1200000.5, datetime(2025, 3, 1)]
    assert book["清单"]["A3"].data_type == "s"
    assert rows[3] == ["甲", None, "2025-02-30", "5 台"]
    assert [cell.value for cell in book["清单 2"][2]] == ["空"]
