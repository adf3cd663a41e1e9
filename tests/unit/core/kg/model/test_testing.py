"""Tests are known by the names that test runners go by, and say what they surely call outside of test code."""

from __future__ import annotations

import pytest

from tests.unit.core.kg.resolve.projects import BASE, Project
from tests.unit.core.kg.resolve.typescript.scripts import Scripts
from vibe_jupyter.core.kg.model.testing import Named, is_test, is_test_file


def edges(block: str) -> list[tuple[str, str]]:
    lines = [line.split(" ") for line in block.splitlines() if "code#tests>" in line]
    return [(s[1:-1].removeprefix(BASE), o[1:-1].removeprefix(BASE)) for s, _, o, _ in lines]


@pytest.mark.parametrize(
    "path",
    [
        "test_a.py", "a_test.py", "tests/deep/util.py", "tests.py", "conftest.py", "web/a.test.ts", "a.spec.jsx",
        "web/__tests__/cart.js", "pkg/a_test.go", "src/test/java/A.java", "src/OrderTest.java", "tests/it.rs",
    ],
)  # fmt: skip
def test_these_are_test_code(path: str) -> None:
    assert is_test_file(path)


@pytest.mark.parametrize(
    "path",
    [
        "contest.py",
        "testing.py",
        "django/test/client.py",
        "latest.ts",
        "web/attest/a.ts",
        "a.go",
        "Contest.java",
    ],
)
def test_these_only_look_like_it(path: str) -> None:
    assert not is_test_file(path)


@pytest.mark.parametrize(
    ("path", "definition", "expected"),
    [
        ("tests/test_a.py", Named("function", "test_a"), True),
        ("tests/test_a.py", Named("Method", "test_a"), True),
        ("tests/test_a.py", Named("class", "TestA"), False),
        ("tests/test_a.py", Named("function", "make"), False),
        ("tests/test_a.py", None, False),
        ("conftest.py", Named("function", "test_client"), False),
        ("shop/a.py", Named("function", "test_drive"), False),
        ("a.test.ts", None, True),
        ("a.ts", None, False),
        ("a.test.ts", Named("function", "testIt"), False),
        ("a_test.go", Named("function", "TestTotal"), True),
        ("a_test.go", Named("function", "Testify"), False),
        ("ATest.java", Named("method", "adds", ["Test"]), True),
        ("ATest.java", Named("method", "adds", ["@ParameterizedTest"]), True),
        ("ATest.java", Named("method", "adds", ["Latest"]), False),
        ("src/lib.rs", Named("function", "adds", ["tokio::test"]), True),
        ("src/lib.rs", Named("function", "adds", ["inline"]), False),
    ],
)
def test_a_test_is_what_a_runner_would_run(path: str, definition: Named | None, expected: bool) -> None:
    assert is_test(path, definition) is expected


FILES = {
    "shop.py": "def total(): ...\nclass Order:\n    def pay(self): ...\n",
    "tests/test_shop.py": """
        from shop import Order, total
        from tests.tools import make
        total()
        def helper():
            return total()
        def test_total():
            def inner():
                return total()
            helper()
            make()
            unknown()
        class TestOrder:
            def test_pay(self):
                Order().pay()
            def setup(self):
                total()
    """,
    "tests/tools.py": "from shop import Order\ndef make(): return Order()\n",
}


def test_a_test_tests_what_it_calls_outside_of_test_code() -> None:
    assert sorted(edges(Project(FILES).triples("tests/test_shop.py"))) == [
        ("tests/test_shop.py#TestOrder.test_pay", "shop.py#Order"),
        ("tests/test_shop.py#TestOrder.test_pay", "shop.py#Order.pay"),
        ("tests/test_shop.py#test_total", "shop.py#total"),
    ]


def test_what_serves_tests_is_no_test() -> None:
    assert edges(Project(FILES).triples("tests/tools.py")) == []


def test_a_guess_is_not_tested() -> None:
    files = {"shop.py": "def total(): ...\n", "test_a.py": "def test_a(order):\n    order.total()\n"}
    assert edges(Project(files).triples("test_a.py")) == []


def test_a_file_of_scripts_is_one_tester() -> None:
    project = Scripts(
        {
            "cart.ts": "export function total() {}\n",
            "cart.test.ts": "import { total } from './cart'\nit('adds', () => { total() })\n",
        }
    )
    assert edges(project.triples("cart.test.ts")) == [("cart.test.ts", "cart.ts#total")]
