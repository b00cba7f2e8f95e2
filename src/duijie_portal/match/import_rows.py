"""Rows of a table as parties, needs and offers of a side, checked against what its ledger holds already."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from duijie.cells.cell import folded
from duijie.errors import Fault
from duijie.intake import Intake
from duijie.match.kinds import load_kinds

from .import_fields import last_day, payload_of

__all__ = [
    "Draft",
    "Known",
    "Places",
    "fold_name",
    "listing",
    "listings",
    "parties",
    "party_named",
    "rows_of",
    "source_of",
    "there",
]

Row = Mapping[str, Any]
PARTY_KINDS = {"firms": "firm", "institutions": "institute", "carriers": "carrier", "funds": "fund"}
LISTING_ROLES = {"needs": "need", "offers": "offer"}
"""Tables of needs and offers of any kind, each with the role of its rows."""
_MOST = {"name": 200, "name_en": 300, "town": 80, "title": 300}
_PROVENANCE = ("source", "as_of", "department", "source_file", "source_sheet", "source_row", "confidences", "inferred")
_PARTY = frozenset({"id", "name", "name_en", "uscc", "industry", "town", *_PROVENANCE})


@dataclass
class Known:
    """What a side's ledger holds: parties by code, own key and folded name; listings by key and by what they say."""

    codes: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    names: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    listing_keys: set[str] = field(default_factory=set)
    listings: set[tuple[str, str, str, str]] = field(default_factory=set)
    facts: set[tuple[str, ...]] = field(default_factory=set)


@dataclass(frozen=True)
class Draft:
    """The columns of a row to be, and the faults that keep it back.

    `model` says what it becomes: a party, a listing, a record; `owner` holds the columns of a party that comes in
    with a listing, where nobody on record has it.
    """

    model: str
    fields: Mapping[str, Any]
    faults: tuple[Fault, ...]
    owner: Mapping[str, Any] | None = None


def fold_name(name: str) -> str:
    """A name as it is compared: half width, lower case, simplified, no spaces."""
    return "".join(folded(name).split())


def parties(found: Intake, known: Known) -> Iterator[Draft]:
    """Each sound row as a party; one that stands in the ledger or earlier in the table is a fault."""
    place = Places(found)
    for row in rows_of(found):
        faults = [*_too_long(row, place), *_doubles(row, known, place)]
        _note(row, known)
        payload = {key: value for key, value in row.items() if key not in _PARTY and value not in (None, "", [])}
        payload |= {"source": source_of(row), "inferred": row.get("inferred") or [], **_own_key(row)}
        columns = {key: row.get(key) or "" for key in ("name", "name_en", "uscc", "industry", "town")}
        yield Draft("party", {**columns, "kind": PARTY_KINDS[found.kind], "payload": payload}, tuple(faults))


def listings(found: Intake, known: Known, chosen: Mapping[str, str]) -> Iterator[Draft]:
    """Each sound row as a need or an offer of a party the ledger knows by that very name, with its kind's own fields.

    `chosen` says what a person chose the columns to be that only some kind of match knows.
    """
    place, role = Places(found), LISTING_ROLES[found.kind]
    for row, said in zip(rows_of(found), found.beside, strict=True):
        kind, faults = _kind(row, place)
        fields, others, wrong = payload_of(said, kind, role, chosen)
        party, unknown = party_named(row, known, place)
        faults += [*unknown, *(place.fault_at(row, one) for one in wrong)]
        payload = {**_payload(row, kind, role), **fields}
        yield listing(row, kind, role, party, payload, faults, known, place, others=others)


def listing(
    row: Row,
    kind: str,
    role: str,
    party: str,
    payload: Mapping[str, Any],
    faults: Iterable[Fault],
    known: Known,
    place: Places,
    *,
    owner: Mapping[str, Any] | None = None,
    others: Mapping[str, Any] | None = None,
) -> Draft:
    """A need or an offer to be; `others` is what the row says beyond the fields of its kind, kept with its source."""
    titled = {**row, "title": str(payload.get("title", ""))}
    told = [*faults, *_too_long(titled, place), *_payload_faults(row, kind, role, payload, place)]
    told += _listed(
        titled, (party or (owner or {}).get("name", ""), kind, role, fold_name(titled["title"])), known, place
    )
    columns: dict[str, Any] = {"party_id": party, "kind": kind, "role": role, "payload": payload}
    columns["source"] = source_of(row) | ({"others": dict(others)} if others else {})
    columns["version"] = load_kinds()[kind].version if kind else 1
    columns |= {"industry": row.get("industry") or "", "place": row.get("region") or ""}
    columns["valid_until"] = last_day(row.get("valid_until"))
    return Draft("listing", columns, tuple(told), owner)


class Places:
    """Where a value stands: file, sheet, row, and the heading of its column."""

    def __init__(self, found: Intake) -> None:
        self._headings = {key: heading for heading, key in found.columns.items()}

    def fault(self, row: Row, key: str, code: str, values: Mapping[str, Any], hint: str) -> Fault:
        where = {"file": row["source_file"], "sheet": row["source_sheet"], "row": row["source_row"]}
        return Fault(code, {**where, "column": self._headings.get(key, "")}, values, hint)

    def fault_at(self, row: Row, fault: Fault) -> Fault:
        """A fault of a column no layout knows, placed by its heading."""
        where = {"file": row["source_file"], "sheet": row["source_sheet"], "row": row["source_row"]}
        return Fault(fault.code, {**where, "column": fault.where["heading"]}, fault.values, fault.hint)


