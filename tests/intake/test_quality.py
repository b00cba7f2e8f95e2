"""The data-quality report of a folder, and the two commands, as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from duijie.errors import InputError
from duijie.intake import examine
from duijie.intake.commands import check, group

GOOD = "9135058215626570X3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for office, rows in (
        ("甲局", f"企业名称,信用代码,更新日期\n甲,{GOOD},2026-11-01\n乙,x,2026-10-01\n"),
        ("乙局", "指标,数值,年份,单位\nGDP,100,2025,亿元\n"),
    ):
        (tmp_path / office).mkdir()
        (tmp_path / office / "表.csv").write_text(rows, encoding="gb18030")
    (tmp_path / "乱.csv").write_text("1,2\n3,4\n", encoding="utf-8")
    (tmp_path / "空.xlsx").write_bytes(b"")
    return tmp_path


def test_coverage_freshness_and_faults_by_department(folder: Path) -> None:
    found = examine(folder, today=date(2026, 11, 23))
    assert {file.file: file.kind for file in found.files} == {
        "乱.csv": "", "空.xlsx": "", "甲局/表.csv": "firms", "乙局/表.csv": "statistics",
    }  # fmt: skip
    departments = found.by_department()
    assert departments["甲局"] == {
        "files": 1, "rows": 2, "faulty": 1, "latest": "2026-11-01", "sound_share": 0.5, "age_days": 22,
        "filled_share": pytest.approx(5 / 6), "sourced_share": 0.0,
    }  # fmt: skip
    assert departments["乙局"]["age_days"] == (date(2026, 11, 23) - date(2025, 12, 31)).days
    assert {file.error.code for file in found.files if file.error} == {"kind_not_found", "file_empty"}
    json.dumps(found.to_dict())


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder_missing"):
        examine(tmp_path / "none", today=date(2026, 1, 1))


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    assert examine(tmp_path, today=date(2026, 1, 1)).files == ()


def test_check_tells_and_fails(folder: Path) -> None:
    told = CliRunner().invoke(check, [str(folder), "--today", "2026-11-23", "--json"])
    assert told.exit_code == 1
    assert json.loads(told.output)["departments"]["甲局"]["faulty"] == 1
    shown = CliRunner().invoke(check, [str(folder)], obj={"language": "en"})
    assert "Departments" in shown.output
    assert "18" in shown.output
    assert "uscc_length" not in shown.output


def test_intake_of_one_file(folder: Path, tmp_path: Path) -> None:
    run, file = CliRunner(), str(folder / "甲局" / "表.csv")
    out, copy = tmp_path / "out.parquet", tmp_path / "copy.xlsx"
    refused = run.invoke(group, [file, "--out", str(out), "--corrected", str(copy), "--today", "2026-11-23"])
    assert refused.exit_code == 1
    assert not out.exists()
    assert "uscc" not in refused.output
    assert "第 3 行 “信用代码”：" in refused.output
    assert openpyxl.load_workbook(copy).worksheets[0]["B3"].comment is not None
    kept = run.invoke(group, ["file", file, "--out", str(out), "--keep-sound-rows"], obj={"language": "en"})
    assert kept.exit_code == 0
    assert pq.read_table(out).num_rows == 1
    told = run.invoke(group, [file, "--json"])
    assert [fault["code"] for fault in json.loads(told.output)["faults"]] == ["uscc_length"]


def test_intake_maps_and_remembers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("厂家,信用代码\n甲," + GOOD + "\n", encoding="utf-8")
    maps, file = str(tmp_path / "maps.yaml"), str(tmp_path / "a.csv")
    run = CliRunner()
    assert run.invoke(group, [file, "--kind", "firms"]).exit_code == 1
    assert run.invoke(group, [file, "--kind", "firms", "--map", "厂家=name", "--maps", maps]).exit_code == 0
    assert run.invoke(group, [file, "--kind", "firms", "--maps", maps]).exit_code == 0
    assert run.invoke(group, [file, "--kind", "firms", "--map", "wrong"]).exit_code == 2


def test_the_program_itself_ends_with_the_code(folder: Path) -> None:
    program = [str(Path(sys.executable).with_name("duijie"))]
    for arguments in (["intake", str(folder / "甲局" / "表.csv")], ["check", str(folder)]):
        assert subprocess.run([*program, *arguments], capture_output=True, check=False).returncode == 1
    assert subprocess.run([*program, "intake", str(folder / "乙局" / "表.csv")], check=False).returncode == 0


def test_kinds_are_listed() -> None:
    assert "firms" in CliRunner().invoke(group, ["kinds"]).output


def test_duplicates_are_queued(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("企业名称,信用代码\n甲乙丙鞋业有限公司," + GOOD + "\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("企业名称,信用代码\n甲乙丙鞋业有限责任公司," + GOOD + "\n", encoding="utf-8")
    out = tmp_path / "queue.json"
    told = CliRunner().invoke(
        group, ["duplicates", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--out", str(out)]
    )
    assert told.exit_code == 0, told.output
    assert len(json.loads(out.read_text(encoding="utf-8"))["pairs"]) == 1


def test_check_names_what_was_not_read(tmp_path: Path) -> None:
    """Lines by their reason with the first, columns, and files that are no tables; none of it fails the check."""
    text = "企业名称,,厂长说,联系电话,从业人数\n甲,旁,好,1,5\n乙,,好,2,6\n合计,,,,11\n"
    (tmp_path / "表.csv").write_text(text, encoding="utf-8")
    for name in ("附件.pdf", "汇总.et", ".DS_Store"):
        (tmp_path / name).write_bytes(b"%PDF")
    shown = CliRunner().invoke(check, [str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert "表.csv: 1 × 第 4 行 未读：合计行：合计 11" in lines
    assert "表.csv: 1 × 第 1 行 未读：这一列没有表头：B · 旁" in lines
    assert any(line.startswith("表.csv: ") and "厂长说" in line for line in lines)
    assert any(line.startswith("表.csv: ") and "联系电话" in line for line in lines)
    assert any("汇总.et" in line and "附件.pdf" in line and "DS_Store" not in line for line in lines)
    told = json.loads(CliRunner().invoke(check, [str(tmp_path), "--json"]).output)
    assert told["others"] == ["汇总.et", "附件.pdf"]


def test_rows_that_are_not_compared_are_told(tmp_path: Path) -> None:
    """A row with a fault cannot be compared; its file and how many there are is said below the queue."""
    (tmp_path / "a.csv").write_text("企业名称,信用代码\n甲厂," + GOOD + "\n乙厂,x\n丙厂,y\n", encoding="utf-8")
    shown = CliRunner().invoke(group, ["duplicates", str(tmp_path / "a.csv")])
    assert "a.csv有 2 处问题，其中 2 行没有参与比较。" in shown.output


def test_sheets_that_are_not_coded_are_told(tmp_path: Path) -> None:
    """Codes are given to the rows of one sheet; the names of the others are said."""
    book = openpyxl.Workbook()
    for row in (["企业名称", "经营范围"], ["甲鞋业有限公司", "鞋的制造"]):
        book.active.append(row)
    book.create_sheet("续").append(["企业名称"])
    book.save(tmp_path / "a.xlsx")
    run = CliRunner()
    shown = run.invoke(group, ["code", str(tmp_path / "a.xlsx"), "--out", str(tmp_path / "a.csv")])
    assert "这些工作表没有读取：续。" in shown.output
    book.remove(book["续"])
    book.save(tmp_path / "a.xlsx")
    shown = run.invoke(group, ["code", str(tmp_path / "a.xlsx"), "--out", str(tmp_path / "a.csv")])
    assert shown.exit_code == 0
    assert "没有读取" not in shown.output
