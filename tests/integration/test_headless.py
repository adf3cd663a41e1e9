"""Without a server and without a person: papermill, the terminal, the demo, scripts."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.mcp_servers.processes import FAULTY
from tests.servers import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

_BIN = Path(sys.executable).parent
_KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "auth.py").write_text("def login(user):\n    return user\n")
    return folder


@pytest.fixture
def run(project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return what runs a program of this environment in the project."""

    def run(program: str, *args: str, cwd: Path = project, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(_BIN / program), *args],
            cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip

    return run


def notebook(path: Path, *cells: str) -> Path:
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": _KERNELSPEC}), path)
    return path


@pytest.mark.measured
class TestBrokenEngine:
    def test_a_corrupt_engine_database_is_said_at_once_and_the_task_waits(
        self, run: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "vibe-data").mkdir(mode=0o700)
        (tmp_path / "vibe-data" / "dbos.db").write_bytes(os.urandom(9000))
        done = run("jupyter", "vibe", "task", "--type", "file_search", "login")
        assert done.returncode != 0
        assert "task.cannot_run" in done.stderr
        assert "dbos.db" in done.stderr
        listed = run("jupyter", "vibe", "task", "list")
        assert "queued" in listed.stdout


class TestPapermill:
    def test_the_same_cells_run_without_a_server(self, project: Path, run: Any) -> None:
        notebook(
            project / "in.ipynb", '%vibe task "login" --type file_search --path auth.py', "_.matches[0].path"
        )
        done = run("papermill", "--no-progress-bar", "in.ipynb", "out.ipynb")
        assert done.returncode == 0, done.stderr
        first, second = nbformat.read(project / "out.ipynb", 4).cells
        (output,) = [each for each in first.outputs if each.output_type == "execute_result"]
        assert {"text/plain", "text/html"} <= set(output.data)
        assert "auth.py" in output.data["text/html"]
        assert second.outputs[0].data["text/plain"] == "'auth.py'"

    def test_the_line_of_the_readme_runs_the_quickstart(self, tmp_path: Path, run: Any) -> None:
        lines = (REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()
        (line,) = [line.partition("#")[0] for line in lines if line.startswith("papermill ")]
        program, *words = line.split()
        shutil.copytree(REPOSITORY / "notebooks", tmp_path / "checkout" / "notebooks")
        done = run(program, *words, cwd=tmp_path / "checkout")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "checkout" / "out.ipynb").is_file()

    def test_the_notebook_about_servers_runs_from_any_folder(self, project: Path, run: Any) -> None:
        shutil.copytree(REPOSITORY / "notebooks", project / "copy")
        done = run("papermill", "--no-progress-bar", "copy/mcp.ipynb", "out.ipynb")
        assert done.returncode == 0, done.stderr
        cells = {cell.id: cell for cell in nbformat.read(project / "out.ipynb", 4).cells}
        assert "<img" in cells["chart"].outputs[-1].data["text/html"]
        assert cells["python"].outputs[0].data["text/plain"] == "'Order 1001 is cancelled.'"
        assert "there is no order 1\nhint: " in cells["failure"].outputs[0].text
        assert "mcp.policy_denied" in cells["policy"].outputs[-1].text

    def test_the_notebook_about_knowledge_graphs_runs_from_any_folder(self, project: Path, run: Any) -> None:
        shutil.copytree(REPOSITORY / "notebooks", project / "copy")
        done = run("papermill", "--no-progress-bar", "copy/knowledge-graph.ipynb", "out.ipynb")
        assert done.returncode == 0, done.stderr
        cells = {cell.id: cell for cell in nbformat.read(project / "out.ipynb", 4).cells}
        for name in ("callers", "tests", "impact", "words"):
            assert "test_charge.test_tax_is_added" in cells[name].outputs[-1].data["text/plain"]
        assert "sales.ipynb[1]" in cells["data"].outputs[-1].data["text/plain"]
        assert "<svg" in cells["picture"].outputs[-1].data["image/svg+xml"]
        assert "the billing team" in cells["team"].outputs[-1].data["text/plain"]

    def test_the_lines_of_the_readme_about_servers_run_in_the_demos_folder(
        self, project: Path, run: Any
    ) -> None:
        """Word for word, in an environment that nobody has activated."""
        text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
        found = re.search(r"```python\n(# MCP servers.*?)```", text, re.DOTALL)
        assert found is not None
        shutil.copytree(REPOSITORY / "notebooks", project / "vibe-demo")
        notebook(project / "vibe-demo" / "in.ipynb", *found[1].splitlines())
        command = ("papermill", "--no-progress-bar", "in.ipynb", "out.ipynb")
        done = run(*command, cwd=project / "vibe-demo", PATH=os.defpath)
        assert done.returncode == 0, done.stderr
        last = nbformat.read(project / "vibe-demo" / "out.ipynb", 4).cells[-1]
        assert "<table" in last.outputs[-1].data["text/html"]
        added = run(
            "jupyter-vibe",
            "mcp",
            "add",
            "mine",
            "--",
            "python",
            "vibe-demo/orders_server.py",
            PATH=os.defpath,
        )
        assert shlex.quote(sys.executable) in added.stdout, added.stderr
        called = run("jupyter-vibe", "mcp", "call", "mine.sales_by_country", "--limit", "3", "--json")
        assert len(json.loads(called.stdout)["structured_content"]["result"]) == 3

    def test_the_notebook_about_servers_minds_its_own_ones(self, project: Path, run: Any) -> None:
        """A server of the user's that is called `orders` stays, and what was left half-way is no hindrance."""
        for name in ("orders", "demo-orders"):
            assert run("jupyter-vibe", "mcp", "add", name, "--", "/no/such/program").returncode == 0
        shutil.copytree(REPOSITORY / "notebooks", project / "copy")
        done = run("papermill", "--no-progress-bar", "copy/mcp.ipynb", "out.ipynb")
        assert done.returncode == 0, done.stderr
        left = json.loads(run("jupyter-vibe", "mcp", "list", "--json").stdout)["servers"]
        assert [server["id"] for server in left] == ["orders"]

    def test_a_question_is_declined_at_once_and_says_what_to_decide(self, project: Path, run: Any) -> None:
        cells = [f"%vibe mcp add faulty -- {shlex.join(FAULTY)}", "%vibe mcp set faulty --tool ok=ask"]
        notebook(project / "in.ipynb", *cells, "%vibe mcp call faulty.ok")
        done = run("papermill", "--no-progress-bar", "in.ipynb", "out.ipynb")
        assert done.returncode == 1
        assert "mcp.approval_rejected" in done.stderr
        assert "decide before: %vibe mcp set faulty --tool ok=always" in done.stderr

    def test_a_failed_task_fails_the_run_with_its_cause(self, project: Path, run: Any) -> None:
        notebook(project / "in.ipynb", "%vibe task missing.csv --type data_profile", "print('not reached')")
        done = run("papermill", "--no-progress-bar", "in.ipynb", "out.ipynb")
        assert done.returncode == 1
        assert "path.not_found" in done.stderr
        assert "hint: " in done.stderr.strip().splitlines()[-1]
        assert not nbformat.read(project / "out.ipynb", 4).cells[-1].outputs

    def test_a_wrong_line_fails_the_run_with_its_cause(self, project: Path, run: Any) -> None:
        notebook(project / "in.ipynb", "%vibe task list --bogus")
        done = run("papermill", "--no-progress-bar", "in.ipynb", "out.ipynb")
        assert done.returncode == 1
        assert "--bogus" in done.stderr


