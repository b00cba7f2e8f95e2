"""Every page, as every role, in both languages: no key, code or value of the program reaches a reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import crawling
import planted
import pytest
import yaml
from django.urls import reverse

from duijie.match.kinds import load_kinds, unit_name
from duijie_portal.accounts.models import Person, Role
from duijie_portal.ledger.models import Case
from duijie_portal.ledger.pages import is_page

ACCESS = yaml.safe_load((Path(__file__).parent / "access.yaml").read_text(encoding="utf-8"))

NOT_REACHED = frozenset({"batch", "exchange_day", "import", "job", "one_series", "outcomes", "scenario", "visit"})
"""Pages of rows that the rehearsal may hold none of."""


OWN = "350582.01a0000000000000000000000000000000"


@pytest.fixture
def people(agreement: Any, sides: Any) -> dict[str, Person]:
    """One person of every role of the first side; those who act for a party have one with a case and a new need."""
    case = Case.objects.filter(agreement=agreement, need_party__side=sides[0]).first()
    planted.listing(case.need_party, OWN, payload={"title": "求购纱线"})
    found = {role: Person.objects.get(username=f"{role}-{sides[0].pk}") for role in Role.values}
    for role in (Role.FIRM, Role.INSTITUTE):
        found[role].party = case.need_party_id
        found[role].save(update_fields=["party"])
    return found


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_no_reader_meets_a_key_of_the_program(
    agreement: Any, sides: Any, people: dict[str, Person], as_person: Any, language: str
) -> None:
    """All that is linked from any page is opened; refusals are read as well."""
    codes = tuple(side.pk for side in sides)
    raw: dict[tuple[str, str, str], str] = {}
    reached: set[str] = set()
    for role, person in people.items():
        seeds = (reverse("listing_edit", args=[agreement.pk, OWN]),) if person.party else ()
        for name, path, status, text, _ in crawling.crawl(as_person(person.username, language), agreement.pk, seeds):
            assert status in (200, 403), (role, path, status)
            reached |= {name} if status == 200 else set()
            for what, key, line in crawling.raw_in(text, codes):
                raw.setdefault((what, key, name), f"{role} {path}: {line}")
    assert not raw, "\n".join(f"{what} {key!r} on {name}: {where}" for (what, key, name), where in raw.items())
    named = {one for rows in ACCESS.values() if isinstance(rows, dict) for one in rows.get("read", ())}
    assert reached <= named
    pages = {name for name, view in crawling.views().items() if is_page(view) and not name.endswith("_json")}
    missing = (pages & named) - reached - NOT_REACHED
    assert not missing, f"nobody was led to {sorted(missing)}"


def test_the_crawler_finds_what_it_looks_for() -> None:
    """Each kind of key is found on a page that shows it, and ordinary text is left alone."""
    shown = "<p>{}</p>"
    key = "350582.01a2249bd1db7e9bb2c1714d51387c04"
    for text in ("Bilingual(zh='办结')", "None", "move.escalated", "valid_until", key, "{'a': 1}", "{name}"):
        assert crawling.raw_in(shown.format(text)), text
    assert crawling.raw_in(shown.format("350582"), ("350582",))
    assert crawling.raw_in('<html lang="en"><p>30,000 件/月</p></html>')
    for text in (
        "None yet: choose a kind below.",
        "stats.gov.cn",
        "名单.xlsx",
        "三率 82.5%",
        "2026-11-29",
        "log.jsonl",
    ):
        assert not crawling.raw_in(shown.format(text)), text
    assert not crawling.raw_in("<p><span class='code'>0123456789abcdef01234567</span></p>"), "code stands as code"


def test_every_unit_has_an_english_name() -> None:
    """No field of a kind shows an English reader a unit in Chinese."""
    fields = [one for kind in load_kinds().values() for role in ("need", "offer") for one in kind.fields(role)]
    missing = {one.unit for one in fields if any("一" <= sign <= "鿿" for sign in unit_name(one.unit)["en"])}
    assert not missing
