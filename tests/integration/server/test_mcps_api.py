"""MCP servers over REST: a real Jupyter server, real server processes, and every way to do it wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.mcp_servers.processes import FAULTY, http_server
from tests.servers import JupyterServer

Json = dict[str, Any]


@pytest.fixture(scope="module")
def mcp_id(api: httpx.Client) -> Iterator[str]:
    """Return the id of a registered server with every fault."""
    body = {"name": "Faulty One", "command": FAULTY[0], "args": FAULTY[1:], "env": {"PLAIN": "s3cret-value"}}
    answer = api.post("mcps", json=body)
    assert answer.status_code == 201, answer.text
    yield answer.json()["id"]
    api.delete(f"mcps/{answer.json()['id']}")


def execute(api: httpx.Client, mcp_id: str, tool: str, **more: Any) -> httpx.Response:
    arguments = more.pop("arguments", {})
    return api.post(f"mcps/{mcp_id}/execute", json={"tool": tool, "arguments": arguments, **more}, timeout=60)


def problem(answer: httpx.Response, status: int, code: str) -> Json:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    found: Json = answer.json()
    assert found["code"] == code
    return found


class TestRegistry:
    def test_what_runs_is_shown_and_secrets_are_not(
        self, api: httpx.Client, server: JupyterServer, mcp_id: str
    ) -> None:
        shown = api.get(f"mcps/{mcp_id}").json()
        assert shown["id"] == mcp_id == "faulty-one"
        assert shown["command"] == FAULTY
        assert shown["env"] == {"PLAIN": "***"}
        assert shown["transport"] == "stdio"
        assert "s3cret-value" not in api.get("mcps/list").text
        stored = b"".join(path.read_bytes() for path in server.data_dir.glob("vibe.db*"))
        assert b"s3cret-value" not in stored
        found = execute(api, mcp_id, "env").json()
        assert json.loads(found["content"][0]["text"])["PLAIN"] == "s3cret-value"

    def test_a_name_is_taken_once(self, api: httpx.Client, mcp_id: str) -> None:
        body = {"name": "faulty one", "command": "x"}
        assert mcp_id in problem(api.post("mcps", json=body), 409, "mcp.name_taken")["detail"]

    @pytest.mark.parametrize("name", ["list", "health", "Import", "search"])
    def test_words_of_the_api_are_no_names(self, api: httpx.Client, name: str) -> None:
        problem(api.post("mcps", json={"name": name, "command": "x"}), 409, "mcp.name_taken")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"name": "x"}, "url"),
            ({"name": "x", "transport": "stdio", "url": "http://a/"}, "command"),
            ({"name": "x", "command": "a", "headers": {"A": "b"}}, "headers"),
            ({"name": "x", "url": "http://a/", "args": ["b"]}, "args"),
        ],
    )
    def test_a_server_has_what_its_kind_has(self, api: httpx.Client, body: Json, field: str) -> None:
        assert field in problem(api.post("mcps", json=body), 422, "mcp.config_invalid")["detail"]

    @pytest.mark.parametrize("url", ["ftp://a/", "http://", "file:///etc/passwd", "nonsense"])
    def test_a_url_is_one(self, api: httpx.Client, url: str) -> None:
        assert api.post("mcps", json={"name": "u", "url": url}).status_code in (403, 422)

    def test_the_metadata_of_clouds_is_never_asked(self, api: httpx.Client) -> None:
        answer = api.post("mcps", json={"name": "u", "url": "http://169.254.169.254/latest"})
        assert answer.status_code == 403

    def test_an_unknown_server_is_answered_with_the_nearest(self, api: httpx.Client, mcp_id: str) -> None:
        for path in ("mcps/faulty-on", "mcps/faulty-on/capabilities", "mcps/faulty-on/logs"):
            assert problem(api.get(path), 404, "mcp.unknown_server")["data"]["nearest"] == [mcp_id]

    def test_disabled_it_is_not_called(self, api: httpx.Client) -> None:
        api.post("mcps", json={"name": "off", "command": FAULTY[0], "args": FAULTY[1:]})
        assert execute(api, "off", "ok").json()["is_error"] is False
        assert api.patch("mcps/off", json={"enabled": False}).json()["state"] == "disabled"
        problem(execute(api, "off", "ok"), 409, "mcp.disabled")
        states = {one["id"]: one["state"] for one in api.get("mcps/health").json()}
        assert states["off"] == "disabled"
        assert api.delete("mcps/off").json()["id"] == "off"
        problem(api.get("mcps/off"), 404, "mcp.unknown_server")

    def test_a_file_of_another_program_is_imported(self, api: httpx.Client, tmp_path: Path) -> None:
        path = tmp_path / ".mcp.json"
        servers = {
            "From File": {"command": FAULTY[0], "args": FAULTY[1:], "env": {"TOKEN": "${NOT_SET_ANYWHERE}"}},
            "faulty one": {"command": "x"},
            "broken": {"command": 3},
        }
        path.write_text(json.dumps({"mcpServers": servers}))
        dry = api.post("mcps/import", json={"path": str(path), "dry_run": True}).json()
        assert [one["command"] for one in dry["added"]] == [FAULTY]
        problem(api.get("mcps/from-file"), 404, "mcp.unknown_server")
        found = api.post("mcps/import", json={"path": str(path)}).json()
        assert [one["id"] for one in found["added"]] == ["from-file"]
        assert found["skipped"] == ["faulty one"]
        assert [one["name"] for one in found["problems"]] == ["broken"]
        assert api.get("mcps/from-file").json()["source"] == str(path)
        unresolved = problem(execute(api, "from-file", "ok"), 422, "mcp.unresolved_variable")
        assert "NOT_SET_ANYWHERE" in unresolved["detail"]
        api.delete("mcps/from-file")

    def test_a_file_with_a_syntax_error_is_told_by_line(self, api: httpx.Client, tmp_path: Path) -> None:
        path = tmp_path / "mcp.json"
        path.write_text('{"mcpServers": {\n  "a": {"command" "x"}\n}}')
        found = problem(api.post("mcps/import", json={"path": str(path)}), 422, "mcp.config_invalid")
        assert f"{path}, line 2" in found["detail"]


class TestCalls:
    def test_the_shape_of_an_answer(self, api: httpx.Client, mcp_id: str) -> None:
        found = execute(api, mcp_id, "add", arguments={"a": 2, "b": 3}).json()
        assert found["content"] == [{"type": "text", "text": "5"}]
        assert found["structured_content"] == {"total": 5}
        assert (found["is_error"], found["server"], found["tool"]) == (False, mcp_id, "add")
        assert found["duration_ms"] > 0

    def test_a_tool_that_fails_is_an_answer(self, api: httpx.Client, mcp_id: str) -> None:
        answer = execute(api, mcp_id, "err")
        assert answer.status_code == 200
        assert answer.json()["is_error"] is True

    def test_wrong_arguments_are_not_sent(self, api: httpx.Client, mcp_id: str) -> None:
        found = problem(execute(api, mcp_id, "add", arguments={"a": "2", "b": 3}), 422, "mcp.bad_arguments")
        assert found["errors"][0]["loc"] == ["arguments", "a"]
        problem(execute(api, mcp_id, "add", arguments={"a": 2}), 422, "mcp.bad_arguments")
        problem(execute(api, mcp_id, "ok", arguments={"t": 2}), 422, "mcp.bad_arguments")

    def test_an_unknown_tool_is_answered_with_the_nearest(self, api: httpx.Client, mcp_id: str) -> None:
        found = problem(execute(api, mcp_id, "markpu"), 404, "mcp.unknown_tool")
        assert "markup" in found["hint"]

    def test_a_crash_is_told_with_what_it_said_and_the_next_call_works(
        self, api: httpx.Client, mcp_id: str
    ) -> None:
        found = problem(execute(api, mcp_id, "crash"), 502, "mcp.crashed")
        assert found["data"] == {
            "maybe_executed": True,
            "exit_code": 139,
            "stderr": ["Traceback: something broke"],
        }
        assert execute(api, mcp_id, "ok").status_code == 200

    def test_time_runs_out(self, api: httpx.Client, mcp_id: str) -> None:
        problem(execute(api, mcp_id, "hang", timeout_s=0.2), 504, "mcp.timeout")

    @pytest.mark.parametrize("tool", ["badresult", "badout"])
    def test_a_lie_is_told_as_one(self, api: httpx.Client, mcp_id: str, tool: str) -> None:
        problem(execute(api, mcp_id, tool), 502, "mcp.bad_result")

    def test_a_client_that_goes_ends_its_call(self, api: httpx.Client, mcp_id: str) -> None:
        with pytest.raises(httpx.ReadTimeout):
            api.post(f"mcps/{mcp_id}/execute", json={"tool": "hang", "arguments": {}}, timeout=0.5)
        deadline = time.monotonic() + 10
        while in_flight(api, mcp_id):
            assert time.monotonic() < deadline

    def test_a_large_result_is_a_file_with_a_handle(self, api: httpx.Client, mcp_id: str) -> None:
        found = execute(api, mcp_id, "big", arguments={"n": 1_000_000}).json()["content"][0]
        assert len(found["text"]) == 2000
        assert found["size_bytes"] == 1_000_000
        document = api.get(f"payloads/{found['handle']}")
        assert document.content == b"x" * 1_000_000
        assert document.headers["Content-Disposition"].startswith("attachment")
        problem(api.get(f"payloads/{'0' * 32}"), 404, "payload.not_found")
        problem(api.get("payloads/..%2F..%2Fvibe.db"), 404, "payload.not_found")

    def test_a_picture_that_is_none_is_said_to_be_broken(self, api: httpx.Client, mcp_id: str) -> None:
        assert "broken image" in execute(api, mcp_id, "broken-image").json()["content"][0]["text"]
        image, link = execute(api, mcp_id, "image").json()["content"]
        assert (image["type"], image["mime_type"]) == ("image", "image/png")
        assert link["uri"] == "file:///a.txt"

    def test_a_null_character_does_no_harm(self, api: httpx.Client, mcp_id: str) -> None:
        assert "\x00" not in execute(api, mcp_id, "markup").json()["content"][0]["text"]

    def test_a_command_that_does_not_exist_and_one_that_exits(self, api: httpx.Client) -> None:
        api.post("mcps", json={"name": "nothing", "command": "/no/such/program"})
        problem(execute(api, "nothing", "ok"), 502, "mcp.spawn_failed")
        body = {"name": "exits", "command": FAULTY[0], "args": FAULTY[1:], "env": {"MODE": "exit-at-start"}}
        api.post("mcps", json=body)
        found = problem(execute(api, "exits", "ok"), 502, "mcp.spawn_failed")
        assert found["data"]["stderr"] == ["boom: missing TOKEN"]
        assert api.get("mcps/exits/logs").json()["stderr"] == ["boom: missing TOKEN"]
        for name in ("nothing", "exits"):
            api.delete(f"mcps/{name}")

    def test_schemas_that_are_none_do_not_block_a_call(self, api: httpx.Client) -> None:
        body = {"name": "odd", "command": FAULTY[0], "args": FAULTY[1:], "env": {"MODE": "bad-schemas"}}
        api.post("mcps", json=body)
        for tool in ("ok", "err"):
            assert execute(api, "odd", tool).status_code == 200
        assert execute(api, "odd", "add", arguments={"a": 1, "b": 2}).status_code == 200
        told = api.get("mcps/odd/capabilities").json()["problems"]
        assert told == ["ok: its arguments are not checked: its schema is none: properties.x.type"]
        api.delete("mcps/odd")

    def test_a_server_over_http(self, api: httpx.Client) -> None:
        with http_server() as port:
            body = {"name": "web", "url": f"http://127.0.0.1:{port}/mcp", "headers": {"X-Key": "abc"}}
            shown = api.post("mcps", json=body).json()
            assert (shown["transport"], shown["headers"]) == ("http", {"X-Key": "***"})
            assert execute(api, "web", "echo", arguments={"text": "hi"}).json()["content"][0]["text"] == "hi"
        api.delete("mcps/web")


class TestWatching:
    def test_what_a_server_offers(self, api: httpx.Client, mcp_id: str) -> None:
        found = api.get(f"mcps/{mcp_id}/capabilities").json()
        tools = {tool["name"]: tool for tool in found["tools"]}
        assert tools["add"]["input_schema"]["required"] == ["a", "b"]
        assert tools["add"]["capability"] == f"mcp.{mcp_id}.add"
        assert tools["ok"]["annotations"]["read_only"] is True
        assert found["resources"][0]["uri"] == "demo://one"
        assert found["resource_templates"][0]["uri_template"] == "demo://{name}"
        assert found["prompts"][0]["arguments"][0] == {"name": "who", "description": "", "required": True}
        assert found["listed_at"]

    def test_listing_needs_no_start(self, api: httpx.Client) -> None:
        api.post("mcps", json={"name": "lazy", "command": FAULTY[0], "args": FAULTY[1:]})
        api.get("mcps/lazy/capabilities")
        api.patch("mcps/lazy", json={"enabled": False})
        api.patch("mcps/lazy", json={"enabled": True})
        assert len(api.get("mcps/lazy/capabilities").json()["tools"]) > 10
        assert health(api, "lazy")["state"] == "stopped"
        api.delete("mcps/lazy")

    def test_health(self, api: httpx.Client, mcp_id: str) -> None:
        execute(api, mcp_id, "ok")
        found = health(api, mcp_id)
        assert found["state"] == "ready"
        assert found["latency_ms"]["p50"] > 0
        assert found["latency_ms"]["p95"] >= found["latency_ms"]["p50"]
        assert found["breaker"] == "closed"
        assert found["protocol_version"] == "2025-11-25"

    def test_a_restart_is_another_process(self, api: httpx.Client, mcp_id: str) -> None:
        execute(api, mcp_id, "ok")
        pid = health(api, mcp_id)["pid"]
        assert api.post(f"mcps/{mcp_id}/restart").json()["pid"] not in (None, pid)

    def test_search(self, api: httpx.Client, mcp_id: str) -> None:
        api.get(f"mcps/{mcp_id}/capabilities")
        found = api.get("mcps/search", params={"q": "does markup"}).json()
        assert found["tools"][0]["name"] == "markup"
        everything = api.get("mcps/search", params={"limit": 500}).json()
        assert everything["total"] == len(everything["tools"]) > 10

    def test_resources_and_prompts(self, api: httpx.Client, mcp_id: str) -> None:
        read = api.get(f"mcps/{mcp_id}/resource", params={"uri": "demo://x"}).json()
        assert read["content"][0]["text"] == "content of demo://x"
        body = {"prompt": "greet", "arguments": {"who": "Ada"}}
        prompt = api.post(f"mcps/{mcp_id}/prompt", json=body).json()
        assert prompt["messages"] == [
            {"role": "user", "content": {"type": "text", "text": "Say hello to Ada."}}
        ]
        problem(api.post(f"mcps/{mcp_id}/prompt", json={"prompt": "gret"}), 404, "mcp.unknown_tool")


class TestPeople:
    def test_a_server_asks_and_a_person_answers(
        self, api: httpx.Client, server: JupyterServer, mcp_id: str
    ) -> None:
        asked: list[Json] = []

        def answer() -> None:
            with server.http() as client:
                params: Json = {"call_id": "call-0001", "wait_s": 20}
                question = client.get("questions", params=params, timeout=30).json()["questions"][0]
                asked.append(question)
                url = f"questions/{question['id']}/answer"
                problem(client.post(url, json={"content": {"name": "A"}}), 422, "question.invalid_answer")
                problem(client.post(url, json={"content": {"nme": "Ada"}}), 422, "question.invalid_answer")
                assert client.post(url, json={"content": {"name": "Ada"}}).json()["state"] == "answered"
                problem(client.post(url, json={"action": "decline"}), 409, "question.already_answered")

        thread = threading.Thread(target=answer)
        thread.start()
        found = execute(api, mcp_id, "ask", call_id="call-0001").json()
        thread.join()
        assert '"Ada"' in found["content"][0]["text"]
        assert asked[0]["kind"] == "elicitation"
        assert asked[0]["context"] == {"server": mcp_id, "tool": "ask"}

    def test_what_shall_be_asked_about_is(
        self, api: httpx.Client, server: JupyterServer, mcp_id: str
    ) -> None:
        policy = {"tools": {"ok": "ask", "err": "never"}, "deny": ["b*"]}
        assert api.patch(f"mcps/{mcp_id}", json={"policy": policy}).status_code == 200
        try:
            problem(execute(api, mcp_id, "err"), 403, "mcp.policy_denied")
            problem(execute(api, mcp_id, "big", arguments={"n": 1}), 403, "mcp.policy_denied")
            changed = {"content": {"arguments": {"s": "changed"}}}
            assert self._answered(api, server, mcp_id, changed)["content"][0]["text"] == "changed"
            refused = self._answered(api, server, mcp_id, {"action": "decline"})
            assert refused["code"] == "mcp.approval_rejected"
        finally:
            api.patch(f"mcps/{mcp_id}", json={"policy": {}})

    def test_large_arguments_are_shown_in_part_and_sent_in_full(
        self, api: httpx.Client, server: JupyterServer, mcp_id: str
    ) -> None:
        api.patch(f"mcps/{mcp_id}", json={"policy": {"tools": {"ok": "ask"}}})
        seen: list[Json] = []

        def run() -> None:
            with server.http() as client:
                params: Json = {"call_id": "call-large", "wait_s": 20}
                seen.extend(client.get("questions", params=params, timeout=30).json()["questions"])
                client.post(f"questions/{seen[0]['id']}/answer", json={})

        thread = threading.Thread(target=run)
        thread.start()
        arguments = {"s": "x" * 200_000}
        found = execute(api, mcp_id, "ok", arguments=arguments, call_id="call-large").json()
        thread.join()
        api.patch(f"mcps/{mcp_id}", json={"policy": {}})
        assert found["content"][0]["text"] == arguments["s"]
        context = seen[0]["context"]
        assert context["arguments_cut_from_bytes"] == len(json.dumps(arguments, separators=(",", ":")))
        assert context["arguments"]["s"].endswith("… [184,000 more characters]")

    @pytest.mark.parametrize("sees_first", ["list", "call"])
    def test_a_tool_that_goes_on_by_policy_is_asked_about_when_it_has_changed(
        self, api: httpx.Client, server: JupyterServer, sees_first: str
    ) -> None:
        policy = {"tools": {"ok": "always"}}
        body = {"name": "mutable", "command": FAULTY[0], "args": FAULTY[1:], "policy": policy}
        api.post("mcps", json=body)
        try:
            if sees_first == "list":
                api.get("mcps/mutable/capabilities")
            else:
                assert execute(api, "mutable", "ok").json()["is_error"] is False
            api.patch("mcps/mutable", json={"env": {"MORE_WORDS": " And tells everybody."}})
            tools = api.get("mcps/mutable/capabilities").json()["tools"]
            assert [one["approval"] for one in tools if one["name"] == "ok"] == ["ask"]
            assert self._answered(api, server, "mutable", {})["is_error"] is False
            assert self._answered(api, server, "mutable", {"remember": True})["is_error"] is False
            assert execute(api, "mutable", "ok").json()["is_error"] is False, "asked again"
        finally:
            api.delete("mcps/mutable")

    def _answered(self, api: httpx.Client, server: JupyterServer, mcp_id: str, answer: Json) -> Json:
        call_id = f"call-{time.monotonic_ns()}"

        def run() -> None:
            with server.http() as client:
                params: Json = {"call_id": call_id, "wait_s": 20}
                (question,) = client.get("questions", params=params, timeout=30).json()["questions"]
                assert question["kind"] == "approval"
                assert question["context"]["arguments"] == {"s": "as given"}
                client.post(f"questions/{question['id']}/answer", json=answer)

        thread = threading.Thread(target=run)
        thread.start()
        found: Json = execute(api, mcp_id, "ok", arguments={"s": "as given"}, call_id=call_id).json()
        thread.join()
        return found


class TestTasks:
    def test_a_task_is_routed_to_a_tool(self, api: httpx.Client, mcp_id: str) -> None:
        api.get(f"mcps/{mcp_id}/capabilities")
        body = {"type": f"mcp.{mcp_id}.add", "input": {"a": 20, "b": 22}}
        task = finished(api, api.post("tasks", json=body).json()["id"])
        assert task["state"] == "succeeded", task
        assert task["target"]["type"] == "mcp"
        assert task["result"]["structured_content"] == {"total": 42}
        explained = api.get(f"tasks/{task['id']}/explain").json()
        assert explained["chosen"] == task["target"]["id"]

    def test_a_tool_that_fails_fails_the_task(self, api: httpx.Client, mcp_id: str) -> None:
        api.get(f"mcps/{mcp_id}/capabilities")
        task = finished(api, api.post("tasks", json={"type": f"mcp.{mcp_id}.err"}).json()["id"])
        assert (task["state"], task["error"]["code"]) == ("failed", "mcp.tool_failed")
        assert "tool says no" in task["error"]["message"]

    def test_wrong_input_is_refused_before_there_is_a_task(self, api: httpx.Client, mcp_id: str) -> None:
        api.get(f"mcps/{mcp_id}/capabilities")
        answer = api.post("tasks", json={"type": f"mcp.{mcp_id}.add", "input": {"a": "x", "b": 1}})
        assert answer.status_code == 422


def finished(api: httpx.Client, task_id: str) -> Json:
    deadline = time.monotonic() + 60
    while True:
        task: Json = api.get(f"tasks/{task_id}").json()
        if task["finished_at"]:
            return task
        assert time.monotonic() < deadline
        time.sleep(0.05)


def health(api: httpx.Client, mcp_id: str) -> Json:
    return next(one for one in api.get("mcps/health").json() if one["id"] == mcp_id)


def in_flight(api: httpx.Client, mcp_id: str) -> int:
    return int(health(api, mcp_id)["in_flight"])
