"""Officers who take tables in at the same moment: nothing lost, nothing twice, nothing half, no lock that is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

from nodes import go_together, python

SETUP = """
import os, sys, json
os.environ["DJANGO_SETTINGS_MODULE"] = "duijie_portal.settings"
import django
django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from duijie.errors import InputError
from duijie_portal.accounts.models import Department, Person, Side
from duijie_portal.ledger.checking import verify_agreement
from duijie_portal.ledger.models import Agreement, Party, Record
from duijie_portal.match import import_services
agreement = Agreement.objects.get()
side = agreement.sides.order_by("pk").first()
office = Department.objects.filter(agreement=agreement.pk, side=side).first()
def table(names):
    return SimpleUploadedFile("t.csv", ("企业名称\\n" + "\\n".join(names)).encode())
def opened(person, names):
    said = {"kind": "firms", "source": "s", "department": office.key}
    return import_services.open_import(person, agreement, file=table(names), **said)
"""
PREPARE = (
    SETUP
    + """
for n in range(4):
    one = Person.objects.create_user(f"officer-{n}", "correct horse battery", role="officer", side=side)
    one.departments.add(office)
"""
)
WRITE = (
    SETUP
    + """
n = int(sys.argv[1])
person = Person.objects.get(username=f"officer-{n}")
print("ready", flush=True); sys.stdin.readline()
said = []
for at in range(3):
    mine = [f"第{n}人第{at}表第{row}号厂" for row in range(40)]
    said.append(import_services.take(person, opened(person, mine)))
try:
    said.append(import_services.take(person, opened(person, [f"人人都有第{row}号厂" for row in range(40)])))
except InputError as error:
    assert error.code == "portal_import_faults", error
    said.append(0)
print(json.dumps(said))
"""
)
COUNT = (
    SETUP
    + """
taken = Record.objects.filter(kind="import", state="taken")
whole = all(Party.objects.filter(pk__startswith=row.pk + "-").count() == row.payload["n_made"] for row in taken)
verdict = verify_agreement(agreement)
print(json.dumps([Party.objects.count(), len(set(Party.objects.values_list("name", flat=True))), taken.count(), whole,
                  verdict.holds]))
"""
)
KILLED = (
    SETUP
    + """
person = Person.objects.get(username="officer-0")
left = Record.objects.filter(kind="import", state="opened").first()
row = left or opened(person, [f"第{n}号厂" for n in range(3000)])
print("ready", flush=True)
import_services.take(person, row)
print("done", flush=True)
"""
)


def _run(code: str, node: dict[str, str], *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.Popen(command, env=node, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _told(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    return out.strip().splitlines()[-1] if out.strip() else ""


def test_four_officers_at_once_lose_nothing(environment: dict[str, str]) -> None:
    python(PREPARE, environment)
    writers = [_run(WRITE, environment, str(n)) for n in range(4)]
    go_together(writers)
    said = [json.loads(_told(writer)) for writer in writers]
    assert [one[:3] for one in said] == [[40, 40, 40]] * 4
    assert sorted(one[3] for one in said) == [0, 0, 0, 40], "the table all have enters once"
    n = 4 * 3 * 40 + 40
    assert json.loads(python(COUNT, environment)) == [n, n, 13, True, True]


def test_killed_at_any_moment_all_rows_or_none(environment: dict[str, str]) -> None:
    python(PREPARE, environment)
    for pause in (0.1, 0.6):
        writer = _run(KILLED, environment)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(pause)
        writer.send_signal(signal.SIGKILL)
        writer.wait(20)
        n_rows, _, n_tables, is_whole, holds = json.loads(python(COUNT, environment))
        assert (n_rows, is_whole, holds) == (3000 * n_tables, True, True)
        if n_tables:
            return
    assert _told(_run(KILLED, environment)) == "done", "taken up again after the kills"
    assert json.loads(python(COUNT, environment))[0] == 3000
