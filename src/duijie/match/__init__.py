"""Needs met with offers, exactly, under capacity, with reasons a person accepts."""

from .kinds import Kind, load_kinds
from .run import Matches, kind, why_not

__all__ = ["Kind", "Matches", "kind", "load_kinds", "why_not"]
