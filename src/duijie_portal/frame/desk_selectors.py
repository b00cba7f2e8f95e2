"""What the pages of a side's own desk show: the items of a matter, who has them, and what was arranged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone

from duijie_portal.accounts.models import Person, Role
from duijie_portal.accounts.powers import may
from duijie_portal.ledger.charge import HEADS
from duijie_portal.ledger.desk import DeskRule, acts_about, names_of, rules
from duijie_portal.ledger.desk_acts import deputies_of, possible_for
from duijie_portal.ledger.desk_lines import desk_lines
from duijie_portal.ledger.desk_notices import title_about
from duijie_portal.ledger.entries import DeskAct, Todo
from duijie_portal.ledger.inbox import IN_HAND, READ, WAITING, asker, holders
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.recording import files_of, words_of

__all__ = ["desk_document", "file_of", "leave_document", "marked", "passed_on", "read_by"]

Document = dict[str, Any]


def desk_document(agreement: Agreement, person: Person, sort: str, key: str, item: str) -> Document:
    """A matter as the own side's desk has it: each item with who has it, what one may arrange, what was arranged."""
    rows = _items(agreement, person, sort, key)
    asking, held = asker(agreement, rows, [person]), _held(agreement, rows)
    shown = [{**_item(row, asking.desk, held.get(row.pk, ())), "is_mine": asking.is_for(row, person)} for row in rows]
    history = desk_lines(agreement, acts_about(agreement, person, sort, key))
    notes = {one["id"]: one for one in history}
    asked = [{**one, "said": notes.get(one["target"])} for one in shown if one["is_mine"] and one["act"] in _ASKED]
    chosen = next((one for one in rows if one.pk == item), None) or next(iter(_mine_first(rows, shown)), None)
    return {
        "sort": sort,
        "key": key,
        "title": title_about(sort, key),
        "path": _path(agreement, sort, key),
        "items": shown,
        "chosen": chosen.pk if chosen else "",
        "opens": "circulated" if chosen is None else "handed" if asking.is_for(chosen, person) else "urged",
        "asked": asked,
        "acts": [
            _offered(agreement, person, rule, chosen) for rule in rules().values() if _is_offered(rule, person, chosen)
        ],
        "history": history[::-1],
    }


_ASKED = ("read", "carry_out")


def _items(agreement: Agreement, person: Person, sort: str, key: str) -> list[Todo]:
    rows = Todo.objects.filter(agreement=agreement, side=person.side_id, sort=sort, key=key)
    return list(rows.filter(act__in=(*WAITING, *IN_HAND, *READ)).order_by("since_on", "pk"))


def _mine_first(rows: Sequence[Todo], shown: Sequence[Document]) -> list[Todo]:
    mine = {one["id"] for one in shown if one["is_mine"]}
    return sorted((row for row in rows if row.act not in READ), key=lambda row: row.pk not in mine)


