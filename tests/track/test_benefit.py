"""Benefit sharing: the worked case, the cap, the conditions, any split."""

import json
import os
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.cli import told, verbs
from duijie.data import listing, read, sentence
from duijie.errors import DataFileError, InputError
from duijie.track.benefit import Relocation, local_cny, rule_of, share_benefits
from duijie.track.benefit import _apportioned as apportioned

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
    found = share_benefits(MODEL, relocation(30, [40]))
    assert found.is_by_analogy
    [said] = [one for one in found.reasons if one.code == "track_benefit_by_analogy"]
    assert (said.values, said.is_for) == ({"rule": MODEL.title.to_dict()}, False)
    within = share_benefits(MODEL, relocation(30, [40], sides=("110105", "130600")))
    assert "track_benefit_by_analogy" not in [one.code for one in within.reasons]
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
    document["phases"].append({"years": 1, "shares": {"origin": 0.3, "park": 0.2, "destination": 0.5000000001}})
    with pytest.raises(InputError, match="track_shares_not_one") as caught:
        rule_of(document)
    assert caught.value.values == {"total": 1.0000000001, "phase": 2}


def test_all_faults_of_the_taxes_at_once():
    wrong = replace(relocation(30, [-1]), before={2022: {"local": -5.0}})
    with pytest.raises(InputError) as caught:
        share_benefits(MODEL, wrong)
    codes = [fault.code for fault in caught.value.faults]
    assert codes == ["track_tax_negative", "track_tax_negative", "track_years_missing"]


# what the examples hold beside the same plant: 34 million of local taxes a year for three years, so a cap of 102
PLANT = """
led_by: origin_government
fits_destination: true
confirmed_by: [origin, destination]
sides: ["350582", "440309"]
before: {"2020": {vat: 60000000, cit: 10000000}, "2021": {vat: 60000000, cit: 10000000}, \
"2022": {vat: 60000000, cit: 10000000}}
after: %s
"""
REFUSED = {
    "t1_negative_after": ('{"2023": {vat: -80000000}, "2024": {vat: 100000000}}', "track_tax_negative", "-80000000"),
    "t2_gap_years": ('{"2023": {vat: 80000000}, "2025": {vat: 100000000}}', "track_years_gap", "2024"),
    "t4_before_only_one": (None, "track_years_missing", "3"),
    "t5_text_amounts": ('{"2023": {vat: "8,000万元"}}', "value_number", "8,000万元"),
    "t6_overlap": ('{"2022": {vat: 80000000}}', "track_years_overlap", "2022"),
    "t7_nan": ('{"2023": {vat: .nan}}', "number_not_finite", "nan"),
    "t8_gap_extends": ('{"2023": {vat: 20000000}, "2025": {vat: 20000000}}', "track_years_gap", "2024"),
    "t9_inf": ('{"2023": {vat: .inf}}', "number_not_finite", "inf"),
    "t10_bool_year": ('{"year1": {vat: 1}}', "value_form", "year1"),
    "true_year": ("{true: {vat: 1}}", "value_form", "true"),
    "twice": ('{"2023": {vat: 1}, 2023: {vat: 2}}', "key_twice", "2023"),
    "truth": ('{"2023": {vat: true}}', "value_number", "true"),
    "far": ('{"9999": {vat: 1}}', "track_year_wrong", "9999"),
}


def case(name: str, tmp_path: Path) -> Path:
    """The example of a report, or the same content where the folder of examples is not at hand."""
    path = Path(os.environ.get("DUIJIE_SHARED", "/none")) / "cases" / "benefit" / f"{name}.yaml"
    if path.exists():
        return path
    after = REFUSED[name][0] if name in REFUSED else '{"2025": {vat: 12e7}, "2023": {vat: 8e7}, "2024": {vat: 1e8}}'
    text = PLANT % (after or '{"2023": {vat: 80000000}}')
    if after is None:
        text = re.sub(r"(?s)before:.*?\n(?=after)", 'before: {"2022": {vat: 60000000}}\n', text)
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", REFUSED)
def test_files_with_wrong_years_or_amounts_are_refused(name, tmp_path):
    """Each is one fault with its value, and the command writes no figure."""
    _, code, shown = REFUSED[name]
    with pytest.raises((InputError, DataFileError)) as caught:
        verbs(["track", "benefit", str(case(name, tmp_path)), "--json"], standalone_mode=False)
    assert [fault.code for fault in caught.value.faults] == [code]
    for language in ("zh", "en"):
        assert shown in told(caught.value, language)


