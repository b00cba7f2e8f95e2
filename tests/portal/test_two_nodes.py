"""Two governments, each with a portal of its own, exchange packages by hand: one need goes all the way."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from nodes import ELSEWHERE, SETUP, new_database, python

from duijie_portal.home import DEMONSTRATION, keep_operator

FIRST, SECOND = "990101", "990202"
AGREEMENT = "qinglan-haitang"
ACT = SETUP + (
    f"sys.path.insert(0, {str(Path(__file__).parent)!r})"
    + """
import json
import planted
from decimal import Decimal
from duijie.errors import DuijieError
from duijie.ledger.events import Amount, FileRef
from duijie_portal.accounts.models import Person, Side
from duijie_portal.ledger import casework, checking
from duijie_portal.ledger.entries import EntryPart, Todo, Word
from duijie_portal.ledger.models import Case, Job, Listing, Notification, Party, Step
from duijie_portal.ledger.store import DatabaseLog, keep_bytes, kept_path
agreement = Agreement.objects.get()

def side():
    return Side.objects.get(pk=os.environ["DUIJIE_SIDE"])

def someone(role, party=""):
    return Person.objects.get_or_create(username=role, defaults={"role": role, "side": side(), "party": party})[0]

def told(value):
    print(json.dumps(value, ensure_ascii=False, default=str))
"""
)
CLI = "from duijie.cli import main\nmain()"


@dataclass
class Node:
    """A portal of one side in processes of its own."""

    environment: dict[str, str]

    @property
    def home(self) -> Path:
        return Path(self.environment["DUIJIE_HOME"])

    def does(self, code: str) -> object:
        """What some code prints last, as JSON."""
        said = python(ACT + code, self.environment)
        return json.loads(said.splitlines()[-1])

    def share(self, *words: str) -> str:
        """What the command line answers."""
        return python(CLI, self.environment, "--language", "en", "share", *words, "--home", str(self.home))

    def hand(self, other: Node, folder: Path) -> str:
        """Make a package for the other side and have it taken in there."""
        package = folder / f"{self.environment['DUIJIE_SIDE']}.zip"
        self.share("bundle", AGREEMENT, "--to", other.environment["DUIJIE_SIDE"], "--out", str(package))
        return other.share("receive", str(package))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Node, Node]:
    """The portals of both sides as `prepare` leaves them, of which tests take copies."""
    return _made(tmp_path_factory.mktemp("prepared"), "")


def _made(folder: Path, cluster: str) -> tuple[Node, Node]:
    made = []
    for code in (FIRST, SECOND):
        home = folder / code
        home.mkdir()
        keep_operator(home, DEMONSTRATION)
        url = new_database(cluster) if cluster else ""
        about = {"DUIJIE_HOME": str(home), "DUIJIE_DATABASE_URL": url, "DUIJIE_SIDE": code}
        made.append(Node({**os.environ, **about}))
        python(CLI, made[-1].environment, "portal", "--home", str(home), "prepare", str(ELSEWHERE))
    return made[0], made[1]


@pytest.fixture
def nodes(prepared: tuple[Node, Node], tmp_path: Path) -> tuple[Node, Node]:
    first, second = (Node({**one.environment, "DUIJIE_HOME": str(tmp_path / one.home.name)}) for one in prepared)
    for one, copied in zip(prepared, (first, second), strict=True):
        shutil.copytree(one.home, copied.home)
    return first, second


def _introduced(nodes: tuple[Node, Node], folder: Path) -> tuple[Node, Node]:
    """Both know the other's key, and the second side took in the first package."""
    first, second = nodes
    for one, other in (nodes, nodes[::-1]):
        other.share("trust", *one.share("key").split())
    assert "the own record begins" in first.hand(second, folder)
    return first, second


@pytest.fixture(params=["sqlite", "postgresql"])
def joined(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Node, Node]:
    """On each database."""
    if request.param == "sqlite":
        return _introduced(request.getfixturevalue("nodes"), tmp_path)
    (tmp_path / "made").mkdir()
    return _introduced(_made(tmp_path / "made", request.getfixturevalue("cluster")), tmp_path)


