"""Where data files are looked for: first in the folder of the agreement that is open, then among the built-in ones.

A room is a folder of files of one sort. An agreement's folder may have any of :data:`ROOMS` beside its own files; a
file there stands before the built-in one of the same name. Nothing needs to be told which agreement it is about:
:func:`beside` opens its folder for everything that is read inside the block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

__all__ = ["ROOMS", "beside", "enter", "kept", "listing", "own_folders", "root", "stacked"]

ROOMS = ("kinds", "cases", "chains", "vocabulary", "measures", "units", "evidence", "words", "sources")
"""What an agreement may bring of its own."""

# built-in places of rooms that do not stand directly under the data folder
_PLACES = {"chains": "taxonomies/chains"}
_N_KEPT = 8192
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The folders looked into before the built-in one, and when a file in their rooms changed last."""

    folders: tuple[Path, ...] = ()
    changed_at: int = 0


_BUILT_IN = _Shelf()
_OPEN: ContextVar[_Shelf] = ContextVar("shelf", default=_BUILT_IN)


def root() -> Path:
    """The folder of the built-in data files."""
    return Path(__file__).parent


@contextmanager
def beside(*folders: Path) -> Iterator[None]:
    """Let these folders' own kinds, words, … be read before the built-in ones, as long as the block lasts.

    Parameters
    ----------
    folders
        An agreement's folder; for a rehearsal, that of the agreement it is based on as well. A folder without any of
        :data:`ROOMS` changes nothing; without a folder only what is built in is read.
    """
    token = _OPEN.set(_shelf(folders))
    try:
        yield
    finally:
        _OPEN.reset(token)


def enter(*folders: Path) -> None:
    """Like :func:`beside`, until the block of :func:`beside` around it ends: for a request that learns late which
    agreement it is about.
    """
    _OPEN.set(_shelf(folders))


def own_folders() -> tuple[Path, ...]:
    """The folders that are open beside the built-in one."""
    return _OPEN.get().folders


def _shelf(folders: tuple[Path, ...]) -> _Shelf:
    rooms = [(folder, folder / room) for folder in folders for room in ROOMS if (folder / room).is_dir()]
    used = tuple(dict.fromkeys(folder.resolve() for folder, _ in rooms))
    files = [path for _, room in rooms for path in room.rglob("*")]
    # the number of files as well: one that is taken away leaves no time behind
    return _Shelf(used, max((path.stat().st_mtime_ns for path in files), default=0) + len(files))


def listing(folder: str, suffix: str = ".yaml") -> tuple[Path, ...]:
    """The files of a room such as ``kinds`` or ``words/zh`` in name order, those of an open folder in place of built-in
    ones of the same name; empty where there are none.
    """
    found: dict[str, Path] = {}
    for path in stacked(folder, suffix):
        found.setdefault(path.name, path)
    return tuple(found[name] for name in sorted(found))


def stacked(folder: str, suffix: str = ".yaml") -> tuple[Path, ...]:
    """All the files of a room: those of each open folder, then the built-in ones, in name order within a folder."""
    room, _, rest = folder.partition("/")
    places = [*(one / folder for one in own_folders()), root() / _PLACES.get(room, room) / rest]
    return tuple(path for place in places for path in sorted(place.glob(f"*{suffix}")))


def kept(function: Callable[P, T]) -> Callable[P, T]:
    """Remember what a function gave, for each open folder apart: read again once a file of it changed."""

    @lru_cache(maxsize=_N_KEPT)
    def of(_shelf: _Shelf, *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        return of(_OPEN.get(), *args, **kwargs)  # type: ignore[arg-type]

    return asked
