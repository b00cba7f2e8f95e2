"""What sides hand each other: what goes into a bundle, what is refused, and what a restore and an erasure do to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.handing import DAY, MOMENT, Nodes, held, tables, three_sides, two_sides
from tests.ledger.random_lives import SIDES, Throw, World, throws

from duijie.errors import SealError
from duijie.ledger import events
from duijie.ledger.exchange import Bundle, bundle, receive, resume, take_in
from duijie.ledger.log import MemoryLog
from duijie.ledger.record import definitions_of
from duijie.ledger.seal import Chain, Entry, Head, Signer, signed
from duijie.ledger.verify import verify


@pytest.fixture
def nodes() -> Nodes:
    return two_sides()


@pytest.fixture
def three() -> Nodes:
    return three_sides()


# Out


def test_what_one_side_enters_the_other_reads(nodes: Nodes) -> None:
    """A step with its paper arrives, is taken up, and counts at both; both records verify."""
    nodes.assess(nodes.row("north", "case", "case/c")["tip"], text=b"the paper")
    nodes.exchange()
    for side in nodes.sides:
        assert nodes.row(side, "case", "case/c")["state"] == "assessed"
        assert b"the paper" in nodes.texts(side)
        assert nodes.verifies(side)
    assert tables(nodes.logs["north"])["step"] == tables(nodes.logs["south"])["step"]


def test_a_bundle_holds_what_is_new_since_the_receipt(nodes: Nodes) -> None:
    """Nothing new, no entry; one event, one entry; without a receipt what the receiver's own chain had seen tells."""
    receipt = nodes.made("south", "north").heads
    assert not [one for one in nodes.made("north", "south", receipt).entries if one.head[:2] > receipt["north"][:2]]
    nodes.note("north", "a risk")
    for known in (receipt, {}):
        made = nodes.made("north", "south", known)
        new = [one for one in made.entries if one.head[:2] > receipt["north"][:2]]
        assert [one.head.seq for one in new] == [receipt["north"].seq + 1]
    assert nodes.made("north", "south").heads["south"] == nodes.logs["south"].heads()[Chain("south")]


def test_a_draft_goes_as_a_number_and_opens_with_its_release(nodes: Nodes) -> None:
    """Before the release the other side holds an entry without a part; with it the older entry is handed over again."""
    commit = nodes.submit("鞋面布")
    nodes.send("north", "south")
    assert "鞋面布".encode() not in nodes.texts("south")
    assert [part.data for part in nodes.chain("south", "north")[-1].parts] == [None] * 3
    nodes.release(commit)
    nodes.send("north", "south")
    assert nodes.row("south", "listing", "listing/n")["opened"]["payload.title"] == "鞋面布"
    nodes.release(commit, "own")
    nodes.send("north", "south")
    assert nodes.row("south", "listing", "listing/n")["released_at"] is None


def test_no_inner_word_and_no_name_of_a_person_leaves_its_side(nodes: Nodes) -> None:
    """The inner chain is in no bundle, nor the name of who entered something."""
    commit = nodes.submit("鞋面布")
    nodes.release(commit)
    sent_back = {"subject": "review/listing/n", "on": DAY, "of": commit, "words": {"note": "请补充", "who": "张三"}}
    nodes.say("north", events.SentBack(**sent_back))
    about = {"subject": "case/c", "on": DAY, "role": "lead_side", "by": "office", "about": "risk"}
    nodes.say("north", events.Noted(**about, words={"note": "风险", "who": "张三"}))
    made = nodes.send("north", "south")
    assert not any(one.chain.is_inner for one in made.entries)
    assert "风险".encode() in nodes.texts("south")
    assert "张三".encode() not in nodes.texts("south")
    assert "请补充".encode() not in nodes.texts("south")


def test_a_third_side_holds_the_numbers_of_a_case_of_others_and_no_content(three: Nodes) -> None:
    """Who takes no part gets every entry, withheld: the chain goes on, and nothing can be read."""
    three.note("north", "only for two")
    three.exchange()
    assert [one.digest for one in three.chain("east", "north")] == [one.digest for one in three.chain("north", "north")]
    assert b"only for two" not in three.texts("east")
    assert three.row("east", "case", "case/c") is None
    assert b"only for two" in three.texts("south")


def test_the_file_of_a_draft_stays_at_home(nodes: Nodes) -> None:
    """A thing is opened with its second paper: an act before it may be known, its paper not."""
    files = [
        events.FileRef(nodes.logs["north"].keep(text), len(text), "text/plain") for text in (b"first idea", b"as open")
    ]
    first = nodes.keep("drafted", files=(files[0],), readers=())
    nodes.keep("opened", first, files=(files[1],))
    made = nodes.send("north", "south")
    assert b"as open" in made.files
    assert b"first idea" not in made.files
    assert nodes.row("south", "resource", "resource/r")["name"] == "microscope"


