"""`jupyter vibe demo`: the quickstart notebook, run in this environment, and what it did."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import sys
from datetime import UTC, datetime
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from vibe_jupyter.core.errors import Failed, InvalidInput
from vibe_jupyter.core.tasks.schemas import TaskTarget

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

    from vibe_jupyter.core.tasks.schemas import Task

__all__ = ["DemoReport", "DemoTask", "run_demo", "sample_project"]

_NOTEBOOK = "quickstart.ipynb"
_SAMPLE = "shop"
_CELL_TIMEOUT_S = 120
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", ".pytest_cache")


class DemoTask(BaseModel):
    """A task that the notebook ran."""

    id: str
    type: str
    target: TaskTarget | None
    why: str = Field(description="Why it went to that target.")
    state: str
    seconds: float
    summary: str


class DemoReport(BaseModel):
    """What the demo did."""

    ok: bool = Field(description="Whether the notebook ran to its end and every task succeeded.")
    tasks: list[DemoTask]
    notebook: str = Field(description="The executed notebook.")
    open_with: str = Field(description="The command that opens it.")
    install_with: str | None = Field(
        default=None, description="The command that gets JupyterLab; null if it is there."
    )
    kept: str | None = Field(
        default=None,
        description="The folder that was asked for, left as it is because its files were changed; else null.",
    )


def run_demo(folder: str, *, quiet: bool) -> DemoReport:
    """Copy the packaged notebook and its sample project to a folder, execute it there, and report.

    Args:
        folder: made if it is not there. Where a file in it was changed since an earlier demo, the next free one
            is taken: `vibe-demo-2`.
        quiet: show no progress.

    Raises:
        InvalidInput: `demo.folder`, if the folder cannot be made.
        Failed: `demo.failed`, with the cell's own error.
    """
    import nbformat

    wanted = Path(folder).absolute()
    place = _prepare(wanted)
    path = place / _NOTEBOOK
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    began = datetime.now(UTC)
    _execute(notebook, place, quiet=quiet)
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    tasks = _tasks_since(began)
    return DemoReport(
        ok=bool(tasks) and all(task.state == "succeeded" for task in tasks),
        tasks=tasks,
        notebook=str(path),
        open_with=f"{_command('jupyter')} lab {shlex.quote(os.path.relpath(path))}",
        install_with=None if find_spec("jupyterlab") else f"{_command('pip')} install jupyterlab",
        kept=None if place == wanted else str(wanted),
    )


def sample_project() -> Path:
    """Return the quickstart's sample project: the one in the working directory, or else the packaged one.

    Papermill runs a notebook where it was called, not where the notebook lies.
    """
    beside = Path(_SAMPLE).absolute()
    if (beside / "data" / "orders.csv").is_file():
        return beside
    return Path(str(packaged_notebooks() / _SAMPLE))


def packaged_notebooks() -> Traversable:
    """Return where the notebooks lie: in the package, or beside it in a checkout."""
    packaged = resources.files("vibe_jupyter") / "notebooks"
    if packaged.is_dir():
        return packaged
    return Path(str(resources.files("vibe_jupyter"))).parent / "notebooks"


def _prepare(wanted: Path) -> Path:
    place = wanted
    try:
        with resources.as_file(packaged_notebooks()) as source:
            numbers = itertools.count(2)
            while _is_changed(place, source):
                place = wanted.with_name(f"{wanted.name}-{next(numbers)}")
            shutil.copytree(source, place, dirs_exist_ok=True, ignore=_NOT_COPIED)
    except OSError as error:
        raise InvalidInput(
            f"the demo cannot be put into {place}: {error.strerror or error}",
            code="demo.folder",
            hint="name another one with --folder",
        ) from error
    return place


def _is_changed(place: Path, source: Path) -> bool:
    """Return whether a file that the demo would write is there with another content."""
    for folder, folders, names in os.walk(source):
        skipped = _NOT_COPIED(folder, [*folders, *names])
        folders[:] = [name for name in folders if name not in skipped]
        for name in names:
            original = Path(folder, name)
            there = place / original.relative_to(source)
            if name not in skipped and there.is_file() and _content(there) != _content(original):
                return True
    return False


def _content(path: Path) -> Any:
    """Return what of a file is the person's: of the quickstart the cells without what running them left."""
    data = path.read_bytes()
    if path.name == _NOTEBOOK:
        try:
            return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(data)["cells"]]
        except (ValueError, LookupError, TypeError):  # no notebook any more
            pass
    return data


def _execute(notebook: NotebookNode, place: Path, *, quiet: bool) -> None:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]

    def before_cell(cell: NotebookNode, cell_index: int) -> None:
        if not quiet and cell in cells:
            _show(f"[{cells.index(cell) + 1}/{len(cells)}] {cell.source.splitlines()[0][:70]}")

    client = NotebookClient(
        notebook,
        km=_own_kernel(),
        timeout=_CELL_TIMEOUT_S,
        resources={"metadata": {"path": str(place)}},
        on_cell_execute=before_cell,
    )
    try:
        # Not a running server's business: the demo shows what needs none.
        client.execute(env={**os.environ, "VIBE_SERVER_URL": "in-process"})
    except CellExecutionError as error:
        raise Failed(
            f"the quickstart stopped: {error.ename}: {error.evalue}"[:1000],
            code="demo.failed",
            hint="jupyter vibe doctor finds what is wrong with the installation",
        ) from None
    finally:
        if not quiet:
            _show("")


def _own_kernel() -> AsyncKernelManager:
    """Return a kernel of this very interpreter, whatever kernelspecs the user has installed."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class OwnKernelSpecs(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            del kernel_name
            argv = [
                sys.executable,
                "-m",
                "ipykernel_launcher",
                "-f",
                "{connection_file}",
                "--log-level=ERROR",
            ]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

    manager: AsyncKernelManager = AsyncKernelManager(kernel_spec_manager=OwnKernelSpecs())
    return manager


def _tasks_since(began: datetime) -> list[DemoTask]:
    from vibe_jupyter.client.api import connect

    vibe = connect("in-process")
    found: list[Task] = vibe.tasks.history(since=began, limit=200).items
    return [_demo_task(vibe, task) for task in reversed(found)]


def _demo_task(vibe: Any, task: Task) -> DemoTask:
    from vibe_jupyter.widgets.rendering import summary

    explanation = vibe.tasks.explain(task.id)
    score = next((c.score for c in explanation.candidates if c.id == explanation.chosen), 0.0)
    others = len(explanation.candidates) - 1
    started, finished = task.started_at, task.finished_at
    return DemoTask(
        id=task.id,
        type=task.type,
        target=task.target,
        why=f"best of {others + 1} for {task.capability}, score {score:.2f}"
        if others > 0
        else f"the only one for {task.capability}",
        state=task.state,
        seconds=round((finished - started).total_seconds(), 3) if started and finished else 0.0,
        summary=task.error.message if task.error else summary(task),
    )


def _command(name: str) -> str:
    """Return how a program of this environment is called here: by its path unless it is the one on PATH."""
    own = Path(sys.executable).parent / name
    found = shutil.which(name)
    if own.exists() and (found is None or Path(found).resolve() != own.resolve()):
        return shlex.quote(os.path.relpath(own))
    return name


def _show(text: str) -> None:
    """Show one line of progress: replaced in place on a terminal, written out elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{text}")
    elif text:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
