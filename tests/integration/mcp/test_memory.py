"""What a tool has answered is let go once it was handed over."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mcp_servers.processes import scripted
from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.mcp.schemas import ToolCall, ToolResult

if TYPE_CHECKING:
    from tests.factories import PlatformFactory


def alive() -> int:
    gc.collect()
    return sum(isinstance(one, ToolResult) for one in gc.get_objects())


def test_no_result_stays(make_platform: PlatformFactory, tmp_path: Path) -> None:
    client = make_platform.client()
    (platform,) = make_platform.started
    tools = [{"name": "t", "description": "", "inputSchema": {"type": "object"}}]
    (tmp_path / "tools.json").write_text(json.dumps(tools))
    (tmp_path / "t.json").write_text(json.dumps({"content": [{"type": "text", "text": "x" * 100_000}]}))
    command, *arguments = scripted(tmp_path)
    client.mcps.add(name="s", command=command, args=arguments)
    call = ToolCall(tool="t")
    before = alive()

    async def from_another_loop() -> None:
        for _ in range(10):
            await platform.acall(platform.mcp.execute(OWNER, "s", call))

    asyncio.run(from_another_loop())
    assert alive() == before
    for _ in range(10):
        platform.call(platform.mcp.execute(OWNER, "s", call))
    assert alive() == before


def test_a_call_that_is_cancelled_before_it_begins_leaves_nothing(make_platform: PlatformFactory) -> None:
    platform = make_platform()

    async def nothing() -> None:
        """Never begun."""

    async def cancelled() -> None:
        for _ in range(50):
            call = asyncio.ensure_future(platform.acall(nothing()))
            await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)

    asyncio.run(cancelled())
    platform.call(asyncio.sleep(0))
    gc.collect()  # which would warn
