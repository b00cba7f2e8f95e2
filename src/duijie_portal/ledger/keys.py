"""The keys of sides: a node holds the private ones of the sides it hosts, and knows the public ones of all."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from django.conf import settings

from duijie.errors import SealError
from duijie.ledger.seal import Signer
from duijie_portal.accounts.hosting import is_hosted
from duijie_portal.accounts.models import Side, SideKey

__all__ = ["key_of", "public_keys"]


def key_of(side: Side) -> Signer:
    """The private key of a side, made on first use; a node holds only the keys of the sides it hosts.

    Raises
    ------
    SealError
        The side works at another node.
    """
    if not is_hosted(side.pk):
        raise SealError("portal_key_elsewhere", {"side": side.pk})
    path = Path(settings.HOME) / "keys" / f"{side.pk}.pem"
    return _signer(path, side.pk, path.stat().st_mtime_ns if path.exists() else 0)


@cache
def _signer(path: Path, side: str, _version: int) -> Signer:
    known = SideKey.objects.filter(side_id=side)
    if path.exists():
        signer = Signer.from_pem(path.read_bytes())
        if not known.filter(public_key=signer.public_key, retired_at=None).exists():
            SideKey.objects.create(side_id=side, public_key=signer.public_key)
        return signer
    if known.exists():
        raise SealError("portal_key_elsewhere", {"side": side})
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = Signer.new()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(signer.to_pem())
    SideKey.objects.create(side_id=side, public_key=signer.public_key)
    return signer


def public_keys() -> dict[str, list[str]]:
    """The public keys of every side, oldest first."""
    found: dict[str, list[str]] = {}
    for key in SideKey.objects.all():
        found.setdefault(key.side_id, []).append(key.public_key)
    return found
