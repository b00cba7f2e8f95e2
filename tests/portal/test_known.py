"""As at D, known at K: pages of a past moment come back the same to who may still see them, and nobody acts there."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import planted
import pytest
from django.db import DatabaseError, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from portal_checks import UNSAID, check_page, post, said

from duijie.errors import InputError
from duijie.ledger.events import Amount, FileRef
from duijie.ledger.known import GONE
from duijie_portal.frame import jobs
from duijie_portal.ledger import casework, known, listings
from duijie_portal.ledger.entries import Grant, Todo
from duijie_portal.ledger.known import looking_back
from duijie_portal.ledger.looking import THEN, looking
from duijie_portal.ledger.models import Agreement, Case, Listing, Record, Step, action_key
from duijie_portal.ledger.selectors import agreement_term
from duijie_portal.ledger.store import DatabaseLog, keep_bytes
from duijie_portal.ledger.telling import lines
from duijie_portal.match import listing_services
from duijie_portal.track import amendment_services, services

TODAY = timezone.localdate()
LOOKS_BACK = ("track", "brief", "tickets", "conference", "practices", "amendments")


def numbers(agreement: Agreement) -> str:
    """K as it stands, by the numbers of the sides' last entries."""
    found = DatabaseLog(agreement).heads()
    return ",".join(f"{chain.side}:{head.seq}" for chain, head in found.items() if not chain.is_inner)


@dataclass
class Life:
    """A case that was signed and an action in trouble, K right after, and all that came later."""

    agreement: Agreement
    clause: str
    action: str
    case: str
    k: str
    sides: Any
    person: Any

    def paths(self, *, is_html: bool = False) -> list[str]:
        """The pages that look back."""
        end = "" if is_html else "_json"
        found = [reverse(f"{name}{end}", args=[self.agreement.pk]) for name in LOOKS_BACK]
        found.append(reverse(f"clause{end}", args=[self.agreement.pk, self.clause]))
        return [*found, *(reverse(f"case{end}", args=[self.agreement.pk, key]) for key in (self.case, self._begun))]

    @property
    def _begun(self) -> str:
        return action_key(self.agreement, self.clause, self.action)

    def asked(self, client: Client) -> dict[str, Any]:
        """The documents of K."""
        found = {}
        for path in self.paths():
            answer = client.get(path, {"known_at": self.k})
            assert answer.status_code == 200, path
            found[path] = answer.json()
        return found

    def step(self) -> str:
        return str(Step.objects.get(case=self.case, kind="signed").pk)

    def goes_on(self) -> None:
        """A correction both agree to, a later step, a ticket, a decision and an amendment that holds."""
        here, there = (self.person(f"coordinator-{side.pk}") for side in self.sides)
        case = Case.objects.get(pk=self.case)
        casework.correct(here, case, target=self.step(), amount=Amount(Decimal(900_000), "cny"), note="少计一批")
        casework.confirm(there, case, target=Todo.objects.get(key=case.pk, act="agree").target)
        about = {"clause": self.clause, "title": "会后议定", "title_en": "", "departments": [], "conference": ""}
        services.record_decision(here, self.agreement, due_on=TODAY, on=TODAY, **about)
        leaders = [self.person(f"leader-{side.pk}") for side in self.sides]
        paper = {"kind": "renewal", "title": "续签", "title_en": "", "signed_on": TODAY, "effective_on": TODAY}
        more = {"valid_until": date(2099, 12, 31), "paper": None, "clause_file": None}
        amendment_services.propose_amendment(leaders[0], self.agreement, **paper, **more)
        row = Record.objects.get(agreement=self.agreement, kind="amendment", title_zh="续签")
        amendment_services.agree_amendment(leaders[1], row, on=TODAY)


