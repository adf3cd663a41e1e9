"""Which process somebody is, so that another one on the same machine can tell whether it still lives.

A pid alone is used again sooner or later; together with the time at which the process started it is not.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessIdentity"]

_DEAD_STATES = ("Z", "X", "x")  # a zombie has ended; only its parent has not looked yet


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process among all machines.

    Args:
        host: the machine.
        boot_id: its current boot and, on Linux, the pid namespace; empty where `started` says enough.
        pid: the process on it.
        started: when it started, in whatever unit the system has.
    """

    host: str
    boot_id: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> ProcessIdentity:
        """Return this process."""
        pid = os.getpid()
        return cls(_host(), _boot_id(), pid, _started(pid) or "")

    def is_gone(self) -> bool | None:
        """Return whether the process has ended; None if that cannot be told from here."""
        boot, _, namespace = self.boot_id.partition(" ")
        own_boot, _, own_namespace = _boot_id().partition(" ")
        if boot != own_boot:  # this machine was started anew, or it is another one
            return True if self.host == _host() else None
        if namespace != own_namespace or (not boot and self.host != _host()):
            return None
        started = _started(self.pid)
        return started is None or started != self.started


def _host() -> str:
    for file in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        if file.is_file():
            return f"{socket.gethostname()} {file.read_text().strip()}"
    return socket.gethostname()


def _boot_id() -> str:
    file = Path("/proc/sys/kernel/random/boot_id")
    return f"{file.read_text().strip()} {Path('/proc/self/ns/pid').readlink()}" if file.is_file() else ""


def _started(pid: int) -> str | None:
    """Return when a process started, None if there is none with that pid."""
    if sys.platform == "linux":
        return _started_linux(pid)
    if sys.platform == "win32":
        return _started_windows(pid)
    found = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    state, _, started = found.stdout.strip().partition(" ")
    return started.strip() or None if not state.startswith(_DEAD_STATES) else None


def _started_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything; see proc(5)
    return None if fields[0] in _DEAD_STATES else fields[19]


def _started_windows(pid: int) -> str | None:
    import ctypes

    kernel: object = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    query_limited_information, still_active = 0x1000, 259
    handle = kernel.OpenProcess(query_limited_information, False, pid)  # type: ignore[attr-defined]
    if not handle:
        return None
    times = [ctypes.c_ulonglong() for _ in range(4)]
    code = ctypes.c_ulong()
    try:
        kernel.GetProcessTimes(handle, *map(ctypes.byref, times))  # type: ignore[attr-defined]
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))  # type: ignore[attr-defined]
    finally:
        kernel.CloseHandle(handle)  # type: ignore[attr-defined]
    return str(times[0].value) if code.value == still_active else None
