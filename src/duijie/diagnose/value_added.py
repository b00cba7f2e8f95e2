"""Whose value added is in what is traded, and what changed between two tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["KWW", "WWZ", "Structure", "Trade", "structural_decomposition"]

Floats = NDArray[np.float64]

KWW = (
    "final_direct",
    "intermediate_absorbed",
    "intermediate_third",
    "returned_final",
    "returned_intermediate",
    "double_counted_domestic",
    "foreign_final",
    "foreign_intermediate",
    "double_counted_foreign",
)
"""The nine terms of Koopman, Wang & Wei (2014) in their order; the first three are value-added exports."""

WWZ = (
    "final",
    "intermediate_absorbed",
    "reexported_intermediate_to_third_final",
    "reexported_final_to_third",
    "reexported_intermediate_final",
    "returned_final_from_partner",
    "returned_final_from_third",
    "returned_intermediate",
    "double_counted_final",
    "double_counted_intermediate",
    "partner_in_final",
    "partner_in_intermediate",
    "double_counted_partner",
    "third_in_final",
    "third_in_intermediate",
    "double_counted_third",
)
"""The sixteen terms of Wang, Wei & Zhu (2013) in their order; their sum is the bilateral gross export."""


class Trade:
    """Several regions' joined table, ready for the decompositions of gross exports.

    Parameters
    ----------
    coefficients
        (n·m, n·m) by region then sector.
    final_demand
        (n·m, n): what each region takes finally.
    n_regions
        n.
    """

    def __init__(self, coefficients: ArrayLike, final_demand: ArrayLike, n_regions: int) -> None:
        self.a, self.y = np.asarray(coefficients, dtype=np.float64), np.asarray(final_demand, dtype=np.float64)
        self.n, self.m = n_regions, len(self.a) // n_regions
        self.b: Floats = np.asarray(np.linalg.inv(np.eye(len(self.a)) - self.a), dtype=np.float64)
        self.x = self.b @ self.y
        self.v = 1 - self.a.sum(0)
        self.local = [np.linalg.inv(np.eye(self.m) - self._block(self.a, r, r)) for r in range(self.n)]

    def _at(self, region: int) -> slice:
        return slice(region * self.m, (region + 1) * self.m)

    def _block(self, matrix: Floats, row: int, column: int) -> Floats:
        return matrix[self._at(row), self._at(column)]

    def _bought(self, seller: int, buyer: int) -> Floats:
        return self.y[self._at(seller), buyer]

    def exports(self, seller: int, buyer: int) -> Floats:
        """Gross exports of one region to another by sector, (sectors,): final and intermediate goods."""
        return np.asarray(
            self._bought(seller, buyer) + self._block(self.a, seller, buyer) @ self.x[self._at(buyer)].sum(1)
        )

    def _exports(self, seller: int) -> Floats:
        return np.asarray(np.sum([self.exports(seller, other) for other in range(self.n) if other != seller], axis=0))

    def kww(self, region: int) -> dict[str, float]:
        """A region's gross exports in the nine terms of :data:`KWW`; they sum to its exports.

        References
        ----------
        Koopman, Wang & Wei (2014), Tracing value-added and double counting in gross exports, AER 104.
        """
        s, others = region, [r for r in range(self.n) if r != region]
        own = self.v[self._at(s)]

        def from_home(r: int) -> Floats:
            return np.asarray(own @ self._block(self.b, s, r))

        def use(r: int) -> Floats:
            """What of the region's intermediates another makes for itself, and for its own exports."""
            return np.stack([self._block(self.a, s, r) @ self.local[r] @ one
                             for one in (self._bought(r, r), self._exports(r))], axis=1)  # fmt: skip

        back = [from_home(r) @ self._block(self.a, r, s) @ self.local[s] for r in others]
        abroad = sum((self.v[self._at(t)] @ self._block(self.b, t, s) for t in others), np.zeros(self.m))
        taken = sum((use(r) for r in others), np.zeros((self.m, 2)))
        terms = (
            sum(from_home(s) @ self._bought(s, r) for r in others),
            sum(from_home(r) @ self._bought(r, r) for r in others),
            sum(from_home(r) @ self._bought(r, t) for r in others for t in others if t != r),
            sum(from_home(r) @ self._bought(r, s) for r in others),
            sum(one @ self._bought(s, s) for one in back),
            sum(one @ self._exports(s) for one in back),
            abroad @ sum((self._bought(s, r) for r in others), np.zeros(self.m)),
            abroad @ taken[:, 0],
            abroad @ taken[:, 1],
        )
        return {name: float(term) for name, term in zip(KWW, terms, strict=True)}

    def wwz(self, seller: int, buyer: int) -> dict[str, Floats]:
        """One region's gross exports to another by sector in the sixteen terms of :data:`WWZ`; they sum to the exports.

        References
        ----------
        Wang, Wei & Zhu (2013), Quantifying international production sharing at the bilateral and sector levels,
        NBER 19677.
        """
        s, r = seller, buyer
        third = [t for t in range(self.n) if t not in (s, r)]
        goods = self._block(self.a, s, r)
        v, b, y = self.v, self.b, self._bought
        inside = v[self._at(s)] @ self.local[s]
        whole = v[self._at(s)] @ self._block(b, s, s)
        partner = v[self._at(r)] @ self._block(b, r, s)
        rest = sum((v[self._at(t)] @ self._block(b, t, s) for t in third), np.zeros(self.m))

        def b_r(t: int) -> Floats:
            return self._block(b, r, t)

        zero = np.zeros(self.m)
        absorbed = b_r(r) @ y(r, r)
        onward = sum((b_r(t) @ y(t, t) for t in third), zero)
        final_onward = b_r(r) @ sum((y(r, t) for t in third), zero)
        wider = sum((b_r(t) @ sum((y(t, u) for u in range(self.n) if u not in (s, t)), zero) for t in third), zero)
        returns = b_r(r) @ y(r, s), sum((b_r(t) @ y(t, s) for t in third), zero), b_r(s) @ y(s, s)
        again = b_r(s) @ sum((y(s, t) for t in range(self.n) if t != s), zero)
        made = self.x[self._at(r)].sum(1)
        home, onwards = self.local[r] @ y(r, r), self.local[r] @ self._exports(r)
        terms = (
            whole * y(s, r),
            *(inside * (goods @ one) for one in (absorbed, onward, final_onward, wider, *returns, again)),
            (whole - inside) * (goods @ made),
            *(part * one for part in (partner, rest) for one in (y(s, r), goods @ home, goods @ onwards)),
        )
        return dict(zip(WWZ, terms, strict=True))


@dataclass(frozen=True, eq=False)
class Structure:
    """Change of output (sectors,) by `technology` and by `final_demand`; they sum to the change."""

    technology: Floats
    final_demand: Floats


def structural_decomposition(
    coefficients_before: ArrayLike, demand_before: ArrayLike, coefficients_after: ArrayLike, demand_after: ArrayLike
) -> Structure:
    """Why output changed between two tables: how things are made, or what is asked for (mean of the two polar forms).

    References
    ----------
    Dietzenbacher & Los (1998), Structural decomposition techniques, Economic Systems Research 10.
    """
    a0, a1 = (np.asarray(one, dtype=np.float64) for one in (coefficients_before, coefficients_after))
    f0, f1 = (np.asarray(one, dtype=np.float64) for one in (demand_before, demand_after))
    unit = np.eye(len(a0))
    # Four solves instead of two inverses.
    old, new = (np.linalg.solve(unit - a, np.stack([f0, f1], axis=1)) for a in (a0, a1))
    return Structure(((new - old).sum(1)) / 2, ((old + new) @ np.array([-1.0, 1.0])) / 2)