@pytest.fixture
def life(agreement: Any, sides: Any, person: Any, as_person: Any) -> Life:
    term = agreement_term(agreement)
    clause = next(one for one in term.clauses if any(act.template == "policy-item" for act in one.actions))
    action = next(act for act in clause.actions if act.template == "policy-item")
    ends = []
    for side, role in zip(sides, ("need", "offer"), strict=True):
        party = planted.party(agreement, side, f"回看{role}厂", visibility="both")
        text = {"title": f"鞋面布{role}", "details": f"联系人电话 1390000{role}"}
        ends.append(planted.listing(party, f"l-{role}", role=role, payload=text, visibility="both"))
    here, there = (person(f"coordinator-{side.pk}") for side in sides)
    for who in (here, there):
        casework.accept(who, ends[0], offer=ends[1], clause=clause.key)
    case = Case.objects.get(pk=casework.pair_key("l-need", "l-offer"))
    content = b"%PDF-1.7 contract %%EOF"
    paper = (FileRef(keep_bytes(content), len(content), "application/pdf", "contract"),)
    names = {paper[0].sha256: "王五购销合同.pdf"}
    signed = casework.Said(TODAY, Amount(Decimal(1_200_000), "cny"), note="经办人王五", files=paper, names=names)
    step = casework.record_step(here, case, node="signed", said=signed)
    casework.confirm(there, case, target=step)
    data = {"action": action.key, "kind": "problem", "on": str(TODAY), "note": "赵六未到岗"}
    assert said(post(as_person(here.username), "move", agreement, data, clause=clause.key), "portal_done_move")
    return Life(agreement, clause.key, action.key, case.pk, numbers(agreement), sides, person)


@pytest.fixture
def readers(sides: Any, as_person: Any) -> dict[str, Client]:
    names = [f"{role}-{side.pk}" for side in sides for role in ("coordinator", "leader")]
    return {name: as_person(name) for name in names}


def test_whatever_is_corrected_or_amended_k_answers_the_same(life: Life, readers: Any) -> None:
    """Each document of K, for officials of both sides, before and after a correction, a decision, an amendment."""
    before = {name: life.asked(client) for name, client in readers.items()}
    text = json.dumps(before, ensure_ascii=False)
    assert "1200000" in text
    assert "赵六未到岗" in text
    life.goes_on()
    assert {name: life.asked(client) for name, client in readers.items()} == before
    clause = reverse("clause_json", args=[life.agreement.pk, life.clause])
    [client, *_] = readers.values()
    now = json.dumps(client.get(clause).json(), ensure_ascii=False)
    assert "900000" in now
    assert "会后议定" in now
    assert "会后议定" not in text


def test_k_says_what_the_page_said_at_k(life: Life, readers: Any) -> None:
    """The figures, lights and reasons of K are those the page itself showed then; proposals are on no record."""
    path = reverse("clause_json", args=[life.agreement.pk, life.clause])
    live = {name: client.get(path).json() for name, client in readers.items()}
    life.goes_on()
    for name, client in readers.items():
        then = client.get(path, {"known_at": life.k, "as_of": str(TODAY)}).json()
        assert then["clause"] | {"n_matches": None} == live[name]["clause"] | {"n_matches": None}
        for key in ("as_of", "told", "cases", "sums", "pages"):
            assert then[key] == live[name][key], key


def test_the_other_day_is_asked_for_as_well(life: Life, coordinator: Client) -> None:
    """As at D, known at K: of what was known at K only what had happened by D."""
    path = reverse("clause_json", args=[life.agreement.pk, life.clause])
    late, early = (
        coordinator.get(path, {"known_at": life.k, "as_of": str(day)}).json() for day in (TODAY, TODAY - timedelta(400))
    )
    assert (late["as_of"], early["as_of"]) == (str(TODAY), str(TODAY - timedelta(400)))
    assert late["known"] == early["known"]
    assert late["clause"]["chain"]["signed"] > early["clause"]["chain"]["signed"]


