"""Turn the fact tables of $DUIJIE_SHARED/facts into the committed tables of the built-in agreement."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from duijie.data import table
from duijie.data.sources import host_of, publisher_of

Row = dict[str, Any]
SOURCE = ("publisher", "title", "url", "published_on", "as_of", "basis")
KNOWN: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("pages.yaml").read_text(encoding="utf-8"))
PAGES: Mapping[str, Row] = KNOWN["pages"]
FAMILIES = tuple((re.compile(row["path"]), row["publisher"]) for row in KNOWN["families"])
# Press and government sites write the day of publication into the address.
DAY = re.compile(r"(?<!\d)(20[0-2]\d)[-/]?(0[1-9]|1[0-2])[-/]?(0[1-9]|[12]\d|3[01])(?!\d)")
SHORT_DAY = re.compile(r"/([12]\d)/(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])/\d\d/")
LEGAL_FORM = re.compile(r"(公司|合作社)([((].*[))])?$")
ENGLISH_FORM = re.compile(r"(?i)\b(ltd|limited|inc|corp|corporation|llc)\b|co\.|company")
EDITOR = "编者通识"
SHORT_NAME = ("简称", "全称未核")
N_PRODUCTS, PRODUCT_LENGTH = 6, 16
# Left over where a phrase was cut out of a registered scope; they name no product.
NO_PRODUCT = frozenset(
    "技术的 发布 制作 代理 货物 制品 日常管理 零配件 施工".split() + "国内商业 国内贸易 物资供销业 技术进出口".split()
)
REGISTER = "https://github.com/kinginsun/Enterprise-Registration-Data-of-Chinese-Mainland"
LISTED = re.compile(r"\d{4,6}\.(?:HK|SZ|SH)")
HONOUR = re.compile("冠军|小巨人|专精特新|百强|上市公司|高新技术|名牌|驰名")
COLLECTIONS = frozenset({publisher_of("https://github.com"), "PyPI"})
# Hosts that show others' texts as their own.
COPIES = frozenset({"mirror"})
REPOSITORY = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
REPOSITORY_TITLES = {
    "Enterprise-Registration-Data-of-Chinese-Mainland": "企业登记快照(1978—2019年4月,部分年份缺失)",
    "FinanceDatabase": "FinanceDatabase equities",
    "Parse12306": "全国高速列车时刻表(2016-03-10)",
}


def rows_of(facts: Path, name: str) -> list[Row]:
    return [dict(row) for row in table(facts / f"{name}.csv")]


def write(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, lineterminator="\n", extrasaction="raise")
        writer.writeheader()
        writer.writerows({column: row.get(column, "") for column in columns} for row in rows)


def code(region: str) -> str:
    return region.split(" ")[0]


def source_of(text: str, year: str, basis: str = "published") -> Row:
    """The best known of the pages a fact names, the first of equals.

    A page before a collection of data, a named publisher before a title alone. Publisher and title are empty where
    nothing is known of any page: such a fact is left out (see :func:`is_sourced`).
    """
    return min((_page(one.strip(), year, basis) for one in text.split(" | ")), key=_doubt)


def _doubt(row: Row) -> int:
    if row["publisher"]:
        return 1 if row["publisher"] in COLLECTIONS else 0
    return 2 if row["title"] else 3


def is_sourced(row: Mapping[str, Any]) -> bool:
    """Whether a reader can find the page again: who wrote it or what it is called is known."""
    return bool(row["publisher"] or row["title"])


def _page(text: str, year: str, basis: str) -> Row:
    """One page; of a repository the repository, of an excerpt without a page its title."""
    if text.startswith("excerpt:"):
        return _excerpt(text.removeprefix("excerpt:"), year, basis)
    if repository := REPOSITORY.match(text):
        title = REPOSITORY_TITLES.get(repository[0].rsplit("/", 1)[1], "")
        return _row(publisher_of(repository[0]), title, repository[0], year, basis)
    address, _, rest = text.partition(" ")
    if not address.startswith("http"):
        return _row(address, rest, "", year, basis)
    return _copied(address, year, basis) if host_of(address)[1] in COPIES else _row(
        publisher_of(address), "", address, year, basis
    )  # fmt: skip


def _copied(address: str, year: str, basis: str) -> Row:
    """A copied page: its original's publisher where the path tells it, no address but the original's own."""
    publisher = next((name for path, name in FAMILIES if path.search(address)), "")
    row = {"publisher": publisher, "title": "", "published_on": published_on(address)}
    return {**row, "url": "", **PAGES.get(address, {}), "as_of": year, "basis": basis}


def _excerpt(text: str, year: str, basis: str) -> Row:
    named = re.match(r"(.+?)\((.+?)\)$", text)
    title, inside = (named[1], named[2]) if named else (text, "")
    if re.match(r"ijjnews", title):
        return _row(publisher_of("http://ijjnews.com"), "", "", title.split(" ")[1], basis)
    return _row("" if re.match(r"\d", inside) else inside.split(" ")[0], title, "", year, basis)


def _row(publisher: str, title: str, url: str, year: str, basis: str) -> Row:
    row = {"publisher": publisher, "title": title, "url": url, "published_on": published_on(url)}
    return {**row, **PAGES.get(url, {}), "as_of": year, "basis": basis}


def published_on(url: str) -> str:
    """The day that stands in an address, as an ISO date; empty where none does.

    Examples
    --------
    >>> published_on("https://paper.example/con/202212/14/content_1.html"), published_on("https://news.example/24/1026/17/A")
    ('2022-12-14', '2024-10-26')
    """
    if found := DAY.search(url):
        return "-".join(found.groups())
    short = SHORT_DAY.search(url)
    return f"20{short[1]}-{short[2]}-{short[3]}" if short else ""


# ---- firms


def firms(facts: Path) -> list[Row]:
    """Reported and registered firms, one row a legal entity; what an editor knew without a source is left out."""
    found: dict[str, Row] = {}
    for row in rows_of(facts, "firms"):
        if EDITOR not in row["products_basis"] + row["code_basis"] and _is_entity(row):
            found[row["uscc"] or row["name"]] = _reported(row)
    names = {row["name"] for row in found.values()}
    for at, row in enumerate(rows_of(facts, "registry_firms"), start=1):
        if LEGAL_FORM.search(row["name"]) and row["uscc"] not in found and row["name"] not in names:
            found[row["uscc"] or row["name"]] = _registered(row, at)
    return list(found.values())


def _is_entity(row: Row) -> bool:
    if any(word in row["note"] for word in SHORT_NAME):
        return True
    return bool(LEGAL_FORM.search(row["name"]) or ENGLISH_FORM.search(row["name_en"]))


def _reported(row: Row) -> Row:
    inferred = ["industry"] if row["industry_code"] else []
    if "推断" in row["products_basis"] or "归纳" in row["products_basis"]:
        inferred.append("products")
    if any(word in row["note"] for word in SHORT_NAME):
        inferred.append("name")
    is_registry_only = row["source_url"].startswith("https://github.com") and row["tier"] == ""
    return {
        **_common(row),
        "id": row["id"],
        "name_en": row["name_en"],
        "honours": _honours(row),
        "listing": _listing(row),
        "inferred": ";".join(inferred),
        **_firm_source(row, "2019" if is_registry_only else row["year"]),
        "short_name": row["short_name"],
    }


def _firm_source(row: Row, year: str) -> Row:
    """A firm whose pages are not known, but which stands in the register, rests on the register."""
    found = source_of(row["source_url"], year)
    is_registered = bool(row["uscc"] and row["registered"])
    return found if is_sourced(found) or not is_registered else source_of(REGISTER, "2019")


def _honours(row: Row) -> list[str]:
    """Stock-exchange code and public titles, as the sources word them; remarks of the compiler stay behind."""
    codes = LISTED.findall(row["listed_code"])
    named = [part for part in row["tier"].split(";") if HONOUR.search(part)]
    return [*codes, *named]


def honours(firm: Row) -> list[Row]:
    """The honours of a firm: a code with the collection it was read from, a title with the firm's source."""
    own = {name: firm[name] for name in SOURCE}
    return [
        {**(firm["listing"] if LISTED.fullmatch(name) else own), "party": firm["id"], "name": name}
        for name in firm.get("honours", ())
    ]


