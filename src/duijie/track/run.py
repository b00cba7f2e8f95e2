"""Tracking from what was recorded: the lines of a file become events here, the folds stay pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from duijie.ledger.state import Placed
from duijie.terms import Agreement, Listing, Step

from .conference import Decision, decision_promises, with_tasks
from .docking import Ticket, ticket_promises
from .fold import Activity, fold
from .lifecycle import Amendment, as_amended
from .standing import Progress
from .trajectory import Target
from .workflow import Key, Move, streams_of

__all__ = ["progress"]


def progress(
    agreement: Agreement,
    steps: Iterable[Step] = (),
    matches: Mapping[str, int] | None = None,
    *,
    as_of: date,
    actions: Mapping[Key, Sequence[Placed]] | Iterable[Move] = (),
    tickets: Iterable[Ticket] = (),
    decisions: Iterable[Decision] = (),
    targets: Iterable[Target] = (),
    amendments: Iterable[Amendment] = (),
    listings: Iterable[Listing] | None = None,
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
        The events of actions by clause and key, or the lines of a file that say them.
    tickets, decisions
        Promises between departments and of the joint conference: they feed the shares in time, and a decision still
        to be carried out is an action of its clause.
    targets
        Targets agreed after the signing.
    amendments
        Supplements, renewals, termination.
    listings
        Needs and offers; None where nobody asked for them, then counts of listings have no value.

    Returns
    -------
    Progress
        ``to_dict()`` is the document ``track.json``. A clause nobody reported on has grey light and no values.

    Raises
    ------
    DuijieError
        The agreement names a node template or a measure that nobody defined.
    """
    decided, changes = tuple(decisions), tuple(amendments)
    if not isinstance(actions, Mapping):
        # A task that a decision handed out is an action too, whatever became of it since.
        tasks = {(one.clause, one.action or one.id) for one in decided}
        whole = with_tasks(as_amended(agreement, changes, as_of=as_of), decided, as_of=as_of, moved=tasks)
        known = {(clause.key, one.key): one for clause in whole.clauses for one in clause.actions}
        actions = streams_of(known, actions, [side.code for side in agreement.sides])
    activity = Activity(
        tuple(steps),
        actions,
        (*ticket_promises(tickets), *decision_promises(decided)),
        tuple(targets),
        changes,
        None if listings is None else tuple(listings),
        matches,
        decided,
    )
    return fold(agreement, activity, as_of=as_of)
