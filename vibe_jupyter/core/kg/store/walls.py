"""What a process that runs strangers' queries cannot do, whatever the guard let through.

It cannot speak to anybody, not eat all memory, and not leave a core dump.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from pathlib import Path

__all__ = ["MemoryMeter", "limit_descriptors", "limit_memory", "refuse_sockets"]

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CALLS = {
    "x86_64": (41, 42, 53, 59, 322, 425),
    "aarch64": (198, 203, 199, 221, 281, 425),
}
"""The numbers of socket, connect, socketpair, execve, execveat, io_uring_setup."""
_X32 = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _FAIL_WITH_EACCES = 0x7FFF0000, 0x50000 | 13
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32),
    )  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def refuse_sockets() -> bool:
    """Have the kernel refuse this thread, and all that it starts from now on, sockets and programs; tell if it does.

    On Linux (x86-64, ARM64) with seccomp only. Call it before there are other threads.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _CALLS:
        return False
    lines = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _FAIL_WITH_EACCES),
        (_LOAD, 0, 0, 0),
        *((_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _FAIL_WITH_EACCES)),
    ]
    for number in _CALLS[machine]:
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _FAIL_WITH_EACCES)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    instructions = (_Instruction * len(lines))(*(_Instruction(*line) for line in lines))
    program = _Program(len(lines), instructions)
    prctl = ctypes.CDLL(None).prctl
    return bool(
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    )


def limit_descriptors(tables: Path) -> None:
    """Allow no new descriptor, and so no socket, but for the tables of the store that are not open yet.

    RocksDB opens sixteen of them at once and the others when it needs them. One that cannot be opened has sent it into
    a loop that ate all memory (pyoxigraph 0.5.13), so there must be room for those.

    Args:
        tables: the folder of the store.
    """
    if sys.platform == "win32":
        return
    import resource

    room = len(list(tables.glob("*.sst"))) - _open_tables()
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(max(0, room) + 1)]
    for descriptor in held:
        os.close(descriptor)
    # The lowest free one: a gap below the highest would let a socket through.
    resource.setrlimit(resource.RLIMIT_NOFILE, (held[-1], held[-1]))


def _open_tables() -> int:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return 16
    count = 0
    for entry in folder.iterdir():
        try:
            count += entry.readlink().suffix == ".sst"
        except FileNotFoundError:  # the one that lists the folder
            continue
    return count


def limit_memory(meter: MemoryMeter, more_bytes: int) -> None:
    """Allow this process so much more memory than it has now; past that an allocation fails and it aborts."""
    if sys.platform == "win32":
        return
    import resource

    virtual, _ = meter.read()
    if virtual:  # macOS neither tells it cheaply nor heeds the limit
        resource.setrlimit(resource.RLIMIT_AS, (virtual + more_bytes, virtual + more_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class MemoryMeter:
    """Reads how much memory we have; it keeps its file open, so that it works behind the walls."""

    def __init__(self) -> None:
        try:
            self._file: int | None = os.open("/proc/self/statm", os.O_RDONLY)
        except FileNotFoundError:
            self._file = None

    def read(self) -> tuple[int, int]:
        """Return our virtual and our resident bytes; zeros where that is not cheap to know."""
        if self._file is None:
            return 0, 0
        virtual, resident = os.pread(self._file, 100, 0).split()[:2]
        page = os.sysconf("SC_PAGE_SIZE")
        return int(virtual) * page, int(resident) * page
