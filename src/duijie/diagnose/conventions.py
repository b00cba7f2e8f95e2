"""The silent differences between complexity packages, named: one engine reproduces each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from duijie.errors import InputError

__all__ = ["CONVENTIONS", "Convention", "convention"]


@dataclass(frozen=True, slots=True)
class Convention:
    """How one package defines what all of them call by the same names.

    Parameters
    ----------
    is_strict
        Present where RCA > 1; otherwise where RCA ≥ 1.
    steps
        Reflections instead of the eigenvector, this many; 0 for the eigenvector.
    spread
        Divisor of a standard score: ``population`` (n), ``sample`` (n − 1), ``cells`` (each region counted once an
        industry, n·m − 1), or ``sum``: no standard score, the vector is divided by its sum.
    is_pci_own
        PCI in its own standard scores; otherwise on ECI's scale, which keeps ECI = mean PCI of what is present.
    proximity
        Name of the normalisation of co-occurrence (see :func:`duijie.diagnose.relatedness.proximity`).
    diagonal
        Whether an industry is near itself (1) or not counted as its own neighbour (0).
    density_scale
        1 for shares, 100 for per cent.
    is_outlook_raw
        COI and COG from PCI that is scaled but not centred.
    is_coi_standard
        COI in standard scores.
    gain_by
        What a link's weight in COG is a share of: all that is near the industry whose complexity counts (``source``),
        or near the industry that would come (``target``); ``net`` is target minus that industry's own contribution,
        on present industries too.
    """

    name: str
    is_strict: bool = False
    steps: int = 0
    spread: Literal["population", "sample", "cells", "sum"] = "population"
    is_pci_own: bool = False
    proximity: str = "min"
    diagonal: float = 1.0
    density_scale: float = 1.0
    is_outlook_raw: bool = True
    is_coi_standard: bool = True
    gain_by: Literal["source", "target", "net"] = "source"


CONVENTIONS = {
    one.name: one
    for one in (
        Convention("atlas"),
        Convention("stata", is_strict=True, spread="cells", diagonal=0.0),
        Convention(
            "datawheel",
            steps=19,
            spread="sample",
            is_pci_own=True,
            diagonal=0.0,
            is_outlook_raw=False,
            is_coi_standard=False,
            gain_by="net",
        ),
        Convention(
            "econgeo",
            spread="sum",
            is_pci_own=True,
            proximity="probability",
            diagonal=0.0,
            density_scale=100.0,
            is_outlook_raw=False,
            is_coi_standard=False,
            gain_by="target",
        ),
        Convention(
            "econcomplex",
            is_pci_own=True,
            diagonal=0.0,
            density_scale=100.0,
            is_outlook_raw=False,
            is_coi_standard=False,
            gain_by="target",
        ),
    )
}


def convention(name: str | Convention) -> Convention:
    """The convention of a name.

    ``atlas`` is py-ecomplexity 0.5, ``stata`` the Stata package ecomplexity, ``datawheel`` economic-complexity 0.3,
    ``econgeo`` the R package EconGeo (without its rounding to 4 and 2 digits), ``econcomplex`` econcomplex 1.0.

    Raises
    ------
    InputError
        No convention has this name.
    """
    if isinstance(name, Convention):
        return name
    if name not in CONVENTIONS:
        raise InputError("diagnose_convention_unknown", {"convention": name, "known": sorted(CONVENTIONS)})
    return CONVENTIONS[name]
