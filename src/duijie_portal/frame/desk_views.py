"""The pages of a side's own desk: what is arranged about one matter, and who stands in for whom."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from duijie_portal.accounts.door import refuse
from duijie_portal.accounts.powers import may
from duijie_portal.ledger import desk_acts
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.pages import Done, act, denied, page, person_of
from duijie_portal.ledger.selectors import agreements_of
from duijie_portal.ledger.services import file_ref
from duijie_portal.ledger.store import SHOWN_TYPES, SUFFIXES, kept_path, media_type

from . import desk_forms as forms
from . import desk_selectors as selectors

__all__ = ["answer", "arrange", "desk", "desk_file", "end_leave", "give_leave", "hand_over", "leave"]

Document = dict[str, Any]


def _there(request: HttpRequest, agreement: Agreement, sort: str, key: str) -> None:
    if desk_acts.row_about(agreement, person_of(request), sort, key) is None:
        raise Http404


@page("frame/desk.html", power="brief.read")
def desk(request: HttpRequest, agreement: Agreement, sort: str, key: str) -> Document:
    """One matter on the own side's desk; for everybody else, the other side too, there is nothing of it."""
    _there(request, agreement, sort, key)
    return selectors.desk_document(agreement, person_of(request), sort, key, request.GET.get("item", ""))


@act(forms.ArrangeForm, "desk", power="desk.act")
def arrange(request: HttpRequest, agreement: Agreement, data: Document, *, sort: str, key: str) -> Done:
    _there(request, agreement, sort, key)
    departments, people = data["to"]
    paper = file_ref(data["file"], "instruction") if data["file"] else None
    said = desk_acts.Arrangement(
        what=data["what"],
        item=data["item"],
        departments=departments,
        people=people,
        note=data["note"],
        due_on=data["due_on"],
        files=(paper[0],) if paper else (),
        names={paper[0].sha256: paper[1]} if paper else None,
    )
    desk_acts.arrange(person_of(request), agreement, sort=sort, key=key, said=said)
    return f"desk_done_{data['what']}", reverse("desk", args=[agreement.pk, sort, key])


@act(forms.AnswerForm, "inbox", power="own.read")
def answer(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    return f"desk_done_{desk_acts.answer(request.user, agreement, item=data['item'], note=data['note'])}"


@require_safe
@login_required
def desk_file(request: HttpRequest, agreement: str, sort: str, key: str, sha256: str) -> HttpResponseBase:
    """A paper of the own side's desk: an instruction that a leader wrote by hand."""
    row = get_object_or_404(agreements_of(request.user), pk=agreement)
    if not may(request.user, "brief.read"):
        return denied(request, refuse(request.user, "brief.read", request.path))
    person = person_of(request)
    _there(request, row, sort, key)
    name, path = selectors.file_of(row, person, sort, key, sha256), kept_path(sha256)
    if name is None or not path.exists():
        raise Http404
    kind = media_type(path)
    return FileResponse(
        path.open("rb"),
        content_type=kind if kind in SHOWN_TYPES else "application/octet-stream",
        as_attachment=kind not in SHOWN_TYPES,
        filename=name or f"{sha256[:12]}{SUFFIXES.get(kind, '')}",
    )


@page("frame/leave.html", power="desk.act")
def leave(request: HttpRequest, agreement: Agreement) -> Document:
    """Leave with a deputy, and handing a post over."""
    return selectors.leave_document(agreement, person_of(request))


@act(forms.LeaveForm, "leave", power="desk.act")
def give_leave(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    desk_acts.leave(person_of(request), agreement, **data)
    return "desk_done_deputised"


@act(forms.EndForm, "leave", power="desk.act")
def end_leave(request: HttpRequest, agreement: Agreement, data: Document) -> str:
    desk_acts.end_leave(person_of(request), agreement, act=data["act"])
    return "desk_done_deputy_ended"


@act(forms.HandOverForm, "leave", power="desk.act")
def hand_over(request: HttpRequest, agreement: Agreement, data: Document) -> Done:
    n = desk_acts.hand_over(person_of(request), agreement, **data)
    return "desk_done_succeeded", reverse("leave", args=[agreement.pk]), {"n": n}
