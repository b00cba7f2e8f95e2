"""Hosts, node templates, evidence, factors, schemas, and the page that lists every data file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from duijie import data
from duijie.data.sources import host_of, publisher_of, source
from duijie.ledger.kinds import case_kinds

ROOT = Path(__file__).parents[2]
SCHEMAS = sorted((data.root() / "schemas").glob("*.json"))
POLICIES = {path.stem: data.read(path, path.stem) for path in (data.root() / "policies").glob("*.yaml")
            if (data.root() / "schemas" / f"{path.stem}.json").exists()}  # fmt: skip


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_a_schema(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("url", "is_linked"),
    [
        ("https://www.stats.gov.cn/x", True),
        ("http://news.fzu.edu.cn/1", True),
        ("https://www.stcn.com/1", True),
        ("https://stcn.com.example.org/1", False),
        ("https://notgov.cn/1", False),
        ("https://github.com/a/b", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_only_hosts_of_the_list_are_linked(url: str, is_linked: bool) -> None:
    assert source({"url": url}).is_linked is is_linked


def test_the_longest_ending_decides() -> None:
    assert host_of("https://a.b.gov.cn/")[:2] == ("gov.cn", "official")
    linked = {row["host"] for row in POLICIES["hosts"]["linked"]}
    longer = next(host for host in linked if host.endswith(".gov.cn"))
    assert host_of(f"https://www.{longer}/")[0] == longer


def test_a_publisher_is_told_or_the_host_itself() -> None:
    assert publisher_of("https://unknown.example/1") == "unknown.example"
    assert publisher_of("") == ""
    assert source({"url": "https://www.stcn.com/1", "publisher": "甲"}).publisher == "甲"


def test_lists_of_hosts_do_not_overlap() -> None:
    hosts = [row["host"] for part in ("linked", "named") for row in POLICIES["hosts"][part]]
    assert len(hosts) == len(set(hosts))
    assert {row["kind"] for row in POLICIES["hosts"]["linked"]} == {"official", "press"}
    assert not {row["kind"] for row in POLICIES["hosts"]["named"]} & {"official", "press"}


def test_what_closes_needs_the_other_side() -> None:
    """Where a matter of both sides has its result, both say so."""
    kinds = [one for one in case_kinds().values() if set(one.roles) >= {"lead_side", "other_side"}]
    assert len(kinds) >= 5
    for kind in kinds:
        results = [node for node in kind.nodes.values() if (node.is_end and not node.reasons) or node.repeats]
        assert results, kind.name
        assert all(set(node.confirmed_by) == {"lead_side", "other_side"} for node in results), kind.name


def test_evidence_and_kinds_that_are_named_exist() -> None:
    known = {row["key"] for row in data.entries("evidence", "evidence", "evidence")}
    used = {one for kind in case_kinds().values() for node in kind.nodes.values() for one in node.evidence}
    assert used <= known
    kinds = {path.stem for path in data.listing("kinds")}
    assert {kind for factor in POLICIES["factors"]["factors"] for kind in factor["kinds"]} <= kinds


def test_every_data_file_is_listed_with_its_source() -> None:
    text = (ROOT / "DATA.md").read_text(encoding="utf-8")
    own = ("agreements", "policies", "taxonomies", "schemas", "kinds", "words", "vocabulary", "evidence", "measures")
    own += ("units", "sources", "reference", "new", "help")
    files = [path for folder in own for path in (data.root() / folder).rglob("*") if path.is_file()]
    assert len(files) > 60
    unlisted = [
        str(path.relative_to(data.root()))
        for path in files
        if not any(f"`{part}`" in text for part in _names(path.relative_to(data.root())))
    ]
    assert not unlisted


def _names(path: Path) -> list[str]:
    """The file itself or any folder it is in, as the page may name it."""
    return [path.as_posix(), *(f"{parent.as_posix()}/" for parent in path.parents if parent.name)]
