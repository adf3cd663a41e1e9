"""Answer a question about the notebooks of a folder; runs in a worker process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import NotFound, nearest
from vibe_jupyter.core.oracles.file_search.matching import Hit
from vibe_jupyter.core.oracles.file_search.preview import preview
from vibe_jupyter.core.oracles.file_search.ranking import Ranking
from vibe_jupyter.core.oracles.file_search.text_files import SkippedFileError, read_whole
from vibe_jupyter.core.oracles.file_search.words import words_of
from vibe_jupyter.core.oracles.file_search.words_matching import WordsMatcher
from vibe_jupyter.core.oracles.notebook_cells import Cell, read_cells
from vibe_jupyter.core.oracles.notebook_query.findings import FINDINGS, Row, row_of
from vibe_jupyter.core.oracles.notebook_query.intent import Intent, read_intent, stems_of
from vibe_jupyter.core.oracles.notebook_query.schemas import NotebookQueryInput
from vibe_jupyter.core.oracles.project_files import project_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["query_notebooks"]

_MAX_NOTEBOOK_BYTES = 256 * 2**20
_MAX_PROBLEMS = 100

Report = Callable[..., None]


def query_notebooks(
    target: str, fields: dict[str, Any], report: Report | None = None, *, project: str | None = None
) -> dict[str, Any]:
    """Return the fields of a `NotebookQueryOutput`.

    Args:
        target: an existing folder or notebook, absolute.
        fields: those of a `NotebookQueryInput`; its `path` is not looked at.
        report: called for each notebook with the fraction done, a message, and the fact `notebooks`.
        project: the folder whose `.gitignore` counts too, see `project_files`.

    Raises:
        NotFound: `notebook_query.no_such_notebook`, where the query names one that is not there.
    """
    wanted = NotebookQueryInput.model_validate(fields)
    intent = read_intent(wanted.query, None if wanted.what == "auto" else wanted.what)
    path = Path(target)
    root = path if path.is_dir() else path.parent
    names = _notebooks(root, Path(project) if project else None) if path == root else [path.name]
    if path == root and intent.notebook is not None:
        names = _named(intent.notebook, names)
    notebooks = Notebooks(root, names, report)
    answer = _Cells(wanted, intent) if intent.topic == "cells" else _Findings(wanted, intent)
    for name, cells in notebooks.read():
        answer.add(name, cells)
    rows, total, words, matched = answer.result()
    return {
        "query": wanted.query,
        "what": intent.topic,
        "words": words,
        "root": str(root),
        "rows": rows,
        "total_rows": total,
        "truncated": total > len(rows),
        "notebooks_searched": notebooks.count,
        "notebooks_matched": matched,
        "problems": notebooks.problems[:_MAX_PROBLEMS],
        "notebooks_unreadable": len(notebooks.problems),
    }


class Notebooks:
    """The notebooks of a folder; `problems` are those that cannot be read, `count` the others."""

    def __init__(self, root: Path, names: list[str], report: Report | None) -> None:
        self.problems: list[dict[str, str]] = []
        self.count = 0
        self._root = root
        self._names = names
        self._report = report

    def read(self) -> Iterator[tuple[str, list[Cell]]]:
        """Yield name and cells of each."""
        for number, name in enumerate(self._names):
            self._tell(number)
            try:
                cells = read_cells(read_whole(f"{self._root}/{name}", _MAX_NOTEBOOK_BYTES))
            except OSError as error:
                self._add_problem(name, f"it cannot be read: {error.strerror or error}")
            except SkippedFileError:
                self._add_problem(name, f"it is larger than {_MAX_NOTEBOOK_BYTES // 2**20} MiB")
            except ValueError as error:
                self._add_problem(name, str(error))
            else:
                self.count += 1
                yield _shown(name), cells
        self._tell(len(self._names))

    def _add_problem(self, name: str, problem: str) -> None:
        self.problems.append({"notebook": _shown(name), "problem": problem})

    def _tell(self, number: int) -> None:
        if self._report is not None:
            total = len(self._names)
            self._report(number / max(1, total), f"{number:,} of {total:,} notebooks", notebooks=number)


class _Cells:
    """Cells with words of the query, the best first; without words, all cells in their order."""

    def __init__(self, wanted: NotebookQueryInput, intent: Intent) -> None:
        self._kind = wanted.kind or intent.kind
        self._matcher = WordsMatcher(intent.words, case_sensitive=False)
        self._ranking: Ranking[Row] = Ranking(wanted.limit, len(self._matcher.terms))
        self._matched: set[str] = set()

    def add(self, notebook: str, cells: list[Cell]) -> None:
        """Take in a notebook."""
        bonus = self._matcher.path_qualities(notebook) if self._matcher.terms else None
        for cell in cells:
            if self._kind is not None and cell.kind != self._kind:
                continue
            if not self._matcher.terms:
                self._ranking.offer(Hit((), []), None, _row, notebook, cell, None, "", [])
            elif (found := self._best_line(cell)) is not None:
                hit, line, text = found
                self._ranking.offer(hit, bonus, _row, notebook, cell, line, text, hit.spans)
            else:
                continue
            self._matched.add(notebook)
        self._ranking.end_file()

    def result(self) -> tuple[list[Row], int, list[str], int]:
        """Return rows, how many there are in all, the words, and how many notebooks have one."""
        has_words = bool(self._matcher.terms)
        rows = [{**row, "score": score if has_words else None} for score, row in self._ranking.best()]
        return rows, self._ranking.total, list(self._matcher.terms), len(self._matched)

    def _best_line(self, cell: Cell) -> tuple[Hit, int, str] | None:
        """Return what the cell as a whole has of the words, and its best line."""
        best: tuple[Hit, int, str] | None = None
        qualities = (0.0,) * len(self._matcher.terms)
        for start, end in self._matcher.candidates(cell.source):
            text = cell.source[start:end]
            if (hit := self._matcher.line_hit(text)) is None:
                continue
            qualities = tuple(map(max, qualities, hit.qualities))
            if best is None or _worth(hit) > _worth(best[0]):
                best = (hit, cell.source.count("\n", 0, start) + 1, text)
        if best is None:
            return None
        hit, line, text = best
        return Hit(qualities, hit.spans, hit.factor), line, text


class _Findings:
    """What notebooks have to say on a topic, narrowed by the words of the query where that leaves some."""

    def __init__(self, wanted: NotebookQueryInput, intent: Intent) -> None:
        self._find = FINDINGS[intent.topic]
        self._intent = intent
        self._kind = wanted.kind
        self._stems = {frozenset(stems_of(word)): word for word in words_of(intent.words)}
        self._every = _Kept(wanted.limit)
        self._narrowed = _Kept(wanted.limit)

    def add(self, notebook: str, cells: list[Cell]) -> None:
        """Take in a notebook."""
        for found in self._find([cell for cell in cells if self._kind in (None, cell.kind)]):
            row = {"notebook": notebook, **found}
            self._every.add(row)
            if self._stems and self._has_words(row):
                self._narrowed.add(row)

    def result(self) -> tuple[list[Row], int, list[str], int]:
        """Return rows, how many there are in all, the words that narrowed them, and how many notebooks."""
        if self._stems and (self._narrowed.total or self._intent.is_exact):
            kept, words = self._narrowed, list(self._stems.values())
        else:
            kept, words = self._every, []
        return kept.rows, kept.total, words, len(kept.notebooks)

    def _has_words(self, row: Row) -> bool:
        keys = ("module",) if self._intent.topic == "imports" and self._intent.is_exact else _TELLING_KEYS
        there = stems_of(" ".join(str(row[key]) for key in keys if row.get(key)))
        return any(stems <= there for stems in self._stems)


_TELLING_KEYS = ("module", "ename", "evalue", "preview", "detail", "notebook")


class _Kept:
    """The first rows, and a count of all."""

    def __init__(self, limit: int) -> None:
        self.rows: list[Row] = []
        self.total = 0
        self.notebooks: set[str] = set()
        self._limit = limit

    def add(self, row: Row) -> None:
        self.total += 1
        self.notebooks.add(row["notebook"])
        if len(self.rows) < self._limit:
            self.rows.append(row)


def _row(notebook: str, cell: Cell, line: int | None, text: str, spans: list[tuple[int, int]]) -> Row:
    row = {"notebook": notebook, **row_of(cell, line)}
    if line is not None:
        row["preview"], row["spans"] = preview(text, spans)
    return row


def _worth(hit: Hit) -> float:
    return hit.factor * sum(hit.qualities)


def _notebooks(root: Path, project: Path | None) -> list[str]:
    return sorted(name for name in project_files(root, project=project) if name.endswith(".ipynb"))


def _named(name: str, names: Iterable[str]) -> list[str]:
    """Return the notebooks that a name, or the end of a path, means.

    Raises:
        NotFound: `notebook_query.no_such_notebook`, with similar names.
    """
    known = list(names)
    wanted = name.removeprefix("./")
    found = [path for path in known if path == wanted or path.endswith(f"/{wanted}")]
    if not found:
        similar = nearest(wanted, known) or nearest(wanted, (path.rpartition("/")[2] for path in known))
        raise NotFound(
            f"there is no notebook {name}",
            code="notebook_query.no_such_notebook",
            hint=f"did you mean {', '.join(similar)}?" if similar else "list them with `outline`",
        )
    return found


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
