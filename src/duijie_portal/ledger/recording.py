"""The portal's one way in: an act becomes an event, sealed by its side and folded, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from duijie.data import inside
from duijie.errors import InputError
from duijie.ledger import events
from duijie.ledger.fold import Folded
from duijie.ledger.kinds import own_case_kinds
from duijie.ledger.record import append as append_to
from duijie.ledger.record import fold_of, open_chain
from duijie.ledger.seal import Signer
from duijie.track import load_agreement
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Person

from .entries import Entry, EntryPart, Todo, Word
from .keys import key_of
from .models import Agreement
from .store import DatabaseLog, keep_bytes

__all__ = [
    "Author",
    "Change",
    "append",
    "author_of",
    "files_of",
    "folded",
    "on_append",
    "publish",
    "returns_of",
    "sides_of",
    "signers_of",
    "tell_watchers",
    "words_of",
    "written_by",
]

Said = Sequence[tuple[str, events.Event]]


@dataclass(frozen=True, slots=True)
class Change:
    """What an append did: the events on it with their ids, and the to-do rows that were not there before."""

    agreement: Agreement
    said: Said
    new_todo: Sequence[Todo]
    commits: Sequence[str]


Watcher = Callable[[Change], None]
_WATCHERS: list[Watcher] = []


def on_append(watcher: Watcher) -> Watcher:
    """Have a function called after each append, inside its transaction; it may write rows of its own, and jobs."""
    _WATCHERS.append(watcher)
    return watcher


@dataclass(frozen=True, slots=True)
class Author:
    """Who speaks: a side, the department or party as which, and for whom; the name stays with the side."""

    side: str
    by: str = ""
    behalf: str = ""
    who: str = ""

    def says(self, role: str = "") -> dict[str, Any]:
        """What an event of this author carries."""
        return {"role": role, "by": self.by, "behalf": self.behalf, "words": {"who": self.who} if self.who else {}}


def author_of(person: Person, agreement: Agreement, *, behalf: str = "", department: str = "") -> Author:
    """A person as an author: a party's account speaks as the party, an official as their department under the
    agreement, or as the one that is named.
    """
    by = person.party or department
    if not by:
        own = person.departments.filter(agreement=agreement.pk).order_by("key")
        by = own.values_list("key", flat=True).first() or person.role
    return Author(person.side_id or "", by, behalf if behalf != by else "", person.username)


def signers_of(agreement: Agreement) -> dict[str, Signer]:
    """The keys of the agreement's sides that are hosted here."""
    return {side.pk: key_of(side) for side in agreement.sides.order_by("pk") if is_hosted(side.pk)}


def sides_of(agreement: Agreement) -> list[str]:
    return list(agreement.sides.order_by("pk").values_list("pk", flat=True))


def publish(agreement: Agreement, folder: Path, *, on: date) -> None:
    """Begin the chains of the hosted sides, with the hashes of the agreement's deciding files; once.

    The side named first in the agreement begins the log. Where it works elsewhere nothing happens until its first
    package came: there is one log of an agreement, and it has one name.
    """
    with inside(folder):
        own = tuple(_kept(one.document, "application/json") for one in own_case_kinds())
    log = DatabaseLog(agreement)
    if not (log.heads() or is_hosted(load_agreement(folder).sides[0].code)):
        return
    paths = [path for path in sorted(folder.rglob("*.yaml")) if path.is_file()]
    kept = tuple(_kept(path.read_bytes(), "application/yaml") for path in paths)
    published = events.AgreementPublished(
        subject=f"agreement/{agreement.pk}", on=on, files=(*kept, *own), log=log.name, sides=tuple(sides_of(agreement))
    )
    open_chain(log, signers_of(agreement), published, timezone.now())


def _kept(content: bytes, type_: str) -> events.FileRef:
    return events.FileRef(keep_bytes(content), len(content), type_)


def append(
    agreement: Agreement,
    said: Said,
    *,
    today: date | None = None,
    recorded_at: datetime | None = None,
    is_loading: bool = False,
) -> list[str]:
    """Put events on record, all or none; each stands on the chain of the side named with it.

    Nobody is told of what an operator loads.

    Raises
    ------
    InputError
        A guard stands against one of them; all faults at once.
    SealError
        The key of a side is not on this node.
    """
    with inside(Path(agreement.folder)):
        for one in own_case_kinds():  # what a case pins can be read by whoever has the record and not the folder
            if any(isinstance(event, events.CaseOpened) and event.pinned == one.pinned for _, event in said):
                keep_bytes(one.document)
        return _append(agreement, said, today, recorded_at, is_loading=is_loading)


