"""An agreement with nothing on record but what a test plays, in a home of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def store(db: None, tmp_path: Path, settings: Any) -> Callable[[Sequence[str]], Any]:
    """Gives an empty record in the database for an agreement of some sides."""
    from duijie_portal.accounts.models import Side
    from duijie_portal.ledger.models import Agreement
    from duijie_portal.ledger.store import DatabaseLog

    settings.HOME = tmp_path

    def make(sides: Sequence[str], key: str = "golden") -> DatabaseLog:
        agreement = Agreement.objects.create(key=key, title_zh=key, is_rehearsal=True, folder=str(tmp_path))
        agreement.sides.set([Side.objects.get_or_create(pk=one, defaults={"name_zh": one})[0] for one in sides])
        return DatabaseLog(agreement)

    return make
