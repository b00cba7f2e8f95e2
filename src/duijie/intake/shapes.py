"""Which lines below a heading are no records, and why: told by the shape of the row and by its first words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from duijie import data
from duijie.cells import Raw
from duijie.cells.cell import folded, plain, simplified, traditional

from .headings import Heading, is_heading, known_headings
from .layouts import Layout

__all__ = ["LeftOut", "Shapes"]

_COUNT = r"[(（]?(?:共)?[0-9,]*(?:家|户|个|人|名|项|条|件|宗|笔)?(?:企业|单位|项目)?[)）]?"
_CHINESE = "[一二三四五六七八九十]"
_NUMBERED = (
    rf"(?:第(?:{_CHINESE}|[0-9])+(?:部分|类|批|章|节)"
    rf"|[(]?(?:{_CHINESE}{{1,3}}|[0-9]{{1,2}}|[ivx]{{1,4}})[)]?[、.．:：)]"
    rf"|[(]{_CHINESE}{{1,3}}[)])"
)
_TITLE = re.compile(rf"{_NUMBERED}.+|.+[(](?:共)?[0-9]+(?:家|户|个|人|项|条|件)?[)]|.+[:：]|【.+】|[*#■◆●▲★].+")
_PAGE = re.compile(r"[(]?第?[0-9]+页[,，/]?(?:共[0-9]+页)?[)]?|[-—]\s*[0-9]+\s*[-—]|page\s*[0-9]+.*|[.…·]{2,}|…+")
_DAY = re.compile(
    r"(?:19|20)[0-9]{2}[年./-][0-9]{1,2}(?:[月./-][0-9]{1,2}[日号]?|月)|(?:二〇|二○)[^0-9]{2}年.{1,3}月(?:.{1,3}[日号])?"
)
_UNTIL = re.compile(rf".+(?:{_DAY.pattern})")  # 数据更新至2026年2月28日
_SENTENCE = re.compile(r"[。；;，,：:！!]")
_LABELLED = re.compile(r"[^:：0-9]{1,10}[:：].*", re.S)
_ORDINAL = "甲乙丙丁戊己庚辛"
_TRIM = " \t:：。.【】[]()（）<>《》*—-"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is no record: the row where it stands (0 for a sheet, the heading's for a column that has none), why it is
    left out (a code with a sentence), and how it begins."""

    sheet: str
    row: int
    why: str
    text: str = ""


@cache
def _words(name: str) -> tuple[str, ...]:
    content = data.read(data.root() / "intake" / "asides.yaml")
    return tuple(sorted((_squeezed(str(word)) for word in content[name]), key=len, reverse=True))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", folded(text))


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    def any_of(*names: str) -> str:
        return "|".join(re.escape(word) for name in names for word in _words(name))

    return {
        "total": re.compile(
            rf"(?:{any_of('totals')})(?:数|额)?[:：]?{_COUNT}|.{{1,16}}?(?:{any_of('sums')})[:：]?{_COUNT}|共[0-9]+(?:家|户|个|人|名|项|条|件).{{0,6}}"
        ),
        "of_which": re.compile(rf"(?:{any_of('of_which')})[:：、,，].*|(?:{any_of('of_which')})"),
        "label": re.compile(rf"[*※]?(?:{any_of('notes', 'signatures')})[0-9一二三四五]*(?:[(][^()]*[)])?[:：].*", re.S),
        "note": re.compile(r"[*※]?(?:注|备注|附注|说明)\s*[0-9①-⑳(（].*|[*※]\s*注.*", re.S),
        "signature": re.compile(rf"(?:{any_of('signatures')})[:：]?"),
        "paper": re.compile(rf"[(（]?(?:{any_of('papers')})[)）]?"),
        "seal": re.compile(rf".{{2,30}}[(（【\[](?:{any_of('seals')})[)）】\]](?:[0-9]{{4}}年.*)?"),
        "heading": re.compile(rf".{{0,8}}(?:{any_of('heading_ends')})(?:[(（].*[)）])?"),
        "sort": re.compile(rf"{_NUMBERED}|{any_of('sorts')}"),
        "organisation": re.compile(rf".*(?:{any_of('organisations')})(?:[(][^()]*[)])?", re.S),
    }


