"""Addresses of sharing."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import views

urlpatterns = [
    *twin("share/", views.overview, "share"),
    *twin("share/verdict/", views.verdict, "verdict"),
    path("share/log.jsonl", views.log, name="log_file"),
    path("share/keys.json", views.keys, name="keys_file"),
]
