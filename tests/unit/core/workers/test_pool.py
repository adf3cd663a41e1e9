from __future__ import annotations

import asyncio
import functools
import gc
import io
import json
import logging
import math
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import worker_jobs

from vibe_jupyter.core.errors import InvalidInput, TooLarge, Unavailable, VibeError
from vibe_jupyter.core.workers import child
from vibe_jupyter.core.workers import pool as pool_module
from vibe_jupyter.core.workers.pool import WorkerPool, pack_request
from vibe_jupyter.core.workers.process import boot_command, worker_environment
from vibe_jupyter.core.workers.protocol import (
    HEADER,
    MAX_FRAME_BYTES,
    FrameDecoder,
    Kind,
    Target,
    WorkerTraceback,
    dump,
    load,
)

pytestmark = pytest.mark.asyncio

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="relies on Linux's /proc, pidfd or PDEATHSIG")


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(2)
    yield pool
    await pool.close()


class Job:
    """A job that has begun in its worker: its task, and the facts of its first report."""

    @classmethod
    async def begin(cls, pool: WorkerPool, function: Callable[..., Any], *args: Any) -> Job:
        job = cls()
        begun: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

        def tell(fraction: float | None, message: str, data: dict[str, Any]) -> None:
            begun.set_result(data)

        job.task = asyncio.create_task(pool.run(function, *args, report=tell))
        await asyncio.wait((job.task, begun), return_when=asyncio.FIRST_COMPLETED)
        job.pid = (await begun)["pid"]
        return job

    task: asyncio.Task[Any]
    pid: int


async def ended(pid: int, within_s: float = 5) -> float:
    """Wait until a process has ended, which need not be our child; return how long that took in seconds."""
    began = time.monotonic()
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return 0
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(pidfd, over.set)
    try:
        async with asyncio.timeout(within_s):
            await over.wait()
    finally:
        asyncio.get_running_loop().remove_reader(pidfd)
        os.close(pidfd)
    return time.monotonic() - began


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


async def longest_stall_s(work: Awaitable[object]) -> float:
    """Return the longest time for which `work` kept the loop from running anything else.

    In seconds of this process's processor time, which a busy machine does not stretch; what another thread does
    with the GIL in its hands counts.
    """
    task = asyncio.ensure_future(work)
    longest, before = 0.0, time.process_time()
    while not task.done():
        await asyncio.sleep(0)
        now = time.process_time()
        longest, before = max(longest, now - before), now
    await task
    return longest


