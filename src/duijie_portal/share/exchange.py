"""Packages between governments that each run a portal: made for another side, taken in from it, and what both know.

A package is a file. Whoever carries it may be trusted with nothing: it is signed, and holds what the other side may
read and no more. Made twice it is the same; taken in twice, or out of turn, it changes nothing that stands.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from duijie.data import inside
from duijie.errors import DuijieError, InputError, SealError
from duijie.intake.secrecy import mark_of
from duijie.ledger import events
from duijie.ledger.exchange import Bundle, bundle, receive
from duijie.ledger.log import UNREAD_KINDS, indexed
from duijie.ledger.package import pack, unpack
from duijie.ledger.seal import Chain, Head
from duijie.terms import Bilingual
from duijie_portal.accounts.door import write
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Person, Side, SideKey
from duijie_portal.ledger.entries import Entry, Receipt, Todo
from duijie_portal.ledger.keys import key_of, public_keys
from duijie_portal.ledger.loading import load_records
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.recording import Change, publish, sides_of, signers_of, tell_watchers
from duijie_portal.ledger.store import DatabaseLog, kept_path

__all__ = [
    "Peer",
    "Taken",
    "introduction",
    "make_package",
    "name_of",
    "own_side",
    "package_for",
    "package_name",
    "peers",
    "take",
    "take_package",
    "trust",
    "trust_key",
]

_WORD = "duijie"


@dataclass(frozen=True)
class Peer:
    """Another side and its portal, as this one knows it.

    Attributes
    ----------
    side, name
        Its code, and what people call it.
    is_trusted
        Whether its key was given here.
    n_held, received_at
        How many of its entries are here, and when its last package was taken in.
    n_had, n_waiting
        How many of one's own entries it had by its last package, and how many it is not known to have.
    """

    side: str
    name: Bilingual
    is_trusted: bool
    n_held: int
    received_at: datetime | None
    n_had: int
    n_waiting: int


@dataclass(frozen=True)
class Taken:
    """What a package brought: whose it was, how many entries were new or newly opened, and whether one joined by it.

    Of one that is `refused` nothing is kept, but for the proof where it contradicts what is held.
    """

    agreement: str
    side: str
    n_new: int = 0
    n_files: int = 0
    is_first: bool = False
    refused: DuijieError | None = None

    def or_why(self) -> Taken:
        """The same where it was taken in; else what stands against it is raised, outside what was written."""
        if self.refused is not None:
            raise self.refused
        return self


# What is known of each other


def own_side(agreement: Agreement) -> Side:
    """The one side of an agreement that works here.

    Raises
    ------
    InputError
        Several do, and then nothing is to be carried.
    """
    here = [side for side in sides_of(agreement) if is_hosted(side)]
    if len(here) != 1:
        raise InputError("share_all_here", {"agreement": agreement.pk})
    return Side.objects.get(pk=here[0])


def peers(agreement: Agreement) -> list[Peer]:
    """The other sides of an agreement that work at portals of their own; none where all work here."""
    here = [side for side in sides_of(agreement) if is_hosted(side)]
    others = [side for side in sides_of(agreement) if not is_hosted(side)]
    return [_peer(agreement, here[0], other) for other in others] if len(here) == 1 else []


def _peer(agreement: Agreement, own: str, other: str) -> Peer:
    heads = DatabaseLog(agreement).heads()
    said = Receipt.objects.filter(agreement=agreement, side=other).first()
    n_own, n_had = (head.seq if head else 0 for head in (heads.get(Chain(own)), _known(said).get(own)))
    return Peer(
        side=other,
        name=name_of(other),
        is_trusted=SideKey.objects.filter(side=other, retired_at=None).exists(),
        n_held=agreement.entries.filter(side=other, is_inner=False).count(),
        received_at=said.at if said else None,
        n_waiting=n_own - n_had,
        n_had=n_had,
    )


def _known(said: Receipt | None) -> dict[str, Head]:
    return {side: Head(*head) for side, head in said.heads.items()} if said else {}


def name_of(side: str) -> Bilingual:
    """What people call a side; its code where nobody here knows it."""
    row = Side.objects.filter(pk=side).first()
    return Bilingual(row.short_zh or row.name_zh, row.short_en or row.name_en) if row else Bilingual(side[:12])


def package_name(agreement: Agreement, to: str) -> str:
    """The name of a package: whose, for whom, up to which of the sender's entries."""
    own = own_side(agreement).pk
    head = DatabaseLog(agreement).heads().get(Chain(own))
    return f"{agreement.pk}-{own}-to-{to}-{head.seq if head else 0}.zip"


def introduction(side: Side) -> str:
    """A side's own line, to be read out or handed over in person: its code, its key, and a sum over both."""
    return f"{_WORD} {side.pk} {key_of(side).public_key} {_sum_of(side.pk, key_of(side).public_key)}"


def _sum_of(side: str, key: str) -> str:
    """Eight letters in which a slip of the ear or of the pen shows."""
    return hashlib.sha256(f"{_WORD} {side} {key}".encode()).hexdigest()[:8]


def trust_key(line: str) -> str:
    """Take in the line that another side gave of itself; its code.

    Raises
    ------
    InputError
        It is no such line, has a slip in it, names a side nobody knows here or one that works here.
    """
    words = line.split()
    if len(words) != 4 or words[0] != _WORD or len(words[2]) != 64 or set(words[2]) - set("0123456789abcdef"):
        raise InputError("share_line_wrong", {"line": line[:80]})
    _, side, key, found = words
    if found != _sum_of(side, key):
        raise InputError("share_line_slip", {"side": name_of(side)})
    if is_hosted(side) and Side.objects.filter(pk=side).exists():
        raise InputError("share_own_line")
    if not Side.objects.filter(pk=side).exists():
        raise InputError("share_side_elsewhere", {"side": side[:12]})
    SideKey.objects.get_or_create(side_id=side, public_key=key)
    return side


