"""Complexity and relatedness against a slow independent implementation, under properties, and the published tables."""

import csv

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest

from duijie.diagnose.complexity import core, external_complexity, fitness, reflections, spectral_complexity
from duijie.diagnose.conventions import CONVENTIONS
from duijie.diagnose.indicators import indicators
from duijie.diagnose.relatedness import (
    cooccurrence,
    cross_proximity,
    density,
    distance,
    gain,
    nearest,
    outlook,
    proximity,
    significance,
    value_proximity,
)  # fmt: skip
from duijie.diagnose.specialization import location_quotient, presence, quotient_band, share_ratio_band, shrunk_quotient
from duijie.errors import InputError

counts = arrays(np.float64, st.tuples(st.integers(2, 9), st.integers(2, 9)), elements=st.integers(0, 20).map(float))


def nested(seed=1, n=40, m=60):
    """A table of the shape of real ones: capable regions hold most things, others only common ones."""
    rng = np.random.default_rng(seed)
    skill, need = rng.uniform(0.1, 1, n), rng.uniform(0, 0.9, m)
    held = rng.random((n, m)) < 1 / (1 + np.exp(-10 * (skill[:, None] - need)))
    return held * rng.lognormal(3, 1, (n, m))


def slow(table):
    """ECI, PCI and the rest, cell by cell and with a plain dense eigensolver, in the atlas convention."""
    n, m = table.shape
    total = table.sum()
    rca = np.array([[table[r, i] * total / (table[r].sum() * table[:, i].sum()) for i in range(m)] for r in range(n)])
    held = (rca >= 1).astype(float)
    d, u = held.sum(1), held.sum(0)
    walk = (held / u).T @ (held / d[:, None])
    values, vectors = np.linalg.eig(walk)
    kp = np.real(vectors[:, np.argsort(values.real)[-2]])
    kp = kp / np.linalg.norm(kp)
    kc = np.array([held[r] @ kp / d[r] for r in range(n)])
    sign = np.sign(np.corrcoef(kc, d)[0, 1])
    kc, kp = sign * kc, sign * kp
    near = np.array([[(held[:, i] * held[:, j]).sum() / max(u[i], u[j]) for j in range(m)] for i in range(m)])
    around = np.array([[sum(held[r, j] * near[j, i] for j in range(m)) / near[:, i].sum() for i in range(m)]
                       for r in range(n)])  # fmt: skip
    adds = np.zeros((n, m))
    for r in range(n):
        for i in np.flatnonzero(held[r] == 0):
            adds[r, i] = sum((1 - held[r, j]) * near[j, i] * kp[j] / near[j].sum() for j in range(m))
    coi = ((around * (1 - held)) * kp).sum(1)
    return {
        "rca": rca, "presence": held, "proximity": near, "density": around,
        "eci": (kc - kc.mean()) / kc.std(), "pci": (kp - kc.mean()) / kc.std(),
        "outlook": (coi - coi.mean()) / coi.std(), "gain": adds / kc.std(),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_atlas_agrees_with_the_slow_oracle(seed):
    table = nested(seed, 18, 25)
    table = table[table.any(1)][:, table.any(0)]
    expected, found = slow(table), indicators(table)
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(found, name), value, atol=1e-9, err_msg=name)


def test_single_precision_keeps_six_digits():
    table = nested()
    double, single = indicators(table), indicators(table, dtype=np.float32)
    for name in ("eci", "pci", "density", "gain", "outlook"):
        np.testing.assert_allclose(getattr(single, name), getattr(double, name), atol=2e-4)
        assert getattr(single, name).dtype == np.float32