def test_years_in_any_order_are_the_same_years(tmp_path, capsys):
    """Local taxes of 40, 50 and 60 million: half each, under a cap of 102."""
    verbs(["track", "benefit", str(case("t3_unsorted", tmp_path)), "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert found["cap_cny"] == 102 * MILLION
    assert [(one["year"], one["local_cny"] / MILLION) for one in found["years"]] == [(2023, 40), (2024, 50), (2025, 60)]
    assert [one["shares_cny"]["origin"] / MILLION for one in found["years"]] == [20, 25, 30]
    assert [one["cap_left_cny"] / MILLION for one in found["years"]] == [82, 57, 27]
    assert found["totals_cny"] == {"destination": 75 * MILLION, "origin": 75 * MILLION}


def test_years_are_counted_by_the_calendar():
    """A year in which nothing was paid is a year: with two of them the five years end in 2027 all the same."""
    paid = {2023: 20, 2024: 0, 2025: 20, 2026: 0, 2027: 20, 2028: 20}
    case_ = replace(relocation(34, []), after={year: {"local": one * MILLION} for year, one in paid.items()})
    found = share_benefits(MODEL, case_)
    assert [one.shares_cny.get("origin", 0) / MILLION for one in found.years] == [10, 0, 10, 0, 10, 0]
    empty = replace(case_, after={year: {"local": one * MILLION} if one else {} for year, one in paid.items()})
    assert share_benefits(MODEL, empty).years == found.years
    # the plant may stand still between the old place and the new one
    later = replace(case_, after={year + 2: one for year, one in case_.after.items()})
    assert share_benefits(MODEL, later).totals_cny == found.totals_cny


def test_years_before_are_the_last_in_a_row():
    """Of the years before, those that the rule looks at must follow each other; older ones may be anything."""
    gap = replace(relocation(30, [40]), before={year: {"local": 30 * MILLION} for year in (2019, 2020, 2022)})
    with pytest.raises(InputError) as caught:
        share_benefits(MODEL, gap)
    assert [(fault.code, fault.values["years"]) for fault in caught.value.faults] == [("track_years_gap", [2021])]
    old = {2001: {"local": 1.0}, **relocation(30, [40]).before}
    assert share_benefits(MODEL, replace(relocation(30, [40]), before=old)).cap_cny == 90 * MILLION


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), 1e400, 10**400, 1e15, True, "1", None, [1]]
)
def test_what_is_no_amount_is_a_fault_for_callers_too(value):
    """The function itself refuses what is no number; nothing is summed."""
    for when in ("before", "after"):
        years = {year: {"local": 30 * MILLION} for year in ((2020, 2021, 2022) if when == "before" else (2023, 2024))}
        years[max(years)] = {"local": value}
        with pytest.raises(InputError, match="track_taxes_wrong") as caught:
            share_benefits(MODEL, replace(relocation(30, [40]), **{when: years}))
        assert [fault.code for fault in caught.value.faults] == ["track_tax_wrong"]
        assert sentence("track_tax_wrong", "zh", caught.value.faults[0].values)


@pytest.mark.parametrize("year", [True, "2024", 2024.0, 0, 99999])
def test_what_is_no_year_is_a_fault(year):
    """A truth, a text or a year without a calendar is no year."""
    with pytest.raises(InputError, match="track_year_wrong"):
        share_benefits(MODEL, replace(relocation(30, []), after={2023: {}, year: {"local": 1.0}}))


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(1, 1000), min_size=1),
    st.integers(0, 10**14),
)
def test_whole_fen_are_shared_without_rest(weights, fen):
    """Shares are whole fen, sum to the amount, and none is a fen away from its exact part."""
    total = sum(weights.values())
    found = apportioned(fen, {party: weight / total for party, weight in weights.items()})
    assert sum(found.values()) == fen
    for party, part in found.items():
        assert abs(part - Fraction(fen * weights[party], total)) < 1 + Fraction(fen, 10**15)


