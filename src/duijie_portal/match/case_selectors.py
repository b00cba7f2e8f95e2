"""One case as its page shows it: where it stands, what is asked of this reader, how it came here, who takes part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from duijie.data import sentence
from duijie.ledger import events
from duijie.ledger.guards import unsettled
from duijie.ledger.kinds import CaseKind, Node
from duijie.ledger.state import Act, CaseState, StepState
from duijie.match.kinds import load_kinds, unit_name
from duijie.terms import Bilingual
from duijie_portal.accounts.models import Person
from duijie_portal.accounts.powers import Visitor, may
from duijie_portal.ledger.casework import Voice, role_of, state_of
from duijie_portal.ledger.charge import is_in_charge
from duijie_portal.ledger.desk import acts_about, is_handed, names_of
from duijie_portal.ledger.desk_lines import desk_lines
from duijie_portal.ledger.entries import Todo
from duijie_portal.ledger.models import Agreement, Case, Listing, Party, Step
from duijie_portal.ledger.recording import files_of, words_of
from duijie_portal.ledger.selectors import agreement_term, case_title, department_names, fields_of, stages_of
from duijie_portal.ledger.visibility import PARTY_ROLES, reader_of
from duijie_portal.ledger.visits import made_from, said_at

from .listing_selectors import shown_value

__all__ = [
    "again",
    "bears",
    "case_document",
    "case_rows",
    "evidence_of",
    "file_of",
    "next_node",
    "standing_of",
    "visit_of",
    "word_of",
]


def case_rows(agreement: Agreement, person: Visitor, asked: Mapping[str, str]) -> QuerySet[Case]:
    """The cases a person may see, narrowed by clause, state, kind, and by words of title, parties or listings."""
    rows = (
        Case.objects.filter(agreement=agreement)
        .of_chain()
        .visible_to(person)
        .select_related("need_party", "offer_party")
    )
    rows = rows.filter(**{name: asked[name] for name in ("clause", "state", "kind") if asked.get(name)})
    text = asked.get("q", "").strip()
    return rows.filter(bears(text)) if text else rows  # type: ignore[no-any-return]


def bears(text: str) -> Q:
    """Which cases bear a text: in their title, in a party's name or in the title of the need."""
    own = Q(title_zh__icontains=text) | Q(title_en__icontains=text) | Q(need__payload__title__icontains=text)
    return own | Q(need_party__name__icontains=text) | Q(offer_party__name__icontains=text)


def case_document(row: Case, person: Person) -> dict[str, Any]:
    """A case with its steps and papers, what this person may do next, and the listings as far as they read them."""
    state = state_of(row)
    kind = state.kind
    assert kind is not None
    steps = list(row.steps.all())
    live = {one.act.commit: one for one in state.steps}
    said = [act.commit for one in state.steps for act in one.trail]
    words = words_of([*live, *(one.pk for one in steps), *said])
    files = files_of([*(one.pk for one in steps), *said])
    names = department_names(row.agreement) | _party_names(row)
    shown = [_step(one, live.get(one.pk), kind, words.get(one.pk, {}), files.get(one.pk, ()), names) for one in steps]
    is_official = person.role not in PARTY_ROLES
    stood = names_of(said.get(_FOR, "") for said in words.values()) if is_official else {}
    for one in shown:
        found = live.get(one["id"])
        one |= _acts(one, found, state, row, person)
        one["instead_of"] = (
            stood.get(words.get(one["id"], {}).get(_FOR, ""), "") if one["side"] == person.side_id else ""
        )
        one["trail"] = [_word(act, found, words, files, names) for act in found.trail] if found else []
        one["corrections"] = [each for each in one["trail"] if each["outcome"] == "waits"]
    following = [_next(node, kind) for node in _following(state, row, person)]
    return {
        "id": row.pk,
        "title": case_title(row),
        "clause": row.clause,
        "clause_title": _clause(row),
        "kind": row.kind,
        "kind_name": load_kinds()[row.kind].name if row.kind in load_kinds() else kind.title,
        "side": row.side_id,
        "state": row.state,
        "reason": row.reason,
        "amount": row.amount,
        "unit": row.unit,
        "tip": row.tip,
        "is_taken": row.is_taken,
        "path": _path(kind, state),
        "parties": {end: _party(row, end) for end in ("need", "offer") if end in kind.roles},
        "offices": _offices(kind, state, names),
        "facts": {key: row.payload[key] for key in ("number", "investor", "uscc") if row.payload.get(key)},
        "due_on": getattr(state.opened.event, "due_on", None) if state.opened else None,
        "listings": _listings(row, person),
        "steps": shown,
        "asked": [one for one in shown if one["may_confirm"]],
        "to_agree": [
            {**each, "step": one["name"], "papers": one["files"]}
            for one in shown
            if one["may_agree"]
            for each in one["corrections"]
        ],
        "trouble": _trouble(shown, state, row, person),
        "reasons": list(kind.nodes["refused"].reasons) if "refused" in kind.nodes else [],
        "next": following,
        "waits": [one for one in _waits(row, names) if not following or one["act"] != "turn"],
        "arranged_by": _arrangers(row, state, kind, names),
        "desk": desk_lines(row.agreement, acts_about(row.agreement, person, "case", row.pk))[::-1],
    }


