"""Take a file in: every row read and checked, all faults told at once, and nothing written by halves."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duijie import __version__
from duijie.cells import CellType, Raw
from duijie.errors import Fault, InputError
from duijie.sheets import Limits, Sheet, sheets
from duijie.terms import Progress, Provenance, silent

from .coding import code_industries
from .layouts import Layout, layout
from .pages import Page, pages
from .rows import Batch, Hidden, Reader, Seen
from .shapes import LeftOut

__all__ = ["Intake", "read_table", "take_in"]

_LISTED = 10_000  # faults told one by one; the rest are counted


@dataclass(frozen=True, eq=False)
class Intake:
    """What a file held, and everything wrong with it.

    `table` has a row for every sound row (see :func:`take_in`), a column for each key of the layout that the file
    has, and the provenance columns ``source_file``, ``source_sheet``, ``source_row``, ``as_of``, ``confidences``
    (JSON of the values believed less than fully) and ``inferred`` (keys nobody stated); it is None where the rows
    went to a file. `faults` lists the first 10,000; `counts` counts all by code. `coverage` gives the share 0–1 of
    rows that fill each column. `columns` maps headings to keys. Every line below a heading is a row or is skipped:
    `left_out` names those that are skipped and not blank (the first 1,000 of a sheet), and sheets without a table;
    `encoding` is that of a text; `beside` holds for every sound row the cells that were asked for beside the layout.
    """

    kind: str
    file: str
    n_rows: int
    n_faulty_rows: int
    n_mended: int
    n_skipped: int
    n_formulas: int
    faults: tuple[Fault, ...]
    counts: Mapping[str, int]
    coverage: Mapping[str, float]
    columns: Mapping[str, str]
    unknown: tuple[str, ...]
    personal: tuple[str, ...]
    departments: Mapping[str, tuple[int, int, str]]
    as_of: tuple[str, str]
    provenance: Provenance
    table: pa.Table | None = field(default=None, repr=False)
    is_written: bool = False
    left_out: tuple[LeftOut, ...] = ()
    encoding: str = ""
    beside: tuple[Mapping[str, tuple[Raw, str]], ...] = ()

    @property
    def n_faults(self) -> int:
        """How many faults were found, listed or not."""
        return sum(self.counts.values())

    def to_arrow(self) -> pa.Table:
        """The sound rows as an Arrow table."""
        return self.table

    def to_pandas(self) -> Any:
        """The sound rows as a pandas dataframe; needs pandas."""
        return self.table.to_pandas() if self.table is not None else None


@dataclass
class _Tally:
    """What the stream of batches adds up to."""

    n_rows: int = 0
    n_faulty_rows: int = 0
    n_mended: int = 0
    n_skipped: int = 0
    n_formulas: int = 0
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    filled: Counter[str] = field(default_factory=Counter)
    columns: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    personal: list[str] = field(default_factory=list)
    departments: dict[str, list[Any]] = field(default_factory=dict)
    as_of: tuple[str, str] = ("", "")
    left_out: list[LeftOut] = field(default_factory=list)
    encoding: str = ""
    beside: list[Mapping[str, tuple[Raw, str]]] = field(default_factory=list)

    def note(self, faults: Sequence[Fault]) -> None:
        self.counts.update(fault.code for fault in faults)
        self.faults.extend(faults[: max(0, _LISTED - len(self.faults))])

    def add(self, batch: Batch) -> None:
        self.n_rows += len(batch.numbers)
        self.n_faulty_rows += len(batch.faulty)
        self.n_mended += batch.n_mended
        self.n_skipped += batch.n_skipped
        self.n_formulas += batch.n_formulas
        self.left_out += batch.left_out
        self.beside += [own for at, own in enumerate(batch.beside) if at not in batch.faulty]
        self.note(batch.faults)
        for key, values in batch.values.items():
            self.filled[key] += len(values) - values.count(None)
        self._add_dates(batch)
        self._add_departments(batch)

    def _add_dates(self, batch: Batch) -> None:
        dates = set(batch.values.get("as_of", ())) - {None}
        if dates:
            known = [one for one in self.as_of if one]
            self.as_of = min([*dates, *known]), max([*dates, *known])

    def _add_departments(self, batch: Batch) -> None:
        names = batch.values.get("department") or [None] * len(batch.numbers)
        dates = batch.values.get("as_of") or [None] * len(batch.numbers)
        for (name, day), n in Counter(zip(names, dates, strict=True)).items():
            own = self.departments.setdefault(name or "", [0, 0, ""])
            own[0] += n
            own[2] = max(own[2], day or "")
        for place in batch.faulty:
            self.departments[names[place] or ""][1] += 1


def read_table(path: Path, kind: str, **options: Any) -> Intake:
    """The sound rows of a file in memory; options as :func:`take_in`, faults are listed, never raised.

    Raises
    ------
    InputError
        The file cannot be read at all, or `kind` is not known.
    """
    parts: list[pa.Table] = []
    tally, provenance = _run(path, layout(kind), parts.append, **options)
    table = pa.concat_tables(parts, promote_options="default") if parts else pa.table({})
    return _intake(kind, path, tally, provenance, table)


def take_in(
    path: Path,
    kind: str,
    out: Path | None = None,
    *,
    keep_sound_rows: bool = False,
    is_refusing: bool = True,
    **options: Any,
) -> Intake:
    """Read, check and, where all is well, write a file; csv and parquet are streamed, so they may exceed the memory.

    Parameters
    ----------
    path
        csv (UTF-8, UTF-16, GB18030), xlsx, xls or parquet.
    kind
        A kind of :func:`duijie.intake.layouts.kinds`, such as ``firms``.
    out
        The parquet file to write; None checks only (dry run).
    keep_sound_rows
        Write the rows without a fault where others have some; otherwise one fault keeps everything back.
    is_refusing
        Raise where faults keep the rows back; False writes nothing then and only says so (``is_written``).
    mapping
        Heading → key, before the aliases (see :func:`duijie.intake.headings.find_heading`); an empty key leaves the
        column out.
    as_of, source, department
        What holds for rows that do not say it themselves; `as_of` is ISO text.
    today
        Dates after it are faults in columns that speak of the past; None asks nothing.
    is_coded
        Fill missing industry codes from name, scope and products; they are marked ``inferred``.
    limits, batch_rows, progress
        Bounds of compressed files; rows read at a time; called after every batch.
    opened
        The sheets of the file where it has been opened already (:func:`duijie.sheets.sheets`).
    hidden
        What becomes of rows and sheets a program does not show: ``ask`` makes them a fault, ``take`` reads them like
        the rest, ``leave`` leaves them out.
    beside
        The type of a heading that the kind does not know, None where it is nobody's: the cells of those that have one
        are kept raw beside each sound row, with the unit of their column (``Intake.beside``).

    Returns
    -------
    Intake
        With ``table`` None.

    Raises
    ------
    InputError
        The file cannot be read at all; or `out` is given and there are faults (all in ``faults``), unless
        `keep_sound_rows` — a fault of the heading always refuses. Then nothing is written.
    """
    with ExitStack() as stack:
        writer = stack.enter_context(_Writer(out)) if out else None
        tally, provenance = _run(path, layout(kind), writer.write if writer else _drop, **options)
        found = _intake(kind, path, tally, provenance, None)
        is_refused = tally.counts and (not keep_sound_rows or not tally.columns or tally.counts["column_missing"])
        if writer and is_refused and is_refusing:
            values = {"file": path.name, "n": found.n_faults, "rows": found.n_faulty_rows}
            raise InputError("table_faults", values, {"file": path.name}, "table_mend", found.faults)
        if writer and not is_refused:
            writer.commit()
            return replace(found, is_written=True)
    return found


def _drop(table: pa.Table) -> None:
    """A dry run keeps nothing."""


class _Writer:
    """A parquet file that appears whole or not at all."""

    def __init__(self, out: Path) -> None:
        self._out, self._part = out, out.with_name(out.name + ".part")
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> _Writer:
        return self

    def write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._out.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._part, table.schema)
        schema = pa.unify_schemas([self._writer.schema, table.schema])
        if schema != self._writer.schema:
            self._widen(schema)
        self._writer.write_table(_aligned(table, schema))

    def _widen(self, schema: pa.Schema) -> None:
        """Go on with more columns, where a table further down has them; what is written has nothing there."""
        assert self._writer is not None
        self._writer.close()
        narrow = self._part.with_suffix(".narrow")
        self._part.replace(narrow)
        self._writer = pq.ParquetWriter(self._part, schema)
        for batch in pq.ParquetFile(narrow).iter_batches():
            self._writer.write_table(_aligned(pa.Table.from_batches([batch]), schema))
        narrow.unlink()

    def commit(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._part.replace(self._out)
            self._writer = None

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
        self._part.unlink(missing_ok=True)


def _aligned(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns of a schema; those it does not have are null."""
    columns = [
        table[one.name] if one.name in table.column_names else pa.nulls(table.num_rows, one.type) for one in schema
    ]
    return pa.table(columns, schema=schema)


