"""The list page's query and template as a plain Django view: no session, no user, no door, no middleware."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.template import Context
from django.template.loader import get_template
from django.urls import include, path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")
django.setup()
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "benchmarks.track.bare"
application = WSGIHandler()


@cache
def _known() -> dict[str, Any]:
    """The function behind the page, the agreement and the people, read once for the life of the process."""
    from duijie_portal.accounts.models import Person
    from duijie_portal.ledger.models import Agreement
    from duijie_portal.match import views

    inside: Any = views.cases
    while hasattr(inside, "__wrapped__"):
        inside = inside.__wrapped__
    agreement = Agreement.objects.get()
    return {
        "document": inside,
        "agreement": agreement,
        "sides": {side.code: side for side in agreement.sides.all()},
        "people": {person.username: person for person in Person.objects.select_related("side")},
        "template": get_template("match/cases.html").template,  # type: ignore[attr-defined]
    }


def cases(request: HttpRequest) -> HttpResponse:
    """The page for the person its cookie names."""
    from duijie_portal.accounts.powers import POWERS
    from duijie_portal.frame.context import SECTIONS
    from duijie_portal.ledger.pages import speaking

    known = _known()
    request.user = person = known["people"][request.COOKIES["person"]]
    values = {
        "page": known["document"](request, known["agreement"]),
        "agreement": known["agreement"],
        "request": request,
        "user": person,
        "language": "zh",
        "sides": known["sides"],
        "sections": SECTIONS,
        "here": "match",
        "n_unread": 0,
        "powers": POWERS[person.role],
        "twin_path": "/cases.json",
        "csrf_token": "none",
    }
    with speaking("zh-hans"):
        return HttpResponse(known["template"].render(Context(values)))


urlpatterns = [path("bare/", cases), path("", include("duijie_portal.urls"))]
