"""Rust, with the files that name crates."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.facts import FileFacts
from vibe_jupyter.core.kg.extract.outline import PART, Frame, Outline
from vibe_jupyter.core.kg.extract.outline_paths import path_of
from vibe_jupyter.core.kg.languages.registry import Family, Language
from vibe_jupyter.core.kg.resolve.by_name import NamedResolver
from vibe_jupyter.core.kg.resolve.path_tables import Located, PathTable, endings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tree_sitter import Node

    from vibe_jupyter.core.kg.languages.registry import Settings
    from vibe_jupyter.core.kg.resolve.path_tables import Look

_OWNER = re.compile(rb"(?:[A-Za-z_]\w*(?:::|\.))+$")
_ROOTS = ("lib.rs", "main.rs")


class _RustOutline(Outline):
    grammar = "tree_sitter_rust"
    members_in_scope = False
    query = """
(struct_item name: (_) @name) @class
(union_item name: (_) @name) @class
(enum_item name: (_) @name) @enum
(trait_item name: (_) @name) @interface
(type_item name: (_) @name type: (_) @of) @type
(mod_item name: (_) @name body: (_)) @namespace
(trait_item bounds: (trait_bounds [(type_identifier) (scoped_type_identifier) (generic_type)] @base))
(impl_item trait: (_)? @trait type: (_) @name) @part
(function_item name: (_) @name return_type: (_)? @returns) @function
(function_signature_item name: (_) @name return_type: (_)? @returns) @function
(macro_definition name: (_) @name) @function
(source_file (const_item name: (_) @name type: (_) @of) @variable)
(source_file (static_item name: (_) @name type: (_) @of) @variable)
(field_declaration name: (_) @name type: (_) @of) @field
(attribute_item) @attribute
(parameter pattern: (identifier) @name type: (_) @of) @parameter
(let_declaration pattern: (identifier) @name type: (_)? @of value: (_)? @value) @local
(closure_parameters (identifier) @name) @local
(for_expression pattern: (identifier) @name) @local
(tuple_pattern (identifier) @name) @local
(tuple_struct_pattern (identifier) @name) @local
(call_expression function: (_) @name) @call
(macro_invocation macro: (_) @name) @macro
(token_tree (identifier) @import . (token_tree))
(use_declaration) @import
(mod_item !body name: (_) @name) @import
"""

    def read_import(self, node: Node, frame: Frame) -> None:
        """Read `use` and `mod name;`."""
        if node.type == "identifier":
            self._call_in_macro(node, frame)
            return
        line = node.start_point[0] + 1
        if node.type == "mod_item":
            named = node.child_by_field_name("name")
            if named is not None:
                module = "::".join(["self", *self._inline(), self.text(named)])
                self.add_import(module, "", node)
                self.bind(frame.scope, self.text(named), "module", module, line=line)
            return
        for path, alias in _used(node, self.text):
            module, _, name = self._from_file(path).rpartition("::")
            if name == "*":
                self.add_import(module, "*", node)
                self.scopes[frame.scope].stars.append(module)
                continue
            self.add_import(module or name, name if module else "", node)
            if alias != "_":
                self.bind(frame.scope, alias, "member", module or name, name if module else "", line)

    def _call_in_macro(self, named: Node, frame: Frame) -> None:
        """Note a call among the arguments of a macro, which have no syntax: a name directly before a parenthesis."""
        if self.source.startswith(b"(", named.end_byte):
            owner = _OWNER.search(self.source, max(0, named.start_byte - 100), named.start_byte)
            start = owner.start() if owner else named.start_byte
            start -= self.source.startswith(b".", start - 1)  # a method of what stands before
            self.add_call(start, named.end_byte, named, frame)

    def path(self, text: str, frame: Frame) -> str:
        """Return a path as the file itself would write it, outside of the modules that are open here."""
        if text.startswith(("self::", "super::")):
            text = self._from_file(text).removeprefix("self::")
        return path_of(text)

    def name_of_function(self, name: str, node: Node) -> str:
        """Return a function's name; a macro is called with `!`."""
        return f"{name}!" if node.type == "macro_definition" else name

    def _inline(self) -> list[str]:
        """Return the names of the modules that are open here, from the outermost."""
        open_ = [self.definitions[f.definition] for f in self.frames if f.definition >= 0]
        return [d.name for d in open_ if d.kind == "namespace" and PART not in d.modifiers]

    def _from_file(self, path: str) -> str:
        depth = len(self._inline())
        while depth and path.startswith("super::"):
            depth -= 1
            path = path.removeprefix("super::")
            if not path.startswith("super::"):
                return f"self::{path}"
        return path


