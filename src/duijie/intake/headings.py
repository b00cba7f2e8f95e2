"""Find the heading of a table and say which of its columns is which."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from duijie.cells import CellType, Raw, read
from duijie.cells.amounts import is_unit
from duijie.cells.cell import folded, plain
from duijie.cells.reading import MEASURED, heading_unit
from duijie.data import check
from duijie.errors import Fault, InputError

from .layouts import Column, Layout, fold_heading, kinds, layout, personal_headings

__all__ = [
    "Heading",
    "are_units",
    "beside_cards",
    "blocks",
    "cards",
    "column_letters",
    "find_heading",
    "guess_kind",
    "is_heading",
    "known_headings",
    "recall",
    "remember",
    "scored_kind",
    "signature",
]

_SEARCHED = 30  # a heading stands in the first rows, below titles and remarks
_LIKE = 0.82
_LONGEST_UNIT = 5  # letters of a unit at a heading's end: 万平方米


@dataclass(frozen=True)
class Heading:
    """Where the heading ends and what each column is.

    `row` is the number of its last row; `texts` the headings as read, merged cells and two rows joined; `keys` maps
    the place of a column to its key; `units` the place to the unit its heading, a row of units below it or a caption
    above it names; `unknown` are headings no key was found for, `personal` those of personal data, never read. `below`
    and `caption` are the units of that row and that caption. `first` is the place on the sheet of the first column.
    """

    row: int
    texts: tuple[str, ...]
    keys: Mapping[int, str]
    units: Mapping[int, str]
    unknown: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    below: tuple[str, ...] = ()
    caption: tuple[str, ...] = ()
    first: int = 0

    def unit_of(self, place: int, kind: CellType) -> str:
        """The unit of a column for cells of a type: its heading's, that of the row below, or the first of the caption
        that fits; empty where none is named."""
        if kind.name not in MEASURED:
            return ""
        under = self.below[place] if place < len(self.below) else ""
        text = self.texts[place].replace("\n", "")
        # the lowest row stands nearest to the figures; a stroke may also part a heading from its unit
        said = [heading_unit(text[at + 1 :], kind) for at in range(len(text) - 1, -1, -1) if text[at] == "/"]
        nearest, *further = [*said, heading_unit(text, kind)]
        if kind.name in ("quantity", "count"):  # 经营情况（万元） over 从业人数
            further = [unit for unit in further if unit and _is_of(unit, kind)]
        own = nearest or next(filter(None, further), "") or heading_unit(f"({under})", kind)
        fitting = (unit for unit in self.caption if heading_unit(f"({unit})", kind) and _is_of(unit, kind))
        return own or next(fitting, "")


def find_heading(
    rows: Sequence[tuple[int, Sequence[Raw]]],
    form: Layout,
    where: Mapping[str, str],
    mapping: Mapping[str, str] | None = None,
    captions: Sequence[Sequence[Raw]] = (),
) -> Heading:
    """The heading among the first rows: one row, or up to three where the upper ones are merged over groups.

    `mapping` (heading → key) goes before the aliases. Where several headings read alike, one of them is named as it is
    written, as ``heading#2`` (the second of them), or by its column, ``@C`` or ``@3``. Columns that are required and
    absent, named twice, or mapped to no known key are faults. `captions` are further lines that may name units.
    """
    given = dict(mapping or {})
    best: tuple[int, int, int, tuple[str, ...]] | None = None
    for at, (number, cells) in enumerate(rows[:_SEARCHED]):
        single = tuple(plain(cell) for cell in cells)
        above = tuple(plain(cell) for cell in rows[at - 1][1]) if at else ()
        upper = tuple(plain(cell) for cell in rows[at - 2][1]) if at > 1 else ()
        # below the heading of a table another may begin: it is not looked at for this one
        if best and at > best[1] + 1 and _is_whole(best[3], best[0], form, given):
            break
        joined = [single]
        if _may_join(above):
            joined.append(_joined(above, single))
            joined += [_joined(_joined(upper, above), single)] if _may_join(upper) else []
        for n_above, texts in enumerate(joined):
            score = len(_keys(texts, form, given)[0])
            is_lower = n_above == 1 and best is not None and best[1] == at - 1 and _is_lower(above, single, form)
            if score and (best is None or score > best[0] or (score == best[0] and is_lower)):
                best = score, at, number, texts
    if best is None:
        first = next((tuple(filter(None, map(plain, cells))) for _, cells in rows if any(map(plain, cells))), ())
        values = {"kind": form.label.to_dict(), "headings": list(first[:20])}
        return Heading(0, (), {}, {}, faults=(Fault("heading_not_found", dict(where), values, "heading_name_columns"),))
    _, at, number, texts = best
    caption = _caption_units([*(cells for _, cells in rows[:at]), *captions])
    below = [plain(cell) for cell in rows[at + 1][1]] if at + 1 < len(rows) else []
    units = below if are_units(below) else []
    return _heading(rows[at + 1][0] if units else number, texts, form, given, where, units, caption)


def _is_whole(texts: Sequence[str], n_known: int, form: Layout, given: Mapping[str, str]) -> bool:
    """Whether a row is a heading beyond doubt: it has all that is required, and more than one word of it is known."""
    has_required = set(form.required) <= set(_keys(texts, form, given)[0].values())
    return has_required and (n_known > 1 or n_known == sum(map(bool, texts)))


def _is_lower(above: Sequence[str], texts: Sequence[str], form: Layout) -> bool:
    """Whether a row says again, or more closely, what a few columns of the heading above it are."""
    filled = [text for text in texts if text]
    return len(filled) < sum(map(bool, above)) and all(_by_alias(text, _aliases(form)) for text in filled)


def are_units(cells: Sequence[str]) -> bool:
    """Whether the row below a heading holds nothing but units: 万元, 人, %."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(is_unit(cell) or folded(cell) in ("年月日", "年") for cell in filled)


