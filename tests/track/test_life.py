"""Amendments, differences, lists, factor board, export, records as lines, the command line."""

import json
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from tests.track.conftest import FIRST, SIDES, dates, day, records
from tests.track.test_workflow import WAY

from duijie.data import read, root
from duijie.errors import InputError
from duijie.terms import Bilingual, Listing, Party, Step
from duijie.track import difference, duty_list, progress, project_list, task_list
from duijie.track.changes import quarter
from duijie.track.commands import group
from duijie.track.exports import iati
from duijie.track.factors import factor_board, factors_of
from duijie.track.lifecycle import Amendment, as_amended, lifecycle
from duijie.track.lists import timetable
from duijie.track.records import decode, encode, read_lines
from duijie.track.workflow import Move


def test_an_agreement_lives_on(agreement):
    added = replace(agreement.clauses[0], key="three", number=3)
    life = [
        Amendment("supplement", "2024-01-10", "2024-02-01", Bilingual("补充", "Supplement"), clauses=(added,)),
        Amendment("renewal", "2025-12-01", "2026-01-01", Bilingual("续签", "Renewal"), valid_until="2028-12-31"),
        Amendment("termination", "2027-06-01", "2027-07-01", Bilingual("终止", "Termination")),
    ]
    termed = replace(agreement, valid_until="2025-12-31")
    days = (date(2022, 1, 1), date(2024, 1, 31), date(2025, 12, 1), date(2026, 1, 2), date(2027, 7, 1))
    states = [lifecycle(termed, life, as_of=one).state for one in days]
    assert states == ["unsigned", "in_force", "expiring", "in_force", "terminated"]
    assert lifecycle(termed, (), as_of=date(2026, 1, 1)).state == "expired"
    assert lifecycle(agreement, (), as_of=date(2099, 1, 1)).left_working_days is None
    counts = [len(as_amended(termed, life, as_of=one).clauses) for one in days]
    assert counts == [2, 2, 3, 3, 3]
    assert len(progress(termed, as_of=date(2024, 2, 1), amendments=life).clauses) == 3


@settings(max_examples=25, deadline=None)
@given(records, dates)
def test_a_difference_is_empty_exactly_where_nothing_moved(agreement, rows, as_of):
    after = progress(agreement, rows, as_of=as_of)
    assert difference(after, after) == ()
    before = progress(agreement, [], as_of=as_of)
    counts = {(one.clause, one.key): one.after for one in difference(before, after) if one.what == "chain"}
    expected = {(clause.clause.key, node): n for clause in after.clauses for node, n in clause.chain.items() if n}
    assert counts == expected


def test_quarters():
    assert quarter("2024-q4") == (date(2024, 9, 30), date(2024, 12, 31))
    for wrong in ("2024", "2024-Q5", "Q1"):
        with pytest.raises(InputError, match="track_quarter_wrong"):
            quarter(wrong)


def test_the_lists_have_a_row_for_each_task_duty_and_deadline(agreement):
    standing = progress(agreement, actions=WAY, as_of=date.fromisoformat(day(6)))
    tasks = task_list(standing)
    assert [row.number for row in tasks] == ["1.1", "2.1"]
    assert (tasks[0].state.zh, tasks[0].milestones_done, tasks[0].problem.zh) == ("办理", 1, "缺地")
    assert json.loads(json.dumps(tasks[0].to_dict()))["lead"][SIDES[0]]
    duties = duty_list(standing)
    assert [(row.side, row.number) for row in duties] == [(side, n) for side in SIDES for n in ("1.1", "2.1")]
    assert [row.due_on for row in timetable(standing)] == [day(60)]


@given(records)
def test_projects_are_the_signed_cases_and_amounts_stay_apart(rows):
    found = project_list(rows, as_of=day(900))
    assert {row.case for row in found} == {row.case for row in rows if row.kind == "signed"}
    for project in found:
        own = [row for row in rows if row.case == project.case and row.kind == "signed" and row.amount is not None]
        assert set(project.signed) == {row.unit for row in own}
        assert sum(project.signed.values()) == pytest.approx(sum(row.amount for row in own))