def _used(node: Node, text: Callable[[Node], str]) -> Iterator[tuple[str, str]]:
    """Yield the paths of a `use` with the names that they bind."""
    waiting = [("", child) for child in node.named_children if child.type != "visibility_modifier"]
    while waiting:
        prefix, at = waiting.pop()
        if at.type in ("use_list", "scoped_use_list"):
            path = at.child_by_field_name("path")
            inner = at.child_by_field_name("list") or at
            if path is not None:
                prefix = f"{prefix}{text(path)}::"
            waiting.extend((prefix, child) for child in reversed(inner.named_children))
            continue
        if at.type == "use_as_clause":
            path, alias = at.child_by_field_name("path"), at.child_by_field_name("alias")
            if path is not None and alias is not None:
                yield prefix + text(path), text(alias)
            continue
        path_text = prefix + "".join(text(at).split())
        if at.type == "self":  # `io::{self}`
            path_text = prefix.removesuffix("::")
        if at.type in ("use_wildcard", "identifier", "scoped_identifier", "self", "crate", "super"):
            yield path_text, path_text.rpartition("::")[2]


class _RustModules(PathTable):
    """Modules are files below a crate's `lib.rs` or `main.rs`; `Cargo.toml` files name the crates of a project."""

    separator = "::"
    has_full_names = True
    builtins = frozenset(
        """
        std core alloc Box Clone Copy Debug Default Drop Err From Into Iterator None Ok Option Result Some
        String ToString Vec assert! assert_eq! assert_ne! cfg! concat! dbg! debug_assert! eprint! eprintln!
        env! format! include_str! matches! panic! print! println! thread_local! todo! unimplemented!
        unreachable! vec! write! writeln! drop
        """.split()  # noqa: SIM905 - quoted one by one they are no easier to read
    )

    def __init__(self, paths: Iterable[str], settings: Settings) -> None:
        super().__init__()
        for path in endings(paths, ".rs"):
            self.names[path] = path.removesuffix(".rs").removesuffix("/mod")
            self.add(path, path)
        for path, said in sorted(settings.items()):
            for crate in said.get("crate", ()):
                self.add(f"crate {crate}", path.rpartition("/")[0])

    def locate(self, module: str, importer: str, look: Look) -> Located | None:
        """Find the file of a path that begins with `crate`, `self`, `super`, a module of the importer or a crate."""
        root, *parts = module.split("::")
        if root == "crate":
            file = _crate_root(importer, look)
        elif root == "self":
            file = importer
        elif root == "super":
            file = _parent(importer, look)
            while file and parts and parts[0] == "super":
                file = _parent(file, look)
                del parts[0]
        else:
            folders = look(f"crate {root}")
            file = _first(look, _join(folders[0], "src/lib.rs")) if folders else ""
            if not file:
                file = importer if _child(importer, root, look) else ""
                parts.insert(0, root)
        if not file:
            return Located(()) if root in ("crate", "super") else None
        while parts:
            inner = _child(file, parts[0], look)
            if not inner:
                break
            file = inner
            del parts[0]
        return Located((file,), tuple(parts))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _first(look: Look, *paths: str) -> str:
    return next((path for path in paths if look(path)), "")


def _folder_of(file: str) -> str:
    """Return the folder in which a module's own modules lie."""
    folder, _, name = file.rpartition("/")
    return folder if name in (*_ROOTS, "mod.rs") else file.removesuffix(".rs")


def _child(file: str, name: str, look: Look) -> str:
    folder = _folder_of(file)
    return _first(look, _join(folder, f"{name}.rs"), _join(folder, f"{name}/mod.rs"))


def _parent(file: str, look: Look) -> str:
    folder, _, name = file.rpartition("/")
    if name in _ROOTS:
        return ""
    if name == "mod.rs":
        folder = folder.rpartition("/")[0]
    return _first(look, *(_join(folder, n) for n in (*_ROOTS, "mod.rs")), f"{folder}.rs")


def _crate_root(file: str, look: Look) -> str:
    folder, _, name = file.rpartition("/")
    if name in _ROOTS:
        return file
    while True:
        found = _first(look, *(_join(folder, n) for n in _ROOTS))
        if found or not folder:
            return found
        folder = folder.rpartition("/")[0]


def _extract_crate(source: bytes) -> FileFacts:
    try:
        said = tomllib.loads(source.decode("utf-8", "replace"))
    except (tomllib.TOMLDecodeError, RecursionError):
        said = {}
    package = said.get("package")
    name = package.get("name") if isinstance(package, dict) else None
    settings = {"crate": [name.replace("-", "_")]} if isinstance(name, str) else {}
    return FileFacts("cargo", source.count(b"\n"), settings=settings)


LANGUAGES = (
    Language("rust", partial(_RustOutline.extract, "rust"), (".rs",)),
    Language("cargo", _extract_crate, names=r"Cargo\.toml", is_settings=True, file_class=""),
)
FAMILY = Family("rust", frozenset(["rust"]), _RustModules, NamedResolver)
