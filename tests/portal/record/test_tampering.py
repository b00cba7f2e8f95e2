"""Whatever is changed in the database underneath, or among the files, verify finds it and names the place.

One small world with something in every table; each change is made with plain SQL, looked for and rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from tests.ledger.play import GOLDEN, Life, play, read

from duijie.errors import Fault
from duijie.ledger.log import Indexed, indexed
from duijie.ledger.seal import GENESIS, INNER, Chain, Head, Part, Signer, seal, sealed_part, signed
from duijie_portal.accounts.models import Side
from duijie_portal.ledger import checking
from duijie_portal.ledger.entries import Entry as EntryRow
from duijie_portal.ledger.entries import EntryPart, Word
from duijie_portal.ledger.keeping import keep
from duijie_portal.ledger.keys import key_of
from duijie_portal.ledger.models import Agreement, Case, Record, Step
from duijie_portal.ledger.store import DatabaseLog, kept_path, tables
from duijie_portal.meet import models as meet

# The record's tables as a finding names them.
NAMES = {EntryRow: "entry", EntryPart: "part", Word: "word"} | {model: name for name, (model, _) in tables().items()}
# What says which row, subject or chain a row belongs to.
KEYS = {"agreement_id", "case_id", "source", "entry"}
INNER_ACTS = [
    {"act": "back", "side": "north", "event": "sent_back", "about": "review/listing/uppers", "on": "2025-04-01",
     "of": "^need", "words": {"note": "请补充数量"}},
    {"act": "declined", "side": "north", "event": "declined", "about": "pair/north:uppers+other", "on": "2025-04-02",
     "by": "mill", "need": "uppers", "offer": "other", "reason": "distance", "words": {"note": "太远"}},
    {"act": "handed", "side": "north", "event": "arranged", "about": "desk/north:listing/uppers", "on": "2025-04-03",
     "role": "office", "by": "trade", "what": "handed", "asks": "handle", "item": "listing/uppers|x",
     "answers": "^declined", "departments": ["trade"], "from_on": "2025-04-03", "due_on": "2025-04-09",
     "words": {"note": "请办", "who": "a", "person:to": "b", "person:for": "c"}},
]  # fmt: skip


@dataclass(frozen=True)
class World:
    """An agreement with a record of both sides, the heads kept outside, and another agreement beside it."""

    life: Life
    log: DatabaseLog
    heads: checking.Heads
    other: Agreement

    @property
    def agreement(self) -> Agreement:
        return self.log.agreement

    def faults(self, heads: checking.Heads | None = None) -> list[Fault]:
        """Everything found in the two agreements of this world, and in the tables as a whole."""
        found = checking.check([self.agreement.pk, self.other.pk], heads)
        return list({str(fault): fault for _, verdict in found for fault in verdict.faults}.values())

    def rows(self, model: type[models.Model]) -> models.QuerySet[Any]:
        """The rows of this world in a table of the record."""
        if model in (EntryPart, Word):
            return model._default_manager.filter(entry__in=self.agreement.entries.values("commit"))
        own = {"case__agreement": self.agreement} if model is Step else {"agreement": self.agreement}
        return model._default_manager.filter(**own)


@pytest.fixture
def world(store: Any) -> World:
    """A need's way to a contract, a case with a disputed step, a policy item and inner words, on one portal."""
    told = {
        name: read(GOLDEN / f"{name}.yaml")["life"] for name in ("01-need-to-contract", "03-returned-in-the-middle")
    }
    acts = [
        *told["01-need-to-contract"],
        *told["03-returned-in-the-middle"],
        *read(GOLDEN / "12-policy-item.yaml")["life"],
    ]
    whole = {"portals": "one", "sides": ["north", "south"], "life": [*acts, *INNER_ACTS]}
    life = play(whole, lambda _: store(whole["sides"]), lambda side: key_of(Side.objects.get(pk=side)))
    log: Any = life.logs["north"]
    other = store(["north", "south"], "other").agreement
    for row in _kept_rows(log.agreement):
        keep(None, row, "planted", on=date(2025, 5, 1))
    made = World(life, log, {}, other)
    assert made.faults() == []
    return World(life, log, json.loads(checking.heads_text([log.agreement.pk])), other)


