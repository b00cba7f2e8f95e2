"""The page works from the disk without a network, and opens what lies behind numbers, rows and drawings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from report_example import results

from duijie.agenda.report import Reading, compose
from duijie.agenda.report.webpage import webpage
from duijie.data import root
from duijie.terms import Language

ON = date(2026, 2, 3)
CHROMIUM = Path("/usr/bin/chromium")


def made(language: Language = "zh", given: dict[str, Any] | None = None) -> str:
    reading = Reading(given or results(is_rehearsal=True), language)
    return webpage(compose(reading, on=ON), reading)


def own(html: str) -> str:
    """The page without the library inside it."""
    return html.replace((root() / "report" / "echarts" / "echarts.min.js").read_text(encoding="utf-8"), "")


def test_nothing_is_fetched_and_only_listed_sources_are_linked() -> None:
    page = own(made())
    assert not re.findall(r"<(?:link|img|iframe|script)[^>]+(?:src|href)=", page)
    assert re.findall(r'<a href="([^"]+)"', page) == ["https://stats.example/1"]
    assert "mirror.example" not in page
    assert "default-src 'none'" in page


def test_banner_and_notice_are_on_the_page() -> None:
    assert "演练数据" in made()
    assert "not an official document of either government" in made("en")
    assert 'class="banner"' not in own(made(given=results()))


def test_a_hostile_name_stays_a_text() -> None:
    given = results()
    attack = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    given["diagnose"]["links"][0]["firms"] = {"990001": [{"id": "x", "name": attack}]}
    given["diagnose"]["specialization"][0]["name"] = {"zh": attack, "en": attack}
    page = own(made(given=given))
    assert "alert(1)" in page
    assert attack not in page
    assert page.count("<script>") == 2


def test_every_number_and_row_has_what_it_opens() -> None:
    page = own(made())
    [text] = re.findall(r'<script type="application/json" id="data">(.+?)</script>', page, re.DOTALL)
    data = json.loads(text)
    assert set(re.findall(r"data-formula=\"(\w+)\"", page)) == set(data["formulas"])
    assert not [name for name, formula in data["formulas"].items() if formula.startswith("report_")]
    assert set(re.findall(r'data-list="([^"]+)"', page)) == set(data["lists"])
    assert {path.split(".")[0] for path in re.findall(r'data-path="([^"]+)"', page)} <= set(data["documents"])
    assert (
        set(re.findall(r'data-chart="([^"]+)"', page))
        == set(data["charts"])
        == {
            "quotients",
            "map-one",
            "map-two",
            "links",
            "words",
        }
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


def test_in_a_browser_without_a_network(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(made(), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(120_000)  # a loaded machine takes long to draw the charts
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=true]", state="attached")
    assert page.locator(".chart svg").count() == 5
    assert page.locator("[data-chart=map-one] svg text").count() >= 4
    page.locator('button.figure[data-formula="quotient"]').first.click()
    assert "全国样本" in page.locator("dialog").inner_text()
    assert "results/diagnose.json › specialization[0].quotient" in page.locator("dialog").inner_text()
    page.keyboard.press("Escape")
    page.locator("#leader-opportunities button.open").first.click()
    assert "甲市虚构企业" in page.locator("dialog").inner_text()
    page.keyboard.press("Escape")
    hidden = page.locator("tr.extra").first
    assert not hidden.is_visible()
    page.locator("button.all").first.click()
    assert hidden.is_visible()
    assert faults == []
    context.close()


def test_anyone_can_use_the_page(browser: Any, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    path = tmp_path / "report.html"
    path.write_text(made("en"), encoding="utf-8")
    context = browser.new_context(bypass_csp=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.set_default_timeout(120_000)  # a loaded machine takes long to draw the charts
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=true]", state="attached")
    assert [fault["id"] for fault in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
