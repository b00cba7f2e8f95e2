"""Marks of secrecy at the door: known by their form in name and readable text, refused with nothing kept."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import docx
import openpyxl
import planted
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from portal_checks import post

import duijie_portal
from duijie.intake.secrecy import mark_of
from duijie_portal.ledger.models import Case


def _pdf(*lines: str) -> bytes:
    """A PDF of one page with its text as people's printers write it: a font with a map to Unicode."""
    signs = sorted(set("".join(lines)))
    codes = {sign: at + 1 for at, sign in enumerate(signs)}
    table = "\n".join(f"<{codes[sign]:04X}> <{ord(sign):04X}>" for sign in signs)
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        f"{len(signs)} beginbfchar\n{table}\nendbfchar endcmap end end"
    )
    shown = " ".join(f"<{''.join(f'{codes[sign]:04X}' for sign in line)}> Tj 0 -20 Td" for line in lines)
    content = f"BT /F1 12 Tf 50 780 Td {shown} ET"
    parts = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(content)}>>stream\n{content}\nendstream",
        "<</Type/Font/Subtype/Type0/BaseFont/S/Encoding/Identity-H/DescendantFonts[6 0 R]/ToUnicode 7 0 R>>",
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/S/CIDSystemInfo<</Registry(A)/Ordering(I)/Supplement 0>>>>",
        f"<</Length {len(cmap)}>>stream\n{cmap}\nendstream",
    ]
    out, places = "%PDF-1.7\n", []
    for at, part in enumerate(parts, start=1):
        places.append(len(out))
        out += f"{at} 0 obj{part}endobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    head = f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}"
    return f"{out}{head}trailer<</Root 1 0 R/Size {len(parts) + 1}>>\nstartxref\n{len(out)}\n%%EOF".encode()


def _docx(*lines: str, header: str = "") -> bytes:
    file, out = docx.Document(), io.BytesIO()
    for line in lines:
        file.add_paragraph(line)
    file.sections[0].header.paragraphs[0].text = header
    file.save(out)
    return out.getvalue()


def _xlsx(*lines: str) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        book.active.append([line])
    book.save(out)
    return out.getvalue()


BODY = ("购销合同", "双方应保守商业秘密，另签保密协议。")
MARKED = [
    ("机密★5年-合同.pdf", b"%PDF-1.7", "机密★5年"),
    ("【秘密＊】纪要.docx", b"", "秘密＊"),
    ("会议纪要 绝密 长期.docx", b"", "绝密长期"),
    ("a.pdf", _pdf("机密★5年", *BODY), "机密★5年"),
    ("a.pdf", _pdf("000001", "绝 密 ★ 长期", *BODY), "绝密★长期"),
    ("a.docx", _docx("机密★", *BODY), "机密★"),
    ("a.docx", _docx(*BODY, header="秘密★10年"), "秘密★10年"),
    ("a.docx", _docx("密级：机密", *BODY), "机密"),
    ("a.xlsx", _xlsx("秘密 3年", *BODY), "秘密3年"),
    ("a.txt", "绝密★一年\n通知".encode("gb18030"), "绝密★一年"),
]
PLAIN = [
    ("商业秘密保护合同.pdf", _pdf(*BODY)),
    ("保密协议.docx", _docx("保密协议", "一、秘密信息指双方的商业秘密，保密期3年。", "国家秘密不得上传")),
    ("机密加工中心报价.docx", _docx("精密机床与机密组件报价", "机密性要求见附件", "★★★ 推荐")),
    ("a.xlsx", _xlsx("★ 重点企业", "秘密花园服饰", "工作秘密")),
    ("a.txt", "本合同的商业秘密★条款见第三条".encode()),
    ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40),
    ("broken.pdf", b"%PDF-1.7 nothing to read"),
]


@pytest.mark.parametrize(("name", "content", "mark"), MARKED)
def test_a_mark_is_known_by_its_form(name: str, content: bytes, mark: str) -> None:
    """In a file's name, at the head of a page, in a header, with its star or its term."""
    assert re.sub(r"\s", "", mark_of(name, content)) == mark


@pytest.mark.parametrize(("name", "content"), PLAIN)
def test_words_are_no_mark(name: str, content: bytes) -> None:
    """商业秘密, 保密协议, stars of a rating, files that cannot be read: none of them is a mark."""
    assert mark_of(name, content) == ""


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "content", "mark"), [MARKED[0], MARKED[3]])
def test_a_marked_paper_is_refused_and_nothing_is_kept(
    agreement: Any, sides: Any, as_person: Any, home: Path, name: str, content: bytes, mark: str
) -> None:
    """Named in the reader's words; no step, no file, and what was typed beside it is still there."""
    need, offer = (planted.party(agreement, side, f"s-{side.pk}") for side in sides)
    case = planted.case(agreement, "c-secret", need, offer, steps=("match",))
    kept = {one.name for one in (home / "evidence").iterdir()}
    data = {"node": "signed", "on": timezone.localdate().isoformat(), "amount": "120万元", "unit": "cny",
            "evidence": "contract", "note": "首单", "_back": "?node=signed#next"}  # fmt: skip
    client = as_person(f"coordinator-{sides[0].pk}")
    answer = post(client, "record_step", agreement, {**data, "file": SimpleUploadedFile(name, content)}, case=case.pk)
    page = answer.content.decode()
    assert f"密级标志“{mark}”" in page.replace(" ", "")
    assert "首单" in page
    assert Case.objects.get(pk=case.pk).state == "match"
    assert {one.name for one in (home / "evidence").iterdir()} == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("route", "data"),
    [
        ("open_import", {"file": None, "kind": "parties", "source": "x", "department": "x"}),
        ("keep_minutes", {"conference": "x", "file": None}),
        ("propose_amendment", {"kind": "supplement", "title": "x", "paper": None}),
    ],
)
def test_every_upload_has_the_same_door(agreement: Any, sides: Any, as_person: Any, route: str, data: Any) -> None:
    """Tables, minutes and later papers are refused alike."""
    marked = {key: SimpleUploadedFile("机密★5年.pdf", b"%PDF-1.7") if value is None else value
              for key, value in data.items()}  # fmt: skip
    n_kept = len(list((Path(settings.HOME) / "evidence").iterdir()))
    role = "leader" if route == "propose_amendment" else "coordinator"
    answer = as_person(f"{role}-{sides[0].pk}").post(reverse(route, args=[agreement.pk]), marked, follow=True)
    assert "密级标志" in answer.content.decode()
    assert len(list((Path(settings.HOME) / "evidence").iterdir())) == n_kept


def test_no_form_takes_a_file_past_the_door() -> None:
    """No other field for a file stands in the portal, and nothing else reads what was uploaded."""
    for path in Path(duijie_portal.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "paper_fields.py":
            assert not re.search(r"\b(FileField|ImageField)\(", text) or "migrations" in path.parts, path
        assert "request.FILES" not in text or path.name == "pages.py", path
