"""Every page a person reaches, and what a reader must never see on one: keys, codes and names of the program."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.test import Client
from django.urls import Resolver404, get_resolver, resolve, reverse
from lxml import html as markup

from duijie.data import read, root
from duijie_portal.ledger.pages import is_page

_PER_NAME = 2  # pages of one name that are opened for one person
_SPOKEN = ("placeholder", "title", "aria-label", "alt")
_SILENT = "script|style|template|code|pre|noscript"

RAW = {
    "a value of the program": re.compile(
        r"Bilingual\(|^None$|(?<=\w )None\b|\bNone(?=[,)\]}])|\bnan\b|\bTrue\b|\bFalse\b|datetime\."
        r"|<[\w.]+ object|[\[{]'|\{\{|\{%|\{[a-z_]+\}"
    ),
    "a key of several words": re.compile(r"(?<![\w@/.-])[a-z]+(?:_[a-z0-9]+)+(?![\w.-])"),
    "a dotted key": re.compile(r"(?<![\w@/.-])(?:[a-z_]+\.)+[a-z_]+(?![\w/.-])"),
    "a random key": re.compile(r"(?<![0-9a-f])[0-9a-f]{24,}(?![0-9a-f])"),
}

# a number with its unit, or a unit alone, on a page in English
UNIT = re.compile(rf"^[\d,.–\s]*(?:{'|'.join(map(re.escape, read(root() / 'kinds/common/units.yaml')))}|[/])+$")

ALLOWED = re.compile(
    r"^(duijie(\.\w+)?|[\w-]+\.(csv|xlsx|jsonl?|zip|docx|pdf|ics|txt|yaml)|([\w-]+\.)+(cn|com|org|net|edu|gov|html?))$"
)
"""The names of files and hosts, which people do read."""


def visible(text: str) -> Iterator[str]:
    """The texts of a page that a person sees or hears, without what stands as code on purpose."""
    tree = markup.fromstring(text)
    for one in tree.xpath(
        f"//*[{' or '.join(f'self::{name}' for name in _SILENT.split('|'))}]"
        "|//*[contains(concat(' ', normalize-space(@class), ' '), ' code ')]"
    ):
        one.drop_tree()
    for one in tree.iter():
        if isinstance(one.tag, str):
            yield from (one.get(name) for name in _SPOKEN if one.get(name))
            if one.tag == "input" and one.get("type") in ("submit", "button"):
                yield one.get("value") or ""
        if isinstance(one.tag, str) and one.text and one.text.strip():
            yield " ".join(one.text.split())
        if one.tail and one.tail.strip():
            yield " ".join(one.tail.split())


def raw_in(text: str, sides: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    """What on a page is no word of its language: what it is, the key, and the text it stands in."""
    is_english = '<html lang="en"' in text
    patterns = RAW | ({"a code of a side": re.compile(rf"(?<![\w-])(?:{'|'.join(sides)})(?![\w-])")} if sides else {})
    return [
        (name, found.group(), line[:160])
        for line in visible(text)
        for name, pattern in patterns.items()
        for found in pattern.finditer(line)
        if not ALLOWED.match(found.group())
    ] + [("a unit in Chinese", line, line) for line in visible(text) if is_english and _is_unit(line)]


def _is_unit(line: str) -> bool:
    if re.fullmatch(r"\d+[年月日]", line):
        return False  # when, not how much
    return any("一" <= sign <= "鿿" for sign in line) and bool(UNIT.match(line))


def first_pages(agreement: str) -> list[str]:
    """Every page of an agreement whose address names nothing else, linked or not."""
    found = []
    for name, (possible, *_) in _named():
        parts = {one for _, wanted in possible for one in wanted}
        if parts <= {"agreement"} and not name.endswith("_json"):
            found.append(reverse(name, kwargs=dict.fromkeys(parts, agreement)))
    return [path for path in found if _page_of(path)]


def _named() -> list[tuple[str, Any]]:
    pairs = get_resolver().reverse_dict.lists()
    return [(name, rest) for name, rests in pairs for rest in rests if isinstance(name, str)]


def views() -> dict[str, Any]:
    """The view behind every named address below an agreement."""
    found: dict[str, Any] = {}
    waiting = list(get_resolver().url_patterns)
    while waiting:
        one = waiting.pop()
        waiting += getattr(one, "url_patterns", [])
        if getattr(one, "name", None):
            found[one.name] = one.callback
    return found


def _page_of(path: str) -> str:
    """The name of the page at an address; empty where there is none, or its JSON twin."""
    try:
        found = resolve(path)
    except Resolver404:
        return ""
    return str(found.url_name) if is_page(found.func) and not found.kwargs.get("as_json") else ""


def crawl(client: Client, agreement: str, seeds: tuple[str, ...] = ()) -> Iterator[tuple[str, str, int, str, float]]:
    """Name, address, status, HTML and seconds of each page a signed-in person reaches: three of every name."""
    waiting, seen, opened = [*seeds, *first_pages(agreement)], set[str](), Counter[str]()
    while waiting:
        address = waiting.pop(0)
        path = address.partition("#")[0]
        name = _page_of(path.partition("?")[0])
        if not name or path in seen or opened[name] >= _PER_NAME or "as=xlsx" in path:
            continue  # a list as a file is the page once more
        seen.add(path)
        opened[name] += 1
        began = time.perf_counter()
        answer = client.get(path)
        text = answer.content.decode()
        yield name, path, answer.status_code, text, time.perf_counter() - began
        if answer.status_code == 200:
            links = markup.fromstring(text).xpath("//a/@href")
            waiting += [
                f"{path.partition('?')[0]}{link}" if link.startswith("?") else link
                for link in links
                if link.startswith((f"/{agreement}/", "?"))
            ]
