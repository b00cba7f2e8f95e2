"""The pipeline over the wings, and the report."""

from .pipeline import Agenda, run

__all__ = ["Agenda", "run"]
