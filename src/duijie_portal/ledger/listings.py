"""The writes of parties and listings: put on record, revised, reviewed by their side, opened, taken back, erased."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.ledger import events
from duijie.ledger.record import erasures
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person

from .entries import Review
from .models import Agreement, Listing, Party, uuid7
from .recording import Author, append, author_of, written_by
from .store import DatabaseLog
from .visibility import Visibility

__all__ = [
    "clear",
    "erase",
    "erase_written",
    "listing_event",
    "listing_fields",
    "mint",
    "party_event",
    "party_fields",
    "release",
    "released",
    "retire",
    "revise_listing",
    "send_back",
    "submit_listing",
    "submit_party",
    "verify_party",
]

_CITED = ("publisher", "title", "url", "published_on", "as_of", "basis", "is_linked", "confidences", "inferred")


def mint(side: str) -> str:
    """A key for something new of a side: the side's code and a random part, made with the form."""
    return f"{side}.{uuid7().hex}"


def party_fields(*, kind: str, name: str, payload: Mapping[str, Any] | None = None, **about: Any) -> dict[str, Any]:
    """The whole value of a party as its events say it."""
    said = dict(payload or {})
    source = said.pop("source", {})
    fields: dict[str, Any] = {"kind": kind, "name": name, **{key: value for key, value in about.items() if value}}
    fields |= {f"payload.{key}": value for key, value in said.items()}
    return fields | ({"source": dict(source)} if source else {})


def listing_fields(
    *,
    kind: str,
    version: int,
    role: str,
    party: str,
    payload: Mapping[str, Any],
    source: Mapping[str, Any] | None = None,
    is_person: bool = False,
    **about: Any,
) -> dict[str, Any]:
    """The whole value of a listing as its events say it; what of its source may be cited goes with it."""
    said = dict(source or {})
    cited = {key: said.pop(key) for key in _CITED if key in said}
    fields: dict[str, Any] = {"kind": kind, "version": version, "role": role, "party": party}
    fields |= {key: value.isoformat() if isinstance(value, date) else value for key, value in about.items() if value}
    fields |= {f"payload.{key}": value for key, value in payload.items() if value not in (None, "", [], ())}
    fields |= {"cited": cited} if cited else {}
    fields |= {"source": said} if said else {}
    return fields | ({"is_person": True} if is_person else {})


def party_event(author: Author, key: str, fields: Mapping[str, Any], on: date, *, again: bool = False) -> events.Event:
    kind = events.Revised if again else events.Submitted
    return kind(subject=f"party/{key}", on=on, definition="party@1", fields=dict(fields), **author.says())


def listing_event(
    author: Author, key: str, fields: Mapping[str, Any], on: date, *, again: bool = False
) -> events.Event:
    kind = events.Revised if again else events.Submitted
    definition = f"{fields['kind']}@{fields['version']}"
    return kind(subject=f"listing/{key}", on=on, definition=definition, fields=dict(fields), **author.says())


def released(author: Author, subject: str, of: str, visibility: str, on: date) -> events.Event:
    return events.Released(subject=subject, on=on, of=of, visibility=visibility, **author.says())


def submit_party(
    person: Person, agreement: Agreement, *, key: str, fields: Mapping[str, Any], is_verified: bool = False
) -> str:
    """Put a party of one's own side on record; the calling service has checked the power."""
    author, today = author_of(person, agreement), timezone.localdate()
    said: list[events.Event] = [party_event(author, key, fields, today)]
    if is_verified:
        said.append(events.Verified(subject=f"party/{key}", on=today, **author.says()))
    return append(agreement, [(author.side, one) for one in said], today=today)[0]


def verify_party(person: Person, party: Party) -> None:
    """Vouch for a party of one's own side; the calling service has checked the power."""
    if party.side_id != person.side_id:
        raise DeniedError("portal_other_side_owns", {"side": party.side_id})
    author, today = author_of(person, party.agreement), timezone.localdate()
    said = events.Verified(subject=f"party/{party.pk}", on=today, **author.says())
    append(party.agreement, [(author.side, said)], today=today)


def submit_listing(person: Person, party: Party, *, key: str, fields: Mapping[str, Any]) -> str:
    """Put a listing on record; the calling service has checked power and payload."""
    author, today = author_of(person, party.agreement, behalf=party.pk), timezone.localdate()
    return append(party.agreement, [(author.side, listing_event(author, key, fields, today))], today=today)[0]


def revise_listing(person: Person, row: Listing, *, fields: Mapping[str, Any]) -> str:
    """The whole new value of a listing; the calling service has checked power and payload."""
    author, today = author_of(person, row.agreement, behalf=row.party_id), timezone.localdate()
    said = listing_event(author, row.pk, fields, today, again=True)
    return append(row.agreement, [(author.side, said)], today=today)[0]


