"""The embedded store: DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from duijie.errors import StoreError

from .base import Kernel, Rel, Source
from .query import Query

__all__ = ["DuckStore"]


class DuckRel:
    """An answer of DuckDB."""

    def __init__(self, answer: duckdb.DuckDBPyRelation, schema: pa.Schema) -> None:
        self._answer = answer
        self.schema = schema

    def arrow(self) -> pa.Table:
        return pa.Table.from_batches(self.batches(), self.schema)

    def batches(self, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        for batch in self._answer.to_arrow_reader(rows):
            yield from pa.Table.from_batches([batch]).cast(self.schema).to_batches()

    def map_arrow(self, kernel: Kernel, schema: pa.Schema) -> pa.Table:
        return pa.Table.from_batches(list(kernel(self.batches())), schema)


class DuckStore:
    """Tables in one DuckDB file or in memory, within `memory_limit` and `threads`."""

    dialect = "duckdb"

    def __init__(self, path: str = ":memory:", *, memory_limit: str = "2GB", threads: int = 2) -> None:
        self._connection = duckdb.connect(path, config={"memory_limit": memory_limit, "threads": threads})

    def register(self, name: str, source: Source) -> None:
        if isinstance(source, Path):
            self._read(source).create_view(name, replace=True)
        else:
            self._connection.register(name, source)

    def keep(self, name: str, source: Source) -> None:
        rows = self._read(source) if isinstance(source, Path) else self._connection.from_arrow(source)
        self._connection.execute(f'DROP TABLE IF EXISTS "{name}"')
        rows.create(name)

    def _read(self, path: Path) -> duckdb.DuckDBPyRelation:
        if path.suffix == ".parquet":
            return self._connection.read_parquet(str(path))
        return self._connection.read_csv(str(path), header=True, all_varchar=True)

    def sql(self, query: Query, **parameters: Any) -> DuckRel:
        text = query.in_dialect(self.dialect)
        try:
            answer = self._connection.sql(text, params=parameters or None)
        except duckdb.Error as error:
            raise StoreError("query_failed", {"problem": str(error).splitlines()[0], "query": text}) from error
        return DuckRel(answer, query.schema)

    def materialize(self, rel: Rel, name: str) -> None:
        answer = rel.arrow()  # noqa: F841  DuckDB finds the table by this name
        self._connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM answer')

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> DuckStore:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()
