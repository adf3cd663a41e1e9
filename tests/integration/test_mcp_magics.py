"""`%vibe mcp` in a real kernel: with the platform in its process, and as a client of a Jupyter server."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernels import Kernel
from tests.mcp_servers.processes import FAULTY
from tests.servers import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import JupyterServer

pytestmark = pytest.mark.slow
COMMAND = shlex.join(FAULTY)


@pytest.fixture(scope="module", params=["in the process", "over HTTP"])
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Return a kernel whose platform knows one server, `faulty`; all tests of this module share it."""
    own = folder = tmp_path_factory.mktemp("kernel")
    env = {"VIBE_DATA_DIR": str(own / "data"), "IPYTHONDIR": str(own / "ipython"), "HOME": str(own)}
    if request.param == "over HTTP":
        server: JupyterServer = request.getfixturevalue("server")
        env |= {"VIBE_SERVER_URL": server.url, "VIBE_SERVER_TOKEN": server.token}
        folder = server.root / "mcp-notebooks"
        folder.mkdir()
    with Kernel(folder, **env) as running:
        ran = running.run("%load_ext vibe_jupyter")
        assert not ran.error, ran.error
        if "faulty" not in running.value("list(__import__('vibe_jupyter').connect().mcp)"):
            ran = running.run(f"%vibe mcp add faulty -- {COMMAND}")
            assert COMMAND in ran.text, "it shows what will run"
        yield running
        running.run("%vibe mcp remove faulty")


