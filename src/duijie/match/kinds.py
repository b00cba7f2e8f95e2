"""A kind of match as data: fields of need and offer, hard rules, scored terms, capacities, outcome nodes."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from duijie.cells import Cell, CellType, Raw, Wrong, read
from duijie.cells.amounts import measure
from duijie.cells.cell import plain
from duijie.cells.figures import MOST
from duijie.data import files
from duijie.data.shelf import kept
from duijie.errors import DataFileError, Fault, InputError
from duijie.terms import Bilingual
from duijie.terms.days import NO_END, parse_day

from .text import Analysis

__all__ = [
    "Capacity",
    "Field",
    "Kind",
    "QuotaRule",
    "Role",
    "Rule",
    "Sharing",
    "Term",
    "last_day",
    "load_kinds",
    "read_kind",
]

Role = Literal["need", "offer"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a need or an offer; `disclosure` says from when the other side sees it.

    A number is read by its unit: of money, a count, a share, a quantity; each is ≥ 0 unless `minimum` says otherwise,
    both bounds inside. `is_end` marks a date on which something ends, which may be said never to come.
    """

    key: str
    label: Bilingual
    type: str
    unit: str = ""
    vocabulary: Mapping[str, Bilingual] = field(default_factory=dict)
    taxonomy: str = ""
    is_required: bool = False
    disclosure: str = "public"
    minimum: float | None = None
    maximum: float | None = None
    is_end: bool = False

    @property
    def cell(self) -> CellType:
        """The type its cells are read by, in tables and forms alike."""
        name, unit = _figure_type(self.unit) if self.type == "number" else (_TYPES[self.type], self.unit)
        words = {key: (label.zh, label.en) for key, label in self.vocabulary.items()}
        return CellType(name, unit, self.minimum, self.maximum, words, self.is_end)

    def read(self, raw: Raw, unit: str = "") -> Cell:
        """What a cell comes to in this field: a number in its unit, a date, a key of its vocabulary, a tuple of words.

        `unit` is what a heading names; amounts are in CNY, and there is no conversion from other currencies.

        Examples
        --------
        >>> price = Field("price_cny", Bilingual("单价", "Price"), "number", "元")
        >>> price.read("1.5万").value, price.read("-5").wrong.code, price.read("5美元").wrong.code
        (15000.0, 'figure_below', 'money_foreign')
        """
        if self.type == "code":
            return _codes(raw, self)
        found = read(raw, self.cell, unit or (self.unit if self.type in ("number", "range") else ""))
        if found.wrong and "expected" in found.wrong.values:  # the field's own unit, not one of the same size
            values = {**found.wrong.values, "expected": unit_name(self.unit)}
            return replace(found, wrong=replace(found.wrong, values=values))
        if found.extra not in (None, "CNY", "no_end"):
            return Cell(wrong=Wrong("money_foreign", {"value": plain(raw), "currency": found.extra}, "money_convert"))
        if found.extra == "no_end":
            return Cell(NO_END, is_mended=True)
        if self.type == "date" and found.value:
            return replace(found, value=last_day(found.value))
        return found


_TYPES = {"text": "text", "words": "words", "date": "date", "range": "range", "choice": "choice", "code": "words"}
_COUNTED = ("(piece)", "(person)", "(pair)")


def unit_name(unit: str) -> Bilingual:
    """A unit of a field in both languages; a part that has no English name stands as it is.

    Examples
    --------
    >>> unit_name("件/月")["en"], unit_name("元/平方米")["en"]
    ('items/month', 'CNY/m²')
    """
    known = _units()
    return Bilingual(unit, "/".join(known.get(part, part) for part in unit.split("/")))


@kept
def _units() -> dict[str, str]:
    own = {row["name"]["zh"]: row["name"]["en"] for row in files.entries("units", "units")}
    built_in: dict[str, str] = files.read(files.root() / "kinds" / "common" / "units.yaml")
    return own | built_in


@kept
def _figure_type(unit: str) -> tuple[str, str]:
    """The type of cell a number of this unit is, and the unit as that type names it."""
    if unit.startswith("元"):
        return "money", unit.partition("/")[2]
    if unit == "%":
        return "share", "%"
    target = measure(unit)
    if not target:
        return "number", unit
    return ("count" if target in _COUNTED else "quantity"), target


def last_day(text: str) -> str:
    """The last day a date as exact as given still holds: 2027 holds to its December, 2027-02 to its 28th."""
    year, month, *day = (*map(int, text.split("-")), *([12] if len(text) == 4 else []))
    return date(year, month, day[0] if day else monthrange(year, month)[1]).isoformat()