def _run(
    path: Path,
    form: Layout,
    keep: Callable[[pa.Table], None],
    *,
    mapping: Mapping[str, str] | None = None,
    as_of: str = "",
    source: str = "",
    department: str = "",
    today: date | None = None,
    is_coded: bool = True,
    limits: Limits | None = None,
    batch_rows: int = 20_000,
    progress: Progress = silent,
    opened: Sequence[Sheet] | None = None,
    hidden: Hidden = "ask",
    beside: Callable[[str], CellType | None] | None = None,
) -> tuple[_Tally, Provenance]:
    tally = _Tally()
    defaults = {"as_of": as_of, "source": source or path.name, "department": department}
    opened = sheets(path, limits=limits) if opened is None else opened
    tally.encoding = opened[0].encoding
    usable, left_out, faults = pages(opened, form, path.name, mapping, hidden)
    tally.left_out += left_out
    tally.note(faults)
    keys = tuple(dict.fromkeys(key for page in usable for key in page.heading.keys.values()))
    seen = Seen()
    for page in usable:
        tally.note(page.heading.faults)
        tally.columns |= {page.heading.texts[place]: key for place, key in page.heading.keys.items()}
        tally.unknown += page.heading.unknown
        tally.personal += page.heading.personal
        where = {"file": path.name, "sheet": page.sheet.name}
        reader = Reader(form, page.heading, page.sheet, where, today, seen, hidden, beside)
        for batch in reader.batches(page.rows, batch_rows) if page.heading.keys else ():
            coded = _code(batch, form) if is_coded else []
            tally.add(batch)
            keep(_arrow(batch, form, keys, coded, path.name, page.sheet.name, defaults))
            progress("intake", tally.n_rows, 0)
        for heading in reader.headings[1:]:  # of tables further down
            tally.columns |= {heading.texts[place]: key for place, key in heading.keys.items()}
            tally.unknown += [one for one in heading.unknown if one not in tally.unknown]
            tally.personal += [one for one in heading.personal if one not in tally.personal]
        if reader.hidden:
            values = {"rows": _ranges(reader.hidden), "n": len(reader.hidden)}
            tally.note([Fault("rows_hidden", {**where, "row": reader.hidden[0]}, values, "hidden_choose")])
    if tally.columns and not tally.n_rows:
        tally.note([_empty(usable[0], form, path)])
    inputs = {path.name: _digest(path)}
    parameters = {"kind": form.kind, "mapping": dict(mapping or {}), "is_coded": is_coded, "as_of": as_of}
    return tally, Provenance(inputs, __version__, parameters)