def _caption_units(rows: Sequence[Sequence[Raw]]) -> list[str]:
    """The units a line above the heading names for the whole table: 单位：万元、人."""
    found = []
    for text in (folded(cell) for cells in rows for cell in cells if isinstance(cell, str)):
        said = re.search(r"(?:^|[^\u4e00-\u9fff])(?:计量|金额)?单\s*位\s*[:：为]\s*([^()\[\]【】]+)", text)
        found += re.split(r"[,，、;；\s]+", said[1]) if said else []
    return [one for one in found if is_unit(one)]


def _may_join(above: Sequence[str]) -> bool:
    """A row may be the upper one of a heading where it is short text in several columns."""
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


def blocks(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Where a heading is the same one several times side by side: first and last column of each; else empty.

    Examples
    --------
    >>> blocks(["序号", "企业名称", "", "序号", "企业名称"])
    [(0, 2), (3, 4)]
    """
    filled = [at for at, text in enumerate(texts) if text]
    starts = [at for at in filled if texts[at] == texts[filled[0]]]
    if len(starts) < 2:
        return []
    ends = [*(start - 1 for start in starts[1:]), len(texts) - 1]
    parts = [[text for text in texts[start : end + 1] if text] for start, end in zip(starts, ends, strict=True)]
    is_alike = len(parts[0]) > 1 and all(part == parts[0] for part in parts)
    return list(zip(starts, ends, strict=True)) if is_alike else []


def cards(
    rows: Sequence[tuple[int, Sequence[Raw]]], form: Layout, further: Iterable[tuple[int, Sequence[Raw]]] = ()
) -> list[dict[str, tuple[int, Raw]]]:
    """Where a sheet holds cards, each one record's: the row and value beside each label; empty where it holds none.

    On a card labels and values take turns in every row; a label that comes again begins the next card. A label that is
    not known is one where it stands in a column of labels with a value on either side. Whether a sheet holds cards is
    judged by `rows`, its first; `further` are those below them.

    Examples
    --------
    >>> from duijie.intake.layouts import layout
    >>> cards([(1, ["企业名称", "甲", "镇街", "一镇"]), (2, ["注册资本(万元)", 100])], layout("firms"))
    [{'企业名称': (1, '甲'), '镇街': (1, '一镇'), '注册资本(万元)': (2, 100)}]
    """
    known = _labels(rows, form)
    if any(after - before == 1 for places in known for before, after in pairwise(places)):
        return []  # two headings side by side are a table's
    if _is_two_rowed([cells for _, cells in rows], known):
        return []
    found, labelled = _by_label(rows, known)
    is_card = len(found[0]) > 2 and labelled >= 0.5 * sum(any(map(plain, cells)) for _, cells in rows)
    keys = {_by_alias(label, _aliases(form)) for label in found[0]} - {""}
    if not is_card or len(keys) < 2 or not set(form.required) <= keys or _has_records(rows, known):
        return []
    every = [*rows, *further]
    return _by_label(every, _labels(every, form))[0]


def _has_records(rows: Sequence[tuple[int, Sequence[Raw]]], known: Sequence[Sequence[int]]) -> bool:
    """Whether labels stand in one row, or rows of three values and no label are as many as those with labels: a table,
    two of whose headings happen to stand apart."""
    n_labelled = sum(map(bool, known))
    n_records = sum(
        not own and sum(map(bool, map(plain, cells))) > 2 for (_, cells), own in zip(rows, known, strict=True)
    )
    return n_labelled < 2 or n_records >= n_labelled


def _labels(rows: Sequence[tuple[int, Sequence[Raw]]], form: Layout) -> list[list[int]]:
    """The places of headings we know, in each row."""
    aliases = _aliases(form)
    return [
        [at for at, cell in enumerate(cells) if isinstance(cell, str) and _by_alias(plain(cell), aliases)]
        for _, cells in rows
    ]


def _by_label(
    rows: Sequence[tuple[int, Sequence[Raw]]], known: Sequence[Sequence[int]]
) -> tuple[list[dict[str, tuple[int, Raw]]], int]:
    """What stands beside each label, card by card, and how many rows have one."""
    found: list[dict[str, tuple[int, Raw]]] = [{}]
    labelled, columns = 0, {at for places in known for at in places}
    for (number, cells), own in zip(rows, known, strict=True):
        filled = [at for at, cell in enumerate(cells) if plain(cell)]
        places = _with_unknown(own, filled, columns)
        if not places and len(filled) == 2 and found[-1]:
            places = filled[:1]  # a label we do not know is named with the others
        labelled += bool(places)
        for at, after in pairwise([*places, len(cells)]):
            label = plain(cells[at])
            if label in found[-1]:
                found.append({})
            found[-1][label] = number, next((cell for cell in cells[at + 1 : after] if plain(cell)), "")
    return found, labelled


def beside_cards(
    rows: Sequence[tuple[int, Sequence[Raw]]], found: Sequence[Mapping[str, tuple[int, Raw]]]
) -> list[tuple[int, str]]:
    """What is neither a label nor the value of one, by row, from the first card on.

    Examples
    --------
    >>> beside_cards([(1, ["厂名", "甲", "旁"]), (3, ["填报说明"])], [{"厂名": (1, "甲")}])
    [(1, '旁'), (3, '填报说明')]
    """
    said: dict[int, Counter[str]] = {}
    for card in found:
        for label, (number, value) in card.items():
            said.setdefault(number, Counter()).update((label, plain(value)))
    left = []
    for number, cells in rows:
        over = Counter(filter(None, map(plain, cells))) - said.get(number, Counter())
        if over and number >= min(said):
            left.append((number, " ".join(over.elements())))
    return left


def _is_two_rowed(rows: Sequence[Sequence[Raw]], known: Sequence[Sequence[int]]) -> bool:
    """Whether a label without a value stands where others have theirs: the lower half of a table's heading."""
    bare, values = set[int](), set[int]()
    for cells, places in zip(rows, known, strict=True):
        for at, after in pairwise([*places, len(cells)]):
            beside = [place for place in range(at + 1, after) if plain(cells[place])]
            (values if beside else bare).add(beside[0] if beside else at)
    return bool(bare & values)


def _with_unknown(known: Sequence[int], filled: Sequence[int], columns: Collection[int]) -> list[int]:
    """The places of labels in a row of a card, those among them that are not known."""
    places = list(known)
    for at in sorted(set(filled) & set(columns) - set(known)) if known else ():
        before, after = max((one for one in places if one < at), default=-1), [one for one in places if one > at]
        has_own = any(at < one < min(after, default=len(filled) + max(filled) + 1) for one in filled)
        if has_own and (before < 0 or any(before < one < at for one in filled)):
            places = sorted([*places, at])
    return places


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


def column_letters(place: int) -> str:
    """The letters a table program shows above a column.

    Examples
    --------
    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters, number = "", place + 1
    while number:
        number, at = divmod(number - 1, 26)
        letters = chr(ord("A") + at) + letters
    return letters


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


_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ENGLISH = re.compile(r"(?<![^\s/])[A-Za-z]*[a-z][A-Za-z.'’&-]*(?![^\s/(（])")  # words apart; 产品SKU is one word
_YEAR = re.compile(
    r"^(?:截至|截止)?(?:19|20)[0-9]{2}年?(?:度|末|底)?(?:[0-9]{1,2}月(?:末|底)?)?|(?:19|20)[0-9]{2}年?(?:度|末|底)?$"
)


def _by_alias(text: str, aliases: Mapping[str, str]) -> str:
    """The key of a heading: by its names, without the unit behind its stroke, without the English beside its Chinese,
    without a year before or behind it."""
    folds = list(_folds(text)[:3])
    if not folds:
        return ""
    strokes = [at for at, letter in enumerate(text) if letter in "/／"]
    for upper, lower in [(text[:at], text[at + 1 :]) for at in strokes]:  # 年薪/万元/年
        if upper and (is_unit(lower) or fold_heading(lower) in ("年月日", "年")):
            folds += [fold_heading(upper), fold_heading(upper.rpartition("/")[2])]
    folds += [fold_heading(one).strip("/") for one in [_ENGLISH.sub("", text)] if _CHINESE.search(one)]
    folds += [one for fold in folds if (one := _YEAR.sub("", fold)) != fold]
    folds += [one for fold in folds if (one := _without_unit(fold)) != fold]
    folds += [fold[:-n] for fold in folds for n in range(1, _LONGEST_UNIT) if is_unit(fold[-n:])]
    return next((aliases[one] for one in folds if one in aliases), "")


def _without_unit(fold: str) -> str:
    """A heading without the unit of money it ends in: 注册资本万元."""
    found = re.fullmatch(r"(.{2,}?)(?:人民币)?[十百千]?[万亿]?(?:美|港)?元", fold)
    return found[1] if found else fold


def _heading(
    row: int,
    texts: tuple[str, ...],
    form: Layout,
    given: Mapping[str, str],
    where: Mapping[str, str],
    below: Sequence[str] = (),
    caption: Sequence[str] = (),
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
    unknown = tuple(text for text in unmapped if text not in personal)
    known = {place: key for place, key in keys.items() if key in form.columns}
    bare = Heading(row, texts, known, {}, unknown, personal, tuple(faults), tuple(below), tuple(caption))
    units = {
        place: bare.unit_of(place, form.columns[key].cell) or _unit_at_end(texts[place], form.columns[key])
        for place, key in known.items()
    }
    return replace(bare, units={at: unit for at, unit in units.items() if unit})


def _unit_at_end(text: str, column: Column) -> str:
    """The unit at the end of a heading that is known without it, 可用面积平方米; 用时 is known and ends in none."""
    fold = fold_heading(text.rpartition("/")[2])
    if column.type not in MEASURED or fold in column.aliases:
        return ""
    ends = [fold[-n:] for n in range(1, _LONGEST_UNIT) if fold[:-n] in column.aliases]
    return next((one for one in ends if heading_unit(f"({one})", column.cell)), "")


def _is_of(unit: str, kind: CellType) -> bool:
    """Whether a caption's unit is meant for a column of this type: amounts take money, quantities their measures."""
    return kind.name == "money" or read("1" + unit, kind).wrong is None


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
    return scored_kind(rows)[0]


def scored_kind(rows: Sequence[tuple[int, Sequence[Raw]]]) -> tuple[str, float]:
    """The kind a table fits best, and how well: columns known less half of those unknown; empty where none fits.

    Of kinds with the same columns it is the one whose words stand in the heading or above it; empty where both or
    neither do.
    """
    scores, ends = {}, {}
    for kind in kinds():
        heading = find_heading(rows, layout(kind), {})
        missing = {fault.code for fault in heading.faults} & {"column_missing"}
        if (heading.keys and not missing) or cards(rows, layout(kind)):
            scores[kind] = len(heading.keys) - 0.5 * len(heading.unknown)
            ends[kind] = heading.row
    best = max(scores, key=lambda kind: scores[kind]) if scores else ""
    alike = [kind for kind, score in scores.items() if score == scores[best] and layout(kind).said]
    head = [cells for number, cells in rows if number <= ends.get(best, 0)]
    said = "".join(folded(cell) for cells in head for cell in cells if isinstance(cell, str))
    named = [kind for kind in alike if any(word in said for word in layout(kind).said)]
    return (best if not alike else named[0] if len(named) == 1 else ""), scores.get(best, 0.0)


@cache
def known_headings() -> frozenset[str]:
    """Every heading of every kind of table, folded."""
    return frozenset(alias for kind in kinds() for column in layout(kind).columns.values() for alias in column.aliases)


def is_heading(cells: Sequence[Raw]) -> bool:
    """Whether a row below a heading is the heading of another table: text throughout, most of it headings we know."""
    filled = [cell for cell in cells if plain(cell)]
    if len(filled) < 2 or not all(isinstance(cell, str) for cell in filled):
        return False
    known = sum(any(one in known_headings() for one in _folds(plain(cell))[:1]) for cell in filled)
    return known >= 2 and known >= 0.6 * len(filled)


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
    return {heading: str(key) for heading, key in _kept(path).get(mark, {}).items()}


def _kept(path: Path) -> dict[str, dict[str, Any]]:
    """All mappings in a file of mappings."""
    if not path.exists():
        return {}
    content, faults = check(path)
    content = {} if content is None else content
    if faults or not isinstance(content, dict) or not all(isinstance(own, dict) for own in content.values()):
        raise InputError("maps_broken", {}, {"file": path.name}, faults=faults)
    return content


def remember(path: Path, mark: str, mapping: Mapping[str, str]) -> None:
    """Keep a source's mapping in a file of mappings, beside those of other sources."""
    content = _kept(path)
    content[mark] = dict(mapping)
    beside = path.with_name(path.name + ".part")
    beside.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=True), encoding="utf-8")
    beside.replace(path)