@given(st.lists(st.decimals(0, 10**9, places=2), min_size=1, max_size=8), st.decimals(0, 10**9, places=2))
def test_every_fen_is_somebodys(paid, before):
    """Amounts in fen: each year's shares sum exactly to its local taxes, and the cap is kept to the fen."""
    rule = RULES["tax-sharing-2015"]
    rule = replace(rule, least_mean_cny=0.0)
    years = {2023 + at: {"local": float(one)} for at, one in enumerate(paid)}
    old = {year: {"local": float(before)} for year in (2020, 2021, 2022)}
    found = share_benefits(rule, replace(relocation(30, []), before=old, after=years))
    for one, amount in zip(found.years, paid, strict=True):
        assert sum(Decimal(str(share)) for share in one.shares_cny.values()) == amount
    assert Decimal(str(found.cap_cny)) == 3 * before
    assert Decimal(str(found.totals_cny.get("origin", 0))) <= 3 * before


def rule(**changes):
    """A rule of one's own, as its file says it."""
    document = {
        "key": "own",
        "title": {"zh": "自定", "en": "Own"},
        "conditions": {"years_before": 1},
        "phases": [{"years": 2, "shares": {"origin": 1.0}}],
        "afterwards": "destination",
        "source": {},
    }
    return rule_of(document | changes)


def test_the_rest_above_a_cap_is_nobodys_loss():
    """Where the capped party alone has a share, what is above its cap goes to whoever comes afterwards."""
    capped = rule(capped="origin")
    found = share_benefits(capped, relocation(10, [8, 8, 8]))
    assert [one.shares_cny for one in found.years] == [
        {"origin": 8e6},
        {"destination": 6e6, "origin": 2e6},
        {"destination": 8e6},
    ]


def test_a_rule_is_what_its_file_says():
    """Every condition, the local shares with their dates, where it is in force, and whose it is."""
    assert (MODEL.key, MODEL.afterwards, MODEL.capped, MODEL.subsidy_after) == (
        "tax-sharing-2015", "destination", "origin", True,
    )  # fmt: skip
    assert (MODEL.led_by, MODEL.fits_destination, MODEL.least_mean_cny, MODEL.years_before) == (
        "origin_government", True, 20e6, 3,
    )  # fmt: skip
    assert (MODEL.confirmed_by, MODEL.regions) == (("origin", "destination"), ("110000", "120000", "130000"))
    assert [(one.tax, one.valid_from, one.valid_until, one.share) for one in MODEL.local_shares] == [
        ("vat", "1994-01-01", "2016-04-30", 0.25),
        ("vat", "2016-05-01", "", 0.5),
        ("cit", "2003-01-01", "", 0.4),
        ("business", "1994-01-01", "2016-04-30", 1),
    ]
    assert (MODEL.source.publisher, MODEL.source.published_on) == ("财政部、国家税务总局", "2015-06-03")
    own = rule()
    assert (own.capped, own.led_by, own.fits_destination, own.least_mean_cny) == ("", "any", False, 0.0)
    assert (own.confirmed_by, own.subsidy_after, own.local_shares, own.regions) == ((), False, (), ())
    assert rule(conditions={}).years_before == 0


def local_share(start: str, end: str = "", tax: str = "vat") -> dict[str, object]:
    row = {"tax": tax, "name": {"zh": "税", "en": "Tax"}, "from": start, "share": 0.5}
    return row | ({"until": end} if end else {})


def test_local_shares_that_follow_each_other_are_no_fault():
    """One ends in the month before the next begins; other taxes have their own."""
    rule(local_shares=[local_share("2016-05"), local_share("2010", "2016-04"), local_share("2010", tax="cit")])
    years = rule(local_shares=[local_share("2010", "2016-04"), local_share("2018-12-01")])
    assert [local_cny(years, year, {"vat": 24.0}) for year in range(2009, 2020)] == [0, *[12] * 6, 4, 0, 1, 12]


