"""Results as a page for people and as JSON: the last full run of each benchmark, with its date."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.figures import BenchResult, TargetLine

__all__ = ["PAGE", "STORE", "as_json", "page", "update"]

_FOLDER = Path(__file__).resolve().parent
PAGE = _FOLDER / "RESULTS.md"
STORE = _FOLDER / "results.json"

_INTRODUCTION = """# Benchmarks

Made by `python -m benchmarks`; do not edit. Every figure stands beside a control measured in the same run.
Believe ratios and CPU per request; requests per second depend on what else the machine does.
"""


def as_json(result: BenchResult, machine: dict[str, str]) -> dict[str, Any]:
    """Return one result as plain data, dated, with the machine it ran on."""
    plain = asdict(result)
    plain["rows"] = [
        [None if cell != cell else cell for cell in row] for row in plain["rows"]
    ]  # NaN is not JSON
    for line, target in zip(plain["targets"], result.targets, strict=True):
        line["is_met"] = target.is_met
        line["value"] = None if math.isnan(target.value) else target.value
    return {"date": date.today().isoformat(), "machine": machine, **plain}


def update(results: list[dict[str, Any]], folder: Path = _FOLDER) -> None:
    """Replace what is stored of these benchmarks, keep the others, and write the page anew."""
    store = folder / STORE.name
    stored = json.loads(store.read_text()) if store.exists() else {}
    stored |= {result["name"]: result for result in results}
    store.write_text(json.dumps(stored, indent=1) + "\n")
    (folder / PAGE.name).write_text(page(list(stored.values())))


def page(results: list[dict[str, Any]]) -> str:
    """Return the page in Markdown."""
    parts = [_INTRODUCTION, _targets(results), *(_section(result) for result in results), _machines(results)]
    return "\n".join(part for part in parts if part)


def _targets(results: list[dict[str, Any]]) -> str:
    rows = []
    for result in results:
        for line in result["targets"]:
            value = math.nan if line["value"] is None else line["value"]
            target = TargetLine(
                line["what"], value, line["bound"], line["direction"], line["unit"], line["detail"]
            )
            verdict = "met" if target.is_met else "**MISSED**"
            bound = f"{target.direction} {_number(target.bound)} {target.unit}"
            rows.append([target.what, bound, _measured(target), verdict, target.detail])
    if not rows:
        return ""
    return "## Targets\n\n" + _table(["what", "target", "measured", "verdict", "figures"], rows)


def _section(result: dict[str, Any]) -> str:
    lines = [f"## {result['name']}: {result['what']}", "", f"Run {result['date']}. {result['how']}", ""]
    lines += [_table(result["columns"], result["rows"])]
    if result["notes"]:
        lines += ["In this run: " + "; ".join(result["notes"]) + ".", ""]
    lines += ["Limits:", "", *(f"- {limit}" for limit in result["limits"]), ""]
    return "\n".join(lines)


def _machines(results: list[dict[str, Any]]) -> str:
    """Describe the machine of each run once."""
    described: dict[str, list[str]] = {}
    for result in results:
        facts = "\n".join(f"- {name}: {value}" for name, value in result["machine"].items())
        described.setdefault(facts, []).append(result["name"])
    return "\n".join(f"## Machine of {', '.join(names)}\n\n{facts}\n" for facts, names in described.items())


def _table(columns: list[str], rows: list[list[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return str(value).replace("|", "\\|") if isinstance(value, str) else _number(value)


def _measured(target: TargetLine) -> str:
    return "not measured" if math.isnan(target.value) else f"{_number(target.value)} {target.unit}"


def _number(value: float) -> str:
    if math.isnan(value):
        return "-"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
