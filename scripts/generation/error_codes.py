"""Every error code in the code, read from its syntax tree: no code has to be told of twice."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generation.markdown import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["ErrorCode", "codes_in", "error_table"]

_CODE = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\Z")


@dataclass(frozen=True)
class ErrorCode:
    """One place where a code stands."""

    code: str
    file: str
    status: int | None
    says: str
    """The message, with `…` for what differs from case to case; empty for a default of a class."""


@dataclass(frozen=True)
class _Taker:
    """A function that makes an error of a code: at which place it takes that, not counting `self`."""

    place: int
    status: int | None
    says: str


def error_table(package: Path) -> str:
    """Return a line for each code: its HTTP status, what it says, and where it is raised."""
    by_code: dict[str, list[ErrorCode]] = defaultdict(list)
    for found in codes_in(package):
        by_code[found.code].append(found)
    rows = []
    for code, places in sorted(by_code.items()):
        statuses = sorted({place.status for place in places if place.status is not None})
        says = dict.fromkeys(place.says for place in places if place.says) or {"…": None}
        files = dict.fromkeys(f"`{place.file}`" for place in places)
        rows.append((f"`{code}`", ", ".join(map(str, statuses)), "; ".join(says), ", ".join(files)))
    return table(("Code", "Status", "Says", "Where"), rows)


def codes_in(package: Path) -> list[ErrorCode]:
    """Return all codes in the modules of a package, by file."""
    trees = {
        path.relative_to(package).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    classes = _statuses(trees)
    services = _services(trees)
    takers = {
        node.name: taker
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (taker := _taker(node, classes)) is not None
    }
    found = []
    for file, tree in trees.items():
        for node in ast.walk(tree):
            found += [
                ErrorCode(code, file, status, says)
                for code, status, says in (
                    *_codes(node, classes, takers),
                    *_codes_of_services(node, classes, services),
                )
            ]
    return found


def _codes(
    node: ast.AST, classes: dict[str, int], takers: dict[str, _Taker]
) -> Iterator[tuple[str, int | None, str]]:
    if isinstance(node, ast.Call):
        name = _name(node.func)
        says = _text(node.args[0]) if node.args else ""
        for keyword in node.keywords:
            if keyword.arg == "code" and (code := _code(keyword.value)):
                yield code, classes.get(name), says
        taker = takers.get(name)
        if taker is not None and taker.place < len(node.args) and (code := _code(node.args[taker.place])):
            yield code, taker.status, taker.says
    elif isinstance(node, ast.ClassDef) and node.name in classes:
        for statement in node.body:
            if (code := _assigned(statement, "code")) and (known := _code(code)):
                yield (
                    known,
                    classes[node.name],
                    _summary(node),
                )
    elif isinstance(node, ast.Dict):  # an error that is stored as it is
        values = {_text(key): value for key, value in zip(node.keys, node.values, strict=True) if key}
        if "code" in values and "message" in values and (code := _code(values["code"])):
            yield code, None, _text(values["message"])
    elif isinstance(node, ast.Assign):
        value = _assigned(node, "code", attribute=True)
        if value is not None and (code := _code(value)):
            yield code, None, ""


def _codes_of_services(
    node: ast.AST, classes: dict[str, int], services: list[str]
) -> Iterator[tuple[str, int | None, str]]:
    """Yield the codes of an error that each service outside has as its own: `github.conflict`."""
    if not isinstance(node, ast.ClassDef) or node.name not in classes:
        return
    for statement in node.body:
        reason = _assigned(statement, "reason")
        if isinstance(reason, ast.Constant):
            for service in services:
                yield f"{service}.{reason.value}", classes[node.name], _summary(node)


def _services(trees: dict[str, ast.Module]) -> list[str]:
    """Return the names of the services outside: what `ServiceName` may be."""
    found = (_assigned(statement, "ServiceName") for tree in trees.values() for statement in tree.body)
    literal = next((value for value in found if isinstance(value, ast.Subscript)), None)
    names = literal.slice.elts if literal is not None and isinstance(literal.slice, ast.Tuple) else []
    return [_text(name) for name in names]


def _statuses(trees: dict[str, ast.Module]) -> dict[str, int]:
    """Return the HTTP status of each error class: its own, or that of the class that it extends."""
    classes = {
        node.name: node
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found: dict[str, int] = {}

    def status_of(name: str) -> int | None:
        node = classes.get(name)
        if node is None:
            return None
        for statement in node.body:
            value = _assigned(statement, "status")
            if isinstance(value, ast.Constant) and isinstance(value.value, int):
                return value.value
        inherited = (status_of(_name(base)) for base in node.bases)
        return next((status for status in inherited if status is not None), None)

    for name in classes:
        if name == "VibeError" or "VibeError" in _ancestors(name, classes):
            status = status_of(name)
            if status is not None:
                found[name] = status
    return found


def _ancestors(name: str, classes: dict[str, ast.ClassDef]) -> set[str]:
    bases = {_name(base) for base in classes[name].bases} if name in classes else set()
    return bases.union(*(_ancestors(base, classes) for base in bases))


def _assigned(statement: ast.stmt, wanted: str, *, attribute: bool = False) -> ast.expr | None:
    """Return what a statement assigns to a name, or to an attribute, also as one of several at once."""
    if not isinstance(statement, ast.Assign):
        return None
    target, value = statement.targets[0], statement.value
    several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
    pairs = zip(target.elts, value.elts, strict=False) if several else [(target, value)]  # type: ignore[attr-defined]
    kind = ast.Attribute if attribute else ast.Name
    return next((given for to, given in pairs if isinstance(to, kind) and _name(to) == wanted), None)


def _taker(function: ast.FunctionDef, classes: dict[str, int]) -> _Taker | None:
    """Return how a function makes an error of the code that it is given; None if it takes none."""
    names = [argument.arg for argument in function.args.args if argument.arg not in ("self", "cls")]
    if "code" not in names:
        return None
    says = [
        _text(node.args[0])
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and node.args and _name(node.func) in classes
    ]
    status = classes.get(_name(function.returns)) if function.returns is not None else None
    return _Taker(names.index("code"), status, says[0] if says else "")


def _summary(node: ast.ClassDef) -> str:
    """Return the first line of a docstring, without the status that it ends with."""
    return (ast.get_docstring(node) or "").partition("\n")[0].partition(" (")[0].rstrip(".")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _code(node: ast.expr) -> str | None:
    is_code = isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.match(node.value)
    return str(node.value) if is_code else None  # type: ignore[attr-defined]


def _text(node: ast.expr | None) -> str:
    """Return a literal text, with `…` for what is put into it."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "…"
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.Subscript):  # a text that is cut
        return _text(node.value)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body)} / {_text(node.orelse)}"
    return ""
