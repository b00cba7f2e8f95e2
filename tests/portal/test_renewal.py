"""Results worked out anew from what both sides hold: on both agreements, by those who may; the last good ones stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from on_record import listing_on_record, party_on_record
from portal_checks import post, said

from duijie import agenda, data
from duijie.data.words import words
from duijie_portal.frame.jobs import begin
from duijie_portal.frame.material import material_of
from duijie_portal.ledger import jobs
from duijie_portal.ledger.listings import listing_event, listing_fields
from duijie_portal.ledger.loading import load_folder, load_records
from duijie_portal.ledger.models import Agreement, Job, Listing, Notification, Party
from duijie_portal.ledger.recording import Author, append

pytestmark = pytest.mark.django_db
AS_OF = date(2025, 6, 30)


@pytest.fixture
def elsewhere(home: Path) -> Iterator[Agreement]:
    """An agreement that holds tables of its own."""
    found = Agreement.objects.get(is_rehearsal=False)
    yield found
    shutil.rmtree(home / found.pk, ignore_errors=True)


@pytest.fixture
def kept(home: Path, agreement: Agreement) -> Iterator[Path]:
    """The results of the rehearsal, put back afterwards."""
    path = home / agreement.pk
    shutil.copytree(path, home / "kept")
    yield path / "results"
    shutil.rmtree(path)
    (home / "kept").rename(path)


def _firm(agreement: Agreement, name: str, level: str = "") -> Party:
    side = agreement.sides.order_by("pk")[0].pk
    source = {"publisher": "部门台账", "title": "名录", "as_of": "2025", "file": "内部.xlsx"}
    payload = {"source": source, "products": ["鞋面"]}
    return party_on_record(agreement, side, name, level, industry="195", payload=payload)


def _run(row: Job) -> Job:
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("name", [path.parent.name for path in (data.root() / "agreements").glob("*/agreement.yaml")])
def test_a_loaded_folder_is_on_record_whole(agreement: Agreement, tmp_path: Path, name: str) -> None:
    """Parties, listings and decisions gathered from the rows are the folder's, as far as both sides read them."""
    folder = data.root() / "agreements" / name
    read = agenda.read(folder, as_of=AS_OF)
    if name != agreement.pk:
        agreement = load_folder(folder)
        lines = tmp_path / "records.jsonl"
        lines.write_text("\n".join(read.records), encoding="utf-8")
        load_records(agreement, lines)
    found = material_of(agreement)
    assert found.parties == read.parties
    assert [one.id for one in found.listings] == [one.id for one in read.listings]
    for one, other in zip(found.listings, read.listings, strict=True):
        assert json.loads(json.dumps(one.payload)) == json.loads(json.dumps(other.payload))
        assert replace(one, payload={}) == replace(other, payload={})
    assert found.decisions == read.decisions
    assert "ledger" in found.inputs


def test_only_what_a_side_opened_enters(agreement: Agreement) -> None:
    """Neither what a side keeps, nor what waits for its release, nor more of an owner than its name."""
    before = {one.id for one in material_of(agreement).listings}
    secret, shown = _firm(agreement, "本方内部厂"), _firm(agreement, "开放厂", "both")
    listing_on_record(shown, "waiting")
    listing_on_record(shown, "inside", "own")
    open_ones = [listing_on_record(secret, f"open-{level}", level) for level in ("matched", "public")]
    empty = listing_on_record(shown, "empty", "both", payload={})
    found = material_of(agreement)
    assert {one.id for one in found.listings} - before == {row.pk for row in open_ones}
    assert empty.pk not in {one.id for one in found.listings}
    parties = {one.id: one for one in found.parties}
    assert parties[shown.pk].products == ("鞋面",)
    assert (parties[secret.pk].name, parties[secret.pk].products, parties[secret.pk].industry) == (secret.name, (), "")
    assert "内部.xlsx" not in repr(found.parties)


def test_what_was_opened_counts_until_its_revision_is(agreement: Agreement) -> None:
    """A need that its party changed is weighed as the other side reads it; fields that open later are unknown."""
    payload = {"title": "求购鞋面", "price_most_cny": 12}
    row = listing_on_record(_firm(agreement, "改需求厂", "both"), "changed", "both", payload=payload)
    fields = listing_fields(kind="supply", version=1, role="need", party=row.party_id, payload={"title": "另有所需"})
    again = listing_event(Author(row.side_id, row.party_id), row.pk, fields, timezone.localdate(), again=True)
    append(agreement, [(row.side_id, again)])
    [held] = [one for one in material_of(agreement).listings if one.id == row.pk]
    assert held.payload == {"title": "求购鞋面"}


