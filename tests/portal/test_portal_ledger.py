"""The ledger: append-only, sealed, erasable, and seen only by those who may."""

from __future__ import annotations

import json
import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from duijie.errors import DeniedError, InputError, SealError
from duijie_portal.accounts.models import Activity
from duijie_portal.ledger import services
from duijie_portal.ledger.loading import load_records
from duijie_portal.ledger.log import Draft, append, erase, verify_agreement
from duijie_portal.ledger.models import Case, Countersignature, Erasable, Event, Evidence, Listing, Party, Record, uuid7

DAY = date(2025, 7, 1)


def test_the_loaded_life_is_whole(agreement: Any) -> None:
    verdict = verify_agreement(agreement)
    assert verdict.holds
    assert verdict.n_entries == Event.objects.filter(agreement=agreement).count() > 1000


def test_states_are_the_fold_of_the_events(agreement: Any) -> None:
    for case in Case.objects.filter(agreement=agreement).prefetch_related("steps"):
        steps = sorted(case.steps.all(), key=lambda step: (step.on, step.event_id))
        assert case.state == (steps[-1].kind if steps else "")


def test_confirmed_steps_carry_the_other_sides_countersignature(agreement: Any) -> None:
    rows = Countersignature.objects.filter(event__agreement=agreement).select_related("event", "by")
    assert rows
    for row in rows:
        assert row.side_id != row.event.side_id
        assert row.by.body["countersigns_digest"] == row.event.digest


def test_events_cannot_be_changed_through_the_models(agreement: Any) -> None:
    event = agreement.events.first()
    for act in (event.save, event.delete, Event.objects.all().delete, lambda: Event.objects.update(kind="x")):
        with pytest.raises(TypeError):
            act()


