"""What a process and its children have used: CPU seconds and resident memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

__all__ = ["ProcessTree", "Usage"]


@dataclass(frozen=True)
class Usage:
    """What a process tree used up to one moment."""

    cpu_s: float
    """User and system time of all its processes, in seconds, ended ones that were waited for included."""
    rss_bytes: int
    """Resident memory of the processes that live now, in bytes."""
    main_thread_cpu_s: float
    """Of `cpu_s`, what the first thread of the first process used: in a server, its event loop."""


@dataclass(frozen=True)
class ProcessTree:
    """A process, by its id, and everything it started."""

    pid: int

    def usage(self) -> Usage:
        """Read the usage now; raises `psutil.NoSuchProcess` when the first process is gone."""
        root = psutil.Process(self.pid)
        cpu_s, rss_bytes = 0.0, 0
        for process in (root, *root.children(recursive=True)):
            with _may_have_ended(process, root):
                times = process.cpu_times()
                memory = process.memory_info()
                cpu_s += times.user + times.system + times.children_user + times.children_system
                rss_bytes += memory.rss
        main = next((thread for thread in root.threads() if thread.id == self.pid), None)
        return Usage(cpu_s, rss_bytes, main.user_time + main.system_time if main else 0.0)


@contextlib.contextmanager
def _may_have_ended(process: psutil.Process, root: psutil.Process) -> Iterator[None]:
    """Let a child end between listing and reading: its time is then among its parent's children times."""
    try:
        yield
    except psutil.NoSuchProcess:
        if process is root:
            raise
