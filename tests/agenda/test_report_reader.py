"""The report goes to both sides and beyond: what was inferred of a named organisation stands in none of its files."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

from report_example import results

from duijie.agenda.report import write_report
from duijie.match.readers import for_everyone, is_inferred

ON = date(2026, 2, 3)


def _text(path: Path) -> str:
    """Everything a file says: a page as it is, an office file's parts one after the other."""
    if not zipfile.is_zipfile(path):
        return path.read_text(encoding="utf-8", errors="ignore")
    with zipfile.ZipFile(path) as parts:
        return "\n".join(parts.read(name).decode(errors="ignore") for name in parts.namelist())


def test_no_file_of_the_report_holds_what_was_inferred(tmp_path: Path) -> None:
    """Of the example's listings every third is inferred: page, Word file and lists name the others and not these."""
    given = results(is_rehearsal=False)
    listings = given["match"]["listings"]
    inferred = {key: row["title"] for key, row in listings.items() if is_inferred(key, row)}
    assert 0 < len(inferred) < len(listings)
    files = write_report(given, tmp_path, on=ON, languages=("zh",))
    texts = {path.suffix: _text(path) for path in files if path.suffix != ".pdf"}
    assert set(texts) == {".html", ".docx", ".xlsx"}
    for suffix, text in texts.items():
        assert listings["n1"]["title"] in text, suffix
        assert not [title for title in inferred.values() if title in text], suffix


def test_the_timetable_counts_what_is_left() -> None:
    """Meetings of inferred pairs are gone with whoever met only there, and the counts speak of the rest."""
    given = results(is_rehearsal=False)
    met = for_everyone(given)["meet"]
    assert [one["id"] for one in met["meetings"]] == ["m1", "m2", "m4", "m5", "m7"]
    assert (met["n_placed"], met["n_requested"]) == (5, 6)
    assert {one["id"].rpartition("-")[2] for one in met["people"]} == {"1", "2", "4", "5", "7"}


def test_documents_that_are_absent_stay_absent() -> None:
    """A pipeline that has not matched yet has nothing to cut."""
    assert for_everyone({"track": {"as_of": "2026-02-01"}}) == {"track": {"as_of": "2026-02-01"}}
    assert for_everyone({"match": {}, "meet": {}}) == {"match": {}, "meet": {}}
