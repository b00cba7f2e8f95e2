"""A listing opened to the other side is matched by itself: its kind is ranked anew, and shown where it is due."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from on_record import listing_on_record, party_on_record
from portal_checks import check_page, post, said

from duijie.data.words import words
from duijie_portal.accounts.models import Person
from duijie_portal.frame import ranking
from duijie_portal.frame.jobs import begin, rank_outdated
from duijie_portal.ledger import jobs, listings
from duijie_portal.ledger.models import Agreement, Job, Listing, Notification, Party
from duijie_portal.ledger.selectors import result_file, result_path, results
from duijie_portal.match import fact_services, listing_services
from duijie_portal.match.selectors import matches, matching, pair_of
from duijie_portal.match.suggestion_notices import ring_new

pytestmark = pytest.mark.django_db
KIND = "digital"


@pytest.fixture
def stored(home: Path, agreement: Agreement) -> Iterator[Path]:
    """The rehearsal's match document, put back afterwards."""
    path = home / agreement.pk / "results" / "match.json"
    shutil.copy(path, home / "match.kept")
    ranking._KEPT.clear()
    yield path
    (home / "match.kept").rename(path)
    for name in ("match.changes", "match.inside"):
        result_path(agreement, name).unlink(missing_ok=True)


@pytest.fixture
def model(agreement: Agreement, sides: Any) -> Listing:
    """A need of the first side that the results match with an offer of the other side, which lasts until today."""
    document = results(agreement, "match")
    pairs = next(one for one in document["kinds"] if one["kind"] == KIND)["matches"]
    ours = [pair for pair in pairs if document["listings"][pair["need"]]["region"] == sides[0].pk]
    need, offer = (
        Listing.objects.select_related("party", "agreement").get(pk=ours[0][end]) for end in ("need", "offer")
    )
    party = party_on_record(agreement, sides[1].pk, "lasting", "both", industry=offer.party.industry)
    listing_on_record(party, "lasting-offer", "both", **_said(offer))
    return need


def _said(row: Listing) -> dict[str, Any]:
    """What a listing says, but for its dates."""
    names = ("kind", "version", "role", "industry", "basis")
    return {"payload": dict(row.payload), **{name: getattr(row, name) for name in names}}


@pytest.fixture
def fresh(model: Listing, person: Any, sides: Any) -> Callable[..., Listing]:
    """A need like the model that its side has checked and not yet released."""
    counted = count(1)

    def make(party: Party | None = None, **fields: Any) -> Listing:
        row = listing_on_record(party or model.party, f"fresh-{next(counted)}", **{**_said(model), **fields})
        listings.clear(person(f"coordinator-{sides[0].pk}"), model.agreement, rows=[row])
        return row

    return make


@pytest.fixture
def leader(person: Any, sides: Any) -> Any:
    return person(f"leader-{sides[0].pk}")


def _release(leader: Any, *rows: Any, visibility: str = "both") -> None:
    listings.release(leader, rows[0].agreement, rows=rows, visibility=visibility)


def _waiting() -> list[str]:
    return sorted(Job.objects.filter(kind="match.rank", state="waiting").values_list("payload__kind", flat=True))


def _rank() -> Job:
    """Do the one ranking that waits."""
    row = Job.objects.get(kind="match.rank", state="waiting")
    jobs.run_job.call(row.pk)
    row.refresh_from_db()
    return row


def _of(agreement: Agreement, person: Any, listing: Listing) -> list[Any]:
    found: list[Any] = matches(agreement, person, listing.kind, listing=listing.pk)["matches"]
    return found


