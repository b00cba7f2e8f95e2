"""Diagnose: how the industries of two regions, or of N, fit together."""

from .accessibility import accessibility
from .indicators import indicators
from .inputoutput import Economy
from .model import fit
from .report import pair
from .results import PairReport

__all__ = ["Economy", "PairReport", "accessibility", "fit", "indicators", "pair"]
