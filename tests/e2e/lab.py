"""Drive JupyterLab through its own application object: keys and CSS classes lose one run of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

__all__ = ["CHROMIUM_ARGS", "Notebook", "errors_of", "open_lab"]

CHROMIUM_ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_READY = """async () => {
  const pause = () => new Promise(done => setTimeout(done, 20));
  const app = window.jupyterapp;
  let panel;
  for (;;) {
    panel = app.shell.currentWidget;
    if (panel && panel.sessionContext && panel.content && panel.content.widgets) break;
    await pause();
  }
  await panel.context.ready;
  await panel.sessionContext.ready;
  for (;;) {
    const kernel = panel.sessionContext.session && panel.sessionContext.session.kernel;
    if (kernel) { await kernel.info; if (kernel.status === 'idle') return; }
    await pause();
  }
}"""
_RUN = """async index => {
  const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  await app.commands.execute('notebook:run-cell');
  const outputs = notebook.widgets[index].model.outputs;
  return outputs ? outputs.toJSON() : [];
}"""
_CLOSE = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.sessionContext.shutdown();
  panel.context.model.dirty = false;
  panel.dispose();
}"""


def open_lab(page: Page, url: str, token: str) -> None:
    """Open JupyterLab and wait until it is there."""
    page.goto(f"{url}lab?token={token}&reset=")
    page.wait_for_function("() => window.jupyterapp", timeout=90_000)
    page.evaluate("async () => { await window.jupyterapp.restored }")


def errors_of(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the errors among a cell's outputs."""
    return [output for output in outputs if output["output_type"] == "error"]


class Notebook:
    """A notebook that is open in the Lab shown, with its kernel."""

    def __init__(self, page: Page, path: Path, *cells: str) -> None:
        import nbformat

        self.page = page
        if cells:
            made = [nbformat.v4.new_code_cell(cell) for cell in cells]
            kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
            nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernelspec}), path)
        page.evaluate(
            "async path => { await window.jupyterapp.commands.execute('docmanager:open', {path}) }", path.name
        )
        page.evaluate(_READY)

    @property
    def panel(self) -> Locator:
        """Return the panel as it is shown."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def run(self, index: int) -> list[dict[str, Any]]:
        """Run a cell to its end and return its outputs."""
        outputs: list[dict[str, Any]] = self.page.evaluate(_RUN, index)
        return outputs

    def start(self, index: int) -> None:
        """Run a cell and do not wait for its end; see `ended`."""
        self.page.evaluate(
            f"index => {{ window.__done = null; ({_RUN})(index).then(outputs => window.__done = outputs) }}",
            index,
        )

    def ended(self) -> list[dict[str, Any]]:
        """Wait for the end of what was started and return its outputs."""
        self.page.wait_for_function("() => window.__done")
        outputs: list[dict[str, Any]] = self.page.evaluate("() => window.__done")
        return outputs

    def interrupt(self) -> None:
        """Press the stop button."""
        self.page.evaluate(
            "async () => { await window.jupyterapp.commands.execute('notebook:interrupt-kernel') }"
        )

    def close(self) -> None:
        """End the kernel and close the notebook without saving."""
        self.page.evaluate(_CLOSE)
