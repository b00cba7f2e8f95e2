"""What the two sides could do together, cut to its reader, and how such advice fared here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from duijie.data import sentence
from duijie.match.kinds import load_kinds
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.readers import advice_for, record_of

__all__ = ["opportunities", "opportunity_lines"]

_N_LINES = 3


def opportunities(agreement: Agreement, person: Person, kind: str = "") -> dict[str, Any]:
    """The opportunities a person may read, best first, those of one kind where one is named; empty before a run.

    `record` says of each kind of match how many pairs were suggested, taken up by both sides and signed; for officials.
    """
    found = advice_for(agreement, person)
    if not found:
        return {}
    numbered = [
        {**one, "number": at, "founded": _founded(one)} for at, one in enumerate(found["opportunities"], start=1)
    ]
    count = Counter(one["kind"] for one in numbered)
    chosen = kind if kind in count else ""
    return {
        "opportunities": [one for one in numbered if chosen in ("", one["kind"])],
        "kinds": [{"kind": name, "n": n} for name, n in count.items()],
        "chosen": chosen,
        "n": len(numbered),
        "n_candidates": found["n_candidates"],
        "unmade": found.get("unmade", ()),
        "tests": found["tests"],
        "record": [] if person.party else _record(agreement, person),
        "provenance": found["provenance"],
        "sources": found["sources"],
    }


def _founded(one: Mapping[str, Any]) -> dict[str, Any]:
    """On how much an opportunity rests, and what keeps it from the level above, as a reason."""
    level, missing = (
        _say(f"opportunity_level_{one['level']}"),
        [_say(f"opportunity_missing_{name}") for name in one["missing"]],
    )
    return {
        "code": "report_level_missing" if missing else "portal_listed",
        "values": {"level": level, "missing": missing, "things": level},
    }


def _say(code: str) -> dict[str, str]:
    return {"zh": sentence(code, "zh"), "en": sentence(code, "en")}


def opportunity_lines(agreement: Agreement, person: Visitor, n: int = _N_LINES) -> list[Mapping[str, Any]]:
    """The first few: title, level and first step alone."""
    found = advice_for(agreement, person).get("opportunities", ())
    return [{name: one[name] for name in ("key", "title", "level", "step")} for one in found[:n]]


def _record(agreement: Agreement, person: Person) -> list[dict[str, Any]]:
    names = load_kinds()
    return [
        {"kind": key, "name": names[key].name if key in names else key, **row}
        for key, row in record_of(agreement, person).items()
    ]
