"""Whose word a source is, and whether its page may be linked: the allow-list of hosts decides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from duijie.terms import Source

from .files import read, root

__all__ = ["host_of", "publisher_of", "source"]

_LINKED = frozenset({"official", "press"})


@cache
def _hosts() -> Mapping[str, tuple[str, str]]:
    document = read(root() / "policies" / "hosts.yaml", "hosts")
    return {row["host"]: (row["kind"], row["publisher"]) for row in (*document["linked"], *document["named"])}


def host_of(url: str) -> tuple[str, str, str]:
    """Host, kind and publisher of a page; the longest listed ending of the host decides, an unlisted one is a mirror.

    Examples
    --------
    >>> host_of("https://www.stcn.com/article/detail/1.html")
    ('stcn.com', 'press', '证券时报网')
    >>> host_of("https://reposts.example/1")
    ('reposts.example', 'mirror', 'reposts.example')
    """
    host = (urlsplit(url).hostname or "").lower()
    parts = host.split(".")
    endings = (".".join(parts[at:]) for at in range(len(parts)))
    known = next((ending for ending in endings if ending in _hosts()), "")
    return (known, *_hosts()[known]) if known else (host, "mirror", host)


def publisher_of(url: str) -> str:
    """Who publishes the page, as the list of hosts says; an unlisted host stands for itself, no address for nobody."""
    return host_of(url)[2] if url else ""


def source(fields: Mapping[str, Any]) -> Source:
    """A source from ``publisher``, ``title``, ``url``, ``published_on``, ``as_of``, ``basis``.

    Absent fields stay empty, but for the publisher, which the address tells; `is_linked` holds for official and press
    hosts only. A titled page of a portal has no publisher: it is a copy of what somebody else published.

    Examples
    --------
    >>> source({"publisher": "网易", "title": "一则新闻", "url": "https://news.163.com/1.html"}).publisher
    ''
    """
    url, title = str(fields.get("url") or ""), str(fields.get("title") or "")
    # A portal prints what others published: with a title the original can be looked for, the portal is nobody's word.
    is_copy = bool(title) and host_of(url)[1] == "portal"
    return Source(
        publisher="" if is_copy else str(fields.get("publisher") or publisher_of(url)),
        title=title,
        url=url,
        published_on=str(fields.get("published_on") or ""),
        as_of=str(fields.get("as_of") or ""),
        basis=str(fields.get("basis") or "published"),
        is_linked=bool(url) and host_of(url)[1] in _LINKED,
    )
