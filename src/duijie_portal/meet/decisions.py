"""What was decided on pairs, in the shape the ranking learns from: ids, yes or no, reason, day; no names."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils import timezone

from duijie.agenda.decisions import Decision, last_words
from duijie_portal.ledger.models import Agreement

from .models import Request

__all__ = ["decisions"]

_MET = {"intent": True, "follow_up": True, "no_fit": False}
_ANSWERED = {"accepted": True, "waiting": True, "declined": False}


def decisions(agreement: Agreement, requests: QuerySet[Request] | None = None) -> tuple[Decision, ...]:
    """The decisions in an agreement's requests, or in some of them: the last word on each pair of listings.

    What came out of a meeting counts before the answer to its request; who withdrew, ran out or was not there
    decided nothing. Requests whose listings are not known (asked at the desk) are left out.
    """
    rows = Request.objects.filter(agreement=agreement) if requests is None else requests
    rows = rows.exclude(need="").exclude(offer="").exclude(kind="").select_related("meeting")
    return last_words(_decided(rows.order_by("asked_at", "id")))


def _decided(rows: QuerySet[Request]) -> Iterator[Decision]:
    for row in rows:
        meeting = getattr(row, "meeting", None)
        if meeting is not None and meeting.result in _MET and meeting.told_at:
            said, moment = (_MET[meeting.result], meeting.reason, "meeting"), meeting.told_at
        elif row.state in _ANSWERED and row.answered_at:
            said, moment = (_ANSWERED[row.state], row.reason, "request"), row.answered_at
        else:
            continue
        yield Decision(row.kind, row.need, row.offer, *said, timezone.localdate(moment).isoformat())
