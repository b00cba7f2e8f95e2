"""Small changes to a reader's source, one at a time, and whether its own tests notice.

Usage: python -m tools.mutants csv --n 20 --seed 1 [--keep]

A mutant is drawn by its seed from all places of the source where one of the changes fits: a comparison is turned, a
whole number is one more or one less, ``and`` is ``or``, a ``not`` is dropped, a statement is dropped, the branches of
a condition are swapped. Each mutant lives in a process of its own that runs the tests of the reader, first those named
like its file, and ends at the first that fails: then it is killed. One that changes nothing that anybody could see is
named in ``mutants.yaml`` with the reason; every other survivor is a test that is missing. ``--keep`` writes how many
were killed of each reader to ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib.machinery
import importlib.util
import os
import random
import re
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
REASONS = Path(__file__).with_name("mutants.yaml")
# of the processor and of memory: a mutant that goes on for ever is killed, however busy the machine is
MOST_SECONDS, MOST_BYTES = 120, 12 << 30
# loaded once for all runs
OTHERS = (
    *("pytest", "hypothesis", "numpy", "pyarrow.parquet", "openpyxl", "python_calamine", "yaml", "pint", "click"),
    *("icalendar", "dateutil.rrule", "ortools.sat.python.cp_model"),
)


@dataclass(frozen=True)
class Reader:
    """A reader: its sources below ``src/duijie``, and the tests that must know every one of its decisions."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


READERS: Mapping[str, Reader] = {
    "csv": Reader(("sheets/texts.py", "sheets/encodings.py"), ("tests/sheets",)),
    "xlsx": Reader(
        ("sheets/workbooks.py", "sheets/opening.py", "sheets/records.py", "sheets/formats.py"), ("tests/sheets",)
    ),
    "xls": Reader(("sheets/xls.py",), ("tests/sheets",)),
    "markup": Reader(("sheets/markup.py", "sheets/merged.py"), ("tests/sheets",)),
    "cells": Reader(
        (
            *(f"cells/{name}.py" for name in ("amounts", "cell", "codes", "days", "figures", "reading", "texts")),
            "data/documents.py",
            "data/typed.py",
        ),
        ("tests/cells", "tests/data/test_documents.py", "tests/data/test_typed.py"),
    ),
    "tables": Reader(
        tuple(f"intake/{name}.py" for name in ("headings", "pages", "rows", "shapes", "tables")),
        (
            *(f"tests/intake/test_{name}.py" for name in ("table_reading", "tables_of_offices", "left_out")),
            *(f"tests/intake/test_{name}.py" for name in ("cell_cases", "readers", "bad_input")),
        ),
    ),
    "match": Reader(("match/tables.py",), ("tests/match/test_match_tables.py",)),
    "benefit": Reader(("track/benefit.py",), ("tests/track/test_benefit.py",)),
    "meetings": Reader(
        ("meet/files.py", "meet/instance.py"),
        ("tests/meet/test_instance.py", "tests/meet/test_figures.py", "tests/meet/test_files.py"),
    ),
    "visits": Reader(("meet/visit.py", "meet/figures.py"), ("tests/meet/test_visit.py", "tests/meet/test_figures.py")),
    "rules": Reader(("meet/rule.py",), ("tests/meet/test_rule.py",)),
    "calendars": Reader(
        ("meet/recurrence.py", "meet/calendars.py", "terms/days.py", "terms/working_days.py"),
        ("tests/terms", "tests/meet/test_calendars.py", "tests/meet/test_rule.py"),
    ),
}


# ---- what may be changed


@dataclass(frozen=True)
class Mutant:
    """One change: the file, its line, what becomes of what; `at` is the place among all that decide something."""

    path: Path
    line: int
    change: str
    at: int

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} {self.change}"

    @property
    def module(self) -> str:
        parts = self.path.relative_to(SOURCE).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def tree(self) -> ast.Module:
        """The module with the change in it."""
        own = ast.parse(self.path.read_text(encoding="utf-8"))
        old = _places(own)[self.at]
        make = dict(_changes(old))[self.change]
        new = ast.copy_location(make(old), old)

        class Put(ast.NodeTransformer):
            def visit(self, node: ast.AST) -> Any:
                return new if node is old and new is not old else self.generic_visit(node)

        return ast.fix_missing_locations(Put().visit(own))


