"""A word of its own in every kind of text of a life: each reader finds on all pages just the words that are theirs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import planted
import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from portal_checks import post

from duijie_portal.accounts.models import Department, Person, Registration
from duijie_portal.ledger import casework
from duijie_portal.ledger.entries import DeskAct, Todo
from duijie_portal.ledger.keeping import keep
from duijie_portal.ledger.models import Listing, Record
from duijie_portal.ledger.selectors import agreement_term

ACCESS = yaml.safe_load((Path(__file__).parent / "access.yaml").read_text(encoding="utf-8"))
HERE, THERE = ("here", "need"), ("there", "offer")  # officials of a side, and its party of the case
BOTH = (*HERE, *THERE)
# What was planted, and who finds it; the decider of registrations is an official of the own side.
MAY_READ: dict[str, tuple[str, ...]] = {
    "未交出的标题暗号": HERE,
    "7310241": BOTH,  # a price, opened once both said yes
    "7310242": HERE,  # the price of a need nobody answered
    "约定后开放的暗号": BOTH,  # opened once there is an intent
    "未到约定的暗号": HERE,
    "步骤备注的暗号": BOTH,
    "佐证文件名的暗号": BOTH,
    "佐证内容的暗号": BOTH,
    "退回理由的暗号": BOTH,
    "更正说明的暗号": BOTH,
    "撤回步骤的暗号": BOTH,
    "撤回文件内容的暗号": (),
    "审核退回的暗号": HERE,
    "谢绝理由的暗号": HERE,
    "本方留存的暗号": ("here",),
    "登记联系人的暗号": ("here",),
    "走访所谈的暗号": ("here",),
    "线索事项的暗号": ("here",),
    "异议理由的暗号": ("here",),
    **{f"本方{what}的暗号": ("here",) for what in ("urged", "postponed", "instructed", "circulated", "handed")},
}


@pytest.fixture
def world(agreement: Any, sides: Any, as_person: Any) -> dict[str, Any]:
    """Two firms' way to a contract that is returned and corrected, and beside it everything that stays at home."""
    here, there = sides
    need, offer = (
        planted.party(agreement, here, "p-a", visibility="both"),
        planted.party(agreement, there, "p-b", visibility="both"),
    )
    rivals = [planted.party(agreement, side, f"p-{side.pk}", visibility="both") for side in sides]
    for role, owner in (("need", need), ("offer", offer), ("rival-here", rivals[0]), ("rival-there", rivals[1])):
        Person.objects.create_user(f"acts-{role}", None, role="firm", side=owner.side, party=owner.pk)
    said = {"title": "求购鞋底", "price_most_cny": 7310241, "blocked": ["约定后开放的暗号"]}
    planted.listing(need, "s-need", payload=said, visibility="both")
    planted.listing(offer, "s-offer", role="offer", payload={"title": "供应鞋底"}, visibility="both")
    alone = {"title": "求购鞋面", "price_most_cny": 7310242, "blocked": ["未到约定的暗号"]}
    planted.listing(need, "s-alone", payload=alone, visibility="both")
    planted.listing(need, "s-draft", payload={"title": "未交出的标题暗号"})
    case = planted.case(
        agreement, "c-secrets", need, offer, kind="supply", steps=("match",), listings=("s-need", "s-offer")
    )
    acts = {"here": as_person(f"coordinator-{here.pk}"), "there": as_person(f"coordinator-{there.pk}")}
    _live(agreement, acts, case.pk)
    item = Todo.objects.filter(key=case.pk, side=here.pk).first()
    for what in ("urged", "postponed", "instructed", "circulated", "handed"):
        said = {"what": what, "item": item.pk, "note": f"本方{what}的暗号", "due_on": timezone.localdate().isoformat()}
        said["to"] = [f"p:leader-{here.pk}"]
        post(acts["here"], "arrange", agreement, said, sort="case", key=case.pk)
    assert DeskAct.objects.filter(key=case.pk).count() == 5
    post(acts["here"], "send_back", agreement, {"note": "审核退回的暗号"}, sort="listing", key="s-draft")
    ends = {key: Listing.objects.get(pk=key) for key in ("s-alone", "s-offer")}
    firm = Person.objects.get(username="acts-need")
    casework.decline(firm, ends["s-alone"], offer=ends["s-offer"], reason="distance", note="谢绝理由的暗号")
    keep(
        None,
        Record(id="s-kept", agreement=agreement, side=here, kind="note", visibility="own", title_zh="本方留存的暗号"),
        "kept",
    )
    Registration.objects.create(
        agreement=agreement.pk, side=here, kind="firm", name="演练企业", region=here.pk, notice="1", username="s-asks",
        receipt="s-receipt", origin="x", contact="登记联系人的暗号",
    )  # fmt: skip
    inner = _worked(agreement, acts["here"], need)
    return {
        "case": case.pk,
        "inner": inner,
        "listing": ("s-need", "s-offer", "s-alone", "s-draft"),
        "organisation": ("p-a", "p-b"),
    }


