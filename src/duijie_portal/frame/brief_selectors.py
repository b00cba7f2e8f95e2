"""What a leader reads in a minute: what needs attention, what waits for a signature, what is late, what comes next."""

from __future__ import annotations

from datetime import date
from typing import Any

from duijie.terms.working_days import working_days_between
from duijie.track import difference
from duijie.track.changes import quarter
from duijie.track.conference import host_of
from duijie.track.standing import IndicatorProgress, Progress
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import may
from duijie_portal.diagnose.opportunity_selectors import opportunity_lines
from duijie_portal.ledger.inbox import waiting_for
from duijie_portal.ledger.models import Agreement, Record
from duijie_portal.meet import selectors as meet
from duijie_portal.share import selectors as share
from duijie_portal.track import selectors as track

from . import selectors

__all__ = ["brief"]

_LIT = ("red", "amber")
_N_SHOWN = 8
_ACHIEVED = frozenset({"n_meetings", "n_signed", "n_delivered", "signed_amount", "delivered_amount"})


def brief(agreement: Agreement, person: Person, *, as_of: date) -> dict[str, Any]:
    """The leader's page as a document; every line says where it leads."""
    standing = track.standing(agreement, person, as_of=as_of)
    found = standing.to_dict()
    clauses = found["clauses"]
    coming = [day for day in meet.days(agreement, person) if day["on"] >= as_of and not day.get("is_off")]
    lit = sorted((one for one in clauses if one["light"] in _LIT), key=lambda one: _LIT.index(one["light"]))
    return {
        "as_of": as_of,
        "title": agreement.title,
        "n_clauses": len(clauses),
        "lifecycle": found["lifecycle"],
        "lights": {light: sum(one["light"] == light for one in clauses) for light in ("green", "amber", "red", "grey")},
        "attention": [_clause(one) for one in lit],
        "desk": _desk(agreement, person),
        "opportunities": opportunity_lines(agreement, person),
        "overdue": _overdue(agreement, person, as_of),
        "figures": selectors.counts(agreement, person, standing),
        "changes": _changes(agreement, person, standing, as_of),
        "next_host": host_of(standing.agreement, len(track.conferences(agreement, person)) + 1),
        "next_day": min(coming, key=lambda day: day["on"], default=None),
        "source": standing.agreement.source.to_dict(),
    }


def _clause(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in ("key", "number", "title", "light", "reasons", "lead")}


def _desk(agreement: Agreement, person: Person) -> list[dict[str, Any]]:
    """What waits for this person's word, each with the page where it is given; only what one's role may give."""
    papers = Record.objects.filter(agreement=agreement, kind="amendment", state=track.PROPOSED).visible_to(person)
    asked = [row for row in papers if person.side_id not in (row.side_id, *row.payload.get("agreed_by", ()))]
    held = share.n_held(agreement, person)
    waits = (
        ("to_release", "record.release", held["to_release"], "outgoing"),
        ("to_clear", "record.clear", held["to_clear"], "outgoing"),
        ("to_countersign", "event.countersign", len(waiting_for(agreement, person, ("confirm", "agree"))), "inbox"),
        ("to_agree", "agreement.amend", len(asked), "amendments"),
    )
    return [{"what": what, "n": n, "route": route} for what, power, n, route in waits if n and may(person, power)]


def _overdue(agreement: Agreement, person: Person, as_of: date) -> list[dict[str, Any]]:
    """The tickets to answer and decisions to carry out that are late, the longest first."""
    rows = [one for one in selectors.due(agreement, person, as_of=as_of) if one["is_overdue"]]
    return [{**one, "n_days": working_days_between(one["due_on"], as_of)} for one in rows[:_N_SHOWN]]


def _changes(agreement: Agreement, person: Person, standing: Progress, as_of: date) -> list[dict[str, Any]]:
    """What moved within the quarter of the day, a row a clause: its light, and the figures of what was achieved."""
    before, _ = quarter(f"{as_of.year}-Q{(as_of.month + 2) // 3}")
    earlier = track.standing(agreement, person, as_of=before)
    found: dict[str, dict[str, Any]] = {}
    for one in difference(earlier, standing):
        clause = standing.by_clause[one.clause]
        row = found.setdefault(one.clause, {"clause": one.clause, "title": clause.clause.title, "figures": []})
        if one.what == "light" and one.before:
            row |= {"before": one.before, "after": one.after}
        units = {each.indicator.key: each.indicator.unit for each in clause.indicators if _is_shown(each)}
        if one.what == "indicator" and one.key in units:
            row["figures"].append({"name": one.name, "unit": units[one.key], "before": one.before, "after": one.after})
    return [row for row in found.values() if "before" in row or row["figures"]]


def _is_shown(one: IndicatorProgress) -> bool:
    return one.indicator.measure in _ACHIEVED
