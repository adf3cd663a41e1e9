"""The lives of a session: what ends one, and what a call meets at any moment of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.mcp_servers.calls import ended, failure, is_alive, text, until
from tests.mcp_servers.processes import FAULTY, faulty_spec
from vibe_jupyter.core.mcp.errors import CallTimeout, Crashed, RemoteError, UnknownTool, maybe_executed
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.sessions.process import tether
from vibe_jupyter.core.mcp.spec import Call, Limits, ServerSpec

pytestmark = pytest.mark.asyncio


def starts(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()]


class TestItsEnd:
    async def test_a_call_while_an_idle_session_closes_opens_another(
        self, pool: SessionPool, tmp_path: Path
    ) -> None:
        spec = faulty_spec(limits=Limits(idle_s=0.1), MODE="stubborn", COUNT_FILE=str(tmp_path / "starts"))
        await text(pool, spec, "ok")
        await until(lambda: pool.health("faulty").state == "stopped")  # it closes for two seconds now
        assert await text(pool, spec, "ok") == "ok"
        first, second = starts(tmp_path / "starts")
        assert not is_alive(first)  # it was over before the other began: they may need the same file
        assert is_alive(second)

    async def test_one_that_ends_unasked_is_told_of_and_started_again(self, pool: SessionPool) -> None:
        spec = faulty_spec()
        await text(pool, spec, "ok")
        pid = pool.health("faulty").pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: pool.health("faulty").last_error)
        assert pool.health("faulty").last_error == "faulty was killed by SIGKILL while nobody called it"
        assert await text(pool, spec, "ok") == "ok"
        assert pool.health("faulty").restarts == 1

    async def test_going_idle_is_no_restart(self, pool: SessionPool) -> None:
        spec = faulty_spec(limits=Limits(idle_s=0.05))
        await text(pool, spec, "ok")
        await until(lambda: pool.health("faulty").state == "stopped")
        await text(pool, spec, "ok")
        assert pool.health("faulty").restarts == 0

    async def test_it_is_not_idle_while_it_is_called(self, pool: SessionPool) -> None:
        spec = faulty_spec(limits=Limits(idle_s=0.05))
        assert await text(pool, spec, "slow", {"seconds": 0.4}) == "slept"

    async def test_children_that_hold_its_pipes_do_not_hide_a_crash(self, pool: SessionPool) -> None:
        spec = faulty_spec()
        await text(pool, spec, "ok")
        began = time.monotonic()
        error = await failure(pool, spec, "die-leaving")
        assert isinstance(error, Crashed)
        assert error.data is not None
        assert error.data["exit_code"] == 3
        assert time.monotonic() - began < 2

    async def test_what_it_wrote_last_is_read(self, pool: SessionPool) -> None:
        for _ in range(5):
            assert len(await text(pool, faulty_spec(), "last-words")) == 300_000
            await until(lambda: pool.health("faulty").state == "stopped")

    async def test_what_comes_to_a_dead_process_goes_to_the_next_one(self, pool: SessionPool) -> None:
        await text(pool, faulty_spec(), "ok")
        pid = pool.health("faulty").pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while is_alive(pid):
            continue  # without a pause in which we would hear of it
        assert await text(pool, faulty_spec(), "ok") == "ok"

    async def test_calls_that_run_when_its_configuration_changes_are_finished(
        self, pool: SessionPool
    ) -> None:
        await text(pool, faulty_spec(), "ok")
        pid = pool.health("faulty").pid
        assert pid is not None
        running = asyncio.create_task(text(pool, faulty_spec(), "slow", {"seconds": 0.4}))
        await until(lambda: pool.health("faulty").in_flight)
        assert '"NEW": "1"' in await text(pool, faulty_spec(NEW="1"), "env")
        assert is_alive(pid)
        assert await running == "slept"
        await ended(pid)

    async def test_other_limits_need_no_other_process(self, pool: SessionPool) -> None:
        await text(pool, faulty_spec(), "ok")
        pid = pool.health("faulty").pid
        patience = Limits(call_timeout_s=0.1, concurrency=1)
        assert isinstance(await failure(pool, faulty_spec(limits=patience), "hang"), CallTimeout)
        assert pool.health("faulty").pid == pid

    async def test_closing_the_pool_ends_all_at_once_also_stubborn_ones(self, tmp_path: Path) -> None:
        pool = SessionPool()
        specs = [faulty_spec(f"s{n}", MODE="stubborn", COUNT_FILE=str(tmp_path / "starts")) for n in range(4)]
        await asyncio.gather(*(text(pool, spec, "ok") for spec in specs))
        began = time.monotonic()
        await pool.aclose()
        assert time.monotonic() - began < 5  # each takes 2 s
        assert not [pid for pid in starts(tmp_path / "starts") if is_alive(pid)]

    async def test_closing_twice_and_while_it_closes_is_harmless(self, pool: SessionPool) -> None:
        await text(pool, faulty_spec(), "ok")
        await asyncio.gather(pool.close("faulty"), pool.close("faulty"), pool.aclose())
        assert (await failure(pool, faulty_spec(), "ok")).code == "platform.stopping"

    async def test_a_pool_closed_while_a_call_runs_fails_the_call(self, pool: SessionPool) -> None:
        call = asyncio.create_task(failure(pool, faulty_spec(), "hang"))
        await until(lambda: pool.health("faulty").in_flight)
        await pool.aclose()
        assert maybe_executed(await call)

    @pytest.mark.skipif(not tether(), reason="no setpriv that can tie a process to its parent")
    async def test_a_server_that_does_not_listen_dies_with_us(self, tmp_path: Path) -> None:
        code = (
            "import asyncio, sys\n"
            "from vibe_jupyter.core.mcp.sessions.pool import SessionPool\n"
            "from vibe_jupyter.core.mcp.spec import Call, ServerSpec\n"
            "spec = ServerSpec('f', 'f', 'stdio', tuple(sys.argv[2:]), env={'COUNT_FILE': sys.argv[1]})\n"
            "asyncio.run(SessionPool().call(spec, Call('deaf', {})))\n"
        )
        file = tmp_path / "starts"
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(file), *FAULTY)
        await until(lambda: file.exists() and file.read_text().endswith("\n"), 30)
        (pid,) = starts(file)
        parent.kill()
        await parent.wait()
        await ended(pid)


class TestItsStart:
    async def test_a_caller_that_is_cancelled_leaves_the_start_to_the_others(
        self, pool: SessionPool, tmp_path: Path
    ) -> None:
        spec = faulty_spec(SLOW_START="0.3", COUNT_FILE=str(tmp_path / "starts"))
        first, second = (asyncio.create_task(text(pool, spec, "ok")) for _ in range(2))
        await until(lambda: pool.health("faulty").state == "starting")
        first.cancel()
        assert await second == "ok"
        assert len(starts(tmp_path / "starts")) == 1

    async def test_failures_in_a_row_are_paused_between(self, pool: SessionPool) -> None:
        spec = faulty_spec(MODE="exit-at-start")
        await failure(pool, spec, "ok")
        assert pool.health("faulty").state == "failed"
        began = time.monotonic()
        await failure(pool, spec, "ok")
        assert time.monotonic() - began > 0.02

    async def test_a_program_is_found_from_its_folder(self, pool: SessionPool, tmp_path: Path) -> None:
        script = tmp_path / "serve"
        script.write_text(f"#!/bin/sh\nexec {' '.join(FAULTY)}\n")
        error = await failure(pool, ServerSpec("s", "s", "stdio", ("./serve",), cwd=str(tmp_path)), "ok")
        assert "Permission denied" in error.message
        script.chmod(0o755)
        await pool.close("s")
        assert await text(pool, ServerSpec("s", "s", "stdio", ("./serve",), cwd=str(tmp_path)), "ok") == "ok"

    async def test_a_folder_that_does_not_exist_is_named(self, pool: SessionPool, tmp_path: Path) -> None:
        spec = ServerSpec("s", "s", "stdio", tuple(FAULTY), cwd=str(tmp_path / "nowhere"))
        error = await failure(pool, spec, "ok")
        assert "no folder" in error.message
        assert "nowhere" in error.message

    async def test_an_era_that_is_known_wrongly_is_found_out(self, pool: SessionPool) -> None:
        spec = ServerSpec("f", "f", "stdio", tuple(FAULTY), era="modern")
        assert await text(pool, spec, "ok") == "ok"
        facts = pool.health("f").facts
        assert facts is not None
        assert facts.era == "legacy"


class TestErrorsOfItsOwn:
    async def test_its_own_error_ends_no_session_whatever_its_code(self, pool: SessionPool) -> None:
        spec = faulty_spec()
        await text(pool, spec, "ok")
        pid = pool.health("faulty").pid
        error = await failure(pool, spec, "quota")
        assert isinstance(error, RemoteError)
        assert error.data is not None
        assert error.data["code"] == -32000
        assert "quota used up" in error.message
        await text(pool, spec, "ok")
        assert pool.health("faulty").pid == pid

    async def test_a_result_is_not_lost_with_a_list_that_is_broken(self, pool: SessionPool) -> None:
        assert await text(pool, faulty_spec(MODE="no-lists"), "ok") == "ok"

    async def test_what_callers_do_wrong_is_no_error_of_the_server(self, pool: SessionPool) -> None:
        for _ in range(5):
            assert isinstance(await failure(pool, faulty_spec(), "nope"), UnknownTool)
        assert pool.health("faulty").last_error is None
        assert await text(pool, faulty_spec(), "ok") == "ok"

    async def test_a_caller_with_little_patience_does_not_close_the_server_to_others(
        self, pool: SessionPool
    ) -> None:
        for _ in range(5):
            assert isinstance(await failure(pool, faulty_spec(), "hang", timeout_s=0.02), CallTimeout)
        assert await text(pool, faulty_spec(), "ok") == "ok"


class TestWaiting:
    async def test_a_call_that_waits_too_long_for_others_was_not_executed(self, pool: SessionPool) -> None:
        spec = faulty_spec(limits=Limits(concurrency=1))
        running = asyncio.create_task(pool.call(spec, Call("hang", {})))
        await until(lambda: pool.health("faulty").in_flight)
        error = await failure(pool, spec, "ok", timeout_s=0.1)
        assert isinstance(error, CallTimeout)
        assert not maybe_executed(error)
        assert "concurrency" in (error.hint or "")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert await text(pool, spec, "ok") == "ok"

    async def test_a_call_that_waited_while_the_server_crashed_goes_to_the_next_one(
        self, pool: SessionPool
    ) -> None:
        spec = faulty_spec(limits=Limits(concurrency=1))
        await text(pool, spec, "ok")
        crash = asyncio.create_task(failure(pool, spec, "crash"))
        waiting = [asyncio.create_task(text(pool, spec, "ok")) for _ in range(3)]
        assert isinstance(await crash, Crashed)
        assert await asyncio.gather(*waiting) == ["ok"] * 3

    async def test_one_that_reads_no_more_times_out(self, pool: SessionPool) -> None:
        spec = faulty_spec()
        await text(pool, spec, "ok")
        deaf = asyncio.create_task(failure(pool, spec, "deaf", timeout_s=0.3))
        await until(lambda: pool.health("faulty").in_flight)
        large = {"s": "x" * 1_000_000}  # more than the pipe holds
        errors = [await failure(pool, spec, "ok", large, timeout_s=0.3), await deaf]
        assert all(isinstance(error, CallTimeout) for error in errors)

    async def test_cancelled_calls_give_their_place_back(self, pool: SessionPool) -> None:
        spec = faulty_spec(limits=Limits(concurrency=2))
        calls = [asyncio.create_task(pool.call(spec, Call("hang", {}))) for _ in range(6)]
        await until(lambda: pool.health("faulty").in_flight == 2)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        assert pool.health("faulty").in_flight == 0
        assert await text(pool, spec, "ok") == "ok"
