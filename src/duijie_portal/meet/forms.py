"""What a person may send about meetings: requests, days, changes of a day, bookings, outcomes, feeds."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from .models import KINDS, RESULTS

__all__ = [
    "AnswerForm",
    "ArriveForm",
    "AskForm",
    "AwayForm",
    "BookForm",
    "DayForm",
    "FeedForm",
    "KeyForm",
    "LockForm",
    "OutcomeForm",
    "PlanForm",
    "ResourceForm",
    "TableForm",
]

_LONG = 80
_SPAN = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)\s*-\s*((?:[01]\d|2[0-3]):[0-5]\d)")


class Keys(forms.MultipleChoiceField):
    """Several keys; whether they exist is for the service to say."""

    def valid_value(self, value: object) -> bool:
        return True


class Spans(forms.CharField):
    """Spans of wall-clock time: ``09:00-12:00 14:00-17:30``."""

    def to_python(self, value: Any) -> Any:
        text = str(value or "")
        found = [list(one) for one in _SPAN.findall(text)]
        if text.strip() and (not found or any(first >= last for first, last in found)):
            raise forms.ValidationError(self.error_messages["invalid"])
        return found


class Moment(forms.DateTimeField):
    """A moment as a browser sends it."""

    input_formats = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")


class KeyForm(forms.Form):
    """One row by its key."""

    key = forms.CharField(max_length=_LONG)


class AskForm(forms.Form):
    day = forms.CharField(max_length=_LONG)
    from_party = forms.CharField(max_length=_LONG)
    to_party = forms.CharField(max_length=_LONG)
    note = forms.CharField(max_length=500, required=False)


class AnswerForm(forms.Form):
    """Yes, or no with a reason."""

    key = forms.CharField(max_length=_LONG)
    is_accepted = forms.BooleanField(required=False)
    reason = forms.SlugField(max_length=30, required=False)
    note = forms.CharField(max_length=500, required=False)


class DayForm(forms.Form):
    """A new exchange day."""

    title_zh = forms.CharField(max_length=200)
    title_en = forms.CharField(max_length=300, required=False)
    place_zh = forms.CharField(max_length=200, required=False)
    place_en = forms.CharField(max_length=300, required=False)
    on = forms.DateField()
    spans = Spans(max_length=200, error_messages={"invalid": "HH:MM-HH:MM"})
    slot_min = forms.IntegerField(min_value=5, max_value=240)
    n_tables = forms.IntegerField(min_value=1, max_value=200)
    ask_quota = forms.IntegerField(min_value=1, max_value=100)
    meeting_quota = forms.IntegerField(min_value=1, max_value=100)
    answer_by = Moment()


class PlanForm(forms.Form):
    is_fresh = forms.BooleanField(required=False)


class LockForm(forms.Form):
    """A request and the slot it must have; without a slot it may move again."""

    request = forms.CharField(max_length=_LONG)
    slot = forms.CharField(max_length=40, required=False)


class AwayForm(forms.Form):
    """A party and the slots in which it is not there."""

    party = forms.CharField(max_length=_LONG)
    slots = Keys(required=False)


class TableForm(forms.Form):
    table = forms.CharField(max_length=_LONG)
    slots = Keys(required=False)


class ArriveForm(forms.Form):
    party = forms.CharField(max_length=_LONG)
    is_here = forms.BooleanField(required=False)


class OutcomeForm(forms.Form):
    """Result, next step, who, by when."""

    meeting = forms.IntegerField(min_value=1)
    result = forms.ChoiceField(choices=[(one, one) for one in RESULTS])
    reason = forms.SlugField(max_length=30, required=False)
    next_step = forms.CharField(max_length=300, required=False)
    owner = forms.CharField(max_length=120, required=False)
    due_on = forms.DateField(required=False)


class ResourceForm(forms.Form):
    """Something to be booked, with its rules."""

    kind = forms.ChoiceField(choices=[(one, one) for one in KINDS])
    name_zh = forms.CharField(max_length=120)
    name_en = forms.CharField(max_length=200, required=False)
    party = forms.CharField(max_length=_LONG, required=False)
    capacity = forms.IntegerField(min_value=1, max_value=10_000)
    fee_cny = forms.DecimalField(min_value=0, max_digits=12, decimal_places=2)
    weekdays = forms.TypedMultipleChoiceField(choices=[(n, n) for n in range(7)], coerce=int, required=False)
    spans = Spans(max_length=200, required=False, error_messages={"invalid": "HH:MM-HH:MM"})
    least_min = forms.IntegerField(min_value=0, required=False)
    most_min = forms.IntegerField(min_value=1, required=False)
    ahead_days = forms.IntegerField(min_value=1, max_value=730, required=False)
    most_units = forms.IntegerField(min_value=1, required=False)


class BookForm(forms.Form):
    resource = forms.CharField(max_length=_LONG)
    party = forms.CharField(max_length=_LONG, required=False)
    starts_at = Moment()
    ends_at = Moment()
    n_units = forms.IntegerField(min_value=1, max_value=10_000)
    may_wait = forms.BooleanField(required=False)


class FeedForm(forms.Form):
    """A calendar address; `what` is ``person``, ``department:key`` or ``clause:key``."""

    what = forms.RegexField(r"^(person|(department|clause):[\w-]{1,80})$", max_length=100)
