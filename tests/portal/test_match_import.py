"""A table on its way in: columns named, every fault told, all rows entered or none, and nobody else sees them."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portal_checks import check_act, check_page, post

from duijie.data.words import sentence, words
from duijie.errors import DeniedError, InputError, SealError
from duijie.match.kinds import load_kinds
from duijie_portal.accounts.models import Department
from duijie_portal.ledger import checking
from duijie_portal.ledger.entries import Entry
from duijie_portal.ledger.models import Listing, Party, Record
from duijie_portal.match import import_selectors, import_services
from duijie_portal.match.import_tables import look_at

HEAD = ["统一社会信用代码", "企业名称", "区划代码", "注册资本(万元)", "主营产品", "法定代表人"]
FIRM = ["91350582MA31Q8EE45", "甲纺织有限公司", "350582", "约500", "针织布、面料", "某某"]
OTHER = ["", "乙鞋业有限公司", "350582", "120", "运动鞋", "某某"]

pytestmark = pytest.mark.usefixtures("fresh_imports")


def sheet(*rows: list[str], name: str = "企业.xlsx") -> SimpleUploadedFile:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return SimpleUploadedFile(name, out.getvalue())


def text(*rows: list[str], name: str = "table.csv", encoding: str = "gb18030") -> SimpleUploadedFile:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return SimpleUploadedFile(name, out.getvalue().encode(encoding))


@pytest.fixture
def offices(agreement: Any, sides: Any) -> list[str]:
    return list(Department.objects.filter(agreement=agreement.pk, side=sides[0]).values_list("key", flat=True))


@pytest.fixture
def send(agreement: Any, sides: Any, person: Any, offices: list[str]) -> Any:
    def give(file: SimpleUploadedFile, kind: str = "firms", **more: Any) -> Record:
        said = {"source": "部门台账", "department": offices[0], "as_of": None, **more}
        made: Record = import_services.open_import(
            person(f"coordinator-{sides[0].pk}"), agreement, file=file, kind=kind, **said
        )
        return made

    return give


def found(row: Record) -> Any:
    return import_selectors.checked(row)


def test_a_table_is_sent_checked_and_taken_in(
    agreement: Any, sides: Any, as_person: Any, offices: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    here, n_before = as_person(f"coordinator-{sides[0].pk}"), Party.objects.count()
    data = {"kind": "firms", "source": "市场监管台账", "department": offices[0], "as_of": "2025-06-30"}
    answer = post(here, "open_import", agreement, {**data, "file": sheet(HEAD, FIRM, OTHER)})
    assert words("zh")["portal_import_done_open"] in answer.content.decode()
    row = Record.objects.get(kind="import")
    html, document = check_page("import", agreement, as_person, sides, table=row.pk)
    assert document["import"]["summary"]["n_faults"] == 0, document["faults"]
    assert {one["heading"]: one["key"] for one in document["columns"]}["主营产品"] == "products"
    assert {one["basis"] for one in document["columns"] if one["heading"] == "法定代表人"} == {"personal"}
    assert "某某" not in html
    assert Party.objects.count() == n_before, "a dry run writes nothing"
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(here, "take_import", agreement, {}, table=row.pk)
    assert words("zh")["portal_import_done_take"] in answer.content.decode()
    first = Party.objects.get(uscc=FIRM[0])
    assert (first.side_id, first.visibility, first.released_at, first.kind) == (sides[0].pk, "own", None, "firm")
    source = first.payload["source"]
    assert (source["title"], source["as_of"], source["row"]) == ("市场监管台账", "2025-06-30", 2)
    assert source["publisher"] == Department.objects.get(agreement=agreement.pk, key=offices[0]).name_zh
    assert source["confidences"]["capital"] == 0.8
    assert first.payload["capital"] == 5_000_000
    _, document = check_page("import", agreement, as_person, sides, table=row.pk)
    assert {one["name"] for one in document["rows"]} == {FIRM[1], OTHER[1]}
    row.refresh_from_db()
    assert (row.state, row.payload["n_made"]) == ("taken", 2)
    assert Entry.objects.filter(subject=f"record/{row.pk}", commit=row.revision).exists()
    said = Entry.objects.filter(agreement=agreement, kind="submitted", subject__startswith=f"party/{row.pk}-")
    assert said.count() == 2, "each row is an event of its own"
    [(_, verdict)] = checking.check([agreement.pk])
    assert verdict.holds, verdict.faults
    assert not import_selectors.table_path(row).parent.exists(), "the file is deleted once taken in"


def test_lines_beyond_those_that_are_listed_are_counted(agreement: Any, sides: Any, as_person: Any, send: Any) -> None:
    """Two hundred lines that were not read are listed; how many more there are is said."""
    lines = [HEAD, FIRM, *([["", "合计", "", "620", "", ""]] * 203)]
    row = send(text(*lines))
    html, document = check_page("import", agreement, as_person, sides, table=row.pk)
    assert (len(document["left_out"]), document["n_left_out"]) == (200, 203)
    assert sentence("portal_import_left_out", "zh", {"n": 203}) in html
    assert sentence("left_more", "zh", {"n": 3}) in html


def test_hidden_rows_are_asked_about_and_lines_that_are_no_records_are_named(
    agreement: Any, sides: Any, as_person: Any, send: Any
) -> None:
    """Nothing enters while a row is hidden; a person says what becomes of it; totals are named with their row."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in (HEAD, FIRM, OTHER, ["", "合计", "", "620", "", ""]):
        book.active.append(line)
    book.active.row_dimensions[3].hidden = True
    book.save(out)
    row = send(SimpleUploadedFile("企业.xlsx", out.getvalue()))
    html, document = check_page("import", agreement, as_person, sides, table=row.pk)
    assert [one["code"] for one in document["faults"]] == ["rows_hidden"]
    assert [(one["row"], one["code"]) for one in document["left_out"]] == [(4, "left_total")]
    assert document["n_left_out"] == 1
    assert words("zh")["portal_import_hidden_take"] in html
    here = as_person(f"coordinator-{sides[0].pk}")
    for answer, n_rows in (("take", 2), ("leave", 1)):
        post(here, "map_import", agreement, {"heading": "", "key": "", "hidden": answer}, table=row.pk)
        row.refresh_from_db()
        summary = row.payload["summary"]
        assert (summary["n_faults"], summary["n_rows"]) == (0, n_rows)


