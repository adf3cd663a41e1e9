"""Secrets of all users by name: those that people give, and those of the configurations of MCP servers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vibe_jupyter.core import masking
from vibe_jupyter.core.errors import InvalidInput, NotFound, TooLarge, VibeError, nearest
from vibe_jupyter.core.secrets.keys import KeyRing
from vibe_jupyter.core.secrets.schemas import MAX_VALUE_BYTES, SecretInfo, SecretList, check_name
from vibe_jupyter.core.secrets.sealing import SecretBox
from vibe_jupyter.core.secrets.store import SecretStore

if TYPE_CHECKING:
    from collections.abc import Collection

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.secrets.schemas import SecretValue
    from vibe_jupyter.core.settings import Settings

__all__ = ["SecretService"]

_OF_USER = "user/"


class SecretService:
    """Secrets of all users. Values are never logged and stand in no `repr`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._store = SecretStore(database)
        self._box = SecretBox(KeyRing(settings))

    async def box(self) -> SecretBox:
        """Return what encrypts, once there is a key: it is found or made on a thread.

        Raises:
            VibeError: `secrets.wrong_key`, `secrets.no_key`.
        """
        await asyncio.to_thread(self._box.keys.current)
        return self._box

    async def list(self, user_id: str, project_id: str | None = None) -> SecretList:
        """Return which secrets a user has, or has for one project and for all their work.

        Raises:
            NotFound: `project.not_found`.
        """
        prefixes = (
            {_OF_USER: None} if project_id is None else {_of_project(project_id): project_id, _OF_USER: None}
        )
        if project_id is not None:
            await self._store.require_project(user_id, project_id)
        stored = await self._store.names(user_id)
        return SecretList(
            secrets=[
                _info(name.removeprefix(prefix), project, at)
                for prefix, project in prefixes.items()
                for name, at in stored
                if name.startswith(prefix)
            ]
        )

    async def set(self, user_id: str, name: str, given: SecretValue) -> SecretInfo:
        """Store a value, in the place of one that was there.

        Raises:
            InvalidInput: `secrets.bad_name`, `secrets.bad_value`.
            TooLarge: `secrets.too_large`.
            NotFound: `project.not_found`.
            VibeError: `secrets.wrong_key`, `secrets.no_key`.
        """
        check_name(name)
        value = given.value.get_secret_value()
        _check_value(value)
        masking.hold(user_id, value)
        at = await self._put(user_id, _stored_name(name, given.project_id), value, given.project_id)
        return _info(name, given.project_id, at)

    async def remove(self, user_id: str, name: str, project_id: str | None = None) -> SecretInfo:
        """Delete a secret, and return what it was.

        Raises:
            InvalidInput: `secrets.bad_name`.
            NotFound: `secrets.not_found`, with the nearest names; `project.not_found`.
        """
        check_name(name)
        known = {
            one.name: one
            for one in (await self.list(user_id, project_id)).secrets
            if one.project_id == project_id
        }
        if name not in known or not await self._store.delete(user_id, _stored_name(name, project_id)):
            near = nearest(name, known)
            where = "this project has" if project_id is not None else "you have"
            raise NotFound(
                f"there is no secret {name}",
                code="secrets.not_found",
                hint=f"did you mean {' or '.join(near)}?"
                if near
                else f"{where} {', '.join(known) or 'none'}: %vibe secrets list",
            )
        return known[name]

    async def forget_project(self, user_id: str, project_id: str) -> None:
        """Delete all secrets of a project."""
        await self._store.delete_all(user_id, _of_project(project_id))

    async def stored(
        self, user_id: str, name: str, project_id: str | None = None
    ) -> tuple[str, str | None] | None:
        """Return the value of a secret that a person has given, and the project that it is of; None if there is none.

        Args:
            project_id: a project whose secrets go before the user's own.

        Raises:
            VibeError: `secrets.wrong_key`, `secrets.tampered`, `secrets.no_key`.
        """
        places = {_stored_name(name, project): project for project in dict.fromkeys([project_id, None])}
        for place, value in (await self._found(user_id, list(places))).items():
            if value is not None:
                return value, places[place]
        return None

    async def put(self, user_id: str, name: str, value: str) -> None:
        """Store a value under any name, in the place of one that was there."""
        await self._put(user_id, name, value)

    async def get(self, user_id: str, name: str) -> str:
        """Return a value.

        Raises:
            NotFound: `secrets.not_found`.
            VibeError: `secrets.wrong_key`, `secrets.tampered`, `secrets.no_key`.
        """
        return (await self.values(user_id, [name]))[name]

    async def values(self, user_id: str, names: Collection[str]) -> dict[str, str]:
        """Return several values by name.

        Raises:
            NotFound: `secrets.not_found`.
            VibeError: `secrets.wrong_key`, `secrets.tampered`, `secrets.no_key`.
        """
        found = await self._found(user_id, names)
        values = {name: value for name, value in found.items() if value is not None}
        for name in found:
            if name not in values:
                raise NotFound(
                    f"there is no secret {name}", code="secrets.not_found", hint="give its value again"
                )
        return values

    async def delete(self, user_id: str, prefix: str) -> None:
        """Delete all whose names begin so."""
        await self._store.delete_all(user_id, prefix)

    async def _put(self, user_id: str, name: str, value: str, project_id: str | None = None) -> str:
        box = await self.box()
        return await self._store.put(
            user_id, name, lambda: box.seal(user_id, name, value), project_id=project_id
        )

    async def _found(self, user_id: str, names: Collection[str]) -> dict[str, str | None]:
        """Return values in clear by name; None where nothing is stored."""
        if not names:
            return {}
        stored = await self._store.ciphertexts(user_id, names)
        if not any(stored.values()):
            return stored
        box = await self.box()
        try:
            return _opened(box, user_id, stored)
        except VibeError as error:
            if error.code != "secrets.wrong_key":
                raise
        # The keys may have been changed after the rows were read: these are read once more.
        return _opened(box, user_id, await self._store.ciphertexts(user_id, names))


def _opened(box: SecretBox, user_id: str, stored: dict[str, str | None]) -> dict[str, str | None]:
    return {
        name: None if ciphertext is None else box.open(user_id, name, ciphertext)
        for name, ciphertext in stored.items()
    }


def _of_project(project_id: str) -> str:
    return f"project/{project_id}/"


def _stored_name(name: str, project_id: str | None) -> str:
    return f"{_OF_USER if project_id is None else _of_project(project_id)}{name}"


def _info(name: str, project_id: str | None, at: str) -> SecretInfo:
    return SecretInfo(
        name=name, scope="user" if project_id is None else "project", project_id=project_id, created_at=at
    )


def _check_value(value: str) -> None:
    """Refuse what cannot be a secret, without repeating it."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidInput(
            "the value is no text: it has a lone surrogate",
            code="secrets.bad_value",
            errors=[{"loc": ["value"], "msg": "no text"}],
        ) from None
    if not value.strip():
        raise InvalidInput(
            "the value is empty",
            code="secrets.bad_value",
            hint="%vibe secrets remove NAME deletes one",
            errors=[{"loc": ["value"], "msg": "must not be empty"}],
        )
    if size > MAX_VALUE_BYTES:
        raise TooLarge(
            f"a secret has at most {MAX_VALUE_BYTES // 1024} KiB",
            code="secrets.too_large",
            hint="keep the file elsewhere, and its key here",
            errors=[{"loc": ["value"], "msg": "too long"}],
        )
