"""Kinds of case and of listing as the record needs them: nodes, roles, who confirms; which field is open from when.

A kind of case stands in ``data/cases``. The chain of a kind of match is ``match-chain`` narrowed to the `outcome` of
that kind's file, under the name of the kind of match. A case pins the hash of its definition when it is opened, so that
editing a file never changes what happened before. An agreement's own kinds stand in its folder and are pinned alike.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from duijie.data import files
from duijie.data.shelf import beside, kept, own_folders
from duijie.errors import DataFileError, Fault, InputError
from duijie.terms import Bilingual

__all__ = [
    "STAGES",
    "CaseKind",
    "Node",
    "case_faults",
    "case_kind",
    "case_kinds",
    "from_document",
    "node_names",
    "own_case_kinds",
    "split_of",
    "stage_rank",
    "words_within",
]

STAGES = ("public", "matched", "agreed", "own")
_CHAIN = "match-chain"


def stage_rank(stage: str) -> int:
    """How far a stage reaches: 0 for what anybody reads who may see the row at all, 3 for what its own side reads."""
    return STAGES.index(stage)


@dataclass(frozen=True, slots=True)
class Node:
    """A state of a case: who enters it, what it must bring, who confirms it.

    `confirmed_when` is ``before`` where the case waits for the confirmation, ``counts`` where it goes on but does not
    count yet, empty where none is needed; the roles of `confirmed_by` confirm in any order, the author's counts as its
    own word.
    """

    key: str
    name: Bilingual
    enters: tuple[str, ...]
    next: tuple[str, ...]
    repeats: bool = False
    evidence: tuple[str, ...] = ()
    is_evidence_needed: bool = False
    units: tuple[str, ...] = ()
    is_amount_needed: bool = False
    confirmed_when: str = ""
    confirmed_by: tuple[str, ...] = ()
    reply_working_days: int = 0
    stuck_after_days: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def is_end(self) -> bool:
        return not self.next


@dataclass(frozen=True)
class CaseKind:
    """A kind of case; `name` is ``kind@version``, `pinned` the hash of `document`, the definition itself.

    `notes` are what may be said of it without moving it. Of `reads_from` each triple is a role, the node from which on
    it reads the case, and the role that must be bound for that; any other role that is bound reads it from the opening.
    """

    name: str
    title: Bilingual
    opens: tuple[str, ...]
    ordering: str
    roles: Mapping[str, str]
    nodes: Mapping[str, Node]
    notes: tuple[str, ...]
    pinned: str
    document: bytes = field(repr=False)
    reads_from: tuple[tuple[str, str, str], ...] = ()

    @property
    def first(self) -> Node:
        return next(iter(self.nodes.values()))

    @property
    def path(self) -> tuple[str, ...]:
        """The nodes on the way, without refusals and other ends off it."""
        return tuple(key for key, node in self.nodes.items() if not node.reasons)


@kept
def _documents() -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    faults: list[Fault] = []
    for path in files.listing("cases"):
        document, wrong = files.check(path, "case")
        faults += wrong or tuple(case_faults(document, str(path)))
        if document:
            found[document["key"]] = document
    if faults:
        raise DataFileError("data_file_faults", {"file": "cases", "n": len(faults)}, faults=faults)
    return found


def case_faults(document: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """What is wrong with a kind of case that fits its schema: roles and nodes it names and does not have."""
    keys, roles = [node["key"] for node in document["nodes"]], set(document["roles"])
    for at, node in enumerate(document["nodes"]):
        named = {*node["enters"], *node.get("confirmed", {}).get("by", ())}
        for role in sorted(named - roles):
            yield Fault("case_role_unknown", {"file": path, "key": f"nodes.{at}"}, {"role": role})
        for other in sorted(set(node.get("next", ())) - set(keys)):
            yield Fault("case_node_unknown", {"file": path, "key": f"nodes.{at}.next"}, {"node": other})
    for at, one in enumerate(document.get("reads_from", ())):
        if one["node"] not in keys:
            yield Fault("case_node_unknown", {"file": path, "key": f"reads_from.{at}"}, {"node": one["node"]})
    named = {one[key] for one in document.get("reads_from", ()) for key in ("role", "where")}
    for role in sorted({document["ordering"], *document["opens"], *named} - roles):
        yield Fault("case_role_unknown", {"file": path, "key": "opens"}, {"role": role})


@kept
def case_kinds() -> Mapping[str, CaseKind]:
    """Every definition that can be opened, by ``kind@version``: the kinds of case, and the chain of each kind of match.

    Raises
    ------
    DataFileError
        A file breaks the schema, or names a role or node it does not have; all faults at once.
    """
    documents = _documents()
    made = [from_document(one) for one in documents.values()]
    for path in files.listing("kinds"):
        kind = files.read(path, "kind")
        chain = documents[_CHAIN]
        nodes = [node for node in chain["nodes"] if node["key"] in kind["outcome"] or node.get("reasons")]
        made.append(from_document({**chain, "key": kind["key"], "version": kind["version"], "nodes": nodes}))
    return {one.name: one for one in made}


def own_case_kinds() -> tuple[CaseKind, ...]:
    """The definitions that only the agreement's own folder has: whoever reads a case of one needs it kept beside the
    record.
    """
    if not own_folders():
        return ()
    with beside():
        built_in = {one.pinned for one in case_kinds().values()}
    return tuple(one for one in case_kinds().values() if one.pinned not in built_in)


@kept
def node_names() -> Mapping[str, Bilingual]:
    """The name of each node by its key, as the first kind that has it says."""
    found: dict[str, Bilingual] = {}
    for kind in case_kinds().values():
        for node in kind.nodes.values():
            found.setdefault(node.key, node.name)
    return found


def case_kind(key: str) -> CaseKind:
    """The newest definition of a kind of case or of match; an empty key gives the plain chain.

    Raises
    ------
    InputError
        There is no such kind.
    """
    found = [one for name, one in case_kinds().items() if name.partition("@")[0] == (key or _CHAIN)]
    if not found:
        raise InputError("case_kind_unknown", {"kind": key})
    return found[-1]


def from_document(document: Mapping[str, Any]) -> CaseKind:
    """A definition from its document, as a file or a kept one says it."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    nodes = document["nodes"]
    keys = [node["key"] for node in nodes]
    made = {node["key"]: _node(node, keys[at + 1 :]) for at, node in enumerate(nodes)}
    return CaseKind(
        name=f"{document['key']}@{document['version']}",
        title=Bilingual(**document["name"]),
        opens=tuple(document["opens"]),
        ordering=document["ordering"],
        roles=document["roles"],
        nodes=made,
        notes=tuple(document.get("notes", ())),
        pinned=hashlib.sha256(text).hexdigest(),
        document=text,
        reads_from=tuple((one["role"], one["node"], one["where"]) for one in document.get("reads_from", ())),
    )


