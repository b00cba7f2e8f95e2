"""The records of an agreement; each has one owning side, and every change of it is a sealed event.

Party, listing, case and step are projections: rows that are deleted and written anew from the events. Between the four
a key is a join without a constraint; any other table holds their keys as text, so that writing them anew reaches
nothing else.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models

from duijie.data import files
from duijie.terms import Bilingual
from duijie_portal.accounts.models import KEY_LENGTH, Person, Side
from duijie_portal.accounts.tongues import Both

from .looking import looking
from .on_record import OnRecord
from .visibility import Gated, Visibility


def uuid7() -> uuid.UUID:
    """An identifier that sorts by the moment it was made (RFC 9562, version 7).

    Its first twelve free bits are the fraction of the millisecond: steps are read in the order of their keys, and many
    are made in one millisecond.
    """
    moment, rest = divmod(time.time_ns(), 1_000_000)
    bits = (moment << 80) | (7 << 76) | ((rest * 4096 // 1_000_000) << 64) | (2 << 62) | secrets.randbits(62)
    return uuid.UUID(int=bits)


def text_key() -> str:
    return str(uuid7())


class Agreement(models.Model):
    """An agreement; what it says of areas, clauses and actions stands in its data `folder`."""

    key = models.SlugField(max_length=80, primary_key=True)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300, blank=True)
    title = Both()
    banner_zh = models.TextField(blank=True)
    banner_en = models.TextField(blank=True)
    banner = Both()
    signed_on = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    is_rehearsal = models.BooleanField(default=False)
    sides = models.ManyToManyField(Side, related_name="agreements")
    folder = models.CharField(max_length=400)

    class Meta:
        ordering: ClassVar = ["is_rehearsal", "key"]

    def __str__(self) -> str:
        return self.key

    @property
    def agreement_id(self) -> str:
        return self.key


def action_key(agreement: Agreement, clause: str, action: str) -> str:
    """The key of the case of an action: the same on every node, whoever opens it."""
    return f"{agreement.pk}:{clause}:{action}"


class Owned(models.Model):
    """What every row has: its agreement and its owning side."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="+")
    side = models.ForeignKey(Side, models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Opened(Owned):
    """A row that its side opens to others: how far, and when."""

    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.OWN)
    released_at = models.DateTimeField(null=True, blank=True, help_text="signed off to leave the side")

    class Meta:
        abstract = True


class Held(Opened, OnRecord):
    """A row that is kept as a whole: its secrecy check stands with it."""

    cleared_at = models.DateTimeField(null=True, blank=True, help_text="secrecy check passed")

    class Meta:
        abstract = True


class PartyRows(Gated["Party"]):
    sort = "party"


class Party(Opened):
    """A firm, institute, fund, carrier, association, office or talent of one side."""

    is_projection: ClassVar = True
    because: ClassVar = "folded from what its side said of it"

    id = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    name_en = models.CharField(max_length=300, blank=True)
    uscc = models.CharField(max_length=18, blank=True)
    industry = models.CharField(max_length=8, blank=True, db_index=True)
    town = models.CharField(max_length=80, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    is_verified = models.BooleanField(default=False)
    revision = models.CharField(max_length=64)
    objects = PartyRows.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["agreement", "side", "kind"], name="party_of_side")]

    def __str__(self) -> str:
        return self.name


class ListingRows(Gated["Listing"]):
    sort = "listing"


class Listing(Opened):
    """A need or an offer: `kind@version`, the payload its kind file describes, and the columns that carry indexes.

    `payload` is its own side's latest revision; `opened` all fields of the revision that others read.
    """

    is_projection: ClassVar = True
    because: ClassVar = "folded from what its side said of it"

    id = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    kind = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField(default=1)
    role = models.CharField(max_length=5, choices=[("need", "need"), ("offer", "offer")])
    party = models.ForeignKey(Party, models.DO_NOTHING, db_constraint=False, related_name="listings")
    industry = models.CharField(max_length=8, blank=True)
    place = models.CharField(max_length=12, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=12, default="published")
    payload = models.JSONField(default=dict, blank=True)
    source = models.JSONField(default=dict, blank=True)
    revision = models.CharField(max_length=64)
    opened = models.JSONField(default=dict, blank=True)
    opened_revision = models.CharField(max_length=64, blank=True)
    opened_on = models.DateField(null=True)
    objects = ListingRows.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["agreement", "kind", "role"], name="listing_of_kind"),
            models.Index(fields=["agreement", "side", "industry"], name="listing_of_side"),
        ]

    def __str__(self) -> str:
        return self.id

    @classmethod
    def from_db(cls, *values: Any, **options: Any) -> Listing:
        """A row; of one that was open at a past K and is no longer, others read nothing there either."""
        row, look = super().from_db(*values, **options), looking()
        if look is not None and not look.is_whole and row.pk in look.withdrawn:
            row.opened = {}
        return row


