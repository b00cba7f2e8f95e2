"""The ledger: append-only, sealed, erasable, and seen only by those who may."""

from __future__ import annotations

import json
import stat
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import planted
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from duijie.data.words import words
from duijie.errors import DeniedError, InputError, SealError
from duijie.ledger import events
from duijie.ledger.events import Amount, FileRef
from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger import casework, checking, listings, services
from duijie_portal.ledger.charge import is_in_charge, offices_of
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.entries import Entry, EntryPart, Todo, Word
from duijie_portal.ledger.loading import load_records
from duijie_portal.ledger.models import Case, Listing, Party, Record, Step, uuid7
from duijie_portal.ledger.recording import append, author_of, folded
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.store import DatabaseLog, keep_bytes

DAY = date(2025, 7, 1)


def test_the_loaded_life_is_whole(agreement: Any) -> None:
    """Every entry, row and file of the rehearsal agrees with the record, and so does the chain beside it."""
    [(key, verdict)] = checking.check([agreement.pk])
    assert (key, verdict.faults) == (agreement.pk, ())
    assert verdict.n_entries == Entry.objects.filter(agreement=agreement).count() > 2000


def test_every_event_of_the_rehearsal_counts(agreement: Any) -> None:
    """No guard stands against a generated life: nothing overtaken, pending or irregular."""
    for case in Case.objects.filter(agreement=agreement):
        judged = folded(agreement, f"case/{case.pk}").judged
        assert {one.verdict for one in judged.values()} == {"counts"}, case.pk


def test_a_rebuild_changes_no_row(agreement: Any) -> None:
    """Folded anew from the entries, every projected row is the one that stood there."""

    def rows() -> list[Any]:
        return sorted(map(repr, DatabaseLog(agreement).stored_rows()))

    before = rows()
    assert before
    [(_, n)] = checking.rebuild([agreement.pk])
    assert n > 500
    assert rows() == before


def test_entries_cannot_be_changed_through_the_models(agreement: Any) -> None:
    """A sealed entry is neither saved again nor deleted."""
    entry = agreement.entries.first()
    for act in (entry.save, entry.delete):
        with pytest.raises(TypeError):
            act()


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_entry SET kind = 'x'", "DELETE FROM ledger_entry", "DELETE FROM ledger_entrypart"]
)
def test_entries_cannot_be_changed_past_the_models(agreement: Any, statement: str) -> None:
    """The database itself refuses, whoever asks."""
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify_agreement(agreement).holds


def test_who_removes_the_guard_and_alters_a_part_is_found_out(agreement: Any) -> None:
    """Bytes changed past every guard are named by chain and number."""
    guard = {"sqlite": "entrypart_no_update", "postgresql": "entrypart_frozen ON ledger_entrypart"}[connection.vendor]
    entry = agreement.entries.filter(kind="kept", subject__startswith="record/").first()
    part = EntryPart.objects.get(entry=entry.commit, label="base")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {guard}")
    EntryPart.objects.filter(pk=part.pk).update(data=bytes(part.data).replace(b'"act"', b'"atc"'))
    faults = verify_agreement(agreement).faults
    assert any(one.code == "seal_altered" and f":{entry.seq}" in str(one.where["row"]) for one in faults)


def test_each_sides_chain_counts_for_itself(agreement: Any, sides: Any) -> None:
    """An entry takes the next number of its own side's chain, whatever the other side wrote meanwhile."""
    heads = {str(chain): head.seq for chain, head in DatabaseLog(agreement).heads().items()}

    def said(at: int) -> tuple[str, events.Kept]:
        side = sides[at % 2].pk
        return side, events.Kept(subject=f"note/{at}", on=DAY, act="noted", ordering=side, fields={"n": at})

    one, two, three = append(agreement, [said(at) for at in (0, 1, 2)])
    seqs = dict(agreement.entries.filter(commit__in=[one, two, three]).values_list("commit", "seq"))
    assert (seqs[one], seqs[two]) == (heads[sides[0].pk] + 1, heads[sides[1].pk] + 1)
    assert seqs[three] == seqs[one] + 1


def test_identifiers_sort_by_the_moment_they_were_made() -> None:
    made = [uuid7() for _ in range(3)]
    assert {one.version for one in made} == {7}
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)


