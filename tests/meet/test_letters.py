"""Letters and sheets of a visit, read back from the Word files."""

import io
import json
from datetime import datetime, timedelta, timezone

import docx
import pytest
from click.testing import CliRunner

from duijie.errors import InputError
from duijie.meet.commands import group as command
from duijie.meet.itinerary import Itinerary, Stop, visits
from duijie.meet.letters import Letter, host_letter, invitation, itinerary_sheet, letters, read_letter
from duijie.meet.visit import Group, Host, Train, VisitDay, read_visits

ZONE = timezone(timedelta(hours=8))
LETTER = Letter("甲方商务部门", "两地产业对接", "2026-02-20", "2026-02-25", "1 号窗口", "甲函〔2026〕1 号", "演练")


def at(hour, day=2):
    return datetime(2026, 3, day, hour, tzinfo=ZONE)


HOSTS = [Host("mill", "西区", ((at(9), at(12)),), name="一号工厂"), Host("lab", "东区", ((at(9, 3), at(12, 3)),))]
GROUP = Group(
    "g",
    12,
    (VisitDay(at(8), at(21), "酒店", "东站酒店"), VisitDay(at(8, 3), at(18, 3), "东站酒店", "东站酒店")),
    name="乙方考察团",
)
TRAIN = Train("D1", "西站", "东站", at(14), at(18))
FOUND = Itinerary(
    "optimal",
    (
        Stop("g", "host", "lab", "东区", at(9, 3), at(10, 3), 15),
        Stop("g", "host", "mill", "西区", at(9), at(10), 20),
        Stop("g", "train", "D1", "西站", at(14), at(18), 25),
        Stop("other", "host", "mill", "西区", at(11), at(12), 0),
    ),
)


def read(raw):
    file = docx.Document(io.BytesIO(raw))
    words = [paragraph.text for paragraph in file.paragraphs]
    rows = [[cell.text for cell in row.cells] for table in file.tables for row in table.rows]
    return words, rows, [paragraph.text for paragraph in file.sections[0].header.paragraphs]


def test_an_invitation_says_who_what_when_and_whom_to_answer():
    words, rows, header = read(invitation(LETTER, FOUND, GROUP, HOSTS, trains=[TRAIN]))
    assert words[:4] == [
        "邀请函",
        "甲函〔2026〕1 号",
        "乙方考察团：",
        "为两地产业对接，甲方商务部门诚邀贵方一行 12 人于2026年3月2日至2026年3月3日前来考察交流。",
    ]
    assert words[-5:] == [
        "请于2026年2月25日前函复。",
        "联系方式：1 号窗口",
        "专此函达，顺致敬意。",
        "甲方商务部门",
        "2026年2月20日",
    ]
    assert rows == [
        ["日期", "时间", "事项", "地点"],
        ["2026年3月2日", "09:00–10:00", "考察一号工厂", "西区\n（此前公路 20 分钟）"],
        ["", "14:00–18:00", "乘 D1 次列车，西站→东站", "西站\n（此前公路 25 分钟）"],
        ["2026年3月3日", "09:00–10:00", "考察lab", "东区\n（此前公路 15 分钟）"],
    ]
    assert header == ["演练"]


def test_a_host_is_asked_for_each_group_that_it_sees():
    words, rows, _ = read(host_letter(LETTER, FOUND, HOSTS[0], [GROUP, Group("other", 3, GROUP.days)], language="en"))
    assert words[2] == "To 一号工厂:"
    assert rows[1:] == [
        ["2 March 2026", "09:00–10:00", "乙方考察团", "12 people"],
        ["2 March 2026", "11:00–12:00", "other", "3 people"],
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_paper_once_and_the_same_bytes_again(language):
    papers = letters(LETTER, FOUND, [GROUP], HOSTS, trains=[TRAIN], language=language)
    assert [name.split("-")[0] for name in papers] == ["invitation", "itinerary", "host", "host"]
    assert papers == letters(LETTER, FOUND, [GROUP], HOSTS, trains=[TRAIN], language=language)
    for raw in papers.values():
        words, rows, _ = read(raw)
        assert len(rows) > 1
        assert not any("meet_" in text or "{" in text for text in [*words, *(cell for row in rows for cell in row)])
        assert docx.Document(io.BytesIO(raw)).core_properties.created.isoformat().startswith("2026-02-20")


def test_a_group_without_stops_or_days_gets_a_plain_word():
    nobody = Group("n", 1, ())
    words, rows, _ = read(itinerary_sheet(Itinerary("optimal"), nobody, []))
    assert (words, len(rows)) == (["考察行程单", "n，1 人，日期待定", "本团组尚无行程。"], 1)
    words, _, _ = read(invitation(Letter("甲方", "交流"), Itinerary("optimal"), nobody, []))
    assert "具体行程另行函告。" in words
    assert letters(Letter("甲方", "交流"), Itinerary("optimal"), [], HOSTS) == {}


VISIT = {
    "hosts": [
        {"key": "mill", "name": "一号工厂", "place": "west", "windows": [[at(9).isoformat(), at(12).isoformat()]]}
    ],
    "groups": [
        {
            "key": "g",
            "name": "考察团",
            "n_persons": 5,
            "days": [
                {
                    "starts_at": at(8).isoformat(),
                    "ends_at": at(18).isoformat(),
                    "start_place": "hotel",
                    "end_place": "hotel",
                }
            ],
        }
    ],
    "travel_min": [["hotel", "west", 20]],
    "letter": {"inviter": "甲方", "purpose": "交流", "signed_on": "2026-02-20"},
}


def test_the_command_writes_what_the_plan_says(tmp_path):
    source = tmp_path / "visit.json"
    source.write_text(json.dumps(VISIT), encoding="utf-8")
    done = CliRunner().invoke(
        command, ["visits", str(source), "--letters", str(tmp_path / "out"), "--seconds", "5", "--json"]
    )
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["host-1.zh.docx", "invitation-1.zh.docx", "itinerary-1.zh.docx"]
    found = visits(**read_visits(source), seconds=5)
    _, rows, _ = read((tmp_path / "out" / "itinerary-1.zh.docx").read_bytes())
    assert [row[1] for row in rows[1:]] == [f"{one.starts_at:%H:%M}–{one.ends_at:%H:%M}" for one in found.stops]


@pytest.mark.parametrize("letter", [None, {}, {"inviter": "x"}, {"inviter": "x", "purpose": "y", "signed_on": "soon"}])
def test_a_letter_that_is_none_is_refused_before_the_search(tmp_path, letter):
    source = tmp_path / "visit.json"
    source.write_text(json.dumps({**VISIT, "letter": letter}), encoding="utf-8")
    with pytest.raises(InputError, match="meet_letter_wrong"):
        read_letter(source)
