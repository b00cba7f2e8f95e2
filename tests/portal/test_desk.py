"""A side's own desk: from the press of one official to the list of the next, and nothing of it at the other side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

import planted
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from portal_checks import check_page, post, said

from duijie.ledger import telling
from duijie.ledger.exchange import bundle
from duijie.ledger.record import rebuild
from duijie.ledger.seal import GENESIS, Head
from duijie_portal.accounts.models import Department, Person, Role
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.entries import DeskAct, Todo
from duijie_portal.ledger.inbox import IN_HAND, READ, WAITING, waiting_for
from duijie_portal.ledger.keys import key_of
from duijie_portal.ledger.models import Case, Notification, Step
from duijie_portal.ledger.store import DatabaseLog

TODAY = timezone.localdate()
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


class Office(NamedTuple):
    """A ticket that waits for a department, an officer of it and one of another, who leads them, and who asked."""

    case: Case
    item: str
    one: Person
    other: Person
    head: Person
    leader: Person
    asking: Person


def _officer(name: str, office: Department, role: str = Role.OFFICER) -> Person:
    made = Person.objects.create_user(name, None, role=role, side=office.side, name_zh=f"经办{name}")
    made.departments.set([office])
    return made


@pytest.fixture
def office(agreement: Any, sides: Any, person: Any) -> Office:
    first, second = Department.objects.filter(agreement=agreement.pk, side=sides[0])[:2]
    asks = Department.objects.filter(agreement=agreement.pk, side=sides[1])[0]
    case = planted.ticket(agreement, "t-desk", asks, first)
    [row] = Todo.objects.filter(key=case.pk, act="turn")
    heads = person(f"coordinator-{sides[0].pk}"), person(f"leader-{sides[0].pk}")
    return Office(case, row.pk, _officer("wang", first), _officer("li", second), *heads, _officer("zhao", asks))


def _list(who: Person, case: Case, acts: tuple[str, ...] = WAITING) -> list[str]:
    return [row.act for row in waiting_for(case.agreement, Person.objects.get(pk=who.pk), acts) if row.key == case.pk]


def _arrange(client: Client, office: Office, what: str, **data: Any) -> Any:
    data = {"what": what, "item": office.item, "note": f"{what}的话", **data}
    return post(client, "arrange", office.case.agreement, data, sort="case", key=office.case.pk)


def _told(who: Person, code: str) -> Notification:
    return Notification.objects.filter(person=who, code=code).latest("pk")


def _page(client: Client, name: str, office: Office, **keys: str) -> str:
    answer = client.get(reverse(name, kwargs={"agreement": office.case.agreement.pk, **keys}))
    assert answer.status_code == 200
    return str(answer.content.decode())


def _desk(client: Client, office: Office) -> str:
    return _page(client, "desk", office, sort="case", key=office.case.pk)


def test_a_reminder_rings_at_whoever_has_the_item(office: Office, as_person: Any) -> None:
    """Once each press, at the officer and not at those who lead; its words stand on the list and in the history."""
    head, one = as_person(office.head.username), as_person(office.one.username)
    assert said(_arrange(head, office, "urged"), "desk_done_urged")
    line = _told(office.one, "portal_told_urged")
    assert not Notification.objects.filter(code="portal_told_urged").exclude(person=office.one).exists()
    assert "urged的话" in _page(one, "notifications", office)
    html = _page(one, "inbox", office)
    assert "已催办 1 次" in html
    assert "urged的话" in html
    assert one.get(line.path).status_code == 200
    assert "urged的话" in _desk(head, office)


def test_an_item_handed_on_stands_with_the_other_department_which_may_act(office: Office, as_person: Any) -> None:
    """It leaves the one list, rings at the other, stands in hand with who gave it, and the case can be answered."""
    one, other = as_person(office.one.username), as_person(office.other.username)
    assert _list(office.one, office.case) == ["turn"]
    assert _list(office.other, office.case) == []
    before = post(other, "record_step", office.case.agreement, _reply(office), case=office.case.pk)
    assert Step.objects.filter(case=office.case).count() == 1, before
    office_of = office.other.departments.get().key
    assert said(_arrange(one, office, "handed", to=[f"d:{office_of}"]), "desk_done_handed")
    assert (_list(office.one, office.case), _list(office.other, office.case)) == ([], ["turn"])
    assert _list(office.head, office.case) == []
    _told(office.other, "portal_todo_handle")
    assert "handed的话" in _page(other, "inbox", office)
    assert "handed的话" in _page(one, "inbox", office)
    post(other, "record_step", office.case.agreement, _reply(office), case=office.case.pk)
    assert Step.objects.filter(case=office.case).count() == 2
    assert _list(office.other, office.case) == []


def _reply(office: Office) -> dict[str, Any]:
    return {
        "node": "replied",
        "on": TODAY.isoformat(),
        "note": "已提供",
        "after": Case.objects.get(pk=office.case.pk).tip,
    }


def test_an_item_goes_to_one_and_only_to_who_may_do_it(office: Office, as_person: Any) -> None:
    """Nobody, two at once, someone of the other side: each is refused with a sentence, and nothing is recorded."""
    one, n = as_person(office.one.username), office.case.agreement.entries.count()
    both = [f"p:{office.head.username}", f"p:{office.other.username}"]
    for to, code in (
        ([], "desk_whom_missing"),
        (both, "desk_whom_missing"),
        ([f"p:{office.asking.username}"], "desk_whom_unknown"),
    ):
        assert said(_arrange(one, office, "handed", to=to), code)
    assert said(_arrange(one, office, "handed", to=both[:1], note=" "), "desk_note_missing")
    assert said(_arrange(as_person(office.other.username), office, "handed", to=both[:1]), "desk_not_yours")
    assert said(_arrange(one, office, "instructed", to=both[:1]), "desk_not_yours")
    assert office.case.agreement.entries.count() == n


def test_a_leaders_instruction_is_carried_out_and_comes_back(office: Office, as_person: Any) -> None:
    """It stands on the list of whom it is for, one press carries it out, and the leader hears of it with the words."""
    leader, one = as_person(office.leader.username), as_person(office.one.username)
    day = TODAY + timedelta(days=3)
    to = {"to": [f"p:{office.one.username}"], "due_on": day.isoformat()}
    assert said(_arrange(leader, office, "instructed", **to), "desk_done_instructed")
    assert "carry_out" in _list(office.one, office.case)
    assert "instructed的话" in _page(one, "inbox", office)
    row = Todo.objects.get(act="carry_out")
    assert (row.due_on, row.person) == (day, office.one.username)
    assert said(post(as_person(office.other.username), "desk_answer", office.case.agreement, {"item": row.pk}),
                "desk_not_yours")  # fmt: skip
    answer = post(one, "desk_answer", office.case.agreement, {"item": row.pk, "note": "已经落实"})
    assert said(answer, "desk_done_carry_out")
    assert "carry_out" not in _list(office.one, office.case)
    _told(office.leader, "portal_told_carried_out")
    assert "已经落实" in _page(leader, "notifications", office)
    assert "已反馈 1 / 1" in _desk(leader, office)
    assert said(post(one, "desk_answer", office.case.agreement, {"item": row.pk}), "desk_answered")


def test_the_office_records_an_instruction_from_paper(office: Office, as_person: Any, sides: Any) -> None:
    """The page says who recorded it and opens the photo; the other side's officials find neither."""
    head, data = as_person(office.head.username), {"to": [f"d:{office.one.departments.get().key}"]}
    photo = SimpleUploadedFile("批示.png", _png())
    assert said(_arrange(head, office, "instructed", file=photo, **data), "desk_done_instructed")
    html = _desk(as_person(office.one.username), office)
    assert "由办公室代录" in html
    [act] = DeskAct.objects.filter(what="instructed")
    assert act.role == "office"
    path = html.split(f"/inbox/case/{office.case.pk}/files/")[1].split('"')[0]
    where = reverse("desk_file", args=[office.case.agreement.pk, "case", office.case.pk, path.strip("/")])
    answer = head.get(where)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert as_person(f"coordinator-{sides[1].pk}").get(where).status_code == 404


