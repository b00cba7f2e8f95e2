"""What if a plant moves or a firm grows: named, saved, versioned suppositions about a table, and what they change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa

from duijie.data.documents import json_document, plain
from duijie.data.typed import typed
from duijie.errors import Fault, InputError
from duijie.terms import Counts, Provenance

from .complexity import external_complexity
from .conventions import Convention
from .growth import changed
from .model import Model, fit, held_against
from .specialization import location_quotient

__all__ = ["Change", "Difference", "Scenario", "Shift", "compared", "counts_digest"]

FORMAT = "duijie-scenario/1"
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Change:
    """One supposed event: `amount` (> 0, in the table's unit) of an industry leaves `origin`, arrives at `destination`.

    With both it moves; with a destination alone it grows or opens; with an origin alone it shrinks or closes.
    """

    industry: str
    amount: float
    origin: str = ""
    destination: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named list of changes to one table, as it is saved: plain values, the same JSON for the same scenario.

    `base` is the digest of the counts it was written for (see :func:`counts_digest`); `within` names the rows that
    contain a region and change with it (its province, the nation). `version` counts from 1; `previous` is the digest
    of the version it revises.
    """

    name: str
    changes: tuple[Change, ...]
    base: str
    note: str = ""
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    version: int = 1
    previous: str = ""

    @classmethod
    def on(
        cls,
        counts: Counts,
        name: str,
        changes: Iterable[Change],
        *,
        note: str = "",
        within: Mapping[str, Sequence[str]] | None = None,
    ) -> Scenario:
        """A first version on a table, tried at once.

        Raises
        ------
        InputError
            A change is no change (no place, or an amount that is not above 0), names an unknown region or industry,
            or takes more than there is.

        Examples
        --------
        >>> table = Counts(("a", "b"), ("shoes",), np.array([[5.0], [1.0]]), "firms")
        >>> plan = Scenario.on(table, "two firms move", [Change("shoes", 2, origin="a", destination="b")])
        >>> plan.apply(table).values.tolist()
        [[3.0], [3.0]]
        >>> Scenario.from_json(plan.to_json()) == plan
        True
        """
        held = {region: tuple(rows) for region, rows in (within or {}).items()}
        made = cls(name, tuple(changes), counts_digest(counts), note, held)
        made.apply(counts)
        return made

    def revised(
        self, counts: Counts, *, changes: Iterable[Change] | None = None, name: str = "", note: str | None = None
    ) -> Scenario:
        """The next version: other changes, another name or note, or the same on newer counts.

        Raises
        ------
        InputError
            As for :meth:`on`.
        """
        made = replace(
            self,
            name=name or self.name,
            note=self.note if note is None else note,
            changes=self.changes if changes is None else tuple(changes),
            base=counts_digest(counts),
            version=self.version + 1,
            previous=self.digest,
        )
        made.apply(counts)
        return made

    def apply(self, counts: Counts) -> Counts:
        """The table as it would be; its note carries the scenario's name, so that a what-if never passes for a fact.

        Raises
        ------
        InputError
            These are not the counts the scenario was written for, or a change cannot be made.
        """
        if counts_digest(counts) != self.base:
            raise InputError("diagnose_scenario_stale", {"name": self.name})
        return changed(counts, self._cells(), note=" · ".join(filter(None, (self.name, self.note))))

    def _cells(self) -> dict[tuple[str, str], float]:
        """What each cell gains or loses in all, rows that contain a region included."""
        cells: dict[tuple[str, str], float] = {}
        for one in self.changes:
            if not (np.isfinite(one.amount) and one.amount > 0) or not (one.origin or one.destination):
                raise InputError("diagnose_change_wrong", asdict(one))
            for region, amount in ((one.destination, one.amount), (one.origin, -one.amount)):
                for row in (region, *self.within.get(region, ())) if region else ():
                    cells[row, one.industry] = cells.get((row, one.industry), 0.0) + amount
        return cells

    def to_dict(self) -> dict[str, Any]:
        """The scenario as plain values."""
        return {"format": FORMAT, **asdict(self), "within": {key: list(rows) for key, rows in self.within.items()}}

    def to_json(self) -> str:
        """The scenario as text: the same for the same scenario, to be saved or signed."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        """A scenario from what :meth:`to_json` wrote.

        Raises
        ------
        InputError
            The text is no such JSON: another format, an unknown or a missing key.
        """
        document, wrong = json_document(text, {})
        faults = list(wrong)
        if not faults and (not isinstance(document, dict) or document.pop("format", None) != FORMAT):
            faults.append(Fault("value_among", {"key": "format"}, {"value": str(document)[:80], "known": FORMAT}))
        found = None if faults else typed(cls, document, {}, faults)
        if found is None:
            raise InputError("diagnose_scenario_unreadable", {"n": len(faults)}, faults=faults)
        return found

    @property
    def digest(self) -> str:
        """SHA-256 of the JSON: what a later version names as its `previous`."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Shift:
    """One number before and after; `partner` for numbers of two regions, `industry` for numbers of a cell."""

    measure: str
    region: str
    before: float
    after: float
    industry: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a scenario changes: every number of the asked regions that moves, largest relative move first.

    Measures: ``amount``, ``quotient``, ``presence`` (0 or 1), ``density`` and ``added`` a cell; ``diversity`` and
    ``complexity`` (mean PCI of what is held) a region; ``finger_kreinin``, ``cosine``, ``krugman`` and
    ``added_density`` a pair. Relatedness and complexity of industries stay those learnt from the base, so that only
    what was supposed moves.
    """

    scenario: str
    shifts: tuple[Shift, ...]
    provenance: Provenance

    def to_dict(self) -> dict[str, Any]:
        """The difference as plain values, ready for JSON."""
        return {name: plain(getattr(self, name)) for name in ("scenario", "shifts", "provenance")}

    def to_arrow(self) -> pa.Table:
        """The shifts as an Arrow table."""
        columns = [field.name for field in fields(Shift)]
        return pa.table({name: [getattr(one, name) for one in self.shifts] for name in columns})

    def to_pandas(self) -> Any:
        """The shifts as a pandas frame; needs pandas."""
        return self.to_arrow().to_pandas()


def counts_digest(counts: Counts) -> str:
    """SHA-256 of a table: regions, industries, unit, year and every value."""
    head = json.dumps([counts.regions, counts.industries, counts.unit, counts.year], ensure_ascii=False)
    body = np.ascontiguousarray(counts.values, dtype="<f8").tobytes()
    return hashlib.sha256(head.encode() + b"\0" + body).hexdigest()


def compared(
    scenario: Scenario,
    counts: Counts,
    region_a: str,
    region_b: str,
    *,
    reference: str = "",
    learn: Sequence[str] | None = None,
    convention: str | Convention = "atlas",
) -> Difference:
    """What a scenario changes for two regions, number by number.

    Parameters
    ----------
    counts
        The table the scenario was written for.
    reference
        The row that stands for the country; without one, the sum of the rows learnt from.
    learn
        Regions to learn relatedness from; all but the two and `reference` by default.

    Raises
    ------
    InputError
        As for :meth:`Scenario.apply`, or the table has no such region.
    """
    for region in (region_a, region_b, *([reference] if reference else [])):
        if region not in counts.regions:
            raise InputError("diagnose_region_unknown", {"region": region})
    taught = [
        one for one in learn or counts.regions if one not in (reference, *(() if learn else (region_a, region_b)))
    ]
    later = scenario.apply(counts)
    old = fit(counts, learn=taught, reference=reference, convention=convention)
    new = _held_again(old, later, taught, reference)
    numbers = [_numbers(model, table, region_a, region_b, reference) for model, table in ((old, counts), (new, later))]
    shifts = [
        Shift(measure, region, numbers[0].get(key, 0.0), numbers[1].get(key, 0.0), industry, partner)
        for key in sorted({*numbers[0], *numbers[1]})
        for measure, region, industry, partner in [key]
        if _is_moved(numbers[0].get(key, 0.0), numbers[1].get(key, 0.0))
    ]
    made = Provenance(
        inputs={"counts": scenario.base, "scenario": scenario.digest},
        parameters={"regions": [region_a, region_b], "reference": reference, "convention": old.found.convention},
    )
    return Difference(scenario.name, tuple(sorted(shifts, key=_order)), made)


def _held_again(model: Model, later: Counts, taught: Sequence[str], reference: str) -> Model:
    """The model asked about other amounts, with what it has learnt kept."""
    rows = [later.regions.index(name) for name in model.regions]
    against = later.values[[later.regions.index(name) for name in ([reference] if reference else taught)]].sum(0)
    values = later.values[rows]
    return replace(model, values=values, presence=held_against(values, against))


Key = tuple[str, str, str, str]


def _numbers(model: Model, counts: Counts, region_a: str, region_b: str, reference: str) -> dict[Key, float]:
    pair = model.pair(region_a, region_b)
    found: dict[Key, float] = {
        ("finger_kreinin", region_a, "", region_b): pair.finger_kreinin,
        ("cosine", region_a, "", region_b): pair.cosine,
        ("krugman", region_a, "", region_b): pair.krugman,
    }
    against = counts.values[counts.regions.index(reference)] if reference else None
    quotients = location_quotient(counts.values, reference=against)
    for side, (region, partner) in enumerate(((region_a, region_b), (region_b, region_a))):
        row, at = model.regions.index(region), counts.regions.index(region)
        held = model.presence[row]
        found["diversity", region, "", ""] = float(held.sum())
        found["complexity", region, "", ""] = float(external_complexity(held[None], model.worth)[0])
        found["added_density", region, "", partner] = pair.added[side]
        cells = {
            "amount": counts.values[at], "quotient": quotients[at], "presence": held.astype(float),
            "density": model.densities[row],
        }  # fmt: skip
        for name, line in cells.items():
            found |= {(name, region, industry, ""): float(line[i]) for i, industry in enumerate(counts.industries)}
    return found


def _is_moved(before: float, after: float) -> bool:
    if before != before or after != after:
        return (before != before) != (after != after)
    return abs(after - before) > TINY * max(1.0, abs(before), abs(after))


def _order(one: Shift) -> tuple[float, str, str, str, str]:
    size = max(abs(one.before), abs(one.after), TINY)
    move = abs(one.after - one.before) / size
    return -(move if move == move else 1.0), one.measure, one.region, one.partner, one.industry
