"""A template that fails, or is up to no good, leaves nothing behind."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.projects.templating.catalog import built_in, template_source
from vibe_jupyter.core.projects.templating.making import Made, make


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return an empty template, which a test fills."""
    folder = tmp_path / "templates" / "mine"
    folder.mkdir(parents=True)
    (folder / "copier.yml").write_text("size:\n  type: int\n  default: 3\n")
    return folder


def made_of(template: Path, place: Path, *, trusted: bool = False, **answers: Any) -> Made:
    source = template_source(str(template), allow_paths=True)
    return make(source, place, {"project_name": "Shop", **answers}, trusted=trusted, allow_private=False)


def refused(template: Path, place: Path, **options: Any) -> VibeError:
    """Return why nothing could be made, after a look that nothing was."""
    before = sorted(place.parent.iterdir())
    with pytest.raises(VibeError) as caught:
        made_of(template, place, **options)
    assert sorted(place.parent.iterdir()) == before
    return caught.value


def test_every_template_is_given_the_names_that_work(template: Path, tmp_path: Path) -> None:
    (template / "{{ project_slug }}.txt.jinja").write_text("{{ package_name }} {{ size }}\n")
    done = made_of(template, tmp_path / "made", size=5)
    assert done.files == ["shop.txt"] or "shop.txt" in done.files
    assert (tmp_path / "made" / "shop.txt").read_text() == "shop 5\n"


def test_an_empty_folder_may_be_there_already(template: Path, tmp_path: Path) -> None:
    (template / "a.txt").write_text("a")
    (tmp_path / "made").mkdir()
    made_of(template, tmp_path / "made")
    assert (tmp_path / "made" / "a.txt").exists()


def test_a_folder_with_something_in_it_is_left_alone(template: Path, tmp_path: Path) -> None:
    (template / "a.txt").write_text("a")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("mine")
    assert refused(template, tmp_path / "made").code == "project.folder_not_empty"
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["mine.txt"]


def test_code_of_a_template_runs_only_if_it_is_trusted(template: Path, tmp_path: Path) -> None:
    (template / "copier.yml").write_text("_tasks:\n  - touch was-here\n")
    (template / "a.txt").write_text("a")
    error = refused(template, tmp_path / "made")
    assert error.code == "template.untrusted"
    assert "--trust-template" in str(error.hint)
    made_of(template, tmp_path / "made", trusted=True)
    assert (tmp_path / "made" / "was-here").exists()


def test_a_task_that_fails_leaves_nothing(template: Path, tmp_path: Path) -> None:
    (template / "copier.yml").write_text("_tasks:\n  - exit 3\n")
    (template / "a.txt").write_text("a")
    assert refused(template, tmp_path / "made", trusted=True).code == "template.failed"


def test_a_template_with_a_mistake_leaves_nothing(template: Path, tmp_path: Path) -> None:
    (template / "a.txt").write_text("a")
    (template / "b.txt.jinja").write_text("{{ 1 / 0 }}{% if %}")
    assert refused(template, tmp_path / "made").code == "template.failed"


def test_a_file_that_cannot_be_rendered_at_run_time_leaves_nothing(template: Path, tmp_path: Path) -> None:
    (template / "b.txt.jinja").write_text("{{ 1 / 0 }}")
    assert refused(template, tmp_path / "made").code == "template.failed"


@pytest.mark.parametrize("target", ["/etc", "../../outside"])
def test_a_link_out_of_the_project_is_refused(template: Path, tmp_path: Path, target: str) -> None:
    (template / "copier.yml").write_text("_preserve_symlinks: true\n")
    (template / "link").symlink_to(target)
    assert refused(template, tmp_path / "made").code == "template.unsafe"


def test_a_file_of_this_machine_cannot_be_included(template: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden")
    (template / "a.txt.jinja").write_text("{% include '" + str(secret) + "' %}")
    assert refused(template, tmp_path / "made").code == "template.failed"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"siez": 3}, "does not ask for 'siez'"),
        ({"size": "big"}, "size"),
        ({"size": True}, "should be of type int"),
    ],
)
def test_wrong_answers_are_named(template: Path, tmp_path: Path, answers: dict[str, Any], said: str) -> None:
    (template / "a.txt").write_text("a")
    error = refused(template, tmp_path / "made", **answers)
    assert error.code == "template.invalid_answer"
    assert said in error.message


def test_an_answer_that_is_no_choice_is_refused(tmp_path: Path) -> None:
    source = template_source("python-package", allow_paths=False)
    with pytest.raises(VibeError, match="licence"):
        make(source, tmp_path / "made", {"licence": "GPL"}, trusted=False, allow_private=False)
    assert list(tmp_path.iterdir()) == []


def test_a_repository_is_used_at_the_ref_that_is_named(template: Path, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *words], cwd=template, check=True, capture_output=True)

    (template / "a.txt").write_text("old")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "old"), ("tag", "v1")):
        git(*words)
    made_of(template, tmp_path / "made")
    assert (tmp_path / "made" / "a.txt").read_text() == "old"
    assert not (tmp_path / "made" / ".git").exists()


class TestWords:
    """What a word for a template means."""

    def test_the_built_in_ones_say_what_they_make_and_ask(self) -> None:
        names = [template.name for template in built_in()]
        assert names == ["data-analysis", "gradio-space", "mcp-server", "notebook-report", "python-package"]
        package = built_in()[-1]
        licence = next(question for question in package.questions if question.name == "licence")
        assert licence.choices == ["MIT", "Apache-2.0", "none"]

    @pytest.mark.parametrize(
        ("text", "location", "ref"),
        [
            ("gh:owner/name", "gh:owner/name", None),
            ("gh:owner/name@v1.2", "gh:owner/name", "v1.2"),
            ("https://example.org/a/b.git@main", "https://example.org/a/b.git", "main"),
            ("https://example.org/a/b.git", "https://example.org/a/b.git", None),
        ],
    )
    def test_repositories(self, text: str, location: str, ref: str | None) -> None:
        source = template_source(text, allow_paths=False)
        assert (source.location, source.ref) == (location, ref)

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("pyton-package", "template.not_found"),
            ("ext::sh -c touch% /tmp/x", "template.invalid"),
            ("ssh://host/x", "template.invalid"),
            ("git@host:owner/name", "template.invalid"),
            ("file:///etc", "template.invalid"),
            ("https://user:secret@example.org/x.git", "template.invalid"),
            ("/etc", "template.forbidden"),
            ("../secrets", "template.forbidden"),
        ],
    )
    def test_others_are_refused(self, text: str, code: str) -> None:
        with pytest.raises(VibeError) as caught:
            template_source(text, allow_paths=False)
        assert caught.value.code == code

    def test_an_address_of_this_machine_is_not_asked(self, tmp_path: Path) -> None:
        source = template_source("http://127.0.0.1:9/x.git", allow_paths=False)
        with pytest.raises(VibeError) as caught:
            make(source, tmp_path / "made", {}, trusted=False, allow_private=False)
        assert caught.value.code == "url.forbidden_address"

    def test_one_that_cannot_be_fetched_says_so(self, tmp_path: Path) -> None:
        source = template_source("http://127.0.0.1:9/x.git", allow_paths=False)
        with pytest.raises(VibeError) as caught:
            make(source, tmp_path / "made", {}, trusted=False, allow_private=True)
        assert caught.value.code == "template.unreachable"
        assert list(tmp_path.iterdir()) == []
