"""Parties and listings as their events left them, and their own side's review of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from duijie.errors import Fault

from . import events
from .state import COUNTS, IRREGULAR, PENDING, Judgement, ListingState, Placed, Rows, grant_row, ordered

__all__ = ["decline_rows", "fold_listing", "listing_rows", "party_rows", "review_rows"]


def fold_listing(stream: Sequence[Placed]) -> ListingState:
    """A party or a listing from its events: only its own side's count."""
    state = ListingState()
    opening = next((one for one in ordered(stream) if isinstance(one.event, events.Submitted)), None)
    state.side = opening.side if opening else ""
    for one in ordered(stream, state.side):
        state.judged[one.commit] = _take_listing(state, one)
    return state


def _take_listing(state: ListingState, one: Placed) -> Judgement:
    event = one.event
    if isinstance(event, events.Unknown):
        return Judgement(PENDING, Fault("record_kind_unknown", {}, {"kind": event.name}))
    if isinstance(event, events.Erased | events.FileDestroyed):
        return Judgement(COUNTS)  # whose words it may erase is asked where it is done
    if one.side != state.side:
        return Judgement(IRREGULAR)
    if isinstance(event, events.Submitted | events.Revised):
        if state.retired_on or (isinstance(event, events.Submitted) and state.first is not None):
            return Judgement(IRREGULAR)
        state.first = state.first or one
        state.latest = state.revisions[one.commit] = one
    elif isinstance(event, events.Released):
        if event.of not in state.revisions:
            return Judgement(PENDING)
        if state.retired_on:
            return Judgement(IRREGULAR)
        state.open, state.visibility = state.revisions[event.of], event.visibility
        state.released_at = one.recorded_at if event.visibility != "own" else None
        if event.visibility != "own":
            state.first_open_on = state.first_open_on or event.on
    elif isinstance(event, events.Verified):
        state.verified_on = event.on
    elif isinstance(event, events.Retired):
        state.retired_on, state.released_at = event.on, None
    return Judgement(COUNTS)


def _fields(one: Placed | None) -> dict[str, Any]:
    return dict(getattr(one.event, "fields", {})) if one else {}


def _payload(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix("payload."): value for key, value in fields.items() if key.startswith("payload.")}


def _day(text: Any) -> date | None:
    """A day of a field; what is no day of the calendar is none, so that one bad row takes no page down."""
    try:
        return date.fromisoformat(str(text)[:10]) if text else None
    except ValueError:
        return None


def listing_rows(subject: str, state: ListingState) -> Rows:
    if state.latest is None or state.first is None:
        return {}
    key, latest = state.latest.event.id, _fields(state.latest)
    is_open = state.released_at is not None
    source = {**latest.get("cited", {}), **latest.get("source", {})}
    if state.retired_on:
        source["withdrawn_on"] = state.retired_on.isoformat()
    row = {
        "id": key,
        "side": state.side,
        "kind": latest.get("kind", ""),
        "version": latest.get("version", 1),
        "role": latest.get("role", ""),
        "party": latest.get("party", ""),
        "industry": latest.get("industry", ""),
        "place": latest.get("place", ""),
        "valid_from": _day(latest.get("valid_from")),
        "valid_until": state.retired_on or _day(latest.get("valid_until")),
        "basis": latest.get("basis", "published"),
        "payload": _payload(latest),
        "source": source,
        "revision": state.latest.commit,
        "opened": _fields(state.open) if is_open else {},
        "opened_revision": state.open.commit if is_open and state.open else "",
        "opened_on": state.first_open_on,
        **_owned(state),
    }
    grants = _listing_grants("listing", key, state, latest.get("party", ""), is_inferred=row["basis"] == "derived")
    return {"listing": [row], "grant": list(grants)}


def _owned(state: ListingState) -> dict[str, Any]:
    return {"visibility": state.visibility, "released_at": state.released_at}


def party_rows(subject: str, state: ListingState) -> Rows:
    if state.latest is None:
        return {}
    key, latest = state.latest.event.id, _fields(state.latest)
    payload = _payload(latest)
    if latest.get("source"):
        payload["source"] = latest["source"]
    row = {
        "id": key,
        "side": state.side,
        "kind": latest.get("kind", ""),
        "name": latest.get("name", ""),
        "name_en": latest.get("name_en", ""),
        "uscc": latest.get("uscc", ""),
        "industry": latest.get("industry", ""),
        "town": latest.get("town", ""),
        "payload": payload,
        "is_verified": bool(state.verified_on or latest.get("is_verified")),
        "revision": state.latest.commit,
        **_owned(state),
    }
    return {"party": [row], "grant": list(_listing_grants("party", key, state, key))}


