"""Addresses of accounts inside an agreement."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import account_views as views

urlpatterns = [
    *twin("join/", views.join, "join"),
    *twin("join/<str:receipt>/", views.receipt, "receipt"),
    *twin("registrations/", views.registrations, "registrations"),
    path("registrations/verify/", views.verify_registration, name="verify_registration"),
    path("registrations/refuse/", views.refuse_registration, name="refuse_registration"),
    *twin("units/", views.units, "units"),
    path("units/add/", views.add_unit, name="add_unit"),
    *twin("people/locks/", views.locks, "locks"),
    path("people/unlock/", views.unlock, name="unlock"),
    *twin("own/", views.own, "own"),
    path("own.zip", views.own_file, name="own_file"),
    path("own/erase/", views.erase_own, name="erase_own"),
]