def test_a_release_asks_for_its_kind_and_the_job_brings_its_matches(
    agreement: Agreement, leader: Any, fresh: Any, stored: Path
) -> None:
    """Only its own kind's part of the document changes; whoever reads the new pairs is told of them, a line each."""
    before = json.loads(stored.read_text(encoding="utf-8"))
    need = fresh()
    _release(leader, need)
    assert _waiting() == [KIND]
    Notification.objects.all().delete()
    row = _rank()
    assert (row.state, row.path) == ("done", f"{reverse('match', args=[agreement.pk])}?kind={KIND}")
    lines = list(Notification.objects.all())
    assert {one.code for one in lines} == {"portal_told_matches"}
    assert len({one.person_id for one in lines}) == len(lines)
    found = _of(agreement, leader, need)
    assert found
    assert all(one["need"]["title"] == need.payload["title"] for one in found)
    after = json.loads(stored.read_text(encoding="utf-8"))
    others = [[one for one in document["kinds"] if one["kind"] != KIND] for document in (before, after)]
    assert others[0] == others[1]
    assert set(after["listings"]) - set(before["listings"]) == {need.pk, "lasting-offer"}


def test_three_opened_at_once_are_ranked_by_one_job(
    agreement: Agreement, leader: Any, fresh: Any, as_person: Any, stored: Path
) -> None:
    """From the page, ticked together; each gets its matches, and the page says that they come."""
    needs = [fresh() for _ in range(3)]
    sent = {"type": "listing", "id": [one.pk for one in needs], "visibility": "both"}
    assert said(post(as_person(leader.username), "release", agreement, sent), "portal_done_release_matched")
    assert _waiting() == [KIND]
    _rank()
    assert all(_of(agreement, leader, need) for need in needs)


def test_what_is_opened_while_a_ranking_runs_gets_one_of_its_own(
    agreement: Agreement, leader: Any, fresh: Any, stored: Path
) -> None:
    """The running one may have read the ledger before it; the two that come meanwhile share the next."""
    first, *later = (fresh() for _ in range(3))
    _release(leader, first)
    running = jobs._claimed(Job.objects.get(kind="match.rank").pk)
    assert running is not None
    for one in later:
        _release(leader, one)
    assert _waiting() == [KIND]
    jobs._do(jobs.Run(running))
    _rank()
    assert all(_of(agreement, leader, one) for one in (first, *later))


def test_the_job_is_asked_for_in_the_transaction_of_the_release(leader: Any, fresh: Any) -> None:
    """Where the release does not stand, nothing is asked for either."""
    need = fresh()
    mark = transaction.savepoint()
    _release(leader, need)
    assert _waiting() == [KIND]
    transaction.savepoint_rollback(mark)
    assert Listing.objects.get(pk=need.pk).released_at is None
    assert _waiting() == []


def test_what_stays_inside_is_not_ranked(agreement: Agreement, leader: Any, fresh: Any, stored: Path) -> None:
    """Neither a release to one's own side nor a need that waits enters the document."""
    inside, held = fresh(), fresh()
    _release(leader, inside, visibility="own")
    _release(leader, fresh())
    _rank()
    assert not {inside.pk, held.pk} & set(results(agreement, "match")["listings"])


def test_what_is_withdrawn_or_erased_leaves_the_results(
    agreement: Agreement, leader: Any, person: Any, sides: Any, fresh: Any, stored: Path
) -> None:
    """A listing that is taken back, and a person who is forgotten, stand in no result a minute later."""
    firm, coordinator = person(f"firm-{sides[0].pk}"), person(f"coordinator-{sides[0].pk}")
    party = party_on_record(agreement, sides[0].pk, "new-party", "both")
    firm.party = party.pk
    firm.save()
    talent = party_on_record(agreement, sides[0].pk, "new-talent", kind="talent")
    said = {"kind": "talent", "role": "offer", "payload": {"title": "演练专长"}, "is_person": True}
    withdrawn, erased = fresh(party), fresh(talent, **said)
    _release(leader, withdrawn, erased)
    for row in Job.objects.filter(kind="match.rank"):
        jobs.run_job.call(row.pk)
    assert {withdrawn.pk, erased.pk} <= set(results(agreement, "match")["listings"])
    listing_services.withdraw_listing(firm, withdrawn)
    fact_services.erase_talent(coordinator, erased)
    assert _waiting() == [KIND, "talent"]
    for row in Job.objects.filter(kind="match.rank", state="waiting"):
        jobs.run_job.call(row.pk)
    assert not {withdrawn.pk, erased.pk} & set(results(agreement, "match")["listings"])


