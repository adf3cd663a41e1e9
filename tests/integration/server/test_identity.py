"""Who is let in, and as whom: attacked from outside, on a real server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.inspection import FAILURE, ROUTES
from tests.servers import JupyterServer
from vibe_jupyter.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

PROBE = {"type": "probe_run", "input": {}}
READS = (
    "/status",
    "/tasks/history",
    "/tasks/x",
    "/tasks/x/events",
    "/user/profile",
    "/oracles",
    "/openapi.json",
    "/no",
)
WRITES = ("/tasks", "/tasks/x/cancel", "/tasks/x/retry", "/no")


@pytest.fixture
def anonymous(server: JupyterServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.url}vibe/api", trust_env=False) as client:
        yield client


def signed_in(server: JupyterServer) -> httpx.Client:
    """Return a client with the cookie that a browser has after the form."""
    client = httpx.Client(base_url=f"{server.url}vibe/api", trust_env=False)
    client.get(f"{server.url}login")
    form = {"password": server.token, "_xsrf": client.cookies["_xsrf"]}
    assert client.post(f"{server.url}login", data=form).status_code == 302
    return client


@pytest.fixture(scope="module")
def visitor(server: JupyterServer) -> Iterator[httpx.Client]:
    client = signed_in(server)
    yield client
    client.close()


def refused(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    problem = response.json()
    assert problem["code"] == code
    assert problem["hint"]
    assert response.headers["X-Vibe-Api-Level"] == "1"
    if status == 401:
        assert "set-cookie" not in response.headers or '=""; expires' in response.headers["set-cookie"]
        assert response.headers["www-authenticate"].startswith("Bearer")


class TestNobody:
    @pytest.mark.parametrize("path", READS)
    def test_reads_nothing(self, anonymous: httpx.Client, path: str) -> None:
        refused(anonymous.get(path), 401, "auth.required")

    @pytest.mark.parametrize("path", WRITES)
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
    def test_writes_nothing(self, anonymous: httpx.Client, method: str, path: str) -> None:
        refused(anonymous.request(method, path, json=PROBE), 401, "auth.required")

    def test_is_not_let_in_by_a_forged_xsrf_cookie(self, anonymous: httpx.Client) -> None:
        headers = {"X-XSRFToken": "00" * 16, "Cookie": f"_xsrf={'00' * 16}"}
        refused(anonymous.post("/tasks", json=PROBE, headers=headers), 401, "auth.required")

    def test_may_ask_for_health(self, anonymous: httpx.Client) -> None:
        response = anonymous.get("/health")
        assert response.status_code == 200
        assert response.json().items() >= {"status": "ok", "api_level": 1}.items()
        assert response.json()["version"]
        assert "set-cookie" not in response.headers

    def test_health_says_nothing_of_the_machine(self, anonymous: httpx.Client, server: JupyterServer) -> None:
        assert str(server.root) not in anonymous.get("/health").text

    @pytest.mark.parametrize("scheme", ["Basic", "Negotiate", "tokens", ""])
    def test_other_schemes_are_no_credentials(
        self, anonymous: httpx.Client, server: JupyterServer, scheme: str
    ) -> None:
        headers = {"Authorization": f"{scheme} {server.token}".strip()}
        refused(anonymous.get("/status", headers=headers), 401, "auth.required")


class TestTokens:
    @pytest.mark.parametrize(
        "form", ["token {}", "Token {}", "bearer {}", "Bearer {}", "BEARER   {}", "token\t{}"]
    )
    def test_the_servers_own(self, anonymous: httpx.Client, server: JupyterServer, form: str) -> None:
        headers = {"Authorization": form.format(server.token)}
        for response in (
            anonymous.get("/user/profile", headers=headers),
            anonymous.post("/tasks", json=PROBE, headers=headers),
        ):
            assert response.is_success, response.text
            assert "set-cookie" not in response.headers

    @pytest.mark.parametrize(
        "form", ["token x", "Bearer x", "token {}x", "token x{}", "token", "token\tx", "token é",
                 "token {0} {0}", "token {0},token {0}"],
    )  # fmt: skip
    def test_a_wrong_one_is_refused_even_with_a_good_cookie(
        self, anonymous: httpx.Client, visitor: httpx.Client, server: JupyterServer, form: str
    ) -> None:
        headers = {b"Authorization": form.format(server.token).encode("latin-1")}
        for client in (anonymous, visitor):
            for path in READS:
                refused(client.get(path, headers=headers), 401, "auth.invalid_credential")
            xsrf = {b"X-XSRFToken": visitor.cookies["_xsrf"].encode()}
            for path in WRITES:
                refused(client.post(path, json=PROBE, headers=headers | xsrf), 401, "auth.invalid_credential")

    def test_one_in_the_url_signs_in_as_jupyter_does(self, server: JupyterServer) -> None:
        with httpx.Client(base_url=f"{server.url}vibe/api", trust_env=False) as client:
            assert client.get("/user/profile", params={"token": server.token}).json()["user_id"] == "local"
            client.cookies.clear()
            refused(client.get("/user/profile", params={"token": "wrong"}), 401, "auth.required")
            assert client.post("/tasks", params={"token": server.token}, json=PROBE).status_code == 202

    def test_a_token_needs_no_origin(self, api: httpx.Client) -> None:
        assert (
            api.post("/tasks", json=PROBE, headers={"Origin": "http://elsewhere.example"}).status_code == 202
        )


class TestCookies:
    def test_reads(self, visitor: httpx.Client) -> None:
        assert visitor.get("/user/profile").status_code == 200
        assert visitor.get("/tasks/history").status_code == 200

    def test_the_documentation_is_enough_for_a_write(self, server: JupyterServer) -> None:
        with httpx.Client(base_url=server.url, trust_env=False, follow_redirects=True) as browser:
            page = browser.get("vibe/docs", params={"token": server.token})
            assert page.status_code == 200
            headers = {"X-XSRFToken": browser.cookies["_xsrf"]}
            response = browser.post("vibe/api/tasks", json=PROBE, headers=headers)
            assert response.status_code == 202, response.text

    def test_a_write_needs_the_xsrf_header(self, visitor: httpx.Client) -> None:
        for headers in ({}, {"X-XSRFToken": ""}, {"X-XSRFToken": "00" * 16}, {"X-XSRFToken": "2|x|y|z"}):
            refused(visitor.post("/tasks", json=PROBE, headers=headers), 403, "auth.xsrf")

    def test_a_write_with_it_goes(self, visitor: httpx.Client) -> None:
        headers = {"X-XSRFToken": visitor.cookies["_xsrf"]}
        assert visitor.post("/tasks", json=PROBE, headers=headers).status_code == 202

    @pytest.mark.parametrize(
        "origin", ["http://elsewhere.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"]
    )
    def test_a_foreign_origin_is_refused(self, visitor: httpx.Client, origin: str) -> None:
        headers = {"X-XSRFToken": visitor.cookies["_xsrf"], "Origin": origin}
        for response in (
            visitor.post("/tasks", json=PROBE, headers=headers),
            visitor.get("/status", headers=headers),
        ):
            assert response.status_code in (403, 404)
            assert "access-control-allow-origin" not in response.headers

    def test_a_broken_cookie_is_nobody(self, anonymous: httpx.Client, visitor: httpx.Client) -> None:
        name, value = next(
            (name, value) for name, value in visitor.cookies.items() if name.startswith("username")
        )
        for broken in (value[:-1], value[::-1], "", "2|1:0|10:1"):
            refused(anonymous.get("/status", headers={"Cookie": f"{name}={broken}"}), 401, "auth.required")

    def test_a_preflight_is_answered_and_tells_nothing(
        self, anonymous: httpx.Client, server: JupyterServer
    ) -> None:
        same = server.url.rstrip("/")
        headers = {"Origin": same, "Access-Control-Request-Method": "POST"}
        response = anonymous.options("/tasks", headers=headers)
        assert (response.status_code, response.content) == (200, b"")
        foreign = anonymous.options("/tasks", headers=headers | {"Origin": "http://elsewhere.example"})
        assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8888", "10.0.0.1", "127.0.0.1.evil.example"])
def test_a_foreign_host_is_refused(
    api: httpx.Client, visitor: httpx.Client, anonymous: httpx.Client, host: str
) -> None:
    for client in (api, visitor, anonymous):
        for path in ("/status", "/health", "/openapi.json"):
            response = client.get(path, headers={"Host": host})
            assert response.status_code == 403, (path, response.text)
            assert response.headers["content-type"] == "application/problem+json"


class TestOwner:
    def test_is_the_same_on_each_request(
        self, api: httpx.Client, visitor: httpx.Client, anonymous: httpx.Client, server: JupyterServer
    ) -> None:
        bearer = {"Authorization": f"Bearer {server.token}"}
        profiles = [
            *(api.get("/user/profile").json() for _ in range(3)),
            *(visitor.get("/user/profile").json() for _ in range(3)),
            anonymous.get("/user/profile", headers=bearer).json(),
        ]
        assert all(profile == profiles[0] for profile in profiles)
        assert profiles[0]["user_id"] == "local"
        assert profiles[0].keys() >= {"user_id", "name", "via", "scopes"}
        assert "tasks:write" in profiles[0]["scopes"]

    def test_sees_their_tasks_whichever_way_they_came(self, api: httpx.Client, visitor: httpx.Client) -> None:
        by_token = api.post("/tasks", json=PROBE).json()["id"]
        by_cookie = visitor.post(
            "/tasks", json=PROBE, headers={"X-XSRFToken": visitor.cookies["_xsrf"]}
        ).json()["id"]
        for client in (api, visitor):
            for task_id in (by_token, by_cookie):
                assert client.get(f"/tasks/{task_id}").status_code == 200


class TestFailures:
    def test_a_bug_is_a_500_that_tells_nothing(self, api: httpx.Client, server: JupyterServer) -> None:
        response = api.get(f"{server.url}{FAILURE}")
        assert response.status_code == 500
        assert response.json()["code"] == "internal.error"
        assert "the text of a bug" not in response.text
        assert "the text of a bug" in server.log, "the log has the cause"

    def test_a_token_is_never_in_the_log(self, api: httpx.Client, server: JupyterServer) -> None:
        with httpx.Client(trust_env=False) as client:
            for path in (
                FAILURE,
                "vibe/api/tasks/history?limit=x",
                "vibe/api/nothing",
                "vibe/docs",
                "vibe/api/tasks/x",
            ):
                url = f"{server.url}{path}{'&' if '?' in path else '?'}token={server.token}"
                client.get(url, headers={"Referer": url})
                client.post(url, json=PROBE, headers={"Referer": url})
        api.get(f"{server.url}{FAILURE}")
        assert server.token not in server.log


def paths_of(pattern: str) -> str:
    """Return a path that a route's pattern matches."""
    path = pattern.removesuffix("$")
    for what, with_ in ((r"(?P<path>[\w.-]+)", "docs.js"), ("(?:/.*)?", "/any"), ("/?", ""), ("\\.", ".")):
        path = path.replace(what, with_)
    path = re.sub(r"\(\?P<\w+>\[\^/\]\+\)", "x", path)
    assert re.match(pattern, path), (pattern, path)
    return path


