"""What removes a need's offers, and the smallest relaxation, against every set of rules that could be given up."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie import match
from duijie.match.candidates import Pool
from duijie.match.rules import RuleSet
from duijie.terms import Listing

KIND = match.load_kinds()["supply"]
ON = date(2026, 6, 30)
NUMBERS = st.sampled_from([None, 0.0, 1.0, 4.0, 5.0, 10.0])


@st.composite
def _listings(draw: st.DrawFn, role: str, n: int) -> list[Listing]:
    found = []
    for at in range(n):
        words = {key: draw(st.lists(st.sampled_from(["CE", "ISO"]), max_size=2)) for key in ("certificates",)}
        names = ("quantity_month", "price_most_cny", "price_cny", "least_quantity", "lead_most_days", "lead_days")
        payload = (
            words | {name: draw(NUMBERS) for name in names} | {"title": draw(st.sampled_from(["鞋底", "拉链", ""]))}
        )
        side = draw(st.sampled_from(["110000", "220000", "110105"]))
        found.append(Listing(f"{role}{at}", "supply", 1, role, side, draw(st.sampled_from("ab")), payload))  # type: ignore[arg-type]
    return found


@settings(max_examples=150, deadline=None)
@given(_listings("need", 1), st.integers(0, 6).flatmap(lambda n: _listings("offer", n)), st.data())
def test_the_relaxation_is_the_smallest_there_is(
    needs: list[Listing], offers: list[Listing], data: st.DataObject
) -> None:
    rules = RuleSet(KIND.rules, Pool.of(needs, {}), Pool.of(offers, {}), ON)
    passes = [[verdict.is_passed for verdict in rules.verdicts(0, at)] for at in range(len(offers))]
    worth = np.array(data.draw(st.lists(st.booleans(), min_size=len(offers), max_size=len(offers))), bool)
    expected = {rule.key: sum(not one[at] for one in passes) for at, rule in enumerate(KIND.rules)}
    assert {one.rule: one.n for one in rules.removals(0)} == {key: n for key, n in expected.items() if n}
    found = rules.relaxation(0, worth)
    if not worth.any():
        assert found is None
        return
    assert found is not None
    given_up = {at for at, rule in enumerate(KIND.rules) if rule.key in found.rules}
    assert found.n_gained == _gained(passes, worth, given_up) > 0
    for size in range(len(given_up)):
        assert not any(
            _gained(passes, worth, set(some)) for some in itertools.combinations(range(len(KIND.rules)), size)
        )
    nearest = [
        _shortfall(needs[0], one)
        for at, one in enumerate(offers)
        if worth[at] and passes[at].count(False) == len(given_up)
    ]
    assert found.shortfall_share == min(nearest)


def _gained(passes: list[list[bool]], worth: np.ndarray, given_up: set[int]) -> int:
    return sum(
        worth[at] and all(ok or rule in given_up for rule, ok in enumerate(one)) for at, one in enumerate(passes)
    )


def _shortfall(need: Listing, offer: Listing) -> float:
    """The largest share by which a limit of a number is missed; 0 where none is."""
    limits = [
        ("quantity_month", "quantity_month", 1),
        ("quantity_month", "least_quantity", -1),
        ("price_most_cny", "price_cny", -1),
        ("lead_most_days", "lead_days", -1),
    ]
    missed = [0.0]
    for ours, theirs, sign in limits:
        limit, value = need.payload[ours], offer.payload[theirs]
        if limit is not None and value is not None and sign * (value - limit) < 0:
            missed.append(abs(value - limit) / limit if limit else float("inf"))
    return max(missed)


def test_what_would_still_share_nothing_is_no_way_out() -> None:
    ours = Listing("n", "supply", 1, "need", "110000", "a", {"title": "鞋底", "quantity_month": 10.0})
    far = Listing("o1", "supply", 1, "offer", "220000", "b", {"title": "会计", "quantity_month": 9.0})
    near = replace(far, id="o2", payload={"title": "鞋底", "quantity_month": 5.0})
    (lost,) = match.kind(KIND, [ours], [far, near], parties={}, on=ON).unmatched
    assert lost.relaxation is not None
    assert (lost.relaxation.values["offer"], lost.relaxation.values["n"]) == ("o2", 1)
    (lost,) = match.kind(KIND, [ours], [far], parties={}, on=ON).unmatched
    assert lost.relaxation is not None
    assert lost.relaxation.code == "match_too_weak"
