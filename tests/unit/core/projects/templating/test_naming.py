"""Whatever a project is called, its folder and its package have names that work."""

import keyword
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.projects.templating.naming import module_name, slug


@given(st.text(min_size=1, max_size=200))
def test_every_name_gives_a_folder_and_a_package(name: str) -> None:
    folder, package = slug(name), module_name(name)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", folder)
    assert len(folder) <= 70
    assert package.isidentifier()
    assert not keyword.iskeyword(package)
    assert package not in sys.stdlib_module_names


@pytest.mark.parametrize(
    ("name", "folder", "package"),
    [
        ("../../etc/passwd", "etc-passwd", "etc_passwd"),
        ("Größe", "grosse", "grosse"),
        ("2fast", "2fast", "project_2fast"),
        ("CON", "con-project", "con_project"),
        ("import", "import", "import_project"),
        ("a" * 500, "a" * 60, "a" * 60),
    ],
)
def test_odd_names(name: str, folder: str, package: str) -> None:
    assert (slug(name), module_name(name)) == (folder, package)


def test_names_without_latin_letters_differ() -> None:
    assert slug("数据") != slug("项目")
