"""One suite on every engine: the same query gives the same table, type by type and row by row."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from duijie.errors import MissingEngineError, StoreError
from duijie.store import Query, Store, open_store
from duijie.store.base import matrix

FIRMS = pa.table(
    {
        "region": ["a", "a", "b", "b", None, "b"],
        "industry": ["195", "181", "195", None, "195", "391"],
        "scope": ["鞋;鞋材", "服装", "运动鞋;鞋材;鞋", None, "鞋", "电子"],
        "n": pa.array([3, 1, 4, 1, 5, 9], pa.int64()),
    }
)
COUNTS = Query(
    """
    SELECT region, industry, COUNT(*) AS n_firms, SUM(n) AS total, CAST(AVG(n) AS DOUBLE) AS mean
    FROM firms WHERE industry IS NOT NULL AND n >= $least
    GROUP BY region, industry ORDER BY COALESCE(region, ''), industry
    """,
    pa.schema(
        [
            ("region", pa.string()),
            ("industry", pa.string()),
            ("n_firms", pa.int64()),
            ("total", pa.int64()),
            ("mean", pa.float64()),
        ]
    ),
)
RANKED = Query(
    """
    WITH ranked AS (
        SELECT region, industry, n, ROW_NUMBER() OVER (PARTITION BY region ORDER BY n DESC, industry) AS place
        FROM firms
        WHERE region IS NOT NULL
    )
    SELECT region, COALESCE(industry, '?') AS industry, n, place FROM ranked WHERE place <= 2 ORDER BY region, place
    """,
    pa.schema([("region", pa.string()), ("industry", pa.string()), ("n", pa.int64()), ("place", pa.int64())]),
)


@pytest.fixture(scope="module", params=["duckdb:", "spark:local[2]"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param.startswith("spark") and not shutil.which("java"):
        pytest.skip("no Java on this machine: Spark parity not tested (make system installs it)")
    with open_store(request.param) as opened:
        opened.register("firms", FIRMS)
        yield opened


def test_counts_with_nulls_and_a_bound_parameter(store: Store) -> None:
    rows = store.sql(COUNTS, least=2).arrow().to_pylist()
    assert rows == [
        {"region": None, "industry": "195", "n_firms": 1, "total": 5, "mean": 5.0},
        {"region": "a", "industry": "195", "n_firms": 1, "total": 3, "mean": 3.0},
        {"region": "b", "industry": "195", "n_firms": 1, "total": 4, "mean": 4.0},
        {"region": "b", "industry": "391", "n_firms": 1, "total": 9, "mean": 9.0},
    ]


def test_window_with_a_total_order(store: Store) -> None:
    rows = [(row["region"], row["industry"], row["place"]) for row in store.sql(RANKED).arrow().to_pylist()]
    assert rows == [("a", "195", 1), ("a", "181", 2), ("b", "391", 1), ("b", "195", 2)]


def test_a_kernel_runs_near_the_data(store: Store) -> None:
    schema = pa.schema([("n", pa.int64())])

    def double(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield pa.RecordBatch.from_arrays([pa.compute.multiply(batch.column("n"), 2)], schema=schema)

    answer = store.sql(Query("SELECT n FROM firms ORDER BY n", schema)).map_arrow(double, schema)
    assert sorted(answer.column("n").to_pylist()) == [2, 2, 6, 8, 10, 18]


def test_parquet_and_materialize(store: Store, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(FIRMS, tmp_path / "firms.parquet")
    store.register("from_file", tmp_path / "firms.parquet")
    counted = Query("SELECT COUNT(*) AS n FROM from_file", pa.schema([("n", pa.int64())]))
    store.materialize(store.sql(counted), "kept")
    assert store.sql(Query("SELECT n FROM kept", counted.schema)).arrow().to_pylist() == [{"n": 6}]


def test_a_csv_file_is_text_and_codes_keep_their_zeros(store: Store, tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("code,n\n013,5\n,7\n", encoding="utf-8")
    schema = pa.schema([("code", pa.string()), ("n", pa.int64())])
    store.register("seen", tmp_path / "codes.csv")
    store.keep("kept_codes", tmp_path / "codes.csv")
    for name in ("seen", "kept_codes"):
        found = store.sql(Query(f"SELECT code, CAST(n AS BIGINT) AS n FROM {name} ORDER BY 2", schema)).arrow()
        assert found.to_pylist() == [{"code": "013", "n": 5}, {"code": None, "n": 7}]


def test_an_unknown_table_names_the_query(store: Store) -> None:
    with pytest.raises(StoreError) as caught:
        store.sql(Query("SELECT n FROM nowhere", pa.schema([("n", pa.int64())]))).arrow()
    assert "nowhere" in caught.value.values["query"]


@pytest.mark.parametrize(
    ("text", "function"),
    [
        ("SELECT regexp_replace(scope, 'a', 'b') AS x FROM firms", "REGEXP_REPLACE"),
        ("SELECT try_cast(n AS INT) AS x FROM firms", "TRY_CAST"),
        ("SELECT hash(n) AS x FROM firms", "HASH"),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY region) AS x FROM firms", "ROW_NUMBER OVER ()"),
        ("SELECT list(n) AS x FROM firms", "ARRAY_AGG"),
    ],
)
def test_what_differs_between_engines_is_refused_before_it_runs(text: str, function: str) -> None:
    with pytest.raises(StoreError) as caught:
        Query(text, pa.schema([("x", pa.string())])).in_dialect("duckdb")
    assert any(function in str(fault.values["function"]) for fault in caught.value.faults)


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(MissingEngineError):
        open_store("oracle:here")


def test_matrix_keeps_given_labels_and_fills_zeros() -> None:
    table = pa.table({"r": ["b", "a", "a"], "c": ["x", "x", "y"], "v": [1.0, 2.0, 3.0]})
    rows, columns, values = matrix(table, "r", "c", "v", rows=("a", "b", "z"))
    assert rows == ("a", "b", "z")
    assert columns == ("x", "y")
    assert values.tolist() == [[2, 3], [1, 0], [0, 0]]


def test_spark_starts_where_the_name_of_the_machine_leads_nowhere() -> None:
    """A machine whose own name is in no table of names, as a bare root or a container is, runs Spark all the same."""
    if not shutil.which("java"):
        pytest.skip("no Java on this machine: Spark not tested (make system installs it)")
    own_name = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--uts"]
    if subprocess.run([*own_name, "true"], capture_output=True).returncode:
        pytest.skip("this user may not give a process a machine's name of its own")
    script = "from duijie.store import open_store\nwith open_store('spark:local[1]'): print('started')"
    run = subprocess.run(
        [*own_name, "sh", "-c", 'hostname no-such-name && exec "$0" -c "$1"', sys.executable, script],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "SPARK_LOCAL_IP"},
    )
    assert run.stdout.strip() == "started", run.stderr
