"""One organisation under several names and codes: pairs that may be the same, why, and decisions that can be undone."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations
from math import exp
from typing import Any

from duijie import data
from duijie.cells.cell import simplified
from duijie.cells.codes import is_sound, regions
from duijie.errors import InputError
from duijie.terms import Reason

__all__ = ["Decision", "MergeQueue", "Pair", "core_name", "likeness", "merge_queue"]

_CROWD = 40  # a shared mark of more organisations than this says nothing
_FIELDS = ("name", "name_en", "short_name", "uscc", "region", "town", "address", "registered_on", "scope", "products")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one organisation: their rows, the estimated chance 0–1, the reasons."""

    one: int
    other: int
    chance: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of a pair; `undoes` is the place of the decision it takes back, -1 where it decides."""

    one: int
    other: int
    is_same: bool
    by: str
    at: str
    undoes: int = -1


@dataclass(frozen=True, eq=False)
class MergeQueue:
    """Pairs to be confirmed, likeliest first, and the decisions so far; a decision gives a new queue.

    `names` and `keys` (file and row) are those of the records, in the order of their rows. Decisions are only ever
    added: an undo is a decision too.
    """

    names: tuple[str, ...]
    keys: tuple[str, ...]
    pairs: tuple[Pair, ...]
    decisions: tuple[Decision, ...] = field(default=())

    def decide(self, one: int, other: int, *, is_same: bool, by: str, at: str) -> MergeQueue:
        """The queue with a decision on two records.

        Raises
        ------
        InputError
            A row is not there, or the two are one, or said to be different while other decisions make them the same,
            or the other way round.
        """
        if one == other or not all(0 <= row < len(self.names) for row in (one, other)):
            raise InputError("merge_no_pair", {"one": one, "other": other})
        decided = replace(self, decisions=(*self.decisions, Decision(one, other, is_same, by, at)))
        torn = decided._torn()
        if torn:
            values = {"one": self.names[torn[0]], "other": self.names[torn[1]]}
            raise InputError("merge_contradiction", values, hint="merge_undo_first")
        return decided

    def undo(self, place: int, *, by: str, at: str) -> MergeQueue:
        """The queue with decision number `place` taken back.

        Raises
        ------
        InputError
            There is no such decision, or it is undone already.
        """
        if place not in dict(self._standing()):
            raise InputError("merge_no_decision", {"place": place})
        old = self.decisions[place]
        return replace(self, decisions=(*self.decisions, Decision(old.one, old.other, old.is_same, by, at, place)))

    def open_pairs(self) -> tuple[Pair, ...]:
        """Pairs nobody has decided on, and whose records are not yet the same by other decisions."""
        said = {frozenset((one.one, one.other)) for _, one in self._standing()}
        root = self._roots()
        return tuple(p for p in self.pairs if frozenset((p.one, p.other)) not in said and root[p.one] != root[p.other])

    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Rows that are one organisation by the decisions that stand; single records are left out."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for row, root in enumerate(self._roots()):
            found[root].append(row)
        return tuple(tuple(rows) for rows in found.values() if len(rows) > 1)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        pairs = [
            {"one": p.one, "other": p.other, "chance": round(p.chance, 4), "reasons": [r.to_dict() for r in p.reasons]}
            for p in self.pairs
        ]
        decisions = [asdict(one) for one in self.decisions]
        return {"names": list(self.names), "keys": list(self.keys), "pairs": pairs, "decisions": decisions}

    def _standing(self) -> list[tuple[int, Decision]]:
        undone = {one.undoes for one in self.decisions}
        return [(at, one) for at, one in enumerate(self.decisions) if one.undoes < 0 and at not in undone]

    def _roots(self) -> list[int]:
        root = list(range(len(self.names)))

        def top(row: int) -> int:
            while root[row] != row:
                root[row] = root[root[row]]
                row = root[row]
            return row

        for _, one in self._standing():
            if one.is_same:
                low, high = sorted((top(one.one), top(one.other)))
                root[high] = low
        return [top(row) for row in range(len(root))]

    def _torn(self) -> tuple[int, int] | None:
        root = self._roots()
        differ = ((one.one, one.other) for _, one in self._standing() if not one.is_same)
        return next(((one, other) for one, other in differ if root[one] == root[other]), None)


@cache
def _parts() -> Mapping[str, tuple[str, ...]]:
    content = data.read(data.root() / "intake" / "names.yaml")
    return {name: tuple(sorted(words, key=len, reverse=True)) for name, words in content.items()}


@cache
def _places() -> frozenset[str]:
    """Names of regions with and without their kind: 某省, 某市, 某."""
    found: set[str] = set()
    for name, _ in regions().values():
        bare = re.sub(r"(特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|自治州|自治县|省|市|区|县|旗)$", "", name)
        found |= {name, bare} if len(bare) > 1 else {name}
    return frozenset(found)


def _folded(name: str) -> str:
    return re.sub(r"[\s·.,，。、\-_\"'“”《》]", "", simplified(unicodedata.normalize("NFKC", name).lower()))


def _without_places(name: str) -> str:
    """The name after the places it begins with; a name that would keep fewer than three characters stays."""
    at = 0
    while True:
        step = next((n for n in range(min(9, len(name) - at - 1), 1, -1) if name[at : at + n] in _places()), 0)
        if not step:
            break
        at += step
        while name[at : at + 1] and name[at] in "省市区县镇":
            at += 1
    return name[at:] if len(name) - at > 2 else name


def core_name(name: str) -> str:
    """What is an organisation's own in its name: without place, legal form and brackets.

    Examples
    --------
    >>> core_name("甲乙丙(北京)鞋业有限公司"), core_name("北京市甲乙丙鞋业有限责任公司"), core_name("甲乙丙鞋業")
    ('甲乙丙鞋业', '甲乙丙鞋业', '甲乙丙鞋业')
    """
    folded = _folded(name)
    inner = re.findall(r"\(([^)]*)\)", folded)
    bare = re.sub(r"\([^)]*\)", "", folded)
    kept = "".join(part for part in inner if _without_places(part) == part and part not in _places() and len(part) > 4)
    bare = _without_places(bare)
    for form in _parts()["forms"]:
        if bare.endswith(form) and len(bare) > len(form) + 1:
            bare = bare[: -len(form)]
            break
    return bare + kept


def _english(name: str) -> str:
    words = re.findall(r"[a-z0-9]+", unicodedata.normalize("NFKC", name).lower())
    joined = " ".join(words)
    for form in sorted(_parts()["forms_en"], key=len, reverse=True):
        joined = joined.removesuffix(" " + form)
    return joined.replace(" ", "")


@dataclass(frozen=True, slots=True)
class _Record:
    name: str
    core: str
    others: tuple[str, ...]
    english: str
    uscc: str
    region: str
    place: str
    registered_on: str
    text: frozenset[str]
    branch: str


def _records(tables: Sequence[Any]) -> tuple[list[_Record], list[str]]:
    records: list[_Record] = []
    keys: list[str] = []
    for table in tables:
        names = table.column_names
        for row in table.select(
            [name for name in (*_FIELDS, "source_file", "source_row") if name in names]
        ).to_pylist():
            records.append(_record(row))
            keys.append(f"{row.get('source_file', '')}:{row.get('source_row', len(keys))}")
    return records, keys


def _record(row: Mapping[str, Any]) -> _Record:
    name = row.get("name") or ""
    folded = _folded(name)
    branch = next((word for word in _parts()["branches"] if word in folded), "")
    short = [core_name(one) for one in re.split(r"[;；、/]", row.get("short_name") or "") if one.strip()]
    said = (row.get("scope") or "") + "".join(row.get("products") or ())
    code = row.get("uscc") or ""
    return _Record(
        name=folded,
        core=core_name(name),
        others=tuple(short),
        english=_english(row.get("name_en") or (name if name.isascii() else "")),
        uscc=code,
        region=row.get("region") or code[2:8],
        place=_folded((row.get("town") or "") + (row.get("address") or "")),
        registered_on=row.get("registered_on") or "",
        text=frozenset(said[at : at + 2] for at in range(min(len(said), 120) - 1)),
        branch=folded if branch else "",
    )


def _number(core: str) -> str:
    return "".join(filter(str.isdigit, core))


def _marks(record: _Record) -> Iterator[str]:
    """What two records of one organisation are likely to share at least one of."""
    for core in (record.core, *record.others):
        if len(core) > 1:
            yield f"name {core}"
            head = f"head {core[:2]}{record.region[:4]}" if len(core) < 4 else f"head {core[:3]}"
            yield head + _number(core)
            yield f"inside {core[1:5]}{_number(core)}"
    core = record.core
    if len(core) > 3:
        yield f"near {core}"
        # a number is a name's own: to leave a digit out makes a thousand numbered shops alike
        gone = (at for at in range(min(len(core), 12)) if not core[at].isdigit())
        yield from (f"near {core[:at]}{core[at + 1 :]}" for at in gone)
    if len(core) > 7:
        yield f"half {core[: len(core) // 2]}{_number(core)}"
        yield f"end {core[-6:]}{_number(core)}"
    if record.english:
        yield f"english {record.english}"
    if record.uscc:
        yield f"code {record.uscc}"
        yield f"organisation {record.uscc[8:17]}"
    if record.registered_on and record.region and len(record.registered_on) == 10 and len(record.core) > 1:
        yield f"begun {record.registered_on}{record.region}{record.core[:2]}"


def _candidates(records: Sequence[_Record]) -> Iterator[tuple[int, int]]:
    blocks: defaultdict[int, list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        for mark in set(_marks(record)):
            blocks[hash(mark)].append(row)
    seen: set[tuple[int, int]] = set()
    for rows in blocks.values():
        if 1 < len(rows) <= _CROWD:
            seen.update(combinations(rows, 2))
    yield from seen


def likeness(one: str, other: str) -> float:
    """How alike two names are, 0–1: twice the characters they share in order over all they have; 0 for an empty one.

    Examples
    --------
    >>> likeness("甲乙鞋业", "甲乙鞋服")
    0.75
    """
    return SequenceMatcher(None, one, other, autojunk=False).ratio() if one and other else 0.0


@cache
def _weights() -> Mapping[str, float]:
    return {row["reason"]: float(row["weight"]) for row in data.table(data.root() / "intake" / "merge_weights.csv")}


def _evidence(one: _Record, other: _Record, rarity: Counter[str]) -> dict[str, float]:
    """Reasons by code, each with the strength 0–1 with which it holds."""
    found = _names_evidence(one, other, rarity) | _codes_evidence(one, other)
    if one.region and other.region:
        found["same_region" if one.region[:4] == other.region[:4] else "other_region"] = 1.0
    if one.place and other.place:
        close = likeness(one.place, other.place)
        found["same_place" if close > 0.6 else "other_place"] = close if close > 0.6 else 1.0
    if one.registered_on and other.registered_on:
        n = min(len(one.registered_on), len(other.registered_on))
        found["same_day" if one.registered_on[:n] == other.registered_on[:n] else "other_day"] = 1.0
    if one.text and other.text:
        found["same_work"] = len(one.text & other.text) / min(len(one.text), len(other.text))
    return found


def _names_evidence(one: _Record, other: _Record, rarity: Counter[str]) -> dict[str, float]:
    close = max(likeness(a, b) for a in (one.core, *one.others) for b in (other.core, *other.others))
    found: dict[str, float] = {}
    if close == 1.0:
        found["same_name"] = 1.0 / max(1, rarity[one.core] - 1)
    elif close > 0.5:
        found["like_name"] = close
    else:
        found["other_name"] = 1.0
    if one.english and one.english == other.english:
        found["same_english"] = 1.0
    if bool(one.branch) != bool(other.branch) or (one.branch and likeness(one.branch, other.branch) < 1):
        found["other_branch"] = 1.0
    digits = [re.findall(r"\d+|[一二三四五六七八九十]+(?=厂|店|部|公司|分)", record.name) for record in (one, other)]
    if digits[0] != digits[1]:
        found["other_number"] = 1.0
    return found


def _codes_evidence(one: _Record, other: _Record) -> dict[str, float]:
    if not (one.uscc and other.uscc):
        return {}
    if one.uscc == other.uscc:
        return {"same_code": 1.0}
    if one.uscc[8:17] == other.uscc[8:17]:
        return {"same_organisation": 1.0}
    differing = sum(a != b for a, b in zip(one.uscc, other.uscc, strict=False)) + abs(len(one.uscc) - len(other.uscc))
    # numbers are given in turn: two codes that are both sound and differ little are two organisations
    if all(is_sound(record.uscc) for record in (one, other)):
        return {"other_code": 1.0}
    return {"near_code": 1.0} if differing <= 2 else {"unlike_code": 1.0}


def _pair(one: int, other: int, evidence: Mapping[str, float]) -> Pair:
    weights = _weights()
    parts = {code: weights[code] * strength for code, strength in evidence.items()}
    chance = 1 / (1 + exp(-(weights["base"] + sum(parts.values()))))
    reasons = tuple(
        Reason(f"merge_{code}", {"share": round(evidence[code], 2)}, part, part > 0)
        for code, part in sorted(parts.items(), key=lambda own: -abs(own[1]))
        if abs(part) > 0.2
    )
    return Pair(min(one, other), max(one, other), chance, reasons)


def merge_queue(tables: Sequence[Any], *, least: float = 0.5) -> MergeQueue:
    """Find the records of one or several tables that may be the same organisation.

    Parameters
    ----------
    tables
        Arrow tables of the kind ``firms`` (see :func:`duijie.intake.read_table`); of each record what is there is
        used: name, English and short names, code, region, place, day of registration, scope and products.
    least
        0–1; pairs with a lower chance are left out.

    Returns
    -------
    MergeQueue
        Nothing is merged: a person decides. No records, or none alike, give an empty queue.

    Notes
    -----
    Records that share a mark (the name without place and legal form, that name but for one character, the code, its
    nine characters of the organisation, …) are compared; marks shared by more than 40 are passed over. Reasons for and
    against are added as log odds, after Fellegi and Sunter; the weights are fitted on seeded corruptions of registry
    rows (``tools/train_merging.py``).

    References
    ----------
    I. P. Fellegi, A. B. Sunter (1969), A theory for record linkage, JASA 64, 1183–1210.
    """
    records, keys = _records(tables)
    rarity = Counter(record.core for record in records)
    pairs = (_pair(a, b, _evidence(records[a], records[b], rarity)) for a, b in _candidates(records))
    kept = sorted((pair for pair in pairs if pair.chance >= least), key=lambda p: (-p.chance, p.one, p.other))
    names = tuple(name for table in tables for name in _column(table, "name"))
    return MergeQueue(names, tuple(keys), tuple(kept))


def _column(table: Any, name: str) -> Iterable[str]:
    return (
        (value or "" for value in table.column(name).to_pylist()) if name in table.column_names else [""] * len(table)
    )


def saved(queue: MergeQueue) -> str:
    """The queue with its decisions as JSON text, to be read again by :func:`restored`."""
    return json.dumps(queue.to_dict(), ensure_ascii=False)


def restored(text: str) -> MergeQueue:
    """The queue a text of :func:`saved` holds.

    Raises
    ------
    InputError
        The text holds no queue.
    """
    try:
        content = json.loads(text)
        pairs = tuple(
            Pair(row["one"], row["other"], row["chance"], tuple(Reason(**own) for own in row["reasons"]))
            for row in content["pairs"]
        )
        decisions = tuple(Decision(**row) for row in content["decisions"])
        return MergeQueue(tuple(content["names"]), tuple(content["keys"]), pairs, decisions)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("merge_queue_broken") from error
