"""The tasks' API as clients are written against it: the endpoints and the shapes of their answers."""

from __future__ import annotations

import base64
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.server_sent_events import Comment, Event, events_in, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import JupyterServer

TASK_KEYS = {
    "id", "type", "input", "required_capabilities", "state", "target", "progress", "result", "error",
    "created_at", "started_at", "finished_at",
}  # fmt: skip
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
FINAL = ("succeeded", "failed", "cancelled")


def post(api: httpx.Client, type_: str = "probe_run", input_: Any = None, **more: Any) -> dict[str, Any]:
    response = api.post("/tasks", json={"type": type_, "input": input_ or {}, **more})
    assert response.status_code == 202, response.text
    task: dict[str, Any] = response.json()
    return task


def events_of(api: httpx.Client, task_id: str, last: str | None = None) -> list[Event]:
    headers = {"Last-Event-ID": last} if last is not None else {}
    response = api.get(f"/tasks/{task_id}/events", headers=headers)
    assert response.status_code == 200, response.text
    return events_in(response.text)


def ended(api: httpx.Client, task_id: str) -> dict[str, Any]:
    """Follow a task to its end by its events and return it."""
    assert events_of(api, task_id)[-1].event in FINAL
    task: dict[str, Any] = api.get(f"/tasks/{task_id}").json()
    return task


def a_failed_one(api: httpx.Client) -> str:
    """Return a task that failed by its own fault: it says nothing against its target."""
    task = ended(api, post(api, "file_search", {"query": "x", "path": "missing"})["id"])
    assert (task["state"], task["error"]["code"]) == ("failed", "path.not_found")
    return str(task["id"])


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == status
    assert found["type"] == f"urn:vibe:error:{code}"
    return found


@pytest.fixture
def running(api: httpx.Client) -> Iterator[str]:
    """Return a task that runs until it is cancelled at the end of the test."""
    task_id = post(api, input_={"seconds": 60})["id"]
    with api.stream("GET", f"/tasks/{task_id}/events") as response:
        for item in read(response.iter_lines()):
            if isinstance(item, Event) and item.event == "running":
                break
    yield task_id
    api.post(f"/tasks/{task_id}/cancel")


