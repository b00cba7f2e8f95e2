"""Exchange days, requests, what can be booked, meetings and outcomes, visits, the mechanism's series, feeds."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from duijie_portal.accounts.models import KEY_LENGTH, Person
from duijie_portal.accounts.tongues import Both
from duijie_portal.ledger.models import Agreement, Held, Owned, text_key
from duijie_portal.ledger.on_record import OnRecord
from duijie_portal.ledger.visibility import Gated

OPEN = ("asked", "accepted", "waiting")
STATES = (*OPEN, "declined", "expired", "withdrawn")
KINDS = ("seat", "instrument", "table")
RESULTS = ("intent", "follow_up", "no_fit", "not_held")
SERIES = ("conference", "expert", "exchange")
SHIFTS = ("later", "earlier", "keep")
MOST_OF_RULE = 4000  # letters of a rule: some four hundred exceptions


class DayRows(Gated["Day"]):
    sort = "day"


class Day(Held):
    """An exchange day; its side organises it. `spans` are wall-clock times, `away` slots by party, `closed` by table.

    `locks` holds the slot a request must have, `plan` what the last planning said, `version` counts plannings.
    """

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300, blank=True)
    title = Both()
    place_zh = models.CharField(max_length=200, blank=True)
    place_en = models.CharField(max_length=300, blank=True)
    place = Both()
    on = models.DateField()
    spans = models.JSONField(default=list, blank=True)
    slot_min = models.PositiveSmallIntegerField(default=30)
    ask_quota = models.PositiveSmallIntegerField(default=8)
    meeting_quota = models.PositiveSmallIntegerField(default=8)
    answer_by = models.DateTimeField()
    away = models.JSONField(default=dict, blank=True)
    closed = models.JSONField(default=dict, blank=True)
    locks = models.JSONField(default=dict, blank=True)
    plan = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=0)
    is_off = models.BooleanField(default=False)
    sequence = models.PositiveIntegerField(default=0)
    objects = DayRows.as_manager()

    class Meta:
        ordering: ClassVar = ["-on", "id"]

    def __str__(self) -> str:
        return self.title_zh


class RequestRows(Gated["Request"]):
    sort = "request"


class Request(Held):
    """One party asks a matched one for a meeting: asked → accepted | waiting | declined | expired | withdrawn."""

    texts: ClassVar = frozenset({"note", "answer"})
    people: ClassVar = frozenset({"asked_by", "answered_by"})
    is_for_all: ClassVar = True

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    day = models.ForeignKey(Day, models.DO_NOTHING, db_constraint=False, related_name="requests")
    from_party_id = models.CharField(max_length=KEY_LENGTH, db_index=True)
    to_party_id = models.CharField(max_length=KEY_LENGTH, db_index=True)
    pair = models.CharField(max_length=2 * KEY_LENGTH + 1, help_text="both parties in the order of their ids")
    case_id = models.CharField(max_length=KEY_LENGTH, blank=True, db_index=True)
    clause = models.SlugField(max_length=80, blank=True)
    kind = models.CharField(max_length=40, blank=True)
    need = models.CharField(max_length=KEY_LENGTH, blank=True, help_text="what the matching paired, as it named them")
    offer = models.CharField(max_length=KEY_LENGTH, blank=True)
    score = models.FloatField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, default="asked")
    reason = models.CharField(max_length=30, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    asked_by = models.ForeignKey(
        Person, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+"
    )
    answered_by = models.ForeignKey(
        Person, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    objects = RequestRows.as_manager()

    class Meta:
        ordering: ClassVar = ["-asked_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "pair"], condition=Q(state__in=OPEN), name="request_open_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["day", "state"], name="request_of_day")]

    def __str__(self) -> str:
        return self.id

    def parties_concerned(self) -> tuple[str, ...]:
        return self.ends

    @property
    def ends(self) -> tuple[str, str]:
        """The keys of both parties: who asks, who is asked."""
        return self.from_party_id, self.to_party_id

    def state_at(self, now: datetime) -> str:
        """The state at a moment: an unanswered request is expired once its time is over."""
        return "expired" if self.state == "asked" and self.expires_at <= now else self.state


class ResourceRows(Gated["Resource"]):
    sort = "resource"


class Resource(Held):
    """Anything that is taken for a while: a meeting table, seats of a carrier, a shared instrument.

    `capacity` units can be taken at once, for `fee_cny` a unit and hour. `opening` lists
    ``[weekday, "09:00", "17:00"]`` (Monday 0; none: always open), `closed_on` ISO days; the rest are the rules of
    its owner (null: no rule).
    """

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    kind = models.CharField(max_length=12, choices=[(one, one) for one in KINDS])
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200, blank=True)
    name = Both()
    day = models.ForeignKey(Day, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="tables")
    party_id = models.CharField(max_length=KEY_LENGTH, blank=True, db_index=True)
    capacity = models.PositiveIntegerField(default=1)
    fee_cny = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    opening = models.JSONField(default=list, blank=True)
    closed_on = models.JSONField(default=list, blank=True)
    least_min = models.PositiveIntegerField(default=0)
    most_min = models.PositiveIntegerField(null=True, blank=True)
    ahead_days = models.PositiveIntegerField(null=True, blank=True)
    most_units = models.PositiveIntegerField(null=True, blank=True)
    objects = ResourceRows.as_manager()

    class Meta:
        ordering: ClassVar = ["kind", "id"]

    def parties_concerned(self) -> tuple[str, ...]:
        return (self.party_id,)

    def __str__(self) -> str:
        return self.name_zh


class BookingRows(Gated["Booking"]):
    sort = "booking"


class Booking(Held):
    """Units of a resource taken from one moment to another, or waiting for them; `fee_cny` as agreed when booked."""

    people: ClassVar = frozenset({"person"})
    is_for_all: ClassVar = True

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    resource = models.ForeignKey(Resource, models.DO_NOTHING, db_constraint=False, related_name="bookings")
    party_id = models.CharField(max_length=KEY_LENGTH, blank=True, db_index=True)
    person = models.ForeignKey(Person, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    n_units = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=[(one, one) for one in ("booked", "waiting", "cancelled")])
    fee_cny = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    made_at = models.DateTimeField()
    objects = BookingRows.as_manager()

    class Meta:
        ordering: ClassVar = ["starts_at", "made_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="booking_forwards"),
            models.CheckConstraint(condition=Q(n_units__gt=0), name="booking_of_something"),
        ]
        indexes: ClassVar = [models.Index(fields=["resource", "state", "starts_at"], name="booking_of_resource")]

    def parties_concerned(self) -> tuple[str, ...]:
        return (self.party_id,)

    def __str__(self) -> str:
        return self.id


class Meeting(Owned, OnRecord):
    """An accepted request with its slot, its table's booking, and in the end its outcome.

    `sequence` counts the changes people were told of; one that is off keeps its last slot.
    """

    texts: ClassVar = frozenset({"next_step", "owner"})
    people: ClassVar = frozenset({"told_by"})
    is_for_all: ClassVar = True

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    day = models.ForeignKey(Day, models.DO_NOTHING, db_constraint=False, related_name="meetings")
    request = models.OneToOneField(Request, models.DO_NOTHING, db_constraint=False, related_name="meeting")
    slot = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    booking = models.OneToOneField(
        Booking, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="meeting"
    )
    is_off = models.BooleanField(default=False)
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    result = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=30, blank=True)
    next_step = models.CharField(max_length=300, blank=True)
    owner = models.CharField(max_length=120, blank=True)
    due_on = models.DateField(null=True, blank=True)
    told_by = models.ForeignKey(Person, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="+")
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        indexes: ClassVar = [models.Index(fields=["day", "is_off"], name="meeting_of_day")]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def table(self) -> Resource | None:
        return self.booking.resource if self.booking else None


class Pass(Owned, OnRecord):
    """A party's way in to an exchange day; raising `edition` makes every printed code of it worthless."""

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    day = models.ForeignKey(Day, models.DO_NOTHING, db_constraint=False, related_name="passes")
    party_id = models.CharField(max_length=KEY_LENGTH, db_index=True)
    edition = models.PositiveIntegerField(default=1)
    arrived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["day", "party_id"], name="pass_once")]

    def __str__(self) -> str:
        return str(self.pk)


