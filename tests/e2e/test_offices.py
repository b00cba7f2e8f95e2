"""Offices in a real browser: a visit on a phone, one firm on one sheet, an investor that was reported before."""

from __future__ import annotations

import re
import time
from typing import Any

FIRM = """
import django, sys
django.setup()
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Party
side = Person.objects.get(username=sys.argv[1]).side_id
print(Party.objects.filter(agreement=sys.argv[2], side=side, kind="firm").order_by("pk").first().name)
"""
MOST_TAPS, MOST_SECONDS = 8, 60


class Hand:
    """What a person does with a phone, counted."""

    def __init__(self, page: Any) -> None:
        self.page, self.taps, self.began = page, 0, time.monotonic()

    def tap(self, what: str) -> None:
        self.taps += 1
        self.page.locator(what).first.click()
        self.page.wait_for_load_state()
        assert self.page.evaluate("document.documentElement.scrollWidth") <= 390, self.page.url

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)


def test_a_visit_takes_eight_taps_on_a_phone(portal: Any, sign_in: Any) -> None:
    """From the home page: find the firm by name, say what was said, save; and one press more makes a need of it."""
    name = portal.python(FIRM, portal.account("coordinator"), portal.agreement).strip()
    hand = Hand(sign_in("coordinator", width=390))
    hand.tap(f"nav.tabs a[href='/{portal.agreement}/match/']")
    hand.tap(f"a[href='/{portal.agreement}/match/firm-visits/']")
    hand.type(name)  # the field has the focus
    hand.tap("#find button")
    if hand.page.locator(".firms a").count():
        hand.tap(".firms a")
    hand.tap("textarea[name=said]")
    hand.type("急需针织鞋面坯布。现有供应商交期不稳。")
    hand.tap("button[name=then][value=need]")
    assert hand.page.locator("[name=title]").input_value() == "急需针织鞋面坯布"
    assert hand.taps <= MOST_TAPS
    assert time.monotonic() - hand.began < MOST_SECONDS
    hand.tap("main form.card .button")
    assert "急需针织鞋面坯布" in hand.page.locator("h1").inner_text()

    desk = sign_in("coordinator")
    desk.goto(f"{portal.address}/{portal.agreement}/match/organisations/?q={name}")
    desk.locator("main table a").first.click()
    assert desk.locator("h1").inner_text() == name
    for part in desk.locator(".figures dd a").all():
        n, target = int(part.inner_text()), part.get_attribute("href")
        shown = desk.locator(f"{target} li").count()
        assert shown == n or (shown < n and desk.locator(f"{target} a[href^='?all=1']").count())
    assert desk.locator("#visits li").count() == 1
    assert len(re.findall(rb"/Type\s*/Page\b", desk.pdf(format="A4"))) == 1


def test_an_investor_that_was_reported_before_is_seen_at_once(portal: Any, sign_in: Any) -> None:
    """The other side's office learns number and department; one's own disputes it, and the coordinator has it to do."""
    leads = f"{portal.address}/{portal.agreement}/track/leads/"

    def report(page: Any, matter: str, office: int) -> None:
        page.goto(leads)
        form = page.locator("form[action$='leads/report/']")
        form.locator("[name=investor]").fill("测试投资 001")
        form.locator("[name=matter]").fill(matter)
        form.locator("[name=department]").select_option(index=office)
        form.locator("button.button").click()
        page.wait_for_load_state()

    here, there = sign_in("coordinator", width=390), sign_in("coordinator", 1)
    report(here, "暗号园区", 0)
    number = here.locator("dl.facts dd").first.inner_text()
    report(there, "另一个园区", 0)
    assert number in there.locator("#first").inner_text()
    assert "暗号园区" not in there.content()
    report(here, "制造基地", 1)
    assert number in here.locator("#first").inner_text()
    here.locator("#first [name=reason]").fill("我部已上门洽谈")
    here.locator("#first button").click()
    here.goto(f"{portal.address}/{portal.agreement}/inbox/")
    assert here.locator("section.ask a", has_text=number).count() == 1
    assert here.evaluate("document.documentElement.scrollWidth") <= 390
