from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vibe_jupyter.core.database import schema
from vibe_jupyter.core.doctor import Check, run_checks, surroundings
from vibe_jupyter.core.doctor import checks as runner
from vibe_jupyter.core.doctor.database import (
    check_database,
    check_engine_database,
    check_full_text,
    check_sqlite_library,
)
from vibe_jupyter.core.doctor.jupyter import check_autoload, check_kernelspec, check_server_extension
from vibe_jupyter.core.doctor.packages import check_extras, check_packages
from vibe_jupyter.core.doctor.surroundings import (
    check_allowed_roots,
    check_data_directory,
    check_env_file,
    check_proxy,
    file_system_of,
)
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

needs_modes = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("VIBE_", "JUPYTER")) or name.lower().endswith("_proxy") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("VIBE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")


@pytest.fixture
def settings(clean_environment: None) -> Settings:
    return Settings()


@pytest.fixture
def data_dir(settings: Settings) -> Path:
    settings.data_dir.mkdir(mode=0o700)
    return settings.data_dir


class TestRunner:
    def test_every_check_answers_in_time_and_in_order(self, settings: Settings) -> None:
        start = time.monotonic()
        found = run_checks(settings)
        assert time.monotonic() - start < 5
        assert [check.name for check in found] == list(runner.CHECKS)
        assert all(check.message for check in found)

    def test_a_check_that_raises_is_a_problem_and_harms_no_other(self, settings: Settings) -> None:
        def broken(_: Settings) -> Check:
            raise PermissionError(13, "no entry")

        def fine(_: Settings) -> Check:
            return Check(name="fine", status="ok", message="here")

        first, second = run_checks(settings, checks={"broken": broken, "fine": fine})
        assert (first.name, first.status) == ("broken", "problem")
        assert "no entry" in first.message
        assert second.status == "ok"

    def test_a_check_that_hangs_is_given_up(self, settings: Settings) -> None:
        release = threading.Event()

        def hangs(_: Settings) -> Check:
            release.wait(30)
            return Check(name="hangs", status="ok", message="late")

        (found,) = run_checks(settings, checks={"hangs": hangs}, time_limit_s=0.05)
        release.set()
        assert (found.status, found.message) == ("warning", "no answer within 0.05 s")

    def test_nothing_is_created_by_looking(self, settings: Settings, tmp_path: Path) -> None:
        run_checks(settings)
        assert not list(tmp_path.iterdir())


