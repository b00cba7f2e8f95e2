"""What the machinery below the views refuses is a plain page with a sentence and a way on."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from portal_checks import said

from duijie.data.words import words


def test_a_form_without_its_cookie_says_so_and_leads_back(agreement: Any, as_person: Any, sides: Any) -> None:
    """A form sent after the cookies are gone is refused with a sentence, no debugging hint, and a link to its page."""
    client = as_person(f"coordinator-{sides[0].pk}")
    client.handler.enforce_csrf_checks = True
    answer = client.post(reverse("open_ticket", args=[agreement.pk]), {"title": "x"})
    assert answer.status_code == 403
    html = answer.content.decode()
    assert said(answer, "portal_form_stale")
    assert reverse("tickets", args=[agreement.pk]) in html
    assert "DEBUG" not in html
    assert "frame/duijie.css" in html


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_address_that_only_takes_forms_says_so(agreement: Any, as_person: Any, sides: Any, language: str) -> None:
    """Opened in a browser it answers 405 with a sentence in the reader's language and a link to the page above."""
    client = as_person(f"coordinator-{sides[0].pk}", "en" if language == "en" else "zh-hans")
    answer = client.get(reverse("open_ticket", args=[agreement.pk]))
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert words(language)["portal_only_sent"] in answer.content.decode()
    assert f'href="{reverse("tickets", args=[agreement.pk])}"' in answer.content.decode()


def test_a_program_gets_its_405_plain(agreement: Any, coordinator: Client) -> None:
    """A twin answers a wrong method without a page."""
    answer = coordinator.post(reverse("tickets_json", args=[agreement.pk]))
    assert (answer.status_code, answer.content) == (405, b"")


def test_who_signs_in_again_lands_on_the_page_of_the_form(agreement: Any) -> None:
    """A form sent after the session ended leads over the sign-in to a page, not to an address that takes no reading."""
    answer = Client().post(reverse("open_ticket", args=[agreement.pk]), {"title": "x"})
    assert answer["Location"].endswith(f"?next={reverse('tickets', args=[agreement.pk])}")


def test_nothing_ticked_is_told_with_a_sentence(agreement: Any, coordinator: Client) -> None:
    """Passing the secrecy check of no row at all says what is missing."""
    answer = coordinator.post(reverse("clear", args=[agreement.pk]), {"type": "record"}, follow=True)
    assert said(answer, "portal_nothing_picked")
