"""Look for organisations that stand there twice, say of a pair what it is, and take that back."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.intake.entities import merge_queue
from duijie.terms import Progress, silent
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.keeping import held
from duijie_portal.ledger.models import Agreement, Party, Record, text_key
from duijie_portal.ledger.services import add_record, change_record, own_side, owner_only
from duijie_portal.ledger.store import hold

from . import merge_selectors as selectors
from .import_selectors import held_table
from .merge_groups import KIND

__all__ = ["decide", "find_pairs", "undo"]


def find_pairs(person: Visitor, agreement: Agreement, /, *, progress: Progress = silent) -> int:
    """Look through the organisations of one's own side for pairs that may be one; how many pairs wait for a person.

    Nothing is merged. The look may take many seconds and holds no lock.
    """
    side = _asked(person, agreement)
    progress("portal_merge_find", 0, 1)
    rows = Party.objects.filter(agreement=agreement, side=side).exclude(kind="talent").order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    queue = merge_queue([held_table(agreement, side)])
    path = selectors.queue_path(agreement, side)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{text_key()}.part")
    found = {"parties": ids, "at": timezone.now().isoformat(), "queue": queue.to_dict()}
    part.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    part.replace(path)
    progress("portal_merge_find", 1, 1)
    return len(queue.pairs)


@write("case.step")
def _asked(person: Person, agreement: Agreement, /) -> str:
    return own_side(person)


@write("case.step")
def decide(person: Person, agreement: Agreement, /, *, one: str, other: str, is_same: bool) -> Record:
    """Say that two organisations of one's own side are one, or two; the log keeps who said so.

    Raises
    ------
    InputError
        They are not a pair, or other decisions say the opposite.
    """
    side = own_side(person)
    hold(agreement)  # two officers never decide on one pair at once
    rows = selectors.parties_of(agreement, person, (one, other))
    ids, queue = selectors.queue_of(agreement, side)
    if len(rows) != 2 or one not in ids or other not in ids:
        raise InputError("merge_no_pair", {"one": one, "other": other})
    queue.decide(ids.index(one), ids.index(other), is_same=is_same, by=person.username, at=str(timezone.localdate()))
    title = f"{rows[one].name} / {rows[other].name}"[:300]
    first, later = sorted((one, other))
    fields: dict[str, Any] = {
        "state": "same" if is_same else "different",
        "title_zh": title,
        "payload": {"one": first, "other": later},
    }
    return add_record(person, agreement, kind=KIND, on=timezone.localdate(), **fields)


@write("case.step")
def undo(person: Person, row: Record, /) -> None:
    """Take a decision back; the pair waits again.

    Raises
    ------
    DeniedError
        It is another side's, or was taken back already.
    """
    owner_only(person, row)
    found: Record = held(row)
    if found.state not in ("same", "different"):
        raise DeniedError("portal_merge_undone")
    change_record(person, found, state="undone", on=timezone.localdate())
