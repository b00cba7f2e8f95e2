"""Diagnose: how the industries of two regions, or of N, fit together."""

from .report import pair
from .results import PairReport

__all__ = ["PairReport", "pair"]
