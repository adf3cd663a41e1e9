"""What one source file says, before anything is resolved: the same words for every language.

Facts depend on the file's bytes alone, never on its path or on other files: they are cached by the hash of the bytes.
`kg/resolve` reads them to find out what each call means, `kg/emit` writes them as triples.

Expressions are short strings, a *path*: a name, then steps. ``.name`` is an attribute, ``()`` a call (arguments are
left out), ``[]`` a subscript, ``!`` an await. ``super().save`` or ``make()[].run`` are paths. Literals are calls of
their type (``str()``); what cannot be followed is ``?``. A path may also start with a module, ``<./orders>``, a value
of a type that is written there, ``(Map<string, Order>)``, or an object literal, by the number of its scope: ``{7}``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = [
    "FILE_FOLDER",
    "UNKNOWN",
    "Binding",
    "Branch",
    "Call",
    "Cell",
    "DataUse",
    "Definition",
    "DefinitionKind",
    "FileFacts",
    "Parameter",
    "Problem",
    "Requirement",
    "Scope",
    "Section",
    "decode_facts",
    "encode_facts",
    "is_in_function",
]

UNKNOWN = "?"
FILE_FOLDER = "\0folder"

DefinitionKind = Literal[
    "class", "function", "method", "interface", "enum", "type", "namespace", "variable", "field"
]
BindingKind = Literal[
    "definition",  # index of a definition of this file
    "module",  # a module: its dotted name, leading dots are relative
    "member",  # a name of a module
    "value",  # an expression, seen from the scope that holds the binding
    "type",  # an annotation: the source's own text
    "element",  # an element of an iterable expression
    "entered",  # what a context manager gives
    "collection",  # a collection of what an expression gives
    "argument",  # what a function gets that is passed on: the function called, which argument, `item`: which parameter
    "self",  # an instance of the enclosing class
    "class",  # the enclosing class itself
    "unknown",
]


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A parameter as it is written, without its default's value."""

    name: str
    kind: Literal["", "*", "**"] = ""
    annotation: str = ""
    has_default: bool = False


class Definition(msgspec.Struct, array_like=True):
    """A class, function or variable. Lines count from 1, the end is included."""

    kind: DefinitionKind
    name: str
    parent: int  # index of the definition that holds this one; -1: the module
    scope: int  # index of the scope in which the name is bound
    start_line: int
    end_line: int
    name_line: int
    name_column: int  # in bytes, from 0
    body_scope: int = -1
    documentation: str = ""
    parameters: tuple[Parameter, ...] = ()
    annotation: str = ""  # what a function returns, or a variable's type
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    returns: tuple[str, ...] = ()  # returned expressions, where no annotation tells
    is_async: bool = False
    is_generator: bool = False
    modifiers: tuple[str, ...] = ()  # "static", "get", "private", ...


class Binding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One way in which a scope gives a name its meaning, from a line on.

    A value that may be the alias of a type (`Union[A, B]`) keeps the source's text as `name`. A narrowed type
    (`isinstance`) counts up to the line `until`, where that is not 0. `item` is the place in a tuple that is unpacked.
    """

    kind: BindingKind
    text: str = ""
    name: str = ""
    line: int = 0
    until: int = 0
    item: int = -1


class Scope(msgspec.Struct, array_like=True):
    """The names of a module or namespace, class body, object literal or function."""

    kind: Literal["module", "class", "object", "function"]
    parent: int
    definition: int
    names: dict[str, list[Binding]] = {}
    attributes: dict[
        str, list[tuple[int, Binding]]
    ] = {}  # of a class: set on an instance, with the scope that sets
    stars: list[str] = []  # modules whose names are all imported


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call site. `line` (from 1) and `column` (bytes, from 0) are those of the called name."""

    scope: int
    caller: int  # index of the definition whose body holds it; -1: the module
    callee: str
    line: int
    column: int


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An import of a module, or of a name from it; a late one runs inside a function, or never (types only)."""

    module: str
    name: str
    line: int
    is_late: bool = False


class Problem(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Why a part of the file could not be read."""

    line: int
    message: str


class Cell(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A cell of a notebook.

    Lines of a notebook's facts count through all of its code cells; `first_line` is where this one begins (from 1; 0:
    no code). `defines` are the names that it binds at its top level, `uses` those that it reads and that are not its
    own by then.
    """

    kind: str  # "code", "markdown" or "raw"
    first_line: int = 0
    lines: int = 0
    execution_count: int | None = None
    error: str = ""  # what its last run ended with, if it failed: "KeyError: 'total'"
    defines: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    identifier: str = ""


class DataUse(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A place that reads or writes a file by a name that can be told from the source.

    A path may begin with `FILE_FOLDER`, the folder of the source file itself.
    """

    relation: Literal["reads", "writes"]
    path: str
    line: int
    caller: int  # index of the definition whose body holds it; -1: the module


class Branch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A later branch of a statement, `else`, `elif` or `except`; after it a name may be what any branch bound."""

    statement: int  # the first line of the whole statement
    start_line: int
    end_line: int
    outer: int = -1  # index of the branch that it lies in


class Requirement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A package that a manifest declares, by its normalised name."""

    ecosystem: str  # "pypi", "npm" or "conda"
    name: str
    constraint: str = ""  # which versions will do, as it is written
    group: str = ""  # an extra, a dependency group, "dev", "build"; nothing: always


class Section(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A part of a document under a heading; level 0 is what stands before the first one.

    In a notebook lines count in its cell.
    """

    title: str
    level: int
    start_line: int
    end_line: int
    links: tuple[str, ...] = ()  # as they are written
    names: tuple[str, ...] = ()  # that stand in code spans and look like those of definitions
    cell: int = -1


class FileFacts(msgspec.Struct, array_like=True):
    """Everything one source file says about itself. `scopes[0]` is the module's.

    `exports` is what other files see where that differs from the module's names; `settings` is what a file that
    configures a project says of where its modules lie.
    """

    language: str
    lines: int
    documentation: str = ""
    definitions: list[Definition] = []
    scopes: list[Scope] = []
    calls: list[Call] = []
    imports: list[Import] = []
    problems: list[Problem] = []
    exports: dict[str, list[Binding]] = {}
    settings: dict[str, list[str]] = {}
    cells: list[Cell] = []
    data: list[DataUse] = []
    requirements: list[Requirement] = []
    sections: list[Section] = []
    branches: list[Branch] = []  # of Python, in the order in which they begin


def is_in_function(scopes: list[Scope], scope: int) -> bool:
    """Whether what stands in a scope runs only when a function is called."""
    while scope > 0:
        if scopes[scope].kind == "function":
            return True
        scope = scopes[scope].parent
    return False


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(FileFacts)


def encode_facts(facts: FileFacts) -> bytes:
    """Return the facts as MessagePack, for the cache and for other processes."""
    return _ENCODER.encode(facts)


def decode_facts(data: bytes) -> FileFacts:
    """Return the facts of `encode_facts`.

    Raises:
        msgspec.DecodeError: when the bytes were written by another version.
    """
    return _DECODER.decode(data)
