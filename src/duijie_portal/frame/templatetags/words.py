"""Sentences, bilingual values, reasons and lights in templates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from duijie.data import sentence
from duijie.data.words import words
from duijie.intake.layouts import kinds, layout
from duijie.match.kinds import load_kinds
from duijie.terms import Bilingual
from duijie_portal.ledger.pages import language_of

register = template.Library()


@register.simple_tag(name="say_with")
def say(code: str, **values: Any) -> str:
    """The sentence of a code in the reader's language."""
    return sentence(code, language_of(), values)


class _Said(template.Node):
    """A sentence without values, as most words of a page are: looked up, escaped once, and put there."""

    def __init__(self, code: str) -> None:
        self.code = code

    def render(self, context: Any) -> SafeString:
        return _escaped(self.code, language_of())


@cache
def _escaped(code: str, language: str) -> SafeString:
    return conditional_escape(sentence(code, language))


@register.tag("say")
def compile_say(parser: Any, token: Any) -> template.Node:
    """``{% say "code" name=value %}``: the sentence of a code in the reader's language."""
    words_of_tag = token.split_contents()
    if len(words_of_tag) == 2 and words_of_tag[1][0] == words_of_tag[1][-1] and words_of_tag[1][0] in "\"'":
        return _Said(words_of_tag[1][1:-1])
    found: template.Node = register.tags["say_with"](parser, token)
    return found


@register.filter
def said(code: str, prefix: str = "") -> str:
    """The sentence of `prefix` + code; a code without a sentence is shown as it stands."""
    full = f"{prefix}{code}".replace("-", "_").replace(".", "_")
    return sentence(full, language_of()) if full in words(language_of()) else str(code)


@register.filter
def told(value: Any) -> str:
    """A bilingual value in the reader's language, anything else as it is."""
    if isinstance(value, Bilingual):
        return value[language_of()]  # type: ignore[index]
    if isinstance(value, Mapping):
        return Bilingual(value.get("zh", ""), value.get("en", ""))[language_of()]  # type: ignore[index]
    return "" if value is None else str(value)


@register.filter
def because(reason: Mapping[str, Any]) -> str:
    """The sentence of a reason."""
    return sentence(reason["code"], language_of(), reason.get("values", {}))


@register.simple_tag(takes_context=True)
def side(context: Mapping[str, Any], code: str) -> str:
    """The short name of a side, or its code where it is none of this agreement."""
    row = context.get("sides", {}).get(code)
    return row.short[language_of()] if row else str(code)


@register.filter
def share(value: Any) -> str:
    """A share between 0 and 1 in per cent."""
    return "–" if value is None else f"{100 * float(value):.0f}%"


@register.filter
def figure(value: Any) -> str:
    """A number as a person reads it; nothing where there is none."""
    if value is None or value == "":
        return "–"
    number = float(value)
    return f"{number:,.0f}" if number == int(number) or abs(number) >= 1000 else f"{number:,.2f}"


@register.filter
def precise(value: Any) -> str:
    """A number whose small moves matter: four significant digits, nothing where there is none."""
    return "–" if value is None else f"{float(value):.4g}"


@register.filter
def at(mapping: Any, key: Any) -> Any:
    """The value under a key, or nothing."""
    return mapping.get(key) if isinstance(mapping, Mapping) else None


@register.simple_tag
def light(colour: str) -> SafeString:
    """A light one can tell by shape and word as well as by colour."""
    name = sentence(f"portal_light_{colour}", language_of())
    return format_html('<span class="light light-{}"><span aria-hidden="true"></span>{}</span>', colour, name)


@register.simple_tag
def cite(source: Any) -> SafeString:
    """A source as publisher, title, date; a link only where its host is on the allow-list."""
    if not source:
        return SafeString("")
    facts = source if isinstance(source, Mapping) else source.to_dict()
    spoken_of = sentence("portal_source_as_of", language_of(), {"on": facts["as_of"]}) if facts.get("as_of") else ""
    parts = [facts.get("publisher"), facts.get("title"), facts.get("published_on") or spoken_of]
    text = format_html_join(" · ", "{}", ((part,) for part in parts if part))
    if facts.get("is_linked") and facts.get("url"):
        return format_html('<a class="source" href="{}" rel="noreferrer">{}</a>', facts["url"], text)
    return format_html('<span class="source">{}</span>', text)