def _kept_rows(agreement: Agreement) -> list[Any]:
    """One row in each table of what is kept, with something in every column."""
    at, on = datetime(2025, 5, 1, 9, tzinfo=UTC), date(2025, 5, 1)
    own = {"agreement": agreement, "side_id": "north"}
    held = {**own, "visibility": "both", "cleared_at": at, "released_at": at}
    day = meet.Day(id="d", title_zh="对接日", place_zh="馆", on=on, spans=[["09:00", "10:00"]], answer_by=at, **held)
    table = meet.Resource(id="r", kind="table", name_zh="1", day=day, party_id="mill", most_min=60, **held)
    booked = {"starts_at": at, "ends_at": at + timedelta(hours=1)}
    booking = meet.Booking(
        id="b", resource=table, party_id="mill", person_id=1, state="booked", made_at=at, **booked, **held
    )
    ask = meet.Request(
        id="q", day=day, from_party_id="mill", to_party_id="shop", pair="mill|shop", score=0.5, note="请", answer="好",
        reason="price", asked_by_id=1, answered_by_id=1, asked_at=at, expires_at=at, answered_at=at, **held,
    )  # fmt: skip
    meeting = meet.Meeting(
        id="m", day=day, request=ask, slot="s", booking=booking, changed_at=at, result="intent", next_step="寄样",
        owner="张", due_on=on, told_by_id=1, told_at=at, **booked, **own,
    )  # fmt: skip
    series = meet.Series(
        id="s", kind="expert", title_zh="专家会", rule="FREQ=DAILY", starts_on=on, starts_at=at.time(), made_at=at,
        hosts=["north"], **held,
    )  # fmt: skip
    return [
        day, table, booking, ask, meeting, series,
        meet.Pass(id="p", day=day, party_id="mill", arrived_at=at, **own),
        meet.Visit(id="v", title_zh="互访", on=on, until=on, straight_kmh=40, changed_at=at, **held),
        meet.Outline(id="o", name="界线", lines=[[[1.0, 2.0]]], made_at=at, **held),
        meet.Occasion(id="c", series=series, number=1, due_on=on, changed_at=at, reminded_at=at, **booked, **own),
        Record(id="t", kind="decision", to_side_id="south", on=on, due_on=on, done_on=on, title_zh="请确认", **held),
        Record(id="u", kind="application", party_id="mill", title_zh="应聘", payload={"letter": "我"}, **held),
    ]  # fmt: skip


@contextmanager
def underneath() -> Iterator[Any]:
    """A cursor of someone who has the database file: nothing guards, and in the end nothing happened."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            _lift_guards(cursor)
            yield cursor
        transaction.set_rollback(True)


def _lift_guards(cursor: Any) -> None:
    if connection.vendor == "sqlite":
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')
        return
    # What waits to be looked at when the transaction ends is looked at now: a table of which something waits is closed.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in ("ledger_entry", "ledger_entrypart"):
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def changed(field: models.Field[Any, Any], value: Any, other: Agreement) -> Any:
    """Another value that the column's type allows."""
    if field.attname == "agreement_id":
        return other.pk
    if field.attname == "side_id":
        return "south" if value == "north" else "north"
    if isinstance(field, models.ForeignKey) and isinstance(field.target_field, models.IntegerField):
        return (value or 0) + 1
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.DateTimeField):
        return (value or datetime(2025, 1, 1, tzinfo=UTC)) + timedelta(microseconds=1)
    if isinstance(field, models.DateField):
        return (value or date(2025, 1, 1)) + timedelta(days=1)
    if isinstance(field, models.DecimalField):
        return (value or 0) + Decimal("0.01")
    if isinstance(field, models.IntegerField):
        return (value or 0) + 1
    if isinstance(field, models.JSONField):
        return [*value, 1] if isinstance(value, list) else {**value, "planted": 1}
    if isinstance(field, models.FloatField):
        return (value or 0) + 0.5
    if isinstance(field, models.TimeField):
        return value.replace(minute=(value.minute + 1) % 60)
    if isinstance(field, models.UUIDField):
        return type(value)(int=value.int ^ 1)
    if isinstance(field, models.BinaryField):
        data = bytes(value)
        return data[:-1] + bytes([data[-1] ^ 1])
    text = str(value or "")
    return ("b" if text[:1] == "a" else "a") + text[1:]


