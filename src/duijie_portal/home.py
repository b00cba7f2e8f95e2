"""Whether a home can be used: prepared, by this version, whole and writable; else one sentence says what to do.

And whose it is: ``home.yaml`` names the operator, or says that it is a demonstration on one machine.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from duijie.data.documents import yaml_document
from duijie.errors import InputError

__all__ = [
    "DEMONSTRATION",
    "check_address",
    "check_home",
    "keep_operator",
    "open_home",
    "operator_of",
    "proxies_of",
    "why_unusable",
]

DEMONSTRATION = "demonstration"
"""The operator of a home that only its own machine reads: first passwords and a single factor do there."""

_LOOPBACK = ["127.0.0.1", "::1"]

# What the databases say, and the sentence it calls for; the first that fits.
_MEANT = (
    (("malformed", "not a database", "corrupt", "invalid page"), "home_damaged"),
    (
        ("readonly", "read-only", "unable to open", "full", "no space", "permission denied", "disk i/o"),
        "home_not_writable",
    ),
    (("locked", "too many"), "home_busy"),
    (("no such table", "no such column", "does not exist", "has no column"), "home_other_version"),
)


def why_unusable(error: BaseException, home: Path) -> InputError:
    """What an error of the database means for whoever keeps the home."""
    problem = next(iter(str(error).splitlines()), "").strip()[:120] or type(error).__name__
    code = next((code for words, code in _MEANT if any(one in problem.lower() for one in words)), "home_no_database")
    return InputError(code, {"home": home.name, "problem": problem}, {"file": str(home)})


def check_home(home: Path) -> None:
    """Refuse a home that cannot be used, before anything is read of it.

    Raises
    ------
    InputError
        It was never prepared, was made by another version, is damaged, or cannot be written to.
    """
    database = Path(str(connection.settings_dict["NAME"]))
    is_file = connection.vendor == "sqlite" and database.is_absolute()
    if is_file and not database.is_file():
        raise InputError("home_not_prepared", {"home": home.name}, {"file": str(home)})
    if is_file and not all(os.access(one, os.W_OK) for one in (home, database)):
        raise why_unusable(PermissionError("permission denied"), home)
    try:
        known = MigrationLoader(connection)
    except DatabaseError as error:
        raise why_unusable(error, home) from None
    ours = {one.label for one in apps.get_app_configs() if one.name.startswith("duijie_portal.")}
    there = {key for key in known.applied_migrations if key[0] in ours}
    if not there:
        raise InputError("home_not_prepared", {"home": home.name}, {"file": str(home)})
    wanted = {key for key in known.disk_migrations if key[0] in ours}
    if there != wanted:
        code = "home_earlier_version" if there < wanted else "home_other_version"
        raise InputError(code, {"home": home.name}, {"file": str(home)})


def operator_of(home: Path) -> str:
    """Who runs a home; empty where nobody said so, and then it is no demonstration."""
    return str(_said(home).get("operator", ""))


def _said(home: Path) -> dict[str, Any]:
    path = home / "home.yaml"
    if not path.is_file():
        return {}
    found, _ = yaml_document(path.read_text(encoding="utf-8"), {"file": path.name})
    return found if isinstance(found, dict) else {}


@cache
def proxies_of(home: Path) -> tuple[IPv4Network | IPv6Network, ...]:
    """The front servers of a home, as ``proxies`` of ``home.yaml`` names them; none named: this machine itself.

    Raises
    ------
    InputError
        One is no address and no network.
    """
    said = _said(home).get("proxies", _LOOPBACK)
    names = said if isinstance(said, list) else [said]
    try:
        return tuple(ip_network(str(one)) for one in names)
    except ValueError as error:
        raise InputError("home_proxy_wrong", {"problem": str(error)}, {"file": str(home / "home.yaml")}) from None


def keep_operator(home: Path, name: str) -> None:
    """Say whose a home is; what was said before, and of other things, stands where nothing is said now."""
    path = home / "home.yaml"
    if name or not path.exists():
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        rest = re.sub(r"^operator:.*\n?", "", before, flags=re.MULTILINE)
        path.write_text(f"operator: {json.dumps(name, ensure_ascii=False)}\n{rest}", encoding="utf-8")


def check_address(home: Path, address: str) -> None:
    """Refuse to serve a demonstration to other machines.

    Raises
    ------
    InputError
        Its accounts have the passwords that were printed, and no second factor.
    """
    if operator_of(home) == DEMONSTRATION and not ip_address(address).is_loopback:
        raise InputError("home_demonstration_open", {"home": home.name, "address": address}, {"file": str(home)})


def open_home(home: Path, *, is_new: bool = False) -> None:
    """Make a home the one this process works in; one that cannot be used is refused with a sentence."""
    # What is kept here is read by whoever runs the portal, and by no other account of the machine.
    os.umask(0o077)
    if is_new:
        home.mkdir(parents=True, exist_ok=True)
        _keep_secret(home)
    os.environ["DUIJIE_HOME"] = str(home.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "duijie_portal.settings")
    import django

    django.setup()
    if not is_new:
        check_home(home.resolve())


def _keep_secret(home: Path) -> None:
    """One secret key for the life of a home, readable by its owner only."""
    path = home / "secret_key"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(48))
