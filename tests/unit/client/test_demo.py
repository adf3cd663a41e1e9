"""Where the demo goes, and what it says; that it runs is tested headless."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from vibe_jupyter.client import demo
from vibe_jupyter.widgets.rendering import as_text


@pytest.fixture(autouse=True)
def nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def execute(notebook: Any, place: Path, *, quiet: bool) -> None:
        cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
        cell.execution_count, cell.outputs = 1, [nbformat.v4.new_output("stream", text="done")]

    monkeypatch.setattr(demo, "_execute", execute)
    monkeypatch.setattr(demo, "_tasks_since", lambda began: [])


def run(folder: Path) -> demo.DemoReport:
    return demo.run_demo(str(folder), quiet=True)


def test_an_untouched_demo_is_run_again_in_its_folder(tmp_path: Path) -> None:
    first, second = run(tmp_path / "demo"), run(tmp_path / "demo")
    assert first.notebook == second.notebook == str(tmp_path / "demo" / "quickstart.ipynb")
    assert second.kept is None


@pytest.mark.parametrize("name", ["shop/src/auth/session.py", "shop/sales.ipynb", "shop/data/orders.csv"])
def test_a_changed_file_of_the_sample_project_is_kept(tmp_path: Path, name: str) -> None:
    run(tmp_path / "demo")
    changed = tmp_path / "demo" / name
    changed.write_text("mine")
    report = run(tmp_path / "demo")
    assert changed.read_text() == "mine"
    assert report.notebook == str(tmp_path / "demo-2" / "quickstart.ipynb")
    assert report.kept == str(tmp_path / "demo")
    assert f"kept: {tmp_path / 'demo'} holds changes" in as_text(report)


def test_a_changed_notebook_is_kept_however_often_the_demo_runs(tmp_path: Path) -> None:
    notebook = Path(run(tmp_path / "demo").notebook)
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"].append(nbformat.v4.new_code_cell("mine = 1"))
    notebook.write_text(json.dumps(content), encoding="utf-8")
    broken = Path(run(tmp_path / "demo").notebook)
    broken.write_text("no notebook")
    assert run(tmp_path / "demo").notebook == str(tmp_path / "demo-3" / "quickstart.ipynb")
    assert "mine = 1" in notebook.read_text(encoding="utf-8")
    assert broken.read_text() == "no notebook"


def test_further_files_are_in_nobodys_way(tmp_path: Path) -> None:
    run(tmp_path / "demo")
    (tmp_path / "demo" / "more.txt").write_text("mine")
    assert run(tmp_path / "demo").kept is None
    assert (tmp_path / "demo" / "more.txt").read_text() == "mine"


@pytest.mark.parametrize("has_lab", [True, False])
def test_where_jupyterlab_is_missing_the_report_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_lab: bool
) -> None:
    monkeypatch.setattr(demo, "find_spec", lambda name: object() if has_lab else None)
    report = run(tmp_path / "demo")
    assert (report.install_with is None) == has_lab
    assert ("pip install jupyterlab" in as_text(report)) != has_lab
