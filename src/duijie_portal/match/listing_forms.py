"""The form of a need or an offer, made of its kind's file: fields, types, units, vocabularies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django import forms

from duijie.cells import Cell, CellType, read
from duijie.data import sentence
from duijie.match.kinds import Field, load_kinds, unit_name
from duijie_portal.ledger.day_fields import FAR, DayField, EndField
from duijie_portal.ledger.pages import language_of

__all__ = ["REFUSED", "AnswerForm", "AppealForm", "ApplyForm", "ListingForm", "NothingForm", "RecordForm"]

REFUSED = ("filled", "not_fitting", "degree", "terms", "unclear")
"""Why an application is refused; each has its sentence."""


_LONGEST = 1000  # letters of one field


class NothingForm(forms.Form):
    """Nothing to fill in: pressing the button is all."""


def _value(cell: Cell) -> Any:
    """What a cell comes to, or its fault as the sentence at the field."""
    if cell.wrong:
        codes = (cell.wrong.code, cell.wrong.hint)
        said = " ".join(sentence(code, language_of(), cell.wrong.values) for code in codes if code)
        raise forms.ValidationError(said)
    return cell.value


def _no_personal_number(text: str) -> None:
    """Text keeps its lines, unlike a cell of a table; numbers of persons have no place in either."""
    _value(read(text, CellType("text")))


class CellField(forms.CharField):
    """A field of a kind, read as the same cell of a table would be."""

    def __init__(self, one: Field, **options: Any) -> None:
        super().__init__(**options)
        self._one = one

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        if len(text) > _LONGEST:
            raise forms.ValidationError(
                sentence("portal_import_too_long", language_of(), {"n": len(text), "most": _LONGEST})
            )
        found = _value(self._one.read(text))
        return list(found) if isinstance(found, tuple) else found

    def prepare_value(self, value: Any) -> Any:
        return "、".join(value) if isinstance(value, list | tuple) else value


class RangeWidget(forms.MultiWidget):
    def __init__(self) -> None:
        super().__init__([forms.TextInput(), forms.TextInput()])

    def decompress(self, value: Any) -> list[Any]:
        return list(value) if value else [None, None]


class RangeField(forms.MultiValueField):
    """From a number to a number; an open end is empty."""

    def __init__(self, one: Field, **options: Any) -> None:
        ends = (forms.CharField(required=False, max_length=60), forms.CharField(required=False, max_length=60))
        super().__init__(ends, require_all_fields=False, widget=RangeWidget(), **options)
        self._one = one

    def compress(self, values: list[Any]) -> Any:
        found = _value(self._one.read([value or None for value in values]) if any(values) else Cell())
        return list(found) if found else None


def _choice(one: Field, common: Mapping[str, Any]) -> forms.Field:
    choices = [("", "–"), *((key, label[language_of()]) for key, label in one.vocabulary.items())]  # type: ignore[index]
    return forms.ChoiceField(choices=choices, **common)


def _day(one: Field, common: Mapping[str, Any]) -> forms.Field:
    widget = forms.DateInput({"type": "date"})
    if one.is_end:
        return EndField(without_end=FAR, widget=widget, **common)
    return DayField(widget=widget, **common)


_MAKERS: Mapping[str, Callable[[Field, Mapping[str, Any]], forms.Field]] = {
    "text": lambda one, common: forms.CharField(max_length=2000, validators=[_no_personal_number], **common),
    "words": lambda one, common: CellField(one, **common),
    "code": lambda one, common: CellField(one, **common),
    "number": lambda one, common: CellField(one, **common),
    "date": _day,
    "range": lambda one, common: RangeField(one, **common),
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
        self.fields["valid_until"] = EndField(
            required=False,
            label=sentence("portal_last_day", language_of()),
            widget=forms.DateInput({"type": "date"}),
        )

    @property
    def payload(self) -> dict[str, Any]:
        filled = {one.key: self.cleaned_data.get(one.key) for one in self._fields}
        return {key: _plain(value) for key, value in filled.items() if value not in (None, "", [])}


def _label(one: Field) -> str:
    language = language_of()
    unit = f" ({unit_name(one.unit)[language]})" if one.unit else ""  # type: ignore[index]
    return f"{one.label[language]}{unit}"  # type: ignore[index]


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
