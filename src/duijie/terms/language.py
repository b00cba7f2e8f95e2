"""Words in two languages, reasons as codes, and a report of progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = ["Bilingual", "Language", "Progress", "Reason", "silent"]

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Bilingual:
    """One text in Chinese and English; an absent language is an empty string, never a guess."""

    zh: str = ""
    en: str = ""

    def __getitem__(self, language: Language) -> str:
        """The text in `language`, or the other one where it is absent.

        Examples
        --------
        >>> Bilingual("对接", "docking")["en"]
        'docking'
        >>> Bilingual("对接")["en"]
        '对接'
        """
        first, second = (self.zh, self.en) if language == "zh" else (self.en, self.zh)
        return first or second

    def to_dict(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a result is what it is: a code whose sentence stands in ``data/words``, and the values that fill it.

    `weight` is the reason's share of the score where it has one (contributions sum to the score), and
    `is_for` is False for a reason that speaks against.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 0.0
    is_for: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "values": dict(self.values), "weight": self.weight, "is_for": self.is_for}


class Progress(Protocol):
    """Called by long work: `done` of `total` units of the stage `label`; raising in it cancels the work."""

    def __call__(self, label: str, done: int, total: int) -> None: ...


def silent(label: str, done: int, total: int) -> None:
    """The progress report of those who want none."""
