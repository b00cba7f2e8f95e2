"""Which side is crowded and which has room: industrial output over land, every figure with its source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    """How crowded each region is, as far as both figures were published; a region without them is left out.

    Parameters
    ----------
    statistics
        Published figures: region, indicator, qualifier, subject, value, year, source.
    policy
        What is divided by what (``of``, ``subject``, ``over``), and which qualifiers a figure may have.
    """
    found = {}
    for region in regions:
        own = [row for row in statistics if row["region"] == region and row["source"].publisher]
        output = _latest([row for row in own if row["subject"] == policy["subject"]], policy["of"], policy)
        land = _latest(own, [policy["over"]], policy)
        if output and land and land["value"] > 0:
            found[region] = Crowding(output["value"] / land["value"], output["source"], land["source"])
    return found


def _latest(rows: Sequence[Row], names: Collection[str], policy: Mapping[str, Any]) -> Row | None:
    fits = [row for row in rows if row["indicator"] in names and row["qualifier"] in policy["qualifiers"]]
    return max(fits, key=lambda row: str(row["year"]), default=None)
