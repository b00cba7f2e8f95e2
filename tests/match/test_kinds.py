"""Kinds as data: every built-in file holds, a new one needs no Python, every fault of a file is reported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from duijie import match
from duijie.data.words import words
from duijie.errors import DataFileError
from duijie.match.kinds import read_kind
from duijie.match.quality import exposure, ranks_of, summary
from duijie.terms import Listing

Make = Callable[..., Listing]
OWN = """
key: pets
version: 3
name: {zh: 宠物, en: Pets}
summary: {zh: 领养, en: Adoption}
need: [{key: size_cm, label: {zh: 体长, en: Size}, type: number, unit: cm}]
offer: [{key: size_cm, label: {zh: 体长, en: Size}, type: number, unit: cm}]
rules: [{key: fits, label: {zh: 放得下, en: Fits}, test: at_most, need: size_cm, offer: size_cm, when_unknown: fail}]
terms: [{key: size, label: {zh: 体长, en: Size}, measure: number, weight: 1.0, need: [size_cm], offer: [size_cm]}]
capacity: {need: {default: 1}, offer: {default: 1}}
outcome: [need, match]
"""


def test_the_thirteen_kinds() -> None:
    keys = "capital carrier design digital enclave green investment research result service site supply talent".split()
    assert list(match.load_kinds()) == keys
    for kind in match.load_kinds().values():
        assert {"title", "details", "field", "products", "amount_text", "place"} < {
            one.key for one in kind.fields("need")
        }
        assert any(rule.test == "crosses" for rule in kind.rules)


def test_every_measure_has_sentences_in_both_languages() -> None:
    measures = {term.measure for kind in match.load_kinds().values() for term in kind.terms}
    for language in ("zh", "en"):
        for measure in measures:
            assert {f"match_for_{measure}", f"match_against_{measure}"} <= words(language).keys()


def test_a_new_kind_needs_no_python(
    tmp_path: Path, need: Callable[..., Listing], offer: Callable[..., Listing]
) -> None:
    (tmp_path / "pets.yaml").write_text(OWN, encoding="utf-8")
    kind = read_kind(tmp_path / "pets.yaml")
    needs = [need("n1", kind="pets", size_cm=40.0)]
    offers = [offer(f"o{size}", kind="pets", size_cm=float(size)) for size in (30, 20, 50)] + [offer("o0", kind="pets")]
    found = match.kind(kind, needs, offers, parties={}, on=date(2026, 1, 1))
    assert [(one.offer, one.score) for one in found.matches] == [("o30", 0.75), ("o20", 0.5)]


def test_all_faults_of_a_file_at_once(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        OWN.replace("weight: 1.0", "weight: 0.5").replace("need: size_cm", "need: lenght"), "utf-8"
    )
    with pytest.raises(DataFileError) as caught:
        read_kind(tmp_path / "bad.yaml")
    assert {fault.code for fault in caught.value.faults} == {"match_weights_not_one", "match_field_unknown"}
    (tmp_path / "worse.yaml").write_text(OWN + "colour: red\n", "utf-8")
    with pytest.raises(DataFileError) as caught:
        read_kind(tmp_path / "worse.yaml")
    assert [fault.code for fault in caught.value.faults] == ["key_unknown"]


def test_a_payload_is_checked_against_its_kind() -> None:
    supply = match.load_kinds()["supply"]
    assert supply.check("need", {"title": "x", "quantity_month": 3, "certificates": ["ISO"], "partners_n": None}) == ()
    faults = supply.check("need", {"quantity_month": "three", "colour": 1, "certificates": "ISO"})
    assert [fault.code for fault in faults] == ["match_value_wrong", "key_unknown", "match_value_wrong"]


def test_figures_by_hand() -> None:
    import numpy as np

    ranks = ranks_of(np.array([[0.9, 0.1, 0.5], [0.5, 0.5, 0.1]]), [{2}, {0}])
    assert ranks.tolist() == [2, 2]
    found = summary("x", ranks).figures
    assert found["MRR"].value == 0.5
    assert found["nDCG@5"].value == pytest.approx(1 / np.log2(3))
    even = exposure(np.array([[0, 1], [1, 0]], np.int32), 2)
    assert (even["coverage"], even["gini"], even["congestion"]) == (1, 0, 2)
    assert exposure(np.array([[0], [0]], np.int32), 2)["gini"] == 0.5
    assert exposure(np.full((1, 1), -1, np.int32), 2) == {"coverage": 0, "gini": 0, "congestion": 0}