def _listing(row: Row) -> Row:
    """The collection of stock-exchange codes that a firm's code was read from, else its first page."""
    pages = row["source_url"].split(" | ")
    codes = [page for page in pages if "FinanceDatabase" in page or page.startswith("PyPI")]
    return source_of((codes or pages)[0], row["year"])


def _registered(row: Row, at: int) -> Row:
    return {
        **_common(row),
        "id": f"REG-{at:05d}",
        "inferred": "industry" if row["industry_code"] else "",
        **source_of(REGISTER, "2019"),
    }


def _common(row: Row) -> Row:
    named = (one for one in row["products"].split(";") if one and one not in NO_PRODUCT)
    products = [one for one in named if len(one) <= PRODUCT_LENGTH]
    return {
        "region": code(row["region"]),
        "name": row["name"],
        "uscc": row["uscc"],
        "industry": row["industry_code"] if re.fullmatch(r"[A-T]|\d{2,4}", row["industry_code"]) else "",
        "products": ";".join(products[:N_PRODUCTS]),
        "town": row["town"],
        "registered_year": row["registered"][:4],
    }


# ---- institutions, carriers, funds, and tables that are copied column by column


def places(facts: Path, name: str, columns: Sequence[str]) -> list[Row]:
    """Rows of a fact table with `kind` called form, the region's code and the source in columns."""
    return [
        {
            "id": row["id"],
            "region": code(row["region"]),
            "name": row["name"],
            "form": row["kind"],
            **{column: row[column] for column in columns},
            **source_of(row["source_url"], row["year"]),
        }
        for row in rows_of(facts, name)
    ]


