"""All complexity indicators of a table at once, under a named convention, at the speed of the hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from duijie.cells.figures import MOST
from duijie.errors import Fault, InputError
from duijie.terms import Counts, Progress, Reason, silent

from .bits import Bits, outlooks, packed, quotients
from .complexity import core, reflections, spectral_complexity
from .conventions import Convention, convention
from .relatedness import proximity

__all__ = ["Indicators", "checked", "indicators"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Indicators:
    """Every indicator of every region, industry and cell, with what a reader must be warned of.

    Cells (regions, industries): `rca`, `presence`, `density`, `gain` (COG). Regions: `diversity`, `eci`, `outlook`
    (COI). Industries: `ubiquity`, `pci`; `proximity` (industries, industries). NaN marks what has no answer (an empty
    region, a part of the network that hangs on to nothing); `warnings` say so as codes.
    """

    rca: Array
    presence: NDArray[np.bool_]
    diversity: NDArray[np.int64]
    ubiquity: NDArray[np.int64]
    eci: Array
    pci: Array
    proximity: Array
    density: Array
    outlook: Array
    gain: Array
    eigenvalue: float
    eigengap: float
    n_components: int
    convention: str
    warnings: tuple[Reason, ...]

    def to_arrow(self, regions: Sequence[str] = (), industries: Sequence[str] = ()) -> dict[str, pa.Table]:
        """Arrow tables ``regions``, ``industries``, ``cells``; numbers stand for names where none are given."""
        n, m = self.rca.shape
        names = [list(given) or [str(at) for at in range(size)] for given, size in ((regions, n), (industries, m))]
        index = np.repeat(np.arange(n, dtype=np.int32), m), np.tile(np.arange(m, dtype=np.int32), n)
        keys = [
            pa.DictionaryArray.from_arrays(pa.array(at), pa.array(one)) for at, one in zip(index, names, strict=True)
        ]
        cells = {"rca": self.rca, "presence": self.presence, "density": self.density, "cog": self.gain}
        heads = {"diversity": self.diversity, "eci": self.eci, "coi": self.outlook}
        return {
            "regions": pa.table({"region": names[0], **heads}),
            "industries": pa.table({"industry": names[1], "ubiquity": self.ubiquity, "pci": self.pci}),
            "cells": pa.table({"region": keys[0], "industry": keys[1],
                               **{name: np.ravel(column) for name, column in cells.items()}}),
        }  # fmt: skip

    def to_pandas(self, regions: Sequence[str] = (), industries: Sequence[str] = ()) -> dict[str, Any]:
        """The same tables as pandas frames; needs pandas."""
        return {name: table.to_pandas() for name, table in self.to_arrow(regions, industries).items()}


def indicators(
    values: ArrayLike | Counts,
    *,
    convention: str | Convention = "atlas",
    threshold: float = 1.0,
    least_diversity: int = 0,
    least_ubiquity: int = 0,
    dtype: Any = np.float64,
    progress: Progress = silent,
) -> Indicators:
    """RCA, presence, ECI, PCI, proximity, density, COI and COG of a table.

    Parameters
    ----------
    values
        (regions, industries) amounts, finite and ≥ 0, or :class:`~duijie.terms.Counts`.
    convention
        Whose definitions: ``atlas``, ``stata``, ``datawheel``, ``econgeo``, ``econcomplex``, or your own
        :class:`~duijie.diagnose.conventions.Convention`.
    threshold
        The quotient from which an industry counts as present.
    least_diversity, least_ubiquity
        Trim to the core in which every region holds, and every industry is held, at least so often; what is trimmed
        gets NaN. 0 trims nothing.
    dtype
        ``float64``, or ``float32`` for half the memory and about six digits.

    Returns
    -------
    Indicators

    Raises
    ------
    InputError
        A value is negative or not finite; all such cells are listed.

    Notes
    -----
    Where the network of regions and industries falls into parts, complexity is that of the largest part; the others
    get NaN and a warning.

    References
    ----------
    Hausmann et al. (2014), The Atlas of Economic Complexity; conventions in ``docs/reference/diagnose.md``.
    """
    table = checked(values, dtype)
    rules = _convention(convention)
    if least_diversity or least_ubiquity:
        return _trimmed(table, rules, threshold, least_diversity, least_ubiquity, dtype, progress)
    progress("indicators", 0, 4)
    rca, present = quotients(table, threshold, rules.is_strict)
    progress("indicators", 1, 4)
    held = packed(present)
    found = spectral_complexity(present, held)
    scaled = _scaled(rules, present, found.regions, found.industries)
    progress("indicators", 2, 4)
    near = proximity(held.together(dtype), method=rules.proximity, diagonal=rules.diagonal).astype(dtype, copy=False)
    progress("indicators", 3, 4)
    around, reach, adds = _neighbourhood(rules, present, held, near, scaled.outlook)
    progress("indicators", 4, 4)
    return Indicators(
        rca=rca,
        presence=present,
        diversity=present.sum(1),
        ubiquity=present.sum(0),
        eci=scaled.eci.astype(dtype, copy=False),
        pci=scaled.pci.astype(dtype, copy=False),
        proximity=near,
        density=around,
        outlook=reach.astype(dtype, copy=False),
        gain=adds,
        eigenvalue=found.eigenvalue,
        eigengap=found.eigengap,
        n_components=found.n_components,
        convention=rules.name,
        warnings=_warnings(present, found.n_components, found.eigengap),
    )


_convention = convention


def checked(values: ArrayLike | Counts, dtype: Any = np.float64) -> Array:
    """The amounts as an array, or an error that lists every cell that is negative, not finite or beyond any count.

    Raises
    ------
    InputError
        With a fault a cell (the first hundred).
    """
    table = np.asarray(values.values if isinstance(values, Counts) else values, dtype=dtype)
    if table.ndim != 2:
        raise InputError("diagnose_not_a_table", {"dimensions": table.ndim})
    # Two extremes are enough to clear a good table, for NaN is neither; only a bad one is searched.
    with np.errstate(invalid="ignore"):
        if not table.size or (table.min() >= 0 and table.max() <= MOST):
            return table
    wrong = np.argwhere(~((table >= 0) & (table <= MOST)))
    names = (values.regions, values.industries) if isinstance(values, Counts) else None
    faults = tuple(
        Fault(
            "diagnose_value_wrong",
            {"region": names[0][r] if names else int(r), "industry": names[1][i] if names else int(i)},
            {"value": float(table[r, i])},
        )
        for r, i in wrong[:100]
    )
    raise InputError("diagnose_values_wrong", {"n": len(wrong)}, faults=faults)


@dataclass(frozen=True, eq=False)
class _Scaled:
    eci: Array
    pci: Array
    outlook: Array


def _scaled(rules: Convention, present: NDArray[np.bool_], kc: Array, kp: Array) -> _Scaled:
    """ECI, PCI and the PCI that COI and COG use, as the convention scales them."""
    if rules.steps:
        # An odd number of steps: regions stop one step before industries, both at the same kind of average.
        kc, kp = reflections(present, steps=rules.steps - 1)[0], reflections(present, steps=rules.steps)[1]
    if rules.spread == "sum":
        return _shares(present, kc, kp)
    middle, width = float(np.nanmean(kc)) if np.isfinite(kc).any() else np.nan, _width(kc, rules, present.shape[1])
    eci = (kc - middle) / width
    if rules.is_pci_own:
        own = np.nanmean(kp) if np.isfinite(kp).any() else np.nan
        pci = (kp - own) / _width(kp, rules, present.shape[0])
    else:
        pci = (kp - middle) / width
    return _Scaled(eci, pci, kp / width if rules.is_outlook_raw else pci)


def _shares(present: NDArray[np.bool_], kc: Array, kp: Array) -> _Scaled:
    """Parts of a sum of 1 or −1: regions along their even reflection, industries against ubiquity (by rank)."""
    known, held = np.isfinite(kc), np.isfinite(kp)
    along = float(np.dot(kc[known] - kc[known].mean(), reflections(present, steps=20)[0][known])) if known.any() else 0
    against = float(np.dot(_centred_ranks(kp[held]), _centred_ranks(present.sum(0)[held])))
    eci = kc / abs(np.nansum(kc)) * (-1 if along < 0 else 1)
    pci = kp / abs(np.nansum(kp)) * (-1 if against > 0 else 1)
    return _Scaled(eci, pci, pci)


def _centred_ranks(values: Array) -> Array:
    """Ranks around 0, ties at their mean."""
    order = np.sort(values)
    return np.asarray(order.searchsorted(values) + order.searchsorted(values, "right") - len(values))


def _width(vector: Array, rules: Convention, times: int) -> float:
    """Standard deviation with the convention's divisor."""
    known = vector[np.isfinite(vector)]
    if not len(known):
        return float("nan")
    squares = float(((known - known.mean()) ** 2).sum())
    n = len(known)
    divisor = {"population": n, "sample": n - 1, "cells": (n * times - 1) / times}[rules.spread]
    return float(np.sqrt(squares / divisor)) if divisor > 0 else float("nan")


