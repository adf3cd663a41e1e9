"""The judge of Python call edges: indexes that scip-python (pyright inside) makes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from benchmarks.packages import CACHE, package_source
from benchmarks.scip_index import ScipIndex, read_scip
from tests.npm_modules import node, npm_installed

__all__ = ["NPM", "is_of_project", "scip_index"]

_LIMIT_S = 1_500
NPM = Path(__file__).parent / "npm"


def scip_index(requirement: str) -> ScipIndex:
    """Return the index of a pinned release; made once (minutes) and kept in the user's cache folder.

    Raises:
        RuntimeError: it cannot be made.
    """
    source = package_source(requirement)
    place = CACHE / "scip" / f"{requirement}.scip"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        work = place.with_suffix(f".{os.getpid()}")
        program = npm_installed(NPM) / "@sourcegraph" / "scip-python" / "index.js"
        command = [node(), "--max-old-space-size=4096", str(program), "index", "--project-name", _PROJECT]
        command += ["--project-version", "1", "--output", str(work)]
        done = subprocess.run(
            command, check=False, cwd=source, capture_output=True, text=True, timeout=_LIMIT_S
        )
        if done.returncode:
            raise RuntimeError(f"scip-python could not index {requirement}: {done.stderr[-1500:]}")
        work.rename(place)
    return read_scip(place)


_PROJECT = "measured-project"


def is_of_project(symbol: str) -> bool:
    """Whether the project itself, not something that it imports, defines a symbol."""
    return f" {_PROJECT} " in symbol
