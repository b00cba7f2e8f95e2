"""How often something is held: a closed part of RFC 5545 as a checked value, read from text, written back, expanded.

No text of a person reaches an engine: :func:`parse_rule` accepts what is listed here and nothing else, and
:func:`due_days` looks at each day of the calendar once at most.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from string import ascii_letters, digits, punctuation
from typing import Any, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from duijie.errors import Fault, InputError
from duijie.terms.days import FIRST_DAY, LAST_DAY

from .exchange import TIME_ZONE

__all__ = ["MOST_DATES", "RecurrenceRule", "due_days", "parse_rule"]

MOST_DATES = 5000
"""Dates of one series at most: daily meetings of thirteen years."""

# a rule whose every date is excepted, each written with its time and a comma
_MOST_SIGNS = 1000 + 17 * MOST_DATES
_MOST_SHOWN = 120
_Test: TypeAlias = Callable[["RecurrenceRule", date], bool]
Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_TIME_PARTS = ("BYHOUR", "BYMINUTE", "BYSECOND")
# part → field, largest number; in the order in which rules are written
_LISTS = {
    "BYMONTH": ("by_month", 12),
    "BYWEEKNO": ("by_week", 53),
    "BYYEARDAY": ("by_year_day", 366),
    "BYMONTHDAY": ("by_month_day", 31),
    "BYSETPOS": ("by_position", 366),
}
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", *_LISTS, "BYDAY", "WKST")
# RFC 5545, 3.3.10: the parts that mean nothing beside a frequency
_NOT_WITH = {
    "DAILY": ("BYWEEKNO", "BYYEARDAY"),
    "WEEKLY": ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"),
    "MONTHLY": ("BYWEEKNO", "BYYEARDAY"),
    "YEARLY": (),
}
# Chinese keyboards give the wide forms of ; = , : and of letters and digits
_NARROW = {ord(sign) + 0xFEE0: sign for sign in ascii_letters + digits + punctuation}
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_MOMENT = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")
_LINE_ENDS = re.compile(r"[\r\n]+|\s(?=(?:RRULE|EXDATE)[:;])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """On which days something is held; made by :func:`parse_rule`, written by ``str``.

    `until` is the last day, or the last moment (aware). `by_day` are (turn, weekday): turn 0 is every such weekday,
    2 the second and −1 the last of the month or year; Monday is 0. `excluded` are days on which it is not held
    (EXDATE); they keep their number in the series.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    by_month: tuple[int, ...] = ()
    by_week: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_position: tuple[int, ...] = ()
    week_start: int = 0
    excluded: frozenset[date] = field(default_factory=frozenset)

    def __str__(self) -> str:
        """The rule as RFC 5545 writes it; a second line holds the excluded days, if any."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={_written(self.until)}")
        for name, (attribute, _) in _LISTS.items():
            if numbers := getattr(self, attribute):
                parts.append(f"{name}={','.join(map(str, numbers))}")
        if self.by_day:
            days = [f"{turn or ''}{_WEEKDAYS[day]}" for turn, day in self.by_day]
            parts.append(f"BYDAY={','.join(days)}")
        if self.week_start:
            parts.append(f"WKST={_WEEKDAYS[self.week_start]}")
        gone = ",".join(_written(day) for day in sorted(self.excluded))
        return ";".join(parts) + (f"\nEXDATE;VALUE=DATE:{gone}" if gone else "")


def _written(moment: date | datetime) -> str:
    if isinstance(moment, datetime):
        return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S}Z"
    return f"{moment:%Y%m%d}"


def parse_rule(text: str, *, time_zone: str = TIME_ZONE) -> RecurrenceRule:
    """The rule that a text says: the line RRULE of a calendar entry, with or without its name, and lines EXDATE.

    Parameters
    ----------
    text
        Letters of any case, wide or narrow; ``UNTIL=…Z`` and ``EXDATE;TZID=…`` as calendar programs write them.
    time_zone
        Of the days and of moments without a zone. Days of `UNTIL` after 2100 mean no end.

    Raises
    ------
    InputError
        ``meet_rule_wrong``; `faults` lists every part that cannot be read.

    Examples
    --------
    >>> str(parse_rule("RRULE:freq=weekly;interval=2;byday=MO,FR"))
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR'

    References
    ----------
    RFC 5545, 3.3.10 and 3.8.5. Times of day, EXRULE and RDATE are not read: a series has one time a day.
    """
    shown = text[:_MOST_SHOWN]
    if len(text) > _MOST_SIGNS:
        raise InputError("meet_rule_wrong", {"rule": shown}, faults=[_long(len(text))])
    reader = _Reader(ZoneInfo(time_zone))
    rule = reader.read(text.translate(_NARROW))
    if rule is None or reader.faults:
        raise InputError("meet_rule_wrong", {"rule": shown}, faults=reader.faults)
    return rule


def _long(n: int) -> Fault:
    return Fault("meet_rule_long", {}, {"n": n, "most": _MOST_SIGNS})


class _Reader:
    """Reads one text; whatever does not fit is a fault."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.faults: list[Fault] = []

    def miss(self, code: str, **values: Any) -> None:
        self.faults.append(Fault(code, {}, values))

    def read(self, text: str) -> RecurrenceRule | None:
        # a long line is folded: the next begins with a space (RFC 5545, 3.1)
        lines = [line.strip() for line in _LINE_ENDS.split(re.sub(r"\r?\n[ \t]", "", text))]
        rules: list[str] = []
        gone: set[date] = set()
        for line in filter(None, lines):
            head, colon, body = line.rpartition(":") if line.upper().startswith("EXDATE") else line.partition(":")
            name = head.partition(";")[0].strip().upper()
            if not colon or name == "RRULE":
                rules.append(body if colon else line)
            elif name == "EXDATE":
                gone.update(self._excluded(head, body))
            else:
                self.miss("meet_rule_property", name=name[:_MOST_SHOWN])
        if len(rules) != 1:
            self.miss("meet_rule_not_one", n=len(rules))
            return None
        found = self._rule(self._parts(rules[0]))
        return None if found is None else replace(found, excluded=frozenset(gone))

    def _parts(self, text: str) -> dict[str, str]:
        parts: dict[str, str] = {}
        for part in text.removesuffix(";").split(";"):
            name, equals, value = (one.strip() for one in part.upper().partition("="))
            shown = name[:_MOST_SHOWN]
            if not equals:
                self.miss("meet_rule_no_part", part=shown)
            elif name in _TIME_PARTS:
                self.miss("meet_rule_time_of_day", part=name)
            elif name not in _PARTS:
                self.miss("meet_rule_part_unknown", part=shown, known=", ".join(_PARTS))
            elif name in parts:
                self.miss("meet_rule_part_twice", part=name)
            else:
                parts[name] = value
        return parts

    def _rule(self, parts: dict[str, str]) -> RecurrenceRule | None:
        frequency = parts.get("FREQ", "")
        if frequency not in _FREQUENCIES:
            self.miss("meet_rule_frequency", value=frequency[:_MOST_SHOWN], known=", ".join(_FREQUENCIES))
            return None
        for name in _NOT_WITH[frequency]:
            if name in parts:
                self.miss("meet_rule_not_with", part=name, other=f"FREQ={frequency}")
        if "COUNT" in parts and "UNTIL" in parts:
            self.miss("meet_rule_not_with", part="COUNT", other="UNTIL")
        if "BYSETPOS" in parts and not any(name in parts for name in (*_LISTS, "BYDAY") if name != "BYSETPOS"):
            self.miss("meet_rule_part_alone", part="BYSETPOS")
        lists: dict[str, Any] = {
            attribute: self._numbers(name, parts[name], most)
            for name, (attribute, most) in _LISTS.items()
            if name in parts
        }
        return RecurrenceRule(
            cast(Frequency, frequency),
            self._number("INTERVAL", parts.get("INTERVAL", "1"), 1000) or 1,
            self._number("COUNT", parts["COUNT"], MOST_DATES) if "COUNT" in parts else None,
            self._until(parts["UNTIL"]) if "UNTIL" in parts else None,
            by_day=self._weekdays(parts) if "BYDAY" in parts else (),
            week_start=self._week_start(parts.get("WKST", "MO")),
            **lists,
        )

    def _number(self, name: str, text: str, most: int) -> int | None:
        """A whole number from 1 on."""
        if re.fullmatch(r"[0-9]{1,9}", text) and 1 <= int(text) <= most:
            return int(text)
        self.miss("meet_rule_number", part=name, value=text[:_MOST_SHOWN], most=most)
        return None

    def _numbers(self, name: str, text: str, most: int) -> tuple[int, ...]:
        """Several numbers, each once; all but months may be counted from the end."""
        signed = r"[+-]?[0-9]{1,3}" if name != "BYMONTH" else r"[0-9]{1,3}"
        found = {int(one) for one in text.split(",") if re.fullmatch(signed, one) and 1 <= abs(int(one)) <= most}
        if len(found) < len(set(text.split(","))):
            self.miss("meet_rule_numbers", part=name, value=text[:_MOST_SHOWN], most=most)
        return tuple(sorted(found))

    def _weekdays(self, parts: dict[str, str]) -> tuple[tuple[int, int], ...]:
        found: set[tuple[int, int]] = set()
        takes_turns = parts["FREQ"] == "MONTHLY" or (parts["FREQ"] == "YEARLY" and "BYWEEKNO" not in parts)
        for one in parts["BYDAY"].split(","):
            read = _DAY.fullmatch(one)
            turn = int(read[1] or 0) if read else 0
            if read is None or abs(turn) > 53 or (read[1] and turn == 0):
                self.miss("meet_rule_weekday", value=one[:_MOST_SHOWN], known=", ".join(_WEEKDAYS))
            elif turn and not takes_turns:
                self.miss("meet_rule_not_with", part=f"BYDAY={one}", other=f"FREQ={parts['FREQ']}")
            else:
                found.add((turn, _WEEKDAYS.index(read[2])))
        return tuple(sorted(found, key=lambda pair: (pair[1], pair[0])))

    def _week_start(self, text: str) -> int:
        if text not in _WEEKDAYS:
            self.miss("meet_rule_weekday", value=text[:_MOST_SHOWN], known=", ".join(_WEEKDAYS))
            return 0
        return _WEEKDAYS.index(text)

    def _until(self, text: str) -> date | datetime | None:
        found = self._moment(text, self.zone)
        if found is None:
            self.miss("meet_rule_until", value=text[:_MOST_SHOWN])
        elif found.year > LAST_DAY.year:
            return None
        return found

    def _excluded(self, head: str, body: str) -> Iterator[date]:
        """The days of a line EXDATE in the time zone of the series."""
        zone = self._zone(head)
        for text in body.upper().split(","):
            found = self._moment(text.strip(), zone)
            if found is None or found.year > LAST_DAY.year:
                self.miss("meet_rule_exdate", value=text[:_MOST_SHOWN])
            else:
                yield found.astimezone(self.zone).date() if isinstance(found, datetime) else found

    def _zone(self, head: str) -> ZoneInfo:
        named = re.search(r';\s*TZID="?([^";:]+)"?', head, re.IGNORECASE)
        if named is None:
            return self.zone
        try:
            return ZoneInfo(WINDOWS_TO_OLSON.get(named[1], named[1]))
        except (KeyError, ValueError, OSError):
            self.miss("meet_rule_time_zone", name=named[1][:_MOST_SHOWN])
            return self.zone

    def _moment(self, text: str, zone: ZoneInfo) -> date | datetime | None:
        """A day, or an aware moment; None where it is neither or before the calendar begins."""
        read = _MOMENT.fullmatch(text)
        try:
            day = datetime.strptime(read[1], "%Y%m%d").date() if read else None
            clock = datetime.strptime(read[2], "%H%M%S").time() if read and read[2] else None
        except ValueError:
            return None
        if read is None or day is None or day < FIRST_DAY:
            return None
        if clock is None or day > LAST_DAY:
            return day
        return datetime.combine(day, clock, UTC if read[3] else zone).astimezone(UTC)