def _empty(page: Page, form: Layout, path: Path) -> Fault:
    where = {"file": path.name, "sheet": page.sheet.name, "row": page.heading.row + 1}
    return Fault("rows_missing", where, {"kind": form.label.to_dict()}, "rows_add")


def _ranges(rows: Sequence[int]) -> str:
    """Row numbers as people write them: 3、5–9."""
    parts: list[list[int]] = []
    for row in rows:
        if parts and row == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], row]
        else:
            parts.append([row, row])
    shown = [f"{first}–{last}" if last > first else str(first) for first, last in parts[:20]]
    return "、".join(shown) + ("…" if len(parts) > 20 else "")


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _code(batch: Batch, form: Layout) -> list[int]:
    """Fill missing industries of rows that have a name; the places filled."""
    names = batch.values.get("name")
    if names is None or "industry" not in form.columns or not {"scope", "products"} & set(batch.values):
        return []
    n = len(batch.numbers)
    stated = batch.values.setdefault("industry", [None] * n)
    open_places = [at for at in range(n) if stated[at] is None and at not in batch.faulty]
    scope, products = (batch.values.get(key) or [None] * n for key in ("scope", "products"))
    made = ["、".join(products[at] or ()) for at in open_places]
    found = code_industries([names[at] or "" for at in open_places], [scope[at] or "" for at in open_places], made)
    filled = []
    for at, code, confidence in zip(open_places, found.deepest(), found.confidence, strict=True):
        if code:
            stated[at] = str(code)
            level = 1 if len(code) == 1 else len(code)
            batch.confidences.setdefault(at, {})["industry"] = round(float(confidence[level - 1]), 2)
            filled.append(at)
    return filled


