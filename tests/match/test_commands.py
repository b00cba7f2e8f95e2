"""The command lines, on tables as users bring them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from duijie.errors import InputError
from duijie.match.commands import group

NEEDS = "id,标题,side,party,quantity_month\nn1,采购运动鞋鞋底,110000,甲,500\nn2,,110000,乙,\n"
OFFERS = "id,标题,side,party,Monthly capacity\no1,鞋底生产,220000,丙,400\no2,鞋底模具,220000,丁,900\n"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "needs.csv").write_text(NEEDS, encoding="utf-8-sig")
    (tmp_path / "offers.csv").write_text(OFFERS, encoding="utf-8")
    return tmp_path


def _run(*arguments: str) -> str:
    done = CliRunner().invoke(group, arguments, obj={"language": "en"}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_rank(tables: Path) -> None:
    files = ["--needs", str(tables / "needs.csv"), "--offers", str(tables / "offers.csv")]
    _run("rank", *files, "--text", "标题", "--top", "10", "--out", str(tables / "out.csv"))
    rows = list(csv.DictReader((tables / "out.csv").open(encoding="utf-8-sig")))
    assert {(row["need"], row["words"]) for row in rows} == {("n1", "鞋底")}
    assert float(rows[0]["score"]) >= float(rows[1]["score"])


def test_kind_reads_labels_checks_capacity_and_explains(tables: Path) -> None:
    files = ["--needs", str(tables / "needs.csv"), "--offers", str(tables / "offers.csv")]
    _run("kind", "supply", *files, "--out", str(tables / "out.json"), "--assign", "--on", "2026-01-01")
    (found,) = json.loads((tables / "out.json").read_text(encoding="utf-8"))
    assert [one["offer"] for one in found["matches"]] == ["o2"]
    _run("kind", "supply", *files, "--out", str(tables / "out.csv"), "--on", "2026-01-01")
    (row,) = csv.DictReader((tables / "out.csv").open(encoding="utf-8-sig"))
    assert "The texts meet in: 鞋底" in row["reasons"]


def test_evaluate(tables: Path) -> None:
    lines = "".join(f"p{at},采购{word},{word}生产加工\n" for at, word in enumerate(["鞋底", "拉链", "芯片", "面料"]))
    (tables / "pairs.csv").write_text("id,query,relevant\n" + lines, encoding="utf-8")
    said = _run("evaluate", "--pairs", str(tables / "pairs.csv"), "--out", str(tables / "out.csv"))
    assert "no public labelled set" in said
    rows = list(csv.DictReader((tables / "out.csv").open(encoding="utf-8-sig")))
    ours = {row["figure"]: float(row["value"]) for row in rows if row["method"] == "duijie"}
    assert ours["recall@1"] == ours["MRR"] == 1


def test_faults_are_named(tables: Path) -> None:
    (tables / "bad.csv").write_text("id,quantity_month\nn1,many\nn2,-\n", encoding="utf-8")
    files = [
        "--needs",
        str(tables / "bad.csv"),
        "--offers",
        str(tables / "offers.csv"),
        "--out",
        str(tables / "out.csv"),
    ]
    with pytest.raises(InputError) as caught:
        _run("kind", "supply", *files)
    assert [fault.where["row"] for fault in caught.value.faults] == [2, 3]
    with pytest.raises(InputError, match="match_kind_unknown"):
        _run("kind", "none", *files)
    with pytest.raises(InputError, match="match_no_text_column"):
        _run("rank", *files, "--text", "标题")
    (tables / "noid.csv").write_text("name\nx\n", encoding="utf-8")
    with pytest.raises(InputError, match="data_file_faults"):
        _run("evaluate", "--pairs", str(tables / "noid.csv"))