def _listing_grants(
    sort: str, key: str, state: ListingState, party: str, *, is_inferred: bool = False
) -> Iterator[dict[str, Any]]:
    """Its own side and its own party read all of it; others what was opened, as far as it was opened.

    What was inferred of a party is not its own word: nobody else reads it, however far it was opened, and only the
    matching counts with it, whose results are cut for each reader.
    """
    source = f"{sort}/{key}"
    yield grant_row(source, sort, key, f"side:{state.side}", "own")
    if party:
        yield grant_row(source, sort, key, f"party:{party}", "own")
    if state.released_at is None:
        return
    if is_inferred:
        yield grant_row(source, sort, key, "inferred", "public")
        return
    if state.visibility == "public":
        yield grant_row(source, sort, key, "public", "public")
    if state.visibility in ("public", "both"):
        yield grant_row(source, sort, key, "sides", "public")
    # Whoever a suggestion names with it may read what is public of it.
    yield grant_row(source, sort, key, "suggested", "public")


# Its own side's review of a party or a listing: an inner subject, folded from both chains


def review_rows(subject: str, stream: Sequence[Placed]) -> Rows:
    """Where the latest revision stands at its own side's review: waiting, cleared, sent back, open, retired."""
    shared = [one for one in stream if not one.is_inner]
    listing = fold_listing(shared)
    if listing.latest is None:
        return {}
    state, last, note = "waiting", listing.latest, ""
    for one in ordered(stream, listing.side):
        event = one.event
        if isinstance(event, events.Cleared | events.SentBack) and event.of == listing.latest.commit:
            state, last = ("cleared" if isinstance(event, events.Cleared) else "sent_back"), one
            note = one.commit if state == "sent_back" else ""
    if listing.open is listing.latest and listing.released_at is not None:
        state = "open"
    if listing.retired_on:
        state = "retired"
    sort, _, key = subject.removeprefix("review/").partition("/")
    fields = _fields(listing.latest)
    party = fields.get("party", "") if sort == "listing" else key
    at = last.recorded_at if state == "cleared" else None
    row = {"id": f"{sort}/{key}", "sort": sort, "key": key, "side": listing.side, "party": party, "state": state}
    row |= {"of": listing.latest.commit, "note": note, "cleared_at": at, "since_on": last.event.on}
    task = {"waiting": "review", "cleared": "release", "sent_back": "revise"}.get(state)
    tasks = [] if task is None or not _is_reviewed(fields, sort) else [_review_task(row, task, last)]
    return {"review": [row], "todo": tasks}


def _is_reviewed(fields: Mapping[str, Any], sort: str) -> bool:
    """A row of an imported table is reviewed with its table, a party with its listing."""
    return sort == "listing" and "import" not in fields.get("source", {})


def _review_task(row: Mapping[str, Any], act: str, last: Placed) -> dict[str, Any]:
    is_party = act == "revise"
    return {
        "id": f"review/{row['id']}|{act}",
        "source": f"review/{row['id']}",
        "sort": row["sort"],
        "key": row["key"],
        "act": act,
        "role": "party" if is_party else act,
        "side": row["side"],
        "party": row["party"] if is_party else "",
        "department": "",
        "person": "",
        "target": row["of"],
        "node": "",
        "since_on": last.event.on,
        "due_on": None,
        "stuck_after_days": 0,
    }


def decline_rows(subject: str, stream: Sequence[Placed]) -> Rows:
    """A suggestion a side declined before the other side took it up; looked at again, it is no longer declined."""
    words = [one for one in ordered(stream) if isinstance(one.event, events.Declined | events.Reconsidered)]
    last = words[-1] if words else None
    said = last.event if last else None
    if last is None or not isinstance(said, events.Declined):
        return {}
    party = said.behalf or said.by
    row = {"id": f"{last.side}:{said.need}+{said.offer}", "side": last.side, "party": party, "need": said.need}
    return {"decline": [{**row, "offer": said.offer, "reason": said.reason, "on": said.on}]}
