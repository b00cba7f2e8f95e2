"""How the names of products and organisations are read, as ``policies/evidence-firms.yaml`` says."""

from __future__ import annotations

from functools import cache

from duijie.terms import EvidenceRules

from .files import read, root

__all__ = ["evidence_rules", "organisation_kind"]

_RULES = ("tails", "strangers", "forms", "trades", "others", "sales", "general", "shared")


@cache
def evidence_rules() -> EvidenceRules:
    """The built-in rules."""
    document = read(root() / "policies" / "evidence-firms.yaml", "evidence-firms")
    return EvidenceRules(*(tuple(document[name]) for name in _RULES))


def organisation_kind(name: str, stated: str) -> str:
    """What an organisation is by the end of its name, where a table calls it a firm; else what the table says.

    Examples
    --------
    >>> organisation_kind("现代服饰标准厂房一体化微工业园", "firm"), organisation_kind("园区运营管理有限公司", "firm")
    ('carrier', 'firm')
    """
    if stated != "firm":
        return stated
    return next((kind for kind, endings in _kinds() if name.endswith(endings)), stated)


@cache
def _kinds() -> tuple[tuple[str, tuple[str, ...]], ...]:
    document = read(root() / "policies" / "evidence-firms.yaml", "evidence-firms")
    return tuple((row["kind"], tuple(row["endings"])) for row in document["organisations"])
