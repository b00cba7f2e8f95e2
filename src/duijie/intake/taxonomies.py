"""Classifications, chains, product words and input–output tables, read from the data files into terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np

from duijie.data import entries, kept, listing, read, root, table
from duijie.data.shelf import stacked
from duijie.data.sources import source
from duijie.errors import DataFileError, Fault
from duijie.terms import (
    Bilingual,
    ChainLink,
    ChainStage,
    ChainTemplate,
    Industry,
    IOTable,
    ProductRelation,
    Source,
    Taxonomy,
)

__all__ = [
    "chain",
    "chains",
    "gbt4754",
    "groupings",
    "input_output",
    "isic4",
    "names",
    "product_groups",
    "relations",
    "sector_names",
    "sector_of",
    "vocabulary",
]


STANDARD = Source("国家市场监督管理总局、国家标准化管理委员会", "GB/T 4754-2017《国民经济行业分类》", as_of="2017")


@cache
def gbt4754() -> Taxonomy:
    """GB/T 4754-2017: 20 sections, 97 divisions, groups and classes; its known gaps stand in ``DATA.md``.

    Examples
    --------
    >>> gbt4754().ancestors("1952")
    ('1952', '195', '19', 'C')
    """
    rows = table(root() / "taxonomies" / "gbt4754_2017.csv")
    found = (
        Industry(row["code"], Bilingual(row["name_zh"], row["name_en"]), int(row["level"]), row["parent"])
        for row in rows
    )
    return Taxonomy("GB/T 4754", "2017", {industry.code: industry for industry in found})


@dataclass(frozen=True, slots=True)
class OfficialGrouping:
    """An official list of industries: codes of GB/T 4754 surely inside, codes only partly inside, and its source."""

    key: str
    name: Bilingual
    industries: tuple[str, ...]
    partial: tuple[str, ...]
    source: Source


@cache
def groupings(level: int = 3) -> tuple[OfficialGrouping, ...]:
    """Official groupings of industries, such as the core industries of the digital economy, at one level of GB/T 4754.

    Parameters
    ----------
    level
        1 to 4. A heading of that level is inside where all its classes are, and partly inside where some are or where
        the grouping itself takes only a part.

    Notes
    -----
    The files are ``data/taxonomies/groupings``; another grouping is a row of ``groupings.yaml`` and a table
    ``code,name,industry,is_partial`` beside it. What is missing stands in ``DATA.md``.

    Examples
    --------
    >>> digital = groupings()[0]
    >>> digital.key, "391" in digital.industries, "195" in (*digital.industries, *digital.partial)
    ('digital-core', True, False)
    """
    folder = root() / "taxonomies" / "groupings"
    return tuple(_grouping(row, folder, level) for row in read(folder / "groupings.yaml", "groupings"))


def _grouping(row: Mapping[str, Any], folder: Path, level: int) -> OfficialGrouping:
    below = tuple(row.get("below", ("",)))
    kept = [one for one in table(folder / row["file"]) if one["industry"] and one["code"].startswith(below)]
    sure = _classes(one["industry"] for one in kept if one["is_partial"] == "0")
    part = _classes(one["industry"] for one in kept) - sure
    found: defaultdict[str, list[str]] = defaultdict(list)
    for code in sorted(_classes(gbt4754().children[""])):
        found[gbt4754().ancestors(code)[4 - level]].append(code)
    whole = tuple(code for code, own in found.items() if sure.issuperset(own))
    some = tuple(code for code, own in found.items() if code not in whole and (sure | part) & set(own))
    return OfficialGrouping(row["key"], Bilingual(**row["name"]), whole, some, source(row["source"]))


def _classes(codes: Iterable[str]) -> set[str]:
    """The classes of these headings."""
    children = gbt4754().children
    return set().union(*(_classes(children[code]) if children.get(code) else {code} for code in codes))


@kept
def chains(keys: tuple[str, ...] = ()) -> tuple[ChainTemplate, ...]:
    """The industrial chains, built-in or the agreement's own: those of `keys` in that order, all of them in name order
    where none is given.

    Raises
    ------
    DataFileError
        A chain is absent or breaks its schema.

    Examples
    --------
    >>> [template.key for template in chains()]
    ['apparel-footwear', 'electronics', 'equipment', 'health']
    """
    known = {path.stem: path for path in listing("chains")}
    absent = root() / "taxonomies" / "chains"
    return tuple(chain(known.get(key, absent / f"{key}.yaml")) for key in keys or known)


def chain(path: Path) -> ChainTemplate:
    """One industrial chain from its file.

    Raises
    ------
    DataFileError
        The file breaks the schema, a stage stands twice, or a link names no stage; `faults` lists all of it.
    """
    document = read(path, "chain")
    if faults := tuple(_chain_faults(path, document)):
        raise DataFileError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    stages = tuple(
        ChainStage(
            row["key"],
            row["name"],
            tuple(row["industries"]),
            tuple(row.get("products", ())),
            bool(row.get("is_strict")),
        )
        for row in document["stages"]
    )
    links = tuple(
        ChainLink(
            row["supplier"],
            row["buyer"],
            row["why"],
            row.get("flow", "input"),
            row.get("heading", ""),
            tuple(row.get("used_by", ())),
            tuple(row.get("supplied_by", ())),
        )
        for row in document["links"]
    )
    return ChainTemplate(document["key"], document["name"], stages, links)


def _chain_faults(path: Path, document: Mapping[str, Any]) -> Iterator[Fault]:
    keys = [row["key"] for row in document["stages"]]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield Fault("name_twice", {"file": str(path), "key": "stages"}, {"name": key})
    for at, link in enumerate(document["links"]):
        for end in ("supplier", "buyer"):
            if link[end] not in keys:
                where = {"file": str(path), "key": f"links.{at}.{end}"}
                yield Fault("name_unknown", where, {"name": link[end], "known": keys})


@kept
def vocabulary() -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """For an industry code, the words that tell its products apart: rows ``{word, en, group, aliases}``.

    An agreement's own words of an industry stand before the built-in ones.

    Examples
    --------
    >>> next(row["group"] for row in vocabulary()["18"] if row["en"] == "womenswear")
    'audience'
    """
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for path in stacked("vocabulary"):
        for one in read(path, "vocabulary").get("classes", ()):
            words = found.setdefault(one["industry"], {})
            for row in one["products"]:
                words.setdefault(row["word"], row)
    return {industry: tuple(words.values()) for industry, words in found.items()}


@kept
def relations() -> tuple[ProductRelation, ...]:
    """What products of a class have to do with one another; a relation without order stands once a pair.

    Raises
    ------
    DataFileError
        The file breaks its schema, or a relation names a word its class does not have.
    """
    path = root() / "taxonomies" / "relations.yaml"
    rows = read(path, "relations")["relations"]
    words = {code: {str(row["word"]) for row in products} for code, products in vocabulary().items()}
    faults = tuple(_relation_faults(path, rows, words))
    if faults:
        raise DataFileError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    return tuple(
        ProductRelation(row["kind"], row["class"], first, second, row["why"], source(row["source"]))
        for row in rows
        for first, second in _related(row)
    )


def _related(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return combinations(row["among"], 2) if "among" in row else product(row["supplier"], row["buyer"])


def _relation_faults(path: Path, rows: Sequence[Mapping[str, Any]], words: Mapping[str, set[str]]) -> Iterator[Fault]:
    for at, row in enumerate(rows):
        known = words.get(row["class"], set())
        for key in ("among", "supplier", "buyer"):
            for word in row.get(key, ()):
                if word not in known:
                    where = {"file": str(path), "key": f"relations.{at}.{key}"}
                    yield Fault("name_unknown", where, {"name": word, "known": sorted(known)})


@kept
def product_groups() -> Mapping[str, Bilingual]:
    """The bilingual names of the groups of product words."""
    return {row["key"]: Bilingual(**row["name"]) for row in entries("vocabulary", "vocabulary", "groups")}


@cache
def input_output(sectors: int = 42) -> Mapping[str, IOTable]:
    """The input–output tables by region code; ``national`` is the whole country.

    Parameters
    ----------
    sectors
        42, in which the country and the provinces are numbered alike, or 153, in which there is only the country.

    Returns
    -------
    mapping of IOTable
        `flows` of domestic and imported goods together, `final_demand` net of imports and inflows, so that
        output = flows summed over buyers + final demand. Empty for another number of sectors.

    Examples
    --------
    >>> national = input_output()["national"]
    >>> national.flows.shape, national.year
    ((42, 42), '2020')
    """
    document = read(root() / "taxonomies" / "io" / "tables.yaml", "io")
    return {row["region"]: _io(row) for row in document["tables"] if row["sectors"] == sectors}


def _io(row: Mapping[str, Any]) -> IOTable:
    rows = table(root() / "taxonomies" / "io" / row["file"])
    sectors = tuple(one["sector"] for one in rows)
    columns = (*sectors, "final_demand", "output", "value_added")
    values = np.array([[float(one[column]) for column in columns] for one in rows])
    n = len(sectors)
    return IOTable(
        sectors=sectors,
        flows=values[:, :n],
        final_demand=values[:, n],
        output=values[:, n + 1],
        unit=row["unit"],
        year=row["year"],
        region=row["region"],
        value_added=values[:, n + 2],
        names=sector_names(row["sectors"]),
        source=source(row["source"]),
    )


@cache
def sector_names(sectors: int = 42) -> Mapping[str, Bilingual]:
    """The bilingual names of the sectors of the input–output tables by their code."""
    rows = table(root() / "taxonomies" / "io" / f"sectors_{sectors}.csv")
    return {row["sector"]: Bilingual(row["name_zh"], row["name_en"]) for row in rows}


@cache
def isic4() -> Mapping[str, tuple[str, ...]]:
    """The classes of ISIC Rev. 4 that a GB/T 4754 heading is matched with; a heading without a reliable row is absent.

    Examples
    --------
    >>> isic4()["1952"]
    ('1520',)
    """
    found: dict[str, tuple[str, ...]] = {}
    for row in table(root() / "taxonomies" / "gbt4754_to_isic4.csv"):
        found[row["industry"]] = (*found.get(row["industry"], ()), row["isic4"])
    return found


@cache
def sector_of(sectors: int = 42) -> Mapping[str, str]:
    """The sector of a GB/T 4754 heading; a heading that is absent has the sector of the nearest one above it.

    Examples
    --------
    >>> sector_of()["19"] == sector_of()["18"], sector_of(153)["195"] == sector_of(153)["18"]
    (True, False)
    """
    rows = table(root() / "taxonomies" / "io" / f"gbt4754_to_{sectors}.csv")
    return {row["industry"]: row["sector"] for row in rows}


@cache
def names() -> Mapping[str, Bilingual]:
    """Bilingual names by code: of industries, and of the areas that have input–output tables."""
    tables = read(root() / "taxonomies" / "io" / "tables.yaml", "io")["tables"]
    areas = {row["region"]: Bilingual(**row["name"]) for row in tables if "name" in row}
    return {code: industry.name for code, industry in gbt4754().industries.items()} | areas
