"""Find the heading of a table and say which of its columns is which."""

from __future__ import annotations

import hashlib
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

    `mapping` (heading as written → key) goes before the aliases. Columns that are required and absent, named twice,
    or mapped to no known key are faults.
    """
    given = {fold_heading(heading): key for heading, key in (mapping or {}).items()}
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


def _keys(texts: Sequence[str], form: Layout, given: Mapping[str, str]) -> tuple[dict[int, str], list[int]]:
    """Key by place, and the places whose key another column has already."""
    aliases = _aliases(form)
    found: dict[int, str] = {}
    twice: list[int] = []
    for place, text in enumerate(texts):
        key = _key(text, aliases, given, form)
        if key and key in found.values():
            twice.append(place)
        elif key:
            found[place] = key
    return found, twice


def _aliases(form: Layout) -> dict[str, str]:
    """Key by alias; the column named first in the layout has it."""
    return {alias: key for key, column in reversed(list(form.columns.items())) for alias in column.aliases}


def _key(text: str, aliases: Mapping[str, str], given: Mapping[str, str], form: Layout) -> str:
    if not text or len(text) > 60:
        return ""
    whole, last = fold_heading(text), fold_heading(text.rpartition("/")[2])
    first = fold_heading(text.partition("/")[0])
    for candidate in (whole, last, whole.replace("/", ""), first):
        if candidate in given:
            return given[candidate]
    return next((aliases[one] for one in (whole, last, whole.replace("/", "")) if one in aliases), "")


def _heading(
    row: int, texts: tuple[str, ...], form: Layout, given: Mapping[str, str], where: Mapping[str, str]
) -> Heading:
    keys, twice = _keys(texts, form, given)
    keys = {place: key for place, key in keys.items() if key}
    personal = tuple(text for text in texts if fold_heading(text.rpartition("/")[2]) in personal_headings())
    unmapped = [text for place, text in enumerate(texts) if text and place not in keys and place not in twice]
    faults = [
        *_twice(texts, twice, keys, form, given, row, where),
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
    places: Sequence[int],
    keys: Mapping[int, str],
    form: Layout,
    given: Mapping[str, str],
    row: int,
    where: Mapping[str, str],
) -> list[Fault]:
    aliases = _aliases(form)
    faults = []
    for place in places:
        key = _key(texts[place], aliases, given, form)
        other = next(texts[at] for at, own in keys.items() if own == key)
        values = {"column": texts[place], "other": other, "key": form.columns[key].label.to_dict()}
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
