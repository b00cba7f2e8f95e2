"""A need and an offer of two firms with accounts, opened to both sides, and what is done with them in many tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import planted
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from duijie.ledger.events import Amount, FileRef
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import casework
from duijie_portal.ledger.models import Agreement, Case, Listing
from duijie_portal.ledger.store import keep_bytes

__all__ = ["Pair", "browser", "page_of", "pair", "sign"]

TODAY = timezone.localdate()


@dataclass
class Pair:
    """A need here and an offer there, opened to both sides, each of a firm with an account."""

    agreement: Agreement
    need: Listing
    offer: Listing
    buyer: Person
    seller: Person

    @property
    def key(self) -> str:
        return casework.pair_key(self.need.pk, self.offer.pk)

    @property
    def case(self) -> Case:
        return Case.objects.select_related("agreement", "need", "offer").get(pk=self.key)

    def accept(self, *people: Person) -> Case:
        for person in people:
            casework.accept(person, self.need, offer=self.offer, clause="any")
        return self.case


@pytest.fixture
def pair(agreement: Agreement, sides: Any, person: Callable[[str], Person]) -> Pair:
    people, rows = [], []
    for side, role in zip(sides, ("need", "offer"), strict=True):
        party = planted.party(agreement, side, f"走读测试{role}", visibility="both")
        said = {"title": f"鞋面布{role}", "quantity_month": 1_500_000, "details": "针织鞋面坯布"}
        rows.append(planted.listing(party, f"l-{role}", role=role, payload=said, visibility="both"))
        who = person(f"firm-{side.pk}")
        who.party = party.pk
        who.save()
        people.append(who)
    return Pair(agreement, *rows, *people)


@pytest.fixture
def browser(as_person: Any) -> Callable[..., Client]:
    return lambda who, language="zh-hans": as_person(who.username, language)


def page_of(client: Client, pair: Pair, query: str = "") -> str:
    answer = client.get(reverse("case", args=[pair.agreement.pk, pair.key]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def sign(person: Person, case: Case, **about: Any) -> str:
    content = b"%PDF-1.7 contract %%EOF"
    files = (FileRef(keep_bytes(content), len(content), "application/pdf", "contract"),)
    names = {files[0].sha256: "购销合同.pdf"}
    amount = Amount(Decimal("1200000"), "cny")
    said_ = casework.Said(**{"on": TODAY, "amount": amount, "files": files, "names": names, **about})
    return casework.record_step(person, case, node="signed", said=said_)
