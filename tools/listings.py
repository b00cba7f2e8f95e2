"""Turn needs and offers, and what carriers, institutions and funds are reported to offer, into listings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from fact_tables import SOURCE, Row, code, is_sourced, rows_of, source_of

RULES: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("listings.yaml").read_text(encoding="utf-8"))


class Parties:
    """The organisations that listings name: found among firms, institutions, carriers and funds, or entered anew."""

    def __init__(self, known: Iterable[Row]) -> None:
        self._known = {
            _plain(name): row["id"]
            for row in known
            for name in (row["name"], row.get("short_name"), *RULES["aliases"].get(row["name"], ()))
            if name
        }
        self.new: dict[str, Row] = {}

    def find(self, name: str, region: str, source: Row) -> str:
        """The id of an organisation; a guest of an event is of no region of the agreement."""
        host = re.sub(RULES["guest"], "", name)
        key = _plain(host)
        if key in self._known:
            return str(self._known[key])
        if key not in self.new:
            self.new[key] = {
                "id": f"ORG-{len(self.new) + 1:03d}",
                "kind": RULES["organisation_names"].get(host) or _first(RULES["organisation_kinds"], host) or "firm",
                "region": region if host == name else "",
                "name": host,
                **source,
            }
        return str(self.new[key]["id"])


def _plain(name: str) -> str:
    return re.sub(r"[\s()()·“”\"、]", "", name)


def _first(rules: Sequence[Mapping[str, Any]], text: str) -> str:
    return next((rule["kind"] for rule in rules if any(word in text for word in rule["words"])), "")


def industry_of(text: str) -> str:
    """The heading of the longest word of the table that a text names; empty where none."""
    hits = [word for word in RULES["industries"] if word in text]
    return str(RULES["industries"][max(hits, key=len)]) if hits else ""


def stated(facts: Path, clauses: Mapping[int, str], sides: Mapping[str, str], parties: Parties) -> list[Row]:
    """Listings of the fact table; `sides` gives the side of a region or of the wider region it lies in."""
    return [_stated(row, clauses, sides, parties) for row in rows_of(facts, "needs_offers")]


def _stated(row: Row, clauses: Mapping[int, str], sides: Mapping[str, str], parties: Parties) -> Row:
    rule = RULES["rows"].get(row["id"], {})
    region, number = code(row["region"]), int(row["clause"])
    source = source_of(row["source_url"], row["year"], rule.get("basis", row["basis"]))
    industry = rule.get("industry") or industry_of(row["industry"]) or industry_of(row["title"])
    payload = {
        "title": row["title"],
        "details": row["details"],
        "field": row["industry"],
        "amount_text": row["amount"],
        **rule.get("payload", {}),
    }
    return {
        "id": row["id"],
        "kind": rule.get("kind", RULES["kind_of_clause"].get(number, "none")),
        "version": 1,
        "role": rule.get("role", row["kind"]),
        "side": sides[region],
        "party": parties.find(row["organisation"], region, {**source, "basis": "published"}),
        "clause": rule.get("clause", clauses[number]),
        "industry": industry,
        "payload": _json(payload),
        "visibility": "public",
        "inferred": ";".join(["industry"] * bool(industry) + ["role"] * ("role" in rule)),
        **source,
    }


def _json(payload: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in payload.items() if value != ""}, ensure_ascii=False)


def derived(tables: Mapping[str, Sequence[Row]], sides: Mapping[str, str], taken: set[tuple[str, str]]) -> list[Row]:
    """What an institution, carrier or fund can be taken to offer, where it listed no offer of that kind itself."""
    offers = [
        *(_offer(row, "research", row["fields"], sides) for row in tables["institutions"] if _is_open(row)),
        *(_offer(row, kind, row["focus"], sides) for row in tables["carriers"] if (kind := _carrier_kind(row))),
        *(_offer(row, "capital", row["focus"], sides) for row in tables["funds"]),
    ]
    fresh = (offer for offer in offers if (offer["party"], offer["kind"]) not in taken)
    return [{"id": f"DER-{at:03d}", **offer} for at, offer in enumerate(fresh, start=1)]


def _is_open(row: Row) -> bool:
    return row["form"] not in RULES["institutions_without_offer"]


def _carrier_kind(row: Row) -> str:
    kind = _first(RULES["carrier_offers"], row["form"] + row["name"])
    return "" if kind == "none" else kind


def _offer(row: Row, kind: str, fields: str, sides: Mapping[str, str]) -> Row:
    payload = {
        "title": row["name"],
        "details": row["form"],
        "field": fields,
        "amount_text": row.get("space") or row.get("size") or "",
    }
    industry = industry_of(fields)
    source = {key: row[key] for key in ("publisher", "title", "url", "published_on", "as_of")}
    return {
        "kind": kind,
        "version": 1,
        "role": "offer",
        "side": sides[row["region"]],
        "party": row["id"],
        "clause": RULES["clause_of_kind"][kind],
        "industry": industry,
        "payload": _json(payload),
        "visibility": "public",
        "inferred": ";".join(["role", "kind"] + ["industry"] * bool(industry)),
        **source,
        "basis": "derived",
    }


def with_sources(rows: Iterable[Row], listings: Mapping[str, Row]) -> list[Row]:
    """Organisations whose own page is not known take the source of what is reported of their need or offer."""
    return [row if is_sourced(row) else {**row, **_source_from(listings.get(row["id"], row))} for row in rows]


def _source_from(listing: Row) -> Row:
    return {**{name: listing[name] for name in SOURCE}, "basis": "published"}
