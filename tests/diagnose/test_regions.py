"""Structure, similarity, growth, linkages and transfer: identities, hand-worked cases, properties."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from duijie.diagnose.concentration import (
    ellison_glaeser,
    entropy,
    gini,
    hachman,
    herfindahl,
    hoover,
    krugman_specialization,
    locational_gini,
    theil,
    variety,
)  # fmt: skip
from duijie.diagnose.growth import changed, shift_share, turnover
from duijie.diagnose.linkages import (
    added_densities,
    added_density,
    linkage_candidates,
    supply_complementarity,
    supply_links,
)  # fmt: skip
from duijie.diagnose.model import fit
from duijie.diagnose.relatedness import cooccurrence, density, proximity
from duijie.diagnose.similarity import cosine, finger_kreinin, grubel_lloyd, krugman, michaely, shares
from duijie.diagnose.specialization import presence
from duijie.diagnose.transfer import pressure, transfer_candidates
from duijie.errors import InputError
from duijie.terms import Counts

tables = arrays(np.float64, st.tuples(st.integers(2, 7), st.integers(2, 7)), elements=st.integers(0, 30).map(float))


@settings(max_examples=60, deadline=None)
@given(tables)
def test_concentration_ranges_and_identities(table):
    assume(table.sum(0).all() and table.sum(1).all())
    n = table.shape[1]
    assert ((herfindahl(table) >= 1 / n - 1e-12) & (herfindahl(table) <= 1 + 1e-12)).all()
    np.testing.assert_allclose(theil(table) + entropy(table, base=np.e), np.log(n))
    assert ((gini(table) >= -1e-12) & (gini(table) <= 1 - 1 / n + 1e-12)).all()
    assert ((hoover(table) >= 0) & (hoover(table) < 1)).all()
    assert ((locational_gini(table) >= -1e-9) & (locational_gini(table) <= 1)).all()
    assert (hachman(table) <= 1 + 1e-12).all()
    groups = ["a" if i % 2 else "b" for i in range(n)]
    parts = variety(table, groups)
    np.testing.assert_allclose(parts.related + parts.unrelated, entropy(table))
    assert (parts.related >= -1e-12).all()


def test_gini_by_its_definition():
    row = np.array([3.0, 8, 1, 4])
    pairs = np.abs(row[:, None] - row[None, :]).sum()
    assert gini(row[None])[0] == pytest.approx(pairs / (2 * 4 * row.sum()))


def test_a_region_like_the_nation_is_not_special():
    table = np.outer([1, 2, 3], [4.0, 5, 6])
    np.testing.assert_allclose(krugman_specialization(table), 0, atol=1e-12)
    np.testing.assert_allclose(hachman(table), 1)
    np.testing.assert_allclose(locational_gini(table), 0, atol=1e-12)
    np.testing.assert_allclose(hoover(table), 0, atol=1e-12)


def test_related_variety_by_hand():
    """Four equal industries in two groups: one bit between, one bit inside."""
    found = variety([[1, 1, 1, 1]], ["a", "a", "b", "b"])
    assert (found.unrelated[0], found.related[0]) == (1.0, 1.0)


def test_random_plants_show_no_clustering():
    rng = np.random.default_rng(0)
    regions = np.array([0.5, 0.3, 0.2])
    found = []
    for _ in range(400):
        other = 1e6 * regions
        plants = rng.multinomial(50, regions).astype(float)
        found.append(ellison_glaeser(np.column_stack([other, plants]), [1e-6, 1 / 50])[1])
    assert abs(np.mean(found)) < 0.005
    clustered = np.column_stack([1e6 * regions, [50.0, 0, 0]])
    assert ellison_glaeser(clustered, [1e-6, 1 / 50])[1] > 0.05


@settings(max_examples=60, deadline=None)
@given(tables)
def test_similarity_is_a_likeness(table):
    assume(table.sum(1).all())
    likeness = finger_kreinin(table)
    np.testing.assert_allclose(likeness, likeness.T)
    np.testing.assert_allclose(likeness.diagonal(), 1)
    by_minimum = np.array([[np.minimum(a, b).sum() for b in shares(table)] for a in shares(table)])
    np.testing.assert_allclose(likeness, by_minimum, atol=1e-12)
    assert (krugman(table) <= 2 + 1e-12).all()
    np.testing.assert_allclose(cosine(table).diagonal(), 1)


def test_trade_complementarity_is_one_where_wish_meets_supply():
    sells, buys = np.array([[3.0, 1], [0, 5]]), np.array([[0.0, 7], [6, 2]])
    found = michaely(sells, buys)
    assert found[0, 1] == 1
    assert found[1, 0] == 1
    assert found[0, 0] == pytest.approx(0.25)
    assert np.isnan(grubel_lloyd([0.0], [0.0])[0])


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(0, 10**6))
def test_shift_share_adds_up(before, seed):
    assume(before.sum(0).all() and before.sum())
    after = np.random.default_rng(seed).integers(0, 30, before.shape).astype(float)
    found = shift_share(before, after)
    np.testing.assert_allclose(found.national + found.mix + found.competitive, after - before, atol=1e-9)
    np.testing.assert_allclose(found.pure + found.allocation, found.competitive, atol=1e-9)
    np.testing.assert_allclose((found.mix + found.competitive).sum(), 0, atol=1e-7)


def test_turnover_counts_what_came_and_went():
    before, after = np.array([[9.0, 1], [1, 9]]), np.array([[1.0, 9], [9, 1]])
    found = turnover(before, after)
    assert found.exit[0].tolist() == [True, False]
    assert found.exit_share[0] == 1


def test_a_what_if_says_so_and_takes_no_more_than_there_is():
    table = Counts(("a", "b"), ("x",), np.array([[5.0], [1.0]]), "firms")
    found = changed(table, {("a", "x"): -5, ("b", "x"): 5}, note="all move")
    assert found.note == "all move"
    assert table.values[0, 0] == 5, "the original stays"
    with pytest.raises(InputError, match="taken_too_much"):
        changed(table, {("a", "x"): -6}, note="")
    with pytest.raises(InputError, match="cell_unknown"):
        changed(table, {("c", "x"): 1}, note="")


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(2, 8), st.integers(2, 8))))
def test_added_density_is_the_gain_of_standing_together(held):
    near = proximity(cooccurrence(held))
    both = held[0] | held[1]
    together = density(np.stack([both]), near)[0]
    np.testing.assert_allclose(density(held, near)[0] + added_density(held, near, 0, 1), together, atol=1e-12)
    pairs = added_densities(held, near)
    for a in range(len(held)):
        for b in range(len(held)):
            if not held[a].all():
                by_hand = added_density(held, near, a, b)[~held[a]].mean()
                assert pairs[a, b] == pytest.approx(by_hand, abs=1e-12)


def test_candidates_are_lacked_and_ranked():
    rng = np.random.default_rng(1)
    table = rng.random((12, 15)) * (rng.random((12, 15)) < 0.5)
    held = presence(table)
    found = linkage_candidates(held, proximity(cooccurrence(held)), rng.standard_normal(15), 2, 7)
    assert found
    assert not any(held[2, one.industry] for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_supply_links_are_the_matrix_without_its_diagonal():
    rng = np.random.default_rng(2)
    a, c, b = rng.random(6), rng.random((6, 6)), rng.random(6)
    whole = supply_complementarity(a, c, b)
    np.fill_diagonal(whole, 0)
    found = supply_links(a, c, b, top=100)
    assert len(found) == 30
    for one in found:
        assert one.score == pytest.approx(whole[one.supplier, one.buyer])
    assert supply_links(np.zeros(3), np.ones((3, 3)), np.ones(3)) == ()


def test_transfer_prefers_pushed_and_welcome_industries_and_guards_the_origin():
    before = np.array([[50.0, 50, 10, 0], [0, 30, 30, 30], [20, 20, 20, 20]])
    after = np.array([[50.0, 10, 10, 0], [0, 40, 30, 30], [20, 20, 20, 20]])
    push = pressure(before, after, 0)
    assert push[1] > 0.5
    assert push[3] == 0
    near = proximity(cooccurrence(presence(after)))
    found = transfer_candidates(after, near, np.array([1.0, 1, 1, 1]), 0, [1, 2], largest_share=0.5)
    guarded = {one.industry for one in found if one.guards}
    assert 0 in guarded, "half of the origin is not to be given away"
    assert all(one.score == 0 for one in found if one.guards)
    free = [one for one in found if not one.guards]
    assert [one.score for one in free] == sorted((one.score for one in free), reverse=True)
    assert {one.destination for one in found} == {1, 2}


def test_a_model_answers_any_pair_and_hands_its_relatedness_on():
    rng = np.random.default_rng(4)
    values = rng.poisson(5, (9, 14)) * 1.0
    counts = Counts(tuple("abcdefghi"), tuple(f"i{at}" for at in range(14)), values, "firms")
    model = fit(counts, learn="abcdefg")
    assert model.regions == counts.regions
    numbers = model.pair("h", "c")
    assert numbers.cosine == pytest.approx(cosine(values)[7, 2])
    assert numbers.added == pytest.approx((model.added[7, 2], model.added[2, 7]))
    every = model.pairs()
    assert len(every) == 36
    assert every["c", "h"].added == pytest.approx(numbers.added[::-1])
    held, near = model.presence, model.found.proximity
    by_hand = linkage_candidates(held, near, model.found.pci, 7, 2)
    assert [(one.industry, round(one.score, 12)) for one in numbers.candidates[0]] == [
        (one.industry, round(one.score, 12)) for one in by_hand
    ]
    np.testing.assert_array_equal(model.relatedness.values, proximity(cooccurrence(presence(values[:7]))))
    with pytest.raises(InputError, match="region_unknown"):
        model.pair("a", "z")
    with pytest.raises(InputError, match="region_unknown"):
        fit(counts, learn=["z"])
