"""Large results are files of their user's, under handles that cannot be guessed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.payloads.files import PayloadStore


def test_what_is_kept_is_found_by_its_user_alone(tmp_path: Path) -> None:
    store = PayloadStore(tmp_path)
    handle = store.keep("ada", b"\x00\xff", "image/png")
    found = store.get("ada", handle)
    assert (found.content, found.media_type, found.filename) == (
        b"\x00\xff",
        "image/png",
        f"{handle[:8]}.png",
    )
    for user, name in (
        ("bob", handle),
        ("ada", handle[:-1]),
        ("ada", "../" + handle),
        ("ada", ""),
        ("ada", "x" * 500),
    ):
        with pytest.raises(NotFound):
            store.get(user, name)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("image/svg+xml", "image/svg+xml"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("text/html\r\nSet-Cookie: a=b", "application/octet-stream"),
        ("text/plain\n", "application/octet-stream"),
        ("text/plain; x=\x00", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("text/ünkel", "application/octet-stream"),
        ("a/" + "b" * 300, "application/octet-stream"),
    ],
)
def test_what_is_no_media_type_is_not_kept_as_one(tmp_path: Path, said: str, kept: str) -> None:
    store = PayloadStore(tmp_path)
    assert store.get("ada", store.keep("ada", b"x", said)).media_type == kept


def test_it_saves_under_its_own_name_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PayloadStore(tmp_path / "payloads")
    document = store.get("ada", store.keep("ada", b"x", "text/plain"))
    monkeypatch.chdir(tmp_path)
    assert document.save().read_bytes() == b"x"
    assert document.model_copy(update={"filename": "../../evil"}).save() == Path("evil")
    assert b"content" not in repr(document).encode()


def test_old_ones_are_deleted(tmp_path: Path) -> None:
    store = PayloadStore(tmp_path)
    handle = store.keep("ada", b"x", "text/plain")
    assert store.prune(time.time() - 60) == 0
    assert store.get("ada", handle).content == b"x"
    assert store.prune(time.time() + 1) == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
