"""The sealed log: entries chained by hash, one chain a log and side, each signed with Ed25519.

This file needs nothing but the standard library, ``cryptography`` and :mod:`duijie.errors`; anyone can verify a log
without the portal: ``duijie share verify LOG.jsonl --keys KEYS.json``.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from duijie.errors import Fault, SealError

__all__ = ["GENESIS", "Entry", "Signer", "Verdict", "canonical_json", "seal", "verify"]

GENESIS = "0" * 64
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LARGEST_EXACT = 2**53


def canonical_json(value: Any) -> bytes:
    """One spelling for one value, so that two machines hash the same bytes.

    Parameters
    ----------
    value
        None, truth, text, finite numbers that a double holds exactly, lists, tuples, mappings with text keys.

    Returns
    -------
    bytes
        UTF-8, keys in the order of their UTF-16 units, no white space.

    Raises
    ------
    SealError
        A number that is not finite or not exact, text with half a surrogate pair, or a thing JSON cannot say.

    References
    ----------
    RFC 8785, JSON Canonicalization Scheme (JCS).

    Examples
    --------
    >>> canonical_json({"b": 1.0, "a": ["对接", None, 1e21]}).decode()
    '{"a":["对接",null,1e+21],"b":1}'
    """
    try:
        return "".join(_spell(value)).encode()
    except UnicodeEncodeError as error:
        raise SealError("seal_text_broken", {"at": error.start}) from None


def _spell(value: Any) -> Iterator[str]:
    if value is None or isinstance(value, bool):
        yield {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, str):
        yield _text(value)
    elif isinstance(value, int | float):
        yield _number(value)
    elif isinstance(value, list | tuple):
        yield from _joined("[", (_spell(one) for one in value), "]")
    elif isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass"))
        yield from _joined("{", ((_text(key), ":", *_spell(one)) for key, one in pairs), "}")
    else:
        raise SealError("seal_value_unknown", {"type": type(value).__name__})


def _joined(first: str, parts: Iterable[Iterable[str]], last: str) -> Iterator[str]:
    yield first
    for at, part in enumerate(parts):
        if at:
            yield ","
        yield from part
    yield last


def _text(value: str) -> str:
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'  # nothing to escape: most keys, digests, dates
    return '"' + "".join(_ESCAPES.get(sign) or (f"\\u{ord(sign):04x}" if sign < " " else sign) for sign in value) + '"'


def _number(value: float) -> str:
    """As ECMAScript writes it: plain digits from 1e-6 up to 1e21, an exponent beyond."""
    if isinstance(value, int):
        if abs(value) > _LARGEST_EXACT and _as_double(value) != str(value):
            raise SealError("seal_number_inexact", {"value": str(value)[:40]})
        return str(value)
    if not math.isfinite(value):
        raise SealError("seal_number_inexact", {"value": str(value)})
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    digits, point = (whole + part).lstrip("0"), len(whole) + int(exponent or 0)
    point -= len(whole + part) - len(digits)
    return sign + _placed(digits.rstrip("0"), point)


def _as_double(value: int) -> str:
    """How a machine that reads every number as a double spells a large whole number; empty where it cannot hold it."""
    try:
        return _number(float(value))
    except OverflowError:
        return ""


def _placed(digits: str, point: int) -> str:
    """The digits 0.d1d2d3… × 10**point in the shortest ECMAScript form."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{tail}e{point - 1:+d}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One sealed event: what a side said (`body`), its place in that side's chain, digest and signature.

    `previous` is the digest of the entry before, :data:`GENESIS` for the first; `sequence` counts from 1; `key` is the
    public key that signed, `digest` SHA-256 over everything but digest and signature. All are hexadecimal text.
    """

    id: str
    log: str
    side: str
    sequence: int
    previous: str
    key: str
    body: Mapping[str, Any]
    digest: str = ""
    signature: str = ""

    def computed_digest(self) -> str:
        content = {name: value for name, value in asdict(self).items() if name not in ("digest", "signature")}
        return hashlib.sha256(canonical_json(content)).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


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


def seal(
    body: Mapping[str, Any], *, id: str, log: str, side: str, sequence: int, previous: str, signer: Signer
) -> Entry:
    """Put a body at the end of a side's chain and sign it.

    Parameters
    ----------
    body
        What :func:`canonical_json` can spell; no personal data, which must stay erasable.
    id
        Unique in the log, a UUIDv7 in the portal.
    log
        Name of the log, the agreement in the portal.
    side
        Code of the side that speaks.
    sequence
        One more than that of the entry before; the first is 1.
    previous
        Digest of the entry before; :data:`GENESIS` for the first.
    signer
        The side's key.

    Examples
    --------
    >>> signer = Signer.new()
    >>> one = seal({"kind": "need"}, id="1", log="a", side="x", sequence=1, previous=GENESIS, signer=signer)
    >>> verify([one], {"x": [signer.public_key]}).holds
    True
    """
    blank = Entry(id, log, side, sequence, previous, signer.public_key, body)
    digest = blank.computed_digest()
    return Entry(id, log, side, sequence, previous, signer.public_key, body, digest, signer.sign(digest))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: entries seen, everything wrong, and the last digest of each chain (log, side)."""

    n_entries: int
    faults: tuple[Fault, ...] = ()
    heads: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return not self.faults


