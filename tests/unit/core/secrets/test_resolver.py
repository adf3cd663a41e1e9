"""Which value a name stands for, and where it was found."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from tests.unit.core.secrets.conftest import ADAS_PROJECT
from vibe_jupyter.core.errors import CredentialMissing, InvalidInput, VibeError
from vibe_jupyter.core.masking import masked
from vibe_jupyter.core.secrets import ambient as ambient_module
from vibe_jupyter.core.secrets.ambient import Ambient
from vibe_jupyter.core.secrets.resolver import SecretResolver
from vibe_jupyter.core.secrets.schemas import SecretValue

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.secrets.service import SecretService

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def nobody_is_logged_in_at_hugging_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "hf-token"
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(file))
    for variables in ambient_module.VARIABLES.values():
        for variable in variables:
            monkeypatch.delenv(variable, raising=False)
    return file


def resolver(secrets: SecretService, *, multi_user: bool = False, **tokens: str) -> SecretResolver:
    return SecretResolver(secrets, Ambient(tokens, multi_user=multi_user))


async def store(
    secrets: SecretService, value: str, project_id: str | None = None, name: str = "HF_TOKEN"
) -> None:
    await secrets.set("ada", name, SecretValue(value=SecretStr(value), project_id=project_id))


async def test_the_project_goes_before_the_user_before_the_environment_before_the_hubs_own(
    secrets: SecretService, nobody_is_logged_in_at_hugging_face: Path
) -> None:
    found = resolver(secrets)
    expected: list[tuple[str, str]] = []

    async def now_it_is(value: str, source: str, project_id: str | None = None) -> None:
        one = await found.find("ada", "HF_TOKEN", project_id=project_id)
        assert one is not None
        assert (one.value.get_secret_value(), one.source) == (value, source)
        expected.append((value, source))

    assert await found.find("ada", "HF_TOKEN") is None
    nobody_is_logged_in_at_hugging_face.write_text("of the hub\n")  # noqa: ASYNC240 - a small file
    await now_it_is("of the hub", "huggingface_hub")
    found = resolver(secrets, HF_TOKEN="of the environment")
    await now_it_is("of the environment", "environment")
    await store(secrets, "of the user")
    await now_it_is("of the user", "user", ADAS_PROJECT)
    await store(secrets, "of the project", ADAS_PROJECT)
    await now_it_is("of the project", "project", ADAS_PROJECT)
    await now_it_is("of the user", "user")
    assert await found.sources("ada", ["HF_TOKEN", "GITHUB_TOKEN"], project_id=ADAS_PROJECT) == {
        "HF_TOKEN": "project",
        "GITHUB_TOKEN": None,
    }


async def test_other_programs_names_of_a_variable_count_and_are_looked_at_once(
    secrets: SecretService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "of gh")
    found = SecretResolver(secrets, Ambient(multi_user=False))
    monkeypatch.delenv("GH_TOKEN")
    value = await found.value("ada", "GITHUB_TOKEN")
    assert value is not None
    assert value.get_secret_value() == "of gh"


async def test_of_several_users_none_has_what_the_machine_has(
    secrets: SecretService, nobody_is_logged_in_at_hugging_face: Path
) -> None:
    nobody_is_logged_in_at_hugging_face.write_text("of the hub")  # noqa: ASYNC240 - a small file
    ambient = Ambient({"HF_TOKEN": "of the environment"}, multi_user=True)
    assert ambient.tokens == {}
    assert await SecretResolver(secrets, ambient).find("ada", "HF_TOKEN") is None


async def test_a_missing_one_says_what_it_is_for_and_the_command_that_asks_for_it(
    secrets: SecretService,
) -> None:
    with pytest.raises(CredentialMissing) as caught:
        await resolver(secrets).require("ada", "GITHUB_TOKEN", why="pushing to GitHub")
    assert (caught.value.status, caught.value.code) == (424, "secrets.missing")
    assert caught.value.message.startswith("pushing to GitHub needs the secret GITHUB_TOKEN")
    assert "%vibe secrets set GITHUB_TOKEN asks for it" in str(caught.value.hint)
    with pytest.raises(CredentialMissing, match=f"--project-id {ADAS_PROJECT}"):
        await resolver(secrets).require("ada", "KEY", project_id=ADAS_PROJECT, why="it")


async def test_a_stored_one_that_does_not_open_is_told_and_nothing_takes_its_place(
    secrets: SecretService, tmp_path: Path
) -> None:
    await store(secrets, "of the user")
    (tmp_path / "secret.key").unlink()
    with pytest.raises(VibeError) as caught:
        await resolver(secrets, HF_TOKEN="of the environment").value("ada", "HF_TOKEN")
    assert caught.value.code == "secrets.wrong_key"


async def test_a_name_that_nothing_can_have_is_refused(secrets: SecretService) -> None:
    with pytest.raises(InvalidInput):
        await resolver(secrets).value("ada", "mcp/git/env/A")


async def test_what_was_found_is_masked_from_then_on_for_its_user(secrets: SecretService) -> None:
    assert masked("x of-the-environment", "ada") == "x of-the-environment"
    found = await resolver(secrets, HF_TOKEN="of-the-environment").find("ada", "HF_TOKEN")
    assert "of-the-environment" not in repr(found)
    assert masked("x of-the-environment", "ada") == "x ***"
    assert masked("x of-the-environment") == "x ***"
    assert masked("x of-the-environment", "bob") == "x of-the-environment"


class Keyring(ModuleType):
    """What the package `keyring` offers, which need not be installed."""

    class KeyringError(Exception):
        pass

    class NoKeyringError(KeyringError):
        pass

    def __init__(self, answer: str | type[Exception] | None) -> None:
        super().__init__("keyring")
        self.answer, self.errors = answer, self
        self.__spec__: Any = object()

    def get_password(self, service: str, name: str) -> str | None:
        if isinstance(self.answer, type):
            raise self.answer
        return f"{self.answer} of {service} {name}" if self.answer else None


@pytest.mark.parametrize("answer", ["the token", None, Keyring.NoKeyringError, Keyring.KeyringError])
async def test_a_keyring_is_asked_last_if_there_is_one(
    secrets: SecretService, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    keyring = Keyring(answer)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", keyring)
    found = await resolver(secrets).find("ada", "GITHUB_TOKEN")
    if answer != "the token":
        assert found is None
        return
    assert found is not None
    assert (found.value.get_secret_value(), found.source) == (
        "the token of vibe_jupyter GITHUB_TOKEN",
        "keyring",
    )
