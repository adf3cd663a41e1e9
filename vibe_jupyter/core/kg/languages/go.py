"""Go, with the files that say which module a folder is."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.facts import FileFacts
from vibe_jupyter.core.kg.extract.outline import Frame, Outline
from vibe_jupyter.core.kg.languages.registry import Family, Language
from vibe_jupyter.core.kg.resolve.by_name import NamedResolver
from vibe_jupyter.core.kg.resolve.path_tables import Located, PathTable, endings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

    from vibe_jupyter.core.kg.languages.registry import Settings
    from vibe_jupyter.core.kg.resolve.path_tables import Look

_MODULE = re.compile(rb"^module[ \t]+(\S+)", re.MULTILINE)
_VERSION = re.compile(r"v\d+")


class _GoOutline(Outline):
    grammar = "tree_sitter_go"
    members_in_scope = False
    query = """
(type_spec name: (_) @name type: (struct_type)) @class
(type_spec name: (_) @name type: (interface_type)) @interface
(type_spec name: (_) @name) @type
(type_alias name: (_) @name type: (_) @of) @type
(field_declaration !name type: (_) @base)
(interface_type (type_elem . [(type_identifier) (qualified_type)] @base .))
(function_declaration name: (_) @name result: (_)? @returns) @function
(method_declaration receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner (generic_type type: (_) @owner) (pointer_type (type_identifier) @owner)
    (pointer_type (generic_type type: (_) @owner))]))
  name: (_) @name result: (_)? @returns) @method
(method_elem name: (_) @name result: (_)? @returns) @method
(field_declaration name: (_) @name type: (_) @of) @field
(source_file (const_declaration (const_spec name: (identifier) @name) @variable))
(source_file (var_declaration (var_spec name: (_) @name type: (_)? @of) @variable))
(source_file (var_declaration (var_spec_list (var_spec name: (_) @name type: (_)? @of) @variable)))
(function_declaration parameters: (parameter_list (_ name: (_) @name type: (_) @of) @parameter))
(method_declaration parameters: (parameter_list (_ name: (_) @name type: (_) @of) @parameter))
(method_elem parameters: (parameter_list (_ name: (_) @name type: (_) @of) @parameter))
(parameter_declaration name: (_) @name type: (generic_type type: (_) @of)) @local
(parameter_declaration name: (_) @name type: (pointer_type (generic_type type: (_) @of))) @local
(parameter_declaration name: (_) @name type: (_) @of) @local
(var_spec name: (_) @name type: (_)? @of) @local
(short_var_declaration left: (expression_list . (identifier) @name) right: (expression_list . (_) @value .)) @local
(short_var_declaration left: (expression_list (identifier) @name)) @local
(range_clause left: (expression_list (identifier) @name)) @local
(call_expression function: (_) @name) @call
(import_spec) @import
"""

    def read_import(self, node: Node, frame: Frame) -> None:
        """Bind the package's name: what it is renamed to, or the last part of its path that is no version."""
        path = node.child_by_field_name("path")
        if path is None:
            return
        module = self.text(path).strip('"`')
        self.add_import(module, "", node)
        renamed = node.child_by_field_name("name")
        name = self.text(renamed) if renamed else _package(module)
        if name == ".":
            self.scopes[0].stars.append(module)
        elif name != "_":
            self.bind(0, name, "module", module, line=node.start_point[0] + 1)


def _package(module: str) -> str:
    *folders, last = module.split("/")
    name = folders[-1] if folders and _VERSION.fullmatch(last) else last
    return name.partition(".")[0].rpartition("-")[2]


class _GoPackages(PathTable):
    """Packages are folders; `go.mod` files say what the import paths of those below them begin with."""

    builtins = frozenset(
        """
        append cap clear close complex copy delete imag len make max min new panic print println real
        recover bool byte error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16
        uint32 uint64 uintptr any
        """.split()  # noqa: SIM905 - quoted one by one they are no easier to read
    )

    def __init__(self, paths: Iterable[str], settings: Settings) -> None:
        super().__init__()
        for path in endings(paths, ".go"):
            folder = path.rpartition("/")[0]
            self.names[path] = folder
            self.add(f"folder {folder}", path)
        for path, said in sorted(settings.items()):
            for module in said.get("go_module", ()):
                self.add(f"module {module}", path.rpartition("/")[0])

    def locate(self, module: str, importer: str, look: Look) -> Located | None:
        """Find the files of a package by its import path."""
        parts = module.split("/")
        for cut in range(len(parts), 0, -1):
            for root in look(f"module {'/'.join(parts[:cut])}"):
                folder = "/".join(part for part in (root, *parts[cut:]) if part)
                files = tuple(f for f in look(f"folder {folder}") if not f.endswith("_test.go"))
                return Located(files) if files else None
        return None

    def beside(self, path: str, name: str, look: Look) -> list[str]:
        """Return the other files of the package."""
        return self.parts(path, look)

    def parts(self, path: str, look: Look) -> list[str]:
        """Return the other files of the package."""
        folder = path.rpartition("/")[0]
        return [other for other in look(f"folder {folder}") if other != path]


def _extract_module(source: bytes) -> FileFacts:
    found = _MODULE.search(source)
    named = [found[1].decode("utf-8", "replace").strip('"')] if found else []
    return FileFacts("gomod", source.count(b"\n"), settings={"go_module": named} if named else {})


LANGUAGES = (
    Language("go", partial(_GoOutline.extract, "go"), (".go",)),
    Language("gomod", _extract_module, names=r"go\.mod", is_settings=True, file_class=""),
)
FAMILY = Family("go", frozenset(["go"]), _GoPackages, NamedResolver)
