"""Sides, departments, people, keys, and the log of what people did or were refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from duijie.terms import Bilingual

from .tongues import Both

KEY_LENGTH = 160
"""Room for the key of a party, listing, case or step: a case's key may hold those of its need and of its offer."""


class Side(models.Model):
    """A government that is party to an agreement, known by its GB/T 2260 code."""

    code = models.CharField(max_length=12, primary_key=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    name = Both()
    short_zh = models.CharField(max_length=40, blank=True)
    short_en = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def short(self) -> Bilingual:
        return Bilingual(self.short_zh or self.name_zh, self.short_en or self.name_en)


class UnitKind(models.TextChoices):
    """What a unit of a side is; all but departments are entered by the side itself."""

    DEPARTMENT = "department"
    TOWN = "town"
    PARK = "park"
    ASSOCIATION = "association"
    OPERATOR = "operator"


class Department(models.Model):
    """A unit of a side, within one agreement; `verification` is the source's own word on its name."""

    side = models.ForeignKey(Side, models.PROTECT, related_name="departments")
    agreement = models.SlugField(max_length=80)
    key = models.SlugField(max_length=80)
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=300, blank=True)
    name = Both()
    domain_zh = models.CharField(max_length=120, blank=True)
    domain_en = models.CharField(max_length=200, blank=True)
    domain = Both()
    verification = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=12, choices=UnitKind.choices, default=UnitKind.DEPARTMENT)

    class Meta:
        ordering: ClassVar = ["agreement", "side", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "side", "key"], name="department_once"),
        ]

    def __str__(self) -> str:
        return f"{self.side_id}/{self.key}"


class Role(models.TextChoices):
    """What a person is there to do; the three administrators are three people."""

    LEADER = "leader"
    COORDINATOR = "coordinator"
    OFFICER = "officer"
    FIRM = "firm"
    INSTITUTE = "institute"
    FUND = "fund"
    TALENT = "talent"
    READER = "reader"
    AUDITOR = "auditor"
    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"


class People(BaseUserManager["Person"]):
    """Makes accounts: a password is always set, or none works."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Person:
        person = self.model(username=username, **fields)
        person.set_password(password)
        person.full_clean(exclude=["password"])
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Someone with an account: one side, one role, perhaps one department, perhaps one party they act for."""

    username = models.CharField(max_length=80, unique=True)
    name_zh = models.CharField(max_length=80, blank=True)
    name_en = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.READER)
    side = models.ForeignKey(Side, models.PROTECT, null=True, blank=True, related_name="people")
    departments = models.ManyToManyField(Department, blank=True, related_name="people")
    party = models.CharField(max_length=KEY_LENGTH, blank=True, help_text="the party this account acts for")
    is_active = models.BooleanField(default=True)
    # Those whose work this person does today, by agreement; looked up once a request, by the desk of the ledger.
    stands_in: Mapping[str, Sequence[Person]] = MappingProxyType({})

    has_first_password = models.BooleanField(default=False, help_text="somebody else has seen it: it is changed first")
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = People()

    class Meta:
        ordering: ClassVar = ["username"]

    @property
    def name(self) -> Bilingual:
        return Bilingual(self.name_zh or self.username, self.name_en)

    @property
    def is_staff(self) -> bool:
        """No one enters Django's own administration: it is not installed."""
        return False


class SideKey(models.Model):
    """A public key a side signs with; an old one stays, so that what it signed still verifies."""

    side = models.ForeignKey(Side, models.PROTECT, related_name="keys")
    public_key = models.CharField(max_length=64, unique=True, help_text="Ed25519, 32 bytes in hexadecimal")
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return self.public_key[:16]


class Activity(models.Model):
    """One thing a person did or was refused; rows are only ever added."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="activity")
    side = models.ForeignKey(Side, models.PROTECT, null=True, related_name="+")
    agreement = models.SlugField(max_length=80, blank=True)
    act = models.CharField(max_length=60)
    subject = models.CharField(max_length=160, blank=True)
    is_refused = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [models.Index(fields=["side", "-at"], name="activity_of_side")]


class Registration(models.Model):
    """An organisation or a person that asks its side for an account; contact data goes once the side has decided."""

    class State(models.TextChoices):
        WAITING = "waiting"
        VERIFIED = "verified"
        REFUSED = "refused"

    class Kind(models.TextChoices):
        FIRM = "firm"
        INSTITUTE = "institute"
        FUND = "fund"
        CARRIER = "carrier"
        ASSOCIATION = "association"
        TALENT = "talent"

    receipt = models.CharField(max_length=40, unique=True, help_text="whoever has it may read the state")
    agreement = models.SlugField(max_length=80)
    side = models.ForeignKey(Side, models.PROTECT, related_name="registrations")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=200)
    uscc = models.CharField(max_length=18, blank=True)
    region = models.CharField(max_length=6)
    town = models.CharField(max_length=80, blank=True)
    contact = models.CharField(max_length=80, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=30, blank=True)
    username = models.CharField(max_length=80)
    password = models.CharField(max_length=128, blank=True, help_text="a hash; moves to the account")
    origin = models.CharField(max_length=64, db_index=True, help_text="a keyed hash of the sender's address")
    notice = models.CharField(max_length=20, help_text="the version of the notice that was agreed to")
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=40, blank=True)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    party = models.CharField(max_length=KEY_LENGTH, blank=True)
    person = models.OneToOneField(Person, models.PROTECT, null=True, blank=True, related_name="registration")
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="consent withdrawn")

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        indexes: ClassVar = [models.Index(fields=["agreement", "side", "state"], name="registration_queue")]

    @property
    def agreement_id(self) -> str:
        return self.agreement


class Follow(models.Model):
    """A listing a person wants to hear of."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="follows")
    listing = models.CharField(max_length=KEY_LENGTH, db_index=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-since"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "listing"], name="follow_once")]