def test_the_other_side_sees_nothing_of_it(agreement: Any, sides: Any, as_person: Any, person: Any, send: Any) -> None:
    row = send(sheet(HEAD, FIRM, OTHER))
    import_services.take(person(f"coordinator-{sides[0].pk}"), row)
    there = as_person(f"coordinator-{sides[1].pk}")
    for name, keys in (("import", {"table": row.pk}), ("corrected", {"table": row.pk})):
        assert there.get(reverse(name, kwargs={"agreement": agreement.pk, **keys})).status_code == 404
    assert there.get(reverse("imports_json", args=[agreement.pk])).json()["imports"] == []
    assert there.get(reverse("data_quality_json", args=[agreement.pk])).json()["departments"] == []
    assert not Party.objects.filter(uscc=FIRM[0]).visible_to(person(f"leader-{sides[1].pk}")).exists()
    with pytest.raises(DeniedError, match="portal_other_side_owns"):
        import_services.drop(person(f"coordinator-{sides[1].pk}"), row)


def test_all_faults_at_once_and_none_enters(agreement: Any, sides: Any, as_person: Any, send: Any) -> None:
    wrong = ["91350582MA31Q8EE4X", "丙有限公司", "350000000", "一些", "布", ""]
    row, n_before = send(sheet(HEAD, FIRM, wrong, FIRM)), Party.objects.count()
    told = found(row)["faults"]
    assert {(one["where"]["row"], one["where"]["column"]) for one in told} >= {
        (3, "统一社会信用代码"),
        (3, "区划代码"),
        (3, "注册资本(万元)"),
        (4, "统一社会信用代码"),
    }
    assert all(one["where"]["file"] == "企业.xlsx" and one["hint"] for one in told)
    html, document = check_page("import", agreement, as_person, sides, table=row.pk)
    assert len(document["faults"]) == document["import"]["summary"]["n_faults"] == len(told)
    assert words("zh")["uscc_look_up"] in html
    here = as_person(f"coordinator-{sides[0].pk}")
    answer = post(here, "take_import", agreement, {}, table=row.pk)
    assert words("zh")["portal_import_faults"].format(n=len(told)) in answer.content.decode()
    assert Party.objects.count() == n_before
    copy = here.get(reverse("corrected", kwargs={"agreement": agreement.pk, "table": row.pk}))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(copy.streaming_content)))
    assert book.worksheets[0]["A3"].comment is not None
    assert book.worksheets[0]["A2"].comment is None
    assert book.worksheets[-1].max_row == len(told) + 1


