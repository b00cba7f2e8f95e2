"""The pipeline over the wings, and the report."""

from .material import Material, gather, inferred_kinds, read
from .pipeline import Agenda, outdated, rank, run

__all__ = ["Agenda", "Material", "gather", "inferred_kinds", "outdated", "rank", "read", "run"]
