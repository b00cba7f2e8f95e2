"""Who gets whom when both sides have limited capacity: an auction with a certified gap, and an exact flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from duijie.errors import InfeasibleError

__all__ = ["Assignment", "Candidates", "Quota", "assign_auction", "assign_flow", "demand_prices", "mutual_values"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_SCALE = 10**8
# the coarse step as a share of the mean value, and how many such steps below its prices the fine bidding begins
_COARSE, _MARGINS = 0.04, (4, 12)


@dataclass(frozen=True, eq=False)
class Candidates:
    """A sparse table of pairs: `offers[indptr[i]:indptr[i+1]]` are the candidates of need i, `values` their worth.

    Values are > 0 (pairs worth nothing are never assigned); `need_capacity` (needs,) and `offer_capacity` (offers,)
    are ≥ 0. A pair stands at most once.
    """

    indptr: Ints
    offers: Ints
    values: Floats
    need_capacity: Ints
    offer_capacity: Ints

    @property
    def needs(self) -> Ints:
        """The need of each pair."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))


@dataclass(frozen=True, slots=True)
class Quota:
    """How many assigned places a group of offers (small firms, a town) gets: `least` as far as possible, `most`."""

    least: int = 0
    most: int | None = None


@dataclass(frozen=True, eq=False)
class Assignment:
    """Which pairs are assigned, and the proof of how good that is.

    `is_assigned` (pairs,); `prices` (offers,) ≥ 0 are the dual prices that prove the bound; `value` is the sum
    assigned, `bound` an upper bound on any assignment's.
    """

    is_assigned: NDArray[np.bool_]
    prices: Floats
    value: float
    bound: float
    method: str

    @property
    def gap_share(self) -> float:
        """How far below the best possible this can be, as a share of the bound; 0 where nothing can be assigned."""
        return max(0.0, self.bound - self.value) / self.bound if self.bound > 0 else 0.0


def assign_auction(table: Candidates, *, gap_share: float = 8e-6, max_bids: int | None = None) -> Assignment:
    """Assign by auction: needs bid for places until nobody wants to change; at most `gap_share` below the best.

    Zero capacity on a side leaves it out; no pairs give an empty assignment. Where equal values make the bidding
    long (more than `max_bids`, by default 60 a pair), the exact flow answers instead.

    Notes
    -----
    Forward auction with capacities. An offer's price is 0 until it is full and then its lowest accepted bid, so the
    dual value Σ capacity · price + Σ best net values bounds every assignment from above, and each assigned place
    loses at most ε against it.

    References
    ----------
    Bertsekas (1988), The auction algorithm. Bertsekas & Castañon (1989), for transportation problems.
    """
    if not len(table.values) or not table.values.max() > 0:
        return _finished(table, np.zeros(len(table.values), bool), np.zeros(len(table.offer_capacity)), "auction")
    step = gap_share * float(table.values[table.values > 0].mean())
    budget = 60 * len(table.values) + 1_000_000 if max_bids is None else max_bids
    capacity = np.minimum(table.offer_capacity, np.bincount(table.offers, minlength=len(table.offer_capacity)))
    capacity = capacity.astype(np.int64)
    if int(table.need_capacity.max()) > 1:
        found = _bidding(_auction, table, capacity, step, budget)
    else:
        found = _scarce(table, capacity, gap_share, step, budget) if int(capacity.max()) > 1 else None
        found = found or _bidding(_auction_of_ones, table, capacity, step, budget, np.zeros(len(capacity)))
    return found or assign_flow(table)


def _scarce(table: Candidates, capacity: Ints, gap_share: float, step: float, budget: int) -> Assignment | None:
    """Bid coarsely first, then finely from a little below the prices found; None where prices began too high.

    An offer that then stays with empty places at a price above 0 shows in the gap, so nothing is taken on trust.
    """
    coarse = _COARSE * float(table.values[table.values > 0].mean())
    rough = _bidding(_auction_of_ones, table, capacity, coarse, budget, np.zeros(len(capacity)))
    for margin in _MARGINS:
        if rough is None:
            return None
        begin = np.maximum(0.0, rough.prices - margin * coarse) * (capacity > 0)
        found = _bidding(_auction_of_ones, table, capacity, step, budget, begin)
        if found is not None and found.gap_share <= gap_share:
            return found
    return None


def _bidding(
    auction: Any, table: Candidates, capacity: Ints, step: float, budget: int, *begin: Floats
) -> Assignment | None:
    """One auction; None where it took too long."""
    # small numbers: the bidding waits for memory more than it computes
    pairs = (np.asarray(table.indptr, np.int64), table.offers.astype(np.int32), table.values)
    held, prices, is_done = auction(*pairs, table.need_capacity, capacity, step, budget, *begin)
    return _finished(table, held, np.where(capacity > 0, prices, 0.0), "auction") if is_done else None


