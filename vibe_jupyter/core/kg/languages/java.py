"""Java."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.outline import Frame, Outline
from vibe_jupyter.core.kg.languages.registry import Family, Language
from vibe_jupyter.core.kg.resolve.by_name import NamedResolver
from vibe_jupyter.core.kg.resolve.path_tables import Located, PathTable, endings, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

    from vibe_jupyter.core.kg.languages.registry import Settings
    from vibe_jupyter.core.kg.resolve.path_tables import Look


class _JavaOutline(Outline):
    grammar = "tree_sitter_java"
    query = """
(class_declaration name: (_) @name) @class
(record_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(annotation_type_declaration name: (_) @name) @interface
(enum_declaration name: (_) @name) @enum
(superclass (_) @base)
(super_interfaces (type_list (_) @base))
(extends_interfaces (type_list (_) @base))
(method_declaration type: (_) @returns name: (_) @name) @method
(constructor_declaration name: (_) @name) @method
(compact_constructor_declaration name: (_) @name) @method
(field_declaration type: (_) @of declarator: (variable_declarator name: (_) @name)) @field
(constant_declaration type: (_) @of declarator: (variable_declarator name: (_) @name)) @field
(record_declaration parameters: (formal_parameters (formal_parameter type: (_) @of name: (_) @name) @field))
(marker_annotation) @attribute
(annotation) @attribute
(formal_parameter type: (_) @of name: (_) @name) @parameter
(spread_parameter (variable_declarator name: (_) @name)) @parameter
(local_variable_declaration type: (_) @of declarator: (variable_declarator name: (_) @name value: (_)? @value)) @local
(enhanced_for_statement type: (_) @of name: (_) @name) @local
(resource type: (_) @of name: (_) @name value: (_) @value) @local
(catch_formal_parameter name: (_) @name) @local
(instanceof_expression right: (_) @of name: (_) @name) @local
(lambda_expression parameters: (identifier) @name) @local
(inferred_parameters (identifier) @name) @local
(method_invocation) @call
(object_creation_expression type: (_) @name) @new
(import_declaration) @import
"""

    def read_import(self, node: Node, _frame: Frame) -> None:
        """Read a class, a static member, or all of a package or class."""
        named = next((child for child in node.named_children if child.type != "line_comment"), None)
        if named is None or named.type not in ("scoped_identifier", "identifier"):
            return
        path = "".join(self.text(named).split())
        kinds = {child.type for child in node.children}
        owner, _, name = path.rpartition(".")
        line = node.start_point[0] + 1
        if "asterisk" in kinds:
            self.add_import(path, "*", node)
            self.scopes[0].stars.append(path)
        elif "static" in kinds:
            self.add_import(owner, name, node)
            self.bind(0, name, "member", owner, name, line)
        else:
            self.add_import(path, "", node)
            self.bind(0, name, "member", path, "", line)


class _JavaPackages(PathTable):
    """A package is a folder below a source root; a class that others can see is in a file of its name."""

    has_full_names = True
    calls_pass_values = True
    builtins = frozenset(
        """
        Boolean Byte Character CharSequence Class ClassLoader Comparable Double Enum Error Exception Float
        Integer IllegalArgumentException IllegalStateException Iterable Long Math Number Object Override
        Process Record Runnable Runtime RuntimeException Short StackTraceElement StrictMath String
        StringBuffer StringBuilder System Thread ThreadLocal Throwable Void
        """.split()  # noqa: SIM905 - quoted one by one they are no easier to read
    )

    def __init__(self, paths: Iterable[str], _settings: Settings) -> None:
        super().__init__()
        for path in endings(paths, ".java"):
            package = self.names[path] = _package(path)
            self.add(path.rpartition("/")[2], path)
            self.add(f"package {package}", path)

    def locate(self, module: str, importer: str, look: Look) -> Located | None:
        """Find the file of a class by its full name, which may go on to what is in the class; or a package's files."""
        parts = module.split(".")
        for cut in range(len(parts), 0, -1):
            name = parts[cut - 1]
            ending = f"/{'/'.join(parts[:cut])}.java"
            found = [path for path in look(f"{name}.java") if f"/{path}".endswith(ending)]
            if found:
                return Located((nearest(found, importer),), tuple(parts[cut - 1 :]))
        files = look(f"package {module}")
        return Located(files) if files else None

    def beside(self, path: str, name: str, look: Look) -> list[str]:
        """Return the file of the package that is named like the class."""
        package = self.names.get(path)
        return [other for other in look(f"{name}.java") if other != path and self.names.get(other) == package]

    def through_star(self, module: str, name: str, importer: str, look: Look) -> Located | None:
        """Find the file of a class in a package, or the class whose static members are imported."""
        located = self.locate(f"{module}.{name}", importer, look)
        return located if located and len(located.rest) == 1 else None


def _package(path: str) -> str:
    *folders, _name = path.split("/")
    for root in ("java", "src"):
        if root in folders:
            return ".".join(folders[folders.index(root) + 1 :])
    return ".".join(folders)


LANGUAGES = (Language("java", partial(_JavaOutline.extract, "java"), (".java",)),)
FAMILY = Family("java", frozenset(["java"]), _JavaPackages, NamedResolver)