def test_a_side_joins_the_log_that_the_other_began(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    """Before it nothing can be recorded there; keys come first, with a slip told; accounts are the own side's alone."""
    first, second = nodes
    assert second.does("told([p.side_id for p in Person.objects.all()])") == [SECOND] * 7
    refused = "try:\n    append(agreement, [note(side().pk)])\nexcept DuijieError as error:\n    told(error.code)"
    assert second.does(refused) == "share_not_joined"
    package = tmp_path / "first.zip"
    first.share("trust", *second.share("key").split())
    first.share("bundle", AGREEMENT, "--to", SECOND, "--out", str(package))
    with pytest.raises(AssertionError, match="was not entered"):
        second.share("receive", str(package))
    line = first.share("key").split()
    with pytest.raises(AssertionError, match="slip"):
        second.share("trust", *line[:2], line[2][:-1] + ("0" if line[2][-1] != "0" else "1"), line[3])
    second.share("trust", *line)
    assert "the own record begins" in second.share("receive", str(package))
    second.does("append(agreement, [note(side().pk)]); told(1)")
    second.hand(first, tmp_path)
    names = [node.does("told(DatabaseLog(agreement).name)") for node in nodes]
    assert names[0] == names[1]
    for node in nodes:
        assert node.does("told([str(f) for _, v in checking.check([]) for f in v.faults])") == []


NEED = """
owner = planted.party(agreement, side(), f"p-{side().pk}", visibility="both")
price = "price_most_cny" if ROLE == "need" else "price_cny"
said = {"title": "求购鞋面布", "quantity_month": 1_500_000, "details": "针织鞋面坯布", price: 12}
planted.listing(owner, f"l-{side().pk}", role=ROLE, payload=said, visibility="both")
planted.listing(owner, f"hidden-{side().pk}", role=ROLE, payload={"title": "秘而不宣-" + side().pk})
told(1)
"""
FIRM = 'firm = someone("firm", f"p-{side().pk}")\n'
PAIR = f'need, offer = Listing.objects.get(pk="l-{FIRST}"), Listing.objects.get(pk="l-{SECOND}")\n'
CASE = "case = Case.objects.get()\n"
SIGN = """
content = b"%PDF-1.7 contract %%EOF"
files = (FileRef(keep_bytes(content), len(content), "application/pdf", "contract"),)
said = casework.Said(on=date.today(), amount=Amount(Decimal("1200000"), "cny"), files=files,
                     names={files[0].sha256: "购销合同.pdf"})
casework.record_step(firm, case, node="signed", said=said)
told(files[0].sha256)
"""
STEPS = 'told([[s.kind, str(s.amount or ""), s.is_confirmed] for s in Step.objects.order_by("on", "pk")])'
READ = """
texts = [bytes(d).decode() for m in (EntryPart, Word) for d in m.objects.values_list("data", flat=True)]
faults = [str(f) for _, v in checking.check([]) for f in v.faults]
rows = lambda: sorted(map(repr, DatabaseLog(agreement).stored_rows()))
before = rows()
list(checking.rebuild([]))
told([faults, texts, before == rows()])
"""


def test_one_need_goes_all_the_way_between_two_portals(joined: tuple[Node, Node], tmp_path: Path) -> None:
    """Listings meet, both say yes, a signed contract with its paper is read and confirmed on the other side, and the
    step counts on both; what was not opened never leaves; a package that comes twice changes nothing.
    """
    first, second = joined
    first.does(NEED.replace("ROLE", "'need'"))
    second.does(NEED.replace("ROLE", "'offer'"))
    for one, other in (joined, joined[::-1]):
        assert other.does("told(Job.objects.filter(kind='match.rank').count())") == 0
        one.hand(other, tmp_path)
        assert other.does("told(Job.objects.filter(kind='match.rank').count())") == 1
    for node in joined:
        assert node.does("told(sorted(Listing.objects.filter(visibility='both').values_list('pk', flat=True)))") == [
            f"l-{FIRST}",
            f"l-{SECOND}",
        ]
    first.does(FIRM + PAIR + "told(casework.accept(firm, need, offer=offer, clause='any'))")
    first.hand(second, tmp_path)
    second.does(FIRM + PAIR + "told(casework.accept(firm, need, offer=offer, clause='any'))")
    second.hand(first, tmp_path)
    sha256 = first.does(FIRM + CASE + SIGN)
    second_before = second.does(STEPS)
    first.hand(second, tmp_path)
    assert second.does(f"told(kept_path('{sha256}').read_bytes().decode())") == "%PDF-1.7 contract %%EOF"
    assert len(second.does(STEPS)) > len(second_before)
    word = "told([casework.confirm(someone('coordinator'), case, target=t.target) for t in Todo.objects.filter("
    second.does(CASE + word + "key=case.pk, act='confirm', role='offer_side')])")
    second.hand(first, tmp_path)
    assert ["signed", "1200000.0000", False] in first.does(STEPS)
    first.does(CASE + word + "key=case.pk, act='confirm', role='need_side')])")
    first.hand(second, tmp_path)
    steps = [sorted(node.does(STEPS)) for node in joined]
    assert steps[0] == steps[1]
    assert ["signed", "1200000.0000", True] in steps[0]
    for node, other in zip(joined, (SECOND, FIRST), strict=True):
        faults, texts, is_same = node.does(READ)
        assert faults == []
        assert is_same
        assert not [text for text in texts if f"秘而不宣-{other}" in text]
    heads = second.does("told(checking.heads_of_home([]))")
    second.share("receive", str(tmp_path / f"{FIRST}.zip"))
    assert second.does("told(checking.heads_of_home([]))") == heads


def test_a_package_that_was_touched_is_refused_whole(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    """Cut off, altered inside, or meant for another side: one sentence each, and nothing of it is kept."""
    first, second = _introduced(nodes, tmp_path)
    first.does(NEED.replace("ROLE", "'need'"))
    package = tmp_path / "p.zip"
    first.share("bundle", AGREEMENT, "--to", SECOND, "--out", str(package))
    before = second.does("told([checking.heads_of_home([]), Listing.objects.count()])")
    whole, altered = package.read_bytes(), tmp_path / "altered"
    shutil.unpack_archive(package, altered)
    lines = (altered / "entries.jsonl").read_text(encoding="utf-8")
    (altered / "entries.jsonl").write_text(lines.replace("求购鞋面布", "求购鞋底布"), encoding="utf-8")
    shutil.make_archive(str(tmp_path / "altered"), "zip", altered)
    (tmp_path / "torn.zip").write_bytes(whole[: len(whole) // 2])
    for name, word in (("altered.zip", "altered"), ("torn.zip", "torn")):
        with pytest.raises(AssertionError, match=word):
            second.share("receive", str(tmp_path / name))
    with pytest.raises(AssertionError, match="your own package"):
        first.share("receive", str(package))
    assert second.does("told([checking.heads_of_home([]), Listing.objects.count()])") == before
    second.share("receive", str(package))
    assert second.does("told(Listing.objects.count())") == 1


def test_two_entries_of_one_number_are_refused_and_kept_as_proof(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    """A portal that was set back and goes on gives a number twice: the other takes nothing of it in, and the proof of
    it stays on its own chain though the package was refused.
    """
    first, second = _introduced(nodes, tmp_path)
    earlier = Node({**first.environment, "DUIJIE_HOME": str(tmp_path / "earlier")})
    shutil.copytree(first.home, earlier.home)
    for node in (first, earlier):
        node.does("append(agreement, [note(side().pk)]); told(1)")
    first.hand(second, tmp_path)
    count = f"told([agreement.entries.filter(side=s).count() for s in {(FIRST, SECOND)}])"
    n_theirs, n_own = second.does(count)
    with pytest.raises(AssertionError, match="claim the same number"):
        earlier.hand(second, tmp_path)
    assert second.does(count) == [n_theirs, n_own + 1]
    assert second.does("told(agreement.entries.filter(kind='contradicted').count())") == 1
    assert second.does("told([str(f) for _, v in checking.check([]) for f in v.faults])") == []