_FOR = f"{events.PERSON}for"


def visit_of(row: Case, person: Person) -> dict[str, Any]:
    """A visit to a firm as its page shows it: what was said, and what was made of it or may be."""
    key = str(row.payload.get("party", ""))
    party = Party.objects.filter(pk=key).first()
    return {
        **said_at([row])[row.pk],
        "party": {"id": key, "name": party.name if party else ""},
        "made": made_from(row.agreement, [row]),
        "may_go_on": row.state != "settled" and may(person, "listing.enter") and not person.party,
    }


def _party_names(row: Case) -> dict[str, Bilingual]:
    parties = (one for one in (row.need_party, row.offer_party) if one is not None)
    # Who settles what departments dispute is bound by role, not as a department.
    role = Bilingual(*(sentence("portal_role_coordinator", language) for language in ("zh", "en")))
    return {"coordinator": role} | {one.pk: Bilingual(one.name, one.name_en) for one in parties}


_CLOSED = {"agreed": "agreed", "returned": "not_agreed", "withdrawn": "withdrawn"}


def _word(
    act: Act,
    step: StepState,
    words: Mapping[str, Mapping[str, str]],
    files: Mapping[str, Sequence[Any]],
    names: Mapping[str, Bilingual],
) -> dict[str, Any]:
    """Something said on a step: who said it on which day and why; of a correction what was, what is proposed, the
    papers that show it, what became of it (``waits``, ``agreed``, ``not_agreed``, ``withdrawn``).
    """
    is_open = step.state != "withdrawn" and step.closed.get(act.commit) != "withdrawn"
    event = act.event
    target, is_proposal = getattr(event, "target", ""), isinstance(event, events.Corrected)
    about = "correction" if target in step.was else "step"
    return {
        "id": act.commit,
        "what": "corrected" if is_proposal else f"{event.kind}_{about}",
        "on": event.on,
        "side": act.side,
        "by": names.get(event.behalf) or names.get(event.by, ""),
        "reason": getattr(event, "reason", ""),
        "note": words.get(act.commit, {}).get("note", ""),
        "files": [{**_file(one, words.get(act.commit, {})), "is_open": is_open} for one in files.get(act.commit, ())],
        "outcome": _CLOSED.get(step.closed.get(act.commit, ""), "waits") if is_proposal else "",
        "changes": _changes(event, step, act.commit) if isinstance(event, events.Corrected) else [],
    }


def _changes(event: events.Corrected, step: StepState, commit: str) -> list[dict[str, Any]]:
    """What a correction puts in the place of what."""
    (amount, day), found = step.was[commit], list[dict[str, Any]]()
    if event.amount is not None:
        before = {"before": amount.value if amount else None, "before_unit": amount.unit if amount else ""}
        found.append({"of": "amount", **before, "after": event.amount.value, "after_unit": event.amount.unit})
    if event.happened_on is not None:
        found.append({"of": "on", "before": day, "after": event.happened_on})
    return found


