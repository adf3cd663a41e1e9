"""What nobody should send: each gets an error that says what is wrong, and the server keeps serving."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.server_sent_events import events_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import JupyterServer

JSON = {"Content-Type": "application/json"}
ID = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def nothing_breaks(api: httpx.Client, server: JupyterServer) -> Iterator[None]:
    """Whatever a test sends: the server answers afterwards, and its log has no stack of an error of ours."""
    before = len(server.log)
    yield
    assert api.get("/status").status_code == 200
    assert "Traceback" not in server.log[before:], server.log[before:]


def send(api: httpx.Client, body: bytes | str, **headers: str) -> httpx.Response:
    return api.post("/tasks", content=body, headers=JSON | headers)


def raw(server: JupyterServer, request: bytes, *, is_all: bool = False) -> bytes:
    """Send bytes that no client library would, and return the answer; `is_all` closes our side after them."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request)
        if is_all:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def raw_status(server: JupyterServer, line: str, *headers: str, body: bytes = b"") -> int | None:
    """Return the status of a hand-written request; None if the connection is closed without one."""
    head = [
        line,
        f"Host: 127.0.0.1:{server.port}",
        f"Authorization: token {server.token}",
        "Connection: close",
    ]
    if body:
        head.append(f"Content-Length: {len(body)}")
    request = "\r\n".join([*head, *headers, "", ""]).encode("latin-1") + body
    answer = raw(server, request)
    return int(answer.split()[1]) if answer else None


