"""Small pools of listings that the tests of the wing share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from duijie.terms import Listing, Party, Source


def _listing(
    id: str, role: str, side: str = "110000", kind: str = "supply", basis: str = "published", **payload: Any
) -> Listing:
    own = {key: payload.pop(key) for key in ("industry", "valid_from", "valid_until") if key in payload}
    party = payload.pop("party", f"party-{id}")
    year = payload.pop("year", "2026")
    return Listing(id, kind, 1, role, side, party, payload, basis=basis, source=Source(as_of=year), **own)  # type: ignore[arg-type]


@pytest.fixture
def need() -> Callable[..., Listing]:
    return lambda id, side="110000", **payload: _listing(id, "need", side, **payload)


@pytest.fixture
def offer() -> Callable[..., Listing]:
    return lambda id, side="220000", **payload: _listing(id, "offer", side, **payload)


@pytest.fixture
def parties() -> Mapping[str, Party]:
    return {}