@pytest.mark.measured
class TestTerminal:
    def test_what_is_not_kept_between_commands_is_said(self, run: Any) -> None:
        run("jupyter-vibe", "mcp", "add", "broken", "--", sys.executable, "-c", "import no_such_module")
        failed = run("jupyter-vibe", "mcp", "tools", "broken")
        assert "No module named 'no_such_module'" in failed.stderr
        assert "mcp logs" not in failed.stderr, "there are none"
        for words in (["logs", "broken"], ["health"]):
            asked = run("jupyter-vibe", "mcp", *words)
            assert asked.returncode == 0
            assert "nothing is kept" in asked.stderr
        answered = run("jupyter-vibe", "mcp", "logs", "broken", "--json")
        assert json.loads(answered.stdout)["stderr"] == []

    def test_hints_name_the_program_that_was_typed(self, run: Any) -> None:
        unknown = run("jupyter-vibe", "mcp", "call", "nobody.x")
        assert "hint: jupyter vibe mcp add" in unknown.stderr
        assert "%vibe" not in unknown.stderr

    def test_a_task_as_text_and_as_json(self, run: Any) -> None:
        shown = run("jupyter-vibe", "task", "login", "--type", "file_search")
        assert (shown.returncode, "auth.py" in shown.stdout) == (0, True), shown.stderr
        answered = run("jupyter-vibe", "task", "login", "--type", "file_search", "--json")
        task = json.loads(answered.stdout)
        assert (task["state"], task["result"]["matches"][0]["path"]) == ("succeeded", "auth.py")
        listed = json.loads(run("jupyter-vibe", "task", "list", "--json").stdout)
        assert listed["total"] == 2
        explained = run("jupyter-vibe", "task", "explain", task["id"][-8:])
        assert "file_search" in explained.stdout

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (["tsk"], 2, "task"),
            (["task", "list", "--limt", "3"], 2, "--limit"),
            (["task", "nope.csv", "--type", "data_profile"], 1, "path.not_found"),
            (["task", "x", "--type", "file_serch"], 1, "file_search"),
            (["task", "--type", "file_search", "--input", "@missing.json"], 2, "missing.json"),
        ],
    )
    def test_a_mistake_is_said_on_stderr_with_an_exit_code(
        self, run: Any, words: list[str], code: int, said: str
    ) -> None:
        done = run("jupyter-vibe", *words)
        assert (done.returncode, done.stdout) == (code, "")
        assert said in done.stderr
        assert "Traceback" not in done.stderr

    def test_help_and_version(self, run: Any) -> None:
        assert "jupyter vibe task list" in run("jupyter-vibe", "--help").stdout
        assert "--cursor" in run("jupyter-vibe", "task", "list", "--help").stdout
        assert re.fullmatch(r"\d+\.\d+\.\d+\n", run("jupyter-vibe", "--version").stdout)
        assert run("jupyter", "vibe", "--version").returncode == 0

    def test_the_doctor_and_the_settings(self, run: Any) -> None:
        checks = json.loads(run("jupyter-vibe", "doctor", "--json").stdout)
        assert {check["name"] for check in checks} >= {"packages", "database", "kernel"}
        secret = {"VIBE_DATABASE_URL": "sqlite:////s3cret.db"}
        settings = run("jupyter-vibe", "config", **secret)
        assert "VIBE_DATA_DIR" in settings.stdout
        assert "s3cret" not in settings.stdout

    def test_the_database_verbs_work_on_a_new_machine(self, run: Any) -> None:
        assert run("jupyter-vibe", "db", "check").returncode == 0
        assert "base" in run("jupyter-vibe", "db", "downgrade", "base").stdout
        assert "0004" in run("jupyter-vibe", "db", "upgrade").stdout
        assert run("jupyter-vibe", "db", "downgrade", "0815").returncode == 1