class TestCreate:
    def test_a_task_is_accepted_with_its_whole_shape(self, api: httpx.Client) -> None:
        response = api.post("/tasks", json={"type": "file_search", "input": {"query": "needle", "path": "."}})
        assert response.status_code == 202
        task = response.json()
        assert task.keys() >= TASK_KEYS
        assert UUID7.match(task["id"])
        assert task["type"] == "file_search"
        assert task["input"] == {"query": "needle", "path": "."}
        assert task["required_capabilities"] == []
        assert task["state"] == "queued"
        for name in ("target", "progress", "result", "error", "started_at", "finished_at"):
            assert task[name] is None
        assert response.headers["X-Vibe-Api-Level"] == "1"

    def test_a_file_search_finds_the_needle(self, api: httpx.Client, server: JupyterServer) -> None:
        task = ended(api, post(api, "file_search", {"query": "needle", "path": "src"})["id"])
        assert (task["state"], task["error"]) == ("succeeded", None)
        assert task["target"] == {"id": "file_search", "type": "oracle"}
        match = task["result"]["matches"][0]
        assert match.items() >= {"path": "haystack.py", "line": 2}.items()
        assert "needle" in match["preview"]
        assert task["result"]["root"] == str(server.root / "src")
        assert task["created_at"] < task["started_at"] < task["finished_at"]

    def test_a_capability_names_its_type_too(self, api: httpx.Client) -> None:
        task = post(api, "probe.run", {"text": "x"}, required_capabilities=["probe_run"])
        assert task["type"] == "probe_run"
        assert task["required_capabilities"] == ["probe.run"]

    def test_an_unknown_type_is_answered_with_the_nearest(self, api: httpx.Client) -> None:
        found = problem(api.post("/tasks", json={"type": "file_serch"}), 422, "route.unknown_type")
        assert "file_search" in found["data"]["nearest"]
        assert "file_search" in found["hint"]
        assert found["errors"][0]["loc"] == ["type"]

    def test_an_unknown_capability_is_answered_with_the_nearest(self, api: httpx.Client) -> None:
        body = {"type": "file_search", "input": {"query": "x"}, "required_capabilities": ["data.profil"]}
        found = problem(api.post("/tasks", json=body), 422, "route.unknown_capability")
        assert "data.profile" in found["data"]["nearest"]
        assert found["errors"][0]["loc"] == ["required_capabilities"]

    def test_a_task_that_no_target_can_do_fails_with_the_reason(self, api: httpx.Client) -> None:
        task = ended(api, post(api, required_capabilities=["file.search"])["id"])
        assert task["state"] == "failed"
        assert task["error"].keys() == {"code", "message", "hint"}
        assert task["error"]["code"].startswith("route.")

    def test_free_text_finds_its_kind(self, api: httpx.Client) -> None:
        task = post(api, "ask", {"text": 'search the files for "needle"'})
        assert (task["type"], task["capability"]) == ("ask", "file.search")
        assert ended(api, task["id"])["state"] == "succeeded"

    def test_ambiguous_free_text_is_answered_with_candidates(self, api: httpx.Client) -> None:
        body = {"type": "ask", "input": {"text": "python files errors"}}
        found = problem(api.post("/tasks", json=body), 422, "route.ambiguous")
        candidates = found["data"]["candidates"]
        assert len(candidates) > 1
        assert candidates[0].keys() >= {"type", "capability", "score"}
        assert candidates[0]["type"] in found["hint"]

    def test_free_text_that_means_nothing_names_what_there_is(self, api: httpx.Client) -> None:
        found = problem(
            api.post("/tasks", json={"type": "ask", "input": {"text": "xyzzy"}}), 422, "route.ambiguous"
        )
        assert "file_search" in found["hint"]

    @pytest.mark.parametrize("input_", [{}, {"text": ""}, {"text": 5}, {"text": "x", "more": 1}])
    def test_ask_takes_exactly_a_text(self, api: httpx.Client, input_: dict[str, Any]) -> None:
        found = problem(api.post("/tasks", json={"type": "ask", "input": input_}), 422, "task.invalid_input")
        assert found["errors"][0]["loc"] == ["input", "text"]

    @pytest.mark.parametrize(
        ("input_", "field"),
        [
            ({}, "query"),
            ({"query": ["x"]}, "query"),
            ({"query": "x", "limit": 0}, "limit"),
            ({"query": "x", "limit": "many"}, "limit"),
            ({"query": "x", "mode": "magic"}, "mode"),
            ({"query": "x", "colour": "red"}, "colour"),
            ({"query": "x", "include": [1]}, "include"),
            ({"query": "a(b", "mode": "regex"}, "query"),
            ({"query": "!!!"}, "query"),
        ],
    )
    def test_input_is_validated_against_the_capability(
        self, api: httpx.Client, input_: dict[str, Any], field: str
    ) -> None:
        response = api.post("/tasks", json={"type": "file_search", "input": input_})
        assert response.status_code == 422, response.text
        found = response.json()
        assert found["errors"][0]["loc"][:2] == ["input", field]
        assert response.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("priority", 101), ("priority", -101), ("priority", "high"), ("priority", 1.5),
            ("timeout_s", 0), ("timeout_s", -1), ("timeout_s", 1e9), ("timeout_s", "soon"),
            ("idempotency_key", ""), ("idempotency_key", "k" * 201), ("idempotency_key", 5),
            ("required_capabilities", "file.search"), ("required_capabilities", [1]),
            ("type", ""), ("type", None), ("type", "t" * 201), ("input", []), ("input", "x"), ("input", None),
            ("surprise", 1),
        ],
    )  # fmt: skip
    def test_each_wrong_field_is_named(self, api: httpx.Client, name: str, value: Any) -> None:
        found = problem(
            api.post("/tasks", json={"type": "probe_run", "input": {}, name: value}), 422, "request.invalid"
        )
        assert found["errors"][0]["loc"][0] == name
        assert name in found["detail"]

    def test_priority_and_time_limit_are_kept(self, api: httpx.Client) -> None:
        task = post(api, priority=-7, timeout_s=0.25)
        assert (task["priority"], task["timeout_s"]) == (-7, 0.25)
        assert api.get(f"/tasks/{task['id']}").json().items() >= {"priority": -7, "timeout_s": 0.25}.items()

    def test_a_task_over_its_time_limit_fails(self, api: httpx.Client) -> None:
        task = ended(api, post(api, input_={"seconds": 30}, timeout_s=0.1)["id"])
        assert (task["state"], task["error"]["code"]) == ("failed", "task.timeout")
        assert "timeout_s" in task["error"]["hint"]

    def test_a_project_of_nobody_is_not_found(self, api: httpx.Client) -> None:
        problem(
            api.post("/tasks", json={"type": "probe_run", "project_id": "none"}), 404, "project.not_found"
        )

    def test_a_failed_task_carries_code_message_and_hint(self, api: httpx.Client) -> None:
        task = ended(api, post(api, input_={"fail": "bug"})["id"])
        assert task["state"] == "failed"
        assert task["result"] is None
        assert task["error"].keys() == {"code", "message", "hint"}
        assert task["error"]["code"] == "target.bug"


