"""What an idle server weighs with our extension, beside one without it."""

from __future__ import annotations

import json
from contextlib import ExitStack

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_most
from benchmarks.process_stats import ProcessTree
from benchmarks.server_process import ServerProcess
from benchmarks.servers import JupyterServer, VibeServer
from benchmarks.statistics import median

__all__ = ["run"]

MIB = 2**20


def run(context: Context) -> BenchResult:
    """Start both side by side, several times."""
    rounds = context.rounds(quick=1, full=3)
    result = BenchResult(
        name="memory",
        what="Resident memory of an idle Jupyter server with our extension, beside a bare one",
        how=f"Both are started {rounds} times, in turns, with the same extensions of the environment "
        "otherwise; the sum of the RSS of the process tree right after the server answers its first "
        "request; the median.",
        limits=[
            "Pages shared between processes count in each.",
            "The engine is loaded at the first task, not at the start.",
        ],
        columns=["server", "RSS MB"],
    )
    kinds = [JupyterServer, *([VibeServer] if context.with_vibe else [])]
    found: dict[str, list[float]] = {}
    for turn in range(rounds):
        context.say(f"memory: round {turn + 1}")
        folder = context.new_folder("memory")
        with ExitStack() as running:
            for kind in kinds:
                server = running.enter_context(kind(folder / kind.name))
                if isinstance(server, VibeServer):
                    server.ask("GET", "/vibe/api/tasks/history")
                found.setdefault(kind.name, []).append(_rss_mb(server))
                if isinstance(server, VibeServer):
                    _run_one_task(server)
                    found.setdefault("vibe, after its first task", []).append(_rss_mb(server))
    for name, samples in found.items():
        result.rows.append([name, round(median(samples), 1)])
    if context.with_vibe:
        ours, bare = median(found["vibe"]), median(found["jupyter_bare"])
        after = median(found["vibe, after its first task"])
        detail = f"{ours:.0f} against {bare:.0f} MB; {after:.0f} MB once a task has run"
        result.targets.append(at_most("idle server over a bare one", ours - bare, 60, "MB", detail))
    return result


def _rss_mb(server: ServerProcess) -> float:
    return ProcessTree(server.pid).usage().rss_bytes / MIB


def _run_one_task(server: VibeServer) -> None:
    """Create a task and follow its events; the stream ends with the task."""
    body = {"type": "file_search", "input": {"query": "find", "path": str(server.search_root())}}
    task_id = json.loads(server.ask("POST", "/vibe/api/tasks", body))["id"]
    server.ask("GET", f"/vibe/api/tasks/{task_id}/events")
