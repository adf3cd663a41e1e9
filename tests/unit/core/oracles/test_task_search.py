from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.oracles.task_search import TaskSearch, TaskSearchInput, TaskSearchOutput
from vibe_jupyter.core.oracles.task_search.index import TaskIndex, document_of
from vibe_jupyter.core.oracles.task_search.words import all_words_match, any_word_match, text_of


def task(number: int, kind: str = "file_search", state: str = "succeeded", **fields: Any) -> dict[str, Any]:
    created_at = f"2026-01-01T00:00:{number:02}Z"
    return {"id": f"t{number}", "type": kind, "state": state, "created_at": created_at, **fields}


@dataclass
class HistoryContext:
    """The part of a `Context` that a search over tasks uses, over a history in a list."""

    data_dir: Path
    tasks: dict[str, list[dict[str, Any]]]
    user_id: str = "ada"
    asked_after: list[str | None] = field(default_factory=list)

    def progress(self, fraction: float | None, message: str = "", **data: Any) -> None:
        pass

    async def in_thread(self, function: Any, *args: Any) -> Any:
        return await asyncio.to_thread(function, *args)

    async def history(self, *, after: str | None = None, limit: int = 1000) -> list[dict[str, Any]]:
        self.asked_after.append(after)
        start = int(after or 0)
        page = self.tasks.get(self.user_id, [])[start : start + limit]
        return [{**ended, "cursor": str(start + place)} for place, ended in enumerate(page, start=1)]


@pytest.fixture
def archive(tmp_path: Path) -> HistoryContext:
    history = [
        task(1, input={"query": "where is getUserName"}, result={"matches": [{"path": "src/auth/login.py"}]}),
        task(
            2,
            "data_profile",
            "failed",
            error={"code": "data.unreadable", "message": "events.parquet is cut off"},
        ),
        task(3, "notebook_query", input={"query": "cells that plot the churn"}, result={"rows": 12345}),
        task(4, "task_search", input={"query": "churn"}),
    ]
    return HistoryContext(
        tmp_path / "data", {"ada": history, "bob": [task(9, input={"query": "bob's churn secret"})]}
    )


async def search(context: HistoryContext, query: str, **fields: Any) -> TaskSearchOutput:
    return await TaskSearch().run(context, TaskSearchInput(query=query, **fields))  # type: ignore[arg-type]


def ids(found: TaskSearchOutput) -> list[str]:
    return [found_task.id for found_task in found.tasks]


@pytest.mark.asyncio
class TestSearch:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("plotting", "t3"),
            ("getUserName", "t1"),
            ("user name", "t1"),
            ("auth/login.py", "t1"),
            ("login", "t1"),
            ("data.profile", "t2"),
            ("DATA_PROFILE", "t2"),
            ("what failed", "t2"),
            ("unreadable", "t2"),
            ("12345", "t3"),
        ],
    )
    async def test_a_task_is_found_by_its_type_state_input_result_and_error(
        self, archive: HistoryContext, query: str, expected: str
    ) -> None:
        found = await search(archive, query)
        assert (ids(found), found.matched_all_words) == ([expected], True)

    async def test_the_snippet_marks_what_matched(self, archive: HistoryContext) -> None:
        assert (await search(archive, "login")).tasks[0].snippet == "src/auth/⟦login⟧.py"

    async def test_markers_in_a_task_cannot_forge_a_match(self, archive: HistoryContext) -> None:
        archive.tasks["ada"].append(task(5, input={"query": "⟦forged⟧ login"}))
        assert "⟦forged⟧" not in (await search(archive, "login", limit=1)).tasks[0].snippet

    async def test_a_word_in_the_input_weighs_more_than_in_the_result(self, archive: HistoryContext) -> None:
        archive.tasks["ada"] = [
            task(1, result=["a budget"]),
            task(2, input=["a budget"]),
            task(3, input=["other"]),
        ]
        assert ids(await search(archive, "budget")) == ["t2", "t1"]

    async def test_without_a_task_with_all_words_any_word_counts(self, archive: HistoryContext) -> None:
        found = await search(archive, "login zebra")
        assert (ids(found), found.matched_all_words) == (["t1"], False)

    async def test_other_users_tasks_are_invisible(self, archive: HistoryContext) -> None:
        archive.user_id = "bob"
        assert ids(await search(archive, "churn")) == ["t9"]
        archive.user_id = "ada"
        assert ids(await search(archive, "churn")) == ["t3"]
        assert ids(await search(archive, "secret")) == []
        archive.user_id = "eve"
        assert (await search(archive, "churn")).indexed_tasks == 0

    async def test_past_searches_are_left_out_unless_asked_for(self, archive: HistoryContext) -> None:
        assert ids(await search(archive, "churn")) == ["t3"]
        assert ids(await search(archive, "churn", type="task.search")) == ["t4"]

    async def test_filters(self, archive: HistoryContext) -> None:
        assert ids(await search(archive, "events login churn", state="failed")) == ["t2"]
        assert ids(await search(archive, "events login churn", type="file.search")) == ["t1"]
        assert len((await search(archive, "events login churn", limit=2)).tasks) == 2

    @pytest.mark.parametrize(
        "query",
        [
            'login"',
            "login OR",
            "NEAR(login churn",
            "* -login",
            "type:login",
            "(login",
            "{input} : x",
            'a"b"c',
            "login\x00x",
        ],
    )
    async def test_the_operators_of_fts5_are_only_words(self, archive: HistoryContext, query: str) -> None:
        found = await search(archive, query)
        assert {"t1", "t3"} >= set(ids(found))

    async def test_a_query_without_words_says_so(self, archive: HistoryContext) -> None:
        with pytest.raises(InvalidInput, match="there is no word"):
            await search(archive, "?! ...")


