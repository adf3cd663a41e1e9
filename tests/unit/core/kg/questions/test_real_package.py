"""The questions, asked of a package that was not written for them: jupyter_server, as it is installed."""

from __future__ import annotations

import ast
import itertools
import shutil
from pathlib import Path
from typing import Any

import jupyter_server
import pytest

from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.kg.build.generate import generate
from vibe_jupyter.core.kg.catalog import GraphCatalog
from vibe_jupyter.core.kg.question_oracle import answer_in_process

PACKAGE = Path(jupyter_server.__file__).parent


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    root = folder / "project"
    shutil.copytree(PACKAGE, root / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__", "static"))
    graph = GraphCatalog(folder / "kg").register("anna", root)
    generate(str(graph.folder), graph.kg_id, str(root))
    return folder / "kg"


def ask(catalog: Path, question: str, **fields: Any) -> dict[str, Any]:
    return answer_in_process(str(catalog), "anna", question, fields)


def files_that_call(name: str) -> set[str]:
    """Return the files that import a function from `jupyter_server.utils`, or are that, and call it by its bare name.

    This is what Python's own parser sees; functions of that name from other packages are none of them.
    """
    found = set()
    for file in PACKAGE.rglob("*.py"):
        path, nodes = (
            file.relative_to(PACKAGE.parent).as_posix(),
            list(ast.walk(ast.parse(file.read_bytes()))),
        )
        imports = (node for node in nodes if isinstance(node, ast.ImportFrom))
        known = path == "jupyter_server/utils.py" or any(
            (node.module, bool(node.level)) in (("jupyter_server.utils", False), ("utils", True))
            and name in [alias.name for alias in node.names]
            for node in imports
        )
        calls = (node.func for node in nodes if isinstance(node, ast.Call))
        if known and any(isinstance(function, ast.Name) and function.id == name for function in calls):
            found.add(path)
    return found


@pytest.mark.parametrize("name", ["url_path_join", "url_escape", "to_os_path", "url_is_absolute"])
def test_callers_are_those_that_python_sees(catalog: Path, name: str) -> None:
    answer = ask(catalog, "callers", symbol=f"jupyter_server.utils.{name}", limit=1000)
    assert {row["path"] for row in answer["rows"]} == files_that_call(name) != set()


def test_callers_and_callees_tell_the_same(catalog: Path) -> None:
    callers = ask(catalog, "callers", symbol="jupyter_server.utils.url_path_join")["rows"]
    inside = next(row for row in callers if row["kind"] == "Method")
    callees = ask(catalog, "callees", symbol=f"<{inside['iri']}>")["rows"]
    assert "jupyter_server.utils.url_path_join" in [row["qualified_name"] for row in callees]


def test_a_path_is_a_chain_of_calls(catalog: Path) -> None:
    names = ("jupyter_server.serverapp.ServerApp.initialize", "jupyter_server.utils.url_path_join")
    steps = ask(catalog, "path", source=names[0], target=names[1])["steps"]
    assert (steps[0]["qualified_name"], steps[-1]["qualified_name"]) == names
    for caller, callee in itertools.pairwise(steps):
        called = ask(catalog, "callees", symbol=f"<{caller['iri']}>", limit=1000)["rows"]
        assert callee["iri"] in [row["iri"] for row in called]


def test_what_a_change_reaches_begins_with_the_callers(catalog: Path) -> None:
    symbol = "jupyter_server.utils.url_path_join"
    callers = {row["iri"] for row in ask(catalog, "callers", symbol=symbol, limit=1000)["rows"]}
    rows = ask(catalog, "impact", symbol=symbol, limit=10_000)["rows"]
    assert callers <= {row["iri"] for row in rows}
    assert [row["depth"] for row in rows] == sorted(row["depth"] for row in rows)


def test_the_project_as_a_whole(catalog: Path) -> None:
    paths = [row["path"] for row in ask(catalog, "central", limit=10)["rows"]]
    assert "jupyter_server/utils.py" in paths
    for row in ask(catalog, "cycles")["rows"]:
        assert len(row["cycle"]) >= 2
    unused = ask(catalog, "unused", limit=10_000)
    assert unused["examined"] > 200
    called = {"url_path_join", "url_escape", "to_os_path"}
    assert called.isdisjoint(row["name"] for row in unused["rows"])


def test_a_search_puts_the_very_name_first(catalog: Path) -> None:
    found = ask(catalog, "find", text="url path join")
    assert found["symbols"][0]["name"] == "url_path_join"
    found = ask(catalog, "find", text="url_path_join")
    assert (found["is_exact"], found["symbols"][0]["name"]) == (True, "url_path_join")


@pytest.mark.parametrize("question", ["callers", "callees", "impact", "tests"])
def test_a_slip_is_answered_with_the_nearest_name(catalog: Path, question: str) -> None:
    with pytest.raises(NotFound, match="url_path_jion") as caught:
        ask(catalog, question, symbol="url_path_jion")
    assert "url_path_join" in caught.value.data["similar"]
    assert "url_path_join" in (caught.value.hint or "")
