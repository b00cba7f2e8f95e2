"""The links above the pages of a section, and what a search for a page finds."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from duijie_portal.frame.menu import MENU


@pytest.mark.parametrize("role", ["coordinator", "firm", "auditor"])
def test_every_link_shown_opens_and_marks_where_one_is(agreement: Any, sides: Any, as_person: Any, role: str) -> None:
    """Whoever is shown a link to a page of a section may open it, and there it is marked as the page that is open."""
    browser, seen = as_person(f"{role}-{sides[0].pk}"), 0
    for section in ("diagnose", "match", "meet", "track"):
        page = browser.get(reverse(section, args=[agreement.pk])).content.decode()
        bar = page[page.index('class="subnav"') :]
        links = re.findall(r'<a href="([^"?]+)[^"]*"', bar[: bar.index("</nav>")])
        assert links[0] == reverse(section, args=[agreement.pk])
        for link in links:
            answer = browser.get(link)
            assert answer.status_code == 200, link
            found = answer.content.decode().partition('class="subnav"')[2].partition("</nav>")[0]
            if all(one in found for one in links):  # else it is a page with a bar of its own
                assert f'{link}" aria-current="page"' in found, link
            seen += 1
    assert seen > len(MENU["meet"])


@pytest.mark.parametrize(("said", "name"), [("工单", "tickets"), ("Exchange days", "exchange_days"), ("速览", "brief")])
def test_a_search_finds_pages_by_their_names(agreement: Any, sides: Any, as_person: Any, said: str, name: str) -> None:
    """What a menu calls a page finds it in either language; a page that is not theirs is not named to a firm."""
    search, address = reverse("search", args=[agreement.pk]), reverse(name, args=[agreement.pk])
    official = as_person(f"coordinator-{sides[0].pk}").get(search, {"q": said}).content.decode()
    assert f'<a href="{address}">' in official[official.index("<main") :]
    firm = as_person(f"firm-{sides[0].pk}").get(search, {"q": said}).content.decode()
    assert (f'<a href="{address}">' in firm[firm.index("<main") :]) == (name != "brief")