def test_erased_words_are_marked_and_their_text_is_nowhere(life: Life, readers: Any) -> None:
    """A note, the name of a paper, a problem, the text of a need: 〔已删除〕 at K, each figure as it was."""
    before = {name: life.asked(client) for name, client in readers.items()}
    words = ("王五", "赵六", "1390000need", "鞋面布need")
    assert all(word in json.dumps(before, ensure_ascii=False) for word in words)
    subjects = [f"case/{life.case}", f"case/{action_key(life.agreement, life.clause, life.action)}", "listing/l-need"]
    for side in life.sides:
        listings.erase(life.agreement, subjects, side=side.pk, ground="consent")
    for name, client in readers.items():
        after = life.asked(client)
        text = json.dumps(after, ensure_ascii=False)
        assert not [word for word in words if word in text]
        assert GONE in text
        assert _figures(after) == _figures(before[name])
        html = client.get(life.paths(is_html=True)[-2], {"known_at": life.k}).content.decode()
        assert GONE in html


def _figures(documents: Any) -> Any:
    """Every number, light and code of some documents; texts left out."""
    text = json.dumps(documents, ensure_ascii=False, sort_keys=True)
    return re.findall(r'"(?:light|code|state|counts|actual|target|n_[a-z]+|amount|unit)": ("[a-z_]*"|[^",\[{]+)', text)


def test_a_release_that_was_taken_back_is_taken_back_from_the_past(life: Life, as_person: Any) -> None:
    """What the other side no longer reads of a need it reads at no K; the own side reads its own, figures stay."""
    there, here = (as_person(f"coordinator-{side.pk}") for side in reversed(life.sides))
    path = reverse("case_json", args=[life.agreement.pk, life.case])
    clause = reverse("clause_json", args=[life.agreement.pk, life.clause])
    asked = {"known_at": life.k}
    assert "鞋面布need" in there.get(path, asked).content.decode()
    figures = _figures(there.get(clause, asked).json())
    planted.reopened(Listing.objects.get(pk="l-need"), "own")
    assert "鞋面布need" not in there.get(path, asked).content.decode()
    assert "鞋面布need" not in there.get(clause, asked).content.decode()
    assert "鞋面布need" in here.get(path, asked).content.decode()
    assert _figures(there.get(clause, asked).json()) == figures


def test_a_case_one_may_no_longer_open_opens_at_no_k(life: Life, as_person: Any) -> None:
    """The gate of now cuts the rows of then."""
    client = as_person(f"coordinator-{life.sides[1].pk}")
    path = reverse("case", args=[life.agreement.pk, life.case])
    assert client.get(path, {"known_at": life.k}).status_code == 200
    Grant.objects.filter(sort="case", key=life.case, scope=f"side:{life.sides[1].pk}").delete()
    assert client.get(path, {"known_at": life.k}).status_code == 404


def test_a_listing_retired_since_still_counts_at_k(life: Life, as_person: Any, person: Any) -> None:
    """A count that was read once stays: the need was open at K, whatever its owner did later."""
    client = as_person(f"coordinator-{life.sides[1].pk}")
    path = reverse("track_json", args=[life.agreement.pk])
    before = client.get(path, {"known_at": life.k}).json()
    firm = person(f"firm-{life.sides[0].pk}")
    firm.party = Listing.objects.get(pk="l-need").party_id
    firm.save()
    listing_services.withdraw_listing(firm, Listing.objects.get(pk="l-need"))
    assert client.get(path, {"known_at": life.k}).json() == before


