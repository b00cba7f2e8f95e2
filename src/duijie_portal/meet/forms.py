"""What a person may send about meetings: requests, days, changes of a day, bookings, outcomes, feeds."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms

from duijie.data import sentence
from duijie.errors import InputError
from duijie.terms.days import parse_day
from duijie_portal.accounts.models import KEY_LENGTH
from duijie_portal.ledger.day_fields import DayField, MomentField
from duijie_portal.ledger.pages import language_of, told
from duijie_portal.ledger.paper_fields import PaperField

from .models import KINDS, RESULTS, SERIES, SHIFTS
from .services.series import EVERY, checked_rule, rule_of

__all__ = [
    "AnswerForm",
    "ArriveForm",
    "AskForm",
    "AwayForm",
    "BookForm",
    "ChangeResourceForm",
    "DayForm",
    "DeskForm",
    "DropForm",
    "FeedForm",
    "GroupForm",
    "HostForm",
    "KeyForm",
    "LateForm",
    "LockForm",
    "MoveForm",
    "NoForm",
    "NumberForm",
    "OutForm",
    "OutcomeForm",
    "OutlineForm",
    "PaperForm",
    "PlaceForm",
    "PlanForm",
    "ResourceForm",
    "RoadForm",
    "SeriesForm",
    "TableForm",
    "TrainForm",
    "VisitForm",
]

_LONG = 80
_WEEK_MIN = 7 * 24 * 60
_TIME = r"((?:[01]?[0-9]|2[0-3]):[0-5][0-9])"
_SPAN = re.compile(rf"{_TIME}\s*(?:[-–—~〜]+|至|到)\s*{_TIME}")


class Keys(forms.MultipleChoiceField):
    """Several keys; whether they exist is for the service to say."""

    def valid_value(self, value: object) -> bool:
        return True


class Spans(forms.CharField):
    """Spans of wall-clock time in their order, none within another: ``09:00-12:00 14:00-17:30``."""

    def to_python(self, value: Any) -> Any:
        text = unicodedata.normalize("NFKC", str(value or ""))
        found = [[first.zfill(5), last.zfill(5)] for first, last in _SPAN.findall(text)]
        rest = _SPAN.sub("", text)
        ends = [end for span in found for end in span]
        if re.sub(r"[\s,、;]", "", rest) or ends != sorted(ends) or any(first == last for first, last in found):
            raise forms.ValidationError(sentence("portal_meet_spans_wrong", language_of()))
        return found


class Days(forms.CharField):
    """Days as ISO text, parted by spaces or commas: ``2026-10-01 2026-10-02``."""

    def to_python(self, value: Any) -> Any:
        words = re.split(r"[\s,，、;；]+", str(value or "").strip())
        try:
            return sorted({parse_day(word).isoformat() for word in words if word})
        except InputError as error:
            raise forms.ValidationError(sentence(error.code, language_of(), error.values)) from None


class Clock(forms.RegexField):
    """A time of day, ``HH:MM``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^([01]\d|2[0-3]):[0-5]\d$", **options)


class KeyForm(forms.Form):
    """One row by its key."""

    key = forms.CharField(max_length=_LONG)


class AskForm(forms.Form):
    day = forms.CharField(max_length=_LONG)
    from_party = forms.CharField(max_length=KEY_LENGTH)
    to_party = forms.CharField(max_length=KEY_LENGTH)
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
    on = DayField()
    spans = Spans(max_length=200)
    slot_min = forms.IntegerField(min_value=5, max_value=240)
    n_tables = forms.IntegerField(min_value=1, max_value=200)
    ask_quota = forms.IntegerField(min_value=1, max_value=100)
    meeting_quota = forms.IntegerField(min_value=1, max_value=100)
    answer_by = MomentField()


class PlanForm(forms.Form):
    is_fresh = forms.BooleanField(required=False)


class LockForm(forms.Form):
    """A request and the slot it must have; without a slot it may move again."""

    request = forms.CharField(max_length=_LONG)
    slot = forms.CharField(max_length=40, required=False)


class AwayForm(forms.Form):
    """A party and the slots in which it is not there."""

    party = forms.CharField(max_length=KEY_LENGTH)
    slots = Keys(required=False)


class LateForm(forms.Form):
    """A party and when it will be there."""

    party = forms.CharField(max_length=KEY_LENGTH)
    until = forms.TimeField(input_formats=["%H:%M"])


