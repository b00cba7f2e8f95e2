"""What may be sent at all: too much of it, or too slowly, is cut off before a view or a thread is held by it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["MOST_BYTES", "MOST_BYTES_OF_NOBODY", "guarded"]

MOST_BYTES = 60 * 1024 * 1024
MOST_BYTES_OF_NOBODY = 2 * 1024 * 1024  # without a sign-in: a registration with its words
SECONDS = float(os.environ.get("DUIJIE_BODY_SECONDS", "20"))  # of silence in the middle of what is sent
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_TOLD = "发送的内容超过上限，未接收。\nWhat was sent is over the limit and was not taken.\n".encode()


def guarded(application: Application) -> Application:
    """The application behind a limit of size, far lower for who is not signed in, and of patience.

    A sender that falls silent frees its thread; the front server's own limits stand before these.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        most = MOST_BYTES if "sessionid=" in environ.get("HTTP_COOKIE", "") else MOST_BYTES_OF_NOBODY
        said = environ.get("CONTENT_LENGTH") or "0"
        if not said.isdecimal() or int(said) > most:
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_TOLD)))]
            start_response("413 Content Too Large", [*headers, ("Connection", "close")])
            return [_TOLD]
        sender = environ.get("gunicorn.socket")
        if sender is not None:
            sender.settimeout(SECONDS)
        return application(environ, start_response)

    return answer