def _finished(table: Candidates, held: NDArray[np.bool_], prices: Floats, method: str) -> Assignment:
    value = float(table.values[held].sum())
    # an offer without any place is out of reach at any price
    prices = np.where(table.offer_capacity > 0, prices, table.values.max(initial=0))
    bound = max(value, dual_bound(table, prices))
    return Assignment(held, prices, value, bound, method)


def dual_bound(table: Candidates, prices: Floats) -> float:
    """No assignment is worth more than this, whatever the prices ≥ 0 are.

    Notes
    -----
    Σ_j capacity_j p_j + Σ_i (sum of the capacity_i largest positive values v_ij − p_j).
    """
    usable = np.bincount(table.offers, minlength=len(prices))
    places = float((np.minimum(table.offer_capacity, usable) * prices).sum())
    nets = np.maximum(table.values - prices[table.offers], 0)
    sizes = np.diff(table.indptr)
    if not len(nets) or int(table.need_capacity[sizes > 0].max()) <= 1:
        best = np.maximum.reduceat(nets, table.indptr[:-1][sizes > 0]) if len(nets) else nets
        return places + float((best * table.need_capacity[sizes > 0]).sum())
    needs = table.needs
    order = np.lexsort((-nets, needs))
    rank = np.arange(len(nets)) - table.indptr[:-1][needs]
    return places + float(nets[order][rank < table.need_capacity[needs]].sum())


@njit(cache=True, nogil=True)
def _auction_of_ones(indptr, offers, values, need_capacity, capacity, step, budget, begin):  # type: ignore[no-untyped-def]
    """The same where no need takes more than one: less to remember, less than half the time."""
    place = np.zeros(len(capacity) + 1, np.int64)
    place[1:] = np.cumsum(capacity)
    # an empty place is one that nobody has bid for yet
    bids, owner = np.repeat(begin, capacity), np.full(place[-1], -1, np.int32)
    # nobody bids for an offer without places
    prices = np.where(capacity > 0, begin, np.inf)
    edge_of, held = np.full(len(indptr) - 1, -1, np.int64), np.zeros(len(values), np.bool_)
    queue = np.flatnonzero(need_capacity)
    head, n_waiting = 0, len(queue)
    while n_waiting > 0 and budget > 0:
        need = queue[head]
        head = head + 1 if head + 1 < len(queue) else 0
        n_waiting -= 1
        best, net, rest = _two_best(indptr, offers, values, prices, need)
        if best < 0:
            continue
        budget -= 1
        offer = offers[best]
        start, size = place[offer], capacity[offer]
        loser, edge_of[need] = owner[start], best
        _replace(bids, owner, start, size, prices[offer] + (net - rest) + step, need)
        prices[offer] = bids[start]
        if loser >= 0:
            edge_of[loser] = -1
            queue[(head + n_waiting) % len(queue)] = loser
            n_waiting += 1
    for edge in edge_of:
        if edge >= 0:
            held[edge] = True
    return held, prices, n_waiting == 0


@njit(cache=True, nogil=True)
def _two_best(indptr, offers, values, prices, need):  # type: ignore[no-untyped-def]
    """The best pair of a need at these prices, −1 where none is worth anything, and the two best net values."""
    best, net, rest = np.int64(-1), 0.0, 0.0
    for edge in range(np.uint64(indptr[need]), np.uint64(indptr[need + 1])):
        worth = values[edge] - prices[offers[edge]]
        if worth > rest:
            if worth > net:
                best, net, rest = np.int64(edge), worth, net
            else:
                rest = worth
    return best, net, rest


@njit(cache=True, nogil=True)
def _auction(indptr, offers, values, need_capacity, capacity, step, budget):  # type: ignore[no-untyped-def]
    n_needs, n_offers = len(indptr) - 1, len(capacity)
    place = np.zeros(n_offers + 1, np.int64)
    place[1:] = np.cumsum(capacity)
    bids, edges = np.empty(place[-1]), np.empty(place[-1], np.int64)
    # nobody bids for an offer without places
    n_taken, prices = np.zeros(n_offers, np.int64), np.where(capacity > 0, 0.0, np.inf)
    held, left = np.zeros(len(values), np.bool_), need_capacity.copy()
    owner = np.empty(len(values), np.int32)
    for need in range(n_needs):
        owner[indptr[need] : indptr[need + 1]] = need
    queue, is_queued = np.arange(n_needs), np.ones(n_needs, np.bool_)
    head, n_waiting = 0, n_needs
    while n_waiting > 0:
        need = queue[head]
        head = head + 1 if head + 1 < n_needs else 0
        n_waiting -= 1
        is_queued[need] = False
        while left[need] > 0:
            if budget <= 0:
                return held, prices, False
            edge, net, rest = _choice(indptr, offers, values, prices, held, need, left[need])
            if edge < 0:
                break
            budget -= 1
            offer = offers[edge]
            bid = prices[offer] + (net - rest) + step
            held[edge] = True
            left[need] -= 1
            if n_taken[offer] < capacity[offer]:
                _push(bids, edges, place[offer], n_taken[offer], bid, edge)
                n_taken[offer] += 1
            else:
                out = edges[place[offer]]
                _replace(bids, edges, place[offer], capacity[offer], bid, edge)
                held[out] = False
                loser = owner[out]
                left[loser] += 1
                if loser != need and not is_queued[loser]:
                    queue[(head + n_waiting) % n_needs] = loser
                    is_queued[loser] = True
                    n_waiting += 1
            if n_taken[offer] == capacity[offer]:
                prices[offer] = bids[place[offer]]
    return held, prices, True