@pytest.mark.parametrize("how", [{"is_gone": True}, {"readers": ()}], ids=["gone", "closed"])
def test_a_kept_thing_that_is_gone_or_closed_goes_at_the_other_side_too(nodes: Nodes, how: dict[str, Any]) -> None:
    """Who read it shows it no longer; what it became behind closed doors is not handed over."""
    first = nodes.keep("added")
    nodes.send("north", "south")
    assert nodes.row("south", "resource", "resource/r")
    last = nodes.keep("changed", first, name="sold to a friend", **how)
    nodes.exchange()
    assert nodes.row("south", "resource", "resource/r") is None
    assert b"sold to a friend" not in nodes.texts("south")
    if "is_gone" not in how:
        nodes.keep("changed", last, name="back again")
        nodes.exchange()
        assert nodes.row("south", "resource", "resource/r") == nodes.row("north", "resource", "resource/r")


# In


def test_a_bundle_that_comes_twice_changes_nothing(nodes: Nodes) -> None:
    """The second time nothing is touched, and no line is written."""
    nodes.note("north", "a risk")
    made = nodes.send("north", "south")
    before = held(nodes.logs["south"])
    assert nodes.take("south", made) == set()
    assert held(nodes.logs["south"]) == before


def _parts_of(entry: Entry) -> Entry:
    return replace(entry, parts=tuple(part.withheld() for part in entry.parts))


ON_THE_WAY: dict[str, Callable[[Bundle], Bundle]] = {
    "an entry is taken out": lambda made: replace(made, entries=made.entries[:-1]),
    "the order is changed": lambda made: replace(made, entries=made.entries[::-1]),
    "a part is taken out": lambda made: replace(made, entries=(*made.entries[:-1], _parts_of(made.entries[-1]))),
    "a file is taken out": lambda made: replace(made, files=()),
    "a file is put in": lambda made: replace(made, files=(*made.files, b"x" * 99)),
    "the receipt is another": lambda made: replace(made, heads={**made.heads, "south": Head(1, 1, "0" * 64)}),
    "it asks for an epoch": lambda made: replace(made, asks=1),
    "it is for another": lambda made: replace(made, to="east"),
    "it has no signature": lambda made: replace(made, signature=""),
    "another signed it": lambda made: replace(made, signature=Signer.new().sign(made.digest)),
    "it says it is of another": lambda made: replace(made, side="south"),
}


@pytest.mark.parametrize("change", ON_THE_WAY.values(), ids=ON_THE_WAY)
def test_what_is_changed_on_the_way_is_refused(nodes: Nodes, change: Callable[[Bundle], Bundle]) -> None:
    """Nothing of it is taken in; the bundle as it was sent is taken in afterwards."""
    tip = nodes.row("north", "case", "case/c")["tip"]
    nodes.note("north", "a risk")
    nodes.assess(tip)
    made, before = nodes.made("north", "south"), held(nodes.logs["south"])
    assert len(made.entries) > 1
    assert made.files
    assert nodes.refuses("south", change(made)) == "seal_signature_wrong"
    assert held(nodes.logs["south"]) == before
    nodes.take("south", made)
    assert nodes.row("south", "case", "case/c")["state"] == "assessed"


def _reworded(entry: Entry) -> Entry:
    parts = tuple(replace(part, data=part.data + b" ") if part.data else part for part in entry.parts)
    return replace(entry, parts=parts)


def _twice(entry: Entry) -> Entry:
    return replace(entry, parts=(*entry.parts, entry.parts[0]))


def _of_log(entry: Entry, signer: Signer) -> Entry:
    return signed(replace(entry, header=entry.header.replace(b'"life"', b'"other"')), signer)