def is_a_problem(response: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert response.status_code in statuses, (response.status_code, response.text)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["X-Vibe-Api-Level"] == "1"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == response.status_code
    assert problem["code"]
    assert problem["detail"]
    return problem


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"", b" ", b"{", b"{'type': 'probe_run'}", b'{"type": "probe_run",}', b"[1, 2", b"nonsense", b"\x00",
            b'{"type": "probe_run"} trailing', b'{"type": "\xff\xfe"}', b'\xef\xbb\xbf{"type": "probe_run"}',
            '{"type": "probe_run"}'.encode("utf-16"), b'{"input": {"text": "\\ud800"}}', b'{"a": "\\x"}',
            b"[" * 10_000, b'{"input":' * 10_000, b"[" * 10_000 + b"]" * 10_000,
        ],
        ids=lambda body: repr(body[:25]),
    )  # fmt: skip
    def test_what_is_not_json(self, api: httpx.Client, body: bytes) -> None:
        problem = is_a_problem(send(api, body), 400)
        assert problem["code"] == "request.malformed"
        assert "JSON" in problem["detail"]

    @pytest.mark.parametrize("body", ["[]", "null", "5", '"text"', "true", "[{}]"])
    def test_json_that_is_no_object(self, api: httpx.Client, body: str) -> None:
        is_a_problem(send(api, body), 422)

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
    def test_numbers_that_json_has_not(self, api: httpx.Client, number: str) -> None:
        for body in (
            f'{{"type": "probe_run", "input": {{"seconds": {number}}}}}',
            f'{{"type": "probe_run", "priority": {number}}}',
        ):
            is_a_problem(send(api, body), 400)

    @pytest.mark.parametrize(
        "number", ["1" + "0" * 400, "1e400", "-1e400", "1" * 5000, "9223372036854775808", "1e-400", "-0"]
    )
    def test_huge_numbers(self, api: httpx.Client, number: str) -> None:
        for body in (
            f'{{"type": "file_search", "input": {{"query": "x", "max_file_bytes": {number}}}}}',
            f'{{"type": "file_search", "input": {{"query": "x"}}, "priority": {number}}}',
            f'{{"type": "file_search", "input": {{"query": "x"}}, "timeout_s": {number}}}',
            f'{{"type": "file_search", "input": {{"query": "x", "limit": {number}}}}}',
        ):
            response = send(api, body)
            assert response.status_code in (202, 400, 422), (body[:100], response.text)

    def test_of_a_repeated_key_the_last_one_counts(self, api: httpx.Client) -> None:
        response = send(api, '{"type": "nothing", "type": "probe_run", "input": {"text": "a", "text": "b"}}')
        assert response.status_code == 202
        assert response.json()["input"] == {"text": "b"}

    @pytest.mark.parametrize("depth", [50, 150, 250, 300, 900])
    def test_deep_input(self, api: httpx.Client, depth: int) -> None:
        deep = '{"a":' * depth + "1" + "}" * depth
        response = send(api, f'{{"type": "probe_run", "input": {{"text": {deep}}}}}')
        is_a_problem(response, 400, 422)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"timeout_s": True}, ["timeout_s"]),
            ({"priority": True}, ["priority"]),
            ({"priority": False}, ["priority"]),
            ({"input": {"query": "x", "case_sensitive": "yes"}}, ["input", "case_sensitive"]),
            ({"input": {"query": "x", "case_sensitive": 1}}, ["input", "case_sensitive"]),
            ({"input": {"query": "x", "limit": True}}, ["input", "limit"]),
        ],
    )
    def test_true_is_no_number_and_a_text_is_not_true(
        self, api: httpx.Client, body: dict[str, Any], field: list[str]
    ) -> None:
        whole = {"type": "file_search", "input": {"query": "x"}, **body}
        problem = is_a_problem(api.post("/tasks", json=whole), 422)
        assert problem["errors"][0]["loc"] == field
        assert ".".join(field) in problem["detail"]

    def test_a_whole_number_is_one_with_a_fraction_too(self, api: httpx.Client) -> None:
        body = {"type": "file_search", "input": {"query": "x", "hidden": True}, "timeout_s": 5, "priority": 1}
        assert api.post("/tasks", json=body).status_code == 202

    @pytest.mark.parametrize("body", ["garbage", "[]", '{"input": {}}', "null"])
    def test_a_body_where_none_is_wanted(self, api: httpx.Client, body: str) -> None:
        task_id = api.post("/tasks", json={"type": "probe_run"}).json()["id"]
        api.get(f"/tasks/{task_id}/events")
        for verb in ("retry", "cancel"):
            problem = is_a_problem(api.post(f"/tasks/{task_id}/{verb}", content=body), 422)
            assert problem["hint"]

    @pytest.mark.parametrize("body", ["", "{}", " {} "])
    def test_an_empty_body_is_none(self, api: httpx.Client, body: str) -> None:
        task_id = api.post("/tasks", json={"type": "probe_run"}).json()["id"]
        api.get(f"/tasks/{task_id}/events")
        assert api.post(f"/tasks/{task_id}/retry", content=body, headers=JSON).status_code == 202

    def test_many_keys(self, api: httpx.Client) -> None:
        body = json.dumps({"type": "probe_run", "input": {f"key{number}": 1 for number in range(50_000)}})
        problem = is_a_problem(send(api, body), 422)
        assert len(json.dumps(problem)) < 20_000, "an error is for reading"

    def test_many_unknown_fields(self, api: httpx.Client) -> None:
        problem = is_a_problem(send(api, json.dumps({f"key{number}": 1 for number in range(50_000)})), 422)
        assert len(json.dumps(problem)) < 20_000

    def test_what_was_sent_is_never_sent_back(self, api: httpx.Client) -> None:
        secret = "s3cret-in-the-wrong-place"
        for body in (
            {"type": "probe_run", "priority": secret},
            {"type": "probe_run", "input": {"seconds": secret}},
        ):
            assert secret not in send(api, json.dumps(body)).text

    def test_ten_megabytes_are_too_many(self, api: httpx.Client) -> None:
        body = json.dumps({"type": "probe_run", "input": {"text": "x" * (10 * 2**20)}})
        problem = is_a_problem(send(api, body), 413)
        assert problem["code"] == "request.too_large"
        assert "VIBE_MAX_BODY_BYTES" in problem["hint"]

    def test_seven_megabytes_are_not(self, api: httpx.Client) -> None:
        text = "é" * (7 * 2**19)
        response = send(api, json.dumps({"type": "probe_run", "input": {"text": text}}, ensure_ascii=False))
        assert response.status_code == 202
        task_id = response.json()["id"]
        assert events_in(api.get(f"/tasks/{task_id}/events").text)[-1].event == "succeeded"
        assert api.get(f"/tasks/{task_id}").json()["result"]["text"] == text

    @pytest.mark.parametrize(
        "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                       "application/jsonp", "json", "text/json"],
    )  # fmt: skip
    def test_a_wrong_content_type(self, api: httpx.Client, media_type: str) -> None:
        problem = is_a_problem(send(api, b'{"type": "probe_run"}', **{"Content-Type": media_type}), 400, 415)
        assert problem["code"] in ("request.not_json", "request.malformed")

    @pytest.mark.parametrize(
        "media_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"]
    )
    def test_json_by_other_spellings(self, api: httpx.Client, media_type: str) -> None:
        response = send(
            api, b'{"type": "probe_run", "input": {"text": "\xc3\xa9"}}', **{"Content-Type": media_type}
        )
        assert response.status_code == 202
        assert response.json()["input"] == {"text": "é"}

    @pytest.mark.parametrize(
        ("media_type", "body"),
        [
            ("multipart/form-data", b"x"),
            ("multipart/form-data; boundary=", b"----x"),
            ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
            ("application/x-www-form-urlencoded", b"%ff=%ff&&&=" * 5000),
        ],
    )
    def test_broken_forms(self, api: httpx.Client, media_type: str, body: bytes) -> None:
        for path in ("/tasks", f"/tasks/{ID}/cancel"):
            response = api.post(path, content=body, headers={"Content-Type": media_type})
            is_a_problem(response, 400, 415, 422)

    def test_a_compressed_body_is_not_json(self, api: httpx.Client) -> None:
        import gzip

        response = send(api, gzip.compress(b'{"type": "probe_run"}'), **{"Content-Encoding": "gzip"})
        is_a_problem(response, 400, 415)


