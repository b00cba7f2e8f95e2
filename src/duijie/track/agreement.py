"""An agreement folder becomes an Agreement, or the list of everything that is wrong with the folder."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duijie.data import check, entries, inside, listing
from duijie.data.sources import source
from duijie.errors import DataFileError, Fault
from duijie.terms import Action, Agreement, Area, Bilingual, Clause, Department, Indicator, Milestone, Region

__all__ = ["agreement_faults", "load_agreement", "load_clause"]

Document = Mapping[str, Any]


@dataclass(frozen=True)
class _Folder:
    """The documents of a folder that fit their schemas, by path; `own` differs from `head` in a rehearsal only."""

    head: Path
    own: Document | None
    base: Document | None
    departments: tuple[Path, Document | None]
    clauses: Mapping[Path, Document]
    n_clause_files: int


def load_agreement(folder: Path) -> Agreement:
    """The agreement that a folder describes.

    Parameters
    ----------
    folder
        Holds ``agreement.yaml``, ``departments.yaml`` and ``clauses/*.yaml``. Where ``agreement.yaml`` names another
        agreement of the same shelf in ``based_on``, it is a rehearsal: sides, areas and clauses come from there.

    Returns
    -------
    Agreement
        Clauses in the order of their numbers. What is not published is an empty text.

    Raises
    ------
    DataFileError
        Something is wrong; `faults` lists all of it, each with file, key path and hint.

    Examples
    --------
    >>> from duijie.data import root
    >>> agreement = load_agreement(next((root() / "agreements").glob("*/clauses")).parent)
    >>> len(agreement.areas), len(agreement.clauses), agreement.clauses[0].text.zh
    (5, 17, '')
    """
    with inside(folder):
        found, faults = _read(folder)
    offices = found.departments[1]
    if faults or found.own is None or found.base is None or offices is None:
        where, values = {"file": str(folder)}, {"file": folder.name, "n": len(faults)}
        raise DataFileError("data_file_faults", values, where, "", faults)
    return _agreement(found.own, found.base, offices, found.clauses.values())


def agreement_faults(folder: Path) -> tuple[Fault, ...]:
    """Everything wrong with an agreement folder; empty where it loads."""
    with inside(folder):
        return _read(folder)[1]


def load_clause(path: Path, agreement: Agreement) -> Clause:
    """The clause a file describes, for an agreement that stands already: what a supplement adds or replaces.

    Parameters
    ----------
    path
        A YAML file in the shape of the agreement folder's ``clauses/*.yaml``.
    agreement
        Gives the areas and departments a clause may name.

    Raises
    ------
    DataFileError
        Something is wrong; `faults` lists all of it. A clause that is new takes the next number.
    """
    document, found = check(path, "clause")
    faults = list(found)
    if document is not None and not faults:
        known = {**_policy_names(), "area": {one.key for one in agreement.areas}}
        known["department"] = {one.key for one in agreement.departments}
        faults += _crossed_clause(path, document, known)
        faults += _misnumbered(path, document, agreement)
    if faults or document is None:
        values = {"file": path.name, "n": len(faults)}
        raise DataFileError("data_file_faults", values, {"file": path.name}, "", tuple(faults))
    return _clause(document, agreement.departments)


def _misnumbered(path: Path, document: Document, agreement: Agreement) -> Iterator[Fault]:
    """A clause that replaces another keeps its number; a new one takes the next."""
    numbers = {one.key: one.number for one in agreement.clauses}
    expected = numbers.get(document["key"], max(numbers.values(), default=0) + 1)
    if document["number"] != expected:
        yield Fault("clause_misnumbered", {"file": str(path), "key": "number"}, {"expected": expected})


def _read(folder: Path) -> tuple[_Folder, tuple[Fault, ...]]:
    faults: list[Fault] = []

    def sound(path: Path, schema: str) -> Document | None:
        document, found = check(path, schema)
        faults.extend(found)
        return None if found else document

    head = folder / "agreement.yaml"
    raw, _ = check(head)
    if isinstance(raw, Mapping) and "based_on" in raw:
        own = sound(head, "rehearsal")
        home = folder.parent / own["based_on"] if own else folder
        base = sound(home / "agreement.yaml", "agreement") if own else None
    else:
        own = base = sound(head, "agreement")
        home = folder
    offices = folder / "departments.yaml"
    files = sorted((home / "clauses").glob("*.yaml"))
    clauses = {path: sound(path, "clause") for path in files}
    documents = _Folder(
        head=head,
        own=own,
        base=base,
        departments=(offices, sound(offices, "departments")),
        clauses={path: clause for path, clause in clauses.items() if clause is not None},
        n_clause_files=len(files),
    )
    return documents, (*faults, *_crossed(documents))


def _crossed(folder: _Folder) -> Iterator[Fault]:
    """What no single file can show: names that point nowhere, names given twice, numbers with gaps.

    A name is looked up only in documents that are sound themselves, so that one broken file is not blamed on others.
    """
    if folder.base:
        yield from _twice(folder.head, "areas", [area["key"] for area in folder.base["areas"]])
        yield from _twice(folder.head, "sides", [side["code"] for side in folder.base["sides"]])
        yield from _unknown(folder.head, "fields", folder.base.get("fields", ()), _stems("chains"))
    yield from _crossed_departments(folder)
    yield from _crossed_clauses(folder)


def _crossed_departments(folder: _Folder) -> Iterator[Fault]:
    path, document = folder.departments
    if document is None:
        return
    rows = document["departments"]
    yield from _twice(path, "departments", [row["key"] for row in rows])
    if folder.base:
        sides = {side["code"] for side in folder.base["sides"]}
        for at, row in enumerate(rows):
            yield from _unknown(path, f"departments.{at}.side", [row["side"]], sides)


def _crossed_clauses(folder: _Folder) -> Iterator[Fault]:
    if not folder.n_clause_files:
        yield Fault("clauses_absent", {"file": str(folder.head)})
    known = _known_names(folder)
    for path, clause in folder.clauses.items():
        if clause["key"] != path.stem:
            yield Fault("file_name_differs", {"file": str(path), "key": "key"}, {"name": clause["key"]})
        yield from _crossed_clause(path, clause, known)
    if len(folder.clauses) == folder.n_clause_files:
        yield from _numbering(folder)


def _known_names(folder: _Folder) -> Mapping[str, Collection[str] | None]:
    """The names a clause may use; None where they cannot be told because their own file is broken."""
    _, offices = folder.departments
    return {
        "area": {area["key"] for area in folder.base["areas"]} if folder.base else None,
        "department": {row["key"] for row in offices["departments"]} if offices else None,
        **_policy_names(),
    }


def _policy_names() -> dict[str, Collection[str] | None]:
    """The kinds of match, node templates, kinds of evidence, measures and units: built in and the folder's own."""
    return {
        "kind": _stems("kinds"),
        "template": _stems("cases"),
        "evidence": _keys("evidence", "evidence"),
        "measure": _keys("measures"),
        "unit": _keys("units"),
    }


