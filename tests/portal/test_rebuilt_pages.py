"""The rows people read are made of the record and of nothing else: emptied and folded anew, every page is the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import planted
import pytest
from django.apps import apps
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse

from duijie.ledger import events
from duijie_portal.ledger import casework, checking, listings
from duijie_portal.ledger.entries import Entry, EntryPart
from duijie_portal.ledger.models import Case, Listing
from duijie_portal.ledger.recording import Author, append
from duijie_portal.ledger.selectors import agreement_term

# The way of a need, and what shows of it elsewhere; each with its twin.
WITHOUT_KEY = (
    "home", "inbox", "notifications", "brief", "outgoing", "listings", "own_listings", "posts", "match", "cases",
    "organisations", "data_quality", "search", "diagnose", "meet", "funnel", "requests", "exchange_days", "track",
    "tickets", "conference", "share",
)  # fmt: skip
# What changes with every answer: the token of a form, the nonce of a script.
PASSING = (
    re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"'),
    re.compile(rb'nonce="[^"]+"'),
    re.compile(rb'"X-CSRFToken": ?"[^"]+"'),
)
Pages = Mapping[tuple[str, str], tuple[int, bytes]]


@pytest.fixture
def world(agreement: Any, sides: Any, person: Any) -> dict[str, list[str]]:
    """Beside the rehearsal: a firm of each side, a need sent back, a suggestion declined, a step that was returned."""
    mine, theirs = (planted.party(agreement, side, f"p-{side.pk}", visibility="both") for side in sides)
    for party in (mine, theirs):
        firm = person(f"firm-{party.side_id}")
        firm.party = party.pk
        firm.save()
    need = planted.listing(mine, "l-need", payload={"title": "求购鞋面", "details": "每月三千双"}, visibility="both")
    offer = planted.listing(theirs, "l-offer", role="offer", payload={"title": "承接针车"}, visibility="both")
    waiting, back = planted.listing(mine, "l-waiting"), planted.listing(mine, "l-back")
    coordinator = person(f"coordinator-{sides[0].pk}")
    listings.send_back(coordinator, back, note="请补充数量")
    said = {"need": need.pk, "offer": "other", "reason": "distance", "words": {"note": "太远"}}
    subject = f"pair/{sides[0].pk}:{need.pk}+other"
    author = Author(sides[0].pk, mine.pk)
    declined = events.Declined(subject=subject, on=planted.DAY, **{**author.says("need"), **said})
    append(agreement, [(sides[0].pk, declined)])
    case = planted.case(agreement, "c-way", mine, theirs, kind="supply", steps=("match",), listings=(need.pk, offer.pk))
    on = planted.DAY + timedelta(days=1)
    step = casework.record_step(coordinator, case, node="meeting", said=casework.Said(on=on, note="已约周一"))
    assert step
    cases = Case.objects.filter(agreement=agreement).order_by("-last_on").values_list("pk", flat=True)
    shown = Listing.objects.filter(agreement=agreement).order_by("pk").values_list("pk", flat=True)
    clauses = [clause.key for clause in agreement_term(agreement).clauses][:4]
    return {
        "case": ["c-way", *cases[:4]],
        "listing": [need.pk, offer.pk, waiting.pk, back.pk, *shown[:3]],
        "clause": clauses,
    }


def addresses(agreement: Any, world: Mapping[str, list[str]]) -> Iterator[str]:
    """Every page of the way and its twin: the lists, a search, and the pages of rows by key."""
    for name in WITHOUT_KEY:
        for each in (name, f"{name}_json"):
            yield reverse(each, args=[agreement.pk])
    for each in ("match", "match_json"):
        yield f"{reverse(each, args=[agreement.pk])}?kind=supply"
    for each in ("search", "search_json"):
        yield f"{reverse(each, args=[agreement.pk])}?q=求购"
    keyed = [(name, [key]) for name, keys in world.items() for key in keys]
    keyed += [("review", ["listing", key]) for key in world["listing"]]
    keyed += [("listing_edit", [key]) for key in world["listing"][:4]]
    for name, keys in keyed:
        for each in (name, f"{name}_json"):
            try:
                yield reverse(each, args=[agreement.pk, *keys])
            except NoReverseMatch:
                continue


def asked(agreement: Any, world: Mapping[str, list[str]], readers: Mapping[str, Client]) -> Pages:
    """What every reader is answered at every address."""
    found = {}
    cache.clear()
    for name, client in readers.items():
        for path in addresses(agreement, world):
            answer = client.get(path)
            content = b"".join(answer) if answer.streaming else answer.content
            for passing in PASSING:
                content = passing.sub(b"", content)
            found[name, path] = (answer.status_code, content)
    return found


def test_pages_after_a_rebuild_are_the_same_bytes(agreement: Any, sides: Any, as_person: Any, world: Any) -> None:
    """Officials and firms of both sides, and whoever has no account: each answer is the one before, byte for byte."""
    names = [f"{role}-{side.pk}" for side in sides for role in ("coordinator", "leader", "firm")]
    readers = {name: as_person(name) for name in names} | {"public": Client()}
    before = asked(agreement, world, readers)
    for name in names:
        assert sum(status == 200 for (reader, _), (status, _) in before.items() if reader == name) > 30, name
    _empty()
    emptied = asked(agreement, world, readers)
    changed = [key for key in before if before[key] != emptied[key]]
    assert len(changed) > len(before) / 3, "the pages show what was emptied"
    list(checking.rebuild([]))
    after = asked(agreement, world, readers)
    assert [key for key in before if before[key] != after[key]] == []
    [*verdicts] = checking.check([])
    assert [fault for _, verdict in verdicts for fault in verdict.faults] == []


def _empty() -> None:
    """Delete every row that is folded from the record; the record itself stays."""
    for model in apps.get_models():
        if getattr(model, "is_projection", False) and model not in (Entry, EntryPart):
            rows = model._base_manager.all()
            rows._raw_delete(rows.db)
