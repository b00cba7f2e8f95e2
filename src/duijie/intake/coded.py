"""A whole file of organisations coded as a stream: one line of codes for each row, in the order of the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from duijie.cells import Raw
from duijie.cells.cell import plain
from duijie.errors import Fault, InputError
from duijie.sheets import Sheet, sheets
from duijie.terms import Progress, silent

from .coding import Codes, code_industries
from .headings import find_heading
from .layouts import layout

__all__ = ["COLUMNS", "Tally", "code_file"]

LEVELS = ("section", "division", "group", "class")
COLUMNS = ("name", *LEVELS, *(f"confidence_{level}" for level in LEVELS), "note")
_TEXTS = ("name", "scope", "products")
_SEARCHED, _BATCH = 30, 20_000
Rows = Iterator[tuple[int, Sequence[Raw]]]


@dataclass(frozen=True)
class Tally:
    """Rows read, rows with a division, rows whose best guess no measured row stands behind, and sheets not read."""

    n: int
    n_coded: int
    n_untested: int
    others: tuple[str, ...] = ()


def code_file(
    file: Path,
    out: Path,
    given: Mapping[str, str],
    *,
    untested: str,
    threshold: float = 0.5,
    progress: Progress = silent,
) -> Tally:
    """Code the rows of a file's first sheet and write one line for each to a csv, shape (rows, 10).

    Parameters
    ----------
    file, out
        Any table duijie reads; the csv to write (UTF-8 with its mark, so that office programs read it).
    given
        The heading of ``name``, ``scope``, ``products``: only these are read; all three are looked for where none is.
    untested
        The note at rows whose code was never measured.
    threshold
        0–1; below it a level is left empty.

    Returns
    -------
    Tally
        Confidence of section and division stand in the csv also below the threshold; those of group and class stay
        empty, as long as no listed rows with such codes are at hand to measure them by.

    Raises
    ------
    InputError
        A given column is absent, or the file has none of the three; `faults` names each.
    """
    opened = sheets(file)
    sheet = next((one for one in opened if not one.is_hidden), opened[0])
    rows, places = _table(file, sheet, given)
    n = n_coded = n_untested = 0
    with out.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        while batch := list(islice(rows, _BATCH)):
            texts = {key: [_cell(cells, places.get(key)) for _, cells in batch] for key in _TEXTS}
            found = code_industries(texts["name"], texts["scope"], texts["products"], threshold=threshold)
            writer.writerows(_lines(found, untested))
            n += len(batch)
            n_coded += int((found.divisions != "").sum())
            n_untested += int((~found.is_tested & (found.sections != "")).sum())
            progress("code_file", n, n)
    return Tally(n, n_coded, n_untested, tuple(one.name for one in opened if one is not sheet))


def _lines(found: Codes, untested: str) -> Iterator[tuple[str, ...]]:
    for name, codes, sure, is_tested in zip(
        found.names, found.codes.tolist(), found.confidence.tolist(), found.is_tested.tolist(), strict=True
    ):
        note = "" if is_tested or not codes[0] else untested
        yield name, *codes, f"{sure[0]:.3f}", f"{sure[1]:.3f}", "", "", note


def _table(file: Path, sheet: Sheet, given: Mapping[str, str]) -> tuple[Rows, dict[str, int]]:
    """The rows below the heading that hold anything, and where each text stands in them."""
    rows = sheet.rows()
    first = list(islice(rows, _SEARCHED))
    number, texts = _heading(first, given)
    where = {"file": file.name, "row": number}
    shown = [text for text in texts if text][:20]
    missing = tuple(
        Fault("code_column_missing", where, {"column": column, "headings": shown})
        for column in given.values()
        if column not in texts
    )
    if missing:
        raise InputError("code_columns_missing", {"n": len(missing)}, where, "code_column_name", missing)
    keys = find_heading([(number, texts)], layout("firms"), {"file": file.name}).keys
    usual = {key: at for at, key in keys.items() if key in _TEXTS}
    places = {key: texts.index(column) for key, column in given.items()} or usual
    if not places:
        raise InputError("code_no_text", {"headings": shown}, where, "code_column_name")
    below = chain((row for row in first if row[0] > number), rows)
    return (row for row in below if any(map(plain, row[1]))), places


def _heading(first: Sequence[tuple[int, Sequence[Raw]]], given: Mapping[str, str]) -> tuple[int, list[str]]:
    """Number and texts of the row that has every given heading, else of the one that reads like a heading of firms."""
    texts = [(number, list(map(plain, cells))) for number, cells in first]
    named = [one for one in texts if given and set(given.values()) <= set(one[1])]
    usual = find_heading(first, layout("firms"), {})
    read = [(usual.row, list(usual.texts))] if usual.texts else []
    return next(iter([*named, *read, *(one for one in texts if any(one[1]))]), (1, []))


def _cell(cells: Sequence[Raw], at: int | None) -> str:
    return plain(cells[at]) if at is not None and at < len(cells) else ""
