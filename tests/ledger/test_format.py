"""The format of entries stays: every kind of event gives the bytes, hashes and signatures that are on file.

A new kind, or a new version of one, adds a line to ``golden/format.jsonl``; no line that stands there ever changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duijie.ledger import events
from duijie.ledger.events import Amount, FileRef
from duijie.ledger.exchange import Bundle
from duijie.ledger.seal import GENESIS, Chain, Entry, Head, Part, Signer, is_signed, part_hash, seal, signed

FILE = Path(__file__).parent / "golden" / "format.jsonl"
DAY, MOMENT = date(2025, 3, 1), datetime(2025, 3, 1, 8, 0, 0, 250000, UTC)
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
HASH = "ab" * 32
CASE = {"subject": "case/a", "on": DAY, "role": "need", "by": "mill", "behalf": "mill"}
LISTING = {"subject": "listing/u", "on": DAY, "by": "mill"}
PAPER = FileRef(HASH, 12, "text/plain", "contract")
WORDS = {"note": "请补充 “签章页”", "who": "person:1"}
FIELDS = {"kind": "supply", "payload.title": "鞋面", "payload.price_most_cny": 12, "payload.share": 0.25}
SPLIT = {"kind": "public", "payload.title": "public/words", "payload.price_most_cny": "matched"}
EVENTS: tuple[events.Event, ...] = (
    events.AgreementPublished(subject="agreement/a", on=DAY, log="a:00ff", sides=("north", "south")),
    events.KeySet(subject="key/north", on=DAY, suite="ed25519-sha256", public_key=HASH),
    events.EpochClosed(subject="epoch/south", on=DAY, epoch=1, seq=9, digest=HASH, asked=3),
    events.Contradicted(subject="epoch/south", on=DAY, headers=("[1]", "[2]"), signature="00" * 64),
    events.Took(subject="took/north", on=DAY),
    events.Submitted(**LISTING, definition="supply@1", fields=FIELDS, words=WORDS),
    events.Revised(**LISTING, definition="supply@1", fields=FIELDS),
    events.Verified(subject="party/mill", on=DAY),
    events.Released(**LISTING, of=HASH, visibility="both"),
    events.Retired(**LISTING),
    events.CaseOpened(
        **CASE, definition="match-chain@2", pinned=HASH, clause="leather", ordering="north", began_on=DAY,
        roles={"need": "mill", "need_side": "north"}, need="u", need_revision=HASH, offer="s", offer_revision=HASH,
        parent="p", due_on=DAY, fields={"milestones": {"m": ["photo"]}}, words={"title_zh": "接洽"},
    ),
    events.Step(
        **CASE, node="signed", after=HASH, amount=Amount(Decimal("1200000.50"), "cny"), reason="terms", period="2027",
        due_on=DAY, fields={"n": 1}, files=(PAPER,), words=WORDS,
    ),
    events.Confirmed(**CASE, target=HASH),
    events.Noted(**CASE, about="milestone", milestone="m", files=(PAPER,)),
    events.Returned(**CASE, target=HASH, reason="terms"),
    events.Withdrawn(**CASE, target=HASH),
    events.Corrected(**CASE, target=HASH, amount=Amount(Decimal("0"), "none"), happened_on=DAY),
    events.Erased(**LISTING, commit=HASH, label="public/words", ground="consent"),
    events.FileDestroyed(**LISTING, sha256=HASH, ground="term", basis="s 1"),
    events.Cleared(subject="review/listing/u", on=DAY, of=HASH),
    events.SentBack(subject="review/listing/u", on=DAY, of=HASH, words=WORDS),
    events.Declined(subject="pair/u+s", on=DAY, need="u", offer="s", reason="price"),
    events.Reconsidered(subject="pair/u+s", on=DAY),
    events.Kept(
        subject="resource/r", on=DAY, act="added", ordering="north", after=HASH, fields={"name": "仪器", "n": None},
        writers=("south",), readers=("sides",), is_gone=True,
    ),
    events.Arranged(
        subject="desk/north:case/u+s", on=DAY, role="office", what="handed", asks="handle", item="case/u+s|confirm",
        answers=HASH, departments=("trade",), from_on=DAY, due_on=DAY, words={**WORDS, "person:to": "a b"},
    ),
)  # fmt: skip


def sealed() -> Iterator[tuple[events.Event, Entry]]:
    """Each event as an entry, inner ones on the inner chain, under salts that are no secret."""
    heads: dict[Chain, Head] = {}
    for at, event in enumerate(EVENTS):
        parts = []
        for nth, (label, data) in enumerate(events.encode(event, MOMENT, SPLIT).items()):
            salt = bytes([at, nth] * 8)
            parts.append(Part(label, part_hash(salt, label, data), salt, data))
        chain = Chain("north", event.is_inner)
        seen = {"south": Head(2, at, HASH), "east": Head(1, at, HASH)}
        entry = signed(seal("a:00ff", chain, heads.get(chain, Head(1, 0, GENESIS)), seen, parts), SIGNER)
        heads[chain] = entry.head
        yield event, entry


def line_of(event: events.Event, entry: Entry) -> dict[str, Any]:
    parts = [[one.label, one.salt.hex(), (one.data or b"").decode()] for one in entry.parts]
    said = {"kind": event.kind, "v": event.version, "header": entry.header.decode(), "parts": parts}
    return {**said, "digest": entry.digest, "commit": entry.commit, "signature": entry.signature}


def on_file() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("at", range(len(EVENTS)), ids=lambda at: EVENTS[at].kind)
def test_an_event_is_sealed_to_the_same_bytes(at: int) -> None:
    """Header, parts, hashes and signature are those of the file, byte for byte."""
    event, entry = list(sealed())[at]
    assert line_of(event, entry) == on_file()[at]


def test_what_is_on_file_is_read_as_what_was_said() -> None:
    """The bytes of every line decode to the event, to the moment and the place in the chain they were sealed with."""
    for line, event in zip(on_file(), EVENTS, strict=True):
        parts = {label: data.encode() for label, _, data in line["parts"]}
        assert events.decode(parts) == (event, MOMENT)
        held = tuple(
            Part(label, part_hash(bytes.fromhex(salt), label, data.encode()), bytes.fromhex(salt), data.encode())
            for label, salt, data in line["parts"]
        )
        entry = Entry(line["header"].encode(), held, line["signature"])
        assert (entry.digest, entry.commit, entry.is_whole) == (line["digest"], line["commit"], True)
        assert is_signed(entry.digest, entry.signature, SIGNER.public_key)
        assert entry.seen["south"].epoch == 2


def test_every_kind_of_event_is_on_file() -> None:
    """In the version this program writes."""
    assert {(line["kind"], line["v"]) for line in on_file()} == {
        (one.kind, one.version) for one in events.EVENTS.values()
    }


def test_a_bundle_is_signed_over_the_same_bytes() -> None:
    """What is handed over, a receipt and a question after a restore are signed over."""
    entries = tuple(entry for _, entry in sealed())[:2]
    made = Bundle("a:00ff", "north", "south", {"north": Head(1, 2, HASH), "south": Head(2, 7, HASH)}, entries, asks=4)
    assert made.digest == "22ead710e583434d77304e9480081c3d03b9946135f99d98d6c7d1a8b6c57f77"