def due_days(
    rule: RecurrenceRule, first: date, last: date, *, starts_at: time = time(), time_zone: str = TIME_ZONE
) -> tuple[date, ...]:
    """The days of a rule that begins on `first`, up to and with `last`, in order; excluded ones are among them.

    Parameters
    ----------
    first, last
        Cut to 1949–2100. `first` itself counts only where the rule gives it.
    starts_at, time_zone
        The wall-clock time on each day; it decides whether the day of `until` still counts.

    Returns
    -------
    Empty where the rule gives no day in the span.

    Raises
    ------
    InputError
        ``meet_rule_too_many``: more than :data:`MOST_DATES` days.
    """
    first, last = max(first, FIRST_DAY), min(last, LAST_DAY)
    full, zone = _completed(rule, first), ZoneInfo(time_zone)
    tests = [test for part, test in _TESTS.items() if getattr(full, part)]
    found: list[date] = []
    for period in _periods(full, first, last):
        for day in _chosen(full, period, tests):
            if day < first:
                continue
            if day > last or _is_over(full.until, day, starts_at, zone) or len(found) == full.count:
                return tuple(found)
            if len(found) == MOST_DATES:
                raise InputError("meet_rule_too_many", {"rule": str(rule), "most": MOST_DATES})
            found.append(day)
    return tuple(found)


