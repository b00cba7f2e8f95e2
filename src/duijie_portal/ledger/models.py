"""The records of an agreement; each has one owning side, and every change of it is a sealed event."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from typing import Any, ClassVar

from django.db import models

from duijie.share.seal import Entry
from duijie.terms import Bilingual
from duijie_portal.accounts.models import Person, Side
from duijie_portal.accounts.tongues import Both

from .visibility import Shown, Visibility


def uuid7() -> uuid.UUID:
    """An identifier that sorts by the moment it was made (RFC 9562, version 7)."""
    moment = time.time_ns() // 1_000_000
    bits = (moment << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
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


class Owned(models.Model):
    """What every record has: its agreement, its owning side, how far it may be seen, when it was released."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="+")
    side = models.ForeignKey(Side, models.PROTECT, related_name="+")
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.OWN)
    cleared_at = models.DateTimeField(null=True, blank=True, help_text="secrecy check passed")
    released_at = models.DateTimeField(null=True, blank=True, help_text="signed off to leave the side")

    class Meta:
        abstract = True


class PartyRows(Shown["Party"]):
    party_paths = ("id",)
    matched_paths = ("need_party", "offer_party")


class Party(Owned):
    """A firm, institute, fund, carrier, association, office or talent of one side."""

    id = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    name_en = models.CharField(max_length=300, blank=True)
    uscc = models.CharField(max_length=18, blank=True)
    industry = models.CharField(max_length=8, blank=True, db_index=True)
    town = models.CharField(max_length=80, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    is_verified = models.BooleanField(default=False)
    objects = PartyRows.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["agreement", "side", "kind"], name="party_of_side")]

    def __str__(self) -> str:
        return self.name


class ListingRows(Shown["Listing"]):
    party_paths = ("party",)
    matched_paths = ("need", "offer")


class Listing(Owned):
    """A need or an offer: `kind@version`, the payload its kind file describes, and the columns that carry indexes."""

    id = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField(default=1)
    role = models.CharField(max_length=5, choices=[("need", "need"), ("offer", "offer")])
    party = models.ForeignKey(Party, models.PROTECT, related_name="listings")
    industry = models.CharField(max_length=8, blank=True)
    place = models.CharField(max_length=12, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=12, default="published")
    payload = models.JSONField(default=dict, blank=True)
    source = models.JSONField(default=dict, blank=True)
    objects = ListingRows.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [
            models.Index(fields=["agreement", "kind", "role"], name="listing_of_kind"),
            models.Index(fields=["agreement", "side", "industry"], name="listing_of_side"),
        ]

    def __str__(self) -> str:
        return self.id


class CaseRows(Shown["Case"]):
    party_paths = ("need_party", "offer_party")


class Case(Owned):
    """One chain need → … → delivered between two parties; `state` is the fold of its steps."""

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    clause = models.SlugField(max_length=80)
    kind = models.CharField(max_length=40, blank=True)
    title_zh = models.CharField(max_length=300, blank=True)
    title_en = models.CharField(max_length=400, blank=True)
    need = models.ForeignKey(Listing, models.PROTECT, null=True, blank=True, related_name="cases_as_need")
    offer = models.ForeignKey(Listing, models.PROTECT, null=True, blank=True, related_name="cases_as_offer")
    need_party = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="cases_as_need")
    offer_party = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="cases_as_offer")
    state = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=80, blank=True)
    last_on = models.DateField(null=True, blank=True)
    amount = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
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


class Frozen(models.QuerySet["Event"]):
    """Rows that are only ever added; the database refuses as well."""

    def update(self, **values: Any) -> int:
        raise TypeError("events are append-only")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("events are append-only")


class Event(models.Model):
    """One sealed entry of a side's chain in an agreement: what was recorded of a subject, and when it happened."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="events")
    side = models.ForeignKey(Side, models.PROTECT, related_name="+")
    sequence = models.PositiveIntegerField()
    previous = models.CharField(max_length=64)
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    signature = models.CharField(max_length=128)
    content = models.TextField(help_text="the body in canonical JSON, byte for byte as sealed")
    kind = models.CharField(max_length=40)
    subject_type = models.CharField(max_length=20)
    subject = models.CharField(max_length=160)
    on = models.DateField()
    recorded_at = models.DateTimeField()
    objects = Frozen.as_manager()

    class Meta:
        ordering: ClassVar = ["agreement", "side", "sequence"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "side", "sequence"], name="event_sequence_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["agreement", "subject_type", "subject"], name="event_of_subject"),
            models.Index(fields=["agreement", "-recorded_at"], name="event_latest"),
        ]

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError("events are append-only")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("events are append-only")

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found

    def entry(self) -> Entry:
        """The event as the stand-alone verifier reads it."""
        place = (str(self.id), self.agreement_id, self.side_id, self.sequence, self.previous)
        return Entry(*place, self.key, self.body, self.digest, self.signature)


class Step(models.Model):
    """A step of a case, read off its event; `is_confirmed` once the other side countersigned."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="steps")
    event = models.OneToOneField(Event, models.PROTECT, related_name="step")
    kind = models.CharField(max_length=12)
    on = models.DateField()
    side = models.ForeignKey(Side, models.PROTECT, related_name="+")
    amount = models.FloatField(null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=80, blank=True)
    is_confirmed = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["on", "id"]


class RecordRows(Shown["Record"]):
    party_paths = ("party",)


class Record(Owned):
    """Anything else the sides keep together: ticket, decision, visit, certificate, practice and the like.

    `kind` names it, `payload` holds its fields, `state` is the fold of its events; the other columns carry indexes.
    """

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    kind = models.CharField(max_length=20)
    clause = models.SlugField(max_length=80, blank=True)
    state = models.CharField(max_length=20, blank=True)
    to_side = models.ForeignKey(Side, models.PROTECT, null=True, blank=True, related_name="+")
    department = models.SlugField(max_length=80, blank=True)
    to_department = models.SlugField(max_length=80, blank=True)
    party = models.ForeignKey(Party, models.PROTECT, null=True, blank=True, related_name="records")
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


class Evidence(models.Model):
    """A file that proves something; it lies in the evidence folder under its own SHA-256."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="+")
    side = models.ForeignKey(Side, models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=200, blank=True)
    n_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    subject_type = models.CharField(max_length=20)
    subject = models.CharField(max_length=160)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["agreement", "subject_type", "subject"], name="evidence_of_subject")]


class Countersignature(models.Model):
    """The other side's word on an event, itself an event of that side."""

    event = models.ForeignKey(Event, models.PROTECT, related_name="countersignatures")
    by = models.OneToOneField(Event, models.PROTECT, related_name="countersigns")
    side = models.ForeignKey(Side, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["event", "side"], name="countersigned_once")]


class Erasable(models.Model):
    """Text that may name a person: the chain holds `reference`, a salted hash; erased, the chain still verifies."""

    reference = models.CharField(max_length=64, primary_key=True)
    salt = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    person = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    erased_at = models.DateTimeField(null=True, blank=True)


class Notification(models.Model):
    """A line for one person: a code with values, and where it leads."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="notifications")
    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="+")
    code = models.CharField(max_length=60)
    values = models.JSONField(default=dict, blank=True)
    path = models.CharField(max_length=200)
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