def test_a_party_that_is_opened_renews_the_kinds_of_its_listings(
    agreement: Agreement, leader: Any, person: Any, fresh: Any, sides: Any
) -> None:
    """What is known of an owner counts in the match from its release on."""
    party = party_on_record(agreement, sides[0].pk, "late")
    fresh(party)
    listings.clear(person(f"coordinator-{sides[0].pk}"), agreement, rows=[party])
    _release(leader, party)
    assert _waiting() == [KIND]


def test_a_failed_ranking_keeps_the_last_good_one_and_tells_who_released(
    agreement: Agreement, leader: Any, fresh: Any, stored: Path, as_person: Any, tmp_path: Path
) -> None:
    """The log says what still holds and what to do, and begun again it is done once the fault is mended."""
    before = stored.read_bytes()
    _release(leader, fresh())
    whole = agreement.folder
    Agreement.objects.filter(pk=agreement.pk).update(folder=str(tmp_path))
    row = _rank()
    assert row.state == "failed"
    assert stored.read_bytes() == before
    assert Notification.objects.filter(person=leader, code="job_told_failed").exists()
    Agreement.objects.filter(pk=agreement.pk).update(folder=whole)
    page = as_person(leader.username).get(reverse("job", args=[agreement.pk, row.pk])).content.decode()
    assert words("zh")["job_rank_failed"] in page
    post(as_person(leader.username), "repeat_job", agreement, {}, job=row.pk)
    assert _rank().state == "done"
    assert stored.read_bytes() != before


def test_two_jobs_never_replace_results_at_once(agreement: Agreement, leader: Any, fresh: Any, stored: Path) -> None:
    """One waits while another holds the results, and stops where it is asked to."""
    _release(leader, fresh())
    whole = jobs._claimed(begin(leader, agreement).pk)
    ranking = Job.objects.get(kind="match.rank")
    assert whole is not None
    before = stored.read_bytes()
    with jobs.Run(whole).alone("results"):
        Job.objects.filter(pk=ranking.pk).update(is_cancelling=True)
        jobs.run_job.call(ranking.pk)
    ranking.refresh_from_db()
    assert ranking.state == "cancelled"
    assert stored.read_bytes() == before


def test_what_the_results_lack_is_ranked_once_a_day(
    agreement: Agreement, person: Any, sides: Any, fresh: Any, stored: Path
) -> None:
    """As after a run of the pipeline over the folder alone: the kind is found, ranked, and then there is no more."""
    need = listing_on_record(fresh().party, "opened-at-loading", "both", **_said(fresh()))
    document = dict(results(agreement, "match"))
    for row in document["kinds"]:
        row["provenance"]["parameters"]["on"] = timezone.localdate().isoformat()
    stored.write_text(json.dumps(document), encoding="utf-8")
    assert rank_outdated(agreement) == 1
    assert _waiting() == [KIND]
    row = _rank()
    assert row.person.role in ("leader", "coordinator")
    assert _of(agreement, row.person, need)
    assert rank_outdated(agreement) == 0


def test_an_agreement_without_people_here_asks_for_nothing(agreement: Agreement) -> None:
    """Nobody could be told."""
    Person.objects.filter(side__in=agreement.sides.all()).update(is_active=False)
    assert rank_outdated(agreement) == 0


# One listing at a time


def _ranks_nothing(*args: Any, **options: Any) -> Any:
    raise AssertionError("the whole kind was ranked")


