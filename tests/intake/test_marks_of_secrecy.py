"""Marks of secrecy on papers of every kind: known by their form wherever they stand; mere words are no mark."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake import made_papers as made
from tests.intake.office_files import cell_1997, compound, workbook_1997

from duijie.errors import InputError, MissingEngineError
from duijie.intake import papers, scan
from duijie.intake.secrecy import mark_of

BODY = ("购销合同", "双方应保守商业秘密，另签保密协议。", "甲方：演练鞋业有限公司", "乙方：演练光电有限公司")
OFFICE = ("特急", "某市人民政府文件", "某政发〔2026〕3 号", "关于协作事项的通知")


def xls(*cells: str) -> bytes:
    rows = b"".join(cell_1997(at, 0, cell) for at, cell in enumerate(cells))
    return compound(workbook_1997({"Sheet1": rows}))


# name, how it is made, the mark
TYPED: list[tuple[str, Callable[[], bytes], str]] = [
    ("机密★5年-合同.pdf", lambda: b"%PDF-1.7", "机密★5年"),
    ("【秘密＊】纪要.docx", lambda: b"", "秘密*"),
    ("会议纪要 绝密 长期.docx", lambda: b"", "绝密长期"),
    ("a.pdf", lambda: made.pdf("机密★5年", *BODY), "机密★5年"),
    ("a.pdf", lambda: made.pdf("000001", "绝 密 ★ 长期", *BODY), "绝密★长期"),
    ("a.pdf", lambda: made.set_pdf("000001", "机密★10年", *OFFICE), "机密★10年"),
    ("a.pdf", lambda: made.set_pdf(*BODY, pages=(BODY, ("秘密★1年", *OFFICE))), "秘密★1年"),
    ("a.pdf", lambda: made.set_pdf(*BODY, title="绝密★20年 通知"), "绝密★20年"),
    ("a.docx", lambda: made.word("机密★", *BODY), "机密★"),
    ("a.docx", lambda: made.word(*BODY, header="秘密★10年"), "秘密★10年"),
    ("a.docx", lambda: made.word(*BODY, footer="内部 机密★六个月"), "机密★六个月"),
    ("a.docx", lambda: made.word("密级：机密", *BODY), "机密"),
    ("a.docx", lambda: made.word("份号：000012\t绝密★", *OFFICE), "绝密★"),
    ("a.docx", lambda: made.word(*BODY, subject="机密★3年"), "机密★3年"),
    ("a.docx", lambda: made.word(*BODY, keywords="密级：秘密"), "秘密"),
    ("a.xlsx", lambda: made.workbook("秘密 3年", *BODY), "秘密3年"),
    ("a.xlsx", lambda: made.workbook(*BODY, header="机密★1年"), "机密★1年"),
    ("a.xls", lambda: xls("名称", "机密★10年"), "机密★10年"),
    ("a.doc", lambda: made.old_word("秘密★5年", *OFFICE), "秘密★5年"),
    ("a.ofd", lambda: made.ofd("000003", "机密★15年", *OFFICE), "机密★15年"),
    ("a.txt", lambda: "绝密★一年\n通知".encode("gb18030"), "绝密★一年"),
    ("a.txt", lambda: "机\u200b密★2年\n通知".encode("utf-16"), "机密★2年"),
    ("a.zip", lambda: made.archive({"机密★合同.docx": b"", "b.txt": b"b"}), "机密★"),
    ("a.zip", lambda: made.archive({"b.docx": made.word("绝密★长期", *BODY)}), "绝密★长期"),
]
SCANNED: list[tuple[str, Callable[[], bytes], str]] = [
    ("a.pdf", lambda: made.scanned("000001", "机密★10年", *OFFICE), "机密"),
    ("a.pdf", lambda: made.scanned("绝密★长期", *OFFICE, turned=1.5), "绝密"),
    ("a.pdf", lambda: made.scanned("秘密★3年", *OFFICE, is_rough=True), "秘密"),
    ("a.png", lambda: made.picture("机密★6个月", *OFFICE), "机密"),
    ("a.jpg", lambda: made.picture("秘密★1年", *OFFICE, form="JPEG", is_rough=True), "秘密"),
    ("a.docx", lambda: with_picture(made.picture("绝密★5年", *OFFICE)), "绝密"),
]
PLAIN: list[tuple[str, Callable[[], bytes]]] = [
    ("商业秘密保护合同.pdf", lambda: made.pdf(*BODY)),
    ("保密协议.docx", lambda: made.word("保密协议", "一、秘密信息指双方的商业秘密，保密期3年。", "国家秘密不得上传")),
    ("机密加工中心报价.docx", lambda: made.word("精密机床与机密组件报价", "机密性要求见附件", "★★★ 推荐")),
    ("a.xlsx", lambda: made.workbook("★ 重点企业", "秘密花园服饰", "工作秘密")),
    ("a.txt", lambda: "本合同的商业秘密★条款见第三条".encode()),
    ("broken.pdf", lambda: b"%PDF-1.7 nothing to read"),
    ("信息机密性评估.docx", lambda: made.word("机密性、完整性、可用性", "机密性 3 级")),
    ("保密承诺书.pdf", lambda: made.set_pdf("保密承诺书", "本人对所知悉的秘密承担保密义务，期限 5 年。")),
    ("商业秘密.docx", lambda: made.word("商业秘密 3 年内不得披露", "商业机密保护")),
    (
        "涉密人员管理办法.pdf",
        lambda: made.set_pdf("国家秘密分为绝密、机密、秘密三级。", "机密级的保密期限不超过20年"),
    ),
    ("密级说明.docx", lambda: made.word("密级：无", "密级标志由定密责任人标注")),
    ("a.docx", lambda: made.word("密级：公开", "密级：内部")),
    ("a.docx", lambda: made.word("秘密 ★★★★☆ 影院评分", "机密行动 ★★★")),
    ("秘书处通知.docx", lambda: made.word("秘书处", "绝对保密")),
    ("a.docx", lambda: made.word(*BODY, header="商业秘密 注意保管", footer="第 1 页")),
    ("a.docx", lambda: made.word(*BODY, title="商业秘密保护指引", keywords="保密；机密性")),
    ("a.xlsx", lambda: made.workbook("机密仪器", "绝密配方火锅底料", header="商业秘密")),
    ("a.xls", lambda: xls("秘密花园", "保密柜 3年质保", "★重点")),
    ("a.doc", lambda: made.old_word(*BODY, "机密性", "商业秘密★条款")),
    ("a.ofd", lambda: made.ofd("保密协议", "★重点项目", *BODY)),
    ("a.csv", lambda: "名称,备注\n秘密花园,绝密配方 3年\n".encode("gb18030")),
    ("a.zip", lambda: made.archive({"商业秘密协议.docx": made.word(*BODY), "b.txt": b"b"})),
    ("2026年3月商业秘密培训.pdf", lambda: made.set_pdf("商业秘密培训", "讲师：秘密工作办公室")),
    ("秘密武器_3年发展规划.docx", lambda: made.word("三年发展规划")),
]
PLAIN_SCANNED: list[tuple[str, Callable[[], bytes]]] = [
    ("a.png", lambda: made.picture("商业秘密保护协议", "保密期限 3 年", *BODY)),
    ("a.jpg", lambda: made.picture(*OFFICE, form="JPEG", is_rough=True)),
    ("a.pdf", lambda: made.scanned("★ 重点项目开工", *BODY)),
    ("a.pdf", lambda: made.scanned("机密性评估报告", *OFFICE, turned=1.0)),
    ("a.docx", lambda: with_picture(made.picture("精密机床", *BODY))),
    ("a.png", lambda: made.picture("秘密花园服饰有限公司", "营业执照")),
]


def with_picture(content: bytes) -> bytes:
    file, out = docx.Document(), io.BytesIO()
    file.add_picture(io.BytesIO(content))
    file.save(out)
    return out.getvalue()


def test_there_are_thirty_of_each() -> None:
    """As many marked papers as innocent ones."""
    assert len(TYPED) + len(SCANNED) == len(PLAIN) + len(PLAIN_SCANNED) == 30


@pytest.mark.parametrize(("name", "make", "mark"), TYPED)
def test_a_mark_is_known_by_its_form(name: str, make: Callable[[], bytes], mark: str) -> None:
    """In a file's name, its properties, a header, at the head of any page, with its star or its term."""
    assert mark_of(name, make()) == mark


