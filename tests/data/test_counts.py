"""The committed counts are those of the coder as it stands."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

from duijie import data
from duijie.intake.coding import rule_groups

ROOT = Path(__file__).parents[2]
REGISTRY = Path(os.environ.get("DUIJIE_SHARED", ROOT.parent / "shared")) / "data" / "enterprise_registry"
TABLE = next((data.root() / "agreements").glob("*/tables")) / "counts.csv"


@pytest.mark.skipif(not REGISTRY.is_dir(), reason="DUIJIE_SHARED has no enterprise_registry")
def test_counts_of_both_regions_follow_the_coder_as_it_stands() -> None:
    """Where this fails, the coder has changed: run ``python tools/build_data.py counts``."""
    focus = yaml.safe_load((ROOT / "tools" / "regions.yaml").read_text(encoding="utf-8"))["focus"]
    rows = pq.read_table(REGISTRY / "fujian_guangdong.parquet", columns=["name", "scope", "reg_date", "focus"])
    rows = rows.filter(pc.is_in(rows["focus"], value_set=pa.array(list(focus), rows["focus"].type)))
    found = rows.to_pydict()
    groups = rule_groups([x or "" for x in found["name"]], [x or "" for x in found["scope"]])
    expected = Counter(
        (focus[place], str(group), date[:4])
        for place, group, date in zip(found["focus"], groups, found["reg_date"], strict=True)
        if group and date
    )
    with TABLE.open(encoding="utf-8", newline="") as handle:
        committed = {
            (row["region"], row["industry"], row["year"]): int(row["n"])
            for row in csv.DictReader(handle)
            if row["region"] in focus.values()
        }
    assert committed == expected
