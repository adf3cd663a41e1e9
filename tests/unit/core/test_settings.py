"""Settings: where a value comes from, what is refused, what is shown."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vibe_jupyter.cli import main
from vibe_jupyter.core.config import effective_settings, variables_of
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.settings import Settings, default_data_dir, load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / ".env.example"
SECRET = "hunter2-very-secret"
ASSIGNMENT = re.compile(r"# ([A-Z][A-Z0-9_]*)=(.*)")


@pytest.fixture
def env_file(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `.env` file of the data directory, which is not there yet."""
    file = default_data_dir() / ".env"
    file.parent.mkdir(parents=True)
    return file


def source_of(variable: str) -> str:
    return next(setting.source for setting in effective_settings() if setting.variable == variable)


def test_nothing_has_to_be_set(tmp_path):
    settings = load_settings()
    assert settings.data_dir == tmp_path / "vibe-data"
    assert settings.effective_database_url == f"sqlite:///{tmp_path.as_posix()}/vibe-data/vibe.db"
    assert settings.engine_database_url == f"sqlite:///{tmp_path.as_posix()}/vibe-data/dbos.db"


def test_the_data_directory_is_the_users_own_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("VIBE_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings().data_dir.is_relative_to(tmp_path)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(monkeypatch, env_file):
    assert (load_settings().task_concurrency, source_of("VIBE_TASK_CONCURRENCY")) == (32, "default")
    env_file.write_text("VIBE_TASK_CONCURRENCY=3\n")
    assert (load_settings().task_concurrency, source_of("VIBE_TASK_CONCURRENCY")) == (3, str(env_file))
    monkeypatch.setenv("VIBE_TASK_CONCURRENCY", "4")
    assert load_settings().task_concurrency == 4
    assert source_of("VIBE_TASK_CONCURRENCY") == "environment (VIBE_TASK_CONCURRENCY)"


def test_an_empty_value_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("VIBE_TASK_CONCURRENCY", "")
    assert (load_settings().task_concurrency, source_of("VIBE_TASK_CONCURRENCY")) == (32, "default")


def test_an_env_file_in_the_working_directory_is_not_read(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("VIBE_TASK_CONCURRENCY=3\nVIBE_DATABASE_URL=sqlite:///elsewhere.db\n")
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.task_concurrency == 32
    assert settings.database_url is None


def test_another_env_file_can_be_named(monkeypatch, tmp_path, env_file):
    env_file.write_text("VIBE_TASK_CONCURRENCY=3\n")
    other = tmp_path / "other.env"
    other.write_text("export VIBE_WORKER_PROCESSES=5\n")
    monkeypatch.setenv("VIBE_ENV_FILE", str(other))
    settings = load_settings()
    assert (settings.worker_processes, settings.task_concurrency) == (5, 32)
    assert source_of("VIBE_WORKER_PROCESSES") == str(other)


def test_the_usual_names_are_understood_and_ours_win(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://vibe@db/usual")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("DEBUG", "1")
    settings = load_settings()
    assert settings.effective_database_url == "postgresql+psycopg://vibe@db/usual"
    assert settings.engine_database_url == settings.effective_database_url
    assert (settings.log_level, settings.debug) == ("DEBUG", True)
    assert source_of("VIBE_DATABASE_URL") == "environment (DATABASE_URL)"
    monkeypatch.setenv("VIBE_DATABASE_URL", "postgresql://vibe@db/ours")
    assert load_settings().effective_database_url == "postgresql+psycopg://vibe@db/ours"
    assert source_of("VIBE_DATABASE_URL") == "environment (VIBE_DATABASE_URL)"


def test_folders_are_separated_as_in_path_and_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIBE_ALLOWED_ROOTS", os.pathsep.join(["data", "~/x", "", str(tmp_path / "a b")]))
    assert load_settings().allowed_roots == (tmp_path / "data", Path.home() / "x", tmp_path / "a b")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VIBE_TASK_CONCURRENCY", "many"),
        ("VIBE_TASK_CONCURRENCY", "0"),
        ("VIBE_TASK_TIMEOUT_S", "-1"),
        ("VIBE_LOG_FORMAT", "xml"),
        ("VIBE_LOG_LEVEL", "LOUD"),
        ("VIBE_AUTOLOAD", "perhaps"),
        ("VIBE_MAX_BODY_BYTES", "1.5"),
        ("VIBE_MAX_BODY_BYTES", "1000000000000"),
        *(
            (variable, value)
            for variable in ("VIBE_TASK_TIMEOUT_S", "VIBE_TASK_RETENTION_DAYS", "VIBE_LEASE_TTL_S")
            for value in ("inf", "nan", "1e999", "1e300")
        ),
    ],
)
def test_a_wrong_value_is_refused_and_its_variable_named(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInput, match=variable) as caught:
        load_settings()
    assert caught.value.code == "config.invalid"


def test_a_wrong_value_under_a_usual_name_is_refused_with_a_name_of_it(monkeypatch):
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(InvalidInput, match=r"LOG_LEVEL: .*use DEBUG, INFO"):
        load_settings()


def test_all_wrong_values_are_told_at_once(monkeypatch):
    monkeypatch.setenv("VIBE_TASK_CONCURRENCY", "many")
    monkeypatch.setenv("VIBE_LOG_FORMAT", "xml")
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert "VIBE_TASK_CONCURRENCY" in caught.value.message
    assert "VIBE_LOG_FORMAT" in caught.value.message


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch, capsys):
    monkeypatch.setenv("VIBE_DATABASE_URL", f"postgresql://vibe:{SECRET}@db/vibe")
    monkeypatch.setenv("VIBE_SERVER_TOKEN", SECRET)
    assert main(["config"]) == 0
    assert main(["config", "--json"]) == 0
    shown = capsys.readouterr().out
    assert "(set, not shown)" in shown
    assert SECRET not in shown
    assert SECRET not in repr(load_settings())
    assert SECRET not in load_settings().model_dump_json()


