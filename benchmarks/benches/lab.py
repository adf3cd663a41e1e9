"""From a cell to its rendered result, in a real JupyterLab in Chromium."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.context import Context
from benchmarks.figures import BenchResult
from benchmarks.statistics import median, percentile
from tests.e2e.conftest import chromium
from tests.e2e.lab import CHROMIUM_ARGS, Notebook, open_lab
from tests.servers import JupyterServer

__all__ = ["run"]

_TIMED = """async index => {
  const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  const area = notebook.widgets[index].outputArea.node;
  notebook.widgets[index].model.clearExecution();
  const shown = new Promise(done => {
    const look = () => area.querySelector('.jp-OutputArea-output') &&
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
    new MutationObserver(look).observe(area, {childList: true, subtree: true});
  });
  const began = performance.now();
  app.commands.execute('notebook:run-cell');
  return await shown - began;
}"""
_CELLS = {
    "print(1) (control)": "print(1)",
    "%vibe task, an oracle": "%vibe task login --type file_search --mode literal",
}


def run(context: Context) -> BenchResult:
    """Run two cells in turn, many times."""
    rounds = context.rounds(quick=10, full=60)
    result = BenchResult(
        name="lab",
        what="Cell to rendered result in JupyterLab",
        how=f"{rounds} runs of each cell in turn in one notebook in headless Chromium; from the command to the second "
        "animation frame behind the first output.",
        limits=["One small folder is searched; the browser draws in software."],
        columns=["cell", "p50 ms", "p99 ms", "max ms"],
    )
    if not context.with_vibe or chromium() is None:
        result.notes.append("no Chromium here, or the controls only")
        return result
    folder = context.new_folder("lab")
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"windowingMode": "none", "autoStartDefaultKernel": True}))
    env = {
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "spaces"),
    }
    with JupyterServer(folder, app="jupyterlab", env=env) as server, sync_playwright() as playwright:
        (server.root / "auth.py").write_text("def login(): ...\n")
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        page = browser.new_page()
        open_lab(page, server.url, server.token)
        samples = _measure(page, server.root / "cells.ipynb", rounds)
        browser.close()
    for name, times in samples.items():
        result.rows.append([name, median(times), percentile(times, 99), max(times)])
    return result


def _measure(page: Page, path: Path, rounds: int) -> dict[str, list[float]]:
    notebook = Notebook(page, path, *_CELLS.values())
    for index in range(len(_CELLS)):
        notebook.run(index)
    samples: dict[str, list[float]] = {name: [] for name in _CELLS}
    for _ in range(rounds):
        for index, name in enumerate(_CELLS):
            samples[name].append(page.evaluate(_TIMED, index))
    return samples