class TestIdempotency:
    def test_the_same_key_and_body_are_one_task(self, api: httpx.Client) -> None:
        key = secrets.token_hex(8)
        first, second = (post(api, input_={"text": "once"}, idempotency_key=key) for _ in range(2))
        assert first["id"] == second["id"]

    def test_many_at_once_with_the_same_key_are_one_task(self, api: httpx.Client) -> None:
        key = secrets.token_hex(8)
        with ThreadPoolExecutor(8) as pool:
            posts = [pool.submit(post, api, idempotency_key=key) for _ in range(24)]
        assert len({done.result()["id"] for done in posts}) == 1

    @pytest.mark.parametrize(
        "other",
        [
            {"type": "file_search", "input": {"query": "x"}},
            {"input": {"text": "twice"}},
            {"required_capabilities": ["probe.run"]},
            {"priority": 5},
            {"timeout_s": 5},
            {"root": "src"},
        ],
    )
    def test_the_key_for_something_else_is_a_conflict(
        self, api: httpx.Client, server: JupyterServer, other: dict[str, Any]
    ) -> None:
        if "root" in other:
            other = {"root": str(server.root / other["root"])}
        body = {"type": "probe_run", "input": {"text": "once"}, "idempotency_key": secrets.token_hex(8)}
        assert api.post("/tasks", json=body).status_code == 202
        found = problem(api.post("/tasks", json=body | other), 409, "task.idempotency_mismatch")
        assert found["hint"]


class TestGet:
    def test_a_task_keeps_its_shape_to_the_end(self, api: httpx.Client) -> None:
        task = ended(api, post(api, input_={"text": "hi", "steps": 2})["id"])
        assert task.keys() >= TASK_KEYS
        assert task["result"]["text"] == "hi"
        assert task["progress"] == {"fraction": 1.0, "message": "step 2", "data": {"step": 1}}
        assert task["target"] == {"id": "probe", "type": "oracle"}

    @pytest.mark.parametrize("verb", ["GET /tasks/{}", "GET /tasks/{}/events", "GET /tasks/{}/explain",
                                      "POST /tasks/{}/cancel", "POST /tasks/{}/retry"])  # fmt: skip
    def test_a_foreign_id_is_not_found(self, api: httpx.Client, verb: str) -> None:
        method, path = verb.split()
        foreign = "01890000-0000-7000-8000-000000000000"
        found = problem(api.request(method, path.format(foreign)), 404, "task.not_found")
        assert found["hint"]