_TURNED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
Change = Callable[[Any], Any]


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """What may become of a node; each change takes a copy of the node and gives what stands in its place."""
    if isinstance(node, ast.Compare):
        for at, sign in enumerate(node.ops):
            yield f"compare {at}: {type(sign).__name__} → {_TURNED[type(sign)].__name__}", _turned(at)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield f"{node.value} → {node.value + 1}", _constant(node.value + 1)
        yield f"{node.value} → {node.value - 1}", _constant(node.value - 1)
    elif isinstance(node, ast.BoolOp):
        yield ("and → or" if isinstance(node.op, ast.And) else "or → and"), _other_operator
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", lambda own: own.operand
    elif isinstance(node, ast.If | ast.IfExp):
        yield "branches swapped", _swapped
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Raise | ast.Continue | ast.Break):
        yield f"{type(node).__name__.lower()} dropped", lambda own: ast.Pass()


def _turned(at: int) -> Change:
    def change(own: Any) -> Any:
        own.ops[at] = _TURNED[type(own.ops[at])]()
        return own

    return change


def _constant(value: int) -> Change:
    return lambda own: ast.Constant(value)


def _other_operator(own: Any) -> Any:
    own.op = ast.Or() if isinstance(own.op, ast.And) else ast.And()
    return own


def _swapped(own: Any) -> Any:
    own.test = ast.UnaryOp(ast.Not(), own.test)
    return own


def _places(tree: ast.AST) -> list[ast.AST]:
    """Every node of a module that decides something: no annotations, docstrings, imports or lists of names."""
    found, left = list[ast.AST](), [tree]
    while left:
        node = left.pop()
        found.append(node)
        for name, value in ast.iter_fields(node):
            if name not in ("annotation", "returns", "type_params", "decorator_list"):
                children = value if isinstance(value, list) else [value]
                left += [one for one in children if isinstance(one, ast.AST) and not _is_said_only(one)]
    return found


def _is_said_only(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.Assign):
        return any(isinstance(one, ast.Name) and one.id == "__all__" for one in node.targets)
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def mutants_of(path: Path) -> list[Mutant]:
    """Every mutant of a file, in the order of its source."""
    places = enumerate(_places(ast.parse(path.read_text(encoding="utf-8"))))
    found = [
        Mutant(path, getattr(node, "lineno", 0), change, at) for at, node in places for change, _ in _changes(node)
    ]
    return sorted(found, key=lambda one: (one.line, one.at))


def drawn(reader: Reader, n: int, seed: int) -> list[Mutant]:
    """The first so many of a reader's mutants in the order a seed brings them into; none twice."""
    every = [one for name in reader.sources for one in mutants_of(SOURCE / "duijie" / name)]
    random.Random(seed).shuffle(every)
    return every[:n]


# ---- whether the tests notice


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module as a mutant has it; nothing of it is kept on disk."""

    def __init__(self, name: str, path: str, tree: ast.Module) -> None:
        super().__init__(name, path)
        self._tree = tree

    def get_code(self, fullname: str) -> CodeType | None:
        return compile(self._tree, self.path, "exec", dont_inherit=True)


class _Finder:
    """Finds the mutant before the module it is made of."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> Any:
        if name != self._mutant.module:
            return None
        where = str(self._mutant.path)
        return importlib.util.spec_from_file_location(name, where, loader=_Loader(name, where, self._mutant.tree))


def is_killed(mutant: Mutant | None, tests: Sequence[str]) -> bool:
    """Whether the tests fail on a mutant, or do not end; on None, the source as it is, they must pass."""
    child = os.fork()
    if not child:
        _run(mutant, tests)
    return os.waitpid(child, 0)[1] != 0


