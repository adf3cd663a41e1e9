"""The oracle `file_search`: finds the place that is meant and searches it in a worker process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle
from vibe_jupyter.core.oracles.file_search.schemas import FileSearchInput, FileSearchOutput
from vibe_jupyter.core.oracles.file_search.sentence import named_place

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

__all__ = ["FileSearch"]


class FileSearch(Oracle):
    """Search the names and contents of files, as git would show them."""

    id = "file_search"
    title = "Search in files"
    capabilities = (
        Capability(
            name="file.search",
            summary="Search the files of a project, names and contents: where something is defined, used, "
            "handled or mentioned; ranked words, literal text or a regular expression, with line previews",
            input=FileSearchInput,
            output=FileSearchOutput,
            text_field="query",
            table="matches",
            examples=(
                "where is the login handled?",
                "find TODO comments",
                "search for connect_timeout in src",
                'which files contain "connection refused"',
                "where is the function parse_config defined",
                "find the code that reads the settings file",
                "grep for import torch",
                "look for files named migration",
                "who calls create_task",
                "where do we open the database",
                "show every place that mentions API_KEY",
                "locate the class TaskRouter in the source code",
                "what file has the routes",
                "show me the code that sends emails",
            ),
        ),
    )

    async def run(self, context: Context, input: BaseModel) -> FileSearchOutput:
        """Search the folder or file that `input.path`, or the end of `input.query`, names.

        Raises:
            NotFound: `path.not_found`.
            Forbidden: `path.outside_root`.
            InvalidInput: `file_search.not_a_file`, `file_search.bad_glob`, `file_search.bad_regex`,
                `file_search.regex_too_slow`.
        """
        assert isinstance(input, FileSearchInput)
        query, place = input.query, None
        if input.mode == "words" and input.path == ".":
            query, place = named_place(context, input.query) or (input.query, None)
        target = place or context.resolve(input.path)
        if not target.is_dir() and not target.is_file():
            raise InvalidInput(
                f"{target.name} is neither a file nor a folder",
                code="file_search.not_a_file",
                hint="name a file or a folder",
            )
        return FileSearchOutput.model_validate(
            await _search(context, target, input.model_copy(update={"query": query}))
        )


async def _search(context: Context, target: Path, wanted: FileSearchInput) -> dict[str, Any]:
    from vibe_jupyter.core.oracles.file_search.search import search_files

    # Only a regex can take for ever. It cannot be interrupted from inside: cancelling kills its process.
    limit = asyncio.timeout(wanted.timeout_s if wanted.mode == "regex" else None)
    try:
        async with limit:
            return await context.in_process(
                search_files, str(target), wanted.model_dump(), project=str(context.root)
            )
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise InvalidInput(
            f"the regular expression was not done after {wanted.timeout_s:g} s",
            code="file_search.regex_too_slow",
            hint="avoid a repeat inside a repeat, such as (a+)+ or (.*,)*; or search a smaller folder, or "
            "raise timeout_s",
        ) from error