def _held(agreement: Agreement, rows: Sequence[Todo]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for one, row in holders(agreement, rows) if rows else ():
        found.setdefault(row.pk, []).append(one)
    return found


def _item(row: Todo, desk: Any, people: Sequence[Person]) -> Document:
    about = {"id": row.pk, "act": row.act, "node": row.node, "target": row.target, "since_on": row.since_on}
    doing = [one for one in people if one.role not in HEADS] or people
    return {
        **about,
        "due_on": row.due_on,
        "own_due_on": desk.due.get(row.pk),
        "holders": [one.name for one in doing],
        "is_handed": row.pk in desk.handed,
    }


def _is_offered(rule: DeskRule, person: Person, chosen: Todo | None) -> bool:
    return may(person, rule.power) and (chosen is not None or not rule.item)


def _offered(agreement: Agreement, person: Person, rule: DeskRule, chosen: Todo | None) -> Document:
    """An act as its form needs it."""
    found: Document = {"key": rule.key, "to": rule.to, "note": rule.note, "day": rule.day, "file": rule.file}
    found |= {"item": rule.item, "is_recorded": rule.power == "desk.instruct" and person.role != Role.LEADER}
    if rule.to in ("nobody", "holders"):
        return {**found, "departments": [], "people": []}
    possible = possible_for(agreement, person, chosen, rule)
    offices = {one.key: one.name for one in possible.departments}
    people = [
        {
            "username": one.username,
            "name": one.name,
            "role": one.role,
            "offices": [each.name for each in one.departments.all()],
        }
        for one in possible.people
    ]
    return {**found, "departments": [{"key": key, "name": name} for key, name in offices.items()], "people": people}


def _path(agreement: Agreement, sort: str, key: str) -> str:
    if sort == "case":
        return reverse("case", args=[agreement.pk, key])
    return reverse("review", args=[agreement.pk, sort, key])


def file_of(agreement: Agreement, person: Person, sort: str, key: str, sha256: str) -> str | None:
    """The name of a paper that goes with something one's own side arranged; None where there is none."""
    acts = [row.pk for row in acts_about(agreement, person, sort, key)]
    for commit, files in files_of(acts).items():
        if any(one.sha256 == sha256 for one in files):
            return words_of([commit]).get(commit, {}).get(sha256, "")
    return None


# The inbox


def marked(agreement: Agreement, person: Person, rows: Sequence[Todo]) -> dict[str, Document]:
    """What a side's desk says of each item on a list: from whom it came, how often it was reminded of, in which words,
    and for whom one stands in.
    """
    if person.party or not rows:
        return {}
    found: dict[str, Document] = {}
    acts = DeskAct.objects.filter(agreement=agreement, side=person.side_id, what__in=("urged", "handed", "postponed"))
    lines = desk_lines(agreement, acts.filter(item__in=[row.pk for row in rows]).order_by("on", "at", "pk"))
    asks = DeskAct.objects.filter(pk__in=[row.target for row in rows if row.act in _ASKED])
    said = {one["id"]: one for one in desk_lines(agreement, asks)}
    items = dict(acts.filter(pk__in=[one["id"] for one in lines]).values_list("pk", "item"))
    for one in lines:
        mark = found.setdefault(items[one["id"]], {"n_urged": 0})
        mark["n_urged"] += one["what"] == "urged"
        if one["what"] == "urged" or one["is_open"]:
            mark[one["what"]] = one
    for row in rows:
        if row.target in said:
            found.setdefault(row.pk, {"n_urged": 0})["asked"] = said[row.target]
        if row.person and row.person != person.username:
            found.setdefault(row.pk, {"n_urged": 0})["instead_of"] = names_of([row.person]).get(row.person, "")
    return found


def passed_on(agreement: Agreement, person: Person) -> list[Document]:
    """What a person handed on or asked for and what is still open, for the list of what is in hand."""
    if person.party:
        return []
    alive = Todo.objects.filter(agreement=agreement, side=person.side_id).values("pk")
    rows = DeskAct.objects.filter(agreement=agreement, side=person.side_id, who=person.username, is_open=True)
    rows = rows.filter(what="handed", item__in=alive) | rows.filter(what__in=("instructed", "circulated"))
    return [
        {**one, "title": title_about(one["sort"], one["key"])}
        for one in desk_lines(agreement, rows.order_by("-on", "-at", "pk"))
    ]


def read_by(agreement: Agreement, person: Person, n: int) -> tuple[list[Document], int]:
    """What a person has read of what was circulated to them, the latest first, and how much of it there is."""
    if person.party:
        return [], 0
    acts = DeskAct.objects.filter(agreement=agreement, side=person.side_id)
    answered = acts.filter(what="noted", for_person=person.username).order_by("-on", "-at", "pk")
    shown = list(answered[:n])
    said = {one["id"]: one for one in desk_lines(agreement, acts.filter(pk__in=[row.answers for row in shown]))}
    found = [{**said[row.answers], "read_on": row.on, "title": title_about(row.sort, row.key)} for row in shown]
    return found, answered.count()


# Leave and successors


def leave_document(agreement: Agreement, person: Person) -> Document:
    """Who is away and who stands in, now and later; whose leave and whose list this person may dispose of."""
    today = timezone.localdate()
    rows = DeskAct.objects.filter(agreement=agreement, side=person.side_id, what="deputised", is_open=True)
    shown = desk_lines(agreement, rows.filter(due_on__gte=today).order_by("from_on", "at", "pk"))
    whose = {row.pk: row.for_person for row in rows}
    heads = person.role in HEADS
    colleagues = Person.objects.filter(side=person.side_id, is_active=True, role__in=_DESK_ROLES).order_by("username")
    mine = [person] if not heads else list(colleagues)
    return {
        "leaves": [{**one, "may_end": heads or whose[one["id"]] == person.username} for one in shown],
        "whose": [_named(one) for one in mine],
        "colleagues": [_named(one) for one in colleagues if heads or one.pk != person.pk],
        "deputies": [_named(one) for one in (colleagues if heads else deputies_of(agreement, person))],
        "me": person.username,
        "today": today,
        "past": desk_lines(
            agreement,
            DeskAct.objects.filter(agreement=agreement, side=person.side_id, what="succeeded").order_by(
                "-on", "-at", "pk"
            )[:10],
        ),
    }


_DESK_ROLES = (*HEADS, Role.OFFICER)


def _named(one: Person) -> Mapping[str, Any]:
    return {"username": one.username, "name": one.name, "role": one.role}