def _neighbourhood(
    rules: Convention, present: NDArray[np.bool_], held: Bits, near: Array, complexity: Array
) -> tuple[Array, Array, Array]:
    """Density, COI and COG: two sums over what is held, and one walk over their cells."""
    sums = near.sum(0, dtype=np.float64)
    inverse = np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)
    worth, ones = np.nan_to_num(complexity), np.ones(len(sums))
    weights, scale = (worth * inverse, ones) if rules.gain_by == "source" else (worth, inverse)
    around = held.sums(near, weights=ones, scale=inverse)
    adds = held.sums(near, weights=weights, scale=scale)
    whole = np.einsum("i,ij->j", weights, near) * scale  # Not by BLAS: its threads would wake for this alone.
    reach = outlooks(present, around, adds, worth, whole, rules.gain_by == "net")
    if rules.density_scale != 1:
        around *= near.dtype.type(rules.density_scale)
    if rules.is_coi_standard:
        width = _width(reach, rules, present.shape[1])
        reach = (reach - reach.mean()) / width if width > 0 else np.full_like(reach, np.nan)
    return around, reach, adds


def _warnings(present: NDArray[np.bool_], n_components: int, gap: float) -> tuple[Reason, ...]:
    empty_rows, empty_columns = int((~present.any(1)).sum()), int((~present.any(0)).sum())
    found = (
        ("diagnose_empty_regions", {"n": empty_rows}, empty_rows > 0),
        ("diagnose_empty_industries", {"n": empty_columns}, empty_columns > 0),
        ("diagnose_components", {"n": n_components}, n_components > 1),
        ("diagnose_eigengap", {"gap": gap}, gap < 1e-6),
        ("diagnose_too_small", {"regions": present.shape[0], "industries": present.shape[1]}, np.isnan(gap)),
    )
    return tuple(Reason(code, values, is_for=False) for code, values, is_so in found if is_so)


