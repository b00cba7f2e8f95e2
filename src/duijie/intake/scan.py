"""Text recognition of scans and photographs, by RapidOCR on this machine: nothing is sent anywhere.

It is an extra (``pip install duijie[scan]``); its models lie in its wheel. Only what may be a mark at the head of a
page is read: the papers themselves are for people.
"""

from __future__ import annotations

import importlib.util
import io
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from duijie.errors import InputError, MissingEngineError

__all__ = ["head_lines", "head_of_page", "is_installed", "is_of_a_page", "opened"]

_HEAD = 0.5  # of a page: a mark stands in its upper part, on a photograph of a page perhaps in the middle
_MOST_WIDE = 1000  # pixels across a page: letters of 16 points are 27 high
_LEAST_SIDE = 500  # pixels: a smaller picture is no page
_MOST_PIXELS = 120_000_000
_TALL = 1.5  # a longer picture is several pages, as a telephone joins them
_MOST_PARTS = 12
_WIDE = 12  # times its height: the beginning of a line holds a mark
_TOO_WIDE = 18  # a line of the text itself
_MOST_LINES = 30
_ONE = threading.Lock()  # two at once are slower than one after the other


def is_installed() -> bool:
    """Whether recognition can be done on this machine."""
    return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime", "PIL"))


def _needed() -> None:
    if not is_installed():
        raise MissingEngineError("paper_scan_missing", {"line": _INSTALL}, hint=_INSTALL)


_INSTALL = "pip install 'duijie[scan]'"


@cache
def _engine() -> Any:
    """The models, loaded once; one thread each, since several spin and hold up a small server."""
    from rapidocr import RapidOCR

    threads = {f"EngineConfig.onnxruntime.{name}_op_num_threads": 1 for name in ("intra", "inter")}
    return RapidOCR(params={"Global.log_level": "critical", **threads})


def opened(content: bytes) -> Iterator[Any]:
    """The pages of a picture, turned as it was taken; none where no program can open it.

    Raises
    ------
    InputError
        It has more pixels than any scan.
    MissingEngineError
        Recognition is not installed.
    """
    _needed()
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(content))
        if picture.width * picture.height > _MOST_PIXELS:
            raise InputError("paper_large_picture", {"most": _MOST_PIXELS // 1_000_000})
        picture.draft("RGB", (_MOST_WIDE, _MOST_WIDE))
        picture = ImageOps.exif_transpose(picture).convert("RGB")
        picture.thumbnail((_MOST_WIDE, picture.height))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return
    deep = int(picture.width * _TALL)
    for top in range(0, min(picture.height, deep * _MOST_PARTS), deep):
        part = picture.crop((0, top, picture.width, min(top + deep, picture.height)))
        yield np.asarray(part)


def is_of_a_page(content: bytes) -> bool:
    """Whether a picture is large enough to be a page that a person could read."""
    if not is_installed():
        return True
    from PIL import Image, UnidentifiedImageError

    try:
        return bool(min(Image.open(io.BytesIO(content)).size) >= _LEAST_SIDE)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return False


def head_of_page(page: Any, dpi: int) -> Any:
    """The head of a page of a PDF as a picture."""
    _needed()
    width, height = page.get_size()
    scale = min(dpi / 72, _MOST_WIDE / max(width, 1.0))
    return page.render(scale=scale, crop=(0, height * (1 - _HEAD), 0, 0)).to_numpy()[..., :3]


def head_lines(picture: Any) -> list[str]:
    """The beginnings of the lines of a picture, from the top, as far as a machine can read them."""
    engine = _engine()
    with _ONE:
        found = engine(picture, use_det=True, use_cls=False, use_rec=False)
        boxes = [] if found.boxes is None else sorted(found.boxes, key=lambda box: float(box[:, 1].min()))
        read = (_read(engine, picture, box) for box in boxes[:_MOST_LINES])
        return [line for line in read if line]


def _read(engine: Any, picture: Any, box: Any) -> str:
    """The text of one line, cut off behind as many signs as a mark has; nothing of a line that is full of text."""
    (left, top), (right, low) = box.min(axis=0).astype(int), box.max(axis=0).astype(int)
    if right - left > _TOO_WIDE * (low - top):
        return ""
    right = min(right, left + _WIDE * (low - top))
    line = picture[max(top, 0) : low, max(left, 0) : right]
    if not line.size:
        return ""
    found = engine(line, use_det=False, use_cls=False, use_rec=True)
    return " ".join(found.txts or ())
