"""Addresses of the diagnosis."""

from duijie_portal.ledger.pages import twin

from . import views

urlpatterns = [*twin("diagnose/", views.pair, "diagnose")]
