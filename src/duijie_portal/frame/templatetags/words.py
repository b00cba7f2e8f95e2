"""Sentences, bilingual values, reasons and lights in templates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from duijie.data import kept, sentence
from duijie.data.words import words
from duijie.intake.layouts import kinds, layout
from duijie.ledger.guards import NO_AMOUNT
from duijie.ledger.kinds import node_names
from duijie.match.kinds import load_kinds
from duijie.terms import Bilingual
from duijie.terms.days import is_no_end
from duijie_portal.frame.menu import items_of
from duijie_portal.frame.plain import plain_text
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


@kept
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


class _Messenger(template.Node):
    """What stands between the tags as plain text to copy: drawn of the page's own document, for this reader."""

    def __init__(self, inner: template.NodeList) -> None:
        self.inner = inner

    def render(self, context: Any) -> SafeString:
        agreement = context.get("agreement")
        mark = f"【{sentence('portal_rehearsal', language_of())}】\n" if agreement and agreement.is_rehearsal else ""
        return render_to_string("frame/messenger.html", {"text": plain_text(mark + self.inner.render(context))})


@register.tag("messenger")
def compile_messenger(parser: Any, token: Any) -> template.Node:
    """``{% messenger %}…{% endmessenger %}``: a button that copies what stands between as at most 300 characters."""
    inner = parser.parse(("endmessenger",))
    parser.delete_first_token()
    return _Messenger(inner)


@register.filter
def said(code: str, prefix: str = "") -> str:
    """The sentence of `prefix` + code; the node of a case by its kind's file, any other code as it stands."""
    full = f"{prefix}{code}".replace("-", "_").replace(".", "_")
    if full in words(language_of()):
        return sentence(full, language_of())
    name = node_names().get(str(code).removeprefix("step."))
    return name[language_of()] if name else str(code)  # type: ignore[index]


@register.filter
def event(kind: str) -> str:
    """What was recorded, in words, a step by the name of its node; of a kind without words that something was."""
    shown = said(kind, "portal_event_")
    return sentence("portal_event_other", language_of()) if shown == kind else shown


@register.filter
def told(value: Any) -> str:
    """A bilingual value in the reader's language, anything else as it is."""
    if isinstance(value, Bilingual):
        return value[language_of()]  # type: ignore[index]
    if isinstance(value, Mapping):
        return Bilingual(value.get("zh", ""), value.get("en", ""))[language_of()]  # type: ignore[index]
    return "" if value is None else str(value)


@register.filter
def until(day: Any) -> str:
    """The last day of a term, or the word for a term that has no end."""
    return sentence("portal_no_end", language_of()) if is_no_end(str(day)) else str(day)


@register.filter
def because(reason: Mapping[str, Any]) -> str:
    """The sentence of a reason."""
    return sentence(reason["code"], language_of(), reason.get("values", {}))


@register.simple_tag(takes_context=True)
def side(context: Mapping[str, Any], code: str) -> str:
    """The short name of a side, or its code where it is none of this agreement."""
    row = context.get("sides", {}).get(code)
    return row.short[language_of()] if row else str(code)


