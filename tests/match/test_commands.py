"""The command lines, on tables as users bring them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from duijie.data import root
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
    assert "Text in common: 鞋底" in row["reasons"]


def test_evaluate(tables: Path) -> None:
    lines = "".join(f"p{at},采购{word},{word}生产加工\n" for at, word in enumerate(["鞋底", "拉链", "芯片", "面料"]))
    (tables / "pairs.csv").write_text("id,query,relevant\n" + lines, encoding="utf-8")
    said = _run("evaluate", "--pairs", str(tables / "pairs.csv"), "--out", str(tables / "out.csv"))
    assert "no public labelled set" in said
    rows = list(csv.DictReader((tables / "out.csv").open(encoding="utf-8-sig")))
    ours = {row["figure"]: float(row["value"]) for row in rows if row["method"] == "duijie"}
    assert ours["recall@1"] == ours["MRR"] == 1


def test_faults_are_named(tables: Path) -> None:
    (tables / "bad.csv").write_text("id,quantity_month\nn1,many\nn2,-5\nn3,-\n", encoding="utf-8")
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


def _both(tables: Path) -> list[str]:
    return ["--needs", str(tables / "needs.csv"), "--offers", str(tables / "offers.csv")]


def test_why_names_the_broken_rule_by_how_much_and_what_would_help(tables: Path) -> None:
    asked = ["why", "supply", *_both(tables), "--need", "n1", "--on", "2026-01-01"]
    said = _run(*asked, "--offer", "o1")
    assert "Not met: “Capacity suffices” (short by 20%)." in said
    assert "If both sides stated “Products”" in said
    assert "all conditions hold; score" in _run(*asked, "--offer", "o2")
    in_chinese = CliRunner().invoke(group, [*asked, "--offer", "o1"], obj={"language": "zh"}).output
    assert "不符合“产能满足”（差 20%）。" in in_chinese
    assert "match_" not in said + in_chinese
    with pytest.raises(InputError, match="match_id_unknown"):
        _run(*asked, "--offer", "o9")


def test_a_need_left_over_is_told_what_removed_its_offers(tables: Path) -> None:
    (tables / "needs.csv").write_text("id,标题,side,月需求量\nn1,鞋底,110000,1000\n", encoding="utf-8")
    said = _run("kind", "supply", *_both(tables), "--out", str(tables / "out.csv"), "--on", "2026-01-01")
    assert "n1: no candidate. “Capacity suffices” removes 2. Relaxing “Capacity suffices” by at most 10%" in said


def _many(tables: Path) -> None:
    """Forty needs for soles; what is accepted shares the words, what is declined nothing but the industry."""
    rows = [f"n{at},采购鞋底,110000,甲{at},1952" for at in range(40)]
    offers = [f"o{at},{'鞋底' if at % 2 else '模具'},220000,乙{at},{'3525' if at % 2 else '1952'}" for at in range(40)]
    head = "id,标题,side,party,industry\n"
    (tables / "needs.csv").write_text(head + "\n".join(rows), encoding="utf-8")
    (tables / "offers.csv").write_text(head + "\n".join(offers), encoding="utf-8")
    told = [f"d{at},n{at},o{at},{'accepted' if at % 2 else 'declined'},quality,request,2026-01-01" for at in range(40)]
    told = [one.replace("quality", "terms") for one in told]
    (tables / "told.csv").write_text("id,need,offer,decision,reason,stage,on\n" + "\n".join(told), encoding="utf-8")


def test_learning_keeps_versions_is_used_and_can_be_rolled_back(tables: Path) -> None:
    _many(tables)
    book = tables / "weights.json"
    asked = ["learn", "supply", *_both(tables), "--decisions", str(tables / "told.csv"), "--weights", str(book)]
    assert "Text: 0.240 → " in _run(*asked, "--on", "2026-06-30")
    (first,) = json.loads(book.read_text("utf-8"))["versions"]
    assert (first["version"], first["n"]) == (2, 40)
    assert dict(first["weights"])["text"] > 0.24
    assert first["after"] >= first["before"]
    _run(*asked, "--on", "2026-07-01")
    _run("roll-back", "--weights", str(book), "--to", "2", "--on", "2026-07-02")
    versions = json.loads(book.read_text("utf-8"))["versions"]
    assert [one["version"] for one in versions] == [2, 3, 4]
    assert versions[2]["weights"] == versions[0]["weights"]
    out = ["--out", str(tables / "out.csv"), "--on", "2026-06-30"]
    _run("kind", "supply", *_both(tables), *out)
    before = (tables / "out.csv").read_text("utf-8")
    _run("kind", "supply", *_both(tables), *out, "--weights", str(book))
    assert (tables / "out.csv").read_text("utf-8") != before
    with pytest.raises(InputError, match="match_weights_of_other_kind"):
        _run("kind", "design", *_both(tables), *out, "--weights", str(book))


def test_too_few_decisions_leave_the_weights_of_the_file(tables: Path) -> None:
    (tables / "told.csv").write_text("id,need,offer,decision\nd1,n1,o1,接受\n", encoding="utf-8")
    asked = ["learn", "supply", *_both(tables), "--decisions", str(tables / "told.csv")]
    assert "the weights stay" in _run(*asked, "--weights", str(tables / "weights.json"))
    assert not (tables / "weights.json").exists()
    (tables / "told.csv").write_text("id,need,offer,decision\nd1,n1,o1,perhaps\n", encoding="utf-8")
    with pytest.raises(InputError, match="data_file_faults"):
        _run(*asked, "--weights", str(tables / "weights.json"))
    (tables / "weights.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="match_no_weight_book"):
        _run("kind", "supply", *_both(tables), "--out", "o.csv", "--weights", str(tables / "weights.json"))


def test_a_kind_of_ones_own_folder_needs_no_python(tables: Path) -> None:
    text = (root() / "kinds" / "supply.yaml").read_text("utf-8").replace("key: supply", "key: barter", 1)
    (tables / "barter.yaml").write_text(text, encoding="utf-8")
    out = tables / "out.json"
    _run("kind", str(tables / "barter.yaml"), *_both(tables), "--out", str(out), "--on", "2026-01-01")
    (found,) = json.loads(out.read_text("utf-8"))
    assert found["kind"] == "barter"
    assert found["matches"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("bad.csv", b'id,\xe6\xa0\x87\n"x,y\n', "quote_open"),
        ("bad.xlsx", b"PK\x03\x04 no archive", "file_broken"),
        ("bad.parquet", b"PAR1 no table", "file_broken"),
        ("bad.csv", b"a,b\n1,2\n", "data_file_faults"),
        ("bad.csv", "id,标题\na,鞋\na,鞋\n,鞋\n".encode(), "data_file_faults"),
        ("bad.csv", b"id,\xff\xff\n1,\xff\n", "file_encoding"),
        ("bad.txt", b"%PDF-1.7\n", "file_other_form"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tables: Path, name: str, content: bytes, code: str) -> None:
    (tables / name).write_bytes(content)
    with pytest.raises(InputError, match=code):
        _run(
            "rank",
            "--needs",
            str(tables / name),
            "--offers",
            str(tables / "offers.csv"),
            "--text",
            "标题",
            "--out",
            "o.csv",
        )


def test_empty_tables_give_empty_answers_and_chinese_spreadsheets_are_read(tables: Path) -> None:
    (tables / "empty.csv").write_text("id,标题\n", encoding="utf-8")
    (tables / "gbk.csv").write_bytes("id,标题\nn1,鞋底\n".encode("gbk"))
    for needs, offers, n in (("empty", "offers", 0), ("needs", "empty", 0), ("gbk", "offers", 2)):
        files = ["--needs", str(tables / f"{needs}.csv"), "--offers", str(tables / f"{offers}.csv")]
        _run("rank", *files, "--text", "标题", "--out", str(tables / "out.csv"))
        assert len(list(csv.DictReader((tables / "out.csv").open(encoding="utf-8-sig")))) == n
    (tables / "none.csv").write_text("id,query,relevant\n", encoding="utf-8")
    with pytest.raises(InputError, match="match_no_pairs"):
        _run("evaluate", "--pairs", str(tables / "none.csv"))
    with pytest.raises(InputError, match="match_file_kind"):
        _run("rank", *_both(tables), "--text", "标题", "--out", str(tables / "out.txt"))


def test_one_answer_out_of_three_formats(tables: Path) -> None:
    import openpyxl
    import pyarrow.csv
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.csv.read_csv(tables / "offers.csv"), tables / "offers.parquet")
    book = openpyxl.Workbook()
    for row in csv.reader(OFFERS.splitlines()):
        book.active.append(row)
    book.save(tables / "offers.xlsx")
    answers = set()
    for ending in ("csv", "xlsx", "parquet"):
        files = ["--needs", str(tables / "needs.csv"), "--offers", str(tables / f"offers.{ending}")]
        _run("rank", *files, "--text", "标题", "--out", str(tables / "out.csv"))
        answers.add((tables / "out.csv").read_text("utf-8"))
    assert len(answers) == 1
