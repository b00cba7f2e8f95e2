"""Benefit sharing: the worked case, the cap, the conditions, any split."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.data import listing, read
from duijie.errors import DataFileError, InputError
from duijie.track.benefit import Relocation, local_cny, rule_of, share_benefits

RULES = {path.stem: rule_of(read(path, "benefit")) for path in listing("policies/benefit")}
MODEL = RULES["tax-sharing-2015"]
MILLION = 1e6


def relocation(before: float, after: list[float], **more: object) -> Relocation:
    """A plant that paid `before` million of local tax a year for three years, then `after`, million by million."""
    return Relocation(
        led_by="origin_government",
        fits_destination=True,
        confirmed_by=("origin", "destination"),
        before={year: {"local": before * MILLION} for year in (2020, 2021, 2022)},
        after={2023 + at: {"local": paid * MILLION} for at, paid in enumerate(after)},
        **more,
    )


def test_the_worked_case_by_hand():
    # Cap 3 × 30 = 90 million. 40, 50, 60 → origin 20 + 25 + 30 = 75 in three years; the fourth year's half of 60 is
    # 30, of which the cap leaves 15; then all stays with the destination.
    found = share_benefits(MODEL, relocation(30, [40, 50, 60, 60, 60]))
    assert found.cap_cny == 90 * MILLION
    assert [one.shares_cny.get("origin", 0) / MILLION for one in found.years] == [20, 25, 30, 15, 0]
    assert [one.shares_cny["destination"] / MILLION for one in found.years] == [20, 25, 30, 45, 60]
    assert found.is_cap_reached
    assert [one.cap_left_cny / MILLION for one in found.years] == [70, 45, 15, 0, 0]


def test_below_the_cap_the_sharing_ends_after_five_years_and_a_subsidy_is_possible():
    found = share_benefits(MODEL, relocation(30, [20] * 7))
    assert [one.shares_cny.get("origin", 0) / MILLION for one in found.years] == [10] * 5 + [0, 0]
    assert not found.is_cap_reached
    assert "track_benefit_subsidy_possible" in [reason.code for reason in found.reasons]


def test_a_cap_reached_within_three_years_ends_the_sharing():
    found = share_benefits(MODEL, relocation(20, [100, 100, 100, 100]))
    assert [one.shares_cny.get("origin", 0) / MILLION for one in found.years] == [50, 10, 0, 0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"led_by": "market"}, "track_benefit_led_by_other"),
        ({"fits_destination": False}, "track_benefit_unfit"),
        ({"confirmed_by": ("origin",)}, "track_benefit_unconfirmed"),
        ({"before": {year: {"local": 19.9e6} for year in (2020, 2021, 2022)}}, "track_benefit_too_small"),
    ],
)
def test_what_the_rule_does_not_cover_stays_with_the_destination(change, code):
    found = share_benefits(MODEL, replace(relocation(30, [40, 40]), **change))
    assert not found.is_eligible
    assert code in [reason.code for reason in found.reasons]
    assert found.totals_cny == {"destination": 80 * MILLION}


def test_elsewhere_it_is_an_analogy():
    assert share_benefits(MODEL, relocation(30, [40])).is_by_analogy
    assert share_benefits(MODEL, relocation(30, [40], sides=("110105", "220000"))).is_by_analogy
    assert not share_benefits(MODEL, relocation(30, [40], sides=("110105", "130600"))).is_by_analogy


def test_local_parts_follow_their_dates():
    assert local_cny(MODEL, 2020, {"vat": 100.0, "cit": 50.0, "business": 9.0}) == 70.0
    assert local_cny(MODEL, 2015, {"vat": 100.0, "business": 10.0}) == 35.0
    # In 2016 four months at a quarter, eight at a half.
    assert local_cny(MODEL, 2016, {"vat": 120.0}) == pytest.approx(10 + 40)


@given(
    st.floats(0, 200),
    st.lists(st.floats(0, 500), max_size=9),
    st.sampled_from(sorted(RULES)),
)
def test_nothing_is_lost_and_the_cap_holds(before, after, key):
    found = share_benefits(RULES[key], relocation(before, after))
    for one in found.years:
        assert sum(one.shares_cny.values()) == pytest.approx(one.local_cny)
        assert min(one.shares_cny.values()) >= 0
    if found.cap_cny is not None:
        assert found.totals_cny.get("origin", 0) <= found.cap_cny * (1 + 1e-9) + 1e-6


def test_an_own_split_among_three_parties():
    document = {
        "key": "own",
        "title": {"zh": "自定", "en": "Own"},
        "conditions": {},
        "phases": [{"years": 1, "shares": {"origin": 0.3, "park": 0.2, "destination": 0.5}}],
        "afterwards": "destination",
        "source": {},
    }
    found = share_benefits(rule_of(document), relocation(1, [10, 10]))
    assert found.totals_cny == pytest.approx({"origin": 3e6, "park": 2e6, "destination": 15e6})
    document["phases"][0]["shares"]["park"] = 0.3
    with pytest.raises(InputError, match="track_shares_not_one"):
        rule_of(document)


def test_all_faults_of_the_taxes_at_once():
    wrong = replace(relocation(30, [-1]), before={2022: {"local": -5.0}})
    with pytest.raises(InputError) as caught:
        share_benefits(MODEL, wrong)
    codes = [fault.code for fault in caught.value.faults]
    assert codes == ["track_tax_negative", "track_tax_negative", "track_years_missing"]


def test_unknown_keys_of_a_rule_are_refused(tmp_path):
    path = tmp_path / "rule.yaml"
    path.write_text("key: x\nspilt: 1\n", encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read(path, "benefit")
    assert "key_unknown" in [fault.code for fault in caught.value.faults]
