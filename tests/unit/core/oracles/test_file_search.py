from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound
from vibe_jupyter.core.oracles.file_search import FileSearch, FileSearchInput, FileSearchOutput, text_files
from vibe_jupyter.core.oracles.file_search.matching import LiteralMatcher, RegexMatcher
from vibe_jupyter.core.oracles.file_search.preview import preview
from vibe_jupyter.core.oracles.file_search.schemas import compiled_regex
from vibe_jupyter.core.oracles.file_search.search import search_files
from vibe_jupyter.core.oracles.file_search.words import fold, parse_query
from vibe_jupyter.core.oracles.file_search.words_matching import WordsMatcher
from vibe_jupyter.core.words import stem
from vibe_jupyter.core.workers.pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Found = FileSearchOutput
    Search = Callable[..., Found]


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def notebook(*cells: tuple[str, str | list[str]]) -> str:
    return json.dumps(
        {"nbformat": 4, "cells": [{"cell_type": kind, "source": source} for kind, source in cells]}
    )


@pytest.fixture
def search(tmp_path: Path) -> Search:
    """Write `files`, if any, and search them; the answer must be strict JSON."""

    def run(query: str, files: dict[str, str | bytes] | None = None, **options: Any) -> Found:
        write(tmp_path, files or {})
        report = options.pop("report", None)
        target = options.pop("target", tmp_path)
        result = search_files(str(target), {"query": query, **options}, report)
        found = FileSearchOutput.model_validate(result)
        found.model_dump_json().encode()
        return found

    return run


def places(found: Found) -> list[tuple[str, int | None]]:
    return [(match.path, match.line) for match in found.matches]


def previews(found: Found) -> list[str]:
    return [match.preview for match in found.matches]


