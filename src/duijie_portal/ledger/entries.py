"""The tables of the record: entries with their parts, and what is folded from them beside parties, listings and cases.

Each model says whether it is a projection, a pure function of events that a rebuild writes anew, and why.
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models

__all__ = ["Decline", "DeskAct", "Entry", "EntryPart", "Grant", "Receipt", "Review", "Todo", "Word"]


class Entry(models.Model):
    """A sealed event: its header byte for byte, and what the store indexes of it."""

    is_projection: ClassVar = True
    because: ClassVar = "the log itself; its columns are worked out anew from the header and the parts"

    commit = models.CharField(max_length=64, primary_key=True)
    agreement = models.ForeignKey("ledger.Agreement", models.PROTECT, related_name="entries")
    log = models.CharField(max_length=140)
    side = models.CharField(max_length=12)
    is_inner = models.BooleanField(default=False)
    epoch = models.PositiveIntegerField(default=1)
    seq = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    header = models.BinaryField()
    signature = models.CharField(max_length=128, blank=True)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    on = models.DateField()
    recorded_at = models.DateTimeField()
    ordering = models.CharField(max_length=12, blank=True)
    place_epoch = models.PositiveIntegerField(null=True)
    place_seq = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["agreement", "side", "is_inner", "epoch", "seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["agreement", "side", "is_inner", "epoch", "seq"], name="entry_once_in_its_chain"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agreement", "subject"], name="entry_of_subject"),
            models.Index(fields=["agreement", "ordering", "place_seq"], name="entry_place"),
            models.Index(fields=["agreement", "-recorded_at"], name="entry_latest"),
        ]

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError("entries are append-only")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("entries are append-only")


class _Kept(models.Model):
    """A part of an entry: its salt and its bytes."""

    id = models.CharField(max_length=180, primary_key=True)
    entry = models.CharField(max_length=64, db_index=True)
    label = models.CharField(max_length=60)
    salt = models.BinaryField()
    data = models.BinaryField()

    class Meta:
        abstract = True


class EntryPart(_Kept):
    """A part that holds values; never erased."""

    is_projection: ClassVar = True
    because: ClassVar = "the log itself; its hash stands in the header of its entry"


class Word(_Kept):
    """A part that holds free text or something about a person; an erasure deletes the row."""

    is_projection: ClassVar = False
    because: ClassVar = "what people typed, held against its hash; it can be erased and the log still verifies"


class Receipt(models.Model):
    """What the portal of another side last said it holds: the heads in its last package."""

    is_projection: ClassVar = False
    because: ClassVar = "the receipt of another portal; its next package says it anew"

    id = models.CharField(max_length=100, primary_key=True)
    agreement = models.ForeignKey("ledger.Agreement", models.PROTECT, related_name="+")
    side = models.CharField(max_length=12)
    heads = models.JSONField()
    at = models.DateTimeField()


class Grant(models.Model):
    """A scope may read a row (`sort`, `key`) up to a stage: 0 public, 1 matched, 2 agreed, 3 own."""

    is_projection: ClassVar = True
    because: ClassVar = "folded from releases and from cases"

    id = models.CharField(max_length=600, primary_key=True)
    agreement = models.ForeignKey("ledger.Agreement", models.PROTECT, related_name="+")
    source = models.CharField(max_length=200, db_index=True)
    sort = models.CharField(max_length=20)
    key = models.CharField(max_length=160)
    scope = models.CharField(max_length=180)
    stage = models.PositiveSmallIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["sort", "scope", "key", "stage"], name="grant_of_scope"),
            models.Index(fields=["sort", "key"], name="grant_of_row"),
        ]


class Todo(models.Model):
    """Who is to do what next: a role of a side, a party or a department; derived, never typed in."""

    is_projection: ClassVar = True
    because: ClassVar = "folded from cases and reviews"

    id = models.CharField(max_length=400, primary_key=True)
    agreement = models.ForeignKey("ledger.Agreement", models.PROTECT, related_name="+")
    source = models.CharField(max_length=200, db_index=True)
    sort = models.CharField(max_length=20)
    key = models.CharField(max_length=160)
    act = models.CharField(max_length=20)
    role = models.CharField(max_length=20)
    side = models.CharField(max_length=12)
    party = models.CharField(max_length=160, blank=True)
    department = models.CharField(max_length=80, blank=True)
    person = models.CharField(max_length=80, blank=True)
    target = models.CharField(max_length=64)
    node = models.CharField(max_length=20, blank=True)
    since_on = models.DateField()
    due_on = models.DateField(null=True)
    # The day its own side set, no column: the desk's own word, laid over the row where a list is made.
    own_due_on: date | None = None

    stuck_after_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["since_on", "id"]
        indexes: ClassVar = [
            models.Index(fields=["agreement", "side", "act"], name="todo_of_side"),
            models.Index(fields=["agreement", "party", "act"], name="todo_of_party"),
        ]


class Review(models.Model):
    """Where the latest revision of a party or a listing stands at its own side's review."""

    is_projection: ClassVar = True
    because: ClassVar = "folded from both chains of its side; the other side holds none of it"

    id = models.CharField(max_length=200, primary_key=True)
    agreement = models.ForeignKey("ledger.Agreement", models.PROTECT, related_name="+")
    sort = models.CharField(max_length=20)
    key = models.CharField(max_length=160)
    side = models.CharField(max_length=12)
    party = models.CharField(max_length=160, blank=True)
    state = models.CharField(max_length=12)
    of = models.CharField(max_length=64)
    note = models.CharField(max_length=64, blank=True)
    cleared_at = models.DateTimeField(null=True)
    since_on = models.DateField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["agreement", "side", "sort", "state"], name="review_of_side")]


