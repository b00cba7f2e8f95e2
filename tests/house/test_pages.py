"""The pages people read name what is there: make targets, data files, decisions, results."""

from __future__ import annotations

import json
import re
from pathlib import Path

from duijie import data


def test_make_targets_in_the_readme_exist(root: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for name in ("README.md", "README.zh.md"):
        named = set(re.findall(r"`?make ([a-z]+)", (root / name).read_text(encoding="utf-8")))
        assert named
        assert named <= targets, name


def test_every_data_folder_is_in_data_md(root: Path) -> None:
    page = (root / "DATA.md").read_text(encoding="utf-8")
    files = [
        path.relative_to(data.root())
        for path in data.root().rglob("*")
        if path.is_file() and path.suffix in (".csv", ".yaml", ".json", ".parquet", ".npz", ".ttf", ".otf", ".gz")
    ]
    unnamed = {str(path) for path in files if not any(str(part) in page for part in (path.name, *path.parents[:-1]))}
    assert not unnamed


def test_links_between_pages_lead_somewhere(root: Path) -> None:
    broken = []
    for page in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.name} → {target}")
    assert not broken


def test_no_path_of_a_machine_in_the_project(root: Path) -> None:
    pages = [
        *root.glob("*.md"),
        *(root / "docs").rglob("*.md"),
        *(root / "src").rglob("*.py"),
        *(root / "tests").rglob("*.py"),
    ]
    mark = re.compile(r"(?<![\w.])/(work|root|home)/")
    assert not [path.name for path in pages if path != Path(__file__) and mark.search(path.read_text(encoding="utf-8"))]


def test_results_have_one_shape(root: Path) -> None:
    keys = {"case", "unit", "ours", "peer", "peer_name", "ratio", "bar", "holds", "machine", "date"}
    for path in (root / "benchmarks/results").glob("*.json"):
        for row in json.loads(path.read_text(encoding="utf-8")):
            assert keys <= set(row), path.name