LIES: dict[str, tuple[str, Callable[[Nodes, Sequence[Entry]], Sequence[Entry]]]] = {
    "a part says something else": ("seal_altered", lambda _, new: [*new[:-1], _reworded(new[-1])]),
    "a part comes twice": ("seal_altered", lambda _, new: [*new[:-1], _twice(new[-1])]),
    "no header": ("seal_altered", lambda _, new: [*new[:-1], replace(new[-1], header=b"[1, 2]")]),
    "of another log": (
        "verify_other_log",
        lambda nodes, new: [*new[:-1], _of_log(new[-1], nodes.signers["north"])],
    ),
    "an entry is left out": ("seal_gap", lambda _, new: new[1:]),
    "the last is not signed": (
        "seal_signature_wrong",
        lambda _, new: [*new[:-1], replace(new[-1], signature="")],
    ),
    "the last is signed by another": (
        "seal_signature_wrong",
        lambda _, new: [*new[:-1], signed(new[-1], Signer.new())],
    ),
    "another side's chain": ("seal_key_unknown", lambda nodes, _: nodes.chain("east", "east")),
    "an inner chain": (
        "verify_other_log",
        lambda nodes, new: [*new[:-1], _inner(nodes)],
    ),
}


def _inner(nodes: Nodes) -> Entry:
    nodes.say("north", events.Reconsidered(subject="pair/x", on=DAY))
    return next(iter(nodes.logs["north"].entries(Chain("north", is_inner=True)))).entry


@pytest.mark.parametrize(("code", "lie"), LIES.values(), ids=LIES)
def test_what_its_sender_made_up_is_refused(
    three: Nodes, code: str, lie: Callable[[Nodes, Sequence[Entry]], Sequence[Entry]]
) -> None:
    """A bundle that its sender signed is refused whole where an entry in it is not what it must be."""
    receipt = three.made("south", "north").heads
    for text in ("first", "second", "third"):
        three.note("north", text)
    true, before = three.made("north", "south", receipt), held(three.logs["south"])
    new = [one for one in true.entries if one.head.seq > receipt["north"].seq]
    assert three.refuses("south", three.signed(true, entries=tuple(lie(three, new)))) == code
    assert held(three.logs["south"]) == before
    three.take("south", true)
    assert b"third" in three.texts("south")


def test_a_side_takes_no_mail_that_is_for_another(three: Nodes) -> None:
    """What east may read of north is not taken in at south, whoever passed it on; nothing of it is kept."""
    three.open_case("e", other="east", title_zh="东方")
    made, before = three.made("north", "east"), held(three.logs["south"])
    assert "东方".encode() in b"".join(part.data or b"" for one in made.entries for part in one.parts)
    assert three.refuses("south", made) == "seal_not_addressed"
    assert held(three.logs["south"]) == before


def test_the_order_in_a_bundle_says_nothing(nodes: Nodes) -> None:
    """Signed backwards by its sender it is the same bundle: the headers say what stands where."""
    tip = nodes.row("north", "case", "case/c")["tip"]
    nodes.note("north", "a risk")
    nodes.assess(tip)
    made, other = nodes.made("north", "south"), nodes.backup("south")
    nodes.take("south", made)
    expected, nodes.logs["south"] = held(nodes.logs["south"]), other
    nodes.take("south", nodes.signed(made, entries=made.entries[::-1]))
    assert tables(nodes.logs["south"])["step"] == expected[1]["step"]
    assert nodes.chain("south", "north") == [one.entry for one in expected[0][Chain("north")]]


HEADERS = {
    "other encoding": lambda said: said.decode().encode("utf-16"),
    "no encoding": lambda said: said[:-1] + b'\xff"]',
    "endless number": lambda said: said.replace(b'"life",1', b'"life",Infinity'),
    "huge number": lambda said: said.replace(b'"life",1', b'"life",' + b"9" * 40),
    "negative epoch": lambda said: said.replace(b'"life",1', b'"life",-1'),
    "half a character": lambda said: said.replace(b'"matched/words"', b'"matched\\ud800/words"'),
    "half a character in a side": lambda said: said.replace(b'["south"', b'["sou\\udfffth"'),
    "a label twice": lambda said: said.replace(b'"matched/words"', b'"base"'),
    "deep": lambda said: b"[" * 200_000,
    "empty": lambda said: b"",
}


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS)
def test_a_header_that_cannot_be_is_refused_with_a_sentence(nodes: Nodes, change: Callable[[bytes], bytes]) -> None:
    """Whatever bytes a side signs as a header, the receiver refuses the bundle and holds what it held."""
    nodes.note("north", "a risk")
    true, before = nodes.made("north", "south"), held(nodes.logs["south"])
    last = true.entries[-1]
    assert change(last.header) != last.header
    entry = signed(Entry(change(last.header), last.parts), nodes.signers["north"])
    said = nodes.signed(true, entries=(*true.entries[:-1], entry))
    assert nodes.refuses("south", said).startswith(("seal_", "verify_"))
    chains, rows, _ = held(nodes.logs["south"])
    assert (chains[Chain("north")], rows) == (before[0][Chain("north")], before[1])


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255), st.integers(0, 3)), min_size=1, max_size=6))
def test_whatever_a_side_signs_is_taken_or_refused(changes: list[tuple[int, int, int]]) -> None:
    """Bytes of a header changed, cut and doubled at random: an answer or a sentence, and the record verifies."""
    nodes = _noted()
    true = nodes.made("north", "south")
    said = bytearray(true.entries[-1].header)
    for at, byte, how in changes:
        where = at % len(said)
        said[where : where + (how != 1)] = bytes([byte]) * (0 if how == 2 else 1)
    entry = signed(Entry(bytes(said), true.entries[-1].parts), nodes.signers["north"])
    with suppress(SealError):
        nodes.take("south", nodes.signed(true, entries=(*true.entries[:-1], entry)))
    log = nodes.logs["south"]
    faults = verify(log, definitions_of(log), whole=["south"]).faults
    assert {one.code for one in faults} <= {"verify_seen_missing"}, "the sender may name what nobody has"


