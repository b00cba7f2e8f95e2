"""What every engine offers: tables under names, queries over them, answers as Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .query import Query

__all__ = ["Kernel", "Rel", "Source", "Store", "matrix"]

Source: TypeAlias = pa.Table | Path
Kernel: TypeAlias = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class Rel(Protocol):
    """The answer of a query, not yet fetched."""

    schema: pa.Schema

    def arrow(self) -> pa.Table:
        """The whole answer, cast to the query's schema."""
        ...

    def batches(self, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """The answer piece by piece, at most `rows` rows each."""
        ...

    def map_arrow(self, kernel: Kernel, schema: pa.Schema) -> pa.Table:
        """`kernel` over the answer's batches, near the data where the engine can; the result has `schema`."""
        ...


class Store(Protocol):
    """An engine with tables in it; use it as a context manager."""

    dialect: str

    def register(self, name: str, source: Source) -> None:
        """Make an Arrow table or a Parquet or CSV file known as `name`; an earlier table of that name is replaced.

        The cells of a CSV file are text on every engine (codes keep their zeros): the query casts.
        """
        ...

    def sql(self, query: Query, **parameters: Any) -> Rel:
        """The answer of `query` with its named parameters bound."""
        ...

    def keep(self, name: str, source: Source) -> None:
        """Like :meth:`register`, but copied into the store, for as long as the store lasts."""
        ...

    def materialize(self, rel: Rel, name: str) -> None:
        """Keep the answer as the table `name`."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Store: ...

    def __exit__(self, *failure: object) -> None: ...


def matrix(
    table: pa.Table, row: str, column: str, value: str, *, rows: Sequence[str] = (), columns: Sequence[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...], NDArray[np.float64]]:
    """A long table as a dense matrix: (row labels, column labels, values); absent cells are 0.

    Labels are sorted unless given; a given label without cells keeps its row of zeros.
    """
    names = tuple(rows) or tuple(sorted(set(table.column(row).to_pylist())))
    heads = tuple(columns) or tuple(sorted(set(table.column(column).to_pylist())))
    at = {label: index for index, label in enumerate(names)}
    across = {label: index for index, label in enumerate(heads)}
    dense = np.zeros((len(names), len(heads)))
    for r, c, v in zip(*(table.column(name).to_pylist() for name in (row, column, value)), strict=True):
        if r in at and c in across:
            dense[at[r], across[c]] += v
    return names, heads, dense
