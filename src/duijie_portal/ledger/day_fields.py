"""The form fields for a day and a moment: the library's one type of a day at the door of every form."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from duijie.data import sentence
from duijie.errors import InputError
from duijie.terms.days import NO_END, is_no_end, parse_day

from .pages import language_of

__all__ = ["FAR", "DayField", "EndField", "MomentField"]


def _within(day: date) -> None:
    try:
        parse_day(day.isoformat())
    except InputError as error:
        raise ValidationError(sentence(error.code, language_of(), error.values)) from None


class DayField(forms.DateField):
    """A day within the bounds of :mod:`duijie.terms.days`."""

    def to_python(self, value: Any) -> date | None:
        found: date | None = super().to_python(value)
        if found is not None:
            _within(found)
        return found


class EndField(DayField):
    """The last day of a term; `without_end`, if given, stands for 长期, 无固定期限 or 9999-12-31."""

    def __init__(self, *, without_end: date | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._without_end = without_end

    def to_python(self, value: Any) -> date | None:
        if self._without_end is not None and isinstance(value, str) and is_no_end(value):
            return self._without_end
        return super().to_python(value)  # where no such day can be kept it is refused, never dropped


FAR = date.fromisoformat(NO_END)
"""A term without an end where an empty one means something else."""


class MomentField(forms.DateTimeField):
    """A moment as a browser sends it, within the same bounds."""

    input_formats = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")

    def to_python(self, value: Any) -> datetime | None:
        # the bounds come first: a moment at the ends of the calendar has no place in another time zone
        if isinstance(value, str) and value.strip():
            _within(self._day(value.strip()))
        found: datetime | None = super().to_python(value)
        return found

    def _day(self, value: str) -> date:
        try:
            return date.fromisoformat(value[: len(NO_END)])
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
