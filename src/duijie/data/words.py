"""Sentences in both languages: results carry codes, people read these."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from duijie.errors import DataFileError, Fault
from duijie.terms import Bilingual

from .files import entries, read
from .shelf import kept, stacked

__all__ = ["fault_line", "sentence", "words"]

_PLACES = ("file", "sheet", "row", "line", "column", "key", "option")


@kept
def words(language: str) -> Mapping[str, str]:
    """Every sentence of a language by its code, from all files of ``words/<language>/``, and the names of units.

    An agreement's own sentence stands before the built-in one of its code.

    Raises
    ------
    DataFileError
        A code stands in two files of one folder.
    """
    found: dict[str, str] = {}
    origin: dict[str, Path] = {}
    twice: list[Fault] = []
    for path in stacked(f"words/{language}"):
        for code, text in (read(path) or {}).items():
            if origin.setdefault(code, path.parent) == path.parent and code in found:
                twice.append(Fault("code_twice", {"file": str(path), "key": code}))
            found.setdefault(code, str(text))
    if twice:
        raise DataFileError("data_file_faults", {"file": language, "n": len(twice)}, faults=twice)
    for unit in entries("units", "units"):
        found.setdefault(f"portal_unit_{unit['key']}", unit["name"][language])
    return found


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def sentence(code: str, language: str, values: Mapping[str, Any] | None = None) -> str:
    """The sentence of `code` in `language`, filled; a bilingual value gives its own language, an unknown code itself.

    Examples
    --------
    >>> sentence("file_missing", "en")
    'The file is not there.'
    >>> sentence("no_such_code", "zh")
    'no_such_code'
    """
    text = words(language).get(code)
    if text is None:  # no sentence of ours: what stands in it is not carried out
        return code
    return text.format_map(_Shown({key: _say(value, language) for key, value in (values or {}).items()}))


def _say(value: Any, language: str) -> Any:
    if isinstance(value, Mapping) and language in value:
        return value[language] or next(iter(value.values()))
    if isinstance(value, Bilingual):
        return value[language]  # type: ignore[index]
    if isinstance(value, list | tuple):
        return ("、" if language == "zh" else ", ").join(str(_say(one, language)) for one in value)
    return value


def fault_line(fault: Fault, language: str) -> str:
    """A fault as a line a person reads: place, sentence, remedy; a remedy that is a name asks whether it was meant."""
    given = {key: value for key, value in fault.where.items() if value not in ("", None)}
    order = sorted(given, key=lambda key: _PLACES.index(key) if key in _PLACES else len(_PLACES))
    place = " ".join(
        sentence(f"where_{key}", language, given) if key in _PLACES else f"{key}={given[key]}" for key in order
    )
    said = sentence(fault.code, language, fault.values)
    if not fault.hint:
        remedy = ""
    elif fault.hint in words(language):
        remedy = f" → {sentence(fault.hint, language, fault.values)}"
    else:
        remedy = f" → {sentence('did_you_mean', language, {'near': fault.hint})}"
    return f"{place}{('：' if language == 'zh' else ': ') if place else ''}{said}{remedy}"
