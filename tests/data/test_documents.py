"""YAML and JSON of others: bounded, nothing repeated or guessed, every fault with its place."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from duijie import data
from duijie.cells.amounts import unit_factor
from duijie.data import files, read_json, sentence
from duijie.data.documents import json_document, json_value, yaml_document
from duijie.errors import DataFileError, InputError

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

TOWER = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 45))


def codes(text: str) -> list[str]:
    """What is wrong with a YAML text; every fault has a sentence in both languages and a place."""
    _, faults = yaml_document(text, {"file": "x.yaml"})
    for fault in faults:
        assert fault.where["file"] == "x.yaml"
        assert {"line", "key"} & set(fault.where)
        for language in ("zh", "en"):
            assert fault.code not in (said := sentence(fault.code, language, fault.values))
            assert "{" not in said
        _is_in_chinese(fault.code, fault.values)
    return [fault.code for fault in faults]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(BOMB, "document_large", id="alias bomb"),
        pytest.param(TOWER, "document_deep", id="alias tower"),
        ("a: &x [*x]", "yaml_alias"),
        ("a: &x {b: {c: *x}}", "yaml_alias"),
        ("a: *x", "yaml_alias"),
        pytest.param("[" * 5000, "document_deep", id="[ x 5000"),
        pytest.param("a: " + "{a: " * 5000, "document_deep", id="{ x 5000"),
        pytest.param("".join(" " * n + "a:\n" for n in range(3000)), "document_deep", id="3000 levels"),
        pytest.param("- " * 5000 + "x", "document_deep", id="- x 5000"),
        pytest.param("[" + "1," * 60_000 + "]", "document_large", id="60000 values"),
        ("a: !!python/object/apply:os.system ['true']", "yaml_tag"),
        ("a: !!int '010'", "yaml_tag"),
        ("a: !!set {a, b}", "yaml_tag"),
        ("a: !own x", "yaml_tag"),
        ("? [a, b]\n: 1", "yaml_key"),
        ("a: 1\na: 2", "key_twice"),
        ("1: a\n'1': b", "key_twice"),
        ("a: .nan", "number_not_finite"),
        ("a: [1, {b: -.inf}]", "number_not_finite"),
        ("a: 1e999", "number_not_finite"),
        ("a: [1\nb: {", "yaml_bracket"),
        ("a: {x: 1]", "yaml_bracket"),
        ("a: 1\n---\nb: 2", "yaml_document"),
        ("a:\n\t- 1", "yaml_tab"),
        ("a: @x", "yaml_start"),
        ('a: "x\nb: 1', "yaml_quote"),
        ("a: 'x", "yaml_quote"),
        ('a: "\\q"', "yaml_escape"),
        ('a: "\\xZZ"', "yaml_escape"),
        ("a: b: c", "yaml_colon"),
        ("a: >\n b\nc", "yaml_no_colon"),
        ("a:\n  b: 1\n c: 2", "yaml_indent"),
        ("a: 1\n- b", "yaml_indent"),
        ("a: ]", "yaml_nothing"),
        ("a: 1\nb: \x07", "yaml_sign"),
        ("a: |x\n  b", "yaml_broken"),
        ('a: "\\uD800"', "text_broken"),
        ('"\\uD800": 1', "text_broken"),
    ],
)
def test_what_is_not_read_is_refused_with_its_place(text: str, code: str) -> None:
    """References, tags, depth, size, strange keys and numbers are one fault each, found at once."""
    started = time.process_time()
    assert codes(text)[0] == code
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", "010"),
        ("0105", "0105"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("14:00", "14:00"),
        ("09:30:00", "09:30:00"),
        ("2026-03-02", "2026-03-02"),
        ("on", "on"),
        ("off", "off"),
        ("no", "no"),
        ("yes", "yes"),
        ("y", "y"),
        ("N", "N"),
        ("NO", "NO"),
        ("=", "="),
        ("<<", "<<"),
        ("１０", "１０"),
        ("9" * 19, "9" * 19),
        ("'1'", "1"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("+7", 7),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-0.25", -0.25),
        ("123456789012345678", 123456789012345678),
    ],
)
def test_words_are_text_and_numbers_numbers(text: str, value: object) -> None:
    """Only what is a number or a truth in every version of YAML is one."""
    found, faults = yaml_document(f"a: {text}", {})
    assert not faults
    assert found["a"] == value
    assert type(found["a"]) is type(value)


def test_references_within_bounds_are_read() -> None:
    """What PyYAML writes for a value that stands twice is read back."""
    twice = {"title": ["a", "b"]}
    text = yaml.safe_dump([twice, twice], allow_unicode=True)
    assert "*" in text
    assert yaml_document(text, {}) == ([twice, twice], ())
    assert yaml_document("a: &x {b: 1}\nc: {<<: *x}", {}) == ({"a": {"b": 1}, "c": {"<<": {"b": 1}}}, ())


def test_keys_are_text() -> None:
    """A year, a truth and nothing are keys as they are written."""
    assert yaml_document("2020: 1\non: 2\nnull: 3\ntrue: 4\n010: 5", {}) == (
        {"2020": 1, "on": 2, "null": 3, "true": 4, "010": 5},
        (),
    )


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_json_is_read_as_other_readers_read_it(value: object) -> None:
    """Plain JSON keeps its value."""
    text = json.dumps(value, ensure_ascii=False)
    assert json_document(text, {}) == (json.loads(text), ())


@given(st.text(alphabet="[]{}:,&*!-?|> '\"\n\tabc01.#%@", max_size=60))
def test_no_text_is_an_accident(text: str) -> None:
    """Whatever is written, a YAML and a JSON reader answer with a value or faults."""
    for read in (yaml_document, json_document):
        value, faults = read(text, {"file": "x"})
        assert all(fault.where["file"] == "x" for fault in faults)
        assert not faults or value is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("[" * 100_000, "document_deep", id="[ x 100000"),
        pytest.param("[" * 60 + "]" * 60, "document_deep", id="60 levels"),
        pytest.param("1" * 5000, "json_long_number", id="5000 digits"),
        ('{"a": NaN}', "number_not_finite"),
        ('{"a": [-Infinity]}', "number_not_finite"),
        ('{"a": 1e999}', "number_not_finite"),
        ('{"a": 1, "a": 2}', "key_twice"),
        ('{"a": 1,}', "json_name"),
        ("{a: 1}", "json_name"),
        ('{"a" 1}', "json_colon"),
        ("[1 2]", "json_comma"),
        ("[1, 2", "json_comma"),
        ("", "json_no_value"),
        ('{"a": tru}', "json_no_value"),
        ('{"a": "x', "json_quote"),
        ('{"a": "\t"}', "json_sign"),
        ('{"a": "\\x"}', "json_escape"),
        ('{"a": "\\u12"}', "json_escape"),
        ("{} x", "json_more"),
        ('{"a": "\\ud800"}', "text_broken"),
        ('{"a": [{"\\udfff": 1}]}', "text_broken"),
    ],
)
def test_json_with_surprises_is_refused(text: str, code: str, tmp_path: Path) -> None:
    """Depth, numbers that are none and keys given twice are faults of the file."""
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="json_file_wrong") as caught:
        read_json(path)
    assert [fault.code for fault in caught.value.faults] == [code]
    _is_in_chinese(code, caught.value.faults[0].values)


def _is_in_chinese(code: str, values: Mapping[str, Any]) -> None:
    """No word of an engine stands in the sentence: only names of forms, and what the text itself holds."""
    said = re.sub(r"“[^”]*”|YAML|JSON|true|false|UTF-16|U\+[0-9A-F]+", "", sentence(code, "zh", values))
    assert not re.search(r"[A-Za-z]{2}", said.replace("\\n", "")), said


@pytest.mark.parametrize(
    ("text", "line"), [('a: 1\nb: "x\nc: 1\nd: 2', 2), ("a: 1\nb: [x\nc: 1\nd: 2", 2), ("a: 1\nb: c: d", 2)]
)
def test_what_is_not_closed_is_named_where_it_opens(text: str, line: int) -> None:
    """Not the end of the file, to which an open quote or bracket reaches."""
    [fault] = yaml_document(text, {})[1]
    assert fault.where["line"] == line


def test_every_built_in_file_is_read() -> None:
    """No file of ours needs more than the bounds allow."""
    for path in sorted(data.root().rglob("*.yaml")):
        assert data.read(path) is not None, path


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    """A file over the bound is refused before it is opened."""
    path = tmp_path / "x.yaml"
    with path.open("wb") as handle:
        handle.truncate(files.MOST_BYTES + 1)
    with pytest.raises(DataFileError) as caught:
        data.read(path)
    assert [fault.code for fault in caught.value.faults] == ["file_large"]


def test_a_value_of_a_line_is_read_with_the_same_bounds() -> None:
    """What reads lines of JSON gets a value or the name of the fault."""
    assert json_value('{"a": [1]}') == {"a": [1]}
    for wrong in ("", "[" * 100_000, "NaN", '{"a": 1, "a": 2}'):
        with pytest.raises(InputError, match=r"json_no_value|document_deep|number_not_finite|key_twice"):
            json_value(wrong)


def test_units_of_any_length_are_no_work() -> None:
    """A text of thousands of units is none, at once."""
    assert unit_factor("吨/年", "metric_ton / year") == 1.0
    assert unit_factor("米/" * 5000 + "米", "meter") is None


def test_a_sentence_carries_out_nothing_of_an_unknown_code() -> None:
    """A code from outside is shown as it stands; the marks of a template in it do nothing."""
    assert sentence("{n:>999999999}", "zh", {"n": 1}) == "{n:>999999999}"
    assert sentence("{n.__class__}", "en", {"n": 1}) == "{n.__class__}"


def test_one_loader_reads_all_yaml() -> None:
    """Nowhere else in the source is YAML loaded."""
    loads = re.compile(r"\byaml\.\w*load|\b(Safe|Full|Unsafe|C|Base)\w*Loader\b")
    source = data.root().parents[1]
    assert source.name == "src"
    found = [path.name for path in source.rglob("*.py") if loads.search(path.read_text(encoding="utf-8"))]
    assert found == ["documents.py"]