class DeskForm(forms.Form):
    """Two parties who agreed on the spot to meet."""

    from_party = forms.CharField(max_length=KEY_LENGTH)
    to_party = forms.CharField(max_length=KEY_LENGTH)
    clause = forms.SlugField(max_length=_LONG, required=False)
    note = forms.CharField(max_length=500, required=False)


class NoForm(forms.Form):
    """Nothing but the wish itself."""


class TableForm(forms.Form):
    table = forms.CharField(max_length=_LONG)
    slots = Keys(required=False)


class ArriveForm(forms.Form):
    party = forms.CharField(max_length=KEY_LENGTH)
    is_here = forms.BooleanField(required=False)


class OutcomeForm(forms.Form):
    """Result, next step, who, by when."""

    meeting = forms.CharField(max_length=_LONG)
    result = forms.ChoiceField(choices=[(one, one) for one in RESULTS])
    reason = forms.SlugField(max_length=30, required=False)
    next_step = forms.CharField(max_length=300, required=False)
    owner = forms.CharField(max_length=120, required=False)
    due_on = DayField(required=False)


class RulesForm(forms.Form):
    """Fee, hours and rules of something that can be booked."""

    name_zh = forms.CharField(max_length=120)
    name_en = forms.CharField(max_length=200, required=False)
    capacity = forms.IntegerField(min_value=1, max_value=10_000)
    fee_cny = forms.DecimalField(min_value=0, max_digits=12, decimal_places=2)
    weekdays = forms.TypedMultipleChoiceField(choices=[(n, n) for n in range(7)], coerce=int, required=False)
    spans = Spans(max_length=200, required=False)
    closed_on = Days(max_length=2000, required=False)
    least_min = forms.IntegerField(min_value=0, max_value=_WEEK_MIN, required=False)
    most_min = forms.IntegerField(min_value=1, max_value=_WEEK_MIN, required=False)
    ahead_days = forms.IntegerField(min_value=1, max_value=730, required=False)
    most_units = forms.IntegerField(min_value=1, max_value=10_000, required=False)

    def clean(self) -> dict[str, Any]:
        """Weekdays and spans become the opening hours."""
        found = super().clean() or {}
        weekdays, spans = found.pop("weekdays", ()), found.pop("spans", ())
        found["opening"] = [[day, first, last] for day in weekdays or range(7) for first, last in spans]
        found["least_min"] = found.get("least_min") or 0
        return found


class ResourceForm(RulesForm):
    """Something to be booked, with its rules."""

    kind = forms.ChoiceField(choices=[(one, one) for one in KINDS])
    party = forms.CharField(max_length=KEY_LENGTH, required=False)


class ChangeResourceForm(RulesForm):
    """Other rules for something that can be booked."""

    key = forms.CharField(max_length=_LONG)


class BookForm(forms.Form):
    resource = forms.CharField(max_length=_LONG)
    party = forms.CharField(max_length=KEY_LENGTH, required=False)
    starts_at = MomentField()
    ends_at = MomentField()
    n_units = forms.IntegerField(min_value=1, max_value=10_000)
    may_wait = forms.BooleanField(required=False)


class FeedForm(forms.Form):
    """A calendar address; `what` is ``person``, ``department:key`` or ``clause:key``."""

    what = forms.RegexField(r"^(person|(department|clause):[\w-]{1,80})$", max_length=100)


class VisitForm(forms.Form):
    """A study visit or delegation."""

    title_zh = forms.CharField(max_length=200)
    title_en = forms.CharField(max_length=300, required=False)
    clause = forms.SlugField(max_length=_LONG, required=False)
    on = DayField()
    until = DayField()
    straight_kmh = forms.IntegerField(min_value=5, max_value=120, required=False)


class PlacedForm(forms.Form):
    """A place by its name, where known with its side and position."""

    place = forms.CharField(max_length=_LONG)
    place_side = forms.SlugField(max_length=20, required=False)
    lat = forms.FloatField(min_value=-90, max_value=90, required=False)
    lon = forms.FloatField(min_value=-180, max_value=180, required=False)


class PlaceForm(PlacedForm):
    pass


class HostForm(PlacedForm):
    """Somebody who may be visited."""

    name = forms.CharField(max_length=120, required=False)
    party = forms.CharField(max_length=KEY_LENGTH, required=False)
    spans = Spans(max_length=200)
    closed_on = Days(max_length=500, required=False)
    visit_min = forms.IntegerField(min_value=10, max_value=600)
    capacity_persons = forms.IntegerField(min_value=1, max_value=10_000)
    interest = forms.FloatField(min_value=0, max_value=10)