def test_the_same_rows_never_enter_twice(agreement: Any, sides: Any, person: Any, send: Any) -> None:
    here = person(f"coordinator-{sides[0].pk}")
    first, second = send(sheet(HEAD, FIRM, OTHER)), send(sheet(HEAD, FIRM, OTHER))
    assert import_services.take(here, first) == 2
    n_parties, n_events = Party.objects.count(), agreement.entries.count()
    with pytest.raises(InputError, match="portal_import_faults"):
        import_services.take(here, second)
    assert (Party.objects.count(), agreement.entries.count()) == (n_parties, n_events)
    assert [(one["code"], one["where"]["row"]) for one in found(second)["faults"]] == [
        ("portal_import_there", 2),
        ("portal_import_there", 3),
    ]
    with pytest.raises(DeniedError, match="portal_import_closed"):
        import_services.take(here, first)


def test_nothing_is_half_written_where_the_seal_fails(
    agreement: Any, sides: Any, person: Any, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, n_before = send(sheet(HEAD, FIRM, OTHER)), Party.objects.count()

    def broken(*_: Any) -> None:
        raise SealError("portal_key_elsewhere", {"side": sides[0].pk})

    with monkeypatch.context() as patch:
        patch.setattr(import_services, "append", broken)
        with pytest.raises(SealError):
            import_services.take(person(f"coordinator-{sides[0].pk}"), row)
    row.refresh_from_db()
    assert (Party.objects.count(), row.state) == (n_before, "opened")
    assert import_selectors.table_path(row).exists()
    assert import_services.take(person(f"coordinator-{sides[0].pk}"), row) == 2


def test_columns_are_chosen_and_remembered_for_the_department(
    agreement: Any, sides: Any, as_person: Any, send: Any, offices: list[str]
) -> None:
    head = ["代号", "厂子的名字", "做什么"]
    row = send(text(head, ["1", "丁厂", "布"]))
    assert {one["code"] for one in found(row)["faults"]} == {"heading_not_found"}
    assert [one["heading"] for one in found(row)["columns"]] == head
    here = as_person(f"coordinator-{sides[0].pk}")
    data = {"heading": head, "key": ["", "name", "products"]}
    answer = post(here, "map_import", agreement, data, table=row.pk)
    assert words("zh")["portal_import_done_map"] in answer.content.decode()
    assert found(row)["faults"] == []
    again = send(text(head, ["2", "戊厂", "鞋"]))
    assert again.payload["is_remembered"]
    assert found(again)["faults"] == []
    assert send(text(head, ["2", "戊厂", "鞋"]), department=offices[1]).payload["is_remembered"] is False
    answer = post(here, "map_import", agreement, {"heading": head, "key": ["name"]}, table=row.pk)
    assert words("zh")["portal_import_done_map"] not in answer.content.decode()


def test_personal_columns_and_unknown_fields_cannot_be_chosen(sides: Any, person: Any, send: Any) -> None:
    row = send(sheet(HEAD, FIRM))
    chosen = {"法定代表人": "note", "主营产品": "no_such_field", "企业名称": "name"}
    row = import_services.map_columns(person(f"coordinator-{sides[0].pk}"), row, chosen=chosen)
    assert row.payload["mapping"] == {}


def bomb() -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (80 << 20))
    return SimpleUploadedFile("炸弹.xlsx", out.getvalue())


