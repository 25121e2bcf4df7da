"""Files that anybody may have written: what hurts is refused in one line, what is plain is read."""

import json
import os
from pathlib import Path

import pytest

from tsearch.errors import TsearchError
from tsearch.files.reading import parse_yaml, read_json, read_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BOMB, "f.yaml:5: more than 20,000 values, aliases written out"),
        (MERGES, "more than 20,000 values"),
        ("x: [" + "1, " * 30_000 + "1]", "f.yaml:1: more than 20,000 values"),
        ("a: &a [*a]", "f.yaml:1: an alias refers to what it stands in"),
        ("a: &a\n  b: *a", "f.yaml:1: an alias refers to what it stands in"),
        ("[" * 100_000, "f.yaml:1: nested more than 32 deep"),
        ("a: &a [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\nb: [[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]", "nested more than 32"),
        (f"a: {'9' * 5000}", "f.yaml:1: a whole number of more than 18 digits"),
        (f"a: '{'9' * 4000}'", "f.yaml:1: a whole number of more than 18 digits"),
        (f"a: {'1:' * 4000}1", "f.yaml:1: a whole number of more than 18 digits"),
        (f"a: {'x' * 10_001}", "a text of more than 10,000 characters"),
        ("a: 2001-01-01", "f.yaml:1: a value of type timestamp where text, numbers and lists are read; quote it"),
        ("a: !!python/object/apply:os.system [x]", "f.yaml:1: a value of type"),
        ("a: !!bool x", "f.yaml: not valid YAML: a tag or a character does not fit"),
        ("a: \ud800", "f.yaml: not valid YAML: a tag or a character does not fit"),
        ("a: \x07", "f.yaml: not valid YAML: control characters are not allowed"),
        ("1: a", "f.yaml:1: a key that is no text"),
        ("? [1]\n: 2", "f.yaml:1: a key that is no text"),
        ("x: 1\nb: {x: 1, x: 2}", "f.yaml:2: key 'x' is given twice"),
        ('"a\\nb": 1\n"a\\nb": 2', r"key 'a\nb' is given twice"),
    ],
)  # fmt: skip
def test_yaml_that_hurts_is_one_line(text: str, problem: str) -> None:
    with pytest.raises(TsearchError) as caught:
        parse_yaml(text, "f.yaml")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_plain_yaml_is_read_aliases_and_merges_included() -> None:
    text = "a: &a {x: 1, y: [1.5, true, null, text]}\nb: {<<: *a, x: 2}\nc: [*a, *a]\n"
    plain = {"x": 1, "y": [1.5, True, None, "text"]}
    assert parse_yaml(text, "f.yaml").content == {"a": plain, "b": plain | {"x": 2}, "c": [plain, plain]}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[" * 100_000, "nested more than 32 deep"),
        (b"[" * 33 + b"]" * 33, "nested more than 32 deep"),
        (b"9" * 5000, "a whole number has more than 300 digits"),
        (b"[1, 2", "not valid JSON: Expecting ',' delimiter, line 1"),
        (b"\xff\xfe", "not a text file in UTF-8"),
        (b"1" * 1_000_001, "larger than 1,000,000 bytes"),
    ],
)
def test_json_that_hurts_is_one_line(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_bytes(content)
    with pytest.raises(TsearchError, match=problem) as caught:
        read_json(tmp_path / "f.json", 1_000_000, "Export it again.")
    assert str(caught.value).endswith("Export it again.")
    assert "\n" not in str(caught.value)


def test_json_is_read_as_it_is(tmp_path: Path) -> None:
    content = {"a": [1, 2.5, None, {"b": [10**200]}]}
    (tmp_path / "f.json").write_text(json.dumps(content))
    assert read_json(tmp_path / "f.json", 1_000_000) == content


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "none", tmp_path / ("n" * 300), tmp_path / "a\0b"):
        with pytest.raises(TsearchError):
            read_yaml(path)
