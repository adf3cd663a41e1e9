"""What runs in a query worker: open one generation, shut ourselves in, answer questions about it.

Frames of `core.workers.protocol` come and go, their payload JSON; an answer has the facts in front of the body, which
is what the engine's own serialiser wrote. The first frame names the generation. A worker serves that one only.

What is imported here is imported before the walls go up: after that no file can be opened.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - see above
import json
import os
import struct
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO

import pyoxigraph as ox

from vibe_jupyter.core.kg.store.bounds import BoundedOutput, Full, TooManyRows
from vibe_jupyter.core.kg.store.formats import FORMATS, Format
from vibe_jupyter.core.kg.store.vocabulary import PREFIXES
from vibe_jupyter.core.kg.store.walls import MemoryMeter, limit_descriptors, limit_memory, refuse_sockets
from vibe_jupyter.core.locks import Lock
from vibe_jupyter.core.workers.child import claim_pipes, die_with
from vibe_jupyter.core.workers.protocol import HEADER, Kind, job_marker

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FACTS_SIZE", "main"]

FACTS_SIZE = struct.Struct(">I")
"""In front of the facts: their length in bytes."""

_WORN_BYTES = 512 * 2**20
"""A worker that has grown by so much asks to be replaced."""


class _Problem(Exception):
    """A question that is not answered: a kind that the parent knows, and details."""

    def __init__(self, kind: str, **details: Any) -> None:
        super().__init__(kind)
        self.facts = {"problem": kind, **details}


def main(parent_pid: int) -> None:
    """Serve until the parent closes the pipe or kills us."""
    die_with(parent_pid)
    has_wall = refuse_sockets()
    requests, replies = claim_pipes()
    jobs: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(requests, jobs), name="requests", daemon=True).start()
    number = 1
    os.write(2, job_marker(number))
    try:
        meter = MemoryMeter()
        store, pin = _open(json.loads(jobs.get()), meter)
    except _Problem as problem:
        _reply(replies, Kind.ERROR, problem.facts)
        return
    _reply(replies, Kind.RESULT, {"has_wall": has_wall})
    _, small = meter.read()
    while True:
        job = json.loads(jobs.get())
        number += 1
        os.write(2, job_marker(number))
        try:
            facts, body = _answer(store, job)
            kind = Kind.RESULT
        except _Problem as problem:
            kind, facts, body = Kind.ERROR, problem.facts, bytearray()
        if meter.read()[1] - small > _WORN_BYTES:
            _reply(replies, Kind.WORN)
        _reply(replies, kind, facts, body)
        del body
        assert pin  # held as long as we live


def _read(requests: BinaryIO, jobs: SimpleQueue[bytes]) -> None:
    """Take jobs; end the process with the pipe, even in the middle of a query: nobody would get the answer."""
    while len(header := requests.read(HEADER.size)) == HEADER.size:
        jobs.put(requests.read(HEADER.unpack(header)[1]))
    os._exit(0)


def _reply(fd: int, kind: Kind, facts: dict[str, Any] | None = None, body: bytearray | bytes = b"") -> None:
    head = b""
    if facts is not None:
        packed = json.dumps(facts).encode()
        head = FACTS_SIZE.pack(len(packed)) + packed
    for piece in (HEADER.pack(kind, len(head) + len(body)) + head, body):
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(fd, rest) :]


def _open(job: dict[str, Any], meter: MemoryMeter) -> tuple[ox.Store, Lock]:
    folder = Path(job["generation"])
    try:
        pin = Lock(folder / "pin")
        if not (pin.try_take(shared=True) and pin.is_current):
            raise _Problem("gone")
    except FileNotFoundError:
        raise _Problem("gone") from None
    try:
        store = ox.Store.read_only(str(folder / "store"))
        for _ in store.quads_for_pattern(None, None, None):  # read what is only read once
            break
    except OSError as error:
        raise _Problem("unreadable", message=str(error)) from None
    limit_memory(meter, job["memory_bytes"])
    limit_descriptors(folder / "store")
    return store, pin


def _answer(store: ox.Store, job: dict[str, Any]) -> tuple[dict[str, Any], bytearray]:
    output = BoundedOutput(job["max_bytes"])
    try:
        if job["do"] == "dump":
            return _dump(store, FORMATS[job["format"]], output)
        return _query(store, job)
    except Full:
        raise _Problem("bytes") from None
    except SyntaxError as error:
        raise _Problem("syntax", message=str(error)) from None
    except MemoryError:
        raise _Problem("memory") from None
    except (ValueError, OSError, RuntimeError) as error:
        raise _Problem("failed", message=str(error)) from None


def _dump(store: ox.Store, shape: Format, output: BoundedOutput) -> tuple[dict[str, Any], bytearray]:
    graph = ox.DefaultGraph() if shape.of == "graph" else None
    rdf_format = getattr(ox.RdfFormat, shape.engine_name)
    store.dump(output, rdf_format, from_graph=graph, prefixes=PREFIXES)  # type: ignore[arg-type]
    return {"kind": "graph", "format": shape.name, "truncated": False}, output.body


def _query(store: ox.Store, job: dict[str, Any]) -> tuple[dict[str, Any], bytearray]:
    dataset: dict[str, Any] = {"base_iri": job["base"]} if job["base"] else {}
    if job["default_graphs"] or job["named_graphs"]:
        dataset["default_graph"] = [ox.NamedNode(iri) for iri in job["default_graphs"]]
        dataset["named_graphs"] = [ox.NamedNode(iri) for iri in job["named_graphs"]]
    if job["bindings"]:
        dataset["substitutions"] = {ox.Variable(name): _term(text) for name, text in job["bindings"].items()}
    found = store.query(job["text"], prefixes=PREFIXES, **dataset)
    is_graph = isinstance(found, ox.QueryTriples)
    shape = _chosen(job["formats"], is_graph=is_graph)
    if isinstance(found, ox.QueryTriples):
        return _graph(found, shape, job)
    output = BoundedOutput(
        job["max_bytes"], None if isinstance(found, ox.QueryBoolean) else shape.name, job["max_rows"]
    )
    sink: Any = output
    is_truncated = False
    try:
        found.serialize(sink, getattr(ox.QueryResultsFormat, shape.engine_name))
    except TooManyRows:
        if not job["may_truncate"]:
            raise _Problem("rows") from None
        is_truncated = True
    kind = "boolean" if isinstance(found, ox.QueryBoolean) else "solutions"
    return {"kind": kind, "format": shape.name, "truncated": is_truncated}, output.body


def _graph(found: ox.QueryTriples, shape: Format, job: dict[str, Any]) -> tuple[dict[str, Any], bytearray]:
    is_truncated = False

    def bounded() -> Iterator[ox.Triple]:
        nonlocal is_truncated
        for number, triple in enumerate(found):
            if number == job["max_rows"]:
                is_truncated = True
                return
            yield triple

    output = BoundedOutput(job["max_bytes"])
    triples: Any = bounded()
    if shape.of == "dataset":
        triples = (ox.Quad(*triple) for triple in triples)
    ox.serialize(triples, output, getattr(ox.RdfFormat, shape.engine_name), prefixes=PREFIXES)  # type: ignore[arg-type]
    if is_truncated and not job["may_truncate"]:
        raise _Problem("rows")
    return {"kind": "graph", "format": shape.name, "truncated": is_truncated}, output.body


def _chosen(wanted: list[str], *, is_graph: bool) -> Format:
    for name in wanted:
        if (FORMATS[name].of != "solutions") == is_graph:
            return FORMATS[name]
    raise _Problem("not_acceptable", is_graph=is_graph)


def _term(text: str) -> Any:
    """Return the term that an N-Triples text means."""
    statement = f"<urn:s> <urn:p> {text} ."
    for quad in ox.parse(statement, ox.RdfFormat.N_TRIPLES):
        return quad.object
    raise ValueError(f"{text!r} is no term of N-Triples")
