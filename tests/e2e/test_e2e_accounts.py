"""People outside the offices in real browsers: from registration to the other side's list; keys; no axe finding."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from duijie.cells.codes import check_character
from duijie.data import sentence

PASSWORD = "a long quiet river 7"


def kept(page: Any, name: str) -> None:
    """Screenshots are a build output, where somebody asks for them."""
    folder = os.environ.get("DUIJIE_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def axe_finds_nothing(page: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    violations = Axe().run(page).response["violations"]
    assert not [(one["id"], one["nodes"][0]["html"][:160]) for one in violations], page.url


def looked_at(page: Any, portal: Any, paths: tuple[str, ...], name: str) -> None:
    """No axe finding in either language, and no page wider than a phone."""
    for path in paths:
        page.goto(portal.address + path)
        for language in ("zh", "en"):
            axe_finds_nothing(page)
            page.set_viewport_size({"width": 390, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
            kept(page, f"{name}_{path.strip('/').replace('/', '_')}_{language}_390")
            page.set_viewport_size({"width": 1280, "height": 900})
            kept(page, f"{name}_{path.strip('/').replace('/', '_')}_{language}")
            page.locator(".tongue button").click()


def says(page: Any, code: str) -> bool:
    return sentence(code, "zh").split("{")[0] in page.locator(".message").first.inner_text()


def test_a_firm_registers_is_verified_enters_a_need_and_is_seen_by_the_other_side(sign_in: Any, portal: Any) -> None:
    firm, base = sign_in(bypass_csp=True), f"{portal.address}/{portal.agreement}"
    looked_at(firm, portal, (f"/{portal.agreement}/join/", "/account/login/"), "visitor")
    firm.goto(f"{base}/join/")
    region = firm.locator("#id_region option[value]:not([value=''])").first.get_attribute("value")
    body = f"91{region}000000777"
    firm.fill("#id_name", "演练新企业")
    firm.fill("#id_uscc", body + check_character(body))
    firm.select_option("#id_region", region)
    firm.fill("#id_contact", "王某")
    firm.fill("#id_phone", "000 0000000")
    firm.fill("#id_username", "new-firm")
    firm.fill("#id_password", PASSWORD)
    firm.check("#id_is_agreed")
    firm.click("main button.button")
    receipt = firm.url
    assert sentence("portal_registration_waiting", "zh") in firm.locator("main").inner_text()
    axe_finds_nothing(firm)

    officer = sign_in("officer", 0, bypass_csp=True)
    looked_at(officer, portal, (f"/{portal.agreement}/registrations/", f"/{portal.agreement}/units/"), "officer")
    officer.goto(f"{base}/registrations/")
    officer.locator("article", has_text="演练新企业").locator("button.button").click()
    assert says(officer, "portal_done_register_verify")

    firm.goto(receipt)
    firm.get_by_role("link", name=sentence("portal_sign_in", "zh")).last.click()
    firm.fill("#id_login", "new-firm")
    firm.fill("#id_password", PASSWORD)
    firm.click("main button[type=submit]")
    firm.wait_for_url(f"**/{portal.agreement}/")
    firm.goto(f"{base}/match/own/")
    axe_finds_nothing(firm)
    firm.locator("a[href*='kind=supply'][href*='role=need']").click()
    looked_at(firm, portal, (f"/{portal.agreement}/match/own/new/?kind=supply&role=need",), "firm_form")
    firm.fill("#f-title", "求购棉纱")
    firm.fill("#f-quantity_month", "1200")
    firm.fill("#f-price_most_cny", "30")
    firm.click("main button.button")
    assert says(firm, "portal_done_listing_entered")
    firm.get_by_role("link", name="求购棉纱").click()
    path = firm.url
    looked_at(
        firm,
        portal,
        (
            path.removeprefix(portal.address),
            *(
                f"/{portal.agreement}/{one}"
                for one in ("own/", "match/posts/", "match/applications/", "match/follows/")
            ),
        ),
        "firm",
    )

    there = sign_in("coordinator", 1)
    assert there.request.get(path).status == 404
    leader, coordinator = sign_in("leader", 0), sign_in("coordinator", 0)
    for who in (coordinator, leader):
        who.goto(f"{base}/share/outgoing/")
        who.check(f"input[form=pick-listing][value='{path.rstrip('/').rsplit('/', 1)[-1]}']")
        who.locator("#pick-listing button").last.click()
    there.goto(path)
    assert "求购棉纱" in there.locator("h1").inner_text()
    assert "30" not in there.locator("dl.facts").inner_text(), "its highest price opens to the matched only"
    firm.goto(f"{base}/match/own/")
    assert sentence("portal_listing_state_released", "zh") in firm.locator("tr", has_text="求购棉纱").inner_text()


def test_a_security_key_is_added_and_asked_for(browser: Any, portal: Any) -> None:
    """Chromium's own virtual key; no network is needed for it."""
    address, name = portal.address.replace("127.0.0.1", "localhost"), portal.account("auditor", 1)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {**key, "automaticPresenceSimulation": True}})

    def enter() -> None:
        page.goto(f"{address}/account/login/")
        page.fill("#id_login", name)
        page.fill("#id_password", portal.passwords[name])
        page.click("main button[type=submit]")

    enter()
    page.wait_for_url(f"{address}/")
    page.goto(f"{address}/account/2fa/webauthn/add/")
    if "/reauthenticate/" in page.url:
        page.fill("input[name=password]", portal.passwords[name])
        page.click("main form button[type=submit]")
        page.wait_for_url("**/webauthn/add/")
    page.fill("input[name=name]", "钥匙")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(lambda url: "/add/" not in url)
    page.goto(f"{address}/account/2fa/webauthn/")
    assert page.get_by_text("钥匙").first.is_visible()
    context.clear_cookies()
    enter()
    page.wait_for_url("**/account/2fa/authenticate/**")
    page.click("#mfa_webauthn_authenticate")
    page.wait_for_url(f"{address}/")
    assert page.locator(".who").is_visible()
    context.close()


@pytest.mark.parametrize("path", ["", "totp/activate/", "webauthn/", "webauthn/add/"])
def test_pages_of_the_second_factor_are_clean(sign_in: Any, portal: Any, path: str) -> None:
    page = sign_in("auditor", 0, bypass_csp=True)
    page.goto(f"{portal.address}/account/2fa/{path}")
    axe_finds_nothing(page)
    kept(page, f"account_2fa_{path.strip('/').replace('/', '_')}")
