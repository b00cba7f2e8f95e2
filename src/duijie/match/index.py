"""A saved index of texts: opened memory-mapped, updated without rebuilding, searched exactly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence, Set
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from duijie.errors import InputError
from duijie.terms import Progress, silent

from .text import Analysis, TextSpace
from .topk import Postings, TopK, top_k

__all__ = ["Ranking", "TextIndex", "merge"]


@dataclass(frozen=True)
class Ranking:
    """The best texts for each need: `ids` (needs,) lists of text ids, best first, and their `scores` (0–1)."""

    ids: tuple[tuple[str, ...], ...]
    scores: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, eq=False)
class _Segment:
    ids: NDArray[np.str_]
    codes: NDArray[np.uint64]
    postings: Postings


@dataclass(frozen=True, eq=False)
class TextIndex:
    """Texts by id, ready to be searched.

    Notes
    -----
    An update adds a segment; removed or replaced texts are left out of answers. How rare a term is stays as it was
    when the index was built; terms first seen in an update count as the rarest. Build anew when a tenth has changed.
    """

    space: TextSpace
    segments: tuple[_Segment, ...]
    removed: frozenset[tuple[int, str]] = frozenset()

    @classmethod
    def build(cls, ids: Sequence[str], texts: Sequence[str], *, analysis: Analysis = "grams") -> TextIndex:
        """Index `texts` under their `ids`.

        Raises
        ------
        InputError
            An id stands twice, or there are not as many ids as texts.
        """
        space = TextSpace.learn(texts, analysis=analysis)
        return cls(space, (_segment(ids, texts, space),))

    def __len__(self) -> int:
        return sum(len(segment.ids) for segment in self.segments) - len(self.removed)

    def update(self, ids: Sequence[str], texts: Sequence[str], *, remove: Sequence[str] = ()) -> TextIndex:
        """The index with `texts` added (an id already there is replaced) and the ids `remove` gone."""
        gone = {*ids, *remove}
        found = {
            (at, one) for at, segment in enumerate(self.segments) for one in gone.intersection(segment.ids.tolist())
        }
        removed = self.removed | frozenset(found)
        if not len(ids):
            return TextIndex(self.space, self.segments, removed)
        space = self.space.extended(texts)
        return TextIndex(space, (*self.segments, _segment(ids, texts, space)), removed)

    def search(
        self, texts: Sequence[str], k: int = 10, *, n_threads: int | None = None, progress: Progress = silent
    ) -> Ranking:
        """The `k` texts nearest to each of `texts`: exact cosine, ties by id, only what shares a term."""
        needs = self.space.vectors(texts)
        answers = [self._search_segment(at, needs, k, n_threads, progress) for at in range(len(self.segments))]
        return merge(answers, k)

    def _search_segment(
        self, at: int, needs: sparse.csr_matrix, k: int, n_threads: int | None, progress: Progress
    ) -> Ranking:
        segment = self.segments[at]
        # the terms of a segment are all of the space, or those there were before an update
        is_whole = len(segment.codes) == len(self.space.codes)
        own = needs if is_whole else needs[:, np.searchsorted(self.space.codes, segment.codes)]
        gone = {one for place, one in self.removed if place == at}
        # as many more as may be left out, so that the answer stays exact
        found = top_k(
            own, segment.postings, min(k + len(gone), max(len(segment.ids), 1)), n_threads=n_threads, progress=progress
        )
        return named(found, segment.ids, gone)

    def save(self, folder: Path) -> None:
        """Write the index as plain arrays into a new folder; an index that is there is replaced at the end."""
        fresh = folder.with_name(folder.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        meta = {"n_texts": self.space.n_texts, "mean_length": self.space.mean_length, "analysis": self.space.analysis}
        _write(fresh, "space", {"codes": self.space.codes, "frequencies": self.space.frequencies})
        scalars = []
        for at, segment in enumerate(self.segments):
            arrays = {one.name: getattr(segment.postings, one.name) for one in fields(Postings)}
            scalars.append({name: value for name, value in arrays.items() if not isinstance(value, np.ndarray)})
            kept = {name: value for name, value in arrays.items() if isinstance(value, np.ndarray)}
            _write(fresh, f"segment{at}", {"names": segment.ids, "codes": segment.codes, **kept})
        document = {**meta, "segments": scalars, "removed": sorted(self.removed)}
        (fresh / "index.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)

    @classmethod
    def open(cls, folder: Path) -> TextIndex:
        """An index from its folder, memory-mapped: nothing is read before it is needed.

        Raises
        ------
        InputError
            The folder holds no index.
        """
        try:
            meta = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError("file_missing", {}, {"file": str(folder / "index.json")}) from None
        space = TextSpace(
            **_read(folder, "space"), **{key: meta[key] for key in ("n_texts", "mean_length", "analysis")}
        )
        segments = []
        for at, scalars in enumerate(meta["segments"]):
            arrays = _read(folder, f"segment{at}")
            ids, codes = arrays.pop("names"), arrays.pop("codes")
            segments.append(_Segment(ids, codes, Postings(**arrays, **scalars)))
        return cls(space, tuple(segments), frozenset((at, one) for at, one in meta["removed"]))


def merge(answers: Sequence[Ranking], k: int) -> Ranking:
    """The best `k` of several answers to the same needs; any split and any order of parts give the same result."""
    ids, scores = [], []
    for need in range(len(answers[0].ids)):
        pairs = [pair for one in answers for pair in zip(one.scores[need], one.ids[need], strict=True)]
        pairs.sort(key=lambda pair: (-pair[0], pair[1]))
        ids.append(tuple(name for _, name in pairs[:k]))
        scores.append(tuple(score for score, _ in pairs[:k]))
    return Ranking(tuple(ids), tuple(scores))


def _check_ids(ids: Sequence[str], texts: Sequence[str]) -> None:
    if len(ids) != len(texts):
        raise InputError("match_ids_texts", {"ids": len(ids), "texts": len(texts)})
    seen: set[str] = set()
    for one in ids:
        if one in seen:
            raise InputError("match_id_twice", {"id": one})
        seen.add(one)


def _segment(ids: Sequence[str], texts: Sequence[str], space: TextSpace) -> _Segment:
    ordered, sorted_texts = by_id(ids, texts)
    return _Segment(ordered, space.codes, Postings.of(space.vectors(sorted_texts)))


def by_id(ids: Sequence[str], texts: Sequence[str]) -> tuple[NDArray[np.str_], list[str]]:
    """Ids and texts in the order of ids, so that ties by position are ties by id.

    Raises
    ------
    InputError
        An id stands twice, or there are not as many ids as texts.
    """
    _check_ids(ids, texts)
    order = sorted(range(len(ids)), key=lambda at: ids[at])
    return np.array([ids[at] for at in order], dtype=np.str_), [texts[at] for at in order]


def named(found: TopK, ids: NDArray[np.str_], gone: Set[str]) -> Ranking:
    """An answer by ids, without those that are `gone`."""
    names, scores = [], []
    for offers, values in zip(found.offers, found.scores, strict=True):
        pairs = [(str(ids[at]), float(score)) for at, score in zip(offers, values, strict=True) if at >= 0]
        kept = [(name, score) for name, score in pairs if name not in gone]
        names.append(tuple(name for name, _ in kept))
        scores.append(tuple(score for _, score in kept))
    return Ranking(tuple(names), tuple(scores))


def _write(folder: Path, prefix: str, arrays: dict[str, Any]) -> None:
    for name, value in arrays.items():
        np.save(folder / f"{prefix}.{name}.npy", value)


def _read(folder: Path, prefix: str) -> dict[str, Any]:
    paths = sorted(folder.glob(f"{prefix}.*.npy"))
    return {path.name.split(".")[1]: np.load(path, mmap_mode="r") for path in paths}
