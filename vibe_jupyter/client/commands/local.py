"""The second table: verbs that are done on the spot, without an operation of the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

__all__ = ["BOTH", "MAGIC", "VERBS", "LocalVerb", "Surface"]

Surface = Literal["magic", "cli"]
BOTH: frozenset[Surface] = frozenset({"magic", "cli"})
_CLI: frozenset[Surface] = frozenset({"cli"})
MAGIC: frozenset[Surface] = frozenset({"magic"})


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    return


@dataclass(frozen=True)
class LocalVerb:
    """A verb that a surface does itself.

    Args:
        run: takes the parsed arguments and returns what is shown, or None. It imports what it needs itself.
    """

    words: str
    description: str
    run: Callable[[dict[str, Any]], Any]
    surfaces: frozenset[Surface] = BOTH
    add_arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments

    @property
    def summary(self) -> str:
        """Return the first line of the description."""
        return self.description.splitlines()[0]


def _doctor(_arguments: dict[str, Any]) -> Any:
    from vibe_jupyter.core.oracles.environment_health.oracle import examine
    from vibe_jupyter.widgets.rendering import Listing

    return Listing(examine())


def _config(_arguments: dict[str, Any]) -> Any:
    from vibe_jupyter.core.config import effective_settings
    from vibe_jupyter.widgets.rendering import Listing

    return Listing(effective_settings())


def _help_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", nargs="*", help="the verb to tell more about")


def _connect_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "url", nargs="?", help="base URL of a Jupyter server, or in-process; default: look for one"
    )
    parser.add_argument("--token", help="token of that server")


def _by_surface(_arguments: dict[str, Any]) -> Any:
    raise AssertionError("help and connect belong to the surface")


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder",
        default="vibe-demo",
        help="where the demo is put (default: vibe-demo); changed files are kept, and a new folder is taken",
    )


def _demo(arguments: dict[str, Any]) -> Any:
    from vibe_jupyter.client.demo import run_demo

    return run_demo(arguments["folder"], quiet=bool(arguments.get("json")))


def _worker(_arguments: dict[str, Any]) -> Any:
    from vibe_jupyter.client.worker import run_worker

    return run_worker()


def _mcp_serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", help="base URL of a Jupyter server, or in-process; default: look for one")
    parser.add_argument(
        "--token", help="token of that server; better in VIBE_SERVER_TOKEN, which others cannot see"
    )


def _mcp_serve(arguments: dict[str, Any]) -> Any:
    from vibe_jupyter.client.mcp_proxy import serve

    return serve(arguments.get("url"), arguments.get("token"))


def _db_upgrade_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", nargs="?", default="head", help="default: the newest")


def _db_downgrade_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("revision", help="the revision to go back to, or base")


def _db_revision_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("message", help="what changes")


def _db(action: Callable[[str, dict[str, Any]], str]) -> Callable[[dict[str, Any]], Any]:
    def run(arguments: dict[str, Any]) -> str:
        from vibe_jupyter.core.settings import load_settings

        return action(load_settings().effective_database_url, arguments)

    return run


def _upgrade(url: str, arguments: dict[str, Any]) -> str:
    from vibe_jupyter.core.database import schema

    schema.upgrade(url, arguments["revision"])
    return f"the database has schema {schema.current_revision(url)}"


def _downgrade(url: str, arguments: dict[str, Any]) -> str:
    from vibe_jupyter.core.database import schema

    schema.downgrade(url, arguments["revision"])
    return f"the database has schema {schema.current_revision(url) or 'base'}"


def _revision(url: str, arguments: dict[str, Any]) -> str:
    from vibe_jupyter.core.database import schema

    return f"wrote {schema.revision(url, arguments['message'])}"


def _check(url: str, _arguments: dict[str, Any]) -> str:
    from vibe_jupyter.core.database import schema

    schema.upgrade(url)
    schema.check(url)
    return "the models and the migrations agree"


def _rotate(_arguments: dict[str, Any]) -> Any:
    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.secrets.rotation import rotate
    from vibe_jupyter.core.settings import load_settings

    settings = load_settings()
    database = Database(settings.effective_database_url)
    database.open()
    try:
        return rotate(settings, database)
    finally:
        database.close()


VERBS = (
    LocalVerb("help", "List the verbs, or tell more about one.", _by_surface, BOTH, _help_arguments),
    LocalVerb(
        "connect", "Talk to another server from now on, or to the platform in this process.", _by_surface, MAGIC,
        _connect_arguments,
    ),
    LocalVerb("doctor", "Check this installation, with the command that mends each problem.", _doctor),
    LocalVerb("config", "Show every setting, its value and where that comes from; secrets are masked.", _config),
    LocalVerb(
        "demo",
        "Run the quickstart notebook and show what it did.\n\n"
        "Everything runs in this environment: no server, no network, no key.",
        _demo, _CLI, _demo_arguments,
    ),
    LocalVerb(
        "worker", "Run tasks of this installation until interrupted, beside its servers.", _worker, _CLI
    ),
    LocalVerb(
        "mcp serve",
        "Be an MCP server over standard input and output, for programs that only speak that.",
        _mcp_serve, _CLI, _mcp_serve_arguments,
    ),
    LocalVerb(
        "secrets rotate",
        "Encrypt all secrets with a new key, while servers run.\n\n"
        "The new key is made in the key file, or is the first of VIBE_SECRET_KEYS.",
        _rotate, _CLI,
    ),
    LocalVerb("db upgrade", "Bring the database to a revision.", _db(_upgrade), _CLI, _db_upgrade_arguments),
    LocalVerb("db downgrade", "Undo migrations.", _db(_downgrade), _CLI, _db_downgrade_arguments),
    LocalVerb("db revision", "Write a migration for what the models have new.", _db(_revision), _CLI,
              _db_revision_arguments),
    LocalVerb("db check", "Find out whether the migrations make what the models say.", _db(_check), _CLI),
)  # fmt: skip
"""`help` and `connect` change the surface itself, which therefore does them."""
