"""The load generator: keep-alive connections in a closed loop, in a process of their own.

One thread, plain sockets and a selector: a request costs it some 15-25 us of CPU, so that one core of it
outruns any Python server. Its own share of a core is reported, to show that it was not the bottleneck.
"""

from __future__ import annotations

import multiprocessing
import re
import selectors
import socket
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Self

from benchmarks.process_stats import ProcessTree
from benchmarks.requests import Requests

__all__ = ["LoadPlan", "LoadProcess", "LoadReport", "Stream", "StreamReport", "run_load"]

DRAIN_S = 10.0
"""How long answers may still arrive after the last request was sent; what is later counts as an error."""

_CONTENT_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Stream:
    """Some connections that all send the same kind of request."""

    name: str
    requests: Requests
    connections: int
    expected_status: int = 200
    pause_s: float = 0.0
    """How long a connection rests after each answer: with a pause all servers get about the same load."""


@dataclass(frozen=True)
class LoadPlan:
    """What to send, where, for how long, and whose CPU time to read."""

    port: int
    streams: tuple[Stream, ...]
    duration_s: float
    server_pid: int
    warm_up_s: float = 0.5


@dataclass
class StreamReport:
    """What came back on the connections of one stream."""

    completed: int = 0
    """Answers with the expected status, those after the end of the duration included."""
    completed_in_time: int = 0
    latencies_s: array[float] = field(default_factory=lambda: array("d"))
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def error_count(self) -> int:
        """Number of requests that failed, were answered otherwise than expected, or not at all."""
        return sum(self.errors.values())


@dataclass
class LoadReport:
    """One round of load."""

    duration_s: float
    streams: dict[str, StreamReport]
    server_cpu_s: float
    server_main_thread_cpu_s: float
    server_rss_bytes: int
    client_cpu_share: float
    """CPU time of the generator in seconds per second: near 1, it measured itself."""

    @property
    def cpu_us_per_request(self) -> float:
        """CPU time of the server and its children per completed request of any stream, in microseconds."""
        completed = sum(stream.completed for stream in self.streams.values())
        return self.server_cpu_s / completed * 1e6 if completed else float("nan")


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, address: tuple[str, int], stream: Stream, supply: Iterator[bytes]) -> None:
        self.stream = stream
        self.report = StreamReport()
        self.sent_at: float | None = None
        self.due_at = 0.0
        self._address = address
        self._supply = supply
        self._received = b""
        self._missing: int | None = None  # bytes of the body still to come, once the head is complete
        self._status = b""
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def reconnect(self) -> None:
        self.socket.close()
        self._received, self._missing = b"", None
        self._connect()

    def send(self) -> None:
        """Send the next request; small ones always fit into the socket's buffer."""
        request = next(self._supply)
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has arrived; return whether the answer is complete."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionResetError("closed by the server")
        self._received += data
        if self._missing is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return False
            length = _CONTENT_LENGTH.search(self._received, 0, end + 2)
            if length is None:
                raise ConnectionResetError("an answer without a Content-Length")
            self._status = self._received[9:12]
            self._missing = end + 4 + int(length[1])
        return len(self._received) >= self._missing

    def finish(self, deadline: float) -> None:
        """Record the complete answer."""
        assert self.sent_at is not None
        now = time.perf_counter()
        if int(self._status) == self.stream.expected_status:
            self.report.completed += 1
            self.report.completed_in_time += now <= deadline
            self.report.latencies_s.append(now - self.sent_at)
        else:
            text = self._received.partition(b"\r\n\r\n")[2][:160].decode(errors="replace")
            self.report.errors[f"{self._status.decode()}: {text}"] += 1
        self.sent_at, self._received, self._missing = None, b"", None

    def fail(self, reason: str) -> None:
        self.report.errors[reason] += 1
        self.sent_at = None


def run_load(plan: LoadPlan) -> LoadReport:
    """Warm up, then measure.

    Both phases begin and end with no request under way, so that CPU per request is exact.
    """
    address = ("127.0.0.1", plan.port)
    connections = []
    for stream in plan.streams:
        supply = iter(stream.requests)  # shared, so that two connections never send the same body
        connections += [_Connection(address, stream, supply) for _ in range(stream.connections)]
    try:
        _closed_loop(connections, plan.warm_up_s)
        for connection in connections:
            connection.report = StreamReport()
        server = ProcessTree(plan.server_pid)
        before, own_before, began = server.usage(), time.process_time(), time.perf_counter()
        _closed_loop(connections, plan.duration_s)
        client_cpu_share = (time.process_time() - own_before) / (time.perf_counter() - began)
        after = server.usage()
    finally:
        for connection in connections:
            connection.socket.close()
    return LoadReport(
        duration_s=plan.duration_s,
        streams=_merge(connections),
        server_cpu_s=after.cpu_s - before.cpu_s,
        server_main_thread_cpu_s=after.main_thread_cpu_s - before.main_thread_cpu_s,
        server_rss_bytes=after.rss_bytes,
        client_cpu_share=client_cpu_share,
    )


def _closed_loop(connections: list[_Connection], duration_s: float) -> None:
    """Let each connection send, wait for the answer, and send again until the time is over."""
    deadline = time.perf_counter() + duration_s
    give_up = deadline + DRAIN_S
    paced = [connection for connection in connections if connection.stream.pause_s]
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        waiting = len(connections)
        while waiting and (now := time.perf_counter()) < give_up:
            waiting -= _send_due(paced, now, deadline)
            due = min((c.due_at or give_up for c in paced if c.sent_at is None), default=give_up)
            for key, _ in selector.select(max(0.0, min(due, give_up) - now)):
                connection = key.data
                try:
                    if not connection.receive():
                        continue
                    connection.finish(deadline)
                except OSError as error:
                    connection.fail(str(error))
                    selector.unregister(connection.socket)
                    connection.reconnect()
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                if (now := time.perf_counter()) < deadline:
                    if connection.stream.pause_s:
                        connection.due_at = now + connection.stream.pause_s
                    else:
                        connection.send()
                else:
                    waiting -= 1
        for connection in connections:
            if connection.sent_at is not None:
                connection.fail(f"no answer within {DRAIN_S:g} s of the end")
                connection.reconnect()


def _send_due(paced: list[_Connection], now: float, deadline: float) -> int:
    """Let those send that have rested; return how many will not any more, for the time is over."""
    ended = 0
    for connection in paced:
        if connection.sent_at is None and connection.due_at <= now:
            if now < deadline:
                connection.send()
            elif connection.due_at:
                connection.due_at = 0.0
                ended += 1
    return ended


def _merge(connections: list[_Connection]) -> dict[str, StreamReport]:
    merged: dict[str, StreamReport] = {}
    for connection in connections:
        report = merged.setdefault(connection.stream.name, StreamReport())
        report.completed += connection.report.completed
        report.completed_in_time += connection.report.completed_in_time
        report.latencies_s.extend(connection.report.latencies_s)
        report.errors.update(connection.report.errors)
    return merged


class LoadProcess:
    """The generator's process; a context manager."""

    def __enter__(self) -> Self:
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._pool.shutdown()

    def run(self, plan: LoadPlan) -> LoadReport:
        """Run one round and wait for its report."""
        return self.start(plan).result()

    def start(self, plan: LoadPlan) -> Future[LoadReport]:
        """Begin one round and return at once."""
        return self._pool.submit(run_load, plan)
