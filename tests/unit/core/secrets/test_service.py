"""Secrets: whoever has the database alone has none of them, and nobody has another user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.unit.core.secrets.conftest import ADAS_PROJECT, BOBS_PROJECT
from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.errors import InvalidInput, NotFound, TooLarge
from vibe_jupyter.core.secrets.schemas import MAX_VALUE_BYTES, SecretValue
from vibe_jupyter.core.secrets.sealing import ConfigSecrets
from vibe_jupyter.core.secrets.service import SecretService
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

VALUE = "hunter2 \u2013 gänzlich geheim"


def given(value: str, project_id: str | None = None) -> SecretValue:
    return SecretValue(value=SecretStr(value), project_id=project_id)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.mark.asyncio
class TestValues:
    async def test_a_value_comes_back_as_it_was(self, secrets: SecretService) -> None:
        for value in (VALUE, "", "x" * 100_000):
            await secrets.put("ada", "mcp/git/env/TOKEN", value)
            assert await secrets.get("ada", "mcp/git/env/TOKEN") == value

    async def test_nobody_has_the_secrets_of_another_user(self, secrets: SecretService) -> None:
        await secrets.put("ada", "token", VALUE)
        with pytest.raises(NotFound) as caught:
            await secrets.get("bob", "token")
        assert caught.value.code == "secrets.not_found"

    async def test_all_with_one_beginning_are_deleted_together(self, secrets: SecretService) -> None:
        for name in ("mcp/git/a", "mcp/git/b", "mcp/git-2/a", "mcp/git"):
            await secrets.put("ada", name, VALUE)
        await secrets.put("bob", "mcp/git/a", VALUE)
        await secrets.delete("ada", "mcp/git/")
        assert set(await secrets.values("ada", ["mcp/git-2/a", "mcp/git"])) == {"mcp/git-2/a", "mcp/git"}
        assert await secrets.get("bob", "mcp/git/a") == VALUE
        with pytest.raises(NotFound):
            await secrets.values("ada", ["mcp/git", "mcp/git/a"])

    async def test_storing_one_keeps_those_whose_names_begin_with_it(self, secrets: SecretService) -> None:
        await secrets.put("ada", "token+", VALUE)
        await secrets.put("ada", "token", "other")
        assert await secrets.get("ada", "token+") == VALUE

    async def test_no_repr_shows_a_value(self, secrets: SecretService) -> None:
        box = await secrets.box()
        shown = repr((secrets, box, ConfigSecrets("p/", {"p/a": VALUE}, box=box), given(VALUE)))
        assert VALUE not in shown
        assert VALUE not in str(given(VALUE).model_dump())
        assert VALUE in given(VALUE).model_dump_json(), "it has to be sent somehow"


@pytest.mark.asyncio
class TestThoseThatPeopleGive:
    async def test_they_are_listed_by_name_and_without_the_value(self, secrets: SecretService) -> None:
        await secrets.put("ada", "mcp/git/env/TOKEN", VALUE)
        await secrets.set("ada", "HF_TOKEN", given(VALUE))
        told = await secrets.set("ada", "GITHUB_TOKEN", given(VALUE))
        assert (told.name, told.scope, told.project_id) == ("GITHUB_TOKEN", "user", None)
        listed = await secrets.list("ada")
        assert [one.name for one in listed.secrets] == ["GITHUB_TOKEN", "HF_TOKEN"]
        assert listed.secrets[0] == told
        assert set(told.model_dump()) == {"name", "scope", "project_id", "created_at"}

    async def test_a_projects_go_before_ones_own_in_that_project_alone(self, secrets: SecretService) -> None:
        await secrets.set("ada", "TOKEN", given("of the user"))
        await secrets.set("ada", "TOKEN", given("of the project", ADAS_PROJECT))
        assert await secrets.stored("ada", "TOKEN", ADAS_PROJECT) == ("of the project", ADAS_PROJECT)
        assert await secrets.stored("ada", "TOKEN") == ("of the user", None)
        listed = await secrets.list("ada", ADAS_PROJECT)
        assert [(one.scope, one.project_id) for one in listed.secrets] == [
            ("project", ADAS_PROJECT),
            ("user", None),
        ]
        assert [one.scope for one in (await secrets.list("ada")).secrets] == ["user"]

    @pytest.mark.parametrize("project_id", [BOBS_PROJECT, "none", "../p-ada", ""])
    async def test_a_project_that_is_not_ones_own_is_not_found(
        self, secrets: SecretService, project_id: str
    ) -> None:
        for call in (
            secrets.set("ada", "TOKEN", given(VALUE, project_id)),
            secrets.list("ada", project_id),
            secrets.remove("ada", "TOKEN", project_id),
        ):
            with pytest.raises(NotFound) as caught:
                await call
            assert caught.value.code == "project.not_found"

    async def test_removing_one_leaves_the_other_of_the_same_name(self, secrets: SecretService) -> None:
        await secrets.set("ada", "TOKEN", given("of the user"))
        await secrets.set("ada", "TOKEN", given("of the project", ADAS_PROJECT))
        assert (await secrets.remove("ada", "TOKEN", ADAS_PROJECT)).scope == "project"
        assert await secrets.stored("ada", "TOKEN", ADAS_PROJECT) == ("of the user", None)
        with pytest.raises(NotFound):
            await secrets.remove("ada", "TOKEN", ADAS_PROJECT)
        with pytest.raises(NotFound, match="TOKEN"):
            await secrets.remove("bob", "TOKEN")

    async def test_a_name_that_is_not_there_is_answered_with_the_nearest(
        self, secrets: SecretService
    ) -> None:
        await secrets.set("ada", "GITHUB_TOKEN", given(VALUE))
        with pytest.raises(NotFound, match="did you mean GITHUB_TOKEN"):
            await secrets.remove("ada", "GITHUB_TOKN")

    async def test_a_forgotten_project_takes_its_secrets_along(self, secrets: SecretService) -> None:
        await secrets.set("ada", "TOKEN", given(VALUE, ADAS_PROJECT))
        await secrets.set("ada", "TOKEN", given(VALUE))
        await secrets.forget_project("ada", ADAS_PROJECT)
        assert [one.scope for one in (await secrets.list("ada", ADAS_PROJECT)).secrets] == ["user"]

    @pytest.mark.parametrize(
        "name",
        ["token", "A-B", "1A", "A" * 101, "A B", "A=hunter2!", "mcp/git/env/TOKEN", "../A", "Ä", "A\n"],
    )
    async def test_what_is_no_name_is_refused_and_not_repeated(
        self, secrets: SecretService, name: str
    ) -> None:
        for call in (secrets.set("ada", name, given(VALUE)), secrets.remove("ada", name)):
            with pytest.raises(InvalidInput) as caught:
                await call
            assert caught.value.code == "secrets.bad_name"
            assert "hunter2!" not in str(caught.value)

    async def test_names_and_values_of_the_full_size_will_do(self, secrets: SecretService) -> None:
        value = "ä" * (MAX_VALUE_BYTES // 2)
        await secrets.set("ada", "A" * 100, given(value))
        assert await secrets.stored("ada", "A" * 100) == (value, None)

    async def test_what_is_no_value_is_refused_and_not_repeated(self, secrets: SecretService) -> None:
        for value, code in (("", "bad_value"), (" \n", "bad_value"), ("tell\ud800", "bad_value")):
            with pytest.raises(InvalidInput) as refused:
                await secrets.set("ada", "TOKEN", given(value))
            assert refused.value.code == f"secrets.{code}"
            assert "tell" not in str(refused.value)
        with pytest.raises(TooLarge) as caught:
            await secrets.set("ada", "TOKEN", given("ä" * (MAX_VALUE_BYTES // 2 + 1)))
        assert caught.value.code == "secrets.too_large"
        assert (await secrets.list("ada")).secrets == []


@pytest.mark.asyncio
async def test_no_file_of_the_database_holds_the_value(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/vibe.db")
    database.open()
    AccountStore(database).ensure("ada", "ada")
    await SecretService(database, Settings(data_dir=tmp_path)).put("ada", "visible-name", VALUE)
    files = contents(tmp_path)
    database.close()
    assert any(b"visible-name" in held for held in files.values()), "the secret is in one of them"
    assert not any(VALUE.encode() in held for held in files.values())
