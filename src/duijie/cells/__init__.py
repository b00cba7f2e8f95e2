"""What stands in one cell: a closed grammar for each type, the same for tables, documents and forms."""

from .cell import Cell, CellType, Raw, Spoiled, Wrong
from .reading import TYPES, read

__all__ = ["TYPES", "Cell", "CellType", "Raw", "Spoiled", "Wrong", "read"]
