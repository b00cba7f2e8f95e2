"""Whoever reads a figure can open where it comes from, of when it speaks and how surely: by finger and by key."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from import_tables import FIRMS, take
from lxml import html as markup

from duijie.data.words import words
from duijie_portal.meet import services

PAGES = {
    "diagnose": ["//section[@aria-labelledby='links']//tbody/tr", "//section[@aria-labelledby='quotients']//tbody/tr",
                 "//article[contains(@class, 'chain-map')]//tbody/tr", "//section[@aria-labelledby='inside']//article"],
    "match": ["//article[contains(@class, 'pairing')]//div[contains(@class, 'ends')]/div[h2]"],
    "listings": ["//tbody/tr"],
    "cases": ["//tbody/tr"],
    "clause": ["//h2[1]/following-sibling::div[1]//tbody/tr"],
    "organisations": ["//tbody/tr"],
    "facts": ["//tbody/tr"],
    "bookings": ["//article[contains(@class, 'card')][h3]"],
}  # fmt: skip
COMPUTED = ("diagnose", "match", "meet")
"""Pages whose figures the pipeline made: they say how, from which inputs, on which day."""

pytestmark = pytest.mark.usefixtures("fresh_imports")


@pytest.fixture
def page(agreement: Any, sides: Any, as_person: Any, person: Any) -> Any:
    """A page as its reader sees it, with something on it."""
    here = person(f"coordinator-{sides[0].pk}")
    take(here, agreement, "statistics", ["指标", "数值", "单位", "年份"], ["增加值", "约120", "亿元", "2024"])
    take(here, agreement, "firms", *FIRMS)
    services.add_resource(here, agreement, kind="instrument", name_zh="三坐标测量机", fee_cny=120)
    keys: dict[str, dict[str, str]] = {}
    browser = as_person(here.username)
    board = browser.get(reverse("track_json", args=[agreement.pk])).json()
    keys["clause"] = {"clause": board["clauses"][0]["key"]}

    def give(name: str) -> Any:
        answer = browser.get(reverse(name, kwargs={"agreement": agreement.pk, **keys.get(name, {})}))
        return markup.fromstring(answer.content.decode())

    return give


@pytest.mark.parametrize("name", PAGES)
def test_every_row_opens_its_source(name: str, page: Any) -> None:
    shown = page(name)
    for path in PAGES[name]:
        rows = shown.xpath(path)
        assert rows, path
        for row in rows:
            origin = row.xpath(".//details[contains(@class, 'origin')]")
            assert origin, markup.tostring(row, encoding="unicode")[:300]
            told = " ".join(origin[0].text_content().split())
            assert words("zh")["portal_origin_sure"] in told
            assert origin[0].xpath("./summary"), "opens by key and by finger"
            assert not origin[0].xpath(".//@title"), "nothing only a mouse can see"


@pytest.mark.parametrize("name", COMPUTED)
def test_computed_pages_say_how_they_were_made(name: str, page: Any) -> None:
    [made] = page(name).xpath("//details[contains(@class, 'made')]")
    told = made.text_content()
    assert words("zh")["portal_made_inputs"] in told
    assert made.xpath(".//*[contains(@class, 'code')]"), "the digest of what it was made of"


def test_less_than_full_belief_is_said(page: Any) -> None:
    [row] = page("facts").xpath("//tbody/tr")
    summary = row.xpath(".//details/summary")[0].text_content()
    assert "80%" in summary
    assert "2024" in summary
    assert "table.csv" in row.text_content()