@pytest.mark.asyncio
class TestIndex:
    async def test_only_what_is_new_is_read_again(self, archive: HistoryContext) -> None:
        await search(archive, "login")
        archive.tasks["ada"].append(task(5, input={"query": "a new login"}))
        archive.asked_after.clear()
        found = await search(archive, "login")
        assert archive.asked_after == ["4", "5"]
        assert (set(ids(found)), found.indexed_tasks) == ({"t1", "t5"}, 5)

    async def test_a_long_history_is_indexed_page_by_page(self, archive: HistoryContext) -> None:
        archive.tasks["ada"] = [task(0, input=f"number{i}") | {"id": f"t{i}"} for i in range(1_100)]
        found = await search(archive, "number1099")
        assert (ids(found), found.indexed_tasks) == (["t1099"], 1_100)

    async def test_a_task_that_comes_twice_is_stored_once_and_anew(self, archive: HistoryContext) -> None:
        await search(archive, "login")
        archive.tasks["ada"].append(task(1, result="moved to session.py"))
        assert ids(await search(archive, "session")) == ["t1"]
        assert ids(await search(archive, "login")) == []

    async def test_searches_at_the_same_time_share_the_file(self, archive: HistoryContext) -> None:
        found = await asyncio.gather(*(search(archive, "login") for _ in range(8)))
        assert [(ids(each), each.indexed_tasks) for each in found] == [(["t1"], 4)] * 8

    @pytest.mark.parametrize("damage", ["garbage", "emptied", "torn", "older version"])
    async def test_a_damaged_index_is_built_again(self, archive: HistoryContext, damage: str) -> None:
        await search(archive, "login")
        file = archive.data_dir / "task-search.db"
        if damage == "garbage":
            file.write_bytes(b"not a database " * 1_000)
        elif damage == "emptied":
            file.write_bytes(b"")
        elif damage == "torn":
            file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 20_000)
        else:
            database = sqlite3.connect(file)
            database.execute("PRAGMA user_version = 999")
            database.close()
        found = await search(archive, "login")
        assert (ids(found), found.indexed_tasks) == (["t1"], 4)

    async def test_a_cursor_never_moves_back(self, tmp_path: Path) -> None:
        index = TaskIndex(tmp_path / "index.db")
        await index.add("ada", [document_of(task(1))], after=None, cursor="1")
        await index.add("ada", [document_of(task(2))], after="1", cursor="2")
        await index.add("ada", [document_of(task(1))], after=None, cursor="1")
        assert (await index.cursor("ada"), await index.count("ada")) == ("2", 2)

    async def test_an_error_that_is_no_damage_is_not_hidden(self, tmp_path: Path) -> None:
        async def fail() -> None:
            raise sqlite3.OperationalError("disk is full")

        with pytest.raises(sqlite3.OperationalError, match="full"):
            await TaskIndex(tmp_path / "index.db").rebuilt_if_damaged(fail)


class TestWords:
    def test_stop_words_are_dropped_unless_there_is_nothing_else(self) -> None:
        assert all_words_match("which of my tasks failed?") == '"failed?"'
        assert all_words_match("what is this") == '"what" AND "is" AND "this"'

    @given(st.text(max_size=100))
    def test_any_text_makes_an_expression_that_fts5_accepts(self, text: str) -> None:
        database = sqlite3.connect(":memory:")
        database.execute("CREATE VIRTUAL TABLE texts USING fts5(text)")
        for match in (all_words_match(text), any_word_match(text)):
            if match is not None:
                database.execute("SELECT * FROM texts WHERE texts MATCH ?", (match,)).fetchall()
        database.close()

    def test_text_of_a_result_is_bounded_in_length_and_depth(self) -> None:
        deep: Any = "core"
        for _ in range(50_000):
            deep = [deep]
        assert text_of(deep, 100) == "core"
        assert len(text_of(["word"] * 100_000, 1_000)) < 2_000
        assert text_of({"a": None, "b": True, "c": ["x\n y", 1.5]}, 100) == "x y · 1.5"
