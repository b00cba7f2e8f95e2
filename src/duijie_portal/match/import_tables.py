"""A table an office sends, as the intake reads it: a guess for each column, all faults, the sound rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from duijie.data.words import words
from duijie.errors import Fault, InputError
from duijie.intake import Intake, merge_queue, read_table
from duijie.intake.headings import Heading, signature
from duijie.intake.layouts import Layout, fold_heading, kinds, layout, personal_headings
from duijie.intake.pages import begin
from duijie.intake.rows import Hidden
from duijie.sheets import Limits, sheets
from duijie.terms import Progress, silent

from .import_fields import PREFIX, field_of, fields_of, split, types_beside
from .import_rows import LISTING_ROLES

__all__ = ["KINDS", "LIMITS", "MOST_BYTES", "MOST_ROWS", "Look", "alike", "look_at", "overrides"]

KINDS = tuple(kinds())
"""The tables whose rows have a home in the ledger: all that the intake reads."""

MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COMPARED = 2_000
LIMITS = Limits(bytes=512 << 20, entries=2000)
_SEARCHED = 40
_LIKE = 0.6
_PAIRS = 20  # pairs shown that may be one organisation
_NAMED = 200  # lines left out that are named
_SHOWN = 200  # characters of a value in a list of faults


@dataclass(frozen=True)
class Look:
    """What a table holds: `intake` is None where it cannot be read at all; `mark` is empty where it has no heading.

    `left_out` are the lines that are no records, each with the code of its sentence.
    """

    intake: Intake | None
    faults: tuple[Fault, ...]
    columns: tuple[Mapping[str, Any], ...] = ()
    mark: str = ""
    n_faults: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    alike: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[Mapping[str, Any], ...] = ()

    def with_faults(self, more: Sequence[Fault]) -> Look:
        """The same with faults the ledger found, in the order of the rows."""
        both = sorted((*self.faults, *map(_remedied, more)), key=lambda one: int(one.where.get("row", 0) or 0))
        counts = dict(self.counts)
        for fault in more:
            counts[fault.code] = counts.get(fault.code, 0) + 1
        return replace(self, faults=tuple(both), n_faults=self.n_faults + len(more), counts=counts)


def look_at(
    path: Path,
    kind: str,
    *,
    mapping: Mapping[str, str],
    today: date,
    progress: Progress = silent,
    hidden: Hidden = "ask",
    **said: str,
) -> Look:
    """Read a table whole and write nothing; a file that cannot be read is one fault.

    Parameters
    ----------
    path, kind
        The file, and one of :data:`KINDS`.
    mapping
        Heading → key where a person overrode the aliases.
    today
        Dates after it are faults.
    progress
        Told how many rows were read.
    hidden
        What becomes of rows and sheets that are not shown: asked about, taken or left.
    said
        `source`, `department`, `as_of` for rows that do not say it.
    """
    form, role = layout(kind), LISTING_ROLES.get(kind, "")
    own, _ = split(mapping)
    try:
        tables = sheets(path, limits=LIMITS)
        headings = [_heading(sheet, form, own) for sheet in tables]
        texts = [text for sheet in tables for text in _heading(sheet, form, {})[1].texts if text]
        columns = tuple(_columns(headings, form, mapping, role))
        options: dict[str, Any] = {"progress": _counted(progress), "hidden": hidden, "opened": tables, **said}
        options["beside"] = types_beside(mapping, role) if role else None
        found = read_table(path, kind, mapping=own, today=today, **options)
    except InputError as error:
        fault = Fault(error.code, {"file": path.name, **error.where}, error.values, error.hint)
        return Look(None, (_remedied(fault),), n_faults=1, counts={fault.code: 1})
    mark = f"{kind}:{signature(Heading(0, tuple(texts), {}, {}))}" if texts else ""
    counts = dict(found.counts)
    left_out = tuple({**asdict(one), "code": f"left_{one.why}", "values": {}} for one in found.left_out[:_NAMED])
    faults = tuple(map(_remedied, found.faults))
    return Look(found, faults, columns, mark, found.n_faults, counts, left_out=left_out)


def _counted(progress: Progress) -> Progress:
    """Stop reading a table that is longer than one import may be."""

    def count(label: str, done: int, total: int) -> None:
        if done > MOST_ROWS:
            raise InputError("portal_import_too_many", {"n": done, "most": MOST_ROWS}, hint="portal_import_split")
        progress(label, done, total)

    return count


def alike(table: pa.Table, held: pa.Table) -> tuple[Mapping[str, Any], ...]:
    """The likeliest pairs of a table's rows with one another or with what is held: perhaps one organisation.

    A hint for a person, never a fault: two names may well be two organisations. None of more than
    :data:`MOST_COMPARED` records: that many names of one pattern would keep a person waiting.
    """
    if table.num_rows + held.num_rows > MOST_COMPARED:
        return ()
    queue = merge_queue([table, held])
    pairs = [pair for pair in queue.pairs if min(pair.one, pair.other) < table.num_rows][:_PAIRS]
    rows = table.column("source_row").to_pylist()
    return tuple(
        {
            "row": rows[min(pair.one, pair.other)],
            "names": [queue.names[pair.one], queue.names[pair.other]],
            "is_held": max(pair.one, pair.other) >= table.num_rows,
            "chance": round(pair.chance, 2),
            "reasons": [{"code": one.code, "values": dict(one.values)} for one in pair.reasons],
        }
        for pair in pairs
    )


def _remedied(fault: Fault) -> Fault:
    """A fault with a remedy in the words of this page, where the command line's would mislead, and values cut short."""
    own = f"portal_import_{fault.hint}"
    values = {key: _cut(value) for key, value in fault.values.items()}
    return replace(fault, hint=own if own in words("zh") else fault.hint, values=values)


