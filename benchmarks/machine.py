"""Facts about the machine and the versions, without a name of host or user."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sqlite3
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psutil

from benchmarks.statistics import median

__all__ = ["fsync_us", "machine_facts"]

PACKAGES = (
    *("jupyter_server", "tornado", "pydantic", "sqlalchemy", "aiosqlite", "orjson", "dbos"),
    *("fastapi", "starlette", "uvicorn"),
)


def machine_facts() -> dict[str, str]:
    """Return what a reader needs to judge the figures."""
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{package} missing")
    parser = "httptools" if find_spec("httptools") else "h11"
    loop = "uvloop" if find_spec("uvloop") else "asyncio"
    release = re.match(r"[\d.]*\d", platform.release())
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {release[0] if release else ''}".strip(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "uvicorn runs on": f"{loop}, {parser}",
        "versions": ", ".join(versions),
    }


def _processor() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def fsync_us(rounds: int = 100) -> float:
    """Return what writing 4 KiB to the disk for good takes now, in microseconds (the median).

    It bounds every durable commit, and on a rented machine it may change twentyfold within minutes.
    """
    with tempfile.TemporaryFile() as file:
        times = []
        for number in range(rounds):
            os.pwrite(file.fileno(), bytes(4096), number * 4096)
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return median(times) * 1e6
