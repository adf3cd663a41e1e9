"""Which code is test code, and what in it is a test: by the names that test runners go by.

pytest: files `test_*.py` and `*_test.py`, functions and methods `test*`; Jest, Vitest and Mocha: `*.test.*`,
`*.spec.*`, `__tests__/`; `go test`: `*_test.go`, `TestX`; JUnit: `*Test.java`, `@Test`; Cargo: `tests/`, `#[test]`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.kg.extract.facts import Definition

__all__ = ["NO_TEST", "Named", "is_test", "is_test_file", "testers"]

NO_TEST = -2
"""In `testers`, where -1 is the module."""

_SCRIPTS = frozenset(["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts"])
_FOLDERS = frozenset(["tests", "__tests__"])
_FOLDERS_BUT_IN_PYTHON = frozenset(
    ["test", "spec", "androidTest"]
)  # `django.test` is there for tests, and no test
_PYTHON_FILE = re.compile(r"test_.*|.*_test|tests|conftest")
_SCRIPT_FILE = re.compile(r"(?:.*\.)?(?:test|spec)(?:\..*)?")
_OTHER_FILE = re.compile(r".*_test|tests|test_.*|.+Tests?|.*IT")
_GO_TEST = re.compile(r"(?:Test|Benchmark|Fuzz|Example)(?![a-z])")
_MARK = re.compile(r"(?:^|[^\w])(?:\w*Test|test)\b")


class Named(NamedTuple):
    """A definition as a test runner sees it."""

    kind: str
    name: str
    decorators: Sequence[str] = ()


def is_test_file(path: str) -> bool:
    """Whether a file, by its path relative to the project's root, holds tests or what serves them only.

    >>> [is_test_file(p) for p in ("tests/util.py", "shop/test_orders.py", "web/cart.spec.ts", "shop/contest.py")]
    [True, True, True, False]
    """
    *folders, name = path.split("/")
    stem, _, ending = name.rpartition(".")
    if not _FOLDERS.isdisjoint(folders):
        return True
    if ending in ("py", "pyi", "ipynb"):
        return _PYTHON_FILE.fullmatch(stem) is not None
    if not _FOLDERS_BUT_IN_PYTHON.isdisjoint(folders):
        return True
    if ending in _SCRIPTS:
        return _SCRIPT_FILE.fullmatch(stem) is not None
    return _OTHER_FILE.fullmatch(stem) is not None


def is_test(path: str, definition: Named | None) -> bool:
    """Whether a test runner runs this: a definition of a file, or the file itself (None).

    >>> is_test("tests/test_a.py", Named("function", "test_a")), is_test("tests/test_a.py", Named("function", "make"))
    (True, False)
    """
    ending = path.rpartition(".")[2]
    if definition is None:
        return ending in _SCRIPTS and is_test_file(path)
    if definition.kind.lower() not in ("function", "method"):
        return False
    if ending == "rs":
        return any(map(_MARK.search, definition.decorators))
    if ending in _SCRIPTS or not is_test_file(path):
        return False
    if ending == "py":
        return definition.name.startswith("test") and path.rpartition("/")[2] != "conftest.py"
    if ending == "go":
        return _GO_TEST.match(definition.name) is not None
    return definition.name.lower().startswith("test") or any(map(_MARK.search, definition.decorators))


def testers(path: str, definitions: Sequence[Definition]) -> list[int] | None:
    """Return for each definition of a file the test that runs it: itself, one around it, -1 (the module) or `NO_TEST`.

    The last element is that of the module's own statements. None: the file has no tests.
    """
    if is_test(path, None):
        return [-1] * (len(definitions) + 1)
    if not (path.endswith(".rs") or is_test_file(path)):
        return None
    found: list[int] = []
    for i, definition in enumerate(definitions):
        named = Named(definition.kind, definition.name, definition.decorators)
        around = found[definition.parent] if definition.parent >= 0 else NO_TEST
        found.append(around if around != NO_TEST else i if is_test(path, named) else NO_TEST)
    return [*found, NO_TEST]