class DeskAct(models.Model):
    """What the people of a side arranged among themselves about something: reminded, handed on, instructed, circulated.

    `who` said it, for `for_person` where they stood in for one; `departments` and `people` are whom it is addressed to.
    """

    is_projection: ClassVar = True
    because: ClassVar = "folded from the inner chain of its side; nobody outside the side knows of it"

    id = models.CharField(max_length=64, primary_key=True)
    agreement = models.ForeignKey("ledger.Agreement", models.PROTECT, related_name="+")
    source = models.CharField(max_length=200, db_index=True)
    at = models.PositiveIntegerField()
    side = models.CharField(max_length=12)
    sort = models.CharField(max_length=20)
    key = models.CharField(max_length=160)
    what = models.CharField(max_length=20)
    asks = models.CharField(max_length=20, blank=True)
    item = models.CharField(max_length=400, blank=True)
    answers = models.CharField(max_length=64, blank=True)
    on = models.DateField()
    from_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    role = models.CharField(max_length=20, blank=True)
    by = models.CharField(max_length=160, blank=True)
    who = models.CharField(max_length=80, blank=True)
    for_person = models.CharField(max_length=80, blank=True)
    departments = models.JSONField(default=list)
    people = models.JSONField(default=list)
    is_open = models.BooleanField(default=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["agreement", "side", "what", "is_open"], name="desk_of_side")]


class Decline(models.Model):
    """A suggestion that a side declined before the other side took it up; nobody outside the side knows of it."""

    is_projection: ClassVar = True
    because: ClassVar = "folded from the inner chain of its side"

    id = models.CharField(max_length=400, primary_key=True)
    agreement = models.ForeignKey("ledger.Agreement", models.PROTECT, related_name="+")
    side = models.CharField(max_length=12)
    party = models.CharField(max_length=160)
    need = models.CharField(max_length=160)
    offer = models.CharField(max_length=160)
    reason = models.CharField(max_length=80)
    on = models.DateField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["agreement", "side", "party"], name="decline_of_party")]
