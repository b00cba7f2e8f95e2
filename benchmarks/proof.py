"""``make proof``: the long runs. Mutants of the readers, killed writers, broken files, lives of several nodes, a soak,
every subset of an agreement's tables.

Each proof goes on from the count in ``benchmarks/results/proof/state.json`` until its target is reached, seed by seed;
QUICK=1 makes the targets small, MINUTES=10 stops after that time with what was counted so far.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import subsets
from benchmarks.harness import IS_QUICK, RESULTS, machine

STATE = RESULTS / "proof" / ("quick.json" if IS_QUICK else "state.json")
TARGETS = {"mutants": 20, "kills": 200, "fuzz": 20_000, "exchange": 10_000, "planted": 18, "soak": 50}
TARGETS |= {"loads": subsets.N_CHUNKS, "wholes": subsets.N_WHOLE}
if IS_QUICK:
    few = {"mutants": 1, "kills": 5, "fuzz": 300, "exchange": 10, "planted": 1, "soak": 2}
    TARGETS = few | {"loads": 1, "wholes": 2}

WRITER = """
import sys, django
django.setup()
from duijie_portal.accounts.models import Person
from duijie_portal.ledger.models import Agreement
from duijie_portal.ledger.services import add_party
person = Person.objects.filter(role="coordinator").order_by("username").first()
agreement = Agreement.objects.filter(is_rehearsal=True).get()
for n in range(10**9):
    key = f"{sys.argv[1]}-{n}"
    add_party(person, agreement, id=key, kind="firm", name=key)
    print(key, flush=True)
