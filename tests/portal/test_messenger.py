"""A page as text for a messenger: short, of what its reader reads and of nothing that is the side's own."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import planted
import pytest
from django.urls import reverse
from portal_checks import post

from duijie_portal.accounts.models import Person
from duijie_portal.frame.plain import MOST, plain_text


def _text(client: Any, path: str) -> str:
    html = client.get(path).content.decode()
    [text] = re.findall(r'<textarea readonly[^>]*aria-label="复制为文字">(.*?)</textarea>', html, re.DOTALL)
    return unescape(text).strip()


@pytest.mark.parametrize("name", ["cases", "brief"])
@pytest.mark.parametrize("role", ["leader", "coordinator"])
def test_lists_and_the_brief_are_short_and_marked_as_a_rehearsal(
    name: str, role: str, agreement: Any, sides: Any, as_person: Any
) -> None:
    """At most 300 characters, whole lines, the mark of the rehearsal first."""
    text = _text(as_person(f"{role}-{sides[0].pk}"), reverse(name, args=[agreement.pk]))
    assert len(text) <= MOST
    assert text.startswith("【演练】")
    assert "<" not in text
    assert len(text.splitlines()) > 2


def test_a_case_says_no_more_than_its_reader_reads(agreement: Any, sides: Any, as_person: Any) -> None:
    """Neither a price that is not open yet nor a word of the own side's desk, for whichever of its readers."""
    need = planted.party(agreement, sides[0], "m-need", visibility="both")
    offer = planted.party(agreement, sides[1], "m-offer", visibility="both")
    for owner in (need, offer):
        Person.objects.create_user(f"of-{owner.pk}", None, role="firm", side=owner.side, party=owner.pk)
    said = {"title": "求购鞋底", "price_most_cny": 7310241}
    planted.listing(need, "m-l-need", payload=said, visibility="both")
    planted.listing(offer, "m-l-offer", role="offer", payload={"title": "供应鞋底"}, visibility="both")
    case = planted.case(agreement, "m-case", need, offer, kind="supply", listings=("m-l-need", "m-l-offer"))
    head = as_person(f"coordinator-{sides[0].pk}")
    act = {"what": "circulated", "to": [f"p:leader-{sides[0].pk}"], "note": "内部的话"}
    post(head, "arrange", agreement, act, sort="case", key=case.pk)
    path = reverse("case", args=[agreement.pk, case.pk])
    assert "内部的话" in head.get(path).content.decode()
    for who in (f"coordinator-{sides[0].pk}", f"coordinator-{sides[1].pk}", "of-m-need", "of-m-offer"):
        text = _text(as_person(who), path)
        assert "求购鞋底" in text
        assert len(text) <= MOST
        assert "内部的话" not in text
        assert "7310241" not in text.replace(",", "")


def test_what_is_too_long_loses_whole_lines() -> None:
    """And says that there is more; one endless line is cut."""
    text = plain_text("\n".join(f"<li>第 {n} 项 &lt;事项&gt;</li>" for n in range(99)))
    assert len(text) <= MOST
    assert text.endswith("项 <事项>\n…")
    assert plain_text("长" * 999) == "长" * (MOST - 1) + "…"
