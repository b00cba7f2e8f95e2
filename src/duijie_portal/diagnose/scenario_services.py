"""Keeping a what-if, and its next version; a version is never changed."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from duijie.diagnose.scenario import Change, Scenario
from duijie.errors import InputError
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger import services as ledger
from duijie_portal.ledger.models import Agreement, Record, text_key
from duijie_portal.ledger.selectors import results

from .scenario_selectors import KIND, counts_of, scenario_of

__all__ = ["keep_scenario"]


@write("scenario.keep")
def keep_scenario(
    person: Person,
    agreement: Agreement,
    *,
    name: str,
    note: str = "",
    changes: Sequence[Change],
    before: Record | None = None,
) -> Record:
    """Keep a what-if on the counts of the last run, or the next version of one; one's own side alone sees it.

    Raises
    ------
    InputError
        The pipeline has not run, nothing is changed, or a change cannot be made (more is taken than there is, say).
    """
    counts = counts_of(agreement)
    if counts is None:
        raise InputError("portal_not_run")
    if not changes:
        raise InputError("portal_scenario_empty")
    if before is None:
        within = results(agreement, "counts")["within"]
        made = Scenario.on(counts, name, changes, note=note, within=within)
    else:
        ledger.owner_only(person, before)
        made = scenario_of(before).revised(counts, changes=changes, name=name, note=note)
    key = text_key()
    payload = {"scenario": made.to_json(), "version": made.version, "root": before.payload["root"] if before else key}
    return ledger.add_record(
        person, agreement, kind=KIND, on=timezone.localdate(), id=key, state="kept", title_zh=name, payload=payload
    )
