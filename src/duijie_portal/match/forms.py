"""What a person may send about a case or a suggestion."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from duijie.cells import CellType, read
from duijie.data import sentence
from duijie.ledger.guards import NO_AMOUNT
from duijie_portal.accounts.models import KEY_LENGTH
from duijie_portal.ledger.day_fields import DayField
from duijie_portal.ledger.pages import language_of
from duijie_portal.ledger.paper_fields import PaperField

__all__ = [
    "AcceptForm",
    "CorrectForm",
    "DeclineForm",
    "RefuseForm",
    "ReturnForm",
    "StepForm",
    "TargetForm",
    "amount_in",
]

_MOST = 1e15  # more than any contract, and still exact
_SURE = 0.9  # "120万左右" is read as less sure: a contract says what it is
_MONEY, _NUMBER = CellType("money", maximum=_MOST), CellType("number", minimum=0, maximum=_MOST)


def amount_in(text: str, unit: str) -> Decimal | None:
    """An amount as people write it, exact: ``120万元``, ``1,000,000``, ``壹佰万元整``; None where nothing is said.

    Raises
    ------
    ValidationError
        It is no amount; the sentence shows what was read.
    """
    if not text.strip():
        return None
    found = read(text, _MONEY, "元") if unit == "cny" else read(text, _NUMBER, sentence(f"portal_unit_{unit}", "zh"))
    is_foreign = unit == "cny" and found.extra not in (None, "CNY")
    is_vague = found.confidence < _SURE
    if found.wrong is not None or is_foreign or is_vague or not isinstance(found.value, int | float):
        values = {"value": text, **(found.wrong.values if found.wrong else {})}
        if "expected" in values:
            values["expected"] = sentence(f"portal_unit_{unit}", language_of()) or values["expected"]
        code = found.wrong.code if found.wrong else "portal_amount_unread"
        raise forms.ValidationError(sentence(code, language_of(), values))
    return Decimal(str(found.value)).quantize(Decimal("0.0001")).normalize()


class ManyField(forms.Field):
    """Several values of one name: what is ticked of a list."""

    widget = forms.SelectMultiple


class AmountForm(forms.Form):
    """An amount and its unit; that there is none is said by the unit alone."""

    amount = forms.CharField(max_length=40, required=False)
    unit = forms.SlugField(max_length=20, required=False)

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        unit = said.get("unit") or "cny"
        if unit == NO_AMOUNT and said.get("amount", "").strip() in ("", "0"):
            said["amount"] = Decimal(0)
            return said
        try:
            said["amount"] = amount_in(said.get("amount", ""), unit)
        except forms.ValidationError as error:
            self.add_error("amount", error)
        return said


class StepForm(AmountForm):
    """The next step of a case: its day, and whatever its node asks for."""

    node = forms.SlugField(max_length=20)
    after = forms.CharField(max_length=64, required=False)
    on = DayField()
    reason = forms.SlugField(max_length=80, required=False)
    note = forms.CharField(max_length=2000, required=False)
    evidence = forms.SlugField(max_length=40, required=False)
    file = PaperField(required=False)
    keep = ManyField(required=False)


class TargetForm(forms.Form):
    """A step or a correction, by its id."""

    target = forms.CharField(max_length=64)


class ReturnForm(TargetForm):
    reason = forms.SlugField(max_length=80, required=False)
    note = forms.CharField(max_length=2000)


class CorrectForm(TargetForm, AmountForm):
    happened_on = DayField(required=False)
    file = PaperField(required=False)
    note = forms.CharField(max_length=2000)


class RefuseForm(forms.Form):
    reason = forms.SlugField(max_length=80)
    note = forms.CharField(max_length=500, required=False)


class AcceptForm(forms.Form):
    """The two ends of a suggestion, and the page to go back to."""

    need = forms.CharField(max_length=KEY_LENGTH)
    offer = forms.CharField(max_length=KEY_LENGTH)
    kind = forms.SlugField(max_length=40, required=False)


class DeclineForm(AcceptForm, RefuseForm):
    pass
