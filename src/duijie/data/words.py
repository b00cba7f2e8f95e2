"""Sentences in both languages: results carry codes, people read these."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from duijie.errors import DataFileError, Fault
from duijie.terms import Bilingual

from .files import listing, read

__all__ = ["sentence", "words"]


@cache
def words(language: str) -> Mapping[str, str]:
    """Every sentence of a language by its code, from all files of ``words/<language>/``.

    Raises
    ------
    DataFileError
        A code stands in two files.
    """
    found: dict[str, str] = {}
    twice: list[Fault] = []
    for path in listing(f"words/{language}"):
        for code, text in (read(path) or {}).items():
            if code in found:
                twice.append(Fault("code_twice", {"file": str(path), "key": code}))
            found[code] = str(text)
    if twice:
        raise DataFileError("data_file_faults", {"file": language, "n": len(twice)}, faults=twice)
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
