"""Whether an uploaded file is there to its end: a transfer that broke off leaves a paper nobody can open."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from duijie.errors import BROKEN_ARCHIVE

__all__ = ["is_whole"]

_TAIL_BYTES = 1024  # readers look for the end mark of a PDF this far before the end


def _pdf(content: bytes) -> bool:
    return b"%%EOF" in content[-_TAIL_BYTES:]


def _png(content: bytes) -> bool:
    return b"IEND" in content[-_TAIL_BYTES:]


def _jpeg(content: bytes) -> bool:
    return b"\xff\xd9" in content[-_TAIL_BYTES:]


def _zip(content: bytes) -> bool:
    """Its directory stands at the end, and every part has the sum that is kept of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return bool(archive.namelist()) and archive.testzip() is None
    except (*BROKEN_ARCHIVE, ValueError):
        return False


_ENDS: dict[bytes, Callable[[bytes], bool]] = {
    b"%PDF": _pdf,
    b"\x89PNG": _png,
    b"\xff\xd8\xff": _jpeg,
    b"PK\x03\x04": _zip,
}


def is_whole(content: bytes) -> bool:
    """Whether a PDF, a picture or an office file has the end that its kind has; any other file has none to miss.

    Parameters
    ----------
    content
        The whole file; empty is not whole.
    """
    return bool(content) and all(ends(content) for first, ends in _ENDS.items() if content.startswith(first))
