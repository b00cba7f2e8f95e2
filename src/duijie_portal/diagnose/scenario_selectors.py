"""Saved what-ifs: the counts they start from, their versions, and what each would change."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from duijie.diagnose.scenario import Scenario, compared, counts_digest
from duijie.terms import Counts
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.models import Agreement, Record
from duijie_portal.ledger.selectors import results

__all__ = ["KIND", "choices", "counts_of", "difference", "is_current", "listed", "rows", "scenario_of", "versions"]

KIND = "scenario"
_N_SHIFTS = 60
_WHOLE = ("diversity", "complexity", "added_density", "finger_kreinin", "cosine", "krugman")


def counts_of(agreement: Agreement) -> Counts | None:
    """The counts of the last run of the pipeline; None before the first."""
    found = results(agreement, "counts")
    if not found or not found["industries"]:
        return None
    values = np.asarray(found["values"], dtype=np.float64)
    codes = tuple(one["code"] for one in found["industries"])
    return Counts(tuple(found["regions"]), codes, values, found["unit"], found["year"], found["note"])


def choices(agreement: Agreement) -> dict[str, Any]:
    """What a change may name: the sides, and every industry with how much of it each side has."""
    found, sides = results(agreement, "counts"), [one.pk for one in agreement.sides.all()]
    if not found:
        return {"sides": sides, "industries": [], "unit": ""}
    at = {code: found["regions"].index(code) for code in sides if code in found["regions"]}
    industries = [
        {**one, "amounts": {code: found["values"][row][column] for code, row in at.items()}}
        for column, one in enumerate(found["industries"])
    ]
    return {"sides": sides, "industries": industries, "unit": found["unit"]}


def rows(agreement: Agreement, person: Visitor) -> Any:
    """The what-ifs a person may see, each version a row."""
    return Record.objects.filter(agreement=agreement, kind=KIND).visible_to(person)


def scenario_of(row: Record) -> Scenario:
    """A row as the library's scenario."""
    return Scenario.from_json(row.payload["scenario"])


def listed(agreement: Agreement, person: Visitor) -> list[dict[str, Any]]:
    """The latest version of each what-if, newest first."""
    latest: dict[str, Record] = {}
    for row in rows(agreement, person):
        root = row.payload["root"]
        if root not in latest or row.payload["version"] > latest[root].payload["version"]:
            latest[root] = row
    found = sorted(latest.values(), key=lambda row: (row.on, row.pk), reverse=True)
    return [{**_head(row), "n_changes": len(scenario_of(row).changes)} for row in found]


def _head(row: Record) -> dict[str, Any]:
    return {
        "id": row.pk,
        "title": row.title,
        "version": row.payload["version"],
        "on": row.on,
        "side": row.side_id,
        "visibility": row.visibility if row.released_at else "own",
    }


def versions(row: Record, person: Visitor) -> list[dict[str, Any]]:
    """Every version of the same what-if, the newest first."""
    same = rows(row.agreement, person).filter(payload__root=row.payload["root"])
    return [_head(one) for one in sorted(same, key=lambda one: -one.payload["version"])]


def is_current(row: Record) -> bool:
    """Whether the what-if speaks of the counts of the last run."""
    counts = counts_of(row.agreement)
    return counts is not None and counts_digest(counts) == scenario_of(row).base


def difference(row: Record) -> Mapping[str, Any]:
    """What a what-if changes, measure by measure.

    Raises
    ------
    InputError
        The counts are others by now.
    """
    document = results(row.agreement, "counts")
    sides = [code for code in document["regions"] if code in document["within"]]
    return _difference(row.payload["scenario"], row.agreement, sides[0], sides[1], document["reference"])


@lru_cache(maxsize=64)
def _difference(text: str, agreement: Agreement, first: str, second: str, reference: str) -> Mapping[str, Any]:
    counts = counts_of(agreement)
    if counts is None:
        return {}
    found = compared(Scenario.from_json(text), counts, first, second, reference=reference).to_dict()
    shifts = [one for one in found["shifts"] if one["measure"] != "presence"]
    turned = [one for one in found["shifts"] if one["measure"] == "presence"]
    return {
        "whole": [one for one in shifts if one["measure"] in _WHOLE],
        "cells": [one for one in shifts if one["measure"] not in _WHOLE][:_N_SHIFTS],
        "n_cells": sum(one["measure"] not in _WHOLE for one in shifts),
        "turned": turned,
        "provenance": found["provenance"],
    }
