"""What a side arranged among its own people, as lines of a page of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from duijie_portal.accounts.models import Role

from .desk import names_of
from .entries import DeskAct
from .models import Agreement
from .recording import files_of, words_of
from .selectors import department_names

__all__ = ["desk_lines"]

Document = dict[str, Any]


def desk_lines(agreement: Agreement, acts: Iterable[DeskAct]) -> list[Document]:
    """What was arranged, line by line: who, for whom, to whom, until when, in which words, and who answered."""
    rows = list(acts)
    words, files = words_of(row.pk for row in rows), files_of(row.pk for row in rows)
    names = names_of(name for row in rows for name in (row.who, row.for_person, *row.people))
    offices = department_names(agreement)
    answers = Counter(row.answers for row in rows if row.answers)
    return [
        {
            "id": row.pk,
            "what": row.what,
            "sort": row.sort,
            "key": row.key,
            "on": row.on,
            "who": names.get(row.who, ""),
            "instead_of": names.get(row.for_person, "") if row.for_person != row.who else "",
            "by": offices.get(row.by, ""),
            "role": row.by if row.by in Role.values else "",
            "is_recorded": row.role == "office",
            "departments": [offices.get(key, key) for key in row.departments],
            "people": [names.get(name, name) for name in row.people],
            "n_to": len(row.departments) + len(row.people),
            "n_answered": answers.get(row.pk, 0),
            "asks": row.asks,
            "from_on": row.from_on,
            "due_on": row.due_on,
            "is_open": row.is_open,
            "note": words.get(row.pk, {}).get("note", ""),
            "files": [
                {"sha256": one.sha256, "name": words.get(row.pk, {}).get(one.sha256, ""), "n_bytes": one.n_bytes}
                for one in files.get(row.pk, ())
            ],
        }
        for row in rows
    ]
