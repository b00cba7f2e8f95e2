"""Officials at work in real browsers: signing in, two languages, five sections, a day in the life; no axe finding."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from duijie.data import sentence

SECTIONS = ("", "diagnose/", "match/", "meet/", "track/", "share/")
PAGES = (
    *SECTIONS,
    "brief/",
    "jobs/",
    "notifications/preferences/",
    "diagnose/scenarios/",
    "track/factors/",
    "track/amendments/",
    "match/cases/",
    "match/listings/",
    "track/tickets/",
    "track/conference/",
    "track/practices/",
    "track/changes/",
    "share/verdict/",
    "share/outgoing/",
    "search/?q=a",
    "notifications/",
)


def kept(page: Any, name: str) -> None:
    """Screenshots are a build output, where somebody asks for them."""
    folder = os.environ.get("DUIJIE_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_visitor_sees_titles_and_must_sign_in_for_more(sign_in: Any, portal: Any) -> None:
    page = sign_in()
    page.goto(f"{portal.address}/")
    assert page.locator("article.card").count() == 1
    page.goto(f"{portal.address}/{portal.agreement}/")
    assert "/account/login/" in page.url


def test_five_sections_in_two_languages_and_their_twins(sign_in: Any, portal: Any) -> None:
    page = sign_in("coordinator")
    for language, button in (("zh", "English"), ("en", "中文")):
        for word in SECTIONS:
            page.goto(f"{portal.address}/{portal.agreement}/{word}")
            assert page.locator("html").get_attribute("lang") == {"zh": "zh-Hans", "en": "en"}[language]
            current = page.locator(".tabs [aria-current]").inner_text()
            assert current == sentence(f"portal_section_{word.rstrip('/') or 'home'}", language)
            assert page.locator(".banner").is_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 1280
            kept(page, f"{word.rstrip('/') or 'home'}_{language}")
        page.goto(f"{portal.address}/{portal.agreement}/")
        page.get_by_role("button", name=button).click()
    page.goto(f"{portal.address}/{portal.agreement}/track/")
    with page.expect_navigation():
        page.locator("footer a").click()
    document = page.evaluate("JSON.parse(document.body.innerText)")
    assert len(document["clauses"]) == sum(len(area["clauses"]) for area in document["areas"])


def test_charts_are_drawn(sign_in: Any, portal: Any) -> None:
    page = sign_in("leader")
    page.goto(f"{portal.address}/{portal.agreement}/diagnose/")
    page.wait_for_selector(".chart canvas")
    boxes = page.locator(".chart").count()
    assert boxes >= 3
    assert page.locator(".chart canvas").count() == boxes
    inked = page.evaluate(
        """() => [...document.querySelectorAll('.chart canvas')].map((one) => {
            const bytes = one.getContext('2d').getImageData(0, 0, one.width, one.height).data;
            return bytes.some((value) => value > 0);
        })"""
    )
    assert all(inked)


def test_kinds_of_match_switch_without_leaving_the_page(sign_in: Any, portal: Any) -> None:
    page = sign_in("officer")
    page.goto(f"{portal.address}/{portal.agreement}/match/")
    page.evaluate("window.stayed = true")
    other = page.locator(".pills a:not([aria-current])").first
    name = other.inner_text()
    other.click()
    page.wait_for_function("name => document.querySelector('.pills [aria-current]').innerText === name", arg=name)
    assert page.evaluate("window.stayed")


def test_a_day_in_the_life_of_two_governments(sign_in: Any, portal: Any) -> None:
    here, there, auditor = sign_in("coordinator", 0), sign_in("coordinator", 1), sign_in("auditor", 0)
    tickets = f"{portal.address}/{portal.agreement}/track/tickets/"
    here.goto(tickets)
    here.fill("form[action$='/open/'] input[name=title]", "请核对场地清单")
    here.click("form[action$='/open/'] button")
    assert sentence("portal_done_ticket", "zh") in here.locator(".message").inner_text()

    there.goto(f"{portal.address}/{portal.agreement}/notifications/")
    there.get_by_text("请核对场地清单").first.click()
    there.locator("#next .pills a", has_text="答复").click()
    there.locator("#next textarea[name=note]").fill("已核对,无误")
    there.locator("#next").get_by_role("button", name=sentence("portal_record", "zh")).click()
    assert sentence("portal_done_step", "zh") in there.locator(".message").first.inner_text()
    kept(there, "day_reply")

    here.goto(tickets)
    assert "已核对,无误" in here.locator("tr", has_text="请核对场地清单").first.inner_text()
    here.locator("tr a", has_text="请核对场地清单").first.click()
    here.get_by_role("button", name=sentence("portal_agree_done", "zh")).click()
    assert sentence("portal_done_confirmed", "zh") in here.locator(".message").first.inner_text()

    auditor.goto(f"{portal.address}/{portal.agreement}/share/verdict/")
    assert auditor.locator(".verdict.holds").is_visible()
    leader = sign_in("leader", 1, width=390)
    assert leader.evaluate("document.documentElement.scrollWidth") <= 390
    kept(leader, "leader_phone")


def test_a_firm_sees_itself_and_no_log(sign_in: Any, portal: Any) -> None:
    page = sign_in("firm")
    page.goto(f"{portal.address}/{portal.agreement}/match/cases/")
    assert page.locator("tbody a").count() >= 1
    answer = page.request.get(f"{portal.address}/{portal.agreement}/share/log.jsonl")
    assert answer.status == 403


def test_headers_of_every_answer(sign_in: Any, portal: Any) -> None:
    page = sign_in("reader" if "reader" in " ".join(portal.passwords) else "officer")
    headers = page.goto(f"{portal.address}/{portal.agreement}/").headers
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store, private"
    cookies = {one["name"]: one for one in page.context.cookies()}
    assert cookies["sessionid"]["httpOnly"]
    assert cookies["sessionid"]["sameSite"] == "Lax"


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_any_page_and_none_is_too_wide(sign_in: Any, portal: Any, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe, page = Axe(), sign_in("coordinator", width=width, bypass_csp=True)
    page.goto(f"{portal.address}/{portal.agreement}/match/cases/")
    case = page.locator("tbody a").first.get_attribute("href")
    page.goto(f"{portal.address}/{portal.agreement}/track/")
    clause = page.locator(".board tbody a").first.get_attribute("href")
    page.goto(f"{portal.address}/{portal.agreement}/diagnose/")
    cell = page.locator("#quotients ~ * tbody a").first.get_attribute("href")
    paths = [f"/{portal.agreement}/{one}" for one in PAGES] + [case, clause, cell, "/"]
    paths += ["/account/2fa/", "/account/password/change/", "/account/sessions/"]
    found = {}
    for path in paths:
        page.goto(portal.address + path)
        is_looked_at = width == 1280 or path in (paths[0], clause)
        violations = axe.run(page).response["violations"] if is_looked_at else []
        bad = [(one["id"], one["nodes"][0]["html"][:120]) for one in violations]
        if bad:
            found[path] = bad
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert not found


def test_everything_is_reached_by_keyboard(sign_in: Any, portal: Any) -> None:
    page = sign_in("officer")
    page.goto(f"{portal.address}/{portal.agreement}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main').contains(document.activeElement)")


def test_no_page_asks_any_other_host(sign_in: Any, portal: Any) -> None:
    page = sign_in("officer")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for word in SECTIONS:
        page.goto(f"{portal.address}/{portal.agreement}/{word}")
    assert asked
    assert not [url for url in asked if not re.match(re.escape(portal.address), url)]
