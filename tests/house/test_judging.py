"""Lists that readers judged: what may stand in them, and how their figures are made."""

import math

import pytest
from benchmarks.advice import judging, lists, run


def _row(first: str, second: str = "") -> lists.Row:
    return {"verdict_a": first, "verdict_b": second}


def test_where_two_readers_differ_the_worse_verdict_counts() -> None:
    """A pair one reader calls weak and another absurd is absurd; nobody's verdict is none."""
    assert judging.verdict(_row("偏弱", "荒谬")) == "荒谬"
    assert judging.verdict(_row("合理", "偏弱")) == "偏弱"
    assert judging.verdict(_row("")) == ""


def test_kappa_is_what_is_left_above_chance() -> None:
    """Cohen's example of two readers, 20 + 15 of 50 alike: observed .7, by chance .5, kappa .4."""
    pairs = [("对", "对")] * 20 + [("对", "错")] * 5 + [("错", "对")] * 10 + [("错", "错")] * 15
    assert judging.kappa([_row(*pair) for pair in pairs]) == pytest.approx(0.4)
    assert math.isnan(judging.kappa([_row("对")]))


def test_the_band_of_a_share_is_never_outside_0_and_1() -> None:
    """Wilson's band: nothing counted says nothing, all of four right is still no more than half for sure."""
    assert judging.wilson(0, 0) == (0.0, 1.0)
    low, high = judging.wilson(4, 4)
    assert 0.5 < low < 0.52
    assert high == 1


@pytest.mark.parametrize("name", lists.LISTS)
def test_lists_name_each_item_once_and_hold_no_score(name: str) -> None:
    """Readers see no score, rank or level; a verdict is one of the rubric's words, with its day."""
    rows = lists.read(name)
    keys = [tuple(row[key] for key in lists.LISTS[name]) for row in rows]
    assert len(keys) == len(set(keys))
    for row in rows:
        assert not {"score", "rank", "level", "price"} & set(row)
        assert {row[key] for key in ("verdict_a", "verdict_b")} <= {"", *judging.GRADES}
        assert bool(judging.verdict(row)) == bool(row["read_on"])


def test_a_list_that_was_not_read_whole_holds_no_bar() -> None:
    """Nine right of nine do not hold a bar while a tenth is unread."""
    rows = [_row("合理")] * 9
    assert run._case("x", run.Listed(rows), 0.7).holds
    assert run._case("x", run.Listed([*rows, _row("")]), 0.7).holds is False
    assert run._case("x", run.Listed([_row("")]), 0.7).holds is None
