"""A small invented economy of two regions and a nation, for every test of the wing."""

import os
from pathlib import Path

import numpy as np
import pytest

from duijie.terms import Bilingual, ChainLink, ChainStage, ChainTemplate, Counts, IOTable, Party


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data, or a skip that names it."""
    folder = Path(os.environ.get("DUIJIE_SHARED", Path(__file__).parents[2] / ".." / "shared"))
    if not folder.is_dir():
        pytest.skip(f"shared data absent: {folder} (set DUIJIE_SHARED)")
    return folder


@pytest.fixture
def economy() -> dict:
    """What `diagnose.pair` takes: region A makes shoes and menswear, region B electronics and womenswear."""
    industries = ("171", "181", "195", "391", "651")
    counts = Counts(
        ("010101", "020202", "000000"),
        industries,
        np.array([[90, 20, 40, 2, 0], [1, 60, 1, 90, 30], [900, 900, 600, 1200, 1400]], dtype=float),
        "firms",
    )
    words = {
        "010101": [("menswear",)] * 6 + [("sportswear",)] * 9 + [("fabric",)] * 5,
        "020202": [("womenswear",)] * 7 + [("menswear",)] + [("fabric",)],
    }
    parties = [
        Party(f"{region}-{at}", "firm", region, f"Clothing {at}", industry="181", products=products)
        for region, rows in words.items()
        for at, products in enumerate(rows)
    ]
    parties += [Party(f"020202-s{at}", "firm", "020202", f"Code {at}", industry="651") for at in range(12)]
    sectors = ("textile", "apparel", "electronics", "software")
    flows = np.array([[20.0, 40, 0, 0], [2, 10, 0, 0], [1, 2, 60, 5], [1, 8, 10, 5]])
    nation = IOTable(
        sectors, flows, np.array([40.0, 88, 82, 56]), np.array([100.0, 100, 150, 80]), "CNY", "2017", "000000"
    )
    province = IOTable(
        sectors, flows, np.array([10.0, 238, 2, 16]), np.array([70.0, 250, 70, 40]), "CNY", "2017", "010000"
    )
    stage = {"code": ("651",), "cloth": ("171",), "sewing": ("181", "195")}
    return {
        "counts": counts,
        "national": "000000",
        "parties": parties,
        "chains": [
            ChainTemplate(
                "dress",
                {"zh": "服装", "en": "dress"},
                tuple(ChainStage(key, {"zh": key, "en": key}, codes) for key, codes in stage.items()),
                (ChainLink("code", "sewing"), ChainLink("cloth", "sewing")),
            )
        ],
        "vocabulary": {
            "181": [
                {"word": "womenswear", "group": "wearer"},
                {"word": "menswear", "aliases": ["suits"]},
                {"word": "sportswear"},
                {"word": "wear"},
            ]
        },
        "io": {"000000": nation, "010000": province},
        "sector_of": {"17": "textile", "18": "apparel", "19": "apparel", "39": "electronics", "65": "software"},
        "names": {"010101": Bilingual("甲市", "Aville"), "020202": Bilingual("乙市", "Bton")},
    }
