"""What every Word file shares: the faces an official document asks for, and the same bytes for the same contents."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from docx.oxml.ns import qn

__all__ = ["FANGSONG", "HEI", "KAI", "LATIN", "SONG", "XIAOBIAOSONG", "packed", "set_face"]

# GB/T 9704-2012 asks for these faces by name; an office has them, we ship none of them.
FANGSONG, KAI, HEI, XIAOBIAOSONG, SONG = "仿宋_GB2312", "楷体_GB2312", "黑体", "方正小标宋简体", "宋体"
LATIN = "Times New Roman"
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def set_face(properties: Any, east_asian: str) -> None:
    """Give a run or a style (its ``rPr``) its Chinese face; Latin letters and digits keep theirs."""
    fonts = properties.get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{script}"), LATIN)
    fonts.set(qn("w:eastAsia"), east_asian)


def packed(file: Any) -> bytes:
    """A python-docx document as bytes, every entry dated alike, without the picture of the empty template.

    Examples
    --------
    >>> import docx
    >>> packed(docx.Document()) == packed(docx.Document())
    True
    """
    relations = file.part.package.rels
    for key in [key for key, one in relations.items() if one.reltype.endswith("/thumbnail")]:
        del relations[key]
    raw, kept = io.BytesIO(), io.BytesIO()
    file.save(raw)
    with zipfile.ZipFile(raw) as read, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as written:
        for name in read.namelist():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(entry, read.read(name))
    return kept.getvalue()
