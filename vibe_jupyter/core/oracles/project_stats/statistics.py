"""Walk through a project once and add up what is in it; runs in a worker process."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.oracles.project_files import project_files
from vibe_jupyter.core.oracles.project_stats import python_source
from vibe_jupyter.core.oracles.project_stats.languages import (
    NOTEBOOK,
    PYTHON,
    LineCount,
    count_lines,
    language_of,
)

if TYPE_CHECKING:
    import ast

__all__ = ["project_statistics"]

_MAX_TEXT_BYTES = 5 * 2**20
_MAX_NOTEBOOK_BYTES = 100 * 2**20
_BINARY_LOOK_BYTES = 8192
_REPORT_EVERY = 200
_NAMED_FILES = 5
_SOURCE = "src"
_SOURCE_FOLDERS = ("", _SOURCE, "lib", "python")

Report = Callable[..., None]


def project_statistics(
    root: str, biggest: int, report: Report | None = None, *, project: str | None = None
) -> dict[str, Any]:
    """Return the fields of a `ProjectStatsOutput`, but for the path.

    Args:
        root: an existing folder.
        biggest: how many of the biggest files to list.
        report: called now and then with `fraction` None, a message, and the fact `files`.
        project: the folder whose `.gitignore` counts too, see `project_files`.
    """
    from vibe_jupyter.core.oracles.project_stats.declarations import read_declarations
    from vibe_jupyter.core.oracles.project_stats.dependencies import compare

    folder = Path(root)
    survey = Survey(folder)
    names = project_files(folder, project=Path(project) if project else None)
    for number, name in enumerate(names, start=1):
        survey.add(name)
        if report is not None and number % _REPORT_EVERY == 0:
            report(None, f"{number:,} files", files=number)
    declarations = read_declarations(folder)
    dependencies = compare(
        declarations.declared,
        survey.foreign_imports(),
        required=survey.foreign_imports(only_required=True),
        own_names=declarations.own_names,
        own_packages=survey.packages(),
    )
    return {
        **survey.numbers(biggest),
        "dependencies": dependencies,
        "warnings": [*declarations.warnings, *survey.warnings()],
    }


class Survey:
    """The numbers of a project while its files are visited."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sizes: list[tuple[int, str]] = []
        self._files: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._lines: dict[str, LineCount] = {}
        self._imports: dict[Path, set[str]] = {}
        self._required: dict[Path, set[str]] = {}
        self._modules: set[Path] = set()
        self._tests = Counter[str]()
        self._notebooks = Counter[str]()
        self._unparsed: list[str] = []
        self._uncounted: list[str] = []

    def add(self, name: str) -> None:
        """Visit a file; one that vanishes or cannot be read meanwhile is passed over with a warning."""
        path = self._root / name
        language = language_of(path)
        try:
            size_bytes = path.stat().st_size
            limit = _MAX_NOTEBOOK_BYTES if language is NOTEBOOK else _MAX_TEXT_BYTES
            content = path.read_bytes() if language is not None and size_bytes <= limit else None
        except OSError:
            self._uncounted.append(name)
            return
        self._sizes.append((size_bytes, name))
        if language is None:
            return
        if content is None or b"\x00" in content[:_BINARY_LOOK_BYTES]:
            self._uncounted.append(name)
            return
        self._files[language.name] += 1
        self._bytes[language.name] += size_bytes
        text = content.decode("utf-8", errors="replace")
        lines = LineCount() if language is NOTEBOOK else count_lines(text, language)
        if language is NOTEBOOK:
            lines = self._add_notebook(path, name, text)
        elif language is PYTHON:
            self._add_python(path, name, content)
        self._lines[language.name] = self._lines.get(language.name, LineCount()) + lines

    def foreign_imports(self, *, only_required: bool = False) -> set[str]:
        """Return the imported names that no module beside or in a source folder answers to."""
        tops = [self._root / folder for folder in _SOURCE_FOLDERS]
        return {
            name
            for path, names in (self._required if only_required else self._imports).items()
            for name in names
            if not any(folder / name in self._modules for folder in (path.parent, *tops))
        }

    def packages(self) -> set[str]:
        """Return the names of top-level packages and modules wherever the project has them."""
        with_init = {path.parent for path in self._modules if path.name == "__init__"}
        return {folder.name for folder in with_init if folder.parent not in with_init} | {
            path.name for path in self._modules if path.parent.name == _SOURCE
        }

    def numbers(self, biggest: int) -> dict[str, Any]:
        """Return the counts as fields of the answer."""
        languages = [
            {
                "language": name,
                "files": self._files[name],
                "code": lines.code,
                "comment": lines.comment,
                "blank": lines.blank,
                "size_bytes": self._bytes[name],
            }
            for name, lines in self._lines.items()
        ]
        return {
            "files": len(self._sizes),
            "size_bytes": sum(size for size, _ in self._sizes),
            "languages": sorted(languages, key=lambda row: (-row["code"], row["language"])),
            "biggest_files": [
                {"path": _shown(name), "size_bytes": size}
                for size, name in heapq.nlargest(biggest, self._sizes)
            ],
            "tests": {"files": self._tests["files"], "functions": self._tests["functions"]},
            "notebooks": {key: self._notebooks[key] for key in ("files", "cells", "code_cells")},
        }

    def warnings(self) -> list[str]:
        """Return what the numbers leave out."""
        kinds = ((self._unparsed, "not valid Python, so without its imports and tests"),
                 (self._uncounted, "unreadable, binary or too large, so without its lines"))  # fmt: skip
        return [f"{len(names):,} files {what}: {_some(names)}" for names, what in kinds if names]

    def _add_python(self, path: Path, name: str, content: bytes) -> None:
        self._modules.add(path.with_suffix(""))
        self._modules.update(folder for folder in path.parents if folder.is_relative_to(self._root))
        is_test = python_source.is_test_file(path)
        self._tests["files"] += is_test
        try:
            tree = python_source.parse(content)
        except SyntaxError:
            self._unparsed.append(name)
            return
        self._add_imports(path, tree)
        if is_test:
            self._tests["functions"] += python_source.count_tests(tree)

    def _add_imports(self, path: Path, tree: ast.Module) -> None:
        self._imports[path] = python_source.imported_modules(tree)
        self._required[path] = python_source.required_modules(tree)

    def _add_notebook(self, path: Path, name: str, text: str) -> LineCount:
        try:
            notebook = python_source.read_notebook(text)
        except ValueError:
            self._unparsed.append(name)
            return LineCount()
        self._notebooks.update(files=1, cells=notebook.cells, code_cells=notebook.code_cells)
        try:
            self._add_imports(path, python_source.parse(notebook.source))
        except SyntaxError:
            self._unparsed.append(name)
        return count_lines(notebook.source, PYTHON)


def _some(names: list[str]) -> str:
    rest = f", and {len(names) - _NAMED_FILES} more" if len(names) > _NAMED_FILES else ""
    return ", ".join(map(_shown, names[:_NAMED_FILES])) + rest


def _shown(name: str) -> str:
    """Return a file's name as text, where it is bytes that are none."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
