"""What a restore, a number given twice and an erasure do to the exchange."""

from __future__ import annotations

import pytest
from tests.ledger.handing import Nodes, held, tables, three_sides, two_sides

from duijie.errors import SealError
from duijie.ledger import events
from duijie.ledger.exchange import is_blocked, take_in
from duijie.ledger.log import MemoryLog
from duijie.ledger.seal import Chain


@pytest.fixture
def nodes() -> Nodes:
    return two_sides()


@pytest.fixture
def three() -> Nodes:
    return three_sides()


# Restores and epochs


def test_a_restored_node_gets_its_chain_back_and_goes_on_in_a_new_epoch(nodes: Nodes) -> None:
    """What the other side has comes back, nothing is written before it answered, and both read alike afterwards."""
    backup = nodes.backup("north")
    nodes.note("north", "said after the backup")
    nodes.exchange()
    before = nodes.chain("south", "north")
    nodes.restore("north", backup)
    with pytest.raises(SealError) as closed:
        nodes.reopen("north")
    assert closed.value.code == "seal_epoch_open"
    nodes.asks["north"] = 1
    asking = nodes.made("north", "south")
    assert (asking.entries, asking.files, asking.asks) == ((), (), 1)
    nodes.take("south", asking)
    nodes.send("south", "north")
    nodes.reopen("north")
    chain = nodes.chain("north", "north")
    assert chain[: len(before)] == before
    assert {one.head.epoch for one in chain[len(before) :]} == {2}
    assert isinstance(next(iter(nodes.said("north", "north", events.KeySet)[1:])), events.KeySet)
    assert [one.head.seq for one in chain] == list(range(1, len(chain) + 1))
    nodes.note("north", "in the new epoch")
    nodes.exchange()
    assert b"in the new epoch" in nodes.texts("south")
    for side in nodes.sides:
        assert nodes.verifies(side)
    assert tables(nodes.logs["north"])["case"] == tables(nodes.logs["south"])["case"]


def test_what_nobody_else_had_is_lost_and_can_be_said_again(nodes: Nodes) -> None:
    """The words of after the backup that were never sent are gone; entered anew they stand in the new epoch."""
    backup = nodes.backup("north")
    nodes.note("north", "never sent")
    nodes.restore("north", backup)
    nodes.send("north", "south")
    nodes.send("south", "north")
    nodes.reopen("north")
    assert b"never sent" not in nodes.texts("north")
    nodes.note("north", "never sent")
    nodes.exchange()
    assert b"never sent" in nodes.texts("south")
    assert nodes.verifies("south")


def test_every_other_side_must_answer_first(three: Nodes) -> None:
    """Of two holders the one has answered: the node waits, writes nothing, and names who is missing."""
    three.restore("north", three.backup("north"))
    three.send("north", "south")
    three.send("south", "north")
    before = held(three.logs["north"])
    with pytest.raises(SealError) as waits:
        three.reopen("north")
    assert waits.value.values == {"side": "east"}
    assert held(three.logs["north"]) == before
    three.send("north", "east")
    three.send("east", "north")
    three.reopen("north")
    assert three.logs["north"].heads()[Chain("north")].epoch == 2


def test_while_it_waits_a_node_takes_nothing_but_answers(nodes: Nodes) -> None:
    """Mail from before the restore is refused: it may be of an epoch the node has forgotten it closed."""
    backup = nodes.backup("north")
    nodes.note("south", "before the restore")
    mail = nodes.made("south", "north")
    nodes.restore("north", backup)
    before = held(nodes.logs["north"])
    assert nodes.refuses("north", mail) == "seal_epoch_open"
    assert held(nodes.logs["north"]) == before


def test_mail_of_a_closed_epoch_is_refused_and_kept_as_proof(nodes: Nodes) -> None:
    """What the lost disk had sent and came late does not stand; its headers and signature are on the holder's chain."""
    backup = nodes.backup("north")
    nodes.note("north", "on its way")
    late = nodes.made("north", "south")
    nodes.restore("north", backup)
    nodes.send("north", "south")
    assert nodes.refuses("south", late) == "seal_epoch_closed"
    assert b"on its way" not in nodes.texts("south")
    [proof] = nodes.said("south", "south", events.Contradicted)
    assert proof.headers[-1] == late.entries[-1].header.decode()
    assert proof.signature == late.entries[-1].signature
    assert nodes.refuses("south", late) == "seal_epoch_closed"
    assert len(nodes.said("south", "south", events.Contradicted)) == 1
    nodes.send("south", "north")
    nodes.reopen("north")
    nodes.exchange()
    assert not is_blocked(nodes.logs["south"], "south", "north")


def test_a_question_of_an_earlier_restore_closes_nothing(nodes: Nodes) -> None:
    """It comes twice, and again after the next restore was answered: the later epoch stays open."""
    nodes.restore("north", nodes.backup("north"))
    first = nodes.send("north", "south")
    nodes.take("south", first)
    assert len(nodes.said("south", "south", events.EpochClosed)) == 1
    nodes.send("south", "north")
    nodes.reopen("north")
    nodes.exchange()
    nodes.restore("north", nodes.backup("north"), 2)
    nodes.send("north", "south")
    nodes.send("south", "north")
    nodes.reopen("north")
    nodes.exchange()
    nodes.take("south", first)
    assert [one.asked for one in nodes.said("south", "south", events.EpochClosed)] == [1, 2]
    nodes.note("north", "third epoch")
    nodes.exchange()
    assert b"third epoch" in nodes.texts("south")
    assert nodes.logs["south"].heads()[Chain("north")].epoch == 3


