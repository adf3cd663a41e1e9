"""Files that do not parse, that nobody wrote by hand, or that mean harm: an outline and reasons, never an exception."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timing import cpu_below
from tests.unit.core.kg.extract.reading import facts_of, outline
from vibe_jupyter.core.kg.extract import facts as facts_module
from vibe_jupyter.core.kg.extract.python import extract_python
from vibe_jupyter.core.kg.languages.registry import extract

DEEP = 10_000
REAL = Path(facts_module.__file__).with_name("python_names.py").read_bytes()


def test_a_file_with_a_syntax_error_keeps_its_outline_and_tells_the_line() -> None:
    facts = facts_of("""\
        class Order:
            def total(self): ...

        def broken(:
            pass

        def after(): ...
    """)
    assert {"class Order", "method Order.total", "function after"} <= set(outline(facts))
    assert [problem.line for problem in facts.problems] == [4]
    assert facts.problems[0].message == "expected ')'"


def test_a_missing_mark_is_told_as_such() -> None:
    problems = facts_of("x = (1, 2\n").problems
    assert problems
    assert all(problem.message.startswith(("expected", "syntax error")) for problem in problems)


def test_at_most_twenty_problems_are_told() -> None:
    assert len(facts_of("def f(:\n    pass\n\n" * 200).problems) <= 20


def test_a_file_that_parses_has_no_problems() -> None:
    assert extract_python(REAL).problems == []


def test_lines_end_as_python_says() -> None:
    unix = b'"""Doc.\n\nMore.\n"""\ndef f(x):\n    """In\n    f."""\n    return g(\n        x)\n'
    assert extract_python(unix.replace(b"\n", b"\r\n")) == extract_python(unix)
    assert extract_python(unix.replace(b"\n", b"\r")) == extract_python(unix)


def test_a_form_feed_is_white_space() -> None:
    facts = extract_python(b"class A:\n    x = 1\n\x0c\n    def f(self): ...\n\x0cdef g(): ...\n")
    assert outline(facts) == ["class A", "field A.x", "method A.f", "function g"]
    assert facts.problems == []


@pytest.mark.parametrize(("source", "lines"), [(b"", 0), (b"\n", 1), (b"a", 1), (b"a\nb", 2), (b"a\nb\n", 2)])
def test_lines_are_counted_as_an_editor_counts_them(source: bytes, lines: int) -> None:
    assert extract_python(source).lines == lines


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * DEEP + "1" + ")" * DEEP,
        "f(" + "(" * DEEP + "1" + ")" * DEEP + ")",
        "x" + ".a" * DEEP + "()",
        "x" + ".a()" * DEEP,
        "f(" * DEEP + ")" * DEEP,
        "x = a" + "[0]" * DEEP,
        "x = " + "[" * DEEP + "]" * DEEP,
        "for " + "(" * DEEP + "a" + ",)" * DEEP + " in x: pass",
        "(" * DEEP + "a" + ",)" * DEEP + " = x",
        "x = " + "+".join("a" * DEEP),
        "x = " + " or ".join("a" * DEEP),
        "x = " + "a if b else " * DEEP + "c",
        "x = " + "not " * DEEP + "isinstance(a, B)",
        "x = " + "await " * DEEP + "1",
        "x = " + "lambda: " * DEEP + "1",
        "def f(x=" + "lambda y=" * 200 + "g()" + ": 1" * 200 + "): ...",
        "if " + "(" * DEEP + "isinstance(a, B)" + ")" * DEEP + ": pass",
        "".join(" " * i + "def f():\n" for i in range(300)),
        "x: " + "List[" * DEEP + "int" + "]" * DEEP,
        "if a: pass\n" + "elif b: pass\n" * DEEP,
        "a = " * DEEP + "1",
        "(" * DEEP,
        "f(" * DEEP,
        "@a\n" * DEEP + "def f(): pass",
        "x = y\nx = z\n" * DEEP,
    ],
    ids=lambda source: source[:12].strip(),
)
def test_deep_nesting_neither_crashes_nor_hangs(source: str) -> None:
    with cpu_below(3):
        extract_python(source.encode())


def test_two_megabytes_are_read_in_seconds() -> None:
    block = b"class A(B):\n    def f(self, x: int = 0) -> str:\n        return g(self.x, x)[0].h()\n\n"
    with cpu_below(10):
        facts = extract_python(block * (2_000_000 // len(block)))
    assert len(facts.calls) > 30_000


@pytest.mark.parametrize(
    "source",
    [
        b"\x00",
        b"x\x00y = 1",
        bytes(range(256)),
        b"\xff\xfe" * 50,
        "def \u202e(): ...".encode(),
        b"print 'two'\n",
    ],
)
def test_bytes_that_are_no_source_do_no_harm(source: bytes) -> None:
    assert extract_python(source).language == "python"


@given(st.data())
def test_a_real_file_cut_or_mixed_up_anywhere_is_still_read(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(REAL)))
    end = data.draw(st.integers(start, min(len(REAL), start + 2_000)))
    other = data.draw(st.integers(0, len(REAL)))
    junk = data.draw(
        st.sampled_from([b"", b"(", b")", b"\n", b"lambda", b" if ", b"global x\n", b":", b"\xc3"])
    )
    extract_python(REAL[start:end] + junk + REAL[other : other + 500])


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(KeyError):
        extract("cobol", b"")


def test_reading_leaves_no_cycles_behind() -> None:
    """A build runs without the garbage collector: what is read must go when its file is done."""
    gc.collect()
    gc.disable()
    try:
        extract_python(REAL)
        assert gc.collect() == 0
    finally:
        gc.enable()