class CaseRows(Gated["Case"]):
    sort = "case"

    def of_chain(self) -> CaseRows:
        """The cases of one need on its way with an offer."""
        return self.filter(kind__in=["", *(path.stem for path in files.listing("kinds"))])


class Case(Owned):
    """One need on its way with an offer, or any other kind of case; `state` is the fold of its steps."""

    is_projection: ClassVar = True
    because: ClassVar = "folded from its opening and its steps"

    id = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    clause = models.SlugField(max_length=80)
    kind = models.CharField(max_length=40, blank=True)
    definition = models.CharField(max_length=60)
    pinned = models.CharField(max_length=64)
    title_zh = models.CharField(max_length=300, blank=True)
    title_en = models.CharField(max_length=400, blank=True)
    need = models.ForeignKey(
        Listing, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="cases_as_need"
    )
    offer = models.ForeignKey(
        Listing, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="cases_as_offer"
    )
    need_party = models.ForeignKey(
        Party, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="cases_as_need"
    )
    offer_party = models.ForeignKey(
        Party, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="cases_as_offer"
    )
    roles = models.JSONField(default=dict)
    state = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=80, blank=True)
    last_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True)
    amount = models.DecimalField(max_digits=24, decimal_places=4, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    payload = models.JSONField(default=dict)
    # Whether an item of it was handed to whoever asks; looked up once a request.
    is_on_desk: bool | None = None

    tip = models.CharField(max_length=64)
    is_taken = models.BooleanField(default=True)
    opened_at = models.DateTimeField()
    objects = CaseRows.as_manager()

    class Meta:
        ordering: ClassVar = ["-last_on", "id"]
        indexes: ClassVar = [
            models.Index(fields=["agreement", "clause", "state"], name="case_of_clause"),
            models.Index(fields=["agreement", "-last_on", "id"], name="case_latest"),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def title(self) -> Bilingual:
        return Bilingual(self.title_zh or self.id, self.title_en)


class Step(models.Model):
    """A step of a case, under the id of its event; `counts` says whether figures take it.

    `state`: stands, returned, withdrawn, disputed; or how the fold sorted one that never took effect (overtaken,
    pending, irregular, late).
    """

    is_projection: ClassVar = True
    because: ClassVar = "folded with its case"

    id = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    case = models.ForeignKey(Case, models.DO_NOTHING, db_constraint=False, related_name="steps")
    at = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12)
    on = models.DateField()
    side = models.ForeignKey(Side, models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    by = models.CharField(max_length=KEY_LENGTH, blank=True)
    behalf = models.CharField(max_length=KEY_LENGTH, blank=True)
    amount = models.DecimalField(max_digits=24, decimal_places=4, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=80, blank=True)
    due_on = models.DateField(null=True)
    n_evidence = models.PositiveSmallIntegerField(default=0)
    is_confirmed = models.BooleanField(default=False)
    confirmed_on = models.DateField(null=True)
    counts = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="stands")
    return_reason = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering: ClassVar = ["on", "at", "id"]
        indexes: ClassVar = [models.Index(fields=["case", "at"], name="step_of_case")]


class RecordRows(Gated["Record"]):
    sort = "record"


_OF_A_PERSON = frozenset({"application"})


class Record(Held):
    """Anything else the sides keep together: decision, visit, certificate, practice and the like.

    `kind` names it, `payload` holds its fields; the other columns carry indexes.
    """

    is_for_all: ClassVar = True

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    kind = models.CharField(max_length=20)
    clause = models.SlugField(max_length=80, blank=True)
    state = models.CharField(max_length=20, blank=True)
    to_side = models.ForeignKey(Side, models.PROTECT, null=True, blank=True, related_name="+")
    department = models.SlugField(max_length=80, blank=True)
    party_id = models.CharField(max_length=KEY_LENGTH, blank=True, db_index=True)
    on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    done_on = models.DateField(null=True, blank=True)
    title_zh = models.CharField(max_length=300)
    title_en = models.CharField(max_length=400, blank=True)
    title = Both()
    payload = models.JSONField(default=dict, blank=True)
    objects = RecordRows.as_manager()

    class Meta:
        ordering: ClassVar = ["-on", "id"]
        indexes: ClassVar = [
            models.Index(fields=["agreement", "kind", "state", "due_on"], name="record_of_kind"),
            models.Index(fields=["agreement", "clause"], name="record_of_clause"),
        ]

    def __str__(self) -> str:
        return self.title_zh

    def erasable(self) -> frozenset[str]:
        return frozenset({"payload", "title_zh", "title_en"}) if self.kind in _OF_A_PERSON else frozenset()

    def parties_concerned(self) -> Iterable[str]:
        return (self.party_id,)


class Notification(models.Model):
    """A line for one person: a code with values, and where it leads."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="notifications")
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="+")
    code = models.CharField(max_length=60)
    values = models.JSONField(default=dict, blank=True)
    path = models.CharField(max_length=400)
    at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    passed_on_at = models.DateTimeField(null=True, blank=True, help_text="handed to the channels outside the portal")

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["person", "read_at"], name="notification_unread"),
            models.Index(fields=["id"], condition=models.Q(passed_on_at=None), name="notification_new"),
        ]


class Preference(models.Model):
    """How a person wants to hear outside the portal, and when not."""

    class Mail(models.TextChoices):
        OFF = "off"
        NOW = "now"
        DAILY = "daily"
        WEEKLY = "weekly"

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, related_name="preference")
    mail = models.CharField(max_length=6, choices=Mail.choices, default=Mail.OFF)
    hour = models.PositiveSmallIntegerField(default=9, help_text="of the digest")
    weekday = models.PositiveSmallIntegerField(default=1, help_text="of the weekly digest, 1 is Monday")
    quiet_from = models.PositiveSmallIntegerField(default=20, help_text="hour; equal hours: never quiet")
    quiet_until = models.PositiveSmallIntegerField(default=8)
    is_on_working_days_only = models.BooleanField(default=True)
    is_urgent_at_once = models.BooleanField(default=True)


class Hook(models.Model):
    """An address of a side's own house that hears of its lines: its office messenger, for instance."""

    side = models.ForeignKey(Side, models.PROTECT, related_name="+")
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    url = models.URLField(max_length=300)
    key_number = models.PositiveSmallIntegerField(default=1, help_text="counts the keys it has had")
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]


