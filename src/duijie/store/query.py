"""A query as a value: its text, what it answers, and the proof that every engine reads it alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pyarrow as pa
import sqlglot
from sqlglot import exp

from duijie.errors import Fault, StoreError

__all__ = ["Query"]

# What means the same on DuckDB and Spark, seen in the parity tests; a new function is added with its parity test.
PORTABLE = frozenset(
    """
    ABS AND ANY_VALUE AVG CAST CEIL CASE COALESCE CONCAT COUNT DENSE_RANK EXISTS EXP EXPLODE FLOOR GREATEST IF
    IN LEAST LENGTH LN LOWER MAX MIN MOD NOT NULLIF OR POW RANK REPLACE ROUND ROW_NUMBER SQRT STARTS_WITH
    STR_POSITION STRPOS SUBSTRING SUM TRIM UNNEST UPPER
    """.split()
)


@dataclass(frozen=True, slots=True)
class Query:
    """SQL text in DuckDB's dialect with named parameters (``$name``), and the Arrow schema of its answer.

    The text must end in a total order where order matters; every engine's answer is cast to `schema`, so that a
    silently different type cannot slip through.
    """

    text: str
    schema: pa.Schema

    def in_dialect(self, dialect: str) -> str:
        """The text for an engine, after the check that no function in it is known to differ between engines.

        Raises
        ------
        StoreError
            The text does not parse or uses a function outside the portable list; every one is named.
        """
        return _transpile(self.text, dialect)


@cache
def _transpile(text: str, dialect: str) -> str:
    try:
        tree = sqlglot.parse_one(text, read="duckdb")
    except sqlglot.errors.ParseError as error:
        raise StoreError("query_failed", {"problem": str(error), "query": text}) from error
    faults = [Fault("query_not_portable", {}, {"function": name}) for name in sorted(_unportable(tree))]
    if faults:
        raise StoreError("query_not_portable", {**faults[0].values, "query": text}, faults=faults)
    return text if dialect == "duckdb" else tree.sql(dialect=dialect)


def _unportable(tree: exp.Expression) -> set[str]:
    used = {_name(node) for node in tree.find_all(exp.Func)}
    # A window without an order gives another row on another engine, or on another day.
    unordered = {
        f"{_name(window.this)} OVER ()"
        for window in tree.find_all(exp.Window)
        if isinstance(window.this, exp.RowNumber) and not window.args.get("order")
    }
    return {name for name in used if name not in PORTABLE} | unordered


def _name(node: exp.Expression) -> str:
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
    return str(name).upper()
