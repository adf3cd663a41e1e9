"""Say what you want done; it is routed, run durably, explained and remembered.

>>> from vibe_jupyter import connect
>>> vibe = connect()                                                          # doctest: +SKIP
>>> vibe.tasks.create(type="file_search", input={"query": "login"}).wait()    # doctest: +SKIP

This module stays import-light: servers and kernels import it while they start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from vibe_jupyter.client import VibeClient, connect
    from vibe_jupyter.core.errors import VibeError

__version__ = "0.1.0"
__all__ = ["VibeClient", "VibeError", "__version__", "connect"]

_LAZY = {
    "VibeClient": "vibe_jupyter.client",
    "VibeError": "vibe_jupyter.core.errors",
    "connect": "vibe_jupyter.client",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from vibe_jupyter.server_ext.app import VibeApp

    return [{"module": "vibe_jupyter", "app": VibeApp}]


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Register `%vibe` and `%%vibe`."""
    from vibe_jupyter.magics import register

    register(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take `%vibe` away again."""
    from vibe_jupyter.magics import unregister

    unregister(ipython)
