"""What a person follows on the factor board; nobody else sees it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Agreement


class FactorWatch(models.Model):
    """A person is told each week what came and what went of one production factor; `told_on` is the last time."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="factor_watches")
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="+")
    factor = models.SlugField(max_length=40)
    told_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "agreement", "factor"], name="factor_watched_once")
        ]