def _completed(rule: RecurrenceRule, first: date) -> RecurrenceRule:
    """The rule with what it leaves to the first day: its weekday, its day of the month, its month."""
    if rule.by_day or rule.by_month_day or rule.by_year_day or rule.frequency == "DAILY":
        return rule
    if rule.frequency == "WEEKLY" or rule.by_week:
        return replace(rule, by_day=((0, first.weekday()),))
    months = rule.by_month or (first.month,) if rule.frequency == "YEARLY" else rule.by_month
    return replace(rule, by_month=months, by_month_day=(first.day,))


def _periods(rule: RecurrenceRule, first: date, last: date) -> Iterator[Sequence[date]]:
    """All days of each day, week, month or year that is a rule's turn, until `last` is passed."""
    if rule.frequency in ("DAILY", "WEEKLY"):
        size = 7 if rule.frequency == "WEEKLY" else 1
        start = first - timedelta((first.weekday() - rule.week_start) % 7 if size == 7 else 0)
        while start <= last:
            yield [start + timedelta(n) for n in range(size)]
            start += timedelta(size * rule.interval)
        return
    size = 12 if rule.frequency == "YEARLY" else 1
    month = first.year * 12 + (0 if size == 12 else first.month - 1)
    while month <= last.year * 12 + last.month - 1:
        yield [day for n in range(size) for day in _month(*divmod(month + n, 12))]
        month += size * rule.interval