class Delivery(models.Model):
    """What is to leave the portal once: written with the line it is about, sent until the receiver has it."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"
        DROPPED = "dropped"

    key = models.CharField(max_length=120, unique=True, help_text="the receiver knows a repetition by it")
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="+")
    side = models.ForeignKey(Side, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="+")
    hook = models.ForeignKey(Hook, models.CASCADE, null=True, related_name="+")
    lines = models.ManyToManyField(Notification, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField()
    n_tries = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=60, blank=True, help_text="what the last try met")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="delivery_due")]

    @property
    def channel(self) -> str:
        return "hook" if self.hook_id else "mail"


class Told(models.Model):
    """An alert that was given once, and is not given again."""

    key = models.CharField(max_length=200, primary_key=True)
    at = models.DateTimeField(auto_now_add=True)


class Job(models.Model):
    """Long work someone asked for: where it stands, how far it came, and what it left to go on from."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.CharField(max_length=36, primary_key=True, default=text_key)
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="+")
    side = models.ForeignKey(Side, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=160, blank=True, help_text="what it is about: no two at once of a kind")
    payload = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    n_done = models.PositiveIntegerField(default=0)
    n_total = models.PositiveIntegerField(null=True)
    code = models.CharField(max_length=60, blank=True, help_text="the sentence of what it does now")
    kept = models.JSONField(default=dict, blank=True, help_text="what the last step left for the next")
    path = models.CharField(max_length=300, blank=True, help_text="where the result is")
    attempt = models.PositiveSmallIntegerField(default=0)
    task = models.UUIDField(null=True, help_text="its place in the queue")
    is_cancelling = models.BooleanField(default=False)
    asked_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True, help_text="the last sign of life")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-asked_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["agreement", "person", "-asked_at"], name="job_of_person"),
            models.Index(fields=["state", "beat_at"], name="job_alive"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["agreement", "kind", "subject"],
                condition=models.Q(state__in=("waiting", "running")) & ~models.Q(subject=""),
                name="job_once_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


class JobLine(models.Model):
    """A line of a job's log: a code with values."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="lines")
    at = models.DateTimeField(auto_now_add=True)
    code = models.CharField(max_length=60)
    values = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]


# Django finds an app's models in this file.
from .entries import Decline, DeskAct, Entry, EntryPart, Grant, Receipt, Review, Todo, Word  # noqa: E402, F401