class TestPaths:
    @pytest.mark.parametrize(
        "task_id",
        ["x", "1", "null", "%00", "a%00b", "%F0%9F%92%A9", "..", "%2e%2e", "%2F", "..%2F..%2Fetc%2Fpasswd", "%27--",
         "'%20OR%20'1'='1", "a" * 5000, "%0d%0aX-Evil:%201", ID.upper(), "%20", "history%00", "{task_id}"],
        ids=lambda text: text[:20],
    )  # fmt: skip
    def test_ids_that_are_none(self, api: httpx.Client, task_id: str) -> None:
        for method, path in (
            ("GET", ""), ("GET", "/events"), ("GET", "/explain"), ("POST", "/cancel"), ("POST", "/retry"),
        ):  # fmt: skip
            response = api.request(method, f"/tasks/{task_id}{path}")
            problem = is_a_problem(response, 404)
            assert "X-Evil" not in response.headers
            assert len(problem["detail"]) < 400

    def test_an_id_in_broken_utf8(self, server: JupyterServer) -> None:
        for method, path in (("GET", ""), ("GET", "/events"), ("POST", "/cancel")):
            assert raw_status(server, f"{method} /vibe/api/tasks/%ff%fe{path} HTTP/1.1") in (400, 404)

    def test_query_in_broken_utf8(self, server: JupyterServer) -> None:
        for query in ("state=%ff", "%ff=1", "cursor=%ed%a0%80", "no_track_activity=%ff", "token=%ff"):
            for path in ("tasks/history", f"tasks/{ID}", "health", "nothing"):
                status = raw_status(server, f"GET /vibe/api/{path}?{query} HTTP/1.1")
                assert status in (200, 400, 401, 404, 422), (path, query)

    def test_unknown_query_parameters_are_named(self, api: httpx.Client) -> None:
        for path in (f"/tasks/{ID}", "/user/profile", "/tasks/history", "/oracles"):
            problem = is_a_problem(api.get(path, params={"surprise": "1"}), 422)
            assert problem["errors"][0]["loc"] == ["surprise"]

    def test_a_query_parameter_that_is_given_twice(self, api: httpx.Client) -> None:
        problem = is_a_problem(api.get("/tasks/history?limit=1&limit=2"), 422)
        assert problem["errors"][0]["loc"] == ["limit"]
        for query in ("limit=true", "offset=false", "results=perhaps"):
            is_a_problem(api.get(f"/tasks/history?{query}"), 422)
        assert api.get("/tasks/history?limit=5&results=no").status_code == 200

    def test_the_parameter_of_jupyter_for_quiet_requests_is_let_through(self, api: httpx.Client) -> None:
        for path in ("/user/profile", "/tasks/history", "/health"):
            assert api.get(path, params={"no_track_activity": "1"}).status_code == 200

    @pytest.mark.parametrize(
        "path",
        ["", "/", "/nothing", "/tasks/", "/tasks/x/y/z", "/tasks//cancel", "/../api", "/TASKS/history"],
    )
    def test_what_is_not_there(self, api: httpx.Client, path: str) -> None:
        for method in ("GET", "POST", "DELETE"):
            response = api.request(method, path)
            problem = is_a_problem(response, 404)
            assert problem["hint"]

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("GET", "/tasks", "POST"),
            ("PUT", "/tasks", "POST"),
            ("DELETE", "/tasks/x", "GET"),
            ("PATCH", "/tasks/x", "GET"),
            ("POST", "/tasks/history", "GET"),
            ("GET", "/tasks/x/cancel", "POST"),
            ("POST", "/tasks/x/events", "GET"),
            ("POST", "/health", "GET"),
            ("POST", "/openapi.json", "GET"),
            ("PROPFIND", "/tasks", "POST"),
            ("HEAD", "/tasks", "POST"),
        ],
    )
    def test_a_wrong_method_names_the_right_ones(
        self, api: httpx.Client, method: str, path: str, allowed: str
    ) -> None:
        response = api.request(method, path)
        assert response.status_code == 405
        assert response.headers["allow"] == allowed
        if method != "HEAD":
            assert allowed in is_a_problem(response, 405)["hint"]


