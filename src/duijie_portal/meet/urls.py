"""Addresses of meeting."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import series_views, views, visit_views

_DAY = "meet/days/<str:day>/"
_VISIT = "meet/visits/<str:visit>/"
_SERIES = "meet/series/<str:series>/"

urlpatterns = [
    *twin("meet/", views.timetable, "meet"),
    path("meet/calendar.ics", views.calendar, name="calendar"),
    *twin("meet/requests/", views.requests, "requests"),
    path("meet/requests/ask/", views.ask, name="ask"),
    path("meet/requests/answer/", views.answer, name="answer"),
    path("meet/requests/withdraw/", views.withdraw, name="withdraw"),
    *twin("meet/days/", views.exchange_days, "exchange_days"),
    path("meet/days/open/", views.open_day, name="open_day"),
    *twin("meet/funnel/", views.funnel, "funnel"),
    *twin("meet/decisions/", views.decided, "decided"),
    *twin("meet/visits/", visit_views.visits, "visits"),
    path("meet/visits/open/", visit_views.open_visit, name="open_visit"),
    path("meet/visits/outlines/add/", visit_views.add_outline, name="add_outline"),
    path("meet/visits/outlines/drop/", visit_views.drop_outline, name="drop_outline"),
    *twin(_VISIT, visit_views.visit, "visit"),
    path(f"{_VISIT}host/", visit_views.add_host, name="add_host"),
    path(f"{_VISIT}group/", visit_views.add_group, name="add_group"),
    path(f"{_VISIT}train/", visit_views.add_train, name="add_train"),
    path(f"{_VISIT}road/", visit_views.add_road, name="add_road"),
    path(f"{_VISIT}place/", visit_views.add_place, name="add_place"),
    path(f"{_VISIT}drop/", visit_views.drop_entry, name="drop_entry"),
    path(f"{_VISIT}plan/", visit_views.plan_visit, name="plan_visit"),
    path(f"{_VISIT}out/", visit_views.put_host, name="put_host"),
    path(f"{_VISIT}off/", visit_views.call_off_visit, name="call_off_visit"),
    path(f"{_VISIT}paper/", visit_views.visit_paper, name="visit_paper"),
    path(f"{_VISIT}map.svg", visit_views.visit_map, name="visit_map"),
    *twin("meet/series/", series_views.all_series, "all_series"),
    path("meet/series/open/", series_views.open_series, name="open_series"),
    *twin(_SERIES, series_views.one_series, "one_series"),
    path(f"{_SERIES}change/", series_views.change_series, name="change_series"),
    path(f"{_SERIES}end/", series_views.end_series, name="end_series"),
    path(f"{_SERIES}move/", series_views.move_occasion, name="move_occasion"),
    path(f"{_SERIES}off/", series_views.call_off, name="call_off"),
    *twin("meet/bookings/", views.bookings, "bookings"),
    path("meet/bookings/resource/", views.add_resource, name="add_resource"),
    path("meet/bookings/change/", views.change_resource, name="change_resource"),
    path("meet/bookings/book/", views.book, name="book"),
    path("meet/bookings/cancel/", views.cancel_booking, name="cancel_booking"),
    *twin("meet/feeds/", views.feeds, "feeds"),
    path("meet/feeds/make/", views.make_feed, name="make_feed"),
    path("meet/feeds/revoke/", views.revoke_feed, name="revoke_feed"),
    path("meet/feed/<str:code>.ics", views.feed, name="feed"),
    path("meet/card/offline.js", views.offline, name="offline"),
    path("meet/card/<str:code>/", views.card, name="card"),
    path("meet/card/<str:code>/here/", views.here, name="here"),
    *twin(_DAY, views.exchange_day, "exchange_day"),
    path(f"{_DAY}plan/", views.plan_day, name="plan_day"),
    path(f"{_DAY}lock/", views.lock_meeting, name="lock_meeting"),
    path(f"{_DAY}away/", views.report_away, name="report_away"),
    path(f"{_DAY}late/", views.report_late, name="report_late"),
    path(f"{_DAY}desk/", views.at_desk, name="at_desk"),
    path(f"{_DAY}off/", views.call_off_day, name="call_off_day"),
    path(f"{_DAY}table/", views.report_table, name="report_table"),
    path(f"{_DAY}arrive/", views.arrive, name="arrive"),
    path(f"{_DAY}renew/", views.renew, name="renew_pass"),
    path(f"{_DAY}schedules.pdf", views.schedules, name="schedules"),
    path(f"{_DAY}signs.pdf", views.signs, name="signs"),
    path(f"{_DAY}attendance.pdf", views.attendance, name="attendance"),
    *twin(f"{_DAY}outcomes/", views.outcomes, "outcomes"),
    path(f"{_DAY}outcomes/tell/", views.tell_outcome, name="tell_outcome"),
]
