"""Dense vectors: exact, ties by position, the same with and without FAISS."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from duijie.errors import InputError, MissingEngineError
from duijie.match import dense
from duijie.match.dense import dense_top_k

IS_FAISS_THERE = importlib.util.find_spec("faiss") is not None
DRAW = np.random.default_rng(8)


def _vectors(n: int, dimensions: int = 24) -> np.ndarray:
    rows = DRAW.normal(size=(n, dimensions))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("block", [100, 65_536])
def test_products_are_the_whole_table(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "_OFFERS", block)
    needs, offers = _vectors(300), _vectors(900)
    found = dense_top_k(needs, offers, 6, engine="products")
    exact = needs.astype(float) @ offers.astype(float).T
    order = np.argsort(-exact, axis=1, kind="stable")[:, :6]
    assert (found.offers == order).all()
    assert found.scores == pytest.approx(np.take_along_axis(exact, order, axis=1), abs=1e-12)


def test_ties_go_to_the_lower_position_and_nothing_below_zero_is_kept() -> None:
    offers = np.vstack([_vectors(40)] * 5)
    found = dense_top_k(offers[:40], offers, 3, engine="products")
    assert (found.offers == np.arange(40)[:, None] + [0, 40, 80]).all()
    away = dense_top_k(np.ones((1, 2)), -np.ones((4, 2)), 2, engine="products")
    assert away.offers.tolist() == [[-1, -1]]


@pytest.mark.skipif(not IS_FAISS_THERE, reason="faiss is not installed")
def test_faiss_gives_the_same() -> None:
    needs, offers = _vectors(50), np.vstack([_vectors(60)] * 60)
    ours, theirs = dense_top_k(needs, offers, 7, engine="products"), dense_top_k(needs, offers, 7, engine="faiss")
    assert (ours.offers == theirs.offers).all()
    assert (ours.scores == theirs.scores).all()


def test_empty_and_wrong() -> None:
    assert (dense_top_k(_vectors(2), np.zeros((0, 24)), 3, engine="products").offers == -1).all()
    assert dense_top_k(np.zeros((0, 24)), _vectors(2), 3, engine="products").offers.shape == (0, 3)
    with pytest.raises(InputError, match="match_top_too_small"):
        dense_top_k(_vectors(1), _vectors(1), 0)
    with pytest.raises(InputError, match="match_terms_differ"):
        dense_top_k(_vectors(1), _vectors(1, 23))


def test_faiss_asked_for_and_absent_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingEngineError, match="match_faiss_missing"):
        dense_top_k(_vectors(1), _vectors(1), engine="faiss")
