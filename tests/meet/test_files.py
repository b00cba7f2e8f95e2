"""In and out: JSON, CSV and .dzn give back what they were given; faults are named; the command line as documented."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from duijie.data.words import sentence, words
from duijie.errors import InputError
from duijie.meet import Builder
from duijie.meet.commands import group
from duijie.meet.dzn import parse_dzn, text_dzn
from duijie.meet.files import from_dict, read_csv, read_json, to_dict, write_csv, write_json
from duijie.meet.generate import generated_day
from duijie.meet.instance import Stay, Weights

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def rich_day():
    builder = Builder()
    for number in range(3):
        start = NINE + timedelta(minutes=30 * number)
        builder.slot(f"s{number}", starts_at=start, ends_at=start + timedelta(minutes=30), place="hall")
    builder.table("A", seats=6, equipment=["screen"], place="hall", unavailable=["s2"]).table("B")
    builder.person(
        "p", name="甲", languages=["zh"], stays=(Stay(NINE, NINE + timedelta(hours=2), "hall"),), is_vip=True
    )
    builder.person("q", region="2", languages=["en"], unavailable=["s0"], max_breaks=1).person("r").person("t")
    builder.interpreter("i", ["zh", "en"], unavailable=["s1"])
    builder.meeting("m", ["p", "q"], weight=2.5, equipment=["screen"], match="x", kind="k", score=0.4)
    builder.meeting("n", ["r"], one_of=(("p", "t"),), slots=["s1", "s2"], after=["m"], is_online=True, is_required=True)
    return builder.build(fairness=2, travel_min={("hall", "home"): 20.0}, on="2026-03-02", place="城")


def test_json_gives_back_what_it_was_given(tmp_path):
    write_json(rich_day(), tmp_path / "day.json")
    assert to_dict(read_json(tmp_path / "day.json")) == to_dict(rich_day())


def test_tables_give_back_what_they_were_given(tmp_path):
    write_csv(rich_day(), tmp_path)
    day = read_csv(tmp_path)
    lists = ("slots", "tables", "people", "meetings", "interpreters")
    assert [getattr(day, name) for name in lists] == [getattr(rich_day(), name) for name in lists]


SLOTS = "key,starts_at,ends_at\ns1,2026-03-02T09:00+08:00,2026-03-02T09:30+08:00\n"


def _tables(folder, people, meetings="id,people\nm,p;q\n", encoding="utf-8"):
    for name, text in (("slots", SLOTS), ("people", people), ("meetings", meetings)):
        (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    return read_csv(folder)


def test_tables_of_any_office_are_read(tmp_path):
    """Another encoding, tabs between the cells and blank lines give the same people."""
    for text, encoding in (("id,name\np,甲\nq,乙\n", "gb18030"), ("id\tname\n\np\t甲\n\nq\t乙\n", "utf-8")):
        assert [one.name for one in _tables(tmp_path, text, encoding=encoding).people] == ["甲", "乙"]


@pytest.mark.parametrize(
    ("people", "code", "row"),
    [
        ('id,name\np,"甲\nq,乙\nr,丙\n', "quote_open", 2),
        ("id,name\np,甲,乙\nq,乙\n", "row_too_long", 2),
        ("id,name,name\np,甲,乙\nq,乙\n", "heading_twice", 1),
        ("id,max_breaks\n\np,2\nq,-\n", "value_whole", 4),
    ],
)
def test_no_row_or_cell_of_a_table_is_swallowed(tmp_path, people, code, row):
    """What cannot be read is named by its file and the row the file shows."""
    with pytest.raises(InputError) as caught:
        _tables(tmp_path, people)
    (fault,) = caught.value.faults or (caught.value,)
    assert (fault.code, fault.where["file"], fault.where["row"]) == (code, "people.csv", row)


def test_dzn_gives_back_what_it_was_given():
    day = generated_day(12, 20, n_slots=6, n_tables=4, seed=1)
    morning = replace(day.meetings[0], slots=frozenset({"1", "2"}), after=(day.meetings[1].id,))
    day = replace(day, meetings=(morning, *day.meetings[1:]))
    text = text_dzn(day, n_morning=2)
    assert text_dzn(parse_dzn(text), n_morning=2) == text
    with pytest.raises(InputError):
        text_dzn(rich_day())


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("nMeetings = 20", "nMeetings = 21"), "requested"),
        (("nTables = 4", "nTables = four"), "nTables"),
        (("fixed", "fxed"), "fixed"),
        (("forbidden = [{", "forbidden = [{1},{"), "forbidden"),
        (("forbidden = [{", "forbidden = [{-1,"), "forbidden"),
        (("forbidden = [{", "forbidden = [1..99999999,{"), "forbidden"),
        (("forbidden = [{", "forbidden = [" + "1..9999," * 101 + "{"), "forbidden"),
        (("fixed = [", "fixed = [1.5,"), "fixed"),
        (("requested = [|", "requested = [|1,2,4|"), "requested"),
        (("nTables = 4", "nTables = ²"), "nTables"),
        (("nTotalSlots = 6", "nTotalSlots = 999999999999"), "nTotalSlots"),
    ],
)
def test_a_broken_dzn_is_named(change, key):
    text = text_dzn(generated_day(12, 20, n_slots=6, n_tables=4, seed=1))
    with pytest.raises(InputError) as caught:
        parse_dzn(text.replace(*change))
    assert key in {fault.where.get("key") for fault in caught.value.faults}
    assert all(sentence(one.code, "zh", one.values) != one.code for one in caught.value.faults)


def test_all_faults_of_a_document_at_once():
    document = {
        "slots": [{"key": "1", "starts_at": "nine"}],
        "people": [{"id": "p", "colour": "red"}, {"name": "no id"}],
        "meetings": "none",
        "extra": 1,
    }
    with pytest.raises(InputError) as caught:
        from_dict(document)
    codes = [fault.code for fault in caught.value.faults]
    assert {code: codes.count(code) for code in codes} == {
        "key_unknown": 2, "value_moment": 1, "key_missing": 1, "value_list": 1,
    }  # fmt: skip


def test_the_weights_are_data():
    document = to_dict(rich_day()) | {"weights": {"spread": 0, "breaks": 7}}
    assert from_dict(document).weights == Weights(breaks=7.0, spread=0.0)


def run(*arguments):
    outcome = CliRunner().invoke(group, [str(one) for one in arguments], catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_solve_prints_the_documented_fields(tmp_path):
    path = tmp_path / "day.dzn"
    path.write_text(text_dzn(generated_day(12, 20, n_slots=6, n_tables=4, seed=1)))
    found = json.loads(run("solve", path, "--seconds", 20, "--fairness", 2, "--json"))
    assert {"status", "breaks", "bound", "seconds", "slots"} <= found.keys()
    assert found["status"] == "optimal"
    assert found["breaks"] == found["bound"]
    assert sorted(map(int, found["slots"])) == list(range(1, 21))
    assert "会面" in run("solve", path, "--seconds", 20)


def test_solve_says_why_nothing_fits(tmp_path):
    path = tmp_path / "day.dzn"
    path.write_text(
        text_dzn(generated_day(12, 20, n_slots=6, n_tables=4, seed=1)).replace("nTables = 4", "nTables = 3")
    )
    found = json.loads(run("solve", path, "--seconds", 20, "--json"))
    assert (found["status"], found["breaks"]) == ("infeasible", None)
    assert "meet_clash_tables" in {reason["code"] for reason in found["clash"]}


def test_plan_then_replan(tmp_path):
    day = generated_day(12, 20, n_slots=8, n_tables=4, seed=1)
    write_json(day, tmp_path / "day.json")
    run("plan", tmp_path / "day.json", "--seconds", 5, "--out", tmp_path / "out")
    held = json.loads((tmp_path / "out" / "meet.json").read_text())
    assert held["n_placed"] == 20
    person = held["meetings"][0]["people"][0]
    people = tuple(
        replace(one, unavailable=frozenset(day.slot_index)) if one.id == person else one for one in day.people
    )
    write_json(replace(day, people=people), tmp_path / "now.json")
    found = json.loads(run("replan", tmp_path / "now.json", "--held", tmp_path / "out" / "meet.json", "--json"))
    assert found["n_moved"] == found["n_forced"] == sum(person in row["people"] for row in held["meetings"])
    assert {person} <= {move["person"] for move in found["moves"]}


def test_visits_from_a_file(tmp_path):
    document = {
        "hosts": [{"key": "h", "place": "park", "windows": [["2026-03-02T09:00+08:00", "2026-03-02T12:00+08:00"]]}],
        "groups": [
            {
                "key": "g",
                "n_persons": 5,
                "days": [
                    {
                        "starts_at": "2026-03-02T08:00+08:00",
                        "ends_at": "2026-03-02T18:00+08:00",
                        "start_place": "inn",
                        "end_place": "inn",
                    }
                ],
            }
        ],
        "travel_min": [["inn", "park", 20]],
    }
    path = tmp_path / "visit.json"
    path.write_text(json.dumps(document))
    found = json.loads(run("visits", path, "--json"))
    assert [stop["key"] for stop in found["stops"]] == ["h"]
    path.write_text(json.dumps(document).replace("+08:00", ""))
    with pytest.raises(InputError):
        run("visits", path)


def test_both_languages_say_the_same_codes():
    codes = [{code for code in words(language) if code.startswith("meet_")} for language in ("zh", "en")]
    assert codes[0] == codes[1]
