"""Entries as lines of a file, and their verification by anybody who holds the file and the keys of the sides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from duijie.data.documents import json_value
from duijie.errors import DuijieError, InputError

from .log import MemoryLog, Stored, columns_of, indexed, settled
from .record import definitions_of
from .seal import Entry, Part
from .verify import Verdict, verify

__all__ = ["entries_of", "line_of", "verify_entries"]


def line_of(entry: Entry, is_read: Callable[[Part], bool] = lambda _: True) -> bytes:
    """An entry as one line of JSON: its header byte for byte, its signature, and the parts that a reader may read.

    ``{"header": text, "signature": hex, "parts": [[label, salt in hex, text] …]}``
    """
    parts = [
        [part.label, part.salt.hex(), part.data.decode()]
        for part in entry.parts
        if part.data is not None and is_read(part)
    ]
    document = {"header": entry.header.decode(), "signature": entry.signature, "parts": parts}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def entries_of(lines: Iterable[str], file: str = "") -> Iterator[Entry]:
    """The entries that lines say.

    Raises
    ------
    InputError
        A line is none; it is named by its number.
    """
    for row, line in enumerate(lines, start=1):
        try:
            found: Mapping[str, Any] = json_value(line)
            header = found["header"].encode()
            entry = Entry(header, (), str(found["signature"]))
            sealed = dict(entry.sealed_parts)
            parts = tuple(
                Part(label, sealed.get(label, ""), bytes.fromhex(salt), data.encode())
                for label, salt, data in found["parts"]
            )
            yield Entry(header, parts, entry.signature)
        except (DuijieError, KeyError, ValueError, TypeError, AttributeError) as error:
            problem = str(error)[:120]
            raise InputError("seal_line_broken", {"problem": problem}, {"file": file, "row": row}) from None


class _Lines:
    """Entries of a file as a verifier asks for them: nothing is folded, and the files they name lie elsewhere."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = list(entries)

    def stored(self) -> Iterator[Stored]:
        for one in settled([indexed(entry) for entry in self._entries]):
            yield Stored(f"{one.entry.chain}:{one.entry.head.seq}", one.entry, columns_of(one))

    def stored_rows(self) -> None:
        return None

    def knows(self, table: str) -> bool:
        return False

    def stored_file(self, sha256: str) -> bool | None:
        return True


def verify_entries(entries: Iterable[Entry], keys: Mapping[str, Sequence[str]]) -> Verdict:
    """Whether entries are whole chains, each signed with a key of its side; parts that are withheld say nothing.

    Parameters
    ----------
    entries
        Of one log, in any order; none holds.
    keys
        The public keys of each side, in hexadecimal.
    """
    taken = list(entries)
    known = {entry.chain.side: () for entry in taken} | dict(keys)
    return verify(_Lines(taken), definitions_of(MemoryLog()), whole=(), keys=known)
