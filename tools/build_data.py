"""Build the committed tables from the shared facts and data; maintainers run ``python tools/build_data.py``."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import classifications as cl
import fact_tables as ft
import listings as ls
import registry_counts as rc

from duijie.data import read, root
from duijie.track.agreement import load_agreement

SHARED = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).resolve().parents[1].parent / "shared"))
FOLDER = next((root() / "agreements").glob("*/tables")).parent
TABLES = FOLDER / "tables"
TAXONOMIES = root() / "taxonomies"
IO = TAXONOMIES / "io"
FIRM = "id region name name_en uscc industry products town registered_year inferred".split()
CLUSTER = "system layer name description note".split()
SCHEME = "scheme category criteria conditions benefits".split()
RAIL = (
    "kind origin destination telecode line fastest_min median_min trains fastest_train longitude latitude note".split()
)
PLACES = {"institutions": ["fields"], "carriers": ["space", "focus", "note"], "funds": ["size", "focus"]}
LISTING = "id kind version role side party clause industry payload valid_from valid_until visibility inferred".split()


def build_facts() -> None:
    """Firms, institutions, carriers, funds, organisations, listings, figures, rail, events."""
    facts, agreement = SHARED / "facts", load_agreement(FOLDER)
    sides = {region: side.code for side in agreement.sides for region in (side.code, side.parent)}
    tables = {name: ft.places(facts, name, columns) for name, columns in PLACES.items()}
    firms = ft.firms(facts)
    parties = ls.Parties([*firms, *(row for rows in tables.values() for row in rows)])
    stated = ls.stated(facts, {clause.number: clause.key for clause in agreement.clauses}, sides, parties)
    offers = [row for row in stated if row["kind"] != "none"]
    offers += ls.derived(tables, sides, {(row["party"], row["kind"]) for row in offers if row["role"] == "offer"})
    # Ids are given before unsourced rows leave, so that no row's id depends on what is known of another's page.
    offers = [row for row in offers if ft.is_sourced(row)]
    owners = {row["party"]: row for row in reversed(offers)}
    kept = [{column: row.get(column, "") for column in (*FIRM, *ft.SOURCE)} for row in firms]
    save("firms", ls.with_sources(kept, owners), *FIRM)
    save("honours", [row for one in firms for row in ft.honours(one)], "party", "name")
    for name, columns in PLACES.items():
        save(name, ls.with_sources(tables[name], owners), "id", "region", "name", "form", *columns)
    save("organisations", ls.with_sources(parties.new.values(), owners), "id", "kind", "region", "name")
    save("listings", offers, *LISTING)
    save("exchanges", [row for row in stated if row["kind"] == "none"], *LISTING)
    save("clusters", ft.plain(facts, "clusters", CLUSTER), "region", *CLUSTER)
    save("talent_schemes", ft.plain(facts, "talent_schemes", SCHEME), "region", *SCHEME)
    save("statistics", ft.statistics(facts), *"region indicator qualifier subject value unit year".split())
    save("rail", ft.rail(facts), *RAIL)
    save("timeline", ft.timeline(facts), "on", "event", "category", "note")


def save(name: str, rows: Iterable[ft.Row], *columns: str) -> None:
    """Write the rows whose source can be named; how many had none is told."""
    given = list(rows)
    kept = [row for row in given if ft.is_sourced(row)]
    ft.write(TABLES / f"{name}.csv", kept, (*columns, *ft.SOURCE))
    print(f"{name}: {len(kept)} rows, {len(given) - len(kept)} left out for want of a source")


def build_classification() -> None:
    """GB/T 4754-2017: codes, names, parents, and the concordance to ISIC Rev. 4 where it is reliable."""
    rows = cl.industries(SHARED)
    ft.write(TAXONOMIES / "gbt4754_2017.csv", rows, "code name_zh name_en parent level note".split())
    pairs = cl.isic(SHARED, {row["code"]: row["name_zh"] for row in rows})
    ft.write(TAXONOMIES / "gbt4754_to_isic4.csv", pairs, ["industry", "isic4"])
    print(f"gbt4754_2017: {len(rows)} rows; to ISIC Rev. 4: {len(pairs)}")


def build_io() -> None:
    """Input–output tables of the country and of each province that ``io/tables.yaml`` names."""
    names, national = cl.national(SHARED, "china_2020_42")
    older, _ = cl.national(SHARED, "china_2017_42")
    if names != older:
        raise SystemExit("the national tables of 2017 and 2020 do not name the same sectors")
    more_names, detailed = cl.detailed(SHARED, "china_2020_153")
    for n, rows, source in ((42, names, "sector_codes.yaml"), (153, more_names, "sector_codes_153.yaml")):
        ft.write(IO / f"sectors_{n}.csv", rows, "sector name_zh name_en".split())
        ft.write(IO / f"gbt4754_to_{n}.csv", cl.sectors_of_industries(source), ["industry", "sector"])
    for row in read(IO / "tables.yaml", "io")["tables"]:
        rows = {"china_2020_42": national, "china_2020_153": detailed}.get(Path(row["file"]).stem)
        rows = rows or cl.provincial(SHARED, row["province"], int(row["year"]))
        ft.write(IO / row["file"], rows, list(rows[0]))
        print(f"{row['file']}: {len(rows)} sectors")


def build_counts() -> None:
    """Registrations by region, industry group and year."""
    rows, coverage = rc.counts(SHARED)
    ft.write(TABLES / "counts.csv", rows, "region industry year n".split())
    ft.write(TABLES / "coverage.csv", coverage, "region n n_coded sampling".split())
    print(f"counts: {len(rows)} rows; coverage: {coverage}")


STEPS: Mapping[str, Callable[[], None]] = {
    "facts": build_facts,
    "classification": build_classification,
    "io": build_io,
    "counts": build_counts,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", nargs="*", choices=[*STEPS, []], help="all where none is named")
    for step in parser.parse_args().step or STEPS:
        STEPS[step]()
