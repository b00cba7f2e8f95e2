"""What the pipeline found of the pair, cut to what a page can show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.selectors import results

__all__ = ["chart", "pair"]

_N_QUOTIENTS, _N_LINKS, _N_CLASSES = 14, 40, 20


def pair(agreement: Agreement) -> Mapping[str, Any]:
    """The diagnosis; empty where the pipeline has not run. ``shown`` holds the strongest of the long lists."""
    found = results(agreement, "diagnose")
    if not found:
        return {}
    regions = [region["code"] for region in found["regions"]]
    strongest = {code: _strongest(found["specialization"], code) for code in regions}
    return {
        **found,
        "chains": [_named(chain) for chain in found["chains"]],
        "shown": {
            "specialization": strongest,
            "links": sorted(found["links"], key=lambda link: -(link["score"] or 0))[:_N_LINKS],
            "inside_class": found["inside_class"][:_N_CLASSES],
        },
    }


def _named(chain: Mapping[str, Any]) -> dict[str, Any]:
    """A chain whose gaps carry the name of their stage."""
    names = {stage["key"]: stage["name"] for stage in chain["stages"]}
    return {**chain, "gaps": [{**gap, "stage_name": names.get(gap["stage"], gap["stage"])} for gap in chain["gaps"]]}


def chart(found: Mapping[str, Any], chain: str) -> dict[str, Any]:
    """The figures behind the charts of the page, and nothing more: one chain, and the quotients shown."""
    keep = ("key", "name", "n_firms", "quotient")
    return {
        "regions": found["regions"],
        "chains": [
            {
                "key": one["key"],
                "stages": [{name: stage[name] for name in keep} for stage in one["stages"]],
                "links": one["links"],
                "gaps": [{"region": gap["region"], "stage": gap["stage"]} for gap in one["gaps"]],
            }
            for one in found["chains"]
            if one["key"] == chain
        ],
        "specialization": found["shown"]["specialization"],
        "industry_map": found.get("industry_map", []),
    }


def _strongest(rows: list[Mapping[str, Any]], region: str) -> list[Mapping[str, Any]]:
    own = [row for row in rows if row["region"] == region and row["is_significant"]]
    return sorted(own, key=lambda row: -row["low"])[:_N_QUOTIENTS]
