"""Logs: lines out of the event stream, each once, and the one that says why a Space failed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.services.huggingface.schemas import LogLine
from vibe_jupyter.core.services.huggingface.space_logs import _log_lines, _Seen, reason_of


@pytest.mark.parametrize(
    ("stage", "log", "words", "hint"),
    [
        ("BUILD_ERROR", ["ERROR: No matching distribution found for torch==99"], "torch==99", "torch==99"),
        ("BUILD_ERROR", ["x", "ERROR: ResolutionImpossible: for help"], "ResolutionImpossible", "exclude"),
        ("RUNTIME_ERROR", ["ModuleNotFoundError: No module named 'cv2'"], "cv2", "package of cv2"),
        ("RUNTIME_ERROR", ["python: can't open file '/app/main.py': [Errno 2]"], "main.py", "app_file"),
        ("RUNTIME_ERROR", ["  File x", "SyntaxError: invalid syntax"], "invalid syntax", "deploy again"),
        ("RUNTIME_ERROR", ["Memory limit exceeded (16Gi)"], "16Gi", "more memory"),
        ("RUNTIME_ERROR", ["ValueError: bad", "  at line 3"], "ValueError: bad", "correct it"),
        ("BUILD_ERROR", ["ERROR: failed to solve: process"], "failed to solve", "correct it"),
        ("BUILD_ERROR", ["only", "words"], "words", "look at its log"),
        ("CONFIG_ERROR", [], "CONFIG_ERROR", "README.md"),
        ("STOPPED", [], "STOPPED", "restart"),
    ],
)
def test_the_line_that_says_why(stage: str, log: list[str], words: str, hint: str) -> None:
    reason = reason_of(stage, None, log)
    assert words in reason.words
    assert hint in reason.hint


def test_the_hubs_own_message_counts_too() -> None:
    reason = reason_of(
        "RUNTIME_ERROR", "launch timed out, space was not healthy after 30 min", ["fine so far"]
    )
    assert "7860" in reason.hint


def test_a_name_with_braces_is_no_format() -> None:
    assert "{0}" in reason_of("RUNTIME_ERROR", None, ["ModuleNotFoundError: No module named '{0}'"]).hint


def test_signs_of_life_and_other_noise_are_no_lines() -> None:
    for line in ("", "data:", "data: ", ": comment", "event: x", "data: 3", "data: {}", "data: [", "id: 4"):
        assert _log_lines(line, "run") == []


def test_one_event_may_hold_several_lines_without_colours() -> None:
    lines = _log_lines('data: {"data": "\\u001b[1ma\\u001b[0m\\r\\nb\\rc\\n", "timestamp": "t"}', "build")
    assert [line.text for line in lines] == ["a", "b", "c"]


def test_a_token_that_an_app_prints_is_not_shown() -> None:
    (line,) = _log_lines('data: {"data": "using hf_' + "a" * 30 + '"}', "run")
    assert line.text == "using ***"


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=12).map(sorted),
    st.lists(st.integers(0, 12), max_size=4),
)
def test_over_any_breaks_each_line_comes_once(log: list[tuple[int, str]], breaks: list[int]) -> None:
    """Sorted by time; lines of one moment keep their order, as the hub sends them each time."""
    lines = [LogLine(kind="run", text=text, timestamp=str(stamp)) for stamp, text in log]
    seen, came = _Seen(None), []
    for end in [*sorted(breaks), len(lines)]:
        seen.start_again()
        came += [line for line in lines[:end] if seen.is_new(line)]
    assert came == lines
