"""What was decided on pairs, in the shape the ranking learns from: ids, yes or no, reason, day; no names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from duijie.agenda.writing import write_json
from duijie_portal.ledger.models import Agreement

from .models import Request

__all__ = ["decisions", "write_decisions"]

_MET = {"intent": True, "follow_up": True, "no_fit": False}
_ANSWERED = {"accepted": True, "waiting": True, "declined": False}


def decisions(agreement: Agreement, requests: QuerySet[Request] | None = None) -> dict[str, Any]:
    """The document ``schemas/decisions.json`` of an agreement's requests: one line a pair of listings, the last word.

    What came out of a meeting counts before the answer to its request; who withdrew, ran out or was not there
    decided nothing. Requests whose listings are not known (asked at the desk) are left out.
    """
    rows = Request.objects.filter(agreement=agreement) if requests is None else requests
    rows = rows.exclude(need="").exclude(offer="").exclude(kind="").select_related("meeting")
    found = {(one["kind"], one["need"], one["offer"]): one for one in _told(rows.order_by("asked_at", "id"))}
    return {"agreement": agreement.pk, "decisions": [found[key] for key in sorted(found)]}


def _told(rows: Iterable[Request]) -> Iterable[dict[str, Any]]:
    for row in rows:
        meeting = getattr(row, "meeting", None)
        pair = {"kind": row.kind, "need": row.need, "offer": row.offer}
        if meeting is not None and meeting.result in _MET and meeting.told_at:
            said = {"is_accepted": _MET[meeting.result], "reason": meeting.reason, "stage": "meeting"}
            yield {**pair, **said, "on": timezone.localdate(meeting.told_at).isoformat()}
        elif row.state in _ANSWERED and row.answered_at:
            said = {"is_accepted": _ANSWERED[row.state], "reason": row.reason, "stage": "request"}
            yield {**pair, **said, "on": timezone.localdate(row.answered_at).isoformat()}


def write_decisions() -> int:
    """Lay the decisions of every agreement into its folder of the home, where the pipeline reads them; how many files.

    A file that would say the same is left as it is.
    """
    n = 0
    for agreement in Agreement.objects.all():
        path = Path(settings.HOME) / agreement.pk / "decisions.json"
        found = decisions(agreement)
        is_news = bool(found["decisions"]) or path.exists()
        if is_news and not (path.exists() and json.loads(path.read_text(encoding="utf-8")) == found):
            write_json(path, found)
            n += 1
    return n
