"""The benchmarks, one module each with a function `run`; `BENCHES` names them in the order of a full run."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.benches import drain, engine, imports, lab, magic, mcp_rest, mcp_sessions, memory, post, reads
from benchmarks.context import Context
from benchmarks.figures import BenchResult

__all__ = ["BENCHES"]

BENCHES: dict[str, Callable[[Context], BenchResult]] = {
    "reads": reads.run,
    "post": post.run,
    "engine": engine.run,
    "drain": drain.run,
    "import": imports.run,
    "memory": memory.run,
    "magic": magic.run,
    "lab": lab.run,
    "mcp_sessions": mcp_sessions.run,
    "mcp_rest": mcp_rest.run,
}
