"""Addresses of tracking."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import lead_views, views

urlpatterns = [
    *twin("track/", views.board, "track"),
    *twin("track/tickets/", views.tickets, "tickets"),
    path("track/tickets/open/", views.open_ticket, name="open_ticket"),
    *twin("track/leads/", lead_views.leads, "leads"),
    path("track/leads/report/", lead_views.report_lead, name="report_lead"),
    path("track/leads/dispute/", lead_views.dispute_lead, name="dispute_lead"),
    *twin("track/conference/", views.conference, "conference"),
    path("track/conference/hold/", views.hold_conference, name="hold_conference"),
    path("track/conference/minutes/", views.keep_minutes, name="keep_minutes"),
    path("track/conference/decide/", views.record_decision, name="record_decision"),
    *twin("track/practices/", views.practices, "practices"),
    path("track/practices/note/", views.note_practice, name="note_practice"),
    *twin("track/factors/", views.factors, "factors"),
    path("track/factors/follow/", views.follow_factor, name="follow_factor"),
    *twin("track/amendments/", views.amendments, "amendments"),
    path("track/amendments/propose/", views.propose_amendment, name="propose_amendment"),
    path("track/amendments/answer/", views.answer_amendment, name="answer_amendment"),
    *twin("track/changes/", views.changes, "changes"),
    *twin("track/clauses/<slug:clause>/", views.clause, "clause"),
    path("track/clauses/<slug:clause>/move/", views.move, name="move"),
    path("track/clauses/<slug:clause>/countersign/", views.countersign, name="countersign"),
]
