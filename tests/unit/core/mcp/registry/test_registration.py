"""Registering: who may, what is kept and shown, and what a session gets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.core.mcp.registry.conftest import ADA, ADA_BY_TOKEN, BOB
from vibe_jupyter.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from vibe_jupyter.core.mcp.errors import ConfigError, SpawnFailed, UnknownServer, UnresolvedVariable
from vibe_jupyter.core.mcp.shown import described

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.core.mcp.registry.conftest import MakeRegistry, Registry

pytestmark = pytest.mark.asyncio
CLEAR = "clear-value-nobody-may-see"
STDIO = {"command": "mcp-git", "args": ["--repository", "."]}
HTTP = {"url": "https://mcp.example.com/mcp"}


def database_files(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.glob("vibe.db*")]


class TestNames:
    async def test_the_id_is_the_slug_and_unique_for_a_user(self, registry: Registry) -> None:
        assert (await registry.add(name="My Git!", **STDIO)).slug == "my-git"
        with pytest.raises(Conflict) as caught:
            await registry.add(name="my git", **HTTP)
        assert caught.value.code == "mcp.name_taken"
        assert (await registry.add(BOB, name="my-git", **STDIO)).slug == "my-git"

    async def test_a_refused_second_one_leaves_the_first_ones_secrets(self, registry: Registry) -> None:
        await registry.add(**STDIO, env={"TOKEN": CLEAR})
        with pytest.raises(Conflict):
            await registry.add(**STDIO, env={"TOKEN": "of another"})
        assert (await registry.spec("git")).env == {"TOKEN": CLEAR}

    @pytest.mark.parametrize("word", ["list", "Health", "IMPORT", "search!"])
    async def test_words_of_the_paths_are_reserved(self, registry: Registry, word: str) -> None:
        with pytest.raises(Conflict):
            await registry.add(name=word, **STDIO)

    async def test_an_unknown_one_is_answered_with_the_nearest(self, registry: Registry) -> None:
        await registry.add(name="github", **HTTP)
        for call in (registry.registration.record("ada", "gihub"), registry.update("gihub", enabled=False),
                     registry.registration.remove(ADA, "gihub")):  # fmt: skip
            with pytest.raises(UnknownServer, match="did you mean github"):
                await call

    async def test_those_of_others_are_unknown(self, registry: Registry) -> None:
        await registry.add(**STDIO)
        for call in (registry.registration.record("bob", "git"), registry.update("git", BOB, enabled=False),
                     registry.registration.remove(BOB, "git")):  # fmt: skip
            with pytest.raises(UnknownServer):
                await call
        assert await registry.registration.records("bob") == []
        assert (await registry.registration.record("ada", "git")).enabled


class TestRights:
    @pytest.mark.parametrize(
        "change",
        [
            {"command": "evil"},
            {"args": ["--evil"]},
            {"env": {"PATH": "/evil"}},
            {"cwd": "/"},
            {"enabled": True},
        ],
    )
    async def test_what_runs_is_the_owners_to_say(self, registry: Registry, change: dict[str, Any]) -> None:
        with pytest.raises(Forbidden, match="it would run mcp-git --repository"):
            await registry.add(ADA_BY_TOKEN, **STDIO)
        await registry.add(**STDIO, enabled=False)
        with pytest.raises(Forbidden) as caught:
            await registry.update("git", ADA_BY_TOKEN, **change)
        assert caught.value.code == "auth.scope_missing"
        assert not (await registry.registration.record("ada", "git")).enabled

    async def test_the_refusal_shows_what_would_run_after_the_change(self, registry: Registry) -> None:
        await registry.add(**STDIO)
        with pytest.raises(Forbidden, match=r"it would run evil --token '\*\*\*'"):
            await registry.update("git", ADA_BY_TOKEN, command="evil", args=["--token", CLEAR])

    async def test_all_may_switch_off_rename_and_add_what_runs_elsewhere(self, registry: Registry) -> None:
        await registry.add(**STDIO)
        assert not (await registry.update("git", ADA_BY_TOKEN, enabled=False, name="Git")).enabled
        assert (await registry.add(ADA_BY_TOKEN, name="web", **HTTP)).enabled

    async def test_among_several_users_commands_are_off(self, make_registry: MakeRegistry) -> None:
        with pytest.raises(Forbidden) as caught:
            await make_registry(multi_user=True).add(**STDIO)
        assert caught.value.code == "mcp.stdio_not_allowed"
        assert "VIBE_MCP_ALLOW_STDIO" in str(caught.value)
        allowing = make_registry(multi_user=True, mcp_allow_stdio=True)
        assert (await allowing.add(**STDIO)).enabled
        with pytest.raises(Forbidden):
            await make_registry(mcp_allow_stdio=False).add(name="other", **STDIO)

    async def test_the_servers_environment_is_the_owners(
        self, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else a header could carry it away."""
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CLEAR)
        steal = {"X": "${AWS_SECRET_ACCESS_KEY}"}
        for who_url in (
            {**HTTP, "headers": steal},
            {"url": "https://evil.example/${env:AWS_SECRET_ACCESS_KEY}"},
        ):
            with pytest.raises(Forbidden) as caught:
                await registry.add(ADA_BY_TOKEN, **who_url)
            assert caught.value.code == "auth.scope_missing"
        await registry.add(ADA_BY_TOKEN, **HTTP, headers={"X": "$${plain"})
        with pytest.raises(Forbidden):
            await registry.update("git", ADA_BY_TOKEN, headers=steal)

    async def test_a_new_url_gets_old_headers_by_the_owner_alone(self, registry: Registry) -> None:
        await registry.add(**HTTP, headers={"Authorization": CLEAR, "X-Team": "a"})
        with pytest.raises(Forbidden):
            await registry.update("git", ADA_BY_TOKEN, url="https://evil.example/")
        with pytest.raises(Forbidden):
            await registry.update("git", ADA_BY_TOKEN, url="https://evil.example/", headers={"X-Team": "b"})
        given = {"Authorization": "mine", "X-Team": None}
        await registry.update("git", ADA_BY_TOKEN, url="https://elsewhere.example/", headers=given)
        assert (await registry.spec("git")).headers == {"Authorization": "mine"}
        await registry.update("git", url="https://mcp.example.com/2")
        assert (await registry.spec("git")).headers == {"Authorization": "mine"}

    async def test_our_own_settings_are_given_to_nobody(
        self, make_registry: MakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("VIBE_SECRET_KEY", CLEAR)
        registry = make_registry()
        await registry.add(**HTTP, headers={"X": "${VIBE_SECRET_KEY}"})
        with pytest.raises(UnresolvedVariable):
            await registry.spec("git")

    @pytest.mark.parametrize(
        "place", [{"headers": {"X": "${secret:mcp/other/env/T}"}}, {"url": "https://x.test/${secret:a}"}]
    )
    async def test_no_configuration_names_a_secret_by_itself(
        self, registry: Registry, place: dict[str, Any]
    ) -> None:
        with pytest.raises(ConfigError, match="not for configurations"):
            await registry.add(**{**HTTP, **place})
        await registry.add(**HTTP)
        with pytest.raises(ConfigError, match="not for configurations"):
            await registry.update("git", **place)


class TestSecrets:
    async def test_what_is_stored_and_shown_has_none(self, registry: Registry) -> None:
        args = ["--token", CLEAR, f"--api-key={CLEAR}", "--name", "ada"]
        record = await registry.add(
            command="mcp-git", args=args, env={"A": CLEAR, "B": f"x{CLEAR}${{HOME}}", "C": "${HOME}"}
        )
        shown = described(record)
        assert shown.command == ["mcp-git", "--token", "***", "--api-key=***", "--name", "ada"]
        assert shown.env == {"A": "***", "B": "***", "C": "${HOME}"}
        assert CLEAR not in repr(record) + record.stored.config + shown.model_dump_json()

    async def test_the_session_gets_them(self, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SUFFIX", "xyz")
        args = ["--token", CLEAR, "--header", f"Authorization: Bearer {CLEAR}==", '{"apiKey": "k"}']
        await registry.add(
            command="mcp-git", args=args, env={"A": CLEAR, "B": "Bearer ${SUFFIX}", "C": "abc${SUFFIX}"}
        )
        spec = await registry.spec("git")
        assert spec.command == ("mcp-git", *args)
        assert spec.env == {"A": CLEAR, "B": "Bearer xyz", "C": "abcxyz"}
        assert CLEAR not in repr(spec)

    async def test_urls_and_headers_as_well(self, registry: Registry) -> None:
        url = f"https://ada:{CLEAR}@mcp.example.com/mcp?api_key={CLEAR}&team=a"
        record = await registry.add(url=url, headers={"Authorization": f"Bearer {CLEAR}"})
        assert described(record).url == "https://***@mcp.example.com/mcp?api_key=***&team=a"
        assert described(record).headers == {"Authorization": "***"}
        spec = await registry.spec("git")
        assert (spec.url, spec.headers) == (url, {"Authorization": f"Bearer {CLEAR}"})

    async def test_no_file_of_the_database_holds_them(
        self, registry: Registry, tmp_path: Path, database_url: str
    ) -> None:
        await registry.add(command="a", args=["--token", CLEAR], env={"A": CLEAR})
        await registry.add(name="web", url=f"https://u:{CLEAR}@x.test/?token={CLEAR}", headers={"X": CLEAR})
        await registry.update("git", env={"B": CLEAR})
        if database_url.startswith("sqlite"):
            files = database_files(tmp_path)
            assert any(b"mcp/git/env/A" in held for held in files), "it is in one of them"
            assert not any(CLEAR.encode() in held for held in files)
        stored = await registry.store.servers("ada")
        assert CLEAR not in repr(stored)

    async def test_those_that_are_used_no_more_are_deleted(self, registry: Registry) -> None:
        await registry.add(**STDIO, env={"A": "1", "B": "2", "C": "${HOME}"})
        await registry.add(name="git-2", **STDIO, env={"A": "other"})
        await registry.update("git", env={"A": None, "B": "3", "C": "***"})
        assert (await registry.spec("git")).env.keys() == {"B", "C"}
        with pytest.raises(NotFound):
            await registry.secrets.get("ada", "mcp/git/env/A")
        assert await registry.secrets.get("ada", "mcp/git/env/B") == "3"
        await registry.registration.remove(ADA, "git")
        with pytest.raises(NotFound):
            await registry.secrets.get("ada", "mcp/git/env/B")
        assert await registry.secrets.get("ada", "mcp/git-2/env/A") == "other"

    async def test_an_update_keeps_what_is_hidden(self, registry: Registry) -> None:
        await registry.add(**{**STDIO, "args": ["--token", CLEAR]}, env={"A": CLEAR})
        await registry.update("git", timeout_s=5)
        await registry.update("git", env={"A": "***", "B": "b"})
        spec = await registry.spec("git")
        assert (spec.command, spec.env) == (("mcp-git", "--token", CLEAR), {"A": CLEAR, "B": "b"})
        assert spec.limits.call_timeout_s == 5

    @pytest.mark.parametrize("change", [{"env": {"NEW": "***"}}, {"args": ["--token", "***"]}])
    async def test_what_is_shown_in_the_place_of_a_value_is_none(
        self, registry: Registry, change: dict[str, Any]
    ) -> None:
        await registry.add(**STDIO)
        with pytest.raises(ConfigError, match="not shown"):
            await registry.update("git", **change)


class TestBadInput:
    @pytest.mark.parametrize(
        ("values", "place"),
        [
            ({}, "command"),
            ({"transport": "stdio"}, "command"),
            ({"transport": "sse", "command": "x"}, "url"),
            ({"command": "x", "url": "http://x.test"}, "url"),
            ({"command": "x", "headers": {"A": "b"}}, "headers"),
            ({"url": "http://x.test", "env": {"A": "b"}}, "env"),
            ({"command": "x", "env": {"A=B": "c"}}, "env"),
            ({"command": "x", "env": {"A}": "c"}}, "env"),
            ({"command": "x", "args": ["a\x00b"]}, "args[0]"),
            ({"url": "http://x.test", "headers": {"A B": "c"}}, "headers"),
            ({"url": "http://x.test", "headers": {"A": "b\r\nX: y"}}, "headers"),
            ({"command": "x", "args": ["${A:-${B}}"]}, "args[0]"),
        ],
    )
    async def test_a_fault_is_named_by_its_place(
        self, registry: Registry, values: dict[str, Any], place: str
    ) -> None:
        with pytest.raises(ConfigError) as caught:
            await registry.add(**values)
        assert caught.value.errors is not None
        assert caught.value.errors[0]["loc"][0] == place
        assert await registry.registration.records("ada") == []

    @pytest.mark.parametrize("url", ["x.test/mcp", "ftp://x.test", "http://169.254.169.254/latest"])
    async def test_a_url_that_is_none_is_refused_at_once(self, registry: Registry, url: str) -> None:
        with pytest.raises((InvalidInput, Forbidden)):
            await registry.add(url=url)
        await registry.add(**HTTP)
        with pytest.raises((InvalidInput, Forbidden)):
            await registry.update("git", url=url)

    async def test_this_machine_is_reached_unless_there_are_several_users(
        self, make_registry: MakeRegistry
    ) -> None:
        assert (await make_registry().add(url="http://127.0.0.1:3000/mcp")).enabled
        with pytest.raises(Forbidden):
            await make_registry(multi_user=True).add(name="other", url="http://127.0.0.1:3000/mcp")

    async def test_a_variable_does_not_get_around_the_policy(
        self, make_registry: MakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        registry = make_registry(multi_user=True)
        await registry.add(url="http://${WHERE}/mcp")
        monkeypatch.setenv("WHERE", "127.0.0.1")
        with pytest.raises(Forbidden):
            await registry.spec("git")

    async def test_a_project_must_be_ones_own(self, registry: Registry) -> None:
        with pytest.raises(NotFound) as caught:
            await registry.add(**STDIO, project_id="nope")
        assert caught.value.code == "project.not_found"
        await registry.add(**STDIO)
        with pytest.raises(NotFound):
            await registry.update("git", project_id="nope")

    async def test_a_server_does_not_change_its_kind(self, registry: Registry) -> None:
        await registry.add(**STDIO)
        with pytest.raises(ConfigError, match="has none"):
            await registry.update("git", url="http://x.test")


class TestSpec:
    async def test_an_unresolved_variable_is_named_with_its_place(self, registry: Registry) -> None:
        await registry.add(**STDIO, env={"TOKEN": "${NOT_SET_ANYWHERE}"})
        with pytest.raises(UnresolvedVariable) as caught:
            await registry.spec("git")
        assert caught.value.message == "git: env.TOKEN: the variable ${NOT_SET_ANYWHERE} has no value"
        assert "set NOT_SET_ANYWHERE" in str(caught.value.hint)

    async def test_the_environment_is_that_of_now_and_of_the_start(
        self, make_registry: MakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AT_START", "old")
        registry = make_registry()
        monkeypatch.delenv("AT_START")
        monkeypatch.setenv("LATER", "new")
        await registry.add(**STDIO, env={"A": "${AT_START}", "B": "${LATER}"})
        assert (await registry.spec("git")).env == {"A": "old", "B": "new"}

    async def test_it_works_in_the_root_unless_told_otherwise(self, registry: Registry) -> None:
        (registry.root / "sub").mkdir()
        await registry.add(**STDIO)
        assert (await registry.spec("git")).cwd == str(registry.root)
        for given in ("sub", "${workspaceFolder}/sub", str(registry.root / "sub")):
            await registry.update("git", cwd=given)
            assert (await registry.spec("git")).cwd == str(registry.root / "sub")
        await registry.update("git", cwd=None)
        assert (await registry.spec("git")).cwd == str(registry.root)

    @pytest.mark.parametrize("cwd", ["gone", "~nobody-of-that-name/x"])
    async def test_a_folder_that_is_not_there_is_told(self, registry: Registry, cwd: str) -> None:
        await registry.add(**STDIO, cwd=cwd)
        with pytest.raises((SpawnFailed, ConfigError), match="git"):
            await registry.spec("git")

    async def test_a_header_with_a_line_break_from_outside_is_told(
        self, registry: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOKEN", f"{CLEAR}\n")
        await registry.add(**HTTP, headers={"Authorization": "Bearer ${TOKEN}"})
        with pytest.raises(ConfigError, match=r"headers\.Authorization") as caught:
            await registry.spec("git")
        assert CLEAR not in str(caught.value)

    async def test_another_configuration_is_another_key_for_what_is_remembered(
        self, registry: Registry
    ) -> None:
        first = await registry.add(**STDIO)
        renamed = await registry.update("git", name="Other", timeout_s=3)
        changed = await registry.update("git", args=["--other"])
        assert first.config_key == renamed.config_key != changed.config_key


class TestStore:
    async def test_changes_at_the_same_time_are_all_kept(self, registry: Registry) -> None:
        await registry.add(**STDIO)
        await asyncio.gather(*(registry.update("git", env={f"V{n}": str(n)}) for n in range(20)))
        assert (await registry.spec("git")).env == {f"V{n}": str(n) for n in range(20)}

    async def test_each_change_of_what_is_offered_is_a_new_revision(self, registry: Registry) -> None:
        seen = [await registry.store.revision("ada")]

        async def changed() -> bool:
            seen.append(await registry.store.revision("ada"))
            return seen[-1] > seen[-2]

        record = await registry.add(**STDIO)
        assert await changed()
        await registry.update("git", enabled=False)
        assert await changed()
        await registry.store.set_listing(record.stored, record.config_key, "{}")
        assert await changed()
        await registry.store.set_era(record.stored, record.config_key, "legacy")
        assert not await changed()
        await registry.registration.remove(ADA, "git")
        assert await changed()
        assert await registry.store.revision("bob") == 0

    async def test_a_listing_is_forgotten_with_its_configuration(self, registry: Registry) -> None:
        record = await registry.add(**STDIO)
        await registry.store.set_era(record.stored, "key", "modern")
        await registry.store.set_listing(record.stored, "key", "{}")
        found = (await registry.store.listings("ada"))[record.stored.id]
        assert (found.config_key, found.era, found.listing) == ("key", "modern", "{}")
        await registry.store.set_era(record.stored, "other", "legacy")
        found = (await registry.store.listings("ada"))[record.stored.id]
        assert (found.config_key, found.era, found.listing) == ("other", "legacy", None)
        assert await registry.store.listings("bob") == {}

    async def test_what_comes_too_late_does_not_hit_the_next_of_that_name(self, registry: Registry) -> None:
        from vibe_jupyter.core.mcp.registry.store import StoredApproval

        old = (await registry.add(**STDIO)).stored
        await registry.registration.remove(ADA, "git")
        await registry.add(**STDIO)
        await registry.store.set_listing(old, "key", "{}")
        await registry.store.set_era(old, "key", "modern")
        await registry.store.approve(old, StoredApproval(old.id, "t", "always", "f"))
        assert await registry.store.listings("ada") == {}
        assert await registry.store.approvals("ada") == []

    async def test_a_decision_replaces_the_one_before(self, registry: Registry) -> None:
        from vibe_jupyter.core.mcp.registry.store import StoredApproval

        stored = (await registry.add(**STDIO)).stored
        for approval in ("always", "never"):
            await registry.store.approve(stored, StoredApproval(stored.id, "log", approval, "f"))
        assert await registry.store.approvals("ada") == [StoredApproval(stored.id, "log", "never", "f")]
        assert await registry.store.approvals("bob") == []
