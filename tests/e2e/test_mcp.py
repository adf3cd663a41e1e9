"""MCP servers in a real JupyterLab: a picture from a tool, and a question of one, answered under the cell."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.lab import errors_of
from tests.mcp_servers.processes import FAULTY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.lab import Notebook
    from tests.servers import JupyterServer

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_tool_shows_a_picture_and_asks_under_the_cell(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(
        f"%vibe mcp add faulty -- {shlex.join(FAULTY)}",
        "%vibe mcp call faulty.image",
        "%vibe mcp set faulty --tool ask=ask",
        "%vibe mcp call faulty.ask",
        "%vibe mcp remove faulty",
    )
    for index in (0, 1, 2):
        assert not errors_of(opened.run(index))
    image = opened.panel.locator(".jp-OutputArea-output img")
    expect(image).to_have_attribute("src", "data:image/png;base64,iVBORw0KGgoAAAAAAAAAAAAAAAAAAAAA")
    expect(opened.panel.get_by_text("file:///a.txt")).to_be_visible()

    opened.start(3)
    box = opened.panel.locator("input.jp-Stdin-input:enabled")
    expect(opened.panel.get_by_text("faulty.ask wants to be called")).to_be_visible()
    expect(opened.panel.get_by_text("yes / no / always / edit [no]:")).to_be_visible()
    box.fill("yes")
    box.press("Enter")
    expect(opened.panel.get_by_text("Who are you?")).to_be_visible()
    expect(opened.panel.get_by_text("name:", exact=True)).to_be_visible()
    expect(box).to_have_count(1)  # that of the first question is gone
    box.fill("Ada")
    box.press("Enter")
    outputs = opened.ended()
    assert not errors_of(outputs)
    expect(opened.panel.get_by_text('"name": "Ada"')).to_be_visible()
    assert not errors_of(opened.run(4))


def test_a_question_that_is_answered_over_rest_ends_the_prompt(
    notebook: Callable[..., Notebook], lab: JupyterServer
) -> None:
    opened = notebook(f"%vibe mcp add asking -- {shlex.join(FAULTY)}", "%vibe mcp call asking.ask", "1 + 1")
    assert not errors_of(opened.run(0))
    opened.start(1)
    expect(opened.panel.locator("input.jp-Stdin-input")).to_be_visible()
    with lab.http() as client:
        (question,) = client.get("questions").json()["questions"]
        answer = {"action": "accept", "content": {"name": "Elsewhere"}}
        assert client.post(f"questions/{question['id']}/answer", json=answer).status_code == 200
        assert not errors_of(opened.ended())
        expect(opened.panel.get_by_text('"name": "Elsewhere"')).to_be_visible()
        expect(opened.panel.get_by_text("it needs no answer any more")).to_be_visible()
        # JupyterLab leaves the box where it is: what is typed there must do no harm.
        opened.panel.locator("input.jp-Stdin-input").fill("too late")
        opened.panel.locator("input.jp-Stdin-input").press("Enter")
        assert opened.run(2)[0]["data"]["text/plain"] == "2"
        client.delete("mcps/asking").raise_for_status()


def test_the_notebook_about_servers_runs_from_top_to_bottom(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(path="mcp.ipynb")
    count = opened.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
    outputs = [output for index in range(count) for output in opened.run(index)]
    assert not errors_of(outputs)
    expect(opened.panel.locator(".jp-OutputArea-output img")).to_have_count(1)
    expect(opened.panel.get_by_text("mcp.policy_denied")).to_be_visible()