BAD = {
    "file_bomb": bomb,
    "file_empty": lambda: SimpleUploadedFile("空.csv", b""),
    "file_broken": lambda: SimpleUploadedFile("坏.xlsx", b"PK\x03\x04" + b"x" * 400),
    "file_encoding": lambda: SimpleUploadedFile("图.csv", b"\x89PNG\r\n\x1a\n\0\0\xff\xff"),
    "heading_not_found": lambda: text(["一", "二"], ["三", "四"]),
}


@pytest.mark.parametrize("code", BAD)
def test_a_bad_file_is_a_list_of_faults(code: str, agreement: Any, sides: Any, as_person: Any, offices: Any) -> None:
    here = as_person(f"coordinator-{sides[0].pk}", "en")
    data = {"kind": "firms", "source": "x", "department": offices[0], "file": BAD[code]()}
    answer = post(here, "open_import", agreement, data)
    assert answer.status_code == 200
    assert words("en")["portal_import_done_open"] in answer.content.decode()
    row = Record.objects.get(kind="import")
    _, document = check_page("import", agreement, as_person, sides, table=row.pk)
    assert [one["code"] for one in document["faults"]] == [code]
    copy = here.get(reverse("corrected", kwargs={"agreement": agreement.pk, "table": row.pk}))
    assert copy.status_code == (200 if code == "heading_not_found" else 404)
    assert (
        words("en")["portal_import_faults"].format(n=1)
        in post(here, "take_import", agreement, {}, table=row.pk).content.decode()
    )
    assert here.get(reverse("data_quality", args=[agreement.pk])).status_code == 200


def parquet() -> SimpleUploadedFile:
    out = io.BytesIO()
    columns = {name: [row[at] for row in (FIRM, OTHER)] for at, name in enumerate(HEAD)}
    pq.write_table(pa.table(columns), out)  # type: ignore[no-untyped-call]
    return SimpleUploadedFile("table.parquet", out.getvalue())


@pytest.mark.parametrize(
    "make",
    [
        parquet,
        lambda: text(HEAD, FIRM, OTHER),
        lambda: text(HEAD, FIRM, OTHER, encoding="utf-8-sig"),
        lambda: text(HEAD, FIRM, OTHER, encoding="utf-16"),
        lambda: sheet(HEAD, FIRM, OTHER, name="../../really.csv"),
    ],
)
def test_the_first_bytes_say_what_a_file_is(make: Any, sides: Any, person: Any, send: Any) -> None:
    row = send(make())
    assert found(row)["faults"] == []
    assert import_selectors.table_path(row).resolve().parent.name == row.pk
    assert import_services.take(person(f"coordinator-{sides[0].pk}"), row) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1", b"\xff\xfe"]),
    st.binary(max_size=400),
)
def test_any_bytes_give_faults_and_no_crash(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "any.bin"
    path.write_bytes(start + rest)
    look = look_at(path, "firms", mapping={}, today=date(2026, 1, 1), source="", department="", as_of="")
    assert look.n_faults >= len(look.faults) > 0


def test_values_in_faults_are_cut(send: Any) -> None:
    """A code of 5,000 digits is too long for a cell; what the fault shows of it fits a line."""
    told = found(send(text(["企业名称", "区划代码"], ["甲厂" * 200, "9" * 5000])))["faults"]
    assert {one["code"] for one in told} == {"cell_long"}
    assert all(len(one["values"]["value"]) <= 201 for one in told)


def test_a_formula_stays_text(agreement: Any, sides: Any, as_person: Any, send: Any) -> None:
    row = send(text(["企业名称", "区划代码"], ["=cmd|' /C calc'!A0", "999999"], encoding="utf-8"))
    here = as_person(f"coordinator-{sides[0].pk}")
    copy = here.get(reverse("corrected", kwargs={"agreement": agreement.pk, "table": row.pk}))
    cell = openpyxl.load_workbook(io.BytesIO(b"".join(copy.streaming_content))).worksheets[0]["A2"]
    assert (cell.value, cell.data_type) == ("=cmd|' /C calc'!A0", "s")


def test_too_many_rows_and_a_table_without_rows(
    monkeypatch: pytest.MonkeyPatch, sides: Any, person: Any, send: Any
) -> None:
    monkeypatch.setattr("duijie_portal.match.import_tables.MOST_ROWS", 1)
    assert [one["code"] for one in found(send(sheet(HEAD, FIRM, OTHER)))["faults"]] == ["portal_import_too_many"]
    row = send(text(HEAD))
    assert [one["code"] for one in found(row)["faults"]] == ["rows_missing"]
    with pytest.raises(InputError, match="portal_import_faults"):
        import_services.take(person(f"coordinator-{sides[0].pk}"), row)


def test_a_file_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, send: Any) -> None:
    monkeypatch.setattr("duijie_portal.match.import_services.MOST_BYTES", 10)
    with pytest.raises(InputError, match="portal_file_size"):
        send(sheet(HEAD, FIRM))
    assert not Record.objects.filter(kind="import").exists()


