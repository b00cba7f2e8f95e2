"""The published ``.dzn`` format of business-to-business meeting scheduling, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from duijie.errors import Fault, InputError

from .instance import Instance, Meeting, Person, Slot, Table, Weights, checked

__all__ = ["parse_dzn", "read_dzn", "text_dzn"]

_STATEMENT = re.compile(r"(\w+)\s*=\s*([^;]*);")
_NUMBERS = ("nBusiness", "nMeetings", "nTables", "nTotalSlots", "nMorningSlots")
_LISTS = ("requested", "forbidden", "fixed", "precedences")
_WHOLE = "[0-9]{1,4}"
_SET = rf"(?:\{{\s*(?:{_WHOLE}(?:\s*,\s*{_WHOLE})*)?\s*\}}|{_WHOLE}\s*\.\.\s*{_WHOLE})"
_SETS = rf"\[\s*(?:{_SET}(?:\s*,\s*{_SET})*\s*,?\s*)?\]"
# nothing else is read: no minus, no fraction, no expression
_FORMS = {
    **dict.fromkeys(_NUMBERS, _WHOLE),
    "requested": rf"\[\|\s*(?:{_WHOLE}\s*,\s*{_WHOLE}\s*,\s*{_WHOLE}\s*,?\s*\|\s*)*\]",
    "fixed": rf"\[\s*(?:{_WHOLE}(?:\s*,\s*{_WHOLE})*\s*,?\s*)?\]",
    "forbidden": _SETS,
    "precedences": _SETS,
}
_RANGE = re.compile(r"([0-9]+)\s*\.\.\s*([0-9]+)")
_MOST = 1_000_000  # numbers that the ranges of a file stand for


def read_dzn(path: Path, *, fairness: int | None = None) -> Instance:
    """The instance in a ``.dzn`` file; see :func:`parse_dzn`.

    Raises
    ------
    InputError
        The file is absent or does not fit.
    """
    try:
        return parse_dzn(path.read_text(encoding="utf-8"), fairness=fairness)
    except FileNotFoundError:
        raise InputError("file_missing", {}, {"file": str(path)}) from None
    except UnicodeDecodeError as error:
        raise InputError("file_not_utf8", {"byte": error.start}, {"file": str(path)}) from None


def parse_dzn(text: str, *, fairness: int | None = None) -> Instance:
    """The instance that MiniZinc data describes, with the published objective.

    Every meeting must be placed; breaks are the only objective; `fairness` is the hard bound on the difference of two
    people's numbers of breaks. People, meetings, tables and slots are named by their number, counted from 1.

    Raises
    ------
    InputError
        Fields are missing or no lists of whole numbers, or numbers are out of range; `faults` lists all of them.
    """
    bare = re.sub(r"%[^\n]*", "", text)
    fields = {name: value.strip() for name, value in _STATEMENT.findall(bare)}
    faults = [Fault("key_missing", {"key": name}, {"key": name}) for name in (*_NUMBERS, *_LISTS) if name not in fields]
    faults += [
        Fault("meet_dzn_form", {"key": name}, {"value": fields[name][:40]})
        for name, form in _FORMS.items()
        if name in fields and not re.fullmatch(form, fields[name])
    ]
    faults += [
        Fault("meet_dzn_range", {"key": name}, {"most": _MOST})
        for name in _LISTS
        if _reach(fields.get(name, "")) > _MOST
    ]
    if not faults:
        faults = _lengths(fields)
    if faults:
        raise InputError("meet_instance_faults", {"n": len(faults)}, faults=faults)
    return checked(_instance(fields, fairness))


def _reach(text: str) -> int:
    """How many numbers the ranges of a text stand for."""
    return sum(max(0, int(last) - int(first) + 1) for first, last in _RANGE.findall(text))


def _lengths(fields: Mapping[str, str]) -> list[Fault]:
    n_people, n_meetings = int(fields["nBusiness"]), int(fields["nMeetings"])
    rows = _rows(fields["requested"])
    found = {
        "requested": (len(rows), n_meetings),
        "forbidden": (len(_sets(fields["forbidden"])), n_people),
        "fixed": (len(_numbers(fields["fixed"])), n_meetings),
        "precedences": (len(_sets(fields["precedences"])), n_meetings),
    }
    faults = [
        Fault("meet_dzn_length", {"key": key}, {"n": given, "wanted": wanted})
        for key, (given, wanted) in found.items()
        if given != wanted
    ]
    return faults + [
        Fault("meet_dzn_session", {"key": "requested", "row": at}, {"value": row[2]})
        for at, row in enumerate(rows, start=1)
        if row[2] not in (1, 2, 3)
    ]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _rows(text: str) -> list[list[int]]:
    return [row for row in map(_numbers, text.split("|")) if row]


def _sets(text: str) -> list[list[int]]:
    """The sets of an array, written as lists or as ranges."""
    return [_set(one) for one in re.findall(r"\{[^}]*\}|\d+\s*\.\.\s*\d+", text)]


def _set(text: str) -> list[int]:
    if ".." in text:
        first, last = _numbers(text)
        return list(range(first, last + 1))
    return [number for number in _numbers(text) if number]


def _instance(fields: Mapping[str, str], fairness: int | None) -> Instance:
    n_people, n_tables, n_slots, n_morning = (
        int(fields[name]) for name in ("nBusiness", "nTables", "nTotalSlots", "nMorningSlots")
    )
    keys = [str(number) for number in range(1, n_slots + 1)]
    sessions = {1: frozenset(keys[:n_morning]), 2: frozenset(keys[n_morning:]), 3: None}
    fixed, before = _numbers(fields["fixed"]), _sets(fields["precedences"])
    meetings = tuple(
        Meeting(
            str(at),
            (str(one), str(other)),
            slots=frozenset({str(fixed[at - 1])}) & (sessions[session] or frozenset(keys))
            if fixed[at - 1]
            else sessions[session],
            after=tuple(str(first) for first in before[at - 1]),
            is_required=True,
        )
        for at, (one, other, session) in enumerate(_rows(fields["requested"]), start=1)
    )
    people = tuple(
        Person(str(at), unavailable=frozenset(map(str, away)))
        for at, away in zip(range(1, n_people + 1), _sets(fields["forbidden"]), strict=True)
    )
    slots = tuple(Slot(key) for key in keys)
    tables = tuple(Table(str(number)) for number in range(1, n_tables + 1))
    return Instance(slots, tables, people, meetings, fairness=fairness, weights=Weights(spread=0.0))


def text_dzn(instance: Instance, *, n_morning: int | None = None) -> str:
    """The instance as MiniZinc data in the published form.

    Parameters
    ----------
    n_morning
        How many of the slots are the morning; None for all.

    Raises
    ------
    InputError
        The instance holds what the form cannot say: other than two people, several places, equipment, own choice of
        slots other than morning, afternoon or one.
    """
    n_slots = len(instance.slots)
    split = n_slots if n_morning is None else n_morning
    person, meeting = (
        {one: at + 1 for one, at in index.items()} for index in (instance.person_index, instance.meeting_index)
    )
    number = {key: at + 1 for key, at in instance.slot_index.items()}
    rows, fixed, faults = [], [], []
    for one in instance.meetings:
        chosen = sorted(number[key] for key in one.slots) if one.slots is not None else list(range(1, n_slots + 1))
        session = _session(chosen, split, n_slots)
        if session is None or len(one.people) != 2 or one.one_of or one.equipment or one.is_online:
            faults.append(Fault("meet_not_in_dzn", {"meeting": one.id}, {}))
            continue
        rows.append((person[one.people[0]], person[one.people[1]], session))
        fixed.append(chosen[0] if len(chosen) == 1 and n_slots > 1 else 0)
    faults += [
        Fault("meet_not_in_dzn", {"person": one.id}, {}) for one in instance.people if one.stays or one.home_table
    ]
    if faults:
        raise InputError("meet_instance_faults", {"n": len(faults)}, faults=faults)
    of = [[at + 2 for at, row in enumerate(rows) if p in row[:2]] for p in person.values()]
    head = (len(person), len(rows), len(instance.tables), n_slots, split)
    lines = [f"{name} = {value};" for name, value in zip(_NUMBERS, head, strict=True)]
    lines.append("requested = [|" + "|".join(f"{a},{b},{session}" for a, b, session in rows) + "|];")
    lines.append("meetingsxBusiness = [" + ",".join(_braces([1, *meetings]) for meetings in of) + "];")
    lines.append("nMeetingsBusiness = [" + ",".join(str(len(meetings)) for meetings in of) + "];")
    away = ([number[key] for key in one.unavailable] or [0] for one in instance.people)
    lines.append("forbidden = [" + ",".join(map(_braces, away)) + "];")
    lines.append("fixed = [" + ",".join(map(str, fixed)) + "];")
    before = ([meeting[name] for name in one.after] for one in instance.meetings)
    return "\n".join([*lines, "precedences = [" + ",".join(map(_braces, before)) + "];", ""])


def _session(chosen: list[int], split: int, n_slots: int) -> int | None:
    if len(chosen) == 1 or chosen == list(range(1, n_slots + 1)):
        return 3
    if chosen == list(range(1, split + 1)):
        return 1
    return 2 if chosen == list(range(split + 1, n_slots + 1)) else None


def _braces(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, sorted(numbers))) + "}"