def test_a_phase_ends_with_its_last_year_and_a_mean_is_reached_by_its_amount():
    """Two years share, the third does not; a mean of just the least is enough, a fen less is not."""
    two = rule(conditions={"years_before": 2, "least_mean_cny": 10e6})
    found = share_benefits(two, relocation(10, [8, 8, 8]))
    assert [one.shares_cny for one in found.years] == [{"origin": 8e6}, {"origin": 8e6}, {"destination": 8e6}]
    below = replace(
        relocation(10, [8]), before={2020: {"local": 1e9}, 2021: {"local": 10e6}, 2022: {"local": 9999999.98}}
    )
    assert [one.code for one in share_benefits(two, below).reasons][:1] == ["track_benefit_too_small"]
    assert share_benefits(two, below).reasons[0].values == {"mean": 10_000_000, "least": 10e6}


@pytest.mark.parametrize(("n", "is_told"), [(4, False), (5, True)])
def test_a_subsidy_is_possible_from_the_last_year_on(n, is_told):
    """Not before the years of sharing are over, and never where the cap was reached or the move is not covered."""
    codes = {one.code for one in share_benefits(MODEL, relocation(30, [20] * n)).reasons}
    assert ("track_benefit_subsidy_possible" in codes) == is_told
    reached = share_benefits(MODEL, relocation(30, [60] * n))
    uncovered = share_benefits(MODEL, replace(relocation(30, [20] * n), led_by="market"))
    endless = rule(subsidy_after=True, phases=[{"shares": {"origin": 1.0}}])
    for found in (reached, uncovered, share_benefits(endless, relocation(30, [20] * n))):
        assert "track_benefit_subsidy_possible" not in {one.code for one in found.reasons}


def test_no_year_after_the_move_is_nothing_to_share():
    """No years, no totals; the cap is known all the same."""
    found = share_benefits(MODEL, relocation(30, []))
    assert (found.years, found.totals_cny, found.cap_cny, found.is_cap_reached) == ((), {}, 90 * MILLION, False)
    assert share_benefits(rule(), relocation(30, [])).cap_cny is None
    assert share_benefits(replace(MODEL, least_mean_cny=0.0), relocation(0, [])).is_cap_reached


def test_a_phase_without_the_capped_party_takes_nothing_of_its_cap():
    """What is left of the cap is for the years in which the party has a share; one with none gets no rest either."""
    phases = [
        {"years": 1, "shares": {"destination": 1.0}},
        {"years": 2, "shares": {"origin": 1.0, "park": 0.0}},
    ]
    found = share_benefits(rule(capped="origin", phases=phases), relocation(10, [8, 8, 8]))
    assert [one.cap_left_cny for one in found.years] == [10e6, 2e6, 0.0]
    assert [one.shares_cny for one in found.years] == [
        {"destination": 8e6},
        {"origin": 8e6, "park": 0.0},
        {"destination": 6e6, "origin": 2e6},
    ]


def test_what_is_above_a_cap_goes_to_all_the_others_by_their_shares():
    """Ten million are left of the cap; the other thirty are shared between the two that have a quarter each."""
    phases = [{"years": 1, "shares": {"origin": 0.5, "park": 0.25, "destination": 0.25}}]
    found = share_benefits(rule(capped="origin", phases=phases), relocation(10, [40]))
    assert found.totals_cny == {"origin": 10e6, "park": 15e6, "destination": 15e6}


def test_a_cap_of_nothing_is_reached_at_once():
    """Where nothing was paid before, the capped party has nothing to get."""
    free = replace(MODEL, least_mean_cny=0.0)
    found = share_benefits(free, relocation(0, [40, 40, 40, 40]))
    assert (found.cap_cny, found.is_cap_reached) == (0.0, True)
    assert [dict(one.shares_cny) for one in found.years] == [{"destination": 40e6, "origin": 0.0}] * 3 + [
        {"destination": 40e6}
    ]