def test_the_factor_board_counts_what_is_open_new_and_gone():
    factors = factors_of(read(root() / "policies" / "factors.yaml", "factors"))
    parties = {"park": Party("park", "carrier", SIDES[0], "P"), "firm": Party("firm", "firm", SIDES[0], "F")}

    def listing(key: str, party: str, start: str, until: str = "") -> Listing:
        return Listing(key, "site", 1, "offer", SIDES[0], party, {}, valid_from=start, valid_until=until)

    rows = [
        listing("1", "park", "2024-01-01"),
        listing("2", "park", "2024-03-08"),
        listing("3", "park", "2024-01-01", "2024-03-05"),
        listing("4", "firm", "2024-04-01"),
        listing("5", "nobody", "2024-01-01", "2023"),
    ]
    (found,) = factor_board(rows, parties, factors, as_of=date(2024, 3, 10))
    assert (found.factor, found.level, found.role) == ("land", "park", "offer")
    assert (found.n, found.n_new, found.n_gone, found.newest_on) == (2, 1, 1, "2024-03-08")
    assert found.age_days == pytest.approx((69 + 2) / 2)


def test_the_export_has_an_activity_a_clause_with_its_values(agreement):
    rows = [Step(case, "one", "signed", day(0), SIDES[0], "x") for case in ("a", "b")]
    tree = ElementTree.fromstring(iati(progress(agreement, rows, as_of=FIRST), publisher="XX-1"))
    assert [one.findtext("iati-identifier") for one in tree] == ["XX-1-small-one", "XX-1-small-two"]
    first = tree[0]
    values = [
        one.find("indicator/period/actual").get("value")
        for one in first.findall("result")
        if one.findtext("title/narrative") == "n_signed"
    ]
    assert values == ["2"]
    assert tree[1].find("result/indicator/period/actual") is None
    assert {one.get("role") for one in first.findall("participating-org")} == {"4"}


@given(records)
def test_records_survive_their_lines(rows):
    for row in rows:
        document = json.loads(encode("step", row))
        assert document.pop("type") == "step"
        assert decode(type(row), document) == row
    for one in WAY:
        assert decode(Move, json.loads(encode("action", one))) == one


def test_all_wrong_lines_are_told_at_once(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"type": "step"}\nnonsense\n[]\n{"type": "unheard of"}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_lines(path)
    told = [(fault.where["row"], fault.code) for fault in caught.value.faults]
    assert told == [*[(1, "key_missing")] * 6, (2, "json_no_value"), (3, "track_line_wrong")]
    with pytest.raises(InputError, match="file_missing"):
        read_lines(tmp_path / "absent.jsonl")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["lists"],
        ["lists", "--list", "duties"],
        ["lists", "--list", "projects"],
        ["lists", "--list", "timetable"],
        ["changes", "--quarter", "2023-Q1"],
        ["docking"],
    ],
    ids=" ".join,
)
def test_every_question_answers_as_table_and_as_json(tmp_path, words, language):
    path = tmp_path / "records.jsonl"
    path.write_text("".join(f"{encode('action', one)}\n" for one in WAY), encoding="utf-8")
    name = next(one.parent.name for one in sorted((root() / "agreements").glob("*/agreement.yaml")))
    asked = [*words, name, "--as-of", "2024-01-05", "--records", str(path)]
    shown = CliRunner().invoke(group, asked, obj={"language": language})
    assert shown.exit_code == 0, shown.output
    assert "track_" not in shown.output
    assert json.loads(CliRunner().invoke(group, [*asked, "--json"]).output) is not None


def test_the_benefit_of_a_case_file(tmp_path):
    case = tmp_path / "case.yaml"
    years = "{'2020': {local: 30000000}, '2021': {local: 30000000}, '2022': {local: 30000000}}"
    case.write_text(
        "led_by: origin_government\nfits_destination: true\nconfirmed_by: [origin, destination]\n"
        f"before: {years}\nafter: {{'2023': {{local: 40000000}}}}\n",
        encoding="utf-8",
    )
    found = CliRunner().invoke(group, ["benefit", str(case), "--json"])
    assert json.loads(found.output)["totals_cny"] == {"destination": 2e7, "origin": 2e7}
    assert CliRunner().invoke(group, ["benefit", str(case)], obj={"language": "en"}).exit_code == 0
    wrong = CliRunner().invoke(group, ["benefit", str(case), "--rule", "none"])
    assert isinstance(wrong.exception, InputError)
