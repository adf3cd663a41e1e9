"""C and C++."""

from __future__ import annotations

import posixpath
import re
from functools import partial
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.outline import USED_NAMESPACE, Frame, Outline
from vibe_jupyter.core.kg.extract.outline_paths import path_of
from vibe_jupyter.core.kg.languages.registry import Family, Language
from vibe_jupyter.core.kg.resolve.by_name import NamedResolver
from vibe_jupyter.core.kg.resolve.path_tables import Located, PathTable, endings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

    from vibe_jupyter.core.kg.extract.facts import FileFacts
    from vibe_jupyter.core.kg.languages.registry import Settings
    from vibe_jupyter.core.kg.resolve.path_tables import Look

_IS_CPP = re.compile(
    rb"^[ \t]*(?:template[ \t]*<|namespace\b|class[ \t]+\w|using[ \t]+\w|(?:public|private|protected)[ \t]*:)"
    rb"|\bstd::|\boperator\b[^\w]",
    re.MULTILINE,
)
_EXTERN_C = re.compile(
    rb"^[ \t]*#[ \t]*if(?:def)?[ \t]+(?:defined[ \t(]*)?__cplusplus\b[^\n]*\n\s*(?:extern\s+\"C\"\s*\{|\})[^\n]*\n"
    rb"[ \t]*#[ \t]*endif",
    re.MULTILINE,
)
_NO_NEWLINE = re.compile(rb"[^\n]")
_C_ENDINGS = (".c", ".h")
_CPP_ENDINGS = (".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".ipp", ".tpp", ".cu", ".cuh")
_SOURCES = (".cpp", ".cc", ".cxx", ".c++", ".ipp", ".tpp", ".cu", ".c")


class _COutline(Outline):
    grammar = "tree_sitter_c"
    query = """
(struct_specifier name: (_) @name body: (_)) @class
(union_specifier name: (_) @name body: (_)) @class
(enum_specifier name: (_) @name body: (_)) @enum
(type_definition type: (struct_specifier !name body: (_)) declarator: (type_identifier) @name) @class
(type_definition type: (union_specifier !name body: (_)) declarator: (type_identifier) @name) @class
(type_definition type: (enum_specifier !name body: (_)) declarator: (type_identifier) @name) @enum
(type_definition type: [(primitive_type) (sized_type_specifier) (type_identifier) (struct_specifier !body)] @of
  declarator: [(type_identifier) @name (pointer_declarator declarator: (type_identifier) @name)]) @type
(type_definition declarator: (function_declarator declarator:
  (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @name)))) @type
(function_definition type: (_)? @returns declarator: [
    (function_declarator declarator: (_) @name)
    (pointer_declarator declarator: (function_declarator declarator: (_) @name))
    (pointer_declarator declarator: (pointer_declarator declarator: (function_declarator declarator: (_) @name)))
  ]) @function
(preproc_function_def name: (_) @name) @function
(preproc_def name: (_) @name value: (_)) @variable
(field_declaration type: (_) @of declarator: [(field_identifier) (array_declarator)
  (pointer_declarator declarator: [(field_identifier) (pointer_declarator)])
  (function_declarator declarator: (parenthesized_declarator))] @name) @field
(translation_unit (declaration type: (_) @of declarator: [(identifier) (array_declarator)
  (pointer_declarator declarator: (identifier)) (init_declarator declarator: (_))] @name) @variable)
(parameter_declaration type: (_) @of declarator: (_) @name) @parameter
(preproc_params (identifier) @name @parameter)
(declaration type: (_) @of declarator: (init_declarator declarator: (_) @name value: (_) @value)) @local
(declaration type: (_) @of declarator: [(identifier) (array_declarator)
  (pointer_declarator declarator: [(identifier) (pointer_declarator)])] @name) @local
(call_expression function: (_) @name) @call
(preproc_include) @import
"""

    @classmethod
    def prepared(cls, source: bytes) -> bytes:
        """Leave out the `extern "C" {` for C++ alone, whose braces stand in two branches of the preprocessor."""
        return _EXTERN_C.sub(lambda found: _NO_NEWLINE.sub(b" ", found[0]), source)

    def read_import(self, node: Node, frame: Frame) -> None:
        """Read an `#include`; all names of the file are seen. `using` is C++."""
        if node.type == "preproc_include":
            path = node.child_by_field_name("path")
            if path is not None and path.type in ("string_literal", "system_lib_string"):
                module = self.text(path).strip('"')
                self.add_import(module, "", node)
                self.scopes[0].stars.append(module)
            return
        used = path_of(self.text(node.named_children[-1])) if node.named_children else "?"
        if used.startswith("?"):
            return
        if any(child.type == "namespace" for child in node.children):
            self.scopes[frame.scope].stars.append(USED_NAMESPACE + used)
        elif "." in used:
            of, _, name = used.replace(".", "::").rpartition("::")
            self.bind(frame.scope, name, "member", of, name, node.start_point[0] + 1)


class _CppOutline(_COutline):
    grammar = "tree_sitter_cpp"
    query = (
        _COutline.query
        + """
(class_specifier name: (_) @name body: (_)) @class
(namespace_definition name: (_) @name body: (_)) @namespace
(alias_declaration name: (_) @name type: (_) @of) @type
(base_class_clause [(type_identifier) (qualified_identifier) (template_type)] @base)
(template_declaration) @wrapper
(function_definition type: (_)? @returns declarator: (reference_declarator
  (function_declarator declarator: (_) @name))) @function
(function_definition declarator: (operator_cast type: (_) @name)) @function
(field_declaration type: (_) @returns declarator: [
    (function_declarator declarator: (field_identifier) @name)
    (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))
    (reference_declarator (function_declarator declarator: (field_identifier) @name))
  ] default_value: (number_literal)) @method
(field_declaration type: (_) declarator: [
    (function_declarator declarator: (field_identifier) @name)
    (pointer_declarator declarator: (function_declarator declarator: (field_identifier) @name))
    (reference_declarator (function_declarator declarator: (field_identifier) @name))]) @declared
(field_declaration type: (_) @of declarator: (reference_declarator (field_identifier)) @name) @field
(namespace_definition body: (declaration_list (declaration type: (_) @of declarator: [(identifier) (array_declarator)
  (pointer_declarator declarator: (identifier)) (init_declarator declarator: (_))] @name) @variable))
(optional_parameter_declaration type: (_) @of declarator: (_) @name) @parameter
(declaration type: (_) @of declarator: (reference_declarator (identifier)) @name) @local
(for_range_loop type: (_) @of declarator: (_) @name) @local
(declaration type: [(type_identifier) (qualified_identifier) (template_type)] @name
  declarator: (init_declarator value: [(argument_list) (initializer_list)])) @new
(new_expression type: (_) @name) @new
(using_declaration) @import
"""
    )

    def name_of_function(self, name: str, node: Node) -> str:
        """Return a function's name without what its template is specialised for."""
        declarator = node.child_by_field_name("declarator")
        if declarator is not None and declarator.type == "operator_cast":
            return f"operator {name}"
        return name if name.startswith("operator") else name.partition("<")[0]


class _Includes(PathTable):
    """A file is included by its path from the folder of the file that does, or by the end of its path."""

    separator = "::"
    builtins = frozenset(
        """
        std abort abs assert atoi atof bsearch calloc ceil close cos exit exp fabs fclose feof fflush fgets floor fopen
        fprintf fputs fread free fscanf fseek ftell fwrite getenv isalnum isalpha isdigit isspace log malloc memcmp
        memcpy memmove memset open perror pow printf putchar puts qsort rand read realloc rename scanf sin snprintf
        sprintf sqrt srand sscanf strcat strchr strcmp strcpy strdup strerror strlen strncmp strncpy strrchr strstr
        strtok strtol strtoul time tolower toupper va_end va_start vfprintf vsnprintf write
        """.split()  # noqa: SIM905 - quoted one by one they are no easier to read
    )

    def __init__(self, paths: Iterable[str], _settings: Settings) -> None:
        super().__init__()
        for path in endings(paths, *_C_ENDINGS, *_CPP_ENDINGS):
            self.names[path] = path.rpartition(".")[0]
            self.add(path, path)
            self.add(f"name {path.rpartition('/')[2]}", path)

    def parts(self, path: str, look: Look) -> list[str]:
        """Return the sources that are named like a header beside them."""
        stem = path.rpartition(".")[0]
        return [
            f"{stem}{ending}" for ending in _SOURCES if path != f"{stem}{ending}" and look(f"{stem}{ending}")
        ]

    def locate(self, module: str, importer: str, look: Look) -> Located | None:
        """Find an included file: beside the file, or the only one of the project whose path ends in this."""
        is_system = module.startswith("<")
        path = module.strip("<>")
        if not is_system:
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(importer), path))
            if look(beside):
                return Located((beside,))
        name = path.rpartition("/")[2]
        if not name or (is_system and name == path):
            return None
        found = [other for other in look(f"name {name}") if f"/{other}".endswith(f"/{path}")]
        return Located((found[0],)) if len(found) == 1 else None


def _extract_c(source: bytes) -> FileFacts:
    """Read a file of C; a header that holds C++ is read as such."""
    reader = _CppOutline if _IS_CPP.search(source) else _COutline
    return reader.extract("c", source)


LANGUAGES = (
    Language("c", _extract_c, _C_ENDINGS),
    Language("cpp", partial(_CppOutline.extract, "cpp"), _CPP_ENDINGS),
)
FAMILY = Family("c", frozenset(["c", "cpp"]), _Includes, NamedResolver)