@njit(cache=True, nogil=True)
def _choice(indptr, offers, values, prices, held, need, n_wanted):  # type: ignore[no-untyped-def]
    """The best pair not yet held, its net value, and the net value that will be forgone: the (n_wanted + 1)-th best."""
    best, net, rest = np.int64(-1), 0.0, 0.0
    for edge in range(np.uint64(indptr[need]), np.uint64(indptr[need + 1])):
        worth = values[edge] - prices[offers[edge]]
        if worth > rest and not held[edge]:
            if worth > net:
                best, net, rest = np.int64(edge), worth, net
            else:
                rest = worth
    if n_wanted == 1 or best < 0:
        return best, net, rest
    # several places wanted: what is forgone lies further down
    ceiling, last, rest = net, best, 0.0
    for _ in range(n_wanted):
        rest, at = 0.0, np.int64(-1)
        for edge in range(indptr[need], indptr[need + 1]):
            worth = values[edge] - prices[offers[edge]]
            is_below = worth < ceiling or (worth == ceiling and edge > last)
            if not held[edge] and is_below and worth > rest:
                rest, at = worth, np.int64(edge)
        if at < 0:
            return best, net, 0.0
        ceiling, last = rest, at
    return best, net, rest


@njit(cache=True, nogil=True)
def _push(bids, edges, start, size, bid, edge):  # type: ignore[no-untyped-def]
    at = size
    while at > 0:
        up = (at - 1) // 2
        if bids[start + up] <= bid:
            break
        bids[start + at], edges[start + at] = bids[start + up], edges[start + up]
        at = up
    bids[start + at], edges[start + at] = bid, edge


@njit(cache=True, nogil=True)
def _replace(bids, edges, start, size, bid, edge):  # type: ignore[no-untyped-def]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        if down + 1 < size and bids[start + down + 1] < bids[start + down]:
            down += 1
        if bids[start + down] >= bid:
            break
        bids[start + at], edges[start + at] = bids[start + down], edges[start + down]
        at = down
    bids[start + at], edges[start + at] = bid, edge


def assign_flow(
    table: Candidates,
    *,
    groups: NDArray[np.int64] | None = None,
    quotas: Mapping[int, Quota] | None = None,
    crowding: float = 0.0,
) -> Assignment:
    """Assign by minimum-cost flow: the best there is (values to 1e-8), with quotas and a price on crowding.

    `groups` (offers,) names the group of each offer; a quota's `least` is met as far as any assignment can.
    `crowding` is taken off the value of the second place of an offer, twice that off the third, and so on: it spreads
    exposure over more offers.

    Raises
    ------
    InfeasibleError
        The solver found no flow; cannot happen for capacities ≥ 0.
    """
    network = _Network(table, groups, dict(quotas or {}), crowding)
    held = network.solve() if len(table.values) else np.zeros(0, bool)
    value = float(table.values[held].sum())
    prices = demand_prices(table, held) if not quotas and not crowding else np.zeros(len(table.offer_capacity))
    bound = value if quotas or crowding else max(value, min(dual_bound(table, prices), value + 1e-8 * len(held)))
    return Assignment(held, prices, value, bound, "flow")


def demand_prices(table: Candidates, held: NDArray[np.bool_], *, rounds: int = 200) -> Floats:
    """What one more place at each offer would be worth to those who went without it, shape (offers,).

    0 where an offer has places left or nobody waits: high means in demand. The least prices that support an optimal
    assignment; `rounds` bounds the length of the chains of displacement that are followed.

    Notes
    -----
    Bellman–Ford from below: p_j = max over needs i without j of (v_ij − what i keeps at the present prices).
    """
    prices = np.zeros(len(table.offer_capacity))
    taken = np.bincount(table.offers[held], minlength=len(prices))
    is_full = (taken >= table.offer_capacity) & (taken > 0)
    for _ in range(min(rounds, len(prices) + 1)):
        risen = np.where(is_full, np.maximum(prices, _wished_prices(table, held, prices, table.needs)), 0.0)
        if np.allclose(risen, prices, atol=1e-12):
            break
        prices = risen
    return np.where(table.offer_capacity > 0, prices, table.values.max(initial=0))