def test_a_private_key_is_readable_by_its_owner_only(agreement: Any, sides: Any) -> None:
    for side in sides:
        mode = (Path(settings.HOME) / "keys" / f"{side.pk}.pem").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_a_node_without_a_sides_key_signs_nothing_for_it(agreement: Any, sides: Any, tmp_path: Path) -> None:
    kept, settings.HOME = settings.HOME, tmp_path
    try:
        said = events.Kept(subject="note/x", on=DAY, act="noted", ordering=sides[0].pk, fields={"n": 1})
        with pytest.raises(SealError, match="portal_key_elsewhere"):
            append(agreement, [(sides[0].pk, said)])
    finally:
        settings.HOME = kept
    assert not list(tmp_path.iterdir())


def _accepted(agreement: Any, sides: Any) -> Case:
    """A case whose match both parties accepted."""
    need, offer = (planted.party(agreement, side, f"p-{side.pk}") for side in sides)
    return planted.case(agreement, "c-walk", need, offer, steps=("match",))


@pytest.fixture
def case(agreement: Any, sides: Any) -> Case:
    return _accepted(agreement, sides)


def _said(**about: Any) -> casework.Said:
    return casework.Said(**{"on": DAY, **about})


def _paper() -> tuple[FileRef, ...]:
    content = b"%PDF-1.7 contract %%EOF"
    return (FileRef(keep_bytes(content), len(content), "application/pdf", "contract"),)


def test_words_are_erased_and_the_record_still_verifies(case: Case, sides: Any, person: Any) -> None:
    """What a person typed, and their name, goes; hashes, rows and signatures still agree."""
    who = person(f"coordinator-{sides[0].pk}")
    casework.record_step(who, case, node="meeting", said=_said(note="张三 13800000000"))
    held = [bytes(data) for data in Word.objects.values_list("data", flat=True)]
    assert any(b"13800000000" in data for data in held)
    assert listings.erase_written(who, case.agreement, ground="consent") == 2
    held = [bytes(data) for data in Word.objects.values_list("data", flat=True)]
    assert not any(b"13800000000" in data or who.username.encode() in data for data in held)
    [(_, verdict)] = checking.check([case.agreement_id])
    assert verdict.holds, verdict.faults


def test_no_entry_holds_free_text_outside_its_words(case: Case, sides: Any, person: Any) -> None:
    """A note and a name lie in the words, which can be erased, and nowhere else."""
    who = person(f"coordinator-{sides[0].pk}")
    casework.record_step(who, case, node="meeting", said=_said(note="张三 13800000000"))
    for data in EntryPart.objects.values_list("data", flat=True):
        assert b"13800000000" not in bytes(data)
        assert who.username.encode() not in bytes(data)


@pytest.mark.parametrize(
    ("node", "said", "code"),
    [
        ("dance", {}, "case_node_unknown"),
        ("refused", {}, "case_reason_missing"),
        ("match", {}, "case_not_next"),
        ("meeting", {"on": date(2025, 6, 1)}, "case_too_early"),
        ("meeting", {"on": date(2031, 1, 1)}, "case_in_future"),
        ("signed", {}, "case_evidence_missing"),
        ("intent", {"amount": Amount(Decimal(5), "usd")}, "case_unit_unknown"),
        ("intent", {"amount": Amount(Decimal(-5), "cny")}, "case_amount_not_positive"),
    ],
)
def test_a_step_that_breaks_a_rule_is_refused_with_its_reason(
    case: Case, sides: Any, person: Any, node: str, said: Any, code: str
) -> None:
    """Each guard has its own sentence, and nothing is written."""
    n_entries = Entry.objects.count()
    with pytest.raises(InputError) as error:
        casework.record_step(person(f"coordinator-{sides[0].pk}"), case, node=node, said=_said(**said))
    assert error.value.code == code
    assert code in words("zh")
    assert Entry.objects.count() == n_entries