class TestWords:
    def test_a_question_finds_the_code_that_it_is_about(self, search: Search) -> None:
        found = search(
            "where is the login handled?",
            {
                "app/views.py": "import os\n\ndef login(request):\n    return render(request)\n",
                "app/urls.py": "routes = [('/in', login_handler)]\n",
                "app/cart.py": "def handle_cart(cart):\n    pass\n",
                "app/other.py": "where is the is the\nunrelated = 1\n",
                **{f"pages/{n}.py": "x = handle(y)\n" for n in range(20)},
            },
            limit=4,
        )
        assert found.words == ["login", "handled"]
        assert places(found)[:2] == [("app/views.py", 3), ("app/urls.py", 1)]
        assert [match.spans for match in found.matches[:2]] == [[(4, 9)], [(18, 23), (24, 31)]]
        assert "app/other.py" not in {match.path for match in found.matches}
        assert (found.total_matches, found.truncated) == (23, True)

    def test_a_line_with_more_of_the_words_is_better(self, search: Search) -> None:
        found = search("parse config file", {"a.txt": "parse it\nparse the config\nconfig\n"})
        assert places(found)[0] == ("a.txt", 2)

    def test_a_rare_word_weighs_more_than_a_common_one(self, search: Search) -> None:
        files: dict[str, str | bytes] = {f"{n:02}.txt": "the user came\n" for n in range(20)}
        found = search("user quota", {**files, "z.txt": "a quota\n"})
        assert places(found)[0] == ("z.txt", 1)

    def test_a_definition_is_better_than_a_use(self, search: Search) -> None:
        found = search(
            "task router",
            {
                "a.py": "x = TaskRouter()\n",
                "b.py": "class TaskRouter:\n",
                "c.ts": "export class TaskRouter {}\n",
            },
        )
        assert places(found) == [("b.py", 1), ("c.ts", 1), ("a.py", 1)]

    def test_the_name_of_a_file_counts_and_lifts_what_is_in_it(self, search: Search) -> None:
        found = search("login timeout", {"a.py": "timeout = 1\n", "login.py": "timeout = 2\n"})
        assert places(found) == [("login.py", None), ("login.py", 1), ("a.py", 1)]
        assert (found.matches[0].kind, found.matches[0].preview) == ("name", "login.py")

    def test_the_name_of_a_folder_alone_is_no_match(self, search: Search) -> None:
        assert places(search("shop", {"shop/a.py": "x = 1\n", "b.py": "shop\n"})) == [("b.py", 1)]

    @pytest.mark.parametrize(
        ("query", "line"),
        [
            ("handled", "def handle(): ..."),
            ("queries", "run_query(x)"),
            ("getUserName", "user_name = get()"),
            ("user name", "getUserName()"),
            ("connections", "connecting ..."),
            ("HTTP server", "class HTTPServer:"),
            ("naïve", "a NAÏVE guess"),
            ("登录", "# 处理登录请求"),
        ],
    )
    def test_other_forms_of_a_word_are_found(self, search: Search, query: str, line: str) -> None:
        assert places(search(query, {"a.txt": f"nothing\n{line}\n"})) == [("a.txt", 2)]

    def test_forms_that_only_begin_alike_are_not(self, search: Search) -> None:
        assert places(search("files", {"a.txt": "filter the fillings\nfiling\n"})) == [("a.txt", 2)]

    def test_equally_good_lines_come_by_path_and_line(self, search: Search) -> None:
        found = search(
            "needle", {"b/a.txt": "needle\n", "b.txt": "x\nneedle\nneedle\n", "a/z.txt": "needle\n"}
        )
        assert places(found) == [("a/z.txt", 1), ("b.txt", 2), ("b.txt", 3), ("b/a.txt", 1)]
        assert {match.score for match in found.matches} == {1.0}

    def test_a_part_in_quotes_must_be_there_as_it_stands(self, search: Search) -> None:
        found = search(
            'where is "connection refused" raised', {"a": "refused connection\nConnection refused!\n"}
        )
        assert (places(found), found.words) == ([("a", 2)], ["connection refused", "raised"])

    def test_a_name_typed_as_one_is_better_than_its_parts(self, search: Search) -> None:
        found = search("connect_timeout", {"a.py": "timeout, connect\nconnect_timeout\n"})
        assert places(found) == [("a.py", 2), ("a.py", 1)]

    def test_case_matters_on_request(self, search: Search) -> None:
        files: dict[str, str | bytes] = {"a.txt": "todo\nTODO\n"}
        assert places(search("TODO", files)) == [("a.txt", 2), ("a.txt", 1)]
        assert places(search("TODO", case_sensitive=True)) == [("a.txt", 2)]

    def test_a_query_of_stop_words_alone_is_taken_as_it_is(self, search: Search) -> None:
        assert search("where is it", {"a.txt": "it\n"}).total_matches == 1

    @settings(max_examples=200)
    @given(
        st.from_regex(r"[a-zA-Z0-9äßΣ_]{1,9}", fullmatch=True).filter(lambda word: word.strip("_")),
        st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=15),
        st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=15),
    )
    def test_every_line_that_contains_the_only_word_is_found(
        self, word: str, before: str, after: str
    ) -> None:
        matcher = WordsMatcher(word, case_sensitive=False)
        text = f"x\n{before}{word}{after}\ny"
        line = text.split("\n")[1]
        assert matcher.may_be_in(text.encode())
        assert any(text[start:end] == line for start, end in matcher.candidates(text))
        hit = matcher.line_hit(line)
        assert hit is not None
        assert all(0 <= start < end <= len(line) for start, end in hit.spans)

    @given(st.text(max_size=60))
    def test_any_query_is_taken_apart(self, text: str) -> None:
        for term in parse_query(text).terms:
            assert term.needle
            assert fold(term.word).startswith(fold(term.needle))

    @given(st.from_regex(r"[a-z]{3,12}", fullmatch=True))
    def test_the_plural_of_a_word_has_its_stem(self, word: str) -> None:
        if not word.endswith(("s", "i", "u", "ie", "sse")):
            assert stem(f"{word}s") == stem(word)


class TestLiteral:
    def test_lines_come_by_path_and_line_with_names_first(self, search: Search) -> None:
        found = search(
            "a.b(",
            {"z.txt": "a.b(c)\nacb(\nA.B(\n", "b/a.b(.txt": "none\n", "b.txt": "x a.b( a.b(\n"},
            mode="literal",
        )
        assert places(found) == [("b.txt", 1), ("b/a.b(.txt", None), ("z.txt", 1), ("z.txt", 3)]
        assert found.matches[0].spans == [(2, 6), (7, 11)]
        assert (found.words, found.mode) == ([], "literal")

    def test_a_slash_means_the_path(self, search: Search) -> None:
        assert places(search("src/a", {"src/a.py": "", "a.py": ""}, mode="literal")) == [("src/a.py", None)]

    @given(st.text(min_size=1, max_size=5), st.text(max_size=60), st.booleans())
    def test_exactly_the_lines_that_contain_it_are_found(self, query: str, text: str, is_exact: bool) -> None:
        needle = query.strip("\r\n")
        if not needle or "\n" in needle:
            return
        matcher = LiteralMatcher(needle, case_sensitive=is_exact)
        fitting = str if is_exact else fold
        expected = [line for line in text.split("\n") if fitting(needle) in fitting(line)]
        assert [text[start:end] for start, end in matcher.candidates(text)] == expected
        assert all(matcher.line_hit(line) for line in expected)
        if expected:
            assert matcher.may_be_in(text.encode(errors="replace")) or not text.isprintable()


