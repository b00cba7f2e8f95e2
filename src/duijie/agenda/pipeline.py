"""The line once through: read → diagnose → match → meet → track → report, each stage's result a document."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from duijie import __version__
from duijie.terms import Bilingual, Progress, Provenance, silent

from . import report, stages
from .decisions import read_decisions
from .reading import Material, read_folder
from .writing import plain, write_json

__all__ = ["Agenda", "run"]


@dataclass(frozen=True)
class Agenda:
    """What came out: the four documents, the files written, and what each stage took and found."""

    key: str
    title: Bilingual
    results: Mapping[str, dict[str, Any]]
    files: tuple[Path, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def run(
    folder: Path,
    out: Path,
    *,
    as_of: date,
    seed: int = 1,
    with_report: bool = True,
    progress: Progress = silent,
) -> Agenda:
    """From an agreement's folder to its collaboration agenda.

    Parameters
    ----------
    folder
        An agreement folder (``agreement.yaml``, ``clauses``, ``departments.yaml``, ``tables``).
    out
        Where ``<agreement>/results/*.json``, ``<agreement>/report/*`` and ``<agreement>/calendar.ics`` are written.
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
        Results as plain documents (``docs/reference/results.md``), the same for the same folder, day and seed.

    Raises
    ------
    DataFileError
        The folder has faults; all of them are told.

    Notes
    -----
    Where ``<out>/<agreement>/decisions.json`` stands (the portal writes it), the ranking learns from it.
    A stage without its input answers with an empty result that says what is missing; it never stops the line.
    """
    walk = _Walk(progress)
    material = walk.stage("read", lambda: read_folder(folder, out, as_of=as_of, seed=seed))
    home = out / material.agreement.key
    diagnosis = walk.stage("diagnose", lambda: stages.diagnosis(material, progress=walk.inside("diagnose")))
    told = read_decisions(home / "decisions.json")
    inside = walk.inside("match")
    matches = walk.stage("match", lambda: stages.matches(material, on=as_of, progress=inside, decisions=told))
    meeting = walk.stage("meet", lambda: stages.timetable(material, matches, as_of=as_of, seed=seed))
    tracked = walk.stage("track", lambda: stages.state(material, matches, as_of=as_of))
    found = {"diagnose": diagnosis, "match": matches, "meet": meeting.document, "track": tracked}
    results = {word: plain(_stamped(document, material, seed)) for word, document in found.items()}
    files = [write_json(home / "results" / f"{word}.json", document) for word, document in results.items()]
    files += stages.extras(material, meeting, home, as_of=as_of)
    if with_report:
        files += walk.stage(
            "report", lambda: report.write_report(results, home / "report", on=as_of, progress=walk.inside("report"))
        )
    figures = stages.figures(material, results, len(files))
    return Agenda(material.agreement.key, material.agreement.title, results, tuple(files), walk.seconds, figures)


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