_FIGURES = ("number", "money", "quantity", "count", "share")
_TYPES = {"words": pa.list_(pa.string()), **dict.fromkeys(_FIGURES, pa.float64())}


def _arrow(
    batch: Batch,
    form: Layout,
    keys: Sequence[str],
    coded: Sequence[int],
    file: str,
    sheet: str,
    defaults: Mapping[str, str],
) -> pa.Table:
    n = len(batch.numbers)
    sound = [at for at in range(n) if at not in batch.faulty] if batch.faulty else range(n)
    pick = partial(_picked, sound)
    arrays: dict[str, pa.Array] = {}
    wanted = dict.fromkeys([*keys, *batch.values])
    for key in wanted:
        values = batch.values.get(key) or [None] * n
        default = defaults.get(key)
        filled = [default if value is None else value for value in values] if default else values
        arrays[key] = pa.array(pick(filled), _TYPES.get(form.columns[key].type, pa.string()))
        if form.columns[key].type == "money":
            currencies = batch.extras.get(key) or [None] * n
            arrays[f"{key}_currency"] = pa.array(pick(currencies), pa.string())
    for key, default in defaults.items():
        if key not in arrays:
            arrays[key] = pa.repeat(pa.scalar(default or None, pa.string()), len(sound))
    told = {at: _told(tuple(own.items())) for at, own in batch.confidences.items()}
    is_coded = np.isin(np.asarray(sound), coded)
    marks = pa.repeat("industry", int(is_coded.sum()))
    arrays |= {
        "source_file": pa.repeat(file, len(sound)),
        "source_sheet": pa.repeat(sheet, len(sound)),
        "source_row": pa.array(pick(batch.numbers), pa.int64()),
        "confidences": pa.array([told.get(at, "") for at in sound], pa.string()),
        "inferred": pa.ListArray.from_arrays(np.concatenate([[0], is_coded.cumsum()]).astype(np.int32), marks),
    }
    return pa.table(arrays)


def _picked(places: Sequence[int], values: Sequence[Any]) -> Sequence[Any]:
    return values if len(places) == len(values) else [values[at] for at in places]


@lru_cache(maxsize=4096)
def _told(confidences: tuple[tuple[str, float], ...]) -> str:
    return json.dumps(dict(confidences), ensure_ascii=False)


def _intake(kind: str, path: Path, tally: _Tally, provenance: Provenance, table: pa.Table | None) -> Intake:
    n = tally.n_rows
    return Intake(
        kind=kind,
        file=path.name,
        n_rows=n,
        n_faulty_rows=tally.n_faulty_rows,
        n_mended=tally.n_mended,
        n_skipped=tally.n_skipped,
        n_formulas=tally.n_formulas,
        faults=tuple(tally.faults),
        counts=dict(tally.counts),
        coverage={key: tally.filled[key] / n if n else 0.0 for key in dict.fromkeys(tally.columns.values())},
        columns=tally.columns,
        unknown=tuple(tally.unknown),
        personal=tuple(tally.personal),
        departments={name: (rows, faulty, latest) for name, (rows, faulty, latest) in tally.departments.items()},
        as_of=tally.as_of,
        provenance=provenance,
        table=table,
        left_out=tuple(tally.left_out),
        encoding=tally.encoding,
        beside=tuple(tally.beside),
    )
