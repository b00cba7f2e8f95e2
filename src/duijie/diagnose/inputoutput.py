"""Input–output analysis of one economy: multipliers, linkages, extraction; an inverse only where one is needed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgWarning, lu_factor, lu_solve
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import splu

from duijie.errors import InfeasibleError, InputError
from duijie.terms import IOTable

__all__ = ["Economy", "Extraction", "Linkages", "Multipliers"]

Floats = NDArray[np.float64]
SMALL, MIXED = 200, 800


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

    @property
    def dense(self) -> Floats:
        """A as a dense array."""
        found = self.coefficients
        return found if isinstance(found, np.ndarray) else np.asarray(found.toarray(), dtype=np.float64)

    @cached_property
    def _solver(self) -> _Solver:
        return _Solver(self.coefficients)

    @cached_property
    def _behind(self) -> tuple[Floats, Floats | None, Floats | None]:
        """Output, value added and income that a unit of final demand sets in motion: one solve for all."""
        rates = [None if one is None else one * self._per_output for one in (self.value_added, self.income)]
        asked = [np.ones(len(self.output)), *(one for one in rates if one is not None)]
        output, *rest = self.content(np.stack(asked, axis=1)).T
        if output.min(initial=1) < 1 - 1e-9 and self.coefficients.min() >= 0:
            raise InfeasibleError("diagnose_no_surplus", {})
        value_added, income = (None if one is None else rest.pop(0) for one in rates)
        return output, value_added, income

    def total_output(self, final_demand: ArrayLike) -> Floats:
        """Output that a final demand needs, (sectors,) or (sectors, columns)."""
        return self._solver.solve(np.asarray(final_demand, dtype=np.float64))

    def content(self, per_output: ArrayLike) -> Floats:
        """Total content of a unit of final demand in anything given per unit of output (jobs, carbon), (sectors,)."""
        return self._solver.solve(np.asarray(per_output, dtype=np.float64), is_transposed=True)

    def multipliers(self) -> Multipliers:
        """What a unit of final demand for each sector's product sets in motion."""
        output, value_added, income = self._behind
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
        # Ghosh: (I − B)⁻¹1 = x⁻¹(I − A)⁻¹x for sectors that make something, so the same factor serves.
        asked = np.stack([np.ones(len(self.output)), self.output], axis=1)
        rows, ahead = self.total_output(asked).T
        forward = ahead * self._per_output
        return Linkages(*(one / one.mean() for one in (self._behind[0], forward, rows)))

    @cached_property
    def inverse(self) -> Floats:
        """The Leontief inverse; only extraction and decompositions need it."""
        return np.asarray(np.linalg.inv(np.eye(len(self.output)) - self.dense))

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
        self._is_single = isinstance(coefficients, np.ndarray) and len(coefficients) >= MIXED
        if not isinstance(coefficients, np.ndarray):
            factor = splu(csc_array(eye_array(coefficients.shape[0]) - coefficients))
            self._raw: _Raw = lambda b, t: factor.solve(b, "T" if t else "N")
        elif self._is_single:
            try:
                self._raw = _single(coefficients)
            except InfeasibleError:  # Singular in six digits is not singular in fifteen.
                self._raw, self._is_single = _double(coefficients), False
        else:
            self._raw = _double(coefficients)

    def solve(self, right: Floats, *, is_transposed: bool = False) -> Floats:
        found = self._raw(right, is_transposed)
        if not np.isfinite(found).all():
            raise InfeasibleError("diagnose_no_surplus", {})
        return self._refined(right, found, is_transposed) if self._is_single else found

    def _refined(self, right: Floats, found: Floats, is_transposed: bool) -> Floats:
        """Every digit of double precision, by solving for what is left; double throughout where that stalls."""
        matrix = self._matrix.T if is_transposed else self._matrix
        before = np.inf
        while True:
            rest = right - (found - matrix @ found)
            left = float(np.abs(rest).max(initial=0.0)) / max(float(np.abs(found).max(initial=0.0)), 1e-300)
            if left <= 2e-15 or left >= before / 2:
                break
            found, before = found + self._raw(rest, is_transposed), left
        if left <= 1e-13:
            return found
        self._raw, self._is_single = _double(self._matrix), False
        return self.solve(right, is_transposed=is_transposed)


_Raw = Callable[[Floats, bool], Floats]


def _double(coefficients: Floats) -> _Raw:
    matrix = np.eye(len(coefficients)) - coefficients
    if len(matrix) <= SMALL:  # Here a solve costs more in calls than an inverse does in arithmetic.
        try:
            inverse = np.linalg.inv(matrix)
        except np.linalg.LinAlgError as error:
            raise InfeasibleError("diagnose_no_surplus", {}) from error
        return lambda b, t: np.asarray((inverse.T if t else inverse) @ b)
    pair = _factor(matrix)
    return lambda b, t: lu_solve(pair, b, trans=int(t), check_finite=False)


def _single(coefficients: Floats) -> _Raw:
    # Half the work of double precision. The transpose is factorised: its columns are the rows that lie in memory.
    work = coefficients.astype(np.float32)
    np.negative(work, out=work)
    work[np.diag_indices_from(work)] += 1
    pair = _factor(work.T, overwrite=True)
    return lambda b, t: lu_solve(pair, b.astype(np.float32), trans=int(not t), check_finite=False).astype(np.float64)


def _factor(matrix: NDArray[np.floating], *, overwrite: bool = False) -> tuple[NDArray[np.floating], NDArray[np.int32]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)  # The diagonal below says it, and raises.
        pair = lu_factor(matrix, overwrite_a=overwrite, check_finite=False)
    if not pair[0].diagonal().all():
        raise InfeasibleError("diagnose_no_surplus", {})
    return pair[0], pair[1]
