"""The chain need → match → meeting → intent → signed → approved → started → delivered, and its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CHAIN", "Step"]

CHAIN = ("need", "match", "meeting", "intent", "signed", "approved", "started", "delivered")


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded step of a case.

    `kind` is a node of :data:`CHAIN` or ``refused``; `on` an ISO date; `side` the region code whose actor recorded
    it; `amount` with its `unit` where the step has one; `reason` a structured refusal; `is_confirmed` True once the
    other side countersigned; `evidence` the SHA-256 of each file.
    """

    case: str
    clause: str
    kind: str
    on: str
    side: str
    actor: str
    amount: float | None = None
    unit: str = ""
    reason: str = ""
    is_confirmed: bool = False
    evidence: tuple[str, ...] = ()
    payload: Mapping[str, Any] = field(default_factory=dict)