@register.simple_tag(takes_context=True)
def query(context: Mapping[str, Any], **changes: Any) -> str:
    """The query string of this page with some parameters changed."""
    asked = context["request"].GET.copy()
    for name, value in changes.items():
        asked[name] = value
    return f"?{asked.urlencode()}"


@register.filter
def day(value: Any) -> str:
    """A day as ISO text, from a date or such a text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@register.filter
def column(key: str) -> str:
    """The label of a column of any table that can be taken in; an unknown key as it stands."""
    return told(_columns().get(key) or key)


@cache
def _columns() -> Mapping[str, Bilingual]:
    fields = [
        (one.key, one.label)
        for kind in load_kinds().values()
        for role in ("need", "offer")
        for one in kind.fields(role)
    ]
    return {
        **dict(fields),
        **{key: one.label for kind in reversed(kinds()) for key, one in layout(kind).columns.items()},
    }


@register.simple_tag
def sealed(last: Mapping[str, Any] | None) -> SafeString:
    """What a value rests on that came with a sealed step: digest, number of proofs, the other side's word."""
    if not last:
        return SafeString(render_to_string("frame/origin.html", origin()))
    language = language_of()
    word = _escaped("portal_confirmed_yes" if last["is_confirmed"] else "portal_confirmed_no", language)
    named = (_escaped(f"portal_{name}", language) for name in ("origin_seal", "evidence", "origin_sure"))
    summary = sentence("portal_origin_as_of", language, {"on": day(last["as_of"])})
    return format_html(_SEALED, summary, word, *named, digest=last["digest"], n=last["n_evidence"])


_SEALED = (
    '<details class="origin"><summary>{0} · {1}</summary><dl class="facts"><dt>{2}</dt><dd class="code">{digest}</dd>'
    "<dt>{3}</dt><dd>{n}</dd><dt>{4}</dt><dd>{1}</dd></dl></details>"
)


@register.inclusion_tag("frame/origin.html")
def origin(*sources: Any, confidence: float | str | None = None, **more: Any) -> dict[str, Any]:
    """Where a value comes from, of when it speaks and how surely: opens by finger and by key, and prints open.

    A source is what :func:`cite` takes, or a list of such; `confidence` is 0–1; of a sealed step `digest`,
    `is_confirmed` and `n_evidence` stand for them.
    """
    believed = float(confidence or 0) if confidence not in (None, "") else None  # a template gives '' for nothing
    lists = [one if isinstance(one, list | tuple) else [one] for one in sources]
    given = [one if isinstance(one, Mapping) else one.to_dict() for some in lists for one in some if one]
    sure = [(key, value) for one in given for key, value in (one.get("confidences") or {}).items()]
    least = min([value for _, value in sure] + ([] if believed is None else [believed]), default=None)
    days = sorted({day(one["as_of"]) for one in given if one.get("as_of")})
    about = {
        "sources": given,
        "sure": sure,
        "least": least,
        "as_of": days[-1] if days else "",
        "confidence": believed,
    }
    return {**about, "inferred": [key for one in given for key in one.get("inferred") or ()], **more}


@register.inclusion_tag("frame/made.html")
def made(document: Mapping[str, Any]) -> dict[str, Any]:
    """How computed figures were made: inputs by hash, version, parameters, seed, and the sources they rest on."""
    known = document.get("provenance") or {}
    as_of = document.get("as_of") or known.get("parameters", {}).get("as_of", "")
    inputs, sources = list((known.get("inputs") or {}).items()), document.get("sources") or []
    return {"known": known, "inputs": inputs, "sources": sources, "as_of": as_of}


@register.filter
def shown(value: Any) -> str:
    """Any value of a record as text: lists joined, figures with their thousands, bilingual texts in one's language."""
    if isinstance(value, list | tuple):
        return "、".join(map(shown, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return told(value)
    return figure(value)
