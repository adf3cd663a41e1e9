"""The doctor looks at the keys of secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vibe_jupyter.core.doctor.secrets import check_secret_keys
from vibe_jupyter.core.secrets.keys import KeyRing, new_key
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    made = KeyRing(Settings(data_dir=tmp_path))
    made.current()
    return made


def test_none_yet_is_fine(tmp_path: Path) -> None:
    assert check_secret_keys(Settings(data_dir=tmp_path)).status == "ok"
    found = check_secret_keys(Settings(data_dir=tmp_path, secret_keys="a b"))
    assert (found.status, found.message) == ("ok", "key: VIBE_SECRET_KEYS")
    assert list(tmp_path.iterdir()) == [], "a look makes nothing"


def test_a_private_file_is_fine(ring: KeyRing, tmp_path: Path) -> None:
    assert check_secret_keys(Settings(data_dir=tmp_path)).status == "ok"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_one_that_others_can_read_is_told_with_the_command(ring: KeyRing, tmp_path: Path, mode: int) -> None:
    ring.path.chmod(mode)
    found = check_secret_keys(Settings(data_dir=tmp_path))
    assert found.status == "warning"
    assert found.fix is not None
    assert found.fix.startswith("chmod 600")


def test_one_that_holds_no_key_is_a_problem(ring: KeyRing, tmp_path: Path) -> None:
    ring.path.write_text("no key")
    found = check_secret_keys(Settings(data_dir=tmp_path))
    assert found.status == "problem"
    assert "bring back" in str(found.fix)


def test_a_change_of_keys_that_did_not_end_is_told(ring: KeyRing, tmp_path: Path) -> None:
    by_phrase = check_secret_keys(Settings(data_dir=tmp_path, secret_keys="a"))
    ring.write([new_key(), *ring.keys_in_file()])
    for found in (by_phrase, check_secret_keys(Settings(data_dir=tmp_path))):
        assert (found.status, found.fix) == ("warning", "jupyter vibe secrets rotate")
