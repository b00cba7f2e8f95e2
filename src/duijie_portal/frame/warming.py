"""What a process does once and keeps – imports, the files of agreements and kinds, the folds – before anybody waits."""

from __future__ import annotations

import logging
from threading import Thread

from django.db import connections
from django.urls import get_resolver
from django.utils import timezone

from duijie_portal.accounts.models import Person, Role
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.readers import matches_for
from duijie_portal.track import selectors as track

__all__ = ["begin_warming", "warm"]

_FIRST = (Role.COORDINATOR, Role.LEADER, Role.OFFICER)  # who opens the portal in the morning


def begin_warming() -> Thread:
    """Warm in a thread beside the first requests: a server that is slow to start would be taken for dead."""
    thread = Thread(target=_warm_aside, name="warming", daemon=True)
    thread.start()
    return thread


def warm() -> int:
    """Load what every page needs; how many folds were made."""
    _ = get_resolver().url_patterns  # imports every page
    n_folds = 0
    for agreement in Agreement.objects.prefetch_related("sides"):
        for side in agreement.sides.all():
            for role in _FIRST:
                person = Person(role=role, side=side)
                track.standing(agreement, person, as_of=timezone.localdate())
                matches_for(agreement, person)
                n_folds += 1
    return n_folds


def _warm_aside() -> None:
    try:
        warm()
    except Exception:
        logging.getLogger(__name__).warning("warming failed", exc_info=True)
    finally:
        connections.close_all()
