"""What a person may send about a table on its way in."""

from __future__ import annotations

from typing import Any

from django import forms

from duijie.data import sentence
from duijie_portal.ledger.day_fields import DayField
from duijie_portal.ledger.pages import language_of
from duijie_portal.ledger.paper_fields import PaperField

from .import_tables import KINDS

__all__ = ["HIDDEN", "ColumnsForm", "NothingForm", "UploadForm"]

HIDDEN = ("ask", "take", "leave")
"""What may become of rows and sheets that are not shown."""


class UploadForm(forms.Form):
    """A table with what holds for rows that do not say it themselves; an empty file is told as a fault of the file."""

    file = PaperField(allow_empty_file=True, max_length=200)
    kind = forms.ChoiceField(choices=[(one, one) for one in KINDS])
    source = forms.CharField(max_length=200)
    department = forms.SlugField(max_length=80)
    as_of = DayField(required=False)
    has_consent = forms.BooleanField(required=False)


class ColumnsForm(forms.Form):
    """Headings and the field chosen for each, in one order; an empty field leaves the column out. And what becomes of
    rows and sheets that are not shown."""

    hidden = forms.ChoiceField(choices=[(one, one) for one in HIDDEN], required=False)

    def clean(self) -> dict[str, Any]:
        headings, keys = self.data.getlist("heading"), self.data.getlist("key")  # type: ignore[attr-defined]
        if not headings or len(headings) != len(keys) or len(headings) > 500:
            raise forms.ValidationError(sentence("portal_import_columns_lost", language_of()))
        return {"chosen": dict(zip(headings, keys, strict=True)), "hidden": self.cleaned_data.get("hidden", "")}


class NothingForm(forms.Form):
    """Nothing to fill in: pressing the button is all."""