@settings(max_examples=60, deadline=None)
@given(counts, st.integers(1, 50))
def test_scale_changes_nothing(table, factor):
    assume(table.any())
    a, b = indicators(table), indicators(table * factor)
    np.testing.assert_array_equal(a.presence, b.presence)
    np.testing.assert_allclose(a.density, b.density, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_order_changes_nothing_but_order(seed):
    table, rng = nested(seed % 5, 14, 20), np.random.default_rng(seed)
    rows, columns = rng.permutation(14), rng.permutation(20)
    a, b = indicators(table), indicators(table[rows][:, columns])
    assume(a.eigengap > 1e-3)
    np.testing.assert_allclose(a.eci[rows], b.eci, atol=1e-8)
    np.testing.assert_allclose(a.gain[rows][:, columns], b.gain, atol=1e-8)


@settings(max_examples=60, deadline=None)
@given(counts)
def test_ranges(table):
    found = indicators(table)
    assert ((found.density >= -1e-12) & (found.density <= 1 + 1e-12)).all()
    np.testing.assert_allclose(found.proximity, found.proximity.T)
    assert ((found.proximity >= 0) & (found.proximity <= 1)).all()
    assert np.isnan(found.eci[found.diversity == 0]).all()
    assert np.isnan(found.pci[found.ubiquity == 0]).all()
    np.testing.assert_allclose(distance(found.presence, found.proximity), 1 - found.density, atol=1e-12)


def test_region_complexity_is_the_mean_of_what_it_holds():
    found = indicators(nested())
    mean = (found.presence @ found.pci) / found.diversity
    np.testing.assert_allclose(found.eci, mean, atol=1e-9)
    np.testing.assert_allclose(external_complexity(found.presence, found.pci), found.eci, atol=1e-9)


def test_a_bad_region_spoils_nobody():
    table = nested()
    clean, found = indicators(table), indicators(np.vstack([table, np.zeros(table.shape[1])]))
    np.testing.assert_allclose(found.eci[:-1], clean.eci, atol=1e-9)
    assert np.isnan(found.eci[-1])
    assert "diagnose_empty_regions" in {one.code for one in found.warnings}


def test_two_islands_are_told_apart():
    table = np.zeros((30, 40))
    table[:20, :30] = nested(1, 20, 30)
    table[20:, 30:] = nested(2, 10, 10)
    found = indicators(table)
    assert found.n_components == 2
    assert np.isnan(found.eci[20:]).all()
    assert np.isfinite(found.eci[:20][found.diversity[:20] > 0]).all()
    assert "diagnose_components" in {one.code for one in found.warnings}


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (1, 1), (0, 3), (3, 3)])
def test_tables_too_small_get_one_answer(shape):
    found = indicators(np.zeros(shape) if shape == (3, 3) else np.ones(shape))
    assert np.isnan(found.eci).all()
    assert np.isnan(found.pci).all()
    assert "diagnose_too_small" in {one.code for one in found.warnings}


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_what_cannot_be_an_amount_is_refused_with_its_place(bad):
    table = nested()
    table[3, 4] = bad
    with pytest.raises(InputError) as caught:
        indicators(table)
    assert caught.value.faults[0].where == {"region": 3, "industry": 4}


def test_ties_are_exact():
    table = np.outer([3, 7, 11], [1, 10, 13, 49]).astype(float)
    assert presence(table).all()
    assert indicators(table).presence.all()
    assert not indicators(table, convention="stata").presence.any()
    quick = table * (1 / table.sum(1, keepdims=True)) * (table.sum() / table.sum(0))
    assert (quick < 1).any(), "a quotient by reciprocals would have lost some of them"
    assert (location_quotient(table) == 1).all()


def test_trimming_leaves_the_core_and_blanks_the_rest():
    table = nested()
    table = np.vstack([table, np.zeros(table.shape[1])])
    table[-1, 0] = 5
    rows, columns = core(table, regions=3, industries=3)
    found = indicators(table, least_diversity=3, least_ubiquity=3)
    assert not rows[-1]
    assert np.isnan(found.eci[~rows]).all()
    assert np.isnan(found.density[:, ~columns]).all()
    np.testing.assert_allclose(found.eci[rows], indicators(table[np.ix_(rows, columns)]).eci)


@pytest.mark.parametrize("name", sorted(CONVENTIONS))
def test_conventions_agree_on_the_ranking_and_differ_in_what_they_say(name):
    table = nested()
    base, found = indicators(table), indicators(table, convention=name)
    assert abs(np.corrcoef(base.eci, found.eci)[0, 1]) > 0.95
    assert found.density.max() <= (100 if name.startswith("econ") else 1)
    with pytest.raises(InputError, match="diagnose_convention_unknown"):
        indicators(table, convention=name + "x")