class Feed(models.Model):
    """A calendar address of a person: their own entries, a department's or a clause's, until it is revoked."""

    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    scope = models.CharField(max_length=10, choices=[(one, one) for one in ("person", "department", "clause")])
    key = models.SlugField(max_length=80, blank=True)
    language = models.CharField(max_length=2, default="zh")
    nonce = models.CharField(max_length=32)
    made_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-made_at"]

    def __str__(self) -> str:
        return str(self.pk)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("feeds are revoked, not deleted")


class VisitRows(Gated["Visit"]):
    sort = "visit"


class Visit(Held):
    """A study visit or delegation that its side prepares: who travels, whom they may see, by road and by train.

    `hosts`, `groups`, `trains`, `roads` and `places` are what was entered; `plan` is the itinerary in people's hands,
    `version` counts plannings. Times are wall-clock times of the portal's zone.
    """

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300, blank=True)
    title = Both()
    clause = models.SlugField(max_length=80, blank=True)
    on = models.DateField()
    until = models.DateField()
    straight_kmh = models.PositiveSmallIntegerField(null=True, blank=True)
    hosts = models.JSONField(default=list, blank=True)
    groups = models.JSONField(default=list, blank=True)
    trains = models.JSONField(default=list, blank=True)
    roads = models.JSONField(default=list, blank=True)
    places = models.JSONField(default=dict, blank=True)
    plan = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=0)
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    is_off = models.BooleanField(default=False)
    objects = VisitRows.as_manager()

    class Meta:
        ordering: ClassVar = ["-on", "id"]

    def __str__(self) -> str:
        return self.title_zh


