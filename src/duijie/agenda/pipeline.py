"""The line once through: read → diagnose → match → advise → meet → track → report, each stage's result a document."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from duijie import __version__, data
from duijie.data.documents import plain
from duijie.intake import example
from duijie.match.ranked import Ranked
from duijie.store import open_store
from duijie.store.base import matrix
from duijie.terms import Bilingual, Counts, Progress, Provenance, silent

from . import report, stages
from .material import REFERENCE, Material, read
from .queries import counts_by_region
from .writing import write_json

__all__ = ["Agenda", "outdated", "rank", "run"]


@dataclass(frozen=True)
class Agenda:
    """What came out: the five documents, the files written, and what each stage took and found."""

    key: str
    title: Bilingual
    results: Mapping[str, dict[str, Any]]
    files: tuple[Path, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def run(
    source: Path | Material,
    out: Path,
    *,
    as_of: date,
    seed: int = 1,
    with_report: bool = True,
    progress: Progress = silent,
) -> Agenda:
    """From an agreement's folder, or from what a portal has on record, to its collaboration agenda.

    Parameters
    ----------
    source
        An agreement folder (``agreement.yaml``, ``clauses``, ``departments.yaml``, ``tables``), or material that was
        read or gathered already.
    out
        Where ``<agreement>/results/*.json``, ``<agreement>/report/*`` and ``<agreement>/calendar.ics`` are written;
        from a folder also ``<agreement>/records.jsonl``, which a new portal starts from.
    as_of
        The day the results speak of; nothing in the library asks the clock.
    seed
        Of the solver, and of a rehearsal's generator where the agreement names none.
    with_report
        False leaves the report and the lists out.
    progress
        Called as ``progress(stage, done, total)``.

    Returns
    -------
    Agenda
        Results as plain documents (``docs/reference/results.md``), the same for the same source, day and seed.

    Raises
    ------
    DataFileError
        The folder has faults; all of them are told, and no result is touched.

    Notes
    -----
    A stage without its input answers with an empty result that says what is missing; it never stops the line.
    """
    folder = source.folder if isinstance(source, Material) else source
    with data.inside(folder):
        return _walked(_Walk(progress), source, out, as_of=as_of, seed=seed, with_report=with_report)


def _walked(walk: _Walk, source: Path | Material, out: Path, *, as_of: date, seed: int, with_report: bool) -> Agenda:
    material, counts = walk.stage("read", lambda: _read(source, out, as_of=as_of, seed=seed))
    home = out / material.agreement.key
    diagnosis = walk.stage("diagnose", lambda: stages.diagnosis(material, counts, progress=walk.inside("diagnose")))
    matches = walk.stage("match", lambda: stages.matches(material, on=as_of, progress=walk.inside("match")))
    advised = walk.stage("advice", lambda: stages.advice(replace(material, counts=counts), as_of=as_of))
    meeting = walk.stage("meet", lambda: stages.timetable(material, matches, as_of=as_of, seed=seed))
    tracked = walk.stage("track", lambda: stages.state(material, matches, as_of=as_of))
    found = {
        "advice": advised,
        "diagnose": diagnosis,
        "match": matches,
        "meet": meeting.document,
        "track": tracked,
    }
    results = {word: plain(_stamped(document, material, seed)) for word, document in found.items()}
    files = [write_json(home / "results" / f"{word}.json", document) for word, document in results.items()]
    files += stages.extras(material, counts, meeting, home)
    if with_report:
        files += walk.stage(
            "report", lambda: report.write_report(results, home / "report", on=as_of, progress=walk.inside("report"))
        )
    figures = stages.figures(material, results, len(files))
    return Agenda(material.agreement.key, material.agreement.title, results, tuple(files), walk.seconds, figures)


def rank(
    material: Material, kind: str, before: Mapping[str, Any], *, as_of: date, seed: int = 1
) -> tuple[dict[str, Any], Ranked | None]:
    """The document ``match.json`` with one kind of match ranked anew.

    Parameters
    ----------
    material
        All that is on record; listings of other kinds are not looked at.
    kind
        A key of ``match.load_kinds()``. Where it has no listing any more its part goes from the document.
    before
        The document as it stands, empty where there is none yet; it is not changed.
    as_of, seed
        As :func:`run` takes them.

    Returns
    -------
    tuple
        A whole document, plain values, to be written in place of `before`; and the kind ready to take in changes, None
        where it has no listing.
    """
    with data.inside(material.folder):
        document, ranked = stages.reranked(material, kind, before, on=as_of)
        return dict(plain(_stamped(document, material, seed))), ranked


def outdated(material: Material, document: Mapping[str, Any], *, as_of: date) -> tuple[str, ...]:
    """The kinds of match that :func:`rank` would answer otherwise than `document` does, for their listings or the day.

    Changes of parties, of decisions and of a kind's file are not looked at.
    """
    with data.inside(material.folder):
        return stages.outdated(material, document, on=as_of)


def _read(source: Path | Material, out: Path, *, as_of: date, seed: int) -> tuple[Material, Counts]:
    material = source if isinstance(source, Material) else read(source, as_of=as_of, seed=seed)
    return material, _stored_counts(material, out / material.agreement.key)


def _stored_counts(material: Material, home: Path) -> Counts:
    """The bulk tables kept in the store ``<home>/store.duckdb``, and the counts of firms reduced there."""
    sides = [side.code for side in material.agreement.sides]
    home.mkdir(parents=True, exist_ok=True)
    with open_store(f"duckdb:{home / 'store.duckdb'}") as store:
        for name, rows in material.tables.items():
            store.keep(name, rows)
        if material.counts is None:
            # No proxy under a method's name: without counts the diagnosis says that it has none.
            return Counts((*sides, REFERENCE), (), np.zeros((len(sides) + 1, 0)), "firms")
        counts = material.counts
        if "counts" in material.tables:
            regions, industries, values = matrix(store.sql(counts_by_region()).arrow(), "region", "industry", "n")
            counts = replace(counts, regions=regions, industries=industries, values=values)
    return example.completed(counts, sides)


class _Walk:
    """Times the stages and passes their progress on under the stage's own name."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    def stage(self, name: str, work: Callable[[], Any]) -> Any:
        self._progress(name, 0, 1)
        started = time.perf_counter()
        result = work()
        self.seconds[name] = time.perf_counter() - started
        self._progress(name, 1, 1)
        return result

    def inside(self, name: str) -> Progress:
        return lambda label, done, total: self._progress(name, done, max(total, 1))


def _stamped(document: Mapping[str, Any], material: Material, seed: int) -> dict[str, Any]:
    """The document with what every page must say: whose it is, whether it is a rehearsal, how it was made."""
    agreement = material.agreement
    head = {
        "agreement": agreement.key,
        "title": agreement.title,
        "is_rehearsal": agreement.is_rehearsal,
        "banner": agreement.banner,
    }
    parameters = document.get("provenance", {}).get("parameters", {})
    made = Provenance(inputs=material.inputs, version=__version__, parameters=parameters, seed=seed)
    return {**head, **document, "provenance": made}
