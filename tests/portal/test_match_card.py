"""The card of a suggestion: the first of one listing's pairs side by side."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from duijie.data.words import words
from duijie_portal.match.selectors import compared, kinds, matches

pytestmark = pytest.mark.django_db


@pytest.fixture
def need(agreement: Any, person: Any, sides: Any) -> tuple[str, str]:
    """A kind, and a need of it that has at least three offers."""
    reader = person(f"coordinator-{sides[0].pk}")
    for kind in kinds(agreement, reader):
        found = [one["need"]["id"] for one in matches(agreement, reader, kind["kind"])["matches"]]
        for key in found:
            if found.count(key) >= 3:
                return kind["kind"], key
    raise AssertionError("no need with three offers")


def test_the_first_three_stand_side_by_side(agreement: Any, as_person: Any, sides: Any, need: tuple[str, str]) -> None:
    """A row a term, the heaviest first, a column an offer; each cell is the reason that the card itself gives."""
    kind, key = need
    client, asked = as_person(f"coordinator-{sides[0].pk}"), {"kind": kind, "listing": key}
    page = client.get(reverse("match_json", args=[agreement.pk]), asked).json()
    shown = page["compared"]
    assert [one["id"] for one in shown["heads"]] == [one["offer"]["id"] for one in page["matches"][:3]]
    assert len(shown["heads"]) == 3
    for at, row in enumerate(page["matches"][:3]):
        said = [one for one in (*row["speaking"], *row["quiet"]) if "term" in one["values"]]
        column = [term["cells"][at] for term in shown["terms"] if term["cells"][at]]
        assert sorted(column, key=str) == sorted(said, key=str)
    most = [max(cell["values"]["most"] for cell in term["cells"] if cell) for term in shown["terms"]]
    assert most == sorted(most, reverse=True)
    html = client.get(reverse("match", args=[agreement.pk]), asked).content.decode()
    table = html[html.index(words("zh")["portal_compare"].format(n=3)) :].split("</table>")[0]
    assert len(re.findall(r'<th scope="row">', table)) == len(shown["terms"])


def test_one_pair_and_a_whole_kind_are_not_compared(
    agreement: Any, person: Any, sides: Any, need: tuple[str, str]
) -> None:
    """There is nothing beside a single pair, and pairs of several needs answer different questions."""
    kind, key = need
    rows = matches(agreement, person(f"coordinator-{sides[0].pk}"), kind, listing=key)["matches"]
    assert compared(rows[:1], key) is None
    assert compared(rows, "") is None
    assert compared(rows, key) is not None