@pytest.fixture
def warm(leader: Any, fresh: Any, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind was ranked in this process; from now on it is not ranked as a whole."""
    _release(leader, fresh())
    _rank()
    monkeypatch.setattr(ranking, "rank_whole", _ranks_nothing)


def _pairs(agreement: Agreement) -> dict[tuple[str, str], Any]:
    kind = next(one for one in results(agreement, "match")["kinds"] if one["kind"] == KIND)
    return {(one["need"], one["offer"]): one for one in kind["matches"]}


def test_a_change_is_laid_beside_the_ranking(
    agreement: Agreement, leader: Any, fresh: Any, warm: None, stored: Path
) -> None:
    """What was ranked stays byte for byte; the new need has its pairs, and each other pair is as it was."""
    before, pairs = stored.read_bytes(), _pairs(agreement)
    need = fresh()
    _release(leader, need)
    assert _rank().state == "done"
    assert stored.read_bytes() == before
    after = _pairs(agreement)
    assert {key: after[key] for key in pairs} == pairs
    assert {key[0] for key in after.keys() - pairs.keys()} == {need.pk}
    assert _of(agreement, leader, need)
    need.refresh_from_db()
    [one] = matching(agreement, leader, [need]).values()
    assert one == {"state": "ranked", "n": len(_of(agreement, leader, need))}


def test_a_changed_and_a_withdrawn_listing_leave_no_trace(
    agreement: Agreement, leader: Any, person: Any, sides: Any, fresh: Any, warm: None, model: Listing
) -> None:
    """Opened with other words its pairs are of these; taken back it stands in no pair and no list."""
    party = party_on_record(agreement, sides[0].pk, "changing", "both")
    firm, need = person(f"firm-{sides[0].pk}"), fresh(party)
    firm.party = party.pk
    firm.save()
    _release(leader, need)
    _rank()
    assert _of(agreement, leader, need)
    listing_services.change_listing(firm, need, payload={**model.payload, "title": "毫不相干的事", "details": ""})
    need.refresh_from_db()
    listings.clear(person(f"coordinator-{sides[0].pk}"), agreement, rows=[need])
    _release(leader, need)
    _rank()
    assert results(agreement, "match")["listings"][need.pk]["title"] == "毫不相干的事"
    listing_services.withdraw_listing(firm, need)
    _rank()
    assert need.pk not in results(agreement, "match")["listings"]
    assert not [key for key in _pairs(agreement) if need.pk in key]


def test_two_processes_come_to_the_same_document(
    agreement: Agreement, leader: Any, fresh: Any, warm: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each starts from the ranking it has in memory and takes in what the other did."""
    other = dict(ranking._KEPT)
    for _ in range(2):
        _release(leader, fresh())
        _rank()
    first = result_file(agreement, "match.changes")
    monkeypatch.setattr(ranking, "_KEPT", other)
    ranking.take_in(agreement, KIND, as_of=timezone.localdate())
    assert result_file(agreement, "match.changes") == first


def test_a_process_that_breaks_leaves_the_last_good_ranking(
    agreement: Agreement, leader: Any, fresh: Any, warm: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file cannot be written all reads as before; the next turn takes in both listings."""
    before, (first, second) = _pairs(agreement), (fresh(), fresh())
    with monkeypatch.context() as broken:
        broken.setattr(ranking, "write_json", _fails)
        _release(leader, first)
        assert _rank().state == "failed"
    assert _pairs(agreement) == before
    _release(leader, second)
    assert _rank().state == "done"
    assert {first.pk, second.pk} <= {need for need, _ in _pairs(agreement)}


def _fails(*args: Any, **options: Any) -> Any:
    raise OSError("no space left")


def test_what_is_not_kept_or_of_another_day_is_ranked_whole(
    agreement: Agreement, leader: Any, fresh: Any, stored: Path
) -> None:
    """A new process, yesterday's ranking and a document of another make each begin with the record."""
    _release(leader, fresh())
    _rank()
    place, kept = next(iter(ranking._KEPT.items()))
    for stale in (None, replace(kept, on=date(2020, 1, 1)), replace(kept, stamp="another")):
        ranking._KEPT.clear()
        if stale is not None:
            ranking._KEPT[place] = stale
        need = fresh()
        _release(leader, need)
        _rank()
        assert _of(agreement, leader, need)
        assert KIND not in result_file(agreement, "match.changes")


def test_many_changes_cost_as_many_queries_as_one(
    agreement: Agreement, leader: Any, fresh: Any, warm: None, django_assert_max_num_queries: Any
) -> None:
    """Reading what was opened does not grow with it."""
    for n in (1, 12):
        _release(leader, *(fresh() for _ in range(n)))
        with django_assert_max_num_queries(60):
            ranking.take_in(agreement, KIND, as_of=timezone.localdate())


def test_a_saved_need_is_matched_for_its_own_side_alone(
    agreement: Agreement, leader: Any, model: Listing, person: Any, as_person: Any, sides: Any, warm: None
) -> None:
    """Its firm and offices read its pairs and cannot answer them yet; nobody else reads, counts or hears of them."""
    party = party_on_record(agreement, sides[0].pk, "saving", "both")
    firm, here, there = (
        person(name) for name in (f"firm-{sides[0].pk}", f"coordinator-{sides[0].pk}", f"coordinator-{sides[1].pk}")
    )
    firm.party = party.pk
    firm.save()
    seen = [client.get(reverse("match_json", args=[agreement.pk])).json() for client in _clients(as_person, there)]
    Notification.objects.all().delete()
    need = listing_services.enter_listing(firm, agreement, kind=KIND, role="need", payload=dict(model.payload))
    assert _waiting() == [KIND]
    _rank()
    for who in (firm, here):
        found = _of(agreement, who, need)
        assert found
        assert all(one["is_inside"] for one in found)
        assert pair_of(agreement, who, need.pk, found[0]["offer"]["id"]) is None
    page = as_person(firm.username).get(reverse("match", args=[agreement.pk]), {"kind": KIND, "listing": need.pk})
    assert words("zh")["portal_match_inside"] in page.content.decode()
    assert reverse("accept_match", args=[agreement.pk]) not in page.content.decode()
    assert _of(agreement, there, need) == []
    assert need.pk not in results(agreement, "match")["listings"]
    assert seen == [one.get(reverse("match_json", args=[agreement.pk])).json() for one in _clients(as_person, there)]
    assert not Notification.objects.filter(code="portal_told_matches").exists()
    listings.clear(here, agreement, rows=[need])
    _release(leader, need)
    _rank()
    assert not any(one.get("is_inside") for one in _of(agreement, firm, need))
    assert need.pk not in result_file(agreement, "match.inside")
    assert _of(agreement, there, need)
    assert Notification.objects.filter(person=there, code="portal_told_matches").exists()


def _clients(as_person: Any, *people: Any) -> list[Any]:
    return [as_person(who.username) for who in people]


# Where it is seen


def test_pages_say_where_a_listing_stands_and_lead_to_its_matches(
    agreement: Agreement, leader: Any, fresh: Any, as_person: Any, sides: Any, stored: Path
) -> None:
    """Before the release, while it waits, after it, and where nothing came of it."""
    need = fresh()

    def standing() -> Any:
        page, document = check_page("listing", agreement, as_person, sides, listing=need.pk)
        return document["listing"]["matching"], page

    assert standing()[0] == {"state": "closed", "n": 0}
    assert words("zh")["portal_matching_closed"] in standing()[1]
    _release(leader, need)
    assert standing()[0] == {"state": "waiting", "n": 0}
    assert words("zh")["portal_matching_waiting"] in standing()[1]
    _rank()
    found, page = standing()
    assert found["state"] == "ranked"
    assert found["n"] == len(_of(agreement, leader, need)) > 0
    address = f"{reverse('match', args=[agreement.pk])}?kind={KIND}&amp;listing={need.pk}"
    assert address in page
    shown = as_person(leader.username).get(address.replace("&amp;", "&")).content.decode()
    assert words("zh")["portal_matching_of_one"] in shown
    assert shown.count('class="pairing') == found["n"]
    stored.write_text(json.dumps({"kinds": [], "listings": {}}), encoding="utf-8")
    assert standing()[0] == {"state": "left_out", "n": 0}
    assert words("zh")["portal_matching_left_out"] in standing()[1]


def test_a_firm_sees_the_number_beside_its_own_need(
    agreement: Agreement, leader: Any, fresh: Any, as_person: Any, person: Any, sides: Any, stored: Path
) -> None:
    """In 我的供需, with the way to them."""
    firm = person(f"firm-{sides[0].pk}")
    need = fresh()
    firm.party = need.party_id
    firm.save()
    _release(leader, need)
    _rank()
    client = as_person(firm.username)
    document = client.get(reverse("own_listings_json", args=[agreement.pk])).json()
    row = next(one for one in document["listings"] if one["id"] == need.pk)
    assert row["matching"]["n"] > 0
    assert f"listing={need.pk}" in client.get(reverse("own_listings", args=[agreement.pk])).content.decode()
    pairs = client.get(reverse("match_json", args=[agreement.pk]), {"kind": KIND, "listing": need.pk}).json()
    assert len(pairs["matches"]) == row["matching"]["n"]


def test_what_opens_to_the_matched_is_named_by_its_suggestions_alone(
    agreement: Agreement, leader: Any, fresh: Any, model: Listing, as_person: Any, person: Any, sides: Any, stored: Path
) -> None:
    """Its pairs show it to the other end; no search and no list of unmatched needs does."""
    secret = "不宜先说的需求"
    matched = fresh(payload={**model.payload, "title": secret + model.payload["title"]})
    lonely = fresh(payload={"title": f"{secret}无人可配"})
    _release(leader, matched, lonely, visibility="matched")
    _rank()
    there = person(f"coordinator-{sides[1].pk}")
    assert _of(agreement, there, matched)[0]["need"]["title"].startswith(secret)
    keys = {one["need"]["id"] for one in matches(agreement, there, KIND)["unmatched"]}
    assert lonely.pk not in keys
    assert lonely.pk in {one["need"]["id"] for one in matches(agreement, leader, KIND)["unmatched"]}
    found = as_person(there.username).get(reverse("search_json", args=[agreement.pk]), {"q": secret})
    assert matched.pk not in found.content.decode()


def test_counts_of_many_listings_cost_as_much_as_of_one(
    agreement: Agreement, leader: Any, django_assert_num_queries: Any
) -> None:
    """The number of queries does not grow with the rows."""
    rows = list(Listing.objects.filter(agreement=agreement)[:50])
    for some in (rows[:1], rows):
        with django_assert_num_queries(3):
            assert len(matching(agreement, leader, some)) == len(some)


def test_the_day_of_the_ranking_is_today(agreement: Agreement, leader: Any, fresh: Any, stored: Path) -> None:
    """What was valid until yesterday is matched no more."""
    past = fresh(valid_until=date(2020, 1, 1))
    _release(leader, past)
    _rank()
    assert _of(agreement, leader, past) == []


def test_a_suggestion_rings_once_at_its_firms_and_their_offices(
    agreement: Agreement, leader: Any, fresh: Any, person: Any, sides: Any, stored: Path
) -> None:
    """One line a reader and kind, with how many; a firm hears of its own pairs alone; ranked again nobody is told."""
    need = fresh()
    own, other = (person(f"firm-{side.pk}") for side in sides)
    for who, party in ((own, need.party_id), (other, "lasting")):
        who.party = party
        who.save()
    _release(leader, need)
    Notification.objects.all().delete()
    _rank()
    lines = {one.person.username: one for one in Notification.objects.select_related("person")}
    found = _of(agreement, own, need)
    assert found
    line = lines[own.username]
    assert (line.code, line.path) == ("portal_told_matches", f"{reverse('match', args=[agreement.pk])}?kind={KIND}")
    assert line.values["n"] >= len(found)
    assert f"coordinator-{sides[0].pk}" in lines
    assert f"coordinator-{sides[1].pk}" in lines
    assert not {f"reader-{sides[0].pk}", f"security-{sides[0].pk}"} & set(lines)
    before = dict(results(agreement, "match"))
    Notification.objects.all().delete()
    nothing = {**before, "kinds": []}
    assert ring_new(agreement, nothing, before) > 0, "what never rang before rings"
    Notification.objects.all().delete()
    assert ring_new(agreement, nothing, before) == 0
    assert not Notification.objects.exists()
