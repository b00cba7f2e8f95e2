"""Homes that earlier versions left: each is opened, verified, folded anew and read by this one, and goes on.

In the pass on PostgreSQL their dumps are read, else their databases of SQLite; ``make_stored_home.py`` made them.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import tarfile
from pathlib import Path

import psycopg
import pytest
from nodes import ELSEWHERE, SETUP, new_database, python

STORED = sorted(path for path in Path(__file__).with_name("stored_home").iterdir() if path.is_dir())
READ = (
    SETUP
    + """
import json
from django.conf import settings
from django.test import Client
from django.urls import reverse
from duijie_portal.accounts.models import Person
from duijie_portal.home import check_home
from duijie_portal.ledger import checking
from duijie_portal.ledger.entries import Word
from duijie_portal.ledger.store import DatabaseLog
facts = json.loads(sys.argv[2])
call_command("migrate", verbosity=0)
check_home(settings.HOME)
load_folder(Path(sys.argv[1]))
agreement = Agreement.objects.get()
found = {"vendor": connection.vendor, "heads": checking.heads_of_home([]), "n_entries": agreement.entries.count()}
found["words"] = b"".join(bytes(data) for data in Word.objects.values_list("data", flat=True)).decode()
found["faults"] = [str(one) for one in verify_agreement(agreement).faults]
rows = lambda: sorted(map(repr, DatabaseLog(agreement).stored_rows()))
before = rows()
list(checking.rebuild([]))
found["n_rows"], found["changed"] = len(before), sorted(set(before) ^ set(rows()))
client = Client(SERVER_NAME="localhost")
reader = Person.objects.get(username=facts["reader"])
client.force_login(reader, "django.contrib.auth.backends.ModelBackend")
answers = []
for name, keys, text in facts["pages"]:
    answer = client.get(reverse(name, args=[agreement.pk, *keys]))
    answers.append([name, answer.status_code, text in answer.content.decode()])
found["pages"] = answers
append(agreement, [note(agreement.sides.first().pk)])
found["goes_on"] = [agreement.entries.count(), verify_agreement(agreement).holds]
print(json.dumps(found))
"""
)


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """An empty database where this pass is one on PostgreSQL; empty on SQLite, whose database lies in the home."""
    is_postgresql = os.environ.get("DUIJIE_DATABASE_URL")
    return new_database(request.getfixturevalue("cluster")) if is_postgresql else ""


def _unpack(stored: Path, home: Path, url: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress((stored / "home.tar.xz").read_bytes()))) as archive:
        archive.extractall(home, filter="data")
    if url:
        (home / "portal.sqlite3").unlink()
        with psycopg.connect(url) as database:
            database.execute(lzma.decompress((stored / "postgresql.sql.xz").read_bytes()))


def test_this_version_has_left_a_home() -> None:
    """There is a home to read, and each half is small enough to lie among the tests."""
    assert STORED
    for path in STORED:
        assert {one.name for one in path.iterdir()} == {"facts.json", "home.tar.xz", "postgresql.sql.xz"}
        assert all(one.stat().st_size < 300_000 for one in path.iterdir())


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.name)
def test_a_stored_home_is_read_whole(stored: Path, url: str, tmp_path: Path) -> None:
    """It opens, verifies, folds to the very rows it was left with, its pages answer, and another event goes on top."""
    _unpack(stored, tmp_path, url)
    facts = (stored / "facts.json").read_text(encoding="utf-8")
    here = {**os.environ, "DUIJIE_HOME": str(tmp_path), "DUIJIE_DATABASE_URL": url, "DUIJIE_SECRET_KEY": "test"}
    found, wanted = json.loads(python(READ, here, str(ELSEWHERE), facts)), json.loads(facts)
    assert found["vendor"] == ("postgresql" if url else "sqlite")
    assert (found["heads"], found["n_entries"]) == (wanted["heads"], wanted["n_entries"])
    assert found["faults"] == []
    assert (found["changed"], found["n_rows"] > 50) == ([], True)
    assert found["pages"] == [[name, 200, True] for name, _, _ in wanted["pages"]]
    assert found["words"]
    assert wanted["erased"] not in found["words"]
    assert found["goes_on"] == [wanted["n_entries"] + 1, True]
