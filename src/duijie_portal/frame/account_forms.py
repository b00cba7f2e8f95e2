"""What a person may send about accounts: asking for one, deciding on it, units of a side, one's own data."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from duijie.cells import CellType, read
from duijie.data import sentence
from duijie_portal.accounts.models import KEY_LENGTH, Person, Registration, UnitKind
from duijie_portal.accounts.registering import side_of
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import language_of

__all__ = ["REFUSALS", "DecisionForm", "EraseForm", "JoinForm", "RefusalForm", "UnitForm", "UsernameForm"]

REFUSALS = ("not_this_side", "not_found", "not_entitled", "double", "unclear")
"""Why a side refuses a registration; each has its sentence."""


def _said(code: str, **values: Any) -> str:
    return sentence(code, language_of(), values)


class JoinForm(forms.Form):
    """An organisation, or a talent, that asks its side for an account."""

    kind = forms.ChoiceField(choices=Registration.Kind.choices)
    name = forms.CharField(max_length=200)
    uscc = forms.CharField(max_length=24, required=False)
    region = forms.CharField(max_length=40)
    town = forms.CharField(max_length=80, required=False)
    contact = forms.CharField(max_length=80)
    email = forms.EmailField(required=False)
    phone = forms.RegexField(r"^[0-9+() -]{5,30}$", required=False)
    username = forms.SlugField(max_length=80)
    password = forms.CharField(max_length=200, strip=False, widget=forms.PasswordInput)
    is_agreed = forms.BooleanField()

    def __init__(self, agreement: Agreement, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._agreement = agreement
        for name, field in self.fields.items():
            field.label = _said(f"portal_join_{name}")

    def clean_region(self) -> str:
        cell = read(self.cleaned_data["region"], CellType("region"))
        if cell.wrong:
            raise forms.ValidationError(_said(cell.wrong.code, **cell.wrong.values))
        self.cleaned_data["side"] = side_of(str(cell.value), self._agreement.sides.all())
        if self.cleaned_data["side"] is None:
            raise forms.ValidationError(_said("portal_join_no_side", region=cell.value))
        return str(cell.value)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self._check_code(data)
        self._check_password(data)
        if not (data.get("email") or data.get("phone")):
            self.add_error("phone", _said("portal_join_reach"))
        return data

    def _check_code(self, data: dict[str, Any]) -> None:
        """Every organisation has a code; a talent, being a person, gives none."""
        if data.get("kind") == Registration.Kind.TALENT:
            data["uscc"] = ""
            return
        cell = read(data.get("uscc", ""), CellType("uscc"))
        if cell.wrong:
            self.add_error("uscc", _said(cell.wrong.code, **cell.wrong.values))
        elif not cell.value:
            self.add_error("uscc", _said("portal_join_code_missing"))
        data["uscc"] = str(cell.value or "")

    def _check_password(self, data: dict[str, Any]) -> None:
        try:
            validate_password(data.get("password", ""), Person(username=data.get("username", "")))
        except forms.ValidationError as error:
            self.add_error("password", error)


class DecisionForm(forms.Form):
    """A registration found true: a new party, or one already on record."""

    registration = forms.IntegerField(min_value=1)
    party = forms.CharField(max_length=KEY_LENGTH, required=False)


class RefusalForm(forms.Form):
    registration = forms.IntegerField(min_value=1)
    reason = forms.ChoiceField(choices=[(one, one) for one in REFUSALS])


class UnitForm(forms.Form):
    """A unit the side itself enters."""

    kind = forms.ChoiceField(choices=[one for one in UnitKind.choices if one[0] != UnitKind.DEPARTMENT])
    name_zh = forms.CharField(max_length=200)
    name_en = forms.CharField(max_length=300, required=False)


class UsernameForm(forms.Form):
    username = forms.SlugField(max_length=80)


class EraseForm(forms.Form):
    """Typing one's account's name says that it is meant."""

    username = forms.CharField(max_length=80)