def _codes(raw: Raw, one: Field) -> Cell:
    """Codes set apart like words, each checked where the field names a table of them."""
    parts = read(raw, CellType("words"))
    if not parts.value or one.taxonomy != "gbt4754":
        return parts
    found = [read(part, CellType("industry")) for part in parts.value]
    wrong = next((cell for cell in found if cell.wrong), None)
    return wrong or Cell(tuple(cell.value for cell in found if cell.value))


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition a pair must meet; `when_unknown` is the policy where one side does not state its value."""

    key: str
    label: Bilingual
    test: str
    need: str = ""
    offer: str = ""
    limit: float = 0.0
    when_unknown: str = "pass"
    near_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Term:
    """A part of the score: `weight` × a value in 0–1; learning keeps the weight in `least` … `most`.

    `unknown` is the value taken where one side states nothing; from `good_from` on the term speaks for the pair.
    """

    key: str
    label: Bilingual
    measure: str
    weight: float
    need: tuple[str, ...] = ()
    offer: tuple[str, ...] = ()
    least: float = 0.0
    most: float = 1.0
    unknown: float = 0.0
    good_from: float = 0.5
    limit: float = 0.0
    direction: str = "either"
    analysis: Analysis | Literal["cosine"] = "grams"


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many partners one listing can take: the payload's `field` where stated, else `default`."""

    default: int
    field: str = ""

    def of(self, payload: Mapping[str, Any]) -> int:
        """The capacity of a listing; an unreadable value counts as not stated, a negative one as zero."""
        try:
            return max(0, int(float(payload[self.field])))
        except (KeyError, TypeError, ValueError, OverflowError):
            return self.default


@dataclass(frozen=True, slots=True)
class QuotaRule:
    """How many assigned places go to offers with one of `values` in a field; without values, to each value there is.

    `least` counts places, `least_share` and `most_share` (0–1) are of all places that needs with candidates ask for.
    """

    key: str
    label: Bilingual
    offer: str
    values: tuple[str, ...] = ()
    least: int = 0
    least_share: float = 0.0
    most_share: float = 1.0


@dataclass(frozen=True, slots=True)
class Sharing:
    """How the places of a kind are shared out; without any of it, by score alone.

    `crowding` is taken off the second place of an offer, twice that off the third; `mutual_share` (0–1) is how much
    of a pair's worth is the wish of both sides and not the score.
    """

    quotas: tuple[QuotaRule, ...] = ()
    crowding: float = 0.0
    mutual_share: float = 0.0


@dataclass(frozen=True)
class Kind:
    """One kind of match, as its file says it: everything a form, an import, a ranking and an explanation need.

    `least_content` is what the terms about the thing itself (text, industry, chain, activity) must add up to.
    """

    key: str
    version: int
    name: Bilingual
    summary: Bilingual
    need: tuple[Field, ...]
    offer: tuple[Field, ...]
    rules: tuple[Rule, ...]
    terms: tuple[Term, ...]
    capacity: Mapping[Role, Capacity]
    outcome: tuple[str, ...]
    least_content: float = 0.0
    sharing: Sharing = Sharing()

    def fields(self, role: Role) -> tuple[Field, ...]:
        """The fields of a need or an offer, the common ones first."""
        return _common() + (self.need if role == "need" else self.offer)

    def with_weights(self, weights: Mapping[str, float]) -> Kind:
        """The same kind with other weights for the terms named."""
        return replace(self, terms=tuple(replace(t, weight=weights.get(t.key, t.weight)) for t in self.terms))

    def check(self, role: Role, payload: Mapping[str, Any]) -> tuple[Fault, ...]:
        """Everything wrong with a payload: unknown keys, missing required values, values of a wrong type.

        Examples
        --------
        >>> [fault.code for fault in load_kinds()["supply"].check("need", {"titel": "纱线"})]
        ['key_unknown']
        """
        return tuple(_payload_faults(self.fields(role), payload))


@kept
def _common() -> tuple[Field, ...]:
    return tuple(_field(one) for one in files.read(files.root() / "kinds" / "common" / "fields.yaml"))


@kept
def load_kinds() -> dict[str, Kind]:
    """All kinds of match by key, in key order: the built-in ones, and those of the agreement that is open.

    Raises
    ------
    DataFileError
        A kind file breaks the schema, or two files have the same key; all faults at once.
    """
    kinds = [read_kind(path) for path in files.listing("kinds")]
    return {kind.key: kind for kind in kinds}


def read_kind(path: Path) -> Kind:
    """One kind of match from its file, built-in or a user's own.

    Raises
    ------
    DataFileError
        The file breaks the schema, weights do not sum to 1, or a rule or term names a field that is not there.
    """
    document, faults = files.check(path, "kind")
    if not faults:
        kind = _kind(document)
        faults = tuple(_kind_faults(kind, path))
        if not faults:
            return kind
    raise DataFileError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)


