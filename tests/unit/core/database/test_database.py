from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from vibe_jupyter.core.database import schema
from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.database.models import Base, User, table_of
from vibe_jupyter.core.database.statements import Connection, Statement
from vibe_jupyter.core.database.turn import Turn
from vibe_jupyter.core.errors import Conflict, InvalidInput, Unavailable, VibeError

USERS = table_of(User)
INSERT = Statement(sa.insert(USERS))
NAME = Statement(sa.select(USERS.c.name).where(USERS.c.id == sa.bindparam("id")))
COUNT = Statement(sa.select(sa.func.count()).select_from(USERS))


def add(c: Connection, id_: str, name: str | None = "Ada") -> int:
    return c.run(
        INSERT, id=id_, name=name, created_at="2026-01-01T00:00:00.000000Z", task_count=0, mcp_revision=0
    )


@pytest.mark.asyncio
class TestWrites:
    async def test_a_write_is_seen_by_the_next_read(self, database: Database) -> None:
        assert await database.write(lambda c: add(c, "u1")) == 1
        assert await database.read(lambda c: c.scalar(NAME, id="u1")) == "Ada"
        assert await database.read(lambda c: c.first(NAME, id="nobody")) is None

    async def test_callers_that_wait_together_share_commits(self, database: Database) -> None:
        before = database.commits
        await asyncio.gather(*(database.write(lambda c, n=n: add(c, f"u{n}")) for n in range(300)))
        assert await database.read(lambda c: c.scalar(COUNT)) == 300
        assert database.commits - before < 60

    async def test_a_failing_unit_fails_its_own_caller_only_and_leaves_nothing(
        self, database: Database
    ) -> None:
        def half_done(c: Connection) -> None:
            add(c, "half")
            raise Conflict("changed my mind")

        results = await asyncio.gather(
            database.write(lambda c: add(c, "before")),
            database.write(half_done),
            database.write(lambda c: add(c, "after")),
            database.write(lambda c: add(c, "before")),
            return_exceptions=True,
        )
        kinds = [type(result).__name__ for result in results]
        assert kinds[:3] == ["int", "Conflict", "int"]
        assert isinstance(results[3], Exception)
        assert await database.read(lambda c: c.scalar(COUNT)) == 2

    async def test_a_bulk_unit_runs_once_for_all_who_wait_and_answers_each(self, database: Database) -> None:
        calls: list[int] = []

        def add_all(c: Connection, numbers: list[int]) -> list[str]:
            calls.append(len(numbers))
            rows = [
                {"id": f"u{n}", "name": "Ada", "created_at": "2026", "task_count": n, "mcp_revision": 0}
                for n in numbers
            ]
            c.insert_all(INSERT, rows)
            return [row["id"] for row in rows]

        answers = await asyncio.gather(*(database.write_bulk(add_all, n) for n in range(203)))
        assert answers == [f"u{n}" for n in range(203)]
        assert sum(calls) == 203
        assert len(calls) < 60
        assert await database.read(lambda c: c.scalar(COUNT)) == 203

    async def test_of_a_bulk_unit_the_caller_at_fault_fails_alone(self, database: Database) -> None:
        def add_all(c: Connection, ids: list[str]) -> list[int]:
            c.insert_all(
                INSERT,
                [
                    {"id": i, "name": "A", "created_at": "2026", "task_count": 0, "mcp_revision": 0}
                    for i in ids
                ],
            )
            return [1] * len(ids)

        ids = ["a", "b", "b", "c"]
        results = await asyncio.gather(
            *(database.write_bulk(add_all, i) for i in ids), database.write(lambda c: add(c, "d")),
            return_exceptions=True,
        )  # fmt: skip
        assert [isinstance(result, Exception) for result in results] == [False, False, True, False, False]
        assert await database.read(lambda c: c.scalar(COUNT)) == 4

    async def test_a_cancelled_caller_does_not_undo_the_write(self, database: Database) -> None:
        writing = asyncio.ensure_future(database.write(lambda c: add(c, "u1")))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await database.write(lambda c: add(c, "u2"))
        assert await database.read(lambda c: c.scalar(COUNT)) == 2

    async def test_a_thread_without_a_loop_can_write(self, database: Database) -> None:
        assert await asyncio.to_thread(database.write_from_thread, lambda c: add(c, "u1")) == 1

    async def test_a_reader_cannot_write(self, database: Database) -> None:
        with pytest.raises(Exception, match=r"read-?only"):
            await database.read(lambda c: add(c, "u1"))

    async def test_text_that_the_database_refuses_is_the_callers_mistake(self, database: Database) -> None:
        if database.dialect == "sqlite":
            pytest.skip("SQLite stores a null character")
        with pytest.raises(InvalidInput):
            await database.write(lambda c: add(c, "a\x00b"))

    async def test_a_lost_connection_is_opened_again(self, database: Database) -> None:
        if database.dialect == "sqlite":
            pytest.skip("a file has no connection to lose")
        kill = Statement(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'vibe' AND pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
        await database.write(lambda c: add(c, "u1"))
        await database.read(lambda c: c.all(kill))
        await database.write(lambda c: add(c, "u2"))
        assert await database.read(lambda c: c.scalar(COUNT)) == 2


class TestSchema:
    def test_migrations_make_what_the_models_say(self, database_url: str) -> None:
        schema.upgrade(database_url)
        schema.check(database_url)
        assert schema.current_revision(database_url) == schema.HEAD

    def test_the_head_that_is_known_without_alembic_is_the_head(self) -> None:
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", "vibe_jupyter.core.database:migrations")
        assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD

    def test_down_and_up_again(self, database_url: str) -> None:
        schema.upgrade(database_url)
        schema.downgrade(database_url, "base")
        assert schema.current_revision(database_url) is None
        engine = sa.create_engine(database_url)
        assert not set(sa.inspect(engine).get_table_names()) & set(Base.metadata.tables)
        engine.dispose()
        schema.upgrade(database_url)
        schema.check(database_url)

    def test_a_table_that_differs_is_found(self, database_url: str) -> None:
        schema.upgrade(database_url)
        engine = sa.create_engine(database_url)
        with engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE users ADD COLUMN nickname TEXT"))
        engine.dispose()
        with pytest.raises(Conflict, match="nickname"):
            schema.check(database_url)

    def test_a_database_of_a_later_release_is_refused(self, database_url: str) -> None:
        schema.upgrade(database_url)
        engine = sa.create_engine(database_url)
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        engine.dispose()
        with pytest.raises(Conflict) as caught:
            Database(database_url).open()
        assert caught.value.code == "database.newer"
        assert "pip install --upgrade" in str(caught.value.hint)

    def test_processes_that_start_together_migrate_once(self, database_url: str) -> None:
        program = (
            "import sys; from vibe_jupyter.core.database import schema; schema.upgrade_if_needed(sys.argv[1]); "
            "print(schema.current_revision(sys.argv[1]))"
        )
        racers = [
            subprocess.Popen([sys.executable, "-c", program, database_url], stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        assert [racer.communicate()[0].strip() for racer in racers] == [schema.HEAD] * 3
        assert [racer.returncode for racer in racers] == [0, 0, 0]


WRITE_MANY = """
import asyncio, sys, sqlalchemy as sa
from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.database.models import User, table_of
from vibe_jupyter.core.database.statements import Statement
users = table_of(User)
insert = Statement(sa.insert(users))
count = Statement(sa.select(sa.func.count()).select_from(users))
async def main():
    database = Database(sys.argv[1])
    database.open()
    for n in range(200):
        def unit(c, n=n):
            c.scalar(count)
            return c.run(insert, id=f"{sys.argv[2]}-{n}", name="x", created_at="x", task_count=0, mcp_revision=0)
        await database.write(unit)
    database.close()
asyncio.run(main())
"""


def test_three_processes_that_write_at_once_lose_nothing(database_url: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITE_MANY, database_url, f"p{n}"]) for n in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    database = Database(database_url)
    database.open()
    assert database.read_here(lambda c: c.scalar(COUNT)) == 600
    database.close()


class TestTrouble:
    """SQLite's troubles, each with a real file."""

    def test_the_file_is_the_owners_alone(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path}/new/vibe.db")
        database.open()
        database.close()
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "new/vibe.db").stat().st_mode) == 0o600

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "vibe.db").write_text("this is no database, whatever its name says" * 100)
        with pytest.raises(Unavailable) as caught:
            Database(f"sqlite:///{tmp_path}/vibe.db").open()
        assert caught.value.code == "database.corrupt"
        assert caught.value.hint

    def test_a_damaged_page_is_said_to_be_damage(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path}/vibe.db"
        database = Database(url)
        database.open()
        for n in range(500):
            database.write_from_thread(lambda c, n=n: add(c, f"u{n}", "x" * 200))
        database.close()
        path = tmp_path / "vibe.db"
        content = bytearray(path.read_bytes())
        content[len(content) // 2 :] = os.urandom(len(content) - len(content) // 2)
        path.write_bytes(content)
        database = Database(url)
        with pytest.raises(VibeError) as caught:  # noqa: PT012 - whichever notices first
            database.open()
            database.read_here(lambda c: c.all(Statement(sa.select(USERS.c.name))))
        assert caught.value.code == "database.corrupt"

    @pytest.mark.asyncio
    async def test_a_full_disk_stores_nothing_and_later_works_again(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path}/vibe.db")
        database.open()

        def limit(c: Connection, pages: int) -> Any:
            return c.all(Statement(sa.text(f"PRAGMA max_page_count = {pages}")))

        pages = await database.write(lambda c: limit(c, 1))  # SQLite takes no less than there are
        with pytest.raises(VibeError) as caught:
            await database.write(lambda c: add(c, "u1", "x" * 1_000_000))
        assert caught.value.code == "database.full"
        assert caught.value.status == 507
        assert pages
        await database.write(lambda c: limit(c, 1_000_000))
        await database.write(lambda c: add(c, "u1", "x" * 1_000_000))
        assert await database.read(lambda c: c.scalar(COUNT)) == 1
        database.close()

    @pytest.mark.asyncio
    async def test_a_database_that_stays_locked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("vibe_jupyter.core.database.connections.BUSY_TIMEOUT_MS", 50)
        database = Database(f"sqlite:///{tmp_path}/vibe.db")
        database.open()
        other = sqlite3.connect(tmp_path / "vibe.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as caught:
            await database.write(lambda c: add(c, "u1"))
        assert caught.value.code == "database.locked"
        other.execute("ROLLBACK")
        other.close()
        await database.write(lambda c: add(c, "u1"))
        database.close()

    def test_another_kind_of_database_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match="mysql"):
            Database("mysql://localhost/vibe")


def test_turns_of_one_file_exclude_each_other(tmp_path: Path) -> None:
    first, second, elsewhere = (Turn(str(tmp_path / name)) for name in ("a.db", "a.db", "b.db"))
    assert first.try_take()
    assert not second.try_take()
    assert elsewhere.try_take()
    first.give()
    assert second.try_take()
    second.close()  # as a process that is killed does
    assert first.try_take()


@pytest.mark.asyncio
async def test_who_cannot_get_a_turn_is_told_and_the_next_write_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibe_jupyter.core.database.connections.BUSY_TIMEOUT_MS", 50)
    database = Database(f"sqlite:///{tmp_path}/vibe.db")
    database.open()
    other = Turn(str(tmp_path / "vibe.db"))
    assert other.try_take()
    with pytest.raises(Unavailable) as caught:
        await database.write(lambda c: add(c, "u1"))
    assert caught.value.code == "database.locked"
    other.give()
    assert await database.write(lambda c: add(c, "u1")) == 1
    database.close()
