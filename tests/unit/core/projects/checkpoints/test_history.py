"""Checkpoints bring back every byte, and touch nothing that is not theirs."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from vibe_jupyter.core.errors import Conflict, NotFound, Unavailable
from vibe_jupyter.core.locks import Lock
from vibe_jupyter.core.projects.checkpoints import history as module
from vibe_jupyter.core.projects.checkpoints.history import CheckpointHistory, CheckpointLimits

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = CheckpointLimits(max_bytes=64 * 2**20, max_file_bytes=2**20, keep=100)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_bytes(b"print(1)\r\n")
    (folder / "README.md").write_text("# Shop\n")
    return folder


@pytest.fixture
def history(root: Path, tmp_path: Path) -> CheckpointHistory:
    return CheckpointHistory(root, tmp_path / "kept", LIMITS)


def state(root: Path) -> dict[str, tuple[str, bytes]]:
    """Return every file and link below a folder with its kind and its bytes."""
    found = {}
    for path in root.rglob("*"):
        where = path.relative_to(root)
        if ".git" in where.parts or not (path.is_symlink() or path.is_file()):
            continue
        if path.is_symlink():
            found[str(where)] = ("link", os.fsencode(path.readlink()))
        else:
            mode = path.lstat().st_mode
            found[str(where)] = ("runnable" if mode & stat.S_IXUSR else "plain", path.read_bytes())
    return found


def test_undo_brings_back_every_byte_with_new_and_removed_files(
    history: CheckpointHistory, root: Path
) -> None:
    odd = root / "data" / "naïve \n\t\"name'.bin"
    odd.parent.mkdir()
    odd.write_bytes(bytes(range(256)))
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "here").symlink_to("src/app.py")
    (root / "nowhere").symlink_to("/does/not/exist")
    (root / "src" / "link-to-folder").symlink_to("..")
    (root / ".gitattributes").write_text("* text=auto eol=lf filter=lfs ident working-tree-encoding=UTF-16\n")
    before = state(root)
    history.make("before I try things")

    (root / "src" / "app.py").write_bytes(b"broken")
    odd.unlink()
    odd.parent.rmdir()
    (root / "run.sh").chmod(0o644)
    (root / "here").unlink()
    (root / "here").write_text("now a file")
    (root / "README.md").unlink()
    (root / "README.md").mkdir()
    (root / "README.md" / "deep.txt").write_text("now a folder")
    (root / "new" / "folder").mkdir(parents=True)
    (root / "new" / "folder" / "file").write_text("new")
    done = history.undo()

    assert state(root) == before
    assert not (root / "new").exists()
    assert done.checkpoint.message == "before I try things"
    assert not done.left


def test_an_undo_can_be_undone(history: CheckpointHistory, root: Path) -> None:
    history.make("start")
    (root / "README.md").write_text("changed")
    changed = state(root)
    done = history.undo()
    assert state(root) != changed
    history.undo(done.before.id)
    assert state(root) == changed


def test_undoing_again_goes_further_back_and_a_new_change_begins_anew(
    history: CheckpointHistory, root: Path
) -> None:
    def write(text: str) -> None:
        (root / "README.md").write_text(text)

    for text in ("one", "two", "three"):
        write(text)
        history.make(f"with {text}")
    write("four")
    seen = []
    for _ in range(3):
        history.undo()
        seen.append((root / "README.md").read_text())
    assert seen == ["three", "two", "one"]
    with pytest.raises(NotFound, match="as they were at the first"):
        history.undo()
    write("five")
    history.undo()
    assert (root / "README.md").read_text() == "one"
    history.undo("with three")
    history.undo()
    assert (root / "README.md").read_text() == "two", "the way back goes on from where it led to"


def test_the_users_own_repository_is_not_touched(history: CheckpointHistory, root: Path) -> None:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True)
        return done.stdout

    git("init", "-q")
    git("add", "README.md")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first")
    (root / "README.md").write_text("staged")
    git("add", "README.md")
    (root / "README.md").write_text("not staged")

    def own() -> dict[str, bytes]:
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted((root / ".git").rglob("*"))
            if path.is_file()
        }

    before = own()
    history.make("mine")
    (root / "README.md").write_text("more")
    history.compare(None, None)
    history.undo()
    assert own() == before
    assert (root / "README.md").read_text() == "not staged"


def test_the_files_of_a_repository_inside_the_project_are_kept_too(
    history: CheckpointHistory, root: Path
) -> None:
    inner = root / "vendored"
    inner.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=inner, check=True)
    (inner / "lib.py").write_text("kept")
    history.make("with it")
    (inner / "lib.py").write_text("changed")
    history.undo()
    assert (inner / "lib.py").read_text() == "kept"
    assert (inner / ".git" / "HEAD").exists()


def test_ignored_files_stay_as_they_are_whatever_the_ignore_file_says_later(
    history: CheckpointHistory, root: Path
) -> None:
    (root / ".gitignore").write_text("data/\n")
    (root / "data").mkdir()
    (root / "data" / "big.csv").write_text("1")
    history.make("ignored")
    (root / "data" / "big.csv").write_text("2")
    (root / ".gitignore").write_text("")
    history.undo()
    assert (root / "data" / "big.csv").read_text() == "2"
    assert (root / ".gitignore").read_text() == "data/\n"


def test_too_large_and_unreadable_files_are_left_out_with_the_reason_and_never_touched(
    history: CheckpointHistory, root: Path
) -> None:
    (root / "large.bin").write_bytes(b"x" * (LIMITS.max_file_bytes + 1))
    os.mkfifo(root / "pipe")
    _, snapshot = history.make("start")
    assert list(snapshot.left_out) == ["large.bin"]
    assert "more than 1" in snapshot.left_out["large.bin"]
    (root / "large.bin").write_bytes(b"y" * (LIMITS.max_file_bytes + 2))
    (root / "README.md").write_text("changed")
    history.undo()
    assert (root / "large.bin").stat().st_size == LIMITS.max_file_bytes + 2
    assert (root / "pipe").exists()


def test_a_project_larger_than_its_share_leaves_out_its_largest_files(root: Path, tmp_path: Path) -> None:
    for name, size in (("a", 700), ("b", 500), ("c", 300)):
        (root / name).write_bytes(os.urandom(size))
    history = CheckpointHistory(root, tmp_path / "kept", CheckpointLimits(1000, 2**20, 100))
    _, snapshot = history.make("start")
    assert set(snapshot.left_out) == {"a"}


def test_an_undo_never_follows_a_link_out_of_the_project(
    history: CheckpointHistory, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "app.py").write_text("somebody else's")
    history.make("start")
    shutil.rmtree(root / "src")
    (root / "src").symlink_to(outside)
    history.undo()
    assert (outside / "app.py").read_text() == "somebody else's"
    assert (root / "src" / "app.py").read_bytes() == b"print(1)\r\n"
    assert not (root / "src").is_symlink()


def test_a_folder_that_is_gone_comes_back(history: CheckpointHistory, root: Path) -> None:
    before = state(root)
    history.make("start")
    shutil.rmtree(root)
    history.undo()
    assert state(root) == before


def test_unchanged_files_are_not_read_again(
    history: CheckpointHistory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = 1_600_000_000
    for path in (root / "README.md", root / "src" / "app.py"):
        os.utime(path, (long_ago, long_ago))
    monkeypatch.setattr("vibe_jupyter.core.projects.checkpoints.snapshot._FRESH_NS", 0)
    history.make("start")
    read: list[str] = []
    add = module.GitRepository.add_files
    monkeypatch.setattr(
        module.GitRepository,
        "add_files",
        lambda self, root, paths: read.extend(paths) or add(self, root, paths),
    )
    (root / "new.txt").write_text("new")
    history.make("more")
    assert read == ["new.txt"]


def test_a_change_of_the_same_size_a_moment_later_is_seen(history: CheckpointHistory, root: Path) -> None:
    for number in range(20):
        (root / "README.md").write_text(f"{number:04}")
        stored, _ = history.make("again")
        (content,) = history._repository.contents(
            [history._repository.read_tree(stored.tree)["README.md"].blob]
        )
        assert content == f"{number:04}".encode()


def test_before_a_change_nothing_new_is_kept_where_nothing_has_changed(history: CheckpointHistory) -> None:
    first, _ = history.make("start")
    again, _ = history.make("before a change", "before")
    assert again.id == first.id
    assert len(history.all()) == 1


def test_the_oldest_make_room_those_of_the_platform_first(root: Path, tmp_path: Path) -> None:
    history = CheckpointHistory(root, tmp_path / "kept", CheckpointLimits(2**30, 2**20, 4))
    for number in range(8):
        (root / "README.md").write_text(str(number))
        history.make(f"{number}", "person" if number < 3 else "before")
    assert [one.message for one in history.all()] == ["7", "6", "2", "1"]


def test_the_disk_they_take_is_bounded(root: Path, tmp_path: Path) -> None:
    limit = 3 * 2**20
    history = CheckpointHistory(root, tmp_path / "kept", CheckpointLimits(limit, 2**20, 100))
    source = random.Random(5)
    for number in range(12):
        (root / "noise.bin").write_bytes(source.randbytes(900_000))
        history.make(str(number))
    assert history._repository.size_bytes <= limit
    kept = [one.message for one in history.all()]
    assert kept[0] == "11"
    assert 2 <= len(kept) < 12
    history.undo(kept[-1])


def test_differences_are_told_by_file_and_as_a_patch(history: CheckpointHistory, root: Path) -> None:
    history.make("start")
    (root / "README.md").write_text("# Shop\nmore\n")
    (root / "src" / "app.py").unlink()
    (root / "image.png").write_bytes(b"\x89PNG\0\0")
    old, new, counts, patch = history.compare("start", None)
    assert (old.message, new) == ("start", None)
    assert counts == [
        ("README.md", "M", 1, 0),
        ("image.png", "A", -1, -1),
        ("src/app.py", "D", 0, 1),
    ]
    assert b"+more" in patch
    history.make("end")
    assert history.compare("start", "end", ["src"])[2] == [("src/app.py", "D", 0, 1)]


def test_a_checkpoint_is_found_by_id_its_end_or_its_message(history: CheckpointHistory) -> None:
    first, _ = history.make("start")
    second, _ = history.make("twice")
    third, _ = history.make("twice")
    assert history.find(first.id) == first
    assert history.find(second.id[-8:]) == second
    assert history.find("start") == first
    with pytest.raises(Conflict, match="2 checkpoints are meant"):
        history.find("twice")
    with pytest.raises(NotFound, match="no checkpoint 'three'"):
        history.find("three")
    assert history.all()[0] == third


def test_a_project_without_checkpoints_says_how_to_make_one(history: CheckpointHistory) -> None:
    assert history.all() == []
    with pytest.raises(NotFound, match="no checkpoint yet"):
        history.undo()


def test_a_second_process_waits_and_then_says_that_it_is_busy(
    history: CheckpointHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.make("start")
    lock = Lock(tmp_path / "kept" / "writer.lock")
    assert lock.try_take()
    monkeypatch.setattr(module, "_WAIT_S", 0.05)
    with pytest.raises(Conflict, match="another checkpoint"):
        history.make("second")
    lock.close()
    history.make("third")


def test_without_git_it_says_what_to_install(
    history: CheckpointHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Unavailable, match="git command") as caught:
        history.make("start")
    assert caught.value.code == "git.missing"


@pytest.mark.parametrize("seed", range(12))
def test_any_sequence_of_changes_can_be_undone_to_any_checkpoint(
    seed: int, root: Path, tmp_path: Path
) -> None:
    """Random edits, moves, kinds and modes: each checkpoint is what was there, whatever came between."""
    source = random.Random(seed)
    history = CheckpointHistory(root, tmp_path / "kept", LIMITS)
    names = ["a", "b", "c", "a/x", "a/y", "b/x/deep", "c/link", "Ω", "with space", ".hidden"]
    known: list[tuple[str, dict[str, tuple[str, bytes]]]] = []
    for _ in range(25):
        path = root / source.choice(names)
        match source.randrange(6):
            case 0 | 1:
                _clear_way(root, path)
                path.write_bytes(source.randbytes(source.randrange(40)))
            case 2:
                _clear_way(root, path)
                path.symlink_to(source.choice(["a", "/etc/passwd", "..", "gone"]))
            case 3:
                if os.path.realpath(path.parent) == str(path.parent) and path.parent.is_dir():
                    _remove(path)
            case 4:
                if path.is_file() and os.path.realpath(path) == str(path):
                    path.chmod(source.choice([0o644, 0o755]))
            case 5:
                if known and source.random() < 0.5:
                    word, expected = source.choice(known)
                    history.undo(word)
                    assert state(root) == expected
                stored, _ = history.make("kept")
                known.append((stored.id, state(root)))
    for word, expected in source.sample(known, min(4, len(known))):
        history.undo(word)
        assert state(root) == expected


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _clear_way(root: Path, path: Path) -> None:
    for above in reversed(path.parents):
        if above != root and root in above.parents and (above.is_symlink() or above.is_file()):
            above.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove(path)
