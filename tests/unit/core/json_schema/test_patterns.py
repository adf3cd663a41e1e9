"""Expressions of strangers are matched in a time that hangs on the text's length alone."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.json_schema.patterns import matcher


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(.*)*x", "a*a*a*a*b", ".*.*=.*", "(x+x+)+y", "([a-z]+)*!$",
        "(.{1,500}){1,20}x", "(a{1,100}){1,100}b", r"\w{1000}", r"(\w{1,100}){1,10}x", "((a{1,9}){1,9}){1,9}b",
        "a" * 5000, "(" * 400,
    ],
)  # fmt: skip
def test_no_expression_takes_long(pattern: str) -> None:
    began = time.thread_time()
    for text in ("a" * 28 + "!", "a" * 1000, "ab" * 250_000, "é" * 100_000):
        matcher(pattern)(text)
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "123e4567-e89b-12d3-a456-426614174000", True),
        (r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "123e4567", False),
        (r"^[\w.-]{1,64}$", "a.b-c", True),
        (r"^\/api\/v\d+$", "/api/v2", True),
        (r"^\/api\/v\d+$", "/api/v", False),
        ("^x$", "x\n", False),  # Python's own would take it
        ("b", "abc", True),
    ],
)
def test_common_ones_are_applied(pattern: str, text: str, fits: bool) -> None:
    assert matcher(pattern)(text) is fits


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "[a", "[a-z&&b]", "[[a]", r"\cX", "*"])
def test_what_cannot_be_told_fits(pattern: str) -> None:
    assert matcher(pattern)("zzz")


@given(st.from_regex(r"\A[ab.]{1,3}([*+?]|\{1,3\})?[ab]?\Z"), st.text("abc", max_size=12))
def test_it_agrees_with_python(pattern: str, text: str) -> None:
    assert matcher(pattern)(text) is (re.search(pattern, text) is not None)
