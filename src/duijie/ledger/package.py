"""A bundle as one file, for networks that are not connected: a zip of what is said, the entries and the files."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from duijie.data.documents import json_value
from duijie.errors import BROKEN_ARCHIVE, DuijieError, InputError

from .exchange import Bundle
from .lines import entries_of, line_of
from .seal import Entry, Head, Part

__all__ = ["MOST_BYTES", "pack", "unpack"]

MOST_BYTES = 1 << 30
"""What a package may hold, unpacked: more is refused before it is read."""

_SAID, _ENTRIES, _FILES = "bundle.json", "entries.jsonl", "files/"
_MOST_FILES = 20_000
# Every package of the same bundle is the same file, to the byte.
_NO_DAY = (1980, 1, 1, 0, 0, 0)


def pack(bundle: Bundle) -> bytes:
    """A bundle as the bytes of one file, which anybody may open with the tools of their machine."""
    heads = {side: list(head) for side, head in sorted(bundle.heads.items())}
    said = {name: getattr(bundle, name) for name in ("log", "side", "to", "asks", "signature")}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, _SAID, json.dumps({**said, "heads": heads}, ensure_ascii=False, indent=1).encode())
        _put(archive, _ENTRIES, b"".join(line_of(one) + b"\n" for one in bundle.entries))
        for content in bundle.files:
            _put(archive, _FILES + hashlib.sha256(content).hexdigest(), content)
    return made.getvalue()


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _NO_DAY), content, zipfile.ZIP_DEFLATED)


def unpack(content: bytes, file: str = "") -> Bundle:
    """The bundle that a file holds; whether it is what its sender signed, `receive` looks at.

    Parameters
    ----------
    content
        The whole file.
    file
        Its name, for what is told of a fault.

    Raises
    ------
    InputError
        It is no package, is torn, holds more than it may, or a file in it is not what its name says.
    """
    where = {"file": file}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_size(archive, where)
            return _bundle(archive)
    except DuijieError:
        raise
    except (*BROKEN_ARCHIVE, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError("share_no_package", {}, where) from error


def _check_size(archive: zipfile.ZipFile, where: Mapping[str, str]) -> None:
    parts = archive.infolist()
    n_bytes = sum(one.file_size for one in parts)
    if len(parts) > _MOST_FILES or n_bytes > MOST_BYTES:
        raise InputError("share_package_large", {"n_bytes": n_bytes, "most": MOST_BYTES, "n_files": len(parts)}, where)


def _bundle(archive: zipfile.ZipFile) -> Bundle:
    said: Mapping[str, Any] = json_value(archive.read(_SAID).decode())
    heads = {str(side): Head(int(epoch), int(seq), str(digest)) for side, (epoch, seq, digest) in said["heads"].items()}
    entries = entries_of(archive.read(_ENTRIES).decode().split("\n")[:-1], _ENTRIES)
    # In the order in which they were signed: that of their hashes as they were put in.
    names = [one.filename for one in archive.infolist() if one.filename.startswith(_FILES)]
    files = tuple(archive.read(name) for name in names)
    wrong = [name for name, one in zip(names, files, strict=True) if _FILES + hashlib.sha256(one).hexdigest() != name]
    if wrong:
        raise ValueError(wrong[0])
    return Bundle(
        str(said["log"]),
        str(said["side"]),
        str(said["to"]),
        heads,
        tuple(_whole(one) for one in entries),
        files,
        int(said["asks"]),
        str(said["signature"]),
    )


def _whole(entry: Entry) -> Entry:
    """An entry with a place for every part it names, in their order: those that are not handed over say nothing."""
    held = {one.label: one for one in entry.parts}
    if len(held) != len(entry.parts) or not held.keys() <= dict(entry.sealed_parts).keys():
        return entry  # no part of it: `receive` refuses what is not whole
    return replace(entry, parts=tuple(held.get(label, Part(label, digest)) for label, digest in entry.sealed_parts))
