"""Opportunities: what two regions could do together, each with ends, ground, doubt and a first step."""

from .finding import every, first, unmade
from .terms import End, Ground, Opportunity, Step, tested
from .validation import check

__all__ = ["End", "Ground", "Opportunity", "Step", "check", "every", "first", "tested", "unmade"]
