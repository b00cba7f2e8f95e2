"""The fold: any order of arrival, as-at equals a fold of the prefix, and honest emptiness."""

from dataclasses import replace
from datetime import date
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.track.conftest import dates, day, records

from duijie.data import root
from duijie.errors import DuijieError
from duijie.terms import CHAIN, Bilingual, Indicator, Listing, Step
from duijie.track import load_agreement, progress
from duijie.track.indicators import Ledger, Promise, cases_of, measure, measures, promises_of
from duijie.track.trajectory import Target

INDICATOR = Indicator("x", Bilingual(), "n_signed", "n")


@settings(max_examples=40, deadline=None)
@given(records.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))), dates)
def test_order_of_arrival_does_not_matter(agreement, pair, as_of):
    one, other = (progress(agreement, rows, as_of=as_of).to_dict() for rows in pair)
    assert one == other


@settings(max_examples=40, deadline=None)
@given(records, dates)
def test_as_at_equals_the_fold_of_the_prefix(agreement, rows, as_of):
    prefix = [row for row in rows if row.on <= as_of.isoformat()]
    assert progress(agreement, rows, as_of=as_of).to_dict() == progress(agreement, prefix, as_of=as_of).to_dict()


@given(records)
def test_chain_counts_agree_with_sets_of_cases(rows):
    naive = {node: len({row.case for row in rows if row.kind == node}) for node in CHAIN}
    assert Ledger.at(date(2030, 1, 1), rows).chain == naive


@given(records, dates)
def test_open_refused_and_delivered_share_the_cases(rows, as_of):
    cases = cases_of(rows)
    n_delivered = sum(case.last == "delivered" for case in cases)
    assert sum(case.is_open for case in cases) + sum(case.is_refused for case in cases) + n_delivered == len(cases)


@given(records, dates)
def test_cumulative_measures_never_fall(rows, as_of):
    later = date.fromordinal(as_of.toordinal() + 200)
    for name in ("n_matches", "n_meetings", "n_intents", "n_signed", "n_delivered", "signed_amount"):
        one = replace(INDICATOR, measure=name, unit="cny")
        assert measure(one, Ledger.at(as_of, rows)) <= measure(one, Ledger.at(later, rows))


def test_a_clause_nobody_reported_on_claims_nothing(agreement):
    document = progress(agreement, as_of=date(2024, 1, 1)).to_dict()
    for clause in document["clauses"]:
        assert clause["light"] == "grey"
        assert [reason["code"] for reason in clause["reasons"]] == ["track_nobody_reported"]
        assert {indicator["actual"] for indicator in clause["indicators"]} == {None}
        assert clause["n_matches"] is None


def test_the_built_in_agreement_is_honest_without_records():
    agreement = load_agreement(root() / "agreements" / "jinjiang-longhua")
    document = progress(agreement, as_of=date(2026, 11, 23)).to_dict()
    assert {clause["light"] for clause in document["clauses"]} == {"grey"}
    assert not any(clause["is_text_published"] for clause in document["clauses"])
    assert document["lifecycle"]["valid_until"] == ""
    assert all(one["target"] is None for clause in document["clauses"] for one in clause["indicators"])


def step(case: str, kind: str, offset: int, **more: object) -> Step:
    return Step(case, "one", kind, day(offset), "110000", "actor", **more)


def test_measures_by_hand():
    rows = [
        step("a", "need", 0, payload={"due_on": day(10)}),
        step("a", "match", 12),
        step("a", "signed", 40, amount=100.0, unit="cny", is_confirmed=True, payload={"confirmed_on": day(50)}),
        step("b", "need", 5, payload={"due_on": day(30)}),
        step("b", "meeting", 20),
        step("b", "signed", 105, amount=7.0, unit="t"),
        step("b", "delivered", 200, amount=3.5, unit="cny"),
        step("c", "need", 6),
        step("c", "refused", 9, reason="price"),
    ]
    ledger = Ledger.at(date(2024, 1, 1), rows, promises_of(rows))
    expected = {
        "n_listings": None,
        "n_matches": 1,
        "n_meetings": 1,
        "n_intents": 0,
        "n_signed": 2,
        "n_delivered": 1,
        "signed_amount": 100.0,
        "delivered_amount": 3.5,
        "n_refused": 1,
        "share_in_time": 0.5,
        "median_days_need_to_signed": median([40, 100]),
        "n_open": 1,
    }
    assert {name: measure(replace(INDICATOR, measure=name, unit="cny"), ledger) for name in measures()} == expected
    strict = replace(INDICATOR, measure="signed_amount", unit="cny", parameters={"confirmed": True})
    assert [measure(strict, Ledger.at(date.fromisoformat(day(at)), rows)) for at in (45, 50)] == [0, 100]


def test_an_open_promise_counts_only_once_it_fell_due():
    promises = [
        Promise("ticket", "1", day(0), day(10), day(8)),
        Promise("ticket", "2", day(0), day(10)),
        Promise("decision", "3", day(0), day(90)),
    ]
    share = replace(INDICATOR, measure="share_in_time")
    values = [measure(share, Ledger.at(date.fromisoformat(day(at)), [], promises)) for at in (5, 8, 10, 11)]
    assert values == [None, 1.0, 1.0, 0.5]
    only = replace(INDICATOR, measure="n_open", parameters={"of": ["decision"]})
    assert measure(only, Ledger.at(date.fromisoformat(day(11)), [], promises)) == 1


def test_listings_are_counted_where_somebody_looked():
    rows = [
        Listing("1", "supply", 1, "need", "110000", "p", {}, valid_from=day(3)),
        Listing("2", "site", 1, "offer", "220000", "q", {}),
    ]
    count = replace(INDICATOR, measure="n_listings")
    ledger = Ledger.at(date.fromisoformat(day(2)), [], listings=rows)
    assert measure(count, ledger) == 1
    assert measure(replace(count, parameters={"kinds": ["supply"]}), ledger) == 0
    assert measure(replace(count, parameters={"kinds": ["site"]}), ledger) == 1


def test_an_unknown_measure_is_an_error_with_the_list():
    with pytest.raises(DuijieError) as caught:
        measure(replace(INDICATOR, measure="happiness"), Ledger.at(date(2024, 1, 1), []))
    assert caught.value.code == "track_measure_unknown"
    assert "n_signed" in caught.value.values["known"]


def test_a_target_agreed_later_starts_from_the_fold_of_that_day(agreement):
    rows = [step("a", "signed", 10), step("b", "signed", 400)]
    target = Target("one", "n_signed", 5, day(700), decided_on=day(100))
    before, after = (
        progress(agreement, rows, as_of=date.fromisoformat(day(at)), targets=[target]).by_clause["one"]
        for at in (99, 400)
    )
    found = {one.indicator.key: one for one in before.indicators}["n_signed"]
    assert found.indicator.target is None
    found = {one.indicator.key: one for one in after.indicators}["n_signed"]
    # From 1 to 5 in 600 days; half the way in time, a quarter of it in value.
    assert (found.indicator.baseline, found.indicator.target, found.actual) == (1, 5, 2)
    assert (found.progress, found.light) == ("moderate", "amber")
