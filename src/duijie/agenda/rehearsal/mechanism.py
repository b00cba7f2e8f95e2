"""The mechanisms: conferences with decisions, tickets between departments, visits, practices, yearly targets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random

from duijie.terms import Agreement, Bilingual, Clause, Indicator, Step
from duijie.terms.working_days import add_working_days
from duijie.track.conference import ADOPTION, Conference, Decision, Practice, host_of
from duijie.track.docking import Pair, Ticket, pairs_of
from duijie.track.indicators import Ledger, measure
from duijie.track.lifecycle import Amendment
from duijie.track.trajectory import Target

from .cast import Cast
from .records import Visit
from .script import Script, Shelf, bilingual, vocabulary

__all__ = ["confer", "correspond", "practise", "supplements", "targets", "visits"]


def confer(script: Script, shelf: Shelf) -> Iterator[tuple[Conference, tuple[Decision, ...]]]:
    """The conferences held so far, each with its decisions; the sides host in turn."""
    pace, phrases = vocabulary("pace"), vocabulary("phrases")
    held = range(pace["first_conference"], len(script.days), pace["conference_every"])
    clauses = [clause for clause in script.agreement.clauses if clause.actions]
    for number, at in enumerate(held, start=1):
        title, on = bilingual(phrases["conference"], number=number), script.days[at].isoformat()
        conference = Conference(
            f"rehearsal-conference-{number:02d}",
            _home(script.agreement, number).key,
            number,
            on,
            host_of(script.agreement, number),
            title,
            tuple(Bilingual(**one) for one in phrases["agenda"]),
            shelf.put("minutes", title, on),
        )
        each = pace["decisions_each"] * script.scale
        yield conference, tuple(_decision(script, conference, clauses, n, (number - 1) * each + n) for n in range(each))


def _home(agreement: Agreement, number: int) -> Clause:
    """The clause a conference belongs to: one without a kind of match, where the agreement has any."""
    own = [clause for clause in agreement.clauses if not clause.kinds] or list(agreement.clauses)
    promised = [one for one in own if any(indicator.measure == "share_in_time" for indicator in one.indicators)]
    return (promised or own)[number % len(promised or own)]


def _decision(script: Script, conference: Conference, clauses: Sequence[Clause], at: int, number: int) -> Decision:
    dice = script.dice("decision", number)
    clause = clauses[number % len(clauses)]
    action = clause.actions[number % len(clause.actions)]
    due = add_working_days(date.fromisoformat(conference.on), dice.randint(*vocabulary("pace")["decision_limit"]))
    done = add_working_days(due, dice.choice([-12, -6, -2, 0, 8, 500]))
    return Decision(
        f"rehearsal-decision-{number + 1:03d}",
        conference.id,
        clause.key,
        at + 1,
        bilingual(vocabulary("phrases")["decision"], action=action.name),
        conference.on,
        due.isoformat(),
        tuple(key for side in script.sides for key in clause.lead.get(side, ())),
        done.isoformat() if date.fromisoformat(conference.on) <= done <= script.as_of else "",
        f"decision-{number + 1:03d}",
    )


def correspond(script: Script) -> tuple[Ticket, ...]:
    """Tickets of every department pair but the last, which stays silent: in time, late, open and overdue ones."""
    pairs = pairs_of(script.agreement)
    spoken = pairs[:-1] if len(pairs) > 1 else pairs
    each = range(vocabulary("pace")["tickets_each_pair"] * script.scale)
    tickets = [_ticket(script, pair, at, n) for at, pair in enumerate(spoken) for n in each]
    return tuple(sorted(tickets, key=lambda one: (one.opened_on, one.id)))


_FATES = ("in_time", "late", "open", "overdue")


def _ticket(script: Script, pair: Pair, at: int, n: int) -> Ticket:
    dice, turn = script.dice("ticket", at, n), at * vocabulary("pace")["tickets_each_pair"] * script.scale + n
    fate = _FATES[turn] if turn < len(_FATES) else dice.choices(_FATES, vocabulary("pace")["ticket_fates"])[0]
    sender, receiver = pair.departments if (at + n) % 2 else pair.departments[::-1]
    clause, limit = _concerning(script, dice, sender.key), dice.choice(vocabulary("pace")["ticket_limits"])
    opened, replied = _exchanged(script, dice, fate, limit)
    received = add_working_days(opened, 1)
    is_replied = replied is not None and replied <= script.as_of
    return Ticket(
        f"rehearsal-ticket-{at + 1:02d}-{n + 1:02d}",
        clause.key,
        sender.side,
        sender.key,
        receiver.key,
        opened.isoformat(),
        bilingual(dice.choice(vocabulary("phrases")["ticket"]), clause=clause.title),
        limit,
        received.isoformat() if received <= script.as_of else "",
        replied.isoformat() if is_replied and replied else "",
        Bilingual(**vocabulary("phrases")["reply"]) if is_replied else Bilingual(),
    )


def _exchanged(script: Script, dice: Random, fate: str, limit: int) -> tuple[date, date | None]:
    """When a ticket was opened and replied to (None where it was not), for what is to become of it."""
    ago = {
        "in_time": dice.randint(limit + 1, 400),
        "late": dice.randint(limit + 10, 300),
        "open": dice.randint(0, limit - 1),
        "overdue": limit + dice.randint(2, 20),
    }[fate]
    opened = script.days[-1 - min(ago, len(script.days) - 1)]
    taken = {"in_time": dice.randint(1, limit), "late": limit + dice.randint(1, 8)}.get(fate)
    return opened, None if taken is None else add_working_days(opened, taken)


def _concerning(script: Script, dice: Random, department: str) -> Clause:
    """A clause the department leads or supports; any where it does neither."""
    clauses = script.agreement.clauses
    own = [one for one in clauses if any(department in keys for keys in (*one.lead.values(), *one.support.values()))]
    return dice.choice(own or list(clauses))


def visits(script: Script, cast: Cast) -> tuple[Visit, ...]:
    """Study visits of each side in turn, for the clauses without a kind of match (all, where every clause has one)."""
    clauses = [one for one in script.agreement.clauses if not one.kinds] or list(script.agreement.clauses)
    every = max(1, 250 // (vocabulary("pace")["visits_each_year"] * script.scale))
    return tuple(
        _visit(script, cast, clauses[n % len(clauses)], n, at)
        for n, at in enumerate(range(every, len(script.days), every))
    )


def _visit(script: Script, cast: Cast, clause: Clause, n: int, at: int) -> Visit:
    dice, sides = script.dice("visit", n), script.sides
    side, host = sides[n % len(sides)], sides[(n + 1) % len(sides)]
    seen = dice.sample([one for one in cast.parties if one.region == host and one.kind != "talent"], 3)
    on = script.days[at]
    return Visit(
        f"rehearsal-visit-{n + 1:02d}",
        clause.key,
        side,
        host,
        on.isoformat(),
        (on + timedelta(dice.randint(0, 2))).isoformat(),
        bilingual(vocabulary("phrases")["visit"], clause=clause.title),
        tuple(one.id for one in seen),
        tuple(script.lead(clause, code, code) for code in (side, host)),
    )


def practise(script: Script, seen: Sequence[Visit]) -> tuple[Practice, ...]:
    """Practices noted on visits and what became of them: each goes on as far as its turn of the statuses."""
    titles = vocabulary("phrases")["practice"]
    found = []
    for n, visit in enumerate(seen[: len(titles) * 2]):
        ends = (*ADOPTION[:4], ADOPTION[4])
        for at, status in enumerate(_statuses(ends[n % len(ends)])):
            on = add_working_days(date.fromisoformat(visit.on), 20 * at)
            if on <= script.as_of:
                title = Bilingual(**titles[n % len(titles)])
                found.append(
                    Practice(
                        f"rehearsal-practice-{n + 1:02d}",
                        visit.clause,
                        visit.side,
                        title,
                        on.isoformat(),
                        status,
                        visit.id,
                        reason="benefit_unclear" if status == ADOPTION[4] else "",
                    )
                )
    return tuple(found)


def _statuses(end: str) -> tuple[str, ...]:
    """The statuses up to an end; a rejection comes after study, without a trial."""
    return ADOPTION[:2] + ADOPTION[4:] if end == ADOPTION[4] else ADOPTION[: ADOPTION.index(end) + 1]


_AIMED = ("n_signed", "n_matches", "n_meetings", "signed_amount", "n_delivered")


def targets(script: Script, steps: Sequence[Step]) -> tuple[Target, ...]:
    """A target a year for one counted indicator of each clause, decided early in the year, due at its end."""
    years = range(int(script.agreement.signed_on[:4]), script.as_of.year + 1)
    found = [_target(script, clause, year, steps) for clause in script.agreement.clauses for year in years]
    return tuple(one for one in found if one)


def _target(script: Script, clause: Clause, year: int, steps: Sequence[Step]) -> Target | None:
    """Set against what the year brings, so that some are met, some missed and some out of reach."""
    early = [day for day in script.days if day.year == year][14:15]
    indicator = next((one for one in clause.indicators if one.measure in _AIMED and one.direction == "up"), None)
    if not early or indicator is None:
        return None
    dice, end = script.dice("target", clause.key, year), date(year, 12, 31)
    before, after = (_value(indicator, clause, steps, day) for day in (early[0], min(end, script.as_of)))
    gained = max(1.0, after - before) * dice.choice(vocabulary("pace")["target_factors"])
    value = before + max(1, math.ceil(gained))
    on = early[0].isoformat()
    return Target(clause.key, indicator.key, float(value), end.isoformat(), on)


def _value(indicator: Indicator, clause: Clause, steps: Sequence[Step], day: date) -> float:
    return measure(indicator, Ledger.at(day, [step for step in steps if step.clause == clause.key])) or 0.0


def supplements(script: Script) -> tuple[Amendment, ...]:
    """One supplement a year and a half after the signing, without new clauses or a term."""
    if len(script.days) <= 375:
        return ()
    on = script.days[375].isoformat()
    return (Amendment("supplement", on, on, Bilingual(**vocabulary("phrases")["supplement"])),)
