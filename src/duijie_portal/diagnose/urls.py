"""Addresses of the diagnosis."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import views

urlpatterns = [
    *twin("diagnose/", views.pair, "diagnose"),
    *twin("diagnose/opportunities/", views.opportunities, "opportunities"),
    *twin("diagnose/scenarios/", views.scenarios, "scenarios"),
    path("diagnose/scenarios/keep/", views.keep_scenario, name="keep_scenario"),
    *twin("diagnose/scenarios/<slug:scenario>/", views.scenario, "scenario"),
    *twin("diagnose/industries/<slug:region>/<slug:industry>/", views.cell, "cell"),
]
