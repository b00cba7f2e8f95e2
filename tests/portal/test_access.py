"""Every address against a table of who is let in: wrong side, wrong department, wrong role, wrong method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import planted
import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from portal_checks import post

from duijie.data.words import words
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Activity, Department
from duijie_portal.ledger.selectors import agreement_term

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "access.yaml").read_text(encoding="utf-8"))
STATUS = {"open": {200}, "sign_in": {302}, "absent": {404}, "denied": {403}, "refused": {405}}


@dataclass(frozen=True)
class Entry:
    """An address and what its group expects of each visitor."""

    name: str
    group: str
    is_sent: bool

    @property
    def expect(self) -> dict[str, str]:
        return dict(TABLE[self.group]["expect"])

    @property
    def is_twin(self) -> bool:
        return self.name.endswith("_json")


GROUPS = {name: group for name, group in TABLE.items() if isinstance(group, dict)}


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one)
        else:
            yield one


KNOWN = {one.name: one for one in patterns(get_resolver()) if one.name}


def entries(*, is_library: bool) -> list[Entry]:
    found = []
    for group, rows in GROUPS.items():
        if bool(rows.get("library")) == is_library:
            for name in rows.get("read", ()):
                found += [Entry(each, group, False) for each in (name, f"{name}_json") if each in KNOWN]
            found += [Entry(name, group, True) for name in rows.get("send", ()) if name in KNOWN]
    return found


def test_every_address_stands_in_the_table_once() -> None:
    named = [name for rows in GROUPS.values() for name in (*rows.get("read", ()), *rows.get("send", ()))]
    assert sorted(set(named)) == sorted(named), "an address stands in two groups"
    missing = {name for name in KNOWN if name.removesuffix("_json") not in named}
    assert not missing, "say in access.yaml who may open these"


@pytest.fixture
def subjects(agreement: Any, sides: Any) -> dict[str, str]:
    """What the addresses name: rows of the first side that have not left it; for the rest what does not exist."""
    party = planted.party(agreement, sides[0], "p-held")
    planted.listing(party, "l-held")
    clause = agreement_term(agreement).clauses[0].key
    return {
        "case": "none-such",
        "party": "p-held",
        "listing": "l-held",
        "sort": "listing",
        "key": "l-held",
        "clause": clause,
    }


def path_of(name: str, agreement: Any, subjects: dict[str, str]) -> str:
    """The address of a name; a part that is no row of the fixture is called ``none-such``."""
    pattern = KNOWN[name].pattern
    parts = {
        **dict.fromkeys(
            (
                "case",
                "sort",
                "table",
                "day",
                "visit",
                "series",
                "job",
                "code",
                "side",
                "receipt",
                "scenario",
                "region",
                "industry",
            ),
            "none-such",
        ),
        **subjects,
    }
    parts |= {
        "agreement": agreement.pk,
        "key": subjects.get("key", "x"),
        "sha256": "0",
        "uidb36": "1",
        "pk": "1",
        "provider_id": "office",
    }
    for wanted in (
        (),
        ("agreement",),
        *(("agreement", key) for key in parts),
        ("agreement", "sort", "key"),
        ("agreement", "case", "sha256"),
        ("agreement", "sort", "key", "sha256"),
        ("agreement", "region", "industry"),
        ("pk",),
        ("key",),
        ("uidb36", "key"),
        ("provider_id",),
    ):
        try:
            return reverse(name, kwargs={key: parts[key] for key in wanted})
        except NoReverseMatch:
            continue
    raise AssertionError(f"{name}: no part of {pattern} is known")


def ask(client: Client, entry: Entry, path: str) -> Any:
    return client.post(path) if entry.is_sent else client.get(path)


def meets(answer: Any, word: str, entry: Entry) -> None:
    if word == "sign_in" and entry.is_twin:
        assert answer.status_code == 401
        return
    assert answer.status_code in STATUS[word], (entry.name, word, answer.status_code)
    if word == "sign_in":
        assert answer["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("entry", entries(is_library=False), ids=lambda entry: entry.name)
def test_an_address_refuses_whom_the_table_refuses(
    entry: Entry, agreement: Any, sides: Any, as_person: Any, subjects: dict[str, str]
) -> None:
    path, expect = path_of(entry.name, agreement, subjects), entry.expect
    meets(ask(Client(), entry, path), expect["nobody"], entry)
    meets(ask(as_person("stranger"), entry, path), expect["another_government"], entry)
    if "the_other_side" in expect and is_hosted(sides[1].pk):
        meets(ask(as_person(f"coordinator-{sides[1].pk}"), entry, path), expect["the_other_side"], entry)
    for role in TABLE[entry.group].get("wrong_roles", ()):
        before = Activity.objects.filter(is_refused=True).count()
        meets(ask(as_person(f"{role}-{sides[0].pk}"), entry, path), expect["wrong_role"], entry)
        assert Activity.objects.filter(is_refused=True).count() == before + 1, "the attempt stands in the log"
    coordinator = as_person(f"coordinator-{sides[0].pk}")
    for method in ("put", "delete", "get" if entry.is_sent else "post"):
        if method != "post" or expect["wrong_method"] != "refused_other":
            assert getattr(coordinator, method)(path).status_code == 405, method


@pytest.mark.parametrize("entry", entries(is_library=True), ids=lambda entry: entry.name)
def test_pages_of_accounts_refuse_whom_the_table_refuses(entry: Entry, agreement: Any) -> None:
    answer, word = Client().get(path_of(entry.name, agreement, {})), entry.expect["nobody"]
    if word == "led_away":
        assert answer.status_code in (302, 405)
    elif word == "no_effect":
        assert answer.status_code in (200, 302, 401, 404)
        assert "_auth_user_id" not in answer.wsgi_request.session
    else:
        meets(answer, word, entry)


@pytest.mark.parametrize("row", TABLE["other_department"], ids=lambda row: row["send"])
def test_another_department_is_told_and_changes_nothing(
    row: dict[str, Any], agreement: Any, sides: Any, as_person: Any, officer_of: Any
) -> None:
    term = agreement_term(agreement)
    clause = next(one for one in term.clauses if one.actions)
    named = {*clause.lead.get(sides[0].pk, ()), *clause.support.get(sides[0].pk, ())}
    offices = Department.objects.filter(agreement=agreement.pk, side=sides[0]).exclude(key__in=named)
    own = offices[0]
    strange = Department.objects.filter(agreement=agreement.pk, side=sides[0]).exclude(pk=own.pk)[0]
    theirs = Department.objects.filter(agreement=agreement.pk, side=sides[1])[0]
    parts = {"clause": clause.key, "strange": strange.key, "theirs": theirs.key}
    data = {name: str(value).format_map(parts) for name, value in row["data"].items()}
    if "file" in row:
        data[row["file"]] = SimpleUploadedFile("a.csv", "企业名称\n甲\n".encode())
    n_events = agreement.entries.count()
    answer = post(as_person(officer_of(sides[0], own.key).username), row["send"], agreement, data)
    assert words("zh")[row["told"]].split("{")[0] in answer.content.decode()
    assert agreement.entries.count() == n_events