def _worked(agreement: Any, client: Any, firm: Any) -> list[str]:
    """A visit to the firm, a lead, and a dispute over it: the keys of the three cases."""
    from duijie_portal.ledger.models import Case

    one, other = Department.objects.filter(agreement=agreement.pk, side=firm.side_id)[:2]
    today, clause = timezone.localdate().isoformat(), agreement_term(agreement).clauses[0].key
    visit = {"party": firm.pk, "department": one.key, "on": today, "said": "走访所谈的暗号", "goes_on": "1"}
    post(client, "record_visit", agreement, visit)
    said = {"investor": "暗线投资公司", "clause": clause, "on": today, "department": one.key}
    post(client, "report_lead", agreement, {**said, "matter": "线索事项的暗号"})
    raised = {"investor": "暗线投资公司", "department": other.key, "reason": "异议理由的暗号"}
    post(client, "dispute_lead", agreement, raised)
    rows = Case.objects.filter(agreement=agreement, kind__in=("firm-visit", "lead-dispute")) | Case.objects.filter(
        agreement=agreement, payload__has_key="investor"
    )
    keys = list(rows.values_list("pk", flat=True))
    assert len(keys) == 3
    return keys


def _live(agreement: Any, acts: dict[str, Any], case: str) -> None:
    """Intent; a step that is taken back; a contract that is returned, recorded again, confirmed and corrected."""
    from duijie_portal.ledger.models import Case

    def step(node: str, note: str, file: tuple[str, str] | None = None, **more: Any) -> str:
        data = {"node": node, "on": timezone.localdate().isoformat(), "note": note, "evidence": "contract", **more}
        if file:
            data["file"] = SimpleUploadedFile(file[0], f"%PDF-1.7\n{file[1]}\n%%EOF\n".encode())
        post(acts["here"], "record_step", agreement, data, case=case)
        return str(Case.objects.get(pk=case).steps.last().pk)

    step("meeting", "")
    step("intent", "步骤备注的暗号", evidence="letter")
    gone = step("signed", "撤回步骤的暗号", ("旧稿.pdf", "撤回文件内容的暗号"), amount="120万元", unit="cny")
    post(acts["here"], "withdraw_step", agreement, {"target": gone}, case=case)
    first = step("signed", "", ("佐证文件名的暗号.pdf", "佐证内容的暗号"), amount="120万元", unit="cny")
    post(
        acts["there"],
        "return_step",
        agreement,
        {"target": first, "note": "退回理由的暗号"},
        case=case,
    )
    again = step("signed", "", ("合同.pdf", "合同"), amount="120万元", unit="cny")
    post(acts["there"], "confirm_step", agreement, {"target": again}, case=case)
    data = {"target": again, "amount": "125万元", "unit": "cny", "note": "更正说明的暗号"}
    post(acts["here"], "correct_step", agreement, data, case=case)


def _addresses(agreement: Any, world: dict[str, Any]) -> Iterator[str]:
    """Every page and twin of readers, each row of the world by its key, every paper, and a search for each word."""
    from duijie_portal.ledger.models import Case
    from duijie_portal.ledger.recording import files_of

    names = [name for group in ACCESS.values() if isinstance(group, dict) for name in group.get("read", ())]
    keys = [
        {},
        *({"case": one} for one in (world["case"], *world["inner"])),
        *({"listing": one} for one in world["listing"]),
    ]
    keys += [{"organisation": one} for one in world["organisation"]] + [{"party": one} for one in world["organisation"]]
    keys += [{"sort": "listing", "key": one} for one in world["listing"]] + [{"sort": "case", "key": world["case"]}]
    for name in names:
        for each in (name, f"{name}_json"):
            for key in keys:
                try:
                    yield reverse(each, kwargs={"agreement": agreement.pk, **key})
                except NoReverseMatch:
                    continue
    steps = list(Case.objects.get(pk=world["case"]).steps.values_list("pk", flat=True))
    for files in files_of(steps).values():
        for one in files:
            yield reverse("case_file", kwargs={"agreement": agreement.pk, "case": world["case"], "sha256": one.sha256})
    yield f"{reverse('match', args=[agreement.pk])}?kind=supply"
    for word in MAY_READ:
        yield f"{reverse('search_json', args=[agreement.pk])}?q={word}"


def _found(client: Any, agreement: Any, world: dict[str, Any]) -> dict[str, list[str]]:
    """The planted words a reader finds, each with the addresses where it stands."""
    seen: dict[str, list[str]] = {}
    for path in dict.fromkeys(_addresses(agreement, world)):
        answer = client.get(path)
        if answer.status_code != 200:
            continue
        text = (b"".join(answer) if answer.streaming else answer.content).decode(errors="ignore")
        if "?q=" in path:
            text = json.dumps(answer.json()["found"], ensure_ascii=False)
        plain = text.replace(",", "")
        for word in MAY_READ:
            if word in plain or word.encode("unicode_escape").decode() in plain:
                seen.setdefault(word, []).append(path)
    return seen


READERS = ["here", "there", "need", "offer", "rival-here", "rival-there", "talent", "auditor", "security", ""]


@pytest.mark.parametrize("who", READERS)
def test_each_reader_finds_just_the_words_that_are_theirs(
    agreement: Any, sides: Any, as_person: Any, world: dict[str, Any], who: str
) -> None:
    """Own side, other side, the two parties, rivals, roles that read no cases, nobody: every address is asked."""
    names = {role: f"{role}-{sides[1].pk}" for role in ("talent", "auditor", "security")}
    names |= {"here": f"coordinator-{sides[0].pk}", "there": f"coordinator-{sides[1].pk}"}
    client = as_person(names.get(who, f"acts-{who}")) if who else Client()
    found = _found(client, agreement, world)
    scope = "there" if who == "auditor" else who
    secret = {word: paths for word, paths in found.items() if scope not in MAY_READ[word]}
    assert secret == {}
    if who in BOTH:
        missing = {word for word, readers in MAY_READ.items() if who in readers} - set(found)
        assert missing == set(), "what is theirs stands somewhere"
