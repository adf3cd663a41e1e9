"""What each template makes works at once, by the words of its own README."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from vibe_jupyter.core.projects.templating.catalog import FOLDER, built_in, template_source
from vibe_jupyter.core.projects.templating.making import make

NAMES = [template.name for template in built_in()]
WITH_NOTEBOOKS = ["data-analysis", "notebook-report"]
ODD = "Ünï \"q\" 's' \\ {{ x }} {% y %} <b>&amp; # 🌊"
IN_THE_ENVIRONMENT = ("python -m venv ", ". .venv/bin/activate", "pip install ")
"""What our own environment stands for here; the lines behind them need what they install."""
NEVER_ENDS = ("jupyter lab ", "python app.py")


def made(template: str, folder: Path, **answers: Any) -> Path:
    make(template_source(template, allow_private=False), folder, {"project_name": "Tide tables", **answers})
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in a project, with the programs of our environment."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def lines_of(readme: Path, language: str) -> list[str]:
    blocks = re.findall(
        rf"^```{language}\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module", params=NAMES)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of each template, with a plain name, which no test changes."""
    return made(request.param, tmp_path_factory.mktemp("plain") / request.param)


@pytest.mark.slow
@pytest.mark.parametrize("template", NAMES)
def test_the_commands_of_the_readme_work_word_for_word(template: str, tmp_path: Path):
    folder = made(template, tmp_path / "project")
    commands = lines_of(folder / "README.md", "bash")
    assert {"pytest", "ruff check", "ruff format --check"} <= set(commands)
    for command in commands:
        if not command.startswith((*IN_THE_ENVIRONMENT, *NEVER_ENDS)):
            done = run(command, folder)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("template", WITH_NOTEBOOKS)
def test_the_notebook_shows_a_table_and_a_picture(template: str, tmp_path: Path):
    folder = made(template, tmp_path / "project", project_name=ODD, description=ODD)
    (notebook,) = folder.glob("*.ipynb")
    done = run(f"papermill {notebook.name} ran.ipynb", folder)
    assert done.returncode == 0, done.stderr
    ran = nbformat.read(folder / "ran.ipynb", as_version=4)
    shown = [
        kind
        for cell in ran.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        for kind, value in output.get("data", {}).items()
        if kind != "text/html" or "<table" in value
    ]
    assert {"text/html", "image/svg+xml"} <= set(shown)
    assert ODD in ran.cells[0].source


@pytest.mark.slow
def test_a_report_about_nothing_fails(tmp_path: Path):
    folder = made("notebook-report", tmp_path / "project")
    done = run("papermill report.ipynb ran.ipynb -p region east", folder)
    assert done.returncode != 0
    assert "nothing was sold in east" in done.stderr


