"""A page in a few lines of plain text, for a messenger."""

from __future__ import annotations

from html import unescape

from django.utils.html import strip_tags

__all__ = ["MOST", "plain_text"]

MOST = 300  # characters: what a phone shows of a message without unfolding it
_MORE = "…"


def plain_text(html: str, most: int = MOST) -> str:
    """Lines without marks; what is too long loses whole lines from the end, and says so.

    Examples
    --------
    >>> plain_text("<p>待办  <b>2</b> 项</p>\\n\\n <li>甲 &amp; 乙</li>")
    '待办 2 项\\n甲 & 乙'
    >>> plain_text("一二三\\n四五六", most=6)
    '一二三\\n…'
    """
    found = [" ".join(line.split()) for line in unescape(strip_tags(html)).split("\n")]
    lines = [line for line in found if line]
    if len("\n".join(lines)) <= most:
        return "\n".join(lines)
    while lines and len("\n".join([*lines, _MORE])) > most:
        last = lines.pop()
        if not lines:
            return last[: most - 1] + _MORE
    return "\n".join([*lines, _MORE])
