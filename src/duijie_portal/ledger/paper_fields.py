"""The form field for a file: the one door of every upload, where a paper that bears a mark of secrecy is refused."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from duijie.data import sentence
from duijie.intake.secrecy import mark_of

from .pages import language_of

__all__ = ["PaperField"]


class PaperField(forms.FileField):
    """A file that bears no mark of secrecy, in its name or in what can be read of it; of another nothing is kept."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = super().clean(data, initial)
        if found:
            mark = mark_of(found.name or "", found.read())
            found.seek(0)
            if mark:
                raise ValidationError(sentence("portal_file_secret", language_of(), {"mark": mark}))
        return found
