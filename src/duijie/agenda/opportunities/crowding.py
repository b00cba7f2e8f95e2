"""Which side is crowded and which has room: industrial output over land, every figure with its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duijie.terms import Source

__all__ = ["Crowding", "crowding"]

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Crowding:
    """Output over land of one region: `density` in the unit of the output a km², with the sources of both figures."""

    density: float
    output: Source
    land: Source

    @property
    def told(self) -> str:
        """The publishers and years, each once."""
        return "；".join(dict.fromkeys(f"{one.publisher}，{one.as_of[:4]}" for one in (self.output, self.land)))


def crowding(statistics: Sequence[Row], regions: Sequence[str], policy: Mapping[str, Any]) -> Mapping[str, Crowding]:
    """How crowded each region is by the latest year of which all of them published output; none without such a year.

    Parameters
    ----------
    statistics
        Published figures: region, indicator, qualifier, subject, value, year, source.
    policy
        What is divided by what (``of``, ``subject``, ``over``), and which qualifiers a figure may have.
    """
    own = {
        region: [row for row in statistics if row["region"] == region and _is_fit(row, policy)] for region in regions
    }
    output = {
        region: {str(row["year"]): row for row in reversed(rows) if _is_output(row, policy)}
        for region, rows in own.items()
    }
    # Output of two years is no comparison: a year apart may be the whole difference. Land hardly changes.
    year = max(set.intersection(*(set(rows) for rows in output.values())), default="") if output else ""
    found = {}
    for region, rows in own.items():
        land = max((row for row in rows if row["indicator"] == policy["over"]), key=_year, default=None)
        if year and land and land["value"] > 0:
            made = output[region][year]
            found[region] = Crowding(made["value"] / land["value"], made["source"], land["source"])
    return found


def _is_fit(row: Row, policy: Mapping[str, Any]) -> bool:
    return bool(row["source"].publisher) and row["qualifier"] in policy["qualifiers"]


def _is_output(row: Row, policy: Mapping[str, Any]) -> bool:
    return row["indicator"] in policy["of"] and row["subject"] == policy["subject"]


def _year(row: Row) -> str:
    return str(row["year"])
