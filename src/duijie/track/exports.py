"""Tracking for other tools: activities, results, indicators and periods by the element names of IATI 2.03."""

from __future__ import annotations

from xml.etree import ElementTree

from duijie.terms import Bilingual
from duijie.terms.days import is_no_end

from .standing import ClauseProgress, IndicatorProgress, Progress

__all__ = ["iati"]

_STATUS = {"unsigned": "1", "in_force": "2", "expiring": "2", "expired": "4", "terminated": "5"}
_MEASURE = {"n": "1", "share": "2"}
_GOVERNMENT = "10"
_ROLE = {"lead": "4", "support": "2"}


def iati(progress: Progress, *, publisher: str) -> str:
    """The standing of an agreement as an XML text in the manner of IATI 2.03: one activity a clause.

    Parameters
    ----------
    progress
        What :func:`duijie.track.progress` gave.
    publisher
        The organisation identifier that leads each activity's identifier.

    Notes
    -----
    It follows the standard's element names; the standard speaks of aid, so sectors, budgets and flows, which an
    agreement has not, stay out. Organisations are the offices of the agreement, with their role: lead is
    "implementing" (4), support "accountable" (2). A share is a percentage. A rehearsal's activities carry its banner
    as their description.
    """
    head = {"version": "2.03", "generated-datetime": f"{progress.as_of}T00:00:00"}
    root = ElementTree.Element("iati-activities", head)
    for clause in progress.clauses:
        _activity(root, progress, clause, publisher)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def _activity(root: ElementTree.Element, progress: Progress, clause: ClauseProgress, publisher: str) -> None:
    agreement = progress.agreement
    activity = ElementTree.SubElement(root, "iati-activity", {"xml:lang": "zh"})
    _leaf(activity, "iati-identifier", f"{publisher}-{agreement.key}-{clause.clause.key}")
    ElementTree.SubElement(activity, "reporting-org", ref=publisher, type=_GOVERNMENT)
    _narratives(ElementTree.SubElement(activity, "title"), clause.clause.title)
    if agreement.is_rehearsal:
        _narratives(ElementTree.SubElement(activity, "description"), agreement.banner)
    names = {office.key: office.name for office in agreement.departments}
    for role, sides in (("lead", clause.clause.lead), ("support", clause.clause.support)):
        for key in (key for keys in sides.values() for key in keys):
            _narratives(ElementTree.SubElement(activity, "participating-org", role=_ROLE[role], ref=key), names[key])
    ElementTree.SubElement(activity, "activity-status", code=_STATUS[progress.lifecycle.state])
    _dated(activity, "2", clause.clause.valid_from or agreement.signed_on)
    _dated(activity, "3", clause.clause.valid_until or progress.lifecycle.valid_until)
    for one in clause.indicators:
        _result(activity, progress, one)


def _dated(activity: ElementTree.Element, kind: str, day: str) -> None:
    """An activity date where it is known to the day: 2 the actual start, 3 the planned end."""
    if len(day) == len("2000-01-01") and not is_no_end(day):
        ElementTree.SubElement(activity, "activity-date", {"iso-date": day, "type": kind})


def _result(activity: ElementTree.Element, progress: Progress, one: IndicatorProgress) -> None:
    result = ElementTree.SubElement(activity, "result", type="1")
    _narratives(ElementTree.SubElement(result, "title"), one.indicator.name)
    ascending = "0" if one.indicator.direction == "down" else "1"
    measure, scale = _MEASURE.get(one.indicator.unit, "1"), 100 if one.indicator.unit == "share" else 1
    indicator = ElementTree.SubElement(result, "indicator", measure=measure, ascending=ascending)
    _narratives(ElementTree.SubElement(indicator, "title"), one.indicator.name)
    if one.indicator.baseline is not None:
        ElementTree.SubElement(indicator, "baseline", value=f"{one.indicator.baseline * scale:.12g}")
    period = ElementTree.SubElement(indicator, "period")
    ElementTree.SubElement(period, "period-start", {"iso-date": progress.agreement.signed_on})
    ElementTree.SubElement(period, "period-end", {"iso-date": progress.as_of})
    for name, value in (("target", one.indicator.target), ("actual", one.actual)):
        if value is not None:
            ElementTree.SubElement(period, name, value=f"{value * scale:.12g}")


def _leaf(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text


def _narratives(parent: ElementTree.Element, text: Bilingual) -> None:
    for language, said in text.to_dict().items():
        if said:
            ElementTree.SubElement(parent, "narrative", {"xml:lang": language}).text = said
