"""What each built-in template makes works at once: its tests pass, its notebook runs, its code is clean."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from vibe_jupyter.core.projects.templating.catalog import built_in, template_source
from vibe_jupyter.core.projects.templating.making import make

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
NAMES = [template.name for template in built_in()]
ODD = {"project_name": 'Größe & "more" {{ 7*7 }} 🚀', "description": 'It\'s a "test": <b>\\n</b> #1 ${{ x }}'}


@pytest.fixture(scope="module", params=NAMES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of each template, under a name that is hard to quote."""
    folder = tmp_path_factory.mktemp("made") / request.param
    source = template_source(request.param, allow_paths=False)
    done = make(source, folder, ODD, trusted=False, allow_private=False)
    assert done.template == request.param
    return folder


def run(folder: Path, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_tests_pass(made: Path) -> None:
    assert "passed" in run(made, "pytest", "-p", "no:cacheprovider")


def test_its_code_is_clean(made: Path, tmp_path: Path) -> None:
    run(made, "ruff", "check", "--no-cache", ".")
    source = template_source(made.name, allow_paths=False)
    make(source, tmp_path / "plain", {"project_name": "Plain"}, trusted=False, allow_private=False)
    run(tmp_path / "plain", "ruff", "format", "--check", "--no-cache", ".")


def test_its_notebook_runs_with_the_command_of_the_readme(made: Path, tmp_path: Path) -> None:
    commands = re.findall(r"papermill (\S+) (\S+)(.*)", (made / "README.md").read_text())
    assert bool(commands) == bool(list(made.glob("*.ipynb")))
    for notebook, out, parameters in commands:
        (made / out).parent.mkdir(exist_ok=True)
        run(made, "papermill", notebook, out, *parameters.split())
        cells = json.loads((made / out).read_text())["cells"]
        assert ODD["project_name"] in "".join(cells[0]["source"])
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert outputs
        assert not [output for output in outputs if output["output_type"] == "error"]


def test_nothing_of_jinja_is_left_and_names_are_kept_as_they_are(made: Path) -> None:
    for file in made.rglob("*"):
        assert "{" not in file.name
        assert not file.name.endswith(".jinja")
        if file.is_file() and file.suffix in (".py", ".md", ".toml", ".txt", ".csv"):
            text = file.read_text()
            assert "{%" not in text
            assert text.endswith("\n") or not text
    assert ODD["project_name"] in (made / "README.md").read_text()
    assert (made / ".gitignore").exists()


def test_a_space_says_what_the_hub_needs(tmp_path: Path) -> None:
    source = template_source("gradio-space", allow_paths=False)
    make(source, tmp_path / "space", ODD, trusted=False, allow_private=False)
    front = (tmp_path / "space" / "README.md").read_text().split("---")[1]
    matter = yaml.safe_load(front)
    assert matter["sdk"] == "gradio"
    assert matter["title"] == ODD["project_name"]
    assert (tmp_path / "space" / matter["app_file"]).exists()


def test_the_same_answers_make_the_same_bytes(made: Path, tmp_path: Path) -> None:
    source = template_source(made.name, allow_paths=False)
    done = make(source, tmp_path / "again", ODD, trusted=False, allow_private=False)
    for name in done.files:
        assert (tmp_path / "again" / name).read_bytes() == (made / name).read_bytes()


@pytest.mark.parametrize("licence", ["MIT", "none"])
def test_the_licence_is_a_choice(licence: str, tmp_path: Path) -> None:
    source = template_source("python-package", allow_paths=False)
    make(
        source, tmp_path / "p", {"project_name": "p", "licence": licence}, trusted=False, allow_private=False
    )
    assert (tmp_path / "p" / "LICENSE").exists() == (licence == "MIT")
