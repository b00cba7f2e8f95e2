"""Days as exact as they were given, days on which something ends, and periods from one to another."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta, timezone

from duijie.terms.days import FIRST_DAY, LAST_DAY, is_no_end

from .cell import EMPTY, Cell, CellType, Raw, fault, folded, is_unsaid, plain
from .figures import numeral

__all__ = ["NO_END", "SERIAL_SHIFT_1904", "day", "from_1904", "period"]

NO_END = "no_end"
SERIAL_SHIFT_1904 = 1462  # days between the first days of the two calendars of a table program
_SERIAL_ZERO = date(1899, 12, 30)
_SERIALS = range(21_100, 73_051)  # 1957 to 2099; lower numbers of five digits may be a year and a month
_HERE = timezone(timedelta(hours=8))  # a moment said with its zone is a day of the official time of the country
_REPUBLIC = 1911  # the year before the first of 民国
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_DAY = re.compile(r"([0-9]{4})[-/.、年]([0-9]{1,2})(?:[-/.、月]([0-9]{1,2})[日号]?|月)?")
_BARE_DAY = re.compile(r"([0-9]{4})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])?")
_ENGLISH_DAY = re.compile(
    r"([0-9]{1,2})[- ]([a-z]{3})[a-z]*[-, ]+([0-9]{4})|([a-z]{3})[a-z]* ([0-9]{1,2}),? ([0-9]{4})"
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MOMENT = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[t ]({_CLOCK})(z|[+-][0-9]{{2}}:?[0-9]{{2}})")
_TIME = re.compile(rf"(?<=[0-9日号])[t ]\s*{_CLOCK}$")
_REPUBLICAN = re.compile(r"(?:中华)?民国([0-9]{2,3})年")
_SPOKEN = re.compile(r"[零〇○一二三四五六七八九十]+(?=年|月|日|号)")
_ENDLESS = re.compile(
    r"长期(?:有效)?|永久(?:有效)?|无固定期限|无期限|无限期|不限期?|长久|9999[-/.年]?12[-/.月]?31日?|2999[-/.年]?12[-/.月]?31日?"
)
_LAST = re.compile(r"[年月](?:底|末)$")
_UNTIL = re.compile(r"(?:止|截止|前|之前|以前)$")
_TO = re.compile(r"\s*(?:至|到|—{1,2}|–|~|〜|--)\s*|\s+-\s+|(?<=[0-9年月日号])\s*-\s*(?=[0-9]{4}|长期|至今|永久)")
_SPAN = re.compile(
    r"([0-9]{4})年?(?:第?([1-4])(?:季度|季)|q([1-4])|(上|下)半年|([0-9]{1,2})(?:月)?[-—~至到]([0-9]{1,2})月)"
)


def day(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """A date as exact as it was given: ``2019``, ``2019-04`` or ``2019-04-01``; a time of day is left off.

    Examples
    --------
    >>> plain_day = CellType("date")
    >>> [day(one, plain_day).value for one in ("2019年4月1日", "2019.4", 2019.0, "二〇一九年四月一日")]
    ['2019-04-01', '2019-04', '2019', '2019-04-01']

    A table program counts days from the end of 1899; what may also be a year and a month, 20194, is not read so, and
    neither is a day without its century, or one that may be of the 1st of April or of the 4th of January.

    >>> day(43556.0, plain_day).value, [day(one, plain_day).wrong.code for one in ("20194", "08-Feb-23", "1/4/2019")]
    ('2019-04-01', ['date_unreadable', 'date_unreadable', 'date_unreadable'])

    A moment with its zone is a day of the country's official time. Where something ends, it may never come.

    >>> day("2023-02-07T16:00:00Z", plain_day).value, day("长期", CellType("date", is_end=True))
    ('2023-02-08', Cell(value=None, wrong=None, is_mended=True, confidence=1.0, extra='no_end'))
    """
    if isinstance(raw, date):
        text = plain(raw)[:10]
        ended = _ended(Cell(text), kind)
        return ended if ended.extra else _exact(raw.year, raw.month, raw.day, text)
    if isinstance(raw, bool):
        return fault("date_unreadable", raw, "date_form")
    if isinstance(raw, float) and not raw.is_integer():
        return _ended(_of_fraction(raw), kind)
    text = folded(raw)
    if is_unsaid(text):
        return EMPTY
    if kind.is_end:
        if is_no_end(text) or _ENDLESS.fullmatch(text.replace(" ", "")):
            return Cell(is_mended=True, extra=NO_END)
        text = _LAST.sub(lambda found: "年12月" if found[0][0] == "年" else "月", _UNTIL.sub("", text)).strip()
        text = re.sub(r"^(?:截至|截止|至|到)\s*(?=[0-9])", "", text)
        if (span := _two(text)) and not _DAY.fullmatch(text):
            return _last_of(span, kind, raw)
    return _ended(_read(text, raw), kind)


def from_1904(text: str) -> str:
    """A day that a table program counts from 1904 as it counts from 1900; what is no such number stays as it is.

    Examples
    --------
    >>> from_1904("43503"), from_1904("2023-02-08"), from_1904("2023")
    ('44965', '2023-02-08', '2023')
    """
    return str(int(text) + SERIAL_SHIFT_1904) if re.fullmatch(r"[0-9]{5}", text) else text


def _of_fraction(raw: float) -> Cell:
    """A number with a fraction: a day and a time as a table program counts them, or a year and a month; 2019.1 is no
    longer to be told from 2019.10."""
    if int(raw) in _SERIALS:
        return Cell((_SERIAL_ZERO + timedelta(days=int(raw))).isoformat(), is_mended=True)
    return fault("date_unreadable", raw, "date_form") if str(raw).endswith(".1") else _read(str(raw), raw)


def _ended(found: Cell, kind: CellType) -> Cell:
    """The 31st of December 9999 is no day, and where something ends it never comes."""
    return Cell(is_mended=True, extra=NO_END) if kind.is_end and found.value in ("9999-12-31", "2999-12-31") else found


def _read(text: str, raw: Raw) -> Cell:
    moment = _MOMENT.fullmatch(text)
    if moment:
        return _of_moment(moment, raw)
    value = _TIME.sub("", _spoken(text)).strip()
    compact = re.sub(r"\s+", "", value)
    year = re.fullmatch(r"([0-9]{4})年?度?", compact)
    if year:
        return _year(year[1], raw)
    if re.fullmatch(r"[0-9]{5}", compact) and int(compact) in _SERIALS:
        return Cell((_SERIAL_ZERO + timedelta(days=int(compact))).isoformat(), is_mended=True)
    found = _DAY.fullmatch(compact) or _BARE_DAY.fullmatch(compact)
    if found and found[3] and not int(found[3]):
        return fault("date_impossible", raw, "date_form")  # 1900-01-00 is a table program's nothing
    if found:
        return _exact(int(found[1]), int(found[2]), int(found[3] or 0), raw)
    english = _ENGLISH_DAY.fullmatch(value)
    month = (english[2] or english[4]) if english else ""
    if english and month in _MONTHS:
        return _exact(int(english[3] or english[6]), _MONTHS.index(month) + 1, int(english[1] or english[5]), raw)
    return fault("date_unreadable", raw, "date_form")


def _spoken(text: str) -> str:
    """Years, months and days written in characters, and years of 民国, as digits."""
    spoken = _SPOKEN.sub(lambda found: _digits(found[0]), text)
    return _REPUBLICAN.sub(lambda found: f"{int(found[1]) + _REPUBLIC}年", spoken)


def _digits(text: str) -> str:
    number = numeral(text)
    return str(number) if number is not None else text


def _of_moment(found: re.Match[str], raw: Raw) -> Cell:
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3].upper()}")
        there = moment.astimezone(_HERE).date()
        return _exact(there.year, there.month, there.day, raw)
    except (ValueError, OverflowError):
        return fault("date_impossible", raw, "date_form")


def _year(year: str, raw: Raw) -> Cell:
    return Cell(year, is_mended=year != raw) if _is_within(int(year)) else fault("date_impossible", raw, "date_form")


def _is_within(year: int) -> bool:
    """Whether a year lies within the one type of a day."""
    return FIRST_DAY.year <= year <= LAST_DAY.year


def _exact(year: int, month: int, of_month: int, raw: Raw) -> Cell:
    longest = calendar.monthrange(year, month)[1] if 1 <= month <= 12 and _is_within(year) else 0
    if of_month > longest or not longest:
        return fault("date_impossible", raw, "date_form")
    written = f"{year}-{month:02}" + (f"-{of_month:02}" if of_month else "")
    return Cell(written, is_mended=written != raw)


def period(raw: Raw, kind: CellType, unit: str = "") -> Cell:
    """A pair of days, the first and the last, each as exact as given; an end that never comes, or is 至今, is empty.

    Examples
    --------
    >>> plain_period = CellType("period")
    >>> period("2023年1月1日至2025年12月", plain_period).value, period("2024-2026", plain_period).value
    (('2023-01-01', '2025-12'), ('2024', '2026'))
    >>> period("2025年第一季度", plain_period).value, period("2023年起", plain_period).value
    (('2025-01', '2025-03'), ('2023', ''))
    >>> period("2026至2024年", plain_period).wrong.code, period("近三年", plain_period).wrong.code
    ('period_turned', 'period_unreadable')
    """
    if isinstance(raw, date):
        found = day(raw, kind)
        return Cell((found.value, found.value)) if found.value else found
    if isinstance(raw, bool):
        return fault("period_unreadable", raw, "period_form")
    text = folded(raw)
    if is_unsaid(text):
        return EMPTY
    ends = _two(text)
    if ends is None:
        alone = _read(text, raw)
        return (
            Cell((alone.value, alone.value), is_mended=True)
            if alone.value
            else fault("period_unreadable", raw, "period_form")
        )
    first, last = ends
    if isinstance(first, Cell) or isinstance(last, Cell):
        wrong = first if isinstance(first, Cell) else last
        return fault(wrong.wrong.code, raw, "period_form") if isinstance(wrong, Cell) and wrong.wrong else EMPTY
    if last and first[: len(last)] > last[: len(first)]:
        return fault("period_turned", raw, "period_form")
    return Cell((first, last), is_mended=True)


def _two(text: str) -> tuple[str | Cell, str | Cell] | None:
    """First and last day of what is written as a period, each a day or its fault; None where it is none."""
    compact = re.sub(r"[一二三四](?=季)", lambda found: str("一二三四".index(found[0]) + 1), re.sub(r"\s+", "", text))
    named = _SPAN.fullmatch(compact)
    if named:
        months = _months(named)
        return (f"{named[1]}-{months[0]:02}", f"{named[1]}-{months[1]:02}") if months else None
    begun = re.fullmatch(r"自?(.+?)(?:起|以来|至今|-至今)", text)
    if begun and not _TO.search(begun[1]):
        return _one(begun[1]), ""
    parts = _TO.split(text.removeprefix("自"))
    if len(parts) != 2 or not all(part.strip() for part in parts):
        return None
    first, last = (part.strip() for part in parts)
    if _ENDLESS.fullmatch(last.removesuffix("止")) or last in ("今", "至今", "现在"):
        return _one(first), ""
    return _one(first.removesuffix("起")), _one(_within(first, _UNTIL.sub("", last)))


def _within(first: str, last: str) -> str:
    """The last day with the year of the first where it leaves it out: 2024年3月至6月."""
    year = re.match(r"[0-9]{4}年", first)
    return f"{year[0]}{last}" if year and re.match(r"[0-9]{1,2}月", last) else last


def _months(named: re.Match[str]) -> tuple[int, int] | None:
    quarter = named[2] or named[3]
    if quarter:
        return int(quarter) * 3 - 2, int(quarter) * 3
    if named[4]:
        return (1, 6) if named[4] == "上" else (7, 12)
    first, last = int(named[5]), int(named[6])
    return (first, last) if 1 <= first <= last <= 12 else None


def _one(text: str) -> str | Cell:
    found = _read(text, text)
    return str(found.value) if found.value else found


def _last_of(ends: tuple[str | Cell, str | Cell], kind: CellType, raw: Raw) -> Cell:
    """The day on which a period ends, for a column that asks for no more."""
    whole = period(raw, kind)
    if whole.wrong:
        return whole
    return Cell(whole.value[1], is_mended=True) if whole.value[1] else Cell(is_mended=True, extra=NO_END)