OPEN = {("HealthHandler", "GET"), ("DocsFileHandler", "GET"), ("DocsFileHandler", "HEAD")}
"""All that may be had without signing in."""


def test_no_route_of_ours_is_open(server: JupyterServer) -> None:
    with httpx.Client(trust_env=False, base_url=server.url) as client:
        routes: list[Any] = client.get(f"/{ROUTES}").json()
        ours = [(pattern, name) for pattern, module, name in routes if module.startswith("vibe_jupyter.")]
        assert len(ours) > 10
        opened = set()
        for pattern, name in ours:
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
                response = client.request(
                    method, paths_of(pattern), headers={"Content-Type": "application/json"}
                )
                if name == "DocsHandler" and method in ("GET", "HEAD") and response.status_code == 302:
                    assert "/login?next=" in response.headers["location"]
                elif response.status_code not in (401, 403, 405):
                    opened.add((name, method))
        assert opened == OPEN


class TestWithoutToken:
    """A server that was started without authentication: everybody is the owner, browsers of others are not."""

    @pytest.fixture(scope="class")
    @classmethod
    def open_server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
        with JupyterServer(tmp_path_factory.mktemp("open"), token="") as running:
            yield running

    def test_reads(self, open_server: JupyterServer) -> None:
        with open_server.http() as client:
            assert client.get("/user/profile").json()["user_id"] == "local"

    def test_a_write_needs_the_xsrf_header(self, open_server: JupyterServer) -> None:
        with open_server.http() as client:
            refused(client.post("/tasks", json=PROBE), 403, "auth.xsrf")
            foreign = {"Origin": "http://elsewhere.example"}
            assert client.post("/tasks", json=PROBE, headers=foreign).status_code in (403, 404)

    def test_a_token_that_nobody_asked_for_changes_nothing(self, open_server: JupyterServer) -> None:
        with open_server.http(headers={"Authorization": "token stale"}) as client:
            assert client.get("/user/profile").json()["user_id"] == "local"
            refused(client.post("/tasks", json=PROBE), 403, "auth.xsrf")

    def test_our_client_writes(self, open_server: JupyterServer) -> None:
        with open_server.vibe() as vibe:
            assert vibe.tasks.create(type="probe_run", input={"text": "hi"}).wait().text == "hi"

    @pytest.mark.asyncio
    async def test_our_async_client_writes(self, open_server: JupyterServer) -> None:
        vibe = open_server.vibe().aio
        task = await vibe.tasks.create(type="probe_run", input={"text": "hi"})
        assert (await task.wait()).text == "hi"


