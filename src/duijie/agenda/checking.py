"""An agreement folder looked through before anything is made of it: everything wrong with it, at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duijie import data
from duijie.data.shelf import ROOMS, own_folders
from duijie.errors import DataFileError, Fault
from duijie.intake import example, taxonomies
from duijie.ledger.kinds import case_faults
from duijie.match.kinds import Kind, load_kinds, read_kind
from duijie.terms import Agreement, Listing
from duijie.track.agreement import agreement_faults, load_agreement
from duijie.track.indicators import measure_faults

from .workbook import WORKBOOK, read_workbook

__all__ = ["Opened", "examine"]

_PARTS = (*ROOMS, "clauses", "tables", "results", "report")


@dataclass(frozen=True, eq=False)
class Opened:
    """A folder without faults: what it agrees on, what its tables hold, and the folder whose tables count."""

    agreement: Agreement
    facts: example.Example
    home: Path


def examine(folder: Path, *, is_bulk_only: bool = False) -> tuple[Opened | None, tuple[Fault, ...]]:
    """An agreement folder and everything wrong with it; nothing is opened where anything is.

    Parameters
    ----------
    folder
        Holds ``agreement.yaml`` and what belongs to it.
    is_bulk_only
        True leaves the tables of what people record unread.
    """
    if not (folder / "agreement.yaml").is_file():
        return None, (Fault("file_missing", {"file": str(folder / "agreement.yaml")}, {}, "agreement_begin"),)
    with data.inside(folder):
        return _examined(folder, is_bulk_only)


def _examined(folder: Path, is_bulk_only: bool) -> tuple[Opened | None, tuple[Fault, ...]]:
    home = _home(folder)
    faults = [*_room_faults(folder), *agreement_faults(folder)]
    kinds = _kinds()
    beside, wrong = read_workbook(home / WORKBOOK, kinds) if kinds and (home / WORKBOOK).is_file() else ({}, ())
    facts, found = example.examine(home, is_bulk_only=is_bulk_only, beside=beside)
    faults += [*wrong, *(one for one in found if one not in faults)]
    if facts is not None and not faults:
        agreement = load_agreement(folder)
        faults += _listing_faults(home, facts, kinds, {one.key for one in agreement.clauses})
        if not faults:
            return Opened(agreement, facts, home), ()
    return None, tuple(faults)


def _home(folder: Path) -> Path:
    """The folder whose tables count: a rehearsal has those of the agreement it is based on."""
    head, _ = data.check(folder / "agreement.yaml")
    base = head.get("based_on") if isinstance(head, Mapping) else None
    return folder.parent / str(base) if base else folder


def _kinds() -> Mapping[str, Kind]:
    """The kinds of match; none where a file of them is broken, which is told by itself."""
    try:
        return load_kinds()
    except DataFileError:
        return {}


# ---- the folder's own kinds, words, …


def _room_faults(folder: Path) -> Iterator[Fault]:
    for path in sorted(folder.iterdir()):
        if (
            path.is_dir()
            and path.name not in _PARTS
            and (near := difflib.get_close_matches(path.name, _PARTS, 1, 0.75))
        ):
            yield Fault("folder_unknown", {"file": str(path)}, {"known": list(_PARTS[:-2])}, near[0])
    for path in sorted(folder.glob("*.xlsx")):
        if path.name != WORKBOOK and not path.name.startswith("~$"):
            yield Fault("workbook_other_name", {"file": str(path)}, {"name": WORKBOOK})
    for own in own_folders():
        for room in ROOMS:
            for path in sorted((own / room).rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    yield from _file_faults(room, path)


def _file_faults(room: str, path: Path) -> Iterator[Fault]:
    if path.suffix != ".yaml":
        yield Fault("file_not_yaml", {"file": str(path)})
        return
    try:
        content = _READERS[room](path)
    except DataFileError as error:
        yield from error.faults or (Fault(error.code, error.where, error.values, error.hint),)
        return
    key = content.get("key") if isinstance(content, Mapping) else getattr(content, "key", None)
    if room in ("kinds", "cases", "chains") and key != path.stem:
        yield Fault("file_name_differs", {"file": str(path), "key": "key"}, {"name": key})
    if room == "cases":
        yield from case_faults(content, str(path))
    if room == "measures":
        for at, row in enumerate(content):
            yield from measure_faults(row, {"file": str(path), "key": str(at)})
    if room == "words" and path.parent.name not in ("zh", "en"):
        yield Fault("words_no_language", {"file": str(path)})


def _by_schema(schema: str) -> Callable[[Path], Any]:
    return lambda path: data.read(path, schema)


_READERS: Mapping[str, Callable[[Path], Any]] = {
    "kinds": read_kind,
    "chains": taxonomies.chain,
    "cases": _by_schema("case"),
    **{room: _by_schema(room) for room in ("vocabulary", "measures", "units", "evidence", "words", "sources")},
}


# ---- what needs and offers say


def _listing_faults(
    home: Path, facts: example.Example, kinds: Mapping[str, Kind], clauses: set[str]
) -> Iterator[Fault]:
    """Kinds and clauses that are none, and whatever a payload says that its kind does not know."""
    for at, one in enumerate(facts.listings):
        where = facts.places.get(one.id) or {"file": str(home), "row": at + 2}
        yield from _unknown(one.kind, kinds, {**where, "column": "kind"})
        yield from _unknown(facts.clause_of.get(one.id, ""), clauses, {**where, "column": "clause"})
        if one.kind in kinds:
            yield from _payload_faults(one, kinds[one.kind], where)


def _unknown(name: str, known: Any, where: Mapping[str, Any]) -> Iterator[Fault]:
    if name and name not in known:
        near = difflib.get_close_matches(name, known, 1)
        yield Fault("name_unknown", where, {"name": name, "known": sorted(known)}, near[0] if near else "")


def _payload_faults(listing: Listing, kind: Kind, where: Mapping[str, Any]) -> Iterator[Fault]:
    for fault in kind.check(listing.role, listing.payload):
        key = str(fault.where.get("key", ""))
        known = [one.key for one in kind.fields(listing.role)]
        near = difflib.get_close_matches(key, known, 1) if fault.code == "key_unknown" else []
        column = f"payload.{key}" if key else "payload"
        yield Fault(fault.code, {**where, "column": column}, fault.values, near[0] if near else fault.hint)