NEEDS = ["对接类型", "单位名称", "标题", "预算(万元)", "有效期至"]


def test_needs_belong_to_parties_on_record(agreement: Any, sides: Any, person: Any, send: Any) -> None:
    here = person(f"coordinator-{sides[0].pk}")
    import_services.take(here, send(sheet(HEAD, FIRM)))
    kind = load_kinds()["supply"]
    row = send(
        text(NEEDS, [kind.name.zh, FIRM[1], "求购面料", "30", "2027-02"], ["没有的", "无名厂", "求购", "", ""]), "needs"
    )
    assert [one["code"] for one in found(row)["faults"]] == ["portal_import_no_kind", "portal_import_nobody"]
    sound = text(NEEDS, [kind.name.zh, FIRM[1], "求购面料", "30", "2027-02"])
    assert import_services.take(here, send(sound, "needs")) == 1
    made = Listing.objects.get(agreement=agreement, party__uscc=FIRM[0])
    assert (made.kind, made.role, made.visibility, str(made.valid_until)) == (kind.key, "need", "own", "2027-02-28")
    assert kind.check("need", made.payload) == ()
    assert made.source["publisher"]
    sound.seek(0)
    assert [one["code"] for one in found(send(sound, "needs"))["faults"]] == ["portal_import_there"]


def test_an_officer_sends_for_own_departments_only(
    agreement: Any, sides: Any, as_person: Any, officer_of: Any, offices: list[str], send: Any
) -> None:
    nowhere = as_person(f"officer-{sides[0].pk}").get(reverse("imports", args=[agreement.pk]))
    assert words("zh")["portal_import_no_department"] in nowhere.content.decode()
    officer, theirs = officer_of(sides[0], offices[1]), send(sheet(HEAD, FIRM))
    said: dict[str, Any] = {"kind": "firms", "source": "x"}
    with pytest.raises(DeniedError, match="portal_import_other_department"):
        import_services.open_import(officer, agreement, file=sheet(HEAD, FIRM), department=offices[0], **said)
    with pytest.raises(DeniedError, match="portal_import_other_department"):
        import_services.take(officer, theirs)
    here = as_person(officer.username)
    path = reverse("import", kwargs={"agreement": agreement.pk, "table": theirs.pk})
    assert here.get(path).status_code == 404
    own = import_services.open_import(officer, agreement, file=sheet(HEAD, FIRM), department=offices[1], **said)
    shown = here.get(reverse("imports_json", args=[agreement.pk])).json()
    assert [one["id"] for one in shown["imports"]] == [own.pk]
    assert [one["key"] for one in shown["departments"]] == [offices[1]]