class TestHistory:
    def test_its_shape_newest_first(self, api: httpx.Client) -> None:
        ids = [post(api, input_={"text": str(number)})["id"] for number in range(4)]
        page = api.get("/tasks/history", params={"limit": 3}).json()
        assert page.keys() == {"items", "total", "next_cursor"}
        assert [item["id"] for item in page["items"]] == ids[:0:-1]
        assert all(item.keys() >= TASK_KEYS for item in page["items"])
        assert page["total"] >= 4
        assert isinstance(page["next_cursor"], str)

    def test_a_page_beyond_the_end_is_empty(self, api: httpx.Client) -> None:
        page = api.get("/tasks/history", params={"offset": 999_999}).json()
        assert (page["items"], page["next_cursor"]) == ([], None)
        assert page["total"] > 0

    def test_offset_skips(self, api: httpx.Client) -> None:
        ids = [post(api)["id"] for _ in range(4)][::-1]
        page = api.get("/tasks/history", params={"limit": 2, "offset": 1}).json()
        assert [item["id"] for item in page["items"]] == ids[1:3]

    @pytest.mark.parametrize("limit", [1, 7, 200])
    def test_cursors_walk_all_pages_while_new_tasks_come_in(self, api: httpx.Client, limit: int) -> None:
        since = post(api, "probe_run", {"text": "first"}, timeout_s=77)["created_at"]
        expected = [post(api, timeout_s=77)["id"] for _ in range(20)]
        seen: list[str] = []
        cursor: str | None = None
        newest: set[str] = set()
        for _ in range(40):
            params = {
                "limit": limit,
                "since": since,
                "type": "probe_run",
                **({"cursor": cursor} if cursor else {}),
            }
            page = api.get("/tasks/history", params=params).json()
            seen += [item["id"] for item in page["items"]]
            newest.add(post(api, timeout_s=77)["id"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert cursor is None
        assert len(seen) == len(set(seen)), "a task came twice"
        assert seen[:20] == expected[::-1]
        assert not newest & set(seen)

    def test_a_cursor_with_a_strange_form_is_refused(self, api: httpx.Client) -> None:
        wrong = ["x", "%%%", "é", base64.urlsafe_b64encode(b"one").decode(),
                 base64.urlsafe_b64encode(b"a\nb\nc").decode(), base64.urlsafe_b64encode(b"\xff\n\xfe").decode(),
                 base64.urlsafe_b64encode(b"not a time\nnot an id").decode()]  # fmt: skip
        for cursor in wrong:
            found = problem(api.get("/tasks/history", params={"cursor": cursor}), 422, "request.invalid")
            assert found["errors"][0]["loc"] == ["cursor"]

    def test_filter_by_state(self, api: httpx.Client, running: str) -> None:
        failed = a_failed_one(api)
        for state, task_id in (("failed", failed), ("running", running)):
            page = api.get("/tasks/history", params={"state": state, "limit": 200}).json()
            assert task_id in [item["id"] for item in page["items"]]
            assert {item["state"] for item in page["items"]} == {state}
            assert page["total"] == len(page["items"])

    def test_filter_by_type_under_both_names(self, api: httpx.Client) -> None:
        ended(api, post(api, "file_search", {"query": "needle"})["id"])
        for name in ("file_search", "file.search"):
            page = api.get("/tasks/history", params={"type": name, "limit": 200}).json()
            assert page["items"]
            assert {item["capability"] for item in page["items"]} == {"file.search"}
        assert api.get("/tasks/history", params={"type": "nothing"}).json()["total"] == 0

    def test_filter_by_target(self, api: httpx.Client) -> None:
        ended(api, post(api)["id"])
        page = api.get("/tasks/history", params={"target": "probe", "limit": 5}).json()
        assert {item["target"]["id"] for item in page["items"]} == {"probe"}
        assert api.get("/tasks/history", params={"target": "nobody"}).json()["items"] == []

    def test_filter_by_time(self, api: httpx.Client) -> None:
        first, second, third = (post(api) for _ in range(3))
        page = api.get(
            "/tasks/history", params={"since": second["created_at"], "until": third["created_at"]}
        ).json()
        assert [item["id"] for item in page["items"]] == [second["id"]]
        assert page["total"] == 1
        since = api.get("/tasks/history", params={"since": first["created_at"], "limit": 200}).json()
        assert [item["id"] for item in since["items"]][-1] == first["id"]

    @pytest.mark.parametrize("since", ["0001-01-01T00:00:00", "0999-12-31", "1969-01-01T00:00:00-05:00",
                                       "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])  # fmt: skip
    def test_times_at_the_ends_of_the_calendar_count(self, api: httpx.Client, since: str) -> None:
        post(api)
        response = api.get("/tasks/history", params={"since": since, "limit": 1})
        if since.startswith("9999"):
            assert response.status_code in (200, 422)
        else:
            assert response.status_code == 200, response.text
            assert response.json()["items"]

    def test_filters_and_cursor_go_together(self, api: httpx.Client) -> None:
        ids = [a_failed_one(api) for _ in range(3)]
        post(api)
        seen: list[str] = []
        params: dict[str, Any] = {"state": "failed", "type": "file_search", "limit": 1}
        for _ in range(3):
            page = api.get("/tasks/history", params=params).json()
            seen += [item["id"] for item in page["items"]]
            params["cursor"] = page["next_cursor"]
        assert seen == ids[::-1]

    def test_large_results_can_be_left_out(self, api: httpx.Client) -> None:
        task = ended(api, post(api)["id"])
        page = api.get("/tasks/history", params={"limit": 1, "results": "false"}).json()
        assert page["items"][0]["id"] == task["id"]
        assert (page["items"][0]["result"], page["items"][0]["parts"]) == (None, [])

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=201", "limit=x", "limit=", "limit=1.5", "offset=-1", "offset=1e3", "state=lost",
                  "since=yesterday", "since=2026", "until=0.5", "until=1e9",
                  "until=2026-13-01", "results=perhaps", "surprise=1", "limit=1&limit=x",
                  "limit=99999999999999999999999999"],
    )  # fmt: skip
    def test_a_wrong_filter_is_named(self, api: httpx.Client, query: str) -> None:
        found = problem(api.get(f"/tasks/history?{query}"), 422, "request.invalid")
        assert found["errors"][0]["loc"] == [query.partition("=")[0]]


class TestCancel:
    def test_a_running_task_stops_within_a_second(self, api: httpx.Client, running: str) -> None:
        answer = api.post(f"/tasks/{running}/cancel")
        assert answer.status_code == 200
        assert answer.json().keys() >= TASK_KEYS
        events = events_of(api, running)
        assert events[-1].event == "cancelled"
        task = api.get(f"/tasks/{running}").json()
        assert task["state"] == "cancelled"
        assert task["finished_at"] is not None

    def test_an_ended_task_cannot_be_cancelled(self, api: httpx.Client) -> None:
        task = ended(api, post(api)["id"])
        found = problem(api.post(f"/tasks/{task['id']}/cancel"), 409, "task.already_ended")
        assert "retry" in found["hint"]


class TestRetry:
    def test_an_ended_task_runs_again_as_a_new_one(self, api: httpx.Client) -> None:
        old = ended(api, post(api, input_={"text": "again"}, priority=3, timeout_s=9)["id"])
        answer = api.post(f"/tasks/{old['id']}/retry")
        assert answer.status_code == 202
        new = answer.json()
        assert new["id"] != old["id"]
        assert new["retry_of"] == old["id"]
        for name in ("type", "input", "required_capabilities", "priority", "timeout_s", "root"):
            assert new[name] == old[name]
        assert ended(api, new["id"])["state"] == "succeeded"

    def test_a_task_that_runs_cannot_be_retried(self, api: httpx.Client, running: str) -> None:
        problem(api.post(f"/tasks/{running}/retry"), 409, "task.not_ended")


class TestExplain:
    def test_it_says_who_and_why(self, api: httpx.Client) -> None:
        task = ended(api, post(api)["id"])
        why = api.get(f"/tasks/{task['id']}/explain").json()
        assert (why["task_id"], why["type"], why["chosen"]) == (task["id"], "probe_run", "probe")
        assert why["candidates"][0].keys() == {"id", "type", "score", "parts"}
        assert "file_search" in why["rejected"]

    def test_free_text_is_explained_by_what_matched(self, api: httpx.Client) -> None:
        task = post(api, "ask", {"text": 'search the files for "needle"'})
        why = api.get(f"/tasks/{task['id']}/explain").json()
        assert why["asked"] == 'search the files for "needle"'
        assert why["matched"][0]["capability"] == "file.search"


class TestEvents:
    def test_their_shape(self, api: httpx.Client) -> None:
        task_id = post(api, input_={"seconds": 0.1, "steps": 2})["id"]
        response = api.get(f"/tasks/{task_id}/events")
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["X-Vibe-Api-Level"] == "1"
        events = events_in(response.text)
        assert [event.event for event in events][:2] == ["queued", "running"]
        assert events[-1].event == "succeeded"
        for number, event in enumerate(events, 1):
            assert event.id == str(number) == str(event.data["seq"])
            assert event.data["type"] == event.event
            assert event.data["task_id"] == task_id
            assert event.data["at"].endswith("Z")
        progress = next(event.data["data"] for event in events if event.event == "progress")
        assert progress.keys() == {"fraction", "message", "data"}

    def test_the_stream_of_an_ended_task_replays_from_the_start_and_closes(self, api: httpx.Client) -> None:
        task_id = post(api, input_={"steps": 1})["id"]
        assert events_of(api, task_id) == events_of(api, task_id)

    def test_it_resumes_exactly_behind_each_event(self, api: httpx.Client) -> None:
        task_id = post(api, input_={"seconds": 0.3, "steps": 3})["id"]
        everything = events_of(api, task_id)
        for number in range(len(everything)):
            assert events_of(api, task_id, str(number)) == everything[number:]
            response = api.get(f"/tasks/{task_id}/events", params={"after": number})
            assert events_in(response.text) == everything[number:]

    def test_behind_the_final_event_a_browser_need_not_ask_again(
        self, api: httpx.Client, server: JupyterServer
    ) -> None:
        task_id = post(api)["id"]
        last = events_of(api, task_id)[-1].id
        assert last is not None
        for asked in ({"headers": {"Last-Event-ID": last}}, {"params": {"after": last}}):
            response = api.get(f"/tasks/{task_id}/events", **asked)
            assert (response.status_code, response.content) == (204, b"")
            assert response.headers["X-Vibe-Api-Level"] == "1"
        handle = server.vibe().tasks.get(task_id)
        assert list(handle.events(after=int(last))) == []
        assert [event.type for event in handle.events(after=int(last) - 1)] == ["succeeded"]

    def test_the_header_of_a_reconnect_wins_over_the_url(self, api: httpx.Client) -> None:
        task_id = post(api)["id"]
        everything = events_of(api, task_id)
        response = api.get(f"/tasks/{task_id}/events?after=1", headers={"Last-Event-ID": "2"})
        assert events_in(response.text) == everything[2:]

    @pytest.mark.parametrize(
        "strange", ["999999", "abc", "-1", "1.5", "12345678901234567890", "x" * 300, "é", "0x1"]
    )
    def test_a_strange_last_event_id_is_a_gap_and_a_replay(self, api: httpx.Client, strange: str) -> None:
        task_id = post(api)["id"]
        everything = events_of(api, task_id)
        response = api.get(f"/tasks/{task_id}/events", headers={"Last-Event-ID": strange.encode("latin-1")})
        assert response.status_code == 200, response.text
        gap, *rest = events_in(response.text)
        assert (gap.event, gap.id) == ("gap", None)
        assert rest == everything

    def test_each_event_comes_as_it_happens(self, api: httpx.Client, running: str) -> None:
        with api.stream("GET", f"/tasks/{running}/events") as response:
            items = read(response.iter_lines())
            assert next(items).event == "queued"
            api.post(f"/tasks/{running}/cancel")
            rest = [item.event for item in items if isinstance(item, Event)]
        assert rest[0] == "running"
        assert rest[-1] == "cancelled"

    def test_a_quiet_stream_has_a_heartbeat(self, api: httpx.Client, running: str) -> None:
        with api.stream("GET", f"/tasks/{running}/events", headers={"Last-Event-ID": "2"}) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            items = read(response.iter_lines())
            assert isinstance(next(items), Comment)
            assert isinstance(next(items), Comment)

    def test_many_listeners_hear_the_same(self, api: httpx.Client) -> None:
        task_id = post(api, input_={"seconds": 0.3, "steps": 3})["id"]
        with ThreadPoolExecutor(8) as pool:
            heard = list(pool.map(lambda _: events_of(api, task_id), range(8)))
        assert all(events == heard[0] for events in heard)

    def test_a_strange_after_in_the_url_is_bounded(self, api: httpx.Client) -> None:
        task_id = post(api)["id"]
        problem(api.get(f"/tasks/{task_id}/events", params={"after": "x" * 100}), 422, "request.invalid")
        problem(api.get(f"/tasks/{task_id}/events?before=3"), 422, "request.invalid")


def test_a_listener_that_leaves_is_let_go(api: httpx.Client, running: str) -> None:
    for _ in range(30):
        with api.stream("GET", f"/tasks/{running}/events") as response:
            next(read(response.iter_lines()))
    assert api.get("/health").status_code == 200
