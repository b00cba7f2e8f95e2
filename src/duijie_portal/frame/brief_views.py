"""The leader's page, on a phone or printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest

from duijie_portal.ledger.looking import looking
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import file_page, language_of, page, person_of
from duijie_portal.track.views import day_of

from . import brief_selectors
from .brief_paper import paper

__all__ = ["brief", "brief_file"]

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@page("frame/brief.html", power="brief.read", looks_back=True)
def brief(request: HttpRequest, agreement: Agreement) -> dict[str, Any]:
    return brief_selectors.brief(agreement, person_of(request), as_of=day_of(request))


@file_page("brief.docx", power="brief.read", media_type=_WORD, looks_back=True)
def brief_file(request: HttpRequest, agreement: Agreement) -> Iterator[bytes]:
    """The same page as a Word file in the reader's language."""
    found, look = brief_selectors.brief(agreement, person_of(request), as_of=day_of(request)), looking()
    found["known"] = look and look.to_dict()
    sides = {one.pk: one.short for one in agreement.sides.all()}
    # Made at once: the reader's language is gone when the answer is sent.
    return iter([paper(found, sides, "en" if language_of() == "en" else "zh", banner=agreement.banner)])
