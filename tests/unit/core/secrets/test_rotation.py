"""A change of keys: all or nothing is lost, whoever reads and writes meanwhile, and wherever it is ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.secrets.keys import KeyRing, new_key
from vibe_jupyter.core.secrets.rotation import rotate
from vibe_jupyter.core.secrets.service import SecretService
from vibe_jupyter.core.secrets.store import SecretStore
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = {("ada", "user/A"): "first value", ("ada", "mcp/git/env/B"): "", ("bob", "user/A"): "another value"}

pytestmark = pytest.mark.asyncio


@pytest.fixture
def elsewhere(users: Database) -> Iterator[Database]:
    """The database as another process has it open."""
    opened = Database(users.url)
    opened.open()
    yield opened
    opened.close()


async def store_all(secrets: SecretService) -> None:
    for (user, name), value in VALUES.items():
        await secrets.put(user, name, value)


async def read_all(secrets: SecretService) -> dict[tuple[str, str], str]:
    return {(user, name): await secrets.get(user, name) for user, name in VALUES}


async def test_every_row_of_every_user_gets_the_new_key_and_the_old_one_is_gone(
    secrets: SecretService, users: Database, elsewhere: Database, settings: Settings
) -> None:
    await store_all(secrets)
    ring = KeyRing(settings)
    old = ring.keys_in_file()
    done = await asyncio.to_thread(rotate, settings, elsewhere)
    assert (done.renewed, done.unreadable, done.dropped, done.next_step) == (3, [], 1, None)
    assert len(ring.keys_in_file()) == 1
    assert ring.keys_in_file() != old
    assert await read_all(SecretService(users, settings)) == VALUES
    new = ring.keys_in_file()
    ring.write(old)
    with pytest.raises(VibeError) as caught:
        await SecretService(users, settings).get("ada", "user/A")
    assert caught.value.code == "secrets.wrong_key"
    ring.write(new)


async def test_who_runs_already_takes_the_new_key_without_being_told(
    secrets: SecretService, users: Database, elsewhere: Database, settings: Settings
) -> None:
    await store_all(secrets)
    for value in ("once", "twice"):
        await asyncio.to_thread(rotate, settings, elsewhere)
        assert await read_all(secrets) == VALUES
        await secrets.put("ada", "user/NEW", value)
        assert await SecretService(users, settings).get("ada", "user/NEW") == value


async def test_what_is_written_meanwhile_is_never_lost(
    secrets: SecretService, users: Database, elsewhere: Database, settings: Settings
) -> None:
    await store_all(secrets)
    is_over = asyncio.Event()
    written: dict[str, str] = {}

    async def write() -> None:
        number = 0
        while not is_over.is_set():
            name = f"user/W{number % 5}"
            await secrets.put("ada", name, f"value {number}")
            written[name] = f"value {number}"
            assert await secrets.get("ada", "user/A") == "first value"
            number += 1

    writing = asyncio.create_task(write())
    while len(written) < 5:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.to_thread(rotate, settings, elsewhere)
    is_over.set()
    await writing
    assert await SecretService(users, settings).values("ada", list(written)) == written
    assert await read_all(SecretService(users, settings)) == VALUES


async def test_one_that_was_ended_half_way_goes_on_with_the_key_that_it_had_made(
    secrets: SecretService,
    users: Database,
    elsewhere: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await store_all(secrets)

    def ended(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SecretStore, "renew", ended)
        with pytest.raises(KeyboardInterrupt):
            rotate(settings, elsewhere)
    ring = KeyRing(settings)
    begun = ring.keys_in_file()
    assert len(begun) == 2
    assert await read_all(secrets) == VALUES
    await secrets.put("bob", "user/NEW", "with the new key")
    done = await asyncio.to_thread(rotate, settings, elsewhere)
    assert (done.renewed, done.dropped) == (4, 1)
    assert ring.keys_in_file() == begun[:1]
    assert await read_all(SecretService(users, settings)) == VALUES
    assert await secrets.get("bob", "user/NEW") == "with the new key"


async def test_the_first_pass_phrase_takes_over_from_others_and_from_the_file(
    secrets: SecretService, users: Database, elsewhere: Database, settings: Settings
) -> None:
    await store_all(secrets)
    both = Settings(data_dir=settings.data_dir, secret_keys="new old")
    done = await asyncio.to_thread(rotate, both, elsewhere)
    assert (done.renewed, done.key, done.dropped) == (3, "VIBE_SECRET_KEYS", 0)
    assert done.next_step is not None
    KeyRing(settings).path.unlink()
    alone = Settings(data_dir=settings.data_dir, secret_keys="new")
    assert await read_all(SecretService(users, alone)) == VALUES


async def test_what_no_key_opens_is_named_and_stays_as_it_is(
    secrets: SecretService, users: Database, elsewhere: Database, settings: Settings
) -> None:
    await secrets.put("ada", "user/LOST", "lost")
    ring = KeyRing(settings)
    lost = ring.keys_in_file()
    ring.write([new_key()])
    await secrets.put("ada", "user/KEPT", "kept")
    done = await asyncio.to_thread(rotate, settings, elsewhere)
    assert (done.renewed, done.unreadable) == (1, ["ada: user/LOST"])
    assert await secrets.get("ada", "user/KEPT") == "kept"
    ring.write([*ring.keys_in_file(), *lost])
    assert await secrets.get("ada", "user/LOST") == "lost", "once its key is back"
