"""Where a value comes from, and how a result was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Provenance", "Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """The publication a fact rests on.

    `url` is shown as a link only where `is_linked`, that is where its host is an official or press host of the
    allow-list in ``data/policies/hosts.yaml``; a mirror is named, never linked. `as_of` is the date or year the fact
    speaks of (ISO text, as exact as known), `basis` is ``published`` or ``derived``.
    """

    publisher: str = ""
    title: str = ""
    url: str = ""
    published_on: str = ""
    as_of: str = ""
    basis: str = "published"
    is_linked: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a result was made: hashes of the input, version of the library, parameters, seed."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "inputs": dict(self.inputs),
            "version": self.version,
            "parameters": dict(self.parameters),
            "seed": self.seed,
        }