def test_stata_divides_by_cells():
    table = nested()
    a, b = indicators(table), indicators(table, convention="stata")
    n, m = table.shape
    np.testing.assert_allclose(b.eci, a.eci * np.sqrt((n * m - 1) / (n * m)))
    assert (b.proximity.diagonal() == 0).all()


def test_datawheel_is_reflections():
    table = nested()
    held = presence(table)
    kc = reflections(held, steps=18)[0]
    np.testing.assert_allclose(indicators(table, convention="datawheel").eci, (kc - kc.mean()) / kc.std(ddof=1))


def test_the_example_network_of_hidalgo_and_hausmann():
    """The four countries of the paper's figure S4: C1 makes P1–P4, C2 P2, C3 P3 and P4, C4 P4."""
    held = np.array([[1, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 1]], dtype=bool)
    kc, kp = reflections(held, steps=1)
    np.testing.assert_allclose(kc, [2, 2, 2.5, 3])
    np.testing.assert_allclose(kp, [4, 2.5, 3, 7 / 3])
    assert spectral_complexity(held).eigenvalue < 1


def test_fitness_reproduces_the_published_tables(shared):
    folder = shared / "data" / "economic_complexity"
    if not folder.is_dir():
        pytest.skip(f"absent: {folder}")
    import pyarrow.parquet as pq

    held = pq.read_table(folder / "ref_balassa_index.parquet").to_pandas()
    held = held.set_index(held.columns[0]) if held.dtypes.iloc[0] == np.dtype(object) else held
    table = held.to_numpy(dtype=float) > 0
    found = fitness(table, steps=20, tolerance=0)

    def published(name):
        with (folder / name).open(encoding="utf-8") as file:
            return np.array([float(list(row.values())[-1]) for row in csv.DictReader(file)])

    np.testing.assert_allclose(
        np.sort(found.regions), np.sort(published("ref_complexity_index_country.csv")), atol=2e-4
    )
    np.testing.assert_allclose(
        np.sort(found.industries), np.sort(published("ref_complexity_index_product.csv")), atol=1e-2
    )


def test_fitness_states_its_fixed_point():
    found = fitness(presence(nested()), steps=5000, tolerance=1e-10)
    assert found.is_converged
    held = presence(nested()).astype(float)
    again = held @ found.industries
    np.testing.assert_allclose(again / again.mean(), found.regions, atol=1e-8)
    assert not fitness(held, steps=2, tolerance=1e-12).is_converged


@settings(max_examples=40, deadline=None)
@given(arrays(bool, st.tuples(st.integers(2, 12), st.integers(2, 8))))
def test_proximities_by_definition(held):
    together = cooccurrence(held)
    u = held.sum(0)
    for i in range(held.shape[1]):
        for j in range(held.shape[1]):
            if i != j and u[i] and u[j]:
                both = (held[:, i] & held[:, j]).sum()
                for method, value in {
                    "min": both / max(u[i], u[j]), "max": both / min(u[i], u[j]),
                    "cosine": both / np.sqrt(u[i] * u[j]), "jaccard": both / (held[:, i] | held[:, j]).sum(),
                }.items():  # fmt: skip
                    assert proximity(together, method=method)[i, j] == pytest.approx(value)
    np.testing.assert_array_equal(cross_proximity(held, held), proximity(together))


def test_association_and_probability_by_definition():
    together = cooccurrence(presence(nested()))
    pairs = together - np.diag(together.diagonal())
    s, t = pairs.sum(0), pairs.sum()
    i, j = 3, 17
    assert proximity(together, method="association")[i, j] == pytest.approx(pairs[i, j] * t / (s[i] * s[j]))
    expected = ((s[i] / t) * (s[j] / (t - s[i])) + (s[j] / t) * (s[i] / (t - s[j]))) * t / 2
    assert proximity(together, method="probability")[i, j] == pytest.approx(pairs[i, j] / expected)
    with pytest.raises(InputError, match="diagnose_proximity_unknown"):
        proximity(together, method="nearness")