"""
READER = """
import sys, django
django.setup()
from duijie_portal.ledger.models import Agreement, Party
agreement = Agreement.objects.filter(is_rehearsal=True).get()
from duijie_portal.ledger.checking import verify_agreement
verdict = verify_agreement(agreement)
keys = set(sys.stdin.read().split())
there = set(Party.objects.filter(pk__in=keys).values_list("pk", flat=True))
print(len(keys - there), int(not verdict.faults))
"""


def mutants(seed: int, home: Path) -> dict[str, int]:
    """One small change to each reader of files, the next in the order of the first seed; its tests must notice."""
    from tools.mutants import READERS, survivors

    left = [one for name in READERS for one in survivors(name, seed + 1, 1, first=seed)]
    return {"mutants": len(READERS), "survived": len(left)}


def kills(seed: int, home: Path) -> dict[str, int]:
    """One writer killed at a random moment; every acknowledged write must be there and the chains must verify."""
    environment = os.environ | {"DUIJIE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "duijie_portal.settings"}
    if not (home / "ready").exists():
        _prepare(home, environment)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, f"kill-{seed}"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout
    first = writer.stdout.readline()
    if not first:
        raise RuntimeError("the writer wrote nothing: nothing is proved")
    time.sleep(random.Random(seed).uniform(0.0, 0.5))
    writer.send_signal(signal.SIGKILL)
    acknowledged = [line for line in (first + writer.stdout.read()).split("\n")[:-1] if line]
    writer.wait()
    asked = subprocess.run(
        [sys.executable, "-c", READER],
        env=environment,
        input="\n".join(acknowledged),
        capture_output=True,
        text=True,
        check=True,
    )
    lost, verifies = map(int, asked.stdout.split()[-2:])
    return {"acknowledged": len(acknowledged), "lost": lost, "broken_chains": 1 - verifies}


def _prepare(home: Path, environment: dict[str, str]) -> None:
    program = "from duijie.cli import main; main()"
    name = next(path.parent.name for path in _agreements() if "based_on" in path.read_text(encoding="utf-8"))
    for words in (
        ["agenda", "run", name, "--out", str(home), "--no-report"],
        ["portal", "--home", str(home), "prepare", name],
    ):
        subprocess.run([sys.executable, "-c", program, *words], env=environment, check=True, capture_output=True)
    (home / "ready").touch()


def _agreements() -> list[Path]:
    from duijie import data

    return sorted((data.root() / "agreements").glob("*/agreement.yaml"))


def fuzz(seed: int, home: Path) -> dict[str, int]:
    """One broken file for every reader: an answer or a DuijieError, never anything else."""
    from duijie.errors import DuijieError

    dice = random.Random(seed)
    crashes = 0
    for name, read in _readers().items():
        path = home / f"broken{name}"
        path.write_bytes(_broken(dice, name))
        try:
            read(path)
        except DuijieError:
            pass
        except Exception as error:
            crashes += 1
            (STATE.parent / "crashes").mkdir(parents=True, exist_ok=True)
            (STATE.parent / "crashes" / f"{seed}{name}").write_bytes(path.read_bytes())
            print(f"crash: seed {seed}, {name}: {error!r}")
    return {"files": len(_readers()), "crashes": crashes}


def _readers() -> dict[str, Callable[[Path], Any]]:
    from duijie import data
    from duijie.intake import read_table
    from duijie.meet.dzn import read_dzn

    def table(path: Path) -> Any:
        return read_table(path, "firms")

    return {
        ".csv": table,
        ".xlsx": table,
        ".parquet": table,
        ".yaml": lambda path: data.check(path, "agreement"),
        ".dzn": read_dzn,
    }


def _broken(dice: random.Random, name: str) -> bytes:
    """Noise, or a sound file with some bytes changed, cut out or doubled."""
    sound = _sound(name)
    if not sound or dice.random() < 0.2:
        return dice.randbytes(dice.randint(0, 2000))
    content = bytearray(sound)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(content) or 1)
        match dice.randrange(3):
            case 0 if content:
                content[at] = dice.randrange(256)
            case 1:
                del content[at : at + dice.randint(1, 50)]
            case _:
                content[at:at] = content[at : at + dice.randint(1, 200)]
    return bytes(content)


def _sound(name: str) -> bytes:
    if name == ".yaml":
        return _agreements()[0].read_bytes()
    if name == ".dzn":
        heads = b"nBusiness = 2;\nnMeetings = 1;\nnTables = 1;\nnTotalSlots = 2;\nnMorningSlots = 1;\n"
        return heads + b"requested = [|1,2,3|];\n"
    firms = _agreements()[0].parent / "tables" / "firms.csv"
    return b"\n".join(firms.read_bytes().splitlines()[:20]) if name == ".csv" else _workbook(name)


def _workbook(name: str) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet
    import xlsxwriter

    sink = io.BytesIO()
    if name == ".parquet":
        pyarrow.parquet.write_table(pa.table({"name": ["a", "b"], "region": ["1", "2"]}), sink)
    else:
        with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            for row in range(20):
                sheet.write_row(row, 0, [f"name {row}", row, "x"])
    return sink.getvalue()


def exchange(seed: int, home: Path) -> dict[str, int]:
    """One life of several nodes in which everything goes wrong; nothing may happen that never may."""
    from duijie.share.simulation import simulate

    outcome = simulate([seed])
    for failure in outcome.failures:
        print(f"exchange: seed {failure.seed}, step {failure.step}: {failure.problem}", flush=True)
    return {"steps": outcome.steps, "went_wrong": sum(outcome.faults.values()), "failed": len(outcome.failures)}


def planted(seed: int, home: Path) -> dict[str, int]:
    """One bug planted in the product: one of the first 1,000 lives finds it."""
    from tests.share.mutants import MUTANTS, found

    name = sorted(MUTANTS)[seed % len(MUTANTS)]
    failure = found(MUTANTS[name], range(1_000))
    print(f"planted: {name}: {failure.seed if failure else 'never found'}", flush=True)
    return {"planted": 1, "never_found": int(failure is None)}


def soak(seed: int, home: Path) -> dict[str, int]:
    """The whole line once more in this process; the documents must be the same and the memory must not grow."""
    from duijie import agenda

    for path in _agreements():
        agenda.run(path.parent, home / "soak", as_of=date(2026, 11, 23), with_report=False)
    return {"runs": len(_agreements()), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def run(
    name: str, proof: Callable[[int, Path], dict[str, int]], state: dict[str, Any], home: Path, deadline: float
) -> None:
    """Go on with one proof until its target or the deadline, writing the state after each seed."""
    row = state.setdefault(name, {"done": 0, "first_seed": 0, "sums": {}, "peaks": {}})
    told = time.monotonic()
    while row["done"] < TARGETS[name] and time.monotonic() < deadline:
        for key, value in proof(row["first_seed"] + row["done"], home).items():
            if key.startswith("peak_"):
                row["peaks"].setdefault(key, []).append(value)
            else:
                row["sums"][key] = row["sums"].get(key, 0) + value
        row["done"] += 1
        state["_"] = {"machine": machine(), "date": date.today().isoformat()}
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
        if time.monotonic() - told > 20 or row["done"] == TARGETS[name]:
            told = time.monotonic()
            print(f"{name}: {row['done']}/{TARGETS[name]} {row['sums']}", flush=True)


def main() -> None:
    state: dict[str, Any] = json.loads(STATE.read_text(encoding="utf-8")) if STATE.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        minutes = float(os.environ.get("MINUTES", "inf"))
        # the readers first: what is loaded for them has no threads yet
        of_nodes = {"exchange": exchange, "planted": planted}
        proofs = {"mutants": mutants, "fuzz": fuzz, **of_nodes, "kills": kills, "soak": soak}
        proofs |= {"loads": subsets.loaded, "wholes": subsets.walked}
        for name, proof in proofs.items():
            run(name, proof, state, Path(folder), time.monotonic() + 60 * minutes / len(proofs))
    failed = {
        key: state[name]["sums"].get(key, 0)
        for name, key in (
            ("mutants", "survived"),
            ("kills", "lost"),
            ("kills", "broken_chains"),
            ("fuzz", "crashes"),
            ("exchange", "failed"),
            ("planted", "never_found"),
            ("loads", "unread"),
            ("wholes", "crashed"),
        )
    }
    sys.exit(int(any(failed.values())))


if __name__ == "__main__":
    main()
