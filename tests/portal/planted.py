"""Rows for a test, put on record as everything else is: no table of the record is written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from duijie.ledger import events
from duijie.ledger.kinds import case_kind
from duijie.terms import Bilingual
from duijie.track.conference import Practice, practice_acts
from duijie.track.docking import Ticket, ticket_acts
from duijie_portal.accounts.models import Department
from duijie_portal.ledger.keeping import keep
from duijie_portal.ledger.listings import listing_event, listing_fields, party_event, party_fields, released
from duijie_portal.ledger.models import Agreement, Case, Listing, Party
from duijie_portal.ledger.recording import Author, append

DAY = date(2025, 6, 30)


def _say(agreement: Agreement, side: str, *said: events.Event) -> list[str]:
    return append(agreement, [(side, one) for one in said], is_loading=True)


def party(agreement: Agreement, side: Any, key: str, *, visibility: str = "own", **about: Any) -> Party:
    """A party of a side, opened as far as `visibility`."""
    code, fields = getattr(side, "pk", side), party_fields(**{"kind": "firm", "name": key, **about})
    [commit] = _say(agreement, code, party_event(Author(code), key, fields, DAY))
    if visibility != "own":
        _say(agreement, code, released(Author(code), f"party/{key}", commit, visibility, DAY))
    return Party.objects.get(pk=key)


def listing(
    owner: Party,
    key: str,
    *,
    kind: str = "supply",
    role: str = "need",
    payload: Mapping[str, Any] | None = None,
    visibility: str = "own",
    **about: Any,
) -> Listing:
    """A need or an offer of a party, opened as far as `visibility`."""
    code = owner.side_id
    said = {"version": 1, "is_person": owner.kind == "talent", **about}
    fields = listing_fields(kind=kind, role=role, party=owner.pk, payload=payload or {"title": key}, **said)
    [commit] = _say(owner.agreement, code, listing_event(Author(code, owner.pk), key, fields, DAY))
    if visibility != "own":
        _say(owner.agreement, code, released(Author(code), f"listing/{key}", commit, visibility, DAY))
    return Listing.objects.get(pk=key)


def kept(row: Any, **values: Any) -> None:
    """Put other values of a row on record, as its side's clock would."""
    for name, value in values.items():
        setattr(row, name, value)
    keep(None, row, "changed")


def reopened(row: Party | Listing, visibility: str) -> None:
    """Open a row further, or (``own``) close it."""
    subject = f"{type(row).__name__.lower()}/{row.pk}"
    _say(row.agreement, row.side_id, released(Author(row.side_id), subject, row.revision, visibility, DAY))


def ticket(agreement: Agreement, key: str, asks: Department, answers: Department, **about: str) -> Case:
    """A ticket between two departments, as far as its days say."""
    ends = {"side": asks.side_id, "from_department": asks.key, "to_department": answers.key}
    said = Ticket(**{"clause": "any", "opened_on": DAY.isoformat(), **ends, **about}, id=key, subject=Bilingual(key))
    tip = ""
    for side, act in ticket_acts(f"case/{key}", said, answers.side_id):
        [tip] = _say(agreement, side, act(tip))
    return Case.objects.get(pk=key)


def practice(agreement: Agreement, key: str, side: str, other: str) -> None:
    """A practice that a side noted."""
    noted = Practice(key, "any", side, Bilingual(key), DAY.isoformat())
    for code, act in practice_acts(f"case/{key}", [noted], other):
        _say(agreement, code, act(""))


def case(
    agreement: Agreement,
    key: str,
    need: Party,
    offer: Party | None = None,
    *,
    clause: str = "any",
    kind: str = "",
    steps: tuple[str, ...] = (),
    listings: tuple[str, str] = ("", ""),
    on: date = DAY,
) -> Case:
    """A case of two parties with its first steps, each confirmed by whoever has to."""
    definition = case_kind(kind)
    other = offer.side_id if offer else next(one.pk for one in agreement.sides.exclude(pk=need.side_id))
    roles = {"need": need.pk, "offer": offer.pk if offer else "", "need_side": need.side_id, "offer_side": other}
    roles = {name: bound for name, bound in roles.items() if bound}
    opening = events.CaseOpened(
        subject=f"case/{key}", on=on, role="need", by=need.pk, definition=definition.name, pinned=definition.pinned,
        clause=clause, ordering=need.side_id, roles=roles, began_on=on, need=listings[0], offer=listings[1],
    )  # fmt: skip
    [tip] = _say(agreement, need.side_id, opening)
    for node in steps:
        tip = step(agreement, key, roles, node, tip, on=on)
    return Case.objects.get(pk=key)


def step(agreement: Agreement, key: str, roles: Mapping[str, str], node: str, tip: str, *, on: date = DAY) -> str:
    """A step of the need's side, and the confirmations its node asks for."""
    kind = case_kind("").nodes[node]
    role, by = ("need", roles["need"]) if node == "match" else ("need_side", "")
    files = (events.FileRef("0" * 64, 1, "text/plain", kind.evidence[0]),) if kind.is_evidence_needed else ()
    reason = kind.reasons[0] if kind.reasons else ""
    about = {"subject": f"case/{key}", "on": on}
    amount = events.Amount(Decimal(1), kind.units[0]) if kind.is_amount_needed else None
    said = events.Step(**about, role=role, by=by, node=node, after=tip, files=files, reason=reason, amount=amount)
    [commit] = _say(agreement, roles["need_side"], said)
    for one in kind.confirmed_by:
        if one != role:
            side = roles["offer_side"] if one.startswith("offer") else roles["need_side"]
            word = events.Confirmed(**about, role=one, by=roles.get(one, ""), target=commit)
            _say(agreement, side, word)
    return commit
