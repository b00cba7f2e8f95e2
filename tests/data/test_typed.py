"""Plain values as dataclasses: each field by its annotation, every misfit at its place, in words of the reader."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duijie.data import sentence
from duijie.data.typed import typed
from duijie.errors import Fault


@dataclass(frozen=True)
class Part:
    name: str
    n: int = 1


@dataclass(frozen=True)
class Whole:
    id: str
    level: Literal["low", "high"] = "low"
    on: str = ""
    due_on: str = ""
    amount: float | None = None
    n: int = 0
    is_held: bool = False
    at: datetime | None = None
    pair: tuple[str, float] = ("", 0.0)
    parts: tuple[Part, ...] = ()
    words: frozenset[str] = frozenset()
    said: Mapping[str, float] = field(default_factory=dict)
    free: Mapping[str, Any] = field(default_factory=dict)


FULL: dict[str, Any] = {
    "id": "x",
    "level": "high",
    "on": "2026-03-02",
    "due_on": "2026-03",
    "amount": 1.5,
    "n": 2,
    "is_held": True,
    "at": "2026-03-02T09:00+08:00",
    "pair": ["a", 2],
    "parts": [{"name": "p", "n": 3}, {"name": "q"}],
    "words": ["a", "b"],
    "said": {"a": 1},
    "free": {"a": [None, {}]},
}


def _told(**change: Any) -> list[tuple[str, str]]:
    faults: list[Fault] = []
    found = typed(Whole, {"id": "x"} | change, {"row": 1}, faults)
    assert (found is None) == bool(faults)
    for one in faults:
        assert one.where["row"] == 1
        said = sentence(one.code, "zh", one.values)
        assert said != one.code
        assert not re.search(r"[A-Za-z]{3}", re.sub(r"“[^”]*”|可用：.*|2026.*|true|false", "", said)), said
    return [(one.code, str(one.where["key"])) for one in faults]


def test_what_fits_becomes_the_dataclass() -> None:
    """Nested parts, pairs, sets, moments; absent fields keep their default."""
    found = typed(Whole, FULL, {}, [])
    assert found is not None
    assert found.parts == (Part("p", 3), Part("q"))
    assert (found.pair, found.words, found.at) == (
        ("a", 2),
        frozenset("ab"),
        datetime.fromisoformat("2026-03-02T09:00+08:00"),
    )
    assert typed(Whole, {"id": "x"}, {}, []) == Whole("x")
    assert typed(Whole, {"id": "x", "amount": None, "due_on": "长期", "on": ""}, {}, []) == Whole("x", due_on="长期")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": 1}, [("value_text", "id")]),
        ({"id": None}, [("value_text", "id")]),
        ({"level": "middle"}, [("value_among", "level")]),
        ({"on": "2026-02-30"}, [("day_unreadable", "on")]),
        ({"on": "20260302"}, [("day_unreadable", "on")]),
        ({"on": "2026-W10-1"}, [("day_unreadable", "on")]),
        ({"on": "2026-03-02T10:00:00+08:00"}, []),
        ({"on": "2026-03-02 noon"}, [("day_unreadable", "on")]),
        ({"on": "2026-02-30T10:00"}, [("day_unreadable", "on")]),
        ({"due_on": "1492"}, [("day_outside", "due_on")]),
        ({"amount": "1.5"}, [("value_number", "amount")]),
        ({"amount": True}, [("value_number", "amount")]),
        ({"amount": 1e300}, [("value_number", "amount")]),
        ({"n": 1.0}, [("value_whole", "n")]),
        ({"n": True}, [("value_whole", "n")]),
        ({"n": 10**30}, [("value_whole", "n")]),
        ({"n": None}, [("value_whole", "n")]),
        ({"is_held": 1}, [("value_truth", "is_held")]),
        ({"at": "2026-03-02T09:00"}, [("value_moment", "at")]),
        ({"at": "0001-01-01T00:00+08:00"}, [("value_moment", "at")]),
        ({"at": 5}, [("value_moment", "at")]),
        ({"pair": ["a"]}, [("value_few", "pair")]),
        ({"pair": ["a", 1, 2]}, [("value_many", "pair")]),
        ({"pair": ["a", "1"]}, [("value_number", "pair.1")]),
        ({"pair": "a1"}, [("value_list", "pair")]),
        ({"parts": [{"name": "p"}, {"n": "x"}]}, [("value_whole", "parts.1.n"), ("key_missing", "parts.1.name")]),
        ({"parts": {"name": "p"}}, [("value_list", "parts")]),
        ({"parts": ["p"]}, [("value_object", "parts.0")]),
        ({"words": ["a", 1]}, [("value_text", "words.1")]),
        ({"said": {"a": "x"}}, [("value_number", "said.a")]),
        ({"said": [1]}, [("value_object", "said")]),
        ({"free": "x"}, [("value_object", "free")]),
        ({"id": 1, "n": "x", "colour": 1}, [("key_unknown", ""), ("value_text", "id"), ("value_whole", "n")]),
    ],
    ids=repr,
)
def test_every_misfit_is_told_at_its_place(change: dict[str, Any], told: list[tuple[str, str]]) -> None:
    """All at once, each with the path to it; nothing is rounded or turned into text."""
    faults: list[Fault] = []
    typed(Whole, {"id": "x"} | change, {}, faults)
    assert sorted((one.code, str(one.where.get("key", ""))) for one in faults) == sorted(told)
    if told and "colour" not in change:
        _told(**change)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FULL, "x"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*FULL, "x"]), plain, max_size=6) | plain)
def test_no_document_is_an_accident(document: Any) -> None:
    """Whatever JSON holds gives the dataclass or faults, never an exception, and never both."""
    faults: list[Fault] = []
    found = typed(Whole, document, {}, faults)
    assert (found is None) == bool(faults)
    assert json.dumps([dict(one.values) for one in faults], default=str)
