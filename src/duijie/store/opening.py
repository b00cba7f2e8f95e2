"""Open the store an address names."""

from __future__ import annotations

from duijie.errors import MissingEngineError

from .base import Store
from .duck import DuckStore
from .spark import SparkStore

__all__ = ["open_store"]


def open_store(address: str = "duckdb:") -> Store:
    """The store at `address`: ``duckdb:`` in memory, ``duckdb:PATH``, ``spark:MASTER``.

    Raises
    ------
    MissingEngineError
        The engine is unknown or not installed.

    Examples
    --------
    >>> open_store("duckdb:").dialect
    'duckdb'
    """
    engine, _, place = address.partition(":")
    if engine == "duckdb":
        return DuckStore(place or ":memory:")
    if engine == "spark":
        return SparkStore(place or "local[2]")
    raise MissingEngineError("engine_missing", {"engine": engine}, hint="duckdb:PATH | spark:MASTER")
