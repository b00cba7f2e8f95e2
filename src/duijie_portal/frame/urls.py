"""Addresses inside an agreement: home and what belongs to no section."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    *twin("search/", views.search, "search"),
    *twin("notifications/", views.notifications, "notifications"),
    path("notifications/read/", views.read_all, name="read_all"),
    *twin("people/", views.people, "people"),
    path("people/invite/", views.invite, name="invite"),
    path("people/switch/", views.switch, name="switch"),
    *twin("activity/", views.activity, "activity"),
]
