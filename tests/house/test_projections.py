"""Rows that are written anew from the log hold nothing of the tables around them, and their keys fit every address."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")
django.setup()

from django.apps import apps  # noqa: E402 - needs the settings
from django.db import models  # noqa: E402
from django.test.utils import isolate_apps  # noqa: E402
from django.urls import resolve, reverse  # noqa: E402

from duijie_portal.accounts.models import KEY_LENGTH  # noqa: E402
from duijie_portal.ledger.models import Case, Listing, Party, Step  # noqa: E402

PROJECTIONS = {Party, Listing, Case, Step}
LONGEST = ("440100:0190f3a2-7c1e-7abc-8def-0123456789ab." * KEY_LENGTH)[: KEY_LENGTH - 5] + ".json"


def pointers(found: Iterable[Any]) -> list[Any]:
    """Every foreign key, one-to-one and many-to-many field that leads to a projection."""
    fields = [field for model in found for field in (*model._meta.concrete_fields, *model._meta.many_to_many)]
    return [field for field in fields if field.remote_field and field.remote_field.model in PROJECTIONS]


def test_no_other_table_points_to_a_projection() -> None:
    """Else deleting a projection would be refused, or would take rows with it that no event brings back."""
    others = set(apps.get_models(include_auto_created=True)) - PROJECTIONS
    assert [str(field) for field in pointers(others)] == []


def test_projections_join_each_other_without_a_constraint() -> None:
    """They are written anew one after the other, in any order."""
    found = pointers(PROJECTIONS)
    assert found
    bound = [field for field in found if field.db_constraint or field.remote_field.on_delete is not models.DO_NOTHING]
    assert [str(field) for field in bound] == []


@isolate_apps("duijie_portal.ledger")
def test_a_planted_foreign_key_is_found() -> None:
    """Each of the three kinds of pointer is seen."""

    class Stray(models.Model):
        one = models.ForeignKey(Party, models.PROTECT, related_name="+")
        other = models.OneToOneField(Step, models.CASCADE, related_name="+")
        many = models.ManyToManyField(Case, related_name="+")

        class Meta:
            app_label = "ledger"

    assert [field.name for field in pointers([Stray])] == ["one", "other", "many"]


@pytest.mark.parametrize("name", ["case", "case_json", "listing", "listing_json"])
def test_the_longest_key_fits_an_address(name: str) -> None:
    """Keys hold letters, digits, ``.``, ``_``, ``:`` and ``-``: an address carries them as they are."""
    path = reverse(name, args=["any", LONGEST])
    assert LONGEST in path
    found = resolve(path)
    assert (found.url_name, LONGEST in found.kwargs.values()) == (name, True)
