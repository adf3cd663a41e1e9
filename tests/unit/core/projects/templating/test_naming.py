from __future__ import annotations

import keyword
import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.projects.templating.naming import (
    MAX_MODULE_CHARACTERS,
    MAX_SLUG_CHARACTERS,
    module_name,
    slug,
)

NAMES = st.one_of(
    st.text(max_size=300),
    st.sampled_from(sorted({*keyword.kwlist, *keyword.softkwlist, *sys.stdlib_module_names})),
    st.from_regex(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])[ .-]*", fullmatch=True),
    st.text("0123456789-_./\\'\" \t😀éßıİ中A", max_size=100),  # noqa: RUF001
)


@pytest.mark.parametrize(
    ("name", "folder", "module"),
    [
        ("Tide tables", "tide-tables", "tide_tables"),
        ("Änderungs-Protokoll (v2)", "anderungs-protokoll-v2", "anderungs_protokoll_v2"),
        ("Straße & Øre", "strasse-ore", "strasse_ore"),
        ("Don’t panic", "dont-panic", "dont_panic"),  # noqa: RUF001
        ("../../etc/passwd", "etc-passwd", "etc_passwd"),
        ("C:\\temp\\x", "c-temp-x", "c_temp_x"),
        ("CON", "con-project", "con_project"),
        ("com1.txt", "com1-txt", "com1_txt"),
        ("class", "class", "class_project"),
        ("Match", "match", "match_project"),
        ("json", "json", "json_project"),
        ("pytest", "pytest", "pytest_project"),
        ("3D plots", "3d-plots", "project_3d_plots"),
        ("🌊 waves 🌊", "waves", "waves"),
        ("--help", "help", "help"),
        ("  .hidden ", "hidden", "hidden"),
        ("ﬁnal ①", "final-1", "final_1"),
    ],
)
def test_a_name_becomes_a_folder_and_a_module(name: str, folder: str, module: str):
    assert (slug(name), module_name(name)) == (folder, module)


@pytest.mark.parametrize("name", ["", "   ", "...", "../", "项目", "🌊🌊", "\x00", "'\"`"])
def test_a_name_of_which_nothing_is_left_is_refused(name: str):
    with pytest.raises(InvalidInput) as caught:
        slug(name)
    assert caught.value.code == "project.name_unusable"
    assert caught.value.errors == [{"loc": ["name"], "msg": "needs at least one of a-z and 0-9"}]


def test_a_long_name_ends_with_a_word():
    name = "the quick brown fox jumps over the lazy dog and then some more words follow"
    assert slug(name) == "the-quick-brown-fox-jumps-over-the-lazy-dog-and-then-some"
    assert module_name(name) == "the_quick_brown_fox_jumps_over_the_lazy"


@given(NAMES)
@example("con" + "-" * 70)
@example("con " + "x" * 70)
@example("9" * 300)
@example("_" * 60 + "class")
def test_a_name_is_usable_everywhere_or_refused(name: str):
    try:
        folder = slug(name)
    except InvalidInput:
        assert not re.search("[A-Za-z0-9]", name)
        return
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", folder)
    assert len(folder) <= MAX_SLUG_CHARACTERS
    assert not re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", folder)
    module = module_name(name)
    assert module.isidentifier()
    assert module.isascii()
    assert len(module) <= MAX_MODULE_CHARACTERS
    assert not keyword.iskeyword(module)
    assert not keyword.issoftkeyword(module)
    assert module not in sys.stdlib_module_names


@given(NAMES.filter(lambda name: re.search("[A-Za-z0-9]", name) is not None))
def test_a_name_that_was_made_of_one_stays_as_it_is(name: str):
    assert slug(slug(name)) == slug(name)
    assert module_name(module_name(name)) == module_name(name)
