"""`vibe.mcp["files"].read(...)`."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from tests.unit.client.scripted import make_offer, make_tool, scripted_client
from vibe_jupyter.client.servers import python_names
from vibe_jupyter.client.tool_results import CallResult
from vibe_jupyter.core.errors import InvalidInput, VibeError
from vibe_jupyter.core.mcp.errors import BadArguments, ToolFailed, UnknownServer
from vibe_jupyter.core.mcp.schemas import Content, McpList, McpServer, ToolResult

READ = make_tool(
    "read-file",
    {
        "type": "object",
        "properties": {
            "head": {"type": "integer", "default": 5},
            "path": {"type": "string", "description": "Which\n  file."},
            "odd-name": {"type": "boolean"},
            "class": {"type": "string"},
        },
        "required": ["path"],
    },
)
TOOLS = make_tool("tools")
NOW = "2026-11-25T14:31:43Z"


def server(known: int | None = 2, **more: Any) -> McpServer:
    values: dict[str, Any] = {
        "id": "files", "name": "Files", "transport": "stdio", "command": ["files"], "enabled": True, "timeout_s": 60,
        "start_timeout_s": 30, "concurrency": 32, "aliases": {}, "policy": {}, "state": "ready", "tools": known,
        "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return McpServer(**{**values, **more})


def result(text: str = "done", **more: Any) -> ToolResult:
    content = [Content(type="text", text=text)]
    return ToolResult(
        **{"content": content, "duration_ms": 1, "server": "files", "tool": "read-file", **more}
    )


def client(answer: Any = None, known: int | None = 2) -> Any:
    return scripted_client(
        mcps__list=lambda _: McpList(servers=[server(known)]),
        mcps__capabilities=lambda _: make_offer(READ, TOOLS),
        mcps__execute=answer or (lambda _: result()),
    )


def test_a_tool_is_a_function_with_signature_and_documentation() -> None:
    vibe, _ = client()
    read = vibe.mcp["files"].read_file
    signature = inspect.signature(read)
    assert str(signature).startswith("(*, path: str, head: int = 5)")
    assert signature.return_annotation is CallResult
    assert "Does read-file." in read.__doc__
    assert "path: Which file." in read.__doc__
    assert read.__name__ == "read-file"
    assert repr(read) == "<tool files.read-file>"


def test_a_call_sends_what_was_given_and_answers_with_a_readable_result() -> None:
    vibe, transport = client()
    answered = vibe.mcp["files"].read_file(path="a.txt", **{"odd-name": True})
    assert (answered.text, answered.is_error) == ("done", False)
    (sent,) = [values for name, values in transport.asked if name == "mcps.execute"]
    assert (sent["mcp_id"], sent["tool"]) == ("files", "read-file")
    assert sent["arguments"] == {"path": "a.txt", "odd-name": True}
    assert len(sent["call_id"]) >= 8


def test_names_that_are_taken_are_reached_by_their_exact_spelling() -> None:
    vibe, transport = client()
    files = vibe.mcp["files"]
    assert [tool.name for tool in files.tools] == ["read-file", "tools"]
    files["tools"].call({}, timeout_s=5)
    assert transport.asked[-1][1]["timeout_s"] == 5


def test_a_tool_that_fails_raises_with_its_words() -> None:
    vibe, _ = client(lambda _: result("no such file", is_error=True))
    with pytest.raises(ToolFailed, match=r"files\.read-file failed: no such file") as caught:
        vibe.mcp["files"].read_file(path="a")
    assert caught.value.code == "mcp.tool_failed"
    assert vibe.mcps.execute("files", tool="read-file").is_error, "the operation itself gives the result"


def test_an_unknown_tool_is_answered_with_the_nearest() -> None:
    vibe, _ = client()
    with pytest.raises(AttributeError, match="did you mean read_file"):
        _ = vibe.mcp["files"].read_fil
    with pytest.raises(VibeError) as caught:
        _ = vibe.mcp["files"]["read_file"]
    assert (caught.value.code, caught.value.hint) == ("mcp.unknown_tool", "did you mean read-file?")


def test_to_look_does_not_start_a_server_that_was_never_asked() -> None:
    vibe, transport = client(known=None)
    files = vibe.mcp["files"]
    assert "read_file" not in dir(files)
    assert files._ipython_key_completions_() == []
    assert not hasattr(files, "_repr_html_")
    assert {name for name, _ in transport.asked} == {"mcps.list"}


def test_a_known_server_completes_its_tools() -> None:
    vibe, _ = client()
    files = vibe.mcp["files"]
    assert {"read_file", "tools"} <= set(dir(files))
    assert files._ipython_key_completions_() == ["read-file", "tools"]
    assert vibe.mcp._ipython_key_completions_() == list(vibe.mcp) == ["files"]
    assert "files" in vibe.mcp
    assert len(vibe.mcp) == 1


def test_what_a_server_offers_is_asked_once_and_again_after_a_refusal() -> None:
    def refuse(_: Any) -> Any:
        raise BadArguments("no")

    vibe, transport = client(refuse)
    vibe.mcp["files"]["read-file"], vibe.mcp["files"]["read-file"]
    assert [name for name, _ in transport.asked].count("mcps.capabilities") == 1
    with pytest.raises(BadArguments):
        vibe.mcp["files"].read_file(path="a")
    _ = vibe.mcp["files"]["read-file"]
    assert [name for name, _ in transport.asked].count("mcps.capabilities") == 2


def test_in_async_code_all_of_it_is_awaited() -> None:
    vibe, transport = client()

    async def main() -> tuple[Any, Any, Any]:
        files = vibe.aio.mcp["files"]
        by_name = await files["read-file"](path="a")
        return by_name, await files.read_file(path="b"), await files.tools

    by_name, by_attribute, tools = asyncio.run(main())
    assert by_name.text == by_attribute.text == "done"
    assert [tool.name for tool in tools] == ["read-file", "tools"]
    assert [values["tool"] for name, values in transport.asked if name == "mcps.execute"] == ["read-file"] * 2


def test_names_become_those_of_python() -> None:
    assert python_names(["a-b", "a.b", "import", "1st", ""]) == {
        "a_b": "a-b", "import_": "import", "_1st": "1st", "_": "",
    }  # fmt: skip


class TestResults:
    def test_json_is_data_wherever_it_stands(self) -> None:
        assert CallResult(**result('{"a": 1}').model_dump()).data == {"a": 1}
        assert CallResult(**result("text", structured_content=[1]).model_dump()).data == [1]
        assert CallResult(**result("text").model_dump()).data is None

    def test_rows_become_a_frame(self) -> None:
        rows = [{"a": 1}, {"a": 2}]
        for structured in (rows, {"result": rows, "total": 2}):
            frame = CallResult(**result(structured_content=structured).model_dump()).to_pandas()
            assert list(frame["a"]) == [1, 2]
        with pytest.raises(InvalidInput) as caught:
            CallResult(**result("text").model_dump()).to_pandas()
        assert caught.value.code == "result.not_tabular"


def test_arguments_without_a_name_and_unknown_ones_are_named() -> None:
    vibe, transport = client()
    with pytest.raises(
        TypeError, match=r"files\.read-file takes its arguments by name: read-file\(path=\.\.\.\)"
    ):
        vibe.mcp["files"].read_file("a.txt")
    with pytest.raises(BadArguments) as caught:
        vibe.mcp["files"].read_file(path="a", hed=3)
    assert caught.value.message == "files.read-file has no argument hed"
    assert caught.value.hint == "did you mean head?"
    assert "mcps.execute" not in {name for name, _ in transport.asked}


def test_a_server_that_is_not_there_is_said_when_it_is_named() -> None:
    def unknown(_: Any) -> Any:
        raise UnknownServer("there is no MCP server fils", hint="did you mean files?")

    vibe, transport = client()
    transport.answers["mcps.get"] = unknown
    with pytest.raises(UnknownServer, match="did you mean files"):
        vibe.mcp["fils"]
