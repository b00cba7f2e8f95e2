"""To the last number: documents name their sources, and below each table stands whose it is, of when, how sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from duijie import agenda, data
from duijie.agenda.report.blocks import Figure, Paragraph, Table
from duijie.agenda.report.composition import compose
from duijie.agenda.report.reading import Reading
from duijie.terms import Language

AS_OF = date(2026, 11, 23)
BUILT_IN = sorted(path.parent.name for path in (data.root() / "agreements").glob("*/agreement.yaml"))


@pytest.fixture(scope="module", params=BUILT_IN)
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    folder = data.root() / "agreements" / request.param
    return agenda.run(folder, tmp_path_factory.mktemp("out"), as_of=AS_OF, with_report=False).results


def _records(value: Any, key: str) -> Iterator[Any]:
    """What stands under `key` anywhere in a document."""
    if isinstance(value, Mapping):
        if key in value:
            yield value[key]
        for one in value.values():
            yield from _records(one, key)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _records(one, key)


def _is_said(source: Mapping[str, Any]) -> bool:
    return bool(source["publisher"] or source["title"]) and bool(source["as_of"]) and bool(source["basis"])


def test_every_document_names_its_sources(results: Mapping[str, Any]) -> None:
    for word, document in results.items():
        assert document["sources"], word
        assert all(one["publisher"] or one["title"] for one in document["sources"]), word
        assert all(one["basis"] and "as_of" in one for one in document["sources"]), word
        if word != "track":  # the report of the signing has no date of its own; the report says so
            assert all(map(_is_said, document["sources"])), word


def test_every_need_and_offer_carries_its_own(results: Mapping[str, Any]) -> None:
    listings = results["match"]["listings"].values()
    assert all(_is_said(one["source"]) and one["basis"] in ("published", "derived", "rehearsal") for one in listings)
    assert all(_is_said(one) for one in _records(results["match"], "source"))


def test_every_number_that_is_estimated_has_its_band_or_confidence(results: Mapping[str, Any]) -> None:
    found = results["diagnose"]
    assert all({"low", "high", "is_significant"} <= set(one) for one in found["specialization"])
    assert all({"low", "high"} <= set(stage) for chain in found["chains"] for stage in chain["stages"])
    estimated = (*found["links"], *found["inside_class"])
    assert estimated
    assert all(one["confidence"] is None or 0 <= one["confidence"] <= 1 for one in estimated), "None: too few firms"
    assert all(one["coded_share"] is not None for one in found["coverage"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_below_every_table_of_the_report_stands_its_origin(results: Mapping[str, Any], language: Language) -> None:
    reading = Reading(results, language)
    blocks = compose(reading, on=AS_OF).analyst
    tables = [(at, one) for at, one in enumerate(blocks) if isinstance(one, Table) and one.rows]
    assert tables
    for at, table in tables:
        note = blocks[at + 1]
        assert isinstance(note, Paragraph), table.key
        assert str(note).startswith(reading.parts("report_origin", names="", dates="", trust="")[0]), table.key
        n_unknown = str(note).count(reading.say("report_origin_unknown"))
        assert n_unknown == (1 if table.key.startswith("clauses-") else 0), (table.key, str(note))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_leads_to_a_document_with_sources(results: Mapping[str, Any], language: Language) -> None:
    document = compose(Reading(results, language), on=AS_OF)
    cells = [cell for one in (*document.leader, *document.analyst) for cell in _cells(one)]
    figures = [cell for cell in cells if isinstance(cell, Figure)]
    assert figures
    assert all(results[one.path.partition(".")[0]]["sources"] for one in figures)


def _cells(block: Any) -> Iterator[Any]:
    if isinstance(block, Table):
        yield from (cell for row in block.rows for cell in row.cells)
    elif isinstance(block, Paragraph):
        yield from block.parts


def test_a_report_without_sources_says_that_they_are_not_known() -> None:
    from duijie.agenda.report.origins import origin

    reading = Reading({"diagnose": {}}, "en")
    assert str(origin(reading, ())).count(reading.say("report_origin_unknown")) == 3


def test_rows_of_the_intake_carry_source_date_and_confidence_for_every_kind(tmp_path: Path) -> None:
    from duijie.intake import read_table
    from duijie.intake.layouts import kinds, layout

    for kind in kinds():
        form = layout(kind)
        required = [column for column in form.columns.values() if column.is_required]
        cell = {"date": "2025", "number": "1", "quantity": "1"}
        rows = [[column.label.zh for column in required], [cell.get(column.type, "甲") for column in required]]
        path = tmp_path / f"{kind}.csv"
        path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
        (row,) = read_table(path, kind, as_of="2026-06").to_arrow().to_pylist()
        assert row["source"] == path.name
        assert row["as_of"] in ("2025", "2026-06")
        assert {"confidences", "inferred", "source_row", "department"} <= set(row)
