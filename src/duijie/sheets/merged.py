"""Cells that are shown once for several rows: below a heading each of these rows has the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from duijie.cells import Raw
from duijie.cells.cell import plain

from .sheet import Area, Row

__all__ = ["filled"]

Numbered = Iterator[tuple[int, Row]]


def filled(rows: Numbered, merged: Sequence[Area], heading: int) -> Numbered:
    """The rows below the heading with what is shown once for several of them: each has the value of the area's first.

    A cell that is shown over several columns of one row is left as it stands.

    Examples
    --------
    >>> rows = iter([(2, ["甲", "一镇"]), (3, ["乙", ""])])
    >>> list(filled(rows, [(2, 1, 3, 1)], 1))
    [(2, ['甲', '一镇']), (3, ['乙', '一镇'])]
    """
    areas: dict[int, list[tuple[int, int]]] = {}
    for top, left, low, _ in merged:
        if low > top > heading:
            areas |= {row: [*areas.get(row, ()), (top, left)] for row in range(top, low + 1)}
    return _with_areas(rows, areas) if areas else rows


def _with_areas(rows: Numbered, areas: Mapping[int, Sequence[tuple[int, int]]]) -> Numbered:
    kept: dict[tuple[int, int], Raw] = {}
    for number, cells in rows:
        own = list(cells)
        for area in areas.get(number, ()):
            top, left = area
            if number == top:
                kept[area] = own[left] if left < len(own) else None
            elif plain(kept.get(area)):
                own += [""] * (left + 1 - len(own))
                own[left] = kept[area] if not plain(own[left]) else own[left]
        yield number, own