def _kind(document: Mapping[str, Any]) -> Kind:
    return Kind(
        key=document["key"],
        version=document["version"],
        name=Bilingual(**document["name"]),
        summary=Bilingual(**document["summary"]),
        need=tuple(_field(one) for one in document["need"]),
        offer=tuple(_field(one) for one in document["offer"]),
        rules=tuple(Rule(**_labelled(one)) for one in document["rules"]),
        terms=tuple(_term(one) for one in document["terms"]),
        capacity={"need": Capacity(**document["capacity"]["need"]), "offer": Capacity(**document["capacity"]["offer"])},
        outcome=tuple(document["outcome"]),
        least_content=document.get("least_content", 0.0),
        sharing=_sharing(document.get("sharing", {})),
    )


def _sharing(one: Mapping[str, Any]) -> Sharing:
    quotas = (
        QuotaRule(**{**_labelled(each), "values": tuple(each.get("values", ()))}) for each in one.get("quotas", ())
    )
    return Sharing(tuple(quotas), one.get("crowding", 0.0), one.get("mutual_share", 0.0))


def _labelled(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "label": Bilingual(**one["label"])}


def _field(one: Mapping[str, Any]) -> Field:
    words = {key: Bilingual(**text) for key, text in one.get("vocabulary", {}).items()}
    return Field(**{**_labelled(one), "vocabulary": words})


def _term(one: Mapping[str, Any]) -> Term:
    sides: dict[str, Any] = {"need": tuple(one.get("need", ())), "offer": tuple(one.get("offer", ()))}
    return Term(**{**_labelled(one), **sides})


_OWN = {"side", "industry", "party", "party.products", "party.name", "party.town", "party.cluster"}
_FIELDLESS = {"crosses", "other_party", "not_blocked", "travel", "valid"}


def _kind_faults(kind: Kind, path: Path) -> Iterator[Fault]:
    total = sum(term.weight for term in kind.terms)
    if abs(total - 1) > 1e-9:
        yield Fault("match_weights_not_one", {"file": str(path), "key": "terms"}, {"total": round(total, 6)})
    for term in kind.terms:
        if not term.least <= term.weight <= term.most:
            yield Fault("match_weight_out_of_bounds", {"file": str(path), "key": f"terms.{term.key}"})
    for role, key, name in _named_fields(kind):
        known = {one.key for one in kind.fields(role)} | _OWN
        if name not in known:
            yield Fault("match_field_unknown", {"file": str(path), "key": key}, {"field": name, "role": role})
    for group in ("rules", "terms", "need", "offer"):
        yield from _doubles([one.key for one in getattr(kind, group)], path, group)
    yield from _doubles([one.key for one in kind.sharing.quotas], path, "sharing.quotas")


def _named_fields(kind: Kind) -> Iterator[tuple[Role, str, str]]:
    for rule in kind.rules:
        if rule.need or rule.test not in _FIELDLESS:
            yield "need", f"rules.{rule.key}", rule.need
        if rule.offer or rule.test not in _FIELDLESS:
            yield "offer", f"rules.{rule.key}", rule.offer
    for quota in kind.sharing.quotas:
        yield "offer", f"sharing.quotas.{quota.key}", quota.offer
    for term in kind.terms:
        yield from (("need", f"terms.{term.key}", name) for name in term.need)
        yield from (("offer", f"terms.{term.key}", name) for name in term.offer)


def _doubles(keys: list[str], path: Path, group: str) -> Iterator[Fault]:
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield Fault("match_key_twice", {"file": str(path), "key": f"{group}.{key}"})


def _payload_faults(fields: tuple[Field, ...], payload: Mapping[str, Any]) -> Iterator[Fault]:
    known = {one.key: one for one in fields}
    for key, value in payload.items():
        if key not in known:
            yield Fault("key_unknown", {"key": key}, {"key": key, "known": ", ".join(known)})
        elif not _is_empty(value) and not _fits(known[key], value):
            yield Fault("match_value_wrong", {"key": key}, {"type": known[key].type, "value": str(value)[:80]})
        elif not _is_empty(value) and known[key].type in ("number", "range"):
            wrong = known[key].read(value).wrong
            if wrong:
                yield Fault(wrong.code, {"key": key}, wrong.values, wrong.hint)
    for one in fields:
        if one.is_required and _is_empty(payload.get(one.key)):
            yield Fault("key_missing", {"key": one.key}, {"key": one.key})


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == () or value == []


def _fits(one: Field, value: Any) -> bool:
    if one.type == "choice":
        return value in one.vocabulary
    return _FITS[one.type](value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST


def _is_words(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _is_date(value: Any) -> bool:
    try:
        return bool(value == NO_END or parse_day(value))
    except (AttributeError, InputError):
        return False


def _is_range(value: Any) -> bool:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return False
    low, high = value
    both = [one for one in (low, high) if one is not None]
    return all(_is_number(one) for one in both) and (len(both) < 2 or low <= high)


_FITS = {
    "text": lambda value: isinstance(value, str),
    "code": lambda value: isinstance(value, str) or _is_words(value),
    "words": _is_words,
    "number": _is_number,
    "date": _is_date,
    "range": _is_range,
}
