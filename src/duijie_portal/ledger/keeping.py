"""To change a row of the record is to put its whole new value on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.utils import timezone

from duijie.ledger import events
from duijie.ledger.events import FileRef
from duijie_portal.accounts.models import Person

from .models import Party
from .on_record import OnRecord, split_row
from .recording import append, author_of
from .store import hold
from .visibility import Visibility

__all__ = ["drop", "held", "keep", "keep_all", "kept_event"]


def _readers(row: Any) -> tuple[str, ...]:
    """The scopes that read a row beside its own side: as far as it was opened, and the parties it concerns."""
    level = getattr(row, "visibility", Visibility.BOTH)
    is_open = getattr(row, "released_at", None) is not None and level != Visibility.OWN
    scopes = {"public", "sides"} if is_open and level == Visibility.PUBLIC else set[str]()
    scopes |= {"sides"} if is_open and level == Visibility.BOTH else set()
    scopes |= {"suggested"} if is_open and level == Visibility.MATCHED else set()
    for key, side in _parties(row):
        if is_open or side == row.side_id:
            scopes.add(f"party:{key}")
    return tuple(sorted(scopes))


def _parties(row: OnRecord) -> list[tuple[str, str]]:
    keys = [key for key in row.parties_concerned() if key]
    return list(Party.objects.filter(pk__in=keys).values_list("pk", "side")) if keys else []


def kept_event(
    person: Person | None, row: Any, act: str, on: date, files: Sequence[FileRef] = (), *, is_gone: bool = False
) -> tuple[str, events.Kept]:
    """The act that puts the new value of a row on record, with the side that says it."""
    fields, words = split_row(row)
    said = author_of(person, row.agreement).says() if person else {"words": {}}
    said["words"] = said["words"] | {name: text for name, text in words.items() if text}
    side = (person.side_id if person else "") or row.side_id
    others = [one for one in row.agreement.sides.order_by("pk").values_list("pk", flat=True) if one != row.side_id]
    return side, events.Kept(
        subject=f"{row._meta.model_name}/{row.pk}",
        on=on,
        act=act,
        ordering=row.side_id,
        fields=fields,
        after=row.revision,
        writers=tuple(others) if row.is_for_all else (),
        readers=_readers(row),
        is_gone=is_gone,
        files=tuple(files),
        **said,
    )


def keep_all(
    person: Person | None, rows: Iterable[tuple[Any, str]], *, on: date | None = None, files: Sequence[FileRef] = ()
) -> list[str]:
    """Put the new values of rows of one agreement on record, all or none; the ids of the acts."""
    taken = list(rows)
    if not taken:
        return []
    day = on or timezone.localdate()
    said = [kept_event(person, row, act, day, files) for row, act in taken]
    commits = append(taken[0][0].agreement, said)
    for (row, _), commit in zip(taken, commits, strict=True):
        row.revision = commit
        row._state.adding = False
    return commits


def keep(person: Person | None, row: Any, act: str, *, on: date | None = None, files: Sequence[FileRef] = ()) -> str:
    """Put the new value of a row on record, by a person of a side or, with none, by the clock of the row's own side.

    Raises
    ------
    InputError
        ``record_overtaken``: somebody changed it meanwhile.
    SealError
        The side's key is not on this node.
    """
    [commit] = keep_all(person, [(row, act)], on=on, files=files)
    return commit


def drop(person: Person | None, row: Any, act: str) -> None:
    """Take a row away; what it was stays on record."""
    append(row.agreement, [kept_event(person, row, act, timezone.localdate(), (), is_gone=True)])


def held(row: Any) -> Any:
    """The row as it stands, with its agreement's lock until the transaction ends: one writer counts at a time."""
    hold(row.agreement)
    return type(row)._default_manager.get(pk=row.pk)