@pytest.mark.parametrize(("language", "word"), [("zh-hans", "当时所知，仅供查阅"), ("en", "for reading only")])
def test_the_page_says_so_and_offers_nothing_to_do(
    life: Life, sides: Any, as_person: Any, language: str, word: str
) -> None:
    """A banner with the day and both heads, a way back, links that go on looking back, and not one button to act."""
    for role in ("coordinator", "leader", "officer"):
        client = as_person(f"{role}-{sides[0].pk}", language)
        for path in life.paths(is_html=True):
            html = client.get(path, {"known_at": life.k}).content.decode()
            assert "banner known" in html, path
            assert word in html, path
            assert not UNSAID.search(html), path
            for one in life.k.split(","):
                assert one.partition(":")[2] in html
            main = html.partition("<main")[2].partition("</main>")[0]
            assert 'method="post"' not in main, (role, path)
            assert f'href="{path}"' in html, "the way back"
    board = client.get(reverse("track", args=[life.agreement.pk]), {"known_at": life.k}).content.decode()
    clause = reverse("clause", args=[life.agreement.pk, life.clause])
    assert re.search(rf'href="{re.escape(clause)}\?known_at=', board)


def test_the_same_page_acts_in_the_present(life: Life, coordinator: Client) -> None:
    """Without K there are buttons and no banner: the test above would miss nothing."""
    pages = [coordinator.get(path).content.decode() for path in life.paths(is_html=True)]
    mains = [html.partition("<main")[2].partition("</main>")[0] for html in pages]
    assert sum('method="post"' in main for main in mains) > 3
    assert not [html for html in pages if "banner known" in html]


@pytest.mark.parametrize(
    "text", ["x", "2026-02-30", "9999-12-31", "0001-01-01", "350582", "a:b", "zz:1", "x" * 900, "²:1"]
)
def test_what_names_no_k_is_answered_with_one_sentence(agreement: Any, coordinator: Client, text: str) -> None:
    """Malformed, beyond the calendar, a side that is none: 400, in words and as a code."""
    for name in (*LOOKS_BACK, "brief_file"):
        answer = coordinator.get(reverse(name, args=[agreement.pk]), {"known_at": text})
        assert answer.status_code == 400, name
    page = coordinator.get(reverse("track", args=[agreement.pk]), {"known_at": text}).content.decode()
    assert not UNSAID.search(page)
    code = coordinator.get(reverse("track_json", args=[agreement.pk]), {"known_at": text}).json()["code"]
    assert code in ("known_unreadable", "known_entry_unknown", "day_outside")


def test_a_number_that_is_not_written_yet_says_how_many_there_are(
    agreement: Any, sides: Any, coordinator: Client
) -> None:
    head = DatabaseLog(agreement).heads()
    last = max(one.seq for chain, one in head.items() if chain.side == sides[0].pk)
    answer = coordinator.get(reverse("track", args=[agreement.pk]), {"known_at": f"{sides[0].pk}:{last + 1}"})
    assert answer.status_code == 400
    assert str(last) in answer.content.decode()


@pytest.mark.parametrize("day", [TODAY, TODAY + timedelta(1), date(2100, 12, 31)])
def test_today_and_later_is_the_present(agreement: Any, coordinator: Client, day: date) -> None:
    """Nothing is known yet of tomorrow: the page as it stands, with its buttons."""
    page = coordinator.get(reverse("tickets", args=[agreement.pk]), {"known_at": str(day)}).content.decode()
    assert "banner known" not in page
    assert 'method="post"' in page.partition("<main")[2]


def test_before_the_first_entry_nothing_was_known(agreement: Any, coordinator: Client) -> None:
    """A day before the record began: every clause grey, no case, and a banner that says why."""
    found = coordinator.get(reverse("track_json", args=[agreement.pk]), {"known_at": "1949-01-01"}).json()
    assert found["known"]["heads"] == {}
    assert {one["light"] for one in found["clauses"]} == {"grey"}
    assert sum(one["n_cases"] for one in found["clauses"]) == 0
    page = coordinator.get(reverse("track", args=[agreement.pk]), {"known_at": "1949-01-01"}).content.decode()
    assert "当时尚无记录" in page