def projections() -> list[type[models.Model]]:
    """The tables folded from the record, and the log's own."""
    own = [one for one in apps.get_models() if one.__module__.startswith("duijie_portal.")]
    return [one for one in own if getattr(one, "is_projection", False)] + [Word]


def test_every_table_that_is_folded_is_tampered_with_here() -> None:
    """No table is left out: each that says it is a projection has its name here, and each here is one of them."""
    assert set(projections()) == set(NAMES)


@pytest.mark.parametrize("model", projections(), ids=lambda model: model._meta.db_table)
def test_one_changed_value_in_any_column_is_found(model: type[models.Model], world: World) -> None:
    """Each column by name, keys too: one value is changed, and a finding names the table, the row and the column."""
    missed = []
    for field in model._meta.concrete_fields:
        row = _row_with(model, field, world)
        value = getattr(row, field.attname)
        with underneath() as cursor:
            new = field.get_db_prep_save(changed(field, value, world.other), connection)
            _set(cursor, model, field.column, new, row.pk)
            if not _is_named(world.faults(), model, field, row):
                missed.append((field.column, value, [str(one) for one in world.faults()]))
    assert world.faults() == [], "all rolled back"
    assert missed == []


def _row_with(model: type[models.Model], field: models.Field[Any, Any], world: World) -> models.Model:
    """A row whose column says something, where there is one."""
    # The highest number of a chain is free in every other one, where the database would refuse a second of it.
    rows = world.rows(model).order_by("seq" if model is EntryRow else "pk")
    said = [row for row in rows if getattr(row, field.attname) not in (None, "", b"", {})]
    return (said or list(rows))[-1]


def _set(cursor: Any, model: type[models.Model], column: str, value: Any, key: Any) -> None:
    pk = model._meta.pk
    assert pk is not None
    name = connection.ops.quote_name
    where = pk.get_db_prep_value(key, connection)
    sql = f"UPDATE {name(model._meta.db_table)} SET {name(column)} = %s WHERE {name(pk.column)} = %s"
    cursor.execute(sql, [value, where])
    assert cursor.rowcount == 1


def _is_named(faults: list[Fault], model: type[models.Model], field: models.Field[Any, Any], row: Any) -> bool:
    """Whether a finding is about the row, by its key or its place in the chain, and about the column.

    A key that is changed makes one row too many or one too few: there it is the table that is named.
    """
    found = [one.where for one in faults]
    here = [one for one in found if one["table"] == NAMES[model]]
    if field.primary_key or field.attname in KEYS:
        return bool(here)
    if model in (EntryPart, Word):
        entry = EntryRow.objects.get(pk=row.entry)
        return any((one["row"], one["column"]) == (_place(entry), row.label) for one in here)
    if model is EntryRow and field.attname in ("header", "signature"):
        return any(one["row"] == _place(row) and one["column"] == field.attname for one in here)
    if model is EntryRow:
        return any(one["column"] == field.attname for one in here)
    return any((one["row"], one["column"]) == (str(row.pk), field.name) for one in here)


def _place(entry: EntryRow) -> str:
    return f"{entry.side}{INNER if entry.is_inner else ''}:{entry.seq}"


@pytest.mark.parametrize("model", projections(), ids=lambda model: model._meta.db_table)
def test_a_value_of_no_type_is_found_and_stops_nothing(model: Any, world: World) -> None:
    """What SQLite lets stand in columns of another type is a finding that names each column, and nothing raises.

    PostgreSQL refuses it, or makes a value of the column's type of it.
    """
    for garbage in ("☃", "", -7.5, b"\x00\xff"):
        fields = [field for field in model._meta.concrete_fields if not _is_of_type(field, garbage)]
        # A key comes last, since the row is found by it.
        fields.sort(key=lambda field: field.primary_key)
        rows = list(world.rows(model))
        with underneath() as cursor:
            refused = [
                field.name
                for at, field in enumerate(fields)
                if not _is_set(cursor, model, field.column, garbage, rows[at % len(rows)].pk)
            ]
            assert not refused or connection.vendor == "postgresql"
            found = {(one.where.get("table"), one.where.get("column")) for one in world.faults()}
            missed = {(NAMES[model], field.name) for field in fields} - found
            assert not missed or connection.vendor == "postgresql", (garbage, missed)