def _month(year: int, month: int) -> Iterator[date]:
    return (date(year, month + 1, day) for day in range(1, monthrange(year, month + 1)[1] + 1))


def _chosen(rule: RecurrenceRule, period: Sequence[date], tests: Sequence[_Test]) -> list[date]:
    """The days of a period that pass every part of the rule."""
    days = [day for day in period if all(test(rule, day) for test in tests)]
    if not rule.by_position:
        return days
    places = {at - 1 if at > 0 else len(days) + at for at in rule.by_position}
    return [day for at, day in enumerate(days) if at in places]


def _in_month(rule: RecurrenceRule, day: date) -> bool:
    return day.month in rule.by_month


def _on_month_day(rule: RecurrenceRule, day: date) -> bool:
    return _is_among(day.day, monthrange(day.year, day.month)[1], rule.by_month_day)


def _on_year_day(rule: RecurrenceRule, day: date) -> bool:
    return _is_among(*_in_year(day), rule.by_year_day)


def _in_week(rule: RecurrenceRule, day: date) -> bool:
    """Weeks belong to the year that has most of their days, so to that of their fourth day."""
    at, length = _in_year(day - timedelta((day.weekday() - rule.week_start) % 7 - 3))
    return (at - 1) // 7 + 1 in rule.by_week or -((length - at) // 7) - 1 in rule.by_week


def _on_weekday(rule: RecurrenceRule, day: date) -> bool:
    turns = [turn for turn, weekday in rule.by_day if weekday == day.weekday()]
    if not turns or 0 in turns:
        return bool(turns)
    is_of_month = rule.frequency == "MONTHLY" or rule.by_month
    at, length = (day.day, monthrange(day.year, day.month)[1]) if is_of_month else _in_year(day)
    return (at - 1) // 7 + 1 in turns or -((length - at) // 7) - 1 in turns


def _in_year(day: date) -> tuple[int, int]:
    """Which day of its year a day is, and how many days the year has."""
    before = date(day.year, 1, 1).toordinal() - 1
    return day.toordinal() - before, date(day.year, 12, 31).toordinal() - before


def _is_among(at: int, length: int, wanted: Sequence[int]) -> bool:
    """Whether a day is among the wanted ones, which may be counted from the end."""
    return at in wanted or at - length - 1 in wanted


# cheap tests first: most days fall at one of them
_TESTS: Mapping[str, _Test] = {
    "by_month": _in_month,
    "by_day": _on_weekday,
    "by_month_day": _on_month_day,
    "by_year_day": _on_year_day,
    "by_week": _in_week,
}


def _is_over(until: date | datetime | None, day: date, starts_at: time, zone: ZoneInfo) -> bool:
    if isinstance(until, datetime):
        return datetime.combine(day, starts_at, zone) > until
    return until is not None and day > until