def _png() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (4, 4), "white").save(out, "PNG")
    return out.getvalue()


def test_what_is_circulated_is_read_with_one_press(office: Office, as_person: Any) -> None:
    """Each of those named has it to read and, once pressed, read; both stand with their counts."""
    one, leader = as_person(office.one.username), as_person(office.leader.username)
    to = [f"p:{office.leader.username}", f"p:{office.other.username}"]
    assert said(_arrange(one, office, "circulated", to=to), "desk_done_circulated")
    counts = leader.get(reverse("inbox_json", args=[office.case.agreement.pk])).json()["counts"]
    assert (counts["to_read"], counts["read"]) == (1, 0)
    [row] = [row for row in waiting_for(office.case.agreement, office.leader, READ) if row.key == office.case.pk]
    assert said(post(leader, "desk_answer", office.case.agreement, {"item": row.pk}), "desk_done_read")
    counts = leader.get(reverse("inbox_json", args=[office.case.agreement.pk])).json()["counts"]
    assert (counts["to_read"], counts["read"]) == (0, 1)
    assert _list(office.other, office.case, READ) == ["read"]
    assert "已反馈 1 / 2" in _desk(one, office)


def test_a_side_sets_a_day_of_its_own_which_the_other_does_not_see(office: Office, as_person: Any) -> None:
    """The own list is ordered and marked by it; the day the other side was given stays."""
    one, day = as_person(office.one.username), TODAY + timedelta(days=9)
    was = Todo.objects.get(pk=office.item).due_on
    assert said(_arrange(one, office, "postponed"), "desk_day_missing")
    assert said(_arrange(one, office, "postponed", due_on=(TODAY - timedelta(days=1)).isoformat()), "desk_day_past")
    assert said(_arrange(one, office, "postponed", due_on=day.isoformat()), "desk_done_postponed")
    [row] = [row for row in waiting_for(office.case.agreement, office.one) if row.key == office.case.pk]
    assert (row.own_due_on, row.due_on) == (day, was)
    assert f"内部期限 {day.isoformat()}" in _page(one, "inbox", office)
    assert day.isoformat() not in _page(as_person(office.asking.username), "case", office, case=office.case.pk)