def _trouble(shown: Sequence[Mapping[str, Any]], state: CaseState, row: Case, person: Person) -> list[dict[str, Any]]:
    """What was returned and waits for its author: the last step that leads back, and each that is disputed."""
    kind, last = state.kind, state.steps[-1].act.commit if state.steps else ""
    assert kind is not None
    found = []
    for one in shown:
        if one["state"] == "disputed" or (one["state"] == "returned" and one["id"] == last):
            why = next(each for each in reversed(one["trail"]) if each["what"] == "returned_step")
            again = kind.nodes[one["kind"]].enters if one["kind"] in kind.nodes else ()
            is_own = one["side"] == person.side_id and bool(_voice(row, person, state, again).role)
            found.append({**one, "why": why, "is_own": is_own})
    return found


def _clause(row: Case) -> Any:
    found = next((one for one in agreement_term(row.agreement).clauses if one.key == row.clause), None)
    return found.title if found else row.clause


def _path(kind: CaseKind, state: CaseState) -> list[dict[str, Any]]:
    """Every node of the chain: reached and counting, reached and waiting, or ahead; and an end off it once reached."""
    reached = {kind.first.key: "done"}
    for one in state.steps:
        if not one.is_gone:
            reached[one.node] = "done" if one.is_confirmed(kind) and not one.is_disputed else "waiting"
    found = {key: reached.get(key, "ahead") for key in kind.path}
    found |= {key: "refused" for key in reached if key not in found}
    return [{"key": key, "name": kind.nodes[key].name, "state": state} for key, state in found.items()]


def _party(row: Case, end: str) -> dict[str, Any] | None:
    party = getattr(row, f"{end}_party")
    if party is None:
        return None
    return {"id": party.pk, "name": party.name, "side": party.side_id, "town": party.town}


def _offices(kind: CaseKind, state: CaseState, names: Mapping[str, Bilingual]) -> list[dict[str, Any]]:
    """The departments that take part by name."""
    bound = [(role, state.roles.get(role, "")) for role, sort in kind.roles.items() if sort == "department"]
    sides = state.roles
    return [
        {"role": role, "name": names.get(key, key), "side": sides.get(f"{role}_side", "")} for role, key in bound if key
    ]


def _listings(row: Case, person: Person) -> dict[str, Any]:
    """Need and offer with the fields this reader has reached."""
    found: dict[str, Any] = {}
    rows = {end: getattr(row, end) for end in ("need", "offer")}
    keys = [one.pk for one in rows.values() if one is not None]
    stages = stages_of("listing", keys, reader_of(person))
    for end, listing in rows.items():
        if listing is not None and listing.pk in stages:
            found[end] = _listing(listing, stages[listing.pk])
    return found


def _listing(listing: Listing, stage: int) -> dict[str, Any]:
    read = fields_of(listing, stage)
    kind = load_kinds().get(listing.kind)
    fields = kind.fields(listing.role) if kind else ()  # type: ignore[arg-type]
    said = [
        {
            "key": one.key,
            "label": one.label,
            "value": shown_value(one, read["payload"][one.key]),
            "unit": unit_name(one.unit),
        }
        for one in fields
        if one.key in read["payload"] and one.key != "title"
    ]
    n_hidden = len([key for key in listing.opened if key.startswith("payload.")]) - len(read["payload"])
    title = read["payload"].get("title", "")
    about = {"id": listing.pk, "title": title, "valid_until": read["valid_until"]}
    return {**about, "said": said, "n_hidden": max(0, n_hidden)}


