"""Tell a side's own house over HTTP: only addresses the operator allows, signed, no redirects, never long."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

from duijie.errors import InputError

from .models import Hook

__all__ = ["check_address", "key_of_hook", "post", "signature"]

SECONDS = 5.0
_MOST_SECONDS = 3 * SECONDS
Failure = (OSError, HTTPException)


def check_address(url: str) -> None:
    """Refuse an address outside the origins the operator allows.

    Raises
    ------
    InputError
        Its scheme, host and port are none of ``DUIJIE_HOOK_ORIGINS``, or it carries a name and password.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    if origin not in settings.HOOK_ORIGINS or parts.scheme not in ("http", "https"):
        raise InputError("hook_not_allowed", {"origin": origin[:100]})


def key_of_hook(hook: Hook) -> str:
    """The key a hook's messages are signed with, made anew from the portal's secret: it is kept nowhere."""
    return salted_hmac("duijie.hook", f"{hook.pk}:{hook.key_number}", algorithm="sha256").hexdigest()


def signature(key: str, moment: int, body: bytes) -> str:
    """What a receiver compares: HMAC-SHA256 of the moment, a full stop and the body, in hexadecimal."""
    return hmac.new(key.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()


def post(hook: Hook, document: Mapping[str, Any], *, key: str, moment: int) -> int:
    """Send a document and give the status; a redirect is an answer like any other and is not followed.

    Raises
    ------
    InputError
        The address is not, or no longer, allowed.
    OSError, HTTPException
        The receiver was not reached, or took too long.
    """
    check_address(hook.url)
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "duijie",
        "Duijie-Delivery": key,
        "Duijie-Time": str(moment),
        "Duijie-Signature": f"v1={signature(key_of_hook(hook), moment, body)}",
    }
    return _sent(hook.url, body, headers)


def _sent(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    watch = Timer(_MOST_SECONDS, lambda: connection.sock and connection.sock.close())
    watch.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    finally:
        watch.cancel()
        connection.close()
