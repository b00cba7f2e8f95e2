"""Text in YAML or JSON as plain values, with bounds: nothing is repeated, nested or guessed without end.

Both are small languages that a reader carries out, so both are read here and nowhere else. Keys are text. Words such
as ``no``, ``on`` and ``010`` are text: only what is a number or a truth in every version of the language is one.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import yaml

from duijie.errors import Fault, InputError

__all__ = ["json_document", "json_value", "plain", "yaml_document"]

MOST_DEPTH = 40
"""Levels of a document; our deepest file has seven."""

MOST_NODES = 50_000
_NOTHING = re.compile(r"~|null|Null|NULL|")
_TRUTH = re.compile(r"true|True|TRUE|false|False|FALSE")
# 010 is eight to some readers and ten to others; a longer number is no count of anything
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]{0,30})(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]{1,4})?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_FLOAT_DOT = re.compile(r"\.([a-zA-Z])")


class _RefusedError(yaml.MarkedYAMLError):
    """Something of the language that is not read here; `code` names the sentence."""

    def __init__(self, code: str, mark: yaml.Mark, **values: Any) -> None:
        super().__init__(problem=code, problem_mark=mark)
        self.code, self.values = code, values


class _Loader(yaml.SafeLoader):
    """YAML without tags, merges and endless depth; a reference counts as what it repeats, a key twice is an error."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.depth = self.reach = self.n_nodes = 0
        self.sizes: dict[str, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self._repeat(event)
            return super().compose_node(parent, index)
        if event.tag is not None:
            raise _RefusedError("yaml_tag", event.start_mark, tag=str(event.tag))
        before, reach = self.n_nodes, self.reach
        self.depth += 1
        self.reach = self.depth
        self._count(event, 1)
        node = super().compose_node(parent, index)
        if event.anchor is not None:
            self.sizes[event.anchor] = (self.n_nodes - before, self.reach - self.depth + 1)
        self.reach = max(reach, self.reach)
        self.depth -= 1
        return node

    def _repeat(self, event: Any) -> None:
        """Count what a reference stands for; one to itself or to nothing has no size."""
        if event.anchor not in self.sizes:
            raise _RefusedError("yaml_alias", event.start_mark, name=event.anchor)
        size, height = self.sizes[event.anchor]
        self.reach = max(self.reach, self.depth + height)
        self._count(event, size)

    def _count(self, event: Any, n: int) -> None:
        self.n_nodes += n
        if self.n_nodes > MOST_NODES:
            raise _RefusedError("document_large", event.start_mark, most=MOST_NODES)
        if self.reach > MOST_DEPTH:
            raise _RefusedError("document_deep", event.start_mark, most=MOST_DEPTH)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _RefusedError("yaml_key", key.start_mark)
            if key.value in found:
                raise _RefusedError("key_twice", key.start_mark, key=key.value)
            found[key.value] = self.construct_object(value, deep=deep)
        return found

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        return int(node.value) if _WHOLE.fullmatch(node.value) else float(_FLOAT_DOT.sub(r"\1", node.value))


class _QuickLoader(_Loader):
    """The same by the events of libyaml: several times as fast, but with less to say of what is wrong."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        events = yaml.CSafeLoader(stream)
        for name in ("check_event", "peek_event", "get_event"):
            setattr(self, name, getattr(events, name))


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", _NOTHING, ["~", "n", "N", ""]),
    ("bool", _TRUTH, list("tTfF")),
    ("int", _WHOLE, list("-+0123456789")),
    ("float", _DECIMAL, list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern.pattern})$"), _first)
for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_number)


def yaml_document(text: str, where: Mapping[str, Any]) -> tuple[Any, tuple[Fault, ...]]:
    """The value of a YAML text and what is wrong with it; the value is None where it cannot be read.

    Parameters
    ----------
    text
        One document; what references repeat counts as often as it is repeated. Tags are refused, merge keys are keys.
    where
        Names the file; a fault adds its line or key path.
    """
    try:
        found = _loaded(text)
    except _RefusedError as error:
        return None, (Fault(error.code, {**where, "line": _line(error)}, error.values),)
    except yaml.MarkedYAMLError as error:
        said = f"{error.context}: {error.problem}"
        return None, (Fault(*_kind_of(said, _YAML_KINDS, "yaml_broken", {**where, "line": _line(error)})),)
    except yaml.YAMLError:  # a sign that no text of YAML may hold
        signs = [at for at, letter in enumerate(text) if yaml.reader.Reader.NON_PRINTABLE.match(letter)]
        line = text.count("\n", 0, signs[0]) + 1 if signs else 0
        return None, (Fault("yaml_sign", {**where, "line": line}, {"sign": f"U+{ord(text[signs[0]]):04X}"}),)
    return found, tuple(_odd(found, where))


def _loaded(text: str) -> Any:
    """The value of a text, by the quick reader; what that refuses is told by the other one, under the same rules."""
    try:
        return yaml.load(text, Loader=_QuickLoader)
    except _RefusedError:
        raise
    except yaml.YAMLError:
        return yaml.load(text, Loader=_Loader)


def _line(error: yaml.MarkedYAMLError) -> int:
    """Where it is wrong; of what is not closed, where it opens."""
    is_open = error.context_mark and re.search("quoted|flow", error.context or "")
    mark = error.context_mark if is_open else error.problem_mark
    return mark.line + 1 if mark else 0


# what the engines say → the code of our sentence; the first that fits
_YAML_KINDS = (
    (r"character '\\t'", "yaml_tab"),
    (r"found character '(?P<sign>.)' that cannot start", "yaml_start"),
    (r"quoted scalar: found unexpected (?:end|document)", "yaml_quote"),
    (r"(?:unknown escape character|quoted scalar: expected escape sequence)", "yaml_escape"),
    (r"flow (?:sequence|mapping): expected|flow node: .* but found '<stream end>'", "yaml_bracket"),
    (r"but found another document|expected '<document start>'", "yaml_document"),
    (r"mapping values are not allowed", "yaml_colon"),
    (r"could not find expected ':'", "yaml_no_colon"),
    (r"block (?:mapping|collection|sequence): (?:expected|did not find)|entries are not allowed", "yaml_indent"),
    (r"expected the node content", "yaml_nothing"),
)
_JSON_KINDS = (
    (r"Expecting property name|Illegal trailing comma", "json_name"),
    (r"Expecting ':'", "json_colon"),
    (r"Expecting ','", "json_comma"),
    (r"Expecting value", "json_no_value"),
    (r"Unterminated string", "json_quote"),
    (r"Invalid control character", "json_sign"),
    (r"Invalid \\", "json_escape"),
    (r"Extra data", "json_more"),
    (r"integer string conversion", "json_long_number"),
)


def _kind_of(
    said: str, kinds: Sequence[tuple[str, str]], other: str, where: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
    """What an engine says in its own words as a code of ours, with its place and values."""
    for pattern, code in kinds:
        if found := re.search(pattern, said):
            return code, where, found.groupdict()
    return other, where, {}


def json_document(text: str, where: Mapping[str, Any]) -> tuple[Any, tuple[Fault, ...]]:
    """The value of a JSON text and what is wrong with it; the value is None where it cannot be read.

    A key given twice is a fault, and so are ``NaN`` and ``Infinity``, which other readers take for numbers.
    """
    try:
        found = json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        return None, (Fault("document_deep", where, {"most": MOST_DEPTH}),)
    except _TwiceError as error:
        return None, (Fault("key_twice", where, {"key": error.args[0]}),)
    except json.JSONDecodeError as error:
        place = {**where, "line": error.lineno, "letter": error.colno}
        return None, (Fault(*_kind_of(error.msg, _JSON_KINDS, "json_broken", place)),)
    except ValueError as error:
        return None, (Fault(*_kind_of(str(error), _JSON_KINDS, "json_broken", where)),)
    return found, tuple(_odd(found, where))


def json_value(text: str) -> Any:
    """The value of a JSON text, as :func:`json_document` reads it.

    Raises
    ------
    InputError
        It cannot be read; the code is that of the first fault.
    """
    found, faults = json_document(text, {})
    if faults:
        raise InputError(faults[0].code, faults[0].values, faults[0].where, faults=faults)
    return found


class _TwiceError(Exception):
    """A key that an object has twice."""


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = Counter(name for name, _ in pairs)
        raise _TwiceError(max(names, key=names.__getitem__))
    return found


def _odd(document: Any, where: Mapping[str, Any]) -> Iterator[Fault]:
    """Numbers and texts that are none, each with its key path, and what lies too deep."""
    left: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while left:
        path, value = left.pop()
        if isinstance(value, float) and not math.isfinite(value):
            yield Fault("number_not_finite", {**where, "key": ".".join(path)}, {"value": str(value)})
        elif isinstance(value, str) and not _is_text(value):
            yield Fault("text_broken", {**where, "key": ".".join(path)})
        elif isinstance(value, dict | list):
            if len(path) >= MOST_DEPTH:
                yield Fault("document_deep", {**where, "key": ".".join(path[:3])}, {"most": MOST_DEPTH})
                return
            if isinstance(value, dict) and not all(map(_is_text, value)):
                yield Fault("text_broken", {**where, "key": ".".join(path) or "·"})
            rows = value.items() if isinstance(value, dict) else enumerate(value)
            left += reversed([((*path, str(key)), one) for key, one in rows])


def _is_text(value: str) -> bool:
    """Whether a text can be written down: half of a pair of UTF-16 cannot."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def plain(value: Any) -> Any:
    """A value as JSON has it: terms, dataclasses and mappings as objects, sequences and arrays as lists, sets sorted,
    and null for a number that is none (unknown, never 0).
    """
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if hasattr(value, "tolist"):  # an array of numpy, or one number of it
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
