"""The sealed log behind every record: drafts become signed events at the end of a side's chain."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from duijie.errors import SealError
from duijie.share.seal import GENESIS, Signer, Verdict, canonical_json, seal, verify
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Person, Side, SideKey

from .models import Agreement, Countersignature, Erasable, Event, uuid7

__all__ = ["Draft", "append", "erasable", "erase", "key_of", "public_keys", "verify_agreement"]

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be recorded: by which side, of what, when it happened; `body` holds no personal data."""

    side: str
    kind: str
    subject_type: str
    subject: str
    on: date
    body: Mapping[str, Any] = field(default_factory=dict)


def key_of(side: Side) -> Signer:
    """The private key of a side, made on first use; a node holds only the keys of the sides it hosts.

    Raises
    ------
    SealError
        The side works at another node.
    """
    if not is_hosted(side.pk):
        raise SealError("portal_key_elsewhere", {"side": side.pk})
    path = Path(settings.HOME) / "keys" / f"{side.pk}.pem"
    return _signer(path, side.pk, path.stat().st_mtime_ns if path.exists() else 0)


@cache
def _signer(path: Path, side: str, _version: int) -> Signer:
    known = SideKey.objects.filter(side_id=side)
    if path.exists():
        signer = Signer.from_pem(path.read_bytes())
        if not known.filter(public_key=signer.public_key, retired_at=None).exists():
            SideKey.objects.create(side_id=side, public_key=signer.public_key)
        return signer
    if known.exists():
        raise SealError("portal_key_elsewhere", {"side": side})
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = Signer.new()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(signer.to_pem())
    SideKey.objects.create(side_id=side, public_key=signer.public_key)
    return signer


def public_keys() -> dict[str, list[str]]:
    """The public keys of every side, oldest first."""
    found: dict[str, list[str]] = {}
    for key in SideKey.objects.all():
        found.setdefault(key.side_id, []).append(key.public_key)
    return found


@transaction.atomic
def append(agreement: Agreement, drafts: Iterable[Draft], *, recorded_at: datetime | None = None) -> list[Event]:
    """Seal drafts in their order, each at the end of its side's chain.

    The side's row is locked, so that two writers never take the same number; SQLite lets one writer in at a time.

    Raises
    ------
    SealError
        The key of a side is not on this node.
    """
    taken = list(drafts)
    moment = recorded_at or timezone.now()
    sides = {side.pk: side for side in Side.objects.select_for_update().filter(pk__in={draft.side for draft in taken})}
    heads = {code: _head(agreement, code) for code in sides}
    events: list[Event] = []
    for draft in taken:
        number, previous = heads[draft.side]
        event = _sealed(agreement, draft, number + 1, previous, key_of(sides[draft.side]), moment)
        heads[draft.side] = (event.sequence, event.digest)
        events.append(event)
    return Event.objects.bulk_create(events, batch_size=_BATCH)


def _head(agreement: Agreement, side: str) -> tuple[int, str]:
    last = Event.objects.filter(agreement=agreement, side_id=side).order_by("-sequence").first()
    return (last.sequence, last.digest) if last else (0, GENESIS)


def _sealed(
    agreement: Agreement, draft: Draft, sequence: int, previous: str, signer: Signer, moment: datetime
) -> Event:
    about = {"kind": draft.kind, "subject_type": draft.subject_type, "subject": draft.subject}
    times = {"on": draft.on.isoformat(), "recorded_at": moment.isoformat()}
    content = canonical_json({**draft.body, **about, **times}).decode()
    identity = uuid7()
    entry = seal(
        json.loads(content),
        id=str(identity),
        log=agreement.pk,
        side=draft.side,
        sequence=sequence,
        previous=previous,
        signer=signer,
    )
    return Event(
        id=identity,
        agreement=agreement,
        side_id=draft.side,
        sequence=sequence,
        previous=previous,
        key=entry.key,
        digest=entry.digest,
        signature=entry.signature,
        content=content,
        kind=draft.kind,
        subject_type=draft.subject_type,
        subject=draft.subject,
        on=draft.on,
        recorded_at=moment,
    )


def countersign(event: Event, side: str, *, on: date, actor: str = "") -> Countersignature:
    """Append the other side's word on an event, bound to its digest."""
    body = {"countersigns": str(event.pk), "countersigns_digest": event.digest, "actor": actor}
    draft = Draft(side, "countersigned", event.subject_type, event.subject, on, body)
    [by] = append(event.agreement, [draft])
    return Countersignature.objects.create(event=event, by=by, side_id=side)


def erasable(text: str, person: Person | None = None) -> str:
    """Keep a text outside the chain and give the salted hash that may enter it; empty text gives an empty reference."""
    if not text:
        return ""
    salt = secrets.token_hex(16)
    reference = hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()
    Erasable.objects.create(reference=reference, salt=salt, text=text, person=person)
    return reference


def erase(reference: str) -> None:
    """Forget a text and its salt: the hash that stays in the chain tells nothing, and the chain still verifies."""
    Erasable.objects.filter(pk=reference).update(salt="", text="", person=None, erased_at=timezone.now())


def texts(references: Sequence[str]) -> dict[str, str]:
    """The texts behind references; an erased one is empty."""
    return dict(Erasable.objects.filter(pk__in=references).values_list("reference", "text"))


def verify_agreement(agreement: Agreement) -> Verdict:
    """Whether every chain of an agreement is whole, by the same check that runs without the portal."""
    return verify((event.entry() for event in agreement.events.iterator(chunk_size=_BATCH)), public_keys())