def test_config_says_which_allowed_folder_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("VIBE_ALLOWED_ROOTS", os.pathsep.join([str(tmp_path), str(tmp_path / "gone")]))
    shown = next(entry.value for entry in effective_settings() if entry.variable == "VIBE_ALLOWED_ROOTS")
    assert shown == os.pathsep.join([str(tmp_path), f"{tmp_path / 'gone'} (no such folder)"])


def test_config_shows_every_setting_once(capsys):
    assert main(["config", "--json"]) == 0
    shown = [entry["variable"] for entry in json.loads(capsys.readouterr().out)]
    assert shown == [variables_of(name, info)[0] for name, info in Settings.model_fields.items()]


def test_every_setting_is_described():
    assert [name for name, info in Settings.model_fields.items() if not info.description] == []


def test_the_example_names_every_setting_in_order():
    wanted = [variables_of(name, info)[0] for name, info in Settings.model_fields.items()]
    assert list(assignments()) == wanted


def test_the_example_changes_nothing_as_it_stands(env_file):
    before = load_settings()
    env_file.write_text(EXAMPLE.read_text(encoding="utf-8"))
    assert load_settings() == before


def test_the_example_has_the_defaults(env_file):
    before = load_settings()
    env_file.write_text("\n".join(f"{name}={value}" for name, value in assignments().items()))
    assert load_settings() == before


def assignments() -> Mapping[str, str]:
    """Return what `.env.example` assigns, once the comment signs are taken away."""
    lines = map(ASSIGNMENT.fullmatch, EXAMPLE.read_text(encoding="utf-8").splitlines())
    return {line[1]: line[2] for line in lines if line}


def test_settings_travel_to_a_process_of_ours_whole_and_its_environment_changes_nothing(
    monkeypatch, tmp_path
):
    settings = Settings(
        data_dir=tmp_path / "x", database_url="postgresql://u:secret@h/d", server_token="t0ken", log_level="info",
        allowed_roots=f"{tmp_path}/a{os.pathsep}{tmp_path}/b", task_timeout_s=7, multi_user=True,
    )  # fmt: skip
    sent = json.loads(json.dumps(settings.in_clear()))
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")
    monkeypatch.setenv("VIBE_TASK_TIMEOUT_S", "9")
    assert Settings(**sent) == settings
    assert (
        Settings(
            **json.loads(json.dumps(Settings(data_dir=tmp_path, database_url=None).in_clear()))
        ).database_url
        is None
    )


def test_the_hub_has_the_usual_name_too_and_ours_wins(monkeypatch):
    assert load_settings().hf_endpoint == "https://huggingface.co"
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example.com")
    assert load_settings().hf_endpoint == "https://hub.example.com"
    monkeypatch.setenv("VIBE_HF_ENDPOINT", "http://127.0.0.1:4901")
    assert load_settings().hf_endpoint == "http://127.0.0.1:4901"
    monkeypatch.setenv("VIBE_HF_ENDPOINT", "hub.example.com")
    with pytest.raises(InvalidInput, match="HF_ENDPOINT"):
        load_settings()
