"""An agreement folder becomes an agreement, or the list of all its faults."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie import data
from duijie.errors import DataFileError
from duijie.track.agreement import agreement_faults, load_agreement

SECOND = Path(__file__).parents[1] / "agreements" / "qinglan-haitang"
BUILT_IN = sorted(path.parent for path in (data.root() / "agreements").glob("*/agreement.yaml"))
REAL = [folder for folder in BUILT_IN if (folder / "clauses").is_dir()]
REHEARSALS = [folder for folder in BUILT_IN if folder not in REAL]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SECOND, tmp_path / SECOND.name))


def change(path: Path, **values: Any) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**document, **values}, allow_unicode=True), encoding="utf-8")


@pytest.mark.parametrize("folder", [*BUILT_IN, SECOND], ids=lambda folder: folder.name)
def test_every_folder_loads_with_nothing_left_over(folder: Path) -> None:
    agreement = load_agreement(folder)
    known = {department.key for department in agreement.departments}
    assert agreement.key == folder.name
    assert [clause.number for clause in agreement.clauses] == list(range(1, len(agreement.clauses) + 1))
    for clause in agreement.clauses:
        assert set(clause.lead) == {side.code for side in agreement.sides}, "both sides lead"
        assert {key for keys in (*clause.lead.values(), *clause.support.values()) for key in keys} <= known
        assert clause.indicators
        assert clause.actions


@pytest.mark.parametrize("folder", REAL, ids=lambda folder: folder.name)
def test_what_is_not_published_stays_empty(folder: Path) -> None:
    agreement = load_agreement(folder)
    assert (len(agreement.areas), len(agreement.clauses)) == (5, 17)
    assert [sum(clause.area == area.key for clause in agreement.clauses) for area in agreement.areas] == [6, 3, 3, 2, 3]
    for clause in agreement.clauses:
        assert (clause.text.zh, clause.valid_from, clause.valid_until) == ("", "", "")
        assert clause.assignment == "proposal"
        assert all(indicator.target is None and indicator.baseline is None for indicator in clause.indicators)
        assert not any(action.due_on for action in clause.actions)
        assert clause.source.publisher
        assert not clause.source.is_linked, "a mirror is named, never linked"


@pytest.mark.parametrize("folder", REAL, ids=lambda folder: folder.name)
def test_every_text_stands_in_both_languages(folder: Path) -> None:
    agreement = load_agreement(folder)
    texts = [agreement.title, *(area.title for area in agreement.areas), *(side.name for side in agreement.sides)]
    texts += [text for department in agreement.departments for text in (department.name, department.domain)]
    for clause in agreement.clauses:
        texts += [clause.title, *(one.name for one in clause.indicators), *(one.name for one in clause.actions)]
        texts += [milestone.name for action in clause.actions for milestone in action.milestones]
    assert all(text.zh and text.en and text.zh != text.en for text in texts)


@pytest.mark.parametrize("folder", REHEARSALS, ids=lambda folder: folder.name)
def test_a_rehearsal_lends_no_real_office_an_activity(folder: Path) -> None:
    rehearsal = load_agreement(folder)
    base = load_agreement(folder.parent / data.read(folder / "agreement.yaml")["based_on"])
    assert rehearsal.is_rehearsal
    assert rehearsal.banner.zh
    assert rehearsal.banner.en
    assert rehearsal.clauses == base.clauses
    assert not {one.name.zh for one in rehearsal.departments} & {one.name.zh for one in base.departments}


def test_a_second_agreement_brings_text_term_and_targets() -> None:
    clause = load_agreement(SECOND).clauses[0]
    assert clause.text.zh
    assert clause.valid_until == "2030-02-28"
    assert clause.indicators[0].target == 12
    assert clause.actions[0].milestones[0].due_on == "2026-06-30"


def test_all_faults_of_a_folder_come_at_once(copy: Path) -> None:
    change(copy / "agreement.yaml", fields=["equipmnt"], sinceks=1)
    change(copy / "clauses" / "machines.yaml", area="productoin", number=2, lead=["qinglan-work"], kinds=["supplly"])
    change(copy / "clauses" / "posts.yaml", key="people-posts", actions=[{"key": "work"}])
    (copy / "departments.yaml").write_text("departments: [", encoding="utf-8")
    found = {
        (Path(fault.where["file"]).name, fault.where.get("key", ""), fault.code) for fault in agreement_faults(copy)
    }
    assert found == {
        ("agreement.yaml", "·", "key_unknown"),
        ("departments.yaml", "", "yaml_bracket"),
        ("machines.yaml", "kinds", "name_unknown"),
        ("posts.yaml", "actions.0", "key_missing"),
    }


def test_faults_between_files_come_with_a_hint(copy: Path) -> None:
    change(copy / "agreement.yaml", fields=["equipmnt"])
    change(copy / "clauses" / "machines.yaml", area="productoin", lead=["qinglan-work"], support=["haitang-works"])
    change(copy / "clauses" / "plants.yaml", number=4)
    change(copy / "clauses" / "posts.yaml", key="people-posts")
    with pytest.raises(DataFileError) as raised:
        load_agreement(copy)
    found = {(fault.where.get("key"), fault.code, fault.hint) for fault in raised.value.faults}
    assert found == {
        ("fields", "name_unknown", "equipment"),
        ("area", "name_unknown", "production"),
        ("lead", "name_unknown", "qinglan-works"),
        ("number", "name_twice", ""),
        ("key", "file_name_differs", ""),
        (None, "numbers_missing", ""),
    }


def test_a_fault_reads_as_a_sentence_in_both_languages(copy: Path) -> None:
    change(copy / "clauses" / "machines.yaml", area="productoin")
    (fault,) = agreement_faults(copy)
    assert "production" in data.sentence(fault.code, "en", fault.values)
    assert data.sentence(fault.code, "zh", fault.values) != data.sentence(fault.code, "en", fault.values)


def test_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    codes = [fault.code for fault in agreement_faults(tmp_path)]
    assert codes == ["file_missing", "file_missing", "clauses_absent"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    key=st.sampled_from(["area", "number", "title", "lead", "indicators", "actions", "source", "kinds"]), value=plain
)
def test_no_value_of_any_key_breaks_the_loader(tmp_path_factory: pytest.TempPathFactory, key: str, value: Any) -> None:
    folder = tmp_path_factory.mktemp("folder") / SECOND.name
    shutil.copytree(SECOND, folder, ignore=shutil.ignore_patterns("tables"))
    change(folder / "clauses" / "machines.yaml", **{key: value})
    faults = agreement_faults(folder)
    assert all(fault.where.get("file") for fault in faults)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_loader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("folder")
    (folder / "agreement.yaml").write_text(text, encoding="utf-8")
    assert agreement_faults(folder)
