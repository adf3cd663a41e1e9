"""Imports point downwards only: surfaces on the client, the client on the core, the core on nothing of ours."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

import pytest

import vibe_jupyter

PACKAGE = Path(vibe_jupyter.__file__).parent
SURFACES = ("server_ext", "magics", "cli")
BELOW = {
    "core": (),
    "client": ("core",),
    "widgets": ("client", "core"),
    "magics": ("widgets", "client", "core"),
    "cli": ("widgets", "client", "core"),
    "server_ext": ("widgets", "client", "core"),
}
"""What each layer may import beside itself."""

LAZILY = {"client": ("widgets",)}
"""What a layer may import inside functions, although it lies above: a result shows itself through a renderer."""

HOSTS = ("jupyter*", "tornado", "IPython", "ipykernel", "ipywidgets", "notebook", "nbclient", "papermill")
HOSTS_IN_CORE = {"core/doctor/*.py": ("jupyter_core.paths", "jupyter_core.command")}
"""Where the core may look at its host, inside functions: the doctor checks the installation."""


@dataclass(frozen=True)
class Import:
    """One imported module of one file."""

    file: str
    module: str
    when: Literal["at once", "lazily", "for types"]

    @property
    def layer(self) -> str:
        """The layer that imports."""
        return self.file.partition("/")[0]

    def __str__(self) -> str:
        return f"{self.file} imports {self.module} ({self.when})"


def imports_of(path: Path) -> Iterator[Import]:
    """Yield what a file imports, wherever in it."""
    file = path.relative_to(PACKAGE).as_posix()

    def walk(node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(file, alias.name, when) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{file}: relative imports are not ours"
                yield from (Import(file, f"{child.module}.{alias.name}", when) for alias in child.names)
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                yield from walk(child, "lazily")
            elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                yield from walk(child, "for types")
            else:
                yield from walk(child, when)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), "at once")


FILES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations/versions" not in path.as_posix())
IMPORTS = [found for path in FILES for found in imports_of(path)]


def our_layer(module: str) -> str | None:
    """Return the layer of one of our modules; None for the package itself and for others' modules."""
    found = re.match(r"vibe_jupyter\.(\w+)", module)
    return found[1] if found and found[1] in BELOW else None


def is_any(module: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(module.partition(".")[0], pattern) for pattern in patterns)


def test_imports_are_seen_wherever_they_stand():
    seen = {(found.file, found.module, found.when) for found in IMPORTS}
    assert ("core/table.py", "vibe_jupyter.core.tasks.operations.OPERATIONS", "at once") in seen
    assert ("core/table.py", "vibe_jupyter.core.operations.Operation", "for types") in seen
    assert ("client/api.py", "vibe_jupyter.client.http.HttpTransport", "lazily") in seen


def test_every_module_belongs_to_a_known_layer():
    names = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert names == {*BELOW}


def test_imports_point_downwards_only():
    upwards = [
        str(found)
        for found in IMPORTS
        if (layer := our_layer(found.module)) is not None
        and found.layer in BELOW
        and layer not in (found.layer, *BELOW[found.layer])
        and not (found.when == "lazily" and layer in LAZILY.get(found.layer, ()))
    ]
    assert upwards == []


def test_the_package_itself_imports_its_parts_lazily():
    eager = [str(found) for found in IMPORTS if found.file == "__init__.py" and found.when == "at once"]
    assert [line for line in eager if "vibe_jupyter." in line] == []


def test_the_core_knows_no_host():
    hosted = [
        str(found)
        for found in IMPORTS
        if found.layer == "core"
        and is_any(found.module, HOSTS)
        and not (found.when == "lazily" and _is_the_doctors(found))
    ]
    assert hosted == []


def _is_the_doctors(found: Import) -> bool:
    return any(
        fnmatch(found.file, files) and found.module.startswith(modules)
        for files, modules in HOSTS_IN_CORE.items()
    )


@pytest.mark.parametrize("name", ["schemas.py", "operations.py"])
def test_what_the_table_loads_needs_only_pydantic_and_the_standard_library(name):
    allowed = {"pydantic", "pydantic_settings", "vibe_jupyter", *sys.stdlib_module_names}
    foreign = [
        str(found)
        for found in IMPORTS
        if found.layer == "core" and found.file.endswith(f"/{name}") and found.when == "at once"
        and found.module.partition(".")[0] not in allowed
    ]  # fmt: skip
    assert foreign == []


def test_the_table_loads_nothing_heavy():
    heavy = {
        "IPython", "alembic", "anyio", "dbos", "httpx", "jupyter_server", "orjson", "pandas", "pyarrow",
        "sqlalchemy", "structlog", "tornado", "yaml",
    }  # fmt: skip
    program = "import sys, vibe_jupyter.core.table; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert heavy.intersection(done.stdout.split()) == set()


def test_no_operation_speaks_to_the_database():
    for path in FILES:
        if path.name != "operations.py" or "core" not in path.parts:
            continue
        file = path.relative_to(PACKAGE).as_posix()
        modules = [found.module for found in IMPORTS if found.file == file]
        assert not [
            module
            for module in modules
            if re.search(r"\bsqlalchemy\b|\.(store|statements|database)\b", module)
        ]
        texts = [
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [
            text for text in texts if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s(?!/)", text)
        ], file


def test_a_slice_never_reaches_into_the_store_of_another():
    """Only the platform puts stores and services together."""
    strangers = []
    for found in IMPORTS:
        owner = re.match(
            r"vibe_jupyter\.core\.(?!database)(\w+)\.(store|statements|history|rows)\b", found.module
        )
        if owner and found.file != "core/platform.py" and not found.file.startswith(f"core/{owner[1]}/"):
            strangers.append(str(found))
    assert strangers == []


def test_sql_stays_in_the_core():
    outside = [
        str(found)
        for found in IMPORTS
        if found.layer != "core" and is_any(found.module, ("sqlalchemy", "dbos"))
    ]
    assert outside == []


def test_only_the_task_engine_knows_dbos():
    elsewhere = {
        found.file
        for found in IMPORTS
        if is_any(found.module, ("dbos",)) and not found.file.startswith("core/tasks/")
    }
    assert elsewhere == set()
