"""What a person may send about a case."""

from __future__ import annotations

from django import forms

from duijie.terms import CHAIN

__all__ = ["ConfirmForm", "StepForm"]


class StepForm(forms.Form):
    """The next step of a case, or a refusal with its reason."""

    kind = forms.ChoiceField(choices=[(one, one) for one in (*CHAIN, "refused")])
    on = forms.DateField()
    amount = forms.FloatField(required=False, min_value=0)
    unit = forms.SlugField(max_length=20, required=False)
    reason = forms.SlugField(max_length=80, required=False)
    note = forms.CharField(max_length=2000, required=False)


class ConfirmForm(forms.Form):
    step = forms.IntegerField(min_value=1)
    on = forms.DateField()
