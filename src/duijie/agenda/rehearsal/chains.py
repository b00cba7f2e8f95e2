"""The cases of every clause: one for each state of its chain, refusals, amounts, confirmations, certificates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from duijie.match.kinds import Kind, Role
from duijie.terms import CHAIN, Bilingual, Clause, Listing, Party, Step
from duijie.terms.working_days import add_working_days
from duijie.track.indicators import REFUSED

from .cast import Cast, Topic
from .payloads import fit, payload
from .records import Case, Certificate
from .script import Script, Shelf, bilingual, vocabulary

__all__ = ["Chains", "play"]

_REFUSED_AFTER = ("match", "meeting", "intent")


@dataclass
class Chains:
    """What the cases leave behind, gathered while they are played."""

    listings: list[Listing] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)


@dataclass(frozen=True)
class _Plan:
    """One case to play: a clause and kind, the nodes it passes, the sides and parties of need and offer."""

    id: str
    number: int
    clause: Clause
    kind: Kind | None
    nodes: tuple[str, ...]
    topic: Topic
    side: Mapping[str, str]
    party: Mapping[str, Party]
    title: Bilingual
    is_over: bool


def play(script: Script, cast: Cast, kinds: Mapping[str, Kind], shelf: Shelf) -> Chains:
    """Play every case of every clause, and list offers and needs beside them that found nobody yet."""
    chains = Chains()
    for plan in _plans(script, cast, kinds):
        _play(script, plan, shelf, chains)
    used = {key for clause in script.agreement.clauses for key in clause.kinds if key in kinds}
    for key in sorted(used):
        chains.listings += _waiting(script, cast, kinds[key])
    return chains


def _plans(script: Script, cast: Cast, kinds: Mapping[str, Kind]) -> Iterator[_Plan]:
    number = 0
    for clause in script.agreement.clauses:
        known: list[Kind | None] = [kinds[key] for key in clause.kinds if key in kinds]
        for kind in known or [None]:
            for nodes in _ways(kind.outcome if kind else CHAIN) * script.scale:
                number += 1
                yield _plan(script, cast, clause, kind, nodes, number)


def _ways(outcome: Sequence[str]) -> list[tuple[str, ...]]:
    """Every state a case can be in: ended at each node, and refused after some of them."""
    reached = [tuple(outcome[: at + 1]) for at in range(len(outcome))]
    return reached + [(*way, REFUSED) for way in reached if way[-1] in _REFUSED_AFTER]


def _plan(script: Script, cast: Cast, clause: Clause, kind: Kind | None, nodes: tuple[str, ...], number: int) -> _Plan:
    dice = script.dice("plan", clause.key, kind.key if kind else "", number)
    topic, sides = dice.choice(cast.topics), script.sides
    side = {"need": sides[number % len(sides)], "offer": sides[(number + 1) % len(sides)]}
    of = vocabulary("parties")["of"].get(kind.key if kind else "", {})
    party = {role: cast.pick(dice, side[role], of.get(role, "firm"), topic, role) for role in side}
    phrases = vocabulary("phrases")
    about = clause.actions[number % len(clause.actions)].name if clause.actions else clause.title
    title = (
        bilingual(phrases["case"], number=f"{number:04d}", topic=topic.name, kind=kind.name)
        if kind
        else bilingual(phrases["task_case"], number=f"{number:04d}", action=about)
    )
    is_over = nodes[-1] in (REFUSED, CHAIN[-1])
    return _Plan(f"rehearsal-case-{number:04d}", number, clause, kind, nodes, topic, side, party, title, is_over)


def _play(script: Script, plan: _Plan, shelf: Shelf, chains: Chains) -> None:
    dice = script.dice("case", plan.id)
    dates = _dates(script, dice, plan)
    listed = _listed(script, dice, plan, dates)
    chains.listings += listed.values()
    parties = tuple(party.id for party in plan.party.values()) if len(plan.nodes) > 1 else (plan.party["need"].id,)
    need, offer = (listed[role].id if role in listed else "" for role in ("need", "offer"))
    kind = plan.kind.key if plan.kind else ""
    on = dates[0].isoformat()
    chains.cases.append(Case(plan.id, plan.clause.key, plan.title, on, plan.side["need"], parties, kind, need, offer))
    links = {"need": need, "offer": offer} if plan.kind else {}
    steps = [_step(script, dice, plan, node, day, shelf) for node, day in zip(plan.nodes, dates, strict=True)]
    chains.steps += _linked(script, steps, links, amounts=_amounts(script, dice, plan))
    if plan.nodes[-1] == CHAIN[-1]:
        chains.certificates.append(_certificate(script, dice, plan, dates[-1], shelf))


def _dates(script: Script, dice: Random, plan: _Plan) -> tuple[date, ...]:
    """Open cases moved lately; those that are over ended anywhere since the signing."""
    steps = vocabulary("pace")["steps"]
    gaps = [dice.randint(*steps[node]["gap"]) for node in plan.nodes]
    room = max(0, len(script.days) - 1 - sum(gaps))
    rest = dice.randint(0, room) if plan.is_over else dice.randint(*vocabulary("pace")["rest_of_open"])
    return script.spread(gaps, rest)


def _listed(script: Script, dice: Random, plan: _Plan, dates: Sequence[date]) -> dict[Role, Listing]:
    """The need's listing, and the offer's where the case found one; both fit each other by the kind's rules."""
    if plan.kind is None:
        return {}
    roles: tuple[Role, ...] = ("need", "offer")
    said = {role: payload(script, dice, plan.kind, role, plan.party[role], plan.topic) for role in roles}
    own = {
        "side": plan.side["need"],
        "industry": plan.topic.industry["need"],
        "offer_industry": plan.topic.industry["offer"],
    }
    fit(dice, plan.kind, said["need"], said["offer"], own)
    taken = roles if len(plan.nodes) > 1 else roles[:1]
    until = dates[-1] if plan.is_over else script.from_today(dice.randint(*vocabulary("pace")["listing_working_days"]))
    return {
        role: _listing(
            script, plan.kind, role, f"{plan.id}-{role}", plan.party[role], plan.topic, said[role], dates[0], until
        )
        for role in taken
    }


