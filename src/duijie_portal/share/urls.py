"""Addresses of sharing."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import views

urlpatterns = [
    *twin("share/", views.overview, "share"),
    *twin("share/verdict/", views.verdict, "verdict"),
    *twin("share/exchange/", views.exchange, "exchange"),
    path("share/exchange/trust/", views.exchange_trust, name="exchange_trust"),
    path("share/exchange/take/", views.exchange_take, name="exchange_take"),
    path("share/exchange/<slug:side>/package.zip", views.exchange_package, name="exchange_package"),
    *twin("share/outgoing/", views.outgoing, "outgoing"),
    path("share/outgoing/clear/", views.clear, name="clear"),
    path("share/outgoing/release/", views.release, name="release"),
    path("share/outgoing/all/clear/", views.clear_batch, name="clear_batch"),
    path("share/outgoing/all/release/", views.release_batch, name="release_batch"),
    *twin("share/outgoing/<slug:sort>/<str:key>/", views.review, "review"),
    path("share/outgoing/<slug:sort>/<str:key>/back/", views.send_back, name="send_back"),
    path("share/outgoing/<slug:sort>/<str:key>/clear/", views.review_clear, name="review_clear"),
    path("share/outgoing/<slug:sort>/<str:key>/release/", views.review_release, name="review_release"),
    *twin("share/outgoing/<str:table>/", views.batch, "batch"),
    path("share/log.jsonl", views.log, name="log_file"),
    path("share/keys.json", views.keys, name="keys_file"),
]
