"""What happened in a case, event by event, with the names of this home: sides, departments, parties."""

from __future__ import annotations

from collections.abc import Iterator

from duijie.data import sentence
from duijie.data.words import words
from duijie.errors import InputError
from duijie.ledger import telling
from duijie.terms import Language
from duijie_portal.accounts.models import Department, Side

from .known import looking_back
from .models import Agreement, Case, Party
from .store import DatabaseLog

__all__ = ["lines"]


def lines(case: str, language: Language, known_at: str = "") -> Iterator[str]:
    """A line for each event of a case, in the order that is law; one that does not count says why.

    Parameters
    ----------
    case, language
        The key of a case, and the language of the lines.
    known_at
        A past K, as :func:`~duijie.ledger.known.parse_known` reads it; empty for the present.

    Raises
    ------
    InputError
        There is no such case, or there was none at K; the text names no K.
    """
    row = Case.objects.filter(pk=case).select_related("agreement").first()
    if row is None:
        raise InputError("case_unknown", {"case": case})
    agreement = row.agreement
    with looking_back(agreement, known_at):
        if not Case.objects.filter(pk=case).exists():
            raise InputError("case_unknown", {"case": case})
        yield from _lines(agreement, case, language)


def _lines(agreement: Agreement, case: str, language: Language) -> Iterator[str]:

    def name(side: str, by: str, language: Language) -> str:
        known = Side.objects.filter(pk=side).first()
        party = Party.objects.filter(pk=by).first() if by else None
        office = Department.objects.filter(agreement=agreement.pk, side=side, key=by).first() if by else None
        role = sentence(f"portal_role_{by}", language) if f"portal_role_{by}" in words(language) else ""
        speaker = party.name if party else office.name[language] if office else role
        return " ".join(filter(None, (known.short[language] if known else side, speaker)))

    yield from telling.lines(DatabaseLog(agreement), [f"case/{case}"], language, name)
