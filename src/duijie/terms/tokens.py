"""The one tokenizer: Chinese and English text into phrases, words and character n-grams."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

__all__ = ["character_ngrams", "normalize", "phrases", "words"]

_BREAK = re.compile(r"[、,,;;。.::/|()()\[\]【】<>《》“”\"'\s]+")
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")


def normalize(text: str) -> str:
    """One form for one meaning: full-width to half-width (NFKC), lower case, white space folded.

    Examples
    --------
    >>> normalize("ABC 123")
    'abc 123'
    """
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def phrases(text: str) -> tuple[str, ...]:
    """The listed things of an enumeration, in order; empty text gives none.

    Examples
    --------
    >>> phrases("鞋面、鞋底;运动鞋")
    ('鞋面', '鞋底', '运动鞋')
    """
    return tuple(part for part in _BREAK.split(normalize(text)) if part)


def words(text: str) -> tuple[str, ...]:
    """Runs of Latin letters and digits, and runs of Chinese characters.

    Examples
    --------
    >>> words("5G智能终端 design")
    ('5g', '智能终端', 'design')
    """
    return tuple(_WORD.findall(normalize(text)))


def character_ngrams(text: str, sizes: Iterable[int] = (2, 3)) -> Iterator[str]:
    """Every character n-gram inside the words of a text; a word shorter than n gives itself once for the least n."""
    chosen = tuple(sorted(sizes))
    for word in words(text):
        if len(word) < chosen[0]:
            yield word
        for size in chosen:
            yield from (word[at : at + size] for at in range(len(word) - size + 1))