class TestRegex:
    def test_matches_are_within_lines(self, search: Search) -> None:
        found = search(
            r"^def (\w+)\($|\Aimport", {"a.py": "def a(\r\n def b(\ndef c(\nimport x\n"}, mode="regex"
        )
        assert places(found) == [("a.py", 1), ("a.py", 3), ("a.py", 4)]

    def test_names_are_matched_too(self, search: Search) -> None:
        found = search(r"^load_.*\.py$", {"x/load_csv.py": "", "x/reload_csv.py": ""}, mode="regex")
        assert places(found) == [("x/load_csv.py", None)]

    def test_a_match_of_nothing_is_a_match(self, search: Search) -> None:
        found = search("^$", {"a.txt": "x\n\ny\n", "empty.txt": ""}, mode="regex")
        assert (places(found), found.matches[0].spans) == ([("a.txt", 2)], [])

    @pytest.mark.parametrize(
        ("pattern", "position"),
        [("(", 0), ("a[", 1), ("x{2}{3}", 4), ("a" + "{99999999999}", None), ("(" * 500 + ")" * 500, None)],
    )
    def test_one_that_is_not_valid_is_refused_with_its_position(
        self, pattern: str, position: int | None
    ) -> None:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(1000)  # Python's own; a library that ran before may have raised it
        try:
            with pytest.raises(InvalidInput) as caught:
                FileSearchInput(query=pattern, mode="regex")
        finally:
            sys.setrecursionlimit(limit)
        assert caught.value.code == "file_search.bad_regex"
        assert caught.value.data == {"position": position}
        assert caught.value.errors is not None
        assert caught.value.errors[0]["loc"] == ["query"]

    @given(st.text(alphabet="ab\n", max_size=30))
    def test_it_finds_what_a_loop_over_lines_finds(self, text: str) -> None:
        regex = compiled_regex("ab*a|^b$", case_sensitive=True)
        found = [text[start:end] for start, end in RegexMatcher(regex).candidates(text)]
        assert found == [line for line in text.split("\n") if regex.search(line)]