def _is_set(cursor: Any, model: Any, column: str, value: Any, key: Any) -> bool:
    """Whether the database took a value."""
    try:
        with transaction.atomic():
            _set(cursor, model, column, value, key)
    except DatabaseError:
        return False
    return True


def _is_of_type(field: models.Field[Any, Any], garbage: Any) -> bool:
    """A text column makes a text of what it is given, a binary one holds bytes, and a number is a value of JSON."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(garbage, bytes):
        return isinstance(target, models.BinaryField)
    numbers = models.JSONField | models.FloatField | models.DecimalField
    is_number = isinstance(target, numbers) and isinstance(garbage, float)
    return is_number or isinstance(target, models.CharField | models.TextField)


@pytest.mark.parametrize("model", projections(), ids=lambda model: model._meta.db_table)
def test_a_row_that_is_gone_or_was_put_in_is_found(model: Any, world: World) -> None:
    """Rows of each table are deleted, one at a time, and one is put in that nothing supports: its table is named."""
    missed, rows = [], list(world.rows(model))
    for row in rows[:: max(1, len(rows) // 8)]:
        with underneath() as cursor:
            name, pk = connection.ops.quote_name, model._meta.pk
            where = pk.get_db_prep_value(row.pk, connection)
            table = name(model._meta.db_table)
            cursor.execute(f"DELETE FROM {table} WHERE {name(pk.column)} = %s", [where])
            found = {one.where["table"] for one in world.faults(world.heads)}
            if NAMES[model] not in found:
                missed.append(row.pk)
    assert missed == []
    with underneath():
        model._default_manager.bulk_create([_another(_row_with(model, model._meta.pk, world))])
        found = {one.where["table"] for one in world.faults()}
        assert NAMES[model] in found


def _another(row: Any) -> Any:
    """The same row once more, under a key and a number of its own."""
    if isinstance(row, EntryRow):
        row.seq += 1
    if isinstance(row, Step):
        row.case_id = "no-such-case"
    if isinstance(row, meet.Occasion):
        row.number += 1
    if isinstance(row, meet.Meeting):
        row.request_id, row.booking_id = "other", "other"
    if isinstance(row, meet.Pass):
        row.party_id = "other"
    if isinstance(row, meet.Request):
        row.state = "declined"
    row.pk = "0" * 64
    return row


def test_a_signature_that_is_taken_off_is_found(world: World) -> None:
    """Also in the middle of a chain, where a later one covers the entry: each transaction is signed."""
    signed_rows = list(world.rows(EntryRow).exclude(signature=""))
    assert len(signed_rows) > 20
    for row in signed_rows[::4]:
        with underneath() as cursor:
            _set(cursor, EntryRow, "signature", "", row.pk)
            assert ("entry", _place(row), "signature") in [tuple(one.where.values()) for one in world.faults()]


def test_a_cut_tail_is_found_by_the_heads_kept_outside(world: World) -> None:
    """The last twenty entries are cut off so well that nothing in this home tells of it; the list of heads does."""
    with underneath():
        moments = list(world.rows(EntryRow).order_by("-recorded_at").values_list("recorded_at", flat=True))
        cut = world.rows(EntryRow).filter(recorded_at__gte=moments[20])
        n_cut, commits = cut.count(), list(cut.values_list("commit", flat=True))
        for model in (EntryPart, Word):
            model._default_manager.filter(entry__in=commits).delete()
        cut.delete()
        for side in ("north", "south"):
            last = world.log.heads()[Chain(side)].seq
            world.rows(EntryRow).filter(ordering=side, place_seq__gt=last).update(place_epoch=None, place_seq=None)
        list(checking.rebuild([world.agreement.pk]))
        assert n_cut >= 20
        assert world.faults() == [], "as far as this home can know"
        found = {(one.code, one.where["row"]) for one in world.faults(world.heads)}
        assert found == {("verify_head_missing", name) for name in ("north", "south", "north#inner")}
    assert world.faults(world.heads) == []


def test_one_chain_that_is_cut_is_missed_by_the_other(world: World) -> None:
    """Where only one side's tail is cut, the other side's entries have seen what is gone, with no list from outside."""
    with underneath():
        cut = list(world.rows(EntryRow).filter(side="south", is_inner=False).order_by("-seq")[:3])
        for row in cut:
            EntryPart.objects.filter(entry=row.pk).delete()
            Word.objects.filter(entry=row.pk).delete()
        EntryRow.objects.filter(pk__in=[row.pk for row in cut]).delete()
        assert "verify_seen_missing" in {one.code for one in world.faults()}


def test_a_file_that_is_swapped_or_gone_is_found(world: World) -> None:
    """Each file that an entry names, and each definition that was kept: other bytes under its hash, then none."""
    files = {file.sha256 for chain in world.log.heads() for one in world.log.entries(chain) for file in one.event.files}
    assert len(files) >= 3
    for sha256 in files:
        path = kept_path(sha256)
        kept = path.read_bytes()
        path.write_bytes(kept + b" ")
        assert [(one.code, one.where["row"]) for one in world.faults()] == [("verify_file_altered", sha256)]
        path.unlink()
        assert [(one.code, one.where["row"]) for one in world.faults()] == [("verify_file_lost", sha256)]
        path.write_bytes(kept)
    assert world.faults() == []


def test_signatures_of_another_key_are_found(world: World) -> None:
    """Every entry of a chain signed again, with a key that the chain does not name."""
    thief = Signer.new()
    with underneath() as cursor:
        rows = list(world.rows(EntryRow).filter(side="north").exclude(signature=""))
        for row in rows:
            _set(cursor, EntryRow, "signature", thief.sign(row.digest), row.pk)
        found = [tuple(one.where.values()) for one in world.faults() if one.code == "seal_signature_wrong"]
        assert set(found) == {("entry", _place(row), "signature") for row in rows}


def test_a_record_written_anew_with_other_keys_is_found(world: World) -> None:
    """Both chains sealed again from the first entry on, an amount changed, each hash right: the keys are not theirs."""
    thieves = {side: Signer.new() for side in ("north", "south")}
    with underneath():
        written = _written_anew(world, thieves)
        EntryPart.objects.all().delete()
        Word.objects.all().delete()
        world.rows(EntryRow).delete()
        world.log.add(written)
        list(checking.rebuild([world.agreement.pk]))
        assert Case.objects.get(pk="uppers+sewing").amount == 9
        codes = {one.code for one in world.faults()}
        assert codes == {"seal_key_unknown"}
        assert {one.code for one in world.faults(world.heads)} == {"seal_key_unknown", "verify_head_missing"}


def _written_anew(world: World, thieves: Mapping[str, Signer]) -> list[Indexed]:
    """The same events sealed again in their order, each chain under another key."""
    left = [one for chain in world.log.heads() for one in world.log.entries(chain)]
    heads: dict[Chain, Head] = {}
    seen_at: dict[tuple[str, int], Head] = {}
    made: list[Indexed] = []
    while left:
        ready = next(one for one in left if _follows(one, heads, seen_at))
        left.remove(ready)
        chain = ready.entry.chain
        seen = {side: seen_at[side, head.seq] for side, head in ready.entry.seen.items()}
        parts = [_forged(part, thieves[chain.side]) for part in ready.entry.parts]
        before = heads.get(chain, Head(1, 0, GENESIS))
        entry = seal(world.log.name, chain, before, seen, parts)
        entry = signed(entry, thieves[chain.side]) if ready.entry.signature else entry
        heads[chain] = entry.head
        if not chain.is_inner:
            seen_at[chain.side, entry.head.seq] = entry.head
        read_anew = indexed(entry)
        made.append(Indexed(entry, read_anew.event, read_anew.recorded_at, ready.ordering, ready.place))
    return made


def _follows(one: Indexed, heads: Mapping[Chain, Head], seen_at: Mapping[tuple[str, int], Head]) -> bool:
    before = heads.get(one.entry.chain, Head(1, 0, GENESIS)).seq
    is_next = one.entry.head.seq == before + 1
    return is_next and all((side, head.seq) in seen_at for side, head in one.entry.seen.items())


def _forged(part: Part, thief: Signer) -> Part:
    assert part.data is not None
    said = json.loads(part.data)
    if said.get("kind") == "key.set":
        return sealed_part(part.label, json.dumps({**said, "public_key": thief.public_key}).encode())
    if said.get("amount", {}).get("value") == "1200000.00":
        return sealed_part(part.label, json.dumps({**said, "amount": {**said["amount"], "value": "9"}}).encode())
    return part