class TestOthersIdentities:
    """A server whose identity provider is somebody else's, and that refuses every handler without a decision."""

    @pytest.fixture(scope="class")
    @classmethod
    def hub(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
        options = (
            "--ServerApp.identity_provider_class=tests.inspection.HubLike",
            "--ServerApp.allow_unauthenticated_access=False",
        )
        env = {"JUPYTERHUB_API_TOKEN": "of-the-hub"}
        folder = tmp_path_factory.mktemp("hub")
        with JupyterServer(folder, token="of-the-hub", options=options, env=env) as running:
            yield running

    def test_the_provider_decides(self, hub: JupyterServer) -> None:
        with hub.http() as client:
            assert client.get("/user/profile").json()["user_id"] == "local"
            assert client.post("/tasks", json=PROBE).status_code == 202
            wrong = {"Authorization": "token wrong"}
            refused(client.get("/user/profile", headers=wrong), 401, "auth.invalid_credential")
            refused(client.post("/tasks", json=PROBE, headers=wrong), 401, "auth.invalid_credential")

    def test_clients_on_the_data_directory_use_the_token_of_the_hub(
        self, hub: JupyterServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VIBE_DATA_DIR", str(hub.data_dir))
        monkeypatch.chdir(hub.root)
        with connect() as vibe:
            assert vibe.where.endswith(hub.url.rstrip("/"))
            assert vibe.tasks.create(type="probe_run", input={"text": "hi"}).wait().text == "hi"

    def test_nobody_is_refused(self, hub: JupyterServer) -> None:
        with httpx.Client(base_url=f"{hub.url}vibe/api", trust_env=False) as client:
            refused(client.get("/tasks/history"), 401, "auth.required")
            refused(client.post("/tasks", json=PROBE), 401, "auth.required")
            assert client.get("/health").status_code == 200