class OutlineRows(Gated["Outline"]):
    sort = "outline"


class Outline(Held):
    """Boundary lines for maps, from a file a side brought; `lines` are rings of [longitude, latitude].

    `approval` is the number under which the map was approved (审图号), shown beside it.
    """

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    name = models.CharField(max_length=120)
    approval = models.CharField(max_length=80, blank=True)
    lines = models.JSONField()
    made_at = models.DateTimeField(default=timezone.now)
    objects = OutlineRows.as_manager()

    class Meta:
        ordering: ClassVar = ["-made_at", "-id"]

    def __str__(self) -> str:
        return self.name


class SeriesRows(Gated["Series"]):
    sort = "series"


class Series(Held):
    """A recurring meeting of the mechanism: an RRULE from a day on, hosts in turn, moved off holidays."""

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    kind = models.CharField(max_length=12, choices=[(one, one) for one in SERIES])
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=300, blank=True)
    title = Both()
    agenda_zh = models.TextField(max_length=2000, blank=True)
    agenda_en = models.TextField(max_length=3000, blank=True)
    clause = models.SlugField(max_length=80, blank=True)
    department = models.SlugField(max_length=80, blank=True)
    rule = models.TextField(max_length=MOST_OF_RULE)
    starts_on = models.DateField()
    starts_at = models.TimeField()
    duration_min = models.PositiveSmallIntegerField(default=120)
    hosts = models.JSONField(default=list, blank=True)
    shift = models.CharField(max_length=8, default="later", choices=[(one, one) for one in SHIFTS])
    reminder_days = models.PositiveSmallIntegerField(default=7)
    is_ended = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    objects = SeriesRows.as_manager()

    class Meta:
        ordering: ClassVar = ["title_zh", "id"]

    def __str__(self) -> str:
        return self.title_zh


class Occasion(Owned, OnRecord):
    """One date of a series as people were told it; `sequence` counts the changes they were told of.

    `due_on` is the day by the rule. One that is off, or `is_fixed` by hand, no longer follows the rule.
    """

    id = models.CharField(max_length=80, primary_key=True, default=text_key)
    series = models.ForeignKey(Series, models.DO_NOTHING, db_constraint=False, related_name="occasions")
    number = models.PositiveIntegerField()
    due_on = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    host = models.CharField(max_length=20, blank=True)
    place = models.CharField(max_length=200, blank=True)
    agenda_zh = models.TextField(max_length=2000, blank=True)
    agenda_en = models.TextField(max_length=3000, blank=True)
    is_known = models.BooleanField(default=True, help_text="whether the year's holidays are published")
    is_fixed = models.BooleanField(default=False)
    is_off = models.BooleanField(default=False)
    sequence = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["series", "number"], name="occasion_once")]

    def __str__(self) -> str:
        return f"{self.series_id}/{self.number}"
