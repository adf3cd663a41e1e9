"""The oracle `task_search`: brings the index up to date with the history, then searches it."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle
from vibe_jupyter.core.oracles.task_search.schemas import FoundTask, TaskSearchInput, TaskSearchOutput
from vibe_jupyter.core.oracles.task_search.words import all_words_match, any_word_match

if TYPE_CHECKING:
    from pydantic import BaseModel

    from vibe_jupyter.core.oracles.task_search.index import TaskIndex

__all__ = ["TaskSearch"]

_PAGE = 500


class TaskSearch(Oracle):
    """Find past tasks of the caller by the words in their type, input, result and error."""

    id = "task_search"
    title = "Search past tasks"
    capabilities = (
        Capability(
            name="task.search",
            summary="The history of your own earlier tasks: full text over type, input, result and error",
            input=TaskSearchInput,
            output=TaskSearchOutput,
            text_field="query",
            table="tasks",
            examples=(
                "find my earlier task about login",
                "which tasks failed with a timeout",
                "go through my task history for churn",
                "when did I last profile the sales data",
                "what did I ask yesterday about the billing module",
                "show previous tasks with a FileNotFoundError",
                "past results about billing",
                "have I done this before",
                "list the tasks I ran last week",
                "what came out of my last run",
                "did we already try this",
                "my recent jobs",
                "which of my tasks ended with an error",
                "history of what I asked about exports",
            ),
        ),
    )

    async def run(self, context: Context, input: BaseModel) -> TaskSearchOutput:
        """Search the ended tasks of the user who asks.

        Raises:
            InvalidInput: `task_search.no_words`, where the query holds no letter or digit.
        """
        from vibe_jupyter.core.oracles.task_search.index import TaskIndex

        assert isinstance(input, TaskSearchInput)
        every, some = all_words_match(input.query), any_word_match(input.query)
        if every is None or some is None:
            raise InvalidInput(
                f"there is no word in {input.query!r}",
                code="task_search.no_words",
                hint="name a word of the task's input, result or error",
            )
        index = TaskIndex(context.data_dir / "task-search.db")

        async def search() -> TaskSearchOutput:
            await bring_up_to_date(index, context)
            find = functools.partial(
                index.search, context.user_id, limit=input.limit, kind=input.type, state=input.state
            )
            hits = await find(every)
            matched_all = bool(hits)
            hits = hits or await find(some)
            return TaskSearchOutput(
                query=input.query,
                tasks=[FoundTask.model_validate(dataclasses.asdict(hit)) for hit in hits],
                matched_all_words=matched_all,
                indexed_tasks=await index.count(context.user_id),
            )

        return await index.rebuilt_if_damaged(search)


async def bring_up_to_date(index: TaskIndex, context: Context) -> None:
    """Index every task of the user that has ended since the last search."""
    from vibe_jupyter.core.oracles.task_search.index import document_of

    after = await index.cursor(context.user_id)
    indexed = 0
    while page := await context.history(after=after, limit=_PAGE):
        documents = await context.in_thread(lambda tasks: [document_of(task) for task in tasks], page)
        cursor = str(page[-1]["cursor"])
        await index.add(context.user_id, documents, after=after, cursor=cursor)
        after, indexed = cursor, indexed + len(page)
        context.progress(None, f"indexing past tasks: {indexed:,}", indexed=indexed)
