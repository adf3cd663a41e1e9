"""Our own oracles: what each one does, with what input, and what it answers."""

from __future__ import annotations

import tomllib
from importlib import import_module
from typing import TYPE_CHECKING

from generation.endpoints import fields_table
from generation.markdown import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vibe_jupyter.core.oracles.base import Capability, Oracle

__all__ = ["oracle_overview", "oracle_sections"]

_EXAMPLES = 3


def oracle_overview(root: Path) -> str:
    """Return one line for each capability."""
    rows = [
        (f"[`{capability.task_type}`](#{capability.task_type})", f"`{capability.name}`", capability.summary)
        for oracle in _own_oracles(root)
        for capability in oracle.capabilities
    ]
    return table(("Task type", "Capability", "What it does"), rows)


def oracle_sections(root: Path) -> str:
    """Return a section for each capability."""
    return "\n".join(
        _section(oracle, capability) for oracle in _own_oracles(root) for capability in oracle.capabilities
    )


def _section(oracle: Oracle, capability: Capability) -> str:
    takes = capability.input.model_json_schema()
    answers = capability.output.model_json_schema(mode="serialization")
    said = ", ".join(f"“{example}”" for example in capability.examples[:_EXAMPLES])
    facts = [f"Understands {said}."]
    if capability.text_field:
        facts.append(f"Free text goes to the field `{capability.text_field}`.")
    if capability.table:
        facts.append(f"`.to_pandas()` returns `{capability.table}`.")
    if oracle.concurrency:
        facts.append(f"A process runs at most {oracle.concurrency} of its tasks at once.")
    lines = [f"### {capability.task_type}", "", f"{capability.summary}.", "", " ".join(facts), ""]
    input_ = fields_table(takes, input_=True) or "It takes no input.\n"
    parts = [
        f"`{name}`: {model.get('description', '').partition(chr(10))[0]}\n\n{fields_table(model, input_=False)}"
        for name, model in answers.get("$defs", {}).items()
        if "properties" in model
    ]
    return "\n".join(
        [*lines, "Input:", "", input_, "Result:", "", fields_table(answers, input_=False), *parts]
    )


def _own_oracles(root: Path) -> Iterator[Oracle]:
    """Yield the oracles that the package declares, not what else is installed here."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for reference in project["entry-points"]["vibe_jupyter.oracles"].values():
        module, _, name = reference.partition(":")
        yield getattr(import_module(module), name)()
