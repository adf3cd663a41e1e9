"""The program of the reaper: it waits for the end of its parent, and ends what the parent's servers have left.

Run by its path with `python -I -S`, so it uses the standard library alone. Its argument is the mark that the servers
of the parent have in their environment; on standard input come lines `+GROUP` and `-GROUP`, and `bye` at an end that
needs no reaper.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys

_PATIENCE_S = 2.0
"""How often it looks whether the parent lives, beside its pipe: a fork of the parent may hold that open."""
_ROUNDS = 20


def started_at(pid: int) -> bytes | None:
    """Return when a process started, in ticks of the kernel; None if there is none, or no `/proc`."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib would double the start
            return file.read().rpartition(b")")[2].split()[19]
    except (OSError, IndexError):
        return None


def is_still(group: int, leader_started: bytes | None) -> bool:
    """Return whether a group is the one that was noted.

    Its id is not given away while it has members. So either its leader lives, or nobody has that id, or the group is
    empty and another process has it.
    """
    now = started_at(group)
    return now is None or leader_started is None or now == leader_started


def marked(mark: bytes) -> list[int]:
    """Return the processes with a mark in their environment, which those inherit that have left their group."""
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208
            with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
                if name.isdigit() and mark in file.read():
                    found.append(int(name))
    return found


def reap(groups: dict[int, bytes | None], mark: bytes) -> None:
    """End all that is left."""
    for group, leader_started in groups.items():
        if is_still(group, leader_started):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
    for _ in range(_ROUNDS):  # what is started meanwhile has the mark too
        left = marked(mark)
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def main(mark: str) -> None:
    """Wait, and reap."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the parent's end is what ends it
        signal.signal(one, signal.SIG_IGN)
    parent = os.getppid()
    groups: dict[int, bytes | None] = {}
    rest = b""
    while True:
        if not select.select([0], [], [], _PATIENCE_S)[0]:
            if os.getppid() != parent:
                break
            continue
        read = os.read(0, 1 << 16)
        if not read:
            break
        *lines, rest = (rest + read).split(b"\n")
        for line in lines:
            if line == b"bye":
                return
            group = int(line[1:])
            if line.startswith(b"+"):
                groups[group] = started_at(group)
            else:
                groups.pop(group, None)
    reap(groups, mark.encode())


if __name__ == "__main__":
    main(sys.argv[1])
