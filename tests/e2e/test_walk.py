"""The thin whole path in real browsers: from a firm's registration to a confirmed step that moves a figure."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from typing import Any

import pytest
from tests.e2e.conftest import LAUNCH

PASSWORD = "glacier-orbit-7712"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(region: str, number: int) -> str:
    """An invented credit code with a right check character (GB 32100)."""
    body = f"91{region}MA{number:07d}"[:17]
    total = sum(_SIGNS.index(sign) * pow(3, at, 31) for at, sign in enumerate(body))
    return body + _SIGNS[(31 - total % 31) % 31]


class Walker:
    """One person in a browser of their own."""

    def __init__(self, page: Any, base: str, agreement: str) -> None:
        self.page, self.base, self.agreement = page, base, agreement

    def at(self, path: str) -> Any:
        self.page.goto(f"{self.base}/{self.agreement}/{path}")
        return self.page

    def sign_in(self, name: str, password: str) -> Walker:
        self.page.goto(f"{self.base}/account/login/?next=/{self.agreement}/")
        self.page.fill("#id_login", name)
        self.page.fill("#id_password", password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_url(f"**/{self.agreement}/")
        return self

    def todo(self, text: str) -> Any:
        """Open what waits with a text, from the inbox as a person does."""
        self.page.goto(f"{self.base}/{self.agreement}/inbox/")
        self.page.locator("section.ask a", has_text=text).first.click()
        return self.page

    def figures(self, clause: str) -> dict[str, float | None]:
        found = self.page.request.get(f"{self.base}/{self.agreement}/track/clauses/{clause}.json").json()
        return {one["key"]: one["actual"] for one in found["clause"]["indicators"]}


@pytest.fixture(params=["phone", "desktop", "real"])
def ground(request: pytest.FixtureRequest) -> tuple[Any, int]:
    """Where it is walked, and how wide the screen is: the rehearsal on both screens, the real agreement on a phone."""
    name = "real_portal" if request.param == "real" else "portal"
    return request.getfixturevalue(name), 1280 if request.param == "desktop" else 390


def press(page: Any, button: str) -> None:
    """Press a button and wait for the page it leads to, however long that takes."""
    with page.expect_navigation():
        page.locator(button).click()


def register(walker: Walker, name: str, side: str, username: str, number: int) -> None:
    page = walker.at("join/")
    page.fill("#id_name", name)
    page.fill("#id_uscc", credit_code(side, number))
    page.select_option("#id_region", side)
    page.fill("#id_contact", "王测试")
    page.fill("#id_phone", "0595-0000000")
    page.fill("#id_username", username)
    page.fill("#id_password", PASSWORD)
    page.check("#id_is_agreed")
    press(page, "main form button.button")
    assert "/join/" in page.url
    assert page.locator(".message.error").count() == 0, page.locator(".message.error").inner_text()


def verify(official: Walker, name: str) -> None:
    page = official.at("registrations/")
    card = page.locator("article, li, tr, section", has_text=name).last
    with page.expect_navigation():
        card.locator("button").first.click()
    assert page.locator(".message.success").count() == 1


def enter_listing(firm: Walker, kind: str, role: str, title: str, **fields: str) -> None:
    page = firm.at(f"match/own/new/?kind={kind}&role={role}")
    page.fill("[name=title]", title)
    for key, value in fields.items():
        page.fill(f"[name={key}]", value)
    press(page, "main form button.button")
    assert page.locator(".message.success").count() == 1


def opened(coordinator: Walker, leader: Walker, title: str) -> None:
    """Reviewed by the coordinator, opened by the leader, both from their inbox."""
    page = coordinator.todo(title)
    press(page, "form[action$='/clear/'] button")
    page = leader.todo(title)
    press(page, "form[action$='/release/'] button")
    assert page.locator(".message.success").count() == 1


@pytest.mark.timeout(900)
def test_a_need_goes_all_the_way(browser: Any, ground: tuple[Any, int]) -> None:
    """Two new firms, a need returned once, opened, matched within a minute, accepted, signed, returned, confirmed."""
    portal, width = ground
    sides = [portal.side(nth) for nth in (0, 1)]
    mark, tag = ("甲", "a") if width < 600 else ("乙", "b")
    names = [f"测试企业{mark}{nth}" for nth in ("一", "二")]
    contexts = []

    def walker() -> Walker:
        context = browser.new_context(viewport={"width": width, "height": 844}, locale="zh-CN")
        contexts.append(context)
        return Walker(context.new_page(), portal.address, portal.agreement)

    def official(role: str, nth: int) -> Walker:
        name = portal.account(role, nth)
        return walker().sign_in(name, portal.passwords[name])

    coordinators, leaders = ([official(role, nth) for nth in (0, 1)] for role in ("coordinator", "leader"))
    for nth, side in enumerate(sides):
        register(walker(), names[nth], side, f"walk-{tag}-{nth}", 9_000_000 + width + nth)
        verify(coordinators[nth], names[nth])
    firms = [walker().sign_in(f"walk-{tag}-{nth}", PASSWORD) for nth in (0, 1)]

    title = f"针织鞋面坯布采购 {mark}"
    enter_listing(firms[0], "supply", "need", title, details="月需针织鞋面坯布三万双", products="针织鞋面、坯布")
    page = coordinators[0].todo(title)
    page.fill("form[action$='/back/'] textarea", "请补充月需求量")
    press(page, "form[action$='/back/'] button")
    page = firms[0].todo(title)
    assert "请补充月需求量" in page.locator("main").inner_text()
    page.locator("a[href$='/edit/']").first.click()
    page.fill("[name=quantity_month]", "30000")
    press(page, "main form button.button")
    opened(coordinators[0], leaders[0], title)
    offer = f"针织鞋面坯布供应 {mark}"
    enter_listing(
        firms[1], "supply", "offer", offer, details="针织鞋面坯布，月产能五万双", products="针织鞋面、坯布",
        quantity_month="50000",
    )  # fmt: skip
    opened(coordinators[1], leaders[1], offer)

    began = time.monotonic()
    card = firms[0].at("match/?kind=supply").locator("article.pairing", has_text=offer)
    while not card.count():
        assert time.monotonic() - began < 60, "no match within a minute"
        time.sleep(2)
        card = firms[0].at("match/?kind=supply").locator("article.pairing", has_text=offer)
    with firms[0].page.expect_navigation():
        card.first.locator("form[action$='/accept/'] button").click()
    assert "/match/cases/" in firms[0].page.url
    clause = firms[0].page.locator("main a[href*='/track/clauses/']").first.get_attribute("href").split("/")[-2]
    page = firms[1].todo(title)
    press(page, "form[action$='/confirm/'] button")
    before = coordinators[1].figures(clause)

    case = firms[0].page.url
    page = coordinators[0].page
    page.goto(f"{case}?node=signed")
    page.set_input_files("[name=file]", {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.locator("#next form button.button").click()
    assert page.evaluate("document.activeElement.name") == "amount", "without a sum the form is not sent"
    page.select_option("[name=unit]", "none")
    assert page.evaluate("document.querySelector('[name=amount]').required") is False
    sign(coordinators[0], case, "120万左右")
    wrong = [one.inner_text() for one in page.locator("#next .wrong").all()]
    assert len(wrong) == 2, "what is no amount is told at its field, and the paper is asked for again"
    assert page.locator("[name=amount]").get_attribute("aria-invalid") == "true"
    sign(coordinators[0], case, "120万元")
    assert coordinators[1].figures(clause) == before, "nothing counts before the other side confirms"
    page = coordinators[1].todo(title)
    paper = page.locator("section.ask a.file").first.get_attribute("href")
    answer = page.request.get(portal.address + paper)
    assert (answer.status, answer.body()) == (200, PDF)
    page.locator("section.ask summary").click()
    assert not page.locator("section.ask form[action$='/confirm/']").is_visible(), "no confirming beside a reason"
    page.fill("section.ask textarea", "合同缺签章页")
    press(page, "section.ask form[action$='/return/'] button")
    assert coordinators[1].figures(clause) == before
    assert title in coordinators[0].at("inbox/").locator("section.ask").inner_text(), "a return rings at its author"
    sign(coordinators[0], case, "120万元", name="签章页.pdf", content=PDF + b"\n")
    papers = coordinators[1].todo(title).locator("section.ask a.file").all_inner_texts()
    assert {one.split()[0] for one in papers} == {"合同.pdf", "签章页.pdf"}, "what is ticked goes with the new paper"
    press(coordinators[1].todo(title), "section.ask form[action$='/confirm/'] button")
    after = coordinators[1].figures(clause)
    moved = {key: (before[key], after[key]) for key in after if after[key] != before[key]}
    assert any((now or 0) - (then or 0) == 1 for then, now in moved.values()), moved
    assert any((now or 0) - (then or 0) == 1_200_000 for then, now in moved.values()), moved
    signed = coordinators[1].at("").locator(".figures div", has_text="签约金额").inner_text()
    coordinators[1].page.locator("main a[href$='/brief/']").first.click()
    assert signed in coordinators[1].page.locator(".figures").inner_text(), "the brief is at hand and says the same sum"
    told = firms[1].at("notifications/").locator("main").inner_text()
    assert "新的对接建议" in told
    assert "签约" in told
    for one in contexts:
        one.close()
    verified(portal, "")
    verified(portal, f"UPDATE ledger_step SET amount = amount * 1000 WHERE case_id = '{case.split('/cases/')[1][:-1]}'")


def verified(portal: Any, tampering: str) -> None:
    """`portal verify` finds the record whole, and after a change of one figure names where it is."""
    if tampering:
        with sqlite3.connect(portal.home / "portal.sqlite3") as database:
            assert database.execute(tampering).rowcount > 0
    command = [sys.executable, "-c", LAUNCH, "portal", "--home", str(portal.home), "verify", portal.agreement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == bool(tampering), done.stdout + done.stderr
    assert ("table=step" in done.stderr and "column=amount" in done.stderr) == bool(tampering)
    if tampering:
        with sqlite3.connect(portal.home / "portal.sqlite3") as database:
            database.execute(tampering.replace("* 1000", "/ 1000"))


def sign(official: Walker, case: str, amount: str, name: str = "合同.pdf", content: bytes = PDF) -> None:
    official.page.goto(f"{case}?node=signed")
    page = official.page
    page.fill("[name=amount]", amount)
    page.set_input_files("[name=file]", {"name": name, "mimeType": "application/pdf", "buffer": content})
    page.fill("#next [name=note]", "首单")
    press(page, "#next form button.button")