def _step(
    one: Step,
    live: StepState | None,
    kind: CaseKind,
    words: Mapping[str, str],
    files: Sequence[Any],
    names: Mapping[str, Bilingual],
) -> dict[str, Any]:
    node = kind.nodes.get(one.kind)
    waits = live.waits_for(kind) if live is not None and not live.is_gone else ()
    return {
        "id": one.pk,
        "kind": one.kind,
        "name": node.name if node else one.kind,
        "on": one.on,
        "side": one.side_id,
        "by": names.get(one.behalf) or names.get(one.by, ""),
        "amount": one.amount,
        "unit": one.unit,
        "reason": one.reason,
        "note": words.get("note", ""),
        "state": one.state,
        "return_reason": one.return_reason,
        "is_confirmed": one.is_confirmed,
        "confirmed_on": one.confirmed_on,
        "counts": one.counts,
        "due_on": one.due_on,
        "waits": list(waits),
        "n_evidence": one.n_evidence,
        "files": [{**_file(file, words), "is_open": one.state != "withdrawn"} for file in files],
        "digest": one.pk,
    }


def _file(file: Any, words: Mapping[str, str]) -> dict[str, Any]:
    name = words.get(file.sha256, "")
    return {"sha256": file.sha256, "name": name, "evidence": file.evidence, "n_bytes": file.n_bytes, "type": file.type}


def _acts(
    one: Mapping[str, Any], live: StepState | None, state: CaseState, row: Case, person: Person
) -> dict[str, bool]:
    """Which buttons of a step are this person's: confirm or return, take back, propose a correction."""
    no = {
        "may_confirm": False,
        "may_withdraw": False,
        "may_correct": False,
        "may_agree": False,
        "may_ask_office": False,
    }
    kind = state.kind
    if live is None or kind is None or live.is_gone:
        return no
    is_last = live is state.last
    is_own = live.act.side == person.side_id and not live.has_word_of_others
    needed = kind.nodes[live.node].confirmed_by
    may_take_back = is_last and is_own and not (live.is_confirmed(kind) and bool(needed))
    may_mend = bool(needed and kind.nodes[live.node].units) and (live.is_confirmed(kind) or live.is_disputed)
    mends = _voice(row, person, state, (*needed, *(live.roles if live.is_disputed else ()))).role
    return {
        "may_confirm": _may_confirm(row, person, state, live.waits_for(kind)),
        "may_withdraw": may_take_back and bool(_voice(row, person, state, live.roles).role),
        "may_correct": may_mend and bool(mends),
        "may_ask_office": may_mend and not mends and bool(person.party),
        "may_agree": bool(live.corrections) and _may_confirm(row, person, state, live.correction_waits(kind)),
    }


def _voice(row: Case, person: Person, state: CaseState, wanted: Sequence[str]) -> Voice:
    """The role in which a person may write to a case; none where others are in charge."""
    if state.kind is None or not wanted or not may(person, "case.answer"):
        return Voice()
    voice = role_of(person, row.agreement, state.kind, state.roles, wanted)
    if voice.role and is_in_charge(person, row.agreement, row.clause, voice.department):
        return voice
    if row.is_on_desk is None:  # asked once a page
        row.is_on_desk = is_handed(person, row.agreement, row.pk)
    handed = {"is_handed": True}
    return role_of(person, row.agreement, state.kind, state.roles, wanted, **handed) if row.is_on_desk else Voice()


def _may_confirm(row: Case, person: Person, state: CaseState, waiting: Sequence[str]) -> bool:
    role = _voice(row, person, state, waiting).role
    is_side = state.kind is not None and state.kind.roles.get(role) == "side"
    return bool(role) and (not is_side or may(person, "event.countersign"))


def _following(state: CaseState, row: Case, person: Person) -> list[Node]:
    """The nodes this person may record next; none while the case waits for a confirmation."""
    kind = state.kind
    if kind is None or any(one.is_held for one in state.steps if not one.is_gone):
        return []
    later = (kind.nodes[key] for key in kind.nodes[state.node].next)
    nodes = [node for node in later if unsettled(state, kind, node) is None]
    return [node for node in nodes if _voice(row, person, state, node.enters).role]


def next_node(row: Case, person: Person, key: str) -> Node | None:
    """A node this person may record next, by its key."""
    return next((one for one in _following(state_of(row), row, person) if one.key == key), None)


