"""`%vibe` in a real shell, with the platform in this process."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from vibe_jupyter.client.in_process import stop_shared_platform
from vibe_jupyter.core.errors import VibeError

if TYPE_CHECKING:
    from collections.abc import Iterator


README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src/auth.py").write_text("def login(user):\n    return user\n")
    (project / "orders.csv").write_text("a,b\n1,x\n2,y\n")
    monkeypatch.chdir(project)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "vibe_jupyter")
    yield shell
    stop_shared_platform()
    InteractiveShell.clear_instance()


def run(shell: InteractiveShell, source: str) -> Any:
    """Run a cell and return its value; what fails the cell is raised."""
    outcome = shell.run_cell(source, store_history=True)
    outcome.raise_error()
    return outcome.result


def failure(shell: InteractiveShell, source: str) -> VibeError:
    outcome = shell.run_cell(source)
    assert isinstance(outcome.error_in_exec, VibeError), outcome
    return outcome.error_in_exec


class TestTasks:
    def test_a_result_is_an_object(self, shell: InteractiveShell) -> None:
        found = run(shell, '%vibe task "login" --type file_search')
        assert found.matches[0].path == "src/auth.py"
        assert found.task.target.id == "file_search"
        assert run(shell, "_.matches[0].line") == 1
        assert found.to_pandas()["path"].iloc[0] == "src/auth.py"

    def test_free_text_without_quotes(self, shell: InteractiveShell) -> None:
        assert run(shell, "%vibe task where is the login handled").task.capability == "file.search"

    def test_fields_of_the_input_are_flags(self, shell: InteractiveShell) -> None:
        found = run(shell, "%vibe task login --type file_search --path src --limit=1 --mode literal")
        assert found.task.input == {"query": "login", "path": "src", "limit": 1, "mode": "literal"}
        assert [match.path for match in found.matches] == ["auth.py"]

    def test_the_cell_is_the_input_as_yaml_json_or_text(self, shell: InteractiveShell) -> None:
        for body in ("query: login\npath: src", '{"query": "login", "path": "src"}'):
            assert run(shell, f"%%vibe task --type file_search\n{body}").task.input == {
                "query": "login",
                "path": "src",
            }
        assert run(shell, "%%vibe task --type file_search\nlogin").task.input == {"query": "login"}
        assert run(shell, "%%vibe task\nwhere is the login handled?").task.type == "ask"

    def test_braces_and_dollars_stay_as_typed(self, shell: InteractiveShell) -> None:
        run(shell, "login = 'changed'")
        assert (
            run(shell, '%vibe task "{login} $login" --type file_search').task.input["query"]
            == "{login} $login"
        )

    def test_a_frame_and_a_dictionary_are_inputs(self, shell: InteractiveShell) -> None:
        shell.user_ns["df"] = pd.DataFrame({"n": [1, 2, None], "s": ["a", "b", "c"]})
        profile = run(shell, "%vibe task --input df")
        assert (profile.task.type, profile.rows) == ("data_profile", 3)
        assert [column.name for column in profile.columns] == ["n", "s"]
        assert (profile.name, repr(profile).count("parquet")) == ("df", 0)
        shell.user_ns["wanted"] = {"query": "login"}
        assert run(shell, "%vibe task --type file_search --input wanted").matches

    def test_a_result_can_go_into_a_variable(self, shell: InteractiveShell) -> None:
        assert run(shell, "%vibe task login --type file_search -o found") is None
        assert shell.user_ns["found"].state == "succeeded"
        assert run(shell, "x = %vibe task login --type file_search\nx.state") == "succeeded"

    def test_a_task_in_hand_stands_for_its_id(self, shell: InteractiveShell) -> None:
        done = run(shell, "r = %vibe task login --type file_search\nr")
        assert run(shell, "%vibe task show r").id == done.id
        assert run(shell, f"%vibe task show {done.id[-8:]}").id == done.id
        assert run(shell, "%vibe task explain r").chosen == "file_search"
        again = run(shell, "%vibe task retry r")
        assert (again.task.retry_of, again.state) == (done.id, "succeeded")
        assert run(shell, "%vibe task list --limit 5").total == 2

    @pytest.mark.parametrize("together", [True, False], ids=["one cell", "a cell for each line"])
    def test_the_first_lines_of_the_readme_work_as_pasted(
        self, shell: InteractiveShell, together: bool
    ) -> None:
        snippet = re.search(r"```python\n(%vibe.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
        assert snippet is not None
        for source in [snippet[1]] if together else snippet[1].splitlines():
            run(shell, source)
        assert shell.user_ns["_"].rows == 2

    def test_no_wait_returns_at_once(self, shell: InteractiveShell) -> None:
        handle = run(shell, "%vibe task --type project_stats --no-wait")
        assert handle.wait().state == "succeeded"


class TestFailures:
    def test_a_failed_task_fails_the_cell(self, shell: InteractiveShell) -> None:
        error = failure(shell, "%vibe task missing.csv --type data_profile")
        assert error.code == "path.not_found"
        assert error._render_traceback_()[0].startswith("Failed [path.not_found]")
        assert "Traceback" not in "".join(error._render_traceback_())

    @pytest.mark.parametrize(
        ("line", "code", "hint"),
        [
            ("%vibe tsk list", "command.unknown_verb", "%vibe task list"),
            ("%vibe task list --limt 3", "command.invalid", "--limit"),
            ("%vibe task list --state happy", "command.invalid", "--state"),
            ("%vibe task list --limit many", "request.invalid", None),
            ("%vibe task", "task.no_text", "--type"),
            ("%vibe task --type file_serch x", "route.unknown_type", "file_search"),
            ("%vibe task x --type file_search --pth src", "task.invalid_input", "path"),
            ("%vibe task don't", "command.unbalanced_quotes", "double quotes"),
            ("%vibe task --input nothing", "command.no_variable", None),
            ("%vibe task show 0000-not-there", "task.not_found", "task list"),
            ("%vibe task show", "command.invalid", "task_id"),
            ("%%vibe oracles\nsome text", "command.no_cell", "%vibe oracles"),
            ("%%vibe\nsome text", "command.no_verb", "%%vibe task"),
            ("%vibe oracles -o not-a-name", "command.invalid", "-o"),
        ],
    )
    def test_every_mistake_says_what_to_do(
        self, shell: InteractiveShell, line: str, code: str, hint: str | None
    ) -> None:
        error = failure(shell, line)
        assert error.code == code
        if hint is not None:
            assert hint in f"{error.message} {error.hint}"

    @pytest.mark.parametrize(
        ("value", "said"), [("(1, 2)", "an object of type tuple"), ("None", "None"), ("'abc'", "type str")]
    )
    def test_a_variable_without_a_task_is_told_from_an_unknown_id(
        self, shell: InteractiveShell, value: str, said: str
    ) -> None:
        run(shell, f"mine = {value}\nmine")
        for name in ("mine", "_") if value != "None" else ("mine",):
            error = failure(shell, f"%vibe task explain {name}")
            assert error.message.startswith(f"the variable {name} holds no task but ")
            assert said in error.message
            assert "-o" in error.hint
        assert failure(shell, "%vibe task explain other").message == "there is no task other"

    def test_a_path_outside_is_refused(self, shell: InteractiveShell) -> None:
        assert failure(shell, "%vibe task /etc/passwd --type data_profile").code == "path.outside_root"


class TestSurface:
    def test_the_card_shows_where_it_runs_and_what_is_next(self, shell: InteractiveShell) -> None:
        run(shell, "%vibe task login --type file_search")
        data, _ = shell.display_formatter.format(run(shell, "%vibe"))
        assert {"text/plain", "text/html"} <= set(data)
        for text in (data["text/plain"], data["text/html"]):
            assert "in this process" in text
            assert "8 oracles" in text
            assert "file.search" in text

    @pytest.mark.parametrize(
        "line",
        ["%vibe oracles", "%vibe task list", "%vibe profile", "%vibe health", "%vibe doctor", "%vibe config"],
    )
    def test_each_answer_has_text_and_html(self, shell: InteractiveShell, line: str) -> None:
        data, _ = shell.display_formatter.format(run(shell, line))
        assert {"text/plain", "text/html"} <= set(data)
        json.dumps(data)

    def test_help(self, shell: InteractiveShell) -> None:
        everything = repr(run(shell, "%vibe help"))
        for verb in ("task list", "task explain", "oracles", "connect", "doctor", "config"):
            assert f"%vibe {verb}" in everything
        assert "--cursor" in repr(run(shell, "%vibe help task list"))
        assert "--cursor" in repr(run(shell, "%vibe task list --help"))
        assert "%vibe task" in shell.find_line_magic("vibe").__doc__

    def test_connect_names_the_platform(self, shell: InteractiveShell) -> None:
        assert run(shell, "%vibe connect in-process").where == "in this process"
        assert failure(shell, "%vibe connect http://127.0.0.1:9/").code == "server.unreachable"

    def test_it_can_be_taken_away_again(self, shell: InteractiveShell) -> None:
        before = len(shell.Completer.custom_matchers)
        shell.run_line_magic("unload_ext", "vibe_jupyter")
        assert shell.find_line_magic("vibe") is None
        assert len(shell.Completer.custom_matchers) == before - 1


class TestCompletion:
    def complete(self, shell: InteractiveShell, text: str) -> list[str]:
        with provisionalcompleter():
            found = shell.Completer.completions(text, len(text))
            return sorted({text[: each.start] + each.text for each in found})

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("%vibe ora", ["%vibe oracles"]),
            ("x = %vibe ora", ["x = %vibe oracles"]),
            ("%%vibe tas", ["%%vibe task"]),
            ("%vibe task ex", ["%vibe task explain"]),
            ("%vibe task list --li", ["%vibe task list --limit"]),
            ("%vibe task list --state que", ["%vibe task list --state queued"]),
        ],
    )
    def test_exactly_ours(self, shell: InteractiveShell, typed: str, expected: list[str]) -> None:
        assert self.complete(shell, typed) == expected

    def test_types_and_ids_once_the_platform_was_asked(self, shell: InteractiveShell) -> None:
        done = run(shell, "%vibe task login --type file_search")
        assert self.complete(shell, "%vibe task x --type file") == ["%vibe task x --type file_search"]
        assert f"%vibe task show {done.id}" in self.complete(shell, "%vibe task show ")

    def test_ids_come_first_and_the_newest_of_them_first(self, shell: InteractiveShell) -> None:
        ids = [run(shell, "%vibe task login --type file_search").id for _ in range(3)]
        typed = "%vibe task show "
        with provisionalcompleter():
            offered = [each.text for each in shell.Completer.completions(typed, len(typed))]
        assert offered == [*reversed(ids), "--out", "-o"]

    def test_the_fields_of_a_named_type_are_options(self, shell: InteractiveShell) -> None:
        run(shell, "%vibe task login --type file_search")
        for start in ("--type file_search", "--type=file.search login"):
            typed = f"%vibe task {start} --pa"
            assert self.complete(shell, typed) == [f"{typed}th"]
        assert self.complete(shell, "%vibe task --type file_search --case") == [
            "%vibe task --type file_search --case-sensitive"
        ]
        assert self.complete(shell, "%vibe task login --case") == []

    def test_other_lines_are_left_alone(self, shell: InteractiveShell) -> None:
        shell.user_ns["vibrant"] = 1
        assert "vibrant" in self.complete(shell, "vibr")


def test_verbs_are_completed_on_a_later_line_too(shell: InteractiveShell) -> None:
    text = "value = 1\n%vibe ora"
    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    assert f"{text}cles" in {text[: one.start] + one.text for one in found}


def test_terms_are_completed_in_the_cell_of_a_query(shell: InteractiveShell) -> None:
    text = "%%vibe kg query\nSELECT ?f { ?f a code:Func"
    with provisionalcompleter():
        found = list(shell.Completer.completions(text, len(text)))
    whole = {text[: one.start] + one.text for one in found}
    assert f"{text}tion" in whole
