"""The factor board from the needs and offers a person may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from duijie import terms
from duijie.data import read, root
from duijie.track.factors import LEVELS, Factor, FactorRow, factor_board, factors_of
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.models import Agreement, Listing, Party
from duijie_portal.ledger.selectors import listings_of

from .models import FactorWatch

__all__ = ["board", "factors", "news", "rows", "watched"]

_ROLES = ("offer", "need")


def factors() -> tuple[Factor, ...]:
    """The production factors and the kinds of listing that carry each, from the policy file."""
    return factors_of(read(root() / "policies" / "factors.yaml", "factors"))


def rows(agreement: Agreement, person: Visitor, *, as_of: date) -> tuple[FactorRow, ...]:
    """The cells of the board that have, or have just lost, a listing the person may see."""
    listings = listings_of(agreement, person) or []
    return factor_board(listings, _parties(listings), factors(), as_of=as_of)


def _parties(listings: Iterable[terms.Listing]) -> dict[str, terms.Party]:
    """Of whom the listings are: only what tells the level is read."""
    keys = {one.party for one in listings}
    found = Party.objects.filter(pk__in=keys).only("pk", "kind", "side_id", "name", "town")
    return {row.pk: terms.Party(row.pk, row.kind, row.side_id, row.name, town=row.town) for row in found}


def board(agreement: Agreement, person: Person, *, as_of: date) -> list[dict[str, Any]]:
    """Each factor with its cells: level × side, offers beside needs, and how fresh they are."""
    found = rows(agreement, person, as_of=as_of)
    mine = watched(agreement, person)
    sources = _sources(agreement, person)
    return [
        {
            "key": one.key,
            "name": one.name,
            "kinds": one.kinds,
            "is_watched": one.key in mine,
            "lines": _lines([row for row in found if row.factor == one.key]),
            **_sums([row for row in found if row.factor == one.key]),
            "sources": sorted({name for kind in one.kinds for name in sources.get(kind, ())}),
        }
        for one in factors()
    ]


def _sums(found: Sequence[FactorRow]) -> dict[str, Any]:
    return {
        "n": {role: sum(row.n for row in found if row.role == role) for role in _ROLES},
        "n_new": sum(row.n_new for row in found),
        "n_gone": sum(row.n_gone for row in found),
        "newest_on": max((row.newest_on for row in found), default=""),
    }


def _lines(found: Sequence[FactorRow]) -> list[dict[str, Any]]:
    """One line for each side and level that has a listing, in the order of the levels."""
    cells = {(row.side, row.level, row.role): asdict(row) for row in found}
    places = sorted({(row.side, row.level) for row in found}, key=lambda one: (one[0], LEVELS.index(one[1])))
    return [
        {"side": side, "level": level, **{role: cells.get((side, level, role)) for role in _ROLES}}
        for side, level in places
    ]


def _sources(agreement: Agreement, person: Visitor) -> Mapping[str, set[str]]:
    """Who published the listings of a kind."""
    found: dict[str, set[str]] = {}
    seen = Listing.objects.filter(agreement=agreement).visible_to(person)
    for kind, source in seen.values_list("kind", "source"):
        if source.get("publisher"):
            found.setdefault(kind, set()).add(source["publisher"])
    return found


def watched(agreement: Agreement, person: Person) -> set[str]:
    """The factors a person follows."""
    return set(FactorWatch.objects.filter(agreement=agreement, person=person).values_list("factor", flat=True))


def news(agreement: Agreement, person: Person, *, as_of: date) -> list[tuple[Factor, int, int]]:
    """Of each factor a person follows: how many listings came and went within the last week, where any did."""
    mine, found = watched(agreement, person), rows(agreement, person, as_of=as_of)
    counted = [
        (one, sum(row.n_new for row in found if row.factor == one.key), _gone(found, one))
        for one in factors()
        if one.key in mine
    ]
    return [(one, n_new, n_gone) for one, n_new, n_gone in counted if n_new or n_gone]


def _gone(found: Sequence[FactorRow], factor: Factor) -> int:
    return sum(row.n_gone for row in found if row.factor == factor.key)
