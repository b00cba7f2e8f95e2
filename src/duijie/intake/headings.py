"""Find the heading of a table and say which of its columns is which."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml

from duijie.errors import Fault, InputError

from .amounts import heading_unit
from .cells import Raw, plain
from .layouts import Layout, fold_heading, kinds, layout, personal_headings

__all__ = ["Heading", "find_heading", "guess_kind", "recall", "remember", "signature"]

_SEARCHED = 30  # a heading stands in the first rows, below titles and remarks
_LIKE = 0.82


@dataclass(frozen=True)
class Heading:
    """Where the heading ends and what each column is.

    `row` is the number of its last row; `texts` the headings as read, merged cells and two rows joined; `keys` maps
    the place of a column to its key; `units` the place to the unit its heading names; `unknown` are headings no key
    was found for, `personal` those of personal data, which are never read.
    """

    row: int
    texts: tuple[str, ...]
    keys: Mapping[int, str]
    units: Mapping[int, str]
    unknown: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def find_heading(
    rows: Sequence[tuple[int, Sequence[Raw]]],
    form: Layout,
    where: Mapping[str, str],
    mapping: Mapping[str, str] | None = None,
) -> Heading:
    """The heading among the first rows: one row, or two where the upper one is merged over groups of columns.

    `mapping` (heading → key) goes before the aliases. Where several headings read alike, one of them is named as it is
    written, as ``heading#2`` (the second of them), or by its column, ``@C`` or ``@3``. Columns that are required and
    absent, named twice, or mapped to no known key are faults.
    """
    given = dict(mapping or {})
    best: tuple[int, int, tuple[str, ...]] | None = None
    for at, (number, cells) in enumerate(rows[:_SEARCHED]):
        single = tuple(plain(cell) for cell in cells)
        above = tuple(plain(cell) for cell in rows[at - 1][1]) if at else ()
        for texts in (single, _joined(above, single)) if _may_join(above, single) else (single,):
            score = len(_keys(texts, form, given)[0])
            if score and (best is None or score > best[0]):
                best = score, number, texts
    if best is None:
        first = next((tuple(filter(None, map(plain, cells))) for _, cells in rows if any(map(plain, cells))), ())
        values = {"kind": form.label.to_dict(), "headings": list(first[:20])}
        return Heading(0, (), {}, {}, faults=(Fault("heading_not_found", dict(where), values, "heading_name_columns"),))
    return _heading(best[1], best[2], form, given, where)


def _may_join(above: Sequence[str], below: Sequence[str]) -> bool:
    """Two rows are one heading where the upper is short text and covers columns the lower leaves or splits."""
    filled = [text for text in above if text]
    return len(filled) > 1 and all(len(text) < 30 for text in filled)


def _joined(above: Sequence[str], below: Sequence[str]) -> tuple[str, ...]:
    width, carried, texts = max(len(above), len(below)), "", []
    for place in range(width):
        upper = above[place] if place < len(above) else ""
        lower = below[place] if place < len(below) else ""
        carried = upper or carried
        texts.append(lower if lower and not upper and not carried else f"{carried}/{lower}" if lower else upper)
    return tuple(texts)


def _keys(texts: Sequence[str], form: Layout, given: Mapping[str, str]) -> tuple[dict[int, str], dict[int, str]]:
    """Key by place, and by place the keys that another column has already."""
    aliases, own = _aliases(form), _given(texts, given)
    found: dict[int, str] = {}
    twice: dict[int, str] = {}
    for place, text in enumerate(texts):
        key = own[place] if place in own else _by_alias(text, aliases)
        if key:
            (twice if key in found.values() else found)[place] = key
    return found, twice


def _given(texts: Sequence[str], given: Mapping[str, str]) -> dict[int, str]:
    """What a mapping says of each column: by the folded heading, then as it is written, one of several, by column."""
    loose = {fold_heading(name): key for name, key in given.items() if not _places(name, texts)}
    found = {at: loose[one] for at, text in enumerate(texts) for one in reversed(_folds(text)) if one in loose}
    for name in sorted(given, key=lambda name: (name.startswith("@"), "#" in name)):
        found |= dict.fromkeys(_places(name, texts), given[name])
    return found


def _places(name: str, texts: Sequence[str]) -> list[int]:
    """The columns that a name of a mapping means without folding it; none where it is an ordinary heading."""
    if name in texts:
        return [at for at, text in enumerate(texts) if text == name]
    if column := re.fullmatch(r"@(?:([A-Za-z]{1,3})|([0-9]{1,4}))", name):
        at = _column_number(column[1]) if column[1] else int(column[2])
        return [at - 1] if 0 < at <= len(texts) and texts[at - 1] else []
    if nth := re.fullmatch(r"(.+)#([1-9][0-9]?)", name):
        alike = [at for at, text in enumerate(texts) if fold_heading(nth[1]) in _folds(text)]
        return alike[int(nth[2]) - 1 : int(nth[2])]
    return []


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _aliases(form: Layout) -> dict[str, str]:
    """Key by alias; the column named first in the layout has it."""
    return {alias: key for key, column in reversed(list(form.columns.items())) for alias in column.aliases}


def _folds(text: str) -> tuple[str, ...]:
    """The ways a heading may be named: whole, by its lower half, without the stroke between, by its upper half."""
    if not text or len(text) > 60:
        return ()
    whole = fold_heading(text)
    return (
        whole,
        fold_heading(text.rpartition("/")[2]),
        whole.replace("/", ""),
        fold_heading(text.partition("/")[0]),
    )


def _by_alias(text: str, aliases: Mapping[str, str]) -> str:
    return next((aliases[one] for one in _folds(text)[:3] if one in aliases), "")


def _heading(
    row: int, texts: tuple[str, ...], form: Layout, given: Mapping[str, str], where: Mapping[str, str]
) -> Heading:
    keys, twice = _keys(texts, form, given)
    personal = tuple(text for text in texts if fold_heading(text.rpartition("/")[2]) in personal_headings())
    unmapped = [text for place, text in enumerate(texts) if text and place not in keys and place not in twice]
    faults = [
        *_twice(texts, twice, keys, form, row, where),
        *(Fault("map_unknown_key", dict(where), {"key": key, "known": list(form.columns)}, "map_known_key")
          for key in given.values() if key not in form.columns and key),
        *_missing(texts, keys, form, row, where),
    ]  # fmt: skip
    units = {place: heading_unit(texts[place].rpartition("/")[2]) for place in keys}
    unknown = tuple(text for text in unmapped if text not in personal)
    known = {place: key for place, key in keys.items() if key in form.columns}
    return Heading(
        row, texts, known, {at: unit for at, unit in units.items() if unit}, unknown, personal, tuple(faults)
    )


def _twice(
    texts: Sequence[str],
    twice: Mapping[int, str],
    keys: Mapping[int, str],
    form: Layout,
    row: int,
    where: Mapping[str, str],
) -> list[Fault]:
    faults = []
    for place, key in twice.items():
        other = next(texts[at] for at, own in keys.items() if own == key)
        label = form.columns[key].label.to_dict() if key in form.columns else key
        values = {"column": texts[place], "other": other, "key": label}
        faults.append(Fault("column_twice", {**where, "row": row, "column": texts[place]}, values, "column_drop_one"))
    return faults


def _missing(
    texts: Sequence[str], keys: Mapping[int, str], form: Layout, row: int, where: Mapping[str, str]
) -> list[Fault]:
    faults = []
    for key in form.required:
        if key not in keys.values():
            near = get_close_matches(form.columns[key].label.zh, [text for text in texts if text], 1, _LIKE)
            values = {"column": form.columns[key].label.to_dict(), "key": key, "headings": [t for t in texts if t][:20]}
            faults.append(Fault("column_missing", {**where, "row": row}, {**values, "near": near}, "column_map"))
    return faults


def guess_kind(rows: Sequence[tuple[int, Sequence[Raw]]]) -> str:
    """The kind whose columns a table's heading fits best, with every required one there; empty where none fits."""
    scores = {}
    for kind in kinds():
        heading = find_heading(rows, layout(kind), {})
        if heading.keys and not any(fault.code == "column_missing" for fault in heading.faults):
            scores[kind] = len(heading.keys) - 0.5 * len(heading.unknown)
    return max(scores, key=lambda kind: scores[kind]) if scores else ""


def signature(heading: Heading) -> str:
    """A short mark of a source: the same headings, in any order, give the same mark."""
    folded = "\n".join(sorted(fold_heading(text) for text in heading.texts if text))
    return hashlib.sha256(folded.encode()).hexdigest()[:16]


def recall(path: Path, mark: str) -> dict[str, str]:
    """The mapping remembered for a source in a file of mappings; empty where there is none.

    Raises
    ------
    InputError
        The file is there and holds no mappings.
    """
    if not path.exists():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if not isinstance(content, dict) or not all(isinstance(own, dict) for own in content.values()):
        raise InputError("maps_broken", {}, {"file": path.name})
    return {str(heading): str(key) for heading, key in content.get(mark, {}).items()}


def remember(path: Path, mark: str, mapping: Mapping[str, str]) -> None:
    """Keep a source's mapping in a file of mappings, beside those of other sources."""
    content = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}
    content[mark] = dict(mapping)
    beside = path.with_name(path.name + ".part")
    beside.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=True), encoding="utf-8")
    beside.replace(path)