@pytest.mark.parametrize("role", ["leader", "reader", "auditor", "firm", "talent", "security"])
def test_other_roles_neither_send_nor_see(
    role: str, agreement: Any, sides: Any, as_person: Any, person: Any, send: Any
) -> None:
    row, there = send(sheet(HEAD, FIRM)), as_person(f"{role}-{sides[0].pk}")
    assert there.get(reverse("imports", args=[agreement.pk])).status_code == 403
    for name in ("import", "corrected"):
        assert there.get(reverse(name, kwargs={"agreement": agreement.pk, "table": row.pk})).status_code == 403
    assert post(there, "take_import", agreement, {}, table=row.pk).status_code in (403, 404)
    with pytest.raises(DeniedError, match="portal_denied"):
        import_services.take(person(f"{role}-{sides[0].pk}"), row)


def test_pages_and_writes_are_closed_to_others(agreement: Any, sides: Any, as_person: Any, send: Any) -> None:
    row = send(sheet(HEAD, FIRM))
    _, document = check_page("imports", agreement, as_person, sides)
    assert [one["file"] for one in document["imports"]] == ["企业.xlsx"]
    check_act("open_import", agreement, as_person)
    for name in ("map_import", "take_import", "drop_import"):
        check_act(name, agreement, as_person, table=row.pk)
    assert Client().get(reverse("corrected", kwargs={"agreement": agreement.pk, "table": row.pk})).status_code == 302
    gone = reverse("import", kwargs={"agreement": agreement.pk, "table": "none-such"})
    assert as_person(f"coordinator-{sides[0].pk}").get(gone).status_code == 404


def test_a_dropped_table_is_gone(
    agreement: Any, sides: Any, as_person: Any, send: Any, django_capture_on_commit_callbacks: Any
) -> None:
    row = send(sheet(HEAD, FIRM))
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(as_person(f"coordinator-{sides[0].pk}"), "drop_import", agreement, {}, table=row.pk)
    assert words("zh")["portal_import_done_drop"] in answer.content.decode()
    assert not import_selectors.table_path(row).parent.exists()
    assert Record.objects.get(pk=row.pk).state == "dropped"
    check_page("import", agreement, as_person, sides, table=row.pk)


def test_names_that_may_be_one_organisation_are_shown_and_keep_nothing_back(
    agreement: Any, sides: Any, as_person: Any, person: Any, send: Any
) -> None:
    here = person(f"coordinator-{sides[0].pk}")
    import_services.take(here, send(sheet(HEAD, ["", "锦绣华章纺织有限公司", "350582", "120", "布", ""])))
    row = send(sheet(HEAD, ["", "锦绣华章纺织有限责任公司", "350582", "120", "布", ""], OTHER))
    html, document = check_page("import", agreement, as_person, sides, table=row.pk)
    [pair] = document["alike"]
    assert (pair["row"], pair["is_held"], set(pair["names"])) == (
        2,
        True,
        {"锦绣华章纺织有限公司", "锦绣华章纺织有限责任公司"},
    )
    assert words("zh")["merge_same_name"] in html
    assert import_services.take(here, row) == 2


def test_data_quality_by_department(
    agreement: Any, sides: Any, as_person: Any, person: Any, send: Any, offices: Any
) -> None:
    import_services.take(person(f"coordinator-{sides[0].pk}"), send(sheet(HEAD, FIRM, OTHER), as_of=date(2025, 6, 30)))
    send(text(["企业名称", "区划代码"], ["己厂", "某地"]), department=offices[1])
    _, document = check_page("data_quality", agreement, as_person, sides)
    first, second = (next(one for one in document["departments"] if one["key"] == key) for key in offices[:2])
    assert (first["n_rows"], first["sound_share"], first["latest"]) == (2, 1.0, "2025-06-30")
    assert first["age_days"] > 365
    assert first["full_share"] == pytest.approx((0.5 + 4) / 5)
    assert (second["n_rows"], second["sound_share"], second["latest"], second["age_days"]) == (1, 0.0, "", None)
    assert first["files"][0]["source"] == "部门台账"
    assert len(document["silent"]) == len(offices) - 2
