"""Addresses of sharing."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import views

urlpatterns = [
    *twin("share/", views.overview, "share"),
    *twin("share/verdict/", views.verdict, "verdict"),
    *twin("share/outgoing/", views.outgoing, "outgoing"),
    path("share/outgoing/clear/", views.clear, name="clear"),
    path("share/outgoing/release/", views.release, name="release"),
    path("share/log.jsonl", views.log, name="log_file"),
    path("share/keys.json", views.keys, name="keys_file"),
]
