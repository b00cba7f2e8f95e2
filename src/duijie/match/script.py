"""Traditional characters read as their simplified ones, where OpenCC is installed (extra ``chinese``)."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module, metadata

__all__ = ["reader", "simplified"]


def simplified(text: str) -> str:
    """The text with each traditional character replaced by its simplified one; as it is without OpenCC.

    One character for one, without regard to what stands beside it: both sides of a comparison are read by one table,
    so rare words of two readings still meet.

    Examples
    --------
    >>> simplified("运动鞋 PU")
    '运动鞋 PU'
    """
    pattern = _pattern()
    return text.translate(_table()) if pattern and pattern.search(text) else text


def reader() -> str:
    """What reads traditional characters, with its version; empty where nothing does."""
    return f"OpenCC {metadata.version('OpenCC')}" if _table() else ""


@cache
def _table() -> dict[int, str]:
    try:
        converter = import_module("opencc").OpenCC("t2s")
    except ImportError:
        return {}
    characters = [chr(point) for point in range(0x3400, 0xA000)]
    pairs = zip(characters, converter.convert("\n".join(characters)).split("\n"), strict=True)
    found = {ord(one): other for one, other in pairs if one != other and len(other) == 1}
    # a few lead on to a further one
    return {point: found.get(ord(other), other) for point, other in found.items()}


@cache
def _pattern() -> re.Pattern[str] | None:
    return re.compile(f"[{''.join(map(chr, _table()))}]") if _table() else None