def _append(
    agreement: Agreement, said: Said, today: date | None, recorded_at: datetime | None, *, is_loading: bool
) -> list[str]:
    log, sides = DatabaseLog(agreement), sides_of(agreement)
    if not agreement.entries.exists():
        raise InputError("share_not_joined", {"agreement": agreement.pk})
    needed = {side for side, _ in said}
    signers = {side.pk: key_of(side) for side in agreement.sides.all() if is_hosted(side.pk) or side.pk in needed}
    moment = recorded_at or timezone.now()
    if is_loading:
        return append_to(log, signers, said, recorded_at=moment, sides=sides, today=today)
    with transaction.atomic():
        sources = {event.subject for _, event in said}
        sources |= {f"review/{one}" for one in sources}
        before = set(Todo.objects.filter(source__in=sources).values_list("pk", flat=True))
        commits = append_to(log, signers, said, recorded_at=moment, sides=sides, today=today)
        new = [row for row in Todo.objects.filter(source__in=sources) if row.pk not in before]
        tell_watchers(Change(agreement, said, new, commits))
    return commits


def tell_watchers(change: Change) -> None:
    """Let everything that follows from an append follow, from one's own or from what another side sent."""
    for watcher in _WATCHERS:
        watcher(change)


def folded(agreement: Agreement, subject: str) -> Folded:
    """A subject as its events fold now."""
    return fold_of(DatabaseLog(agreement), subject)


def words_of(commits: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """The free words of some events, by event and name; an erased one has none."""
    found: dict[str, dict[str, str]] = {}
    for entry, data in Word.objects.filter(entry__in=list(commits)).values_list("entry", "data"):
        found.setdefault(entry, {}).update(msgspec.json.decode(bytes(data)).get("words", {}))
    return found


def files_of(commits: Iterable[str]) -> Mapping[str, Sequence[events.FileRef]]:
    """The files that go with some events."""
    found: dict[str, Sequence[events.FileRef]] = {}
    rows = EntryPart.objects.filter(entry__in=list(commits), label="base").values_list("entry", "data")
    for entry, data in rows:
        found[entry] = msgspec.convert(msgspec.json.decode(bytes(data)).get("files", ()), tuple[events.FileRef, ...])
    return found


def returns_of(cases: Iterable[str]) -> dict[str, dict[str, str]]:
    """Why steps of some cases were returned, by the step: which side said it, its reason from the list, its note."""
    rows = Entry.objects.filter(subject__in=[f"case/{key}" for key in cases], kind="returned").order_by("recorded_at")
    said = {row.commit: row.side for row in rows}
    words, found = words_of(said), dict[str, dict[str, str]]()
    parts = EntryPart.objects.filter(entry__in=list(said), label="base").values_list("entry", "data")
    bodies = {entry: msgspec.json.decode(bytes(data)) for entry, data in parts}
    for commit, side in said.items():
        body, note = bodies.get(commit, {}), words.get(commit, {}).get("note", "")
        found[str(body.get("target", ""))] = {"side": side, "reason": str(body.get("reason", "")), "note": note}
    return found


def written_by(agreement: Agreement, person: Person) -> list[tuple[str, str, str]]:
    """The parts with words of every event a person entered: subject, event, label."""
    own = Entry.objects.filter(agreement=agreement, side=person.side_id).values("commit")
    names = Word.objects.filter(label="own/words", entry__in=own).values_list("entry", "data")
    written = [entry for entry, data in names if _who(bytes(data)) == person.username]
    subjects = dict(Entry.objects.filter(commit__in=written).values_list("commit", "subject"))
    # What a firm typed of itself stays on record; what it typed into cases, and its name, goes.
    rows = Word.objects.filter(entry__in=written, label__in=("own/words", "matched/words"))
    return [(subjects[entry], entry, label) for entry, label in rows.values_list("entry", "label")]


def _who(data: bytes) -> str:
    return str(msgspec.json.decode(data).get("words", {}).get("who", ""))
