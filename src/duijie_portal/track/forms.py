"""What a person may send: the fields of moves, tickets, decisions, practices."""

from __future__ import annotations

from django import forms

from duijie.track.conference import ADOPTION
from duijie.track.docking import REPLY_WORKING_DAYS

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
    "ReplyForm",
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
    on = forms.DateField()
    due_on = forms.DateField(required=False)
    milestone = forms.SlugField(max_length=_LONG, required=False)
    note = forms.CharField(max_length=2000, required=False)
    evidence_kind = forms.SlugField(max_length=_LONG, required=False)
    file = forms.FileField(required=False)


class CountersignForm(forms.Form):
    node = forms.SlugField(max_length=_LONG)
    on = forms.DateField()


class TicketForm(forms.Form):
    """A matter for a department of the other side."""

    clause = forms.SlugField(max_length=_LONG)
    from_department = forms.SlugField(max_length=_LONG)
    to_department = forms.SlugField(max_length=_LONG)
    title = forms.CharField(max_length=300)
    limit_working_days = forms.IntegerField(min_value=1, max_value=60, initial=REPLY_WORKING_DAYS)


class ReplyForm(forms.Form):
    """Signing for a ticket, or its answer."""

    text = forms.CharField(max_length=4000, required=False)
    is_receipt = forms.BooleanField(required=False)

    def clean(self) -> dict[str, object]:
        found = super().clean() or {}
        if not found.get("is_receipt") and not found.get("text"):
            self.add_error("text", self.fields["text"].error_messages["required"])
        return found


class ConferenceForm(forms.Form):
    title = forms.CharField(max_length=300)
    on = forms.DateField()
    agenda = forms.CharField(max_length=4000, required=False)


class MinutesForm(forms.Form):
    """The minutes of a session."""

    conference = forms.CharField(max_length=_LONG)
    file = forms.FileField()


class DecisionForm(forms.Form):
    """What the joint conference decided."""

    conference = forms.CharField(max_length=80, required=False)
    clause = forms.SlugField(max_length=_LONG)
    title = forms.CharField(max_length=300)
    title_en = forms.CharField(max_length=400, required=False)
    departments = Keys(required=False)
    due_on = forms.DateField()
    on = forms.DateField()


AMENDMENTS = ("supplement", "renewal", "termination")


class AmendmentForm(forms.Form):
    """A later paper of all sides."""

    kind = forms.ChoiceField(choices=[(one, one) for one in AMENDMENTS])
    title = forms.CharField(max_length=300)
    title_en = forms.CharField(max_length=400, required=False)
    signed_on = forms.DateField()
    effective_on = forms.DateField()
    valid_until = forms.DateField(required=False)
    clause_file = forms.FileField(required=False)
    paper = forms.FileField(required=False)


class AmendmentRowForm(forms.Form):
    """One's word on an amendment: agree, or take one's own back."""

    amendment = forms.CharField(max_length=_LONG)
    is_withdrawn = forms.BooleanField(required=False)


class FollowForm(forms.Form):
    factor = forms.SlugField(max_length=40)
    is_followed = forms.BooleanField(required=False)


class PracticeForm(forms.Form):
    key = forms.SlugField(max_length=_LONG)
    clause = forms.SlugField(max_length=_LONG)
    title = forms.CharField(max_length=300)
    status = forms.ChoiceField(choices=[(one, one) for one in ADOPTION])
    on = forms.DateField()
    note = forms.CharField(max_length=2000, required=False)
