"""What an office sends of a visit to a firm."""

from __future__ import annotations

from django import forms

from duijie_portal.accounts.models import KEY_LENGTH
from duijie_portal.ledger.day_fields import DayField

__all__ = ["VisitForm"]


class VisitForm(forms.Form):
    """Who called on which firm, on which day, with whom they spoke, what was said; what is to be made of it at once."""

    party = forms.CharField(max_length=KEY_LENGTH)
    department = forms.SlugField(max_length=80)
    on = DayField()
    met = forms.CharField(max_length=120, required=False)
    said = forms.CharField(max_length=4000)
    goes_on = forms.BooleanField(required=False)
    key = forms.CharField(max_length=KEY_LENGTH, required=False)
    then = forms.ChoiceField(choices=[("", ""), ("need", "need"), ("ticket", "ticket")], required=False)
