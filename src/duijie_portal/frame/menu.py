"""The pages of each section that a person may open: the row of links above them, and what a search for them finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from duijie.data import sentence

__all__ = ["MENU", "MenuItem", "items_called", "items_of"]


class MenuItem(NamedTuple):
    """A page by the name of its address and its word; `power` opens it, `looks_back` says whether it knows the past.

    `also` is a word under which people look for it as well.
    """

    name: str
    word: str
    power: str = "read"
    looks_back: bool = False
    is_official: bool = False
    also: str = ""


MENU: dict[str, tuple[MenuItem, ...]] = {
    "diagnose": (
        MenuItem("diagnose", "portal_why"),
        MenuItem("opportunities", "portal_opportunities"),
        MenuItem("scenarios", "portal_scenarios"),
    ),
    "match": (
        MenuItem("match", "portal_proposals"),
        MenuItem("listings", "portal_listings"),
        MenuItem("cases", "portal_cases"),
        MenuItem("organisations", "portal_organisations"),
        MenuItem("firm_visits", "portal_firm_visits", "brief.read"),
        MenuItem("facts", "portal_facts"),
        MenuItem("own_listings", "portal_own_listings", "listing.own"),
        MenuItem("applications", "portal_applications"),
        MenuItem("imports", "portal_imports", "case.step"),
        MenuItem("merges", "portal_merges", "case.step"),
        MenuItem("data_quality", "portal_data_quality", is_official=True),
    ),
    "meet": (
        MenuItem("meet", "portal_meet_timetable"),
        MenuItem("requests", "portal_meet_requests"),
        MenuItem("exchange_days", "portal_meet_days"),
        MenuItem("visits", "portal_meet_visits"),
        MenuItem("all_series", "portal_meet_series"),
        MenuItem("bookings", "portal_meet_bookings"),
        MenuItem("funnel", "portal_meet_funnel"),
        MenuItem("feeds", "portal_meet_feeds", "feed.own"),
    ),
    "track": (
        MenuItem("track", "portal_clauses", looks_back=True),
        MenuItem("tickets", "portal_docking", looks_back=True, also="portal_tickets"),
        MenuItem("leads", "portal_leads", "brief.read"),
        MenuItem("conference", "portal_conference", looks_back=True),
        MenuItem("practices", "portal_practices", looks_back=True),
        MenuItem("factors", "portal_factors"),
        MenuItem("amendments", "portal_amendments", looks_back=True),
        MenuItem("changes", "portal_changes"),
    ),
    "share": (
        MenuItem("share", "portal_log_title"),
        MenuItem("outgoing", "portal_outgoing", "record.clear"),
        MenuItem("exchange", "portal_exchange", "brief.read"),
    ),
    "": (
        MenuItem("inbox", "portal_inbox"),
        MenuItem("notifications", "portal_notifications"),
        MenuItem("preferences", "portal_preferences", "notice.own"),
        MenuItem("jobs", "portal_jobs", "job.own"),
        MenuItem("brief", "portal_brief", "brief.read"),
        MenuItem("own", "portal_own"),
        MenuItem("registrations", "portal_registrations", "registration.decide"),
        MenuItem("units", "portal_units_of"),
    ),
}
"""The pages by section; under "" stand those of the account's menu."""


def items_of(section: str, powers: Collection[str], *, is_party: bool) -> list[MenuItem]:
    """The pages of a section for someone with some powers."""
    return [one for one in MENU[section] if one.power in powers and not (one.is_official and is_party)]


def items_called(text: str, powers: Collection[str], *, is_party: bool) -> Iterator[MenuItem]:
    """The pages whose name, in either language, has the text in it."""
    for section in MENU:
        for one in items_of(section, powers, is_party=is_party):
            words = [one.word, one.also] if one.also else [one.word]
            if any(text.lower() in sentence(word, language).lower() for word in words for language in ("zh", "en")):
                yield one
