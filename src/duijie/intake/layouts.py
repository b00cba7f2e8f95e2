"""What each kind of file may hold: its columns, their types and the headings people give them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from duijie import data
from duijie.errors import InputError
from duijie.terms import Bilingual

__all__ = ["Column", "Layout", "fold_heading", "kinds", "layout", "personal_headings", "total_words"]

_FILE = data.root() / "intake" / "layouts.yaml"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key, label, type, and what is asked of it.

    `unit` is the unit a quantity is kept in; `unit_of` names the column whose unit this one gives row by row;
    `is_past` asks for a date that has come; `choices` maps each admitted value to the words for it.
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


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of file, by key."""

    kind: str
    label: Bilingual
    columns: Mapping[str, Column]

    @property
    def required(self) -> tuple[str, ...]:
        """Keys without which the file cannot be used."""
        return tuple(column.key for column in self.columns.values() if column.is_required)


def fold_heading(text: str) -> str:
    """A heading as it is compared: half width, lower case, no spaces, marks or bracketed remarks.

    Examples
    --------
    >>> fold_heading(" *注册资本(万元) ")
    '注册资本'
    """
    plain = re.sub(r"[\s*#:：_]", "", unicodedata.normalize("NFKC", text).lower())
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
    return Layout(kind, Bilingual(**own["label"]), {key: _column(key, row) for key, row in rows.items()})


def _column(key: str, row: Mapping[str, Any]) -> Column:
    plain = {name: value for name, value in row.items() if name not in ("label", "aliases", "choices")}
    choices = {value: tuple(map(str, words)) for value, words in row.get("choices", {}).items()}
    label = Bilingual(**row["label"])
    aliases = (key, label.zh, label.en, *map(str, row.get("aliases", ())))
    return Column(key, label, aliases=tuple(dict.fromkeys(map(fold_heading, aliases))), choices=choices, **plain)


@cache
def personal_headings() -> frozenset[str]:
    """Headings of personal data, folded; such columns are never read."""
    return frozenset(map(fold_heading, _document()["personal"]))


@cache
def total_words() -> frozenset[str]:
    """Words that begin a row of totals, folded."""
    return frozenset(map(fold_heading, _document()["totals"]))
