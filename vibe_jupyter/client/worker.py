"""A process that only runs tasks, beside the servers of an installation."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

__all__ = ["run_worker"]


def run_worker() -> str:
    """Run tasks until SIGINT or SIGTERM; what runs then is taken over by others."""
    from vibe_jupyter.core.platform import Platform
    from vibe_jupyter.core.settings import load_settings

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    platform = Platform(load_settings(), Path.cwd(), "worker")
    platform.start()
    platform.call(platform.execution.start())
    print(f"worker {platform.execution.executor_id} runs tasks of {platform.settings.data_dir}", flush=True)
    ended.wait()
    platform.stop()
    return "stopped; what it had running is taken over by others"
