"""The oracle that docs/oracles.md shows, installed as it is written there, does what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.servers import REPOSITORY

pytestmark = pytest.mark.slow


def install(site: Path) -> None:
    """Make what pip would leave of the package."""
    page = (REPOSITORY / "docs" / "oracles.md").read_text(encoding="utf-8")
    source, declared = (
        re.findall(rf"^```{kind}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[0]
        for kind in ("python", "toml")
    )
    project = tomllib.loads(declared)["project"]
    ((group, points),) = project["entry-points"].items()
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    (site / "line_count").mkdir(parents=True)
    (site / "line_count" / "__init__.py").write_text(source)
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]) + "\n")


@pytest.mark.parametrize(
    "words",
    [["count the lines of app.py"], ["how many lines has app.py?"], ["--type", "file_line_count", "app.py"]],
)
def test_the_oracle_of_the_page_runs(tmp_path: Path, words: list[str]) -> None:
    install(tmp_path / "site")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "app.py").write_text("a\nb\nc\n")
    done = subprocess.run(
        [Path(sys.executable).parent / "jupyter-vibe", "task", *words],
        cwd=tmp_path / "work",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "VIBE_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^lines +3$", done.stdout, re.MULTILINE), done.stdout
