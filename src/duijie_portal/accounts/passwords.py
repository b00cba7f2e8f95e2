"""What a password may not be beside Django's own rules: a row of signs that anyone would try."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import get_language

from duijie.data import sentence

__all__ = ["SequenceValidator"]

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_LEAST_DISTINCT = 5
_MOST_SHARE = 0.6  # of the steps from sign to sign; a sentence of words stays far below


def _steps(password: str) -> float:
    """The share of steps to the same, the next or the previous sign of the alphabet or of a row of keys."""
    text = password.lower()
    near = sum(_is_near(one, other) for one, other in pairwise(text))
    return near / max(1, len(text) - 1)


def _is_near(one: str, other: str) -> bool:
    if abs(ord(one) - ord(other)) <= 1:
        return True
    return any(one + other in row or other + one in row for row in _ROWS)


class SequenceValidator:
    """Refuses few distinct signs, and signs that follow each other: 123456789012, qwertyuiopas, aaaabbbbcccc.

    Messages are in the reader's language; that is asked for when the password is checked, not before.
    """

    def validate(self, password: str, user: Any = None) -> None:
        if len(set(password.lower())) < _LEAST_DISTINCT or _steps(password) > _MOST_SHARE:
            raise ValidationError(self.get_help_text(), code="password_sequence")

    def get_help_text(self) -> str:
        return sentence("portal_password_sequence", "en" if (get_language() or "").startswith("en") else "zh")
