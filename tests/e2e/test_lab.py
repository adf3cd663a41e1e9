"""What a person sees in a real JupyterLab."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.lab import Notebook
    from tests.servers import JupyterServer

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_quickstart_runs_from_top_to_bottom(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(path="quickstart.ipynb")
    count = opened.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
    outputs = [output for index in range(count) for output in opened.run(index)]
    assert not [output for output in outputs if output["output_type"] in ("error", "stream")]
    expect(opened.panel.get_by_text("on the Jupyter server")).to_be_visible()
    expect(opened.panel.get_by_role("cell", name="src/auth/session.py").first).to_be_visible()
    expect(opened.panel.get_by_text("KeyError").first).to_be_visible()


def test_the_kernel_talks_to_its_server_and_needs_no_load_ext(
    notebook: Callable[..., Notebook], lab: JupyterServer
) -> None:
    opened = notebook("%vibe task login --type file_search --path shop", "_.id")
    opened.run(0)
    (value,) = opened.run(1)
    task_id = value["data"]["text/plain"].strip("'")
    with lab.http() as client:
        assert client.get(f"tasks/{task_id}").json()["state"] == "succeeded"


def test_progress_is_seen_while_the_cell_waits_and_an_interrupt_cancels(
    notebook: Callable[..., Notebook], lab: JupyterServer
) -> None:
    opened = notebook("""%%vibe task --type probe_run\nseconds: 60\nsteps: 60""")
    opened.start(0)
    expect(opened.panel.get_by_text(re.compile(r"probe\.run.*step \d+.*interrupt cancels"))).to_be_visible()
    opened.interrupt()
    (error,) = [output for output in opened.ended() if output["output_type"] == "error"]
    assert "task.cancelled" in error["evalue"]
    with lab.http() as client:
        (task,) = client.get("tasks/history", params={"limit": 1}).json()["items"]
        assert task["type"] == "probe_run"
        events = client.get(
            f"tasks/{task['id']}/events"
        ).text  # to its end, which the cell need not have waited for
        assert "event: cancelled" in events


def test_a_failure_is_two_lines_and_no_stack(notebook: Callable[..., Notebook]) -> None:
    opened = notebook("%vibe task missing.csv --type data_profile")
    (error,) = opened.run(0)
    assert error["output_type"] == "error"
    assert len(error["traceback"]) == 1
    expect(opened.panel.get_by_text("path.not_found")).to_be_visible()
    expect(opened.panel.get_by_text("Traceback")).to_have_count(0)


def test_what_comes_from_data_is_never_markup(notebook: Callable[..., Notebook], lab: JupyterServer) -> None:
    attack = "<img src=x onerror=window.__attacked=1><script>window.__attacked=1</script>"
    (lab.root / "attack.txt").write_text(f"needle {attack}\n")
    opened = notebook("%vibe task needle --type file_search --path attack.txt")
    opened.run(0)
    expect(opened.panel.get_by_text("<script>").first).to_be_visible()
    assert opened.page.evaluate("() => window.__attacked") is None


def test_completion_offers_our_words_alone(notebook: Callable[..., Notebook]) -> None:
    opened = notebook("%vibe task list --s")
    opened.run(0)  # the words come without the platform, but not before the first line of ours was run
    opened.panel.locator(".cm-content").first.click()
    opened.page.keyboard.press("End")
    opened.page.evaluate(
        "async () => { await window.jupyterapp.commands.execute('completer:invoke-notebook') }"
    )
    offered = opened.page.locator(".jp-Completer-item")
    expect(offered).to_have_count(2)
    matches = opened.page.locator(".jp-Completer-item .jp-Completer-match").all_inner_texts()
    assert sorted(matches) == ["--since", "--state"]


def test_the_api_page_tries_an_operation(browser: Any, lab: JupyterServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{lab.url}vibe/docs?token={lab.token}")
    expect(page.get_by_text("/tasks/history").first).to_be_visible()
    page.get_by_role("button", name="get /health").first.click()
    page.get_by_role("button", name="Try it out").first.click()
    page.get_by_role("button", name="Execute", exact=True).first.click()
    expect(page.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    assert not errors
    context.close()
