"""The description of the API: true, complete, and attacked through itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jsonschema
import pytest

from tests.servers import JupyterServer
from vibe_jupyter.core.table import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(scope="module")
def document(api: httpx.Client) -> dict[str, Any]:
    response = api.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, entry in methods.items():
            yield method.upper(), path, entry


def nodes_of(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from nodes_of(item)


class TestDocument:
    def test_has_each_operation_and_no_other(self, document: dict[str, Any]) -> None:
        described = {(method, path): entry["operationId"] for method, path, entry in operations_of(document)}
        assert described == {(one.method, one.path): one.name for one in OPERATIONS}

    def test_is_openapi_31(self, document: dict[str, Any], server: JupyterServer) -> None:
        assert document["openapi"].startswith("3.1.")
        assert document["servers"] == [{"url": "/vibe/api"}]
        assert document["info"].keys() >= {"title", "version", "description"}
        for _, path, entry in operations_of(document):
            named = {one["name"] for one in entry["parameters"] if one["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path)), path
            assert len({(one["name"], one["in"]) for one in entry["parameters"]}) == len(entry["parameters"])
            declared = next(one for one in OPERATIONS if one.name == entry["operationId"])
            assert ("requestBody" in entry) == (declared.body is not None)
            assert entry["summary"]
            assert any(status.startswith("2") for status in entry["responses"])
            assert all(answer["description"] for answer in entry["responses"].values())

    def test_each_schema_is_one(self, document: dict[str, Any]) -> None:
        schemas = [*document["components"]["schemas"].values()]
        schemas += [node["schema"] for node in nodes_of(document["paths"]) if "schema" in node]
        assert len(schemas) > 30
        for schema in schemas:
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_each_reference_leads_somewhere(self, document: dict[str, Any]) -> None:
        references = {node["$ref"] for node in nodes_of(document) if isinstance(node.get("$ref"), str)}
        names = {reference.removeprefix("#/components/schemas/") for reference in references}
        assert names <= document["components"]["schemas"].keys()

    def test_only_health_is_open(self, document: dict[str, Any]) -> None:
        opened = {
            entry["operationId"] for _, _, entry in operations_of(document) if entry.get("security") == []
        }
        assert opened == {"platform.health"}
        assert document["security"]

    def test_answers_are_as_described(self, document: dict[str, Any], api: httpx.Client) -> None:
        registry = {"components": document["components"]}
        task = api.post("/tasks", json={"type": "probe_run", "input": {}}).json()
        api.get(f"/tasks/{task['id']}/events")
        for name, response in (
            ("tasks.history", api.get("/tasks/history")),
            ("tasks.get", api.get(f"/tasks/{task['id']}")),
            ("tasks.explain", api.get(f"/tasks/{task['id']}/explain")),
            ("oracles.list", api.get("/oracles")),
            ("user.profile", api.get("/user/profile")),
            ("platform.status", api.get("/status")),
            ("tasks.get", api.get("/tasks/none")),
            ("tasks.history", api.get("/tasks/history?limit=x")),
        ):
            entry = next(entry for _, _, entry in operations_of(document) if entry["operationId"] == name)
            described = entry["responses"][str(response.status_code)]["content"]
            media_type = response.headers["content-type"]
            jsonschema.validate(response.json(), {**registry, **described[media_type]["schema"]})


@pytest.mark.slow
@pytest.mark.timeout(330)
def test_schemathesis_finds_nothing(tmp_path: Path, start_server: Callable[..., JupyterServer]) -> None:
    """All checks, on a server with a root of its own."""
    # What is registered here is made up: no command may run, and no address of this machine be asked.
    server = start_server(env={"VIBE_MCP_ALLOW_STDIO": "false", "VIBE_ALLOW_PRIVATE_ADDRESSES": "false"})
    run = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run",
            f"{server.url}vibe/api/openapi.json", "--header", f"Authorization: token {server.token}",
            "--checks=all", "--max-examples=8", "--request-timeout=10", "--seed=1",
            "--generation-database=none", "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    selected = re.search(r"Tested: (\d+)", run.stdout)
    assert selected is not None
    assert int(selected[1]) == len(OPERATIONS)
    assert "Traceback" not in server.log


class TestDocs:
    """The page for people: Swagger UI from packaged files."""

    def test_one_who_is_not_signed_in_is_sent_to_the_form(self, server: JupyterServer) -> None:
        for path in ("vibe/docs", "vibe/docs/"):
            response = httpx.get(server.url + path, trust_env=False)
            assert response.status_code == 302
            assert response.headers["location"].startswith("/login?next=")

    def test_the_page_and_all_it_needs(self, api: httpx.Client, server: JupyterServer) -> None:
        page = api.get(f"{server.url}vibe/docs")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy.split("style-src")[0]
        assert "frame-ancestors 'self'" in policy
        assert "<script>" not in page.text
        assert "{{" not in page.text
        needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(needed) >= 3
        types = {"js": "javascript", "css": "text/css"}
        for path in needed:
            assert path.startswith("/vibe/docs/static/"), "nothing from elsewhere"
            file = httpx.get(f"{server.url.rstrip('/')}{path}", trust_env=False)
            assert file.status_code == 200
            assert types[path.rpartition(".")[2]] in file.headers["content-type"]
            assert file.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize(
        "path",
        ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "..%5capp.py", "docs.html", "", ".", "..", "nothing.js",
         "docs.js/", "%00.js", "docs.js%00", "/etc/passwd", "....//app.py", "x" * 3000 + ".js"],
    )  # fmt: skip
    def test_no_other_file(self, server: JupyterServer, path: str) -> None:
        before = len(server.log)
        with httpx.Client(trust_env=False) as client:
            response = client.get(httpx.URL(server.url, raw_path=f"/vibe/docs/static/{path}".encode()))
        assert response.status_code in (302, 400, 403, 404), response.text[:200]
        assert "import" not in response.text
        assert "Traceback" not in server.log[before:]

    def test_a_server_below_a_path(self, tmp_path: Path) -> None:
        with JupyterServer(tmp_path, base_url="/user/name/") as server:
            with server.http() as client:
                page = client.get(f"{server.url}vibe/docs")
                assert 'src="/user/name/vibe/docs/static/' in page.text
                assert client.get("/openapi.json").json()["servers"] == [{"url": "/user/name/vibe/api"}]
            with server.vibe() as vibe:
                assert vibe.tasks.create(type="probe_run", input={"text": "deep"}).wait().text == "deep"
