"""The wing's queries as values: bulk rows reduced to cells before a kernel sees them."""

from __future__ import annotations

import pyarrow as pa

from duijie.store import Query

__all__ = ["cells", "firms_behind"]


def cells() -> Query:
    """How much of each industry each region has, from the table ``amounts`` (region, industry, value)."""
    return Query(
        """
        SELECT CAST(region AS VARCHAR) AS region, CAST(industry AS VARCHAR) AS industry,
               SUM(CAST(value AS DOUBLE)) AS value
        FROM amounts GROUP BY 1, 2 ORDER BY 1, 2
        """,
        pa.schema([("region", pa.string()), ("industry", pa.string()), ("value", pa.float64())]),
    )


def firms_behind() -> Query:
    """The listed firms of one cell, from the table ``firms``, those that state their products first.

    Only columns that were published: never a person's name, a telephone or an address. ``$industry`` takes in what lies
    below it; ``$region`` is exact.
    """
    return Query(
        """
        SELECT CAST(id AS VARCHAR) AS id, CAST(name AS VARCHAR) AS name, CAST(region AS VARCHAR) AS region,
               CAST(industry AS VARCHAR) AS industry, COALESCE(CAST(products AS VARCHAR), '') AS products,
               COALESCE(CAST(registered_year AS VARCHAR), '') AS registered_year,
               COALESCE(CAST(inferred AS VARCHAR), '') AS inferred,
               COALESCE(CAST(publisher AS VARCHAR), '') AS publisher,
               COALESCE(CAST(title AS VARCHAR), '') AS title, COALESCE(CAST(url AS VARCHAR), '') AS url,
               COALESCE(CAST(as_of AS VARCHAR), '') AS as_of
        FROM firms
        WHERE CAST(region AS VARCHAR) = $region AND STARTS_WITH(CAST(industry AS VARCHAR), $industry)
        ORDER BY LENGTH(COALESCE(CAST(products AS VARCHAR), '')) = 0, LENGTH(COALESCE(CAST(inferred AS VARCHAR), '')), 1
        """,
        pa.schema(
            [
                (name, pa.string())
                for name in (
                    "id", "name", "region", "industry", "products", "registered_year", "inferred",
                    "publisher", "title", "url", "as_of",
                )
            ]
        ),
    )  # fmt: skip