def soon(kernel: Kernel, condition: str) -> bool:
    """Return whether a condition comes true; each look takes its time."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if kernel.value(condition):
            return True
    return False


class TestCalls:
    def test_options_text_and_cell_are_arguments(self, kernel: Kernel) -> None:
        assert "total  5" in kernel.run("%vibe mcp call faulty.add --a 2 --b=3").text
        broken = kernel.run("%%vibe mcp call faulty.add\na: [1\nb: 2").error
        assert "[command.invalid] the cell begins as an object" in broken
        assert "hello there" in kernel.run("%vibe mcp call faulty.ok hello there").text
        assert "total  7" in kernel.run("%%vibe mcp call faulty.add\na: 3\nb: 4").text
        assert "total  9" in kernel.run('%%vibe mcp call faulty.add\n{"a": 4, "b": 5}').text

    def test_a_result_is_kept_under_a_name(self, kernel: Kernel) -> None:
        ran = kernel.run("%vibe mcp call faulty.rows -o cities\ncities.to_pandas()['people'].sum()")
        assert ran.text == "np.int64(2884000)"
        assert kernel.value("(cities.server, cities.data['rows'][0]['city'])") == ["faulty", "Bern"]

    def test_pictures_tables_and_links_are_shown(self, kernel: Kernel) -> None:
        html = kernel.run("%vibe mcp call faulty.image").html
        assert '<img src="data:image/png;base64,' in html
        assert "file:///a.txt" in html
        assert "<td" in kernel.run("%vibe mcp call faulty.rows").html

    def test_markup_from_a_server_is_text(self, kernel: Kernel) -> None:
        ran = kernel.run("%vibe mcp call faulty.markup")
        assert "&lt;script&gt;" in ran.html
        assert "<script>" not in ran.html
        assert "\x1b" not in ran.text
        assert "\u202e" not in ran.text

    def test_a_tool_that_fails_fails_the_cell(self, kernel: Kernel) -> None:
        error = kernel.run("%vibe mcp call faulty.err").error
        assert "ToolFailed [mcp.tool_failed] faulty.err failed: tool says no" in error
        assert "Traceback" not in error

    def test_a_server_that_crashes_has_its_last_words_in_the_error(self, kernel: Kernel) -> None:
        error = kernel.run("%vibe mcp call faulty.crash").error
        assert "mcp.crashed" in error
        assert "stderr: Traceback: something broke" in error
        assert "restarted" in kernel.run("%vibe mcp call faulty.ok restarted").text

    @pytest.mark.parametrize(
        ("line", "code", "hint"),
        [
            ("mcp call fauty.ok", "mcp.unknown_server", "faulty"),
            ("mcp tools fauty", "mcp.unknown_server", "faulty"),
            ("mcp show fauty", "mcp.unknown_server", "faulty"),
            ("mcp health fauty", "mcp.unknown_server", "faulty"),
            ("mcp call faulty.ad --a 1", "mcp.unknown_tool", "add"),
            ("mcp call faulty.add --aa 1", "command.invalid", "did you mean --a"),
            ("mcp call faulty.add --a x --b 2", "mcp.bad_arguments", "integer"),
            ("mcp call faulty.add --a 1", "mcp.bad_arguments", "b is missing"),
            ("mcp call faulty", "command.invalid", "SERVER.TOOL"),
            ("mcp call faulty.add 5", "command.invalid", "no single text"),
            ("mcp cal faulty.ok", "command.unknown_verb", "%vibe mcp call"),
            ("mcp prompt faulty great --who x", "mcp.unknown_tool", "greet"),
            ("mcp prompt faulty greet", "mcp.bad_arguments", "who is missing"),
            ("mcp read faulty dem://one", "mcp.unknown_resource", "demo://one"),
            ("mcp add s3 python3 x.py", "command.invalid", "%vibe mcp add s3 -- python3 x.py"),
            ("mcp add nothing", "mcp.config_invalid", "give a command or a url"),
            ("mcp call faulty.add --a 1.5 --b 2", "mcp.bad_arguments", "a should be integer, is 1.5"),
            ("mcp add faulty -- x", "mcp.name_taken", ""),
            ("mcp set faulty", "command.invalid", "--timeout-s"),
            ("mcp set faulty --tool crsh=ask", "mcp.unknown_tool", "crash"),
            ("mcp set faulty --aliases time.now=stps", "mcp.unknown_tool", "steps"),
            ("mcp import nothing.json", "mcp.config_not_found", "nothing.json"),
        ],
    )
    def test_every_mistake_says_what_to_do(self, kernel: Kernel, line: str, code: str, hint: str) -> None:
        error = kernel.run(f"%vibe {line}").error
        assert f"[{code}]" in error, error
        assert hint in error, error

    def test_a_tool_that_was_named_before_it_could_be_known_is_told(self, kernel: Kernel) -> None:
        kernel.run(f"%vibe mcp add unseen --aliases sums.add=ad -- {COMMAND}")
        try:
            assert not kernel.run("%vibe mcp set unseen --tool crsh=ask").error
            said = kernel.run("%vibe mcp tools unseen").text
            assert "its policy names crsh, and it has no such tool: did you mean crash?" in said
            assert "its alias sums.add names ad, and it has no such tool: did you mean add?" in said
        finally:
            kernel.run("%vibe mcp remove unseen")

    def test_a_command_that_does_not_exist_is_said_at_the_first_use(self, kernel: Kernel) -> None:
        kernel.run("%vibe mcp add nowhere -- /no/such/program")
        try:
            error = kernel.run("%vibe mcp tools nowhere").error
            assert "mcp.spawn_failed" in error
            assert "/no/such/program" in error
        finally:
            assert "is forgotten" in kernel.run("%vibe mcp remove nowhere").text


class TestLooking:
    def test_every_line_of_a_cell_shows_its_result(self, kernel: Kernel) -> None:
        ran = kernel.run(f"%vibe mcp add second -- {COMMAND} --second\n%vibe mcp remove second\nx = 1")
        assert f"{COMMAND} --second" in ran.outputs[0]["data"]["text/plain"], "what would run"
        assert "is forgotten" in ran.outputs[1]["data"]["text/plain"]
        ran = kernel.run(
            "kept = %vibe mcp call faulty.add --a 1 --b 2\n%vibe mcp call faulty.add --a 2 --b 2"
        )
        assert [one for one in ("total  3", "total  4") if one in ran.text] == ["total  4"]

    def test_each_answer_has_text_and_html(self, kernel: Kernel) -> None:
        for line in ("list", "show faulty", "tools faulty", "tools", "search add", "health", "health faulty",
                     "logs faulty", "resources faulty", "prompts faulty", "read faulty demo://one",
                     "prompt faulty greet --who Ada", "restart faulty"):  # fmt: skip
            ran = kernel.run(f"%vibe mcp {line}")
            assert not ran.error, (line, ran.error)
            assert ran.text, line
            assert "<div" in ran.html, line

    def test_what_is_read_and_filled_in(self, kernel: Kernel) -> None:
        assert "content of demo://one" in kernel.run("%vibe mcp read faulty demo://one").text
        assert "Say hello to Ada." in kernel.run("%vibe mcp prompt faulty greet --who Ada").text
        assert "reads only  Does add." in kernel.run("%vibe mcp tools faulty").text

    @pytest.mark.parametrize(
        "line", ["mcp call faulty.add?", "mcp call faulty.add --help", "mcp call faulty.add ?"]
    )
    def test_the_help_of_a_tool(self, kernel: Kernel, line: str) -> None:
        assert "%vibe mcp call faulty.add --a N --b N" in kernel.run(f"%vibe {line}").text

    def test_the_verbs_are_listed(self, kernel: Kernel) -> None:
        assert "%vibe mcp call" in kernel.run("%vibe mcp").text
        assert "%vibe mcp call" in kernel.run("%vibe mcp?").text

    def test_the_card_counts_servers(self, kernel: Kernel) -> None:
        count = len(kernel.value("list(__import__('vibe_jupyter').connect().mcp)"))
        assert f" {count} MCP server" in kernel.run("%vibe").text

    def test_completion(self, kernel: Kernel) -> None:
        kernel.run("%vibe mcp tools faulty")
        for line, offered in (
            ("%vibe mcp ca", "%vibe mcp call"),
            ("%vibe mcp show fau", "%vibe mcp show faulty"),
            ("%vibe mcp call fau", "%vibe mcp call faulty.add"),
            ("%vibe mcp call faulty.ad", "%vibe mcp call faulty.add"),
            ("%vibe mcp call faulty.add --", "%vibe mcp call faulty.add --a"),
            ("%vibe mcp set faulty --approval al", "%vibe mcp set faulty --approval always"),
            ("%vibe mcp read faulty de", "%vibe mcp read faulty demo://one"),
            ("%vibe mcp prompt faulty gr", "%vibe mcp prompt faulty greet"),
            ("%vibe mcp prompt faulty greet --w", "%vibe mcp prompt faulty greet --who"),
        ):
            assert offered in kernel.complete(line), line


class TestPython:
    def test_tools_are_functions(self, kernel: Kernel) -> None:
        kernel.run("from vibe_jupyter import connect\nvibe = connect()\nfaulty = vibe.mcp['faulty']")
        assert kernel.value("faulty.add(a=1, b=2).data") == {"total": 3}
        assert kernel.value("faulty['ok'](s='x').text") == "x"
        signature = kernel.value("str(__import__('inspect').signature(faulty.add))")
        assert signature.startswith("(*, a: int, b: int) -> ")
        assert "add" in kernel.value("dir(faulty)")
        assert kernel.value("faulty.read('demo://one').content[0].text") == "content of demo://one"
        assert (
            kernel.value("faulty.prompt('greet', who='Eve').messages[0].content.text") == "Say hello to Eve."
        )
        assert "tool says no" in kernel.run("faulty.err()").error
        assert "total  3" in kernel.run("faulty.add(a=1, b=2)").text
        assert "--a N --b N" in kernel.run("faulty.add").text

    def test_async_code_awaits_them(self, kernel: Kernel) -> None:
        kernel.run("from vibe_jupyter import connect\nvibe = connect()")
        ran = kernel.run("(await vibe.aio.mcp['faulty'].add(a=2, b=2)).data")
        assert ran.text == "{'total': 4}"
        assert "mcp.unknown_tool" in kernel.run("await vibe.aio.mcp['faulty'].ad(a=2)").error


class TestQuestions:
    def test_what_a_tool_asks_is_asked_under_the_cell(self, kernel: Kernel) -> None:
        ran = kernel.run("%vibe mcp call faulty.ask", "A", "Ada")
        assert '"name": "Ada"' in ran.text
        assert ran.prompts == ["name: ", "name: "]
        assert "Who are you?" in ran.text
        assert "2 characters" in ran.text

    def test_an_empty_answer_declines(self, kernel: Kernel) -> None:
        assert '"action": "decline"' in kernel.run("%vibe mcp call faulty.ask", "").text

    def test_python_asks_as_well(self, kernel: Kernel) -> None:
        kernel.run("from vibe_jupyter import connect\nvibe = connect()")
        assert '"name": "Eve"' in kernel.run("print(vibe.mcp['faulty'].ask().text)", "Eve").text

    def test_where_nobody_is_there_it_is_declined_at_once(self, kernel: Kernel) -> None:
        ran = kernel.run("%vibe mcp call faulty.ask", allow_stdin=False)
        assert '"action": "decline"' in ran.text
        assert "nobody can be asked here" in ran.text

    def test_a_tool_to_be_asked_about_is_called_after_yes_and_not_after_no(self, kernel: Kernel) -> None:
        kernel.run("%vibe mcp set faulty --tool ok=ask")
        try:
            ran = kernel.run("%vibe mcp call faulty.ok --s hello", "yes")
            assert "faulty.ok wants to be called" in ran.text
            assert ran.text.endswith("hello")
            assert "mcp.approval_rejected" in kernel.run("%vibe mcp call faulty.ok --s hello", "no").error
            ran = kernel.run("%vibe mcp call faulty.ok --s hello", "edit", "changed")
            assert ran.text.endswith("changed")
            error = kernel.run("%vibe mcp call faulty.ok --s hello", allow_stdin=False).error
            assert "decide before: %vibe mcp set faulty --tool ok=always" in error
        finally:
            kernel.run("%vibe mcp set faulty --tool ok=always")

    def test_a_question_that_is_answered_elsewhere_ends_the_prompt(self, kernel: Kernel) -> None:
        program = (
            "from vibe_jupyter import connect\n"
            "vibe = connect()\n"
            "(question,) = vibe.questions.list().questions\n"
            "vibe.questions.answer(question.id, content={'name': 'Elsewhere'})\n"
        )
        env = kernel.value("{k: v for k, v in __import__('os').environ.items()}")

        def answer_elsewhere() -> None:
            done = subprocess.run(
                [sys.executable, "-c", program], cwd=kernel.cwd, env=env, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr

        ran = kernel.run("%vibe mcp call faulty.ask", answer_elsewhere)
        assert not ran.error, ran.error
        assert '"name": "Elsewhere"' in ran.text
        assert "answered elsewhere" in ran.text

    def test_a_task_asks_where_it_is_waited_for(self, kernel: Kernel) -> None:
        ran = kernel.run("%vibe task --type mcp.faulty.ask", "Ada")
        assert not ran.error, ran.error
        assert '"name": "Ada"' in ran.text

    def test_an_interrupt_at_a_prompt_cancels_the_call(self, kernel: Kernel) -> None:
        ran = kernel.run("%vibe mcp call faulty.ask", kernel.interrupt)
        assert "mcp.cancelled" in ran.error
        assert soon(kernel, "__import__('vibe_jupyter').connect().questions.list().questions == []")


class TestWaiting:
    def test_a_line_says_that_it_goes_on_and_an_interrupt_cancels(self, kernel: Kernel) -> None:
        seen: list[str] = []

        def see(output: Any) -> None:
            text = output.get("data", {}).get("text/plain", "")
            if "interrupt cancels" in text and not seen:
                seen.append(text)
                kernel.interrupt()

        ran = kernel.run("%vibe mcp call faulty.hang", on_output=see)
        assert seen[0].startswith("▸ faulty.hang · ")
        assert "Failed [mcp.cancelled] interrupted: the call of faulty.hang was cancelled" in ran.error
        healths = "__import__('vibe_jupyter').connect().mcps.health()"
        ended = f"[one.in_flight for one in {healths} if one.id == 'faulty'] == [0]"
        assert soon(kernel, ended), "the server side has ended, too"

    def test_a_time_limit_is_kept(self, kernel: Kernel) -> None:
        assert "mcp.timeout" in kernel.run("%vibe mcp call faulty.hang --timeout-s 0.2").error


class TestImport:
    @pytest.fixture
    def config(self, kernel: Kernel) -> Iterator[Path]:
        path = kernel.cwd / "servers.json"
        servers = {
            "imported": {"command": FAULTY[0], "args": FAULTY[1:]},
            "broken": {"command": "${NOT_SET}"},
        }
        path.write_text(json.dumps({"mcpServers": servers}))
        yield path
        path.unlink()

    def test_a_dry_run_shows_what_would_run_and_changes_nothing(self, kernel: Kernel, config: Path) -> None:
        ran = kernel.run(f"%vibe mcp import {config.name} --dry-run")
        assert FAULTY[-1] in "".join(ran.text.split())
        assert "imported" not in kernel.value("list(__import__('vibe_jupyter').connect().mcp)")

    def test_a_file_is_imported_by_its_path(self, kernel: Kernel, config: Path) -> None:
        try:
            ran = kernel.run(f"%vibe mcp import {config.name} --only imported")
            assert "1 server added" in ran.text
            assert "total  3" in kernel.run("%vibe mcp call imported.add --a 1 --b 2").text
        finally:
            kernel.run("%vibe mcp remove imported")


def test_files_that_are_found_are_offered_and_one_is_chosen(tmp_path: Path) -> None:
    servers = {"chosen": {"command": FAULTY[0], "args": FAULTY[1:]}}
    (tmp_path / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    env = {"VIBE_DATA_DIR": str(tmp_path / "data"), "IPYTHONDIR": str(tmp_path / "ip"), "HOME": str(tmp_path)}
    with Kernel(tmp_path, **env) as kernel:
        kernel.run("%load_ext vibe_jupyter")
        assert ".mcp.json" in kernel.run("%vibe").text
        ran = kernel.run("%vibe mcp import", allow_stdin=False)
        assert "1 server would be added" in ran.text
        assert "nothing was imported yet" in ran.text
        ran = kernel.run("%vibe mcp import", "nonsense", "none")
        assert ran.prompts == ["Import all of which file? 1 / none [none]: "] * 2
        assert kernel.value("list(__import__('vibe_jupyter').connect().mcp)") == []
        assert "1 server added" in kernel.run("%vibe mcp import", "1").text
        assert kernel.value("list(__import__('vibe_jupyter').connect().mcp)") == ["chosen"]


@pytest.mark.measured
def test_a_terminal_has_the_same_verbs(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "jupyter-vibe"), *words],
            cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    added = run("mcp", "add", "faulty", "--", *FAULTY)
    assert (added.returncode, COMMAND in added.stdout) == (0, True), added.stderr
    called = run("mcp", "call", "faulty.add", "--a", "1", "--b", "2", "--json")
    assert json.loads(called.stdout)["structured_content"] == {"total": 3}
    asked = run("mcp", "call", "faulty.ask")
    assert '"action": "decline"' in asked.stdout
    assert "Who are you?" in asked.stderr
    assert "nobody can be asked here" in asked.stderr
    failed = run("mcp", "call", "faulty.crash")
    assert failed.returncode == 1
    assert "stderr: Traceback: something broke" in failed.stderr
    assert "--a N --b N" in run("mcp", "call", "faulty.add?").stdout
    assert json.loads(run("mcp", "list", "--json").stdout)["servers"][0]["id"] == "faulty"
    assert json.loads(run("mcp", "remove", "faulty", "--json").stdout)["server"]["id"] == "faulty"


def test_the_lines_of_the_readme_about_servers_work_as_pasted(tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    snippet = re.search(r"```python\n(# MCP servers.*?)```", text, re.DOTALL)
    assert snippet is not None
    shutil.copytree(REPOSITORY / "notebooks", tmp_path / "notebooks")
    env = {"VIBE_DATA_DIR": str(tmp_path / "data"), "IPYTHONDIR": str(tmp_path / "ip"), "PATH": os.defpath}
    with Kernel(tmp_path / "notebooks", **env) as kernel:
        kernel.run("%load_ext vibe_jupyter")
        lines = [line for line in snippet[1].splitlines() if line.startswith("%")]
        assert len(lines) == 3
        for line in lines:
            ran = kernel.run(line)
            assert not ran.error, ran.error
        assert re.search(r"ES +4110", ran.text)
