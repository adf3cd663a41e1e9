"""The graph of a project beside graphify's of the same files: what each costs, and how many true call edges it has."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_least
from benchmarks.packages import CACHE, package_source
from benchmarks.python_judge import Definitions, facts_of, score_python
from benchmarks.scip import scip_index
from benchmarks.server_process import REPOSITORY

__all__ = ["run"]

_PEER = "graphifyy==0.9.96"
_PACKAGES = ("jupyter_server==2.21.1", "rich==15.0.0", "celery==5.7.0")
_LARGE = ("sqlalchemy==2.1.9", "django==5.2.19")
_LIMIT_S = 600
_GENERATE = """
import sys
from vibe_jupyter.core.kg.build.generate import generate
if __name__ == "__main__":
    generate(sys.argv[2], "kg", sys.argv[1])
"""


def run(context: Context) -> BenchResult:
    """Build each package's graph with both, in fresh processes."""
    packages = _PACKAGES[:1] if context.is_quick else _PACKAGES
    result = BenchResult(
        name="kg_peer",
        what=f"The graph of a project beside that of {_PEER}, a code graph on tree-sitter",
        how="Each in a fresh process, the CPU of all its processes, imports included; the least of "
        f"{context.rounds(quick=1, full=2)}. Ours: a clean generation, the store and the search index included. "
        "Theirs: `graphify update .`, which needs no model, as it is and without its search for communities. Call "
        "edges are true if scip-python has them (see kg_accuracy); ours are `scoped` and `imported`.",
        limits=[
            "Each does what the other does not: theirs keeps comments and communities, ours parameters and call sites.",
            "Their edges count by the line and name that their nodes give; what cannot be found so is not counted.",
            "On projects of a few thousand lines half of our time is Python's start.",
        ],
        columns=[
            *("package", "graphify CPU s", "without communities", "ours CPU s", "ratio", "without communities"),
            *("true edges", "graphify's", "ours"),
        ],
    )  # fmt: skip
    peer = _installed_peer()
    ratios, gains = [], []
    for package in (*packages, *([] if context.is_quick else _LARGE)):
        context.say(f"kg_peer: {package}")
        root = context.new_folder("peer") / "project"
        shutil.copytree(package_source(package), root)
        rounds = context.rounds(quick=1, full=2)
        theirs = min(_peer(peer, root) for _ in range(rounds))
        less = min(_peer(peer, root, "--no-cluster") for _ in range(rounds))
        graph = json.loads((root / "graphify-out" / "graph.json").read_bytes())
        shutil.rmtree(root / "graphify-out")
        if not context.with_vibe:
            continue
        program = context.new_folder("program") / "generate.py"
        program.write_text(_GENERATE)
        ours = min(_ours(context, program, root) for _ in range(rounds))
        ratios.append(theirs / ours)
        row = [
            package,
            round(theirs, 2),
            round(less, 2),
            round(ours, 2),
            round(theirs / ours, 1),
            round(less / ours, 1),
        ]
        if package in _LARGE:
            result.rows.append([*row, None, None, None])
            continue
        score = score_python(package_source(package), context.new_folder("kg_peer"), scip_index(package))
        peer_edges = _call_edges(graph, root)
        right = (len(peer_edges & score.true_edges), len(score.our_edges & score.true_edges))
        gains.append(right[1] / max(1, right[0]))
        sizes = (len(peer_edges), len(score.our_edges))
        result.rows.append(
            [
                *row,
                len(score.true_edges),
                *(f"{n} of {size} it says" for n, size in zip(right, sizes, strict=True)),
            ]
        )
    if context.with_vibe:
        result.targets += [
            at_least("CPU of graphify on the same files, the least package", min(ratios), 5, "x of ours"),
            at_least("true call edges, the worst package", min(gains), 1, "x of graphify's"),
        ]
    return result


def _installed_peer() -> Path:
    """Return the peer's program, installed once in an environment of its own."""
    place = CACHE / _PEER
    program = place / "bin" / "graphify"
    if not program.exists():
        venv.create(place, clear=True, with_pip=True)
        command = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", _PEER]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_LIMIT_S)
        if done.returncode:
            raise RuntimeError(f"{_PEER} cannot be installed: {done.stderr[-1_000:]}")
    return program


def _peer(program: Path, root: Path, *more: str) -> float:
    """Return what the peer takes for a project that it has not seen."""
    shutil.rmtree(root / "graphify-out", ignore_errors=True)
    return _cpu([str(program), "update", ".", *more], root)


def _ours(context: Context, program: Path, root: Path) -> float:
    folder = context.new_folder("graph")
    return _cpu([sys.executable, str(program), str(root), str(folder)], REPOSITORY)


def _cpu(command: list[str], folder: Path) -> float:
    """Return the seconds of processor that a command took, with all that it started and waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=_LIMIT_S,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)} if folder == REPOSITORY else None,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-2_000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _call_edges(graph: dict[str, list[dict[str, str]]], root: Path) -> set[tuple[str, str]]:
    """Return the peer's calls, between the definitions of its project as the judge names them."""
    definitions = Definitions(facts_of(root))
    keys: dict[str, str] = {}
    for node in graph["nodes"]:
        path, place = node.get("source_file", ""), node.get("source_location") or "L0"
        name = node["label"].strip(".()").rpartition(".")[2]
        key = definitions.near(path, int(place.removeprefix("L").partition("-")[0]), name)
        is_file = path.rpartition("/")[2] == node["label"]
        if key or is_file:
            keys[node["id"]] = key or path
    return {
        (keys[edge["source"]], keys[edge["target"]])
        for edge in graph["links"]
        if edge["relation"] == "calls" and edge["source"] in keys and edge["target"] in keys
    }
