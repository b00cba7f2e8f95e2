"""What holds for every page: who may open it, in which languages, and that its twin says the same."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from duijie.data.words import words

UNSAID = re.compile(r">\s*[^<]*\b(portal|track|match|diagnose|seal|meet)_[a-z_]+[^<]*<")


def check_page(
    name: str, agreement: Any, as_person: Any, sides: Any, *, role: str = "coordinator", **keys: str
) -> tuple[str, Any]:
    """Open a page as its reader and as everyone else; give the Chinese HTML and the JSON document."""
    path = reverse(name, kwargs={"agreement": agreement.pk, **keys})
    twin = reverse(f"{name}_json", kwargs={"agreement": agreement.pk, **keys})
    reader = as_person(f"{role}-{sides[0].pk}")
    html = _in_both_languages(path, role, as_person, sides)
    answer = reader.get(twin)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    _closed_to_others(path, twin, as_person, sides)
    assert reader.post(path).status_code == 405
    assert reader.get(path)["Cache-Control"] == "no-store, private"
    return html, answer.json()


def _in_both_languages(path: str, role: str, as_person: Any, sides: Any) -> str:
    pages = {}
    for language, mark in (("zh-hans", 'lang="zh-Hans"'), ("en", 'lang="en"')):
        answer = as_person(f"{role}-{sides[0].pk}", language).get(path)
        assert answer.status_code == 200
        pages[language] = answer.content.decode()
        assert mark in pages[language]
        assert not UNSAID.search(pages[language]), UNSAID.search(pages[language])
        assert "unsafe-inline" not in answer["Content-Security-Policy"]
        assert not re.search(r"<[a-z]+[^>]* (style|on[a-z]+)=", pages[language])
    assert pages["zh-hans"] != pages["en"]
    assert 'class="banner"' in pages["en"]
    assert "no official site" in pages["en"]
    return pages["zh-hans"]


def _closed_to_others(path: str, twin: str, as_person: Any, sides: Any) -> None:
    """No account: log-in or 401. Another government, or no side: it does not exist. Technical staff: denied."""
    anyone = Client()
    answer = anyone.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    assert anyone.get(twin).status_code == 401
    for username in ("stranger", "nobody"):
        assert as_person(username).get(path).status_code == 404
        assert as_person(username).get(twin).status_code == 404
    system = as_person(f"system-{sides[0].pk}")
    assert system.get(path).status_code == 403
    assert system.get(twin).status_code == 403


def post(client: Client, name: str, agreement: Any, data: dict[str, Any], **keys: str) -> Any:
    return client.post(reverse(name, kwargs={"agreement": agreement.pk, **keys}), data, follow=True)


def check_act(name: str, agreement: Any, as_person: Any, **keys: str) -> None:
    """A write answers to POST only, from people of the agreement only."""
    path = reverse(name, kwargs={"agreement": agreement.pk, **keys})
    assert Client().post(path).status_code == 302
    assert as_person("stranger").post(path).status_code == 404
    code = agreement.sides.order_by("code")[0].pk
    assert as_person(f"coordinator-{code}").get(path).status_code == 405


def said(answer: Any, code: str) -> bool:
    """Whether a Chinese page bears the beginning of a code's sentence."""
    return words("zh")[code].split("{")[0] in answer.content.decode()
