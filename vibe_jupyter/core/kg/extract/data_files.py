"""Which files Python code reads and writes, where their names can be told from the source."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Literal, NamedTuple

from vibe_jupyter.core.kg.extract.facts import FILE_FOLDER, DataUse

if TYPE_CHECKING:
    from tree_sitter import Node

    from vibe_jupyter.core.kg.extract.python_expressions import Expressions

    Relation = Literal["reads", "writes"]

__all__ = ["DATA_CALLS", "DataCall", "data_uses"]

_PANDAS = (
    "csv parquet json excel feather pickle table hdf sas stata orc xml html fwf spss ipc avro ndjson delta"
)
_OF_AN_ARGUMENT: dict[str, Relation] = {
    **{f"read_{kind}": "reads" for kind in _PANDAS.split()},
    **{f"scan_{kind}": "reads" for kind in ("csv", "parquet", "ndjson", "ipc", "delta")},
    **{f"to_{kind}": "writes" for kind in _PANDAS.split()},
    **{
        f"write_{kind}": "writes"
        for kind in ("csv", "parquet", "json", "ndjson", "ipc", "excel", "avro", "delta")
    },
    **{f"sink_{kind}": "writes" for kind in ("csv", "parquet", "ndjson", "ipc")},
    **dict.fromkeys(
        ("read_file", "loadtxt", "genfromtxt", "fromfile", "loadmat", "imread", "open_dataset"), "reads"
    ),
    **dict.fromkeys(
        ("savetxt", "savez", "savez_compressed", "savemat", "imwrite", "imsave", "savefig"), "writes"
    ),
    **dict.fromkeys(("to_netcdf", "to_zarr", "write_image", "write_html"), "writes"),
}
_OF_A_MODULE: dict[str, Relation] = {
    **dict.fromkeys(
        ("np.load", "numpy.load", "joblib.load", "torch.load", "sqlite3.connect", "Image.open"), "reads"
    ),
    **dict.fromkeys(("np.save", "numpy.save"), "writes"),
}
_OPENS = frozenset(["open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open"])
_OF_AN_OBJECT: dict[str, Relation] = {
    **dict.fromkeys(("read_text", "read_bytes"), "reads"),
    **dict.fromkeys(("write_text", "write_bytes"), "writes"),
}
_SPARK = frozenset(["csv", "parquet", "json", "orc", "text", "load", "save"])
_KEYWORDS = frozenset(
    [
        "filepath_or_buffer",
        "path_or_buf",
        "path",
        "io",
        "fname",
        "file",
        "filename",
        "source",
        "excel_writer",
        "database",
    ]
)
DATA_CALLS = frozenset(
    [*_OF_AN_ARGUMENT, *(name.rpartition(".")[2] for name in _OF_A_MODULE), "open", *_OF_AN_OBJECT, *_SPARK]
)
"""The names of calls that may read or write a file."""

_JOINS = frozenset(
    ["Path", "PurePath", "PosixPath", "PurePosixPath", "join", "joinpath", "str", "fspath", "abspath"]
)
_SAME = frozenset(["resolve", "absolute", "expanduser", "as_posix"])
_MAX_DEPTH = 20
_MAX_PATH = 300
_NO_PATH = (":", "{", "[", "<")  # `:memory:`, and texts that some readers take in place of a path


class DataCall(NamedTuple):
    """A call whose name is one of `DATA_CALLS`."""

    node: Node
    function: Node
    callee: str
    line: int
    caller: int


def data_uses(expressions: Expressions, root: Node, calls: list[DataCall]) -> list[DataUse]:
    """Return what the calls of a file read and write, where the path can be told.

    A name stands for what the module gives it, if it does so once.
    """
    return _Reader(expressions, root).uses(calls) if calls else []


class _Reader:
    def __init__(self, expressions: Expressions, root: Node) -> None:
        self._source = expressions
        self._constants = self._given_once(root)

    def uses(self, calls: list[DataCall]) -> list[DataUse]:
        uses: list[DataUse] = []
        for call in calls:
            relations, node = self._what(call.node, call.function, call.callee)
            path = (self._fold(node, self._constants) if relations else None) or ""
            shown = path.removeprefix(FILE_FOLDER)
            if shown and len(shown) <= _MAX_PATH and shown.isprintable() and shown[0] not in _NO_PATH:
                uses.extend(DataUse(relation, path, call.line, call.caller) for relation in relations)
        return uses

    def _what(self, call: Node, function: Node, callee: str) -> tuple[tuple[Relation, ...], Node | None]:
        name = callee.rpartition(".")[2]
        relations: tuple[Relation, ...] = ()
        node: Node | None = None
        if callee in _OPENS:
            relations, node = self._mode(call, 1), self._argument(call)
        elif name == "open" and callee not in _OF_A_MODULE:
            relations, node = self._mode(call, 0), function.child_by_field_name("object")
        elif name in _OF_AN_OBJECT:
            relations, node = (_OF_AN_OBJECT[name],), function.child_by_field_name("object")
        elif name in _OF_AN_ARGUMENT:
            relations, node = (_OF_AN_ARGUMENT[name],), self._argument(call)
        elif callee in _OF_A_MODULE:
            relations, node = (_OF_A_MODULE[callee],), self._argument(call)
        elif ".read." in callee or callee.startswith("read."):
            relations, node = ("reads",), self._argument(call)
        elif ".write." in callee or callee.startswith("write."):
            relations, node = ("writes",), self._argument(call)
        return relations, node

    def _argument(self, call: Node, position: int = 0) -> Node | None:
        arguments = call.child_by_field_name("arguments")
        if arguments is None or arguments.type != "argument_list":
            return None
        plain = [
            child for child in arguments.named_children if child.type not in ("keyword_argument", "comment")
        ]
        if len(plain) > position:
            return plain[position]
        for child in arguments.named_children:
            if child.type == "keyword_argument" and position == 0:
                name = child.child_by_field_name("name")
                if name is not None and self._source.text(name) in _KEYWORDS:
                    return child.child_by_field_name("value")
        return None

    def _mode(self, call: Node, position: int) -> tuple[Relation, ...]:
        node = self._argument(call, position)
        arguments = call.child_by_field_name("arguments")
        for child in arguments.named_children if arguments is not None else ():
            name = child.child_by_field_name("name") if child.type == "keyword_argument" else None
            if name is not None and self._source.text(name) == "mode":
                node = child.child_by_field_name("value")
        mode = self._string(node) if node is not None and node.type == "string" else "r"
        if mode is None or not set(mode) <= set("rwaxbtU+"):
            mode = "r"
        if "+" in mode:
            return ("reads", "writes")
        return ("writes",) if set(mode) & set("wax") else ("reads",)

    def _given_once(self, root: Node) -> dict[str, Node | None]:
        found: dict[str, Node | None] = {}
        for statement in root.named_children:
            child = statement.named_children[0] if statement.named_children else None
            if statement.type != "expression_statement" or child is None or child.type != "assignment":
                continue
            left, right = child.child_by_field_name("left"), child.child_by_field_name("right")
            if left is not None and left.type == "identifier":
                name = self._source.text(left)
                found[name] = None if name in found else right
        return found

    def _fold(self, node: Node | None, constants: dict[str, Node | None], depth: int = 0) -> str | None:
        if node is None or depth > _MAX_DEPTH:
            return None
        kind = node.type
        if kind == "string":
            return self._string(node)
        if kind == "identifier":
            name = self._source.text(node)
            if name == "__file__":
                return f"{FILE_FOLDER}/\0"
            return self._fold(constants.get(name), {**constants, name: None}, depth + 1)
        if kind in ("parenthesized_expression", "concatenated_string"):
            parts = [
                self._fold(child, constants, depth + 1)
                for child in node.named_children
                if child.type != "comment"
            ]
            return None if None in parts else "".join(part or "" for part in parts)
        if kind == "binary_operator":
            left = self._fold(node.child_by_field_name("left"), constants, depth + 1)
            right = self._fold(node.child_by_field_name("right"), constants, depth + 1)
            sign = node.child_by_field_name("operator")
            if left is None or right is None or sign is None or sign.type not in ("/", "+"):
                return None
            return left + right if sign.type == "+" else posixpath.join(left, right)
        if kind == "attribute":
            owner = self._fold(node.child_by_field_name("object"), constants, depth + 1)
            if owner is None or self._source.text(node.child_by_field_name("attribute")) != "parent":
                return None
            return owner.removesuffix("/\0") if owner.endswith("/\0") else posixpath.join(owner, "..")
        return self._call(node, constants, depth) if kind == "call" else None

    def _call(self, node: Node, constants: dict[str, Node | None], depth: int) -> str | None:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return None
        callee = self._source.path(function)
        name = callee.rpartition(".")[2]
        if name == "cwd":
            return "."
        parts: list[str | None] = []
        if name in _SAME or name == "joinpath":
            parts.append(self._fold(function.child_by_field_name("object"), constants, depth + 1))
        elif name == "dirname":
            inner = self._fold(self._argument(node), constants, depth + 1)
            if inner is None:
                return None
            return inner.removesuffix("/\0") if inner.endswith("/\0") else posixpath.dirname(inner) or "."
        elif name not in _JOINS or (name == "join" and not callee.endswith("path.join")):
            return None
        if name not in _SAME:
            parts.extend(self._fold(child, constants, depth + 1) for child in arguments.named_children)
        known = [part for part in parts if part is not None]
        return posixpath.join(*known) if known and len(known) == len(parts) else None

    def _string(self, node: Node) -> str | None:
        """Return the text of a plain string; None where something is put into it or escaped."""
        if any(child.type not in ("string_start", "string_content", "string_end") for child in node.children):
            return None
        if any(child.named_children for child in node.children):  # escapes
            return None
        if "b" in self._source.text(node.children[0]).lower():
            return None
        return "".join(self._source.text(child) for child in node.children if child.type == "string_content")
