"""A kernel with a server is a thin client: what is heavy stays on the server."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.servers import JupyterServer

_HEAVY = {
    "aiosqlite", "alembic", "cryptography", "dbos", "httpx2", "jsonschema", "jupyter_server", "mcp", "nbclient",
    "papermill", "pandas", "psycopg", "pyarrow", "sqlalchemy", "tornado",
}  # fmt: skip
_PROGRAM = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
before = set(sys.modules)
shell.run_line_magic("load_ext", "vibe_jupyter")
loaded = set(sys.modules)
card = shell.run_line_magic("vibe", "")
shell.display_formatter.format(card)
task = shell.run_line_magic("vibe", "task needle --type file_search")
shell.display_formatter.format(task)
print(json.dumps({"load": sorted(loaded - before), "all": sorted(set(sys.modules) - before), "state": task.state}))
"""


def test_the_first_lines_import_nothing_heavy(server: JupyterServer) -> None:
    environment = {**server.environment, "VIBE_SERVER_URL": server.url, "VIBE_SERVER_TOKEN": server.token}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=server.root, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["state"] == "succeeded"
    assert not _HEAVY & {name.partition(".")[0] for name in found["all"]}
    own = [name for name in found["load"] if name.startswith("vibe_jupyter")]
    magics = [f"vibe_jupyter.magics{name}" for name in ("", ".completion", ".question_marks", ".showing")]
    assert sorted(own) == ["vibe_jupyter", *magics]