class TestAFunction:
    async def test_runs_in_another_process_with_its_arguments(self, pool: WorkerPool) -> None:
        assert await pool.run(worker_jobs.add, 1, 2, scale=10) == 30
        assert await pool.run(worker_jobs.pid_of_worker) != os.getpid()

    async def test_may_be_a_builtin_or_a_static_method(self, pool: WorkerPool) -> None:
        assert await pool.run(math.sqrt, 9) == 3
        assert await pool.run(worker_jobs.Jobs.triple, 3) == 9

    async def test_may_take_keywords_named_like_our_own_parameters(self, pool: WorkerPool) -> None:
        assert await pool.run(dict, function=1, args=2, self=3) == {"function": 1, "args": 2, "self": 3}

    @pytest.mark.parametrize(
        "function",
        [
            lambda: 1,
            functools.partial(worker_jobs.add, 1),
            worker_jobs.Jobs().method,
            "text".upper,
            worker_jobs.Jobs(),
        ],
        ids=["lambda", "partial", "method", "method of a builtin", "object"],
    )
    async def test_that_a_worker_could_not_find_is_refused(
        self, pool: WorkerPool, function: Callable[..., Any]
    ) -> None:
        with pytest.raises(TypeError, match="must be a function at the top level of a module"):
            await pool.run(function)

    async def test_inside_another_function_is_refused(self, pool: WorkerPool) -> None:
        def local() -> None: ...

        with pytest.raises(TypeError, match="must be a function at the top level of a module"):
            await pool.run(local)

    async def test_of_a_notebook_cell_is_refused_with_what_to_do(
        self, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_jobs.add, "__module__", "__main__")
        with pytest.raises(TypeError, match=r"add is defined in __main__ .*; put it in a module"):
            await pool.run(worker_jobs.add, 1, 2)

    async def test_finds_the_search_path_and_folder_of_the_caller_at_each_call(
        self, pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await pool.prestart()
        (tmp_path / "made_just_now.py").write_text("def answer():\n    return 42\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.chdir(tmp_path)
        import made_just_now  # type: ignore[import-not-found]

        assert await pool.run(made_just_now.answer) == 42
        assert await pool.run(worker_jobs.folder) == str(tmp_path)
        assert await pool.run(worker_jobs.search_path) == sys.path

    async def test_is_not_fooled_by_files_of_the_folder_that_are_named_like_the_standard_library(
        self, pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "pickle.py").write_text("raise SystemExit('not me')")
        monkeypatch.chdir(tmp_path)
        assert await pool.run(worker_jobs.add, 1, 2) == 3

    async def test_cannot_read_our_standard_input(self, pool: WorkerPool) -> None:
        assert await pool.run(worker_jobs.read_stdin) == ""

    async def test_that_prints_does_not_corrupt_its_answer(self, pool: WorkerPool) -> None:
        assert await pool.run(worker_jobs.print_everywhere) == "whole"
        assert await pool.run(worker_jobs.add, 1, 2) == 3

    async def test_meets_a_process_that_has_imported_little(self) -> None:
        heavy = {
            "asyncio",
            "pydantic",
            "inspect",
            "subprocess",
            "multiprocessing",
            "vibe_jupyter.core.errors",
        }
        code = "import sys, vibe_jupyter.core.workers.child; print(*sys.modules)"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert not heavy & set(output.decode().split())


class TestTheEnvironment:
    async def test_has_no_settings_of_ours_and_no_credentials(
        self, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secrets = (
            *("VIBE_DATA_DIR", "VIBE_SERVER_TOKEN", "DATABASE_URL", "REDIS_URL", "JUPYTER_TOKEN"),
            *("JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN", "GITHUB_TOKEN", "OPENAI_API_KEY"),
        )
        for name in secrets:
            monkeypatch.setenv(name, "a secret")
        monkeypatch.setenv("LANGUAGE", "kept")
        environment = await pool.run(worker_jobs.environment)
        assert "a secret" not in environment.values()
        assert environment["LANGUAGE"] == "kept"

    async def test_is_otherwise_the_same(self) -> None:
        assert worker_environment({"PATH": "/bin", "TOKENIZERS_PARALLELISM": "false"}) == {
            "PATH": "/bin",
            "TOKENIZERS_PARALLELISM": "false",
        }


@pytest.mark.measured
class TestReports:
    async def test_arrive_all_and_in_order_before_the_result(self, pool: WorkerPool) -> None:
        seen: list[tuple[float | None, str, dict[str, Any]]] = []

        def take(fraction: float | None, message: str, data: dict[str, Any]) -> None:
            seen.append((fraction, message, data))

        assert await pool.run(worker_jobs.flood, 10_000, report=take) == 10_000
        assert seen == [(number / 10_000, f"{number}", {"number": number}) for number in range(10_000)]

    async def test_do_not_block_the_loop(self, pool: WorkerPool) -> None:
        await pool.prestart()
        stall_s = await longest_stall_s(pool.run(worker_jobs.flood, 10_000, report=lambda *_: None))
        assert stall_s < 0.05

    async def test_arrive_on_the_thread_of_the_loop(self, pool: WorkerPool) -> None:
        threads: set[int] = set()
        await pool.run(worker_jobs.flood, 3, report=lambda *_: threads.add(threading.get_ident()))
        assert threads == {threading.get_ident()}

    async def test_may_go_unheard(self, pool: WorkerPool) -> None:
        assert await pool.run(worker_jobs.report_is_callable) is True

    async def test_after_the_end_of_a_job_do_not_reach_the_next_one(self) -> None:
        pool = WorkerPool(1)
        heard: list[str] = []
        await pool.run(worker_jobs.report_after_the_end, report=lambda f, message, d: heard.append(message))
        await pool.run(worker_jobs.let_the_late_report_go, report=lambda f, message, d: heard.append(message))
        assert heard == ["mine"]
        await pool.close()

    async def test_that_cannot_be_pickled_fail_the_function_that_made_them(self, pool: WorkerPool) -> None:
        with pytest.raises(TypeError, match="pickle"):
            await pool.run(worker_jobs.report_something_unpicklable, report=lambda *_: None)

    async def test_whose_receiver_fails_fail_the_job(self, pool: WorkerPool) -> None:
        def fail(*_: object) -> None:
            raise KeyError("receiver")

        with pytest.raises(KeyError, match="receiver"):
            await pool.run(worker_jobs.flood, 10, report=fail)
        assert await pool.run(worker_jobs.add, 1, 2) == 3


@pytest.mark.measured
class TestErrors:
    async def test_of_the_platform_arrive_with_all_fields(self, pool: WorkerPool) -> None:
        with pytest.raises(worker_jobs.LeftOver) as caught:
            await pool.run(worker_jobs.raise_vibe_error)
        assert caught.value.problem() == worker_jobs.LeftOver("kiwi").problem()
        assert str(caught.value) == "[name.not_found] no kiwi\nhint: look again"

    async def test_arrive_as_they_were_raised_with_the_traceback_of_the_worker_as_cause(
        self, pool: WorkerPool
    ) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            await pool.run(worker_jobs.raise_builtin)
        assert caught.value.filename == "/nowhere"
        assert isinstance(caught.value.__cause__, WorkerTraceback)
        assert "in raise_builtin" in str(caught.value.__cause__)

    @pytest.mark.parametrize(
        ("function", "text"),
        [
            (worker_jobs.raise_two_part, "TwoPart: bread and butter"),
            (worker_jobs.raise_local, "nobody knows my class"),
            (worker_jobs.leave, "SystemExit: 7"),
        ],
    )
    async def test_that_cannot_travel_arrive_as_a_runtime_error_with_type_and_text(
        self, pool: WorkerPool, function: Callable[[], None], text: str
    ) -> None:
        with pytest.raises(RuntimeError, match=text) as caught:
            await pool.run(function)
        assert function.__name__ in str(caught.value.__cause__)

    async def test_do_not_cost_the_worker(self) -> None:
        pool = WorkerPool(1)
        before = await pool.run(worker_jobs.pid_of_worker)
        with pytest.raises(RuntimeError):
            await pool.run(worker_jobs.leave)
        assert await pool.run(worker_jobs.pid_of_worker) == before
        await pool.close()

    async def test_name_the_result_that_cannot_be_pickled(self, pool: WorkerPool) -> None:
        with pytest.raises(TypeError, match=r"worker_jobs\.a_lock returned a lock that cannot be pickled"):
            await pool.run(worker_jobs.a_lock)

    async def test_name_the_function_whose_argument_cannot_be_pickled(self, pool: WorkerPool) -> None:
        with pytest.raises(TypeError, match=r"an argument of worker_jobs\.identity cannot be pickled"):
            await pool.run(worker_jobs.identity, threading.Lock())

    async def test_name_the_function_whose_argument_cannot_be_rebuilt(self, pool: WorkerPool) -> None:
        with pytest.raises(TypeError, match=r"an argument of worker_jobs\.identity cannot be rebuilt"):
            await pool.run(worker_jobs.identity, worker_jobs.Unloadable())

    async def test_name_the_function_whose_result_cannot_be_rebuilt(self, pool: WorkerPool) -> None:
        with pytest.raises(TypeError, match=r"the result of worker_jobs\.Unloadable cannot be rebuilt"):
            await pool.run(worker_jobs.Unloadable)

    async def test_tell_when_no_process_can_be_started(
        self, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(Unavailable, match="/nowhere/python") as caught:
            await pool.run(worker_jobs.add, 1, 2)
        assert caught.value.code == "worker.not_started"
        monkeypatch.undo()
        assert await pool.run(worker_jobs.add, 1, 2) == 3


@pytest.mark.measured
class TestLargeData:
    async def test_of_100_mb_comes_back_without_stalling_the_loop(self, pool: WorkerPool) -> None:
        await pool.prestart()
        sizes: list[int] = []

        async def fetch() -> None:
            sizes.append(len(await pool.run(worker_jobs.blob, 100_000_000)))

        assert await longest_stall_s(fetch()) < 0.05
        assert sizes == [100_000_000]

    async def test_goes_there_without_stalling_the_loop(self, pool: WorkerPool) -> None:
        await pool.prestart()
        data = b"x" * 100_000_000
        assert await longest_stall_s(pool.run(len, data)) < 0.05

    async def test_of_many_objects_is_the_same_on_return(self, pool: WorkerPool) -> None:
        assert await pool.run(worker_jobs.identity, list(range(200_000))) == list(range(200_000))

    async def test_beyond_the_limit_is_refused(
        self, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool_module, "MAX_FRAME_BYTES", 1000)
        with pytest.raises(TooLarge, match=r"the arguments of worker_jobs\.identity") as caught:
            await pool.run(worker_jobs.identity, b"x" * 10_000)
        assert caught.value.code == "worker.too_large"

    async def test_beyond_the_limit_is_refused_in_the_worker_too(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(child, "MAX_FRAME_BYTES", 1000)
        target = Target("worker_jobs", "blob", takes_report=False)
        request = io.BytesIO(b"".join(pack_request(target, (10_000,), {})))
        with pytest.raises(TooLarge, match=r"worker_jobs\.blob returned 10,0.. bytes"):
            child._call(request, child.Replies(-1))


class TestCancelling:
    @linux_only
    async def test_kills_the_worker_at_once_even_inside_a_catastrophic_regular_expression(
        self, pool: WorkerPool
    ) -> None:
        job = await Job.begin(pool, worker_jobs.match_catastrophically)
        began = time.monotonic()
        job.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job.task
        assert time.monotonic() - began < 0.1
        assert await ended(job.pid) < 1

    async def test_by_a_time_limit_kills_too_and_the_pool_goes_on(self, pool: WorkerPool) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await pool.run(re.match, r"(a+)+$", "a" * 40 + "b")
        assert await pool.run(worker_jobs.add, 1, 2) == 3

    @linux_only
    async def test_kills_what_the_function_has_started(self, pool: WorkerPool) -> None:
        job = await Job.begin(pool, worker_jobs.start_a_subprocess_and_wait)
        job.task.cancel()
        await ended(job.pid)

    async def test_while_waiting_for_a_worker_harms_nobody(self) -> None:
        pool = WorkerPool(1)
        running = await Job.begin(pool, worker_jobs.sleep_long)
        waiting = asyncio.create_task(pool.run(worker_jobs.add, 1, 2))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not running.task.done()
        await pool.close()
        with pytest.raises(Unavailable):
            await running.task

    async def test_at_any_moment_leaves_a_pool_that_works(self) -> None:
        pool = WorkerPool(1)
        for turns in range(30):
            task = asyncio.create_task(pool.run(worker_jobs.identity, b"x" * 300_000))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))
        assert await pool.run(worker_jobs.add, 1, 2) == 3
        await pool.close()

    @linux_only
    @pytest.mark.slow
    async def test_a_hundred_times_leaks_no_process_and_no_file(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        warm = WorkerPool(2)
        await warm.prestart()
        await warm.close()
        before, pids = open_files(), set[int]()
        pool = WorkerPool(2)
        for _ in range(50):
            jobs = [await Job.begin(pool, worker_jobs.sleep_long) for _ in range(2)]
            for job in jobs:
                job.task.cancel()
                pids.add(job.pid)
            await asyncio.wait([job.task for job in jobs])
        await pool.close()
        assert len(pids) == 100
        assert [pid for pid in pids if exists(pid)] == []
        assert open_files() == before
        assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


class TestADyingWorker:
    async def test_fails_its_own_job_with_exit_code_and_output(self, pool: WorkerPool) -> None:
        with pytest.raises(VibeError, match="exit code 3") as caught:
            await pool.run(worker_jobs.exit_at_once, 3)
        assert caught.value.code == "worker.died"
        assert caught.value.hint
        assert caught.value.data == {"exit_code": 3, "signal": None, "stderr": "so long"}

    @pytest.mark.parametrize(("name", "advice"), [("SIGKILL", "memory"), ("SIGSEGV", "native library")])
    async def test_by_a_signal_is_told_with_what_that_means(
        self, pool: WorkerPool, name: str, advice: str
    ) -> None:
        with pytest.raises(VibeError, match=name) as caught:
            await pool.run(worker_jobs.end_by_signal, name)
        assert caught.value.data is not None
        assert caught.value.data["signal"] == name
        assert advice in (caught.value.hint or "")

    async def test_does_not_touch_other_jobs(self, pool: WorkerPool) -> None:
        other = await Job.begin(pool, worker_jobs.sleep_long)
        with pytest.raises(VibeError):
            await pool.run(worker_jobs.exit_at_once, 3)
        assert await pool.run(worker_jobs.add, 1, 2) == 3
        assert not other.task.done()
        other.task.cancel()
        await asyncio.wait((other.task,))

    async def test_does_not_show_what_another_job_printed(self) -> None:
        pool = WorkerPool(1)
        await pool.run(worker_jobs.print_everywhere)
        with pytest.raises(VibeError) as caught:
            await pool.run(worker_jobs.end_by_signal, "SIGKILL")
        assert caught.value.data is not None
        assert caught.value.data["stderr"] == ""
        await pool.close()

    @linux_only
    async def test_takes_along_what_it_has_started(self, pool: WorkerPool) -> None:
        job = await Job.begin(pool, worker_jobs.leave_a_subprocess_and_die)
        with pytest.raises(VibeError, match="exit code 3"):
            await job.task
        await ended(job.pid)

    async def test_that_only_cuts_its_pipes_is_killed(self, pool: WorkerPool) -> None:
        with pytest.raises(VibeError) as caught:
            await pool.run(worker_jobs.close_every_pipe)
        assert caught.value.code == "worker.died"

    async def test_before_its_first_job_tells_why(
        self, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "vibe_jupyter.core.workers.process._BOOT", "raise ModuleNotFoundError('no such platform')"
        )
        with pytest.raises(VibeError, match="before it began") as caught:
            await pool.run(worker_jobs.add, 1, 2)
        assert caught.value.hint == "ModuleNotFoundError: no such platform"

    async def test_while_it_starts_takes_nothing_else_along(
        self, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loop, pids, killed_groups = asyncio.get_running_loop(), set[int](), set[int]()
        start = loop.subprocess_exec

        async def start_and_see_it_die(*args: Any, **kwargs: Any) -> Any:
            transport, worker = await start(*args, **kwargs)
            pids.add(transport.get_pid())
            await worker.gone.wait()
            return transport, worker

        monkeypatch.setattr(loop, "subprocess_exec", start_and_see_it_die)
        monkeypatch.setattr(os, "killpg", lambda group, _: killed_groups.add(group))
        monkeypatch.setattr("vibe_jupyter.core.workers.process._BOOT", "raise SystemExit(3)")
        with pytest.raises(VibeError, match="exit code 3 before it began"):
            await pool.run(worker_jobs.add, 1, 2)
        assert killed_groups == pids
        assert not pool._workers

    @linux_only
    async def test_while_idle_is_replaced(self) -> None:
        pool = WorkerPool(1)
        pid = await pool.run(worker_jobs.pid_of_worker)
        gone = next(iter(pool._workers)).gone
        os.kill(pid, signal.SIGKILL)
        await gone.wait()
        assert await pool.run(worker_jobs.pid_of_worker) != pid
        await pool.close()


class TestThePool:
    async def test_uses_a_worker_again(self) -> None:
        pool = WorkerPool(2)
        assert len({await pool.run(worker_jobs.pid_of_worker) for _ in range(10)}) == 1
        await pool.close()

    async def test_runs_as_many_at_once_as_its_size(self, pool: WorkerPool, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        fifo = str(tmp_path / "fifo")
        async with asyncio.timeout(20):
            text, _ = await asyncio.gather(
                pool.run(worker_jobs.read_from, fifo), pool.run(worker_jobs.write_into, fifo, "met")
            )
        assert text == "met"

    async def test_runs_no_more_than_its_size_and_the_others_in_the_order_they_came(
        self, tmp_path: Path
    ) -> None:
        pool = WorkerPool(1)
        os.mkfifo(tmp_path / "fifo")
        first = await Job.begin(pool, worker_jobs.read_from, str(tmp_path / "fifo"))
        order: list[int] = []

        async def add(number: int) -> None:
            order.append(await pool.run(worker_jobs.identity, number))

        others = [asyncio.create_task(add(number)) for number in range(10)]
        await asyncio.sleep(0)
        assert len(pool._workers) == 1
        assert order == []
        (tmp_path / "fifo").write_text("go")
        assert await first.task == "go"
        await asyncio.gather(*others)
        assert order == list(range(10))
        await pool.close()

    async def test_never_starts_more_processes_than_its_size(self, pool: WorkerPool) -> None:
        pids = await asyncio.gather(*(pool.run(worker_jobs.pid_of_worker) for _ in range(40)))
        assert len(set(pids)) <= 2

    async def test_starts_nothing_before_it_is_needed_unless_asked(self, pool: WorkerPool) -> None:
        assert len(pool._workers) == 0
        await pool.prestart()
        assert len(pool._workers) == 1

    async def test_ends_idle_workers_which_run_their_exit_handlers(self, tmp_path: Path) -> None:
        pool = WorkerPool(1, idle_s=0.05)
        await pool.run(worker_jobs.at_exit_touch, str(tmp_path / "left"))
        await next(iter(pool._workers)).gone.wait()
        assert (tmp_path / "left").exists()
        assert await pool.run(worker_jobs.add, 1, 2) == 3
        await pool.close()

    @linux_only
    async def test_replaces_a_worker_whose_memory_has_grown(self) -> None:
        pool = WorkerPool(1)
        before = await pool.run(worker_jobs.pid_of_worker)
        await pool.run(worker_jobs.keep_memory, 600 * 2**20)
        assert await pool.run(worker_jobs.pid_of_worker) != before
        await pool.close()

    async def test_replaces_a_worker_after_a_thousand_jobs(self) -> None:
        pool = WorkerPool(1)
        pids = [await pool.run(worker_jobs.pid_of_worker) for _ in range(child.MAX_JOBS + 1)]
        assert len(set(pids[:-1])) == 1
        assert pids[-1] != pids[0]
        await pool.close()

    async def test_works_on_a_loop_in_any_thread(self) -> None:
        async def use() -> int:
            pool = WorkerPool(1)
            try:
                with pytest.raises(VibeError):
                    await pool.run(worker_jobs.exit_at_once, 3)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await pool.run(time.sleep, 60)
                return await pool.run(worker_jobs.add, 1, 2)
            finally:
                await pool.close()

        results: list[int] = []
        thread = threading.Thread(target=lambda: results.append(asyncio.run(use())))
        thread.start()
        await asyncio.get_running_loop().run_in_executor(None, thread.join)
        assert results == [3]

    async def test_has_at_least_one_worker(self) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            WorkerPool(0)


class TestClosing:
    @linux_only
    async def test_kills_what_runs_and_refuses_what_waits(self) -> None:
        pool = WorkerPool(1)
        running = await Job.begin(pool, worker_jobs.match_catastrophically)
        waiting = asyncio.create_task(pool.run(worker_jobs.add, 1, 2))
        await asyncio.sleep(0)
        await pool.close()
        for task in (running.task, waiting):
            with pytest.raises(Unavailable) as caught:
                await task
            assert caught.value.code == "worker.closed"
        assert not exists(running.pid)

    async def test_refuses_new_jobs_and_may_be_repeated(self, pool: WorkerPool) -> None:
        await pool.close()
        await pool.close()
        with pytest.raises(Unavailable, match="closed"):
            await pool.run(worker_jobs.add, 1, 2)

    async def test_while_a_worker_starts_leaves_none(self) -> None:
        for turns in range(12):
            pool = WorkerPool(1)
            task = asyncio.create_task(pool.run(worker_jobs.sleep_long))
            for _ in range(turns):
                await asyncio.sleep(0)
            await pool.close()
            with pytest.raises(Unavailable):
                await task
            assert not pool._workers


@linux_only
class TestAParentThatIsGone:
    @pytest.mark.parametrize("job", ["match_catastrophically", "sleep_long"])
    async def test_takes_its_workers_along(self, job: str) -> None:
        parent, worker_pid = await self._start_parent("stays", job)
        parent.kill()
        assert await ended(worker_pid) < 1.5
        await parent.wait()

    async def test_is_also_one_whose_loop_has_lost_its_thread(self) -> None:
        parent, worker_pid = await self._start_parent("ends", "match_catastrophically")
        assert await ended(worker_pid) < 1.5
        assert parent.returncode is None
        parent.kill()
        await parent.wait()

    async def test_is_noticed_by_the_end_of_the_pipe_where_the_kernel_does_not_tell(self) -> None:
        target = Target("worker_jobs", "start_a_subprocess_and_wait", takes_report=True)
        request = b"".join(pack_request(target, (), {}))
        with subprocess.Popen(  # noqa: ASYNC220 - read here step by step
            *(boot_command(), 0),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(HEADER.pack(Kind.JOB, len(request)) + request)
            _, size_bytes = HEADER.unpack(worker.stdout.read(HEADER.size))
            _, _, data = load([worker.stdout.read(size_bytes)])
            worker.stdin.close()
            assert await ended(worker.pid) < 1
            assert await ended(data["pid"]) < 1
        assert worker.returncode == -signal.SIGKILL

    @staticmethod
    async def _start_parent(thread: str, job: str) -> tuple[asyncio.subprocess.Process, int]:
        folder = Path(worker_jobs.__file__).parent
        parent = await asyncio.create_subprocess_exec(
            *(sys.executable, str(folder / "parent.py"), thread, job),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert parent.stdout is not None
        return parent, int(await parent.stdout.readline())


@pytest.mark.measured
class TestFrames:
    async def test_are_cut_wherever_the_stream_is(self) -> None:
        payloads = [b"", b"a", b"bc" * 1000, b"", b"d" * 17]
        stream = b"".join(HEADER.pack(Kind.REPORT, len(payload)) + payload for payload in payloads)
        for size in (1, 2, 3, 8, 9, 10, 500, len(stream)):
            decoder = FrameDecoder()
            frames = [
                frame
                for start in range(0, len(stream), size)
                for frame in decoder.feed(stream[start : start + size])
            ]
            assert [b"".join(chunks) for _, chunks in frames] == payloads

    @pytest.mark.parametrize("header", [HEADER.pack(99, 1), HEADER.pack(Kind.RESULT, MAX_FRAME_BYTES + 1)])
    async def test_that_are_none_are_refused(self, header: bytes) -> None:
        with pytest.raises(ValueError, match=r"99|too large"):
            list(FrameDecoder().feed(header))

    @pytest.mark.parametrize(
        "value", [None, "ä" * 100_000, [bytearray(b"x" * 100_000), b"y" * 300_000], list(range(50_000))]
    )
    async def test_carry_pickles_in_pieces(self, value: object) -> None:
        pieces = dump(value)
        assert load(pieces) == pickle.loads(b"".join(pieces)) == value
        joined = b"".join(pieces)
        assert load([joined[start : start + 7] for start in range(0, len(joined), 7)]) == value


async def test_vibe_errors_pickle_with_all_fields() -> None:
    error = InvalidInput("bad", code="x.bad", hint="mend", errors=[{"loc": ["a"], "msg": "b"}], data={"n": 1})
    error.add_note("while testing")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is InvalidInput
    assert json.dumps(again.problem()) == json.dumps(error.problem())
    assert again.__notes__ == ["while testing"]
