"""Cases that are a side's own: one never leaves it, another only once the other side's word is asked."""

from __future__ import annotations

from typing import Any

import pytest
from tests.ledger.handing import DAY, Nodes, two_sides

from duijie.ledger import events
from duijie.ledger.events import INNER_CASE, FileRef
from duijie.ledger.kinds import case_kind

VISIT, LEAD = f"case/{INNER_CASE}north.1", "case/north.1"
SAID = "what was said"


@pytest.fixture
def nodes() -> Nodes:
    return two_sides()


def _open(nodes: Nodes, subject: str, kind: str, role: str, roles: dict[str, str], **about: Any) -> str:
    definition = case_kind(kind)
    said = {"subject": subject, "on": DAY, "began_on": DAY, "role": role, "by": roles[role], "clause": ""}
    said |= {"definition": definition.name, "pinned": definition.pinned, "ordering": "north", "roles": roles}
    return nodes.say("north", events.CaseOpened(**said, words={"note": SAID}, **about))


def test_a_visit_goes_its_way_and_nothing_of_it_is_handed_over(nodes: Nodes) -> None:
    """Opened and settled, folded at home; of no entry the other node gets a part, a number, or a row."""
    before = nodes.made("north", "south").heads["north"]
    roles = {"visits": "office", "visits_side": "north"}
    tip = _open(nodes, VISIT, "firm-visit", "visits", roles, fields={"party": "mill"})
    about = {"subject": VISIT, "on": DAY, "role": "visits", "by": "office"}
    nodes.say("north", events.Step(**about, node="settled", after=tip))
    assert nodes.row("north", "case", VISIT)["state"] == "settled"
    made = nodes.send("north", "south")
    assert made.heads["north"] == before
    assert SAID.encode() not in nodes.texts("south")
    assert VISIT not in nodes.logs["south"].rows["case"]
    assert nodes.verifies("north")


def test_a_reported_lead_is_read_by_the_other_side_once_it_is_signed(nodes: Nodes) -> None:
    """Before, the other node holds that there was an act and nothing it says; then the whole case, and it verifies."""
    roles = {"lead": "office", "lead_side": "north", "other_side": "south"}
    tip = _open(nodes, LEAD, "investment-lead", "lead", roles, fields={"investor": "an investor"})
    nodes.exchange()
    assert LEAD not in nodes.logs["south"].rows["case"]
    papers = {"assessed": "report", "negotiating": "minutes", "signed": "contract"}
    for node, evidence in papers.items():
        paper = FileRef(nodes.logs["north"].keep(node.encode()), len(node), "text/plain", evidence)
        about = {"subject": LEAD, "on": DAY, "role": "lead", "by": "office"}
        tip = nodes.say("north", events.Step(**about, node=node, after=tip, files=(paper,)))
    nodes.exchange()
    row = nodes.row("south", "case", LEAD)
    assert (row["state"], row["payload"]) == ("signed", {"investor": "an investor"})
    assert nodes.verifies("south")
