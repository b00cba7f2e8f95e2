"""Each convention against the package it is named after: answers that package gave, or its formulas done slowly."""

import json
from pathlib import Path

import numpy as np
import pytest

from duijie.diagnose.indicators import indicators
from duijie.diagnose.relatedness import cooccurrence, proximity


def nested(seed, n=16, m=22):
    rng = np.random.default_rng(seed)
    skill, need = rng.uniform(0.1, 1, n), rng.uniform(0, 0.9, m)
    return (rng.random((n, m)) < 1 / (1 + np.exp(-10 * (skill[:, None] - need)))) * rng.integers(1, 90, (n, m))


@pytest.fixture(scope="module")
def econgeo():
    """What the R package answered, kept as numbers."""
    return json.loads(Path(__file__).with_name("econgeo.json").read_text(encoding="utf-8"))


def test_econgeo_is_what_the_package_answered(econgeo):
    found = indicators(np.array(econgeo["table"]), convention="econgeo")
    mine = {"rca": found.rca, "eci": found.eci, "pci": found.pci, "probability": found.proximity,
            "association": proximity(cooccurrence(found.presence), method="association", diagonal=0),
            "density": found.density}  # fmt: skip
    for name, value in econgeo["exact"].items():
        np.testing.assert_allclose(mine[name], value, atol=1e-9 * np.abs(value).max(), rtol=0, err_msg=name)
    # The package rounds the walk to 4 digits before its eigenvector: that moves complexity in the fourth digit.
    for name, digits in {"rca": 5.1e-3, "density": 5.1e-3, "eci": 1e-3, "pci": 1e-3}.items():
        np.testing.assert_allclose(mine[name], econgeo["rounded"][name], atol=digits, rtol=0, err_msg=name)


def stata(table):
    """The ado files' steps one by one, on dense arrays, without any of the wing's code.

    complexity_rca, ecipci, proxdiscrete, calculate_density, coicog, and the scaling at the end of ecomplexity.ado, of
    github.com/cid-harvard/ecomplexity at commit 8229f7a.
    """
    m = table.shape[1]
    rca = (table / table.sum(1, keepdims=True)) / (table.sum(0) / table.sum())
    held = (rca > 1).astype(float)
    diversity, ubiquity = held.sum(1), held.sum(0)
    walk = ((held / ubiquity) / diversity[:, None]).T @ held
    values, vectors = np.linalg.eig(walk)
    kp = np.real(vectors[:, np.argsort(-np.real(values))[1]])
    kc = (held / diversity[:, None]) @ kp
    sign = 1 if np.corrcoef(diversity, kc)[0, 1] > 0 else -1
    kp, kc = sign * kp, sign * kc
    together = held.T @ held
    near = np.minimum(together / ubiquity, together / ubiquity[:, None]) - np.eye(m)
    around = held @ (near.T / near.T.sum(0))
    coi = ((around * (1 - held)) * kp).sum(1)
    cog = (1 - held) * ((1 - held) @ (near * (kp / near.sum(1))[:, None]))
    # `summarize` runs over the long table: each region counts once an industry, and the deviation is the sample's.
    eci_cells, coi_cells = np.repeat(kc, m), np.repeat(coi, m)
    mean, spread = eci_cells.mean(), eci_cells.std(ddof=1)
    return {
        "rca": rca, "presence": held, "proximity": near, "density": around,
        "eci": (kc - mean) / spread, "pci": (kp - mean) / spread, "gain": cog / spread,
        "outlook": (coi - coi_cells.mean()) / coi_cells.std(ddof=1),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_stata_is_its_formulas_done_slowly(seed):
    table = nested(seed).astype(float)
    table = table[table.any(1)][:, table.any(0)]
    held = (table / table.sum(1, keepdims=True)) / (table.sum(0) / table.sum()) > 1
    table = table[held.any(1)][:, held.any(0)]
    expected, found = stata(table), indicators(table, convention="stata")
    assert found.n_components == 1
    # The scale is free up to the length of the eigenvector, which standard scores divide out.
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(found, name), value, atol=1e-9, err_msg=name)


def test_econgeo_turns_regions_and_industries_apart(econgeo):
    """The sum of a region's scores may be −1: a quotient by the sum alone would turn the ranking round."""
    found = indicators(np.array(econgeo["table"]), convention="econgeo")
    assert found.eci.sum() == pytest.approx(-1)
    assert np.corrcoef(found.eci, found.diversity)[0, 1] > 0
    empty = indicators(np.zeros((3, 4)), convention="econgeo")
    assert np.isnan(empty.eci).all()
    assert np.isnan(empty.pci).all()
