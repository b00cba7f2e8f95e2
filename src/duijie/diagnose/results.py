"""The pair report as values: frozen, nested, and plain on request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa

from duijie.data.documents import plain
from duijie.terms import Provenance, Reason

__all__ = ["Coverage", "Link", "PairReport", "Specialization", "Witness", "arrow_tables"]

Say = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of one region's firms; `missing_years` lie between the first and the last with none registered."""

    region: str
    n_firms: int
    n_coded: int
    coded_share: float
    first_year: int | None
    last_year: int | None
    missing_years: tuple[int, ...]
    note: Reason | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A second source on the same question: the output quotient of the sector an industry belongs to."""

    sector: str
    name: Say
    quotient: float
    year: str
    region: str


@dataclass(frozen=True, slots=True)
class Specialization:
    """One industry of one region against the national sample.

    `is_significant` when the band excludes 1 and at least five firms are counted.
    """

    region: str
    industry: str
    name: Say
    n_firms: float
    quotient: float
    low: float
    high: float
    shrunk: float
    is_significant: bool
    witness: Witness | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One industry of one region that can supply one industry of the other, with firms on both ends.

    `confidence` is how often the link would stay in its list if the firms were counted again, 0–1; `firms` names the
    first few on evidence at each end, `n_firms` counts all of them.
    """

    supplier_region: str
    buyer_region: str
    supplier_industry: str
    buyer_industry: str
    supplier_name: Say
    buyer_name: Say
    score: float
    confidence: float
    parts: Mapping[str, float]
    firms: Mapping[str, tuple[Mapping[str, Any], ...]]
    n_firms: Mapping[str, int]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class PairReport:
    """How the industries of two regions fit together; `missing` names what no data was given for."""

    regions: tuple[Mapping[str, Any], ...]
    coverage: tuple[Coverage, ...]
    specialization: tuple[Specialization, ...]
    similarity: Mapping[str, float]
    links: tuple[Link, ...]
    complementarity: tuple[Mapping[str, Any], ...]
    chains: tuple[Mapping[str, Any], ...]
    inside_class: tuple[Mapping[str, Any], ...]
    industry_map: tuple[Mapping[str, Any], ...]
    added: tuple[Mapping[str, Any], ...]
    transfer: tuple[Mapping[str, Any], ...]
    groupings: tuple[Mapping[str, Any], ...]
    spillovers: tuple[Mapping[str, Any], ...]
    risks: tuple[Reason, ...]
    missing: tuple[Reason, ...]
    provenance: Provenance
    sources: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as nested dicts and lists, ready for JSON; a value that is not finite becomes None."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}

    def to_arrow(self) -> dict[str, pa.Table]:
        """The report's lists as Arrow tables under their names; empty lists are left out.

        Names in two languages become two columns; what is nested deeper is JSON text.
        """
        return arrow_tables(self)

    def to_pandas(self) -> dict[str, Any]:
        """The same tables as pandas frames.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        return {name: table.to_pandas() for name, table in self.to_arrow().items()}


def arrow_tables(result: Any) -> dict[str, pa.Table]:
    """Every list of rows of a result as an Arrow table."""
    lists = {field.name: plain(getattr(result, field.name)) for field in fields(result)}
    return {
        name: pa.Table.from_pylist([_flat(row) for row in rows])
        for name, rows in lists.items()
        if isinstance(rows, list) and rows and isinstance(rows[0], dict)
    }


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row whose cells are numbers or text."""
    cells: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and set(value) == {"zh", "en"}:
            cells |= {f"{key}_{language}": text for language, text in value.items()}
        elif isinstance(value, dict | list):
            cells[key] = json.dumps(value, ensure_ascii=False)
        else:
            cells[key] = value
    return cells
