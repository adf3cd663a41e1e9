"""Files that declare what a project depends on: pyproject.toml, requirements, conda environments, package.json."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as ReadRequirement
from packaging.utils import canonicalize_name

from vibe_jupyter.core.kg.extract.facts import FileFacts, Problem, Requirement
from vibe_jupyter.core.oracles.project_stats.declarations import (
    listed,
    pyproject_requirements,
    requirement_lines,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["extract_manifest", "npm_requirements"]

_CONDA = re.compile(r"(?:[\w./-]+::)?([\w.-]+)\s*(.*)")
_NPM_GROUPS = {
    "dependencies": "",
    "devDependencies": "dev",
    "peerDependencies": "peer",
    "optionalDependencies": "optional",
}
_MAX_LENGTH = 300


def extract_manifest(source: bytes, language: str) -> FileFacts:
    """Return the facts of a manifest: `pyproject`, `requirements` or `environment`."""
    text = source.decode("utf-8", "replace")
    facts = FileFacts(language, text.count("\n") + (not text.endswith("\n") and bool(text)))
    try:
        if language == "pyproject":
            _read_pyproject(facts, tomllib.loads(text))
        elif language == "environment":
            _read_environment(facts, text)
        else:
            _add(facts, requirement_lines(text), "")
    except (ValueError, RecursionError) as error:
        facts.problems.append(Problem(1, f"cannot be read: {' '.join(str(error).split())[:200]}"))
    return facts


def npm_requirements(content: dict[str, Any]) -> list[Requirement]:
    """Return what a `package.json` depends on."""
    return [
        Requirement("npm", name[:_MAX_LENGTH], version[:_MAX_LENGTH] if version != "*" else "", group)
        for key, group in _NPM_GROUPS.items()
        for name, version in table(content, key).items()
        if name and isinstance(version, str)
    ]


def _read_pyproject(facts: FileFacts, content: dict[str, Any]) -> None:
    for group, lines in pyproject_requirements(content):
        _add(facts, lines, group or "")
    _add(facts, listed(table(content, "build-system"), "requires"), "build")
    poetry = table(table(content, "tool"), "poetry")
    _add_poetry(facts, table(poetry, "dependencies"), "")
    _add_poetry(facts, table(poetry, "dev-dependencies"), "dev")
    for group, contents in table(poetry, "group").items():
        _add_poetry(facts, table(contents, "dependencies"), group)


def _add(facts: FileFacts, lines: Iterable[Any], group: str) -> None:
    for line in lines:
        if not isinstance(line, str):
            continue  # `{include-group = "test"}`: that group has its own
        try:
            read = ReadRequirement(line)
        except InvalidRequirement:
            facts.problems.append(Problem(1, f"{line[:80]!r} is no requirement that can be read"))
            continue
        facts.requirements.append(
            Requirement("pypi", canonicalize_name(read.name), str(read.specifier)[:_MAX_LENGTH], group)
        )


def _add_poetry(facts: FileFacts, dependencies: dict[str, Any], group: str) -> None:
    """Take in Poetry's own way: a version with a syntax of its own, or a table with one."""
    for name, said in dependencies.items():
        version = said.get("version") if isinstance(said, dict) else said
        if name != "python":
            constraint = version[:_MAX_LENGTH] if isinstance(version, str) and version != "*" else ""
            facts.requirements.append(Requirement("pypi", canonicalize_name(name), constraint, group))


def _read_environment(facts: FileFacts, text: str) -> None:
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    for entry in listed(content, "dependencies"):
        if isinstance(entry, dict):
            _add(facts, _lines(listed(entry, "pip")), "")
        found = _CONDA.fullmatch(entry.strip()) if isinstance(entry, str) else None
        if found:
            facts.requirements.append(Requirement("conda", found[1].lower(), found[2][:_MAX_LENGTH], ""))


def _lines(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield from requirement_lines(entry)
