"""Meet: who meets whom, when and where; visits; bookings; calendars."""

from .calendars import feed
from .exchange import exchange_day
from .instance import Builder
from .itinerary import visits
from .planning import plan
from .replanning import replan
from .timetable import Timetable

__all__ = ["Builder", "Timetable", "exchange_day", "feed", "plan", "replan", "visits"]
