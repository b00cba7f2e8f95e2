"""Every code a result or an error carries has a sentence in both languages, with the same values."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from duijie.data import words

RAISERS = re.compile(r"(Error|Fault|Reason)$")


def _codes(path: Path) -> set[str]:
    """First arguments of errors, faults and reasons that are plain text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and RAISERS.search(call.func.id)
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
        and re.fullmatch(r"[a-z][a-z0-9_.]+", call.args[0].value)
    }


def test_both_languages_know_the_same_codes() -> None:
    assert set(words("zh")) == set(words("en"))


def test_both_languages_use_the_same_values() -> None:
    slots = {
        language: {code: set(re.findall(r"{(\w+)", text)) for code, text in words(language).items()}
        for language in ("zh", "en")
    }
    differing = {
        code: (slots["zh"][code], slots["en"][code])
        for code in slots["zh"]
        if slots["zh"][code] != slots["en"].get(code)
    }
    assert not differing


def test_every_code_in_the_source_has_its_sentence(sources: tuple[Path, ...]) -> None:
    missing = {
        f"{path.name}: {code}"
        for path in sources
        if "duijie_portal" not in path.parts
        for code in _codes(path)
        if code not in words("zh")
    }
    assert not missing
