"""Two readers of the same 300 rows: how far they agree, recomputed from the labels as they stand in the files."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from duijie.intake.coding import agreed, read_texts

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/reference/intake.md"
SHARED = Path(os.environ.get("DUIJIE_SHARED", HERE.parents[2] / "shared"))
REGISTRY = [
    SHARED / "data/enterprise_registry" / f"{name}.parquet" for name in ("fujian_guangdong", "national_sample_29prov")
]
LEVELS = ("section", "division", "group", "class")
# level: rows both label, share alike, kappa; rows only one labels, kappa with "no label" as an answer
READERS = {
    "section": (294, 0.983, 0.978, 3, 0.966),
    "division": (260, 0.981, 0.980, 29, 0.879),
    "group": (175, 0.983, 0.982, 40, 0.835),
    "class": (122, 0.984, 0.983, 33, 0.835),
}
# level: rows the second reader labels, share the rules alone have right; the learned weights saw these rows
RULES = {"section": (296, 0.936), "division": (265, 0.894), "group": (200, 0.860), "class": (137, 0.869)}


def _column(name: str, column: str) -> dict[str, str]:
    with (HERE / name).open(encoding="utf-8") as handle:
        return {row["uscc"]: row[column] for row in csv.DictReader(handle)}


def _pairs(level: str) -> list[tuple[str, str]]:
    """The two readers' labels of each row at one level; "" where the text told a reader nothing so fine."""
    first, second = _column("labels.csv", "first"), _column("labels_second_reader.csv", "code")
    cuts = [
        [code or "" for code in agreed(own, own, LEVELS.index(level) + 1)]
        for own in ([side[key] for key in first] for side in (first, second))
    ]
    return list(zip(*cuts, strict=True))


def _alike(pairs: Sequence[tuple[str, str]]) -> float:
    return sum(one == two for one, two in pairs) / len(pairs)


def _kappa(pairs: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa: the share alike beyond what two readers of these habits reach by chance."""
    one, two = (Counter(side) for side in zip(*pairs, strict=True))
    by_chance = sum(one[code] * two[code] for code in one) / len(pairs) ** 2
    return (_alike(pairs) - by_chance) / (1 - by_chance)


def test_kappa_of_a_case_worked_by_hand() -> None:
    # alike 3 of 4; by chance (3 * 2 + 1 * 2) / 16 = 0.5
    assert _kappa([("A", "A"), ("A", "A"), ("A", "C"), ("C", "C")]) == pytest.approx(0.5)


def test_both_read_the_same_rows_and_only_codes_stand_there() -> None:
    first, second = _column("labels.csv", "first"), _column("labels_second_reader.csv", "code")
    assert first.keys() == second.keys()
    assert len(second) == 300
    known = agreed(list(second.values()), list(second.values()), 1)
    assert {label for label, section in zip(second.values(), known, strict=True) if section is None} == {"?"}


@pytest.mark.parametrize("level", LEVELS)
def test_the_readers_agree_as_stated(level: str) -> None:
    pairs = _pairs(level)
    both = [pair for pair in pairs if all(pair)]
    only_one = sum(bool(one) != bool(two) for one, two in pairs)
    found = (len(both), round(_alike(both), 3), round(_kappa(both), 3), only_one, round(_kappa(pairs), 3))
    assert found == READERS[level]


@pytest.mark.parametrize("level", LEVELS)
def test_the_page_states_these_figures(level: str) -> None:
    n, alike, kappa, only_one, strict = READERS[level]
    labelled, right = RULES[level]
    row = f"| {level} | {n} | {alike:.3f} | {kappa:.3f} | {only_one} | {strict:.3f} | {right:.3f} ({labelled}) |"
    assert row in PAGE.read_text(encoding="utf-8").splitlines()


@pytest.mark.skipif(not REGISTRY[0].exists(), reason="the registry sample is not here (DUIJIE_SHARED)")
def test_the_rules_are_right_by_the_second_reader_as_stated() -> None:
    labels = _column("labels_second_reader.csv", "code")
    columns, wanted = ["uscc", "name", "scope"], [("uscc", "in", list(labels))]
    rows = [row for path in REGISTRY for row in pq.read_table(path, columns=columns, filters=wanted).to_pylist()]
    texts = {row["uscc"]: (row["name"], row["scope"]) for row in rows}
    own = [labels[key] for key in texts]
    names, scopes = zip(*texts.values(), strict=True)
    found = read_texts(names, scopes).codes
    for at, level in enumerate(LEVELS):
        hits = [code == label for code, label in zip(found[:, at], agreed(own, own, at + 1), strict=True) if label]
        assert (len(hits), round(sum(hits) / len(hits), 3)) == RULES[level]