def test_a_deputy_sees_and_does_what_is_theirs_in_their_name(office: Office, as_person: Any) -> None:
    """From the first day to the last; the step says for whom on the own side's page, and no name leaves the side."""
    one, other = as_person(office.one.username), as_person(office.other.username)
    days = {"from_on": TODAY.isoformat(), "until_on": TODAY.isoformat()}
    data = {"whose": office.one.username, "to": office.other.username, **days}
    assert said(post(other, "give_leave", office.case.agreement, data), "desk_not_yours")
    assert said(post(one, "give_leave", office.case.agreement, {**data, "to": f"reader-{office.one.side_id}"}),
                "desk_deputy_unfit")  # fmt: skip
    assert said(post(one, "give_leave", office.case.agreement, data), "desk_done_deputised")
    _told(office.other, "portal_told_deputised")
    assert _list(office.other, office.case) == ["turn"]
    post(other, "record_step", office.case.agreement, _reply(office), case=office.case.pk)
    assert Step.objects.filter(case=office.case).last().by == office.one.departments.get().key
    assert "代经办wang" in _page(one, "case", office, case=office.case.pk)
    assert "经办wang" not in _page(as_person(office.asking.username), "case", office, case=office.case.pk)


def test_a_leave_ends_and_with_it_the_powers_of_the_deputy(office: Office, as_person: Any) -> None:
    """Before it begins and after it was ended the deputy has none of it."""
    one, tomorrow = as_person(office.one.username), (TODAY + timedelta(days=1)).isoformat()
    data = {"whose": office.one.username, "to": office.other.username}
    post(one, "give_leave", office.case.agreement, {**data, "from_on": tomorrow, "until_on": tomorrow})
    assert _list(office.other, office.case) == []
    post(one, "give_leave", office.case.agreement, {**data, "from_on": TODAY.isoformat(), "until_on": tomorrow})
    assert _list(office.other, office.case) == ["turn"]
    for act in DeskAct.objects.filter(what="deputised"):
        assert said(post(one, "end_leave", office.case.agreement, {"act": act.pk}), "desk_done_deputy_ended")
    assert _list(office.other, office.case) == []


def test_a_successor_has_everything_that_was_open_in_one_act(office: Office, as_person: Any) -> None:
    """What waits, what was asked by name and what is to be read moves; the successor hears of it once."""
    leader, head = as_person(office.leader.username), as_person(office.head.username)
    to = {"to": [f"p:{office.one.username}"]}
    _arrange(leader, office, "instructed", **to)
    _arrange(leader, office, "circulated", **to)
    assert sorted(_list(office.one, office.case, (*WAITING, *READ))) == ["carry_out", "read", "turn"]
    n = Notification.objects.filter(person=office.other).count()
    data = {"whose": office.one.username, "to": office.other.username, "note": "岗位调整"}
    assert said(post(head, "hand_over", office.case.agreement, data), "desk_done_succeeded")
    assert _list(office.one, office.case, (*WAITING, *READ)) == []
    assert sorted(_list(office.other, office.case, (*WAITING, *READ))) == ["carry_out", "read", "turn"]
    assert Notification.objects.filter(person=office.other).count() == n + 1
    row = Todo.objects.get(act="read", key=office.case.pk)
    assert said(post(as_person(office.other.username), "desk_answer", office.case.agreement, {"item": row.pk}),
                "desk_done_read")  # fmt: skip


