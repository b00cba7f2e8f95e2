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
    *twin("share/outgoing/<str:table>/", views.batch, "batch"),
    path("share/outgoing/all/clear/", views.clear_batch, name="clear_batch"),
    path("share/outgoing/all/release/", views.release_batch, name="release_batch"),
    path("share/log.jsonl", views.log, name="log_file"),
    path("share/keys.json", views.keys, name="keys_file"),
]
