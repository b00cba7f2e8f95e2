"""The store that scales out: Spark, fed with the same SQL transpiled."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from duijie.errors import MissingEngineError, StoreError

from .base import Kernel, Rel, Source
from .query import Query

__all__ = ["SparkStore"]


class SparkRel:
    """An answer of Spark."""

    def __init__(self, frame: Any, schema: pa.Schema) -> None:
        self._frame = frame
        self.schema = schema

    def arrow(self) -> pa.Table:
        return self._frame.toArrow().cast(self.schema)

    def batches(self, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        yield from self.arrow().to_batches(rows)

    def map_arrow(self, kernel: Kernel, schema: pa.Schema) -> pa.Table:
        from pyspark.sql.pandas.types import from_arrow_schema

        return self._frame.mapInArrow(kernel, from_arrow_schema(schema)).toArrow().cast(schema)


def _text(path: Path) -> pa.Table:
    """A CSV file with every cell as text, empty ones as null, as DuckDB reads it here."""
    with pyarrow.csv.open_csv(path) as head:
        names = head.schema.names
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return pyarrow.csv.read_csv(path, convert_options=options)


class SparkStore:
    """Tables in a Spark session; `master` as Spark writes it, ``local[2]`` by default."""

    dialect = "spark"

    def __init__(self, master: str = "local[2]") -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise MissingEngineError(
                "engine_missing", {"engine": "spark"}, hint="pip install 'duijie[spark]'"
            ) from error
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        # Else Spark looks its own machine's name up and gives up where that leads nowhere, as in many containers.
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        settings = {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.execution.arrow.pyspark.enabled": "true",
        }
        builder = SparkSession.builder.master(master).appName("duijie")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self._session = builder.getOrCreate()

    def register(self, name: str, source: Source) -> None:
        if isinstance(source, Path) and source.suffix == ".parquet":
            frame = self._session.read.parquet(str(source))
        else:
            frame = self._session.createDataFrame(_text(source) if isinstance(source, Path) else source)
        frame.createOrReplaceTempView(name)

    keep = register

    def sql(self, query: Query, **parameters: Any) -> SparkRel:
        text = query.in_dialect(self.dialect)
        try:
            return SparkRel(self._session.sql(text, args=parameters or None), query.schema)
        except Exception as error:
            raise StoreError("query_failed", {"problem": str(error).splitlines()[0], "query": text}) from error

    def materialize(self, rel: Rel, name: str) -> None:
        self._session.createDataFrame(rel.arrow()).createOrReplaceTempView(name)

    def close(self) -> None:
        self._session.stop()

    def __enter__(self) -> SparkStore:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()
