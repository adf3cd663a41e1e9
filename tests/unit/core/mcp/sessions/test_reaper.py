"""What servers have started ends with us, also when we are killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mcp_servers.calls import ended, is_alive, text, until
from tests.mcp_servers.processes import FAULTY, faulty_spec
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.sessions.reaper import Reaper
from vibe_jupyter.core.mcp.sessions.reaper_program import is_still, started_at

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc"),
]

CODE = """
import asyncio, os, signal, subprocess, sys
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import Call, ServerSpec

async def main():
    pool = SessionPool()
    spec = ServerSpec("f", "f", "stdio", tuple(sys.argv[2:]))
    pids = []
    for leaves in (False, True):
        result = await pool.call(spec, Call("orphan", {"leaves": leaves}))
        pids.append(result.content[0].text)
    pids.append(str(pool.health("f").pid))
    if sys.argv[1] == "forked":  # a child that holds our pipes open
        if os.fork() == 0:
            signal.pause()
    print(*pids, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["alone", "forked"])
async def test_children_of_servers_end_when_we_are_killed(how: str) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        "-c",
        CODE,
        how,
        *FAULTY,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert parent.stdout is not None
        pids = [int(pid) for pid in (await parent.stdout.readline()).split()]
        assert len(pids) == 3
        assert all(is_alive(pid) for pid in pids)
        parent.kill()
        await asyncio.gather(*(ended(pid) for pid in pids))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
        await parent.communicate()


async def test_a_process_of_its_own_session_outlives_an_orderly_end(pool: SessionPool) -> None:
    pid = int(await text(pool, faulty_spec(), "orphan", {"leaves": True}))
    await pool.aclose()
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"], start_new_session=True)


async def test_a_group_that_was_ended_is_forgotten_and_a_lost_reaper_replaced() -> None:
    reaper = Reaper()
    reaper.start()
    first = reaper._process
    assert first is not None
    first.kill()
    first.wait()
    children = [sleeper() for _ in range(3)]
    forgotten, watched, early = children
    try:
        reaper.watch(early.pid)  # finds out that it is lost
        for child in (forgotten, watched):
            reaper.watch(child.pid)
        reaper.forget(forgotten.pid)
        second = reaper._process
        assert second is not None
        assert second is not first
        assert second.stdin is not None
        second.stdin.close()  # as our end does
        await asyncio.to_thread(second.wait, 10)
        await until(lambda: watched.poll() is not None and early.poll() is not None)
        assert forgotten.poll() is None
    finally:
        with contextlib.suppress(ValueError):  # from the closed pipe
            reaper.close()
        for child in children:
            child.kill()
            child.wait()


async def test_the_id_of_another_process_is_no_group_of_ours() -> None:
    started = started_at(os.getpid())
    assert started is not None
    assert is_still(os.getpid(), started)
    assert not is_still(os.getpid(), b"1")
    assert is_still(2**22 + 1, b"1")  # nobody: its members may live