def test_nothing_of_the_desk_is_read_at_the_other_side(office: Office, as_person: Any, sides: Any) -> None:
    """Words of each act, looked for on each page the other side opens of the matter, and in what is handed over."""
    head, one = as_person(office.head.username), as_person(office.one.username)
    to, day = {"to": [f"p:{office.one.username}"]}, TODAY + timedelta(days=2)
    acts: dict[str, tuple[Client, dict[str, Any]]] = {
        "urged": (head, {}),
        "instructed": (head, {**to, "due_on": day.isoformat(), "file": SimpleUploadedFile("批示的照片.png", _png())}),
        "circulated": (head, to),
        "postponed": (one, {"due_on": day.isoformat()}),
        "handed": (one, {"to": [f"p:{office.other.username}"]}),
    }
    for what, (client, data) in acts.items():
        assert said(_arrange(client, office, what, **data), f"desk_done_{what}"), what
    data = {"whose": office.one.username, "to": office.other.username, "note": "请假的话"}
    days = {"from_on": TODAY.isoformat(), "until_on": day.isoformat()}
    assert said(post(one, "give_leave", office.case.agreement, {**data, **days}), "desk_done_deputised")
    assert said(post(head, "hand_over", office.case.agreement, {**data, "note": "移交的话"}), "desk_done_succeeded")
    reply = as_person(office.other.username)
    post(reply, "record_step", office.case.agreement, _reply(office), case=office.case.pk)
    assert Step.objects.filter(case=office.case).count() == 2
    secrets = [*(f"{what}的话" for what in acts), "请假的话", "移交的话", "批示的照片", "经办wang", "经办li"]
    keys = {"sort": "case", "key": office.case.pk}
    pages: list[tuple[str, dict[str, str]]] = [
        ("case", {"case": office.case.pk}), ("desk", keys), ("leave", {}), ("inbox", {}), ("notifications", {}),
        ("home", {}), ("tickets", {}), ("share", {}), ("brief", {}), ("search", {}),
    ]  # fmt: skip
    for role in ("coordinator", "leader", "officer", "auditor"):
        client = as_person(f"{role}-{sides[1].pk}")
        for name, each in pages:
            for one_of in (name, f"{name}_json"):
                answer = client.get(reverse(one_of, kwargs={"agreement": office.case.agreement.pk, **each}))
                found = [secret for secret in secrets if secret in answer.content.decode()]
                assert not found, (role, one_of, found)
    assert all(row.is_inner for row in office.case.agreement.entries.filter(kind="arranged"))
    log = DatabaseLog(office.case.agreement)
    made = bundle(log, key_of(sides[0]), sides[0].pk, sides[1].pk, known={sides[1].pk: Head(1, 0, GENESIS)})
    sealed = b"".join(part.data or b"" for entry in made.entries for part in entry.parts).decode()
    assert office.case.pk in sealed
    assert not [secret for secret in secrets if secret in sealed]
    assert _png() not in made.files
    arranged = set(office.case.agreement.entries.filter(kind="arranged").values_list("commit", flat=True))
    assert arranged
    assert not arranged & {entry.commit for entry in made.entries}


def test_the_record_holds_and_tells_what_was_arranged(office: Office, as_person: Any) -> None:
    """Verified whole, folded anew to the same rows, and each act has its sentence."""
    head = as_person(office.head.username)
    _arrange(head, office, "urged")
    _arrange(head, office, "handed", to=[f"p:{office.other.username}"])
    assert not verify_agreement(office.case.agreement).faults
    side = office.head.side_id
    lines = [*telling.lines(DatabaseLog(office.case.agreement), [f"desk/{side}:case/{office.case.pk}"], "zh")]
    assert ["催办" in lines[0], "转办" in lines[1]] == [True, True]
    before = list(DeskAct.objects.order_by("pk").values())
    rebuild(DatabaseLog(office.case.agreement))
    assert list(DeskAct.objects.order_by("pk").values()) == before


def test_the_pages_of_the_desk_are_whole(office: Office, agreement: Any, as_person: Any, sides: Any) -> None:
    """In both languages, with their twins, closed to everybody else."""
    check_page("desk", agreement, as_person, sides, sort="case", key=office.case.pk)
    check_page("leave", agreement, as_person, sides)
    html, document = check_page("inbox", agreement, as_person, sides, role="leader")
    assert {"waiting", "in_hand", "done", "to_read", "read"} == set(document["counts"])
    assert "待阅" in html
    assert IN_HAND == ("step",)
