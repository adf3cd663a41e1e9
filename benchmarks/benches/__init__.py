"""The benchmarks, one module each with a function `run`; `BENCHES` names them in the order of a full run."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.benches import (
    drain,
    engine,
    imports,
    kg_accuracy,
    kg_accuracy_typescript,
    kg_build,
    kg_peer,
    kg_queries,
    kg_store,
    lab,
    magic,
    mcp_rest,
    mcp_sessions,
    memory,
    post,
    reads,
)
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
    "kg_store": kg_store.run,
    "kg_build": kg_build.run,
    "kg_peer": kg_peer.run,
    "kg_queries": kg_queries.run,
    "kg_accuracy": kg_accuracy.run,
    "kg_accuracy_typescript": kg_accuracy_typescript.run,
}