def _node(node: Mapping[str, Any], later: list[str]) -> Node:
    evidence, amount, confirmed = (node.get(key, {}) for key in ("evidence", "amount", "confirmed"))
    return Node(
        key=node["key"],
        name=Bilingual(**node["name"]),
        enters=tuple(node["enters"]),
        next=tuple(node.get("next", later)),
        repeats=node.get("repeats", False),
        evidence=tuple(evidence.get("kinds", ())),
        is_evidence_needed=evidence.get("is_needed", False),
        units=tuple(amount.get("units", ())),
        is_amount_needed=amount.get("is_needed", False),
        confirmed_when=confirmed.get("when", ""),
        confirmed_by=tuple(confirmed.get("by", ())),
        reply_working_days=node.get("reply_working_days", 0),
        stuck_after_days=node.get("stuck_after_days", 0),
        reasons=tuple(node.get("reasons", ())),
    )


# Which part of an entry each field of a listing or a party goes into


@kept
def _stages(kind: str, role: str) -> Mapping[str, tuple[str, bool]]:
    """The stage of each field of a kind of listing, and whether it is free text."""
    document = _kinds_of_match().get(kind)
    if document is None:
        return {}
    common = files.read(files.root() / "kinds" / "common" / "fields.yaml")
    fields = [*common, *document[role]]
    return {one["key"]: (one.get("disclosure", "public"), one["type"] == "text") for one in fields}


@kept
def _kinds_of_match() -> Mapping[str, Mapping[str, Any]]:
    """The files of the kinds by key, each read once: a page asks for the stages of all of them."""
    return {document["key"]: document for document in map(files.read, files.listing("kinds"))}


# What the row of a listing says beside its payload; `source` names the file it came in, so it stays at home.
_OPEN = ("kind", "version", "role", "party", "industry", "place", "valid_from", "valid_until", "basis", "cited")
_PARTY_HOME = frozenset({"source", "is_verified"})


def split_of(sort: str, fields: Mapping[str, Any], *, is_person: bool = False) -> dict[str, str]:
    """The label of the part for each field of a listing or a party.

    Parameters
    ----------
    sort
        ``listing`` or ``party``.
    fields
        The fields as an event says them; those of a payload begin with ``payload.``.
    is_person
        It tells of a natural person: then everything but the kind is words, which can be erased.
    """
    if sort == "listing":
        stages = _stages(str(fields.get("kind", "")), str(fields.get("role", "need")))
        return {key: _label(key, stages, is_person) for key in fields}
    return {key: _of_party(key, is_person) for key in fields}


def words_within(sort: str, fields: Mapping[str, Any], label: str) -> list[str]:
    """The fields of free text that a part of this label may hold, given what is still here of a listing or a party."""
    if sort == "party":
        return ["name"] if label == "public/words" else []
    stages = _stages(str(fields.get("kind", "")), str(fields.get("role", "need")))
    return [f"payload.{key}" for key, (stage, is_words) in stages.items() if is_words and f"{stage}/words" == label]


def _of_party(key: str, is_person: bool) -> str:
    stage = "own" if key in _PARTY_HOME else "public"
    return f"{stage}/words" if is_person and key not in ("kind", "is_verified") else stage


def _label(key: str, stages: Mapping[str, tuple[str, bool]], is_person: bool) -> str:
    if key in _OPEN:
        return "public"
    stage, is_words = stages.get(key.removeprefix("payload."), ("own", False)) if "." in key else ("own", False)
    return f"{stage}/words" if is_words or is_person else stage
