"""Plain values of JSON as dataclasses: each field by its annotation, everything that does not fit told at its place."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from duijie.errors import Fault, InputError
from duijie.terms.days import FIRST_DAY, LAST_DAY, parse_end

__all__ = ["typed"]

MOST = 1e18  # beyond it a figure is a slip of the hand, as in a cell of a table
T = TypeVar("T")


def typed(cls: type[T], document: Any, where: Mapping[str, Any], faults: list[Fault]) -> T | None:
    """A dataclass from its plain form, or None where something does not fit; what is wrong is added to `faults`.

    Read are text, whole numbers, figures (finite), truths, aware moments, one of a list of words, nothing where the
    field may be None, dataclasses, and tuples, sets and mappings of all these. A text named ``on`` or ``…_on`` is a
    day (also with a time), month or year of the calendar, no end, or empty. Fields that are absent keep their default.

    Parameters
    ----------
    document
        What JSON gives; unknown keys and keys that are missing are faults.
    where
        Names file and row; a fault adds the key path.

    Examples
    --------
    >>> from duijie.terms import Region
    >>> wrong = []
    >>> typed(Region, {"code": 1}, {}, wrong), [(one.code, one.where["key"]) for one in wrong]
    (None, [('value_text', 'code'), ('key_missing', 'name')])
    """
    reader = _Reader(where)
    found: T | None = reader.record(cls, document, ())
    faults += reader.faults
    return found


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls)


Path = tuple[str, ...]


class _Reader:
    """Reads one document; whatever does not fit is a fault, and then nothing comes of the whole."""

    def __init__(self, where: Mapping[str, Any]) -> None:
        self._where = where
        self.faults: list[Fault] = []

    def miss(self, code: str, path: Path, value: Any = None, **values: Any) -> Any:
        """Note a fault, the value shown as it stands; nothing comes of it."""
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        where = {**self._where, "key": ".".join(path)} if path else dict(self._where)
        self.faults.append(Fault(code, where, {"value": shown[:80], **values}))

    def record(self, cls: Any, document: Any, path: Path) -> Any:
        if not isinstance(document, Mapping):
            return self.miss("value_object", path, document)
        own = {one.name: one for one in fields(cls)}
        for name in [name for name in document if name not in own]:
            near = difflib.get_close_matches(str(name), own, 1)
            self.miss("key_unknown", path, key=name, known=", ".join(own), near=near)
        made = {}
        for name, one in own.items():
            if name in document:
                made[name] = self.value(_hints(cls)[name], document[name], (*path, name))
            elif one.default is MISSING and one.default_factory is MISSING:
                self.miss("key_missing", (*path, name), key=name)
        return None if self.faults else cls(**made)

    def value(self, hint: Any, value: Any, path: Path) -> Any:
        origin, parts = get_origin(hint), get_args(hint)
        if origin in (UnionType, Union):
            inner = next(part for part in parts if part is not type(None))
            return None if value is None and type(None) in parts else self.value(inner, value, path)
        if origin is Literal:
            return value if value in parts else self.miss("value_among", path, value, known=list(parts))
        if is_dataclass(hint):
            return self.record(hint, value, path)
        if origin in (tuple, frozenset):
            return self.several(origin, parts, value, path)
        if origin is not None:
            return self.mapping(parts, value, path)
        return _PLAIN[hint](self, value, path) if hint in _PLAIN else value

    def several(self, origin: Any, parts: tuple[Any, ...], value: Any, path: Path) -> Any:
        if not isinstance(value, list | tuple):
            return self.miss("value_list", path, value)
        if origin is tuple and parts[-1] is not Ellipsis and len(value) != len(parts):
            code, limit = ("value_few", "least") if len(value) < len(parts) else ("value_many", "most")
            return self.miss(code, path, value, n=len(value), **{limit: len(parts)})
        hints = parts if origin is tuple and parts[-1] is not Ellipsis else (parts[0],) * len(value)
        found = [
            self.value(hint, one, (*path, str(at))) for at, (hint, one) in enumerate(zip(hints, value, strict=True))
        ]
        return None if self.faults else origin(found)

    def mapping(self, parts: tuple[Any, ...], value: Any, path: Path) -> Any:
        if not isinstance(value, Mapping):
            return self.miss("value_object", path, value)
        return {key: self.value(parts[1], one, (*path, str(key))) for key, one in value.items()}

    def text(self, value: Any, path: Path) -> Any:
        if not isinstance(value, str):
            return self.miss("value_text", path, value)
        name = path[-1] if path else ""
        if name == "on" or name.endswith("_on"):
            try:
                day, clock = value[:10], value[10:]
                parse_end(day if clock and datetime.fromisoformat(value) else value)
            except ValueError:
                return self.miss("day_unreadable", path, value)
            except InputError as error:
                return self.miss(error.code, path, value, **{k: v for k, v in error.values.items() if k != "value"})
        return value

    def whole(self, value: Any, path: Path) -> Any:
        is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MOST
        return value if is_whole else self.miss("value_whole", path, value)

    def figure(self, value: Any, path: Path) -> Any:
        is_figure = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST
        return value if is_figure else self.miss("value_number", path, value)

    def truth(self, value: Any, path: Path) -> Any:
        return value if isinstance(value, bool) else self.miss("value_truth", path, value)

    def moment(self, value: Any, path: Path) -> Any:
        try:
            found = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            return self.miss("value_moment", path, value)
        if found.tzinfo is None or not FIRST_DAY < found.date() < LAST_DAY:
            return self.miss("value_moment", path, value)
        return found


_PLAIN: Mapping[Any, Callable[[_Reader, Any, Path], Any]] = {
    str: _Reader.text,
    int: _Reader.whole,
    float: _Reader.figure,
    bool: _Reader.truth,
    datetime: _Reader.moment,
}