def test_the_kernels_and_the_engine_say_the_same():
    found = indicators(nested(), convention="econcomplex")
    around = density(found.presence, found.proximity)
    np.testing.assert_allclose(found.density, 100 * around)
    np.testing.assert_allclose(found.outlook, outlook(found.presence, around, found.pci))
    atlas = indicators(nested())
    kp = spectral_complexity(atlas.presence)
    np.testing.assert_allclose(
        atlas.gain, gain(atlas.presence, atlas.proximity, kp.industries / kp.regions.std()), atol=1e-12
    )


def test_neighbours_keep_density_below_one():
    near = proximity(cooccurrence(presence(nested())))
    kept = nearest(near, 5)
    assert ((kept > 0).sum(0) <= 5).all()
    assert density(presence(nested()), kept).max() <= 1 + 1e-12


def test_correlation_proximity_is_the_textbook_one():
    table = nested()
    near = value_proximity(table)
    assert near[2, 9] == pytest.approx((1 + np.corrcoef(table[:, 2], table[:, 9])[0, 1]) / 2)
    assert value_proximity(np.ones((4, 2))).max() == 0


def test_scopes_of_firms_show_what_belongs_together():
    rng = np.random.default_rng(0)
    a = rng.random(400) < 0.3
    held = np.column_stack([a, a ^ (rng.random(400) < 0.05), rng.random(400) < 0.3])
    z, p = significance(cooccurrence(held), 400)
    assert z[0, 1] > 10
    assert p[0, 1] < 1e-6
    assert abs(z[0, 2]) < 3


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_band_is_clopper_pearson(x, y):
    n, m = 100, 300
    band = share_ratio_band(x, n, y, m)
    if x + y:
        interval = binomtest(x, x + y).proportion_ci(method="exact")
        low, high = (p / (1 - p) * m / n if p < 1 else np.inf for p in (interval.low, interval.high))
        np.testing.assert_allclose([band.low, band.high], [low, high], rtol=1e-9)


def test_the_band_covers():
    rng = np.random.default_rng(3)
    x, y = rng.poisson(6, 4000), rng.poisson(30, 4000)
    band = share_ratio_band(x, 100, y, 250)
    hits = ((band.low <= 0.5) & (band.high >= 0.5)).mean()
    assert hits >= 0.95


@settings(max_examples=50, deadline=None)
@given(counts)
def test_shrinkage_lies_between_the_raw_value_and_the_mean(table):
    assume(table.sum(0).all() and table.sum(1).all())
    reference = table.sum(0)
    raw, calm = location_quotient(table, reference=reference), shrunk_quotient(table, reference=reference)
    low, high = np.minimum(raw, 1), np.maximum(raw, 1)
    assert ((calm >= low - 1e-9) & (calm <= high + 1e-9)).all()
    band = quotient_band(table, reference=reference)
    assert ((band.low <= raw + 1e-9) & (raw <= band.high + 1e-9)).all()


CHAIN = np.eye(60, 61, dtype=bool) | np.eye(60, 61, 1, dtype=bool)
FEW_KINDS = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=bool).repeat(12, 0).repeat(9, 1)


@pytest.mark.parametrize("held", [presence(nested(5, 50, 80)), presence(nested(6, 80, 30)), CHAIN, FEW_KINDS])
def test_eigenvalues_are_those_of_the_dense_matrix(held):
    """Tables large enough for Lanczos: with a wide gap, with hardly any, and of so few kinds that it breaks down."""
    held = held[held.any(1)][:, held.any(0)].astype(float)
    d, u = held.sum(1), held.sum(0)
    scaled = held / np.sqrt(np.outer(d, u))
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    found = spectral_complexity(held)
    assert found.eigenvalue == pytest.approx(values[-2], abs=1e-12)
    assert found.eigengap == pytest.approx(values[-2] - values[-3], abs=1e-12)
    side = vectors[:, -2] / np.sqrt(d)
    assert abs(np.corrcoef(side, found.regions)[0, 1]) == pytest.approx(1, abs=1e-9)
