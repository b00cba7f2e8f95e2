"""What each side gets of the taxes of a plant that moved: a rule as data, year by year, with a cap and an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any

from duijie.errors import Fault, InputError
from duijie.terms import Bilingual, Reason, Source
from duijie.terms.days import FIRST_DAY, LAST_DAY

__all__ = ["BenefitRule", "LocalShare", "Phase", "Relocation", "SharedYear", "Sharing", "rule_of", "share_benefits"]

# more than a year's taxes of any country; what is not below it is no amount, NaN and infinity among it
_MOST_CNY = 1e15
_FEN = 100


@dataclass(frozen=True, slots=True)
class LocalShare:
    """The local part of a tax between two dates (0–1); an empty end is open."""

    tax: str
    name: Bilingual
    valid_from: str
    share: float
    valid_until: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """How the local part is split for so many years; None years never ends."""

    shares: Mapping[str, float]
    years: int | None = None
    only_below_cap: bool = False


@dataclass(frozen=True)
class BenefitRule:
    """A sharing rule as its file says it.

    `regions` are the codes where it is in force; between others it is a model by analogy. The total of `capped` is
    limited to what the plant paid in the `years_before` the move.
    """

    key: str
    title: Bilingual
    phases: tuple[Phase, ...]
    afterwards: str
    capped: str = ""
    led_by: str = "any"
    fits_destination: bool = False
    least_mean_cny: float = 0.0
    years_before: int = 0
    confirmed_by: tuple[str, ...] = ()
    subsidy_after: bool = False
    local_shares: tuple[LocalShare, ...] = ()
    regions: tuple[str, ...] = ()
    source: Source = field(default_factory=Source)


@dataclass(frozen=True)
class Relocation:
    """A plant that moves: who led it, and what it paid by year and tax, in CNY.

    `before` has the years before the move; `after` the years from the change of registration and full production
    on, each of them, an empty one where nothing was paid. Taxes the rule does not know are left out and named; the
    key ``local`` is taken as local already.
    """

    led_by: str
    fits_destination: bool
    confirmed_by: tuple[str, ...]
    before: Mapping[int, Mapping[str, float]]
    after: Mapping[int, Mapping[str, float]]
    sides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedYear:
    """One year: the local part of the taxes, what each party gets of it, and what the cap leaves for later."""

    year: int
    local_cny: float
    shares_cny: Mapping[str, float]
    cap_left_cny: float | None


@dataclass(frozen=True)
class Sharing:
    """The whole sharing: by year, in total, with the cap and the reasons that stand for or against it."""

    rule: str
    is_eligible: bool
    is_by_analogy: bool
    cap_cny: float | None
    is_cap_reached: bool
    years: tuple[SharedYear, ...]
    totals_cny: Mapping[str, float]
    reasons: tuple[Reason, ...]


def rule_of(document: Mapping[str, Any]) -> BenefitRule:
    """The rule of a document in the shape of ``data/policies/benefit/*.yaml``.

    Raises
    ------
    InputError
        ``track_shares_not_one``: the shares of a phase do not sum to 1. ``track_rule_wrong``: the party whose total is
        limited has no share, a phase follows one that never ends, or two local shares of a tax are in force at once;
        `faults` lists all.
    """
    conditions = document["conditions"]
    source = {key: value for key, value in document["source"].items() if key != "last_checked_on"}
    phases = tuple(Phase(**one) for one in document["phases"])
    for at, phase in enumerate(phases, start=1):
        total = sum(map(_exact, phase.shares.values()))
        if total != 1:
            raise InputError("track_shares_not_one", {"total": float(total), "phase": at}, {"rule": document["key"]})
    local_shares = tuple(_local_share(one) for one in document.get("local_shares", ()))
    faults = [*_rule_faults(phases, document.get("capped", ""), local_shares)]
    if faults:
        raise InputError("track_rule_wrong", {"n": len(faults)}, {"rule": document["key"]}, faults=faults)
    return BenefitRule(
        document["key"],
        Bilingual(**document["title"]),
        phases,
        document["afterwards"],
        document.get("capped", ""),
        conditions.get("led_by", "any"),
        conditions.get("fits_destination", False),
        conditions.get("least_mean_cny", 0.0),
        conditions.get("years_before", 0),
        tuple(conditions.get("confirmed_by", ())),
        document.get("subsidy_after", False),
        local_shares,
        tuple(document.get("in_force", {}).get("regions", ())),
        Source(**source),
    )


def _local_share(row: Mapping[str, Any]) -> LocalShare:
    return LocalShare(row["tax"], Bilingual(**row["name"]), row["from"], row["share"], row.get("until", ""))


def _rule_faults(phases: Sequence[Phase], capped: str, local_shares: Sequence[LocalShare]) -> Iterator[Fault]:
    if capped and not any(capped in phase.shares for phase in phases):
        known = sorted({party for phase in phases for party in phase.shares})
        yield Fault("track_capped_unknown", {"key": "capped"}, {"party": capped, "known": known})
    for at, phase in enumerate(phases[:-1]):
        if phase.years is None:
            yield Fault("track_phase_endless", {"key": f"phases.{at}"}, {"phase": at + 1})
    by_tax = sorted(local_shares, key=lambda one: (one.tax, one.valid_from))
    for one, other in pairwise(by_tax):
        if one.tax == other.tax and (not one.valid_until or _month(one.valid_until) >= _month(other.valid_from)):
            values = {"tax": one.tax, "first": one.valid_from, "second": other.valid_from}
            yield Fault("track_local_share_twice", {"key": "local_shares"}, values)


def _exact(value: float) -> Fraction:
    """A number as it is written: 0.1 is a tenth."""
    return Fraction(str(value))


def local_cny(rule: BenefitRule, year: int, paid: Mapping[str, float]) -> float:
    """The local part of what was paid in a year, to the fen; where the share changed within it, by the months."""
    return _local_fen(rule, year, paid) / _FEN


def _local_fen(rule: BenefitRule, year: int, paid: Mapping[str, float]) -> int:
    parts = [_exact(paid.get("local", 0))]
    parts += [
        _exact(paid[one.tax]) * _exact(one.share) * _part_of_year(one, year)
        for one in rule.local_shares
        if one.tax in paid
    ]
    return round(sum(parts) * _FEN)


def _part_of_year(one: LocalShare, year: int) -> Fraction:
    """The share of a year's months in which a local share was in force; changes fall on the first of a month."""
    first, end = max(_month(one.valid_from), year * 12), year * 12 + 12
    if one.valid_until:
        end = min(end, _month(one.valid_until) + 1)
    return Fraction(max(0, end - first), 12)


def _month(text: str) -> int:
    return int(text[:4]) * 12 + int(text[5:7] or 1) - 1


def share_benefits(rule: BenefitRule, relocation: Relocation) -> Sharing:
    """What each party gets of the local taxes of a moved plant, year by year.

    Parameters
    ----------
    rule
        The sharing rule.
    relocation
        The move with its taxes in CNY, ≥ 0.

    Returns
    -------
    Sharing
        A year's shares sum to its local taxes, to the fen. A move the rule does not cover leaves everything with the
        party named `afterwards`; the reasons say why. No year after the move gives no years and no totals.

    Raises
    ------
    InputError
        ``track_taxes_wrong``: amounts that are negative or none, years that are missing, stand before and after the
        move or are none, fewer years before the move than the rule looks at; all at once.

    Notes
    -----
    With local taxes T_y, share s and cap C = Σ of the local taxes of the years before, the capped party gets
    min(s·T_y, C − what it got so far); the others share the rest in proportion. A phase marked `only_below_cap`
    begins only where the cap is not reached yet. Phases run by the calendar from the first year after the move.
    Amounts are whole fen; what a division leaves goes to the largest parts left over.

    References
    ----------
    财预〔2015〕92号, section 1.
    """
    _check(rule, relocation)
    against = tuple(_not_covered(rule, relocation))
    cap = sum(_last_years(rule, relocation)) if rule.capped else None
    years = tuple(_shared(rule, relocation, cap, is_covered=not against))
    totals: dict[str, int] = {}
    for one in years:
        for party, fen in one.shares.items():
            totals[party] = totals.get(party, 0) + fen
    is_reached = cap is not None and totals.get(rule.capped, 0) >= cap
    is_analogy = not (relocation.sides and all(_lies_in(side, rule.regions) for side in relocation.sides))
    reasons = (*against, *_remarks(rule, relocation, is_analogy=is_analogy, is_open=not against and not is_reached))
    return Sharing(
        rule.key,
        not against,
        is_analogy,
        _cny(cap),
        is_reached and not against,
        tuple(SharedYear(one.year, one.local / _FEN, _all_cny(one.shares), _cny(one.left)) for one in years),
        _all_cny(dict(sorted(totals.items()))),
        reasons,
    )


def _cny(fen: int | None) -> float | None:
    return None if fen is None else fen / _FEN


def _all_cny(shares: Mapping[str, int]) -> dict[str, float]:
    return {party: fen / _FEN for party, fen in shares.items()}


def _check(rule: BenefitRule, relocation: Relocation) -> None:
    faults = [
        *_year_faults("before", relocation.before),
        *_year_faults("after", relocation.after),
        *(_order_faults(rule, relocation) if _are_years((*relocation.before, *relocation.after)) else ()),
    ]
    if len(relocation.before) < rule.years_before:
        faults.append(Fault("track_years_missing", {}, {"n": len(relocation.before), "wanted": rule.years_before}))
    if faults:
        raise InputError("track_taxes_wrong", {"n": len(faults)}, faults=faults)


def _are_years(years: Sequence[object]) -> bool:
    return all(type(year) is int and FIRST_DAY.year <= year <= LAST_DAY.year for year in years)


def _year_faults(when: str, years: Mapping[int, Mapping[str, float]]) -> Iterator[Fault]:
    """Years that are none, and amounts that are none or negative."""
    for year, paid in sorted(years.items(), key=lambda pair: str(pair[0])):
        if not _are_years([year]):
            values = {"year": str(year), "first": FIRST_DAY.year, "last": LAST_DAY.year}
            yield Fault("track_year_wrong", {"key": when}, values)
        for tax, value in paid.items():
            where, values = {"key": f"{when}.{year}.{tax}"}, {"year": year, "value": value}
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not abs(value) < _MOST_CNY:
                yield Fault("track_tax_wrong", where, {"year": year, "value": str(value)[:80]})
            elif value < 0:
                yield Fault("track_tax_negative", where, values)


def _order_faults(rule: BenefitRule, relocation: Relocation) -> Iterator[Fault]:
    """Years that stand before and after the move, and years that are missing among those that count."""
    before, after = sorted(relocation.before), sorted(relocation.after)
    if before and (early := [year for year in after if year <= before[-1]]):
        yield Fault("track_years_overlap", {"key": "after"}, {"years": early, "last": before[-1]})
    looked_at = before[-rule.years_before :] if rule.years_before else []
    for when, years in (("before", looked_at), ("after", after)):
        missing = sorted({*range(years[0], years[-1])} - {*years}) if years else []
        if missing:
            yield Fault("track_years_gap", {"key": when}, {"years": missing, "first": years[0], "last": years[-1]})


def _last_years(rule: BenefitRule, relocation: Relocation) -> list[int]:
    """The local taxes of the years that the rule looks at, in fen."""
    years = sorted(relocation.before)[-rule.years_before :] if rule.years_before else []
    return [_local_fen(rule, year, relocation.before[year]) for year in years]


def _not_covered(rule: BenefitRule, relocation: Relocation) -> Iterator[Reason]:
    if rule.led_by not in ("any", relocation.led_by):
        yield Reason("track_benefit_led_by_other", {"led_by": relocation.led_by, "wanted": rule.led_by}, is_for=False)
    if rule.fits_destination and not relocation.fits_destination:
        yield Reason("track_benefit_unfit", is_for=False)
    paid = _last_years(rule, relocation)
    mean = sum(paid) / len(paid) / _FEN if paid else 0.0
    if mean < rule.least_mean_cny:
        yield Reason("track_benefit_too_small", {"mean": round(mean), "least": rule.least_mean_cny}, is_for=False)
    missing = [party for party in rule.confirmed_by if party not in relocation.confirmed_by]
    if missing:
        yield Reason("track_benefit_unconfirmed", {"parties": missing}, is_for=False)


@dataclass(frozen=True, slots=True)
class _Year:
    """A year in fen."""

    year: int
    local: int
    shares: Mapping[str, int]
    left: int | None


def _shared(rule: BenefitRule, relocation: Relocation, cap: int | None, *, is_covered: bool) -> Iterator[_Year]:
    left = cap
    for year in sorted(relocation.after):
        local = _local_fen(rule, year, relocation.after[year])
        at = year - min(relocation.after)
        shares = _phase_shares(rule, at, left) if is_covered else None
        split = _split(rule, local, shares, left) if shares else {rule.afterwards: local}
        if left is not None and shares:
            left -= split.get(rule.capped, 0)
        yield _Year(year, local, split, left)


def _phase_shares(rule: BenefitRule, at: int, left: int | None) -> Mapping[str, float] | None:
    """The shares in the `at`-th year after the move; None where the sharing is over."""
    first = 0
    for phase in rule.phases:
        if phase.years is None or at < first + phase.years:
            is_over = left is not None and left <= 0
            return None if is_over and phase.only_below_cap else phase.shares
        first += phase.years
    return None


def _split(rule: BenefitRule, local: int, shares: Mapping[str, float], left: int | None) -> dict[str, int]:
    """Whole fen for each party; what the cap takes from one goes to the others, or to whoever comes afterwards."""
    found = _apportioned(local, shares)
    if rule.capped not in shares or left is None or found[rule.capped] <= left:
        return found
    others = {party: share for party, share in shares.items() if party != rule.capped and share > 0}
    rest = _apportioned(local - left, others or {rule.afterwards: 1.0})
    return rest | {rule.capped: left + rest.get(rule.capped, 0)}


def _apportioned(amount: int, shares: Mapping[str, float]) -> dict[str, int]:
    """An amount in whole parts by shares: the largest remainders get what is left over."""
    total = sum(map(_exact, shares.values()))
    exact = {party: amount * _exact(share) / total for party, share in shares.items()}
    found = {party: floor(part) for party, part in exact.items()}
    first = sorted(exact, key=lambda party: found[party] - exact[party])
    for party in first[: amount - sum(found.values())]:
        found[party] += 1
    return found


def _remarks(rule: BenefitRule, relocation: Relocation, *, is_analogy: bool, is_open: bool) -> Iterator[Reason]:
    if is_analogy:
        yield Reason("track_benefit_by_analogy", {"rule": rule.title.to_dict()}, is_for=False)
    known = {"local", *(one.tax for one in rule.local_shares)}
    years = (*relocation.before.values(), *relocation.after.values())
    if strange := sorted({tax for paid in years for tax in paid} - known):
        yield Reason("track_benefit_taxes_left_out", {"taxes": strange}, is_for=False)
    ends = [phase.years for phase in rule.phases if phase.years is not None]
    is_over = len(ends) == len(rule.phases) and _span(relocation.after) >= sum(ends)
    if is_open and rule.subsidy_after and is_over:
        yield Reason("track_benefit_subsidy_possible", {"years": sum(ends)})


def _span(years: Mapping[int, Any]) -> int:
    """Years of the calendar from the first to the last."""
    return max(years) - min(years) + 1 if years else 0


def _lies_in(side: str, regions: Sequence[str]) -> bool:
    """Whether a region's code lies in one of `regions`: a province's code ends with zeros."""
    return any(side.startswith(code.rstrip("0")) for code in regions)
