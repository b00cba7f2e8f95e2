"""Recurring meetings of the mechanism: dates kept as people were told them, changed and called off by number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.meet.recurrence import Occurrence, occurrences
from duijie.meet.recurrence import Series as Term
from duijie_portal.accounts.door import write
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.services import own_side, owner_only

from ..models import Occasion, Series
from .common import both_sides, officials_of, seal, tell

__all__ = ["call_off", "change_series", "extend_series", "move_occasion", "open_series", "remind", "rule_of"]

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


@write("meeting.plan")
def open_series(person: Person, agreement: Agreement, /, *, rule: str, **fields: Any) -> Series:
    """Enter a recurring meeting of the mechanism; its dates of the next eighteen months stand at once.

    Raises
    ------
    InputError
        The rule is no RRULE or gives no date; a clause or host is unknown.
    """
    now = timezone.now()
    row = Series(agreement=agreement, side_id=own_side(person), rule=rule, made_at=now, **both_sides(), **fields)
    _check(row)
    row.full_clean(exclude=["hosts"])
    row.save(force_insert=True)
    _synchronise(row, now)
    seal(person, row, "series.opened", {"rule": rule, "series_kind": row.kind}, row.starts_on)
    _tell(row, "portal_told_series", _next_of(row, now))
    return row


def _check(row: Series) -> None:
    clauses = {one.key for one in agreement_term(row.agreement).clauses}
    if row.clause and row.clause not in clauses:
        raise InputError("portal_meet_clause_unknown", {"clause": row.clause})
    sides = set(row.agreement.sides.values_list("pk", flat=True))
    if strange := [one for one in row.hosts if one not in sides]:
        raise InputError("portal_meet_host_unknown", {"host": strange[0]})
    if not occurrences(_term(row), until=(row.starts_on + _AHEAD).isoformat()):
        raise InputError("portal_meet_rule_empty", {"rule": row.rule})


def _term(row: Series) -> Term:
    return Term(
        row.pk,
        row.title,
        row.rule,
        row.starts_on.isoformat(),
        f"{row.starts_at:%H:%M}",
        row.duration_min,
        tuple(row.hosts),
        row.shift,  # type: ignore[arg-type]
    )


def _synchronise(row: Series, now: datetime) -> int:
    """Bring the coming dates to what the rule says; each that changes is numbered up. What is past or by hand stays."""
    due = occurrences(_term(row), until=(timezone.localdate(now) + _AHEAD).isoformat())
    wanted = {} if row.is_ended else {one.number: one for one in due}
    known = {one.number: one for one in row.occasions.all()}
    changed = [_bring(row, one, known.get(number), now) for number, one in wanted.items()]
    gone = [one for number, one in known.items() if number not in wanted and not one.is_off and one.starts_at > now]
    for one in gone:
        _turn_off(one, now)
    return sum(changed) + len(gone)


def _bring(row: Series, due: Occurrence, held: Occasion | None, now: datetime) -> bool:
    facts = {"starts_at": due.starts_at, "ends_at": due.ends_at, "host": due.host}
    more = {"due_on": date.fromisoformat(due.due_on), "is_known": due.is_known}
    if held is None:
        Occasion.objects.create(series=row, number=due.number, changed_at=now, **facts, **more)
        return True
    is_same = not held.is_off and all(getattr(held, name) == value for name, value in facts.items())
    if held.is_fixed or is_same or held.starts_at <= now:
        return False
    for name, value in {**facts, **more, "is_off": False, "changed_at": now, "reminded_at": None}.items():
        setattr(held, name, value)
    held.sequence += 1
    held.save()
    return True


def _turn_off(row: Occasion, now: datetime) -> None:
    row.is_off, row.sequence, row.changed_at = True, row.sequence + 1, now
    row.save(update_fields=["is_off", "sequence", "changed_at"])


def _held(series: Series) -> Series:
    return Series.objects.select_for_update().get(pk=series.pk)


@write("meeting.plan")
def change_series(person: Person, series: Series, /, **fields: Any) -> Series:
    """Change the rule, the time, the hosts or what is said of a series, or end it; coming dates follow.

    Raises
    ------
    DeniedError
        The other side entered it.
    InputError
        As :func:`open_series`.
    """
    owner_only(person, series)
    row, now = _held(series), timezone.now()
    said = {"title_zh", "title_en", "agenda_zh", "agenda_en"}
    is_said_anew = any(getattr(row, name) != value for name, value in fields.items() if name in said)
    for name, value in fields.items():
        setattr(row, name, value)
    _check(row)
    row.full_clean(exclude=["hosts"])
    row.save()
    n = _synchronise(row, now)
    if is_said_anew:
        n += _renumber(row, now)
    seal(person, row, "series.ended" if row.is_ended else "series.changed", {"rule": row.rule, "n_changed": n})
    if n:
        _tell(row, "portal_told_series_changed", _next_of(row, now), n=n)
    return row


def _renumber(row: Series, now: datetime) -> int:
    """What is said of a series changed: every coming date that was not numbered up just now is."""
    coming = row.occasions.filter(starts_at__gt=now, is_off=False).exclude(changed_at=now)
    for one in coming:
        one.sequence, one.changed_at = one.sequence + 1, now
        one.save(update_fields=["sequence", "changed_at"])
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
    row.save()
    seal(person, row.series, "series.moved", {"number": row.number}, timezone.localdate(starts_at))
    _tell(row.series, "portal_told_occasion_moved", row)
    return row


@write("meeting.plan")
def call_off(person: Person, occasion: Occasion) -> Occasion:
    """Call one date off; it stays in calendars as cancelled."""
    row = _coming(person, occasion)
    row.is_fixed = True
    row.save(update_fields=["is_fixed"])
    _turn_off(row, timezone.now())
    seal(person, row.series, "series.off", {"number": row.number}, timezone.localdate(row.starts_at))
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
    people = Person.objects.filter(is_active=True)
    whose = Q(pk__in=())
    for side, keys in departments_of(row).items():
        whose |= Q(side=side, departments__key__in=keys, departments__agreement=row.agreement_id)
    return [*people.filter(whose).distinct(), *officials_of(row.agreement.sides.values_list("pk", flat=True))]


def _tell(row: Series, code: str, occasion: Occasion | None, **values: Any) -> None:
    when = f"{timezone.localtime(occasion.starts_at):%Y-%m-%d %H:%M}" if occasion else "–"
    told = {"title": row.title.to_dict(), "when": when, **values}
    tell(row.agreement, _concerned(row), code, told, "one_series", series=row.pk)


def extend_series(now: datetime) -> int:
    """Let every live series reach eighteen months ahead, and follow holidays that were published since."""
    n = 0
    for key in Series.objects.filter(is_ended=False).values_list("pk", flat=True):
        with transaction.atomic():
            n += _synchronise(Series.objects.select_for_update().get(pk=key), now)
    return n


def remind(now: datetime) -> int:
    """Remind everybody concerned of the dates whose time for that has come, once each; how many dates."""
    n = 0
    first = now + timedelta(days=90)
    rows = Occasion.objects.filter(reminded_at=None, is_off=False, starts_at__gt=now, starts_at__lte=first)
    for key in rows.values_list("pk", flat=True):
        with transaction.atomic():
            row = Occasion.objects.select_for_update().select_related("series__agreement").get(pk=key)
            if row.reminded_at or now < _reminder_at(row):
                continue
            row.reminded_at, n = now, n + 1
            row.save(update_fields=["reminded_at"])
            _tell(row.series, "portal_told_occasion_soon", row)
    return n


def _reminder_at(row: Occasion) -> datetime:
    """From the start of the day so many days before."""
    on = timezone.localdate(row.starts_at) - timedelta(days=row.series.reminder_days)
    return timezone.make_aware(datetime.combine(on, time()))