def _trimmed(
    table: Array, rules: Convention, threshold: float, regions: int, industries: int, dtype: Any, progress: Progress
) -> Indicators:
    """The indicators of the core, put back at their places."""
    rows, columns = core(table, regions=regions, industries=industries)
    inside = indicators(
        table[np.ix_(rows, columns)], convention=rules, threshold=threshold, dtype=dtype, progress=progress
    )

    def back(part: Array, *axes: NDArray[np.bool_]) -> Array:
        blank: Any = {"b": False, "i": 0}.get(part.dtype.kind, np.nan)
        whole = np.full([len(axis) for axis in axes], blank, dtype=part.dtype)
        whole[np.ix_(*axes)] = part
        return whole

    trimmed = {"regions": int((~rows).sum()), "industries": int((~columns).sum())}
    return Indicators(
        **{name: back(getattr(inside, name), rows, columns) for name in ("rca", "presence", "density", "gain")},
        **{name: back(getattr(inside, name), rows) for name in ("diversity", "eci", "outlook")},
        **{name: back(getattr(inside, name), columns) for name in ("ubiquity", "pci")},
        proximity=back(inside.proximity, columns, columns),
        eigenvalue=inside.eigenvalue,
        eigengap=inside.eigengap,
        n_components=inside.n_components,
        convention=rules.name,
        warnings=(*inside.warnings, Reason("diagnose_trimmed", trimmed)),
    )
