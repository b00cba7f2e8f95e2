"""What both sides hold of an agreement, as the pipeline's material: rows from the ledger, bulk tables from files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from duijie import agenda
from duijie.agenda import Material
from duijie.agenda.decisions import Decision, refusals
from duijie.ledger.gate import shared
from duijie.ledger.known import GONE
from duijie.terms import Listing, Party, Step
from duijie_portal.accounts.powers import BOTH_SIDES
from duijie_portal.ledger.models import Agreement, Case
from duijie_portal.ledger.selectors import heads_of, listings_of, parties_of
from duijie_portal.meet.decisions import decisions
from duijie_portal.track.selectors import activity_of

__all__ = ["material_of", "opened_of", "says"]


def material_of(agreement: Agreement) -> Material:
    """Everything each side has opened to the other: what it keeps, or has not released, enters no shared result.

    An erased listing says nothing and is left out.

    Raises
    ------
    DataFileError
        The agreement's data folder has faults; all of them are told.
    """
    heads = "".join(heads_of(agreement))  # first: what is recorded meanwhile is ranked by another job
    activity = activity_of(agreement, BOTH_SIDES)
    return agenda.gather(
        Path(agreement.folder),
        parties=parties_of(agreement, BOTH_SIDES),
        listings=[one for one in listings_of(agreement, BOTH_SIDES) or () if says(one)],
        decisions=[*_refused(agreement, activity["steps"]), *decisions(agreement)],
        activity=activity,
        inputs={"ledger": hashlib.sha256(heads.encode()).hexdigest()},
    )


def opened_of(agreement: Agreement, keys: Iterable[str]) -> tuple[list[Listing], dict[str, Party]]:
    """Of some listings those that the material holds, as it holds them, and their owners."""
    said = [shared(one) for one in listings_of(agreement, BOTH_SIDES, keys) or () if says(one)]
    owners = parties_of(agreement, BOTH_SIDES, {one.party for one in said})
    return said, {one.id: one for one in owners}


def says(listing: Listing) -> bool:
    """Whether anything of a listing is left; not of one that was erased."""
    return any(value != GONE for value in listing.payload.values())


def _refused(agreement: Agreement, steps: list[Step]) -> tuple[Decision, ...]:
    rows = Case.objects.filter(agreement=agreement, state="refused").visible_to(BOTH_SIDES)
    pairs = {key: (kind, need or "", offer or "") for key, kind, need, offer in rows.values_list(*_PAIR)}
    return refusals(pairs, steps)


_PAIR = ("pk", "kind", "need", "offer")
