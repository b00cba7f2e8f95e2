"""Addresses of matching."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import views

urlpatterns = [
    *twin("match/", views.proposals, "match"),
    *twin("match/listings/", views.listings, "listings"),
    *twin("match/cases/", views.cases, "cases"),
    *twin("match/cases/<str:case>/", views.case, "case"),
    path("match/cases/<str:case>/step/", views.record_step, name="record_step"),
    path("match/cases/<str:case>/confirm/", views.confirm_step, name="confirm_step"),
]
