"""Count registrations by region, industry group and year with the library's own coder, one coder for every region."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from duijie.intake.coding import rule_groups

Row = dict[str, Any]
Key = tuple[str, str, str]
REGIONS: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("regions.yaml").read_text(encoding="utf-8"))
YEAR = re.compile(r"(19[4-9]\d|20[01]\d)-")
COLUMNS = ["name", "scope", "reg_date", "province"]


def counts(shared: Path) -> tuple[list[Row], list[Row]]:
    """Rows of counts, and for each region how many registrations were read and how many of them were coded.

    The country is the sample of provinces other than those the two regions lie in, so that no firm is compared with
    itself.
    """
    folder = shared / "data" / "enterprise_registry"
    found: Counter[Key] = Counter()
    read: Counter[str] = Counter()
    coded: Counter[str] = Counter()
    for name, extra in (("national_sample_29prov", []), ("fujian_guangdong", ["focus"])):
        table = pq.read_table(folder / f"{name}.parquet", columns=[*COLUMNS, *extra]).to_pydict()
        groups = rule_groups([x or "" for x in table["name"]], [x or "" for x in table["scope"]]).tolist()
        focus = table.get("focus") or [None] * len(groups)
        for province, place, date, group in zip(table["province"], focus, table["reg_date"], groups, strict=True):
            year = YEAR.match(date or "")
            for region in _regions(province, place, is_sample=not extra) if year else ():
                read[region] += 1
                coded[region] += bool(group)
                if group and year:
                    found[region, group, year[1]] += 1
    rows = [{"region": r, "industry": i, "year": y, "n": n} for (r, i, y), n in sorted(found.items())]
    return rows, [_coverage(region, read, coded) for region in sorted(read)]


def _regions(province: str | None, focus: str | None, *, is_sample: bool) -> Iterable[str]:
    """The province, the region inside it where there is one, and the country where the row is of its sample."""
    if province in REGIONS["provinces"]:
        yield REGIONS["provinces"][province]
        if is_sample:
            yield "national"
    if focus in REGIONS["focus"]:
        yield REGIONS["focus"][focus]


def _coverage(region: str, read: Counter[str], coded: Counter[str]) -> Row:
    is_full = region in REGIONS["read_whole"]
    return {
        "region": region,
        "n": read[region],
        "n_coded": coded[region],
        "sampling": "all files" if is_full else "11.5%",
    }
