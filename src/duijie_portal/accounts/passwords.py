"""What a password may not be beside Django's own rules: rows of signs and common words that anyone would try."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import get_language

from duijie.data import sentence

__all__ = ["SequenceValidator"]

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_LEAST_DISTINCT = 5
_MOST_SHARE = 0.6  # of the steps from sign to sign; a sentence of words stays far below
_LEAST_REST = 6  # letters beside what repeats and what anyone has
_REPEATED = re.compile(r"(.{2,}?)\1+")
_TAIL = re.compile(r"[\W\d_]{0,8}$")  # a year, 123, an exclamation mark
_LOOKS_LIKE = str.maketrans("@$0134579", "asoieastq")


def _steps(password: str) -> float:
    """The share of steps to the same, the next or the previous sign of the alphabet or of a row of keys."""
    text = password.lower()
    near = sum(_is_near(one, other) for one, other in pairwise(text))
    return near / max(1, len(text) - 1)


def _is_near(one: str, other: str) -> bool:
    if abs(ord(one) - ord(other)) <= 1:
        return True
    return any(one + other in row or other + one in row for row in _ROWS)


@cache
def _common() -> frozenset[str]:
    """Django's list of passwords that are in use everywhere."""
    return frozenset(CommonPasswordValidator().passwords)


def _is_common(password: str) -> bool:
    """Whether all of a password is one common one, repeated or with figures behind it: password, Passw0rd2026!"""
    core = _TAIL.sub("", password.lower())
    for text in (core, core.translate(_LOOKS_LIKE)):
        once = _REPEATED.sub(r"\1", text)
        if {text, once} & _common() or len(once) < min(_LEAST_REST, len(text)):
            return True
    return False


class SequenceValidator:
    """Refuses few distinct signs, signs that follow each other, what repeats, and common words with figures behind.

    123456789012, qwertyuiopas, aaaabbbbcccc, passwordpassword, Passw0rd@2026.

    Messages are in the reader's language; that is asked for when the password is checked, not before.
    """

    def validate(self, password: str, user: Any = None) -> None:
        if len(set(password.lower())) < _LEAST_DISTINCT or _steps(password) > _MOST_SHARE or _is_common(password):
            raise ValidationError(self.get_help_text(), code="password_sequence")

    def get_help_text(self) -> str:
        return sentence("portal_password_sequence", "en" if (get_language() or "").startswith("en") else "zh")