def test_the_next_run_counts_what_was_opened(elsewhere: Agreement, as_person: Any, home: Path) -> None:
    """Of an agreement whose ledger was empty: only what the portal holds, nothing of the folder's own rows."""
    listing_on_record(_firm(elsewhere, "新开放鞋面厂", "both"), "open", "both")
    listing_on_record(_firm(elsewhere, "本方内部鞋面厂"), "kept")
    answer = as_person("stranger").post(reverse("renew_results", args=[elsewhere.pk]))
    row = Job.objects.get(agreement=elsewhere, kind="agenda.run")
    assert answer["Location"] == reverse("job", args=[elsewhere.pk, row.pk])
    _run(row)
    assert (row.state, row.path) == ("done", reverse("home", args=[elsewhere.pk]))
    assert row.lines.get(code="job_agenda_read").values == {"n_listings": 1, "n_parties": 1}
    document = json.loads((home / elsewhere.pk / "results" / "match.json").read_text(encoding="utf-8"))
    assert {one["party_name"] for one in document["listings"].values()} == {"新开放鞋面厂"}
    assert not (home / elsewhere.pk / "records.jsonl").exists()


def test_the_rehearsal_is_worked_out_from_its_ledger(
    agreement: Agreement, kept: Path, as_person: Any, sides: Any
) -> None:
    """A new need stands in its results, and no life is generated beside the one on record."""
    need = listing_on_record(_firm(agreement, "演练新厂", "both"), "new", "both")
    records = (kept.parent / "records.jsonl").read_bytes()
    answer = post(as_person(f"leader-{sides[0].pk}"), "renew_results", agreement, {})
    assert said(answer, "portal_renew_begun")
    assert _run(Job.objects.get(kind="agenda.run")).state == "done"
    document = json.loads((kept / "match.json").read_text(encoding="utf-8"))
    assert document["listings"][need.pk]["party_name"] == "演练新厂"
    assert set(document["listings"]) == {*Listing.objects.filter(agreement=agreement).values_list("pk", flat=True)}
    assert (kept.parent / "records.jsonl").read_bytes() == records


def test_a_stopped_run_leaves_the_results_that_stand(elsewhere: Agreement, person: Any, home: Path) -> None:
    """Stopped before it writes, it has written nothing."""
    results = home / elsewhere.pk / "results"
    results.mkdir(parents=True)
    (results / "diagnose.json").write_text('{"kept": true}', encoding="utf-8")
    asker = person("stranger")
    row = begin(asker, elsewhere)
    Job.objects.filter(pk=row.pk).update(is_cancelling=True)
    assert _run(row).state == "cancelled"
    assert json.loads((results / "diagnose.json").read_text(encoding="utf-8")) == {"kept": True}


def test_a_failed_run_says_what_is_wrong_and_what_to_do(
    elsewhere: Agreement, as_person: Any, person: Any, home: Path, tmp_path: Path
) -> None:
    """Each fault of the data folder with its place, then that the earlier results stand; they do."""
    folder = tmp_path / "broken"
    shutil.copytree(elsewhere.folder, folder)
    (folder / "tables" / "statistics.csv").write_text("nonsense\n1\n", encoding="utf-8")
    Agreement.objects.filter(pk=elsewhere.pk).update(folder=str(folder))
    results = home / elsewhere.pk / "results"
    results.mkdir(parents=True)
    (results / "match.json").write_text('{"kept": true}', encoding="utf-8")
    row = _run(begin(person("stranger"), Agreement.objects.get(pk=elsewhere.pk)))
    assert row.state == "failed"
    faults = [line.values for line in row.lines.filter(code="job_fault")]
    assert len(faults) > 1
    assert {one["place"].split()[0] for one in faults} == {"statistics.csv"}
    page = as_person("stranger").get(reverse("job", args=[elsewhere.pk, row.pk])).content.decode()
    assert faults[0]["said"]["zh"] in page
    assert words("zh")["job_agenda_failed"] in page
    assert json.loads((results / "match.json").read_text(encoding="utf-8")) == {"kept": True}
    assert Notification.objects.filter(code="job_told_failed", path__contains=row.pk).exists()


def test_who_may_ask(agreement: Agreement, as_person: Any, sides: Any) -> None:
    """Leaders and coordinators of its sides; a page says what the button does."""
    path = reverse("renew_results", args=[agreement.pk])
    for role in ("officer", "firm", "reader", "auditor"):
        assert as_person(f"{role}-{sides[0].pk}").post(path).status_code == 403
    assert as_person("stranger").post(path).status_code == 404
    assert as_person(f"leader-{sides[0].pk}").get(path).status_code == 405
    assert not Job.objects.filter(kind="agenda.run").exists()
    for role, language, word in (("leader", "en", "Work out anew"), ("coordinator", "zh-hans", "重新计算")):
        page = as_person(f"{role}-{sides[0].pk}", language).get(reverse("home", args=[agreement.pk]))
        assert word in page.content.decode()
        assert words(language[:2])["portal_renew_hint"] in page.content.decode()
