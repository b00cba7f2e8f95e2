"""The form of a need or an offer, made of its kind's file: fields, types, units, vocabularies."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django import forms

from duijie.data import sentence
from duijie.intake.codes import industry
from duijie.intake.layouts import layout
from duijie.match.kinds import Field, load_kinds
from duijie_portal.ledger.pages import language_of

__all__ = ["REFUSED", "AnswerForm", "AppealForm", "ApplyForm", "ListingForm", "NothingForm", "RecordForm"]

REFUSED = ("filled", "not_fitting", "degree", "terms", "unclear")
"""Why an application is refused; each has its sentence."""


class NothingForm(forms.Form):
    """Nothing to fill in: pressing the button is all."""


class WordsField(forms.CharField):
    """Words set apart by a comma of any script, a semicolon or a line's end."""

    def to_python(self, value: Any) -> Any:
        parts = re.split(r"[,，、;；\n]+", super().to_python(value) or "")
        return [part.strip() for part in parts if part.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "、".join(value) if isinstance(value, list | tuple) else value


class CodesField(WordsField):
    """Codes of GB/T 4754, each checked against the table."""

    def to_python(self, value: Any) -> Any:
        cells = [industry(one, layout("firms").columns["industry"]) for one in super().to_python(value)]
        for cell in cells:
            if cell.wrong:
                raise forms.ValidationError(sentence(cell.wrong.code, language_of(), cell.wrong.values))
        return [str(cell.value) for cell in cells]


class RangeWidget(forms.MultiWidget):
    def __init__(self) -> None:
        super().__init__([forms.NumberInput({"step": "any"}), forms.NumberInput({"step": "any"})])

    def decompress(self, value: Any) -> list[Any]:
        return list(value) if value else [None, None]


class RangeField(forms.MultiValueField):
    """From a number to a number; an open end is empty."""

    def __init__(self, **options: Any) -> None:
        ends = (forms.FloatField(required=False), forms.FloatField(required=False))
        super().__init__(ends, require_all_fields=False, widget=RangeWidget(), **options)

    def compress(self, values: list[Any]) -> Any:
        return [values[0], values[1]] if any(value is not None for value in values) else None


def _choice(one: Field, common: Mapping[str, Any]) -> forms.Field:
    choices = [("", "–"), *((key, label[language_of()]) for key, label in one.vocabulary.items())]  # type: ignore[index]
    return forms.ChoiceField(choices=choices, **common)


_MAKERS: Mapping[str, Callable[[Field, Mapping[str, Any]], forms.Field]] = {
    "text": lambda one, common: forms.CharField(max_length=2000, **common),
    "words": lambda one, common: WordsField(max_length=1000, **common),
    "code": lambda one, common: (CodesField if one.taxonomy == "gbt4754" else WordsField)(max_length=400, **common),
    "number": lambda one, common: forms.FloatField(**common),
    "date": lambda one, common: forms.DateField(widget=forms.DateInput({"type": "date"}), **common),
    "range": lambda one, common: RangeField(**common),
    "choice": _choice,
}


class ListingForm(forms.Form):
    """A need or an offer of a kind; what is empty is left out of its payload."""

    def __init__(self, kind: str, role: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._fields = load_kinds()[kind].fields(role)  # type: ignore[arg-type]
        for one in self._fields:
            is_needed = one.is_required or one.key == "title"
            common = {"required": is_needed, "label": _label(one), "help_text": _hint(one)}
            self.fields[one.key] = _MAKERS[one.type](one, common)
        self.fields["details"].widget = forms.Textarea({"rows": 4})
        self.fields["valid_until"] = forms.DateField(
            required=False,
            label=sentence("portal_last_day", language_of()),
            widget=forms.DateInput({"type": "date"}),
        )

    @property
    def payload(self) -> dict[str, Any]:
        filled = {one.key: self.cleaned_data.get(one.key) for one in self._fields}
        return {key: _plain(value) for key, value in filled.items() if value not in (None, "", [])}


def _label(one: Field) -> str:
    unit = f" ({one.unit})" if one.unit else ""
    return f"{one.label[language_of()]}{unit}"  # type: ignore[index]


def _hint(one: Field) -> str:
    """Who will see the field, and how several words are set apart."""
    hints = [f"portal_field_{one.type}"] if one.type in ("words", "code", "range") else []
    hints += [f"portal_disclosure_{one.disclosure}"] if one.disclosure != "public" else []
    return " ".join(sentence(code, language_of()) for code in hints)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, float) and value == int(value) else value


class ApplyForm(forms.Form):
    letter = forms.CharField(max_length=4000)


class RecordForm(forms.Form):
    application = forms.CharField(max_length=80)


class AppealForm(RecordForm):
    text = forms.CharField(max_length=4000)


class AnswerForm(RecordForm):
    """Yes, or no with a reason."""

    is_accepted = forms.BooleanField(required=False)
    reason = forms.ChoiceField(choices=[("", "")] + [(one, one) for one in REFUSED], required=False)
