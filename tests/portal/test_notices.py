"""Being told outside the portal: when, by real mail and real HTTP, at least once, and nothing of the records."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import planted
import pytest
from aiosmtpd.controller import Controller
from django.urls import reverse
from nodes import SETUP, python
from portal_checks import check_act, post

from duijie.data.words import words
from duijie.errors import DeniedError, InputError
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import hooks, notices, outbox
from duijie_portal.ledger.models import Delivery, Notification, Preference
from duijie_portal.ledger.quiet import due_at

HERE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2025, 6, 24, 12, 0, tzinfo=HERE)  # a Tuesday
SECRET = "机密项目甲"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 6, day, hour, minute, tzinfo=HERE)


# Who


def test_nobody_is_told_of_what_they_may_not_read(agreement: Any, sides: Any, person: Any) -> None:
    """One asked list of people, one listing that its side keeps to itself: its own people are told, once, no other."""
    ours, theirs = (Person.objects.get(username=f"coordinator-{side.pk}") for side in sides)
    gone = Person.objects.get(username=f"officer-{sides[0].pk}")
    gone.is_active = False
    row = planted.listing(planted.party(agreement, sides[0], "p-told"), "l-told")

    def told(code: str, **more: Any) -> set[Person]:
        asked = [ours, ours, theirs, gone, Person.objects.get(username=f"system-{sides[0].pk}")]
        n = notices.tell(agreement, notices.Notice(asked, code, "/", about=row, **more))
        found = Notification.objects.filter(code=code)
        assert n <= found.count()
        return {one.person for one in found} if n else set()

    assert told("portal_test_kept") == {ours}
    planted.reopened(row, "both")
    assert told("portal_test_opened", once="listing:l-told") == {ours, theirs}
    assert told("portal_test_opened", once="listing:l-told") == set()


# When


@pytest.mark.parametrize(
    ("moment", "fields", "is_urgent", "expected"),
    [
        (at(24, 12), {"mail": "now"}, False, at(24, 12)),
        (at(24, 20), {"mail": "now"}, False, at(25, 8)),
        (at(25, 3), {"mail": "now"}, False, at(25, 8)),
        (at(25, 3), {"mail": "now"}, True, at(25, 3)),
        (at(25, 3), {"mail": "now", "is_urgent_at_once": False}, True, at(25, 8)),
        (at(27, 21), {"mail": "now"}, False, at(30, 8)),  # Friday night: Monday morning
        (at(28, 12), {"mail": "now"}, False, at(30, 8)),
        (at(28, 12), {"mail": "now", "is_on_working_days_only": False}, False, at(28, 12)),
        (at(28, 12), {"mail": "now"}, True, at(28, 12)),
        (at(24, 12), {"mail": "now", "quiet_from": 11, "quiet_until": 13}, False, at(24, 13)),
        (at(24, 3), {"mail": "now", "quiet_from": 0, "quiet_until": 0}, False, at(24, 3)),
        (at(24, 8, 59), {"mail": "daily"}, False, at(24, 9)),
        (at(24, 9), {"mail": "daily"}, False, at(25, 9)),
        (at(27, 10), {"mail": "daily"}, False, at(30, 9)),
        (at(24, 12), {"mail": "daily", "hour": 22}, False, at(25, 8)),
        (at(24, 12), {"mail": "weekly"}, False, at(30, 9)),
        (at(30, 8), {"mail": "weekly"}, False, at(30, 9)),
        (at(24, 12), {"mail": "weekly", "weekday": 6}, False, at(30, 9)),
        (at(24, 12), {"mail": "weekly"}, True, at(24, 12)),
        # The Dragon Boat Festival of 2025 closed offices on Monday 2 June
        (datetime(2025, 6, 1, 12, tzinfo=HERE), {"mail": "now"}, False, at(3, 8)),
    ],
)
def test_a_line_leaves_at_its_hour(
    moment: datetime, fields: dict[str, Any], is_urgent: bool, expected: datetime
) -> None:
    assert due_at(moment, Preference(**fields), is_urgent=is_urgent) == expected


def test_no_line_ever_leaves_early_in_quiet_hours_or_on_a_free_day() -> None:
    for hours in range(0, 24 * 21, 5):
        moment = at(2, 0) + timedelta(hours=hours, minutes=17)
        for mail in ("now", "daily", "weekly"):
            found = due_at(moment, Preference(mail=mail))
            assert found >= moment
            assert 8 <= found.hour < 20
            assert found.isoweekday() < 6


# Real receivers


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        if self.answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.PUBLIC_URL = "https://portal.example"
    yield box
    controller.stop()


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent and answers with the statuses given, 200 when they are used up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.wait_seconds = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, {key.lower(): value for key, value in self.headers.items()}, body))
        time.sleep(self.server.wait_seconds)
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Location", f"{self.server.url}/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    server = Receiver()
    Thread(target=server.serve_forever, daemon=True).start()
    settings.HOOK_ORIGINS = frozenset({server.url})
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def reader(person: Any, sides: Any) -> Any:
    found = person(f"officer-{sides[0].pk}")
    found.email = "officer@example.org"
    found.save()
    return found


def _line(person: Any, agreement: Any, code: str = "portal_todo_turn_due") -> Notification:
    values = {"title": SECRET, "due_on": "2025-07-01"}
    return Notification.objects.create(
        person=person, agreement=agreement, code=code, values=values, path=f"/{agreement.pk}/track/tickets/"
    )


@pytest.fixture
def new(db: None) -> None:
    """Nothing from the fixtures waits to be passed on."""
    Notification.objects.update(passed_on_at=NOON)


def _pass(now: datetime) -> int:
    outbox.pass_on(now)
    return outbox.deliver(now)


@pytest.mark.usefixtures("new")
class TestMail:
    def test_a_mail_says_in_both_languages_what_it_is_about_and_nothing_of_it(
        self, mailbox: Mailbox, reader: Any, agreement: Any
    ) -> None:
        notices.wish(reader, agreement, mail="now")
        _line(reader, agreement)
        assert _pass(NOON) == 1
        [mail] = mailbox.mails
        text = mail.get_content()
        assert mail["To"] == "officer@example.org"
        assert mail["Subject"].strip() == "有事项待办理 · A matter is yours to handle"
        assert f"https://portal.example/{agreement.pk}/track/tickets/" in text
        assert words("zh")["outside_head"] in text
        assert words("en")["outside_head"] in text
        assert SECRET not in mail.as_string() + text + str(mail["Subject"])
        assert _pass(NOON) == 0

    def test_without_a_wish_nothing_leaves(self, mailbox: Mailbox, reader: Any, agreement: Any) -> None:
        _line(reader, agreement)
        assert _pass(NOON) == 0
        assert mailbox.mails == []

    def test_a_digest_gathers_a_day_and_leaves_out_what_was_read(
        self, mailbox: Mailbox, reader: Any, agreement: Any
    ) -> None:
        notices.wish(reader, agreement, mail="daily")
        lines = [_line(reader, agreement) for _ in range(3)]
        assert _pass(NOON) == 0
        lines.append(_line(reader, agreement, "portal_told_reply_due"))
        assert _pass(NOON + timedelta(hours=3)) == 0
        Notification.objects.filter(pk=lines[0].pk).update(read_at=NOON)
        assert _pass(at(25, 8, 59)) == 0
        assert _pass(at(25, 9)) == 1
        [mail] = mailbox.mails
        assert "3 条" in mail["Subject"]
        assert mail.get_content().count("/track/tickets/") == 6
        assert _pass(at(26, 9)) == 0

    def test_what_was_read_meanwhile_is_not_sent(self, mailbox: Mailbox, reader: Any, agreement: Any) -> None:
        notices.wish(reader, agreement, mail="daily")
        _line(reader, agreement)
        outbox.pass_on(NOON)
        reader.notifications.update(read_at=NOON)
        outbox.deliver(at(25, 9))
        assert mailbox.mails == []
        assert Delivery.objects.get().state == "dropped"

    def test_urgent_lines_pass_the_night(self, mailbox: Mailbox, reader: Any, agreement: Any) -> None:
        notices.wish(reader, agreement, mail="daily")
        _line(reader, agreement, "portal_told_escalated")
        assert _pass(at(24, 23)) == 1
        assert len(mailbox.mails) == 1

    def test_a_server_that_fails_is_tried_again_and_given_up_at_last(
        self, mailbox: Mailbox, reader: Any, agreement: Any
    ) -> None:
        notices.wish(reader, agreement, mail="now")
        mailbox.answer = "451 later"
        _line(reader, agreement)
        moment, seen = NOON, []
        _pass(moment)
        for minutes in outbox.policy()["again_minutes"]:
            assert outbox.deliver(moment + timedelta(minutes=minutes, seconds=-1)) == 0
            moment += timedelta(minutes=minutes)
            seen.append(outbox.deliver(moment))
        row = Delivery.objects.get()
        assert seen == [1] * len(seen)
        assert (row.state, row.n_tries, row.outcome) == ("failed", len(seen) + 1, "outbox_mail_SMTPDataError")
        assert outbox.deliver(moment + timedelta(days=9)) == 0

    def test_a_sender_killed_half_way_is_followed_by_another_with_the_same_key(
        self, mailbox: Mailbox, reader: Any, agreement: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        notices.wish(reader, agreement, mail="now")
        _line(reader, agreement)
        outbox.pass_on(NOON)
        with monkeypatch.context() as patch:
            patch.setattr(outbox, "_note", lambda *_: sys.exit(9))
            with pytest.raises(SystemExit):
                outbox.deliver(NOON)
        assert outbox.deliver(NOON) == 0
        assert outbox.deliver(NOON + timedelta(minutes=outbox.policy()["hold_minutes"])) == 1
        assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1
        assert Delivery.objects.get().state == "sent"

    def test_no_wish_for_mails_without_a_server_or_an_address(
        self, mailbox: Mailbox, reader: Any, agreement: Any, settings: Any
    ) -> None:
        backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, "django.core.mail.backends.dummy.EmailBackend"
        with pytest.raises(InputError, match="notice_no_mail"):
            notices.wish(reader, agreement, mail="now")
        settings.EMAIL_BACKEND, reader.email = backend, ""
        with pytest.raises(InputError, match="notice_no_mail"):
            notices.wish(reader, agreement, mail="now")


@pytest.mark.usefixtures("new")
class TestHooks:
    @pytest.fixture
    def hook(self, receiver: Receiver, person: Any, sides: Any, agreement: Any) -> Any:
        system = person(f"system-{sides[0].pk}")
        return notices.add_hook(system, agreement, name="OA", url=f"{receiver.url}/in?x=1")

    def test_a_side_hears_once_signed_and_without_any_value(
        self, receiver: Receiver, hook: Any, reader: Any, person: Any, sides: Any, agreement: Any
    ) -> None:
        for who in (reader, person(f"coordinator-{sides[0].pk}"), person(f"coordinator-{sides[1].pk}")):
            _line(who, agreement)
        assert _pass(NOON) == 1
        [(path, headers, body)] = receiver.seen
        document = json.loads(body)
        assert path == "/in?x=1"
        assert document["title"] == {"zh": "有事项待办理", "en": "A matter is yours to handle"}
        assert set(document) == {"delivery", "agreement", "at", "title", "link"}
        assert SECRET not in body.decode()
        signed = f"{headers['duijie-time']}.".encode() + body
        expected = hmac.new(hooks.key_of_hook(hook).encode(), signed, hashlib.sha256).hexdigest()
        assert headers["duijie-signature"] == f"v1={expected}"
        assert headers["duijie-time"] == str(int(NOON.timestamp()))
        assert headers["duijie-delivery"] == document["delivery"]

    def test_a_redirect_is_not_followed_and_failures_are_tried_again(
        self, receiver: Receiver, hook: Any, reader: Any, agreement: Any
    ) -> None:
        receiver.statuses = [302, 500]
        _line(reader, agreement)
        _pass(NOON)
        assert Delivery.objects.get().outcome == "outbox_status_302"
        outbox.deliver(NOON + timedelta(minutes=1))
        assert Delivery.objects.get().outcome == "outbox_status_500"
        outbox.deliver(NOON + timedelta(minutes=6))
        assert [path for path, _, _ in receiver.seen] == ["/in?x=1"] * 3
        assert len({headers["duijie-delivery"] for _, headers, _ in receiver.seen}) == 1
        assert Delivery.objects.get().state == "sent"

    def test_a_receiver_that_says_nothing_is_left(
        self, receiver: Receiver, hook: Any, reader: Any, agreement: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hooks, "SECONDS", 0.2)
        receiver.wait_seconds = 1.0
        _line(reader, agreement)
        _pass(NOON)
        assert Delivery.objects.get().outcome == "outbox_TimeoutError"

    @pytest.mark.parametrize(
        "url",
        ["http://127.0.0.1:1/", "https://example.org/", "http://user:word@127.0.0.1/", "ftp://127.0.0.1/"],
    )
    def test_no_address_outside_the_list(
        self, receiver: Receiver, person: Any, sides: Any, agreement: Any, url: str
    ) -> None:
        with pytest.raises(InputError, match="hook_not_allowed"):
            notices.add_hook(person(f"system-{sides[0].pk}"), agreement, name="OA", url=url)

    def test_an_address_taken_off_the_list_hears_no_more(
        self, receiver: Receiver, hook: Any, reader: Any, agreement: Any, settings: Any
    ) -> None:
        settings.HOOK_ORIGINS = frozenset()
        _line(reader, agreement)
        _pass(NOON)
        assert receiver.seen == []
        assert Delivery.objects.get().outcome == "hook_not_allowed"

    def test_a_new_key_signs_otherwise_and_a_closed_address_needs_nothing(
        self, receiver: Receiver, hook: Any, reader: Any, person: Any, sides: Any, agreement: Any
    ) -> None:
        system, before = person(f"system-{sides[0].pk}"), hooks.key_of_hook(hook)
        notices.renew_key(system, hook)
        assert hooks.key_of_hook(hook) != before
        _line(reader, agreement)
        outbox.pass_on(NOON)
        notices.switch_hook(system, hook, is_active=False)
        outbox.deliver(NOON)
        assert receiver.seen == []
        assert Delivery.objects.get().state == "dropped"

    def test_only_the_sides_own_system_administrator_writes(
        self, hook: Any, person: Any, sides: Any, agreement: Any
    ) -> None:
        for username in (f"coordinator-{sides[0].pk}", f"security-{sides[0].pk}", f"system-{sides[1].pk}"):
            with pytest.raises(DeniedError):
                notices.renew_key(person(username), hook)


# Pages


def test_a_person_says_how_to_be_told(mailbox: Mailbox, reader: Any, agreement: Any, as_person: Any) -> None:
    check_act("set_preferences", agreement, as_person)
    wish = {"mail": "weekly", "hour": 10, "weekday": 3, "quiet_from": 19, "quiet_until": 7, "is_urgent_at_once": "on"}
    post(as_person(reader.username), "set_preferences", agreement, wish)
    kept = Preference.objects.get(person=reader)
    assert (kept.mail, kept.hour, kept.weekday, kept.is_on_working_days_only) == ("weekly", 10, 3, False)
    path = reverse("preferences", args=[agreement.pk])
    for language, word in (("zh-hans", "每周汇总"), ("en", "Once a week")):
        assert word in as_person(reader.username, language).get(path).content.decode()
    assert as_person(reader.username).get(reverse("preferences_json", args=[agreement.pk])).json()["wish"]["hour"] == 10
    post(as_person(reader.username), "set_preferences", agreement, {**wish, "hour": 24})
    assert Preference.objects.get(person=reader).hour == 10
    assert as_person("stranger").get(path).status_code == 404


def test_the_system_administrator_sees_what_was_sent_and_none_of_it(
    receiver: Receiver, reader: Any, sides: Any, agreement: Any, as_person: Any, new: None
) -> None:
    system, path = as_person(f"system-{sides[0].pk}"), reverse("deliveries", args=[agreement.pk])
    assert "还没有推送地址" in system.get(path).content.decode()
    for name in ("add_hook", "switch_hook", "renew_hook", "send_again"):
        assert as_person(f"coordinator-{sides[0].pk}").post(reverse(name, args=[agreement.pk])).status_code == 403
        assert system.get(reverse(name, args=[agreement.pk])).status_code == 405
    answer = post(system, "add_hook", agreement, {"name": "OA", "url": f"{receiver.url}/in"})
    hook = notices.hooks_of(agreement, reader).get()
    assert hooks.key_of_hook(hook) in answer.content.decode()
    assert hooks.key_of_hook(hook) not in system.get(path).content.decode()
    _line(reader, agreement)
    receiver.statuses = [500] * 9
    for day in range(9):
        _pass(NOON + timedelta(days=day))
    row = Delivery.objects.get()
    assert row.state == "failed"
    for language, word in (("zh-hans", "已放弃"), ("en", "Given up")):
        shown = as_person(f"system-{sides[0].pk}", language).get(path).content.decode()
        assert word in shown
        assert SECRET not in shown
    assert as_person(f"coordinator-{sides[0].pk}").get(path).status_code == 403
    assert as_person("stranger").get(path).status_code == 404
    other = as_person(f"system-{sides[1].pk}").get(reverse("deliveries_json", args=[agreement.pk])).json()
    assert (other["hooks"], other["deliveries"]) == ([], [])
    assert post(as_person(f"system-{sides[1].pk}"), "send_again", agreement, {"row": row.pk}).status_code == 404
    post(system, "send_again", agreement, {"row": row.pk})
    post(system, "renew_hook", agreement, {"row": hook.pk})
    post(system, "switch_hook", agreement, {"row": hook.pk})
    hook.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, hook.key_number, hook.is_active) == ("waiting", 2, False)


# Real processes

SENDERS = (
    SETUP
    + """
