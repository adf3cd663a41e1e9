from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound
from vibe_jupyter.core.oracles.notebook_cells import read_cells
from vibe_jupyter.core.oracles.notebook_query import NotebookQuery, NotebookQueryInput, NotebookQueryOutput
from vibe_jupyter.core.oracles.notebook_query.intent import read_intent
from vibe_jupyter.core.oracles.notebook_query.query import query_notebooks
from vibe_jupyter.core.oracles.notebook_query.staleness import stale_cells
from vibe_jupyter.core.workers.pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Found = NotebookQueryOutput
    Ask = Callable[..., Found]
    Cell = dict[str, Any]


def code(source: str, count: int | None = None, *outputs: Cell, **metadata: Any) -> Cell:
    return nbformat.v4.new_code_cell(source, execution_count=count, outputs=list(outputs), metadata=metadata)


def text(source: str) -> Cell:
    return nbformat.v4.new_markdown_cell(source)


def printed(content: str = "1") -> Cell:
    return nbformat.v4.new_output("stream", text=content)


def error(ename: str, evalue: str, *traceback: str) -> Cell:
    return nbformat.v4.new_output("error", ename=ename, evalue=evalue, traceback=list(traceback))


def write(root: Path, notebooks: dict[str, list[Cell] | str | bytes]) -> Path:
    for name, content in notebooks.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = nbformat.writes(nbformat.v4.new_notebook(cells=content))
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Write `notebooks`, if any, and ask about them; the answer must be strict JSON."""

    def run(
        query: str, notebooks: dict[str, list[Cell] | str | bytes] | None = None, **options: Any
    ) -> Found:
        write(tmp_path, notebooks or {})
        report = options.pop("report", None)
        target = options.pop("target", tmp_path)
        found = NotebookQueryOutput.model_validate(
            query_notebooks(str(target), {"query": query, **options}, report)
        )
        found.model_dump_json().encode()
        return found

    return run


def places(found: Found) -> list[tuple[str, int | None]]:
    return [(row.notebook, row.cell) for row in found.rows]


class TestCells:
    def test_those_with_the_words_come_with_their_best_line(self, ask: Ask, tmp_path: Path) -> None:
        found = ask(
            "find the cell that trains the model",
            {
                "a.ipynb": [text("# About a model"), code("x = 1\n\nmodel = train(x)\nmodel", 3)],
                "sub/b.ipynb": [code("print('none')"), code("def train_model(): ...")],
            },
        )
        assert (found.what, found.words) == ("cells", ["trains", "model"])
        assert places(found) == [("sub/b.ipynb", 1), ("a.ipynb", 1), ("a.ipynb", 0)]
        row = found.rows[1]
        assert (row.kind, row.execution_count, row.line, row.preview) == ("code", 3, 3, "model = train(x)")
        assert [row.preview[a:b] for a, b in row.spans] == ["model", "train"]
        assert row.cell_id == read_cells((tmp_path / "a.ipynb").read_bytes())[1].id
        assert (found.total_rows, found.notebooks_searched, found.notebooks_matched) == (3, 2, 2)

    def test_without_words_all_of_a_kind_are_listed_in_order(self, ask: Ask) -> None:
        found = ask("show all markdown cells of b.ipynb", {
            "a.ipynb": [text("x")], "n/b.ipynb": [text("\n\n  one"), code("two"), text("three")],
        })  # fmt: skip
        assert [(row.cell, row.preview, row.score) for row in found.rows] == [
            (0, "one", None),
            (2, "three", None),
        ]
        assert ask("show the cells of n/b.ipynb").total_rows == 3
        assert ask("", what="cells", kind="code").total_rows == 1

    def test_more_cells_than_the_limit_are_counted(self, ask: Ask) -> None:
        found = ask("needle", {"a.ipynb": [code("needle") for _ in range(50)]}, limit=3)
        assert (len(found.rows), found.total_rows, found.truncated) == (3, 50, True)


class TestErrors:
    def test_a_stored_error_tells_what_where_and_why(self, ask: Ask) -> None:
        found = ask(
            "which notebooks have errors",
            {
                "a.ipynb": [
                    code("import os"),
                    code(
                        "x = {}\nx['a']",
                        7,
                        printed(),
                        error(
                            "KeyError",
                            "'a'",
                            "\x1b[31m-----\x1b[39m",
                            "\x1b[31mKeyError\x1b[39m  Traceback (most recent call last)",
                            "\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[7]\x1b[39m\x1b[32m, line 2\x1b[39m\n"
                            "\x1b[32m      1\x1b[39m x = {}\n\x1b[32m----> 2\x1b[39m x['a']",
                            "\x1b[31mKeyError\x1b[39m: 'a'",
                        ),
                    ),
                ],
                "fine.ipynb": [code("1", 1, printed())],
            },
        )
        assert found.what == "errors"
        assert places(found) == [("a.ipynb", 1)]
        row = found.rows[0]
        assert (row.ename, row.evalue, row.detail) == ("KeyError", "'a'", "KeyError: 'a'")
        assert (row.line, row.preview, row.execution_count) == (2, "x['a']", 7)
        assert (found.notebooks_searched, found.notebooks_matched) == (2, 1)

    def test_the_traceback_of_an_older_kernel_is_read_too(self, ask: Ask) -> None:
        output = error("E", "", "E Traceback", "<ipython-input-1-f> in <module>\n      1 a\n----> 2 b", "E: ")
        assert ask("errors", {"a.ipynb": [code("a\nb", 1, output)]}).rows[0].line == 2

    def test_a_name_of_an_error_leaves_only_those(self, ask: Ask) -> None:
        notebooks: dict[str, Any] = {
            "a.ipynb": [code("1", 1, error("ValueError", "bad")), code("2", 2, error("KeyError", "k"))]
        }
        assert places(ask("does any notebook fail with a KeyError?", notebooks)) == [("a.ipynb", 1)]
        found = ask("any notebook raising ImportError?")
        assert (found.rows, found.words, found.what) == ([], ["ImportError"], "errors")

    def test_words_that_no_error_has_are_passed_over(self, ask: Ask) -> None:
        found = ask("errors of yesterday", {"a.ipynb": [code("1", 1, error("ValueError", "bad"))]})
        assert (found.total_rows, found.words) == (1, [])
        assert ask("errors with bad values").words == ["bad", "values"]

    def test_huge_and_odd_outputs_stay_out_of_the_answer(self, ask: Ask) -> None:
        huge = error("E" * 10_000, "v\n" * 100_000, *["x" * 100_000] * 300)
        found = ask("errors", {"a.ipynb": [code("1", 1, huge, printed("y" * 5_000_000))]})
        assert len(found.model_dump_json()) < 2_500
        odd = {"cells": [{"cell_type": "code", "source": 1, "outputs": [
            3, {"output_type": "error", "traceback": [None, 5], "ename": None, "evalue": ["\ud800"]},
        ]}]}  # fmt: skip
        assert ask("errors", {"a.ipynb": json.dumps(odd)}).rows[0].detail == "5"


class TestImports:
    def test_each_module_comes_once_for_a_cell_with_its_line(self, ask: Ask) -> None:
        source = (
            "%matplotlib inline\nimport os, numpy as np\n!ls\nfrom a.b import c\nimport os\nfrom . import d"
        )
        found = ask("what modules do the notebooks import", {"x.ipynb": [text("import no"), code(source)]})
        assert [(row.module, row.line, row.cell) for row in found.rows] == [
            ("os", 2, 1), ("numpy", 2, 1), ("a.b", 4, 1), (".", 6, 1),
        ]  # fmt: skip
        assert found.rows[2].preview == "from a.b import c"

    @pytest.mark.parametrize(
        ("source", "modules"),
        [
            ("%%time\nimport a", ["a"]),
            ("%%bash\nimport a", []),
            ("if x:\n    !pip install b\nimport a", ["a"]),
            ("def (:\nfrom a.b import c\n  import d", ["a.b", "d"]),
            ("try:\n    import a\nexcept ImportError:\n    b = __import__('c')", ["a"]),
        ],
    )
    def test_magics_and_broken_code_are_tolerated(self, ask: Ask, source: str, modules: list[str]) -> None:
        assert [row.module for row in ask("imports", {"x.ipynb": [code(source)]}).rows] == modules

    def test_a_named_module_leaves_only_its_imports(self, ask: Ask) -> None:
        notebooks: dict[str, Any] = {
            "a.ipynb": [code("import pandas.io as pio\nimport os")], "b.ipynb": [code("import sys")],
        }  # fmt: skip
        assert places(ask("which nbs import pandas", notebooks)) == [("a.ipynb", 0)]
        assert ask("which notebooks import torch").rows == []
        assert ask("list the imports across all notebooks").total_rows == 3
        assert ask("which libraries does my analysis need").total_rows == 3


class TestStale:
    def reasons(self, found: Found) -> list[tuple[int | None, str | None]]:
        return [(row.cell, row.reason) for row in found.rows]

    def test_a_notebook_run_from_top_to_bottom_is_not(self, ask: Ask) -> None:
        cells = [code("1", 1), text("x"), code(""), code("2", 2, printed()), code("3", 5)]
        assert ask("stale outputs", {"a.ipynb": cells}).rows == []

    def test_cells_below_one_that_ran_later_are(self, ask: Ask) -> None:
        cells = [code("a", 5), code("b", 2), code("c", 3), code("d", 6), code("e", 6)]
        found = ask("which notebooks were run out of order", {"a.ipynb": cells})
        assert self.reasons(found) == [(1, "out_of_order"), (2, "out_of_order"), (4, "out_of_order")]
        assert found.rows[0].detail == "it ran as [2], but cell 0 above it as [5]"
        assert "restarted" in found.rows[2].detail

    def test_outputs_without_a_count_and_cells_never_executed_are(self, ask: Ask) -> None:
        cells = [code("a", None, printed()), code("b", 1), code("c")]
        found = ask("stale", {"a.ipynb": cells})
        assert self.reasons(found) == [(0, "outputs_without_count"), (2, "never_executed")]

    def test_a_notebook_that_never_ran_is_one_row(self, ask: Ask) -> None:
        found = ask("which notebooks were never executed", {"a.ipynb": [code("a"), code("b")], "b.ipynb": []})
        assert self.reasons(found) == [(None, "never_executed")]
        assert "none of its 2 code cells" in found.rows[0].detail

    def test_the_time_of_each_run_is_better_evidence_than_counts(self, ask: Ask) -> None:
        def at(minute: int) -> Cell:
            return {"iopub.execute_input": f"2026-01-01T10:{minute:02}:00.000000Z"}

        cells = [code("a", 9, execution=at(1)), code("b", 1, execution=at(2)), code("c", 2, execution=at(3))]
        assert ask("stale", {"a.ipynb": cells}).rows == []
        cells[1].metadata.execution = at(0)
        found = ask("stale", {"a.ipynb": cells})
        assert self.reasons(found) == [(1, "out_of_order")]
        assert "2026-01-01 10:01:00" in found.rows[0].detail
        cells[2].metadata.execution = {"iopub.execute_input": "yesterday"}
        assert self.reasons(ask("stale", {"a.ipynb": cells})) == [(1, "out_of_order"), (2, "out_of_order")]

    @pytest.mark.parametrize(
        ("earlier", "later"),
        [
            ({"papermill": {"start_time": "2026-01-01T10:00"}}, {"papermill": {"start_time": "2026-01-01T11:00"}}),
            ({"executionInfo": {"timestamp": 1767261600000}}, {"executionInfo": {"timestamp": 1767261600001}}),
            ({"execution_start": 1767261600000}, {"execution_start": 1767261600001}),
        ],
    )  # fmt: skip
    def test_times_of_other_tools_are_read(self, ask: Ask, earlier: Cell, later: Cell) -> None:
        assert ask("stale", {"a.ipynb": [code("a", 2, **earlier), code("b", 1, **later)]}).rows == []
        found = ask("stale", {"a.ipynb": [code("a", 1, **later), code("b", 2, **earlier)]})
        assert self.reasons(found) == [(1, "out_of_order")]

    def test_a_tool_that_knows_of_a_change_is_believed(self, ask: Ask) -> None:
        found = ask("stale", {"a.ipynb": [code("a", 1, deepnote_to_be_reexecuted=True)]})
        assert self.reasons(found) == [(0, "changed_since_run")]

    @given(st.lists(st.integers(1, 50), max_size=20))
    def test_exactly_counts_that_do_not_rise_are_out_of_order(self, counts: list[int]) -> None:
        cells = read_cells(json.dumps({"cells": [code("x", count) for count in counts]}))
        found = [cell.index for cell, _, _ in stale_cells(cells) if cell is not None]
        assert found == [n for n, count in enumerate(counts) if count <= max(counts[:n], default=0)]


class TestOutline:
    def test_headings_in_all_their_forms(self, ask: Ask) -> None:
        source = (
            "# One #\ntext\n## Two\n#no\n```\n# code\n```\nThree\n=====\nFour\n---\n<h3 id='x'>Fi<b>ve</b></h3>\n"
            "- item\n---\n######  Six"
        )
        found = ask(
            "outline of a.ipynb", {"a.ipynb": [code("# comment"), text(source)], "b.ipynb": [text("# B")]}
        )
        assert [(row.level, row.preview, row.line) for row in found.rows] == [
            (1, "One", 1), (2, "Two", 3), (1, "Three", 8), (2, "Four", 10), (3, "Five", 12), (6, "Six", 15),
        ]  # fmt: skip
        assert found.rows[1].detail == "## Two"

    def test_words_narrow_it(self, ask: Ask) -> None:
        found = ask("section about cleaning", {"a.ipynb": [text("# Clean the data\n# Plot")]})
        assert [row.preview for row in found.rows] == ["Clean the data"]


class TestFiles:
    def test_a_notebook_of_format_3_is_read(self, ask: Ask) -> None:
        old = {
            "nbformat": 3, "nbformat_minor": 0, "metadata": {},
            "worksheets": [{"cells": [
                {"cell_type": "heading", "level": 2, "source": ["Title"], "metadata": {}},
                {"cell_type": "code", "language": "python", "input": ["import a\n", "a.b"], "prompt_number": 4,
                 "collapsed": False, "metadata": {},
                 "outputs": [{"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["E: v"]}]},
            ]}],
        }  # fmt: skip
        nbformat.validate(nbformat.from_dict(old))
        content = json.dumps(old)
        assert ask("outline", {"a.ipynb": content}).rows[0].level == 2
        assert ask("imports").rows[0].module == "a"
        row = ask("errors").rows[0]
        assert (row.cell, row.execution_count, row.detail) == (1, 4, "E: v")

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("", "it is empty"),
            ("{", "it is not JSON"),
            ("[]", "not an object"),
            ('{"cells": 3}', "no list of cells"),
            ('{"worksheets": [3]}', "no list of cells"),
            ("[" * 100_000, "nested too deeply"),
            (b"\x00\xff\xfe", "it is not JSON"),
        ],
    )
    def test_a_corrupt_one_is_named_and_the_others_answer(
        self, ask: Ask, content: str | bytes, problem: str
    ) -> None:
        found = ask("imports", {"a.ipynb": content, "b.ipynb": [code("import os")]})
        assert places(found) == [("b.ipynb", 0)]
        assert (found.notebooks_searched, found.notebooks_unreadable) == (1, 1)
        assert found.problems[0].notebook == "a.ipynb"
        assert problem in found.problems[0].problem

    def test_one_that_vanishes_meanwhile_is_a_problem(self, ask: Ask, tmp_path: Path) -> None:
        def vanish(fraction: float, message: str, **data: Any) -> None:
            (tmp_path / "a.ipynb").unlink(missing_ok=True)

        found = ask("imports", {"a.ipynb": [code("import os")]}, report=vanish)
        assert found.problems[0].problem == "it cannot be read: No such file or directory"

    def test_checkpoints_and_ignored_notebooks_are_left_out(self, ask: Ask, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").write_text("out/\n")
        notebook: list[Cell] = [code("import os")]
        names = ("a.ipynb", "out/b.ipynb", ".ipynb_checkpoints/a-checkpoint.ipynb")
        assert places(ask("imports", dict.fromkeys(names, notebook))) == [("a.ipynb", 0)]

    def test_an_empty_folder_has_no_rows(self, ask: Ask) -> None:
        found = ask("errors")
        assert (found.rows, found.notebooks_searched, found.problems) == ([], 0, [])

    def test_a_notebook_that_is_not_there_is_answered_with_the_nearest(self, ask: Ask) -> None:
        with pytest.raises(NotFound) as caught:
            ask("outline of analsis.ipynb", {"deep/analysis.ipynb": [text("# A")]})
        assert caught.value.code == "notebook_query.no_such_notebook"
        assert "analysis.ipynb" in str(caught.value.hint)

    def test_progress_is_told(self, ask: Ask) -> None:
        told: list[tuple[float, int]] = []
        ask(
            "errors", {"a.ipynb": [], "b.ipynb": []},
            report=lambda fraction, message, **data: told.append((fraction, data["notebooks"])),
        )  # fmt: skip
        assert told == [(0.0, 0), (0.5, 1), (1.0, 2)]


class TestIntent:
    @pytest.mark.parametrize(
        ("query", "topic", "words"),
        [
            ("which notebooks have errors", "errors", ""),
            ("cells with a traceback", "errors", ""),
            ("what errors are in experiments.ipynb", "errors", ""),
            ("which notebooks have broken cells", "errors", ""),
            ("list the imports across all notebooks", "imports", ""),
            ("what does report.ipynb import", "imports", ""),
            ("notebooks that were not run top to bottom", "stale", ""),
            ("notebooks where execution order is off", "stale", ""),
            ("are there outdated outputs in the notebooks", "stale", ""),
            ("do any notebooks have unexecuted cells", "stale", ""),
            ("table of contents of my notebooks", "outline", ""),
            ("show the headings of eda.ipynb", "outline", ""),
            ("", "outline", ""),
            ("find cells that call fit()", "cells", "call fit()"),
            ("which notebook has the confusion matrix plot", "cells", "confusion matrix plot"),
            ("how many cells does cleaning.ipynb have", "cells", ""),
            ('cells with "import torch" in them', "cells", "import torch"),
        ],
    )
    def test_a_sentence_tells_what_it_is_about(self, query: str, topic: str, words: str) -> None:
        intent = read_intent(query)
        assert (intent.topic, re.sub(r'["]', "", intent.words)) == (topic, words)

    @given(st.text(max_size=80))
    def test_any_text_is_read(self, query: str) -> None:
        for topic in (None, "cells", "errors", "imports"):
            assert read_intent(query, topic).topic

    def test_a_topic_that_is_given_is_kept(self) -> None:
        assert read_intent("which notebooks have errors", "cells").words == "errors"


class WorkerContext:
    """The part of a `Context` that a query uses; `in_process` is the platform's own pool."""

    def __init__(self, root: Path, pool: WorkerPool) -> None:
        self.root = root
        self._pool = pool

    def resolve(self, path: str) -> Path:
        resolved = (self.root / path).resolve()
        if not resolved.is_relative_to(self.root):
            raise Forbidden(f"{path} is outside", code="path.outside_root")
        if not resolved.exists():
            raise NotFound(f"{path} does not exist", code="path.not_found", hint="is it a.ipynb?")
        return resolved

    async def in_process(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._pool.run(function, *args, **kwargs)


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(1)
    yield pool
    await pool.close()


@pytest.mark.asyncio
class TestOracle:
    async def run(self, root: Path, pool: WorkerPool, query: str, **fields: Any) -> Found:
        context: Any = WorkerContext(root, pool)
        return await NotebookQuery().run(context, NotebookQueryInput(query=query, **fields))

    async def test_ignore_files_above_the_folder_count(self, tmp_path: Path, pool: WorkerPool) -> None:
        cells = [code("x = 1")]
        write(tmp_path, {".gitignore": "draft*\n", "src/draft.ipynb": cells, "src/a.ipynb": cells})
        found = await self.run(tmp_path, pool, "", path="src", what="cells")
        assert {row.notebook for row in found.rows} == {"a.ipynb"}

    async def test_a_folder_or_notebook_at_the_end_of_the_sentence_narrows_it(
        self, tmp_path: Path, pool: WorkerPool
    ) -> None:
        write(
            tmp_path,
            {"a.ipynb": [text("# A")], "lab/b.ipynb": [text("# B")], "notebooks/c.ipynb": [text("# C")]},
        )
        for query, expected in [
            ("outline of the notebooks in lab", ["b.ipynb"]),
            ("headings in a.ipynb", ["a.ipynb"]),
            ("headings in b.ipynb", ["lab/b.ipynb"]),
            ("all headings in the notebooks", ["a.ipynb", "lab/b.ipynb", "notebooks/c.ipynb"]),
        ]:
            found = await self.run(tmp_path, pool, query)
            assert [row.notebook for row in found.rows] == expected

    async def test_a_path_that_is_missing_outside_or_no_notebook_is_said(
        self, tmp_path: Path, pool: WorkerPool
    ) -> None:
        (tmp_path / "a.py").touch()
        for query, path, kind in (
            ("errors", "gone", NotFound),
            ("errors in lab/gone.ipynb", ".", NotFound),
            ("errors in gone.ipynb", ".", NotFound),
            ("errors", "..", Forbidden),
            ("errors in ../b.ipynb", ".", Forbidden),
            ("errors", "a.py", InvalidInput),
        ):
            with pytest.raises(kind) as caught:
                await self.run(tmp_path, pool, query, path=path)
            assert caught.value.code.partition(".")[0] in ("path", "notebook_query")

    async def test_input_is_checked(self) -> None:
        for fields in (
            {"what": "all"},
            {"limit": 0},
            {"path": ""},
            {"kind": "heading"},
            {"query": "a" * 1001},
        ):
            with pytest.raises(ValidationError):
                NotebookQueryInput.model_validate(fields)
