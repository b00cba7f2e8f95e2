"""Rows of streams, talents and sites as needs and offers of their kind; statistics and rail as facts of a side."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from duijie.data.words import words
from duijie.errors import Fault
from duijie.intake import Intake
from duijie.intake.layouts import layout
from duijie.match.kinds import load_kinds

from .import_rows import Draft, Known, Places, Row, fold_name, listing, party_named, rows_of, source_of, there

__all__ = ["EXCHANGES", "FACTS", "exchanges", "facts", "fold_fact"]

EXCHANGES = {"streams": "green", "talents": "talent", "sites": "site"}
"""Tables whose rows are needs or offers of one kind of match."""

FACTS = ("statistics", "rail")
"""Tables whose rows are facts of a side, kept as records."""

_UNSAID = frozenset({"source", "as_of", "department", "source_file", "source_sheet", "source_row", "confidences",
                     "inferred"})  # fmt: skip


def exchanges(found: Intake, known: Known) -> Iterator[Draft]:
    """Each sound row as a need or an offer of the kind its table stands for; what the kind has no field for is kept
    as text."""
    make = {"streams": _stream, "talents": _talent, "sites": _site}[found.kind]
    place = Places(found)
    for row in rows_of(found):
        yield make(row, known, place)


def _stream(row: Row, known: Known, place: Places) -> Draft:
    party, faults = party_named(row, known, place)
    payload = {"title": row["material"], "stream": row["material"], "quantity_t_year": row.get("flow")}
    payload["amount_text"] = _text(row, "streams", ("heat", "water", "price"))
    return listing(
        row, "green", row.get("role") or "", party, _filled(payload), [*faults, *_role(row, place)], known, place
    )


def _role(row: Row, place: Places) -> Iterator[Fault]:
    """Whether a row needs or offers must be said: it cannot be told from the thing."""
    if not row.get("role"):
        yield place.fault(row, "role", "portal_import_no_role", {}, "portal_import_say_role")


def _talent(row: Row, known: Known, place: Places) -> Draft:
    """A post of an employer on record; or a person, who stands there without name, employer or remark."""
    role, faults = row.get("role") or "", [*_role(row, place), *_foreign(row, "pay", place)]
    degree, unsaid = _degree(row.get("degree") or "", role)
    payload: dict[str, Any] = {"title": "、".join(row["field"]), "skills": list(row["field"]), "degree": degree}
    payload["details"] = "；".join(filter(None, (row.get("category"), unsaid)))
    pay = row.get("pay")
    if role != "offer":
        party, unknown = party_named({**row, "party": row.get("party") or ""}, known, place)
        payload |= {"posts_n": row.get("people"), "salary_most_cny_year": pay}
        return listing(row, "talent", role, party, _filled(payload), [*faults, *unknown], known, place)
    payload["salary_cny_year"] = pay
    alone = {key: value for key, value in row.items() if key not in ("party", "note", "id", "pay")}
    owner = {"kind": "talent", "name": f"{words('zh')['portal_import_talent']} {secrets.token_hex(3)}"}
    return listing(alone, "talent", role, "", _filled(payload), faults, known, place, owner=owner)


def _foreign(row: Row, key: str, place: Places) -> Iterator[Fault]:
    """There is no conversion from other currencies; an amount in one is not left out without a word."""
    currency = row.get(f"{key}_currency") or "CNY"
    if currency != "CNY":
        yield place.fault(row, key, "money_foreign", {"value": row[key], "currency": currency}, "money_convert")


def _degree(text: str, role: str) -> tuple[str, str]:
    """A degree of the kind's list; any other word for one stays text."""
    field = next((one for one in load_kinds()["talent"].fields("offer") if one.key == "degree"), None)
    for key, label in (field.vocabulary if field else {}).items():
        if fold_name(text) in (key, fold_name(label.zh), fold_name(label.en), fold_name(label.zh) + "研究生"):
            return key, ""
    return "", text


def _site(row: Row, known: Known, place: Places) -> Draft:
    """A place with an offer: the carrier of that name on record, or one that comes in with it."""
    held = known.names.get(fold_name(row["name"]), [])
    load, water = row.get("floor_load"), row.get("water")
    payload = {"title": row["name"], "area_m2": row.get("area"), "water_t_day": water}
    payload["floor_load_t_m2"] = load / 1000 if load is not None else None
    payload |= {"products": list(row.get("industries") or ()), "place": row.get("town")}
    payload["details"] = _text(row, "sites", ("form", "storey_height", "power", "available_from", "note"))
    payload["amount_text"] = _text(row, "sites", ("price",))
    several = (
        [
            place.fault(
                row, "name", "portal_import_several", {"value": row["name"], "n": len(held)}, "portal_import_name_one"
            )
        ]
        if len(held) > 1
        else []
    )
    owner = None if held else {"kind": "carrier", "name": row["name"], "town": row.get("town") or ""}
    return listing(
        row, "site", "offer", held[0][0] if held else "", _filled(payload), several, known, place, owner=owner
    )


def _text(row: Row, kind: str, keys: tuple[str, ...]) -> str:
    """Values the kind has no field for, each with its label and unit."""
    said = []
    for key in keys:
        column, value = layout(kind).columns[key], row.get(key)
        if value not in (None, "", []):
            unit = row.get(f"{key}_currency") or column.unit
            shown = f"{value:,.10g}" if isinstance(value, float) else str(value)
            said.append(f"{column.label.zh} {shown} {unit}".strip())
    return "；".join(said)


def _filled(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if value not in (None, "", [])}


def facts(found: Intake, known: Known) -> Iterator[Draft]:
    """Each sound row as a fact of the side; the same fact of the same source stands once."""
    place = Places(found)
    for row in rows_of(found):
        said = {key: value for key, value in row.items() if key not in _UNSAID and value not in (None, "", [])}
        key = fold_fact(found.kind, said, row.get("source") or "", row.get("as_of") or "")
        title = _title(found.kind, row)
        column = "indicator" if found.kind == "statistics" else "origin"
        doubles = [there(row, column, title, row.get("source") or "", place)] if key in known.facts else []
        known.facts.add(key)
        columns = {"kind": found.kind, "title_zh": title[:300], "payload": {"values": said, "source": source_of(row)}}
        yield Draft("record", columns, tuple(doubles))


def fold_fact(kind: str, said: Mapping[str, Any], source: str, as_of: str) -> tuple[str, ...]:
    """What makes two rows one fact: who or what it is of, when, and who says so."""
    keys = {
        "statistics": ("region", "indicator", "subject"),
        "rail": ("kind", "origin", "destination", "line", "train"),
    }
    return (kind, *(fold_name(str(said.get(key) or "")) for key in keys[kind]), as_of, fold_name(source))


def _title(kind: str, row: Row) -> str:
    if kind == "statistics":
        return " · ".join(filter(None, (row["indicator"], row.get("subject"))))
    return " → ".join(filter(None, (row["origin"], row.get("destination")))) + (
        f" {row['train']}" if row.get("train") else ""
    )
