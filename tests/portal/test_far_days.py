"""A day at either end of the calendar: refused at every door, and harmless where one stands on record already."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from django import forms
from django.core.exceptions import ValidationError
from django.urls import NoReverseMatch, reverse
from portal_checks import post, said

from duijie.errors import InputError
from duijie.match.kinds import load_kinds
from duijie_portal.ledger.day_fields import FAR, DayField, EndField, MomentField
from duijie_portal.ledger.loading import load_records
from duijie_portal.ledger.models import Agreement, Case, Listing, Record, Step
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.match.listing_forms import ListingForm
from duijie_portal.meet import selectors as meet
from duijie_portal.track import amendment_services, selectors

FAR_TEXTS = ("9999-12-31", "0001-01-01")
FORMS = ("frame.forms", "frame.account_forms", "diagnose.forms", "match.forms", "match.import_forms")
FORMS += ("match.listing_forms", "meet.forms", "track.forms", "share.forms")
ACCESS = yaml.safe_load((Path(__file__).parent / "access.yaml").read_text(encoding="utf-8"))


def _fields() -> Iterator[tuple[str, forms.Field]]:
    for name in FORMS:
        for one in vars(import_module(f"duijie_portal.{name}")).values():
            if isinstance(one, type) and issubclass(one, forms.Form):
                yield from ((f"{one.__name__}.{key}", field) for key, field in getattr(one, "base_fields", {}).items())
    for kind, found in load_kinds().items():
        for role in ("need", "offer"):
            made = ListingForm(kind, role)
            yield from ((f"{found.key}.{role}.{key}", field) for key, field in made.fields.items())


def test_every_day_of_every_form_is_of_the_one_type() -> None:
    """No form has a day or a moment field of its own, and each refuses both ends of the calendar."""
    days = [(name, field) for name, field in _fields() if isinstance(field, forms.DateField | forms.DateTimeField)]
    assert len(days) > 15
    for name, field in days:
        assert isinstance(field, DayField | MomentField), name
        for text in FAR_TEXTS:
            if not (isinstance(field, EndField) and text == FAR_TEXTS[0]):
                with pytest.raises(ValidationError):
                    field.clean(text if isinstance(field, DayField) else f"{text}T12:00")
        assert field.clean("2026-02-28" if isinstance(field, DayField) else "2026-02-28T12:00"), name


@pytest.mark.parametrize("text", ["长期", "无固定期限", "9999-12-31", "9999/12/31"])
def test_a_term_may_have_no_end(text: str) -> None:
    """Where a last day is asked for, the usual words and the usual far day mean that there is none."""
    assert EndField(without_end=FAR).clean(text) == FAR
    with pytest.raises(ValidationError):  # where no such day can be kept it is refused, not dropped without a word
        EndField(required=False).clean(text)


def _pages(agreement: Agreement) -> Iterator[str]:
    """Every page of readers that needs no key, and one clause."""
    for name in (*ACCESS["readers"]["read"], *ACCESS["briefed"]["read"]):
        try:
            yield reverse(name, args=[agreement.pk])
        except NoReverseMatch:
            continue
    yield reverse("clause", args=[agreement.pk, agreement_term(agreement).clauses[0].key])


@pytest.mark.parametrize("day", [*FAR_TEXTS, "1949-01-01", "2100-12-31", "2026-02-30", "x" * 500])
def test_a_page_is_asked_for_any_day(agreement: Any, as_person: Any, sides: Any, day: str) -> None:
    """No page fails for the day in its address: the bounds are days like others, beyond them it shows today."""
    client = as_person(f"coordinator-{sides[0].pk}")
    for path in _pages(agreement):
        assert client.get(path, {"as_of": day}).status_code == 200, path


@pytest.mark.parametrize("quarter", ["9999-Q4", "0001-Q1", "1948-Q4", "²024-Q1", "10000-Q1"])
def test_a_far_quarter_is_refused_with_a_sentence(agreement: Any, coordinator: Any, quarter: str) -> None:
    """A quarter beyond the bounds is a wrong question, not a broken page."""
    answer = coordinator.get(reverse("changes", args=[agreement.pk]), {"quarter": quarter})
    assert answer.status_code == 400


def test_a_decision_due_at_the_end_of_time_is_refused(agreement: Any, as_person: Any, sides: Any) -> None:
    """The form says which days can be used, and nothing is recorded."""
    clause = agreement_term(agreement).clauses[0]
    n_before = Record.objects.count()
    data = {"clause": clause.key, "title": "x", "on": "2025-06-30", "due_on": "9999-12-31"}
    answer = post(as_person(f"coordinator-{sides[0].pk}"), "record_decision", agreement, data)
    assert "2100-12-31" in answer.content.decode()
    assert Record.objects.count() == n_before


def _plant(agreement: Agreement, day: date) -> None:
    """A far day in every column and every text of a record that holds one, as an earlier version let them in."""
    for model, names in _COLUMNS.items():
        for name in names:
            first = list(model.objects.values_list("pk", flat=True)[:3])
            model.objects.filter(pk__in=first).update(**{name: day})
    for kind in ("decision", "target", "amendment", "conference", "contact", "certificate"):
        for row in Record.objects.filter(agreement=agreement, kind=kind)[:3]:
            row.on = row.due_on = row.done_on = day
            dates = {key: day.isoformat() for key in row.payload if key == "on" or key.endswith(("_on", "_until"))}
            row.payload = {**row.payload, **dates}
            row.save()


_COLUMNS: dict[Any, tuple[str, ...]] = {
    Listing: ("valid_from", "valid_until"),
    Case: ("last_on",),
    Step: ("on",),
    Agreement: ("valid_until",),
}


@pytest.mark.parametrize("day", [date.max, date.min])
def test_one_far_row_takes_no_page_down(agreement: Any, as_person: Any, sides: Any, day: date) -> None:
    """With far days in every kind of row, all pages open, for both governments, today and at the bound."""
    _plant(agreement, day)
    for side, asked in zip(sides, ("2100-12-31", ""), strict=True):
        client = as_person(f"coordinator-{side.pk}")
        for path in _pages(agreement):
            assert client.get(path, {"as_of": asked}).status_code == 200, path


def test_a_renewal_without_end_lifts_the_term(agreement: Any, person: Any, as_person: Any, sides: Any) -> None:
    """A renewal until 9999-12-31, agreed by both, leaves an agreement in force whose pages say that it has no end."""
    leader = as_person(f"leader-{sides[0].pk}")
    data = {"kind": "renewal", "title": "续签", "signed_on": "2025-06-01", "effective_on": "2025-06-01"}
    assert said(post(leader, "propose_amendment", agreement, {**data, "valid_until": "长期"}), "portal_done_amendment")
    row = Record.objects.get(agreement=agreement, kind="amendment", title_zh="续签")
    amendment_services.agree_amendment(person(f"leader-{sides[1].pk}"), row, on=date(2025, 6, 2))
    standing = selectors.standing(agreement, person(f"leader-{sides[0].pk}"), as_of=date(2025, 6, 30))
    assert (standing.lifecycle.state, standing.lifecycle.left_working_days) == ("in_force", None)
    for name in ("home", "amendments"):
        page = leader.get(reverse(name, args=[agreement.pk]), {"as_of": "2025-06-30"})
        assert "长期" in page.content.decode()
        assert "9999" not in page.content.decode()


def test_a_loaded_far_day_is_a_fault_of_its_line(agreement: Any, tmp_path: Path) -> None:
    """A file of records is refused whole, each far day told with its line; a term without end is none."""
    side = agreement.sides.order_by("code")[0].pk
    about = {"type": "decision", "side": side, "clause": "x", "text": {"zh": "甲"}, "decided_on": "2025-01-06"}
    rows = [{**about, "id": "d1", "due_on": "0001-01-01"}, {**about, "id": "d2", "decided_on": "9999-12-31"}]
    rows += [{**about, "id": "d3", "due_on": "2025-02-30"}, {**about, "id": "d4", "valid_until": "9999-12-31"}]
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_records(agreement, path)
    found = [(fault.where["row"], fault.code) for fault in caught.value.faults]
    assert found == [(1, "day_outside"), (2, "day_outside"), (3, "day_unreadable")]


def test_a_calendar_feed_holds_a_visit_at_the_end_of_time(agreement: Any, person: Any, sides: Any) -> None:
    """The day after the last one, which an all-day entry ends on, does not exist; the feed opens all the same."""
    from django.utils import timezone

    from duijie_portal.meet import calendars, services

    reader = person(f"coordinator-{sides[0].pk}")
    row = Record.objects.filter(agreement=agreement, kind="conference").first()
    Record.objects.filter(pk=row.pk).update(on=date.max)
    feed = services.make_feed(reader, agreement, scope="person", key="", language="zh")
    assert calendars.document(feed, now=timezone.now())
    assert meet.visits(agreement, reader) is not None
