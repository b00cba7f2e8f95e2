"""Below what no pair is recommended, and that no organisation takes more than its share."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from duijie import match
from duijie.match.floor import Floor, load_floor, within_share
from duijie.terms import Listing, Party

ON = date(2026, 11, 28)


def _pairs(kind: str, need: dict[str, Any], offer: dict[str, Any]) -> list[Any]:
    parties = {key: Party(id=key, kind="firm", region=key, name=key) for key in ("here", "there")}
    rows = [
        Listing(
            id=role,
            kind=kind,
            version=1,
            role=role,
            side=side,
            party=side,
            payload={key: value for key, value in said.items() if key != "industry"},
            industry=said.get("industry", ""),
        )
        for role, side, said in (("need", "here", need), ("offer", "there", offer))
    ]
    found = match.kind(match.load_kinds()[kind], rows[:1], rows[1:], parties=parties, on=ON, floor=load_floor())
    return list(found.matches)


def test_words_that_say_nothing_make_no_pair() -> None:
    """Two texts that share only 设备 and 技术 are no suggestion; with a word that says what it is they are one."""
    assert _pairs("research", {"title": "设备技术研发"}, {"title": "设备技术服务"}) == []
    assert len(_pairs("research", {"title": "染整设备技术"}, {"title": "染整设备服务"})) == 1


def test_a_need_below_the_floor_says_so_with_what_would_help() -> None:
    """A need of goods without a known relation stands among the unmatched, with a reason of its own."""
    parties = {key: Party(id=key, kind="firm", region=key, name=key) for key in ("here", "there")}
    rows = [
        Listing(id=role, kind="supply", version=1, role=role, side=side, party=side, payload={"title": "甲乙丙丁零件"})
        for role, side in (("need", "here"), ("offer", "there"))
    ]
    found = match.kind(match.load_kinds()["supply"], rows[:1], rows[1:], parties=parties, on=ON, floor=load_floor())
    assert found.matches == ()
    assert [one.relaxation.code for one in found.unmatched if one.relaxation] == ["match_no_partner_yet"]


def test_nobody_takes_more_than_its_share() -> None:
    """By hand: at most two pairs of one organisation, best first, one a pair; what is taken already counts."""
    pairs, scores = [("a", "x"), ("a", "x"), ("a", "y"), ("a", "z"), ("b", "x")], [0.9, 0.8, 0.7, 0.6, 0.5]
    assert within_share(pairs, scores, 2).tolist() == [True, False, True, False, True]
    assert within_share(pairs, scores, 2, Counter({"x": 2})).tolist() == [False, False, True, True, False]


def test_crowding_spreads_equal_pairs() -> None:
    """Of nearly equal pairs the one whose organisations have none yet comes first."""
    taken: Counter[str] = Counter()
    kept = within_share([("a", "x"), ("a", "y"), ("b", "z")], [0.9, 0.89, 0.88], 1, taken, crowding=0.05)
    assert kept.tolist() == [True, False, True]
    assert taken == Counter({"a": 1, "x": 1, "b": 1, "z": 1})


def test_no_relation_fills_a_list() -> None:
    """By hand: at most so many pairs of one thing, the best of them; what has no name is never full."""
    pairs, scores = [("a", "x"), ("b", "y"), ("c", "z"), ("d", "v"), ("e", "w")], [0.9, 0.8, 0.7, 0.6, 0.5]
    groups = ["zips", "zips", "cloth", "", ""]
    assert within_share(pairs, scores, 3, groups=groups, per_group=1).tolist() == [True, False, True, True, True]


def test_a_result_needs_its_industry_or_nearly_the_same_words() -> None:
    """Who asks for a foamed sole is not served by who sells printers, though both say 3D printing."""
    sole = {"title": "微孔发泡鞋底3D打印制备", "industry": "26"}
    assert _pairs("result", sole, {"title": "3D打印机成果发布", "industry": "3493"}) == []
    assert len(_pairs("result", sole, {"title": "微孔发泡鞋底打印制备", "industry": "3493"})) == 1
    assert len(_pairs("result", sole, {"title": "3D打印树脂", "industry": "26"})) == 1


def test_a_kind_without_measures_is_related_by_its_rules() -> None:
    """An empty row of the policy asks for no measure; the shared word is still needed."""
    assert Floor(relation={"site": {}}).relation["site"] == {}
    assert _pairs("site", {"title": "厂房"}, {"title": "码头"}) == []
