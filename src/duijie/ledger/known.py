"""What was known: the record up to the heads of a past moment, folded by the same code as ever.

A page as at D, known at K, is the fold of the entries up to K, asked for the day D. K names the last entry of each
chain. One names it by a day, or by the numbers of entries: an entry fixes what its author had seen of all others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from duijie.errors import InputError
from duijie.terms.days import parse_day

from . import events
from .kinds import words_within
from .log import Indexed, Log, reread
from .record import apply, definitions_of
from .seal import Chain, Head, Part
from .state import Placed

__all__ = ["GONE", "GONE_EN", "Known", "cut", "heads_at", "heads_named", "parse_known", "remember"]

Known = Mapping[Chain, Head]
"""The last entry of each chain; of a chain that is not named nothing was known."""
GONE, GONE_EN = "〔已删除〕", "[erased]"
"""What stands in the place of words that were known and have been erased since."""

_NAMED = re.compile(r"([^\s,:]{1,40}):([0-9]{1,12})")
_MOST = 500  # letters of what names a K


def parse_known(text: str) -> date | dict[str, int]:
    """What names a K: a day, or for each side the number of its last entry.

    Raises
    ------
    InputError
        ``known_unreadable``: it is neither; ``day_outside``: a day before 1949 or after 2100.

    Examples
    --------
    >>> parse_known("2026-05-01"), parse_known("north:120,south:98")
    (datetime.date(2026, 5, 1), {'north': 120, 'south': 98})
    """
    named = [_NAMED.fullmatch(one.strip()) for one in text[:_MOST].split(",")]
    if len(text) <= _MOST and all(named):
        return {found[1]: int(found[2]) for found in named if found}
    try:
        return parse_day(text)
    except InputError as error:
        if error.code == "day_outside":
            raise
        raise InputError("known_unreadable", {"value": text[:40]}) from None


def heads_at(log: Log, moment: datetime, own: Collection[str]) -> Known:
    """What was known here at a moment.

    Parameters
    ----------
    log
        The log as it stands.
    moment
        Aware; what was recorded at it was known.
    own
        The sides that write here. What they had taken in of others stands in their entries: the clock of another
        node says nothing of when its entries came.
    """
    heads = {chain: head for chain, head in log.heads(moment).items() if chain.side in own}
    return _with_seen(log, heads)


def heads_named(log: Log, numbers: Mapping[str, int]) -> Known:
    """What was known at some entries, one a side by its number on the shared chain: they, and what they had seen.

    Raises
    ------
    InputError
        ``known_entry_unknown``: a side has no entry of that number here.
    """
    last, heads, moments = log.heads(), dict[Chain, Head](), list[datetime]()
    for side, number in numbers.items():
        chain = Chain(side)
        found = log.entry(chain, number)
        if found is None:
            n_held = last[chain].seq if chain in last else 0
            raise InputError("known_entry_unknown", {"side": side, "number": number, "last": n_held})
        heads[chain] = found.entry.head
        moments.append(found.recorded_at)
    # An inner matter has no number that others know: what was recorded by then goes along.
    inner = {chain: head for chain, head in log.heads(max(moments)).items() if chain.is_inner and chain.side in numbers}
    return _with_seen(log, heads | inner)


def _with_seen(log: Log, heads: Mapping[Chain, Head]) -> Known:
    """With every entry all that its author had seen."""
    found = dict(heads)
    for chain, head in heads.items():
        last = None if chain.is_inner else log.entry(chain, head.seq)
        for side, seen in (last.entry.seen if last else {}).items():
            found[Chain(side)] = max(found.get(Chain(side), seen), seen)
    return found


def cut(log: Log, known: Known) -> list[Indexed]:
    """The entries up to K, as they stood then; an empty log that takes them and is rebuilt holds what people read then.

    Words that have been erased since are gone here too: :data:`GONE` stands in their place.
    """
    taken = [_then(one, known) for chain, head in known.items() for one in _until(log.entries(chain), head)]
    torn = {one.event.subject for one in taken if _torn(one)}
    erased = {
        (said.event.commit, said.event.label)
        for stream in (log.streams(torn).values() if torn else ())
        for said in stream
        if isinstance(said.event, events.Erased)
    }
    return [_marked(one, erased) if one.event.subject in torn else one for one in taken]


def remember(into: Log, entries: Sequence[Indexed]) -> None:
    """Keep what :func:`cut` gave in an empty log, and fold it there."""
    into.add(entries)
    streams: dict[str, list[Placed]] = {}
    for one in entries:
        streams.setdefault(one.event.subject, []).append(one.placed)
        if one.event.sort in ("listing", "party"):
            streams.setdefault(f"review/{one.event.subject}", [])
    apply(into, streams, definitions_of(into), streams)


def _until(entries: Iterable[Indexed], head: Head) -> Iterable[Indexed]:
    for one in entries:
        if one.entry.head[:2] > head[:2]:
            return
        yield one


def _then(one: Indexed, known: Known) -> Indexed:
    """An entry that its ordering side took up only later had no place yet."""
    head = known.get(Chain(one.ordering))
    is_taken = one.place is not None and head is not None and one.place <= head[:2]
    return one if is_taken else replace(one, place=None)


def _torn(one: Indexed) -> Sequence[str]:
    """The labels of the words that are not here."""
    held = {part.label for part in one.entry.parts if part.data is not None}
    return [label for label, digest in one.entry.sealed_parts if label not in held and Part(label, digest).is_words]


def _marked(one: Indexed, erased: Collection[tuple[str, str]]) -> Indexed:
    """The entry with marks for its erased words, as far as somebody but their author would have read them."""
    digests = dict(one.entry.sealed_parts)
    gone = [label for label in _torn(one) if (one.entry.commit, label) in erased]
    said = {label: found for label in gone if (found := _marks(one, label))}
    marks = [Part(label, digests[label], b"", json.dumps(found).encode()) for label, found in said.items()]
    return reread(one, [*(part for part in one.entry.parts if part.data is not None), *marks]) if marks else one


def _marks(one: Indexed, label: str) -> dict[str, Any]:
    """The mark by the names under which it is read: which fields a part held is gone with it, so the first bears it."""
    event = one.event
    if label.startswith("own/") or isinstance(event, events.Kept):
        return {}
    if isinstance(event, events.Submitted | events.Revised):
        return dict.fromkeys(words_within(event.sort, event.fields, label)[:1], GONE)
    words = {"note": GONE, "note_en": GONE_EN} | {file.sha256: GONE for file in event.files}
    titles = {"title_zh": GONE, "title_en": GONE_EN} if isinstance(event, events.CaseOpened) else {}
    return {"words": words | titles}
