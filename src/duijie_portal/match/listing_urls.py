"""Addresses of those outside the offices: own listings, one listing, posts, applications."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import listing_views as views

_ONE = "match/listings/<str:listing>/"

urlpatterns = [
    *twin("match/own/", views.own_listings, "own_listings"),
    *twin("match/own/new/", views.listing_new, "listing_new"),
    path("match/own/enter/", views.enter_listing, name="enter_listing"),
    *twin("match/posts/", views.posts, "posts"),
    *twin("match/follows/", views.followed, "followed"),
    path("match/follows/end/", views.unfollow_listing, name="unfollow_listing"),
    *twin("match/applications/", views.applications, "applications"),
    path("match/applications/withdraw/", views.withdraw_application, name="withdraw_application"),
    path("match/applications/appeal/", views.appeal_application, name="appeal_application"),
    path("match/applications/answer/", views.answer_application, name="answer_application"),
    path("match/applications/decide/", views.decide_appeal, name="decide_appeal"),
    *twin(_ONE, views.listing, "listing"),
    *twin(f"{_ONE}edit/", views.listing_edit, "listing_edit"),
    path(f"{_ONE}change/", views.change_listing, name="change_listing"),
    path(f"{_ONE}withdraw/", views.withdraw_listing, name="withdraw_listing"),
    path(f"{_ONE}follow/", views.follow_listing, name="follow_listing"),
    path(f"{_ONE}apply/", views.apply_to, name="apply"),
]
