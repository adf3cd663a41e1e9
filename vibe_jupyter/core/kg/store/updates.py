"""SPARQL 1.1 Update on what people added: a request is taken apart into operations, each made of plain queries.

Nothing of the text is ever given to the engine as an update. `DELETE {d} INSERT {i} WHERE {w}` becomes
`CONSTRUCT {d} WHERE {w}` and `CONSTRUCT {i} WHERE {w}`, which a query worker answers like any other query: behind the
guard, with a deadline. What comes back is written by `user_facts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.store.guard import guard, refused
from vibe_jupyter.core.kg.store.parser import Node, Unexpected, parse
from vibe_jupyter.core.kg.store.syntax_errors import check_names, explained, wrong
from vibe_jupyter.core.kg.store.tokens import Token
from vibe_jupyter.core.kg.store.vocabulary import PREFIXES, USER_FACTS

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["Operation", "parse_update"]

_BLANK = ("BLANK",)
_ONE_GRAPH = f"people's facts are in one graph: leave GRAPH out (in WHERE, GRAPH <{USER_FACTS}> reads them)"


@dataclass(frozen=True)
class Operation:
    """One operation of an update."""

    start: int
    """Where it begins in the request."""
    removes: str | None = None
    """A query that constructs what to remove."""
    adds: str | None = None
    """A query that constructs what to add."""
    clears: bool = False
    """Whether all that people added goes."""
    looks: bool = False
    """Whether its queries depend on the graph, and so on the operations before."""
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


def parse_update(
    text: str,
    *,
    using_graphs: Sequence[str] = (),
    using_named_graphs: Sequence[str] = (),
    has_base: bool = False,
) -> list[Operation]:
    """Take a request apart.

    Args:
        text: the request.
        using_graphs: IRIs in place of USING, as in the SPARQL Protocol.
        using_named_graphs: IRIs in place of USING NAMED.
        has_base: whether relative IRIs mean something without a BASE.

    Raises:
        Forbidden: `kg.query_refused`, with position: what is not an update of people's facts.
        BadRequest: `kg.query_syntax`, with position.
    """
    guard(text)
    try:
        tree = parse(text, "Update")
    except Unexpected as error:
        raise explained(text, error) from None
    check_names(text, tree, has_base=has_base)
    reader = _Reader(text, tuple(using_graphs), tuple(using_named_graphs))
    for child in tree.children:
        if isinstance(child, Node) and child.rule == "Prologue":
            reader.declare(child)
        elif isinstance(child, Node):
            reader.read(child)
    return reader.operations


class _Reader:
    def __init__(self, text: str, using: tuple[str, ...], using_named: tuple[str, ...]) -> None:
        self.operations: list[Operation] = []
        self._text = text
        self._using = using
        self._using_named = using_named
        self._prologue = ""
        self._prefixes = dict(PREFIXES)

    def declare(self, prologue: Node) -> None:
        """Take over prefixes; they hold for all operations that follow."""
        if prologue.children:
            self._prologue += f"{self._slice(prologue)}\n"
        for prefix in prologue.find("Prefix"):
            _, name, iri = prefix.tokens
            self._prefixes[name.text[:-1]] = iri.text[1:-1]

    def read(self, operation: Node) -> None:
        """Understand one operation."""
        (node,) = operation.children
        assert isinstance(node, Node)
        if node.rule in ("Clear", "Drop"):
            self._check_target(node)
            self.operations.append(Operation(node.start, clears=True))
        elif node.rule in ("Load", "Create", "Move"):
            keyword = next(node.tokens)
            raise refused(
                self._text, keyword.start, keyword.text.upper(), "there is one graph, and it takes facts only"
            )
        else:
            self._change(node)

    def _change(self, node: Node) -> None:
        for graph in node.find("QuadsGraph"):
            raise refused(self._text, graph.start, "GRAPH in what is added or removed", _ONE_GRAPH)
        words = [child.text.upper() for child in node.children if isinstance(child, Token)]
        if node.rule == "Insert" and "DATA" in words:
            data = self._only(node, "Data")
            self._refuse(data, ("VAR",), "a variable in INSERT DATA")
            self._append(node, adds=self._slice(data))
        elif node.rule == "Delete" and "DATA" in words:
            data = self._only(node, "Data")
            self._refuse(data, ("VAR", "BLANK"), "a variable or blank node in DELETE DATA")
            self._append(node, removes=self._slice(data))
        elif node.rule == "Delete" and all(part.rule != "Group" for part in _nodes(node)):
            quads = self._only(node, "Quads")
            self._refuse(quads, _BLANK, "a blank node in DELETE WHERE")
            self._append(node, removes=self._slice(quads), where=self._slice(quads))
        else:
            self._modify(node)

    def _modify(self, node: Node) -> None:
        removes = adds = None
        parts = _nodes(node)
        for part in parts:
            if part.rule == "Inserted" or (part.rule == "Quads" and node.rule == "Insert"):
                adds = self._slice(part if part.rule == "Quads" else self._only(part, "Quads"))
            elif part.rule in ("Deleted", "Quads"):
                quads = part if part.rule == "Quads" else self._only(part, "Quads")
                self._refuse(quads, _BLANK, "a blank node in DELETE")
                removes = self._slice(quads)
        group = next(part for part in parts if part.rule == "Group")
        self._append(node, removes=removes, adds=adds, where=self._slice(group))

    def _append(
        self, node: Node, *, removes: str | None = None, adds: str | None = None, where: str | None = None
    ) -> None:
        plain, named = self._dataset(node)

        def query(template: str | None) -> str | None:
            if template is None:
                return None
            return f"{self._prologue}CONSTRUCT {template}\nWHERE {where or '{}'}"

        self.operations.append(
            Operation(
                node.start, query(removes), query(adds), looks=where is not None, default_graphs=plain,
                named_graphs=named,
            )
        )  # fmt: skip

    def _dataset(self, node: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what WITH and USING name, or the request beside its text."""
        with_graph = [part for part in _nodes(node) if part.rule == "Iri"]
        using = [part for part in _nodes(node) if part.rule == "Using"]
        plain = [self._user_graph(iri) for iri in with_graph]
        named = [*plain]  # WITH leaves them for GRAPH to read; USING does not
        if using:
            plain, named = [], []
        for clause in using:
            iri = self._user_graph(self._only(clause, "Iri"))
            is_named = any(token.text.upper() == "NAMED" for token in clause.tokens)
            (named if is_named else plain).append(iri)
        if self._using or self._using_named:
            for clause in (*with_graph, *using):
                raise wrong(self._text, clause.start, "USING and WITH cannot be used beside using-graph-uri")
            return self._using, self._using_named
        return tuple(plain), tuple(named)

    def _user_graph(self, node: Node) -> str:
        (token,) = node.tokens
        if token.kind == "IRI":
            iri = token.text[1:-1]
        else:
            prefix, _, local = token.text.partition(":")
            iri = self._prefixes[prefix] + local
        if iri != USER_FACTS:
            raise refused(self._text, token.start, f"the graph {token.text}", _ONE_GRAPH)
        return iri

    def _check_target(self, node: Node) -> None:
        target = self._only(node, "Target")
        first, *_ = target.tokens
        if first.text.upper() == "GRAPH":
            self._user_graph(self._only(target, "Iri"))
        elif first.text.upper() == "NAMED":
            raise refused(self._text, first.start, "NAMED", _ONE_GRAPH)

    def _refuse(self, node: Node, kinds: tuple[str, ...], what: str) -> None:
        for token in node.tokens:
            is_blank = "BLANK" in kinds and token.kind == "SIGN" and token.text in ("[", "(")
            if token.kind in kinds or is_blank:
                raise wrong(self._text, token.start, f"{what} means nothing, found {token.shown}")

    @staticmethod
    def _only(node: Node, rule: str) -> Node:
        return next(node.find(rule))

    def _slice(self, node: Node) -> str:
        return self._text[node.start : node.end]


def _nodes(node: Node) -> list[Node]:
    return [child for child in node.children if isinstance(child, Node)]
