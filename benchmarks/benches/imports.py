"""What `import vibe_jupyter` costs in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.context import Context
from benchmarks.figures import BenchResult, at_most
from benchmarks.server_process import REPOSITORY
from benchmarks.statistics import median

__all__ = ["run"]

_PROGRAM = """
import json, sys, time
before, began, cpu = len(sys.modules), time.perf_counter(), time.process_time()
import {module}
print(json.dumps([time.perf_counter() - began, time.process_time() - cpu, len(sys.modules) - before]))
"""
_CONTROLS = ("http.client", "pydantic", "fastapi")


def run(context: Context) -> BenchResult:
    """Import it and its controls in fresh processes, in turns."""
    rounds = context.rounds(quick=5, full=20)
    result = BenchResult(
        name="import",
        what="Import time in a fresh interpreter",
        how=f"{rounds} fresh processes for each module, in turns, files cached by the system; the median.",
        limits=["Byte code was compiled before: the very first import after an installation is slower."],
        columns=["module", "wall ms", "CPU ms", "modules loaded"],
    )
    modules = [*_CONTROLS, *(["vibe_jupyter"] if context.with_vibe else [])]
    found: dict[str, list[list[float]]] = {module: [] for module in modules}
    context.say(f"import: {rounds} rounds of {', '.join(modules)}")
    for turn in range(rounds + 1):
        for module in modules:
            sample = _import_once(module)
            if turn:  # the first only warms the caches
                found[module].append(sample)
    for module, samples in found.items():
        wall_ms, cpu_ms = (median([sample[index] for sample in samples]) * 1e3 for index in (0, 1))
        result.rows.append([module, round(wall_ms, 1), round(cpu_ms, 1), int(samples[0][2])])
        if module == "vibe_jupyter":
            control = median([sample[0] for sample in found["pydantic"]]) * 1e3
            result.targets.append(
                at_most("import vibe_jupyter", wall_ms, 50, "ms", f"import pydantic {control:.0f} ms")
            )
    return result


def _import_once(module: str) -> list[float]:
    command = [sys.executable, "-c", _PROGRAM.format(module=module)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60)
    sample: list[float] = json.loads(done.stdout)
    return sample