@pytest.mark.measured
class TestDemo:
    def test_it_runs_and_reports_as_json_alone(self, project: Path, run: Any) -> None:
        # A kernelspec of the user's that leads nowhere must not matter.
        wrong = project / "jupyter" / "kernels" / "python3"
        wrong.mkdir(parents=True)
        (wrong / "kernel.json").write_text(
            json.dumps(
                {"argv": ["/no/such/python", "{connection_file}"], "display_name": "x", "language": "python"}
            )
        )
        done = run("jupyter-vibe", "demo", "--json", JUPYTER_DATA_DIR=str(project / "jupyter"))
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["ok"] is True
        assert {task["state"] for task in report["tasks"]} == {"succeeded"}
        assert {"id", "type", "target", "state", "seconds", "summary"} <= set(report["tasks"][0])
        executed = nbformat.read(report["notebook"], 4)
        nbformat.validate(executed)
        assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")

    def test_a_folder_that_cannot_be_made(self, project: Path, run: Any) -> None:
        (project / "taken").write_text("a file")
        done = run("jupyter-vibe", "demo", "--folder", "taken")
        assert done.returncode == 1
        assert "demo.folder" in done.stderr


_SCRIPT = """
from vibe_jupyter import connect

vibe = connect()
task = vibe.tasks.create(type="file_search", input={"query": "login", "path": "."})
print(task.wait().matches[0].path)
"""


def test_a_script_without_a_main_guard(project: Path, run: Any) -> None:
    (project / "script.py").write_text(_SCRIPT)
    done = run(Path(sys.executable).name, "script.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "auth.py\n", "")


@pytest.mark.measured
def test_an_interrupt_cancels_what_the_terminal_waits_for(project: Path) -> None:
    import signal

    (project / "slow.py").write_text(
        "import sys, signal, threading, os\n"
        "from vibe_jupyter.cli.main import main\n"
        "from vibe_jupyter.client.handles import TaskHandle\n"
        "inner = TaskHandle.events\n"
        "def events(self, *a):\n"
        "    for event in inner(self, *a):\n"
        "        if event.type == 'running': print('running', flush=True)\n"
        "        yield event\n"
        "TaskHandle.events = events\n"
        "sys.exit(main(['task', '(a+)+$', '--type', 'file_search', '--mode', 'regex']))\n"
    )
    (project / "trap.txt").write_text("a" * 60 + "!")
    process = subprocess.Popen(
        [sys.executable, "slow.py"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "interrupted" in err
    assert "task.cancelled" in err
