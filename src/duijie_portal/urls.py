"""Every address: the five words below an agreement, accounts and languages beside it."""

from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from duijie_portal.frame import views

urlpatterns = [
    path("", views.chooser, name="chooser"),
    path("index.json", views.chooser, {"as_json": True}, name="chooser_json"),
    path("account/", include("allauth.urls")),
    path("language/", set_language, name="language"),
    path("favicon.ico", RedirectView.as_view(url="/static/frame/mark.svg")),
    path("health.json", views.healthy, name="health"),
    path("<slug:agreement>.json", views.home, {"as_json": True}, name="home_json"),
    path("<slug:agreement>/", include("duijie_portal.frame.urls")),
    path("<slug:agreement>/", include("duijie_portal.frame.account_urls")),
    path("<slug:agreement>/", include("duijie_portal.diagnose.urls")),
    path("<slug:agreement>/", include("duijie_portal.match.urls")),
    path("<slug:agreement>/", include("duijie_portal.match.listing_urls")),
    path("<slug:agreement>/", include("duijie_portal.meet.urls")),
    path("<slug:agreement>/", include("duijie_portal.track.urls")),
    path("<slug:agreement>/", include("duijie_portal.share.urls")),
]

handler500 = "duijie_portal.frame.refusals.failed"
