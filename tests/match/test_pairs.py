"""A kind judged on real pairs: figures by hand, the baselines, bad input, and the command."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from duijie.cells.codes import place_of_name
from duijie.errors import InputError
from duijie.intake import taxonomies
from duijie.intake.coding import division_chances
from duijie.match.candidates import Pool
from duijie.match.commands import group
from duijie.match.kinds import load_kinds
from duijie.match.measures import SectorMeasure
from duijie.match.pairs import figures
from duijie.match.scoring import Circumstances, Scorer
from duijie.terms import Listing


def test_figures_of_a_case_worked_by_hand() -> None:
    """Right ones at ranks 2 and 4 of 12, and one that ties with a wrong one and so stands behind it."""
    scores = np.array([[0.5, 0.9, 0.4, 0.3, *[0.0] * 8], [1.0, 1.0, *[0.0] * 10]])
    found = figures(scores, [{0, 3}, {1}])
    assert found["recall@10"].tolist() == [1, 1]
    assert found["mrr"].tolist() == [1 / 2, 1 / 2]
    ideal = 1 + 1 / math.log2(3)
    assert found["ndcg@10"] == pytest.approx([(1 / math.log2(3) + 1 / math.log2(5)) / ideal, 1 / math.log2(3)])
    last = figures(np.arange(200.0)[None, :], [{0, 199}])
    assert (last["recall@10"][0], last["recall@100"][0], last["mrr"][0]) == (0.5, 0.5, 1.0)


def test_names_tell_places() -> None:
    """Whole, without their kind, in brackets; a name of several provinces, or none, tells nothing."""
    named = ["厦门某某公司", "某某（深圳）公司", "鼓楼某某公司", "某某公司", ""]
    assert [place_of_name(name)[:2] for name in named] == ["35", "44", "", "", ""]


def _world() -> Circumstances:
    table = taxonomies.input_output()["national"]
    return Circumstances(date(2026, 1, 1), sector_of=taxonomies.sector_of(), input_output=table, coder=division_chances)


def test_an_industry_that_is_not_stated_is_read_from_the_text() -> None:
    """A maker of steel stands nearer to a maker of cars than a kindergarten does, stated or read."""
    kind = load_kinds()["supply"]
    make = lambda at, role, text, code="": Listing(  # noqa: E731
        f"{role}{at}", "supply", 1, role, "", "", {"details": text}, industry=code
    )
    needs = Pool.of([make(0, "need", "汽车整车制造"), make(1, "need", "", "3611")], {})
    offers = Pool.of(
        [make(0, "offer", "钢压延加工、钢材制造"), make(1, "offer", "", "3130"), make(2, "offer", "幼儿园")], {}
    )
    scorer = Scorer.of(kind, needs, offers, _world())
    at = [term.measure for term in kind.terms].index("input_output")
    assert isinstance(scorer.measures[at], SectorMeasure)
    for need in (0, 1):
        read, stated, other = scorer.score(need, np.arange(3)).parts[at]
        assert read == pytest.approx(stated, abs=0.1)
        assert stated > other + 0.1


_NEEDS = "id,name,text,products\n" + "".join(
    f"n{at},买方{at},{what}制造,{what}\n" for at, what in enumerate("鞋 门 灯 布 纸".split())
)
_OFFERS = "id,name,text,products\n" + "".join(
    f"o{at},卖方{at},{what}配件加工,\n" for at, what in enumerate("鞋 门 灯 布 纸 糖 茶 酒 米 油 盐 菜 花".split())
)


def _judged(folder: Path, pairs: str, *options: str, offers: str = _OFFERS) -> Any:
    texts = {"needs": _NEEDS, "offers": offers, "pairs": pairs}
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    files = [part for name in texts for part in (f"--{name}", str(folder / f"{name}.csv"))]
    asked = ["evaluate", "--kind", "supply", *files, "--on", "2026-01-01", *options]
    done = CliRunner().invoke(group, asked, obj={"language": "zh", "world": _world})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_the_command_judges_a_kind_beside_the_baselines(tmp_path: Path) -> None:
    """Who names the need's thing comes first; without the need, and with another's, the same ranking finds less."""
    found = json.loads(_judged(tmp_path, "need,offer\nn0,o0\nn1,o1\nn2,o2\nn3,o3\nn4,o4\n", "--json"))
    assert found["duijie"] == {"recall@10": 1.0, "recall@100": 1.0, "mrr": 1.0, "ndcg@10": 1.0}
    assert set(found["baselines"]) == {"tfidf_1", "tfidf_1_2", "tfidf_2_3", "bm25"}
    assert found["blind"]["mrr"] < 1 > found["shuffled"]["mrr"]
    assert found["paired_recall@10"]["low"] <= found["paired_recall@10"]["high"]
    assert (found["n_needs"], found["n_offers"], found["n_pairs"]) == (5, 13, 5)
    assert "shuffled" in _judged(tmp_path, "need,offer\nn0,o0\n")


def test_pairs_that_name_nobody_are_told_all_at_once(tmp_path: Path) -> None:
    """Two unknown ids are two faults with their rows; no pairs, and a table without products, are refused."""
    with pytest.raises(InputError, match="match_pairs_unknown") as told:
        _judged(tmp_path, "need,offer\nn9,o0\nn0,o0\nn0,o99\n")
    assert [(fault.where["row"], fault.values["id"]) for fault in told.value.faults] == [(2, "n9"), (4, "o99")]
    with pytest.raises(InputError, match="match_no_pairs"):
        _judged(tmp_path, "need,offer\n")
    with pytest.raises(InputError, match="match_no_text_column"):
        _judged(tmp_path, "need,offer\nn0,o0\n", offers="id,name,text\no0,a,b\n")
