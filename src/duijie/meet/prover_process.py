"""Run as a script in a process of its own: the least number of breaks of a formula, step by step from below.

Reads one line of JSON and clauses (32-bit integers, each clause closed by 0) from standard input; writes a line of JSON
for each proven bound and one for the end. It imports nothing of this package, so that it starts at once.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator

from pysat.card import ITotalizer  # type: ignore[import-untyped,unused-ignore]
from pysat.solvers import Solver  # type: ignore[import-untyped,unused-ignore]

SOLVER = "cadical195"
_FIRST = 8


def main() -> None:
    """Prove, and say so."""
    head = json.loads(sys.stdin.buffer.readline())
    _limit(head["seconds"])
    numbers = array("i")
    numbers.frombytes(sys.stdin.buffer.read())
    for line in proven(numbers, head["holes"], head["n_variables"], head["n_choices"]):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def _limit(seconds: int) -> None:
    """No more processor seconds than asked for, even if nobody is left to stop this process."""
    try:
        import resource
    except ImportError:  # no such limits on this system
        return
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _split(numbers: array[int]) -> Iterator[list[int]]:
    start = 0
    for at, number in enumerate(numbers):
        if number == 0:
            yield numbers[start:at].tolist()
            start = at + 1


def proven(
    clauses: array[int], holes: list[int], n_variables: int, n_choices: int
) -> Iterator[dict[str, int | bool | list[int]]]:
    """A row for a first plan, for each bound that is proven, and for the best plan; or that there is no plan at all.

    A plan is the chosen literals among the first `n_choices`.

    Notes
    -----
    Is there a plan with no break, with one, with two …? Each “no” is a proof of the next bound, and what was learnt
    stays.
    """
    with Solver(SOLVER, bootstrap_with=_split(clauses)) as solver:
        counter, bound = None, 0
        if not solver.solve():
            yield {"is_infeasible": True}
            return
        yield _plan(solver, n_choices)
        while bound < len(holes):
            counter = _counted(solver, counter, holes, bound, n_variables)
            if solver.solve(assumptions=[-counter.rhs[bound]]):
                break
            bound += 1
            yield {"bound": bound}
        else:
            solver.solve()  # every break there could be must be: the last answer was no
        yield _plan(solver, n_choices)


def _plan(solver: Solver, n_choices: int) -> dict[str, int | bool | list[int]]:
    return {"chosen": [one for one in solver.get_model()[:n_choices] if one > 0]}


def _counted(solver: Solver, counter: ITotalizer | None, holes: list[int], bound: int, top: int) -> ITotalizer:
    """The counter of breaks, made or made larger so that it can say more than `bound`."""
    if counter is None:
        counter = ITotalizer(lits=holes, ubound=min(_FIRST, len(holes)), top_id=top)
        added = counter.cnf.clauses
    elif bound >= len(counter.rhs):
        counter.increase(ubound=min(2 * bound, len(holes)))
        added = counter.cnf.clauses[-counter.nof_new :] if counter.nof_new else []
    else:
        return counter
    for clause in added:
        solver.add_clause(clause)
    return counter


if __name__ == "__main__":
    main()
