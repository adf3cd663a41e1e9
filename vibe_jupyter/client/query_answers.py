"""Answers to SPARQL queries in a person's hands: tables, yes or no, graphs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import pyoxigraph as ox
    import rdflib

    from vibe_jupyter.core.operations import Document

__all__ = ["Answer", "Graph", "Table", "answer_of"]

_INTEGERS = (
    "integer",
    "int",
    "long",
    "short",
    "byte",
    "nonNegativeInteger",
    "positiveInteger",
    "unsignedInt",
)


class Table:
    """The rows of a SELECT query.

    >>> table = %vibe kg query "SELECT ?name { ?f a code:Function; code:name ?name }"     # doctest: +SKIP
    >>> table.to_pandas()                                                                # doctest: +SKIP
    """

    def __init__(self, columns: list[str], bindings: list[dict[str, dict[str, str]]]) -> None:
        self.columns = columns
        self._bindings = bindings

    def __len__(self) -> int:
        return len(self._bindings)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows: numbers and booleans as such, IRIs and texts as texts, None for what is unbound."""
        return [tuple(_value(row.get(name)) for name in self.columns) for row in self._bindings]

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a DataFrame.

        Raises:
            InvalidInput: `pandas.missing`.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise InvalidInput(
                "pandas is not installed", code="pandas.missing", hint="pip install pandas"
            ) from error
        return pd.DataFrame(self.rows, columns=self.columns)

    def to_rdflib(self) -> list[dict[str, rdflib.term.Node]]:
        """Return the rows as RDF terms by variable."""
        return [{name: _term(term) for name, term in row.items()} for row in self._bindings]

    def __repr__(self) -> str:
        from vibe_jupyter.widgets.rendering import as_text

        return as_text(self)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering import as_html, as_text

        return {"text/plain": as_text(self), "text/html": as_html(self)}


class Answer:
    """The answer to an ASK query: true or false, as Python's own."""

    def __init__(self, is_so: bool) -> None:
        self.is_so = is_so

    def __bool__(self) -> bool:
        return self.is_so

    def __eq__(self, other: object) -> bool:
        return bool(self) == other if isinstance(other, (bool, Answer)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.is_so)

    def __repr__(self) -> str:
        return "yes: the graph has it" if self.is_so else "no: the graph has nothing like it"


class Graph:
    """The triples of a CONSTRUCT or DESCRIBE query, as Turtle; a notebook shows them as a picture."""

    def __init__(self, turtle: str) -> None:
        self.turtle = turtle

    def __len__(self) -> int:
        return len(self._triples)

    @cached_property
    def _triples(self) -> list[ox.Triple]:
        import pyoxigraph as ox

        return [quad.triple for quad in ox.parse(self.turtle, ox.RdfFormat.TURTLE)]

    def to_svg(self) -> str:
        """Return the triples as a picture; of many, a part, and the picture says so."""
        from vibe_jupyter.widgets.rendering.drawn_triples import picture_of

        return picture_of(self._triples)

    def to_rdflib(self) -> rdflib.Graph:
        """Return the triples as a graph of rdflib; nothing is fetched."""
        import rdflib

        return rdflib.Graph().parse(data=self.turtle, format="turtle")

    def __repr__(self) -> str:
        return self.turtle if self._triples else "nothing: the query made no triples"

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        # Not inside HTML: GitHub takes pictures out of that, and shows an output of this type as it is.
        picture = {"image/svg+xml": self.to_svg()} if self._triples else {}
        return {"text/plain": repr(self), **picture}


def answer_of(document: Document) -> Table | Answer | Graph:
    """Return what a query's answer says."""
    if "json" not in document.media_type:
        return Graph(document.content.decode("utf-8"))
    found = orjson.loads(document.content)
    if "boolean" in found:
        return Answer(found["boolean"])
    return Table(found["head"]["vars"], found["results"]["bindings"])


def _value(term: dict[str, str] | None) -> Any:
    if term is None:
        return None
    text = term["value"]
    kind = term.get("datatype", "").rpartition("#")[2]
    try:
        if kind in _INTEGERS:
            return int(text)
        if kind in ("decimal", "double", "float"):
            return float(text)
    except ValueError:
        return text  # an ill-typed literal is what it says
    if kind == "boolean":
        return text in ("true", "1")
    return text


def _term(term: dict[str, str]) -> rdflib.term.Node:
    import rdflib

    if term["type"] == "uri":
        return rdflib.URIRef(term["value"])
    if term["type"] == "bnode":
        return rdflib.BNode(term["value"])
    datatype = term.get("datatype")
    return rdflib.Literal(
        term["value"], lang=term.get("xml:lang"), datatype=rdflib.URIRef(datatype) if datatype else None
    )