def statistics(facts: Path) -> list[Row]:
    """The figures of the facts, and those looked up beside them (``figures.csv``)."""
    own = rows_of(Path(__file__).parent, "figures")
    return [_figure(row) for row in (*rows_of(facts, "statistics"), *own)]


def _figure(row: Row) -> Row:
    """A figure with what the source says of its exactness or span apart from its name."""
    named = re.match(r"(目标:)?(.+?)(?:\((.+)\))?$", row["indicator"])
    assert named
    unit, _, aim = row["unit"].partition("(")
    qualifier = [part for part in ("目标" if named[1] else "", named[3] or "", aim.rstrip(")")) if part]
    return {
        "region": code(row["region"]),
        "indicator": named[2],
        "qualifier": ";".join(qualifier),
        "subject": row["industry_or_cluster"],
        "value": row["value"],
        "unit": unit,
        "year": row["year"],
        **source_of(row["source_url"], row["year"]),
    }


def rail(facts: Path) -> list[Row]:
    return [_rail(row) for row in rows_of(facts, "rail")]


def _rail(row: Row) -> Row:
    where = dict(part.split("=") for part in row["note"].split() if re.match(r"l(on|at)=", part))
    is_station = row["kind"] == "station"
    return {
        "kind": row["kind"],
        "origin": row["from_or_name"],
        "destination": "" if is_station else row["to_or_code"],
        "telecode": row["to_or_code"] if is_station else "",
        "line": row["line"],
        "fastest_min": row["fastest_minutes"],
        "median_min": row["median_minutes"],
        "trains": row["daily_direct_trains"],
        "fastest_train": row["fastest_train"],
        "longitude": where.get("lon", ""),
        "latitude": where.get("lat", ""),
        "note": "" if where else row["note"],
        **source_of(row["source_url"], row["as_of"]),
    }


def timeline(facts: Path) -> list[Row]:
    return [
        {
            "on": row["date"],
            "event": row["event"],
            "category": row["category"],
            "note": row["note"],
            **source_of(row["source_url"], row["date"]),
        }
        for row in rows_of(facts, "timeline")
    ]


def plain(facts: Path, name: str, columns: Sequence[str]) -> list[Row]:
    return [
        {
            "region": code(row["region"]),
            **{column: row[column] for column in columns},
            **source_of(row["source_url"], row["year"]),
        }
        for row in rows_of(facts, name)
    ]
