"""The keys: made once, private, told when they are lost; several at a time, and another one while we run."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from vibe_jupyter.core.database.models import Secret, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.secrets.keys import KeyRing, new_key
from vibe_jupyter.core.secrets.service import SecretService
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.database.database import Database

VALUE = "hunter2 \u2013 gänzlich geheim"
_SECRETS = table_of(Secret)
_COPY = Statement(
    sa.insert(_SECRETS).from_select(
        ["user_id", "name", "ciphertext", "created_at"],
        sa.select(
            sa.bindparam("to_user", type_=sa.Text),
            sa.bindparam("to_name", type_=sa.Text),
            _SECRETS.c.ciphertext,
            _SECRETS.c.created_at,
        ).where(_SECRETS.c.user_id == "ada", _SECRETS.c.name == "token"),
    )
)
_PUT_AS_IT_IS = Statement(sa.insert(_SECRETS))


def secret_files(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if "secret" in file.name]


def key_in(folder: Path) -> bytes:
    ring = KeyRing(Settings(data_dir=folder))
    ring.current()
    return ring.keys_in_file()[0]


@pytest.mark.asyncio
class TestTheFile:
    async def test_it_is_made_once_and_only_its_owner_can_read_it(
        self, secrets: SecretService, users: Database, settings: Settings, tmp_path: Path
    ) -> None:
        await secrets.put("ada", "token", VALUE)
        assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
        assert secret_files(tmp_path) == ["secret.key"]
        assert await SecretService(users, settings).get("ada", "token") == VALUE

    async def test_of_many_who_come_at_once_one_makes_it(self, tmp_path: Path) -> None:
        keys = await asyncio.gather(*(asyncio.to_thread(key_in, tmp_path) for _ in range(16)))
        assert len(set(keys)) == 1

    async def test_a_file_system_without_links_does_as_well(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_links(*_: object) -> None:
            raise PermissionError("Operation not permitted")

        monkeypatch.setattr("vibe_jupyter.core.secrets.keys.os.link", no_links)
        assert key_in(tmp_path) == key_in(tmp_path)
        assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600

    async def test_of_several_keys_the_first_encrypts_and_all_decrypt(
        self, secrets: SecretService, users: Database, settings: Settings, tmp_path: Path
    ) -> None:
        await secrets.put("ada", "old", VALUE)
        file, new = tmp_path / "secret.key", new_key()
        old = file.read_bytes().strip()
        file.write_bytes(new + b"\n" + old + b"\n")
        assert await secrets.get("ada", "old") == VALUE
        await secrets.put("ada", "new", VALUE)
        file.write_bytes(new)
        assert await secrets.get("ada", "new") == VALUE
        with pytest.raises(VibeError) as caught:
            await SecretService(users, settings).get("ada", "old")
        assert caught.value.code == "secrets.wrong_key"

    @pytest.mark.parametrize("content", ["", "no key", "\x00", "# none"])
    async def test_one_that_holds_none_is_told_and_left_alone(
        self, secrets: SecretService, tmp_path: Path, content: str
    ) -> None:
        (tmp_path / "secret.key").write_text(content)
        with pytest.raises(VibeError) as caught:
            await secrets.put("ada", "token", VALUE)
        assert caught.value.code == "secrets.wrong_key"
        assert (tmp_path / "secret.key").read_text() == content

    async def test_a_folder_that_cannot_hold_it_is_told(self, users: Database, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(VibeError) as caught:
            await SecretService(users, Settings(data_dir=tmp_path / "file")).put("ada", "token", VALUE)
        assert caught.value.code == "secrets.no_key"


@pytest.mark.asyncio
class TestPassPhrases:
    async def test_one_takes_the_place_of_the_file(self, users: Database, tmp_path: Path) -> None:
        mine = Settings(data_dir=tmp_path, secret_key="correct horse")
        await SecretService(users, mine).put("ada", "token", VALUE)
        assert await SecretService(users, mine).get("ada", "token") == VALUE
        assert not (tmp_path / "secret.key").exists()

    async def test_of_several_the_first_encrypts_and_all_decrypt(
        self, users: Database, tmp_path: Path
    ) -> None:
        def with_keys(**keys: str) -> SecretService:
            return SecretService(users, Settings(data_dir=tmp_path, **keys))

        await with_keys(secret_key="correct horse").put("ada", "single", VALUE)
        await with_keys(secret_keys="one").put("ada", "one", VALUE)
        both = with_keys(secret_keys=" two\n one ", secret_key="correct horse")
        await both.put("ada", "two", VALUE)
        assert await both.values("ada", ["single", "one", "two"]) == dict.fromkeys(
            ["single", "one", "two"], VALUE
        )
        assert await with_keys(secret_keys="two").get("ada", "two") == VALUE
        with pytest.raises(VibeError):
            await with_keys(secret_keys="two").get("ada", "one")

    async def test_what_was_encrypted_with_the_file_opens_still(
        self, secrets: SecretService, users: Database, tmp_path: Path
    ) -> None:
        await secrets.put("ada", "token", VALUE)
        later = SecretService(users, Settings(data_dir=tmp_path, secret_keys="two"))
        assert await later.get("ada", "token") == VALUE

    @pytest.mark.parametrize("lost", ["replaced", "other passphrase"])
    async def test_a_lost_one_is_told(
        self, secrets: SecretService, users: Database, settings: Settings, tmp_path: Path, lost: str
    ) -> None:
        await secrets.put("ada", "token", VALUE)
        (tmp_path / "secret.key").unlink()
        later = settings if lost == "replaced" else Settings(data_dir=tmp_path, secret_key="x")
        with pytest.raises(VibeError) as caught:
            await SecretService(users, later).get("ada", "token")
        assert caught.value.code == "secrets.wrong_key"
        assert "VIBE_SECRET_KEYS" in str(caught.value)
        assert VALUE not in str(caught.value)


@pytest.mark.asyncio
class TestRows:
    @pytest.mark.parametrize(("user", "name"), [("bob", "token"), ("ada", "other")])
    async def test_one_that_was_moved_does_not_open(
        self, secrets: SecretService, users: Database, user: str, name: str
    ) -> None:
        await secrets.put("ada", "token", VALUE)
        users.write_from_thread(lambda c: c.run(_COPY, to_user=user, to_name=name))
        with pytest.raises(VibeError) as caught:
            await secrets.get(user, name)
        assert caught.value.code == "secrets.tampered"
        assert VALUE not in str(caught.value)
        assert await secrets.get("ada", "token") == VALUE

    @pytest.mark.parametrize("value", [VALUE, "", '{"user": "bob"}'])
    async def test_one_from_before_they_were_bound_opens(
        self, secrets: SecretService, users: Database, settings: Settings, value: str
    ) -> None:
        ciphertext = KeyRing(settings).current().encrypt(value.encode()).decode()
        row = {"user_id": "ada", "name": "mcp/git/env/A", "ciphertext": ciphertext, "created_at": "2026"}
        users.write_from_thread(lambda c: c.run(_PUT_AS_IT_IS, **row))
        assert await secrets.get("ada", "mcp/git/env/A") == value


def test_of_several_processes_one_makes_the_key(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from tests.unit.core.secrets.test_keys import key_in; sys.stdin.readline();"
        "print(key_in(pathlib.Path(sys.argv[1])).decode())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1