def _keys(room: str, part: str = "") -> set[str] | None:
    """The keys of a room's entries; None where a file of it is broken, which is told by itself."""
    try:
        return {row["key"] for row in entries(room, room, part)}
    except DataFileError:
        return None


def _stems(folder: str) -> set[str] | None:
    return {path.stem for path in listing(folder)} or None


def _crossed_clause(path: Path, clause: Document, known: Mapping[str, Collection[str] | None]) -> Iterator[Fault]:
    yield from _unknown(path, "area", [clause["area"]], known["area"])
    for key in ("lead", "support"):
        yield from _unknown(path, key, clause.get(key, ()), known["department"])
    yield from _unknown(path, "kinds", clause.get("kinds", ()), known["kind"])
    for key in ("indicators", "actions"):
        yield from _twice(path, key, [row["key"] for row in clause[key]])
    for at, indicator in enumerate(clause["indicators"]):
        for key in ("measure", "unit"):
            yield from _unknown(path, f"indicators.{at}.{key}", [indicator[key]], known[key])
    for at, action in enumerate(clause["actions"]):
        place = f"actions.{at}"
        yield from _unknown(path, f"{place}.template", [action["template"]], known["template"])
        yield from _twice(path, f"{place}.milestones", [milestone["key"] for milestone in action["milestones"]])
        for nth, milestone in enumerate(action["milestones"]):
            yield from _unknown(path, f"{place}.milestones.{nth}.evidence", milestone["evidence"], known["evidence"])


