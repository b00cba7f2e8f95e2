"""What a person may send about rows that are to leave their side."""

from __future__ import annotations

from typing import Any

from django import forms

from duijie.data import sentence
from duijie_portal.accounts.models import KEY_LENGTH
from duijie_portal.ledger.pages import language_of
from duijie_portal.ledger.paper_fields import PaperField
from duijie_portal.ledger.visibility import Visibility

__all__ = ["BatchForm", "LevelForm", "LineForm", "NoteForm", "OutgoingForm", "PackageForm"]

_MOST = 200  # rows one act may name


class OutgoingForm(forms.Form):
    """One or several rows of a type, and for a release how far they may be seen; `table` leads back to its page."""

    type = forms.ChoiceField(choices=[(one, one) for one in ("party", "listing", "record")])
    visibility = forms.ChoiceField(choices=Visibility.choices, required=False)
    table = forms.CharField(max_length=80, required=False)

    def clean(self) -> dict[str, Any]:
        ids = list(dict.fromkeys(self.data.getlist("id")))  # type: ignore[attr-defined]
        if not ids or len(ids) > _MOST or any(len(one) > KEY_LENGTH for one in ids):
            raise forms.ValidationError(sentence("portal_nothing_picked", language_of()))
        return {**self.cleaned_data, "ids": ids}


class BatchForm(forms.Form):
    """An imported table, and for a release how far its rows may be seen."""

    table = forms.CharField(max_length=80)
    visibility = forms.ChoiceField(choices=Visibility.choices, required=False)


class NoteForm(forms.Form):
    """Why a record is sent back to its author."""

    note = forms.CharField(max_length=2000)


class LevelForm(forms.Form):
    """How far a record is opened."""

    visibility = forms.ChoiceField(choices=Visibility.choices, required=False)


class LineForm(forms.Form):
    """The line that the other side gave of itself."""

    line = forms.CharField(max_length=200)


class PackageForm(forms.Form):
    """A package from the other side; every paper in it passes the same door as one that is uploaded by itself."""

    package = PaperField()
