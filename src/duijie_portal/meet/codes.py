"""Codes that cannot be guessed, made again from the row they belong to: nothing secret lies in the database."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer

from .models import Feed, Pass

__all__ = ["feed_code", "feed_of", "pass_code", "pass_of"]


def _signer(kind: str) -> Signer:
    return Signer(salt=f"duijie.meet.{kind}", sep=".")


def feed_code(feed: Feed) -> str:
    """The code in a feed's address: its number and 256 signed bits over it and its nonce."""
    signature = _signer("feed").signature(f"{feed.pk}:{feed.nonce}")
    return f"{feed.pk}.{signature}"


def feed_of(code: str) -> Feed | None:
    """The feed a code opens; none where it is wrong, revoked, or its person has left."""
    number, _, signature = code.partition(".")
    rows = Feed.objects.select_related("person", "agreement").filter(revoked_at=None, person__is_active=True)
    row = rows.filter(pk=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 19 else None
    return row if row and _is_signed("feed", f"{row.pk}:{row.nonce}", signature) else None


def pass_code(entry: Pass) -> str:
    """The code on a party's schedule and in the list of attendance."""
    signature = _signer("pass").signature(f"{entry.pk}:{entry.edition}")
    return f"{entry.pk}.{signature}"


def pass_of(code: str) -> Pass | None:
    """The pass a code opens; none where it is wrong or of an earlier edition."""
    key, _, signature = code.partition(".")
    rows = Pass.objects.select_related("day__agreement")
    row = rows.filter(pk=key[:80]).first()
    return row if row and _is_signed("pass", f"{row.pk}:{row.edition}", signature) else None


def _is_signed(kind: str, value: str, signature: str) -> bool:
    try:
        return _signer(kind).unsign(f"{value}.{signature}") == value
    except BadSignature:
        return False