def test_the_other_side_confirms_a_step_once_and_its_owner_never(case: Case, sides: Any, person: Any) -> None:
    """A contract counts only once the other side has confirmed it."""
    said = _said(amount=Amount(Decimal("5.00"), "cny"), files=_paper())
    step = casework.record_step(person(f"coordinator-{sides[0].pk}"), case, node="signed", said=said)
    owner, other = (person(f"leader-{side.pk}") for side in sides)
    with pytest.raises((DeniedError, InputError)):
        casework.confirm(owner, case, target=step, on=DAY)
    assert not Step.objects.get(pk=step).counts
    casework.confirm(other, case, target=step, on=DAY)
    assert Step.objects.get(pk=step).counts
    n_entries = Entry.objects.count()
    casework.confirm(other, case, target=step, on=DAY)
    assert Entry.objects.count() == n_entries, "a second press says nothing new"
    with pytest.raises(InputError, match="case_confirmed_already"):
        casework.send_back(other, case, target=step, note="x", on=DAY)


def test_a_double_press_records_one_step(case: Case, sides: Any, person: Any) -> None:
    """The same step after the same step is answered with the first."""
    who, tip = person(f"coordinator-{sides[0].pk}"), case.tip
    first = casework.record_step(who, case, node="meeting", said=_said(), after=tip)
    assert casework.record_step(who, case, node="meeting", said=_said(), after=tip) == first
    with pytest.raises(InputError, match="case_overtaken"):
        casework.record_step(who, case, node="intent", said=_said(), after=tip)


def test_an_officer_of_another_department_records_nothing(agreement: Any, sides: Any, officer_of: Any) -> None:
    """A case of a clause is written by the departments the clause names."""
    clause = next(one for one in agreement_term(agreement).clauses if one.lead.get(sides[0].pk))
    named = {*clause.lead.get(sides[0].pk, ()), *clause.support.get(sides[0].pk, ())}
    strange = next(one for one in agreement_term(agreement).departments if one.key not in named)
    need, offer = (planted.party(agreement, side, f"p-{side.pk}") for side in sides)
    case = planted.case(agreement, "c-clause", need, offer, clause=clause.key, steps=("match",))
    with pytest.raises(DeniedError, match="portal_other_department"):
        casework.record_step(officer_of(sides[0], strange.key), case, node="meeting", said=_said())


def test_a_department_of_another_agreement_is_not_in_charge_here(agreement: Any, sides: Any, officer_of: Any) -> None:
    """Two agreements may name a department alike; its people write for their own."""
    clause = next(one for one in agreement_term(agreement).clauses if one.lead.get(sides[0].pk))
    key = clause.lead[sides[0].pk][0]
    who = officer_of(sides[0], key)
    assert is_in_charge(who, agreement, clause.key)
    assert [one.key for one in offices_of(agreement, who)] == [key]
    assert author_of(who, agreement).by == key
    elsewhere = Department.objects.create(agreement="elsewhere", side=sides[0], key=key, name_zh="同名部门")
    who.departments.set([elsewhere])
    assert not is_in_charge(who, agreement, clause.key)
    assert not is_in_charge(who, agreement, clause.key, key)
    assert not offices_of(agreement, who).exists()
    assert author_of(who, agreement).by == who.role, "nor does an officer speak here as that department"


@pytest.mark.parametrize("role", ["reader", "auditor", "system", "security", "audit"])
def test_roles_without_the_power_write_nothing(case: Case, sides: Any, person: Any, role: str) -> None:
    """A role that does not write is refused before anything is looked at."""
    with pytest.raises(DeniedError, match="portal_denied"):
        casework.record_step(person(f"{role}-{sides[0].pk}"), case, node="meeting", said=_said())


def test_nothing_leaves_a_side_before_review_and_release(agreement: Any, sides: Any, person: Any) -> None:
    """A listing is the own side's until its coordinator passed it and its leader opened it."""
    leader, coordinator = person(f"leader-{sides[0].pk}"), person(f"coordinator-{sides[0].pk}")
    there = Person.objects.get(username=f"coordinator-{sides[1].pk}")
    row = planted.listing(planted.party(agreement, sides[0], "p-held"), "l-held")
    rows = Listing.objects.filter(pk=row.pk)
    with pytest.raises(DeniedError, match="not_cleared"):
        listings.release(leader, agreement, rows=[row], visibility="both")
    with pytest.raises(DeniedError, match="portal_denied"):
        listings.release(coordinator, agreement, rows=[row], visibility="both")
    listings.clear(coordinator, agreement, rows=[row])
    assert not rows.visible_to(there).exists()
    listings.release(leader, agreement, rows=[row], visibility="both")
    assert rows.visible_to(there).exists()
    assert Party.objects.filter(pk="p-held").visible_to(there).exists(), "what it rests on goes along"


