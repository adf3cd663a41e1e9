from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vibe_jupyter.core.oracles.project_files import project_files


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    return root


def git(root: Path, *arguments: str) -> str:
    """Run git without anybody's own configuration."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, env=environment
    )
    return done.stdout.decode(errors="surrogateescape")


def files_that_git_shows(root: Path) -> set[str]:
    return set(git(root, "ls-files", "-z", "-co", "--exclude-standard").split("\0")) - {""}


class TestOrder:
    def test_files_come_by_name_before_the_folders_beside_them(self, tmp_path: Path) -> None:
        write(tmp_path, {"b/z.py": "", "b/a/x.py": "", "a.py": "", "c.py": "", "a/y.py": ""})
        assert list(project_files(tmp_path)) == ["a.py", "c.py", "a/y.py", "b/z.py", "b/a/x.py"]

    def test_an_empty_folder_has_none(self, tmp_path: Path) -> None:
        assert list(project_files(tmp_path)) == []


class TestWhatIsNeverEntered:
    @pytest.mark.parametrize(
        "name",
        [
            ".git/config", "node_modules/a/index.js", "src/__pycache__/a.pyc", ".venv/lib/a.py",
            ".ipynb_checkpoints/a-checkpoint.ipynb", ".cache/a",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("ignored", [False, True])
    def test_version_control_caches_and_installed_packages(
        self, tmp_path: Path, name: str, ignored: bool
    ) -> None:
        write(tmp_path, {name: "", "a.py": ""})
        assert list(project_files(tmp_path, ignored=ignored)) == ["a.py"]

    @pytest.mark.parametrize("mark", ["pyvenv.cfg", "conda-meta/history", "CACHEDIR.TAG"])
    def test_environments_and_caches_under_any_name_are_known_by_their_marks(
        self, tmp_path: Path, mark: str
    ) -> None:
        write(tmp_path, {f"mine/{mark}": "", "mine/lib/numpy.py": "", "a.py": ""})
        assert list(project_files(tmp_path)) == ["a.py"]
        assert "lib/numpy.py" in list(project_files(tmp_path / "mine"))

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        write(tmp_path, {"real/a.py": ""})
        (tmp_path / "link.py").symlink_to(tmp_path / "real" / "a.py")
        (tmp_path / "linked").symlink_to(tmp_path / "real")
        (tmp_path / "real" / "loop").symlink_to(tmp_path)
        assert list(project_files(tmp_path)) == ["real/a.py"]

    def test_a_pipe_is_no_file(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert list(project_files(tmp_path)) == []

    def test_hidden_files_are_shown_unless_unwanted(self, tmp_path: Path) -> None:
        write(tmp_path, {".github/ci.yml": "", ".env": "", "a.py": ""})
        assert list(project_files(tmp_path)) == [".env", "a.py", ".github/ci.yml"]
        assert list(project_files(tmp_path, hidden=False)) == ["a.py"]

    def test_a_folder_that_cannot_be_listed_is_told_and_passed_over(self, tmp_path: Path) -> None:
        errors: list[OSError] = []
        assert list(project_files(tmp_path / "gone", on_error=errors.append)) == []
        assert isinstance(errors[0], FileNotFoundError)
        assert list(project_files(tmp_path / "gone")) == []


class TestGitignore:
    def test_it_counts_without_a_repository_and_at_every_level(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                ".gitignore": "*.log\n/build/\n",
                "a.log": "", "b.py": "", "build/c.py": "",
                "web/.gitignore": "dist\n!keep.log\n",
                "web/dist/d.js": "", "web/keep.log": "", "web/other.log": "", "web/build/e.js": "",
                "dist/f.py": "",
            },
        )  # fmt: skip
        shown = [name for name in project_files(tmp_path) if not name.endswith(".gitignore")]
        assert shown == ["b.py", "dist/f.py", "web/keep.log", "web/build/e.js"]

    def test_ignored_files_are_shown_on_request(self, tmp_path: Path) -> None:
        write(tmp_path, {".gitignore": "*\n", "a.log": ""})
        assert list(project_files(tmp_path)) == []
        assert list(project_files(tmp_path, ignored=True)) == [".gitignore", "a.log"]

    def test_rules_of_the_repository_count_in_a_folder_of_it(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                ".git/info/exclude": "secret.txt\n",
                ".gitignore": "*.log\n/src/lib/gen/\n",
                "src/.gitignore": "!keep.log\n",
                "src/lib/a.log": "", "src/lib/keep.log": "", "src/lib/secret.txt": "", "src/lib/b.py": "",
                "src/lib/gen/c.py": "",
            },
        )  # fmt: skip
        assert list(project_files(tmp_path / "src" / "lib")) == ["b.py", "keep.log"]

    def test_rules_above_a_folder_without_a_repository_do_not_count(self, tmp_path: Path) -> None:
        write(tmp_path, {".gitignore": "*.log\n", "src/a.log": ""})
        assert list(project_files(tmp_path / "src")) == ["a.log"]
        assert list(project_files(tmp_path / "src", project=tmp_path / "src")) == ["a.log"]
        assert list(project_files(tmp_path / "src", project=tmp_path / "other")) == ["a.log"]

    def test_without_a_repository_the_rules_from_the_project_down_count(self, tmp_path: Path) -> None:
        project = tmp_path / "project"
        write(tmp_path, {".gitignore": "*.py\n"})
        write(
            project,
            {
                ".gitignore": "*.log\n/a/b/one.*\n", "a/.gitignore": "!keep.log\n",
                "a/b/one.txt": "", "a/b/two.py": "", "a/b/x.log": "", "a/b/keep.log": "",
            },
        )  # fmt: skip
        assert list(project_files(project / "a", project=project)) == [
            ".gitignore", "b/keep.log", "b/two.py",
        ]  # fmt: skip
        assert list(project_files(project / "a" / "b", project=project)) == ["keep.log", "two.py"]

    def test_an_ignored_folder_that_is_asked_for_is_walked_through(self, tmp_path: Path) -> None:
        write(tmp_path, {".git/HEAD": "", ".gitignore": "build/\n", "build/a.py": "", "build/b/c.py": ""})
        assert list(project_files(tmp_path / "build")) == ["a.py", "b/c.py"]

    def test_odd_ignore_files_do_no_harm(self, tmp_path: Path) -> None:
        odd = "\ufeff*.log\r\n!\r\n[z-a]\r\n/\r\n***\\\r\n"
        write(tmp_path, {".gitignore": odd, "a.log": "", "b.py": ""})
        (tmp_path / "folder" / ".gitignore").mkdir(parents=True)
        (tmp_path / "linked").mkdir()
        (tmp_path / "linked" / ".gitignore").symlink_to(tmp_path / ".gitignore")
        write(tmp_path, {"linked/c.log": "", "folder/d.py": ""})
        assert list(project_files(tmp_path)) == [".gitignore", "b.py", "folder/d.py"]

    def test_names_that_are_not_utf_8_are_walked_past(self, tmp_path: Path) -> None:
        for name in (b"caf\xe9.txt", b"caf\xe9.log", b"two\nlines.log"):
            (tmp_path / os.fsdecode(name)).touch()
        (tmp_path / ".gitignore").write_bytes(b"*.log\n")
        assert [os.fsencode(name) for name in project_files(tmp_path)] == [b".gitignore", b"caf\xe9.txt"]


_NAMES = st.sampled_from(["a", "b", "ab", "keep", "x.log", "x.py", ".h"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)
_SEGMENTS = st.sampled_from(["a", "b", "ab", "keep", "x.log", "*.log", "*", "**", "?", "[ab]", "[!a]", ".*"])
_PATTERNS = st.builds(
    lambda sign, start, segments, end: f"{sign}{start}{'/'.join(segments)}{end}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(_SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/"]),
)
_IGNORE_FILES = st.dictionaries(
    st.sampled_from(["", "a/", "b/", "a/b/", "ab/keep/"]), st.lists(_PATTERNS, max_size=4), max_size=3
)


@settings(max_examples=80, deadline=None)
@example({"a/b/x.py", "a/x.py"}, {"": ["a/**/"]}, [])
@example({"a/b/x.log", "a/b/x.py"}, {"": ["*.log"], "a/": ["!b"]}, [])
@example({"a/keep/x.py", "a/x.py"}, {"": ["a/**", "!a/keep/", "!a/keep/**"]}, [])
@given(st.sets(_PATHS, min_size=1, max_size=12), _IGNORE_FILES, st.lists(_PATTERNS, max_size=2))
def test_the_walk_shows_what_git_shows(
    paths: set[str], ignore_files: dict[str, list[str]], exclude: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        git(root, "init", "-q")
        (root / ".git" / "info").mkdir(exist_ok=True)
        (root / ".git" / "info" / "exclude").write_text("\n".join(exclude))
        for path in sorted(paths, key=len, reverse=True):  # a name may be a folder of a longer path
            if not (root / path).exists() and not any(above.is_file() for above in (root / path).parents):
                write(root, {path: ""})
        for inside, patterns in ignore_files.items():
            if (root / inside).is_dir():
                write(root, {f"{inside}.gitignore": "\n".join(patterns)})
        assert set(project_files(root)) == files_that_git_shows(root)
