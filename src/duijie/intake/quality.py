"""How good the data of a folder is: what is there, how full, how fresh, from whom, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from duijie.errors import DuijieError, Fault, InputError
from duijie.sheets import sheets
from duijie.terms import Progress, silent

from .headings import find_heading, recall, signature
from .layouts import layout
from .pages import guess
from .tables import Intake, take_in

__all__ = ["FileQuality", "Quality", "examine"]

_SUFFIXES = frozenset({".csv", ".txt", ".tsv", ".xlsx", ".xls", ".xlsm", ".parquet"})


@dataclass(frozen=True)
class FileQuality:
    """One file: its kind ("" where none fits), the intake's report, or the error that kept it from being read."""

    file: str
    kind: str
    department: str
    intake: Intake | None
    error: Fault | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """Faults by code."""
        return self.intake.counts if self.intake else {self.error.code: 1} if self.error else {}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults listed, or the error that kept the file from being read."""
        return self.intake.faults if self.intake else (self.error,) if self.error else ()

    def to_dict(self) -> dict[str, Any]:
        """All but the rows, ready for JSON."""
        if self.intake is None:
            error = asdict(self.error) if self.error else None
            return {"file": self.file, "kind": self.kind, "department": self.department, "error": error}
        found = self.intake
        return {
            "file": self.file,
            "kind": self.kind,
            "department": self.department,
            "n_rows": found.n_rows,
            "n_faulty_rows": found.n_faulty_rows,
            "n_mended": found.n_mended,
            "n_skipped": found.n_skipped,
            "left_out": [asdict(one) for one in found.left_out],
            "encoding": found.encoding,
            "counts": dict(found.counts),
            "coverage": {key: round(share, 4) for key, share in found.coverage.items()},
            "as_of": list(found.as_of),
            "unknown_columns": list(found.unknown),
            "personal_columns_left_out": list(found.personal),
            "departments": {name: list(own) for name, own in found.departments.items()},
            "provenance": found.provenance.to_dict(),
        }


@dataclass(frozen=True)
class Quality:
    """A folder's files in name order, the day it was looked at, and the files that are no tables by their name."""

    files: tuple[FileQuality, ...]
    today: str
    others: tuple[str, ...] = ()

    def by_department(self) -> Mapping[str, Mapping[str, Any]]:
        """For each department ("" where nobody says): files, rows, faulty rows, share of sound rows, share of cells
        filled, share of rows that name their source, newest date and its age in days (None where no date is given)."""
        found: dict[str, dict[str, Any]] = {}
        for file in self.files:
            filled, sourced = _shares(file.intake)
            for name, (rows, faulty, latest) in _departments(file).items():
                own = found.setdefault(
                    name, {"files": 0, "rows": 0, "faulty": 0, "latest": "", "filled_share": 0.0, "sourced_share": 0.0}
                )
                own["files"] += 1
                own["rows"] += rows
                own["faulty"] += faulty
                own["latest"] = max(own["latest"], latest)
                own["filled_share"] += rows * filled
                own["sourced_share"] += rows * sourced
        for own in found.values():
            rows = max(own["rows"], 1)
            own["sound_share"] = 1 - own["faulty"] / rows if own["rows"] else 0.0
            own["filled_share"], own["sourced_share"] = own["filled_share"] / rows, own["sourced_share"] / rows
            own["age_days"] = _age(own["latest"], self.today)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        departments = {name: dict(own) for name, own in self.by_department().items()}
        files = [file.to_dict() for file in self.files]
        return {"today": self.today, "departments": departments, "files": files, "others": list(self.others)}


def _shares(intake: Intake | None) -> tuple[float, float]:
    """The share of cells filled, and of rows that name their source."""
    coverage = intake.coverage if intake else {}
    return (sum(coverage.values()) / len(coverage) if coverage else 0.0), coverage.get("source", 0.0)


def _departments(file: FileQuality) -> Mapping[str, tuple[int, int, str]]:
    if file.intake is None:
        return {file.department: (0, 0, "")}
    return {name or file.department: own for name, own in file.intake.departments.items()} or {
        file.department: (0, 0, "")
    }


def _age(latest: str, today: str) -> int | None:
    if not latest:
        return None
    year, month, day = (*map(int, latest.split("-")), 12, 31)[:3] if len(latest) == 4 else _parts(latest)
    return max(0, (date.fromisoformat(today) - date(year, month, day)).days)


def _parts(latest: str) -> tuple[int, int, int]:
    year, month, *day = map(int, latest.split("-"))
    return year, month, day[0] if day else 28


def examine(
    folder: Path,
    *,
    today: date,
    kinds: Mapping[str, str] | None = None,
    maps: Path | None = None,
    progress: Progress = silent,
) -> Quality:
    """Look at every table of a folder without writing anything.

    Parameters
    ----------
    folder
        Its files, and those of its sub-folders; a sub-folder's name stands for the department that sent them.
    today
        The day freshness is counted to.
    kinds
        File name → kind, where the heading alone should not decide.
    maps
        A file of remembered columns (see :func:`duijie.intake.headings.remember`).

    Raises
    ------
    InputError
        There is no such folder.
    """
    if not folder.is_dir():
        raise InputError("folder_missing", {}, {"file": str(folder)})
    every = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    paths = [path for path in every if path.suffix.lower() in _SUFFIXES]
    others = tuple(str(path.relative_to(folder)) for path in every if path.suffix.lower() not in _SUFFIXES)
    files = []
    for at, path in enumerate(paths, start=1):
        department = "" if path.parent == folder else path.relative_to(folder).parts[0]
        files.append(_examined(path, str(path.relative_to(folder)), department, today, kinds or {}, maps))
        progress("check", at, len(paths))
    return Quality(tuple(files), today.isoformat(), others)


def _examined(
    path: Path, file: str, department: str, today: date, kinds: Mapping[str, str], maps: Path | None
) -> FileQuality:
    kind = kinds.get(path.name, "")
    try:
        opened = sheets(path)
        guessed, first = guess(opened)
        kind = kind or guessed
        if not kind:
            headings = _first_texts(first)
            return FileQuality(
                file, "", department, None, Fault("kind_not_found", {"file": file}, {"headings": headings})
            )
        mapping = recall(maps, signature(find_heading(first, layout(kind), {}))) if maps else {}
        found = take_in(path, kind, mapping=mapping, today=today, is_coded=False, department=department, opened=opened)
        return FileQuality(file, kind, department, found)
    except DuijieError as error:
        return FileQuality(file, kind, department, None, Fault(error.code, {"file": file}, error.values, error.hint))


def _first_texts(rows: Sequence[tuple[int, Sequence[Any]]]) -> list[str]:
    return next(([str(cell) for cell in cells if cell][:20] for _, cells in rows if any(cells)), [])