Reviewed = Party | Listing


def subject_of(row: Reviewed) -> str:
    return f"{type(row).__name__.lower()}/{row.pk}"


def _own(person: Person, row: Reviewed) -> None:
    if row.side_id != person.side_id:
        raise DeniedError("portal_other_side_owns", {"side": row.side_id})


@write("record.clear")
def clear(person: Person, agreement: Agreement, /, *, rows: Sequence[Reviewed]) -> int:
    """Record that rows of one's own side passed its review (保密审查): an inner matter; how many.

    Raises
    ------
    DeniedError
        A row is another side's.
    """
    return _inner(person, agreement, rows, events.Cleared, {})


@write("record.review")
def send_back(person: Person, row: Reviewed, /, *, note: str) -> None:
    """Return a row to its author with words, at its own side's review.

    Raises
    ------
    InputError
        Nothing says why, or it is open already.
    """
    if not note.strip():
        raise InputError("case_note_missing")
    if isinstance(row, Listing) and row.opened_revision == row.revision:
        raise InputError("portal_open_already")
    _inner(person, row.agreement, [row], events.SentBack, {"note": note.strip()})


def _inner(person: Person, agreement: Agreement, rows: Sequence[Reviewed], kind: Any, words: dict[str, str]) -> int:
    author, today, said = author_of(person, agreement), timezone.localdate(), list[tuple[str, events.Event]]()
    for row in rows:
        _own(person, row)
        says = author.says()
        says["words"] = says["words"] | words
        said.append((author.side, kind(subject=f"review/{subject_of(row)}", on=today, of=row.revision, **says)))
    append(agreement, said, today=today)
    return len(said)


@write("record.release")
def release(person: Person, agreement: Agreement, /, *, rows: Sequence[Reviewed], visibility: str) -> int:
    """Sign rows off to leave their side (审核发布), as far as `visibility`; what a listing rests on goes along.

    Raises
    ------
    DeniedError
        A row is another side's, has not passed its review, or tells of a person and would become public.
    """
    level, author, today = Visibility(visibility), author_of(person, agreement), timezone.localdate()
    reviews = {one.pk: one for one in Review.objects.filter(pk__in=[subject_of(row) for row in rows])}
    for row in rows:
        _own(person, row)
        if reviews[subject_of(row)].state not in ("cleared", "open"):
            raise DeniedError("portal_not_cleared")
        if level == Visibility.PUBLIC and is_of_a_person(row):
            raise DeniedError("portal_persons_not_public")
    said = [(author.side, one) for one in _releases(author, rows, level, today)]
    append(agreement, said, today=today)
    return len(rows)


def _releases(author: Author, rows: Sequence[Reviewed], level: str, today: date) -> Iterator[events.Event]:
    taken: set[str] = {row.pk for row in rows if isinstance(row, Party)}
    for row in rows:
        if isinstance(row, Listing) and row.party_id not in taken:
            taken.add(row.party_id)
            if row.party.released_at is None:
                yield released(author, f"party/{row.party_id}", row.party.revision, level, today)
        yield released(author, subject_of(row), row.revision, level, today)


def is_of_a_person(row: Reviewed) -> bool:
    return (row.party.kind if isinstance(row, Listing) else row.kind) == "talent"


def retire(person: Person, row: Listing) -> None:
    """Take a listing back for its owner; the calling service has checked whose it is."""
    author, today = author_of(person, row.agreement, behalf=row.party_id), timezone.localdate()
    said = events.Retired(subject=f"listing/{row.pk}", on=today, **author.says())
    append(row.agreement, [(author.side, said)], today=today)


def erase(agreement: Agreement, subjects: Sequence[str], *, side: str, ground: str) -> int:
    """Erase every word on some subjects: events say so, the bytes and their salts are gone, the log still verifies.

    How many parts were erased; the calling service has checked the power.
    """
    return _erase(side, agreement, erasures(DatabaseLog(agreement), subjects, side), ground)


def erase_written(person: Person, agreement: Agreement, *, ground: str) -> int:
    """Erase what a person typed into events, and their name on them; how many parts."""
    return _erase(person.side_id or "", agreement, written_by(agreement, person), ground)


def _erase(side: str, agreement: Agreement, parts: Sequence[tuple[str, str, str]], ground: str) -> int:
    said = [
        (side, events.Erased(subject=subject, on=timezone.localdate(), commit=commit, label=label, ground=ground))
        for subject, commit, label in parts
    ]
    append(agreement, said)
    return len(parts)
