"""The pipeline over the wings, and the report."""

from .material import Material, gather, read
from .pipeline import Agenda, outdated, rank, run

__all__ = ["Agenda", "Material", "gather", "outdated", "rank", "read", "run"]
