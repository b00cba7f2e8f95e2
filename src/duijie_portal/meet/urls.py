"""Addresses of meeting."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import views

urlpatterns = [*twin("meet/", views.timetable, "meet"), path("meet/calendar.ics", views.calendar, name="calendar")]
