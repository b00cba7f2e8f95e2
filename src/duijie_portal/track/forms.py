"""What a person may send: the fields of moves, tickets, decisions, practices."""

from __future__ import annotations

from django import forms

from duijie.track.docking import REPLY_WORKING_DAYS
from duijie_portal.accounts.models import KEY_LENGTH
from duijie_portal.ledger.day_fields import FAR, DayField, EndField
from duijie_portal.ledger.paper_fields import PaperField

__all__ = [
    "AmendmentForm",
    "AmendmentRowForm",
    "ConferenceForm",
    "CountersignForm",
    "DecisionForm",
    "FollowForm",
    "MinutesForm",
    "MoveForm",
    "PracticeForm",
    "TicketForm",
]

_LONG = 80


class Keys(forms.MultipleChoiceField):
    """Several keys; whether they exist is for the service to say."""

    def valid_value(self, value: object) -> bool:
        return True


class MoveForm(forms.Form):
    """The next node of an action, a milestone or a note; a file with its kind as proof."""

    kind = forms.SlugField(max_length=_LONG)
    on = DayField()
    due_on = DayField(required=False)
    milestone = forms.SlugField(max_length=_LONG, required=False)
    note = forms.CharField(max_length=2000, required=False)
    reason = forms.SlugField(max_length=_LONG, required=False)
    evidence_kind = forms.SlugField(max_length=_LONG, required=False)
    file = PaperField(required=False)


class CountersignForm(forms.Form):
    node = forms.SlugField(max_length=_LONG)
    on = DayField()


class TicketForm(forms.Form):
    """A matter for a department of the other side."""

    clause = forms.SlugField(max_length=_LONG)
    from_department = forms.SlugField(max_length=_LONG)
    to_department = forms.SlugField(max_length=_LONG)
    title = forms.CharField(max_length=300)
    limit_working_days = forms.IntegerField(min_value=1, max_value=60, initial=REPLY_WORKING_DAYS)
    visit = forms.CharField(max_length=KEY_LENGTH, required=False)


class ConferenceForm(forms.Form):
    title = forms.CharField(max_length=300)
    on = DayField()
    agenda = forms.CharField(max_length=4000, required=False)


class MinutesForm(forms.Form):
    """The minutes of a session."""

    conference = forms.CharField(max_length=_LONG)
    file = PaperField()


class DecisionForm(forms.Form):
    """What the joint conference decided."""

    conference = forms.CharField(max_length=80, required=False)
    clause = forms.SlugField(max_length=_LONG)
    title = forms.CharField(max_length=300)
    title_en = forms.CharField(max_length=400, required=False)
    departments = Keys(required=False)
    due_on = DayField()
    on = DayField()


AMENDMENTS = ("supplement", "renewal", "termination")


class AmendmentForm(forms.Form):
    """A later paper of all sides."""

    kind = forms.ChoiceField(choices=[(one, one) for one in AMENDMENTS])
    title = forms.CharField(max_length=300)
    title_en = forms.CharField(max_length=400, required=False)
    signed_on = DayField()
    effective_on = DayField()
    valid_until = EndField(without_end=FAR, required=False)
    clause_file = PaperField(required=False)
    paper = PaperField(required=False)


class AmendmentRowForm(forms.Form):
    """One's word on an amendment: agree, or take one's own back."""

    amendment = forms.CharField(max_length=_LONG)
    is_withdrawn = forms.BooleanField(required=False)


class FollowForm(forms.Form):
    factor = forms.SlugField(max_length=40)
    is_followed = forms.BooleanField(required=False)


class PracticeForm(forms.Form):
    clause = forms.SlugField(max_length=_LONG)
    title = forms.CharField(max_length=300)
    on = DayField()
    note = forms.CharField(max_length=2000, required=False)