def test_the_brief_as_a_file_says_at_which_k(life: Life, as_person: Any) -> None:
    """The paper for the table bears the day and the numbers; what waits for a signature today is not on it."""
    client = as_person(f"leader-{life.sides[0].pk}")
    path = reverse("brief_file", args=[life.agreement.pk])

    def text(**asked: str) -> str:
        content = b"".join(client.get(path, asked).streaming_content)
        return "\n".join(one.text for one in docx.Document(io.BytesIO(content)).paragraphs)

    then, now = text(known_at=life.k), text()
    assert "当时所知" in then
    assert life.k.partition(":")[2].partition(",")[0] in then
    assert "当时所知" not in now


def test_a_page_that_looks_back_is_closed_to_all_others(life: Life, as_person: Any, sides: Any) -> None:
    """No account, another government, technical staff: refused at K as in the present; the twin answers alike."""
    check_page("clause", life.agreement, as_person, sides, clause=life.clause)
    path = reverse("clause", args=[life.agreement.pk, life.clause])
    assert Client().get(path, {"known_at": life.k}).status_code == 302
    assert as_person("stranger").get(path, {"known_at": life.k}).status_code == 404
    assert as_person(f"system-{sides[0].pk}").get(path, {"known_at": life.k}).status_code == 403
    firm = as_person(f"firm-{sides[0].pk}").get(path, {"known_at": life.k})
    assert firm.status_code == 200


def test_a_past_state_is_kept_and_leaves_nothing_behind(life: Life, coordinator: Client) -> None:
    """Asked twice it is folded once, until words are erased; afterwards a request reads the present again."""
    known._world.cache_clear()
    path = reverse("track", args=[life.agreement.pk])
    for _ in range(3):
        coordinator.get(path, {"known_at": life.k})
    assert known._world.cache_info().misses == 1
    listings.erase(life.agreement, ["listing/l-need"], side=life.sides[0].pk, ground="consent")
    coordinator.get(path, {"known_at": life.k})
    assert known._world.cache_info().misses == 2
    assert looking() is None
    assert not hasattr(connections._connections, THEN)


def test_nobody_writes_into_the_past(life: Life) -> None:
    """The tables of K take nothing, and the record of now stays as it is."""
    n_cases = Case.objects.count()
    with looking_back(life.agreement, life.k):
        assert Case.objects.count() == n_cases
        with pytest.raises(DatabaseError, match="readonly"):
            Case.objects.filter(pk=life.case).update(state="refused")
    assert Case.objects.get(pk=life.case).state == "signed"


def test_the_history_of_a_case_ends_at_k(life: Life) -> None:
    """`history --known-at`: the lines of then, and none of a case that was not there."""
    before = list(lines(life.case, "zh", life.k))
    assert any("1,200,000" in line for line in before)
    life.goes_on()
    assert list(lines(life.case, "zh", life.k)) == before
    assert len(list(lines(life.case, "zh"))) > len(before)
    with pytest.raises(InputError, match="case_unknown"):
        list(lines(life.case, "zh", "1949-01-01"))


def test_the_report_is_made_from_what_was_known(life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`report --known-at`: the pipeline is given the listings and steps of K, and the day K stands for."""
    given: list[tuple[Any, date]] = []

    def run(material: Any, out: Path, *, as_of: date) -> str:
        given.append((material, as_of))
        return "made"

    monkeypatch.setattr(jobs.agenda, "run", run)
    first = jobs.write_report(life.agreement.pk, tmp_path, known_at=life.k)
    life.goes_on()
    again = jobs.write_report(life.agreement.pk, tmp_path, known_at=life.k)
    jobs.write_report(life.agreement.pk, tmp_path, as_of=date(2025, 6, 30))
    (then, on), (later, on_again), (now, on_now) = given
    assert first == again == ("made", {side: int(n) for side, n in (one.split(":") for one in life.k.split(","))})
    assert (on, on_again, on_now) == (TODAY, TODAY, date(2025, 6, 30))
    assert then.activity == later.activity != now.activity
    assert then.listings == later.listings
    assert then.inputs == later.inputs != now.inputs
    with pytest.raises(InputError, match="portal_agreement_unknown"):
        jobs.write_report("nowhere", tmp_path)
