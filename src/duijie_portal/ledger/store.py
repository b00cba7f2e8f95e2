"""The record in a database: the protocol of :mod:`duijie.ledger.log`, on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import Max, Q

from duijie.ledger.fold import Rows
from duijie.ledger.gate import Grant as Reach
from duijie.ledger.log import UNREAD_KINDS, Indexed, Stored, columns_of, indexed
from duijie.ledger.seal import INNER, Chain, Head, Part
from duijie.ledger.seal import Entry as Sealed
from duijie.ledger.state import Placed

from .entries import Decline, DeskAct, Entry, EntryPart, Grant, Review, Todo, Word
from .models import Agreement, Case, Listing, Party, Step
from .on_record import OnRecord, columns_said, value_said
from .raw import add_rows, as_bytes, as_they_stand, batched

__all__ = ["DatabaseLog", "hold", "keep_bytes", "kept_path", "tables"]

_BATCH = 500
_Row = Mapping[str, Any]
# Each table of rows: its model, and the column that says what the row is folded from.
_FOLDED: Mapping[str, tuple[type[models.Model], str]] = {
    "party": (Party, "id"),
    "listing": (Listing, "id"),
    "step": (Step, "case_id"),
    "case": (Case, "id"),
    "grant": (Grant, "source"),
    "todo": (Todo, "source"),
    "desk": (DeskAct, "source"),
    "review": (Review, "id"),
    "decline": (Decline, "id"),
}
_SORT = {"party": "party", "listing": "listing", "case": "case", "step": "case", "review": "review", "decline": "pair"}


_BY_SOURCE = frozenset({"grant", "todo", "desk"})
# The columns of an entry that its parts say, and those that say where it stands.
_SAID = ("kind", "subject", "on", "recorded_at")
_PLACED = ("ordering", "place_epoch", "place_seq")


@cache
def tables() -> Mapping[str, tuple[type[models.Model], str]]:
    """Every table that is folded from the record, those of what is kept beside under the names of their models."""
    kept = [model for model in apps.get_models() if issubclass(model, OnRecord)]
    return {**_FOLDED, **{str(model._meta.model_name): (model, "id") for model in kept}}


def hold(agreement: Agreement) -> None:
    """Let one writer of an agreement in at a time, until the transaction ends; SQLite does so by itself."""
    Agreement.objects.select_for_update(no_key=True).get(pk=agreement.pk)


def kept_path(sha256: str) -> Path:
    return Path(settings.HOME) / "evidence" / sha256


# What a file is by its first bytes, whatever its name says; only these are ever shown inside a page.
_TYPES = ((b"%PDF", "application/pdf"), (b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
SHOWN_TYPES = frozenset(kind for _, kind in _TYPES) | {"text/plain"}
SUFFIXES = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "text/plain": ".txt",
            "application/zip": ".zip"}  # fmt: skip


def media_type(path: Path) -> str:
    """What a kept file is, by its content: PDF, picture, office file (a zip) or plain text."""
    with path.open("rb") as handle:
        first = handle.read(4096)
    found = next((kind for mark, kind in _TYPES if first.startswith(mark)), "")
    if found or first.startswith(b"PK\x03\x04"):
        return found or "application/zip"
    return "application/octet-stream" if b"\0" in first else "text/plain"


def keep_bytes(content: bytes) -> str:
    """Write a file under its hash: part-file, to disk, renamed; one that is there is read before it is trusted."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = kept_path(sha256)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
        return sha256
    part = path.with_suffix(f".{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        part.unlink(missing_ok=True)
    return sha256


def _columns(model: type[models.Model]) -> Mapping[str, str]:
    """The columns of a model by the names a fold gives them."""
    found = {field.name: field.attname for field in model._meta.concrete_fields}
    return found | {field.attname.removesuffix("_id"): field.attname for field in model._meta.concrete_fields}


@cache
def _names(table: str) -> Mapping[str, str]:
    return _columns(tables()[table][0])


def _is_kept(table: str) -> bool:
    return table not in _FOLDED


class DatabaseLog:
    """The log of an agreement in the portal's database."""

    def __init__(self, agreement: Agreement, name: str = "") -> None:
        """The log of an agreement; `name` where another side began it and nothing of it is here yet."""
        self.agreement = agreement
        self._name = name

    @property
    def name(self) -> str:
        """The agreement's key and 128 random bits, drawn when its first chain is begun."""
        if not self._name:
            first = self._entries().filter(is_inner=False).values_list("log", flat=True).first()
            self._name = first or f"{self.agreement.pk}:{secrets.token_hex(16)}"
        return self._name

    def _entries(self) -> models.QuerySet[Entry]:
        return Entry.objects.filter(agreement=self.agreement)

    @contextmanager
    def lock(self) -> Iterator[None]:
        with transaction.atomic():
            hold(self.agreement)
            yield

    def heads(self, by: datetime | None = None) -> dict[Chain, Head]:
        found, rows = {}, self._entries() if by is None else self._entries().filter(recorded_at__lte=by)
        for one in rows.order_by().values("side", "is_inner").annotate(epoch=Max("epoch")):
            chain = {key: one[key] for key in ("side", "is_inner", "epoch")}
            last = rows.filter(**chain).order_by("-seq").values_list("epoch", "seq", "digest")[0]
            found[Chain(one["side"], one["is_inner"])] = Head(*last)
        return found

    def entry(self, chain: Chain, seq: int) -> Indexed | None:
        rows = self._entries().filter(side=chain.side, is_inner=chain.is_inner, seq=seq).order_by("-epoch")[:1]
        return next((one for _, one in _read(rows)), None)

    def latest_at(self, sides: Iterable[str]) -> datetime | None:
        rows = self._entries().filter(side__in=sorted(sides)).order_by("-recorded_at")
        return rows.values_list("recorded_at", flat=True).first()

    def streams(self, subjects: Iterable[str]) -> dict[str, list[Placed]]:
        wanted = sorted(subjects)
        found: dict[str, list[Placed]] = {one: [] for one in wanted}
        for at in range(0, len(wanted), _BATCH):
            for row, one in _read(self._entries().filter(subject__in=wanted[at : at + _BATCH])):
                found[row.subject].append(one.placed)
        return found

    def add(self, entries: Sequence[Indexed]) -> None:
        made, values, words = list[_Row](), list[_Row](), list[_Row]()
        for one in entries:
            about = {"agreement_id": self.agreement.pk, "header": one.entry.header, "signature": one.entry.signature}
            made.append({**about, **columns_of(one)})
            for part in one.entry.parts:
                if part.data is None:
                    continue  # withheld or erased: its hash stands in the header
                (words if part.is_words else values).append(_part_row(one, part))
        add_rows(Entry, made)
        add_rows(EntryPart, values)
        add_rows(Word, words)

    def hold(self, entries: Sequence[Indexed]) -> None:
        told = {one.entry.commit: one for one in entries}
        rows = [row for batch in batched(told, _BATCH) for row in Entry.objects.filter(commit__in=batch)]
        held = {row.commit for row in rows}
        self.add([one for commit, one in told.items() if commit not in held])
        # What an entry says is written once: when the part that says it comes.
        unread = [row for row in rows if row.kind in UNREAD_KINDS]
        for row in rows:
            for name, value in columns_of(told[row.commit]).items():
                if name in (*_SAID, *_PLACED):
                    setattr(row, name, value)
        for columns, some in ((_PLACED, rows), (_SAID, unread)):
            Entry.objects.bulk_update(some, columns, _BATCH)
        self._join([told[commit] for commit in held])

    def _join(self, entries: Sequence[Indexed]) -> None:
        """Keep what came since of entries that are here, and let go the words that were erased."""
        for batch in batched(entries, _BATCH):
            found = {f"{one.entry.commit}|{part.label}": (one, part) for one in batch for part in one.entry.parts}
            told = {pk: both for pk, both in found.items() if both[1].data is not None}
            for is_words, model in ((False, EntryPart), (True, Word)):
                kept = model._default_manager.filter(entry__in=[one.entry.commit for one in batch])
                held = set(kept.values_list("pk", flat=True))
                new = [told[pk] for pk in told if pk not in held and told[pk][1].is_words == is_words]
                add_rows(model, [_part_row(*both) for both in new])
                if is_words:
                    kept.filter(pk__in=held - told.keys()).delete()

    def take_up(self, ordering: str, author: str, upto: Head, place: tuple[int, int]) -> set[str]:
        seen = Q(epoch__lt=upto.epoch) | Q(epoch=upto.epoch, seq__lte=upto.seq)
        rows = self._entries().filter(seen, ordering=ordering, side=author, is_inner=False, place_seq=None)
        touched = set(rows.values_list("subject", flat=True))
        if touched:
            rows.update(place_epoch=place[0], place_seq=place[1])
        return touched

    def waiting(self, ordering: str) -> set[str]:
        rows = self._entries().filter(ordering=ordering, place_seq=None, is_inner=False).exclude(side=ordering)
        return set(rows.values_list("side", flat=True))

    def replace(self, rows: Mapping[str, Rows]) -> None:
        made: dict[str, list[_Row]] = defaultdict(list)
        for found in rows.values():
            for table, kept in found.items():
                # What a later version keeps stays on record; there is no table for it here.
                made[table] += [self._row(table, one) for one in kept if table in tables()]
        for table, (model, column) in tables().items():
            keys = [_key(table, subject) for subject in rows if _is_from(table, subject)]
            for at in range(0, len(keys), _BATCH):
                model._default_manager.filter(**{f"{column}__in": keys[at : at + _BATCH]}).delete()
        for table, (model, _) in tables().items():
            add_rows(model, made.get(table, ()))

    def _row(self, table: str, row: Mapping[str, Any]) -> _Row:
        names = _names(table)
        values = {names[key]: value for key, value in row.items()}
        if _is_kept(table):
            columns = {field.attname: field for field in tables()[table][0]._meta.concrete_fields}
            values = {key: value_said(columns[key], value) for key, value in values.items()}
        if "agreement_id" in names.values():
            values["agreement_id"] = self.agreement.pk
        return values

    def clear(self) -> None:
        """Delete every projected row of the agreement, whatever it is folded from."""
        for table, (model, _) in tables().items():
            own = {"case__agreement": self.agreement} if table == "step" else {"agreement": self.agreement}
            model._default_manager.filter(**own).delete()

    def grants(self, subjects: Collection[str]) -> list[Reach]:
        found, keys = list[Reach](), [one.partition("/")[2] for one in sorted(subjects)]
        for batch in batched(keys, _BATCH):
            rows = Grant.objects.filter(agreement=self.agreement, key__in=batch)
            for sort, key, scope, stage in rows.values_list("sort", "key", "scope", "stage"):
                found.append(Reach(f"{sort}/{key}", scope, stage))
        return [one for one in found if one.subject in subjects]

    def subjects(self) -> Iterator[str]:
        yield from sorted(self._entries().order_by().values_list("subject", flat=True).distinct())

    def entries(self, chain: Chain) -> Iterator[Indexed]:
        yield from (one for _, one in _read(self._entries().filter(side=chain.side, is_inner=chain.is_inner)))

    def of_subjects(self, chain: Chain, subjects: set[str]) -> Iterator[Indexed]:
        rows = self._entries().filter(side=chain.side, is_inner=chain.is_inner)
        yield from (one for _, one in _read(rows.filter(subject__in=sorted(subjects))))

    def file(self, sha256: str) -> bytes | None:
        path = kept_path(sha256)
        return path.read_bytes() if path.exists() else None

    def keep(self, content: bytes) -> str:
        return keep_bytes(content)

    def forget(self, commit: str, label: str) -> None:
        Word.objects.filter(entry=commit, label=label).delete()

    # What a verifier asks

    def stored(self) -> Iterator[Stored]:
        names = [field.attname for field in Entry._meta.concrete_fields]
        for batch in batched(as_they_stand(self._entries(), names), _BATCH):
            parts = _parts_of([str(row["commit"]) for row in batch])
            for row in batch:
                header, signature = as_bytes(row["header"]), row["signature"]
                sealed = Sealed(header, tuple(parts.get(row["commit"], ())), signature)
                yield Stored(f"{row['side']}{INNER if row['is_inner'] else ''}:{row['seq']}", sealed, row)

    def stored_rows(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for table, (model, column) in tables().items():
            own = {"case__agreement": self.agreement} if table == "step" else {"agreement": self.agreement}
            rows = model._default_manager.filter(**own)
            if _is_kept(table):
                columns = [field.attname for field in model._meta.concrete_fields]
                for values in as_they_stand(rows, columns):
                    yield table, f"{table}/{values['id']}", columns_said(model(**values))
                continue
            back = {attname: name for name, attname in _names(table).items()}
            back |= {field.attname: field.name for field in model._meta.concrete_fields}
            for values in as_they_stand(rows, sorted(set(_names(table).values()))):
                subject = _subject(table, str(values[column]))
                yield table, subject, {back[key]: value for key, value in values.items() if key != "agreement_id"}

    def knows(self, table: str) -> bool:
        return table in tables()

    def stored_file(self, sha256: str) -> bool | None:
        content = self.file(sha256)
        return None if content is None else hashlib.sha256(content).hexdigest() == sha256


def _part_row(one: Indexed, part: Part) -> _Row:
    about = {"id": f"{one.entry.commit}|{part.label}", "entry": one.entry.commit, "label": part.label}
    return {**about, "salt": part.salt, "data": part.data}


def _key(table: str, subject: str) -> str:
    """What a table's column says of the rows folded from a subject."""
    if table in _BY_SOURCE:
        return subject
    return subject.partition("/")[2]


def _is_from(table: str, subject: str) -> bool:
    return table in _BY_SOURCE or subject.partition("/")[0] == _SORT.get(table, table)


def _subject(table: str, key: str) -> str:
    return key if table in _BY_SOURCE else f"{_SORT[table]}/{key}"


def _read(rows: models.QuerySet[Entry]) -> Iterator[tuple[Entry, Indexed]]:
    """Entries with their events as the parts at hand say them."""
    for batch in batched(rows.iterator(chunk_size=_BATCH), _BATCH):
        parts = _parts_of([row.commit for row in batch])
        for row in batch:
            held = tuple(parts.get(row.commit, ()))
            one = indexed(Sealed(bytes(row.header), held, row.signature))
            place = None if row.place_seq is None else (row.place_epoch or 1, row.place_seq)
            yield row, Indexed(one.entry, one.event, one.recorded_at, row.ordering, place)


def _parts_of(commits: Sequence[str]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = defaultdict(list)
    for model in (EntryPart, Word):
        for entry, label, salt, data in model.objects.filter(entry__in=commits).values_list(
            "entry", "label", "salt", "data"
        ):
            found[entry].append(_part(str(label), as_bytes(salt), as_bytes(data)))
    return found


def _part(label: str, salt: bytes, data: bytes) -> Part:
    return Part(label, hashlib.sha256(b"p" + salt + label.encode() + b"\0" + data).hexdigest(), salt, data)