class TestHeaders:
    @pytest.mark.parametrize(
        "header",
        ["Last-Event-ID: \x01", "Last-Event-ID:", "Content-Length: -1", "Content-Length: 99999999999999999999",
         "Content-Length: x", "Transfer-Encoding: gzip", "Expect: 100-continue",
         "X-Long: " + "x" * 100_000, "Host: a b", "Host:", "Host: [::1", "Range: bytes=0-1",
         "Cookie: " + "a=b;" * 1000, "Cookie: \xff", "Origin: \xff", "Referer: \x80", "X-Forwarded-For: ::x",
         "Accept: \xff/\xff", "Authorization", " folded", "X-Scheme: gopher", "If-None-Match: x"],
        ids=lambda header: header[:30],
    )  # fmt: skip
    def test_strange_headers(self, server: JupyterServer, header: str) -> None:
        for line in ("GET /vibe/api/tasks/history HTTP/1.1", "GET /vibe/api/health HTTP/1.1"):
            status = raw_status(server, line, header)
            assert status is None or status < 500, (line, header, status)

    def test_a_declared_length_that_does_not_come(self, server: JupyterServer) -> None:
        answer = raw(
            server,
            f"POST /vibe/api/tasks HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            f"Authorization: token {server.token}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"
            '\r\n{"type": "probe_run"'.encode(),
            is_all=True,
        )
        assert b" 5" not in answer[:13]

    def test_a_length_and_chunks(self, server: JupyterServer) -> None:
        for encoding in ("chunked", "chunked, identity"):
            body = b"0\r\n\r\nGET /vibe/api/status HTTP/1.1\r\n\r\n"
            line = "POST /vibe/api/tasks HTTP/1.1"
            assert raw_status(server, line, f"Transfer-Encoding: {encoding}", body=body) in (400, None)

    def test_two_lengths(self, server: JupyterServer) -> None:
        status = raw_status(
            server, "POST /vibe/api/tasks HTTP/1.1", "Content-Length: 2", "Content-Length: 50", body=b"{}"
        )
        assert status in (400, None)

    def test_nonsense_in_place_of_http(self, server: JupyterServer) -> None:
        for line in (b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02", b"GET /vibe/api HTTP/9.9\r\n\r\n"):
            answer = raw(server, line, is_all=True)
            assert not answer or answer.split()[1].startswith(b"4"), answer[:100]


class TestFiles:
    """Paths that a task must not read; all below is sent as the owner, who may do everything else."""

    @pytest.fixture(scope="class")
    @classmethod
    def outside(cls, tmp_path_factory: pytest.TempPathFactory, server: JupyterServer) -> Path:
        outside = tmp_path_factory.mktemp("outside")
        (outside / "secret.txt").write_text("the needle of others\n")
        (server.root / "way-out").symlink_to(outside)
        (server.root / "way-out.txt").symlink_to(outside / "secret.txt")
        (server.root / "loop").symlink_to(server.root / "loop")
        return outside

    def failure(
        self, api: httpx.Client, input_: dict[str, Any], type_: str = "file_search"
    ) -> dict[str, Any]:
        """Return why a task that was accepted failed, or the problem it was refused with."""
        response = api.post("/tasks", json={"type": type_, "input": input_})
        if response.status_code != 202:
            return is_a_problem(response, 422, 404, 403)
        task_id = response.json()["id"]
        api.get(f"/tasks/{task_id}/events")
        task = api.get(f"/tasks/{task_id}").json()
        assert task["state"] == "failed", task
        error: dict[str, Any] = task["error"]
        return error

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            ("..", "path.outside_root"),
            ("../..", "path.outside_root"),
            ("src/../../x", "path.outside_root"),
            ("/", "path.outside_root"),
            ("/etc/passwd", "path.outside_root"),
            ("/proc/self/environ", "path.outside_root"),
            ("~", "path.outside_root"),
            ("~root", "path.outside_root"),
            ("~nobody-of-this-name", "path.invalid"),
            ("way-out", "path.outside_root"),
            ("way-out/secret.txt", "path.outside_root"),
            ("way-out.txt", "path.outside_root"),
            ("loop", "path.invalid"),
            ("a\0b", "path.invalid"),
            ("\0", "path.invalid"),
            ("x" * 300, "path.invalid"),
            ("missing", "path.not_found"),
            ("src/haystack.pi", "path.not_found"),
            ("src/haystack.py/x", "path.not_found"),
            ("file:///etc/passwd", "path.not_found"),
            ("\\\\host\\share", "path.not_found"),
        ],
    )
    def test_a_path_that_a_task_may_not_read(
        self, api: httpx.Client, outside: Path, path: str, code: str
    ) -> None:
        error = self.failure(api, {"query": "needle", "path": path})
        assert error["code"] == code, error
        assert "others" not in json.dumps(error)
        if type(code) is str and code == "path.outside_root":
            assert "VIBE_ALLOWED_ROOTS" in error["hint"]

    @pytest.mark.parametrize("kind", ["data_profile", "notebook_query", "project_stats"])
    def test_no_oracle_reads_outside(self, api: httpx.Client, outside: Path, kind: str) -> None:
        for path in (str(outside / "secret.txt"), "way-out", "way-out.txt", "../x"):
            input_ = {"path": path, **({"query": "x"} if kind == "notebook_query" else {})}
            error = self.failure(api, input_, kind)
            assert error["code"] in ("path.outside_root", "task.invalid_input"), error

    def test_a_search_does_not_follow_links_out(self, api: httpx.Client, outside: Path) -> None:
        task_id = api.post("/tasks", json={"type": "file_search", "input": {"query": "needle"}}).json()["id"]
        api.get(f"/tasks/{task_id}/events")
        assert "of others" not in api.get(f"/tasks/{task_id}").text

    @pytest.mark.parametrize(
        ("root", "code", "status"),
        [
            ("relative", "path.invalid", 422),
            ("..", "path.invalid", 422),
            ("~", "path.invalid", 422),
            ("/", "path.outside_root", 403),
            ("/etc", "path.outside_root", 403),
            ("/no/such/folder", "path.outside_root", 403),
            ("/a\0b", "path.invalid", 422),
            ("/" + "x" * 300, "path.outside_root", 403),
        ],
    )
    def test_a_root_outside_is_refused_at_once(
        self, api: httpx.Client, root: str, code: str, status: int
    ) -> None:
        response = api.post("/tasks", json={"type": "file_search", "input": {"query": "x"}, "root": root})
        assert is_a_problem(response, status)["code"] == code

    def test_a_root_inside_must_be_a_folder(self, api: httpx.Client, server: JupyterServer) -> None:
        for root, status in ((server.root / "src" / "haystack.py", 422), (server.root / "none", 404)):
            body = {"type": "file_search", "input": {"query": "x"}, "root": str(root)}
            assert is_a_problem(api.post("/tasks", json=body), status)["code"].startswith("path.")

    @pytest.mark.skipif(sys.platform == "win32", reason="names of files are not bytes there")
    def test_files_that_cannot_be_read_or_named(self, api: httpx.Client, server: JupyterServer) -> None:
        folder = server.root / "strange"
        folder.mkdir()
        (folder / "binary.bin").write_bytes(b"\x00\xff" * 5000)
        (folder / "latin.txt").write_bytes("der Schlüssel".encode("latin-1"))
        Path(os.fsdecode(os.fsencode(folder) + b"/needle-\xff.txt")).write_text("a needle")
        os.mkfifo(folder / "pipe-needle")
        (folder / "closed-needle.txt").write_text("needle")
        (folder / "closed-needle.txt").chmod(0)
        for type_, input_ in (
            ("file_search", {"query": "needle", "path": "strange"}),
            ("file_search", {"query": "needle", "path": "strange", "mode": "literal"}),
            ("file_search", {"query": "needle", "path": "strange", "mode": "regex"}),
            ("project_stats", {"path": "strange"}),
        ):
            task_id = api.post("/tasks", json={"type": type_, "input": input_}).json()["id"]
            api.get(f"/tasks/{task_id}/events")
            task = api.get(f"/tasks/{task_id}").json()
            assert task["state"] == "succeeded", (type_, input_, task["error"])
        for name in ("binary.bin", "pipe-needle", "latin.txt"):
            self.failure(api, {"path": f"strange/{name}"}, "data_profile")

    def test_a_regex_that_explodes_ends_in_bounded_time(
        self, api: httpx.Client, server: JupyterServer
    ) -> None:
        (server.root / "evil.txt").write_text("a" * 60 + "!\n")
        input_ = {"query": "(a+)+$", "mode": "regex", "path": "evil.txt", "timeout_s": 1}
        task_id = api.post("/tasks", json={"type": "file_search", "input": input_}).json()["id"]
        with api.stream("GET", f"/tasks/{task_id}/events") as response:
            for _ in range(20):
                assert api.get("/tasks/history", timeout=1).status_code == 200
            end = events_in(response.read().decode())[-1]
        assert end.event == "failed"
        error = api.get(f"/tasks/{task_id}").json()["error"]
        assert error["code"] in ("file_search.regex_too_slow", "task.timeout"), error
        assert error["hint"]

    @pytest.mark.parametrize("query", ["(" * 900, "(?:a{1,9999}){1,9999}", "a{99999999999}", "[[:alpha:]]", "(?P<1>x)",
                                       "\\", "*", "(?<=a*)b"])  # fmt: skip
    def test_a_regex_that_is_none(self, api: httpx.Client, query: str) -> None:
        response = api.post(
            "/tasks", json={"type": "file_search", "input": {"query": query, "mode": "regex", "timeout_s": 1}}
        )
        assert response.status_code in (202, 422), response.text
        if response.status_code == 202:
            api.get(f"/tasks/{response.json()['id']}/events")


def test_a_parameter_that_there_is_not_is_told_those_that_there_are(api: httpx.Client) -> None:
    answer = api.get("mcps/search", params={"query": "paris"}).json()
    assert answer["code"] == "request.invalid"
    assert answer["hint"] == "there are q, limit"
