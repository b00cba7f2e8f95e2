"""What a side arranges among its own people rings at those it is addressed to, and at nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import reverse

from duijie.ledger import events
from duijie_portal.accounts.models import Person

from .entries import DeskAct, Todo
from .inbox import hearers
from .models import Agreement, Case, Listing, Party
from .notices import Notice, tell
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
        tell(change.agreement, *_asked(change, acts), *_addressed(change, acts))


def _notice(change: Change, people: Iterable[Person], code: str, commit: str, sort: str, key: str) -> Notice:
    """A line about an act of the desk, which leads to the desk of its matter."""
    agreement, (side, _) = change.agreement, change.said[0]
    values = {"title": title_about(sort, key), "said": commit, "side": side}
    path = _list(agreement, code) if sort == "person" else reverse("desk", args=[agreement.pk, sort, key])
    return Notice(people, code, path, values)


def _list(agreement: Agreement, code: str) -> str:
    return reverse("inbox" if code == "portal_told_succeeded" else "leave", args=[agreement.pk])


def _asked(change: Change, acts: dict[str, events.Arranged]) -> Iterator[Notice]:
    """Whoever has a new item of the desk; a successor is told once, not of each."""
    if any(event.what == "succeeded" for event in acts.values()):
        return
    rows: list[Todo] = [row for row in change.new_todo if row.target in acts]
    for row, people in hearers(change.agreement, rows):
        others = [one for one in people if one.username != acts[row.target].words.get("who")]
        yield _notice(change, others, f"portal_todo_{row.act}", row.target, row.sort, row.key)


def _addressed(change: Change, acts: dict[str, events.Arranged]) -> Iterator[Notice]:
    """Whoever was reminded, stands in for somebody or follows them, and whose instruction was carried out."""
    for commit, event in acts.items():
        sort, _, key = event.subject.partition(":")[2].partition("/")
        names: tuple[str, ...] = ()
        if event.what in ("urged", "deputised", "succeeded"):
            names = event.people()
        elif event.what == "carried_out":
            names = tuple(DeskAct.objects.filter(pk=event.answers).values_list("who", flat=True))
        if names:
            people = Person.objects.filter(username__in=names, is_active=True)
            yield _notice(change, people, f"portal_told_{event.what}", commit, sort, key)
