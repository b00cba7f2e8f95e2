"""Input–output analysis of one economy: multipliers, linkages, extraction; an inverse only where one is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError, lu_factor, lu_solve
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import splu

from duijie.errors import InfeasibleError, InputError
from duijie.terms import IOTable

__all__ = ["Economy", "Extraction", "Linkages", "Multipliers"]

Floats = NDArray[np.float64]
MIXED = 800


@dataclass(frozen=True, eq=False)
class Multipliers:
    """Output, value added and (with households) type II multipliers of a unit of final demand, (sectors,) each."""

    output: Floats
    value_added: Floats | None
    income: Floats | None
    output_type_two: Floats | None


@dataclass(frozen=True, eq=False)
class Linkages:
    """Rasmussen–Hirschman linkages with mean 1, (sectors,): `backward` of Leontief, `forward` of Ghosh.

    `sensitivity` is Rasmussen's own forward index from row sums of the Leontief inverse. A key sector has backward and
    forward above 1.
    """

    backward: Floats
    forward: Floats
    sensitivity: Floats

    @property
    def is_key(self) -> NDArray[np.bool_]:
        """Backward and forward above 1."""
        return (self.backward > 1) & (self.forward > 1)


@dataclass(frozen=True, eq=False)
class Extraction:
    """What the economy's output would lose without each sector, (sectors,): `loss` in the table's unit, `share` 0–1."""

    loss: Floats
    share: Floats


class Economy:
    """One economy's input–output model, factorised once and asked many things.

    Parameters
    ----------
    flows
        (sectors, sectors) sales of the row to the column; dense, or a SciPy sparse array.
    output
        (sectors,) total output, ≥ 0; a sector with none buys and sells nothing.
    value_added, income
        (sectors,), where known.
    consumption
        (sectors,) households' part of final demand, for type II.

    Raises
    ------
    InputError
        Shapes do not fit, or a value is not finite.
    InfeasibleError
        The economy buys more than it makes: I − A has no solution.

    References
    ----------
    Miller & Blair (2022), Input–Output Analysis, 3rd edition, chapters 2, 6 and 12.

    Examples
    --------
    >>> two = Economy([[150, 500], [200, 100]], [1000, 2000])
    >>> two.multipliers().output.round(3).tolist()
    [1.518, 1.452]
    """

    def __init__(
        self,
        flows: ArrayLike | csc_array,
        output: ArrayLike,
        *,
        value_added: ArrayLike | None = None,
        income: ArrayLike | None = None,
        consumption: ArrayLike | None = None,
    ) -> None:
        self.output = np.asarray(output, dtype=np.float64)
        self.flows = flows.tocsc() if hasattr(flows, "tocsc") else np.asarray(flows, dtype=np.float64)
        if self.flows.shape != (len(self.output),) * 2:
            raise InputError("diagnose_flows_shape", {"flows": self.flows.shape, "sectors": len(self.output)})
        total = self.flows.sum()
        if not (np.isfinite(total) and np.isfinite(self.output).all()):
            raise InputError("diagnose_flows_not_finite", {})
        self.value_added, self.income, self.consumption = (
            None if one is None else np.asarray(one, dtype=np.float64) for one in (value_added, income, consumption)
        )

    @classmethod
    def of(cls, table: IOTable) -> Economy:
        """The model of a table."""
        return cls(table.flows, table.output, value_added=table.value_added)

    @cached_property
    def _per_output(self) -> Floats:
        return np.divide(1, self.output, out=np.zeros_like(self.output), where=self.output > 0)

    @cached_property
    def coefficients(self) -> Floats | csc_array:
        """A: what a unit of the column's output buys from the row."""
        if isinstance(self.flows, np.ndarray):
            return self.flows * self._per_output
        return csc_array(self.flows.multiply(self._per_output[None, :]))

    @cached_property
    def _solver(self) -> _Solver:
        return _Solver(self.coefficients)

    def total_output(self, final_demand: ArrayLike) -> Floats:
        """Output that a final demand needs, (sectors,) or (sectors, columns)."""
        return self._solver.solve(np.asarray(final_demand, dtype=np.float64))

    def content(self, per_output: ArrayLike) -> Floats:
        """Total content of a unit of final demand in anything given per unit of output (jobs, carbon), (sectors,)."""
        return self._solver.solve(np.asarray(per_output, dtype=np.float64), is_transposed=True)

    def multipliers(self) -> Multipliers:
        """What a unit of final demand for each sector's product sets in motion."""
        rates = [None if one is None else one * self._per_output for one in (self.value_added, self.income)]
        asked = [np.ones(len(self.output)), *(one for one in rates if one is not None)]
        found = iter(self.content(np.stack(asked, axis=1)).T)
        output = next(found)
        if output.min(initial=1) < 1 - 1e-9 and self.coefficients.min() >= 0:
            raise InfeasibleError("diagnose_no_surplus", {})
        value_added, income = (None if one is None else next(found) for one in rates)
        return Multipliers(output, value_added, income, self._type_two(output, income))

    def _type_two(self, output: Floats, income: Floats | None) -> Floats | None:
        """Households as one more sector, by a border instead of a larger matrix."""
        if income is None or self.income is None or self.consumption is None:
            return None
        spent = self.consumption / self.income.sum()
        round_trip = float(income @ spent)
        if round_trip >= 1:
            raise InfeasibleError("diagnose_households_spend_too_much", {"round_trip": round_trip})
        return output + income * float(output @ spent) / (1 - round_trip)

    def linkages(self) -> Linkages:
        """How much each sector pulls from behind and pushes ahead, against the mean sector."""
        ones = np.ones(len(self.output))
        backward, rows = self.content(ones), self.total_output(ones)
        # Ghosh: (I − B)⁻¹1 = x⁻¹(I − A)⁻¹x for sectors that make something, so the same factor serves.
        forward = self.total_output(self.output) * self._per_output
        return Linkages(*(one / one.mean() for one in (backward, forward, rows)))

    @cached_property
    def inverse(self) -> Floats:
        """The Leontief inverse; only extraction and decompositions need it."""
        dense = self.coefficients if isinstance(self.coefficients, np.ndarray) else self.coefficients.toarray()
        inverse = np.linalg.inv(np.eye(len(dense)) - dense)
        return np.asarray(inverse)

    def extraction(self) -> Extraction:
        """What all output would lose if a sector neither bought nor sold and its demand were met from elsewhere.

        Notes
        -----
        loss_j = (colsum L)_j · x_j / L_jj: one inverse answers for all sectors.

        References
        ----------
        Dietzenbacher & Lahr (2013), Expanding extractions, Economic Systems Research 25.
        """
        loss = self.inverse.sum(0) * self.output / self.inverse.diagonal()
        return Extraction(loss, loss / self.output.sum())