def test_a_listing_sent_back_waits_for_its_author(agreement: Any, sides: Any, person: Any) -> None:
    """Sent back with words, it cannot be opened before it is revised."""
    leader, coordinator = person(f"leader-{sides[0].pk}"), person(f"coordinator-{sides[0].pk}")
    row = planted.listing(planted.party(agreement, sides[0], "p-held"), "l-held")
    listings.send_back(coordinator, row, note="请补充")
    assert Todo.objects.get(key=row.pk).act == "revise"
    with pytest.raises(DeniedError, match="not_cleared"):
        listings.release(leader, agreement, rows=[row], visibility="both")


def test_a_firm_sees_its_own_rows_and_those_it_is_matched_with(agreement: Any, sides: Any, person: Any) -> None:
    case = Case.objects.filter(agreement=agreement, need_party__isnull=False, offer_party__isnull=False).first()
    firm = person(f"firm-{sides[0].pk}")
    assert not Party.objects.visible_to(firm).exists()
    firm.party = case.need_party_id
    assert set(Case.objects.visible_to(firm).values_list("need_party", "offer_party")) <= {
        pair for pair in Case.objects.values_list("need_party", "offer_party") if firm.party in pair
    }
    assert Party.objects.visible_to(firm).filter(pk=firm.party).exists()
    reached = Case.objects.filter(agreement=agreement, need_party=firm.party, state="signed").first() or case
    partner = reached.offer_party_id
    assert Party.objects.visible_to(firm).filter(pk=partner).exists() == (reached.state != "need")
    firm.party = "nobody-else"
    assert not Party.objects.visible_to(firm).filter(pk=partner).exists()


@pytest.mark.parametrize("model", [Party, Listing, Case, Record])
def test_technical_administrators_see_no_row(agreement: Any, sides: Any, person: Any, model: Any) -> None:
    for role in ("system", "security", "audit"):
        assert not model.objects.visible_to(person(f"{role}-{sides[0].pk}")).exists()


def test_evidence_is_kept_under_its_hash(agreement: Any) -> None:
    """A paper lies under its hash, and an event names it with its size, its type and the kind of evidence."""
    ref, name = services.file_ref(SimpleUploadedFile("../../合同.pdf", b"%PDF-1.7 body %%EOF"), "contract")
    assert (Path(settings.HOME) / "evidence" / ref.sha256).read_bytes() == b"%PDF-1.7 body %%EOF"
    assert (name, ref.n_bytes, ref.type, ref.evidence) == ("合同.pdf", 19, "application/pdf", "contract")


@pytest.mark.parametrize("content", [b"", b"MZ\x90 program", b"<html>", b"%PDF" + b"x" * (20 * 1024 * 1024)])
def test_files_that_prove_nothing_are_refused(agreement: Any, content: bytes) -> None:
    """An empty file, a program, a page and one too large are no papers."""
    with pytest.raises(InputError):
        services.file_ref(SimpleUploadedFile("a.pdf", content), "contract")


def test_a_file_of_records_with_faults_is_told_whole_and_loads_nothing(agreement: Any, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    lines = [
        json.dumps({"type": "party", "id": "p-new", "kind": "firm", "region": agreement.sides.first().pk, "name": "x"}),
        "no json",
        '{"type": "dance"}',
        '{"type": "step", "case": "c"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    n_events = agreement.entries.count()
    with pytest.raises(InputError) as error:
        load_records(agreement, path)
    assert [fault.where["row"] for fault in error.value.faults] == [2, 3, 4]
    assert not Party.objects.filter(pk="p-new").exists()
    assert agreement.entries.count() == n_events


def test_evidence_text_that_is_not_what_its_hash_says_is_refused(agreement: Any, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    row = {"type": "evidence", "sha256": "0" * 64, "kind": "report", "name": "a.txt", "text": "b"}
    path.write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(InputError):
        load_records(agreement, path)
