"""The menu of one's account on a phone: whole on the screen, for a short and a long name, closed as people expect."""

from __future__ import annotations

from typing import Any

import pytest

RENAME = """
import django, sys
django.setup()
from duijie_portal.accounts.models import Person
Person.objects.filter(username=sys.argv[1]).update(name_zh=sys.argv[2], name_en=sys.argv[3])
"""
NAMES = {"short": ("张三", "Li"), "long": ("欧阳" * 20, "Bartholomew " * 9)}
OUTSIDE = """() => [...document.querySelectorAll(".who .menu, .who .menu *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && (box.left < 0 || box.right > innerWidth || box.top < 0);
}).map((one) => one.outerHTML.slice(0, 80))"""


@pytest.fixture
def phone(sign_in: Any, portal: Any) -> Any:
    """The coordinator's home page, 390 px wide."""
    return sign_in("coordinator", width=390)


@pytest.mark.parametrize("length", NAMES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_whole_menu_is_on_the_screen(phone: Any, portal: Any, language: str, length: str) -> None:
    """Each line of the menu lies inside 390 px and can be pressed, in both languages, whatever the name's length."""
    portal.python(RENAME, portal.account("coordinator"), *NAMES[length])
    phone.context.add_cookies([{"name": "django_language", "value": language, "url": portal.address}])
    phone.goto(f"{portal.address}/{portal.agreement}/")
    phone.click(".who summary")
    assert phone.evaluate(OUTSIDE) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    lines = phone.locator(".who .menu a, .who .menu button")
    assert lines.count() > 5
    for at in range(lines.count()):
        lines.nth(at).click(trial=True)


def test_the_menu_closes_on_escape_and_on_a_press_outside(phone: Any) -> None:
    """Escape closes it and gives the focus back to the name; so does a press anywhere else, and inside it stays."""
    menu = phone.locator(".who .menu")
    phone.click(".who summary")
    menu.locator("p").first.click()
    assert menu.is_visible()
    phone.keyboard.press("Escape")
    assert not menu.is_visible()
    assert phone.evaluate("document.activeElement.matches('.who summary')")
    phone.click(".who summary")
    assert menu.is_visible()
    phone.mouse.click(195, 850)
    assert not menu.is_visible()