from django.utils import timezone
from duijie_portal.ledger import outbox
print("ready", flush=True)
while True:
    outbox.pass_on(timezone.now())
    outbox.deliver(timezone.now())
"""
)
LINES = (
    SETUP
    + """
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Delivery, Hook, Notification
agreement = Agreement.objects.get()
side = agreement.sides.first()
person = Person.objects.create_user("one", None, role="officer", side=side)
Hook.objects.create(agreement=agreement, side=side, name="OA", url=sys.argv[1])
for number in range(60):
    Notification.objects.create(person=person, agreement=agreement, code="portal_todo_turn_due", path=f"/{number}/")
"""
)
FREE = (
    SETUP
    + """
from django.utils import timezone
from duijie_portal.ledger.models import Delivery
Delivery.objects.filter(state="waiting").update(due_at=timezone.now())
print(Delivery.objects.exclude(state="sent").count(), Delivery.objects.count())
"""
)


def test_kill_9_of_senders_loses_no_line(receiver: Receiver, environment: dict[str, str]) -> None:
    """Two senders at once, killed again and again: every line arrives, a repetition under its own key."""
    node = {**environment, "DUIJIE_HOOK_ORIGINS": receiver.url, "DUIJIE_URL": "https://portal.example"}
    python(LINES, node, f"{receiver.url}/in")
    receiver.wait_seconds = 0.01
    for pause in (0.2, 0.35, 0.5):
        senders = [subprocess.Popen([sys.executable, "-c", SENDERS], env=node, stdout=subprocess.PIPE) for _ in "ab"]
        for one in senders:
            assert one.stdout is not None
            one.stdout.readline()
        time.sleep(pause)
        for one in senders:
            os.kill(one.pid, signal.SIGKILL)
            one.wait(20)
        python(FREE, node)
    last = subprocess.Popen([sys.executable, "-c", SENDERS], env=node, stdout=subprocess.PIPE)
    until = time.monotonic() + 60
    while not python(FREE, node).startswith("0 60") and time.monotonic() < until:
        time.sleep(0.2)
    last.kill()
    last.wait(20)
    keys = [headers["duijie-delivery"] for _, headers, _ in receiver.seen]
    links = {json.loads(body)["link"] for _, _, body in receiver.seen}
    assert len(set(keys)) == 60
    assert links == {f"https://portal.example/{number}/" for number in range(60)}
    assert len(keys) <= 60 + 3 * 2 * 2