def _next(node: Node, kind: CaseKind) -> dict[str, Any]:
    return {
        "key": node.key,
        "name": node.name,
        "evidence": list(node.evidence),
        "is_evidence_needed": node.is_evidence_needed,
        "units": list(node.units),
        "is_amount_needed": node.is_amount_needed,
        "reasons": list(node.reasons),
        "confirmed_by": list(node.confirmed_by),
        "is_refusal": bool(node.reasons),
    }


def _arrangers(
    row: Case, state: CaseState, kind: CaseKind, names: Mapping[str, Bilingual]
) -> dict[str, list[Bilingual]]:
    """The departments that bring both ends together once both accepted: those in charge of the clause, by side.

    Contact data of a registration stays with its own side: the notice of registration promises so.
    """
    is_agreed = any(one.node == "match" and not one.is_gone and one.is_confirmed(kind) for one in state.steps)
    clause = next((one for one in agreement_term(row.agreement).clauses if one.key == row.clause), None)
    if not is_agreed or clause is None:
        return {}
    return {side: [names.get(key, Bilingual(key, key)) for key in keys] for side, keys in clause.lead.items() if keys}


def _waits(row: Case, names: Mapping[str, Bilingual]) -> list[dict[str, Any]]:
    """Whom the case waits for: whose word is missing, and whose turn it is; since when and until when."""
    sides = {one.pk: one.short for one in row.agreement.sides.all()}
    return [
        {
            "act": one.act,
            "node": one.node,
            "role": one.role,
            "side": one.side,
            "side_name": sides.get(one.side, one.side),
            "by": names.get(one.party or one.department, ""),
            "since": one.since_on,
            "due_on": one.due_on,
        }
        for one in Todo.objects.filter(source=f"case/{row.pk}", act__in=("confirm", "turn"))
    ]


def file_of(row: Case, sha256: str) -> Any:
    """A file of a step of the case or of a correction, by its hash, and its name; None where there is no such file.

    The paper of what was taken back is closed.
    """
    trails = ((one, act.commit) for one in state_of(row).steps if one.state != "withdrawn" for act in one.trail)
    said = list(row.steps.exclude(state="withdrawn").values_list("pk", flat=True))
    said += [commit for step, commit in trails if step.closed.get(commit) != "withdrawn"]
    words = words_of(said)
    for step, files in files_of(said).items():
        for one in files:
            if one.sha256 == sha256:
                return one, words.get(step, {}).get(sha256, "")
    return None


def again(document: Mapping[str, Any], node: str) -> dict[str, Any]:
    """What a step that came back to this reader said, to begin with; nothing where none of that node did."""
    back = next((one for one in document["trouble"] if one["is_own"] and one["kind"] == node), None)
    if back is None or back["state"] != "returned":
        return {}
    said = {"on": back["on"], "amount": back["amount"], "unit": back["unit"], "note": back["note"]}
    return {**{key: value for key, value in said.items() if value not in (None, "")}, "files": back["files"]}


def evidence_of(row: Case, node: str) -> tuple[str, ...]:
    """The kinds of paper that show a node of the case."""
    kind = state_of(row).kind
    return kind.nodes[node].evidence if kind and node in kind.nodes else ()


def word_of(row: Case, target: str) -> str:
    """What a yes to a step or a correction is called: one ``willing``, ``agreed_correction``, else ``confirmed``."""
    step = state_of(row).step(target)
    if step is None or target == step.act.commit:
        return "willing" if step is not None and step.node == "match" else "confirmed"
    return "agreed_correction"


def standing_of(row: Case, target: str) -> tuple[str, list[str]]:
    """How the step of an id stands after a word on it (``stands``, ``returned``, ``disputed``), and whose word it waits
    for: the sides.
    """
    state = state_of(row)
    step = state.step(target)
    if step is None or state.kind is None:
        return "", []
    waits = step.correction_waits(state.kind, target) if target in step.corrections else step.waits_for(state.kind)
    sides = [state.roles.get(role if role.endswith("_side") else f"{role}_side", "") for role in waits]
    return "disputed" if step.is_disputed else step.state, sides