def _cut(value: Any) -> Any:
    return f"{value[:_SHOWN]}…" if isinstance(value, str) and len(value) > _SHOWN else value


def _heading(sheet: Any, form: Layout, mapping: Mapping[str, str]) -> tuple[str, Heading]:
    """A sheet's heading; where no column is known, its fullest row, for a person to say what is what."""
    first = list(islice(sheet.rows(), _SEARCHED))
    found = begin(sheet, form, "", mapping).heading
    if found.keys or not first:
        return sheet.name, found
    number, cells = max(first, key=lambda row: sum(cell not in (None, "") for cell in row[1]))
    return sheet.name, Heading(number, tuple("" if cell is None else str(cell)[:60] for cell in cells), {}, {})


def _columns(
    headings: Sequence[tuple[str, Heading]], form: Layout, mapping: Mapping[str, str], role: str
) -> Iterator[dict[str, Any]]:
    """Each heading once: where it stands, what it is taken for, why, and how surely; `name` is what a choice of a
    person is kept under, the column's number where another column of the sheet bears the same heading."""
    seen: set[str] = set()
    for sheet, heading in headings:
        for place, text in enumerate(heading.texts):
            name = f"@{place + 1}" if text in heading.texts[:place] else text
            if text and name not in seen:
                seen.add(name)
                guess, confidence = _guess(text, form)
                key, basis = heading.keys.get(place, ""), "alias"
                if _is_personal(text):
                    guess, confidence, basis = "", 0.0, "personal"
                elif name in mapping:
                    key, basis = mapping[name], "chosen"
                elif not key and role and field_of(text, role):
                    key, guess, confidence, basis = f"{PREFIX}{field_of(text, role)}", "", 1.0, "kind"
                elif not key:
                    basis = "twice" if guess in heading.keys.values() else "like" if guess else "unknown"
                place_of = {"sheet": sheet, "row": heading.row}
                yield {
                    **place_of,
                    "heading": text,
                    "name": name,
                    "key": key,
                    "guess": guess,
                    "confidence": confidence,
                    "basis": basis,
                }


def _guess(text: str, form: Layout) -> tuple[str, float]:
    """The key whose alias is most like a heading, and how like (0–1): 1 is an alias itself, 0.9 its lower half."""
    whole, lower = fold_heading(text), fold_heading(text.rpartition("/")[2])
    best = ("", 0.0)
    for key, column in form.columns.items():
        for alias in column.aliases:
            like = (
                1.0 if alias == whole else 0.9 if alias == lower else SequenceMatcher(None, whole, alias).ratio() * 0.9
            )
            best = (key, like) if like > best[1] else best
    return (best[0], round(best[1], 2)) if best[1] >= _LIKE else ("", 0.0)


def _is_personal(text: str) -> bool:
    return fold_heading(text.rpartition("/")[2]) in personal_headings()


def overrides(look: Look, kind: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """What a person's choice adds to the aliases: only headings of the table, only known keys, no personal column."""
    form, role, found = layout(kind), LISTING_ROLES.get(kind, ""), {}
    known = {*form.columns, *(f"{PREFIX}{key}" for key in (fields_of(role) if role else ()))}
    for column in look.columns:
        name, text = column["name"], column["heading"]
        key = chosen.get(name)
        if key is None or column["basis"] == "personal" or (key and key not in known):
            continue
        if name != text or key != _by_alias(text, form, role):
            found[name] = key
    return found


def _by_alias(text: str, form: Layout, role: str) -> str:
    """What a heading is taken for without anyone's choice."""
    guess, confidence = _guess(text, form)
    named = field_of(text, role) if role else ""
    return guess if confidence >= 0.9 else f"{PREFIX}{named}" if named else ""
