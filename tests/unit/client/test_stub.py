"""The type stub of the client says what the client does, and a type checker believes it."""

import ast
import inspect
from pathlib import Path

import pytest
from mypy import api as mypy

from vibe_jupyter.client import api
from vibe_jupyter.client.api import AsyncVibeClient, VibeClient
from vibe_jupyter.client.http import HttpTransport
from vibe_jupyter.client.namespaces import Namespace
from vibe_jupyter.core.operations import Operation
from vibe_jupyter.core.table import OPERATIONS

ROOT = Path(api.__file__).parents[2]
STUB = Path(api.__file__).with_suffix(".pyi")

RIGHT = """
from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from vibe_jupyter import VibeClient, connect
from vibe_jupyter.client import AsyncTaskHandle, TaskHandle
from vibe_jupyter.core.oracles.schemas import CapabilityInfo
from vibe_jupyter.core.tasks.schemas import Explanation, History, TaskEvent

with connect("http://127.0.0.1:8888", token="secret") as vibe:
    assert_type(vibe, VibeClient)
    task = vibe.tasks.create(type="file_search", input={"query": "login", "limit": 5}, priority=3)
    assert_type(task, TaskHandle)
    print(task.wait().matches[0].path, vibe.where)
    assert_type(vibe.tasks.history(limit=5, state="failed"), History)
    assert_type(vibe.tasks.get(task), TaskHandle)
    assert_type(vibe.tasks.explain(task.id), Explanation)
    assert_type(vibe.tasks.events(task_id=task.id), Iterator[TaskEvent])
    assert_type(vibe.capabilities, list[CapabilityInfo])
    print(vibe.user.profile().scopes, vibe.text_fields["file_search"], vibe.transport.is_local)


async def main(vibe: VibeClient) -> None:
    task = await vibe.aio.tasks.create(input={"text": "where is the login handled?"})
    assert_type(task, AsyncTaskHandle)
    assert_type(vibe.aio.tasks.events(task), AsyncIterator[TaskEvent])
    async for event in vibe.aio.tasks.events(task, after="3"):
        print(event.seq)
    print((await vibe.aio.platform.health()).api_level)
"""

WRONG = {
    "a misspelt argument": 'vibe.tasks.create(typ="file_search")',
    "a wrong type": "vibe.tasks.history(limit='many')",
    "an unknown state": 'vibe.tasks.history(state="done")',
    "an argument by place": 'vibe.tasks.create("file_search")',
    "a missing id": "vibe.tasks.get()",
    "an unknown method": "vibe.tasks.creat()",
    "an unknown namespace": "vibe.task.create()",
    "an unknown field of a result": "vibe.tasks.history().rows",
    "a coroutine that nobody awaits": "vibe.aio.tasks.get('1').state",
    "an async client within the async client": "vibe.aio.aio",
}


def client_of(kind: type) -> VibeClient | AsyncVibeClient:
    """Return a client that is never used to call anything."""
    return kind(HttpTransport("http://127.0.0.1:1"))


def classes_of_the_stub() -> dict[str, ast.ClassDef]:
    module = ast.parse(STUB.read_text(encoding="utf-8"))
    return {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}


def members_of(node: ast.ClassDef) -> dict[str, str]:
    """Return the members of a class in the stub, with the type of those that are annotated."""
    members = {
        child.name: "" for child in node.body if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    for child in node.body:
        if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            members[child.target.id] = ast.unparse(child.annotation)
    return members


def test_the_stub_is_what_the_operation_table_says_now(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from generation.client_stub import client_stub

    assert STUB.read_text(encoding="utf-8") == client_stub(), "run `python scripts/generate.py`"


@pytest.mark.parametrize("kind", [VibeClient, AsyncVibeClient])
def test_the_stub_has_exactly_the_public_members_of_the_client(kind):
    there = {name for name in dir(client_of(kind)) if not name.startswith("_")}
    described = {
        name for name in members_of(classes_of_the_stub()[kind.__name__]) if not name.startswith("_")
    }
    assert described == there


@pytest.mark.parametrize("kind", [VibeClient, AsyncVibeClient])
def test_each_method_has_the_arguments_that_it_has_at_run_time(kind):
    client, classes = client_of(kind), classes_of_the_stub()
    members = members_of(classes[kind.__name__])
    for operation in OPERATIONS:
        slice_, _, name = operation.name.partition(".")
        namespace = getattr(client, slice_)
        assert isinstance(namespace, Namespace)
        [described] = [
            node
            for node in classes[members[slice_]].body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
        ]
        parameters = inspect.signature(getattr(namespace, name)).parameters.values()
        by_place = [argument.arg for argument in described.args.args[1:]]
        assert by_place == [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        by_name = [argument.arg for argument in described.args.kwonlyargs]
        assert by_name == [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        assert isinstance(described, ast.AsyncFunctionDef) == _is_awaited(operation, kind)


def _is_awaited(operation: Operation, kind: type) -> bool:
    return kind is AsyncVibeClient and operation.kind != "stream"


@pytest.fixture(scope="module")
def checked(tmp_path_factory) -> tuple[str, str]:
    """Type-check a right program, and one with one mistake a line; return what mypy says of each."""
    folder = tmp_path_factory.mktemp("programs")
    right, wrong = folder / "right.py", folder / "wrong.py"
    right.write_text(RIGHT, encoding="utf-8")
    head = "from vibe_jupyter import connect; vibe = connect()\n"
    wrong.write_text(head + "\n".join(WRONG.values()) + "\n", encoding="utf-8")
    options = ["--strict", "--no-error-summary", "--config-file", str(ROOT / "pyproject.toml")]
    options += ["--cache-dir", str(folder / "cache"), "--follow-imports", "silent"]
    said = [mypy.run([*options, str(program)]) for program in (right, wrong)]
    assert not any(errors for _, errors, _ in said), said
    return said[0][0], said[1][0]


@pytest.mark.slow
def test_a_right_program_type_checks(checked):
    assert checked[0] == ""


@pytest.mark.slow
@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_found_without_running_anything(checked, mistake):
    line = list(WRONG).index(mistake) + 2
    assert f"wrong.py:{line}: error:" in checked[1]