@write("share.exchange")
def trust(person: Person, agreement: Agreement, /, *, line: str) -> str:
    """Take in the line that the other side gave of itself, in person."""
    return trust_key(line)


# Out


def make_package(agreement: Agreement, to: str) -> bytes:
    """The file for another side: what it may read and is not known to have, with what went before opened since.

    Raises
    ------
    InputError
        The side is none of the agreement's, or works here.
    """
    own = own_side(agreement)
    if to not in sides_of(agreement) or is_hosted(to):
        raise InputError("share_side_elsewhere", {"side": to[:12]})
    log = DatabaseLog(agreement)
    if Chain(own.pk) not in log.heads():
        raise InputError("share_not_joined", {"agreement": agreement.pk})
    with log.lock():
        known = _known(Receipt.objects.filter(agreement=agreement, side=to).first())
        made = bundle(log, key_of(own), own.pk, to, known)
    return pack(made)


@write("share.exchange")
def package_for(person: Person, agreement: Agreement, /, *, to: str) -> bytes:
    """The file for another side."""
    return make_package(agreement, to)


# In


@write("share.exchange")
def take(person: Person, agreement: Agreement, /, *, content: bytes, name: str) -> Taken:
    """Take in a file from another side, for this agreement only; whoever asked says :meth:`Taken.or_why`."""
    return take_package(content, name, agreement)


@transaction.atomic
def take_package(content: bytes, name: str, only: Agreement | None = None) -> Taken:
    """Take in a file from another side, whole or not at all, and what follows from it.

    The first one lets a side join: its own chain begins in the log that the other side began, with its own rows.

    Raises
    ------
    InputError
        It is no package, of another agreement, from a side whose key was not given here, or a paper in it bears a
        mark of secrecy. What its seals and chains say against it is `refused`.
    """
    came = unpack(content, name)
    agreement = Agreement.objects.filter(pk=came.log.rpartition(":")[0]).first()
    if agreement is None or (only is not None and agreement.pk != only.pk):
        raise InputError("share_other_agreement", {"agreement": came.log.rpartition(":")[0][:80]}, {"file": name})
    if is_hosted(came.side):
        raise InputError("share_own_package", {"side": name_of(came.to)}, {"file": name})
    if came.side not in public_keys():
        raise InputError("share_unknown_side", {"side": name_of(came.side)}, {"file": name})
    # What another portal let in is not let in here for that.
    if any(mark_of("", one) for one in came.files):
        raise InputError("portal_file_secret", {}, {"file": name})
    with inside(Path(agreement.folder)):
        return _take(agreement, came)


def _take(agreement: Agreement, came: Bundle) -> Taken:
    is_first = not agreement.entries.exists()
    log = DatabaseLog(agreement, came.log if is_first else "")
    # Nothing is written before the first package: with it the own chain begins.
    signers = {} if is_first else signers_of(agreement)
    n_files = sum(not kept_path(hashlib.sha256(one).hexdigest()).exists() for one in came.files)
    read, todo = _read_of(agreement), set(Todo.objects.filter(agreement=agreement).values_list("pk", flat=True))
    try:
        receive(log, signers, came, keys=public_keys(), recorded_at=timezone.now(), sides=sides_of(agreement))
    except SealError as error:
        is_signature = error.code == "seal_signature_wrong"
        why = InputError("share_signature_wrong", {"side": name_of(came.side)}) if is_signature else error
        return Taken(agreement.pk, came.side, refused=why)
    _keep_receipt(agreement, came)
    if is_first:
        if came.to not in signers_of(agreement):
            raise InputError("share_side_elsewhere", {"side": came.to[:12]})
        _join(agreement)
    new = [one for one in map(indexed, came.entries) if one.entry.commit not in read]
    said = [(one.entry.chain.side, one) for one in new if not isinstance(one.event, events.Unknown)]
    rows = [row for row in Todo.objects.filter(agreement=agreement) if row.pk not in todo]
    tell_watchers(
        Change(agreement, [(side, one.event) for side, one in said], rows, [one.entry.commit for _, one in said])
    )
    return Taken(agreement.pk, came.side, len(new), n_files, is_first)


def _keep_receipt(agreement: Agreement, came: Bundle) -> None:
    """What the sender holds, unless a later package of theirs said so already."""
    key = f"{agreement.pk}|{came.side}"
    own = came.heads.get(came.side)
    before = _known(Receipt.objects.filter(pk=key).first()).get(came.side)
    if own is None or (before is not None and own[:2] < before[:2]):
        return
    about = {"agreement": agreement, "side": came.side, "at": timezone.now()}
    heads = {side: list(head) for side, head in came.heads.items()}
    Receipt.objects.update_or_create(pk=key, defaults={**about, "heads": heads})


def _read_of(agreement: Agreement) -> set[str]:
    """The entries whose event is known here already."""
    return set(
        Entry.objects.filter(agreement=agreement).exclude(kind__in=UNREAD_KINDS).values_list("commit", flat=True)
    )


def _join(agreement: Agreement) -> None:
    """Begin the own chain, and put on it what the own side's folder says."""
    publish(agreement, Path(agreement.folder), on=timezone.localdate())
    path = Path(settings.HOME) / agreement.pk / "records.jsonl"
    if path.exists():
        load_records(agreement, path)
