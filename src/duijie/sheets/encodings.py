"""Which encoding a text is in, and where the byte stands that belongs to none."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from .sheet import refused

__all__ = ["Encoding", "encoding_of", "read_text"]

_CHUNK = 1 << 20
_SAMPLE = 1 << 18
_EURO = "duijie-euro"
_SURE = 3  # so many characters of three bytes that are UTF-8 are no accident


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding as Python knows it, as people know it, and how its errors are met."""

    name: str
    label: str
    errors: str = "strict"


_UTF8 = Encoding("utf-8-sig", "UTF-8")
_GB = Encoding("gb18030", "GB18030", _EURO)
_BIG5 = Encoding("big5hkscs", "Big5")
_UTF16 = (Encoding("utf-16", "UTF-16"), Encoding("utf-16-le", "UTF-16"), Encoding("utf-16-be", "UTF-16"))


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where decoding stops: the place of the byte, the byte, and whether the text ends within a character."""

    at: int
    byte: int
    is_cut: bool


def _euro(error: UnicodeError) -> tuple[str, int]:
    """Windows writes the euro sign as one byte, 80, which GB 18030 does not know."""
    if isinstance(error, UnicodeDecodeError) and error.object[error.start : error.start + 1] == b"\x80":
        return "€", error.start + 1
    raise error


codecs.register_error(_EURO, _euro)


def encoding_of(path: Path) -> Encoding:
    """The encoding of a text: UTF-8, UTF-16, GB18030 with the euro of Windows, or Big5; the last two by their frequent
    characters.

    Raises
    ------
    InputError
        ``file_bad_byte``, ``file_cut`` with the line and place; ``file_encoding`` where it is no text at all.
    """
    with path.open("rb") as handle:
        sample = handle.read(_SAMPLE)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _sound(path, (_UTF16[0],))
    if b"\0" in sample:
        # ordinary characters of UTF-16 have a zero byte first or last
        return _sound(path, (_UTF16[1 if sample[1::2].count(0) > sample[::2].count(0) else 2],))
    stop = _stop(path, _UTF8)
    if stop is None:
        return _UTF8
    if _is_utf8(path, stop):
        raise _bad(path, stop, _UTF8)
    return _sound(path, (_BIG5, _GB) if _looks_big5(sample) else (_GB, _BIG5))


def read_text(path: Path) -> str:
    """The whole text of a small file, in the encoding it is in; line ends as they stand."""
    encoding = encoding_of(path)
    return path.read_bytes().decode(encoding.name, encoding.errors)


def _sound(path: Path, candidates: tuple[Encoding, ...]) -> Encoding:
    stops = dict[Encoding, _Stop]()
    for one in candidates:
        stop = _stop(path, one)
        if stop is None:
            return one
        stops[one] = stop
    # the one that got farthest is the one it was meant to be
    likely = max(stops, key=lambda one: stops[one].at)
    if stops[likely].at < 4 or likely in _UTF16:
        raise refused("file_encoding", path, "file_save_utf8")
    raise _bad(path, stops[likely], likely)


def _bad(path: Path, stop: _Stop, encoding: Encoding) -> Exception:
    with path.open("rb") as handle:
        before = handle.read(stop.at)
    line = len(re.findall(rb"\r\n|\n|\r", before)) + 1
    code = "file_cut" if stop.is_cut else "file_bad_byte"
    values = {"encoding": encoding.label, "at": stop.at + 1, "byte": f"{stop.byte:02X}", "line": line}
    return refused(code, path, "file_save_utf8", **values)


def _stop(path: Path, encoding: Encoding) -> _Stop | None:
    """Where a file stops being text of an encoding; None where it is sound. A zero byte is no text."""
    decoder = codecs.getincrementaldecoder(encoding.name)(encoding.errors)
    done = 0
    with path.open("rb") as handle:
        while True:
            chunk = handle.read(_CHUNK)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                at = done - held + error.start
                return _Stop(at, error.object[error.start], not chunk)
            if "\0" in text:
                return _Stop(done + chunk.index(0), 0, is_cut=False)
            if not chunk:
                return None
            done += len(chunk)


def _is_utf8(path: Path, stop: _Stop) -> bool:
    """Whether what stands before a stop is UTF-8 beyond doubt: several characters of three bytes."""
    with path.open("rb") as handle:
        before = handle.read(stop.at)[-_SAMPLE:]
    return len(re.findall(rb"[\xe3-\xe9\xef][\x80-\xbf]{2}", before)) >= _SURE


def _looks_big5(sample: bytes) -> bool:
    """Whether more pairs of bytes are frequent characters of Big5 than of GB 2312."""
    pairs: list[bytes] = re.findall(rb"[\x80-\xff].", sample, re.DOTALL)
    gb = sum(0xB0 <= lead <= 0xD7 and trail >= 0xA1 for lead, trail in pairs)
    big5 = sum(0xA4 <= lead <= 0xC6 and (0x40 <= trail <= 0x7E or trail >= 0xA1) for lead, trail in pairs)
    return big5 > gb
