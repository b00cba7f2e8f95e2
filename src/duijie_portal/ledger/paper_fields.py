"""The form field for a file: the one door of every upload, where a paper that bears a mark of secrecy is refused."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from duijie.data import sentence
from duijie.errors import DuijieError
from duijie.intake.secrecy import mark_of

from .pages import MARKED, language_of

__all__ = ["PaperField"]


class PaperField(forms.FileField):
    """A file that bears no mark of secrecy: in its name, its properties, on any of its pages, typed or scanned.

    Of a marked one nothing is kept, so the sentence does not repeat the mark; one that cannot be judged is refused too.
    """

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = super().clean(data, initial)
        if found:
            try:
                is_marked = mark_of(found.name or "", found.read())
            except DuijieError as error:
                raise ValidationError(sentence(error.code, language_of(), error.values)) from None
            finally:
                found.seek(0)
            if is_marked:
                raise ValidationError(sentence("portal_file_secret", language_of()), code=MARKED)
        return found