class _Solver:
    """(I − A)⁻¹ applied to columns: sparse LU, LU, or LU in single precision refined to double."""

    def __init__(self, coefficients: Floats | csc_array) -> None:
        self._matrix = coefficients
        if not isinstance(coefficients, np.ndarray):
            factor = splu(csc_array(eye_array(coefficients.shape[0]) - coefficients))
            self._raw: Callable[[Floats, bool], Floats] = lambda b, t: factor.solve(b, "T" if t else "N")
        elif len(coefficients) < MIXED:
            pair = _factor(np.eye(len(coefficients)) - coefficients)
            self._raw = lambda b, t: lu_solve(pair, b, trans=int(t), check_finite=False)
        else:
            self._raw = self._single(coefficients)

    def _single(self, coefficients: Floats) -> Callable[[Floats, bool], Floats]:
        # Half the work of double precision; refinement below brings every digit back.
        work = np.array(coefficients, dtype=np.float32, order="F")
        np.negative(work, out=work)
        work[np.diag_indices_from(work)] += 1
        pair = _factor(work, overwrite=True)
        return lambda b, t: lu_solve(pair, b.astype(np.float32), trans=int(t), check_finite=False).astype(np.float64)

    def solve(self, right: Floats, *, is_transposed: bool = False) -> Floats:
        matrix = self._matrix.T if is_transposed else self._matrix
        found = self._raw(right, is_transposed)
        if not np.isfinite(found).all():
            raise InfeasibleError("diagnose_no_surplus", {})
        before = np.inf
        for _ in range(12):
            rest = right - (found - matrix @ found)
            size = float(np.abs(rest).max(initial=0.0))
            if size <= 1e-15 * float(np.abs(found).max(initial=0.0)) or size >= before / 2:
                break
            found, before = found + self._raw(rest, is_transposed), size
        return np.asarray(found)


def _factor(matrix: NDArray[np.floating], *, overwrite: bool = False) -> tuple[NDArray[np.floating], NDArray[np.int32]]:
    try:
        pair = lu_factor(matrix, overwrite_a=overwrite, check_finite=False)
    except (LinAlgError, ValueError) as error:
        raise InfeasibleError("diagnose_no_surplus", {}) from error
    if not pair[0].diagonal().all():
        raise InfeasibleError("diagnose_no_surplus", {})
    return pair[0], pair[1]
