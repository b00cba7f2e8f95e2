"""Read data files: YAML checked against a JSON Schema, and small CSV tables; every fault at once."""

from __future__ import annotations

import csv
import difflib
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from duijie.errors import DataFileError, Fault

__all__ = ["check", "listing", "read", "root", "table"]


class _Loader(yaml.SafeLoader):
    """YAML without surprises: dates stay text, a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {name!r}", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def root() -> Path:
    """The folder of the built-in data files."""
    return Path(__file__).parent


def listing(folder: str, suffix: str = ".yaml") -> tuple[Path, ...]:
    """The files of a built-in folder in name order; empty where the folder is."""
    return tuple(sorted((root() / folder).glob(f"*{suffix}")))


def read(path: Path, schema: str = "") -> Any:
    """One YAML file, checked against ``schemas/<schema>.json`` where named.

    Raises
    ------
    DataFileError
        The file is absent, is no YAML, or breaks the schema; `faults` lists everything wrong with it.
    """
    document, faults = check(path, schema)
    if faults:
        raise DataFileError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    return document


def check(path: Path, schema: str = "") -> tuple[Any, tuple[Fault, ...]]:
    """The file's content and everything wrong with it; the content is None where it cannot be read at all."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        return None, (Fault("file_missing", {"file": str(path)}),)
    except UnicodeDecodeError as error:
        return None, (Fault("file_not_utf8", {"file": str(path)}, {"byte": error.start}),)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return None, (Fault("yaml_broken", {"file": str(path), "line": line}, {"problem": error.problem or ""}),)
    except yaml.YAMLError as error:
        return None, (Fault("yaml_broken", {"file": str(path)}, {"problem": str(error)}),)
    if not schema:
        return document, ()
    found = sorted(_validator(schema).iter_errors(document), key=lambda error: [str(part) for part in error.path])
    return document, tuple(fault for error in found for fault in _faults(error, path))


@cache
def _validator(schema: str) -> Draft202012Validator:
    content = json.loads((root() / "schemas" / f"{schema}.json").read_text(encoding="utf-8"))
    return Draft202012Validator(content, format_checker=FormatChecker())


def _faults(error: ValidationError, path: Path) -> Iterator[Fault]:
    where = {"file": str(path), "key": _key_path(error.absolute_path)}
    if (
        error.validator == "additionalProperties"
        and isinstance(error.schema, dict)
        and isinstance(error.instance, dict)
    ):
        known = list(error.schema.get("properties", {}))
        for name in sorted(set(error.instance) - set(known), key=str):
            near = difflib.get_close_matches(str(name), known, 1)
            yield Fault("key_unknown", where, {"key": name, "known": ", ".join(known)}, near[0] if near else "")
    elif error.validator == "required":
        name = re.match(r"'(.+?)'", error.message)
        yield Fault("key_missing", where, {"key": name[1] if name else error.message})
    else:
        yield Fault("value_wrong", where, {"problem": error.message[:200], "rule": str(error.validator)})


def _key_path(parts: Sequence[str | int] | Any) -> str:
    return ".".join(str(part) for part in parts) or "·"


def table(path: Path) -> tuple[dict[str, str], ...]:
    """The rows of a UTF-8 CSV table with a heading row; absent cells are empty strings.

    Raises
    ------
    DataFileError
        The file is absent or a row has more cells than the heading.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = tuple(csv.DictReader(handle, restval=""))
    except FileNotFoundError:
        raise DataFileError("file_missing", {}, {"file": str(path)}) from None
    faults = tuple(
        Fault("row_too_long", {"file": str(path), "row": at}) for at, row in enumerate(rows, start=2) if None in row
    )
    if faults:
        raise DataFileError("data_file_faults", {"file": path.name, "n": len(faults)}, {"file": str(path)}, "", faults)
    return rows
