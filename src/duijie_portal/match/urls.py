"""Addresses of matching."""

from django.urls import path

from duijie_portal.ledger.pages import twin

from . import fact_views, import_views, merge_views, views, visit_views

urlpatterns = [
    *twin("match/", views.proposals, "match"),
    *twin("match/listings/", views.listings, "listings"),
    *twin("match/cases/", views.cases, "cases"),
    *twin("match/cases/<str:case>/", views.case, "case"),
    path("match/cases/<str:case>/step/", views.record_step, name="record_step"),
    path("match/cases/<str:case>/confirm/", views.confirm_step, name="confirm_step"),
    path("match/cases/<str:case>/return/", views.return_step, name="return_step"),
    path("match/cases/<str:case>/withdraw/", views.withdraw_step, name="withdraw_step"),
    path("match/cases/<str:case>/correct/", views.correct_step, name="correct_step"),
    path("match/cases/<str:case>/decline/", views.decline_case, name="decline_case"),
    path("match/cases/<str:case>/files/<slug:sha256>/", views.case_file, name="case_file"),
    path("match/cases/<str:case>/files/<slug:sha256>/<str:name>", views.case_file, name="case_file"),
    path("match/accept/", views.accept_match, name="accept_match"),
    path("match/decline/", views.decline_match, name="decline_match"),
    path("match/reconsider/", views.reconsider_match, name="reconsider_match"),
    *twin("match/imports/", import_views.imports, "imports"),
    *twin("match/imports/<str:table>/", import_views.table, "import"),
    *twin("match/data/", import_views.data_quality, "data_quality"),
    *twin("match/organisations/", fact_views.organisations, "organisations"),
    *twin("match/firm-visits/", visit_views.firm_visits, "firm_visits"),
    path("match/firm-visits/record/", visit_views.record_visit, name="record_visit"),
    *twin("match/facts/", fact_views.facts, "facts"),
    path("match/talents/erase/", fact_views.erase_talent, name="erase_talent"),
    *twin("match/merges/", merge_views.merges, "merges"),
    path("match/merges/find/", merge_views.find_merges, name="find_merges"),
    path("match/merges/decide/", merge_views.decide_merge, name="decide_merge"),
    path("match/merges/undo/", merge_views.undo_merge, name="undo_merge"),
    path("match/import/", import_views.open_import, name="open_import"),
    path("match/imports/<str:table>/corrected.xlsx", import_views.corrected, name="corrected"),
    path("match/imports/<str:table>/columns/", import_views.map_import, name="map_import"),
    path("match/imports/<str:table>/take/", import_views.take_import, name="take_import"),
    path("match/imports/<str:table>/drop/", import_views.drop_import, name="drop_import"),
]
