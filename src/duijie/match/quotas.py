"""How the places of a kind are shared out: quotas, fairness of exposure and mutual preference, as its file says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from duijie.errors import InfeasibleError

from .assignment import Assignment, Candidates, Quota, assign_auction, assign_flow, mutual_values
from .candidates import Pool, words_of
from .kinds import QuotaRule, Sharing

__all__ = ["Group", "GroupShare", "assign_shared", "groups_of"]

Truths = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Group:
    """Offers that a quota speaks of: `members` (offers,), and the places they are to get, `least` to `most`."""

    quota: str
    value: str
    members: Truths
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class GroupShare:
    """What a group was to get and what it got, in assigned places; `value` is empty for the whole of a quota."""

    quota: str
    value: str
    least: int
    most: int
    given: int


def assign_shared(sharing: Sharing, offers: Pool, table: Candidates) -> tuple[Assignment, tuple[GroupShare, ...]]:
    """Assign as the kind's file shares places out, and say what each group of a quota got.

    Without quotas and crowding the auction answers. A `least` is met as far as capacities and candidates allow, a
    `most` always; groups without candidates take no part.
    """
    table = _worths(sharing, table)
    groups = groups_of(sharing.quotas, offers, table)
    if not groups and not sharing.crowding:
        return assign_auction(table), ()
    if groups and np.sum([group.members for group in groups], axis=0).max() > 1:
        found = assign_overlapping(table, groups, crowding=sharing.crowding)
    else:
        found = _assign_apart(table, groups, sharing.crowding)
    given = np.bincount(table.offers[found.is_assigned], minlength=len(offers))
    return found, tuple(
        GroupShare(one.quota, one.value, one.least, one.most, int(given[one.members].sum())) for one in groups
    )


def _worths(sharing: Sharing, table: Candidates) -> Candidates:
    """The pairs' worth: the score, mixed with how much both sides want the pair."""
    if not sharing.mutual_share or not len(table.values):
        return table
    share = sharing.mutual_share
    return replace(table, values=(1 - share) * table.values + share * mutual_values(table))


def groups_of(quotas: Sequence[QuotaRule], offers: Pool, table: Candidates) -> tuple[Group, ...]:
    """The groups of all quotas that have a candidate, with their places."""
    has_candidate = np.bincount(table.offers, minlength=len(offers)) > 0
    asked = int(table.need_capacity[np.diff(table.indptr) > 0].sum())
    found = (group for quota in quotas for group in _groups(quota, offers, asked))
    return tuple(group for group in found if (group.members & has_candidate).any())


def _groups(quota: QuotaRule, offers: Pool, asked: int) -> Iterator[Group]:
    column = offers.column(quota.offer)
    least = max(quota.least, int(quota.least_share * asked))
    most = max(least, int(np.ceil(quota.most_share * asked)))
    if quota.values:
        wanted = [at for at, value in enumerate(column.values) if set(words_of(value)) & set(quota.values)]
        yield Group(quota.key, "", np.isin(column.groups, wanted), least, most)
        return
    for at, value in sorted(enumerate(column.values), key=lambda one: str(one[1])):
        if value is not None:
            yield Group(quota.key, str(value), column.groups == at, least, most)


def _assign_apart(table: Candidates, groups: Sequence[Group], crowding: float) -> Assignment:
    """No offer in two groups: one flow, to the optimum."""
    # offers of no group stand in one of their own, without a quota
    places = np.full(len(table.offer_capacity), len(groups), np.int64)
    for at, group in enumerate(groups):
        places[group.members] = at
    quotas = {at: Quota(group.least, group.most) for at, group in enumerate(groups)}
    return assign_flow(table, groups=places if groups else None, quotas=quotas, crowding=crowding)


def assign_overlapping(table: Candidates, groups: Sequence[Group], *, crowding: float = 0.0) -> Assignment:
    """Assign where an offer stands in several groups (small firms and a town): a mixed-integer programme.

    Fulfilled places of quotas come first, then the sum of values, to 1e-6 of it.

    Raises
    ------
    InfeasibleError
        The solver found nothing; cannot happen for capacities ≥ 0.

    Notes
    -----
    max Σ v x − crowding Σ t·y_t + M Σ met, Σ x ≤ capacities, met_g ≤ Σ_{g} x ≤ most_g, met_g ≤ least_g; y_t are the
    second, third, … places of an offer.
    """
    n, extra = len(table.values), _further_places(table)
    held = np.bincount(table.offers, minlength=len(table.offer_capacity)) * table.offer_capacity > 0
    by_need = _incidence(table.needs, len(table.need_capacity))
    by_offer = _incidence(table.offers, len(table.offer_capacity))
    members = sparse.csr_matrix(np.array([group.members for group in groups], float)) @ by_offer
    met = sparse.identity(len(groups))
    rows = sparse.bmat(
        [
            [by_need, None, None],
            [by_offer, -_incidence(extra, len(held)), None],
            [members, None, None],
            [-members, None, met],
        ]
    )
    tops = np.concatenate([table.need_capacity, held, [group.most for group in groups], np.zeros(len(groups))])
    turns = np.arange(len(extra)) - np.searchsorted(extra, extra) + 1
    weight = 4 * max(1.0, float(table.values.max(initial=0)))
    gains = np.concatenate([table.values, -crowding * turns, np.full(len(groups), weight)])
    upper = np.concatenate([table.values > 0, np.ones(len(extra)), [group.least for group in groups]])
    is_whole = np.arange(len(gains)) < n
    found = milp(
        -gains, constraints=LinearConstraint(rows, -np.inf, tops), bounds=Bounds(0, upper), integrality=is_whole
    )
    if found.x is None:
        raise InfeasibleError("match_flow_failed", {"n": n})
    chosen = found.x[:n] > 0.5
    value = float(table.values[chosen].sum())
    return Assignment(chosen, np.zeros(len(held)), value, value, "programme")


def _further_places(table: Candidates) -> NDArray[np.int64]:
    """The offer of each second, third, … place that could be taken."""
    usable = np.minimum(table.offer_capacity, np.bincount(table.offers, minlength=len(table.offer_capacity)))
    return np.repeat(np.arange(len(usable)), np.maximum(usable - 1, 0))


def _incidence(heads: NDArray[np.int64], n: int) -> sparse.csr_matrix:
    """Which column stands at which of `n` rows."""
    return sparse.csr_matrix((np.ones(len(heads)), (heads, np.arange(len(heads)))), shape=(n, len(heads)))
