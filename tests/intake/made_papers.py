"""Papers as people send them, made of lines: PDF with text and without, Word old and new, workbooks, OFD, pictures."""

from __future__ import annotations

import io
import random
import re
import zipfile
from typing import Any

import docx
import openpyxl
import typst

from duijie import data

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def pdf(*lines: str) -> bytes:
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


def set_pdf(*lines: str, pages: tuple[tuple[str, ...], ...] = (), title: str = "") -> bytes:
    """A typeset PDF, a page for each group of lines, with a title among its properties."""
    return _set([lines, *pages], "pdf", title)[0]


def word(*lines: str, header: str = "", footer: str = "", **properties: str) -> bytes:
    file, out = docx.Document(), io.BytesIO()
    for line in lines:
        file.add_paragraph(line)
    file.sections[0].header.paragraphs[0].text = header
    file.sections[0].footer.paragraphs[0].text = footer
    for name, value in properties.items():
        setattr(file.core_properties, name, value)
    file.save(out)
    return out.getvalue()


def workbook(*lines: str, header: str = "") -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        book.active.append([line])
    book.active.oddHeader.left.text = header or None
    book.save(out)
    return out.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as held:
        for name, content in files.items():
            held.writestr(name, content)
    return out.getvalue()


def ofd(*lines: str) -> bytes:
    """The format of fixed pages of Chinese offices; a star is of another font, so a piece of its own."""
    pieces = ((at, piece) for at, line in enumerate(lines) for piece in re.split("(★)", line) if piece)
    runs = "".join(
        f'<ofd:TextObject ID="1" Boundary="30 {20 + 8 * at}.5 20 6"><ofd:TextCode X="0" Y="5">{piece}</ofd:TextCode>'
        "</ofd:TextObject>\n"
        for at, piece in pieces
    )
    return archive(
        {"OFD.xml": b"<ofd:OFD/>", "Doc_0/Pages/Page_0/Content.xml": f"<ofd:Page>{runs}</ofd:Page>".encode()}
    )


def old_word(*lines: str) -> bytes:
    """As Word of 1997 lays its text: 16 bits a sign, from the second sector on, between figures of its own."""
    noise = random.Random(1).randbytes(3000)
    return OLE + b"\0" * 504 + "\r".join(lines).encode("utf-16-le") + b"\r\0" + b"\0" * 300 + noise


def picture(*lines: str, turned: float = 0.0, is_rough: bool = False, form: str = "PNG") -> bytes:
    """A page that was scanned or photographed: its pixels and nothing else."""
    from PIL import Image, ImageFilter

    page = Image.open(io.BytesIO(_set([lines], "png")[0])).convert("RGB")
    page = page.rotate(turned, fillcolor="white", resample=Image.Resampling.BICUBIC)
    if is_rough:
        page = page.filter(ImageFilter.GaussianBlur(1.0)).point(lambda level: int(30 + level * 0.75))
    out = io.BytesIO()
    options: dict[str, Any] = {"JPEG": {"quality": 55}, "PDF": {"resolution": 120.0}}.get(form, {})
    page.save(out, form, **options)
    return out.getvalue()


def scanned(*lines: str, **how: Any) -> bytes:
    """A PDF whose one page is a picture."""
    return picture(*lines, form="PDF", **how)


def _set(pages: list[tuple[str, ...]], form: Any, title: str = "") -> list[bytes]:
    said = "#pagebreak()\n".join("\n\n".join(f"#text({_quoted(line)})" for line in lines) for lines in pages)
    head = f"#set document(title: {_quoted(title)})\n#set page(width: 210mm, height: 297mm, margin: 30mm)\n"
    source = f'{head}#set text(font: ("Noto Serif SC", "Noto Sans SC"), size: 16pt)\n{said}'
    fonts = [str(data.root() / "fonts")]
    made = typst.compile(source.encode(), format=form, ppi=120, font_paths=fonts, ignore_system_fonts=True)
    return made if isinstance(made, list) else [made]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'
