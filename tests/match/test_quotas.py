"""Places shared out as the kind's file says: quotas against all assignments there are, crowding, mutual preference."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie import match
from duijie.errors import DataFileError
from duijie.match.assignment import Candidates
from duijie.match.kinds import QuotaRule, Sharing, read_kind
from duijie.match.quotas import Group, assign_overlapping
from duijie.terms import Bilingual, Listing, Party

Make = Callable[..., Listing]
ON, NAME = date(2026, 6, 30), Bilingual("份额", "Share")


def _matched(
    needs: list[Listing], offers: list[Listing], sharing: Sharing, parties: Mapping[str, Party]
) -> match.Matches:
    kind = replace(match.load_kinds()["supply"], sharing=sharing)
    return match.kind(kind, needs, offers, parties=parties, on=ON)


def _taken(found: match.Matches) -> list[str]:
    return sorted(one.offer for one in found.matches if one.is_assigned)


def test_small_firms_get_their_share_where_they_are_candidates(need: Make, offer: Make) -> None:
    needs = [need(f"n{at}", title="运动鞋鞋底", partners_n=1) for at in range(4)]
    offers = [
        offer("big", title="运动鞋鞋底", firm_size="large", capacity_n=9),
        offer("small", title="鞋底模具", firm_size="micro"),
    ]
    quota = QuotaRule("small", NAME, "firm_size", ("small", "micro"), least_share=0.5)
    assert _taken(_matched(needs, offers, Sharing(), {})) == ["big"] * 4
    found = _matched(needs, offers, Sharing((quota,)), {})
    assert _taken(found) == ["big", "big", "small", "small"]
    assert [(one.least, one.given) for one in found.quotas] == [(2, 2)]
    assert found.to_dict()["quotas"][0]["given"] == 2


def test_each_town_is_served_and_nobody_without_candidates_is_promised_anything(need: Make, offer: Make) -> None:
    towns = {"a": "东镇", "b": "西镇", "c": "南镇"}
    parties = {key: Party(key, "firm", "220000", key, town=town) for key, town in towns.items()}
    needs = [need("n1", title="鞋底", partners_n=1), need("n2", title="鞋底", partners_n=1)]
    offers = [
        offer("o1", title="鞋底", party="a"),
        offer("o2", title="鞋底模具加工", party="b"),
        offer("o3", title="鞋底", party="c", side="110000"),
    ]
    found = _matched(needs, offers, Sharing((QuotaRule("town", NAME, "party.town", least=1),)), parties)
    assert _taken(found) == ["o1", "o2"]
    assert [(one.value, one.given) for one in found.quotas] == [("东镇", 1), ("西镇", 1)]


def test_a_ceiling_is_never_passed(need: Make, offer: Make) -> None:
    needs = [need(f"n{at}", title="鞋底", partners_n=1) for at in range(4)]
    offers = [offer("o1", title="鞋底", firm_size="large"), offer("o2", title="鞋底加工", firm_size="small")]
    quota = QuotaRule("large", NAME, "firm_size", ("large",), most_share=0.25)
    assert _taken(_matched(needs, offers, Sharing((quota,)), {})) == ["o1", "o2", "o2", "o2"]


def test_a_price_on_crowding_spreads_what_is_nearly_as_good(need: Make, offer: Make) -> None:
    needs = [need(f"n{at}", title="运动鞋鞋底", partners_n=1) for at in range(4)]
    offers = [offer("o1", title="运动鞋鞋底"), offer("o2", title="运动鞋鞋底 加工")]
    assert len(set(_taken(_matched(needs, offers, Sharing(), {})))) == 1
    assert _taken(_matched(needs, offers, Sharing(crowding=0.2), {})) == ["o1", "o1", "o2", "o2"]


def test_mutual_preference_gives_an_offer_to_who_is_its_best(need: Make, offer: Make) -> None:
    # o1 is the best of both needs; for n2 it is the only one that says anything
    needs = [need("n1", title="鞋底 皮革", partners_n=1), need("n2", title="鞋底", partners_n=1)]
    offers = [offer("o1", title="鞋底", capacity_n=1)]
    found = _matched(needs, offers, Sharing(mutual_share=1.0), {})
    assert [one.need for one in found.matches if one.is_assigned] == ["n2"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_overlapping_quotas_are_as_good_as_the_best_of_all_assignments(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n, m = 3, 3
    values, capacity = np.round(draw.uniform(0.1, 1, (n, m)), 3), draw.integers(0, 3, m)
    table = Candidates(
        np.arange(n + 1) * m, np.tile(np.arange(m), n), values.ravel(), np.ones(n, np.int64), capacity.astype(np.int64)
    )
    groups = [
        Group(str(at), "", draw.random(m) < 0.6, int(draw.integers(0, 3)), int(draw.integers(2, 4))) for at in range(2)
    ]
    price = float(draw.choice([0.0, 0.15]))
    found = assign_overlapping(table, groups, crowding=price)
    best = max(
        filter(
            None, (_worth(one, values, capacity, groups, price) for one in itertools.product(range(-1, m), repeat=n))
        )
    )
    chosen = [-1] * n
    for pair in np.flatnonzero(found.is_assigned):
        chosen[pair // m] = pair % m
    assert _worth(tuple(chosen), values, capacity, groups, price) == pytest.approx(best, abs=1e-5)


def _worth(
    chosen: tuple[int, ...], values: np.ndarray, capacity: np.ndarray, groups: list[Group], price: float
) -> tuple[float, float] | None:
    """Places of quotas met, then the value; None where a limit is passed."""
    taken = np.bincount([one for one in chosen if one >= 0], minlength=len(capacity))
    given = [int(taken[group.members].sum()) for group in groups]
    if (taken > capacity).any() or any(got > group.most for got, group in zip(given, groups, strict=True)):
        return None
    met = sum(min(got, group.least) for got, group in zip(given, groups, strict=True))
    crowd = sum(price * t for count in taken for t in range(count))
    return float(met), float(sum(values[at, one] for at, one in enumerate(chosen) if one >= 0) - crowd)


def test_a_quota_on_a_field_that_is_not_there_is_a_fault_of_the_file(tmp_path: Path) -> None:
    text = (Path(match.__file__).parents[1] / "data" / "kinds" / "supply.yaml").read_text("utf-8")
    (tmp_path / "own.yaml").write_text(text.replace("offer: firm_size", "offer: colour"), "utf-8")
    with pytest.raises(DataFileError) as caught:
        read_kind(tmp_path / "own.yaml")
    assert [fault.code for fault in caught.value.faults] == ["match_field_unknown"]


def test_every_kind_knows_block_lists() -> None:
    for kind in match.load_kinds().values():
        assert any(rule.test == "not_blocked" for rule in kind.rules)
        assert all("blocked" in {one.key for one in kind.fields(role)} for role in ("need", "offer"))
