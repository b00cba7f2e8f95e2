"""The factor board: what supply and demand of each production factor stands open, at which level, and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from duijie.terms import Bilingual, Listing, Party
from duijie.terms.days import shifted

__all__ = ["LEVELS", "Factor", "FactorRow", "factor_board", "factors_of", "level_of"]

LEVELS = ("district", "town", "park", "firm")


@dataclass(frozen=True, slots=True)
class Factor:
    """A production factor and the kinds of listing that carry it."""

    key: str
    name: Bilingual
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FactorRow:
    """One cell of the board: listings in force of a factor, side, level and role.

    `n_new` came and `n_gone` ended within the days looked back on; `age_days` is the median age, `newest_on` the
    latest beginning (empty where no listing has a date).
    """

    factor: str
    side: str
    level: str
    role: str
    n: int
    n_new: int
    n_gone: int
    age_days: float | None
    newest_on: str


def factors_of(document: Mapping[str, Any]) -> tuple[Factor, ...]:
    """The factors of a document in the shape of ``data/policies/factors.yaml``."""
    return tuple(Factor(row["key"], Bilingual(**row["name"]), tuple(row["kinds"])) for row in document["factors"])


def level_of(party: Party | None) -> str:
    """The level a party speaks for: a government its district (or town, where it names one), a carrier its park."""
    if party is None or party.kind not in ("government", "carrier"):
        return "firm"
    if party.kind == "carrier":
        return "park"
    return "town" if party.town else "district"


def factor_board(
    listings: Iterable[Listing],
    parties: Mapping[str, Party],
    factors: Sequence[Factor],
    *,
    as_of: date,
    since_days: int = 7,
) -> tuple[FactorRow, ...]:
    """The board as at a date: a row for each factor, side, level and role that has or just lost a listing.

    Parameters
    ----------
    listings
        Needs and offers; undated ones count as always in force, those that begin later do not count.
    parties
        By id, for the level; an unknown party counts as a firm.
    factors
        A kind may carry several factors; kinds of none are left out.
    as_of
        The day of looking.
    since_days
        How many days back "new" and "gone" reach, ≥ 1.
    """
    cells: dict[tuple[str, str, str, str], list[Listing]] = {}
    for one in listings:
        for factor in factors:
            if one.kind in factor.kinds:
                key = (factor.key, one.side, level_of(parties.get(one.party)), one.role)
                cells.setdefault(key, []).append(one)
    rows = [_row(key, cells[key], as_of, shifted(as_of, -since_days)) for key in sorted(cells)]
    return tuple(row for row in rows if row.n or row.n_gone)


def _row(key: tuple[str, str, str, str], listings: Sequence[Listing], as_of: date, since: date) -> FactorRow:
    today, before = as_of.isoformat(), since.isoformat()
    open_now = [one for one in listings if _is_open(one, today)]
    starts = sorted(one.valid_from for one in open_now if len(one.valid_from) == len(today))
    ages = [(as_of - date.fromisoformat(start)).days for start in starts]
    return FactorRow(
        *key,
        n=len(open_now),
        n_new=sum(start > before for start in starts),
        n_gone=sum(_is_open(one, before) and not _is_open(one, today) for one in listings),
        age_days=float(median(ages)) if ages else None,
        newest_on=starts[-1] if starts else "",
    )


def _is_open(one: Listing, day: str) -> bool:
    return one.valid_from <= day and (not one.valid_until or day[: len(one.valid_until)] <= one.valid_until)
