"""Entries: events sealed in a side's chain, part by part, so that a part can be withheld or erased by itself.

::

    part   = H("p"  | salt | label | 0 | bytes)
    commit = H("c"  | (label | 0 | part) of every part)
    header = JSON ["duijie/1", log, epoch, side, seq, prev, [[side, epoch, seq, digest] …], [[label, part] …]]
    entry  = H("e1" | header)

Bytes are hashed as they were written and never encoded again, so a reader of another version hashes the same ones.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from duijie.errors import SealError

__all__ = [
    "FORMAT",
    "GENESIS",
    "INNER",
    "SUITE",
    "Chain",
    "Entry",
    "Head",
    "Part",
    "Signer",
    "is_signed",
    "is_words",
    "read_header",
    "seal",
    "sealed_part",
    "signed",
]

FORMAT = "duijie/1"
SUITE = "ed25519-sha256"
GENESIS = "0" * 64
_SALT = 16
_DIGEST = re.compile(r"[0-9a-f]{64}")
INNER = "#inner"  # the suffix of the log's name on the chain that never leaves its side


class Chain(NamedTuple):
    """One of the two chains of a side: the shared one, or the inner one that never leaves it."""

    side: str
    is_inner: bool = False

    def __str__(self) -> str:
        return self.side + (INNER if self.is_inner else "")


class Head(NamedTuple):
    """The last entry of a chain."""

    epoch: int
    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an entry; `data` is None where it is withheld or erased, `salt` then empty."""

    label: str
    hash: str
    salt: bytes = b""
    data: bytes | None = None

    @property
    def is_words(self) -> bool:
        """Whether it holds free text or something about a person, which can be erased."""
        return is_words(self.label)

    @property
    def is_whole(self) -> bool:
        """Whether what is held is what was sealed; a withheld part says nothing, so it is whole."""
        if self.data is None:
            return True
        # A salt of another length could move the border between salt, label and bytes under the same hash.
        return len(self.salt) == _SALT and part_hash(self.salt, self.label, self.data) == self.hash

    def withheld(self) -> Part:
        return replace(self, salt=b"", data=None)


@dataclass(frozen=True)
class Entry:
    """A sealed event: its header as bytes, its digest, its parts; `signature` only on the last of a transaction."""

    header: bytes
    parts: tuple[Part, ...]
    signature: str = ""

    @cached_property
    def _read(self) -> Header:
        return read_header(self.header)

    @property
    def log(self) -> str:
        return self._read.log

    @cached_property
    def chain(self) -> Chain:
        return Chain(self._read.side, self._read.log.endswith(INNER))

    @cached_property
    def head(self) -> Head:
        return Head(self._read.epoch, self._read.seq, self.digest)

    @property
    def previous(self) -> str:
        return self._read.previous

    @property
    def seen(self) -> Mapping[str, Head]:
        """The last entry of every other side that its author knew."""
        return self._read.seen

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(b"e1" + self.header).hexdigest()

    @cached_property
    def commit(self) -> str:
        """The event's id: it survives a new epoch, and is unique by its salts."""
        return commit_of([(label, digest) for label, digest in self._read.parts])

    @property
    def sealed_parts(self) -> tuple[tuple[str, str], ...]:
        return self._read.parts

    @property
    def is_whole(self) -> bool:
        """Whether the header can be read, and every part at hand is one that it names, with the hash it names."""
        try:
            named = dict(self.sealed_parts)
        except SealError:
            return False
        # A label given twice would name two parts.
        is_once = len(named) == len(self.sealed_parts) and len({one.label for one in self.parts}) == len(self.parts)
        return is_once and all(named.get(one.label) == one.hash and one.is_whole for one in self.parts)


class Header(NamedTuple):
    log: str
    epoch: int
    side: str
    seq: int
    previous: str
    seen: Mapping[str, Head]
    parts: tuple[tuple[str, str], ...]


def read_header(data: bytes) -> Header:
    """What a header says.

    Raises
    ------
    SealError
        The bytes are no header of a known format.
    """
    try:
        format_, log, epoch, side, seq, previous, seen, parts = json.loads(data.decode())
        if format_ != FORMAT:
            raise ValueError(format_)
        heads = {one: Head(int(its_epoch), int(its_seq), str(digest)) for one, its_epoch, its_seq, digest in seen}
        labelled = tuple((str(label), str(digest)) for label, digest in parts)
        digests = [previous, *(head.digest for head in heads.values()), *(digest for _, digest in labelled)]
        if not all(_DIGEST.fullmatch(one) for one in digests):
            raise ValueError
        # Half a character can be written in JSON and never be hashed or kept.
        "".join([str(log), str(side), *heads, *(label for label, _ in labelled)]).encode()
        return Header(str(log), int(epoch), str(side), int(seq), str(previous), heads, labelled)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise SealError("seal_line_broken", {"problem": str(error)[:80]}) from None


def part_hash(salt: bytes, label: str, data: bytes) -> str:
    return hashlib.sha256(b"p" + salt + label.encode() + b"\0" + data).hexdigest()


def is_words(label: str) -> bool:
    """Whether a part of this label holds free text or something about a person.

    Examples
    --------
    >>> is_words("matched/words"), is_words("matched/contact:2"), is_words("base")
    (True, True, False)
    """
    return label.endswith("/words") or "/contact:" in label


def commit_of(parts: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(b"c" + b"".join(f"{label}\0{digest}".encode() for label, digest in parts)).hexdigest()


def sealed_part(label: str, data: bytes) -> Part:
    """A part under a fresh salt of 16 bytes, so that its hash tells nothing of a short text."""
    salt = secrets.token_bytes(_SALT)
    return Part(label, part_hash(salt, label, data), salt, data)


def seal(log: str, chain: Chain, previous: Head, seen: Mapping[str, Head], parts: Sequence[Part]) -> Entry:
    """Put parts at the end of a chain; the caller signs the last entry of the transaction."""
    name = log + (INNER if chain.is_inner else "")
    heads = [[side, *head] for side, head in sorted(seen.items())]
    labelled = [[part.label, part.hash] for part in parts]
    header = [FORMAT, name, previous.epoch, chain.side, previous.seq + 1, previous.digest, heads, labelled]
    return Entry(json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode(), tuple(parts))


class Signer:
    """A side's private key; it signs, and tells its public half."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.public_key = public.hex()

    @classmethod
    def new(cls) -> Signer:
        """A fresh key from the machine's own randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> Signer:
        """The key of an unencrypted PKCS 8 file.

        Raises
        ------
        SealError
            It is no Ed25519 private key.
        """
        try:
            key = serialization.load_pem_private_key(pem, None)
        except ValueError:
            raise SealError("seal_key_unreadable") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise SealError("seal_key_unreadable")
        return cls(key)

    def to_pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, digest: str) -> str:
        return self._key.sign(bytes.fromhex(digest)).hex()


def signed(entry: Entry, signer: Signer) -> Entry:
    return replace(entry, signature=signer.sign(entry.digest))


def is_signed(digest: str, signature: str, public_key: str) -> bool:
    """Whether a signature over a digest (both hexadecimal) was made by the key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), bytes.fromhex(digest))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
