from __future__ import annotations

from pathlib import Path

import pathspec
import pytest

from vibe_jupyter.core import paths
from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound, VibeError
from vibe_jupyter.core.projects.templating.catalog import (
    FOLDER,
    TemplateSource,
    built_in,
    question_of,
    template_source,
)

ROOT = Path(__file__).parents[5]


def source(text: str, folder: Path | None = None, **how: object) -> TemplateSource:
    """Return where a template is; folders are looked up below `folder`, and only there."""
    resolve = (lambda path: paths.resolve(path, folder, [folder])) if folder else None
    return template_source(text, allow_private=False, resolve=resolve, **how)  # type: ignore[arg-type]


def refused(text: str, folder: Path | None = None) -> VibeError:
    with pytest.raises(VibeError) as caught:
        source(text, folder)
    return caught.value


def test_five_templates_come_with_the_platform():
    assert [template.name for template in built_in()] == [
        "data-analysis",
        "gradio-space",
        "mcp-server",
        "notebook-report",
        "python-package",
    ]


def test_each_says_what_it_makes_and_asks_for_nothing_without_a_default():
    for template in built_in():
        assert template.title
        assert template.summary.endswith(".")
        assert len(template.makes) >= 3
        names = [question.name for question in template.questions]
        assert names[:2] == ["project_name", "description"]
        assert len(names) <= 4
        for question in template.questions:
            assert question.help.endswith("?")
            assert question.default is not None or question.name in ("project_name", "author")


def test_choices_are_those_that_are_answered_with():
    package = next(template for template in built_in() if template.name == "python-package")
    license_ = next(question for question in package.questions if question.name == "license")
    assert license_.choices == ["MIT", "BSD-3-Clause", "Apache-2.0", "none"]
    assert license_.default == "MIT"


def test_what_is_computed_is_not_asked():
    assert question_of("slug", {"type": "str", "when": False, "default": "x"}) is None


@pytest.mark.parametrize(
    ("asked", "kind", "default", "choices"),
    [
        ("plain", "str", "plain", None),
        (3, "int", 3, None),
        ({"type": "bool"}, "bool", None, None),
        ({"default": "{{ other }}"}, "str", None, None),
        ({"default": None}, "yaml", None, None),
        ({"type": "int", "choices": {"one": 1, "two": {"value": 2}}}, "int", None, [1, 2]),
        ({"type": "str", "choices": [["A", "a"], "b"]}, "str", None, ["a", "b"]),
        ({"type": "str", "choices": "{{ computed }}"}, "str", None, None),
    ],
)
def test_a_question_may_be_written_in_copiers_ways(asked, kind, default, choices):
    question = question_of("name", asked)
    assert question is not None
    assert (question.type, question.default, question.choices) == (kind, default, choices)


def test_a_built_in_template_is_found_by_its_name():
    assert source("mcp-server") == TemplateSource("built_in", "mcp-server", str(FOLDER / "mcp-server"))


def test_an_unknown_name_is_answered_with_the_nearest():
    error = refused("pyton-package")
    assert isinstance(error, NotFound)
    assert error.code == "template.not_found"
    assert error.data == {
        "similar": ["python-package"],
        "known": [template.name for template in built_in()],
    }
    assert "did you mean python-package?" in (error.hint or "")
    assert "there are data-analysis" in (refused("zzz").hint or "")


def test_a_built_in_template_has_no_other_versions():
    assert refused("python-package@v1").code == "template.source_invalid"


def test_a_folder_is_one_that_the_caller_may_read(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "with@sign").mkdir()
    assert source("./mine", tmp_path) == TemplateSource("folder", "./mine", str(tmp_path / "mine"))
    assert source(str(tmp_path / "mine"), tmp_path).location == str(tmp_path / "mine")
    assert source("./mine@v1.2", tmp_path).ref == "v1.2"
    assert source("./with@sign", tmp_path).ref is None
    assert isinstance(refused("/etc", tmp_path), Forbidden)
    assert isinstance(refused("./mine/../..", tmp_path), Forbidden)
    assert refused("./nothing", tmp_path).code == "path.not_found"
    assert refused("./nothing@v1", tmp_path).code == "path.not_found"
    assert refused("./mine@-x", tmp_path).code == "template.source_invalid"


def test_a_file_is_no_template(tmp_path: Path):
    (tmp_path / "file").touch()
    assert refused("./file", tmp_path).code == "template.not_found"


def test_folders_may_be_forbidden_altogether():
    assert refused("./mine").code == "template.source_invalid"


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [
        ("https://example.com/a/b.git", "https://example.com/a/b.git", None),
        ("HTTPS://example.com/a/b", "https://example.com/a/b", None),
        ("git+https://example.com/a/b.git@v1.0", "https://example.com/a/b.git", "v1.0"),
        ("https://example.com/a/b.git@feature/x", "https://example.com/a/b.git", "feature/x"),
        ("gh:owner/repo", "https://github.com/owner/repo.git", None),
        ("gh:owner/repo.git@main", "https://github.com/owner/repo.git", "main"),
        ("gl:group/sub/repo@" + "a" * 40, "https://gitlab.com/group/sub/repo.git", "a" * 40),
    ],
)
def test_a_repository_is_named_by_its_url(text: str, url: str, ref: str | None):
    assert source(text) == TemplateSource("git", text, url, ref)


def test_github_may_be_another_server():
    found = source("gh:owner/repo", github_url="https://github.example.com/")
    assert found.location == "https://github.example.com/owner/repo.git"


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:owner/repo.git",
        "ssh://git@example.com/a/b",
        "git://example.com/a/b",
        "file:///etc",
        "ext::sh -c touch% /tmp/x",
        "ftp://example.com/a/b",
        "gh:owner",
        "gh:../../x/y z",
        "https://example.com",
        "https://example.com/a/b?x=1",
        "https://example.com/a/b@v1#f",
        "https://example.com/a/b@--upload-pack=x",
        "https://example.com/a/b@a..b",
        "https://example.com/a/b@",
        "https://example.com/a/b\n",
        "",
        "a\x00b",
    ],
)
def test_what_is_no_template_is_refused(text: str):
    if text.endswith("\n"):
        text += "x"
    error = refused(text)
    assert isinstance(error, InvalidInput | NotFound)
    assert error.code in ("template.source_invalid", "template.not_found", "url.invalid")


def test_credentials_in_a_url_are_refused_and_not_repeated():
    for text in ("https://me:s3cret@example.com/a/b.git", "git+https://s3cret@example.com/a/b"):
        error = refused(text)
        assert error.code == "template.credentials_in_url"
        assert "s3cret" not in str(error.problem())
    assert "s3cret" not in str(refused("ssh://me:s3cret@example.com/a/b").problem())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "[::1]", "2130706433"])
def test_a_url_leads_to_no_private_address(host: str):
    assert refused(f"http://{host}/a/b.git").code == "url.forbidden_address"
    assert template_source(f"http://{host}/a/b.git", allow_private=True).allow_private


def test_what_clouds_tell_their_machines_is_never_asked():
    with pytest.raises(Forbidden):
        template_source("http://169.254.169.254/a/b.git", allow_private=True)


def test_everything_of_a_template_is_in_the_wheel():
    """hatch leaves out what our `.gitignore` names; a `.py` would be compiled, linted and collected as ours."""
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".gitignore").read_text().splitlines())
    files = [path.relative_to(ROOT).as_posix() for path in FOLDER.rglob("*") if path.is_file()]
    assert len(files) > 40
    assert [file for file in files if ignored.match_file(file)] == []
    assert [file for file in files if Path(file).suffix == ".py" or Path(file).name == ".gitignore"] == []
