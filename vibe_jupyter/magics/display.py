"""Tell a shell how our results look, without touching the results themselves."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from vibe_jupyter.core.operations import Operation

__all__ = ["show_listings", "show_models"]


def show_models(shell: InteractiveShell, operations: tuple[Operation, ...]) -> None:
    """Register our renderer for the result models of all operations."""
    from vibe_jupyter.core.config import EffectiveSetting
    from vibe_jupyter.core.doctor.check import Check

    models: list[Any] = [*(operation.result_type for operation in operations), Check, EffectiveSetting]
    assert shell.display_formatter is not None
    formatter = shell.display_formatter.mimebundle_formatter
    for model in models:
        if inspect.isclass(model) and issubclass(model, BaseModel):
            formatter.for_type(model, _mimebundle)


def show_listings(shell: InteractiveShell) -> None:
    """Register our renderer for lists as text: IPython has one of its own for every list."""
    from vibe_jupyter.widgets.rendering import Listing, as_text

    def write(value: Any, printer: Any, _cycle: bool) -> None:
        printer.text(as_text(value))

    assert shell.display_formatter is not None
    shell.display_formatter.formatters["text/plain"].for_type(Listing, write)


def _mimebundle(value: Any, include: Any = None, exclude: Any = None) -> dict[str, Any]:
    from vibe_jupyter.widgets.rendering import mimebundle

    bundle: dict[str, Any] = mimebundle(value)
    return bundle
