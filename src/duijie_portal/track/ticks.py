"""What tracking does by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.ticks import every_tick

from .factor_services import tell_followers

__all__ = ["weekly_factors"]


@every_tick("factors", every=timedelta(hours=6))
def weekly_factors(now: datetime) -> int:
    """Tell each person, at most once a week, what came and went of the production factors they follow."""
    today = timezone.localdate(now)
    return sum(tell_followers(agreement, as_of=today) for agreement in Agreement.objects.all())
