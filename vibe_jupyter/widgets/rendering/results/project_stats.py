"""Results of `project.stats`: languages, dependencies by what needs attention, and the biggest files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.project_stats.schemas import (
    BigFile,
    DependencyRow,
    LanguageRow,
    ProjectStatsOutput,
)
from vibe_jupyter.widgets.rendering.document import (
    NOTHING,
    Bar,
    Block,
    Cell,
    Column,
    Fold,
    Heading,
    Line,
    Style,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import counted, number, size
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERER"]

_STATUSES: dict[str, tuple[str, Style]] = {
    "missing": ("✗ missing", "bad"),
    "wrong_version": ("✗ wrong version", "bad"),
    "undeclared": ("▲ undeclared", "warn"),
    "unused": ("○ unused", "muted"),
    "optional": ("○ optional", "muted"),
    "ok": ("✓ ok", "good"),
}


def _summary(result: ProjectStatsOutput) -> str:
    code = sum(language.code for language in result.languages)
    return f"{counted(result.files, 'file')}, {size(result.size_bytes)}, {counted(code, 'line')} of code"


def _blocks(result: ProjectStatsOutput) -> Iterator[Block]:
    tests, notebooks = result.tests, result.notebooks
    said = []
    if tests.files:
        said.append(f"{counted(tests.functions, 'test')} in {counted(tests.files, 'file')}")
    if notebooks.files:
        said.append(f"{counted(notebooks.files, 'notebook')} with {counted(notebooks.cells, 'cell')}")
    yield Line(Text(result.path, "code", limit=300), *[f" · {each}" for each in said])
    for warning in result.warnings[:10]:
        yield Line(Text("▲ ", "warn"), Text(warning, limit=400))
    if result.languages:
        yield _languages(result.languages)
    yield from _dependencies(result.dependencies)
    if result.biggest_files:
        yield Fold(
            f"the {counted(len(result.biggest_files), 'biggest file')}", (_biggest(result.biggest_files),)
        )


def _languages(languages: list[LanguageRow]) -> Table:
    most = max(language.code for language in languages) or 1
    columns = (
        Column("language"), Column("files", "right"), Column("code", "right"), Column(),
        Column("comment", "right"), Column("blank", "right"), Column("size", "right"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            Text(each.language, "strong", limit=30),
            number(each.files),
            number(each.code),
            Bar((each.code / most,), 14),
            number(each.comment),
            number(each.blank),
            size(each.size_bytes),
        )
        for each in languages
    ]
    return Table(columns, rows, limit=20)


def _dependencies(dependencies: list[DependencyRow]) -> Iterator[Block]:
    if not dependencies:
        return
    counts = [(status, sum(each.status == status for each in dependencies)) for status in _STATUSES]
    yield Heading(
        "dependencies: "
        + ", ".join(f"{number(count)} {status.replace('_', ' ')}" for status, count in counts if count)
    )
    faulty = [each for each in dependencies if each.status != "ok"]
    fine = [each for each in dependencies if each.status == "ok"]
    if faulty:
        yield _dependency_table(faulty)
    if fine:
        yield Fold(f"{number(len(fine))} in order", (_dependency_table(fine),))


def _dependency_table(dependencies: list[DependencyRow]) -> Table:
    columns = (
        Column(), Column("package"), Column("declared", is_fluid=True), Column("installed"), Column("imported"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            Text(*_STATUSES[each.status]),
            Text(each.name, "strong", limit=60),
            Text(each.declared, limit=100) if each.declared else NOTHING,
            Text(each.installed_version, limit=30) if each.installed_version else NOTHING,
            "yes" if each.imported else NOTHING,
        )
        for each in dependencies
    ]
    return Table(columns, rows)


def _biggest(files: list[BigFile]) -> Table:
    rows: list[tuple[Cell, ...]] = [(Text(file.path, limit=120), size(file.size_bytes)) for file in files]
    return Table((Column("file", is_fluid=True), Column("size", "right")), rows)


RENDERER = Renderer(_blocks, summary=_summary, model=ProjectStatsOutput)
