"""What a person sees of a task, of the history and of an explanation."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.unit.widgets.rendering_samples import NOW, TASK_ID, make_match, make_search, make_task
from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.tasks.schemas import Explanation, History, TaskEvent
from vibe_jupyter.widgets.rendering import (
    JSON_TYPE,
    ProgressLine,
    as_html,
    as_text,
    formats,
    mimebundle,
    progress_line,
    summary,
)


@pytest.fixture(autouse=True)
def fixed_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "now", lambda: NOW)


def lines_of(value: object, width: int = 100) -> list[str]:
    return as_text(value, width=width).splitlines()


def test_the_first_line_says_what_was_done_by_whom_how_fast_with_what_outcome_and_how_to_ask_why() -> None:
    task = make_task(result=make_search(make_match(), make_match(line=58), make_match("b.py", 1)))
    assert lines_of(task)[0] == (
        "file.search by oracle file_search · 0.04 s · 3 matches in 2 files  (why? jupyter vibe task explain deadbeef)"
    )
    assert ">%vibe task explain _</code>" in as_html(task)
    assert mimebundle(task)["text/plain"].splitlines()[0].endswith("(why? %vibe task explain _)")


def test_a_handle_looks_like_its_task() -> None:
    task = make_task(result=make_search(make_match()))
    handle = SimpleNamespace(task=task, result=task.result)
    assert as_html(handle) == as_html(task)
    assert mimebundle(handle)[JSON_TYPE]["id"] == TASK_ID
    assert summary(handle) == "1 match in 1 file"


def test_a_failed_task_takes_at_most_four_lines_with_code_message_and_hint() -> None:
    error = {
        "code": "file.not_found",
        "message": "data/e.csv does not exist",
        "hint": "did you mean data/f.csv?",
    }
    lines = lines_of(make_task("data.profile", state="failed", error=error))
    assert len(lines) <= 4
    assert lines[0].startswith("✗ data.profile by oracle data_profile · failed · 0.04 s")
    assert lines[1:] == ["[file.not_found] data/e.csv does not exist", "hint: did you mean data/f.csv?"]


def test_an_error_of_ours_reads_the_same_as_a_failed_task() -> None:
    error = NotFound("there is no task x", code="task.not_found", hint="%vibe task list")
    assert lines_of(error) == ["[task.not_found] there is no task x", "hint: %vibe task list"]


def test_a_running_task_says_how_far_it_is_and_how_to_follow_it() -> None:
    progress = {"fraction": 0.62, "message": "reading events.parquet"}
    lines = lines_of(make_task("data.profile", state="running", progress=progress))
    assert lines[0] == "▸ data.profile · ███████▌···· 62 % · reading events.parquet · 3 min"
    assert lines[1] == "follow it: jupyter vibe task show deadbeef"


def test_a_queued_and_a_cancelled_task_say_so() -> None:
    assert lines_of(make_task(state="queued", target=None))[0] == "○ file.search · queued · 3 min"
    assert (
        lines_of(make_task(state="cancelled"))[0]
        == "■ file.search by oracle file_search · cancelled · 0.04 s"
    )


def test_the_line_of_progress_is_the_one_of_the_journeys() -> None:
    event = TaskEvent(
        seq=4,
        type="progress",
        task_id=TASK_ID,
        at=NOW,
        data={"fraction": 0.62, "message": "reading events.parquet (1.2 of 2.0 GB)"},
    )
    task = make_task("data.profile", state="running")
    line = progress_line(task, event, 8.0)
    assert line == "▸ data.profile · 62 % · reading events.parquet (1.2 of 2.0 GB) · 8 s · interrupt cancels"
    assert as_text(ProgressLine(task, event, 8.0, can_interrupt=False)).endswith(" · 8 s")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("retrying", "trying again"),
        ("revived", "taken over after a crash"),
        ("fallback", "asking the next target"),
    ],
)
def test_the_line_of_progress_says_in_words_what_else_happens(kind: str, said: str) -> None:
    event = TaskEvent(seq=1, type=kind, task_id=TASK_ID, at=NOW)
    assert said in progress_line(make_task(state="running"), event)


def test_the_line_of_progress_of_a_task_that_has_ended_offers_no_interrupt() -> None:
    event = TaskEvent(seq=9, type="succeeded", task_id=TASK_ID, at=NOW)
    assert progress_line(make_task(state="running"), event, 2.0) == "✓ file.search · succeeded · 2 s"


def test_an_event_without_its_task_is_a_line_too() -> None:
    event = TaskEvent(
        seq=1, type="progress", task_id=TASK_ID, at=NOW, data={"fraction": None, "message": "reading"}
    )
    assert as_text(event) == "2026-11-25 14:31:43 UTC  reading"


def test_the_history_is_a_table_with_short_ids_and_relative_times_and_the_rest_in_titles() -> None:
    tasks = [
        make_task(),
        make_task("data.profile", state="failed", created_at=NOW - timedelta(hours=5), took_s=130),
        make_task("project.stats", state="queued", target=None, input={}),
    ]
    history = History(items=tasks, total=120, next_cursor="abc")
    text = as_text(history, width=120)
    assert re.search(
        r"deadbeef +file\.search +where is the login handled\? +✓ succeeded +file_search +3 min ago", text
    )
    assert re.search(r"data\.profile .* ✗ failed +data_profile +5 h ago +2 min 10 s", text)
    assert "… and 117 more" in text
    assert "as of 2026-11-25 14:31:43 UTC" in text
    html = as_html(history)
    assert f'title="{TASK_ID}"' in html
    assert 'title="2026-11-25 14:28:43 UTC"' in html


@pytest.mark.parametrize(
    ("input_", "shown"),
    [
        ({"mode": "regex", "path": "big", "query": "TODO|FIXME"}, "TODO|FIXME · big"),
        ({"include": ["*.py"], "mode": "literal", "path": ".", "query": "login"}, "login"),
        ({"format": "csv", "path": "sales.csv"}, "sales.csv"),
        ({"address": "Berlin", "country": "DE"}, "Berlin · DE"),
    ],
)
def test_a_task_in_the_history_is_recognised_by_what_was_asked(input_: dict[str, object], shown: str) -> None:
    (row,) = [line for line in lines_of(History(items=[make_task(input=input_)], total=1, next_cursor=None), 200)
              if "deadbeef" in line]  # fmt: skip
    assert f"  {shown}  " in row


def test_an_empty_history_says_what_to_do_next() -> None:
    text = as_text(History(items=[], total=0, next_cursor=None))
    assert text == 'no tasks here yet. Try: jupyter vibe task "where is the login handled?"'


def test_an_explanation_shows_each_candidate_with_its_parts_stacked_and_why_others_were_not_asked() -> None:
    explanation = Explanation(
        task_id=TASK_ID,
        type="ask",
        capability="file.search",
        asked="where is the login handled?",
        matched=[
            {"capability": "file.search", "score": 0.83, "why": ["where is"]},
            "something of a later release",
        ],
        chosen="file_search",
        fallbacks=["ripgrep"],
        candidates=[
            {"id": "file_search", "type": "oracle", "score": 0.75, "parts": {"success": 0.5, "cost": 0.25}},
            {"id": "ripgrep", "type": "mcp", "score": 0.25, "parts": {"success": 0.25}},
        ],
        rejected={
            "data_profile": "does not offer file.search",
            "stats": "does not offer file.search",
            "llm": "no key",
        },
    )
    text = as_text(explanation, width=100)
    assert "file.search went to file_search; if it fails: ripgrep" in text
    assert "you asked: “where is the login handled?”" in text
    assert "✓  oracle file_search   0.75  ████████████▓▓▓▓▓▓······" in text
    assert "   mcp ripgrep          0.25  ██████··················" in text
    assert "█ success 0.50" in text
    assert "▓ cost 0.25" in text
    assert re.search(r"data_profile, stats +does not offer file\.search", text)
    assert re.search(r"llm +no key", text)
    assert 'title="success 0.50 + cost 0.25"' in as_html(explanation)


def test_the_parts_of_a_result_are_shown_markdown_rendered_images_embedded_html_as_its_source() -> None:
    parts = [
        {"media_type": "text/markdown", "data": "**bold** [here](https://example.org)"},
        {"media_type": "image/png", "data": "iVBORw0KGgo=", "name": "plot"},
        {"media_type": "image/svg+xml", "data": "<svg xmlns='http://www.w3.org/2000/svg'/>"},
        {"media_type": "text/html", "data": "<b>hi</b>", "name": "report"},
        {"media_type": "application/zip", "data": "UEs="},
    ]
    html = as_html(make_task("a.b", {"x": 1}, parts=parts))
    assert '<strong>bold</strong> <a href="https://example.org">here</a>' in html
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="plot"' in html
    assert '<img src="data:image/svg+xml;base64,' in html
    assert "&lt;b&gt;hi&lt;/b&gt;" in html
    assert "part (application/zip) is not shown here" in html
    assert "▸ source of report (text/html)" in as_text(make_task("a.b", {"x": 1}, parts=parts))
