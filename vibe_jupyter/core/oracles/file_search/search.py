"""Search a folder or a file; runs in a worker process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.oracles.file_search.globs import name_filter
from vibe_jupyter.core.oracles.file_search.matching import LiteralMatcher, Matcher, RegexMatcher
from vibe_jupyter.core.oracles.file_search.preview import preview
from vibe_jupyter.core.oracles.file_search.ranking import Ranking
from vibe_jupyter.core.oracles.file_search.schemas import FileSearchInput, Span, compiled_regex
from vibe_jupyter.core.oracles.file_search.text_files import SkippedFileError, read_pieces, read_whole
from vibe_jupyter.core.oracles.file_search.words_matching import WordsMatcher
from vibe_jupyter.core.oracles.notebook_cells import read_cells
from vibe_jupyter.core.oracles.project_files import project_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["search_files"]

_REPORT_EVERY = 250
_MAX_NOTEBOOK_BYTES = 64 * 2**20

Report = Callable[..., None]


def search_files(
    target: str, fields: dict[str, Any], report: Report | None = None, *, project: str | None = None
) -> dict[str, Any]:
    """Return the fields of a `FileSearchOutput`.

    Args:
        target: an existing folder or file, absolute.
        fields: those of a `FileSearchInput`; its `path` is not looked at.
        report: called now and then with the fraction of files done, a message, and the facts `files` and
            `matches`.
        project: the folder whose `.gitignore` counts too, see `project_files`.

    Raises:
        InvalidInput: `file_search.bad_glob`.
    """
    wanted = FileSearchInput.model_validate(fields)
    matcher = _matcher(wanted)
    search = Search(Path(target), wanted, matcher, report, Path(project) if project else None)
    search.run()
    best = search.ranking.best()
    return {
        "query": wanted.query,
        "mode": wanted.mode,
        "words": list(matcher.terms) if wanted.mode == "words" else [],
        "root": str(search.root),
        "matches": [{**match, "score": score} for score, match in best],
        "total_matches": search.ranking.total,
        "truncated": search.ranking.total > len(best),
        "files_searched": search.files_searched,
        "files_skipped": dict(search.skipped),
    }


@dataclass(frozen=True, slots=True)
class Section:
    """Lines in a file, or a cell of a notebook, that may match."""

    cell: int | None
    first_line: int
    text: str


class Search:
    """One search while its files are visited."""

    def __init__(
        self,
        target: Path,
        wanted: FileSearchInput,
        matcher: Matcher,
        report: Report | None,
        project: Path | None,
    ) -> None:
        self.root = target if target.is_dir() else target.parent
        self.ranking: Ranking[dict[str, Any]] = Ranking(wanted.limit, len(matcher.terms))
        self.files_searched = 0
        self.skipped: Counter[str] = Counter()
        self._target = target
        self._wanted = wanted
        self._matcher = matcher
        self._report = report
        self._project = project
        self._files = self._done = 0
        self._last: tuple[str, int | None, int] | None = None

    def run(self) -> None:
        """Visit every file."""
        names = self._names()
        self._files = len(names)
        for self._done, name in enumerate(names):
            if self._done % _REPORT_EVERY == 0:
                self._tell(self._done)
            self._search_name(name)
            try:
                for section in self._sections(name):
                    self._search_section(name, section)
            except OSError:
                self.skipped["unreadable"] += 1
            except SkippedFileError as error:
                self.skipped[error.reason] += 1
            else:
                self.files_searched += 1
            self.ranking.end_file()
        self._tell(self._files)

    def _names(self) -> list[str]:
        """Return the files in the order of matches that are equally good."""
        names: Iterable[str] = [self._target.name]
        if self._target == self.root:
            names = project_files(
                self.root,
                project=self._project,
                hidden=self._wanted.hidden,
                ignored=self._wanted.ignored,
                on_error=lambda _: self.skipped.update(unreadable=1),
            )
        return sorted(filter(name_filter(self._wanted.include, self._wanted.exclude), names))

    def _search_name(self, name: str) -> None:
        hit = self._matcher.name_hit(name)
        if hit is not None:
            self.ranking.offer(hit, None, _match, name, None, None, name, hit.spans)

    def _sections(self, name: str) -> Iterator[Section]:
        path = f"{self.root}/{name}"
        if name.endswith(".ipynb"):
            content = read_whole(path, min(self._wanted.max_file_bytes, _MAX_NOTEBOOK_BYTES))
            if not self._matcher.may_be_in(content):
                return
            try:
                cells = read_cells(content)
            except ValueError:
                pass  # a broken notebook, or what only has its name, is searched as the text it is
            else:
                yield from (Section(cell.index, 1, cell.source) for cell in cells if cell.source)
                return
        for piece in read_pieces(path, self._wanted.max_file_bytes):
            if self._matcher.may_be_in(piece.content):
                text = piece.content.decode(errors="replace").removesuffix("\n")
                yield Section(None, piece.first_line, text)
            if piece.fraction < 1.0:
                self._tell(self._done + piece.fraction)

    def _search_section(self, name: str, section: Section) -> None:
        text, bonus = section.text, self._matcher.path_qualities(name)
        number, previous = section.first_line, 0
        for start, end in self._matcher.candidates(text):
            number += text.count("\n", previous, start)
            previous = start
            here = (name, section.cell, number)
            if here == self._last:  # a line so long that it goes on in this section
                continue
            line = text[start:end].removesuffix("\r")
            hit = self._matcher.line_hit(line)
            if hit is not None:
                self._last = here
                self.ranking.offer(hit, bonus, _match, name, section.cell, number, line, hit.spans)

    def _tell(self, done: float) -> None:
        if self._report is not None:
            message = f"{int(done):,} of {self._files:,} files, {self.ranking.total:,} matches"
            fraction = done / max(1, self._files)
            self._report(fraction, message, files=int(done), matches=self.ranking.total)


def _matcher(wanted: FileSearchInput) -> Matcher:
    if wanted.mode == "regex":
        return RegexMatcher(compiled_regex(wanted.query, case_sensitive=wanted.case_sensitive))
    if wanted.mode == "literal":
        return LiteralMatcher(wanted.query, case_sensitive=wanted.case_sensitive)
    return WordsMatcher(wanted.query, case_sensitive=wanted.case_sensitive)


def _match(name: str, cell: int | None, line: int | None, text: str, spans: list[Span]) -> dict[str, Any]:
    shown, shown_spans = preview(text, spans)
    return {
        # A name need not be UTF-8, a result must.
        "path": name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "line": line,
        "cell": cell,
        "kind": "name" if line is None else "content",
        "preview": shown,
        "spans": shown_spans,
    }