@cache
def _starts() -> frozenset[str]:
    """Letters with which a line may begin that is no record, or another heading."""
    names = ("totals", "of_which", "notes", "signatures", "papers", "samples")
    return _both({word[0] for name in names for word in _words(name)})


def _both(letters: Collection[str]) -> frozenset[str]:
    """Letters with their traditional forms."""
    return frozenset(letters) | {one for one in traditional() if simplified(one) in letters}


_LONG = 10
_WIDE = "\uff00"  # letters of full width are looked at more closely
_ENDS = frozenset("计計数數均值和额額:：。lemnLEMN)）】")


class Shapes:
    """What the lines below one heading may be besides records.

    `wide` are rows in which one cell is shown over several columns.
    """

    def __init__(self, form: Layout, heading: Heading, wide: Collection[int] = ()) -> None:
        self._filled = [text for text in heading.texts if text]
        self._texts, self._keys, self._wide = heading.texts, heading.keys, wide
        self._required = {place for place, key in heading.keys.items() if form.columns[key].is_required}
        named = {"uscc", "region", "industry", "date", "key"}
        self._codes = {place for place, key in heading.keys.items() if form.columns[key].type in named}
        self._letters = _starts() | {text[0].lower() for text in self._filled} | _first_letters()
        self._row = heading.row

    def is_plain(self, row: Sequence[Raw]) -> bool:
        """Whether a row is a record beyond doubt: by how full it is and how its first text begins and ends."""
        n_filled = len(row) - row.count("") - row.count(None)
        if n_filled < 3 and n_filled < len(self._filled):
            return False
        for cell in row:
            if type(cell) is str and cell:
                first = cell[0].lower()
                if cell[-1].lower() in _ENDS or not first.isalnum() or first >= _WIDE:
                    return False
                # longer than any word for a total or a heading, and no label
                return first not in self._letters or (len(cell) > _LONG and ":" not in cell and "：" not in cell)
        return False

    def why(self, number: int, row: Sequence[Raw], *, is_after_gap: bool = False) -> str:
        """Why a row is no record, as a code; empty where it is one, ``row_alone`` where a person must say.

        `is_after_gap` says that the line before it is no record either.
        """
        cells = [(place, text) for place, cell in enumerate(row) if (text := plain(cell))]
        if not cells:
            return "blank"
        texts = [text for _, text in cells]
        if texts == self._filled:
            return "heading_again"
        if self._is_numbered(number, texts):
            return "column_numbers"
        if self._is_part(cells):
            return "heading_again"
        if is_heading(row) or (is_after_gap and self._is_nobodys_heading(row, texts)):
            return "heading_other"
        if self._is_again(cells):
            return "heading_again"
        return self._by_words(cells) or self._by_shape(number, cells)

    def _is_part(self, cells: list[tuple[int, str]]) -> bool:
        """One of the rows of a heading of several once more."""
        own = [(text, self._texts[place]) for place, text in cells if place < len(self._texts)]
        is_part = len(own) == len(cells) > 1 and all(text in whole.split("/") for text, whole in own)
        return is_part and any(text != whole for text, whole in own)

    def _is_again(self, cells: list[tuple[int, str]]) -> bool:
        """A part of the heading once more, as on every page of a printed table."""
        alike = sum(place < len(self._texts) and text == self._texts[place] for place, text in cells)
        return alike > 1 and alike >= 0.6 * len(cells)

    def _is_nobodys_heading(self, row: Sequence[Raw], texts: list[str]) -> bool:
        """The heading of a table that no kind knows: short texts throughout, most of which end as headings do."""
        if len(texts) < 2 or not all(isinstance(cell, str) or cell is None for cell in row):
            return False
        ends = sum(_patterns()["heading"].fullmatch(_squeezed(text)) is not None for text in texts)
        return ends >= 2 and ends >= 0.6 * len(texts)

    def _is_numbered(self, number: int, texts: list[str]) -> bool:
        """The line below a heading that numbers its columns: 甲 乙 1 2 3."""
        if number > self._row + 2 or len(texts) < 3 or len(texts) < len(self._filled):
            return False
        rest = texts[next((at for at, text in enumerate(texts) if at >= len(_ORDINAL) or text != _ORDINAL[at]), 0) :]
        plain_numbers = [text.strip("()（）") for text in rest]
        is_long = len(rest) > 1 or len(rest) < len(texts)
        return bool(rest) and is_long and plain_numbers == [str(at) for at in range(1, len(rest) + 1)]

    def _by_words(self, cells: list[tuple[int, str]]) -> str:
        place, text = next((one for one in cells if not _is_figure(one[1])), cells[0])
        squeezed, patterns = _squeezed(text), _patterns()
        bare = squeezed.strip(_TRIM)
        if place not in self._keys and bare in _words("samples"):
            return "sample"
        is_coded = any(at in self._codes for at, _ in cells if at != place)
        if not is_coded and (patterns["total"].fullmatch(bare) or patterns["of_which"].fullmatch(squeezed)):
            return "total"
        if not is_coded and (patterns["label"].fullmatch(squeezed) or patterns["note"].fullmatch(squeezed)):
            return "note"
        if all(_LABELLED.fullmatch(one) for _, one in cells):  # 制表：某某 | 审核：某某
            return "group" if len(cells) == 1 and text[-1] in ":：" else "note"
        if patterns["signature"].fullmatch(squeezed) and 2 * _n_signed(cells) >= len(cells):
            return "note"
        if all(patterns["seal"].fullmatch(_squeezed(one)) or _DAY.fullmatch(_squeezed(one)) for _, one in cells):
            return "note"  # an office with its seal, a day: 某局（盖章） | 2026年3月1日
        return "paper" if len(cells) == 1 and (patterns["paper"].fullmatch(bare) or _PAGE.fullmatch(squeezed)) else ""

    def _by_shape(self, number: int, cells: list[tuple[int, str]]) -> str:
        """A line with one filled cell where the table has several columns."""
        if len(cells) > 1 or len(self._filled) < 2:
            return ""
        (place, text), patterns = cells[0], _patterns()
        squeezed = _squeezed(text)
        is_name = patterns["organisation"].fullmatch(squeezed) is not None
        if number in self._wide:
            return "note" if _SENTENCE.search(text) else "group"
        if is_name and place in self._required:
            return "row_alone" if patterns["sort"].match(squeezed) else ""
        if (
            text.endswith(("。", "；", ";"))
            or _UNTIL.fullmatch(squeezed)
            or (_SENTENCE.search(text.rstrip(":：")) and len(text) > 12)
        ):
            return "note"
        if _TITLE.fullmatch(squeezed):
            return "group"
        if place not in self._keys:
            return "nothing_known"
        return "row_alone" if place in self._required else ""


@cache
def _first_letters() -> frozenset[str]:
    """First letters of every heading we know: a line that begins so may be the heading of another table."""
    return _both({alias[0] for alias in known_headings() if alias})


def _n_signed(cells: list[tuple[int, str]]) -> int:
    """How many cells are labels of a signature, with or without what was signed."""
    patterns = _patterns()
    said = [_squeezed(text) for _, text in cells]
    return sum(bool(patterns["signature"].fullmatch(one) or patterns["label"].fullmatch(one)) for one in said)


def _is_figure(text: str) -> bool:
    return re.fullmatch(r"[-+−]?[0-9][0-9,.]*%?", text) is not None