@pytest.mark.parametrize(("name", "make", "level"), SCANNED)
def test_a_scanned_mark_is_recognised(name: str, make: Callable[[], bytes], level: str) -> None:
    """Straight, turned and rough: the level is read, whatever becomes of the star."""
    assert mark_of(name, make()).startswith(level)


@pytest.mark.parametrize(("name", "make"), [*PLAIN, *PLAIN_SCANNED])
def test_words_are_no_mark(name: str, make: Callable[[], bytes]) -> None:
    """商业秘密, 保密协议, 机密性, stars of a rating, files that no program opens: none of them is a mark."""
    assert mark_of(name, make()) == ""


@pytest.mark.parametrize("make", [lambda: made.scanned(*OFFICE), lambda: made.picture(*OFFICE),
                                  lambda: with_picture(made.picture(*OFFICE))])  # fmt: skip
def test_without_recognition_a_scan_is_refused(monkeypatch: pytest.MonkeyPatch, make: Callable[[], bytes]) -> None:
    """What nobody can judge is not taken; the sentence says what to install. Typed papers are taken as ever."""
    content = make()
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    monkeypatch.setattr(scan, "is_installed", lambda: False)
    with pytest.raises(MissingEngineError) as caught:
        mark_of("a", content)
    assert "duijie[scan]" in caught.value.hint
    assert mark_of("a.pdf", made.set_pdf(*BODY)) == ""
    assert mark_of("a.docx", made.word(*BODY)) == ""


def test_what_is_locked_or_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive with a password, an office file with one, one that unpacks to too much, a long scan."""
    locked = bytearray(made.archive({"a.txt": b"text"}))
    for start in (locked.index(b"PK\x03\x04") + 6, locked.index(b"PK\x01\x02") + 8):
        locked[start] |= 1
    with pytest.raises(InputError, match="paper_locked"):
        mark_of("a.zip", bytes(locked))
    with pytest.raises(InputError, match="paper_locked"):
        mark_of("a.docx", made.OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    monkeypatch.setattr(papers, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="paper_large"):
        mark_of("a.zip", made.archive({"a.txt": b"a" * 2000}))
    monkeypatch.setattr(papers, "MOST_SCANNED", 0)
    with pytest.raises(InputError, match="paper_scan_long"):
        mark_of("a.pdf", made.scanned(*OFFICE))


@given(st.binary(max_size=300), st.sampled_from([b"", b"%PDF-1.7\n", b"PK\x03\x04", made.OLE, b"\xff\xfe", b"\0"]))
def test_no_file_stops_the_door(content: bytes, start: bytes) -> None:
    """Whatever the bytes, the answer is a mark or none."""
    assert isinstance(mark_of("a", start + content), str)


def test_a_mark_in_a_large_part_is_found_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is read in pieces; what is cut between two of them stands whole."""
    monkeypatch.setattr(papers, "_CHUNK", 64)
    content: Any = made.word(*(f"第{n}条　双方按约履行。" for n in range(40)), "机密★5年")
    assert mark_of("a.docx", content) == "机密★5年"
