"""Write ``data/calendar/lunar.csv``: the days of the Chinese calendar on which holidays fall, 1949 to 2100.

Three programs are asked, one by astronomy and two by tables of their own; a day is written where two agree, and what
the third says otherwise is printed. Needs ``pip install sxtwl borax holidays``; users never need it.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import sxtwl
from borax.calendars.lunardate import LunarDate, TermUtils
from holidays.calendars.chinese import _ChineseLunisolar

YEARS = range(1949, 2101)
DAYS = {"spring_festival": (1, 1), "dragon_boat": (5, 5), "mid_autumn": (8, 15)}
COLUMNS = ("spring_festival", "qingming", "dragon_boat", "mid_autumn")
_QINGMING = 7  # sxtwl counts the solar terms from the winter solstice
TARGET = Path(__file__).parents[1] / "src/duijie/data/calendar/lunar.csv"


def _by_astronomy(year: int) -> dict[str, date]:
    april = (sxtwl.fromSolar(year, 4, day) for day in range(3, 7))
    days = {name: sxtwl.fromLunar(year, *day) for name, day in DAYS.items()}
    days["qingming"] = next(day for day in april if day.hasJieQi() and day.getJieQi() == _QINGMING)
    return {
        name: date(day.getSolarYear(), day.getSolarMonth(), day.getSolarDay())  # type: ignore[attr-defined]
        for name, day in days.items()
    }


def _by_table(year: int) -> dict[str, date]:
    found = {name: LunarDate(year, *day).to_solar_date() for name, day in DAYS.items()}
    return found | {"qingming": TermUtils.day_start_from_term(year, "清明")}


def _by_other_table(year: int) -> dict[str, date]:
    known = _ChineseLunisolar()
    ask = (known.lunar_new_year_date, known.qingming_date, known.dragon_boat_date, known.mid_autumn_date)
    return {name: one(year)[0] for name, one in zip(COLUMNS, ask, strict=True)}


def rows() -> Iterator[dict[str, str]]:
    """A row a year; stops where no two programs agree."""
    for year in YEARS:
        row = {"year": str(year)}
        answers = [ask(year) for ask in (_by_astronomy, _by_table, _by_other_table)]
        for name in COLUMNS:
            [(day, n), *others] = Counter(answer[name] for answer in answers).most_common()
            if n < 2:
                sys.exit(f"{name} {year}: no two agree")
            if others:
                print(f"{name} {year}: {day}, elsewhere {others[0][0]}")
            row[name] = day.isoformat()
        yield row


def main() -> None:
    """Write the table."""
    with TARGET.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, ("year", *COLUMNS), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows())


if __name__ == "__main__":
    main()
