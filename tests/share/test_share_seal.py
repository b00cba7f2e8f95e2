"""The sealed log: one spelling, and no change of a chain that goes unseen."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from duijie.errors import SealError
from duijie.share import Entry, Signer, canonical_json, seal, verify
from duijie.share.commands import group
from duijie.share.seal import GENESIS

SIGNERS = {"a": Signer.new(), "b": Signer.new()}
KEYS = {side: [signer.public_key] for side, signer in SIGNERS.items()}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


def chain(n: int, side: str = "a", log: str = "log") -> list[Entry]:
    found: list[Entry] = []
    for at in range(n):
        previous = found[-1].digest if found else GENESIS
        body = {"kind": "step", "n": at}
        found.append(
            seal(body, id=f"{side}{at}", log=log, side=side, sequence=at + 1, previous=previous, signer=SIGNERS[side])
        )
    return found


def codes(entries: list[Entry], **options: object) -> set[str]:
    return {fault.code for fault in verify(entries, KEYS, **options).faults}  # type: ignore[arg-type]


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_canonical_json_reads_back_as_the_same_value(value: object) -> None:
    spelt = canonical_json(value)
    assert json.loads(spelt, parse_int=float) == value
    assert canonical_json(json.loads(spelt)) == spelt


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        (0.0, "0"), (-0.0, "0"), (5e-324, "5e-324"), (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (37116650168507100, "37116650168507100"),
        (9007199254740992.0, "9007199254740992"), (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"), (1e23, "1e+23"),
        (999999999999999700000.0, "999999999999999700000"),
        (1e21, "1e+21"), (9.999999999999997e-7, "9.999999999999997e-7"), (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"), (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (1424953923781206.2, "1424953923781206.2"),
    ],
)  # fmt: skip
def test_numbers_are_spelt_as_in_appendix_b_of_rfc_8785(value: float, spelt: str) -> None:
    assert canonical_json(value).decode() == spelt


def test_keys_are_sorted_as_in_section_3_2_3_of_rfc_8785() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    order = list(json.loads(canonical_json(dict.fromkeys(keys, 0))))
    assert order == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53 + 1, 10**400, {1: 2}, {"a": b"x"}, "\ud800"])
def test_what_json_cannot_say_exactly_is_refused(value: object) -> None:
    with pytest.raises(SealError):
        canonical_json(value)


def test_a_whole_log_of_two_sides_holds_in_any_order() -> None:
    entries = chain(5) + chain(4, "b")
    verdict = verify(reversed(entries), KEYS)
    assert verdict.holds
    assert verdict.n_entries == 9
    assert verdict.heads["log", "a"] == entries[4].digest


def test_an_empty_log_holds() -> None:
    assert verify([], KEYS).holds


@given(
    st.integers(0, 5),
    st.sampled_from(["id", "log", "side", "previous", "key", "digest", "signature", "body", "sequence"]),
)
@settings(deadline=None)
def test_any_altered_field_of_any_entry_is_seen(at: int, name: str) -> None:
    entries = chain(6)
    value = getattr(entries[at], name)
    changed = {"n": -1} if name == "body" else value + 1 if name == "sequence" else _other(value)
    entries[at] = replace(entries[at], **{name: changed})
    assert not verify(entries, KEYS).holds


def _other(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]


@given(st.integers(0, 4))
@settings(deadline=None)
def test_an_entry_left_out_is_seen(at: int) -> None:
    entries = chain(6)
    del entries[at]
    assert codes(entries) == {"seal_gap"}


def test_a_forged_entry_with_a_right_hash_is_seen() -> None:
    entries = chain(3)
    forged = seal(
        {"kind": "x"}, id="a1", log="log", side="a", sequence=2, previous=entries[0].digest, signer=Signer.new()
    )
    assert codes([entries[0], forged, entries[2]]) == {"seal_key_unknown", "seal_link_broken"}


def test_two_entries_of_one_number_are_seen() -> None:
    entries = chain(3)
    twin = seal({"kind": "y"}, id="z", log="log", side="a", sequence=2, previous=entries[0].digest, signer=SIGNERS["a"])
    assert "seal_fork" in codes([*entries, twin])


def test_a_cut_tail_is_seen_by_a_known_head() -> None:
    entries = chain(4)
    heads = {("log", "a"): entries[-1].digest}
    assert codes(entries[:3]) == set()
    assert codes(entries[:3], heads=heads) == {"seal_truncated"}


def test_a_cut_tail_is_seen_by_the_other_sides_countersignature() -> None:
    entries = chain(2)
    body = {"kind": "countersigned", "countersigns_digest": entries[-1].digest}
    word = seal(body, id="b0", log="log", side="b", sequence=1, previous=GENESIS, signer=SIGNERS["b"])
    assert verify([*entries, word], KEYS).holds
    assert codes([entries[0], word]) == {"seal_countersigned_missing"}


def test_an_old_key_still_verifies_what_it_signed() -> None:
    keys = {"a": [SIGNERS["a"].public_key, Signer.new().public_key]}
    assert verify(chain(2), keys).holds


def test_a_key_survives_its_file() -> None:
    signer = Signer.from_pem(SIGNERS["a"].to_pem())
    assert signer.public_key == SIGNERS["a"].public_key
    with pytest.raises(SealError):
        Signer.from_pem(b"no key")


@pytest.mark.parametrize(("is_tampered", "code"), [(False, 0), (True, 1)])
def test_the_stand_alone_verifier(tmp_path: Path, is_tampered: bool, code: int) -> None:
    rows = [entry.to_dict() for entry in chain(3)]
    if is_tampered:
        rows[1]["body"]["n"] = 7
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "keys.json").write_text(json.dumps(KEYS), encoding="utf-8")
    command = ["verify", str(tmp_path / "log.jsonl"), "--keys", str(tmp_path / "keys.json")]
    answer = CliRunner().invoke(group, command, obj={"language": "en"})
    assert answer.exit_code == code
    assert ("The log is whole: 3 entries" in answer.output) is not is_tampered
