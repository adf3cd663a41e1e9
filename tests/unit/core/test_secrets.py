"""Secrets: whoever has the database alone has none of them."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.errors import NotFound, VibeError
from vibe_jupyter.core.secrets import SecretStore, _key_in
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.database.database import Database

VALUE = "hunter2 \u2013 gänzlich geheim"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def users(database: Database) -> Database:
    for user in ("ada", "bob"):
        AccountStore(database).ensure(user, user)
    return database


@pytest.fixture
def secrets(users: Database, settings: Settings) -> SecretStore:
    return SecretStore(users, settings)


@pytest.mark.asyncio
class TestValues:
    async def test_a_value_comes_back_as_it_was(self, secrets: SecretStore) -> None:
        for value in (VALUE, "", "x" * 100_000):
            await secrets.put("ada", "mcp/git/env/TOKEN", value)
            assert await secrets.get("ada", "mcp/git/env/TOKEN") == value

    async def test_nobody_has_the_secrets_of_another_user(self, secrets: SecretStore) -> None:
        await secrets.put("ada", "token", VALUE)
        with pytest.raises(NotFound) as caught:
            await secrets.get("bob", "token")
        assert caught.value.code == "secrets.not_found"

    async def test_all_with_one_beginning_are_deleted_together(self, secrets: SecretStore) -> None:
        for name in ("mcp/git/a", "mcp/git/b", "mcp/git-2/a", "mcp/git"):
            await secrets.put("ada", name, VALUE)
        await secrets.put("bob", "mcp/git/a", VALUE)
        await secrets.delete("ada", "mcp/git/")
        assert set(await secrets.values("ada", ["mcp/git-2/a", "mcp/git"])) == {"mcp/git-2/a", "mcp/git"}
        assert await secrets.get("bob", "mcp/git/a") == VALUE
        with pytest.raises(NotFound):
            await secrets.values("ada", ["mcp/git", "mcp/git/a"])

    async def test_storing_one_keeps_those_whose_names_begin_with_it(self, secrets: SecretStore) -> None:
        await secrets.put("ada", "token+", VALUE)
        await secrets.put("ada", "token", "other")
        assert await secrets.get("ada", "token+") == VALUE

    async def test_no_repr_shows_a_value_or_what_it_is_encrypted_to(self, secrets: SecretStore) -> None:
        sealed = (await secrets.box()).seal("p/", {"p/a": VALUE})
        assert VALUE not in repr((secrets, sealed, await secrets.box()))
        assert sealed.new["p/a"] not in repr(sealed)


@pytest.mark.asyncio
async def test_no_file_of_the_database_holds_the_value(tmp_path: Path) -> None:
    from vibe_jupyter.core.database.database import Database

    database = Database(f"sqlite:///{tmp_path}/vibe.db")
    database.open()
    AccountStore(database).ensure("ada", "ada")
    await SecretStore(database, Settings(data_dir=tmp_path)).put("ada", "visible-name", VALUE)
    files = contents(tmp_path)
    database.close()
    assert any(b"visible-name" in held for held in files.values()), "the secret is in one of them"
    assert not any(VALUE.encode() in held for held in files.values())


@pytest.mark.asyncio
class TestKey:
    async def test_it_is_made_once_and_only_its_owner_can_read_it(
        self, secrets: SecretStore, users: Database, settings: Settings, tmp_path: Path
    ) -> None:
        await secrets.put("ada", "token", VALUE)
        assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
        assert [name for name in contents(tmp_path) if "secret" in name] == ["secret.key"]
        assert await SecretStore(users, settings).get("ada", "token") == VALUE

    async def test_of_many_who_come_at_once_one_makes_it(self, tmp_path: Path) -> None:
        keys = await asyncio.gather(*(asyncio.to_thread(_key_in, tmp_path / "secret.key") for _ in range(16)))
        assert len(set(keys)) == 1

    async def test_a_file_system_without_links_does_as_well(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_links(*_: object) -> None:
            raise PermissionError("Operation not permitted")

        monkeypatch.setattr("vibe_jupyter.core.secrets.os.link", no_links)
        key = _key_in(tmp_path / "secret.key")
        assert key
        assert key == _key_in(tmp_path / "secret.key")
        assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600

    async def test_a_passphrase_takes_its_place(self, users: Database, tmp_path: Path) -> None:
        mine = Settings(data_dir=tmp_path, secret_key="correct horse")
        await SecretStore(users, mine).put("ada", "token", VALUE)
        assert await SecretStore(users, mine).get("ada", "token") == VALUE
        assert not (tmp_path / "secret.key").exists()

    @pytest.mark.parametrize("lost", ["replaced", "other passphrase"])
    async def test_a_lost_one_is_told(
        self, secrets: SecretStore, users: Database, settings: Settings, tmp_path: Path, lost: str
    ) -> None:
        await secrets.put("ada", "token", VALUE)
        (tmp_path / "secret.key").unlink()
        later = settings if lost == "replaced" else Settings(data_dir=tmp_path, secret_key="x")
        with pytest.raises(VibeError) as caught:
            await SecretStore(users, later).get("ada", "token")
        assert caught.value.code == "secrets.wrong_key"
        assert "VIBE_SECRET_KEY" in str(caught.value)
        assert VALUE not in str(caught.value)

    @pytest.mark.parametrize("content", ["", "no key", "\x00"])
    async def test_a_file_that_holds_none_is_told_and_left_alone(
        self, secrets: SecretStore, tmp_path: Path, content: str
    ) -> None:
        (tmp_path / "secret.key").write_text(content)
        with pytest.raises(VibeError) as caught:
            await secrets.put("ada", "token", VALUE)
        assert caught.value.code == "secrets.wrong_key"
        assert (tmp_path / "secret.key").read_text() == content

    async def test_a_folder_that_cannot_hold_it_is_told(self, users: Database, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(VibeError) as caught:
            await SecretStore(users, Settings(data_dir=tmp_path / "file")).put("ada", "token", VALUE)
        assert caught.value.code == "secrets.no_key"


def test_of_several_processes_one_makes_the_key(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from vibe_jupyter.core.secrets import _key_in; sys.stdin.readline();"
        "print(_key_in(pathlib.Path(sys.argv[1])).decode())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "secret.key")],
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
