"""A whole kind of match: rules, scores, reasons, unmatched needs, capacities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import pytest

from duijie import match
from duijie.data.words import sentence
from duijie.errors import InputError
from duijie.match.scoring import Circumstances
from duijie.terms import ChainLink, ChainStage, ChainTemplate, IOTable, Listing, Party

ON = date(2026, 6, 30)
Make = Callable[..., Listing]


def _run(needs: list[Listing], offers: list[Listing], kind: str = "supply", **more: object) -> match.Matches:
    options = {"parties": {}, "on": ON} | more
    return match.kind(match.load_kinds()[kind], needs, offers, **options)  # type: ignore[arg-type]


def test_the_reasons_of_a_match_sum_to_its_score_and_have_sentences(need: Make, offer: Make) -> None:
    soles = ChainStage("sole", {"zh": "鞋底", "en": "soles"}, ("2923",), ("鞋底",))
    shoes = ChainStage("shoe", {"zh": "制鞋", "en": "shoes"}, ("195",))
    chain = ChainTemplate("shoes", {"zh": "鞋", "en": "shoes"}, (soles, shoes), (ChainLink("sole", "shoe"),))
    needs = [need("n1", title="采购运动鞋鞋底", industry="1952", quantity_month=950.0)]
    offers = [
        offer("o1", title="鞋底生产", industry="2923", quantity_month=1000.0),
        offer("o2", title="鞋底包装印刷", industry="2319", basis="derived", year=""),
    ]
    found = _run(needs, offers, chains=(chain,), priority_fields=("鞋",))
    assert [one.offer for one in found.matches] == ["o1", "o2"]
    for one in found.matches:
        assert sum(reason.weight for reason in one.reasons) == pytest.approx(one.score, abs=1e-12)
        for language in ("zh", "en"):
            said = [sentence(reason.code, language, reason.values) for reason in one.reasons]
            assert not any(text.startswith("match_") or "{" in text for text in said)
    first, second = ({reason.code for reason in one.reasons} for one in found.matches)
    assert {"match_for_text", "match_for_chain", "match_near"} <= first
    assert "match_offer_inferred" in second
    assert 0 <= found.matches[1].score < found.matches[0].score <= 1


def test_no_verdict_rests_on_what_nobody_stated(need: Make, offer: Make) -> None:
    """Without codes no link between industries is called weak; two at one stage are no seller and buyer."""
    soles = ChainStage("sole", {"zh": "鞋底", "en": "soles"}, ("2923",), ("鞋底",))
    shoes = ChainStage("shoe", {"zh": "制鞋", "en": "shoes"}, ("195",))
    chain = ChainTemplate("shoes", {"zh": "鞋", "en": "shoes"}, (soles, shoes), (ChainLink("sole", "shoe"),))
    needs = [need("n1", title="采购运动鞋鞋底", industry="", quantity_month=950.0)]
    offers = [offer("o1", title="鞋底生产", industry="", quantity_month=1000.0)]
    [match] = _run(needs, offers, chains=(chain,)).matches
    for reason in match.reasons:
        if reason.code.startswith(("match_for_", "match_against_")):
            assert "–" not in reason.values.values(), reason
        if reason.code == "match_for_chain":
            assert reason.values["supplier"] != reason.values["buyer"]
    assert "match_for_chain_same" in {reason.code for reason in match.reasons}


def test_pairs_of_one_side_never_meet_and_the_way_out_is_named(need: Make, offer: Make) -> None:
    found = _run([need("n1", title="鞋底")], [offer("o1", side="110105", title="鞋底")])
    assert not found.matches
    (lost,) = found.unmatched
    assert [(one.rule, one.n) for one in lost.removed] == [("side", 1)]
    assert lost.relaxation is not None
    assert lost.relaxation.values["keys"] == ["side"]


def test_the_smallest_relaxation_is_the_nearest_limit(need: Make, offer: Make) -> None:
    needs = [need("n1", title="鞋底", quantity_month=1000.0, price_most_cny=10.0)]
    offers = [
        offer("o1", title="鞋底", quantity_month=400.0, price_cny=9.0),
        offer("o2", title="鞋底", quantity_month=900.0, price_cny=9.0),
        offer("o3", title="鞋底", quantity_month=500.0, price_cny=20.0),
    ]
    (lost,) = _run(needs, offers).unmatched
    assert lost.relaxation is not None
    assert lost.relaxation.values["offer"] == "o2"
    assert lost.relaxation.values["shortfall"] == pytest.approx(0.1)
    assert lost.relaxation.values["n"] == 2
    assert {one.rule: one.n for one in lost.removed} == {"quantity": 3, "price": 1}


def test_contradictory_rules_leave_the_need_with_the_fewest_to_give_up(need: Make, offer: Make) -> None:
    needs = [need("n1", title="鞋底", quantity_month=1000.0)]
    # a capacity of 900 and a least order of 2,000 contradict each other for every need between
    offers = [offer("o1", title="鞋底", quantity_month=900.0, least_quantity=2000.0)]
    (lost,) = _run(needs, offers).unmatched
    assert lost.relaxation is not None
    assert lost.relaxation.values["keys"] == ["quantity", "least_order"]


def test_capacities_of_both_sides_are_kept(need: Make, offer: Make) -> None:
    needs = [need(f"n{at}", title="鞋底", partners_n=1) for at in range(4)]
    offers = [offer("o1", title="鞋底", capacity_n=2), offer("o2", title="鞋底", capacity_n=0)]
    found = _run(needs, offers)
    taken = [one for one in found.matches if one.is_assigned]
    assert len(found.matches) == 8
    assert [one.offer for one in taken] == ["o1", "o1"]
    assert found.assigned_value <= found.assigned_bound + 1e-9


def test_unknown_values_follow_the_stated_policy(need: Make, offer: Make) -> None:
    assert _run([need("n1", title="鞋底", quantity_month=10.0)], [offer("o1", title="鞋底")]).n_pairs == 1
    assert _run([need("n1", title="鞋底", side="")], [offer("o1", title="鞋底")]).n_pairs == 0


def test_dates_and_block_lists(need: Make, offer: Make) -> None:
    offers = [
        offer("o1", title="鞋底", valid_until="2026-06-29"),
        offer("o2", title="鞋底", valid_until="2026-06-30"),
        offer("o3", title="鞋底", valid_from="2026-07"),
        offer("o4", title="鞋底", party="坏"),
    ]
    found = _run([need("n1", title="鞋底", blocked=["坏"])], offers)
    assert [one.offer for one in found.matches] == ["o2"]


@pytest.mark.parametrize("text", ["", "鞋", "。,、!", "鞋底" * 5000, "製鞋設備", "SHOE sole"])
def test_odd_texts_have_an_answer(need: Make, offer: Make, text: str) -> None:
    found = _run([need("n1", title=text)], [offer("o1", title="鞋底"), offer("o2", title=text)])
    for one in found.matches:
        assert 0 <= one.score <= 1
    if text in ("", "。,、!"):
        assert [one.need for one in found.unmatched] == ["n1"]
    else:
        assert found.matches[0].offer == "o2"


def test_identical_texts_come_in_the_order_of_ids(need: Make, offer: Make) -> None:
    found = _run([need("n1", title="鞋底")], [offer(f"o{at}", title="鞋底") for at in (3, 1, 2)], top=2)
    assert [one.offer for one in found.matches] == ["o1", "o2"]


def test_no_needs_or_no_offers(need: Make, offer: Make) -> None:
    assert _run([], [offer("o1", title="鞋")]).to_dict()["matches"] == []
    found = _run([need("n1", title="鞋")], [])
    assert [one.need for one in found.unmatched] == ["n1"]
    assert found.unmatched[0].relaxation is None


def test_strays_are_refused(need: Make, offer: Make) -> None:
    with pytest.raises(InputError, match="match_stray_listing"):
        _run([need("n1", kind="design")], [])
    with pytest.raises(InputError, match="match_id_twice"):
        _run([need("n1"), need("n1")], [])
    with pytest.raises(InputError, match="match_top_too_small"):
        _run([], [], top=0)


def test_the_order_of_input_does_not_matter(need: Make, offer: Make) -> None:
    needs = [need(f"n{at}", title=text) for at, text in enumerate(["鞋底 皮革", "拉链", "面料 染整"])]
    offers = [offer(f"o{at}", title=text) for at, text in enumerate(["皮革加工", "金属拉链", "染整加工", "鞋底"])]
    assert _run(needs, offers).to_dict() == _run(needs[::-1], offers[::-1]).to_dict()


def test_why_not_names_the_broken_rule_and_what_would_raise_the_score(need: Make, offer: Make) -> None:
    ours, good, bad = (
        need("n1", title="鞋底", price_most_cny=5.0),
        offer("o1", title="鞋底"),
        offer("o2", title="鞋底", price_cny=8.0),
    )
    world = Circumstances(ON)
    answer = match.why_not(match.load_kinds()["supply"], ours, bad, [good, bad], parties={}, world=world)
    assert not answer.is_allowed
    assert [reason.values["rule"]["en"] for reason in answer.failures] == ["Within the price limit"]
    assert answer.outranked_by == 1
    assert answer.raising[0].weight == max(reason.weight for reason in answer.raising)
    assert match.why_not(match.load_kinds()["supply"], ours, good, [good, bad], parties={}, world=world).rank == 1


def test_party_fields_are_used(need: Make, offer: Make) -> None:
    parties: Mapping[str, Party] = {"p": Party("p", "firm", "220000", "甲", industry="1952", products=("运动鞋",))}
    ours = need("n1", title="运动鞋", products=["运动鞋"], industry="1953")
    table = IOTable(("shoes", "rest"), np.array([[2.0, 1.0], [4.0, 1.0]]), np.zeros(2), np.ones(2), "", "2020", "")
    world = {"sector_of": {"19": "shoes"}, "input_output": table}
    reasons = _run([ours], [offer("o1", party="p")], parties=parties, **world).matches[0].reasons
    by_term = {one.values["term"]["en"]: one.values["value"] for one in reasons if "term" in one.values}
    # shoes buy 2 from shoes, 4 from their largest input
    assert by_term["Input–output"] == 0.5
    assert by_term["Products"] > 0.5
    assert by_term["Text"] is None
