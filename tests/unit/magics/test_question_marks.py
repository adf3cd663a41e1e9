"""Lines of ours that end with a question mark."""

from __future__ import annotations

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from vibe_jupyter.magics.question_marks import keep_question_marks


def transformed(cell: str) -> str:
    manager = TransformerManager()
    manager.cleanup_transforms.append(keep_question_marks)
    return manager.transform_cell(cell)


@pytest.mark.parametrize(
    ("cell", "call"),
    [
        ("%vibe mcp call git.git_log?", "mcp call git.git_log?"),
        ("%vibe task where is the login?", "task where is the login?"),
        ("%vibe task ?", "task ?"),
        ("x = %vibe task where?", "task where?"),
        ("%vibe mcp call git.git_log??\n", "mcp call git.git_log??"),
        ("if True:\n    %vibe task where?\n", "task where?"),
    ],
)
def test_they_reach_us_whole(cell: str, call: str) -> None:
    assert f"get_ipython().run_line_magic('vibe', {call!r})" in transformed(cell)


def test_all_others_are_what_they_were() -> None:
    for cell in ("%vibe?", "print?", "%time?", "x = 1\nx?", "%vibe task where", "%vibrant task where?"):
        assert transformed(cell) == TransformerManager().transform_cell(cell)


def test_a_text_that_looks_like_one_stays_a_text() -> None:
    cell = 'x = """\n%vibe task where?\n"""\n'
    assert transformed(cell) == cell


def test_it_stays_a_call_in_its_place_of_a_cell() -> None:
    lines = transformed("a = 1\n%vibe task where?\nb = 2\n").splitlines()
    assert (lines[0], lines[2]) == ("a = 1", "b = 2")
