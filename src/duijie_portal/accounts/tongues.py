"""Text in two explicit columns, read as one value."""

from __future__ import annotations

from typing import Any

from duijie.terms import Bilingual

__all__ = ["Both"]


class Both:
    """``title = Both()`` on a model reads the columns ``title_zh`` and ``title_en`` as one bilingual text."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._columns = (f"{name}_zh", f"{name}_en")

    def __get__(self, row: Any, owner: type | None = None) -> Bilingual:
        return Bilingual(*(getattr(row, column) for column in self._columns))