class GroupForm(forms.Form):
    """People who travel together; the same hours every day."""

    name = forms.CharField(max_length=120)
    n_persons = forms.IntegerField(min_value=1, max_value=1000)
    first = Clock()
    last = Clock()
    start_place = forms.CharField(max_length=_LONG)
    night_place = forms.CharField(max_length=_LONG, required=False)
    end_place = forms.CharField(max_length=_LONG, required=False)


class TrainForm(forms.Form):
    number = forms.CharField(max_length=12)
    origin = forms.CharField(max_length=_LONG)
    goal = forms.CharField(max_length=_LONG)
    on = DayField()
    departs = Clock()
    arrives = Clock()
    seats = forms.IntegerField(min_value=0, max_value=2000, required=False)


class RoadForm(forms.Form):
    a = forms.CharField(max_length=_LONG)
    b = forms.CharField(max_length=_LONG)
    minutes = forms.IntegerField(min_value=1, max_value=1440)


class DropForm(forms.Form):
    what = forms.ChoiceField(choices=[(one, one) for one in ("hosts", "groups", "trains", "roads")])
    key = forms.CharField(max_length=20)


class OutForm(forms.Form):
    """A host falls out, or is back."""

    key = forms.CharField(max_length=20)
    is_out = forms.BooleanField(required=False)


class OutlineForm(forms.Form):
    """A file of boundary lines, and under which number its map was approved."""

    file = PaperField(allow_empty_file=True)
    name = forms.CharField(max_length=120)
    approval = forms.CharField(max_length=80, required=False)


class PaperForm(forms.Form):
    """Which paper of a visit, and what stands in it beside the route."""

    paper = forms.RegexField(r"^(all|(invitation|sheet|host):[0-9a-f]{8})$", max_length=40)
    inviter = forms.CharField(max_length=120)
    purpose = forms.CharField(max_length=300)
    number = forms.CharField(max_length=60, required=False)
    contact = forms.CharField(max_length=200, required=False)
    reply_by = DayField(required=False)


class SeriesForm(forms.Form):
    """A recurring meeting; `rule` is an RRULE of one's own, else it follows from how often."""

    kind = forms.ChoiceField(choices=[(one, one) for one in SERIES])
    title_zh = forms.CharField(max_length=200)
    title_en = forms.CharField(max_length=300, required=False)
    agenda_zh = forms.CharField(max_length=2000, required=False)
    agenda_en = forms.CharField(max_length=3000, required=False)
    clause = forms.SlugField(max_length=_LONG, required=False)
    department = forms.SlugField(max_length=_LONG, required=False)
    every = forms.ChoiceField(choices=[(one, one) for one in EVERY], required=False)
    by_weekday = forms.BooleanField(required=False)
    rule = forms.CharField(required=False)
    starts_on = DayField()
    starts_at = forms.TimeField(input_formats=["%H:%M"])
    duration_min = forms.IntegerField(min_value=10, max_value=1440)
    hosts = Keys(required=False)
    shift = forms.ChoiceField(choices=[(one, one) for one in SHIFTS])
    reminder_days = forms.IntegerField(min_value=0, max_value=90)

    def clean(self) -> dict[str, Any]:
        """How often becomes an RRULE where none is written."""
        found = super().clean() or {}
        every, by_weekday = found.pop("every", ""), found.pop("by_weekday", False)
        if not found.get("rule") and every and found.get("starts_on"):
            found["rule"] = rule_of(every, found["starts_on"], by_weekday=by_weekday)
        if "rule" in found and found.get("starts_on") and found.get("starts_at"):
            try:
                checked_rule(found["rule"], found["starts_on"], found["starts_at"])
            except InputError as error:
                self.add_error("rule", told(error))
        return found


class MoveForm(forms.Form):
    """Another time, host, place or agenda for one date of a series."""

    number = forms.IntegerField(min_value=0)
    starts_at = MomentField()
    host = forms.SlugField(max_length=20, required=False)
    place = forms.CharField(max_length=200, required=False)
    agenda_zh = forms.CharField(max_length=2000, required=False)
    agenda_en = forms.CharField(max_length=3000, required=False)


class NumberForm(forms.Form):
    """One date of a series."""

    number = forms.IntegerField(min_value=0)