class TestPackages:
    def test_versions_are_shown(self, settings: Settings) -> None:
        check = check_packages(settings)
        assert check.status == "ok"
        assert f"jupyter-server {importlib.metadata.version('jupyter-server')}" in check.message

    def test_a_package_out_of_range_or_missing_is_a_problem(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        needs = ["jupyter-server<2", "no-such-thing>=1", "pydantic", 'other; sys_platform == "none"']
        monkeypatch.setattr(importlib.metadata, "requires", lambda _: needs)
        check = check_packages(settings)
        assert check.status == "problem"
        assert "needed is <2" in check.message
        assert "no-such-thing is missing" in check.message
        assert "other" not in check.message
        assert check.fix is not None
        assert check.fix.startswith("pip install")

    def test_a_missing_extra_comes_with_its_command(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        needs = ['no-such-thing; extra == "postgres"', 'pydantic; extra == "lab"']
        monkeypatch.setattr(importlib.metadata, "requires", lambda _: needs)
        check = check_extras(settings)
        assert (check.status, check.fix) == ("ok", 'pip install "vibe-jupyter[postgres]"')


class TestJupyter:
    def write_config(self, file: Path, value: object) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"vibe_jupyter": value}}}))

    def test_the_users_own_file_beats_every_other(self, settings: Settings, tmp_path: Path) -> None:
        self.write_config(tmp_path / "config/jupyter_server_config.d/vibe_jupyter.json", True)
        assert check_server_extension(settings).status == "ok"
        self.write_config(tmp_path / "config/jupyter_server_config.json", False)
        check = check_server_extension(settings)
        assert (check.status, check.fix) == (
            "problem",
            "jupyter server extension enable --sys-prefix vibe_jupyter",
        )

    @pytest.mark.parametrize(
        "content", ["{", "[]", '{"ServerApp": 1}', '{"ServerApp": {"jpserver_extensions": []}}']
    )
    def test_a_broken_file_says_nothing(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
    ) -> None:
        monkeypatch.setattr("jupyter_core.paths.jupyter_config_path", lambda: [str(tmp_path / "config")])
        (tmp_path / "config").mkdir()
        (tmp_path / "config/jupyter_server_config.json").write_text(content)
        assert check_server_extension(settings).status == "warning"

    def test_a_missing_startup_file_is_a_warning_unless_autoload_is_off(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        assert check_autoload(settings).status == "warning"
        assert check_autoload(Settings(autoload=False)).status == "ok"
        startup = tmp_path / "etc/ipython/startup/50-vibe.py"
        startup.parent.mkdir(parents=True)
        startup.touch()
        assert check_autoload(settings).status == "ok"

    @pytest.mark.parametrize(
        ("argv", "status"),
        [
            ([sys.executable, "-m", "ipykernel_launcher"], "ok"),
            (["python", "-m", "ipykernel_launcher"], "ok"),
            (["/elsewhere/bin/python", "-m", "ipykernel_launcher"], "warning"),
            ([], "warning"),
            ("python", "warning"),
        ],
    )
    def test_a_kernelspec_of_another_environment_is_found(
        self, settings: Settings, tmp_path: Path, argv: object, status: str
    ) -> None:
        spec = tmp_path / "jupyter/kernels/python3/kernel.json"
        spec.parent.mkdir(parents=True)
        spec.write_text(json.dumps({"argv": argv}))
        check = check_kernelspec(settings)
        assert check.status == status
        if status == "warning":
            assert check.fix == "jupyter kernelspec remove -f python3"


class TestDataDirectory:
    def test_one_that_is_not_there_yet_is_fine(self, settings: Settings) -> None:
        assert "made on first use" in check_data_directory(settings).message

    @needs_modes
    def test_one_that_others_can_enter_is_a_warning(self, settings: Settings, data_dir: Path) -> None:
        assert check_data_directory(settings).status == "ok"
        data_dir.chmod(0o755)
        check = check_data_directory(settings)
        assert (check.status, check.fix) == ("warning", f"chmod 700 {data_dir}")

    def test_a_file_in_its_place_is_a_problem(self, settings: Settings) -> None:
        settings.data_dir.touch()
        assert check_data_directory(settings).status == "problem"

    def test_a_full_disk(self, settings: Settings, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for free_bytes, status in ((10**9, "warning"), (10**6, "problem")):
            usage = type("Usage", (), {"free": free_bytes})
            monkeypatch.setattr(surroundings.shutil, "disk_usage", lambda _, usage=usage: usage)
            assert check_data_directory(settings).status == status

    @pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
    def test_sqlite_on_a_network_file_system_is_a_problem(
        self, settings: Settings, data_dir: Path, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        monkeypatch.setattr(surroundings, "file_system_of", lambda _: kind)
        assert check_data_directory(settings).status == "problem"
        elsewhere = Settings(database_url="postgresql://db/vibe", data_dir=data_dir)
        assert check_data_directory(elsewhere).status == "ok"

    def test_the_innermost_and_last_mount_counts(self, tmp_path: Path) -> None:
        mounts = tmp_path / "mounts"
        mounts.write_text(
            "/dev/a / ext4 rw 0 0\nserver:/b /home nfs4 rw 0 0\n/dev/c /home/my\\040data xfs rw 0 0\n"
            "x /twice ext4 rw 0 0\ny /twice cifs rw 0 0\nbroken\n"
        )
        kinds = {
            path: file_system_of(Path(path), mounts)
            for path in ("/etc", "/home/ada", "/home/my data/x", "/homeless", "/twice/x")
        }
        assert list(kinds.values()) == ["ext4", "nfs4", "xfs", "ext4", "cifs"]
        assert file_system_of(Path("/etc"), tmp_path / "none") is None


class TestDatabase:
    @pytest.fixture
    def database(self, data_dir: Path) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(data_dir / "vibe.db")
        connection.executescript("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);")
        yield connection
        connection.close()

    def test_a_whole_one_shows_its_schema(self, settings: Settings, database: sqlite3.Connection) -> None:
        assert "no schema yet" in check_database(settings).message
        database.executescript(
            "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('0007');"
        )
        check = check_database(settings)
        assert (check.status, "schema 0007" in check.message) == ("ok", True)

    def test_it_is_read_while_another_process_writes(
        self, settings: Settings, database: sqlite3.Connection
    ) -> None:
        database.execute("BEGIN IMMEDIATE")
        assert check_database(settings).status == "ok"

    def test_another_journal_mode_is_a_warning(self, settings: Settings, data_dir: Path) -> None:
        connection = sqlite3.connect(data_dir / "vibe.db")
        connection.execute("CREATE TABLE t (x)")
        connection.close()
        check = check_database(settings)
        assert (check.status, "not WAL" in check.message) == ("warning", True)

    @pytest.mark.parametrize("content", [b"not a database" * 1000, b"SQLite format 3\x00" + b"\xff" * 9000])
    def test_a_damaged_one_is_a_problem(self, settings: Settings, data_dir: Path, content: bytes) -> None:
        (data_dir / "vibe.db").write_bytes(content)
        check = check_database(settings)
        assert check.status == "problem"
        assert check.fix

    def test_damage_inside_is_found(self, settings: Settings, data_dir: Path) -> None:
        file = data_dir / "vibe.db"
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [("text" * 100,)] * 200)
        connection.commit()
        connection.close()
        content = bytearray(file.read_bytes())
        content[8192:12288] = b"\xff" * 4096
        file.write_bytes(content)
        assert check_database(settings).status == "problem"

    def test_one_not_made_yet_is_fine(self, settings: Settings) -> None:
        assert check_database(settings).status == "ok"
        assert "made on first use" in check_engine_database(settings).message

    @pytest.mark.parametrize("content", [b"not a database" * 1000, b"SQLite format 3\x00" + b"\xff" * 9000])
    def test_a_damaged_file_of_the_engine_is_a_problem_with_its_remedy(
        self, settings: Settings, database: sqlite3.Connection, data_dir: Path, content: bytes
    ) -> None:
        (data_dir / "dbos.db").write_bytes(content)
        check = {check.name: check for check in run_checks(settings)}["task engine"]
        assert check.status == "problem"
        assert "dbos.db" in check.message
        assert check.fix is not None
        assert "move dbos.db" in check.fix

    def test_a_whole_file_of_the_engine_is_fine(self, settings: Settings, data_dir: Path) -> None:
        with contextlib.closing(sqlite3.connect(data_dir / "dbos.db")) as connection:
            connection.execute("CREATE TABLE t (x)")
        check = check_engine_database(settings)
        assert (check.status, "whole" in check.message) == ("ok", True)
        assert check_engine_database(Settings(database_url="postgresql://db/vibe")).status == "ok"

    @pytest.mark.parametrize(
        "url", ["postgresql://ada:s3cret@127.0.0.1:1/vibe", "mysql://ada:s3cret@x/y", "s3cret"]
    )
    def test_one_out_of_reach_is_a_problem_and_its_password_is_not_shown(self, url: str) -> None:
        check = check_database(Settings(database_url=url))
        assert check.status == "problem"
        assert "s3cret" not in check.model_dump_json()

    @pytest.mark.parametrize(
        ("version", "status"),
        [
            ((3, 40, 1), "warning"),
            ((3, 51, 2), "warning"),
            ((3, 51, 3), "ok"),
            ((3, 52, 0), "warning"),
            ((3, 53, 0), "ok"),
        ],
    )
    def test_sqlite_releases_that_can_corrupt_are_known(
        self, settings: Settings, version: tuple[int, ...], status: str
    ) -> None:
        assert check_sqlite_library(settings, version).status == status
        assert check_sqlite_library(Settings(database_url="postgresql://db/vibe"), version).status == "ok"

    def test_full_text_search_is_there(self, settings: Settings) -> None:
        assert check_full_text(settings).status == "ok"


@pytest.mark.postgres
def test_a_postgresql_that_answers(new_postgresql: Callable[[], str]) -> None:
    settings = Settings(database_url=new_postgresql())
    assert "no schema yet" in check_database(settings).message
    schema.upgrade(settings.effective_database_url)
    check = check_database(settings)
    assert check.status == "ok"
    assert check.message.startswith("PostgreSQL ")
    assert check.message.endswith(f"schema {schema.HEAD}")


class TestSurroundings:
    def test_an_allowed_folder_that_is_not_there_is_a_warning(self, tmp_path: Path) -> None:
        assert check_allowed_roots(Settings()).status == "ok"
        assert check_allowed_roots(Settings(allowed_roots=(tmp_path,))).status == "ok"
        check = check_allowed_roots(Settings(allowed_roots=(tmp_path, tmp_path / "gone")))
        assert (check.status, str(tmp_path / "gone") in check.message) == ("warning", True)
        assert check.fix is not None

    def test_a_proxy_is_shown_without_its_password(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert check_proxy(settings).message == "none set"
        monkeypatch.setenv("HTTPS_PROXY", "http://ada:s3cret@proxy.example:3128")
        check = check_proxy(settings)
        assert "https_proxy proxy.example:3128" in check.message
        assert "s3cret" not in check.message

    @needs_modes
    def test_an_env_file_that_others_can_read_is_a_warning(self, settings: Settings, data_dir: Path) -> None:
        assert check_env_file(settings).status == "ok"
        file = data_dir / ".env"
        file.touch(0o644)
        file.chmod(0o644)
        assert check_env_file(settings).fix == f"chmod 600 {file}"
        file.chmod(0o600)
        assert "private" in check_env_file(settings).message

    def test_a_folder_in_place_of_the_env_file_is_a_problem(self, settings: Settings, data_dir: Path) -> None:
        (data_dir / ".env").mkdir()
        assert check_env_file(settings).status == "problem"


def test_the_doctor_is_cheap_to_import() -> None:
    heavy = "{'sqlalchemy', 'psycopg', 'jupyter_core'}"
    code = f"import sys, vibe_jupyter.core.doctor; print(sorted({heavy} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
