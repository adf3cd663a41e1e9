"""Run benchmarks: `python -m benchmarks [names...] [--quick] [--json] [--controls-only]`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.benches import BENCHES
from benchmarks.context import Context
from benchmarks.load import LoadProcess
from benchmarks.machine import fsync_us, machine_facts
from benchmarks.seed_rows import SeedPlan


def main(argv: list[str] | None = None) -> int:
    """Run what is asked for; return 1 if a benchmark could not run (a missed target is a result)."""
    arguments = _parser().parse_args(argv)
    results, failed = _run(arguments)
    if arguments.json:
        print(json.dumps({"results": results, "failed": failed}, indent=1))
    else:
        print(report.page(results))
    if results and not arguments.quick and not arguments.controls_only:
        report.update(results)
        print(f"written to {report.PAGE} and {report.STORE.name}", file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Benchmarks beside their controls."
    )
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which: {', '.join(BENCHES)}; all by default"
    )
    parser.add_argument(
        "--quick", action="store_true", help="short rounds, to try it out; nothing is written"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the page")
    parser.add_argument(
        "--controls-only", action="store_true", help="leave our own platform out; nothing is written"
    )
    return parser


def _run(arguments: argparse.Namespace) -> tuple[list[dict[str, Any]], list[str]]:
    names = arguments.names or list(BENCHES)
    if unknown := [name for name in names if name not in BENCHES]:
        _parser().error(f"unknown: {', '.join(unknown)}; there are: {', '.join(BENCHES)}")
    machine = machine_facts()
    results, failed = [], []
    with tempfile.TemporaryDirectory(prefix="vibe-benchmarks-") as folder, LoadProcess() as load:
        context = Context(
            folder=Path(folder),
            load=load,
            is_quick=arguments.quick,
            with_vibe=not arguments.controls_only,
            seed_plan=SeedPlan(tasks=10_000) if arguments.quick else SeedPlan(),
        )
        for name in names:
            try:
                fsync_before_us = fsync_us()
                result = BENCHES[name](context)
                result.notes.append(
                    f"fsync of 4 KiB: {fsync_before_us:.0f} us before, {fsync_us():.0f} us after"
                )
                results.append(report.as_json(result, machine))
            except Exception:  # noqa: BLE001 - one that fails must not take the figures of the others with it
                traceback.print_exc()
                failed.append(name)
    return results, failed


if __name__ == "__main__":
    sys.exit(main())
