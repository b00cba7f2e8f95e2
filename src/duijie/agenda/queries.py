"""The pipeline's queries as values."""

from __future__ import annotations

import pyarrow as pa

from duijie.store import Query

__all__ = ["counts_by_region"]


def counts_by_region() -> Query:
    """Firms by region and industry over all years, from the long table ``counts`` (region, industry, year, n)."""
    return Query(
        """
        SELECT CAST(region AS VARCHAR) AS region, CAST(industry AS VARCHAR) AS industry, SUM(CAST(n AS BIGINT)) AS n
        FROM counts GROUP BY 1, 2 ORDER BY 1, 2
        """,
        pa.schema([("region", pa.string()), ("industry", pa.string()), ("n", pa.int64())]),
    )
