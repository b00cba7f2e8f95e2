"""Where bulk tables live: one SQL text in DuckDB's dialect, run as it is on DuckDB and transpiled for Spark."""

from .base import Rel, Store
from .opening import open_store
from .query import Query

__all__ = ["Query", "Rel", "Store", "open_store"]
