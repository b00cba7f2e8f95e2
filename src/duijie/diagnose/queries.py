"""The wing's queries as values: bulk rows reduced to cells before a kernel sees them."""

from __future__ import annotations

import pyarrow as pa

from duijie.store import Query

__all__ = ["cells"]


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
