"""What a person may send about a row that is to leave its side."""

from __future__ import annotations

from django import forms

from duijie_portal.ledger.visibility import Visibility

__all__ = ["OutgoingForm"]


class OutgoingForm(forms.Form):
    """The row, and for a release how far it may be seen."""

    type = forms.ChoiceField(choices=[(one, one) for one in ("party", "listing", "case", "record")])
    id = forms.CharField(max_length=80)
    visibility = forms.ChoiceField(choices=Visibility.choices, required=False)
