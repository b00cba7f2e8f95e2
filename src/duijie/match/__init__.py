"""Needs met with offers, exactly, under capacity, with reasons a person accepts."""

from .index import TextIndex
from .kinds import Kind, load_kinds
from .run import Matches, kind, rank, why_not

__all__ = ["Kind", "Matches", "TextIndex", "kind", "load_kinds", "rank", "why_not"]
