"""A saved index: the same answers after save, open, update and any split."""

from __future__ import annotations

from pathlib import Path

import pytest

from duijie.errors import InputError
from duijie.match.index import TextIndex, merge

TEXTS = {f"t{at}": text for at, text in enumerate(["鞋底、鞋垫", "鞋底", "芯片设计", "皮革", "鞋底模具", "鞋底"])}


def test_open_answers_as_before_saving(tmp_path: Path) -> None:
    index = TextIndex.build(list(TEXTS), list(TEXTS.values()))
    index.save(tmp_path / "index")
    opened = TextIndex.open(tmp_path / "index")
    assert opened.search(["鞋底", "设计", ""], 3) == index.search(["鞋底", "设计", ""], 3)
    assert index.search(["鞋底"], 2).ids == (("t1", "t5"),)


def test_an_update_adds_replaces_and_removes(tmp_path: Path) -> None:
    index = TextIndex.build(list(TEXTS), list(TEXTS.values()))
    newer = index.update(["t1", "t9"], ["面料", "鞋底帮面"], remove=["t5"])
    assert len(newer) == 6
    assert newer.search(["面料"], 9).ids == (("t1", "t9"),)
    assert set(newer.search(["鞋底"], 9).ids[0]) == {"t0", "t4", "t9"}
    newer.save(tmp_path / "index")
    assert TextIndex.open(tmp_path / "index").search(["鞋底"], 9) == newer.search(["鞋底"], 9)
    assert index.search(["鞋底"], 9).ids[0][:2] == ("t1", "t5")


def test_merging_parts_does_not_depend_on_their_order() -> None:
    index = TextIndex.build(list(TEXTS), list(TEXTS.values())).update(["u1", "u2"], ["鞋底", "芯片"])
    parts = [index._search_segment(at, index.space.vectors(["鞋底"]), 4, 1, lambda *_: None) for at in (0, 1)]
    assert merge(parts, 4) == merge(parts[::-1], 4) == index.search(["鞋底"], 4)


def test_empty_and_wrong(tmp_path: Path) -> None:
    assert TextIndex.build([], []).search(["鞋底"], 3).ids == ((),)
    with pytest.raises(InputError, match="match_id_twice"):
        TextIndex.build(["a", "a"], ["x", "y"])
    with pytest.raises(InputError, match="match_ids_texts"):
        TextIndex.build(["a"], [])
    with pytest.raises(InputError, match="file_missing"):
        TextIndex.open(tmp_path)
