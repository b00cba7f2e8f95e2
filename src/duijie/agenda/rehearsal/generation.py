"""Generate the rehearsal of any agreement: the same agreement, seed, day and scale give the same records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from duijie.match.kinds import Kind
from duijie.terms import Agreement

from .cast import engage
from .chains import play
from .mechanism import confer, correspond, practise, supplements, targets, visits
from .records import Records
from .script import Script, Shelf
from .tasks import work

__all__ = ["generate"]


def generate(
    agreement: Agreement,
    kinds: Mapping[str, Kind],
    *,
    seed: int,
    as_of: date,
    scale: int = 1,
) -> Records:
    """The full life of an agreement from its signing to `as_of`, with invented, numbered parties.

    Parameters
    ----------
    agreement
        Any agreement; its departments act, so a rehearsal's folder names invented ones.
    kinds
        Kinds of match by key (``match.load_kinds()``); payloads follow their fields and rules. A clause whose kinds
        are unknown here gets cases without listings.
    seed
        The same seed gives the same records.
    as_of
        The last day of the life; before the signing there are only parties.
    scale
        How many times over: 1 plays each clause's chain once in every state.

    Returns
    -------
    Records
        Sorted by date within each type. Every payload passes its kind's check, every move its guards.
    """
    script, shelf = Script(agreement, seed, as_of, scale), Shelf()
    cast = engage(script)
    head = Records(agreement.key, agreement.title, agreement.banner, seed, as_of.isoformat(), cast.parties)
    if not script.days:
        return head
    chains = play(script, cast, kinds, shelf)
    conferences = list(confer(script, shelf))
    seen = visits(script, cast)
    moves = list(work(script, shelf))
    return Records(
        head.agreement,
        head.title,
        head.banner,
        head.seed,
        head.as_of,
        cast.parties,
        tuple(sorted(chains.listings, key=lambda one: (one.valid_from, one.id))),
        tuple(sorted(chains.cases, key=lambda one: (one.opened_on, one.id))),
        tuple(sorted(chains.steps, key=lambda one: (one.on, one.case))),
        tuple(sorted(moves, key=lambda one: (one.on, one.clause, one.action, one.sequence))),
        correspond(script),
        tuple(conference for conference, _ in conferences),
        tuple(decision for _, decided in conferences for decision in decided),
        targets(script, chains.steps),
        seen,
        practise(script, seen),
        tuple(sorted(chains.certificates, key=lambda one: (one.issued_on, one.id))),
        supplements(script),
        tuple(shelf.texts[key] for key in sorted(shelf.texts)),
    )
