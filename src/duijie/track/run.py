"""Tracking with the built-in data: node templates are read here, the folds stay pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache

from duijie.data import read, root
from duijie.terms import Agreement, Listing, Step

from .conference import Decision, decision_promises
from .docking import Ticket, ticket_promises
from .fold import Activity, fold
from .lifecycle import Amendment
from .standing import Progress
from .trajectory import Target
from .workflow import Move, Template, templates_of

__all__ = ["node_templates", "progress"]


@cache
def node_templates() -> Mapping[str, Template]:
    """The built-in node templates by key, from ``data/policies/nodes.yaml``.

    Raises
    ------
    DataFileError
        The file breaks its schema.
    """
    return templates_of(read(root() / "policies" / "nodes.yaml", "nodes"))


def progress(
    agreement: Agreement,
    steps: Iterable[Step] = (),
    matches: Mapping[str, int] | None = None,
    *,
    as_of: date,
    actions: Iterable[Move] = (),
    tickets: Iterable[Ticket] = (),
    decisions: Iterable[Decision] = (),
    targets: Iterable[Target] = (),
    amendments: Iterable[Amendment] = (),
    listings: Iterable[Listing] | None = None,
    templates: Mapping[str, Template] | None = None,
) -> Progress:
    """How every clause of an agreement stands at the end of `as_of`, from what both sides recorded.

    Parameters
    ----------
    agreement
        The agreement as signed.
    steps
        Recorded steps of the chain, of all clauses, in any order.
    matches
        Proposed matches by clause key; None where nobody matched.
    as_of
        The date asked for; later records do not count.
    actions
        Moves of actions through their nodes.
    tickets, decisions
        Promises between departments and of the joint conference: they feed the shares in time, and a decision still
        to be carried out is an action of its clause.
    targets
        Targets agreed after the signing.
    amendments
        Supplements, renewals, termination.
    listings
        Needs and offers; None where nobody asked for them, then counts of listings have no value.
    templates
        Node templates by key, the built-in ones by default.

    Returns
    -------
    Progress
        ``to_dict()`` is the document ``track.json``. A clause nobody reported on has grey light and no values.

    Raises
    ------
    DuijieError
        The agreement names a node template or a measure that nobody defined.
    """
    decided = tuple(decisions)
    activity = Activity(
        tuple(steps),
        tuple(actions),
        (*ticket_promises(tickets), *decision_promises(decided)),
        tuple(targets),
        tuple(amendments),
        None if listings is None else tuple(listings),
        matches,
        decided,
    )
    return fold(agreement, activity, templates or node_templates(), as_of=as_of)
