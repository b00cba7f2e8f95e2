"""Turn the classification and the input–output tables of $DUIJIE_SHARED/data into committed tables."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from duijie.data import table

Row = dict[str, Any]


def _yaml(name: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return document


def industries(shared: Path) -> list[Row]:
    """Codes, names and parents of GB/T 4754-2017; the descriptions stay behind.

    Level and parent follow from the code, since the copy has some of both wrong.
    """
    rows = table(shared / "data" / "industry_classification" / "gbt4754_2017.csv")
    corrected = _yaml("gbt4754_corrections.yaml")
    voted = {row["code"] for row in rows if row["name_status"] == "replaced_by_two_other_sources"}
    section = {row["code"]: row["section"] for row in rows}
    names = {row["code"]: row["name"] for row in rows} | corrected["names"] | corrected["added"]
    names |= corrected["amended"]
    english = _yaml("industry_names.yaml")
    return [
        {
            "code": code,
            "name_zh": name.translate(str.maketrans("（）,", "()、")),
            "name_en": english.get(code, ""),
            "parent": "" if len(code) == 1 else section[code] if len(code) == 2 else code[:-1],
            "level": 1 if len(code) == 1 else len(code),
            "note": _note(code, corrected, voted),
        }
        for code, name in sorted(names.items(), key=lambda item: (len(item[0]) > 1, item[0]))
    ]


def _note(code: str, corrected: Mapping[str, Any], voted: set[str]) -> str:
    if code in corrected["amended"]:
        return "amendment 1"
    if code in corrected["added"]:
        return "added"
    return "corrected" if code in corrected["names"] or code in voted else ""


def isic(shared: Path, known: Mapping[str, str]) -> list[Row]:
    """Rows of the concordance to ISIC Rev. 4 whose name is the one the code has here; the others are shifted or cut."""
    rows = table(shared / "data" / "industry_classification" / "gbt4754_2017_to_isic4.csv")
    found = (
        (row["gb2017"], row["isic4"])
        for row in rows
        if re.fullmatch(r"\d{4}", row["isic4"]) and _plain(row["gb2017_name"]) == _plain(known.get(row["gb2017"], ""))
    )
    return [{"industry": industry, "isic4": isic4} for industry, isic4 in sorted(set(found))]


def _plain(name: str) -> str:
    return re.sub(r"[\s,、()（）]", "", name)


def sectors_of_industries(name: str) -> list[Row]:
    """The sector of each heading, from a file that lists the headings of each sector."""
    return [
        {"industry": industry, "sector": sector}
        for sector, industries in _yaml(name).items()
        for industry in industries.split()
    ]


def national(shared: Path, name: str) -> tuple[list[Row], list[Row]]:
    """Sectors with both names, and the table with domestic and imported goods together."""
    with gzip.open(shared / "data" / "io_tables_china" / f"{name}.csv.gz", "rt", encoding="utf-8-sig") as handle:
        rows = list(csv.DictReader(handle))
    home = {row["Code"]: row for row in rows if row["Origin"] == "Domestic"}
    abroad = {row["Code"]: row for row in rows if row["Origin"] == "Imports"}
    added = next(row for row in rows if row["Code"] == "TVA")
    sectors = list(home)
    flows = {one: {other: float(home[one][other]) + float(abroad[one][other]) for other in sectors} for one in sectors}
    output = {one: float(home[one]["GO"]) for one in sectors}
    names = [
        {"sector": one, "name_zh": home[one]["DescriptionInChinese"], "name_en": home[one]["Description"]}
        for one in sectors
    ]
    return names, _balanced(sectors, flows, output, {one: float(added[one]) for one in sectors})


def detailed(shared: Path, name: str) -> tuple[list[Row], list[Row]]:
    """Sectors and table of a national table that does not tell domestic from imported goods."""
    with gzip.open(shared / "data" / "io_tables_china" / f"{name}.csv.gz", "rt", encoding="utf-8-sig") as handle:
        rows = {row["Code"]: row for row in csv.DictReader(handle)}
    sectors = [code for code in rows if code.isdigit()]
    flows = {one: {other: float(rows[one][other]) for other in sectors} for one in sectors}
    output = {one: float(rows[one]["GO"]) for one in sectors}
    names = [
        {"sector": one, "name_zh": rows[one]["DescriptionInChinese"], "name_en": rows[one]["Description"]}
        for one in sectors
    ]
    return names, _balanced(sectors, flows, output, {one: float(rows["TVA"][one]) for one in sectors})


def provincial(shared: Path, province: str, year: int) -> list[Row]:
    """One province's table in the numbering of the national ones; the names of both were compared."""
    frame = pq.read_table(shared / "data" / "io_tables_china" / "provincial_42sector_2002_2007_2012_2017.parquet")
    rows = {row["row"]: row for row in frame.to_pylist() if row["province"] == province and int(row["year"]) == year}
    sectors = sorted(key[3:] for key in rows if key.startswith("sec"))
    flows = {one: {other: float(rows[f"sec{one}"][f"sec{other}"]) for other in sectors} for one in sectors}
    output = {one: float(rows[f"sec{one}"]["GO"]) for one in sectors}
    return _balanced(sectors, flows, output, {one: float(rows["TVA"][f"sec{one}"]) for one in sectors})


def _balanced(
    sectors: Sequence[str],
    flows: Mapping[str, Mapping[str, float]],
    output: Mapping[str, float],
    added: Mapping[str, float],
) -> list[Row]:
    """Rows in units of 10,000 CNY; final demand is what output leaves over, net of imports and inflows."""
    found = []
    for one in sectors:
        sales = {other: round(flows[one][other]) for other in sectors}
        made = round(output[one])
        found.append(
            {
                "sector": one,
                **sales,
                "final_demand": made - sum(sales.values()),
                "output": made,
                "value_added": round(added[one]),
            }
        )
    return found
