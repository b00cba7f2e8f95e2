"""What an official may send about a side's own desk."""

from __future__ import annotations

from typing import Any

from django import forms

from duijie_portal.ledger.day_fields import DayField
from duijie_portal.ledger.paper_fields import PaperField

__all__ = ["AnswerForm", "ArrangeForm", "EndForm", "HandOverForm", "LeaveForm"]

_ITEM = 400
_NOTE = 2000


class WhomField(forms.Field):
    """Departments (``d:key``) and persons (``p:name``) that are ticked or picked."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
        named = [str(one) for one in value or () if one]
        found = {sort: tuple(one[2:] for one in named if one[:2] == sort) for sort in ("d:", "p:")}
        return found["d:"], found["p:"]


class ArrangeForm(forms.Form):
    """An inner act: the item it is about, whom it is addressed to, words, a day, a paper."""

    what = forms.SlugField(max_length=20)
    item = forms.CharField(max_length=_ITEM, required=False)
    to = WhomField(required=False)
    note = forms.CharField(max_length=_NOTE, required=False)
    due_on = DayField(required=False)
    file = PaperField(required=False)


class AnswerForm(forms.Form):
    """Read, or carried out."""

    item = forms.CharField(max_length=_ITEM)
    note = forms.CharField(max_length=_NOTE, required=False)


class LeaveForm(forms.Form):
    """Who is away from day to day, and who stands in."""

    whose = forms.SlugField(max_length=80)
    to = forms.SlugField(max_length=80)
    from_on = DayField()
    until_on = DayField()
    note = forms.CharField(max_length=_NOTE, required=False)


class EndForm(forms.Form):
    """A leave that ends early."""

    act = forms.SlugField(max_length=64)


class HandOverForm(forms.Form):
    """Whose list goes to whom."""

    whose = forms.SlugField(max_length=80)
    to = forms.SlugField(max_length=80)
    note = forms.CharField(max_length=_NOTE, required=False)
