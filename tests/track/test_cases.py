"""The cases that officials can read, in ``tests/agreements/cases-track.yaml``."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from duijie.data import read, root
from duijie.terms import Step
from duijie.track import load_agreement, progress
from duijie.track.trajectory import Target
from duijie.track.workflow import Evidence, Move

FILE = read(Path(__file__).parents[1] / "agreements" / "cases-track.yaml")
AGREEMENT = load_agreement(root() / "agreements" / FILE["agreement"])


def _step(row):
    payload = {"due_on": row["due_on"]} if "due_on" in row else {}
    named = {name: row[name] for name in ("amount", "unit", "reason") if name in row}
    return Step(row["case"], row["clause"], row["step"], row["date"], row["side"], "actor", payload=payload, **named)


def _move(at, row):
    sha256 = hashlib.sha256(b"a document").hexdigest()
    evidence = (Evidence(row["evidence"], sha256),) if "evidence" in row else ()
    return Move(
        row["clause"],
        row["action"],
        row["node"],
        row["date"],
        row["side"],
        "actor",
        at,
        row.get("due_on", ""),
        countersigns=row.get("of", ""),
        evidence=evidence,
    )


def _target(row):
    return Target(row["clause"], row["target"], row["value"], row["due_on"], row["decided_on"])


@pytest.mark.parametrize("case", FILE["cases"], ids=lambda case: case["name"].split(" · ")[-1])
def test_case(case):
    given = case["given"]
    found = progress(
        AGREEMENT,
        [_step(row) for row in given if "step" in row],
        actions=[_move(at, row) for at, row in enumerate(given) if "action" in row],
        targets=[_target(row) for row in given if "target" in row],
        as_of=date.fromisoformat(case["as_of"]),
    ).to_dict()
    clauses = {clause["key"]: clause for clause in found["clauses"]}
    for expected in case["expect"]:
        _compare(clauses[expected["clause"]], expected)


def _compare(clause, expected):
    indicators = {one["key"]: one["actual"] for one in clause["indicators"]}
    actions = {f"action {one['key']}": one["state"] for one in clause["actions"]}
    codes = {reason["code"] for reason in clause["reasons"]}
    shown = {**clause, **indicators, **actions}
    for name, value in expected.items():
        if name == "reasons":
            assert set(value) <= codes
        elif name != "clause":
            assert shown[name] == (pytest.approx(value) if isinstance(value, float) else value), name