def _run(mutant: Mutant | None, tests: Sequence[str]) -> None:
    """In a process of its own: load what is ours anew with the mutant in it, run the tests, end with their code."""
    code = 2
    try:
        os.chdir(ROOT)
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        for name in [name for name in sys.modules if name.partition(".")[0] in ("duijie", "duijie_portal", "tests")]:
            del sys.modules[name]
        if mutant is not None:
            sys.meta_path.insert(0, _Finder(mutant))  # type: ignore[arg-type]
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:django", "-o", "timeout=0", "--tb=no"]
        code, own = 0, _named_like(mutant, tests)
        for part in ([own] if own else []) + [[ROOT / one for one in tests]]:
            code = code or int(pytest.main([*options, *map(str, part)]))
    finally:
        os._exit(code)


def _named_like(mutant: Mutant | None, tests: Sequence[str]) -> list[Path]:
    """Those tests of a reader that bear the name of the changed file: most mutants end there."""
    every = [file for one in tests for file in ([ROOT / one] if one.endswith(".py") else (ROOT / one).glob("*.py"))]
    return [file for file in every if mutant and re.search(rf"(?:_|^){mutant.path.stem}\b", file.stem)]


def _warm() -> None:
    """What every run needs is loaded once; only what is ours is loaded anew."""
    for name in OTHERS:
        importlib.import_module(name)
    gc.freeze()


def reasons() -> Mapping[str, str]:
    """Why a mutant that survives changes nothing, by its file, its line's text and its change."""
    from duijie import data

    return {f"{row['file']} | {row['line']} | {row['change']}": row["why"] for row in data.read(REASONS) or ()}


def reason_of(mutant: Mutant) -> str:
    """Why a mutant cannot be seen; empty where it should be."""
    text = mutant.path.read_text(encoding="utf-8").split("\n")[mutant.line - 1].strip()
    return reasons().get(f"{mutant.path.relative_to(SOURCE / 'duijie')} | {text} | {mutant.change}", "")


def survivors(name: str, n: int, seed: int, say: Callable[[str], Any] = print, *, first: int = 0) -> list[Mutant]:
    """The mutants of a reader that its tests do not notice, but for those that cannot be noticed; from `first` on."""
    _check(name)
    reader, left = READERS[name], []
    for at, mutant in enumerate(drawn(reader, n, seed)[first:], start=first + 1):
        answer = "killed" if is_killed(mutant, reader.tests) else reason_of(mutant) or "survived"
        left += [mutant] if answer == "survived" else []
        say(f"{name} {at}/{n} {mutant.name}: {answer}")
    return left


@cache
def _check(name: str) -> None:
    """The tests of a reader pass on the source as it is."""
    _warm()
    if is_killed(None, READERS[name].tests):
        raise RuntimeError(f"{name}: the tests fail on the source as it is")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", default=list(READERS), help=", ".join(READERS))
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    said = parser.parse_args()
    left = {name: survivors(name, said.n, said.seed, lambda t: print(t, flush=True)) for name in said.readers}
    for name, own in left.items():
        print(f"{name}: {len(own)} survived")
    if said.keep:
        _keep(left, said.n, said.seed)
    sys.exit(any(left.values()))


def _keep(left: Mapping[str, Sequence[Mutant]], n: int, seed: int) -> None:
    """Write how many mutants of each reader were killed beside the other figures that are measured."""
    from benchmarks.harness import Case, write

    cases = []
    for name, own in left.items():
        every = drawn(READERS[name], n, seed)
        n_same = sum(bool(reason_of(one)) for one in every)
        note = f"seed {seed}; {n_same} cannot be seen, for reasons in tools/mutants.yaml" if n_same else f"seed {seed}"
        case = Case(f"mutants of the reader “{name}”", f"killed of {len(every)}", len(every) - len(own) - n_same)
        cases.append(replace(case, bar="all that can be seen", holds=not own, note=note))
    write("mutants", cases, is_part=True)


if __name__ == "__main__":
    main()
