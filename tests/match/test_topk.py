"""The exact top-k kernel: equal to the plain product in every bit, whatever the threads, blocks and pruning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from duijie.errors import InputError
from duijie.match.topk import Holders, Postings, best, dense_row, top_k


def _matrix(rows: int, terms: int, density: float, seed: int, *, levels: int = 0) -> sparse.csr_matrix:
    draw = np.random.default_rng(seed)
    dense = (draw.random((rows, terms)) < density * np.linspace(0.1, 3, terms)) * draw.random((rows, terms))
    if levels:
        dense = np.ceil(dense * levels) / levels
    return sparse.csr_matrix(dense.astype(np.float32))


@pytest.mark.parametrize("is_pruned", [True, False])
@pytest.mark.parametrize("block", [64, 1000, 65_536])
def test_the_kernel_equals_the_plain_product(is_pruned: bool, block: int) -> None:
    offers, needs = _matrix(1500, 120, 0.1, 1), _matrix(70, 120, 0.1, 2)
    index = Postings.of(offers, block=block)
    ours, plain = top_k(needs, index, 7, is_pruned=is_pruned), top_k(needs, index, 7, method="plain")
    assert (ours.offers == plain.offers).all()
    assert (ours.scores == plain.scores).all()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(0, 9),
    st.integers(1, 30),
    st.integers(1, 12),
    st.integers(0, 2**31),
    st.integers(1, 70),
)
def test_any_shape_with_many_ties(n: int, m: int, terms: int, k: int, seed: int, block: int) -> None:
    offers, needs = _matrix(n, terms, 0.3, seed, levels=2), _matrix(m, terms, 0.3, seed + 1, levels=2)
    index = Postings.of(offers, block=block)
    ours, plain = top_k(needs, index, k, n_threads=2), top_k(needs, index, k, method="plain")
    assert (ours.offers == plain.offers).all()
    assert (ours.scores == plain.scores).all()
    exact = needs.toarray().astype(float) @ offers.toarray().astype(float).T
    found = np.sort(exact, axis=1)[:, ::-1][:, :k]
    assert ours.scores[:, : found.shape[1]] == pytest.approx(found, abs=1e-6)


def test_one_and_two_threads_agree_and_ties_go_to_the_lower_position() -> None:
    offers = sparse.vstack([_matrix(400, 50, 0.2, 3)] * 3, format="csr")
    needs, index = _matrix(200, 50, 0.2, 4), Postings.of(offers)
    one, two = top_k(needs, index, 6, n_threads=1), top_k(needs, index, 6, n_threads=2)
    assert (one.offers == two.offers).all()
    # every row stands three times, so the list is triples of equal score in rising position
    assert (np.diff(one.offers.reshape(200, 2, 3), axis=2)[one.scores.reshape(200, 2, 3)[:, :, 0] > 0] == 400).all()


def test_pruning_skips_work_on_texts_with_common_words() -> None:
    offers, needs = _matrix(6000, 800, 0.02, 5), _matrix(40, 800, 0.02, 6)
    assert top_k(needs, Postings.of(offers), 5).n_checked < 40 * 6000 / 20


def test_the_input_is_left_as_it_was() -> None:
    offers = _matrix(50, 20, 0.3, 7)
    before = offers.toarray()
    Postings.of(offers)
    assert (offers.toarray() == before).all()


def test_no_offers_no_terms_and_empty_rows() -> None:
    nothing = Postings.of(sparse.csr_matrix((0, 5), dtype=np.float32))
    assert (top_k(_matrix(2, 5, 0.5, 8), nothing, 3).offers == -1).all()
    assert top_k(sparse.csr_matrix((0, 5), dtype=np.float32), nothing, 3).offers.shape == (0, 3)
    index = Postings.of(_matrix(9, 5, 0.5, 9))
    assert (top_k(sparse.csr_matrix((1, 5), dtype=np.float32), index, 3).offers == -1).all()


def test_wrong_calls_are_refused() -> None:
    index = Postings.of(_matrix(9, 5, 0.5, 9))
    with pytest.raises(InputError, match="match_top_too_small"):
        top_k(_matrix(1, 5, 0.5, 1), index, 0)
    with pytest.raises(InputError, match="match_terms_differ"):
        top_k(_matrix(1, 6, 0.5, 1), index, 1)
    with pytest.raises(InputError, match="match_block_size"):
        Postings.of(_matrix(9, 5, 0.5, 9), block=0)


def test_progress_can_cancel() -> None:
    class CancelledError(Exception):
        pass

    def stop(label: str, done: int, total: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        top_k(_matrix(10, 5, 0.5, 1), Postings.of(_matrix(9, 5, 0.5, 9)), 2, progress=stop)


def test_dense_row_is_the_product() -> None:
    offers, needs = _matrix(300, 40, 0.2, 11), _matrix(1, 40, 0.2, 12)
    row = dense_row(needs.indices, needs.data, Holders.of(offers, block=64))
    assert row == pytest.approx((offers @ needs.T).toarray().ravel(), abs=1e-5)


def test_best_takes_only_what_is_allowed() -> None:
    scores = np.array([0.5, 0.9, 0.5, 0.5])
    assert best(scores, np.array([True, False, True, True]), 2).tolist() == [0, 2]
    assert best(scores, np.zeros(4, bool), 2).tolist() == []
