"""Commits are read as git has them, from a repository that is not trusted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.core.kg.history.repositories import Repository
from vibe_jupyter.core.kg.history.git import HistoryUnknown, head_of, read_commits


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


def changed(root: Path) -> list[tuple[str, ...]]:
    return [commit.changed for commit in read_commits(root)]


def test_commits_come_newest_first(repository: Repository) -> None:
    first = repository.commit({"a.py": "1\n"}, "Ann", "begin\n\nmore")
    second = repository.commit({"b.py": "2\n", "a.py": "3\n"}, "Bob", "go on")
    found = read_commits(repository.root)
    assert [(c.hash, c.name, c.email, c.message) for c in found] == [
        (second, "Bob", "bob@example.org", "go on"),
        (first, "Ann", "ann@example.org", "begin"),
    ]
    assert [set(c.changed) for c in found] == [{"a.py", "b.py"}, {"a.py"}]
    assert found[0].time == "2026-01-02T10:00:00+01:00"
    assert head_of(repository.root) == second


def test_files_are_called_as_they_are_today(repository: Repository) -> None:
    text = "".join(f"line {i}\n" for i in range(30))
    repository.commit({"old.py": text})
    repository.commit({"old.py": None, "mid.py": text})
    repository.commit({"mid.py": None, "new.py": text + "more\n"})
    repository.commit({"old.py": "something else\n"})
    assert changed(repository.root) == [("old.py",), ("new.py",), ("new.py",), ("new.py",)]


def test_a_file_that_comes_again_is_another_one(repository: Repository) -> None:
    repository.commit({"a.py": "first\n"})
    repository.commit({"a.py": None})
    repository.commit({"a.py": "a second one\n"})
    assert changed(repository.root) == [("a.py",), (), ()]


def test_names_and_messages_of_any_kind(repository: Repository) -> None:
    names = ["with space.py", "ünï.py", 'quo"te.py', "new\nline.py", "M", "\x1ehead.py"]
    repository.commit(dict.fromkeys(names, "x\n"), message="\x1f odd \x1e ünï")
    (commit,) = read_commits(repository.root)
    assert sorted(commit.changed) == sorted(names)
    assert commit.message == "\x1f odd \x1e ünï"


def test_a_folder_of_a_repository_has_its_own_paths(repository: Repository) -> None:
    repository.commit({"sub/a.py": "1\n", "b.py": "2\n"})
    repository.commit({"b.py": "3\n"})
    assert changed(repository.root / "sub") == [("a.py",)]


def test_where_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert head_of(tmp_path) is None
    repository = Repository(tmp_path / "empty")
    assert head_of(repository.root) is None
    repository.commit({"a.py": "1\n"})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert head_of(repository.root) is None


def test_a_damaged_repository_says_why(repository: Repository) -> None:
    sha = repository.commit({"a.py": "1\n"})
    (repository.root / ".git/objects" / sha[:2] / sha[2:]).unlink()
    with pytest.raises(HistoryUnknown):
        read_commits(repository.root)


@pytest.mark.parametrize(
    "setting",
    [
        "core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "gpg.program", "core.hooksPath",
        "diff.evil.command", "diff.evil.textconv", "alias.log", "alias.rev-parse", "core.editor", "core.gitProxy",
    ],
)  # fmt: skip
def test_nothing_that_a_repository_names_is_run(repository: Repository, tmp_path: Path, setting: str) -> None:
    script, trace = tmp_path / "evil.sh", tmp_path / "trace"
    script.write_text(f"#!/bin/sh\ntouch {trace}\n")
    script.chmod(0o755)
    (tmp_path / "post-checkout").write_text(script.read_text())
    repository.commit({"a.py": "1\n", ".gitattributes": "*.py diff=evil\n"})
    repository.commit({"a.py": "2\n"})
    value = f"!{script}" if setting.startswith("alias.") else str(script)
    repository.git("config", setting, value)
    repository.git("config", "log.showSignature", "true")
    assert len(read_commits(repository.root)) == 2
    assert head_of(repository.root)
    assert not trace.exists()


def test_the_environment_points_nowhere_else(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repository.commit({"a.py": "1\n"})
    monkeypatch.setitem(os.environ, "GIT_DIR", str(tmp_path / "elsewhere"))
    assert head_of(repository.root) == sha


def test_settings_do_not_change_what_is_read(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.py": "1\n"}, message="grün")
    (tmp_path / "people").write_text("Somebody Else <else@example.org> <ann@example.org>\n")
    for name, value in {
        "log.showRoot": "false",
        "i18n.logOutputEncoding": "UTF-16",
        "mailmap.file": str(tmp_path / "people"),
    }.items():
        repository.git("config", name, value)
    (commit,) = read_commits(repository.root)
    assert (commit.message, commit.email, commit.changed) == ("grün", "ann@example.org", ("a.py",))


@pytest.mark.parametrize("zone", ["+9999", "+2400", "-1500"])
def test_a_time_zone_that_there_is_not_is_told_in_utc(repository: Repository, zone: str) -> None:
    repository.commit({"a.py": "1\n"})
    commit_as(repository, f"E <e@example.org> 1700000000 {zone}")
    assert read_commits(repository.root)[0].time == "2023-11-14T22:13:20+00:00"


def test_a_name_may_have_any_character(repository: Repository) -> None:
    repository.commit({"a.py": "1\n"})
    commit_as(repository, "A\x1fB\x1eC <e@example.org> 1700000000 +0000")
    found = read_commits(repository.root)[0]
    assert (found.name, found.email, found.message) == ("A\x1fB\x1eC", "e@example.org", "odd")


def test_a_signature_is_not_checked(repository: Repository, tmp_path: Path) -> None:
    script, trace = tmp_path / "evil.sh", tmp_path / "trace"
    script.write_text(f"#!/bin/sh\ntouch {trace}\n")
    script.chmod(0o755)
    repository.commit({"a.py": "1\n"})
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n"
    commit_as(repository, "E <e@example.org> 1700000000 +0000", signature)
    repository.git("config", "gpg.program", str(script))
    repository.git("config", "log.showSignature", "true")
    assert len(read_commits(repository.root)) == 2
    assert not trace.exists()


def test_what_a_partial_clone_lacks_is_not_fetched(repository: Repository, tmp_path: Path) -> None:
    script, trace = tmp_path / "evil.sh", tmp_path / "trace"
    script.write_text(f"#!/bin/sh\ntouch {trace}\n")
    script.chmod(0o755)
    text = "x = 1\n" * 40
    repository.commit({"a.py": text})
    blob = repository.git("rev-parse", "HEAD:a.py").strip()
    repository.commit({"a.py": None, "b.py": text + "y = 1\n"})
    for name, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(repository.root),
        "remote.origin.uploadpack": str(script),
        "protocol.file.allow": "always",
    }.items():
        repository.git("config", name, value)
    (repository.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(HistoryUnknown):
        read_commits(repository.root)
    assert not trace.exists()


def commit_as(repository: Repository, who: str, more: str = "") -> None:
    """Make a commit that `git commit` would not make."""
    (repository.root / "a.py").write_text("odd\n")
    repository.git("add", "-A")
    tree, parent = repository.git("write-tree").strip(), repository.git("rev-parse", "HEAD").strip()
    body = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n{more}\nodd\n"
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    done = subprocess.run(command, cwd=repository.root, input=body.encode(), capture_output=True, check=True)
    repository.git("update-ref", "HEAD", done.stdout.decode().strip())
