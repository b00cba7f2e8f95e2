"""Addresses inside an agreement: home and what belongs to no section."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import brief_views, desk_views, firm_views, job_views, notice_views, views

urlpatterns = [
    path("", views.home, name="home"),
    *twin("brief/", brief_views.brief, "brief"),
    path("brief.docx", brief_views.brief_file, name="brief_file"),
    *twin("search/", views.search, "search"),
    *twin("firms/<str:party>/", firm_views.firm, "firm"),
    *twin("inbox/", views.inbox, "inbox"),
    path("inbox/answer/", desk_views.answer, name="desk_answer"),
    *twin("inbox/leave/", desk_views.leave, "leave"),
    path("inbox/leave/give/", desk_views.give_leave, name="give_leave"),
    path("inbox/leave/end/", desk_views.end_leave, name="end_leave"),
    path("inbox/leave/successor/", desk_views.hand_over, name="hand_over"),
    *twin("inbox/<slug:sort>/<str:key>/", desk_views.desk, "desk"),
    path("inbox/<slug:sort>/<str:key>/files/<slug:sha256>/", desk_views.desk_file, name="desk_file"),
    path("inbox/<slug:sort>/<str:key>/arrange/", desk_views.arrange, name="arrange"),
    *twin("notifications/", views.notifications, "notifications"),
    path("notifications/read/", views.read_all, name="read_all"),
    *twin("jobs/", job_views.jobs, "jobs"),
    path("jobs/results/", job_views.renew_results, name="renew_results"),
    *twin("jobs/<slug:job>/", job_views.job, "job"),
    path("jobs/<slug:job>/cancel/", job_views.cancel_job, name="cancel_job"),
    path("jobs/<slug:job>/again/", job_views.repeat_job, name="repeat_job"),
    *twin("notifications/preferences/", notice_views.preferences, "preferences"),
    path("notifications/preferences/set/", notice_views.set_preferences, name="set_preferences"),
    *twin("deliveries/", notice_views.deliveries, "deliveries"),
    path("deliveries/again/", notice_views.send_again, name="send_again"),
    path("deliveries/hooks/add/", notice_views.add_hook, name="add_hook"),
    path("deliveries/hooks/switch/", notice_views.switch_hook, name="switch_hook"),
    path("deliveries/hooks/renew/", notice_views.renew_hook, name="renew_hook"),
    *twin("people/", views.people, "people"),
    path("people/invite/", views.invite, name="invite"),
    path("people/switch/", views.switch, name="switch"),
    *twin("activity/", views.activity, "activity"),
]
