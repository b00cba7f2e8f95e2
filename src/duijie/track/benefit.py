"""What each side gets of the taxes of a plant that moved: a rule as data, year by year, with a cap and an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any

from duijie.errors import Fault, InputError
from duijie.terms import Bilingual, Reason, Source

__all__ = ["BenefitRule", "LocalShare", "Phase", "Relocation", "SharedYear", "Sharing", "rule_of", "share_benefits"]

_TOLERANCE = 1e-9


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
    on. Taxes the rule does not know are left out; the key ``local`` is taken as local already.
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
        ``track_shares_not_one``: the shares of a phase do not sum to 1.
    """
    conditions = document["conditions"]
    source = {key: value for key, value in document["source"].items() if key != "last_checked_on"}
    phases = tuple(Phase(**one) for one in document["phases"])
    for at, phase in enumerate(phases, start=1):
        total = fsum(phase.shares.values())
        if abs(total - 1) > _TOLERANCE:
            raise InputError("track_shares_not_one", {"total": total, "phase": at}, {"rule": document["key"]})
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
        tuple(_local_share(one) for one in document.get("local_shares", ())),
        tuple(document.get("in_force", {}).get("regions", ())),
        Source(**source),
    )


def _local_share(row: Mapping[str, Any]) -> LocalShare:
    return LocalShare(row["tax"], Bilingual(**row["name"]), row["from"], row["share"], row.get("until", ""))


def local_cny(rule: BenefitRule, year: int, paid: Mapping[str, float]) -> float:
    """The local part of what was paid in a year; where the share changed within it, by the days of each."""
    parts = [paid.get("local", 0.0)]
    parts += [paid[one.tax] * one.share * _part_of_year(one, year) for one in rule.local_shares if one.tax in paid]
    return fsum(parts)


def _part_of_year(one: LocalShare, year: int) -> float:
    """The share of a year's months in which a local share was in force; changes fall on the first of a month."""
    first = max(_month(one.valid_from), year * 12)
    last = min(_month(one.valid_until) if one.valid_until else year * 12 + 11, year * 12 + 11)
    return max(0, last - first + 1) / 12


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
        A year's shares sum to its local taxes. A move the rule does not cover leaves everything with the party named
        `afterwards`; the reasons say why. No year after the move gives no years and no totals.

    Raises
    ------
    InputError
        ``track_taxes_wrong``: negative taxes, or fewer years before the move than the rule looks at; all at once.

    Notes
    -----
    With local taxes T_y, share s and cap C = Σ of the local taxes of the years before, the capped party gets
    min(s·T_y, C − what it got so far); the others share the rest in proportion. A phase marked `only_below_cap`
    begins only where the cap is not reached yet.

    References
    ----------
    财预〔2015〕92号, section 1.
    """
    _check(rule, relocation)
    against = tuple(_not_covered(rule, relocation))
    cap = _cap(rule, relocation) if rule.capped else None
    years = tuple(_shared(rule, relocation, cap, is_covered=not against))
    parties = {party for one in years for party in one.shares_cny}
    totals = {party: fsum(one.shares_cny.get(party, 0.0) for one in years) for party in sorted(parties)}
    is_reached = cap is not None and totals.get(rule.capped, 0.0) >= cap - _TOLERANCE * max(1.0, cap)
    is_analogy = not (relocation.sides and all(_lies_in(side, rule.regions) for side in relocation.sides))
    reasons = (*against, *_remarks(rule, relocation, is_analogy=is_analogy, is_open=not against and not is_reached))
    return Sharing(rule.key, not against, is_analogy, cap, is_reached and not against, years, totals, reasons)


def _check(rule: BenefitRule, relocation: Relocation) -> None:
    faults = [
        Fault("track_tax_negative", {"year": year, "tax": tax}, {"year": year, "value": value})
        for years in (relocation.before, relocation.after)
        for year, paid in sorted(years.items())
        for tax, value in paid.items()
        if value < 0
    ]
    if len(relocation.before) < rule.years_before:
        faults.append(Fault("track_years_missing", {}, {"n": len(relocation.before), "wanted": rule.years_before}))
    if faults:
        raise InputError("track_taxes_wrong", {"n": len(faults)}, faults=faults)


def _last_years(rule: BenefitRule, relocation: Relocation) -> list[float]:
    years = sorted(relocation.before)[-rule.years_before :] if rule.years_before else []
    return [local_cny(rule, year, relocation.before[year]) for year in years]


def _cap(rule: BenefitRule, relocation: Relocation) -> float:
    return fsum(_last_years(rule, relocation))


def _not_covered(rule: BenefitRule, relocation: Relocation) -> Iterator[Reason]:
    if rule.led_by not in ("any", relocation.led_by):
        yield Reason("track_benefit_led_by_other", {"led_by": relocation.led_by, "wanted": rule.led_by}, is_for=False)
    if rule.fits_destination and not relocation.fits_destination:
        yield Reason("track_benefit_unfit", is_for=False)
    paid = _last_years(rule, relocation)
    mean = fsum(paid) / len(paid) if paid else 0.0
    if mean < rule.least_mean_cny:
        yield Reason("track_benefit_too_small", {"mean": round(mean), "least": rule.least_mean_cny}, is_for=False)
    missing = [party for party in rule.confirmed_by if party not in relocation.confirmed_by]
    if missing:
        yield Reason("track_benefit_unconfirmed", {"parties": missing}, is_for=False)


def _shared(rule: BenefitRule, relocation: Relocation, cap: float | None, *, is_covered: bool) -> Iterator[SharedYear]:
    got = 0.0
    for at, year in enumerate(sorted(relocation.after)):
        local = local_cny(rule, year, relocation.after[year])
        left = None if cap is None else max(0.0, cap - got)
        shares = _phase_shares(rule, at, left) if is_covered else None
        split = _split(local, shares or {rule.afterwards: 1.0}, rule.capped, left)
        got += split.get(rule.capped, 0.0) if rule.capped else 0.0
        yield SharedYear(year, local, split, None if cap is None else max(0.0, cap - got))


def _phase_shares(rule: BenefitRule, at: int, left: float | None) -> Mapping[str, float] | None:
    """The shares in the `at`-th year after the move; None where the sharing is over."""
    first = 0
    for phase in rule.phases:
        if phase.years is None or at < first + phase.years:
            is_over = left is not None and left <= 0
            return None if is_over and phase.only_below_cap else phase.shares
        first += phase.years
    return None


def _split(local: float, shares: Mapping[str, float], capped: str, left: float | None) -> dict[str, float]:
    if capped not in shares or left is None or local * shares[capped] <= left:
        return {party: local * share for party, share in shares.items()}
    rest = {party: share for party, share in shares.items() if party != capped}
    total = fsum(rest.values())
    return {capped: left, **{party: (local - left) * share / total for party, share in rest.items()}}


def _remarks(rule: BenefitRule, relocation: Relocation, *, is_analogy: bool, is_open: bool) -> Iterator[Reason]:
    if is_analogy:
        yield Reason("track_benefit_by_analogy", {"rule": rule.title.to_dict()}, is_for=False)
    ends = [phase.years for phase in rule.phases]
    n_years = sum(years or 0 for years in ends)
    if is_open and rule.subsidy_after and None not in ends and len(relocation.after) >= n_years:
        yield Reason("track_benefit_subsidy_possible", {"years": n_years})


def _lies_in(side: str, regions: Sequence[str]) -> bool:
    """Whether a region's code lies in one of `regions`: a province's code ends with zeros."""
    return any(side.startswith(code.rstrip("0")) for code in regions)
