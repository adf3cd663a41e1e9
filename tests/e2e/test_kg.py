"""The knowledge graph as it is seen in a real JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.lab import errors_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.lab import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


def test_the_notebook_about_graphs_runs_from_top_to_bottom(notebook: Callable[..., Notebook]) -> None:
    opened = notebook(path="knowledge-graph.ipynb")
    count = opened.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
    outputs = [output for index in range(count) for output in opened.run(index)]
    assert not errors_of(outputs)
    expect(opened.panel.locator(".jp-RenderedSVG")).to_have_count(1)
    expect(opened.panel.get_by_text("sales.ipynb[1]")).to_be_visible()