@pytest.mark.slow
def test_the_lines_for_a_notebook_register_the_mcp_server_and_call_it(tmp_path: Path):
    folder = made("mcp-server", tmp_path / "project")
    add, call = lines_of(folder / "README.md", "python")
    assert add == "%vibe mcp add tide-tables --env PYTHONPATH=src -- python -m tide_tables"
    done = run(add.replace("%vibe", "jupyter vibe"), folder)
    assert done.returncode == 0, done.stderr
    done = run(call.replace("%vibe", "jupyter vibe") + " --json", folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["structured_content"] == {"value": 42.1648128, "unit": "km"}


@pytest.mark.slow
@pytest.mark.parametrize("template", NAMES)
def test_odd_names_and_texts_change_nothing_of_that(template: str, tmp_path: Path):
    """They would break a quoted text, a table, a notebook's JSON, a line's length, or be taken for code."""
    author = {"author": ODD} if template in ("python-package", "notebook-report") else {}
    folder = made(
        template, tmp_path / "project", project_name=f"{ODD} and {'more ' * 9}", description=ODD, **author
    )
    for command in ("pytest -q", "ruff check", "ruff format --check"):
        done = run(command, folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert ODD in (folder / "README.md").read_text(encoding="utf-8")


def test_the_same_answers_make_the_same_bytes(project: Path, tmp_path: Path):
    again = made(project.name, tmp_path / project.name)
    assert files_of(again) == files_of(project)


def test_copier_alone_makes_the_same(project: Path, tmp_path: Path):
    import copier

    folder = tmp_path / project.name
    answers = {"project_name": "Tide tables"}
    copier.run_copy(str(FOLDER / project.name), folder, answers, defaults=True, quiet=True)
    assert files_of(folder) == files_of(project)


def test_no_trace_of_the_template_is_left(project: Path):
    assert not [name for name in files_of(project) if re.search(r"\.jinja|copier|[{}%]", name)]
    for name, content in files_of(project).items():
        text = content.decode("utf-8").replace("${{ matrix.python }}", "")
        assert not re.search(r"\{\{|\}\}|\{%|%\}|\{#", text), name


def test_every_file_ends_with_one_newline(project: Path):
    for name, content in files_of(project).items():
        assert content == b"" or re.search(rb"[^\n]\n\Z", content), name
        assert b"\r" not in content, name
        assert not re.search(rb"[ \t]\n|\n\n\n\n", content), name


def test_every_file_can_be_read_as_what_it_is(project: Path):
    kinds = {".py": ast.parse, ".toml": tomllib.loads, ".yml": yaml.safe_load, ".ipynb": nbformat.from_dict}
    for name, content in files_of(project).items():
        suffix = Path(name).suffix
        if suffix == ".ipynb":
            nbformat.validate(json.loads(content))
        elif suffix in kinds:
            kinds[suffix](content.decode())


def test_what_the_readme_installs_is_declared(project: Path):
    (install,) = [line for line in lines_of(project / "README.md", "bash") if line.startswith("pip install ")]
    if install == 'pip install -e ".[dev]"':
        about = tomllib.loads((project / "pyproject.toml").read_text())
        declared = about["project"]["optional-dependencies"]["dev"]
    else:
        file = install.removeprefix("pip install -r ")
        declared = (project / file).read_text().splitlines()
    assert {"pytest", "ruff"} <= {re.split("[>=]", each)[0] for each in declared}


def test_there_are_a_readme_and_a_gitignore(project: Path):
    files = files_of(project)
    assert files["README.md"].decode().find("# Tide tables\n\n") >= 0
    assert b"__pycache__/\n" in files[".gitignore"]


def test_the_readme_names_only_what_is_there(project: Path):
    rows = re.findall(r"^\| `([^`]+)` \| .* \|$", (project / "README.md").read_text(), re.MULTILINE)
    paths = [row for row in rows if "/" in row or "." in row]
    assert len(paths) >= 3
    assert [path for path in paths if not (project / path).exists()] == []


@pytest.mark.parametrize(
    ("license_", "first_line"),
    [
        ("MIT", "MIT License"),
        ("BSD-3-Clause", "BSD 3-Clause License"),
        ("Apache-2.0", "Apache License"),
        ("none", None),
    ],
)
def test_a_package_has_the_licence_that_was_chosen(license_: str, first_line: str | None, tmp_path: Path):
    folder = made("python-package", tmp_path / "project", license=license_, author="Ada Lovelace")
    about = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    if first_line is None:
        assert not (folder / "LICENSE").exists()
        assert "license" not in about
        return
    text = (folder / "LICENSE").read_text()
    assert text.split("\n")[:2].count(first_line) or text.lstrip().startswith(first_line)
    assert re.search(r"Copyright (\(c\) )?Ada Lovelace$", text, re.MULTILINE)
    assert re.search(r"[^\n]\n\Z", text)
    assert about["license"] == license_
    assert about["license-files"] == ["LICENSE"]


def test_a_package_describes_itself(tmp_path: Path):
    folder = made("python-package", tmp_path / "project", project_name=ODD, description=ODD, author=ODD)
    about = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert about["name"] == "uni-q-s-x-y-b-amp"
    assert about["description"] == ODD
    assert about["authors"] == [{"name": ODD}]


def test_a_space_is_configured_by_its_readme(tmp_path: Path):
    folder = made("gradio-space", tmp_path / "project", project_name=ODD, description=f"{ODD} {'x' * 80}")
    _, front, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    settings = yaml.safe_load(front)
    assert settings["title"] == ODD
    assert settings["sdk"] == "gradio"
    assert settings["license"] == "mit"
    assert (folder / settings["app_file"]).is_file()
    assert len(settings["short_description"]) <= 60
    wanted = (folder / "requirements.txt").read_text()
    major, minor, _ = settings["sdk_version"].split(".")
    assert wanted == f"gradio>={major}.{minor},<{int(major) + 1}\n"


def test_the_logic_of_a_space_needs_no_gradio(tmp_path: Path):
    folder = made("gradio-space", tmp_path / "project")
    importing = [
        path.name for path in folder.rglob("*.py") if "gradio" in path.read_text().split("import", 1)[-1]
    ]
    assert importing == ["app.py"]