def _numbering(folder: _Folder) -> Iterator[Fault]:
    """Clause numbers run from 1 without gap or repeat."""
    used = Counter(clause["number"] for clause in folder.clauses.values())
    for path, clause in folder.clauses.items():
        if used[clause["number"]] > 1:
            yield Fault("name_twice", {"file": str(path), "key": "number"}, {"name": clause["number"]})
    missing = sorted(set(range(1, len(folder.clauses) + 1)) - set(used))
    if missing:
        yield Fault("numbers_missing", {"file": str(folder.head)}, {"missing": missing, "n": len(folder.clauses)})


def _twice(path: Path, key: str, names: Iterable[str]) -> Iterator[Fault]:
    for name, n in Counter(names).items():
        if n > 1:
            yield Fault("name_twice", {"file": str(path), "key": key}, {"name": name})


def _unknown(path: Path, key: str, names: Iterable[str], known: Collection[str] | None) -> Iterator[Fault]:
    if known is None:
        return
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            values = {"name": name, "known": sorted(known)}
            yield Fault("name_unknown", {"file": str(path), "key": key}, values, near[0] if near else "")


def _agreement(own: Document, base: Document, offices: Document, rows: Iterable[Document]) -> Agreement:
    departments = tuple(_department(row) for row in offices["departments"])
    clauses = (_clause(row, departments) for row in rows)
    return Agreement(
        key=own["key"],
        title=Bilingual(**own["title"]),
        sides=tuple(_region(side) for side in base["sides"]),
        signed_on=base["signed_on"],
        areas=tuple(Area(area["key"], Bilingual(**area["title"])) for area in base["areas"]),
        clauses=tuple(sorted(clauses, key=lambda clause: clause.number)),
        departments=departments,
        fields=tuple(base.get("fields", ())),
        valid_until=base.get("valid_until", ""),
        is_rehearsal=own["is_rehearsal"],
        banner=Bilingual(**own.get("banner", {})),
        source=source(base["source"]),
    )


def _region(side: Document) -> Region:
    return Region(side["code"], Bilingual(**side["name"]), Bilingual(**side["short"]), side.get("parent", ""))


def _department(row: Document) -> Department:
    return Department(
        key=row["key"],
        side=row["side"],
        name=Bilingual(**row["name"]),
        domain=Bilingual(**row.get("domain", {})),
        verification=row.get("verification", ""),
        source=source(row.get("source", {})),
    )


def _clause(row: Document, departments: Sequence[Department]) -> Clause:
    in_force = row.get("in_force", {})
    return Clause(
        key=row["key"],
        number=row["number"],
        area=row["area"],
        title=Bilingual(**row["title"]),
        text=Bilingual(**row.get("text", {})),
        valid_from=in_force.get("from", ""),
        valid_until=in_force.get("until", ""),
        lead=_by_side(row["lead"], departments),
        support=_by_side(row.get("support", ()), departments),
        assignment=row.get("assignment", "proposal"),
        kinds=tuple(row.get("kinds", ())),
        indicators=tuple(_indicator(one) for one in row["indicators"]),
        actions=tuple(_action(one) for one in row["actions"]),
        source=source(row["source"]),
    )


def _by_side(keys: Sequence[str], departments: Sequence[Department]) -> dict[str, tuple[str, ...]]:
    side_of = {department.key: department.side for department in departments}
    sides = dict.fromkeys(side_of[key] for key in keys)
    return {side: tuple(key for key in keys if side_of[key] == side) for side in sides}


def _indicator(row: Document) -> Indicator:
    return Indicator(
        key=row["key"],
        name=Bilingual(**row["name"]),
        measure=row["measure"],
        unit=row["unit"],
        direction=row.get("direction", "up"),
        baseline=row.get("baseline"),
        target=row.get("target"),
        parameters=row.get("parameters", {}),
    )


def _action(row: Document) -> Action:
    milestones = (
        Milestone(one["key"], Bilingual(**one["name"]), tuple(one["evidence"]), one.get("due_on", ""))
        for one in row["milestones"]
    )
    return Action(row["key"], Bilingual(**row["name"]), row["template"], tuple(milestones), row.get("due_on", ""))
