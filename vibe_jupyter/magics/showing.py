"""Show what every `%vibe` line of a cell gives: IPython shows the last expression of a cell, and no other."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["ShownLines", "show"]

_SHOWS_ITSELF = {"last_expr": False, "last": False, "last_expr_or_assign": False, "all": True}
"""By IPython's `ast_node_interactivity`, whether it shows all statements of a cell; with `none` it shows nothing."""


def show(result: Any) -> None:
    """Show a result now, if there is one."""
    from IPython.display import display

    if result is not None:
        display(result)  # type: ignore[no-untyped-call]


class ShownLines(ast.NodeTransformer):
    """Lets the lines that are no last expression be shown when they run; what is assigned is left alone."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._by_ipython: set[int] = set()

    def visit_Module(self, module: ast.Module) -> ast.Module:
        """Look through a cell."""
        shows_all = _SHOWS_ITSELF.get(self._shell.ast_node_interactivity)
        if shows_all is None:
            return module
        self._by_ipython = {id(one) for one in (module.body if shows_all else module.body[-1:])}
        self.generic_visit(module)
        return module

    def visit_Expr(self, statement: ast.Expr) -> ast.Expr:
        """Let the result of a line be shown."""
        if id(statement) in self._by_ipython or not _is_ours(statement.value):
            return statement
        shown = ast.parse(f"__import__({__name__!r}, fromlist=['show']).show()", mode="eval").body
        assert isinstance(shown, ast.Call)
        shown.args.append(statement.value)
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(shown), statement))


def _is_ours(value: ast.expr) -> bool:
    """Return whether this is what IPython makes of a line that begins with `%vibe`."""
    match value:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name("get_ipython")), attr="run_line_magic"),
            args=[ast.Constant("vibe"), *_],
        ):
            return True
    return False
