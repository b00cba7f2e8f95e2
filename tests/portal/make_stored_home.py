"""Makes the home that this version leaves to the tests of the next: ``tests/postgres.sh .venv/bin/python THIS``.

Into ``stored_home/VERSION`` go the home with its database of SQLite, the same rows as a dump of PostgreSQL, and what a
reader must find there. It is made once, before a version goes out, and never again: later versions read it.
"""

from __future__ import annotations

import io
import lzma
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from nodes import ELSEWHERE, PREPARE, SETUP, new_database  # noqa: E402 - beside this file

from duijie import __version__  # noqa: E402
from duijie_portal.home import DEMONSTRATION, keep_operator  # noqa: E402

FILL = (
    SETUP
    + """
import json
from datetime import timedelta
from decimal import Decimal
from django.utils import timezone
sys.path.insert(0, sys.argv[1])
import planted
from duijie.ledger.events import Amount, FileRef
from duijie_portal.accounts.models import Department, Person
from duijie_portal.ledger import casework, checking, listings
from duijie_portal.ledger.models import Case
from duijie_portal.ledger.store import keep_bytes
from duijie_portal.meet import services
agreement, day = Agreement.objects.get(), date(2025, 7, 1)
sides = list(agreement.sides.order_by("code"))
firms, owners, people = [], [], []
for side, name in zip(sides, ("青岚织造", "海棠鞋业")):
    firms.append(planted.party(agreement, side, f"firm-{side.pk}", visibility="both", name=name))
    people.append(Person.objects.create_user(f"coordinator-{side.pk}", None, role="coordinator", side=side))
    owners.append(Person.objects.create_user(f"owner-{side.pk}", None, role="firm", side=side, party=firms[-1].pk))
said = {"title": "求购鞋面布", "quantity_month": 3000, "details": "针织鞋面坯布"}
need = planted.listing(firms[0], "need-1", payload=said, visibility="both")
offer = planted.listing(firms[1], "offer-1", role="offer", payload=said | {"title": "供应鞋面布"}, visibility="both")
draft = planted.listing(firms[0], "draft-1", payload={"title": "尚未开放"})
listings.send_back(people[0], draft, note="请补充数量")
for owner in owners:
    key = casework.accept(owner, need, offer=offer, clause="any")
case = Case.objects.get(pk=key)
today = timezone.localdate()
casework.record_step(owners[0], case, node="meeting", said=casework.Said(on=today, note="请找王工"))
listings.erase(agreement, [f"case/{key}"], side=sides[0].pk, ground="consent")
content = b"%PDF-1.7 contract %%EOF"
paper = FileRef(keep_bytes(content), len(content), "application/pdf", "contract")
about = {"amount": Amount(Decimal("1200000"), "cny"), "files": (paper,), "names": {paper.sha256: "购销合同.pdf"}}
casework.record_step(owners[0], case, node="signed", said=casework.Said(on=today, **about))
planted.case(agreement, "case-2", firms[0], firms[1], steps=("match", "meeting", "intent"))
offices = [Department.objects.filter(agreement=agreement.pk, side=side).first() for side in sides]
planted.ticket(agreement, "ticket-1", *offices)
services.add_resource(people[0], agreement, kind="seat", name_zh="工位", capacity=4)
services.open_day(people[0], agreement, title_zh="对接日", on=today + timedelta(days=9), spans=[["09:00", "12:00"]],
                  slot_min=30, n_tables=2, ask_quota=50, meeting_quota=3, answer_by=timezone.now() + timedelta(days=5))
for pk, verdict in checking.check([]):
    assert verdict.holds, verdict.faults
# Where the folder of the agreement lies is each home's own: `portal prepare` says it anew.
Agreement.objects.update(folder="")
pages = [["home", [], ""], ["listings", [], "求购鞋面布"], ["listing", ["need-1"], "针织鞋面坯布"],
         ["cases", [], "鞋面布"], ["case", [key], "购销合同.pdf"], ["track", [], ""], ["meet", [], ""],
         ["share", [], ""]]
facts = {"heads": checking.heads_of_home([]), "n_entries": agreement.entries.count(), "erased": "王工",
         "reader": people[0].username, "pages": pages}
print(json.dumps(facts, ensure_ascii=False, indent=1))
"""
)
COPY = (
    SETUP
    + """
from django.apps import apps
from django.core.management.color import no_style
from django.db import connections
from duijie_portal.settings import _database
connections.databases["other"] = {**connections.databases["default"], **_database(sys.argv[1]), "OPTIONS": {}}
other = connections["other"]
models = [one for one in apps.get_models(include_auto_created=True) if one._meta.managed and not one._meta.proxy]
with other.cursor() as cursor:
    # Rows as they are, in any order: what hangs on what is whole where they come from.
    cursor.execute("SET session_replication_role = replica")
    for model in models:
        cursor.execute(f'DELETE FROM "{model._meta.db_table}"')
        rows = list(model._base_manager.using("default").all())
        names = [field for field in model._meta.concrete_fields]
        columns = ", ".join(f'"{field.column}"' for field in names)
        marks = ", ".join(["%s"] * len(names))
        for row in rows:
            values = [field.get_db_prep_save(getattr(row, field.attname), other) for field in names]
            cursor.execute(f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})', values)
    for statement in other.ops.sequence_reset_sql(no_style(), models):
        cursor.execute(statement)
"""
)


def main() -> None:
    """Make both halves and what they hold."""
    place = HERE / "stored_home" / __version__
    with tempfile.TemporaryDirectory() as folder:
        home, url = Path(folder), new_database(os.environ["DUIJIE_TEST_PG_URL"])
        keep_operator(home, DEMONSTRATION)
        here = {**os.environ, "DUIJIE_HOME": folder, "DUIJIE_DATABASE_URL": ""}
        _run(PREPARE, here, str(ELSEWHERE))
        facts = _run(FILL, here, str(HERE))
        _run(SETUP + "call_command('migrate', verbosity=0)", {**here, "DUIJIE_DATABASE_URL": url})
        _run(COPY, here, url)
        place.mkdir(parents=True)
        (place / "facts.json").write_text(facts, encoding="utf-8")
        (place / "postgresql.sql.xz").write_bytes(lzma.compress(_dump(url), preset=9))
        (place / "home.tar.xz").write_bytes(lzma.compress(_archive(home), preset=9))
    for path in sorted(place.iterdir()):
        print(path.name, path.stat().st_size)


def _run(code: str, environment: dict[str, str], *words: str) -> str:
    """What some code prints, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code, *words], env=environment, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def _dump(url: str) -> bytes:
    """The statements that make the database; what only psql understands is left out."""
    words = ["pg_dump", "--inserts", "--rows-per-insert=100", "--no-owner", "--no-privileges", url]
    lines = subprocess.run(words, capture_output=True, check=True).stdout.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"\\"))


def _archive(home: Path) -> bytes:
    """The home in one file, its database without the log that SQLite writes ahead."""
    with sqlite3.connect(home / "portal.sqlite3") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")
    database.close()
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        for path in sorted(path for path in home.rglob("*") if path.is_file()):
            about = tarfile.TarInfo(str(path.relative_to(home)))
            content = path.read_bytes()
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return kept.getvalue()


if __name__ == "__main__":
    main()
