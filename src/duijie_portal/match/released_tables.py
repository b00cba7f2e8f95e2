"""What both sides released, as the tables the pipeline reads: its next run counts with them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from duijie_portal.ledger.models import Agreement, Listing, Owned, Party, Record
from duijie_portal.ledger.visibility import Visibility

__all__ = ["write_tables"]

Row = Mapping[str, Any]
_TABLE_OF = {"firm": "firms", "institute": "institutions", "carrier": "carriers", "fund": "funds"}
_CITED = ("publisher", "title", "url", "published_on", "as_of", "basis")


def write_tables(agreement: Agreement, folder: Path) -> dict[str, int]:
    """Copy an agreement's data folder and add to its tables the rows both sides may see; how many, by table.

    Rows kept to one side, or shown only once matched, stay out: the pipeline's results are read by both.

    Parameters
    ----------
    agreement
        One whose folder holds its own tables; a rehearsal invents its life and takes none.
    folder
        Where to; what lies there is replaced once the copy is whole.
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(agreement.folder, part)
    found: dict[str, list[Row]] = {}
    for table, row in _rows(agreement):
        found.setdefault(table, []).append(row)
    for table, rows in found.items():
        _append(part / "tables" / f"{table}.csv", rows)
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)
    return {table: len(rows) for table, rows in found.items()}


def _rows(agreement: Agreement) -> Iterable[tuple[str, Row]]:
    listings = list(_released(Listing, agreement))
    wanted = {row.party_id for row in listings}
    for party in Party.objects.filter(agreement=agreement).order_by("pk"):
        if party.pk in wanted or _is_released(party):
            yield _TABLE_OF.get(party.kind, "organisations"), _party(party)
    for listing in listings:
        yield "listings", _listing(listing)
    for fact in _released(Record, agreement, kind__in=("statistics", "rail")):
        yield fact.kind, {**_fact(fact.payload["values"], fact), **_cited(fact.payload["source"])}


def _released(model: Any, agreement: Agreement, **asked: Any) -> Iterable[Any]:
    levels = (Visibility.BOTH, Visibility.PUBLIC)
    rows = model.objects.filter(agreement=agreement, released_at__isnull=False, visibility__in=levels, **asked)
    found: Iterable[Any] = rows.order_by("pk")
    return found


def _is_released(row: Owned) -> bool:
    return row.released_at is not None and row.visibility in (Visibility.BOTH, Visibility.PUBLIC)


def _cited(source: Row) -> Row:
    return {"basis": "published", **{key: source[key] for key in _CITED if source.get(key)}}


def _party(row: Party) -> Row:
    said = row.payload
    place = {"id": row.pk, "kind": row.kind, "region": row.side_id, "name": row.name, "name_en": row.name_en}
    place |= {"uscc": row.uscc, "industry": row.industry, "town": row.town, "note": said.get("note", "")}
    more = {key: _joined(said.get(key)) for key in ("products", "fields", "focus", "form")}
    more |= {"registered_year": str(said.get("registered_on") or "")[:4], "inferred": _joined(said.get("inferred"))}
    more |= {
        "space": _with_unit(said.get("space"), "m²"),
        "size": _with_unit(said.get("size"), str(said.get("size_currency") or "")),
    }
    return {**place, **more, **_cited(said.get("source") or {})}


def _listing(row: Listing) -> Row:
    seen = "public" if row.visibility == Visibility.PUBLIC else "side"
    about = {"id": row.pk, "kind": row.kind, "version": row.version, "role": row.role, "side": row.side_id}
    about |= {"party": row.party_id, "clause": row.source.get("clause", ""), "industry": row.industry}
    days = {"valid_from": row.valid_from or "", "valid_until": row.valid_until or "", "visibility": seen}
    payload = {"payload": json.dumps(row.payload, ensure_ascii=False), "inferred": _joined(row.source.get("inferred"))}
    return {**about, **days, **payload, **_cited(row.source)}


def _fact(said: Row, row: Record) -> Row:
    if row.kind == "statistics":
        keys = {key: said.get(key, "") for key in ("indicator", "subject", "value", "unit")}
        return {**keys, "region": said.get("region") or row.side_id, "year": str(row.payload["source"]["as_of"])[:4]}
    keys = {key: said.get(key, "") for key in ("origin", "destination", "line", "trains", "note")}
    kind = "pair" if said.get("destination") else "station"
    times = {"fastest_min": said.get("fastest", ""), "median_min": said.get("median", "")}
    return {**keys, **times, "kind": kind, "fastest_train": said.get("train", "")}


def _joined(value: Any) -> str:
    return ";".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _with_unit(value: Any, unit: str) -> str:
    return f"{value:,.0f} {unit}".strip() if isinstance(value, int | float) else str(value or "")


def _append(path: Path, rows: Iterable[Row]) -> None:
    """Rows at the end of a table, in its own columns; what it has no column for stays in the ledger."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        columns = next(csv.reader(handle))
    ends_open = not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8", newline="") as handle:
        if ends_open:
            handle.write("\n")
        csv.DictWriter(handle, columns, extrasaction="ignore", lineterminator="\n").writerows(rows)
