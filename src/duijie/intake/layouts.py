"""What each kind of file may hold: its columns, their types and the headings people give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from duijie import data
from duijie.cells import CellType
from duijie.cells.cell import folded
from duijie.errors import InputError
from duijie.terms import Bilingual

__all__ = ["Column", "Layout", "fold_heading", "kinds", "layout", "personal_headings"]

_LONGEST = 200  # letters of a heading

_FILE = data.root() / "intake" / "layouts.yaml"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, label, type, and what is asked of it.

    `unit`, `minimum`, `maximum`, `choices` and `is_end` are those of its type of cell; `unit_of` names the column whose
    unit this one gives row by row; `is_past` asks for a date that has come; rows whose value is not among `live`, where
    that names any, are left out.
    """

    key: str
    label: Bilingual
    type: str
    is_required: bool = False
    is_unique: bool = False
    is_past: bool = False
    aliases: tuple[str, ...] = ()
    unit: str = ""
    unit_of: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    is_end: bool = False
    live: tuple[str, ...] = ()

    @property
    def cell(self) -> CellType:
        """The type its cells are read by."""
        return CellType(self.type, self.unit, self.minimum, self.maximum, self.choices, self.is_end)


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of file, by key; no two rows agree in all of the columns `once`, where that names any.
    `said` are words that tell it from another kind with the same columns."""

    kind: str
    label: Bilingual
    columns: Mapping[str, Column]
    once: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """Keys without which the file cannot be used."""
        return tuple(column.key for column in self.columns.values() if column.is_required)


def fold_heading(text: str) -> str:
    """A heading as it is compared: half width, lower case, simplified, no spaces, marks or bracketed remarks.

    A long text is no heading and stays as it is.

    Examples
    --------
    >>> fold_heading(" *註冊資本(萬元) "), fold_heading("1.企业名称")
    ('注册资本', '企业名称')
    """
    if len(text) > _LONGEST:
        return text
    plain = re.sub(r"[\s*#:：_]", "", folded(text))
    plain = re.sub(r"^(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})[.、](?=.)", "", plain)
    return re.sub(r"\(.*?\)|\[.*?\]|【.*?】", "", plain) or plain


@cache
def _document() -> Mapping[str, Any]:
    content: Mapping[str, Any] = data.read(_FILE)
    return content


def kinds() -> tuple[str, ...]:
    """The kinds of file that can be taken in."""
    return tuple(_document()["kinds"])


@cache
def layout(kind: str) -> Layout:
    """The layout of a kind.

    Raises
    ------
    InputError
        There is no such kind.

    Examples
    --------
    >>> layout("firms").required
    ('name',)
    """
    if kind not in _document()["kinds"]:
        raise InputError("kind_unknown", {"kind": kind, "known": kinds()})
    own = _document()["kinds"][kind]
    like = _document()["kinds"][own.get("like", kind)]
    rows = {key: _document()["shared"][key] for key in like["shared"]} | like["columns"]
    columns = {key: _column(key, row) for key, row in rows.items()}
    said = tuple(map(folded, own.get("said", ())))
    return Layout(kind, Bilingual(**own["label"]), columns, tuple(like.get("once", ())), said)


def _column(key: str, row: Mapping[str, Any]) -> Column:
    plain = {name: value for name, value in row.items() if name not in ("label", "aliases", "choices", "live")}
    choices = {value: tuple(map(str, words)) for value, words in row.get("choices", {}).items()}
    label = Bilingual(**row["label"])
    aliases = (key, label.zh, label.en, *map(str, row.get("aliases", ())))
    folds = tuple(dict.fromkeys(map(fold_heading, aliases)))
    return Column(key, label, aliases=folds, choices=choices, live=tuple(row.get("live", ())), **plain)


@cache
def personal_headings() -> frozenset[str]:
    """Headings of personal data, folded; such columns are never read."""
    return frozenset(map(fold_heading, _document()["personal"]))
