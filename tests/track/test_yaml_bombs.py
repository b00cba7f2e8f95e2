"""Every file of YAML a person hands in: one that grows or nests without end is one clear fault, at once."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from duijie import data
from duijie.data import sentence
from duijie.errors import DataFileError
from duijie.track.agreement import load_agreement, load_clause

SHELF = data.root() / "agreements"
FOLDER = next(path.parent for path in sorted(SHELF.glob("*/agreement.yaml")) if not data.read(path)["is_rehearsal"])


def _bomb() -> str:
    """Nine references to nine references …, two kilobytes that stand for 9⁹ values."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    pairs = zip("abcdefghi", "bcdefghij", strict=True)
    lines += [f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairs]
    return "{" + ", ".join(lines) + "}"


BOMBS = {"aliases": _bomb(), "brackets": "[" * 5000, "braces": "{a: " * 5000, "many": "[" + "1," * 200_000 + "]"}


def _into(path: Path, key: str, bomb: str) -> None:
    """Put it where the value of a known key stands."""
    text, n = re.subn(rf"(?m)^{key}:.*$(\n[ ]+.*$)*", f"{key}: {bomb}", path.read_text(encoding="utf-8"), count=1)
    assert n == 1
    path.write_text(text, encoding="utf-8")


def _clause(folder: Path, bomb: str) -> None:
    path = sorted((folder / "clauses").glob("*.yaml"))[0]
    agreement = load_agreement(folder)
    _into(path, "title", bomb)
    load_clause(path, agreement)


def _folder(name: str, key: str) -> Callable[[Path, str], None]:
    def load(folder: Path, bomb: str) -> None:
        _into(sorted(folder.glob(name))[0], key, bomb)
        load_agreement(folder)

    return load


def _benefit(folder: Path, bomb: str) -> None:
    path = folder / "benefit.yaml"
    path.write_text(f"led_by: {bomb}\n", encoding="utf-8")
    data.read(path, "relocation")


DOORS = {
    "a clause of an amendment": _clause,
    "the agreement": _folder("agreement.yaml", "title"),
    "its departments": _folder("departments.yaml", "departments"),
    "a clause of the folder": _folder("clauses/*.yaml", "title"),
    "a case of benefit": _benefit,
}


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("door", DOORS)
def test_a_bomb_in_a_known_key_is_one_clear_fault(tmp_path: Path, door: str, bomb: str) -> None:
    """References that multiply, brackets without end, too many values: told in both languages, within seconds."""
    folder = tmp_path / FOLDER.name
    shutil.copytree(FOLDER, folder)
    began = time.process_time()
    with pytest.raises(DataFileError) as caught:
        DOORS[door](folder, BOMBS[bomb])
    assert time.process_time() - began < 10
    said = [fault for fault in caught.value.faults if fault.code in ("document_large", "document_deep")]
    assert len(said) == 1
    for language in ("zh", "en"):
        assert "{" not in sentence(said[0].code, language, said[0].values)


def test_yaml_is_read_in_one_place() -> None:
    """Whatever is read, its bounds are the same."""
    source = Path(data.__file__).parents[1]
    pattern = re.compile(r"yaml\.(?:safe_load|load|full_load|unsafe_load)\(|CSafeLoader\(|SafeLoader\)")
    found = {path.name for folder in (source, source.parent / "duijie_portal") for path in folder.rglob("*.py")
             if pattern.search(path.read_text(encoding="utf-8"))}  # fmt: skip
    assert found == {"documents.py"}
