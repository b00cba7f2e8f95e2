"""What a side arranges among its own people rings at those it is addressed to, and at nobody else."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from duijie.ledger import events
from duijie_portal.accounts.models import Person

from .entries import DeskAct, Todo
from .inbox import hearers
from .models import Agreement, Case, Listing, Notification, Party
from .recording import Change, on_append
from .selectors import case_title

__all__ = ["ring_inside", "title_about"]


def title_about(sort: str, key: str) -> str | dict[str, str]:
    """The title of what something was arranged about."""
    if sort == "case":
        row = Case.objects.select_related("need", "need_party", "offer_party").filter(pk=key).first()
        return case_title(row).to_dict() if row else key
    if sort == "listing":
        listing = Listing.objects.filter(pk=key).first()
        return str(listing.payload.get("title", "")) if listing else key
    party = Party.objects.filter(pk=key).first()
    return party.name if party else key


@on_append
def ring_inside(change: Change) -> None:
    """Leave a line for whoever was reminded, or was handed, asked or shown something by their own side."""
    said = {commit: event for (_, event), commit in zip(change.said, change.commits, strict=True)}
    acts = {commit: event for commit, event in said.items() if isinstance(event, events.Arranged)}
    if acts:
        _leave(change.agreement, [*_asked(change, acts), *_addressed(change, acts)])


Line = tuple[Person, str, str, str, str]
"""Who is told, the code, the act it is about, and the sort and key of the matter."""


def _leave(agreement: Agreement, lines: list[Line]) -> None:
    """The one place where lines of the desk are written."""
    Notification.objects.bulk_create(
        Notification(
            person=person,
            agreement=agreement,
            code=code,
            values={"title": title_about(sort, key), "said": commit, "side": person.side_id},
            path=reverse("desk", args=[agreement.pk, sort, key]) if sort != "person" else _list(agreement, code),
        )
        for person, code, commit, sort, key in lines
    )


def _list(agreement: Agreement, code: str) -> str:
    return reverse("inbox" if code == "portal_told_succeeded" else "leave", args=[agreement.pk])


def _asked(change: Change, acts: dict[str, events.Arranged]) -> Iterator[Line]:
    """Whoever has a new item of the desk; a successor is told once, not of each."""
    if any(event.what == "succeeded" for event in acts.values()):
        return
    rows: list[Todo] = [row for row in change.new_todo if row.target in acts]
    for person, row in hearers(change.agreement, rows):
        if person.username != acts[row.target].words.get("who"):
            yield person, f"portal_todo_{row.act}", row.target, row.sort, row.key


def _addressed(change: Change, acts: dict[str, events.Arranged]) -> Iterator[Line]:
    """Whoever was reminded, stands in for somebody or follows them, and whose instruction was carried out."""
    for commit, event in acts.items():
        sort, _, key = event.subject.partition(":")[2].partition("/")
        names: tuple[str, ...] = ()
        if event.what in ("urged", "deputised", "succeeded"):
            names = event.people()
        elif event.what == "carried_out":
            names = tuple(DeskAct.objects.filter(pk=event.answers).values_list("who", flat=True))
        for person in Person.objects.filter(username__in=names, is_active=True) if names else ():
            yield person, f"portal_told_{event.what}", commit, sort, key
