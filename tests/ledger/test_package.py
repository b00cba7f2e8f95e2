"""A bundle as a file: what is no package, torn, or larger than it may be is told in a sentence, and nothing is read."""

from __future__ import annotations

import io
import zipfile

import pytest
from handing import Nodes, held
from handing import two_sides as made_of_two

from duijie.errors import InputError, SealError
from duijie.ledger import package


@pytest.fixture
def two_sides() -> Nodes:
    return made_of_two()


@pytest.fixture
def packed(two_sides: Nodes) -> bytes:
    two_sides.assess(two_sides.open_case())
    return package.pack(two_sides.made("north", "south"))


def test_a_package_is_the_same_to_the_byte_whenever_it_is_made(two_sides: Nodes) -> None:
    """So a side can tell whether a file is the one it handed over; and it opens with the tools of any machine."""
    two_sides.assess(two_sides.open_case())
    made = two_sides.made("north", "south")
    assert package.pack(made) == package.pack(made)
    assert package.unpack(package.pack(made)) == made
    with zipfile.ZipFile(io.BytesIO(package.pack(made))) as archive:
        names = archive.namelist()
    assert names[:2] == ["bundle.json", "entries.jsonl"]
    assert len([one for one in names if one.startswith("files/")]) == len(made.files) > 0


@pytest.mark.parametrize("cut", [0, 1, 40, -1, -30])
def test_a_torn_file_is_no_package(packed: bytes, cut: int) -> None:
    """Wherever it broke off."""
    with pytest.raises(InputError, match="share_no_package"):
        package.unpack(packed[:cut] if cut else b"no zip at all")


def test_one_altered_byte_anywhere_is_no_package_or_not_what_was_signed(two_sides: Nodes) -> None:
    """Each byte of a package turned by itself: told as no package, else refused by what is signed, never a crash."""
    two_sides.assess(two_sides.open_case())
    whole = package.pack(two_sides.made("north", "south"))
    before = held(two_sides.logs["south"])
    for at in range(len(whole)):
        turned = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        try:
            came = package.unpack(turned)
        except InputError:
            continue
        if came != package.unpack(whole):  # a byte of the zip's own, like its day, says nothing of the bundle
            with pytest.raises(SealError):
                two_sides.take("south", came)
    assert held(two_sides.logs["south"]) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bundle.json", b"{}"),
        ("bundle.json", b'{"log": 1, "heads": [], "side": "x", "to": "y", "asks": 0, "signature": ""}'),
        ("bundle.json", b"\xff"),
        ("files/" + "0" * 64, b"not what its name says"),
    ],
)
def test_parts_that_say_something_else_are_refused(packed: bytes, name: str, content: bytes) -> None:
    """A head that says nothing, a file under another's name."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(made, "w") as new:
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
        new.writestr(name, content)
    with pytest.raises(InputError, match="share_no_package"):
        package.unpack(made.getvalue())


def test_a_line_that_is_no_entry_is_named(packed: bytes) -> None:
    """By its number, like the lines of a log."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(made, "w") as new:
        new.writestr("bundle.json", old.read("bundle.json"))
        new.writestr("entries.jsonl", old.read("entries.jsonl") + b"{}\n")
    with pytest.raises(InputError, match="seal_line_broken") as found:
        package.unpack(made.getvalue())
    assert found.value.where["row"] == packed_lines(packed) + 1


def packed_lines(packed: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return archive.read("entries.jsonl").count(b"\n")


def test_more_than_it_may_hold_is_refused_unread(packed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file may unpack to a very large one: its directory says so first."""
    monkeypatch.setattr(package, "MOST_BYTES", 100)
    with pytest.raises(InputError, match="share_package_large"):
        package.unpack(packed)
