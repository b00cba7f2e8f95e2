"""Regions and industries: the two axes of every table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .language import Bilingual

__all__ = ["Industry", "Region", "Taxonomy"]


@dataclass(frozen=True, slots=True)
class Region:
    """A place with a GB/T 2260 code; names alone never identify one (two districts may share one)."""

    code: str
    name: Bilingual
    short: Bilingual = field(default_factory=Bilingual)
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Industry:
    """One heading of an industry classification; `level` counts from 1 (section) to 4 (class) in GB/T 4754."""

    code: str
    name: Bilingual
    level: int
    parent: str = ""


@dataclass(frozen=True)
class Taxonomy:
    """A tree of industries with a name, a version and the gaps that are known of it."""

    name: str
    version: str
    industries: Mapping[str, Industry]

    def ancestors(self, code: str) -> tuple[str, ...]:
        """`code` and all headings above it, nearest first; empty where the code is unknown."""
        chain: list[str] = []
        while code in self.industries and code not in chain:
            chain.append(code)
            code = self.industries[code].parent
        return tuple(chain)

    def at_level(self, code: str, level: int) -> str:
        """The heading of `level` above `code`, or an empty string where there is none."""
        return next((one for one in self.ancestors(code) if self.industries[one].level == level), "")

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Headings directly below each heading, in code order."""
        below: dict[str, list[str]] = {}
        for industry in self.industries.values():
            below.setdefault(industry.parent, []).append(industry.code)
        return {parent: tuple(sorted(codes)) for parent, codes in below.items()}
