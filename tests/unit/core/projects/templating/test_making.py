from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from vibe_jupyter.core.errors import Conflict, Forbidden, InvalidInput, VibeError
from vibe_jupyter.core.projects.templating import checking, making
from vibe_jupyter.core.projects.templating.catalog import TemplateSource, template_source
from vibe_jupyter.core.projects.templating.making import Made, discard, make, make_in_process, staging_folder
from vibe_jupyter.core.workers.pool import WorkerPool

pytestmark = pytest.mark.filterwarnings("ignore:unclosed scandir iterator:ResourceWarning")
"""copier 9.19 leaves one open when a template fails (`copier._tools.scantree`)."""

Write = Callable[..., TemplateSource]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a template: its `copier.yml`, and its files by path."""

    def write(config: dict[str, Any] | str, files: dict[str, str] | None = None) -> TemplateSource:
        folder = tmp_path / "template"
        folder.mkdir(exist_ok=True)
        text = config if isinstance(config, str) else yaml.safe_dump(config)
        (folder / "copier.yml").write_text(text)
        for name, content in ({"hello.txt": "hello\n"} if files is None else files).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        return TemplateSource("folder", "./template", str(folder))

    return write


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    (tmp_path / "projects").mkdir()
    return tmp_path / "projects" / "tides"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(
    source: TemplateSource, destination: Path, answers: dict[str, Any] | None = None, **how: Any
) -> VibeError:
    """Return why no project was made, after a look that nothing was left."""
    before = names_in(destination.parent)
    with pytest.raises(VibeError) as caught:
        make(source, destination, answers or {}, **how)
    assert names_in(destination.parent) == before
    return caught.value


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_project_is_made(write: Write, destination: Path):
    source = write(
        {"project_name": {"type": "str", "default": "X"}, "count": 2},
        {"{{ project_name }}.txt.jinja": "{{ count + 1 }}\n", "sub/plain.txt": "{{ as it is }}\n"},
    )
    made = make(source, destination, {"project_name": "Tides"})
    assert tree(destination) == {"Tides.txt": b"3\n", "sub/plain.txt": b"{{ as it is }}\n"}
    assert made == Made(
        files=("Tides.txt", "sub/plain.txt"),
        size_bytes=17,
        template="./template",
        version=None,
        commit=None,
        answers={"project_name": "Tides", "count": 2},
    )
    assert names_in(destination.parent) == ["tides"]


def test_an_empty_folder_is_filled(write: Write, destination: Path):
    destination.mkdir()
    assert make(write({}), destination, {}).files == ("hello.txt",)


def test_the_template_knows_its_folder(write: Write, destination: Path):
    make(write({}, {"name.jinja": "{{ _folder_name }}"}), destination, {})
    assert tree(destination) == {"name": b"tides"}


def test_a_folder_with_something_in_it_is_not_touched(write: Write, destination: Path):
    destination.mkdir()
    (destination / "mine.txt").write_text("mine")
    error = refused(write({}), destination)
    assert isinstance(error, Conflict)
    assert error.code == "project.folder_not_empty"
    assert tree(destination) == {"mine.txt": b"mine"}


def test_a_file_and_a_link_are_no_folder_for_a_project(write: Write, destination: Path, tmp_path: Path):
    source = write({})
    destination.write_text("mine")
    assert refused(source, destination).code == "project.folder_not_empty"
    destination.unlink()
    (tmp_path / "elsewhere").mkdir()
    destination.symlink_to(tmp_path / "elsewhere")
    assert refused(source, destination).code == "project.folder_not_empty"


def test_somebody_who_writes_into_the_folder_meanwhile_keeps_it(write: Write, destination: Path):
    def report(fraction: float | None, message: str = "", **_: Any) -> None:
        if message == "checking them":
            destination.mkdir()
            (destination / "mine.txt").write_text("mine")

    with pytest.raises(Conflict, match="folder_not_empty"):
        make(write({}), destination, {}, report=report)
    assert tree(destination.parent) == {"tides/mine.txt": b"mine"}


def test_the_folder_above_must_be_there(write: Write, tmp_path: Path):
    with pytest.raises(InvalidInput) as caught:
        make(write({}), tmp_path / "nowhere" / "tides", {})
    assert caught.value.code == "project.folder_invalid"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("where", ["relative", "/"])
def test_a_destination_is_an_absolute_folder(write: Write, where: str):
    with pytest.raises(InvalidInput, match="folder_invalid"):
        make(write({}), Path(where), {})


def test_steps_are_reported(write: Write, destination: Path):
    told: list[tuple[float, str]] = []
    make(write({}), destination, {}, report=lambda fraction, message: told.append((fraction, message)))
    assert [message for _, message in told] == ["reading the template", "making the files", "checking them"]
    assert sorted(told) == told


# What a template asks.


def test_suggestions_replace_defaults_but_not_answers(write: Write, destination: Path):
    source = write({"project_name": "X", "author": "Y", "other": "Z"})
    suggested = {"project_name": "Tides", "author": "Ada", "description": "passed over"}
    made = make(source, destination, {"author": "Grace"}, suggested=suggested)
    assert made.answers == {"project_name": "Tides", "author": "Grace", "other": "Z"}


def test_an_answer_that_nobody_asked_for_is_refused(write: Write, destination: Path):
    error = refused(write({"license": "MIT"}), destination, {"licence": "MIT"})
    assert error.code == "template.unknown_question"


def test_an_answer_that_the_template_finds_wrong_is_refused(write: Write, destination: Path):
    source = write({"n": {"type": "int", "default": 1, "validator": "{% if n > 5 %}too many{% endif %}"}})
    error = refused(source, destination, {"n": 9})
    assert error.code == "template.answer_invalid"
    assert error.errors == [{"loc": ["answers", "n"], "msg": "too many"}]


def test_an_answer_without_a_default_is_asked_for(write: Write, destination: Path):
    error = refused(write({"n": {"type": "int"}}), destination)
    assert error.code == "template.answer_invalid"
    assert error.errors == [{"loc": ["answers", "n"], "msg": "it has no default"}]


def test_choices_that_the_template_computes_are_checked(write: Write, destination: Path):
    source = write({"n": {"type": "str", "default": "a", "choices": "{{ ['a', 'b'] | to_yaml }}"}})
    error = refused(source, destination, {"n": "c"})
    assert error.code == "template.answer_invalid"
    assert "['a', 'b']" in error.message


def test_secret_answers_are_used_and_kept_nowhere(write: Write, destination: Path):
    source = write(
        {
            "token": {"type": "str", "default": "none", "secret": True},
            "pin": "0",
            "_secret_questions": ["pin"],
        },
        {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"},
    )
    made = make(source, destination, {"token": "s3cret", "pin": "1234"})
    assert made.answers == {}
    assert all(b"s3cret" not in text and b"1234" not in text for text in tree(destination).values())


def test_the_answers_file_names_the_template_as_the_person_did(write: Write, destination: Path):
    answers_file = {"{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}"}
    make(write({"n": 1}, answers_file), destination, {})
    assert yaml.safe_load((destination / ".copier-answers.yml").read_text()) == {
        "_src_path": "./template",
        "n": 1,
    }


def test_the_settings_of_this_machines_user_change_nothing(
    write: Write, destination: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    source = write({"author": "X", "_tasks": ["touch ran"]})
    settings = {"defaults": {"author": "somebody"}, "trust": [source.text, source.location]}
    (tmp_path / "settings.yml").write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(tmp_path / "settings.yml"))
    assert refused(source, destination).code == "template.untrusted"
    assert make(source, destination, {}, trusted=True).answers == {"author": "X"}


# Templates that fail half-way.


@pytest.mark.parametrize(
    "content",
    [
        "{{ 1 / 0 }}",
        "{{ nothing.at.all }}",
        "{% if %}",
        "{{ x() }}",
        "{% for i in range(10**9) %}{% endfor %}",
    ],
)
def test_a_template_that_fails_half_way_leaves_nothing(write: Write, destination: Path, content: str):
    error = refused(write({}, {"a.txt": "first\n", "z.txt.jinja": content}), destination)
    assert error.code == "template.broken"


def test_a_fault_is_found_by_file_and_line(write: Write, destination: Path):
    error = refused(write({}, {"z.txt.jinja": "fine\n{% if %}\n"}), destination)
    assert "(z.txt.jinja, line 2)" in error.message


@pytest.mark.parametrize(
    "config", ["a: [", "- a\n- b\n", "a: {type: strange, default: 1}", "_subdirectory: ../..", "_envops: 3"]
)
def test_a_broken_configuration_is_said_to_be_broken(write: Write, destination: Path, config: str):
    assert refused(write(config), destination).code in ("template.broken", "template.escapes")


def test_an_empty_template_makes_no_project(write: Write, destination: Path):
    assert refused(write({}, {}), destination).code == "template.empty"


def test_a_template_that_makes_too_much_is_refused(
    write: Write, destination: Path, monkeypatch: pytest.MonkeyPatch
):
    source = write({}, {f"{number}.txt": "x" * 100 for number in range(5)})
    monkeypatch.setattr(checking, "MAX_FILES", 4)
    assert refused(source, destination).code == "template.too_large"
    monkeypatch.setattr(checking, "MAX_FILES", 10)
    monkeypatch.setattr(checking, "MAX_BYTES", 499)
    assert refused(source, destination).code == "template.too_large"


# Templates that want more than to make files.


@pytest.mark.parametrize(
    ("config", "feature"),
    [
        ({"_tasks": ["touch ran"]}, "tasks"),
        ({"_migrations": [{"version": "1", "before": ["touch ran"]}]}, "migrations"),
        ({"_jinja_extensions": ["jinja2.ext.do"]}, "Jinja extensions"),
        ({"_external_data": {"other": "other.yml"}}, "external data"),
    ],
)
def test_what_runs_code_needs_trust(write: Write, destination: Path, config: dict[str, Any], feature: str):
    error = refused(write(config), destination)
    assert isinstance(error, Forbidden)
    assert error.code == "template.untrusted"
    assert error.data == {"features": [feature]}
    assert "--trust-template" in (error.hint or "")
    assert make(write(config), destination, {}, trusted=True).files[0] == "hello.txt"


def test_an_extension_of_the_template_is_not_even_imported(write: Write, destination: Path):
    error = refused(write({"_jinja_extensions": ["no_such_module.Extension"]}), destination)
    assert error.code == "template.untrusted"


def test_a_task_runs_in_the_project_when_it_is_trusted(write: Write, destination: Path):
    made = make(write({"n": 3, "_tasks": ["echo {{ n }} > ran"]}), destination, {}, trusted=True)
    assert made.files == ("hello.txt", "ran")
    assert (destination / "ran").read_text() == "3\n"


def test_a_task_that_fails_leaves_nothing(write: Write, destination: Path):
    error = refused(write({"_tasks": ["touch ran", "exit 3"]}), destination, trusted=True)
    assert error.code == "template.task_failed"
    assert "exit code 3: exit 3" in error.message


@pytest.mark.parametrize("name", ["expanduser", "expandvars", "fileglob", "realpath"])
def test_a_template_does_not_look_around(write: Write, destination: Path, name: str):
    source = write({}, {"a.txt.jinja": "{{ '/etc/*' | " + name + " }}"})
    error = refused(source, destination)
    assert error.code == "template.untrusted"
    assert error.data == {"features": [f"the filter {name}"]}
    assert make(source, destination, {}, trusted=True).files == ("a.txt",)


@pytest.mark.parametrize(
    "content",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__.os.environ }}",
        "{{ (_copier_conf.src_path / 'x').read_text() }}",
    ],
)
def test_jinjas_sandbox_holds(write: Write, destination: Path, content: str):
    assert refused(write({}, {"a.txt.jinja": content}), destination).code == "template.broken"


# Nothing gets out of the project, and nothing into it.


def test_a_template_reads_only_its_own_files(write: Write, destination: Path, tmp_path: Path):
    (tmp_path / "secret.txt").write_text("s3cret")
    assert (
        refused(write({}, {"a.jinja": "{% include '../secret.txt' %}"}), destination).code
        == "template.broken"
    )
    source = write({}, {"a.jinja": "{% include 'link' %}"})
    (Path(source.location) / "link").symlink_to(tmp_path / "secret.txt")
    assert refused(source, destination).code == "template.escapes"


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out"])
def test_no_file_is_written_outside(write: Write, destination: Path, name: str, tmp_path: Path):
    source = write({"name": name}, {"{{ name }}.jinja": "out"})
    assert refused(source, destination).code in ("template.escapes", "template.broken")
    assert not list(tmp_path.rglob("out"))
    assert not Path("/tmp/out").exists()


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "sub/../../up", ".."])
def test_no_link_leads_out(write: Write, destination: Path, target: str):
    source = write({"_preserve_symlinks": True}, {"sub/file.txt": "x"})
    (Path(source.location) / "link").symlink_to(target)
    assert refused(source, destination).code == "template.escapes"


def test_nothing_is_written_through_a_link(write: Write, destination: Path, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    source = write({"_preserve_symlinks": True, "d": "link"}, {"{{ d }}/out.txt": "x"})
    (Path(source.location) / "link").symlink_to(tmp_path / "outside")
    assert refused(source, destination).code in ("template.escapes", "template.broken")
    assert names_in(tmp_path / "outside") == []


def test_a_link_that_stays_inside_is_kept(write: Write, destination: Path):
    source = write({"_preserve_symlinks": True}, {"sub/file.txt": "x"})
    (Path(source.location) / "sub" / "link").symlink_to("../sub/file.txt")
    assert make(source, destination, {}).files == ("sub/file.txt", "sub/link")
    assert (destination / "sub" / "link").readlink() == Path("../sub/file.txt")


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", ".git ", ".gi\u200ct"])
def test_no_git_folder_is_written(write: Write, destination: Path, name: str):
    source = write({"name": name}, {"hello.txt": "hello", "{{ name }}/hooks/pre-commit": "touch ran"})
    if name == ".git":  # left out, as copier does by default
        assert make(source, destination, {}).files == ("hello.txt",)
    else:
        assert refused(source, destination).code == "template.unsafe_file"


def test_a_trusted_task_may_start_a_repository(write: Write, destination: Path):
    made = make(write({"_tasks": ["git init -q"]}), destination, {}, trusted=True)
    assert ".git/HEAD" in made.files


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
def test_a_pipe_is_no_file_of_a_project(write: Write, destination: Path):
    error = refused(write({"_tasks": ["mkfifo pipe"]}), destination, trusted=True)
    assert error.code == "template.unsafe_file"


def test_read_only_files_of_a_failed_template_are_removed_as_well(write: Write, destination: Path):
    tasks = ["mkdir locked", "touch locked/file", "chmod 500 locked", "exit 1"]
    assert refused(write({"_tasks": tasks}), destination, trusted=True).code == "template.task_failed"


# In a worker process.


def test_a_project_is_made_in_a_worker(write: Write, destination: Path):
    source = write({"project_name": "X"})

    async def run() -> Made:
        pool = WorkerPool(1)
        try:
            return await make_in_process(
                pool.run, source, destination, {}, suggested={"project_name": "Tides"}
            )
        finally:
            await pool.close()

    made = asyncio.run(run())
    assert made.answers == {"project_name": "Tides"}
    assert tree(destination) == {"hello.txt": b"hello\n"}


def test_an_error_comes_back_from_the_worker_as_it_was(write: Write, destination: Path):
    async def run() -> None:
        pool = WorkerPool(1)
        try:
            await make_in_process(pool.run, write({"_tasks": ["x"]}), destination, {})
        finally:
            await pool.close()

    with pytest.raises(Forbidden) as caught:
        asyncio.run(run())
    assert caught.value.data == {"features": ["tasks"]}
    assert names_in(destination.parent) == []


def test_a_cancelled_template_leaves_nothing(write: Write, destination: Path, tmp_path: Path):
    """It is killed in the midst of a task that would never end."""
    started = tmp_path / "started"
    os.mkfifo(started)
    source = write({"_tasks": [f"echo > '{started}'; sleep 1000"]})

    async def run() -> None:
        pool = WorkerPool(1)
        making_it = asyncio.create_task(make_in_process(pool.run, source, destination, {}, trusted=True))
        try:
            await asyncio.to_thread(started.read_text)  # returns when the task writes
            assert len(names_in(destination.parent)) == 1
            making_it.cancel()
            with pytest.raises(asyncio.CancelledError):
                await making_it
        finally:
            await pool.close()

    asyncio.run(run())
    assert names_in(destination.parent) == []


def test_what_is_still_being_written_is_discarded_all_the_same(
    destination: Path, monkeypatch: pytest.MonkeyPatch
):
    staging = staging_folder(destination)
    (staging / "made").mkdir(parents=True)
    remove, attempts = making._remove, []

    def written_into_meanwhile(folder: Path) -> None:
        attempts.append(folder)
        if len(attempts) == 1:
            raise OSError("Directory not empty")
        remove(folder)

    monkeypatch.setattr(making, "_remove", written_into_meanwhile)
    asyncio.run(discard(staging))
    assert len(attempts) == 2
    assert names_in(destination.parent) == []


def test_to_discard_nothing_is_no_error(destination: Path):
    asyncio.run(discard(staging_folder(destination)))


def test_copier_is_imported_by_nobody_who_only_asks_what_there_is():
    import subprocess

    program = (
        "import sys; from vibe_jupyter.core.projects.templating import catalog, making, naming; "
        "catalog.built_in(); print('copier' in sys.modules, 'jinja2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "name", ["Tides", "a \"b\" 'c' \\ {{ d }} {% e %}", "--- # <script>&amp; 🌊", "x" * 100]
)
def test_built_in_templates_take_any_name(name: str, destination: Path):
    for template in ("python-package", "data-analysis", "gradio-space", "mcp-server", "notebook-report"):
        source = template_source(template, allow_private=False)
        make(source, destination.with_name(template), {"project_name": name, "description": name})


def test_a_name_of_several_lines_is_refused(destination: Path):
    source = template_source("python-package", allow_private=False)
    error = refused(source, destination, {"project_name": "a\nb"})
    assert error.errors == [
        {"loc": ["answers", "project_name"], "msg": "a name is one line of 1 to 100 characters"}
    ]
    assert refused(source, destination, {"project_name": " "}).code == "project.name_unusable"
    assert refused(source, destination, {"license": "GPL"}).code == "template.answer_invalid"