def rows_of(found: Intake) -> Iterable[Row]:
    rows: list[Row] = found.table.to_pylist() if found.table is not None else []
    return rows


def _too_long(row: Row, place: Places) -> Iterator[Fault]:
    for key, most in _MOST.items():
        if len(row.get(key) or "") > most:
            values = {"n": len(row[key]), "most": most}
            yield place.fault(row, key, "portal_import_too_long", values, "portal_import_shorten")


def _doubles(row: Row, known: Known, place: Places) -> Iterator[Fault]:
    """Codes and keys stand once; a name stands once unless two different codes tell two organisations apart."""
    code, key, name = row.get("uscc") or "", row.get("id") or "", fold_name(row["name"])
    if code in known.codes:
        yield there(row, "uscc", code, known.codes[code], place)
    elif key in known.keys:
        yield there(row, "id", key, known.keys[key], place)
    elif any(not code or not other for _, other in known.names.get(name, ())):
        yield there(row, "name", row["name"], row["name"], place)


def there(row: Row, key: str, value: str, party: str, place: Places) -> Fault:
    return place.fault(row, key, "portal_import_there", {"value": value, "party": party}, "portal_import_leave_out")


def _note(row: Row, known: Known) -> None:
    """Remember a row, so that a later one of the table is told as its double."""
    code, key = row.get("uscc") or "", row.get("id") or ""
    if code:
        known.codes[code] = row["name"]
    if key:
        known.keys[key] = row["name"]
    known.names.setdefault(fold_name(row["name"]), []).append(("", code))


def source_of(row: Row) -> dict[str, Any]:
    """Where a row comes from, as every page cites it, with what is believed less than fully."""
    told = row.get("confidences") or ""
    return {
        "publisher": row.get("department") or "",
        "title": row.get("source") or "",
        "as_of": row.get("as_of") or "",
        "basis": "published",
        "file": row["source_file"],
        "sheet": row["source_sheet"],
        "row": row["source_row"],
        "confidences": json.loads(told) if told else {},
        "inferred": row.get("inferred") or [],
        **{key: row[key] for key in ("note", "clause") if row.get(key)},
        **_own_key(row),
    }


def _own_key(row: Row) -> dict[str, str]:
    return {"key": row["id"]} if row.get("id") else {}


def _kind(row: Row, place: Places) -> tuple[str, list[Fault]]:
    """The kind of match a row names, by key or name."""
    said = row.get("kind") or ""
    for key, kind in load_kinds().items():
        if fold_name(said) in (key, fold_name(kind.name.zh), fold_name(kind.name.en)):
            return key, []
    names = [kind.name.to_dict() for kind in load_kinds().values()]
    return "", [place.fault(row, "kind", "portal_import_no_kind", {"value": said, "known": names}, "choose_one")]


def party_named(row: Row, known: Known, place: Places) -> tuple[str, list[Fault]]:
    """The party of that name; none, or several, is a fault: a name is never guessed at."""
    found = known.names.get(fold_name(row["party"]), [])
    if len(found) == 1:
        return found[0][0], []
    code = "portal_import_several" if found else "portal_import_nobody"
    hint = "portal_import_name_one" if found else "portal_import_party_first"
    return "", [place.fault(row, "party", code, {"value": row["party"], "n": len(found)}, hint)]


def _payload(row: Row, kind: str, role: str) -> dict[str, Any]:
    """The payload of the kind's file: an amount in yuan where the kind has a field for it, else as text."""
    payload = {key: row[key] for key in ("title", "details") if row.get(key)}
    amount, currency = row.get("amount"), row.get("amount_currency") or ""
    fields = {one.key for one in load_kinds()[kind].fields(role)} if kind else set()  # type: ignore[arg-type]
    if amount is not None and currency == "CNY" and "amount_cny" in fields:
        payload["amount_cny"] = amount
    elif amount is not None:
        payload["amount_text"] = f"{amount:,.0f} {currency}".strip()
    return payload


def _payload_faults(row: Row, kind: str, role: str, payload: Row, place: Places) -> Iterator[Fault]:
    for fault in load_kinds()[kind].check(role, payload) if kind else ():  # type: ignore[arg-type]
        yield place.fault(row, str(fault.where.get("key", "")), fault.code, fault.values, fault.hint)


def _listed(row: Row, said: tuple[str, str, str, str], known: Known, place: Places) -> Iterator[Fault]:
    """The same key, or the same words of the same party, is the same listing."""
    key = row.get("id") or ""
    if key and key in known.listing_keys:
        yield there(row, "id", key, row["title"], place)
    elif said[0] and said in known.listings:
        yield there(row, "title", row["title"], str(row.get("party") or row["title"]), place)
    known.listing_keys |= {key} if key else set()
    known.listings.add(said)
