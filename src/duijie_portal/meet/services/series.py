"""Recurring meetings of the mechanism: dates kept as people were told them, changed and called off by number."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from duijie.errors import DeniedError, InputError, SealError
from duijie.meet.recurrence import Occurrence, occurrences
from duijie.meet.recurrence import Series as Term
from duijie.meet.rule import RecurrenceRule, due_days, parse_rule
from duijie.terms.days import LAST_DAY
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor
from duijie_portal.ledger.audience import of_departments
from duijie_portal.ledger.keeping import held, keep, keep_all
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.notices import Notice, tell
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.services import own_side, owner_only

from ..models import MOST_OF_RULE, Occasion, Series
from .common import both_sides

__all__ = [
    "call_off",
    "change_series",
    "checked_rule",
    "extend_series",
    "move_occasion",
    "open_series",
    "remind",
    "rule_of",
]

_LOG = logging.getLogger(__name__)
_AHEAD = timedelta(days=548)
_MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}
EVERY = ("weekly", "fortnightly", *_MONTHS)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def rule_of(every: str, starts_on: date, *, by_weekday: bool = False) -> str:
    """The RRULE of how often people say it: on the same day of the month, or on the same weekday of it.

    >>> rule_of("quarterly", date(2026, 3, 10), by_weekday=True)
    'FREQ=MONTHLY;INTERVAL=3;BYDAY=2TU'
    """
    if every in ("weekly", "fortnightly"):
        return f"FREQ=WEEKLY;INTERVAL={1 + (every == 'fortnightly')};BYDAY={_DAYS[starts_on.weekday()]}"
    start = f"FREQ=MONTHLY;INTERVAL={_MONTHS[every]}"
    if by_weekday:
        turn = (starts_on.day - 1) // 7 + 1
        return f"{start};BYDAY={turn if turn < 5 else -1}{_DAYS[starts_on.weekday()]}"
    if starts_on.day <= 28:
        return f"{start};BYMONTHDAY={starts_on.day}"
    # the 29th to 31st are the last such day that a month has
    days = ",".join(str(one) for one in range(28, starts_on.day + 1))
    return f"{start};BYMONTHDAY={days};BYSETPOS=-1"


def checked_rule(text: str, starts_on: date, starts_at: time) -> RecurrenceRule:
    """The rule that a text says, if it gives a date within eighteen months of its first day.

    Forms and services ask before any transaction begins: what is read here is a value whose dates are bounded.

    Raises
    ------
    InputError
        The text is no rule, is longer than a series keeps, gives no date, or too many.
    """
    rule = parse_rule(text)
    if len(str(rule)) > MOST_OF_RULE:
        raise InputError("portal_meet_rule_long", {"n": len(str(rule)), "most": MOST_OF_RULE})
    last = min(starts_on, LAST_DAY - _AHEAD) + _AHEAD
    # a series that began long ago is counted from its first day, so that is where too many dates show
    today = min(timezone.localdate(), LAST_DAY - _AHEAD) + _AHEAD
    if not due_days(rule, starts_on, last, starts_at=starts_at):
        raise InputError("portal_meet_rule_empty", {"rule": str(rule)})
    due_days(rule, starts_on, today, starts_at=starts_at)
    return rule


def open_series(person: Visitor, agreement: Agreement, /, *, rule: str, **fields: Any) -> Series:
    """Enter a recurring meeting of the mechanism; its dates of the next eighteen months stand at once.

    Raises
    ------
    InputError
        The rule cannot be read or gives no date; a clause or host is unknown.
    """
    return _open(person, agreement, checked_rule(rule, fields["starts_on"], fields["starts_at"]), **fields)


@write("meeting.plan")
def _open(person: Person, agreement: Agreement, /, rule: RecurrenceRule, **fields: Any) -> Series:
    now = timezone.now()
    row = Series(agreement=agreement, side_id=own_side(person), rule=str(rule), made_at=now, **both_sides(), **fields)
    _check(row)
    row.full_clean(exclude=["hosts"])
    keep(person, row, "series.opened")
    _synchronise(person, row, _dates(_term(row, rule), now), now)
    _tell(row, "portal_told_series", _next_of(row, now))
    return row


def _check(row: Series) -> None:
    clauses = {one.key for one in agreement_term(row.agreement).clauses}
    if row.clause and row.clause not in clauses:
        raise InputError("portal_meet_clause_unknown", {"clause": row.clause})
    sides = set(row.agreement.sides.values_list("pk", flat=True))
    if strange := [one for one in row.hosts if one not in sides]:
        raise InputError("portal_meet_host_unknown", {"host": strange[0]})


def _term(row: Series, rule: RecurrenceRule) -> Term:
    return Term(
        row.pk,
        row.title,
        rule,
        row.starts_on.isoformat(),
        f"{row.starts_at:%H:%M}",
        row.duration_min,
        tuple(row.hosts),
        row.shift,  # type: ignore[arg-type]
    )


def _dates(term: Term, now: datetime) -> tuple[Occurrence, ...]:
    """The dates from the first day to eighteen months ahead."""
    until = min(timezone.localdate(now), LAST_DAY - _AHEAD) + _AHEAD
    return occurrences(term, until=until.isoformat())


def _synchronise(person: Person | None, row: Series, due: Iterable[Occurrence], now: datetime) -> int:
    """Bring the coming dates to what is due; each that changes is numbered up. What is past or by hand stays."""
    wanted = {one.number: one for one in due}
    known = {one.number: one for one in row.occasions.all()}
    new = [_occasion(row, one, now) for number, one in wanted.items() if number not in known]
    moved = [known[number] for number, one in wanted.items() if number in known and _bring(one, known[number], now)]
    gone = [one for number, one in known.items() if number not in wanted and not one.is_off and one.starts_at > now]
    for one in gone:
        _turn_off(one, now)
    acts = (("occasion.set", new), ("occasion.moved", moved), ("occasion.off", gone))
    keep_all(person, [(one, act) for act, rows in acts for one in rows])
    return len(new) + len(moved) + len(gone)


def _facts(due: Occurrence) -> dict[str, Any]:
    return {"starts_at": due.starts_at, "ends_at": due.ends_at, "host": due.host}


def _more(due: Occurrence) -> dict[str, Any]:
    return {"due_on": date.fromisoformat(due.due_on), "is_known": due.is_known}


def _occasion(row: Series, due: Occurrence, now: datetime) -> Occasion:
    own = {"agreement": row.agreement, "side_id": row.side_id, "series": row}
    return Occasion(number=due.number, changed_at=now, **own, **_facts(due), **_more(due))


def _bring(due: Occurrence, row: Occasion, now: datetime) -> bool:
    facts = _facts(due)
    is_same = not row.is_off and all(getattr(row, name) == value for name, value in facts.items())
    if row.is_fixed or is_same or row.starts_at <= now:
        return False
    for name, value in {**facts, **_more(due), "is_off": False, "changed_at": now, "reminded_at": None}.items():
        setattr(row, name, value)
    row.sequence += 1
    return True


def _turn_off(row: Occasion, now: datetime) -> None:
    row.is_off, row.sequence, row.changed_at = True, row.sequence + 1, now


def _held(series: Series) -> Series:
    found: Series = held(series)
    return found


def change_series(person: Visitor, series: Series, /, **fields: Any) -> Series:
    """Change the rule, the time, the hosts or what is said of a series, or end it; coming dates follow.

    Raises
    ------
    DeniedError
        The other side entered it.
    InputError
        As :func:`open_series`.
    """
    text = fields.pop("rule", series.rule)
    starts_on, starts_at = (fields.get(name, getattr(series, name)) for name in ("starts_on", "starts_at"))
    # ending needs no rule: a series whose stored text is no rule any more can still be ended
    rule = None if fields.get("is_ended") else checked_rule(text, starts_on, starts_at)
    return _change(person, series, rule, **fields)


@write("meeting.plan")
def _change(person: Person, series: Series, /, rule: RecurrenceRule | None, **fields: Any) -> Series:
    owner_only(person, series)
    row, now = _held(series), timezone.now()
    said = {"title_zh", "title_en", "agenda_zh", "agenda_en"}
    is_said_anew = any(getattr(row, name) != value for name, value in fields.items() if name in said)
    for name, value in {**fields, "rule": row.rule if rule is None else str(rule)}.items():
        setattr(row, name, value)
    _check(row)
    row.full_clean(exclude=["hosts"])
    keep(person, row, "series.ended" if row.is_ended else "series.changed")
    due = () if rule is None or row.is_ended else _dates(_term(row, rule), now)
    n = _synchronise(person, row, due, now)
    if is_said_anew:
        n += _renumber(person, row, now)
    if n:
        _tell(row, "portal_told_series_changed", _next_of(row, now), n=n)
    return row


def _renumber(person: Person, row: Series, now: datetime) -> int:
    """What is said of a series changed: every coming date that was not numbered up just now is."""
    coming = list(row.occasions.filter(starts_at__gt=now, is_off=False).exclude(changed_at=now))
    for one in coming:
        one.sequence, one.changed_at = one.sequence + 1, now
    keep_all(person, [(one, "occasion.said") for one in coming])
    return len(coming)


@write("meeting.plan")
def move_occasion(
    person: Person,
    occasion: Occasion,
    *,
    starts_at: datetime,
    host: str = "",
    place: str = "",
    agenda_zh: str = "",
    agenda_en: str = "",
) -> Occasion:
    """Give one date another time, host, place or agenda; from then on it no longer follows the rule.

    Raises
    ------
    DeniedError
        The other side entered the series, or the date is past or off.
    InputError
        The new time is past, or the host is unknown.
    """
    row, now = _coming(person, occasion), timezone.now()
    if starts_at <= now:
        raise InputError("portal_meet_occasion_past")
    if host and host not in row.series.agreement.sides.values_list("pk", flat=True):
        raise InputError("portal_meet_host_unknown", {"host": host})
    row.starts_at, row.ends_at = starts_at, starts_at + timedelta(minutes=row.series.duration_min)
    row.host, row.place, row.agenda_zh, row.agenda_en = host, place.strip(), agenda_zh.strip(), agenda_en.strip()
    row.is_fixed, row.sequence, row.changed_at, row.reminded_at = True, row.sequence + 1, now, None
    keep(person, row, "occasion.moved")
    _tell(row.series, "portal_told_occasion_moved", row)
    return row


@write("meeting.plan")
def call_off(person: Person, occasion: Occasion) -> Occasion:
    """Call one date off; it stays in calendars as cancelled."""
    row = _coming(person, occasion)
    row.is_fixed = True
    _turn_off(row, timezone.now())
    keep(person, row, "occasion.off")
    _tell(row.series, "portal_told_occasion_off", row)
    return row


def _coming(person: Person, occasion: Occasion) -> Occasion:
    owner_only(person, occasion.series)
    _held(occasion.series)
    row = Occasion.objects.select_related("series__agreement").get(pk=occasion.pk)
    if row.is_off or row.starts_at <= timezone.now():
        raise DeniedError("portal_meet_occasion_closed")
    return row


def _next_of(row: Series, now: datetime) -> Occasion | None:
    return row.occasions.filter(starts_at__gt=now, is_off=False).first()


def departments_of(row: Series) -> dict[str, set[str]]:
    """The departments a series concerns, by side: its own, and those its clause names."""
    found = next((one for one in agreement_term(row.agreement).clauses if one.key == row.clause), None)
    sides = row.agreement.sides.values_list("pk", flat=True)
    named = {side: {*found.lead.get(side, ()), *found.support.get(side, ())} if found else set() for side in sides}
    return {side: keys | ({row.department} - {""}) for side, keys in named.items()}


def _concerned(row: Series) -> Iterable[Person]:
    offices = departments_of(row).items()
    return [one for side, keys in offices for one in of_departments(row.agreement, side, keys)]


def _tell(row: Series, code: str, occasion: Occasion | None, **values: Any) -> None:
    when = f"{timezone.localtime(occasion.starts_at):%Y-%m-%d %H:%M}" if occasion else "–"
    told = {"title": row.title.to_dict(), "when": when, **values}
    path = reverse("one_series", args=[row.agreement_id, row.pk])
    tell(row.agreement, Notice(_concerned(row), code, path, told, about=row))


def extend_series(now: datetime) -> int:
    """Let every live series reach eighteen months ahead, and follow holidays that were published since.

    A series whose stored rule cannot be read keeps its dates; the others do not wait for it.
    """
    n = 0
    for row in Series.objects.filter(is_ended=False):
        try:
            term = _term(row, parse_rule(row.rule))
            due = _dates(term, now)
        except InputError as error:
            _LOG.warning("series %s keeps its dates: %s", row.pk, error)
            continue
        with suppress(SealError), transaction.atomic():
            now_held = _held(row)
            # whoever changed it meanwhile has brought its dates along
            if not now_held.is_ended and now_held.rule == row.rule and _term(now_held, term.rule) == term:
                n += _synchronise(None, now_held, due, now)
    return n


def remind(now: datetime) -> int:
    """Remind everybody concerned of the dates whose time for that has come, once each; how many dates."""
    n = 0
    first = now + timedelta(days=90)
    rows = Occasion.objects.filter(reminded_at=None, is_off=False, starts_at__gt=now, starts_at__lte=first)
    for key in rows.values_list("pk", flat=True):
        with suppress(SealError), transaction.atomic():
            row = held(Occasion.objects.select_related("agreement").get(pk=key))
            if row.reminded_at or now < _reminder_at(row):
                continue
            row.reminded_at, n = now, n + 1
            keep(None, row, "occasion.reminded")
            _tell(row.series, "portal_told_occasion_soon", row)
    return n


def _reminder_at(row: Occasion) -> datetime:
    """From the start of the day so many days before."""
    on = timezone.localdate(row.starts_at) - timedelta(days=row.series.reminder_days)
    return timezone.make_aware(datetime.combine(on, time()))