@pytest.mark.parametrize("statement", ["UPDATE ledger_event SET content = '{}'", "DELETE FROM ledger_event"])
def test_events_cannot_be_changed_past_the_models(agreement: Any, statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify_agreement(agreement).holds


def test_who_removes_the_guard_and_alters_an_event_is_found_out(agreement: Any) -> None:
    guard = {"sqlite": "event_no_update", "postgresql": "event_frozen ON ledger_event"}[connection.vendor]
    event = agreement.events.filter(kind="step.signed").first()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {guard}")
        altered = event.content.replace(event.body["clause"], "another-clause")
        cursor.execute("UPDATE ledger_event SET content = %s WHERE digest = %s", [altered, event.digest])
    [fault, *rest] = verify_agreement(agreement).faults
    assert not rest
    assert (fault.code, fault.where["sequence"]) == ("seal_altered", event.sequence)


def test_each_sides_chain_counts_for_itself(agreement: Any, sides: Any) -> None:
    before = {side.pk: agreement.events.filter(side=side).count() for side in sides}
    one, two, three = append(agreement, [Draft(sides[at].pk, "step.need", "case", "x", DAY) for at in (0, 1, 0)])
    assert (one.sequence, two.sequence) == (before[sides[0].pk] + 1, before[sides[1].pk] + 1)
    assert (three.sequence, three.previous) == (one.sequence + 1, one.digest)


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
        with pytest.raises(SealError, match="portal_key_elsewhere"):
            append(agreement, [Draft(sides[0].pk, "step.need", "case", "x", DAY)])
    finally:
        settings.HOME = kept
    assert not list(tmp_path.iterdir())


def test_an_erased_person_leaves_a_chain_that_still_verifies(agreement: Any, sides: Any, person: Any) -> None:
    who = person(f"coordinator-{sides[0].pk}")
    case = services.open_case(who, agreement, clause="any", on=DAY)
    [event] = agreement.events.filter(subject=case.pk)
    reference = event.body["actor"]
    assert Erasable.objects.get(pk=reference).text == who.username
    assert who.username not in event.content
    erase(reference)
    assert Erasable.objects.get(pk=reference).text == ""
    assert verify_agreement(agreement).holds


def test_no_event_names_a_person_or_holds_free_text(agreement: Any, sides: Any, person: Any) -> None:
    who = person(f"coordinator-{sides[0].pk}")
    case = services.open_case(who, agreement, clause="any", on=DAY)
    services.record_step(who, case, kind="need", on=DAY, note="张三 13800000000")
    assert not agreement.events.filter(content__contains="13800000000").exists()


@pytest.fixture
def case(agreement: Any, sides: Any, person: Any) -> Case:
    found: Case = services.open_case(person(f"coordinator-{sides[0].pk}"), agreement, clause="any", on=DAY)
    return found


@pytest.mark.parametrize(
    ("before", "step", "error"),
    [
        ([], {"kind": "dance"}, InputError),
        ([], {"kind": "refused"}, InputError),
        (["match"], {"kind": "need"}, InputError),
        (["match"], {"kind": "match"}, InputError),
        ([], {"kind": "need", "on": date(2025, 6, 1)}, InputError),
        (["refused"], {"kind": "signed"}, DeniedError),
    ],
)
def test_steps_go_forward_only(case: Case, sides: Any, person: Any, before: list[str], step: Any, error: Any) -> None:
    who = person(f"coordinator-{sides[0].pk}")
    for kind in before:
        services.record_step(who, case, kind=kind, on=DAY, reason="price" if kind == "refused" else "")
    n_events = Event.objects.count()
    with pytest.raises(error):
        services.record_step(who, case, **{"on": DAY, **step})
    assert Event.objects.count() == n_events


def test_the_other_side_confirms_a_step_once_and_its_owner_never(case: Case, sides: Any, person: Any) -> None:
    owner, other = (person(f"leader-{side.pk}") for side in sides)
    step = services.record_step(
        person(f"coordinator-{sides[0].pk}"), case, kind="signed", on=DAY, amount=5.0, unit="cny"
    )
    with pytest.raises(DeniedError, match="own_countersignature"):
        services.confirm_step(owner, step, on=DAY)
    services.confirm_step(other, step, on=DAY)
    with pytest.raises(DeniedError, match="already"):
        services.confirm_step(other, step, on=DAY)
    assert step.is_confirmed
    assert verify_agreement(case.agreement).holds


def test_a_side_does_not_write_in_anothers_case(case: Case, sides: Any, person: Any) -> None:
    with pytest.raises(DeniedError, match="other_side_owns"):
        services.record_step(person(f"coordinator-{sides[1].pk}"), case, kind="need", on=DAY)
    refusal = Activity.objects.filter(is_refused=True).first()
    assert refusal.person.side == sides[1]
    assert refusal.act == "case.step"


@pytest.mark.parametrize("role", ["reader", "auditor", "system", "security", "audit", "firm"])
def test_roles_without_the_power_write_nothing(case: Case, sides: Any, person: Any, role: str) -> None:
    with pytest.raises(DeniedError, match="portal_denied"):
        services.record_step(person(f"{role}-{sides[0].pk}"), case, kind="need", on=DAY)


def test_nothing_leaves_a_side_before_secrecy_check_and_release(case: Case, sides: Any, person: Any) -> None:
    leader, coordinator = person(f"leader-{sides[0].pk}"), person(f"coordinator-{sides[0].pk}")
    there = person(f"coordinator-{sides[1].pk}")
    rows = Case.objects.filter(pk=case.pk)
    assert not rows.visible_to(there).exists()
    with pytest.raises(DeniedError, match="not_cleared"):
        services.release(leader, case, visibility="both")
    with pytest.raises(DeniedError, match="portal_denied"):
        services.release(coordinator, case, visibility="both")
    services.clear(coordinator, case)
    assert not rows.visible_to(there).exists()
    services.release(leader, case, visibility="both")
    assert rows.visible_to(there).exists()
    with pytest.raises(DeniedError, match="other_side_owns"):
        services.clear(there, case)


def test_a_firm_sees_its_own_rows_and_those_it_is_matched_with(agreement: Any, sides: Any, person: Any) -> None:
    case = Case.objects.filter(agreement=agreement, need_party__isnull=False, offer_party__isnull=False).first()
    firm = person(f"firm-{sides[0].pk}")
    assert not Party.objects.visible_to(firm).exists()
    firm.party = case.need_party_id
    assert set(Case.objects.visible_to(firm).values_list("need_party", "offer_party")) <= {
        pair for pair in Case.objects.values_list("need_party", "offer_party") if firm.party in pair
    }
    assert Party.objects.visible_to(firm).filter(pk=firm.party).exists()
    Party.objects.filter(pk=case.offer_party_id).update(visibility="matched")
    assert Party.objects.visible_to(firm).filter(pk=case.offer_party_id).exists()
    firm.party = "nobody-else"
    assert not Party.objects.visible_to(firm).filter(pk=case.offer_party_id).exists()


@pytest.mark.parametrize("model", [Party, Listing, Case, Record])
def test_technical_administrators_see_no_row(agreement: Any, sides: Any, person: Any, model: Any) -> None:
    for role in ("system", "security", "audit"):
        assert not model.objects.visible_to(person(f"{role}-{sides[0].pk}")).exists()


def test_evidence_is_kept_under_its_hash_and_sealed(agreement: Any, sides: Any, person: Any) -> None:
    who = person(f"officer-{sides[0].pk}")
    file = SimpleUploadedFile("../../合同.pdf", b"%PDF-1.7 body")
    kept: Evidence = services.add_evidence(who, agreement, file=file, kind="contract", subject_type="case", subject="x")
    path = Path(settings.HOME) / "evidence" / kept.sha256
    assert path.read_bytes() == b"%PDF-1.7 body"
    assert kept.name == "合同.pdf"
    assert agreement.events.latest("recorded_at").body["sha256"] == kept.sha256


@pytest.mark.parametrize("content", [b"", b"MZ\x90 program", b"<html>", b"%PDF" + b"x" * (20 * 1024 * 1024)])
def test_files_that_prove_nothing_are_refused(agreement: Any, sides: Any, person: Any, content: bytes) -> None:
    file = SimpleUploadedFile("a.pdf", content)
    with pytest.raises(InputError):
        services.add_evidence(
            person(f"officer-{sides[0].pk}"), agreement, file=file, kind="contract", subject_type="case", subject="x"
        )


def test_a_file_of_records_with_faults_is_told_whole_and_loads_nothing(agreement: Any, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    lines = [
        json.dumps({"type": "party", "id": "p-new", "kind": "firm", "region": agreement.sides.first().pk, "name": "x"}),
        "no json",
        '{"type": "dance"}',
        '{"type": "step", "case": "c"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    n_events = Event.objects.count()
    with pytest.raises(InputError) as error:
        load_records(agreement, path)
    assert [fault.where["row"] for fault in error.value.faults] == [2, 3, 4]
    assert not Party.objects.filter(pk="p-new").exists()
    assert Event.objects.count() == n_events


def test_evidence_text_that_is_not_what_its_hash_says_is_refused(agreement: Any, tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    row = {"type": "evidence", "sha256": "0" * 64, "kind": "report", "name": "a.txt", "text": "b"}
    path.write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(InputError):
        load_records(agreement, path)
