"""Read what a project declares: pyproject.toml, setup.cfg, requirements files and conda environments."""

from __future__ import annotations

import configparser
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from vibe_jupyter.core.oracles.project_stats.dependencies import Declared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "Declarations",
    "listed",
    "pyproject_requirements",
    "read_declarations",
    "requirement_lines",
    "table",
]

_CONDA = re.compile(r"([A-Za-z0-9_.\-]+)\s*([=<>!~][^\s]*)?\s*$")
_PIN = re.compile(r"=(?!=)")
_URL = re.compile(r"(?:(?:-e|--editable)[\s=]*)?([a-z+]+://\S+)")
_EGG = re.compile(r"[#&]egg=([\w.-]+)")
_WHEEL = re.compile(r"/([\w.]+)-[^/]*\.whl\b")
_ENVIRONMENTS = ("environment.yml", "environment.yaml")
_NOT_OURS = frozenset({"python", "pip", "setuptools", "wheel"})


@dataclass
class Declarations:
    """All requirements of a project, the distributions it makes, and what could not be read."""

    declared: list[Declared] = field(default_factory=list)
    own_names: set[str] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    def add(self, lines: Iterable[Any], file: str, group: str | None = None) -> None:
        """Take in requirements as PEP 508 texts; what is no such text is passed over with a warning."""
        for line in lines:
            if not isinstance(line, str):
                continue
            try:
                self.declared.append(Declared(Requirement(line), file, group))
            except InvalidRequirement:
                self.warnings.append(f"{file}: {line[:80]!r} is not a requirement that can be read")


def read_declarations(root: Path) -> Declarations:
    """Read every file at the top of `root` that declares dependencies. A broken file is a warning."""
    found = Declarations()
    readers = [(root / "pyproject.toml", _read_pyproject), (root / "setup.cfg", _read_setup_cfg)]
    requirements = [*root.glob("*requirements*.txt"), *root.glob("requirements/*.txt")]
    readers += [(file, _read_requirements) for file in sorted(requirements)]
    readers += [(root / name, _read_conda) for name in _ENVIRONMENTS]
    for file, read in readers:
        if not file.is_file():
            continue
        try:
            read(found, file.read_text(encoding="utf-8-sig"), file.relative_to(root).as_posix())
        except (OSError, ValueError, configparser.Error) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            found.warnings.append(f"{file.name} cannot be read: {reason}")
    return found


def _read_pyproject(found: Declarations, text: str, file: str) -> None:
    content = tomllib.loads(text)
    project, poetry = table(content, "project"), table(table(content, "tool"), "poetry")
    for named in (project, poetry):
        if isinstance(named.get("name"), str):
            found.own_names.add(named["name"])
    for group, lines in pyproject_requirements(content):
        found.add(lines, file, group)
    found.add(_poetry_names(table(poetry, "dependencies")), file)
    for group, contents in table(poetry, "group").items():
        found.add(_poetry_names(table(contents, "dependencies")), file, group)


def pyproject_requirements(content: dict[str, Any]) -> Iterator[tuple[str | None, list[Any]]]:
    """Yield what a `pyproject.toml` requires to run, by extra or dependency group; None: always."""
    project = table(content, "project")
    yield None, listed(project, "dependencies")
    for groups in (table(project, "optional-dependencies"), table(content, "dependency-groups")):
        for group in groups:
            yield group, listed(groups, group)


def _poetry_names(dependencies: dict[str, Any]) -> Iterator[str]:
    """Yield the names alone: Poetry's ranges have a syntax of their own (`^1.2`)."""
    return (name for name in dependencies if name not in _NOT_OURS)


def _read_setup_cfg(found: Declarations, text: str, file: str) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text, file)
    if name := parser.get("metadata", "name", fallback=""):
        found.own_names.add(name)
    found.add(requirement_lines(parser.get("options", "install_requires", fallback="")), file)
    if parser.has_section("options.extras_require"):
        for group, lines in parser.items("options.extras_require"):
            found.add(requirement_lines(lines), file, group)


def _read_requirements(found: Declarations, text: str, file: str) -> None:
    name = Path(file).stem.lower()
    found.add(requirement_lines(text), file, None if name == "requirements" else name)


def requirement_lines(text: str) -> Iterator[str]:
    """Yield the requirements of pip's format, without options, paths, hashes and comments.

    Of a URL the name that it says (`#egg=name`, or a wheel's) is yielded; one that says none, as it is.
    """
    for raw in text.replace("\\\n", " ").splitlines():
        line = re.split(r"(?:^|\s)#|\s--(?!editable)", raw, maxsplit=1)[0].strip()
        located = _URL.match(line)
        if located:
            named = _EGG.search(located[1]) or _WHEEL.search(located[1])
            yield named[1] if named else located[1]
        elif line and not line.startswith(("-", ".", "/")):
            yield line


def _read_conda(found: Declarations, text: str, file: str) -> None:
    import yaml

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    entries = listed(content if isinstance(content, dict) else {}, "dependencies")
    for entry in entries:
        if isinstance(entry, dict):
            found.add(listed(entry, "pip"), file)
        match = _CONDA.match(entry.rpartition("::")[2]) if isinstance(entry, str) else None
        if match and match[1].lower() not in _NOT_OURS:
            found.add([match[1] + _from_conda(match[2] or "")], file)


def _from_conda(specifier: str) -> str:
    """Turn conda's `=1.2` (any 1.2) and `=1.2=build` into PEP 440."""
    if _PIN.match(specifier):
        return f"=={specifier[1:].partition('=')[0].removesuffix('.*')}.*"
    return specifier.partition("=py")[0]


def table(content: Any, key: str) -> dict[str, Any]:
    """Return a table in what was read of a file; an empty one where there is something else."""
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, dict) else {}


def listed(content: Any, key: str) -> list[Any]:
    """Return a list in what was read of a file; an empty one where there is something else."""
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, list) else []