@register.inclusion_tag("frame/section_bar.html", takes_context=True)
def section_bar(context: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The links to the pages of a section, above them; the page that is open is marked."""
    request = context["request"]
    found = items_of(section, context["powers"], is_party=bool(getattr(request.user, "party", "")))
    here = request.resolver_match.url_name if request.resolver_match else ""
    return {
        "section": section,
        "items": found,
        "here": here,
        "agreement": context["agreement"],
        "back": context["back"],
    }


@register.simple_tag
def days_left(n: int) -> str:
    """How many working days are left, or by how many something is late."""
    code = "portal_working_days" if n >= 0 else "portal_brief_days_over"
    return sentence(code, language_of(), {"n": abs(n)})


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
def plain(value: Any) -> str:
    """A number as it is typed into a form: all its digits, no idle zeros; any text as it stands."""
    return (
        f"{value:f}".rstrip("0").rstrip(".")
        if isinstance(value, Decimal) and value % 1
        else f"{value:.0f}"
        if (isinstance(value, Decimal))
        else str(value)
    )


@register.filter
def precise(value: Any) -> str:
    """A number whose small moves matter: four significant digits, nothing where there is none."""
    return "–" if value is None else f"{float(value):.4g}"


@register.filter
def listed(value: Any) -> str:
    """A value as a page shows it: several things as a list, a range as two ends, a number without idle decimals."""
    if isinstance(value, list | tuple):
        return ("、" if language_of() == "zh" else ", ").join(listed(one) for one in value)
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, int) and abs(value) >= _GROUPED:
        return f"{value:,}"
    return "–" if value is None else str(value)


_GROUPED = 10_000  # from here on thousands are set apart; a year is none


@register.simple_tag
def amount(value: Any, unit: str) -> str:
    """An amount with its unit; of one that is said to be none, those words alone; nothing where none was said."""
    if value is None or value == "":
        return ""
    name = said(unit, "portal_unit_")
    return name if unit == NO_AMOUNT else f"{figure(value)} {name}".strip()


@register.filter
def at(mapping: Any, key: Any) -> Any:
    """The value under a key, or nothing."""
    return mapping.get(key) if isinstance(mapping, Mapping) else None


@register.simple_tag(takes_context=True)
def light(context: Mapping[str, Any], colour: str) -> SafeString:
    """A light one can tell by shape and word as well as by colour; none for those who act for a party.

    How the governments judge their own work rests on records of theirs alone: what a party reads of them would give
    it another light than the offices have.
    """
    if "brief.read" not in context.get("powers", ()):
        return SafeString("")
    name = sentence(f"portal_light_{colour}", language_of())
    return format_html('<span class="light light-{}"><span aria-hidden="true"></span>{}</span>', colour, name)


@register.simple_tag
def cite(source: Any) -> SafeString:
    """A source as publisher, title, date; a link only where its host is on the allow-list."""
    if not source:
        return SafeString("")
    facts = source if isinstance(source, Mapping) else source.to_dict()
    spoken_of = sentence("portal_source_as_of", language_of(), {"on": facts["as_of"]}) if facts.get("as_of") else ""
    title = facts.get("title")
    if title and not facts.get("publisher"):  # a copy whose original nobody knows
        title = sentence("report_reprint", language_of(), {"title": title})
    parts = [facts.get("publisher"), title, facts.get("published_on") or spoken_of]
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


@register.filter
def field(key: str) -> str:
    """The label of a field of a row itself, or of one of its payload; an unknown key as it stands."""
    name = key.removeprefix("payload.")
    return sentence(f"portal_field_{name}", language_of()) if f"portal_field_{name}" in words("zh") else column(name)


@kept
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


@register.inclusion_tag("frame/made.html", takes_context=True)
def made(context: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """How computed figures were made: inputs by hash, version, parameters, seed, and the sources they rest on."""
    known = document.get("provenance") or {}
    as_of = document.get("as_of") or known.get("parameters", {}).get("as_of", "")
    inputs, sources = list((known.get("inputs") or {}).items()), document.get("sources") or []
    settings = [
        (said(name, "portal_made_"), _setting(context, value)) for name, value in known.get("parameters", {}).items()
    ]
    about = {"known": known, "inputs": inputs, "sources": sources, "as_of": as_of}
    return {**about, "settings": settings, "is_inside": "brief.read" in context.get("powers", ())}


def _setting(context: Mapping[str, Any], value: Any) -> str:
    """What a computation was set to, in words: sides by name, several settings by theirs."""
    if isinstance(value, Mapping):
        return " · ".join(f"{said(key, 'portal_made_')} {figure(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return listed([side(context, one) for one in value])
    return said(value, "portal_made_") if isinstance(value, str) else listed(value)


@register.filter
def shown(value: Any) -> str:
    """Any value of a record as text: lists joined, figures with their thousands, bilingual texts in one's language."""
    if isinstance(value, list | tuple):
        return "、".join(map(shown, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return told(value)
    return figure(value)