def _listing(
    script: Script,
    kind: Kind,
    role: Role,
    key: str,
    party: Party,
    topic: Topic,
    said: Mapping[str, Any],
    start: date,
    until: date,
) -> Listing:
    return Listing(
        id=key,
        kind=kind.key,
        version=kind.version,
        role=role,
        side=party.region,
        party=party.id,
        payload=said,
        industry=topic.industry[role],
        valid_from=start.isoformat(),
        valid_until=until.isoformat(),
        basis="rehearsal",
        visibility="both",
        source=script.source,
    )


def _waiting(script: Script, cast: Cast, kind: Kind) -> Iterator[Listing]:
    """Needs and offers of a kind that nobody took up yet, two of each role, side and scale."""
    of = vocabulary("parties")["of"].get(kind.key, {})
    roles: tuple[Role, ...] = ("need", "offer")
    for at in range(2 * script.scale):
        for role in roles:
            for side in script.sides:
                key = f"rehearsal-{kind.key}-{role}-{side}-{at + 1:02d}"
                dice = script.dice("waiting", key)
                topic = dice.choice(cast.topics)
                party = cast.pick(dice, side, of.get(role, "firm"), topic, role)
                said = payload(script, dice, kind, role, party, topic)
                start = script.days[-1 - min(dice.randint(5, 120), len(script.days) - 1)]
                until = script.from_today(dice.randint(*vocabulary("pace")["listing_working_days"]))
                yield _listing(script, kind, role, key, party, topic, said, start, until)


def _step(script: Script, dice: Random, plan: _Plan, node: str, day: date, shelf: Shelf) -> Step:
    told, on = vocabulary("pace")["steps"][node], day.isoformat()
    side, party = plan.side[told["by"]], plan.party[told["by"]].id
    actor = script.lead(plan.clause, side, party) if told["office"] else party
    proof = (shelf.put(told["evidence"], plan.title, on),) if "evidence" in told else ()
    reason = dice.choice(vocabulary("refusals")["refusals"]) if node == REFUSED else ""
    found: dict[str, Any] = {}
    if node == CHAIN[0]:
        found["due_on"] = add_working_days(day, vocabulary("pace")["reply_working_days"]).isoformat()
    return Step(plan.id, plan.clause.key, node, on, side, actor, reason=reason, evidence=proof, payload=found)


def _amounts(script: Script, dice: Random, plan: _Plan) -> Mapping[str, tuple[float, str]]:
    """What intent, contract and delivery say, apart: intents run high, deliveries come in parts."""
    ranges = vocabulary("values")["amounts"]
    units = [one.unit for one in plan.clause.indicators if one.measure.endswith("_amount")]
    unit = units[0] if units and units[0] in ranges else next(iter(ranges))
    low, high = ranges[unit]
    signed = round(low * (high / low) ** dice.random(), -1)
    parts = {"intent": dice.uniform(1.0, 1.6), "signed": 1.0, "delivered": dice.choice([0.4, 0.8, 1.0])}
    return {node: (round(signed * part, -1), unit) for node, part in parts.items()}


def _linked(
    script: Script, steps: Sequence[Step], links: Mapping[str, str], *, amounts: Mapping[str, tuple[float, str]]
) -> Iterator[Step]:
    """The steps with their amounts, the listings they speak of, and the other side's countersignature.

    Nothing is delivered before the contract is confirmed.
    """
    pace = vocabulary("pace")
    delivered_on = next((date.fromisoformat(step.on) for step in steps if step.kind == CHAIN[-1]), None)
    for step in steps:
        dice = script.dice("step", step.case, step.kind)
        amount, unit = amounts.get(step.kind, (None, ""))
        told: dict[str, Any] = {**step.payload, **links}
        confirmed = add_working_days(date.fromisoformat(step.on), dice.randint(*pace["confirmed_within"]))
        is_wanted = step.kind in ("signed", "delivered") and dice.random() < pace["confirmed_share"]
        if step.kind == "signed" and delivered_on is not None:
            is_wanted, confirmed = True, min(confirmed, delivered_on)
        is_confirmed = is_wanted and confirmed <= script.as_of
        if is_confirmed:
            told["confirmed_on"] = confirmed.isoformat()
        yield Step(
            step.case,
            step.clause,
            step.kind,
            step.on,
            step.side,
            step.actor,
            amount,
            unit,
            step.reason,
            is_confirmed,
            step.evidence,
            told,
        )


def _certificate(script: Script, dice: Random, plan: _Plan, on: date, shelf: Shelf) -> Certificate:
    years = vocabulary("pace")["certificate_years"]
    until = on + timedelta(365 * dice.choice([1, years]))
    withdrawn = on + timedelta(dice.randint(30, 200))
    is_withdrawn = plan.number % 3 == 0 and withdrawn <= min(script.as_of, until)
    return Certificate(
        f"rehearsal-certificate-{plan.number:04d}",
        plan.clause.key,
        plan.id,
        plan.party["offer"].id,
        plan.side["need"],
        on.isoformat(),
        until.isoformat(),
        shelf.put("certificate", plan.title, on.isoformat()),
        withdrawn.isoformat() if is_withdrawn else "",
        "policy" if is_withdrawn else "",
    )
