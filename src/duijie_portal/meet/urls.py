"""Addresses of meeting."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import views

_DAY = "meet/days/<str:day>/"

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
    *twin("meet/bookings/", views.bookings, "bookings"),
    path("meet/bookings/resource/", views.add_resource, name="add_resource"),
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
    path(f"{_DAY}table/", views.report_table, name="report_table"),
    path(f"{_DAY}arrive/", views.arrive, name="arrive"),
    path(f"{_DAY}renew/", views.renew, name="renew_pass"),
    path(f"{_DAY}schedules.pdf", views.schedules, name="schedules"),
    path(f"{_DAY}signs.pdf", views.signs, name="signs"),
    path(f"{_DAY}attendance.pdf", views.attendance, name="attendance"),
    *twin(f"{_DAY}outcomes/", views.outcomes, "outcomes"),
    path(f"{_DAY}outcomes/tell/", views.tell_outcome, name="tell_outcome"),
]
