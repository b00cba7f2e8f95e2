"""Everything that can go wrong, drawn once.

::

    DuijieError                 code, values, where, hint
    ├── InputError              a file or table a person brought: all its faults at once
    ├── DataFileError           a file of ours or of an operator (YAML, schema): all its faults at once
    ├── StoreError              a query failed; carries the query
    ├── MissingEngineError      an optional part is not installed; carries the install line
    ├── InfeasibleError         no answer exists; says which demand cannot be met
    ├── DeniedError             this person or side may not do this
    └── SealError               a signature, hash or chain does not hold

The sentence a person reads is not built here: `code` names a sentence in ``data/words/{zh,en}/errors.yaml``
and `values` fill it.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "BROKEN_ARCHIVE",
    "DataFileError",
    "DeniedError",
    "DuijieError",
    "Fault",
    "InfeasibleError",
    "InputError",
    "MissingEngineError",
    "SealError",
    "StoreError",
]

BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, OSError)
"""What the standard library raises over a zip that is torn, altered, locked or of a kind it does not know."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong, at one place, with what to do about it.

    `where` names file, sheet, row and column (or key path) as far as known, e.g.
    ``{"file": "firms.csv", "row": 12, "column": "uscc"}``; rows are counted from 1 and include the heading row.
    """

    code: str
    where: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in self.where.values())
        facts = ", ".join(f"{key}={value}" for key, value in self.values.items())
        return f"{place} {self.code}({facts}){' → ' + self.hint if self.hint else ''}".strip()


class DuijieError(Exception):
    """The root: a code, the values of its sentence, where it happened, what helps."""

    def __init__(
        self,
        code: str,
        values: Mapping[str, Any] | None = None,
        where: Mapping[str, Any] | None = None,
        hint: str = "",
        faults: Sequence[Fault] = (),
    ) -> None:
        self.code = code
        self.values = dict(values or {})
        self.where = dict(where or {})
        self.hint = hint
        self.faults = tuple(faults)
        super().__init__(code)

    def __str__(self) -> str:
        head = str(Fault(self.code, self.where, self.values, self.hint))
        return "\n".join([head, *(f"  {fault}" for fault in self.faults)])


class InputError(DuijieError):
    """A file or table a person brought does not fit; `faults` lists everything found."""


class DataFileError(DuijieError):
    """A data file (agreement, kind, taxonomy, words) is wrong; `faults` lists everything found."""


class StoreError(DuijieError):
    """A query failed; ``values["query"]`` holds it."""


class MissingEngineError(DuijieError):
    """An optional part is not installed; `hint` is the line that installs it."""


class InfeasibleError(DuijieError):
    """No answer exists; ``values`` say which demand cannot be met."""


class DeniedError(DuijieError):
    """This person, department or side may not do this."""


class SealError(DuijieError):
    """A signature, a hash or a chain does not hold."""
