"""A cell with several lines of ours shows what each of them gives, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from vibe_jupyter.magics.showing import ShownLines


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    shell.register_magic_function(lambda line: line or None, "line", "vibe")
    shell.ast_transformers.append(ShownLines(shell))
    yield shell
    InteractiveShell.clear_instance()


def shown(shell: InteractiveShell, cell: str) -> list[str]:
    with capture_output() as captured:
        outcome = shell.run_cell(cell)
    outcome.raise_error()
    displayed = [output.data["text/plain"] for output in captured.outputs]
    return [*displayed, *([] if outcome.result is None else [repr(outcome.result)])]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("%vibe one\n%vibe two", ["one", "two"]),
        ("%vibe one\nx = 1", ["one"]),
        ("%vibe one\n1 + 1", ["one", "2"]),
        ("x = %vibe one\n%vibe two", ["two"]),
        ("%vibe one\nx = %vibe two\nx", ["one", "two"]),
        ("%vibe\n%vibe two", ["two"]),
        ("%vibe one", ["one"]),
        ("for n in range(2):\n    %vibe one", ["one", "one"]),
        ("if True:\n    %vibe one\nelse:\n    %vibe two", ["one"]),
        ("try:\n    %vibe one\nfinally:\n    %vibe two", ["one", "two"]),
        ("'a text'\n%vibe two", ["two"]),
        ("import asyncio\nawait asyncio.sleep(0)\n%vibe one\n%vibe two", ["one", "two"]),
    ],
)
def test_each_line_is_shown_once(shell: InteractiveShell, cell: str, expected: list[str]) -> None:
    assert shown(shell, cell) == [each if each == "2" else repr(each) for each in expected]


@pytest.mark.parametrize(("setting", "times"), [("none", 0), ("all", 1), ("last_expr", 1)])
def test_the_persons_own_setting_counts(shell: InteractiveShell, setting: str, times: int) -> None:
    shell.ast_node_interactivity = setting
    with capture_output() as captured:
        shell.run_cell("%vibe one\n%vibe two")
    said = captured.stdout + "".join(output.data["text/plain"] for output in captured.outputs)
    assert (said.count("'one'"), said.count("'two'")) == (times, times)
