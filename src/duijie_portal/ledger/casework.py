"""The writes of a case: both sides accept a suggestion, record steps with their papers, confirm or return them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import timezone

from duijie.errors import DeniedError, InputError
from duijie.ledger import events
from duijie.ledger.events import Amount, FileRef
from duijie.ledger.kinds import CaseKind, case_kind
from duijie.ledger.state import CaseState
from duijie.terms.working_days import add_working_days
from duijie_portal.accounts.door import write
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Person, Role
from duijie_portal.accounts.powers import may

from .charge import in_charge, is_in_charge, stood_in
from .desk import is_handed
from .entries import Decline
from .models import Agreement, Case, Listing
from .recording import Author, append, author_of, folded
from .visibility import PARTY_ROLES

__all__ = [
    "Said",
    "Voice",
    "accept",
    "confirm",
    "correct",
    "decline",
    "end_waiting",
    "n_waiting",
    "open_case",
    "reconsider",
    "record_step",
    "role_of",
    "send_back",
    "state_of",
    "withdraw",
]


@dataclass(frozen=True, slots=True)
class Said:
    """What a step says beside its node: the day, an amount, a reason, a note, the papers, what it led to."""

    on: date
    amount: Amount | None = None
    reason: str = ""
    note: str = ""
    files: tuple[FileRef, ...] = ()
    names: Mapping[str, str] | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def words(self) -> dict[str, str]:
        """The note, and the name of each file by its hash."""
        return ({"note": self.note} if self.note else {}) | dict(self.names or {})


def amount_of(value: Decimal | float | str | None, unit: str) -> Amount | None:
    return None if value in (None, "") else Amount(Decimal(str(value)), unit or "cny")


def state_of(case: Case) -> CaseState:
    """A case as its events fold now."""
    found = folded(case.agreement, f"case/{case.pk}").case
    assert found is not None
    return found


class Voice(NamedTuple):
    """The role of a case in which a person speaks, and the party or the department they then speak for."""

    role: str = ""
    party: str = ""
    department: str = ""

    def says(self, person: Person, agreement: Agreement) -> dict[str, Any]:
        """The author fields of an event."""
        return author_of(person, agreement, behalf=self.party, department=self.department).says(self.role)


def role_of(
    person: Person,
    agreement: Agreement,
    kind: CaseKind,
    roles: Mapping[str, str],
    wanted: Sequence[str],
    *,
    is_handed: bool = False,
) -> Voice:
    """The first of some roles that a person may speak in; without a role where the person holds none of them.

    An official speaks as their own department where the case names it, else for their side before they speak for a
    party or a department of it, and for a department only as one of its people, a coordinator, a leader, or where the
    case was handed to them; a party's account speaks only for the party.
    """
    is_official = person.role not in PARTY_ROLES
    if (own := _own_department(person, kind, roles, wanted)).role:
        return own
    sides = [role for role in wanted if kind.roles[role] == "side"]
    others = [role for role in wanted if kind.roles[role] != "side"]
    if is_official:
        for role in sides:
            if roles.get(role) == person.side_id:
                return Voice(role)
    for role in others:
        bound, side = roles.get(role, ""), roles.get(f"{role}_side", person.side_id)
        if not bound or side != person.side_id:
            continue
        if kind.roles[role] == "department":
            if is_official and (is_handed or is_in_charge(person, agreement, department=bound)):
                return Voice(role, department=bound)
        elif is_official or person.party == bound:
            return Voice(role, party=bound)
    return Voice()


def _own_department(person: Person, kind: CaseKind, roles: Mapping[str, str], wanted: Sequence[str]) -> Voice:
    """The first wanted role that is bound to a department whose officer a person is."""
    if person.role == Role.OFFICER:
        own = {one.key for one in person.departments.all()}
        for role in wanted:
            is_here = roles.get(f"{role}_side", person.side_id) == person.side_id
            if kind.roles[role] == "department" and roles.get(role) in own and is_here:
                return Voice(role, department=roles[role])
    return Voice()


def _speaks(person: Person, case: Case, state: CaseState, wanted: Sequence[str]) -> dict[str, Any]:
    """Author fields of an event in the first wanted role the person holds.

    Raises
    ------
    DeniedError
        The person holds none of the roles, or is of a department that is not in charge.
    """
    assert state.kind is not None
    has_it = is_handed(person, case.agreement, case.pk)
    voice = role_of(person, case.agreement, state.kind, state.roles, wanted, is_handed=has_it)
    if not voice.role:
        raise DeniedError("case_not_your_role")
    return _author(person, case, voice, has_it=has_it)


def _author(person: Person, case: Case, voice: Voice, *, has_it: bool) -> dict[str, Any]:
    """The author fields of whoever is in charge, of who stands in for one who is, or of who was handed the case.

    Raises
    ------
    DeniedError
        The officer is of another department.
    """
    if has_it:
        return voice.says(person, case.agreement)
    in_charge(person, case.agreement, case.clause, voice.department)
    away, office = stood_in(person, case.agreement, case.clause, voice.department)
    if not away:
        return voice.says(person, case.agreement)
    says = voice._replace(department=voice.department or office).says(person, case.agreement)
    return {**says, "words": says["words"] | {f"{events.PERSON}for": away}}


def _due(kind: CaseKind, node: str, on: date) -> date | None:
    days = kind.nodes[node].reply_working_days
    return add_working_days(on, days) if days else None


@write("case.answer")
def open_case(
    person: Person,
    agreement: Agreement,
    /,
    *,
    clause: str,
    kind: str = "",
    roles: Mapping[str, str],
    on: date,
    key: str,
    need: Listing | None = None,
    offer: Listing | None = None,
    title: Mapping[str, str] | None = None,
    due_on: date | None = None,
    fields: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> str:
    """Open a case that knows need, offer, clause and parties; a second opening of the same key is the same case.

    Raises
    ------
    DeniedError
        The person holds no role of the case, or is of a department that is not in charge.
    InputError
        There is no such kind.
    """
    about = {"due_on": due_on, "fields": dict(fields or {})}
    said = {f"title_{language}": text for language, text in (title or {}).items()} | dict(words or {})
    event = _opening(person, agreement, kind, clause, roles, on, key, need, offer, said, **about)
    append(agreement, [(person.side_id or "", event)], today=timezone.localdate())
    return key


def _opening(
    person: Person,
    agreement: Agreement,
    kind: str,
    clause: str,
    roles: Mapping[str, str],
    on: date,
    key: str,
    need: Listing | None,
    offer: Listing | None,
    words: Mapping[str, str] | None = None,
    **about: Any,
) -> events.CaseOpened:
    definition = case_kind(kind)
    voice = role_of(person, agreement, definition, roles, definition.opens)
    if not voice.role:
        raise DeniedError("case_not_your_role")
    in_charge(person, agreement, clause, voice.department)
    said = voice.says(person, agreement)
    said["words"] = said["words"] | {name: text for name, text in (words or {}).items() if text}
    return events.CaseOpened(
        subject=f"case/{key}",
        on=on,
        definition=definition.name,
        pinned=definition.pinned,
        clause=clause,
        ordering=roles[definition.ordering],
        roles=dict(roles),
        began_on=_began_on(need, on),
        need=need.pk if need else "",
        need_revision=need.opened_revision if need else "",
        offer=offer.pk if offer else "",
        offer_revision=offer.opened_revision if offer else "",
        **about,
        **said,
    )


def _began_on(need: Listing | None, on: date) -> date:
    """A case counts from the day its need was opened to the other side."""
    return min(need.opened_on or on, on) if need else on


def roles_of(need: Listing, offer: Listing) -> dict[str, str]:
    return {"need": need.party_id, "offer": offer.party_id, "need_side": need.side_id, "offer_side": offer.side_id}


def pair_key(need: str, offer: str) -> str:
    """The key of the case of a pair: the same for both sides, whoever is first."""
    return f"{need}+{offer}"


@write("case.answer")
def accept(person: Person, need: Listing, /, *, offer: Listing, clause: str, on: date | None = None) -> str:
    """Say yes to a suggestion for one's own party, or as an official on behalf of a party of one's own side.

    The first yes opens the case; the other end's yes confirms the match. The key of the case comes back.

    Raises
    ------
    DeniedError
        Neither end is the person's.
    InputError
        It was said already, or the match was declined, or a listing of the pair was taken back.
    """
    agreement, today = need.agreement, on or timezone.localdate()
    key, roles = pair_key(need.pk, offer.pk), roles_of(need, offer)
    if not is_handed(person, agreement, key):
        in_charge(person, agreement, clause)
    _both_stand(need, offer)
    subject, definition = f"case/{key}", case_kind(need.kind)
    voice = role_of(person, agreement, definition, roles, ("need", "offer"))
    if not voice.role:
        raise DeniedError("case_not_your_role")
    side, says = person.side_id or "", voice.says(person, agreement)
    found = folded(agreement, subject).case
    if found is None or found.opened is None:
        opening = _opening(person, agreement, need.kind, clause, roles, today, key, need, offer)
        append(agreement, [(side, opening)], today=timezone.localdate())
        found = folded(agreement, subject).case
    assert found is not None
    last = found.last
    if last is not None and last.node == "match":
        confirmed = events.Confirmed(subject=subject, on=today, target=last.act.commit, **says)
        append(agreement, [(side, confirmed)], today=timezone.localdate())
    else:
        due = _due(definition, "match", today)
        step = events.Step(subject=subject, on=today, node="match", after=found.tip, due_on=due, **says)
        append(agreement, [(side, step)], today=timezone.localdate())
        _answer_as_before(need, offer, key, today)
    return key


def _both_stand(*listings: Listing | None) -> None:
    """A pair one of whose listings was taken back is closed."""
    for row in listings:
        if row is not None and row.source.get("withdrawn_on"):
            raise InputError("case_listing_taken_back", {"title": str(row.payload.get("title", ""))})


def _answer_as_before(need: Listing, offer: Listing, key: str, today: date) -> None:
    """Where the other end declined this pair before, its no is said now: it is not asked again, and the pair closes."""
    for row in Decline.objects.filter(agreement=need.agreement, need=need.pk, offer=offer.pk):
        role = "need" if row.party == need.party_id else "offer"
        state = folded(need.agreement, f"case/{key}").case
        if state is None or state.last is None or role in state.last.agreed or not is_hosted(row.side):
            continue
        says = Author(row.side, row.party).says(role)
        _refuse(need.agreement, state, f"case/{key}", row.side, row.reason, today, says)


def end_waiting(person: Person, row: Listing) -> None:
    """Close the pairs of a listing that is taken back, as far as not both ends had said yes; the other end is told."""
    cases = Case.objects.filter(agreement=row.agreement, state__in=("need", "match"))
    for case in cases.filter(**{f"{row.role}_id": row.pk}):
        state, today = state_of(case), timezone.localdate()
        kind, last = state.kind, state.last
        assert kind is not None
        if last is not None and not last.is_held:
            continue
        says = author_of(person, row.agreement, behalf=row.party_id).says(row.role)
        if last is not None and row.role in last.agreed:
            own = events.Withdrawn(subject=f"case/{case.pk}", on=today, target=last.act.commit, **says)
            append(row.agreement, [(row.side_id, own)], today=today)
            state = state_of(case)
        reasons = kind.nodes["refused"].reasons
        reason = _TAKEN_BACK if _TAKEN_BACK in reasons else reasons[0]
        _refuse(row.agreement, state, f"case/{case.pk}", row.side_id, reason, today, says)


_TAKEN_BACK = "taken_back"


def n_waiting(row: Listing) -> int:
    """How many pairs of a listing wait for a yes, and close when it is taken back."""
    cases = Case.objects.filter(agreement=row.agreement, state__in=("need", "match"), **{f"{row.role}_id": row.pk})
    return sum(last is None or last.is_held for last in (state_of(case).last for case in cases))


@write("case.answer")
def decline(
    person: Person, need: Listing, /, *, offer: Listing, reason: str, note: str = "", on: date | None = None
) -> str:
    """Say no to a suggestion, with a reason; the key of the case where the other end had said yes, else empty.

    Before the other end has said yes it is told nothing: the suggestion leaves the own side's lists and teaches them.

    Raises
    ------
    DeniedError
        Neither end is the person's.
    InputError
        The reason is not on the list.
    """
    agreement, today, roles = need.agreement, on or timezone.localdate(), roles_of(need, offer)
    definition, key = case_kind(need.kind), pair_key(need.pk, offer.pk)
    voice = role_of(person, agreement, definition, roles, ("need", "offer"))
    if not voice.role:
        raise DeniedError("case_not_your_role")
    if reason not in definition.nodes["refused"].reasons:
        raise InputError("case_reason_missing", {"node": "refused"})
    side, says = person.side_id or "", voice.says(person, agreement)
    says["words"] = says["words"] | ({"note": note} if note else {})
    found = folded(agreement, f"case/{key}").case
    if found is None or found.opened is None:
        said = events.Declined(
            subject=f"pair/{side}:{key}", on=today, need=need.pk, offer=offer.pk, reason=reason, **says
        )
        append(agreement, [(side, said)], today=timezone.localdate())
        return ""
    _refuse(agreement, found, f"case/{key}", side, reason, today, says)
    return key


def _refuse(
    agreement: Agreement, state: CaseState, subject: str, side: str, reason: str, today: date, says: dict[str, Any]
) -> None:
    """A match that waits for this end is returned first; then the case ends with the reason."""
    last, after = state.last, state.tip
    if last is not None and last.is_held:
        returned = events.Returned(subject=subject, on=today, target=last.act.commit, reason=reason, **says)
        [after] = append(agreement, [(side, returned)], today=timezone.localdate())
    step = events.Step(subject=subject, on=today, node="refused", after=after, reason=reason, **says)
    append(agreement, [(side, step)], today=timezone.localdate())


@write("case.answer")
def reconsider(person: Person, agreement: Agreement, /, *, need: str, offer: str) -> None:
    """Take a decline back: the suggestion is shown again."""
    side = person.side_id or ""
    said = events.Reconsidered(
        subject=f"pair/{side}:{pair_key(need, offer)}", on=timezone.localdate(), **author_of(person, agreement).says()
    )
    append(agreement, [(side, said)])


@write("case.answer")
def record_step(person: Person, case: Case, /, *, node: str, said: Said, after: str = "") -> str:
    """Record that a case reached a node; the id of the step.

    Raises
    ------
    DeniedError
        The person holds none of the node's roles, or is of another department.
    InputError
        A guard stands against it: it is not next, a paper or a reason is missing, the case waits for a confirmation; or
        it asks others to agree to nothing.
    """
    state = state_of(case)
    if state.kind is None or node not in state.kind.nodes:
        raise InputError("case_node_unknown", {"node": node})
    entered = state.kind.nodes[node]
    says = _speaks(person, case, state, entered.enters)
    if entered.confirmed_when == "before" and entered.evidence and not (said.note or said.files):
        raise InputError("case_nothing_said")
    says["words"] = says["words"] | said.words()
    step = events.Step(
        subject=f"case/{case.pk}",
        on=said.on,
        node=node,
        after=after or state.tip,
        amount=said.amount,
        reason=said.reason,
        files=said.files,
        fields=dict(said.fields),
        due_on=_due(state.kind, node, said.on),
        **says,
    )
    [commit] = append(case.agreement, [(person.side_id or "", step)], today=timezone.localdate())
    return commit


def _word(person: Person, case: Case, target: str) -> tuple[CaseState, dict[str, Any]]:
    """The author fields of a confirmation or a return of a step or correction.

    Raises
    ------
    InputError
        The step is not there.
    DeniedError
        It waits for somebody else.
    """
    state = state_of(case)
    step = state.step(target)
    if step is None or state.kind is None:
        raise InputError("case_target_unknown")
    waiting = step.correction_waits(state.kind) if target in step.corrections else step.waits_for(state.kind)
    has_it = is_handed(person, case.agreement, case.pk)
    voice = role_of(person, case.agreement, state.kind, state.roles, waiting, is_handed=has_it)
    if not voice.role:
        voice = role_of(person, case.agreement, state.kind, state.roles, tuple(state.kind.roles))
    if not voice.role or (state.kind.roles[voice.role] == "side" and not may(person, "event.countersign")):
        raise DeniedError("case_not_yours_to_confirm", {"node": step.node})
    return state, _author(person, case, voice, has_it=has_it)


@write("case.answer")
def confirm(person: Person, case: Case, /, *, target: str, on: date | None = None) -> None:
    """Agree with a step or a correction of the case.

    Raises
    ------
    DeniedError
        It is not this person's to confirm.
    InputError
        It was confirmed, returned or withdrawn meanwhile, or a listing of the pair was taken back.
    """
    state, says = _word(person, case, target)
    step = state.step(target)
    if step is not None and step.is_held:
        _both_stand(case.need, case.offer)
    said = events.Confirmed(subject=f"case/{case.pk}", on=on or timezone.localdate(), target=target, **says)
    append(case.agreement, [(person.side_id or "", said)], today=timezone.localdate())


@write("case.answer")
def send_back(
    person: Person, case: Case, /, *, target: str, reason: str = "", note: str = "", on: date | None = None
) -> None:
    """Return a step to its author with words; the case stands where it stood before.

    Raises
    ------
    DeniedError
        It is not this person's to confirm or return.
    InputError
        It was confirmed meanwhile: then a correction is proposed; or nothing says why it is returned.
    """
    if not note and not reason:
        raise InputError("case_note_missing")
    _, says = _word(person, case, target)
    says["words"] = says["words"] | ({"note": note} if note else {})
    day = on or timezone.localdate()
    said = events.Returned(subject=f"case/{case.pk}", on=day, target=target, reason=reason, **says)
    append(case.agreement, [(person.side_id or "", said)], today=timezone.localdate())


@write("case.answer")
def withdraw(person: Person, case: Case, /, *, target: str) -> None:
    """Take one's own last step back, before anybody else had a word on it.

    Raises
    ------
    InputError
        It is not the last, or was confirmed: then a correction is proposed.
    """
    state = state_of(case)
    step = state.step(target)
    if step is None:
        raise InputError("case_target_unknown")
    says = _speaks(person, case, state, step.roles)
    said = events.Withdrawn(subject=f"case/{case.pk}", on=timezone.localdate(), target=target, **says)
    append(case.agreement, [(person.side_id or "", said)])


@write("case.answer")
def correct(
    person: Person,
    case: Case,
    /,
    *,
    target: str,
    amount: Amount | None = None,
    happened_on: date | None = None,
    note: str = "",
    files: tuple[FileRef, ...] = (),
    names: Mapping[str, str] | None = None,
) -> None:
    """Propose what a confirmed step should say, with the papers that show it; it takes effect once the others agree.

    Raises
    ------
    DeniedError
        The person holds no role of the case.
    InputError
        The step is not there, or nothing would change.
    """
    state = state_of(case)
    step = state.step(target)
    if step is None or state.kind is None:
        raise InputError("case_target_unknown")
    if amount is None and happened_on is None:
        raise InputError("case_nothing_to_correct")
    needed = state.kind.nodes[step.node].confirmed_by or tuple(state.kind.roles)
    if step.is_disputed:
        needed = (*needed, *step.roles)  # its author answers the doubt
    says = _speaks(person, case, state, needed)
    says["words"] = says["words"] | ({"note": note} if note else {}) | dict(names or {})
    said = events.Corrected(
        subject=f"case/{case.pk}",
        on=timezone.localdate(),
        target=target,
        amount=amount,
        happened_on=happened_on,
        files=files,
        **says,
    )
    append(case.agreement, [(person.side_id or "", said)])


def references(files: Iterable[tuple[str, int, str, str]]) -> tuple[FileRef, ...]:
    """Kept files as an event names them: hash, bytes, media type, kind of evidence."""
    return tuple(FileRef(sha256, n_bytes, type_, evidence) for sha256, n_bytes, type_, evidence in files)
