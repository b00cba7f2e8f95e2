"""What forms take: the grammar of every other cell, bounds of their own, and nothing beside what is read."""

from __future__ import annotations

import pytest
from django import forms

from duijie_portal.diagnose.forms import ScenarioForm
from duijie_portal.match.listing_forms import ListingForm
from duijie_portal.meet.forms import RulesForm, Spans


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("09:00-12:00 14:00-17:30", [["09:00", "12:00"], ["14:00", "17:30"]]),
        ("9:00至12:00、14:00～17:30", [["09:00", "12:00"], ["14:00", "17:30"]]),
        ("０９：００—１２：００；", [["09:00", "12:00"]]),
        ("09:00-10:00,10:00-11:00", [["09:00", "10:00"], ["10:00", "11:00"]]),
        ("", []),
    ],
)
def test_spans_of_a_day_as_people_write_them(text: str, spans: list[list[str]]) -> None:
    """Several spans in their order, in wide signs and with any dash."""
    assert Spans(required=False).clean(text) == spans


@pytest.mark.parametrize(
    "text",
    [
        "上午 09:00-12:00",
        "09:00-12:00 13-17",
        "09:00-12:00 11:00-13:00",
        "14:00-15:00 09:00-10:00",
        "12:00-09:00",
        "09:00-09:00",
        "9-12",
        "24:00-25:00",
        "09:00-12:60",
    ],
)
def test_no_span_is_picked_out_of_other_words(text: str) -> None:
    """Words beside the spans, overlaps and times that are none are refused as a whole."""
    with pytest.raises(forms.ValidationError):
        Spans(required=False).clean(text)


@pytest.mark.parametrize("text", ["联系 138 0000 0000", "身份证 11010119900307123X", "１３８０００００００"])
def test_a_listing_holds_no_number_of_a_person(text: str) -> None:
    """Title and details of a need refuse what a table's cells refuse; a text of several lines keeps them."""
    form = ListingForm("supply", "need", {"title": "鞋底", "details": f"急需\n{text}"})
    if text.startswith("１"):  # ten digits are no mobile number
        assert "details" not in form.errors
        assert form.payload["details"].splitlines() == ["急需", text]
        return
    assert "****" in str(form.errors["details"])
    assert text not in str(form.errors["details"])
    assert "title" in ListingForm("supply", "need", {"title": text}).errors


@pytest.mark.parametrize("text", ["鞋底（皮）：急需，“Ａ型”！", "註冊（晉江）", "Ⅱ级／㎡"])
def test_a_title_is_kept_as_it_is_typed(text: str) -> None:
    """Full width signs and traditional characters are folded for comparing only; lists keep their words as well."""
    form = ListingForm("supply", "need", {"title": text, "details": f"{text}\n{text}", "products": f"{text[:4]}；伞"})
    assert not {"title", "details", "products"} & set(form.errors)
    assert form.payload["title"] == text
    assert form.payload["details"].splitlines() == [text, text]
    assert form.payload["products"] == [text[:4], "伞"]


@pytest.mark.parametrize("name", ["least_min", "most_min", "most_units", "ahead_days", "capacity", "fee_cny"])
@pytest.mark.parametrize("value", ["-1", "99999999999999999999", "nan", "inf", "1e400", "1.5x"])
def test_rules_of_a_booking_are_bounded(name: str, value: str) -> None:
    """No count, length or fee is negative, beyond what a database holds, or no number."""
    assert name in RulesForm({name: value}).errors


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1e300", "x"])
def test_what_is_supposed_is_a_count(value: str) -> None:
    """A scenario moves a finite number of something."""
    assert "amount_0" in ScenarioForm({"name": "x", "industry_0": "195", "amount_0": value}).errors
