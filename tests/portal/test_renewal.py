"""The pipeline run again from the portal: with what both sides released, by those who may, stopped where asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from duijie_portal.frame.jobs import begin
from duijie_portal.ledger import jobs
from duijie_portal.ledger.models import Agreement, Job, Party
from duijie_portal.ledger.visibility import Visibility

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(home: Path) -> Iterator[Agreement]:
    """An agreement that holds tables of its own."""
    found = Agreement.objects.get(is_rehearsal=False)
    yield found
    shutil.rmtree(home / found.pk, ignore_errors=True)


def _firm(agreement: Agreement, name: str, visibility: str) -> None:
    moment = timezone.now()
    side = agreement.sides.order_by("pk").first()
    said = {"source": {"publisher": "部门台账", "title": "名录", "as_of": "2025"}, "products": ["鞋面"]}
    row = Party(agreement=agreement, side=side, id=name, kind="firm", name=name, industry="195", payload=said)
    row.visibility, row.cleared_at, row.released_at = visibility, moment, moment
    row.save()


def test_the_next_run_counts_with_what_was_released(
    elsewhere: Agreement, as_person: Any, person: Any, home: Path
) -> None:
    _firm(elsewhere, "新放行鞋面厂", Visibility.BOTH)
    _firm(elsewhere, "本方内部鞋面厂", Visibility.OWN)
    answer = as_person("stranger").post(reverse("renew_results", args=[elsewhere.pk]))
    row = Job.objects.get(agreement=elsewhere, kind="agenda.run")
    assert answer["Location"] == reverse("job", args=[elsewhere.pk, row.pk])
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    assert (row.state, row.path) == ("done", reverse("home", args=[elsewhere.pk]))
    assert row.lines.get(code="job_agenda_released").values == {"n": 1}
    results = home / elsewhere.pk / "results"
    assert json.loads((results / "diagnose.json").read_text(encoding="utf-8"))["agreement"] == elsewhere.pk
    read = (home / elsewhere.pk / "folder" / "tables" / "firms.csv").read_text(encoding="utf-8-sig")
    assert "新放行鞋面厂" in read
    assert "本方内部鞋面厂" not in read
    assert "新放行鞋面厂" in (home / elsewhere.pk / "records.jsonl").read_text(encoding="utf-8")


def test_a_stopped_run_leaves_the_results_that_stand(elsewhere: Agreement, person: Any, home: Path) -> None:
    results = home / elsewhere.pk / "results"
    results.mkdir(parents=True)
    (results / "diagnose.json").write_text('{"kept": true}', encoding="utf-8")
    asker = person("stranger")
    row = begin(asker, elsewhere)
    Job.objects.filter(pk=row.pk).update(is_cancelling=True)
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert json.loads((results / "diagnose.json").read_text(encoding="utf-8")) == {"kept": True}


def test_who_may_ask(agreement: Agreement, as_person: Any, sides: Any) -> None:
    path = reverse("renew_results", args=[agreement.pk])
    for role in ("officer", "firm", "reader", "auditor"):
        assert as_person(f"{role}-{sides[0].pk}").post(path).status_code == 403
    assert as_person("stranger").post(path).status_code == 404
    assert as_person(f"leader-{sides[0].pk}").get(path).status_code == 405
    assert not Job.objects.filter(kind="agenda.run").exists()
    for role, language, word in (("leader", "en", "Work out anew"), ("coordinator", "zh-hans", "重新计算")):
        page = as_person(f"{role}-{sides[0].pk}", language).get(reverse("home", args=[agreement.pk]))
        assert word in page.content.decode()
