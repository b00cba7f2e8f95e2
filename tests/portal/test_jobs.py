"""Long work: asked for once, told as it goes, stopped, begun again; its pages; and what is left of it after kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import job_kinds
import pytest
from django.urls import reverse
from nodes import SETUP, python
from portal_checks import check_act, post

from duijie.errors import DeniedError, InputError
from duijie_portal.ledger import jobs
from duijie_portal.ledger.models import Job, Notification, Party


@pytest.fixture
def asker(person: Any, sides: Any) -> Any:
    return person(f"coordinator-{sides[0].pk}")


def _codes(row: Job) -> list[str]:
    return list(row.lines.values_list("code", flat=True))


def _entered(row: Job) -> int:
    return Party.objects.filter(pk__startswith=row.pk).count()


def _run(row: Job) -> Job:
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    return row


def test_a_job_is_done_told_and_leads_to_its_result(asker: Any, agreement: Any) -> None:
    row = _run(jobs.start(asker, agreement, "test.steps", n=3))
    assert (row.state, row.n_done, row.n_total, row.path) == ("done", 3, 3, "/result/")
    assert _entered(row) == 3
    assert _codes(row) == ["job_started", "job_done"]
    told = Notification.objects.filter(person=asker).latest("pk")
    assert (told.code, told.path) == ("job_told_done", reverse("job", args=[agreement.pk, row.pk]))


def test_the_same_work_is_asked_for_once_at_a_time(asker: Any, agreement: Any) -> None:
    first = jobs.start(asker, agreement, "test.whole", subject="a", n=1)
    assert jobs.start(asker, agreement, "test.whole", subject="a", n=1) == first
    assert jobs.start(asker, agreement, "test.whole", subject="b", n=1) != first
    _run(first)
    assert jobs.start(asker, agreement, "test.whole", subject="a", n=1) != first


def test_a_job_runs_once_though_the_queue_names_it_twice(asker: Any, agreement: Any) -> None:
    row = _run(jobs.start(asker, agreement, "test.whole", n=2))
    _run(row)
    assert _entered(row) == 2
    assert row.attempt == 1


def test_a_fault_leaves_nothing_and_says_why(asker: Any, agreement: Any) -> None:
    row = _run(jobs.start(asker, agreement, "test.fault"))
    assert (row.state, _entered(row)) == ("failed", 0)
    assert row.lines.last().values == {"n": 7}
    broken = _run(jobs.start(asker, agreement, "test.broken"))
    assert _codes(broken)[-1] == "job_broke"
    assert "secret" not in json.dumps(list(broken.lines.values("code", "values")))


def test_an_unknown_kind_is_refused(asker: Any, agreement: Any) -> None:
    with pytest.raises(InputError):
        jobs.start(asker, agreement, "test.nothing")


def test_a_waiting_job_is_cancelled_at_once_and_can_begin_again(asker: Any, agreement: Any) -> None:
    row = jobs.start(asker, agreement, "test.whole", n=1)
    jobs.cancel(asker, row)
    assert (_run(row).state, _entered(row)) == ("cancelled", 0)
    with pytest.raises(DeniedError):
        jobs.cancel(asker, row)
    jobs.again(asker, row)
    assert (_run(row).state, _entered(row)) == ("done", 1)
    with pytest.raises(DeniedError):
        jobs.again(asker, row)


@pytest.mark.parametrize(("kind", "n_kept"), [("test.steps", 2), ("test.whole", 0)])
def test_a_running_job_stops_at_its_next_word(
    asker: Any, agreement: Any, monkeypatch: pytest.MonkeyPatch, kind: str, n_kept: int
) -> None:
    row = jobs.start(asker, agreement, kind, n=5)
    real, seen = jobs.Run.tell, []

    def ask_to_stop(self: jobs.Run, *figures: Any) -> None:
        seen.append(figures)
        if len(seen) == 3:
            jobs.cancel(asker, self.job)
            self._told_at = 0.0
        real(self, *figures)

    monkeypatch.setattr(jobs.Run, "tell", ask_to_stop)
    assert _run(row).state == "cancelled"
    assert _entered(row) == n_kept
    jobs.again(asker, row)
    monkeypatch.setattr(jobs.Run, "tell", real)
    assert (_run(row).state, _entered(row)) == ("done", 5)


def test_a_worker_thought_dead_writes_nothing_more(asker: Any, agreement: Any) -> None:
    """Its job was given to another: the step it wakes up in is rolled back."""
    row = jobs.start(asker, agreement, "test.steps", n=2)
    held = jobs._claimed(row.pk)
    assert held is not None
    Job.objects.filter(pk=row.pk).update(attempt=2)
    with pytest.raises(jobs.Interrupted), jobs.Run(held).step(n_done=1):
        job_kinds._enter(jobs.Run(held), 0)
    assert _entered(row) == 0


@pytest.mark.parametrize(
    ("kind", "state", "code"), [("test.steps", "waiting", "job_goes_anew"), ("test.whole", "failed", "job_rolled_back")]
)
def test_a_job_without_a_sign_of_life_is_taken_up(asker: Any, agreement: Any, kind: str, state: str, code: str) -> None:
    row = jobs.start(asker, agreement, kind, n=1)
    assert jobs._claimed(row.pk)
    assert jobs.revive() == 0
    Job.objects.filter(pk=row.pk).update(beat_at=row.asked_at - 2 * jobs.STALE)
    assert jobs.revive() == 1
    row.refresh_from_db()
    assert (row.state, _codes(row)[-1]) == (state, code)


def test_a_job_lost_from_the_queue_is_put_back(asker: Any, agreement: Any) -> None:
    row = jobs.start(asker, agreement, "test.steps", n=1)
    Job.objects.filter(pk=row.pk).update(task=None, queued_at=row.asked_at - 2 * jobs.STALE)
    assert jobs.revive() == 1
    assert jobs.revive() == 0


# Pages


def test_the_pages_show_ones_own_jobs_in_both_languages(asker: Any, agreement: Any, as_person: Any, sides: Any) -> None:
    row = jobs.start(asker, agreement, "test.steps", n=4)
    shown = as_person(asker.username).get(reverse("job", args=[agreement.pk, row.pk])).content.decode()
    assert 'hx-trigger="every 2s"' in shown
    _run(row)
    for language, word in (("zh-hans", "已完成"), ("en", "Done")):
        client = as_person(asker.username, language)
        for path in (reverse("jobs", args=[agreement.pk]), reverse("job", args=[agreement.pk, row.pk])):
            answer = client.get(path)
            assert answer.status_code == 200
            assert word in answer.content.decode()
            assert "hx-trigger" not in answer.content.decode()
    document = as_person(asker.username).get(reverse("job_json", args=[agreement.pk, row.pk])).json()
    assert document["job"]["done_share"] == 1.0
    assert [line["code"] for line in document["lines"]] == ["job_started", "job_done"]


def test_nobody_elses_job_exists_but_for_the_sides_system_administrator(
    asker: Any, agreement: Any, as_person: Any, sides: Any
) -> None:
    row = _run(jobs.start(asker, agreement, "test.fault"))
    row.lines.create(code="portal_import_faults", values={"n": "a name"})
    path, twin = reverse("job", args=[agreement.pk, row.pk]), reverse("job_json", args=[agreement.pk, row.pk])
    for username in (f"officer-{sides[0].pk}", f"leader-{sides[0].pk}", f"system-{sides[1].pk}", "stranger", "nobody"):
        assert as_person(username).get(path).status_code == 404
        assert as_person(username).get(twin).status_code == 404
        assert as_person(username).post(reverse("repeat_job", args=[agreement.pk, row.pk])).status_code == 404
    system = as_person(f"system-{sides[0].pk}")
    assert system.get(path).status_code == 200
    assert "a name" not in system.get(twin).content.decode()
    assert "a name" in as_person(asker.username).get(twin).content.decode()
    post(system, "repeat_job", agreement, {}, job=row.pk)
    row.refresh_from_db()
    assert row.state == "waiting"


def test_acts_are_posts_and_the_empty_page_says_what_comes(asker: Any, agreement: Any, as_person: Any) -> None:
    row = jobs.start(asker, agreement, "test.steps", n=1)
    check_act("cancel_job", agreement, as_person, job=row.pk)
    check_act("repeat_job", agreement, as_person, job=row.pk)
    post(as_person(asker.username), "cancel_job", agreement, {}, job=row.pk)
    row.refresh_from_db()
    assert row.state == "cancelled"
    other = as_person(f"reader-{agreement.sides.first().pk}")
    assert "还没有后台任务" in other.get(reverse("jobs", args=[agreement.pk])).content.decode()


# Real processes

KINDS = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import job_kinds\n"
WORKER = SETUP + KINDS + "from duijie_portal.ledger.worker import work; work()"
ASK = (
    SETUP
    + KINDS
    + """
