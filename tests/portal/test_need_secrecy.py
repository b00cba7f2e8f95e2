"""The door of uploads: a paper that bears a mark of secrecy is refused at each of them, and nothing of it is kept."""

from __future__ import annotations

import hashlib
import logging
import random
import re
from pathlib import Path
from typing import Any

import planted
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files import uploadhandler
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from portal_checks import post
from tests.intake.made_papers import archive, set_pdf, word

import duijie_portal
from duijie.data.words import words
from duijie.intake import scan
from duijie_portal.accounts.models import Activity
from duijie_portal.ledger.models import Case

NAMED = ("机密★5年-暗号甲.pdf", b"%PDF-1.7 secret-text-7 %%EOF")
TYPED = ("暗号甲.pdf", set_pdf("秘密★3年", "secret-text-7"))
LARGE = ("暗号甲.zip", archive({"a.docx": word("绝密★长期"), "b.bin": random.Random(1).randbytes(3_000_000)}))


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "content"), [NAMED, TYPED, LARGE])
def test_of_a_marked_paper_nothing_is_kept(
    agreement: Any, sides: Any, as_person: Any, home: Path, caplog: Any, monkeypatch: Any, name: str, content: bytes
) -> None:
    """No name, no hash, no word of it in a table, a session, a file, a log; only who sent one, and when."""
    need, offer = (planted.party(agreement, side, f"s-{side.pk}") for side in sides)
    case = planted.case(agreement, "c-secret", need, offer, steps=("match",))
    kept = {path for path in home.rglob("*") if path.is_file()}
    written: list[str] = []
    monkeypatch.setattr(uploadhandler, "TemporaryUploadedFile", lambda *how: written.append("a file"))
    data = {"node": "signed", "on": timezone.localdate().isoformat(), "amount": "120万元", "unit": "cny",
            "evidence": "contract", "note": "首单", "_back": "?node=signed#next"}  # fmt: skip
    client = as_person(f"coordinator-{sides[0].pk}")
    with caplog.at_level(logging.DEBUG):
        sent = SimpleUploadedFile(name, content)
        page = post(client, "record_step", agreement, {**data, "file": sent}, case=case.pk).content.decode()
    assert words("zh")["portal_file_secret"] in page
    assert "首单" in page, "what was typed beside it is still there"
    assert Case.objects.get(pk=case.pk).state == "match"
    assert written == []
    assert {path for path in home.rglob("*") if path.is_file()} == kept
    traces = ("暗号甲", "secret-text-7", "★5年", "★3年", hashlib.sha256(content).hexdigest())
    for text in (page, caplog.text, *_everything_kept()):
        assert not [trace for trace in traces if trace in text]
    [line] = Activity.objects.filter(act="file.send")
    assert (line.person.username, line.subject, line.is_refused) == (
        f"coordinator-{sides[0].pk}", "refused: mark", True,
    )  # fmt: skip


def _text(value: Any) -> str:
    return bytes(value).decode(errors="ignore") if isinstance(value, bytes | memoryview) else str(value)


def _everything_kept() -> list[str]:
    """Each row of each table as text; sessions as they are read."""
    found = [str(one.get_decoded()) for one in Session.objects.all()]
    for model in apps.get_models():
        found += [" ".join(map(_text, row)) for row in model._default_manager.values_list()]
    return found


@pytest.mark.django_db
def test_a_scan_is_refused_where_nobody_can_read_it(
    agreement: Any, sides: Any, as_person: Any, monkeypatch: Any
) -> None:
    """A photograph as proof, on a machine without recognition: the line that installs it, and no step."""
    monkeypatch.setattr(scan, "is_installed", lambda: False)
    need, offer = (planted.party(agreement, side, f"s-{side.pk}") for side in sides)
    case = planted.case(agreement, "c-photo", need, offer, steps=("match",))
    data = {"node": "meeting", "on": timezone.localdate().isoformat()}
    photo = SimpleUploadedFile("现场.png", b"\x89PNG\r\n\x1a\n\0\0IEND")
    client = as_person(f"coordinator-{sides[0].pk}")
    page = post(client, "record_step", agreement, {**data, "file": photo}, case=case.pk).content.decode()
    assert "duijie[scan]" in page
    assert Case.objects.get(pk=case.pk).state == "match"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("route", "data"),
    [
        ("open_import", {"file": None, "kind": "parties", "source": "x", "department": "x"}),
        ("keep_minutes", {"conference": "x", "file": None}),
        ("propose_amendment", {"kind": "supplement", "title": "x", "paper": None}),
    ],
)
def test_every_upload_has_the_same_door(agreement: Any, sides: Any, as_person: Any, route: str, data: Any) -> None:
    """Tables, minutes and later papers are refused alike."""
    marked = {key: SimpleUploadedFile("机密★5年.pdf", b"%PDF-1.7") if value is None else value
              for key, value in data.items()}  # fmt: skip
    n_kept = len(list((Path(settings.HOME) / "evidence").iterdir()))
    role = "leader" if route == "propose_amendment" else "coordinator"
    answer = as_person(f"{role}-{sides[0].pk}").post(reverse(route, args=[agreement.pk]), marked, follow=True)
    assert "密级标志" in answer.content.decode()
    assert len(list((Path(settings.HOME) / "evidence").iterdir())) == n_kept


def test_no_form_takes_a_file_past_the_door() -> None:
    """No other field for a file stands in the portal, and nothing else reads what was uploaded."""
    for path in Path(duijie_portal.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "paper_fields.py":
            assert not re.search(r"\b(FileField|ImageField)\(", text) or "migrations" in path.parts, path
        assert "request.FILES" not in text or path.name == "pages.py", path
