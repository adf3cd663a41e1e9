"""A task's files are those of the folder where it was typed, if the server may read that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.client.scripted import make_offer, make_tool, scripted_client
from tests.unit.client.test_servers import server
from tests.unit.widgets.rendering_samples import make_task
from vibe_jupyter.client.commands.tasks import create_task
from vibe_jupyter.core.errors import Forbidden
from vibe_jupyter.core.mcp.schemas import McpList
from vibe_jupyter.core.oracles.schemas import OracleList


def client_of(*, may_read: bool) -> Any:
    def create(values: dict[str, Any]) -> Any:
        if "root" in values and not may_read:
            raise Forbidden("it is outside the folders that tasks may read", code="path.outside_root")
        return make_task()

    return scripted_client(
        tasks__create=create,
        oracles__list=lambda _: OracleList(oracles=[], problems={}),
        mcps__list=lambda _: McpList(servers=[server()]),
        mcps__capabilities=lambda _: make_offer(make_tool("read")),
    )


def created(transport: Any) -> list[str | None]:
    return [values.get("root") for name, values in transport.asked if name == "tasks.create"]


@pytest.mark.parametrize("kind", ["mcp.files.read", "mcp_files_read"])
def test_a_tool_needs_no_folder_and_works_anywhere(kind: str) -> None:
    vibe, transport = client_of(may_read=False)
    create_task(vibe, {"type": kind})
    assert created(transport) == [str(Path.cwd()), None]


def test_an_oracle_is_refused_and_does_not_look_elsewhere() -> None:
    vibe, transport = client_of(may_read=False)
    with pytest.raises(Forbidden):
        create_task(vibe, {"type": "file_search"}, value={"query": "x"})
    assert created(transport) == [str(Path.cwd())]


def test_where_the_server_may_read_there_is_one_request() -> None:
    vibe, transport = client_of(may_read=True)
    create_task(vibe, {"type": "mcp.files.read"})
    assert created(transport) == [str(Path.cwd())]
