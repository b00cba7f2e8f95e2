"""Whether what is kept is what was said: every hash and signature, every indexed column, every projected row.

Nothing here trusts a column: entries are read from their bytes, orders and places are worked out anew, subjects are
folded anew, and each difference is named by table, row and column. A damaged row is a fault, never an exception.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from duijie.errors import DuijieError, Fault

from . import events
from .fold import Definitions, fold
from .log import UNREAD, Indexed, Stored, Verifiable, columns_of, indexed, settled, stream_of
from .seal import GENESIS, INNER, SUITE, Chain, Head, is_signed, is_words
from .state import Placed

__all__ = ["Verdict", "plain", "verify"]


@dataclass(frozen=True)
class Verdict:
    """What a verification found: entries and rows seen, everything wrong, the head of each chain."""

    n_entries: int
    n_rows: int
    faults: tuple[Fault, ...]
    heads: Mapping[str, Head]

    @property
    def holds(self) -> bool:
        return not self.faults


def plain(value: Any) -> Any:
    """One spelling of a value, however a database gives it back."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal | int | float):
        return format(Decimal(str(value)).normalize(), "f") if Decimal(str(value)).is_finite() else str(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


@dataclass
class _Check:
    definitions: Definitions
    whole: Collection[str] | None
    keys: Mapping[str, Collection[str]]
    faults: list[Fault] = field(default_factory=list)
    chains: dict[Chain, list[tuple[Stored, Indexed]]] = field(default_factory=lambda: defaultdict(list))
    erased: set[tuple[str, str, str]] = field(default_factory=set)
    destroyed: set[str] = field(default_factory=set)

    def entries(self) -> Iterator[tuple[Stored, Indexed]]:
        for kept in self.chains.values():
            yield from kept

    def fault(self, code: str, table: str, row: str, column: str = "", **values: Any) -> None:
        self.faults.append(Fault(code, {"table": table, "row": row, "column": column}, values))


def verify(
    store: Verifiable,
    definitions: Definitions,
    heads: Mapping[str, Head] | None = None,
    whole: Collection[str] | None = None,
    keys: Mapping[str, Collection[str]] | None = None,
) -> Verdict:
    """Everything that is wrong with a log and what was folded from it.

    Parameters
    ----------
    store
        The store, asked for raw bytes and columns.
    definitions
        Kinds of case by hash.
    heads
        The heads of chains (``side`` or ``side#inner``) known from outside; without them a cut tail shows only where
        the other side has seen what was cut: "as far as this home can know".
    whole
        The sides that withhold nothing here, so that a part of theirs which is gone was lost; None for all sides.
    keys
        The public keys of sides as they are known from outside; of a side that is not named any key is taken, which
        its chain names itself.

    Returns
    -------
    Verdict
        All faults at once; an empty log holds.
    """
    check = _Check(definitions, whole, keys or {})
    for stored in store.stored():
        _read(check, stored)
    for chain, kept in check.chains.items():
        kept.sort(key=lambda one: (one[0].entry.head.epoch, one[0].entry.head.seq))
        _chain(check, chain, kept)
    _names(check)
    _parts(check)
    _seen(check)
    streams = _index(check)
    n_rows = _rows(check, store, streams)
    _files(check, store)
    found = {str(chain): kept[-1][0].entry.head for chain, kept in check.chains.items()}
    digests = {(str(one.entry.chain), one.entry.digest) for _, one in check.entries()}
    for name, head in (heads or {}).items():
        if (name, head.digest) not in digests:
            check.fault("verify_head_missing", "entry", name, "", seq=head.seq, digest=head.digest[:16])
    return Verdict(sum(map(len, check.chains.values())), n_rows, tuple(check.faults), found)


def _read(check: _Check, stored: Stored) -> None:
    entry = stored.entry
    try:
        one = indexed(entry)
        check.chains[entry.chain].append((stored, one))
    except (DuijieError, ValueError, TypeError) as error:
        check.fault("verify_entry_broken", "entry", stored.row, "header", problem=str(error)[:120])
        return
    if isinstance(one.event, events.Unknown) and one.event.name == "unreadable":
        check.fault("verify_entry_broken", "part", stored.row, "base", problem=one.event.name)
    if isinstance(one.event, events.Erased):
        check.erased.add((entry.chain.side, one.event.commit, one.event.label))
    if isinstance(one.event, events.FileDestroyed):
        check.destroyed.add(one.event.sha256)


def _chain(check: _Check, chain: Chain, kept: list[tuple[Stored, Indexed]]) -> None:
    previous, expected, key, latest = GENESIS, 1, "", UNREAD
    unsigned = ""
    for stored, one in kept:
        entry, row, event = stored.entry, stored.row, one.event
        # One transaction has one moment, and its last entry is signed.
        if unsigned and UNREAD < latest < one.recorded_at:
            check.fault("verify_unsigned", "entry", unsigned, "signature")
        if entry.head.seq != expected:
            check.fault(
                "seal_fork" if entry.head.seq < expected else "seal_gap", "entry", row, "seq", expected=expected
            )
        if entry.previous != previous:
            check.fault("seal_link_broken", "entry", row, "header")
        if UNREAD < one.recorded_at < latest:
            check.fault("verify_time_goes_back", "entry", row, "recorded_at")
        if isinstance(event, events.KeySet) and event.suite == SUITE:
            key = key or event.public_key
            if event.public_key not in check.keys.get(chain.side, (event.public_key,)):
                check.fault("seal_key_unknown", "entry", row, "header", key=event.public_key[:16])
        if entry.signature:
            signing = key or _key_of(check, chain)
            if not is_signed(entry.digest, entry.signature, signing):
                check.fault("seal_signature_wrong", "entry", row, "signature")
            if isinstance(event, events.KeySet):
                key = event.public_key
        unsigned = "" if entry.signature else row
        previous, expected, latest = entry.digest, entry.head.seq + 1, max(latest, one.recorded_at)
    if unsigned:
        check.fault("verify_unsigned", "entry", unsigned, "signature")


def _key_of(check: _Check, chain: Chain) -> str:
    """The inner chain is signed with the key that the shared one names."""
    shared = check.chains.get(Chain(chain.side), ())
    keys = [one.event.public_key for _, one in shared if isinstance(one.event, events.KeySet)]
    return keys[-1] if keys else ""


def _names(check: _Check) -> None:
    """Every entry is of the one log: a chain of another agreement, signed with the same key, has no place here."""
    said = [one.event.log for _, one in check.entries() if isinstance(one.event, events.AgreementPublished)]
    first = said[0] if said else next((one.entry.log.removesuffix(INNER) for _, one in check.entries()), "")
    for stored, one in check.entries():
        if one.entry.log.removesuffix(INNER) != first:
            check.fault("verify_other_log", "entry", stored.row, "log", log=one.entry.log[:80])


def _parts(check: _Check) -> None:
    """Every part at hand has the hash its header names; words that are gone were erased by their own side."""
    for stored, one in check.entries():
        entry, side = one.entry, one.entry.chain.side
        held = {part.label: part for part in entry.parts}
        for label, digest in entry.sealed_parts:
            part, is_erased = held.pop(label, None), (side, entry.commit, label) in check.erased
            if part is None or part.data is None:
                if not is_erased and (check.whole is None or side in check.whole):
                    check.fault("verify_part_lost", _table_of(label), stored.row, label)
            elif part.hash != digest or not part.is_whole:
                check.fault("seal_altered", _table_of(label), stored.row, label)
            elif is_erased:
                check.fault("verify_erased_is_back", _table_of(label), stored.row, label)
        for label in held:
            check.fault("seal_altered", _table_of(label), stored.row, label)


def _table_of(label: str) -> str:
    """Where a part is kept: words by themselves, since they can be erased."""
    return "word" if is_words(label) else "part"


def _seen(check: _Check) -> None:
    """What another side has seen must be there: a cut tail shows here even without heads from outside."""
    known = {(one.entry.chain.side, one.entry.head) for _, one in check.entries() if not one.entry.chain.is_inner}
    missed = set()
    for _, one in check.entries():
        for side, head in one.entry.seen.items():
            if (side, head) not in known and (side, head.seq) not in missed:
                missed.add((side, head.seq))
                check.fault("verify_seen_missing", "entry", f"{side}:{head.seq}", "", digest=head.digest[:16])


def _index(check: _Check) -> dict[str, list[Placed]]:
    """Orders and places worked out anew and held against the columns; the events of each subject."""
    kept = list(check.entries())
    streams: dict[str, list[Placed]] = defaultdict(list)
    for (stored, _), one in zip(kept, settled([one for _, one in kept]), strict=True):
        for column, value in columns_of(one).items():
            if plain(stored.columns.get(column)) != plain(value):
                check.fault("verify_column_differs", "entry", stored.row, column)
        streams[one.event.subject].append(one.placed)
    return streams


def _rows(check: _Check, store: Verifiable, streams: Mapping[str, list[Placed]]) -> int:
    """Every projected row against a refold; rows nobody said, and rows that are missing."""
    stored: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    n, kept = 0, store.stored_rows()
    if kept is None:
        return 0
    for table, subject, row in kept:
        stored[table, subject].append(row)
        n += 1
    reviews = {f"review/{one}" for one in streams if one.partition("/")[0] in ("listing", "party")}
    for subject in sorted({*streams, *reviews}):
        try:
            folded = fold(subject, stream_of(subject, streams), check.definitions).rows
        except Exception as error:
            check.fault("verify_subject_broken", "entry", subject, "", problem=repr(error)[:120])
            continue
        for table, expected in folded.items():
            if not store.knows(table):
                continue
            _compare(check, table, subject, expected, stored.pop((table, subject), []))
    for (table, subject), rows in sorted(stored.items()):
        for row in rows:
            check.fault("verify_row_unsaid", table, str(row.get("id") or subject))
    return n


def _compare(
    check: _Check, table: str, subject: str, expected: Iterable[Mapping[str, Any]], found: list[dict[str, Any]]
) -> None:
    left = [{column: plain(value) for column, value in row.items()} for row in found]
    for row in expected:
        wanted = {column: plain(value) for column, value in row.items()}
        best = max(left, key=lambda one: sum(one.get(column) == wanted[column] for column in wanted), default=None)
        name = str(row.get("id") or f"{subject}:{row.get('scope') or row.get('act') or ''}")
        if best is None:
            check.fault("verify_row_missing", table, name)
            continue
        left.remove(best)
        for column in sorted({*wanted, *best}):
            if best.get(column) != wanted.get(column):
                check.fault("verify_column_differs", table, name, column)
    for one in left:
        check.fault("verify_row_unsaid", table, str(one.get("id") or subject))


def _files(check: _Check, store: Verifiable) -> None:
    """Every file an event names, and every kind of case that was opened and does not ship."""
    named, pinned = dict[str, str](), dict[str, str]()
    for stored, one in check.entries():
        named |= {file.sha256: stored.row for file in one.event.files}
        if isinstance(one.event, events.CaseOpened):
            pinned[one.event.pinned] = stored.row
    for sha256, row in sorted({**pinned, **named}.items()):
        is_whole = store.stored_file(sha256)
        is_needed = sha256 in named or check.definitions(sha256) is None
        if is_whole is False:
            check.fault("verify_file_altered", "file", sha256)
        elif is_whole is None and is_needed and sha256 not in check.destroyed:
            check.fault("verify_file_lost", "file", sha256, "", entry=row)