def test_faults_say_where_they_are_and_what_they_saw():
    """The year, the value as it stands, the years that are missing and those they lie between."""
    case_ = replace(
        relocation(30, []),
        before={2020: {"vat": -1.0}, 2021: {}, 2022: {"cit": float("nan"), "x": "9" * 99}},
        after={2024: {}, 2027: {}, 2022: {}},
    )
    with pytest.raises(InputError) as caught:
        share_benefits(MODEL, case_)
    assert caught.value.values == {"n": 5}
    assert [(fault.code, fault.where, fault.values) for fault in caught.value.faults] == [
        ("track_tax_negative", {"key": "before.2020.vat"}, {"year": 2020, "value": -1.0}),
        ("track_tax_wrong", {"key": "before.2022.cit"}, {"year": 2022, "value": "nan"}),
        ("track_tax_wrong", {"key": "before.2022.x"}, {"year": 2022, "value": "9" * 80}),
        ("track_years_overlap", {"key": "after"}, {"years": [2022], "last": 2022}),
        ("track_years_gap", {"key": "after"}, {"years": [2023, 2025, 2026], "first": 2022, "last": 2027}),
    ]


@pytest.mark.parametrize(("year", "is_one"), [(1948, False), (1949, True), (2100, True), (2101, False)])
def test_years_are_those_of_the_calendar(year, is_one):
    """From 1949 to 2100; the fault says so."""
    case_ = replace(relocation(30, []), before={year: {"local": 1.0}})
    if is_one:
        assert share_benefits(rule(), case_).years == ()
        return
    with pytest.raises(InputError, match="track_year_wrong") as caught:
        share_benefits(rule(), case_)
    [fault] = caught.value.faults
    assert (fault.where, fault.values) == ({"key": "before"}, {"year": str(year), "first": 1949, "last": 2100})


def test_amounts_may_be_as_large_as_any():
    """Just below the bound it is an amount."""
    found = share_benefits(rule(), replace(relocation(30, []), after={2023: {"local": 999_999_999_999_999}}))
    assert found.totals_cny == {"origin": 999_999_999_999_999}


@pytest.mark.parametrize(
    ("changes", "code", "where", "values"),
    [
        ({"capped": "orign"}, "track_capped_unknown", "capped", {"party": "orign", "known": ["origin"]}),
        (
            {"phases": [{"shares": {"origin": 1.0}}, {"years": 1, "shares": {"origin": 1.0}}]},
            "track_phase_endless",
            "phases.0",
            {"phase": 1},
        ),
        (
            {
                "local_shares": [
                    {"tax": "vat", "name": {"zh": "增值税", "en": "VAT"}, "from": "2016-05-01", "share": 0.5},
                    {
                        "tax": "vat",
                        "name": {"zh": "增值税", "en": "VAT"},
                        "from": "1994-01-01",
                        "until": "2016-05-31",
                        "share": 0.25,
                    },
                ]
            },
            "track_local_share_twice",
            "local_shares",
            {"tax": "vat", "first": "1994-01-01", "second": "2016-05-01"},
        ),
        (
            {"local_shares": [local_share("2010"), local_share("2016")]},
            "track_local_share_twice",
            "local_shares",
            {"tax": "vat", "first": "2010", "second": "2016"},
        ),
    ],
)
def test_a_rule_that_would_lose_or_double_money_is_refused(changes, code, where, values):
    """A limit on nobody, a phase that never begins, two local shares at once."""
    with pytest.raises(InputError, match="track_rule_wrong") as caught:
        rule(**changes)
    assert (caught.value.values, caught.value.where) == ({"n": 1}, {"rule": "own"})
    [fault] = caught.value.faults
    assert (fault.code, fault.where, fault.values) == (code, {"key": where}, values)


def test_taxes_the_rule_does_not_share_are_named():
    """A tax that is left out of the sum does not go without a word."""
    known = relocation(30, [40])
    assert "track_benefit_taxes_left_out" not in [one.code for one in share_benefits(MODEL, known).reasons]
    found = share_benefits(MODEL, replace(known, after={2023: {"local": 4e7, "VAT": 8e7}}))
    assert found.years == share_benefits(MODEL, known).years
    [left] = [one for one in found.reasons if one.code == "track_benefit_taxes_left_out"]
    assert left.values == {"taxes": ["VAT"]}


def test_unknown_keys_of_a_rule_are_refused(tmp_path):
    path = tmp_path / "rule.yaml"
    path.write_text("key: x\nspilt: 1\n", encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read(path, "benefit")
    assert "key_unknown" in [fault.code for fault in caught.value.faults]
