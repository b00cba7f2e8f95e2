"""Places, departments and clauses are data: none stands in any line of Python."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from duijie import data


def _forbidden() -> set[str]:
    """Names and codes of the sides, names of their departments, slugs of the clauses, of every built-in agreement."""
    found: set[str] = set()
    for folder in (data.root() / "agreements").iterdir():
        if not (folder / "agreement.yaml").exists():
            continue
        agreement = yaml.safe_load((folder / "agreement.yaml").read_text(encoding="utf-8"))
        for side in agreement.get("sides", []):
            found |= {str(side["code"]), *_texts(side.get("name")), *_texts(side.get("short"))}
        departments = folder / "departments.yaml"
        if departments.exists():
            found |= set(_texts(yaml.safe_load(departments.read_text(encoding="utf-8"))))
        found.add(folder.name)
    return {text for text in found if len(text) >= 2 and not re.fullmatch(r"[a-z_-]{1,12}", text)}


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [
            text for key, one in value.items() if key in ("zh", "en", "name", "departments") for text in _texts(one)
        ]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def test_no_place_or_department_in_python(sources: tuple[Path, ...]) -> None:
    forbidden = _forbidden()
    assert len(forbidden) > 20, "the test must know what it looks for"
    hits = [
        f"{path.name}: {name}"
        for path in sources
        for name in forbidden
        if re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", path.read_text(encoding="utf-8"))
    ]
    assert not hits


def test_no_clause_number_decides_anything(sources: tuple[Path, ...]) -> None:
    pattern = re.compile(r"clause(?:_number|\.number)?\s*(?:==|!=|in)\s*[\[({]?\s*[\"']?\d", re.IGNORECASE)
    assert not [path.name for path in sources if pattern.search(path.read_text(encoding="utf-8"))]
