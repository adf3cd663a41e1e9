"""The first `%vibe` in a fresh kernel that has a server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_most
from benchmarks.servers import VibeServer
from benchmarks.statistics import median

__all__ = ["run"]

_LIMIT_S = 60.0
_MARK = "benchmark: "
_PROGRAM = """
import json as _json, os as _os, sys as _sys, time as _time, urllib.request as _request

def _timed(call):
    began, cpu = _time.perf_counter(), _time.process_time()
    call()
    return [(_time.perf_counter() - began) * 1e3, (_time.process_time() - cpu) * 1e3]

def _get():
    url = _os.environ["VIBE_SERVER_URL"].rstrip("/") + "/vibe/api/health"
    authorized = {"Authorization": "token " + _os.environ["VIBE_SERVER_TOKEN"]}
    _request.build_opener(_request.ProxyHandler({})).open(_request.Request(url, headers=authorized)).read()

_run = get_ipython().run_line_magic
_before = set(_sys.modules)
_found = {
    "load": _timed(lambda: _run("load_ext", "vibe_jupyter")),
    "first": _timed(lambda: _run("vibe", "")),
    "second": _timed(lambda: _run("vibe", "")),
    "packages": sorted({name.partition(".")[0] for name in set(_sys.modules) - _before}),
    "http": sorted(_timed(_get) for _ in range(5))[2],
}
print("MARK" + _json.dumps(_found))
""".replace("MARK", _MARK)


_STEPS = {
    "load": "%load_ext vibe_jupyter",
    "first": "first %vibe",
    "second": "second %vibe",
    "http": "GET /vibe/api/health by urllib (control)",
}


def run(context: Context) -> BenchResult:
    """Start fresh kernels, one after the other, beside one server."""
    rounds = context.rounds(quick=2, full=7)
    result = BenchResult(
        name="magic",
        what="The first `%vibe` in a fresh kernel with a server",
        how=f"{rounds} fresh kernels, VIBE_SERVER_URL set as the server extension does; the median. The "
        "control is an HTTP call of the same kernel to the same server.",
        limits=[
            "The status card may make several HTTP calls; one is subtracted.",
            "The first HTTP call is a cold one.",
        ],
        columns=["step", "wall ms", "CPU ms"],
    )
    if not context.with_vibe:
        return result
    samples: list[dict[str, Any]] = []
    with VibeServer(context.new_folder("magic")) as server:
        for turn in range(rounds):
            context.say(f"magic: kernel {turn + 1}")
            with _kernel(server, context.new_folder("ipython")) as client:
                samples.append(_execute(client))
    wall_ms, cpu_ms = (
        {step: median([sample[step][n] for sample in samples]) for step in _STEPS} for n in (0, 1)
    )
    result.rows = [[label, round(wall_ms[step], 1), round(cpu_ms[step], 1)] for step, label in _STEPS.items()]
    result.notes.append(f"packages that %vibe imported: {', '.join(samples[0]['packages'])}")
    whole, whole_cpu = (steps["load"] + steps["first"] for steps in (wall_ms, cpu_ms))
    detail = f"{whole:.0f} ms with its loading ({whole_cpu:.0f} ms CPU), HTTP call {wall_ms['http']:.1f} ms"
    result.targets.append(
        at_most("first %vibe beyond the HTTP call", whole - wall_ms["http"], 300, "ms", detail)
    )
    return result


@contextmanager
def _kernel(server: VibeServer, ipython_dir: Path) -> Iterator[BlockingKernelClient]:
    environment = os.environ | {
        "IPYTHONDIR": str(ipython_dir),
        "VIBE_DATA_DIR": str(server.data_dir),
        "VIBE_SERVER_URL": f"http://127.0.0.1:{server.port}/",
        "VIBE_SERVER_TOKEN": server.token,
        "VIBE_AUTOLOAD": "0",  # the program loads it itself, to see what that costs
    }
    manager = KernelManager()
    # Of this interpreter, whatever kernelspec the user has.
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=argv, display_name="benchmark", language="python")
    manager.start_kernel(env=environment)
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_LIMIT_S)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _execute(client: BlockingKernelClient) -> dict[str, Any]:
    printed: list[str] = []

    def collect(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            printed.append(content["text"])
        elif message["msg_type"] == "error":
            printed.append(f"{content['ename']}: {content['evalue']}")

    client.execute_interactive(_PROGRAM, output_hook=collect, timeout=_LIMIT_S)
    text = "".join(printed)
    if _MARK not in text:
        raise RuntimeError(f"%vibe failed in the kernel:\n{text}")
    found: dict[str, Any] = json.loads(text.partition(_MARK)[2].partition("\n")[0])
    return found
