"""The command lines and the room that reads and writes: round trips on real files, and every fault by row."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from duijie.diagnose.commands import group
from duijie.diagnose.indicators import indicators
from duijie.diagnose.report import pair
from duijie.diagnose.run import (
    counts_in,
    firms_behind,
    indicators_of,
    io_of,
    long_table,
    read_groupings,
    read_io,
    read_long,
)
from duijie.errors import DuijieError, InputError
from duijie.store import open_store


def table(n=20, m=30, seed=0):
    rng = np.random.default_rng(seed)
    skill, need = rng.uniform(0.1, 1, n), rng.uniform(0, 0.9, m)
    return (rng.random((n, m)) < 1 / (1 + np.exp(-10 * (skill[:, None] - need)))) * rng.integers(1, 90, (n, m))


@pytest.fixture
def file(tmp_path):
    """A long CSV of 20 regions × 30 industries; codes begin with zeros."""
    values = table()
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["region", "industry", "value"])
        writer.writerows(
            (f"{r:04d}", f"0{i:02d}", int(values[r, i])) for r in range(20) for i in range(30) if values[r, i]
        )
    return path


def call(*arguments):
    found = CliRunner().invoke(group, [str(one) for one in arguments], catch_exceptions=False, obj={"language": "en"})
    assert found.exit_code == 0, found.output
    return found


def rows(path):
    with path.open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_indicators_of_a_file_are_those_of_the_array(file, tmp_path):
    call("indicators", file, "--convention", "atlas", "--out", tmp_path / "out")
    found, expected = rows(tmp_path / "out" / "regions.csv"), indicators(table())
    assert [row["region"] for row in found] == [f"{r:04d}" for r in range(20)]
    np.testing.assert_allclose([float(row["eci"]) for row in found], expected.eci)
    cells = pq.read_table(tmp_path / "out" / "cells.parquet")
    np.testing.assert_allclose(cells["density"].to_numpy(), expected.density.ravel())
    assert cells["industry"][1].as_py() == "001"
    assert len(rows(tmp_path / "out" / "industries.csv")) == 30


def test_years_are_computed_apart(tmp_path):
    a, b = table(seed=1), table(seed=2)
    long = pa.table(
        {
            "region": [f"r{r}" for _ in (1, 2) for r in range(20) for _ in range(30)],
            "industry": [f"i{i:02d}" for _ in (1, 2) for _ in range(20) for i in range(30)],
            "value": np.concatenate([a.ravel(), b.ravel()]),
            "year": [2019] * 600 + [2020] * 600,
        }
    )
    pq.write_table(long, tmp_path / "long.parquet")
    call("indicators", tmp_path / "long.parquet", "--out", tmp_path / "out")
    found = rows(tmp_path / "out" / "regions.csv")
    assert {row["year"] for row in found} == {"2019", "2020"}
    order = np.argsort([f"r{r}" for r in range(20)])
    np.testing.assert_allclose([float(r["eci"]) for r in found if r["year"] == "2020"], indicators(b[order]).eci)


def test_a_pair_from_a_file(file, tmp_path):
    call("pair", file, "0005", "0007", "--out", tmp_path / "out")
    report = json.loads((tmp_path / "out" / "pair.json").read_text(encoding="utf-8"))
    assert [one["code"] for one in report["regions"]] == ["0005", "0007"]
    links = rows(tmp_path / "out" / "links.csv")
    assert {row["kind"] for row in links} == {"added"}
    told = {(one["partner"], one["region"], row["industry"]) for one in report["added"] for row in one["candidates"]}
    assert {(row["from_region"], row["to_region"], row["to_industry"]) for row in links} == told
    assert {supplier for supplier, _, _ in told} == {"0005", "0007"}


def test_input_output_of_a_file(tmp_path):
    path = tmp_path / "io.csv"
    path.write_text(
        "sector,agriculture,industry,final_demand,output\nagriculture,150,500,350,1000\nindustry,200,100,1700,2000\n",
        encoding="utf-8",
    )
    call("io", path, "--out", tmp_path / "out")
    found = rows(tmp_path / "out" / "multipliers.csv")
    np.testing.assert_allclose([float(row["output"]) for row in found], [1.518, 1.452], atol=1e-3)
    assert {row["sector"] for row in rows(tmp_path / "out" / "extraction.csv")} == {"agriculture", "industry"}
    (tmp_path / "bad.csv").write_text("sector,a,final_demand\na,x,1\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_io(tmp_path / "bad.csv")
    assert caught.value.faults[0].where == {"file": "bad.csv", "row": 2, "column": "a"}


def test_supply_links_from_a_file(file, tmp_path):
    (tmp_path / "io.csv").write_text("sector,s,t,final_demand\ns,10,30,60\nt,5,20,75\n", encoding="utf-8")
    lines = ["industry,sector", *(f"0{i:02d},{'s' if i % 2 else 't'}" for i in range(30))]
    (tmp_path / "sectors.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    call("pair", file, "0003", "0007", "--io", tmp_path / "io.csv", "--sectors", tmp_path / "sectors.csv",
         "--out", tmp_path / "out")  # fmt: skip
    assert "supply" in {row["kind"] for row in rows(tmp_path / "out" / "links.csv")}


@pytest.mark.parametrize(
    ("text", "code", "row"),
    [
        ("region,industry,value\na,x,1\nb,y,-2\n", "diagnose_values_wrong", 3),
        ("region,industry,value\na,x,two\nb,y,2\n", "diagnose_values_wrong", 2),
        ("region,industry,value\na,x,nan\n", "diagnose_values_wrong", 2),
        ("region,industry,value\n,x,1\n", "diagnose_cells_empty", 2),
        ("region,value\na,1\n", "diagnose_columns_missing", None),
        ("region,industry,value\na,x\n", "diagnose_values_wrong", 2),
        ("region,industry,value\n\na,x,1\n\nb,y,?\n", "diagnose_values_wrong", 5),
    ],
)
def test_every_fault_names_its_row(tmp_path, text, code, row):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_long(path)
    assert caught.value.code == code
    if row:
        assert caught.value.faults[0].where["row"] == row


def test_an_absent_file_is_said(tmp_path):
    with pytest.raises(InputError, match="file_missing"):
        read_long(tmp_path / "none.csv")


def test_rows_of_one_cell_are_added_and_said():
    found = long_table(pa.table({"region": ["a", "a"], "industry": ["x", "x"], "value": [1, 2]}))
    assert found.latest.values.tolist() == [[3]]
    assert [one.code for one in found.warnings] == ["diagnose_rows_added"]


def test_categories_are_used_as_they_are():
    plain = pa.table({"region": ["b", "a", "b"], "industry": ["y", "x", "x"], "value": [1.0, 2, 3]})
    coded = plain.set_column(0, "region", plain["region"].dictionary_encode())
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"region": pandas.Categorical(["b", "a", "b"]), "industry": ["y", "x", "x"], "value": [1, 2, 3]}
    )
    for source in (plain, coded, frame):
        found = long_table(source).latest
        assert (found.regions, found.industries) == (("a", "b"), ("x", "y"))
        assert found.values.tolist() == [[2, 0], [3, 1]]


def test_the_store_counts_what_the_table_counts(file):
    with open_store() as store:
        store.register("amounts", file)
        found = counts_in(store, unit="firms")
    np.testing.assert_array_equal(found.values, read_long(file).latest.values)


FIRMS = """id,region,name,industry,products,registered_year,inferred,publisher,title,url,as_of,telephone
f1,0003,One,0011,shoes,2001,industry,p,t,u,2023,123
f2,0003,Two,001,,2002,,p,t,u,2023,123
f3,0003,Three,002,soles,2003,,p,t,u,2023,123
f4,0007,Four,001,hats,2003,,p,t,u,2023,123
f5,0003,Five,001,hats,2003,,p,t,u,2022,123
"""


def test_the_firms_behind_a_cell_are_named_with_their_source(tmp_path):
    (tmp_path / "firms.csv").write_text(FIRMS, encoding="utf-8")
    with open_store() as store:
        store.register("firms", tmp_path / "firms.csv")
        found = firms_behind(store, "0003", "001")
        assert found["id"].to_pylist() == ["f5", "f1", "f2"]
        assert found["as_of"].to_pylist() == ["2022", "2023", "2023"]
        assert "telephone" not in found.column_names
        assert firms_behind(store, "0003", "001", limit=1)["id"].to_pylist() == ["f5"]
        assert firms_behind(store, "0003", "999").num_rows == 0
        assert firms_behind(store, "0003' OR 1=1 --", "001").num_rows == 0


def test_a_pair_says_that_rows_were_added_up(file, tmp_path):
    doubled = tmp_path / "doubled.csv"
    doubled.write_text(file.read_text(encoding="utf-8") + "0003,000,1\n0003,000,1\n", encoding="utf-8")
    call("pair", doubled, "0003", "0007", "--out", tmp_path / "out")
    report = json.loads((tmp_path / "out" / "pair.json").read_text(encoding="utf-8"))
    assert "diagnose_rows_added" in {one["code"] for one in report["risks"]}


def test_an_earlier_table_and_groupings_of_ones_own_fill_their_sections(file, tmp_path):
    before = tmp_path / "before.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    before.write_text("\n".join(line for line in lines if not line.endswith(",5")) + "\n0999,999,4\n", encoding="utf-8")
    groups = tmp_path / "groupings.csv"
    groups.write_text("grouping,industry,is_partial,name_en\ndigital,000,0,Digital\ndigital,001,1,\n", encoding="utf-8")
    call("pair", file, "0003", "0007", "--out", tmp_path / "bare")
    bare = json.loads((tmp_path / "bare" / "pair.json").read_text(encoding="utf-8"))
    assert {"diagnose_no_before", "diagnose_no_groupings"} <= {one["code"] for one in bare["missing"]}
    call("pair", file, "0003", "0007", "--before", before, "--groupings", groups, "--out", tmp_path / "full")
    full = json.loads((tmp_path / "full" / "pair.json").read_text(encoding="utf-8"))
    assert {"diagnose_no_before", "diagnose_no_groupings"}.isdisjoint(one["code"] for one in full["missing"])
    (one,) = full["groupings"]
    values = table()
    assert one["name"] == {"zh": "digital", "en": "Digital"}
    assert one["regions"]["0003"]["n"] == values[3, 0]
    assert one["regions"]["0003"]["n_at_most"] == values[3, :2].sum()
    (tmp_path / "bad.csv").write_text("group,industry\nx,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="diagnose_columns_missing"):
        read_groupings(tmp_path / "bad.csv")


def test_stock_adds_up_entries_and_says_how_far_they_compare():
    rows = [("a", "x", "2000", 1), ("b", "x", "2001", 2), ("a", "x", "2001", 4), ("a", "y", "2002", 8),
            ("b", "y", "2002", 8), ("a", "x", "2003", 16), ("b", "y", "2004", 32), ("a", "x", "2004", 1)]  # fmt: skip
    names = ("region", "industry", "year", "value")
    long = long_table(pa.table({name: [row[at] for row in rows] for at, name in enumerate(names)}))
    assert long.comparable_until(("a", "b")) == "2002"
    assert long.comparable_until(("a",)) == "2004"
    assert long.stock("2001").values.tolist() == [[5, 0], [2, 0]]
    assert long.stock("2002").values.tolist() == [[5, 8], [2, 8]]
    with pytest.raises(InputError, match="diagnose_year_unknown"):
        long.stock("1999")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a,x,1\na,y,2\n", {"diagnose_too_small"}),
        ("a,x,1\nb,x,2\n", {"diagnose_too_small"}),
        ("a,x,3\n", {"diagnose_too_small"}),
        ("a,x,9\nb,y,9\nc,x,4\nc,z,3\nd,y,2\nd,w,1\n", {"diagnose_components"}),
        ("a,x,3\na,y,1\nb,x,1\nb,y,2\nz,x,0\nz,y,0\n", {"diagnose_empty_regions"}),
        ("a,x,3\na,x,1\na,y,1\nb,x,1\nb,y,9\n", {"diagnose_rows_added"}),
    ],
)
def test_odd_tables_get_one_answer_and_a_code(tmp_path, text, codes):
    path = tmp_path / "odd.csv"
    path.write_text("region,industry,value\n" + text, encoding="utf-8")
    told = indicators_of(path, tmp_path / "out")
    assert codes <= {one.code for one in told}
    assert rows(tmp_path / "out" / "regions.csv")
    again = json.loads((tmp_path / "out" / "warnings.json").read_text(encoding="utf-8"))
    assert [one["code"] for one in again] == [one.code for one in told]


@pytest.mark.parametrize("text", ["a,x,3\nb,x,1\n", "a,x,1\na,y,2\nb,y,1\nc,x,0\n", "a,x,0\nb,x,0\n"])
def test_a_pair_of_almost_nothing_still_has_an_answer(tmp_path, text):
    path = tmp_path / "odd.csv"
    path.write_text("region,industry,value\n" + text, encoding="utf-8")
    call("pair", path, "a", "b", "--out", tmp_path / "out")
    report = json.loads((tmp_path / "out" / "pair.json").read_text(encoding="utf-8"))
    assert "diagnose_no_regions" in {one["code"] for one in report["missing"]}
    assert rows(tmp_path / "out" / "links.csv") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sector,a,final_demand\na,-1,nan\n", "diagnose_values_wrong"),
        ("sector,a,final_demand\na,1,3\nb,1,3\n", "diagnose_columns_missing"),
        ("sector,a,final_demand\na,1,3\na,1,3\n", "diagnose_sectors_repeat"),
        ("sector,a,final_demand\n", "diagnose_columns_missing"),
        ("sector,a,final_demand,output\na,5,0,5\n", "diagnose_no_surplus"),
    ],
)
def test_tables_that_are_none_are_refused(tmp_path, text, code):
    path = tmp_path / "io.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DuijieError) as caught:
        io_of(path, tmp_path / "out")
    assert caught.value.code == code
    assert not (tmp_path / "out").exists()


def test_a_sector_without_output_spoils_no_other(tmp_path):
    path = tmp_path / "io.csv"
    path.write_text(
        "sector,a,b,z,final_demand,output\na,150,500,0,350,1000\nb,200,100,0,1700,2000\nz,0,0,0,0,0\n", encoding="utf-8"
    )
    io_of(path, tmp_path / "out")
    found = [float(row["output"]) for row in rows(tmp_path / "out" / "multipliers.csv")]
    np.testing.assert_allclose(found[:2], [1.518, 1.452], atol=1e-3)


def test_results_become_tables(economy):
    report = pair(economy.pop("counts"), "010101", "020202", **economy)
    found = report.to_arrow()
    assert found["links"].num_rows == len(report.links)
    assert found["specialization"]["quotient"].to_pylist() == [one.quotient for one in report.specialization]
    assert {"name_zh", "name_en"} <= set(found["specialization"].column_names)
    pytest.importorskip("pandas")
    assert len(report.to_pandas()["specialization"]) == len(report.specialization)
    made = indicators(table()).to_pandas(regions=[f"r{at}" for at in range(20)])
    assert made["regions"]["region"][3] == "r3"
    assert made["cells"].shape == (600, 6)