def _noted() -> Nodes:
    made = Nodes()
    made.open_case()
    made.exchange()
    made.note("north", "a risk")
    return made


# Any order


@settings(max_examples=25)
@given(throws, st.integers(0, 1 << 20))
def test_bundles_in_any_order_give_the_same_state(thrown: list[Throw], seed: int) -> None:
    """Bundles of a random life, shuffled, doubled, tried again where one is missing: the same entries and rows."""
    world, known = World(), {side: dict[str, Head]() for side in SIDES}
    made = list(_bundles(world, known))
    for at, throw in enumerate(thrown):
        world.do(throw)
        if at % 6 == 5:
            made += _bundles(world, known)
    made += _bundles(world, known)
    keys = {side: [signer.public_key] for side, signer in world.signers.items()}
    expected = _received(made, keys)
    dice = random.Random(seed)
    mixed = [*made, *dice.sample(made, len(made) // 2)]
    dice.shuffle(mixed)
    mixed_up = _received(mixed, keys)
    assert tables(mixed_up) == tables(expected)
    entries = [sorted(map(repr, take)) for take in map(_entries, (mixed_up, expected))]
    assert entries[0] == entries[1]


def _bundles(world: World, known: dict[str, dict[str, Head]]) -> list[Bundle]:
    """What each side hands an auditor since its last bundle."""
    found = []
    for side in SIDES:
        log, scopes = world.logs[side], {"public", "sides", *(f"side:{one}" for one in SIDES)}
        found.append(bundle(log, world.signers[side], side, "auditor", known[side], scopes=scopes))
        known[side] = dict(found[-1].heads)
    return found


def _received(bundles: Sequence[Bundle], keys: dict[str, list[str]]) -> MemoryLog:
    """What an auditor holds to whom bundles come in this order; one that comes too early comes again."""
    log, waiting = MemoryLog("life"), list(bundles)
    while waiting:
        early = []
        for came in waiting:
            try:
                receive(log, {}, came, keys=keys, recorded_at=MOMENT, sides=SIDES)
            except SealError as refused:
                if refused.code != "seal_gap":
                    raise
                early.append(came)
        assert len(early) < len(waiting)
        waiting = early
    return log


def _entries(log: MemoryLog) -> list[Any]:
    return [one for chain in log.heads() for one in log.entries(chain)]


# From state


def test_a_start_takes_up_what_the_power_cut_off(nodes: Nodes) -> None:
    """What came and was not taken up before the power went is taken up at the next start, once."""
    nodes.note("south", "from the south")
    north = nodes.logs["north"]
    take_in(north, nodes.made("south", "north").entries)
    assert north.waiting("north") == {"south"}
    for _ in range(2):
        resume(north, nodes.own("north"), **nodes.now())
        assert north.waiting("north") == set()
        assert isinstance(list(north.entries(Chain("north")))[-1].event, events.Took)
        n_took = len(nodes.said("north", "north", events.Took))
    assert n_took == len(nodes.said("north", "north", events.Took))


def test_what_an_older_version_could_not_read_is_read_after_its_upgrade(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event of an unknown kind is kept and passed over, nothing after it is settled; the new version reads it."""
    kept = nodes.keep("added")
    with monkeypatch.context() as older:
        older.setattr(events, "EVENTS", {name: one for name, one in events.EVENTS.items() if name != "kept"})
        nodes.send("north", "south")
        assert nodes.row("south", "resource", "resource/r") is None
    touched = resume(nodes.logs["south"], nodes.own("south"), **nodes.now())
    assert "resource/r" in touched
    assert nodes.row("south", "resource", "resource/r")["revision"] == kept
