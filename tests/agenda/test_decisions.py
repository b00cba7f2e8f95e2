"""Decisions on pairs change the ranking within the expert's bounds; too few or beside the point change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from duijie import agenda, data, match
from duijie.agenda import stages
from duijie.agenda.decisions import Decision, last_words, learnt, refusals
from duijie.match.scoring import Circumstances
from duijie.terms import Listing, Step, silent

ON = date(2025, 6, 30)
SERVICE = match.load_kinds()["service"]
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
    Listing(f"n{at}", "service", 1, "need", "350582", f"p{at}", {"title": f"求购{what}"}, "1953")
    for at, what in enumerate(THINGS)
]
# one offer speaks like the need and is of another trade, the other is of the same trade and speaks otherwise
ALIKE = [
    Listing(f"w{at}", "service", 1, "offer", "440309", f"q{at}", {"title": f"供应{what}"}, "6420")
    for at, what in enumerate(THINGS)
]
TRADE = [
    Listing(f"t{at}", "service", 1, "offer", "440309", f"r{at}", {"title": f"代工{what[:2]}制品"}, "1953")
    for at, what in enumerate(THINGS)
]


def _told(*, reason: str = "quality", on: str = "2025-06-01") -> list[Decision]:
    """People who take those of the same trade and refuse, for a reason, those who only speak alike."""
    taken = [Decision("service", f"n{at}", f"t{at}", True, "", "meeting", on) for at in range(len(THINGS))]
    return [
        *taken,
        *(Decision("service", f"n{at}", f"w{at}", False, reason, "meeting", on) for at in range(len(THINGS))),
    ]


def _learnt(told: list[Decision]) -> tuple[match.Kind, Any]:
    return learnt(SERVICE, NEEDS, [*ALIKE, *TRADE], told, parties={}, world=WORLD)


def _order(kind: match.Kind) -> list[str]:
    """The offers of the first need, best first."""
    found = match.kind(kind, NEEDS, [*ALIKE, *TRADE], parties={}, on=ON)
    return [one.offer for one in found.matches if one.need == "n0"]


def test_the_ranking_changes_after_outcomes() -> None:
    kind, version = _learnt(_told())
    assert version.n == 20
    assert version.version == SERVICE.version + 1
    assert version.after > version.before
    assert sum(term.weight for term in kind.terms) == pytest.approx(1)
    for term in kind.terms:
        assert term.least - 1e-9 <= term.weight <= term.most + 1e-9
    before, after = _order(SERVICE), _order(kind)
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
    assert _learnt(told) == (SERVICE, None)


def test_decisions_are_taken_up_by_the_stage() -> None:
    """A kind with enough decisions of both sorts is re-weighted; the other kinds are not."""
    folders = sorted(path.parent for path in (data.root() / "agreements").glob("*/agreement.yaml"))
    folder = next(one for one in folders if data.read(one / "agreement.yaml")["is_rehearsal"])
    material = agenda.read(folder, as_of=ON)
    plain = stages.matches(material, on=ON, progress=silent)
    assert all("learnt" not in one for one in plain["kinds"])
    most = max(plain["kinds"], key=lambda one: len(one["matches"]))
    pairs = [(one["need"], one["offer"]) for one in most["matches"]]
    told = [
        Decision(most["kind"], *pair, at % 2 == 0, "" if at % 2 == 0 else "terms", "meeting", "2025-06-01")
        for at, pair in enumerate(pairs)
    ]
    again = stages.matches(replace(material, decisions=tuple(told)), on=ON, progress=silent)
    rows = {one["kind"]: one for one in again["kinds"]}
    assert [kind for kind, one in rows.items() if "learnt" in one] == [most["kind"]]
    assert rows[most["kind"]]["learnt"]["n"] == len(pairs)


def _step(case: str, kind: str, on: str, reason: str = "") -> Step:
    return Step(case, "clause", kind, on, "350582", "", reason=reason)


def test_a_refused_case_is_a_decision_on_its_pair() -> None:
    """Its stage is the node before the refusal; a case that goes on, or whose pair is not known, decides nothing."""
    steps = [
        _step("refused", "meeting", "2025-01-01"),
        _step("refused", "refused", "2025-02-01", "price"),
        _step("alive", "signed", "2025-02-01"),
        _step("unknown", "refused", "2025-02-01", "price"),
        _step("no offer", "refused", "2025-02-01", "price"),
    ]
    pairs = {"refused": ("service", "n", "o"), "alive": ("service", "n", "p"), "no offer": ("service", "n", "")}
    assert refusals(pairs, steps) == (Decision("service", "n", "o", False, "price", "meeting", "2025-02-01"),)


def test_the_last_word_on_a_pair_counts() -> None:
    """Whatever the order they come in; of two on one day the later given."""
    yes, no = (Decision("k", "n", "o", is_accepted, "", "meeting", "2025-01-02") for is_accepted in (True, False))
    early = replace(no, on="2025-01-01")
    assert last_words([yes, early]) == (yes,)
    assert last_words([yes, no]) == (no,)
    assert last_words([replace(yes, offer="b"), replace(yes, offer="a")])[0].offer == "a"
