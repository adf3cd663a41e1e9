"""JSON with comments: what is valid stays what it was, and a fault has line and column."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timing import cpu_below
from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.registry.jsonc import parse

STRINGS = st.text(alphabet=st.sampled_from('ab"\\/*,{}[]: \n\u00e4'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=12,
)
FILLERS = st.sampled_from(
    ["", " ", "\n", '// a, ] } " comment\n', '/* a, ] } " ** / comment */', "/**/", "/***/"]
)


@given(VALUES)
def test_plain_json_is_what_it_is(value: Any) -> None:
    assert parse(json.dumps(value), "f") == value


@given(value=VALUES, data=st.data())
def test_comments_and_trailing_commas_change_nothing(value: Any, data: st.DataObject) -> None:
    def written(one: Any) -> str:
        def filler() -> str:
            return data.draw(FILLERS)

        if isinstance(one, dict):
            inside = [f"{filler()}{json.dumps(key)}{filler()}:{written(item)}" for key, item in one.items()]
            return f"{filler()}{{{_joined(inside, filler, data)}}}{filler()}"
        if isinstance(one, list):
            return f"{filler()}[{_joined([written(item) for item in one], filler, data)}]{filler()}"
        return f"{filler()}{json.dumps(one)}{filler()}"

    assert parse(written(value), "f") == value


def _joined(items: list[str], filler: Any, data: st.DataObject) -> str:
    trailing = f",{filler()}" if items and data.draw(st.booleans()) else filler()
    return ",".join(items) + trailing


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": 1\n "b": 2}', 2, 2),
        ('{// one\n/* two\n three */ "a": nope}', 3, 16),
        ("[,]", 1, 2),
        ("{,}", 1, 2),
        ("[1,,]", 1, 4),
        ('{"a":,}', 1, 6),
        ("/* never closed", 1, 1),
        ('{"a": 1,} /* never closed', 1, 11),
        ('{"a": 1,} /*/', 1, 11),
        ('{"a": 1,} "\\\\', 1, 11),
        ('{"a": "never closed}', 1, 7),
        ("", 1, 1),
        ('{"a": 1} x', 1, 10),
        ("{'a': 1}", 1, 2),
    ],
)
def test_a_fault_has_its_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(ConfigError, match=f"x.json, line {line}, column {column}: ") as caught:
        parse(text, "x.json")
    assert caught.value.data == {"line": line, "column": column}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" + "1" * 10_000 + "]"])
def test_what_would_break_the_parser_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"x\.json"):
        parse(text, "x.json")


@pytest.mark.parametrize(
    "text",
    ['{"a":1,' + "/**/" * 50_000 + "x}", "[" + "," * 200_000, '"' + "\\" * 200_001, "/*" * 100_000, "/" * 200_000,
     "/*" + "*" * 200_000, "[1," + " " * 200_000 + "x"],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    with cpu_below(5), pytest.raises(ConfigError):  # a pattern that tries again and again needs years
        parse(text, "x.json")


PIECES = ['\\"', '"\\\\"', "/*a", '"', '"\\', "/*", "/**", '","', "//", "*/", "\\"]


@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_with_the_text_and_not_with_its_square(piece: str) -> None:
    def takes_s(count: int) -> float:
        text = '{"a": 1,} ' + piece * count
        return min(_cpu_s(text) for _ in range(3))

    assert takes_s(8 * 4000) < 24 * max(takes_s(4000), 0.001), (
        "eight times the text; its square would be 64 times"
    )


def test_repeated_keys_are_counted_once_each() -> None:
    def takes_s(count: int) -> float:
        text = "{" + ",".join(f'"k{number // 2}": 1' for number in range(count)) + "}"
        return min(_cpu_s(text) for _ in range(3))

    assert takes_s(8 * 2000) < 24 * max(takes_s(2000), 0.001)


def _cpu_s(text: str) -> float:
    began = time.thread_time()
    with contextlib.suppress(ConfigError):
        parse(text, "x.json")
    return time.thread_time() - began


def test_a_repeated_key_is_remembered() -> None:
    found = parse('{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}', "f")
    assert found == {"a": 3, "b": {"c": 2}}
    assert (found.repeated, found["b"].repeated) == ({"a"}, {"c"})