def test_a_number_given_twice_is_proved_and_mended_only_by_a_new_epoch(nodes: Nodes) -> None:
    """The second word under a number blocks its side; after the chain was handed back and closed, it is heard again."""
    twin = nodes.backup("north")
    nodes.note("north", "one word")
    nodes.send("north", "south")
    first, nodes.logs["north"] = nodes.logs["north"], twin
    nodes.note("north", "another word")
    assert nodes.refuses("south", nodes.made("north", "south")) == "seal_fork"
    assert is_blocked(nodes.logs["south"], "south", "north")
    [proof] = nodes.said("south", "south", events.Contradicted)
    assert proof.headers == (nodes.chain("north", "north")[-1].header.decode(),)
    nodes.logs["north"] = first
    nodes.note("north", "goes on")
    assert nodes.refuses("south", nodes.made("north", "south")) == "seal_fork"
    nodes.restore("north", first)
    nodes.send("north", "south")
    nodes.send("south", "north")
    nodes.reopen("north")
    nodes.note("north", "heard again")
    nodes.exchange()
    assert b"heard again" in nodes.texts("south")
    assert not is_blocked(nodes.logs["south"], "south", "north")


def test_who_lost_something_and_asked_nobody_accuses_nobody(nodes: Nodes) -> None:
    """A backup is put back and nothing asked: what the other side knows further is refused, and proves nothing."""
    backup = nodes.backup("north")
    nodes.note("north", "lost")
    nodes.exchange()
    nodes.restore("north", nodes.backup("north"))
    nodes.send("north", "south")
    nodes.note("south", "something new")
    answer = nodes.made("south", "north")
    nodes.asks.clear()
    nodes.logs["north"] = backup
    before = held(backup)
    assert nodes.refuses("north", answer) == "seal_fork"
    assert held(backup) == before


# Erasures


def test_words_that_were_erased_on_their_way_do_not_come_back(nodes: Nodes) -> None:
    """The bundle with the words arrives before, after and again after the erasure: the words are gone at both sides."""
    commit = nodes.note("north", "call 13800000000")
    on_its_way = nodes.made("north", "south")
    nodes.take("south", on_its_way)
    assert b"13800000000" in nodes.texts("south")
    nodes.erase("north", "case/c", commit)
    after = nodes.made("north", "south")
    nodes.take("south", after)
    for came in (on_its_way, after, on_its_way):
        nodes.take("south", came)
        for side in nodes.sides:
            assert b"13800000000" not in nodes.texts(side)
            assert nodes.verifies(side)


def test_an_erasure_that_comes_first_keeps_the_words_out(nodes: Nodes) -> None:
    """Whatever order a third reader gets entries in, words that are erased are never held; and all is the same."""
    commit = nodes.note("north", "call 13800000000")
    whole = [one.entry for side in nodes.sides for one in nodes.logs[side].entries(Chain(side))]
    nodes.erase("north", "case/c", commit)
    [erasure] = [one.entry for one in list(nodes.logs["north"].entries(Chain("north")))[-1:]]
    read = []
    for order in ([*whole, erasure], [erasure, *whole], [erasure, *whole[::-1], *whole]):
        log = MemoryLog("life")
        for entry in order:
            take_in(log, [entry])
        held_parts = [part.data or b"" for one in log.entries(Chain("north")) for part in one.entry.parts]
        assert b"13800000000" not in b"".join(held_parts)
        read.append(held(log)[:2])
    assert read[0] == read[1] == read[2]


def test_no_other_sides_word_erases(nodes: Nodes) -> None:
    """The south says that words of the north are erased: they stay, at both."""
    commit = nodes.note("north", "stays")
    nodes.exchange()
    nodes.erase("south", "case/c", commit)
    nodes.exchange()
    for side in nodes.sides:
        assert b"stays" in nodes.texts(side)


def test_a_restored_node_erases_again_what_its_backup_holds(nodes: Nodes) -> None:
    """The erasure is on the chain that is handed back; the words do not survive in the backup that was put back."""
    commit = nodes.note("north", "call 13800000000")
    backup = nodes.backup("north")
    nodes.erase("north", "case/c", commit)
    nodes.exchange()
    nodes.restore("north", backup)
    assert b"13800000000" in nodes.texts("north")
    nodes.send("north", "south")
    nodes.send("south", "north")
    nodes.reopen("north")
    assert b"13800000000" not in nodes.texts("north")
    assert nodes.verifies("north")


def test_words_of_a_thing_that_was_closed_are_erased_where_they_were_read(nodes: Nodes) -> None:
    """Who was shown an instrument with a name in it, and no longer is, deletes the name when its owner does."""
    first = nodes.keep("added", words={"note": "ask Zhang"})
    nodes.exchange()
    assert b"ask Zhang" in nodes.texts("south")
    nodes.keep("closed", first, readers=())
    nodes.exchange()
    nodes.erase("north", "resource/r", first)
    nodes.exchange()
    assert b"ask Zhang" not in nodes.texts("south")
    assert nodes.verifies("south")
