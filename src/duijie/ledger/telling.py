"""What happened, as sentences: who did what with what, on which day, over how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from duijie.data import sentence
from duijie.terms import Language

from . import events
from .fold import Folded, ordered
from .guards import NO_AMOUNT
from .log import Log
from .record import fold_of
from .state import Placed

__all__ = ["Names", "lines"]

Names = Callable[[str, str, Language], str]
"""The name of a side, and of the department or party of it that spoke (empty: nobody besides the side)."""


def lines(log: Log, subjects: Sequence[str], language: Language, names: Names | None = None) -> Iterator[str]:
    """A sentence for each event of some subjects; one that does not count says why.

    Parameters
    ----------
    log
        The log; what it does not hold is not told.
    subjects
        ``sort/id`` each. The events of one come in the order that is law, those of several as they were recorded.
    language
        ``zh`` or ``en``.
    names
        Names of sides and offices; without, sides are told by their codes and parties by what the log says of them.
    """
    told: list[tuple[Any, str]] = []
    tell = _Teller(log, language, names)
    for subject in subjects:
        found, stream = fold_of(log, subject), log.streams([subject])[subject]
        for one in ordered(stream, _ordering(found, stream)):
            when = (one.recorded_at, one.side, one.is_inner, one.epoch, one.seq)
            told.append((when, tell.line(subject, found, one)))
    yield from (line for _, line in (told if len(subjects) == 1 else sorted(told, key=lambda two: two[0])))


def _ordering(found: Folded, stream: Sequence[Placed]) -> str:
    opened = found.case.opened if found.case else None
    return getattr(opened.event, "ordering", "") if opened else next((one.side for one in stream), "")


class _Teller:
    def __init__(self, log: Log, language: Language, names: Names | None) -> None:
        self.log, self.language = log, language
        self.names = names or self._plain_name
        self._titles: dict[str, tuple[str, str]] = {}

    def _say(self, code: str, **values: Any) -> str:
        return sentence(code, self.language, values)

    def line(self, subject: str, found: Folded, one: Placed) -> str:
        event = one.event
        values = {
            "on": event.on.isoformat(),
            "who": self.names(one.side, event.by or event.behalf, self.language),
            "about": self._about(subject, event),
            "node": self._node(found, event),
            "details": self._details(event),
        }
        line = self._say(f"ledger_told_{self._code(found, event)}", **values)
        fault = found.judged[one.commit].fault if one.commit in found.judged else None
        return line if fault is None else f"{line} {self._say(fault.code, **fault.values)}"

    def _code(self, found: Folded, event: events.Event) -> str:
        """Which sentence: a word on a correction is another than one on the step itself."""
        step = found.case.step(getattr(event, "target", "")) if found.case else None
        is_of_correction = step is not None and getattr(event, "target", "") != step.act.commit
        on_correction = {events.Confirmed: "agreed", events.Returned: "not_agreed", events.Withdrawn: "taken_back"}
        return on_correction.get(type(event), "") if is_of_correction else event.kind.replace(".", "_")

    def _node(self, found: Folded, event: events.Event) -> str:
        case = found.case
        if case is None or case.kind is None:
            return ""
        target = getattr(event, "target", "")
        step = case.step(target) if target else None
        said = case.void[target].event if target in case.void else event
        key = step.node if step else getattr(said, "node", "") or case.kind.first.key
        return case.kind.nodes[key].name[self.language] if key in case.kind.nodes else key

    def _details(self, event: events.Event) -> str:
        """What else it says: amount, day, papers, reason, visibility, words that were not erased."""
        amount, reason = getattr(event, "amount", None), getattr(event, "reason", "")
        day, visibility = getattr(event, "happened_on", None), getattr(event, "visibility", "")
        unit = self._say(f"portal_unit_{amount.unit}") if amount else ""
        figure = unit if amount and amount.unit == NO_AMOUNT else f"{amount.value:,f} {unit}" if amount else ""
        what = self._say(f"desk_what_{event.what}") if isinstance(event, events.Arranged) else ""
        found = [
            what,
            figure,
            day.isoformat() if day else "",
            self._say(f"portal_visibility_{visibility}") if visibility else "",
            self._say("ledger_told_papers", n=len(event.files)) if event.files else "",
            self._say(f"refusal_{reason}").rstrip("。.") if reason else "",
            event.words.get("note", "").rstrip("。."),
        ]
        said = self._say("ledger_told_and").join(filter(None, found))
        return self._say("ledger_told_namely", what=said) if said else ""

    def _about(self, subject: str, event: events.Event) -> str:
        """What it is about, by its sort and title; an act on a pair names need and offer."""
        if isinstance(event, events.Declined | events.CaseOpened) and event.need and event.offer:
            ends = (self._called(f"listing/{key}") for key in (event.need, event.offer))
            return self._say("ledger_told_and").join(ends)
        if isinstance(event, events.Arranged):
            return self._called(subject.partition(":")[2])
        return self._called(subject.removeprefix("review/"))

    def _called(self, subject: str) -> str:
        sort, title = self._title(subject)
        return self._say(f"ledger_sort_{sort}", title=title or self._say("ledger_told_erased_title"))

    def _title(self, subject: str) -> tuple[str, str]:
        """The sort of a subject as a word has it, and its title as last said."""
        if subject not in self._titles:
            sort, _, key = subject.partition("/")
            found = fold_of(self.log, subject)
            latest = found.listing.latest if found.listing else None
            fields = dict(getattr(latest.event, "fields", {})) if latest else {}
            if sort == "listing":
                self._titles[subject] = str(fields.get("role", sort)), str(fields.get("payload.title", key))
            elif sort == "party":
                self._titles[subject] = sort, str(fields.get("name", "" if latest else key))
            else:
                self._titles[subject] = sort, self._kept_title(subject) or key
        return self._titles[subject]

    def _kept_title(self, subject: str) -> str:
        last = max(self.log.streams([subject])[subject], key=lambda one: one.recorded_at, default=None)
        said = {**getattr(last.event, "fields", {}), **last.event.words} if last else {}
        return str(said.get(f"title_{self.language}") or said.get("title_zh") or said.get("name") or "")

    def _plain_name(self, side: str, by: str, language: Language) -> str:
        """The code of a side, and the name of a party that the log knows."""
        known = fold_of(self.log, f"party/{by}").listing if by else None
        name = self._title(f"party/{by}")[1] if known and known.latest else by
        return " ".join(filter(None, (side, name)))
