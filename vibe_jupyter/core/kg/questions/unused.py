"""Which functions, methods and classes nothing uses, and why one should be careful all the same.

Code is used if it is called (a guess by its name counts), imported, inherited from, or named anywhere in the project's
code but in its own definition. Left out is what is called from outside by its nature: tests, special methods, what is
decorated (frameworks register it), and methods that a base class may call.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import pyoxigraph as ox

from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.kg.model.testing import is_test_file
from vibe_jupyter.core.kg.question_schemas import KgUnused, KgUnusedSymbol
from vibe_jupyter.core.kg.questions.definitions import Definition, Definitions
from vibe_jupyter.core.kg.questions.files import is_under, lies_under
from vibe_jupyter.core.kg.questions.mentions import Mentions, find_mentions
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES, first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["unused"]

_DEFAULT = ox.DefaultGraph()
_KINDS = frozenset(["Class", "Interface", "Enumeration", "Function", "Method"])
_DECLARATIONS = (".pyi", ".d.ts", ".d.mts", ".d.cts", ".h", ".hpp")
_PLAIN_DECORATORS = re.compile(
    r"(?:\w+\.)*(?:staticmethod|classmethod|property|cached_property|cache|lru_cache|abstractmethod|final|dataclass"
    r"|contextmanager|asynccontextmanager|wraps|total_ordering|runtime_checkable|no_type_check|deprecated)\b.*",
    re.DOTALL,
)
"""They change what a definition is, and tell nobody that it is there."""
_PLAIN_BASES = frozenset(
    [
        *(
            "object",
            "abc.ABC",
            "ABC",
            "typing.Generic",
            "typing.Protocol",
            "typing.NamedTuple",
            "typing.TypedDict",
        ),
        *("enum.Enum", "enum.IntEnum", "enum.StrEnum", "Error", "Exception", "BaseException", "ValueError"),
        *("TypeError", "RuntimeError", "LookupError", "KeyError", "OSError"),
    ]
)
"""Outside classes that call no method of a class by a name that is not special."""
_HOOKS = re.compile(
    r"pytest_\w+|(?:un)?load_\w*extension|_jupyter_\w+|_(?:un)?load_jupyter_\w+|_repr_\w+_|_ipython_\w+"
)
"""Names by which pytest, Jupyter and IPython look for what they call."""
_ASKED_BY_PYTHON = frozenset(
    [
        *(
            "close",
            "closed",
            "detach",
            "fileno",
            "flush",
            "from_param",
            "isatty",
            "peek",
            "read",
            "read1",
            "readable",
        ),
        *("readinto", "readline", "readlines", "seek", "seekable", "tell", "truncate", "writable", "write"),
        "writelines",
    ]
)
"""What the standard library calls of anything that looks like a file, or like a type of C."""
_EXPORTED = re.compile(r"\b(?:export|public|protected|pub)\b|^module\.exports|^exports\b")
_ORDINARY_NAME = re.compile(r"[#$\w]*[^\W\d][$\w]*")
_SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
_SHOWN_UNREAD = 100


class _Found(NamedTuple):
    definition: Definition
    caution: list[str]


def unused(
    store: ox.Store,
    kg_id: str,
    root: Path,
    under: str,
    limit: int,
    report: Callable[[float | None, str], None] = lambda _fraction, _message: None,
) -> KgUnused:
    """Return the definitions that nothing uses, those first of which that is likely, by place.

    Raises:
        NotFound: `kg.no_such_folder`; `kg.project_gone`, if the project's folder is not there to be read.
    """
    if not root.is_dir():
        raise NotFound(
            f"the project's folder {root} is gone, and with it the text that would be looked through",
            code="kg.project_gone",
            hint="generate the graph of the folder where the project is now",
        )
    known = Definitions(store)
    wanted = lies_under(under, known.paths.values())
    groups: dict[tuple[str, str], list[Definition]] = defaultdict(list)
    for definition in known.all.values():
        if definition.kind in _KINDS:
            groups[definition.path, definition.qualified_name].append(definition)
    examined = {key: group for key, group in groups.items() if all(_is_asked_about(known, d) for d in group)}
    uncalled = [
        group
        for (path, _), group in examined.items()
        if is_under(path, wanted) and known.used.isdisjoint([d.iri for d in group])
    ]
    lines: dict[str, list[int]] = defaultdict(list)
    for group in uncalled:
        lines[group[0].path].extend(d.start for d in group)
    names = {group[0].name for group in uncalled}
    mentions = find_mentions(root, known.paths.values(), names, lines, report)
    places = _definition_places(known, names)
    found = {
        group[0].iri: result for group in uncalled if (result := _judged(known, group, mentions, places))
    }
    # What is inside of something unused says nothing new.
    outermost = [f for f in found.values() if not any(iri in found for iri in known.around(f.definition))]
    outermost.sort(key=lambda f: (len(f.caution), f.definition.path, f.definition.start, f.definition.iri))
    rows = [
        KgUnusedSymbol(
            iri=f.definition.iri,
            kind=f.definition.kind,
            name=f.definition.name,
            qualified_name=f.definition.qualified_name,
            path=f.definition.path,
            line=f.definition.start,
            certainty="possible" if f.caution else "likely",
            caution=f.caution,
        )
        for f in outermost[:limit]
    ]
    return KgUnused(
        kg_id=kg_id,
        rows=rows,
        total=len(outermost),
        examined=len(examined),
        unread=sorted({*mentions.unread, *_partly_read(store)})[:_SHOWN_UNREAD],
        is_truncated=len(outermost) > limit,
    )


def _partly_read(store: ox.Store) -> Iterator[str]:
    """Yield the files that are not wholly in the graph, with why."""
    for quad in store.quads_for_pattern(None, PROPERTIES.problem, None, _DEFAULT):
        path = first(store, quad.subject, PROPERTIES.path) if isinstance(quad.subject, ox.NamedNode) else ""
        if path and isinstance(quad.object, ox.Literal):
            yield f"{path}: {quad.object.value}"


def _is_asked_about(known: Definitions, definition: Definition) -> bool:
    """Whether it can be told from the project alone that something is not used."""
    name, path = definition.name, definition.path
    if is_test_file(path) or path.endswith(_DECLARATIONS) or not _ORDINARY_NAME.fullmatch(name):
        return False  # an entry of an object, by a number or a text
    if (name.startswith("__") and name.endswith("__")) or _HOOKS.fullmatch(name):
        return False
    if any(
        not _PLAIN_DECORATORS.fullmatch(decorator) for decorator in known.decorators.get(definition.iri, ())
    ):
        return False
    if definition.kind != "Method":
        return name not in ("constructor", "main")
    owner = known.parents.get(definition.iri, "")
    if known.all.get(owner) is None:
        return True
    ancestors = known.ancestors(owner)
    return (
        name != "constructor"
        and all(
            known.externals.get(base, "") in _PLAIN_BASES for base in ancestors if base in known.externals
        )
        and not any(name in known.members.get(base, ()) for base in ancestors)
    )


def _definition_places(known: Definitions, names: set[str]) -> dict[tuple[str, str], list[Definition]]:
    """Return what is defined under each of some names, by name and file."""
    places: dict[tuple[str, str], list[Definition]] = defaultdict(list)
    for definition in known.all.values():
        if definition.name in names:
            places[definition.name, definition.path].append(definition)
    return places


def _judged(
    known: Definitions,
    group: list[Definition],
    mentions: Mentions,
    places: dict[tuple[str, str], list[Definition]],
) -> _Found | None:
    """Return a definition that seems unused with reasons for caution; None if it is used."""
    definition = group[0]
    name, path = definition.name, definition.path
    if name in mentions.settings or name in mentions.exported.get(path, ()):
        return None
    if any(
        len(affix.strip("_")) > 1
        and (name.startswith(affix) if affix.endswith("_") else name.endswith(affix))
        for affix in mentions.affixes
    ):
        return None  # "visit_" + kind
    if _first_use(mentions.code.get(name, {}), group, places) is not None:
        return None
    caution = []
    text = _first_use(mentions.text.get(name, {}), group, {})
    if text is not None:
        caution.append(f"its name stands in a string or comment at {text}")
    line = mentions.lines.get((path, definition.start), "")
    if path.endswith(_SCRIPTS) and _is_part_of_an_object(name, line):
        caution.append("it is part of an object, which may be handed on")
    if name in _ASKED_BY_PYTHON and definition.kind == "Method":
        caution.append("the standard library may call a method of that name")
    public = _public(known, definition, mentions)
    if public:
        caution.append(public)
    if definition.kind == "Class":
        bases = known.ancestors(definition.iri)
        named = sorted(known.externals[b] for b in bases if b in known.externals)
        registers = [n for n in named if n not in _PLAIN_BASES]
        if registers or any("__init_subclass__" in known.members.get(base, ()) for base in bases):
            base = registers[0] if registers else "its base class"
            caution.append(f"{base} may find it as a subclass")
    return _Found(definition, caution)


def _first_use(
    mentioned: dict[str, list[int]],
    group: list[Definition],
    places: dict[tuple[str, str], list[Definition]],
) -> str | None:
    """Return the first place where a name stands outside of its definitions, as `path:line`."""
    name = group[0].name
    for path, lines in sorted(mentioned.items()):
        own = [(d.start, d.end) for d in group if d.path == path]
        defined = {_line_of_name(lines, d) for d in places.get((name, path), ())}
        for line in lines:
            if line not in defined and not any(start <= line <= end for start, end in own):
                return f"{path}:{line}"
    return None


def _line_of_name(lines: list[int], definition: Definition) -> int:
    """Return the first line of a definition with its name: below its decorators."""
    return next((line for line in lines if definition.start <= line <= definition.end), 0)


def _is_part_of_an_object(name: str, line: str) -> bool:
    """Whether a script defines a function as `name: function` or `async name()` inside of an object."""
    escaped = re.escape(name)
    if re.search(rf"\b(?:const|let|var|function)\s+{escaped}(?![$\w])", line):
        return False
    as_value = rf"(?<![$\w]){escaped}[\"']?\s*:"
    as_method = rf"^\s*(?:(?:async|get|set|static)\s+|\*\s*){escaped}\s*\("
    return re.search(f"{as_value}|{as_method}", line) is not None


def _public(known: Definitions, definition: Definition, mentions: Mentions) -> str:
    """Tell how code that is not in the project may reach something; nothing if it hardly can."""
    path = definition.path
    around = [known.all[iri] for iri in known.around(definition)]
    if definition.name.startswith(("_", "#")) or any(d.kind in ("Function", "Method") for d in around):
        return ""
    outside = "it is public: code outside of the project may use it"
    line = mentions.lines.get((path, definition.start), "")
    if path.endswith((".py", ".ipynb")):
        if any(part.startswith("_") and not part.startswith("__") for part in path.split("/")):
            return ""
        if around:
            return outside
        if definition.name.startswith("_"):
            return ""
        is_listed = path not in mentions.has_all or definition.name in mentions.exported[path]
        return outside if is_listed else "its name is a public one, though __all__ leaves it out"
    if path.endswith(_SCRIPTS):
        if definition.kind == "Method":
            return "" if re.search(r"\bprivate\b", line) else outside
        if path not in mentions.modules:
            return "every script of its page can use it"
        return outside if _EXPORTED.search(line) else ""
    if path.endswith(".go"):
        return outside if definition.name[:1].isupper() else ""
    if path.endswith((".java", ".rs")):
        return outside if _EXPORTED.search(line) else ""
    return "" if re.search(r"\bstatic\b", line) else outside
