"""Decisions on pairs change the ranking within the expert's bounds; too few or beside the point change nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from duijie import data, match
from duijie.agenda import stages
from duijie.agenda.decisions import Decision, learnt, read_decisions
from duijie.agenda.reading import read_folder
from duijie.errors import DataFileError
from duijie.match.scoring import Circumstances
from duijie.terms import Listing, silent

ON = date(2025, 6, 30)
SUPPLY = match.load_kinds()["supply"]
WORLD = Circumstances(ON)
THINGS = (
    "针织鞋面",
    "橡胶鞋底",
    "化纤面料",
    "金属拉链",
    "注塑机械",
    "包装纸箱",
    "印花染料",
    "运动服装",
    "雨伞伞骨",
    "陶瓷釉料",
)
NEEDS = [
    Listing(f"n{at}", "supply", 1, "need", "350582", f"p{at}", {"title": f"求购{what}"}, "1953")
    for at, what in enumerate(THINGS)
]
# one offer speaks like the need and is of another trade, the other is of the same trade and speaks otherwise
ALIKE = [
    Listing(f"w{at}", "supply", 1, "offer", "440309", f"q{at}", {"title": f"供应{what}"}, "6420")
    for at, what in enumerate(THINGS)
]
TRADE = [
    Listing(f"t{at}", "supply", 1, "offer", "440309", f"r{at}", {"title": f"代工{what[:2]}制品"}, "1953")
    for at, what in enumerate(THINGS)
]


def _told(*, reason: str = "quality", on: str = "2025-06-01") -> list[Decision]:
    """People who take those of the same trade and refuse, for a reason, those who only speak alike."""
    taken = [Decision("supply", f"n{at}", f"t{at}", True, "", "meeting", on) for at in range(len(THINGS))]
    return [
        *taken,
        *(Decision("supply", f"n{at}", f"w{at}", False, reason, "meeting", on) for at in range(len(THINGS))),
    ]


def _learnt(told: list[Decision]) -> tuple[match.Kind, Any]:
    return learnt(SUPPLY, NEEDS, [*ALIKE, *TRADE], told, parties={}, world=WORLD)


def _order(kind: match.Kind) -> list[str]:
    """The offers of the first need, best first."""
    found = match.kind(kind, NEEDS, [*ALIKE, *TRADE], parties={}, on=ON)
    return [one.offer for one in found.matches if one.need == "n0"]


def test_the_ranking_changes_after_outcomes() -> None:
    kind, version = _learnt(_told())
    assert version.n == 20
    assert version.version == SUPPLY.version + 1
    assert version.after > version.before
    assert sum(term.weight for term in kind.terms) == pytest.approx(1)
    for term in kind.terms:
        assert term.least - 1e-9 <= term.weight <= term.most + 1e-9
    before, after = _order(SUPPLY), _order(kind)
    assert before[0] == "w0"
    assert after[0] == "t0"


@pytest.mark.parametrize(
    "told",
    [
        _told(reason="timing"),  # says nothing of the fit
        _told(on="2025-07-01"),  # after the day of the results
        [*_told()[:2], *_told()[-2:]],  # too few
        [replace(one, need="gone") for one in _told()],
        [replace(one, kind="capital") for one in _told()],
    ],
)
def test_what_does_not_count_changes_nothing(told: list[Decision]) -> None:
    assert _learnt(told) == (SUPPLY, None)


def test_decisions_are_taken_up_by_the_stage(tmp_path: Path) -> None:
    folders = sorted(path.parent for path in (data.root() / "agreements").glob("*/agreement.yaml"))
    folder = next(one for one in folders if data.read(one / "agreement.yaml")["is_rehearsal"])
    material = read_folder(folder, tmp_path, as_of=ON, seed=1)
    plain = stages.matches(material, on=ON, progress=silent)
    assert all("learnt" not in one for one in plain["kinds"])
    most = max(plain["kinds"], key=lambda one: len(one["matches"]))
    pairs = [(one["need"], one["offer"]) for one in most["matches"]]
    told = [
        Decision(most["kind"], *pair, at % 2 == 0, "" if at % 2 == 0 else "price", "meeting", "2025-06-01")
        for at, pair in enumerate(pairs)
    ]
    again = stages.matches(material, on=ON, progress=silent, decisions=told)
    rows = {one["kind"]: one for one in again["kinds"]}
    assert [kind for kind, one in rows.items() if "learnt" in one] == [most["kind"]]
    assert rows[most["kind"]]["learnt"]["n"] == len(pairs)


def test_the_file_is_read_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    assert read_decisions(path) == ()
    row = {
        "kind": "k",
        "need": "n",
        "offer": "o",
        "is_accepted": True,
        "reason": "",
        "stage": "request",
        "on": "2025-06-01",
    }
    path.write_text(json.dumps({"agreement": "a", "decisions": [row]}), encoding="utf-8")
    assert read_decisions(path) == (Decision("k", "n", "o", True, "", "request", "2025-06-01"),)
    path.write_text(json.dumps({"agreement": "a", "decisions": [{**row, "name": "张三"}]}), encoding="utf-8")
    with pytest.raises(DataFileError):
        read_decisions(path)
