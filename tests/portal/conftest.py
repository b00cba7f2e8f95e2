"""A portal with the generated rehearsal of the built-in agreement, its results, and a third government's agreement.

With ``DUIJIE_DEPLOYMENT=one_side`` it is the portal of the first side alone: no key and no person of the other side is
there, of whose rows it holds released copies. A test in which the other side acts then ends as an expected failure.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import django
import pytest

from duijie import data

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")
django.setup()

from django.test import Client  # noqa: E402 - needs the settings
from nodes import blank_postgresql, blank_sqlite, cluster, environment, node  # noqa: E402
from paired import browser, pair  # noqa: E402

from duijie_portal.home import DEMONSTRATION, keep_operator  # noqa: E402

__all__ = ["blank_postgresql", "blank_sqlite", "browser", "cluster", "environment", "node", "pair"]

AS_OF = date(2025, 6, 30)
IS_ONE_SIDE = os.environ.get("DUIJIE_DEPLOYMENT") == "one_side"
ELSEWHERE = Path(__file__).parents[1] / "agreements" / "qinglan-haitang"


def rehearsal_folder() -> Path:
    folders = sorted(path.parent for path in (data.root() / "agreements").glob("*/agreement.yaml"))
    return next(folder for folder in folders if data.read(folder / "agreement.yaml")["is_rehearsal"])


OWN_NODES = {"node", "nodes", "joined", "environment", "blank_sqlite", "blank_postgresql"}
OF_WORDS = "test_words_shown.py"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that make nodes of their own do so on both databases whatever the portal's is, and words are the same on
    each: once is enough. What takes longest begins first, so that no process waits for another at the end.
    """
    items.sort(key=lambda one: one.path.parent.name != "record")
    if os.environ.get("DUIJIE_DATABASE_URL"):
        once = [one for one in items if one.path.name == OF_WORDS or OWN_NODES & set(getattr(one, "fixturenames", ()))]
        config.hook.pytest_deselected(items=once)
        items[:] = [one for one in items if one not in set(once)]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the pipeline's results and records of the rehearsal."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(_worked_out(tmp_path_factory.getbasetemp()), folder, dirs_exist_ok=True)
    return folder


def _worked_out(base: Path) -> Path:
    """The results of which each process and each pass of the suite takes a copy; the first one works them out."""
    from duijie.agenda.pipeline import run

    own = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place = Path(os.environ.get("DUIJIE_TEST_PLACE", own)) / "worked-out"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            part = place.with_suffix(".part")
            run(rehearsal_folder(), part, as_of=AS_OF, with_report=False)
            keep_operator(part, DEMONSTRATION)
            part.rename(place)
    return place


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any, home: Path) -> None:
    from django.conf import settings

    settings.HOME = home
    settings.WHITENOISE_AUTOREFRESH = True  # no list of all static files for every browser that a test opens
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with django_db_blocker.unblock():
        _fill(home)


def _fill(home: Path) -> None:
    from duijie_portal.accounts.models import Role, Side
    from duijie_portal.ledger.loading import load_folder, load_records

    agreement = load_folder(rehearsal_folder())
    load_records(agreement, home / agreement.pk / "records.jsonl")
    other = load_folder(ELSEWHERE)
    for side in agreement.sides.all():
        for role in Role.values:
            _person(f"{role}-{side.pk}", role, side)
    _person("stranger", Role.COORDINATOR, other.sides.first())
    _person("nobody", Role.READER, None)
    assert Side.objects.count() == 4
    if IS_ONE_SIDE:
        _leave_one_side(agreement, home, other.sides.first().pk)


def _leave_one_side(agreement: Any, home: Path, guest: str) -> None:
    """What a node of the first side holds; the third government, here to be refused, works at the same node."""
    from django.conf import settings

    from duijie_portal.ledger.models import Listing, Party, Record

    own, other = agreement.sides.order_by("code")
    settings.HOSTED_SIDES = frozenset({own.pk, guest})
    (home / "keys" / f"{other.pk}.pem").unlink()
    for model in (Listing, Party, Record):
        assert not model.objects.filter(agreement=agreement, side=other, released_at=None).exists()


def _person(username: str, role: str, side: Any) -> None:
    from duijie_portal.accounts.models import Person

    Person.objects.create_user(username, "correct horse battery", role=role, side=side)


@pytest.fixture
def fresh_imports(home: Path) -> Iterator[None]:
    """Nothing of a sent table is remembered from one test to the next."""
    yield
    shutil.rmtree(home / "imports", ignore_errors=True)


@pytest.fixture
def agreement(db: None) -> Any:
    from duijie_portal.ledger.models import Agreement

    return Agreement.objects.get(is_rehearsal=True)


@pytest.fixture
def sides(agreement: Any) -> tuple[Any, Any]:
    """The two governments, in the order of their codes."""
    first, second = agreement.sides.order_by("code")
    return first, second


@pytest.fixture
def person(db: None) -> Callable[[str], Any]:
    from duijie_portal.accounts.models import Person

    return lambda username: _here(Person.objects.get(username=username))


def _here(person: Any) -> Any:
    """Someone of a side this node works for; the other side's people act at their own."""
    from duijie_portal.accounts.hosting import is_hosted

    if not is_hosted(person.side_id):
        pytest.xfail("one side: the other side's people act at their own node")
    return person


@pytest.fixture
def as_person(db: None) -> Callable[..., Client]:
    """A browser signed in as someone, in a language."""

    def sign_in(username: str, language: str = "zh-hans") -> Client:
        from duijie_portal.accounts.models import Person

        client = Client()
        client.force_login(_here(Person.objects.get(username=username)), "django.contrib.auth.backends.ModelBackend")
        client.cookies["django_language"] = language
        return client

    return sign_in


@pytest.fixture
def coordinator(as_person: Any, sides: Any) -> Client:
    return as_person(f"coordinator-{sides[0].pk}")


@pytest.fixture
def officer_of(person: Any, agreement: Any) -> Callable[..., Any]:
    """An officer of a side, in the departments named."""

    def give(side: Any, *departments: str) -> Any:
        from duijie_portal.accounts.models import Department

        found = person(f"officer-{side.pk}")
        found.departments.set(Department.objects.filter(agreement=agreement.pk, side=side, key__in=departments))
        return found

    return give