import json
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import jobs
agreement = Agreement.objects.get()
person = Person.objects.first() or Person.objects.create_user("one", None, role="officer", side=agreement.sides.first())
print(jobs.start(person, agreement, sys.argv[1], **json.loads(sys.argv[2])).pk)
"""
)
LOOK = (
    SETUP
    + """
import json
from duijie_portal.ledger.models import Job, Party
row = Job.objects.get(pk=sys.argv[1])
n = Party.objects.filter(pk__startswith=row.pk).count()
print(json.dumps([row.state, row.n_done, n, row.attempt, list(row.lines.values_list("code", flat=True))]))
"""
)


def _begin(node: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER], env={**node, "DUIJIE_JOB_BEAT_SECONDS": "0.1"})


def _wait(node: dict[str, str], key: str, until: Any, seconds: float = 60) -> list[Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: list[Any] = json.loads(python(LOOK, node, key))
        if until(found):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


@pytest.mark.parametrize(("kind", "seconds"), [("test.steps", 0), ("test.whole", 2 * jobs._TELL_SECONDS)])
def test_kill_9_of_the_worker_loses_nothing(environment: dict[str, str], kind: str, seconds: float) -> None:
    """What resumes ends with every item once; what does not has written nothing and says so."""
    key = python(ASK, environment, kind, json.dumps({"n": 24, "stuck_at": 3, "seconds": seconds})).strip()
    worker = _begin(environment)
    try:
        _wait(environment, key, lambda found: found[1] >= 3)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(20)
        _, n_done, n_entered, _, _ = json.loads(python(LOOK, environment, key))
        assert (n_done, n_entered) == (3, 3 if kind == "test.steps" else 0)
        worker = _begin(environment)
        found = _wait(environment, key, lambda found: found[0] in ("done", "failed"))
    finally:
        worker.terminate()
        worker.wait(30)
    if kind == "test.steps":
        assert found[:4] == ["done", 24, 24, 2]
        assert found[4] == ["job_started", "job_goes_on", "job_resumed", "job_done"]
    else:
        assert (found[0], found[2]) == ("failed", 0)
        assert found[4] == ["job_started", "job_rolled_back"]


def test_a_worker_told_to_end_puts_its_job_back_at_once(environment: dict[str, str]) -> None:
    key = python(ASK, environment, "test.steps", json.dumps({"n": 40, "seconds": 0.1})).strip()
    worker = _begin(environment)
    _wait(environment, key, lambda found: found[1] >= 2)
    worker.terminate()
    worker.wait(30)
    state, n_done, n_entered, _, codes = json.loads(python(LOOK, environment, key))
    assert (state, n_done, codes[-1]) == ("waiting", n_entered, "job_goes_on")
    assert 2 <= n_done < 40