def _wished_prices(table: Candidates, held: NDArray[np.bool_], prices: Floats, needs: Ints) -> Floats:
    nets = np.where(held, table.values - prices[table.offers], np.inf)
    worst_held = np.full(len(table.indptr) - 1, np.inf)
    np.minimum.at(worst_held, needs, nets)
    n_held = np.bincount(needs[held], minlength=len(worst_held))
    standing = np.where(n_held < table.need_capacity, 0.0, worst_held)
    wished = np.zeros(len(prices))
    others = ~held & (table.need_capacity[needs] > 0)
    np.maximum.at(wished, table.offers[others], (table.values - np.maximum(standing[needs], 0))[others])
    return wished


@dataclass(frozen=True, eq=False)
class _Network:
    table: Candidates
    groups: NDArray[np.int64] | None
    quotas: Mapping[int, Quota]
    crowding: float

    def solve(self) -> NDArray[np.bool_]:
        table, flow = self.table, min_cost_flow.SimpleMinCostFlow()
        n_needs, n_offers = len(table.need_capacity), len(table.offer_capacity)
        source, sink = n_needs + n_offers, n_needs + n_offers + 1
        units = np.rint(table.values * _SCALE).astype(np.int64)
        pairs = _arcs(flow, table.needs, n_needs + table.offers, np.ones(len(units)), -units)
        _arcs(flow, np.full(n_needs, source), np.arange(n_needs), table.need_capacity, np.zeros(n_needs))
        self._to_sink(flow, n_needs, sink)
        total = int(table.need_capacity.sum())
        _arcs(flow, [source], [sink], [total], [0])
        flow.set_node_supply(source, total)
        flow.set_node_supply(sink, -total)
        if flow.solve() != flow.OPTIMAL:
            raise InfeasibleError("match_flow_failed", {"n": len(units)})
        return np.asarray(flow.flows(pairs) > 0) & (table.values > 0)

    def _to_sink(self, flow: Any, n_needs: int, sink: int) -> None:
        offers = np.arange(len(self.table.offer_capacity))
        ends = np.full(len(offers), sink)
        if self.groups is not None and self.quotas:
            ends = sink + 1 + np.asarray(self.groups)
            self._quota_arcs(flow, sink)
        places = np.minimum(self.table.offer_capacity, np.bincount(self.table.offers, minlength=len(offers)))
        if not self.crowding:
            _arcs(flow, n_needs + offers, ends, places, np.zeros(len(offers)))
            return
        heads = np.repeat(offers, places)
        turn = np.arange(len(heads)) - np.repeat(np.cumsum(places) - places, places)
        _arcs(flow, n_needs + heads, ends[heads], np.ones(len(heads)), np.rint(turn * self.crowding * _SCALE))

    def _quota_arcs(self, flow: Any, sink: int) -> None:
        total = int(self.table.need_capacity.sum())
        # one place of a quota outweighs any sum of values on a path
        bonus = 4 * _SCALE * int(np.ceil(max(1.0, float(self.table.values.max()))))
        for group in range(int(np.max(self.groups)) + 1 if self.groups is not None else 0):
            quota = self.quotas.get(group, Quota())
            most = total if quota.most is None else quota.most
            least = min(quota.least, most)
            _arcs(flow, [sink + 1 + group] * 2, [sink] * 2, [least, most - least], [-bonus, 0])


def _arcs(flow: Any, tails: Any, heads: Any, capacities: Any, costs: Any) -> Any:
    return flow.add_arcs_with_capacity_and_unit_cost(
        np.asarray(tails, np.int32),
        np.asarray(heads, np.int32),
        np.asarray(capacities, np.int64),
        np.asarray(costs, np.int64),
    )


def mutual_values(table: Candidates) -> Floats:
    """How much both sides want each pair, 0–1: the harmonic mean of its value relative to each side's best.

    References
    ----------
    Pizzato et al. (2010), RECON: a reciprocal recommender.
    """
    best_of_need, best_of_offer = np.zeros(len(table.need_capacity)), np.zeros(len(table.offer_capacity))
    np.maximum.at(best_of_need, table.needs, table.values)
    np.maximum.at(best_of_offer, table.offers, table.values)
    ours = table.values / np.where(best_of_need > 0, best_of_need, 1)[table.needs]
    theirs = table.values / np.where(best_of_offer > 0, best_of_offer, 1)[table.offers]
    return np.asarray(2 * ours * theirs / np.where(ours + theirs > 0, ours + theirs, 1))