class TestFiles:
    def test_binary_and_too_large_files_are_counted_and_their_names_match(self, search: Search) -> None:
        found = search(
            "needle",
            {
                "needle.bin": b"needle\x00needle", "a.pdf": b"%PDF-1.7\nneedle\n", "big.txt": "needle\n" * 100,
                "ok.txt": "needle\n",
            },
            max_file_bytes=100,
        )  # fmt: skip
        assert places(found) == [("needle.bin", None), ("ok.txt", 1)]
        assert found.files_skipped.model_dump() == {"binary": 2, "too_large": 1, "unreadable": 0}
        assert found.files_searched == 1

    @pytest.mark.skipif(sys.platform != "linux", reason="this file of Linux cannot be read by anybody")
    def test_an_unreadable_file_is_counted(self, search: Search) -> None:
        found = search("needle", target="/proc/self/mem")
        assert (found.files_skipped.unreadable, found.files_searched) == (1, 0)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
    def test_what_permissions_forbid_is_counted(self, search: Search, tmp_path: Path) -> None:
        write(tmp_path, {"a.txt": "needle\n", "closed/b.txt": "needle\n"})
        (tmp_path / "a.txt").chmod(0)
        (tmp_path / "closed").chmod(0)
        found = search("needle")
        (tmp_path / "closed").chmod(0o700)
        assert found.files_skipped.unreadable == 2

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_encodings_with_a_mark_are_read(self, search: Search, encoding: str) -> None:
        found = search("^nädel", {"a.txt": "nädel\nx\n".encode(encoding)}, mode="regex")
        assert (places(found), previews(found)) == ([("a.txt", 1)], ["nädel"])

    def test_bytes_in_no_encoding_are_replaced(self, search: Search) -> None:
        found = search("needle", {"a.txt": b"\xff\xfa caf\xe9 needle\r\n"})
        assert previews(found) == ["\ufffd\ufffd caf\ufffd needle"]

    def test_a_large_file_is_read_in_pieces(self, search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(text_files, "_PIECE_BYTES", 1000)
        monkeypatch.setattr(text_files, "_OVERLAP_BYTES", 100)
        lines = [f"line {n} needle" if n % 1000 == 7 else f"line {n}" for n in range(1, 5001)]
        told: list[float] = []
        found = search(
            "needle",
            {"a.txt": "\n".join(lines)},
            report=lambda fraction, message, **data: told.append(fraction),
        )
        assert places(found) == [("a.txt", n) for n in (7, 1007, 2007, 3007, 4007)]
        assert told == sorted(told)
        assert (told[0], told[-1]) == (0.0, 1.0)
        assert len(told) > 20

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_a_line_larger_than_a_piece_matches_once(
        self, search: Search, monkeypatch: pytest.MonkeyPatch, encoding: str
    ) -> None:
        monkeypatch.setattr(text_files, "_PIECE_BYTES", 1000)
        monkeypatch.setattr(text_files, "_OVERLAP_BYTES", 100)
        for at in (900, 995, 2990):
            text = f"first\n{'x' * at} needle {'y' * 5000} needle\nneedle"
            found = search("needle", {"a.txt": text.encode(encoding)})
            assert places(found) == [("a.txt", 2), ("a.txt", 3)]
            assert len(found.matches[0].preview) <= 200

    @settings(max_examples=60, deadline=None)
    @given(st.text(alphabet="ab\näx", max_size=300), st.integers(20, 64))
    def test_pieces_hold_every_line_once(
        self, tmp_path_factory: pytest.TempPathFactory, text: str, piece_bytes: int
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(text_files, "_PIECE_BYTES", piece_bytes)
            patch.setattr(text_files, "_OVERLAP_BYTES", 4)
            path = tmp_path_factory.mktemp("pieces", numbered=True) / "a.txt"
            path.write_bytes(text.encode())
            pieces = list(text_files.read_pieces(str(path), 2**20))
        if all(len(line.encode()) < piece_bytes // 2 for line in text.split("\n")):
            assert b"".join(piece.content for piece in pieces).decode() == text
        for piece in pieces:
            assert piece.first_line <= text.count("\n") + 1

    def test_cells_of_notebooks_are_searched_not_their_json(self, search: Search) -> None:
        source = ["import os\n", "needle = 1\n", 'say("needle \\u00e9")']
        content = notebook(("markdown", "# cell_type"), ("code", source), ("raw", ""))
        found = search("needle", {"a.ipynb": content})
        assert [(m.cell, m.line, m.preview) for m in found.matches] == [
            (1, 2, "needle = 1"), (1, 3, 'say("needle \\u00e9")'),
        ]  # fmt: skip
        assert search("nbformat").matches == []
        assert search('"needle', mode="literal").matches[0].line == 3
        assert [(m.cell, m.line) for m in search("cell_type").matches] == [(0, 1)]

    def test_a_broken_notebook_is_searched_as_text(self, search: Search) -> None:
        found = search("needle", {"a.ipynb": '{"cells": [\n<<<<<<< needle\n'})
        assert [(m.cell, m.line) for m in found.matches] == [(None, 2)]

    def test_a_single_file_is_searched_even_if_ignored(self, search: Search, tmp_path: Path) -> None:
        write(tmp_path, {".gitignore": "*\n", "src/.a.log": "needle\n"})
        found = search("needle", target=tmp_path / "src" / ".a.log")
        assert (places(found), found.root) == ([(".a.log", 1)], str(tmp_path / "src"))

    def test_ignored_and_hidden_files_are_left_out_unless_wanted(self, search: Search) -> None:
        files: dict[str, str | bytes] = {".gitignore": "*.log\n", "a.log": "needle\n", ".b": "needle\n"}
        assert search("needle", files).matches == []
        assert places(search("needle", ignored=True)) == [("a.log", 1)]
        assert places(search("needle", hidden=True)) == [(".b", 1)]

    def test_globs_choose_files(self, search: Search) -> None:
        names = ("a.py", "src/b.py", "src/c.js", "tests/d.py")
        files: dict[str, str | bytes] = dict.fromkeys(names, "needle\n")
        found = search("needle", files, include=["*.py", "./src/"], exclude=["tests/", "src/*.js"])
        assert places(found) == [("a.py", 1), ("src/b.py", 1)]

    @pytest.mark.parametrize("glob", ["!", "[z-a]"])
    def test_what_is_no_glob_is_refused(self, search: Search, glob: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            search("needle", exclude=[glob])
        assert caught.value.code == "file_search.bad_glob"

    def test_an_empty_folder_has_no_matches(self, search: Search) -> None:
        found = search("needle")
        assert (found.matches, found.total_matches, found.files_searched) == ([], 0, 0)

    def test_a_name_that_is_not_utf_8_can_still_be_told(self, search: Search, tmp_path: Path) -> None:
        (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("needle\n")
        assert places(search("needle")) == [("caf\ufffd.txt", 1)]


class TestLimit:
    def test_all_are_counted_and_the_best_returned(self, search: Search) -> None:
        files: dict[str, str | bytes] = {"a.txt": "a needle\n" * 5000, "z.py": "def needle(): pass\n"}
        for mode, first in (("words", "z.py"), ("literal", "a.txt"), ("regex", "a.txt")):
            found = search("needle", files, mode=mode, limit=3)
            assert (found.total_matches, found.truncated, len(found.matches)) == (5001, True, 3)
            assert found.matches[0].path == first


class TestPreview:
    def test_it_is_stripped_and_shows_no_control_characters(self) -> None:
        line = "\t\x1b[1;31mneedle\x1b[0m\x07 \x1b]0;title\x07a\tb\u202e \x00\ud800 "
        text, spans = preview(line, [(8, 14)])
        assert (text, [text[a:b] for a, b in spans]) == ("needle a b ", ["needle"])

    @given(st.integers(0, 600), st.integers(0, 600))
    def test_a_long_line_is_cut_around_its_match(self, before: int, after: int) -> None:
        line = "b" * before + "needle" + "a" * after
        text, spans = preview(line, [(before, before + 6)])
        assert len(text) <= 200
        assert [text[a:b] for a, b in spans] == ["needle"]
        assert text.startswith("…") or line.startswith(text[:50])
        assert text.endswith("…") or line.endswith(text[-50:])

    @given(st.text(max_size=400), st.data())
    def test_spans_stay_inside_whatever_the_line(self, line: str, data: st.DataObject) -> None:
        start = data.draw(st.integers(0, len(line)))
        end = data.draw(st.integers(start, len(line)))
        text, spans = preview(line, [(start, end)])
        assert len(text) <= 200
        assert all(0 <= a < b <= len(text) for a, b in spans)
        text.encode()


class TestInput:
    @pytest.mark.parametrize(
        "fields",
        [
            {"query": ""}, {"query": "  "}, {"query": "a" * 1001}, {"query": "a", "limit": 0},
            {"query": "a", "limit": 1001}, {"query": "a", "mode": "fuzzy"}, {"query": "a", "path": ""},
            {"query": "a\nb", "mode": "literal"}, {"query": "a", "timeout_s": 0},
        ],
    )  # fmt: skip
    def test_it_is_checked(self, fields: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            FileSearchInput.model_validate(fields)

    @pytest.mark.parametrize("query", ["->", "_", "!= "])
    def test_signs_are_no_words(self, query: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            FileSearchInput(query=query)
        assert (caught.value.code, "literal" in str(caught.value.hint)) == ("file_search.no_words", True)
        assert FileSearchInput(query=query, mode="literal").query == query


class WorkerContext:
    """The part of a `Context` that a search uses; `in_process` is the platform's own pool."""

    def __init__(self, root: Path, pool: WorkerPool) -> None:
        self.root = root
        self.told: list[float | None] = []
        self.has_begun = asyncio.Event()
        self._pool = pool

    def resolve(self, path: str) -> Path:
        resolved = (self.root / path).resolve()
        if not resolved.is_relative_to(self.root):
            raise Forbidden(f"{path} is outside", code="path.outside_root")
        if not resolved.exists():
            raise NotFound(f"{path} does not exist", code="path.not_found", hint="is it a.py?")
        return resolved

    async def in_process(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        def report(fraction: float | None, message: str, data: dict[str, Any]) -> None:
            self.told.append(fraction)
            self.has_begun.set()

        return await self._pool.run(function, *args, report=report, **kwargs)


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(1)
    yield pool
    await pool.close()


@pytest.mark.asyncio
class TestOracle:
    async def run(self, context: WorkerContext, query: str, **fields: Any) -> Found:
        wanted = FileSearchInput(query=query, **fields)
        return await FileSearch().run(context, wanted)  # type: ignore[arg-type]

    async def test_a_folder_is_searched_and_progress_told(self, tmp_path: Path, pool: WorkerPool) -> None:
        context = WorkerContext(write(tmp_path, {"src/a.py": "needle\n"}), pool)
        found = await self.run(context, "needle")
        assert (places(found), found.root, context.told) == ([("src/a.py", 1)], str(tmp_path), [0.0, 1.0])

    @pytest.mark.parametrize(
        "query", ["search for needle in src", "needle in the folder src?", 'Where is needle in "src" folder']
    )
    async def test_a_sentence_may_end_with_the_place(
        self, tmp_path: Path, pool: WorkerPool, query: str
    ) -> None:
        context = WorkerContext(write(tmp_path, {"src/a.py": "needle\n", "b.py": "needle\n"}), pool)
        found = await self.run(context, query)
        assert (places(found), found.words) == ([("a.py", 1)], ["needle"])

    async def test_ignore_files_between_the_project_and_the_folder_count(
        self, tmp_path: Path, pool: WorkerPool
    ) -> None:
        files: dict[str, str | bytes] = {".gitignore": "*.log\n/a/b/one.*\n"}
        for name in ("keep/deep/k.log", "keep/k.py", "a/b/one.txt", "a/b/two.txt"):
            files[name] = "needle\n"
        context = WorkerContext(write(tmp_path, files), pool)
        assert places(await self.run(context, "needle", path="keep")) == [("k.py", 1)]
        assert places(await self.run(context, "needle", path="a")) == [("b/two.txt", 1)]

    async def test_a_word_that_is_no_place_stays_a_word(self, tmp_path: Path, pool: WorkerPool) -> None:
        context = WorkerContext(write(tmp_path, {"a.py": "parser needle\n"}), pool)
        assert (await self.run(context, "needle in parser")).words == ["needle", "parser"]

    async def test_a_place_that_is_missing_or_outside_is_said(self, tmp_path: Path, pool: WorkerPool) -> None:
        context = WorkerContext(tmp_path, pool)
        for query, path in (("needle", "gone"), ("needle in src/gone", ".")):
            with pytest.raises(NotFound) as caught:
                await self.run(context, query, path=path)
            assert (caught.value.code, bool(caught.value.hint)) == ("path.not_found", True)
        for query, path in (("needle", ".."), ("needle in ../x", ".")):
            with pytest.raises(Forbidden):
                await self.run(context, query, path=path)

    async def test_a_pipe_is_not_waited_for(self, tmp_path: Path, pool: WorkerPool) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(InvalidInput) as caught:
            await self.run(WorkerContext(tmp_path, pool), "needle", path="pipe")
        assert caught.value.code == "file_search.not_a_file"

    async def test_a_regex_that_explodes_is_stopped_and_the_next_search_runs(
        self, tmp_path: Path, pool: WorkerPool
    ) -> None:
        context = WorkerContext(write(tmp_path, {"a.txt": "a" * 60 + "b\n"}), pool)
        with pytest.raises(InvalidInput) as caught:
            await self.run(context, "(a+)+$", mode="regex", timeout_s=0.5)
        assert (caught.value.code, "(a+)+" in str(caught.value.hint)) == ("file_search.regex_too_slow", True)
        assert places(await self.run(context, "a+b", mode="regex")) == [("a.txt", 1)]

    async def test_a_time_out_of_a_file_system_is_not_taken_for_one_of_the_regex(
        self, tmp_path: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        context = WorkerContext(tmp_path, pool)

        async def time_out(*_: Any, **__: Any) -> Any:
            raise TimeoutError("the server does not answer")

        monkeypatch.setattr(context, "in_process", time_out)
        with pytest.raises(TimeoutError, match="does not answer"):
            await self.run(context, "a", mode="regex")

    async def test_a_cancelled_search_stops(self, tmp_path: Path, pool: WorkerPool) -> None:
        context = WorkerContext(write(tmp_path, {"a.txt": "a" * 60 + "b\n"}), pool)
        task = asyncio.create_task(self.run(context, "(a+)+$", mode="regex"))
        await context.has_begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert places(await self.run(context, "ab", mode="literal")) == [("a.txt", 1)]

    async def test_an_error_crosses_the_process(self, tmp_path: Path, pool: WorkerPool) -> None:
        with pytest.raises(InvalidInput) as caught:
            await self.run(WorkerContext(tmp_path, pool), "needle", include=["!"])
        assert caught.value.code == "file_search.bad_glob"