def verify(
    entries: Iterable[Entry],
    keys: Mapping[str, Sequence[str]],
    *,
    heads: Mapping[tuple[str, str], str] | None = None,
) -> Verdict:
    """Whether a log is whole: every entry as signed, none altered, left out, put in or cut off.

    Parameters
    ----------
    entries
        In any order; an empty log holds.
    keys
        The public keys of each side, old ones with them.
    heads
        Last digests known from elsewhere (a printed one, the other side's); without them a cut tail shows only where
        the other side has countersigned a lost entry.

    Returns
    -------
    Verdict
        Every fault at once, each with log, side and sequence.
    """
    chains: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        chains[entry.log, entry.side].append(entry)
    faults = [fault for chain in chains.values() for fault in _chain_faults(chain, keys)]
    faults += _countersignature_faults(chains.values())
    last = {name: max(chain, key=lambda entry: entry.sequence).digest for name, chain in chains.items()}
    for name, digest in (heads or {}).items():
        if not any(entry.digest == digest for entry in chains.get(name, ())):
            faults.append(Fault("seal_truncated", {"log": name[0], "side": name[1]}, {"digest": digest[:16]}))
    return Verdict(sum(map(len, chains.values())), tuple(faults), last)


def _chain_faults(chain: list[Entry], keys: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    expected, previous = 1, GENESIS
    for entry in sorted(chain, key=lambda entry: entry.sequence):
        if entry.sequence != expected:
            yield _fault("seal_fork" if entry.sequence < expected else "seal_gap", entry, expected=expected)
        elif entry.previous != previous:
            yield _fault("seal_link_broken", entry)
        yield from _entry_faults(entry, keys)
        expected, previous = entry.sequence + 1, entry.digest


def _entry_faults(entry: Entry, keys: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    try:
        is_whole = entry.computed_digest() == entry.digest
    except SealError:
        is_whole = False
    if not is_whole:
        yield _fault("seal_altered", entry)
    if entry.key not in keys.get(entry.side, ()):
        yield _fault("seal_key_unknown", entry, key=entry.key[:16])
    elif not _is_signed(entry):
        yield _fault("seal_signature_wrong", entry)


def _is_signed(entry: Entry) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(entry.key))
        public.verify(bytes.fromhex(entry.signature), bytes.fromhex(entry.digest))
    except (InvalidSignature, ValueError):
        return False
    return True


def _countersignature_faults(chains: Iterable[list[Entry]]) -> Iterator[Fault]:
    """A countersignature names the digest of what it agrees with; that entry must be there unchanged."""
    entries = [entry for chain in chains for entry in chain]
    known = {(entry.log, entry.digest) for entry in entries}
    for entry in entries:
        digest = entry.body.get("countersigns_digest")
        if digest and (entry.log, digest) not in known:
            yield _fault("seal_countersigned_missing", entry, digest=str(digest)[:16])


def _fault(code: str, entry: Entry, **values: Any) -> Fault:
    return Fault(code, {"log": entry.log, "side": entry.side, "sequence": entry.sequence}, values)
