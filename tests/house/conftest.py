"""What the house tests look at: the source tree and its doors."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def sources() -> tuple[Path, ...]:
    """Every Python file of the product, migrations left out."""
    return tuple(
        path for path in sorted((ROOT / "src").rglob("*.py")) if not {"migrations", "static"} & set(path.parts)
    )
