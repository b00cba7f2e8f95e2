"""Small doors: names tried at the form, a clock set back, a verdict asked for by many, a bomb in an amendment."""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from portal_checks import said
from test_register import filled, send
from test_track_register import _propose
from tests.track.test_yaml_bombs import BOMBS

from duijie_portal import commands
from duijie_portal.ledger import checking
from duijie_portal.ledger.models import Record
from duijie_portal.share import selectors


def test_the_form_tells_five_names_an_hour_that_are_taken(agreement: Any, sides: Any) -> None:
    """Whoever goes through a list of names learns of five; then the address is refused, for free names as well."""
    cache.clear()
    taken = [f"{role}-{sides[0].pk}" for role in ("leader", "officer", "reader", "coordinator", "auditor")]
    for name in taken:
        answer = send(agreement, filled(sides[0], username=name), REMOTE_ADDR="192.0.2.31")
        assert "已被使用" in answer.content.decode()
    for name in ("security", "free-name"):
        answer = send(agreement, filled(sides[0], username=name), REMOTE_ADDR="192.0.2.31")
        assert said(answer, "portal_register_too_many")
    assert send(agreement, filled(sides[0], username="free-name"), REMOTE_ADDR="192.0.2.32").status_code == 302


def test_a_clock_that_was_set_back_is_pointed_out(agreement: Any, monkeypatch: Any, as_person: Any, sides: Any) -> None:
    """By verify and on the page of the verdict, in minutes; it is no fault of the record."""
    assert checking.clock_behind(agreement) == 0
    latest = max(agreement.entries.values_list("recorded_at", flat=True))
    monkeypatch.setattr(checking.timezone, "now", lambda: latest - timedelta(minutes=90))
    assert checking.clock_behind(agreement) == 90
    done = CliRunner().invoke(commands.verify, [agreement.pk], obj={"language": "zh"})
    assert "90" in done.output
    assert done.exit_code == 0
    cache.clear()
    page = as_person(f"reader-{sides[0].pk}").get(reverse("verdict", args=[agreement.pk])).content.decode()
    assert "90 分钟" in page


def test_a_verdict_is_reached_once_a_minute(agreement: Any, as_person: Any, sides: Any, monkeypatch: Any) -> None:
    """Ten who ask at once wait for one; a new entry asks for a new one."""
    cache.clear()
    n_reached = []

    def slow(agreement: Any) -> Any:
        n_reached.append(1)
        time.sleep(0.3)
        return {"holds": True, "n_entries": 1, "n_faults": 0, "faults": [], "at": timezone.now()}

    monkeypatch.setattr(selectors, "_verdict", slow)
    monkeypatch.setattr(selectors, "heads_text", lambda keys: "one head")
    monkeypatch.setattr(selectors, "clock_behind", lambda agreement: 0)
    asking = [Thread(target=selectors.verdict_of, args=(agreement,)) for _ in range(10)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(n_reached) == 1
    monkeypatch.setattr(selectors, "heads_text", lambda keys: "another head")
    selectors.verdict_of(agreement)
    assert len(n_reached) == 2


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_in_an_amendment_holds_nobody_up(agreement: Any, as_person: Any, sides: Any, bomb: str) -> None:
    """One sentence within a second or two, and nothing is proposed."""
    began = time.process_time()
    file = SimpleUploadedFile("added.yaml", f"key: added\nnumber: 99\ntitle: {BOMBS[bomb]}\n".encode()[:199_000])
    answer = _propose(as_person(f"leader-{sides[0].pk}"), agreement, kind="supplement", clause_file=file)
    assert time.process_time() - began < 10
    assert answer.status_code == 200
    assert not Record.objects.filter(agreement=agreement, title_zh="续签三年").exists()
