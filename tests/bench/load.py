"""The load generator: one epoll loop over raw sockets that sends prepared bytes.

It must cost far less than the server, or it would measure itself: it parses only the status and the
content length, and keeps one time stamp for each request. Every response must be a 200.
"""

import select
import socket
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from operator import add
from time import perf_counter_ns, process_time
from typing import Self

from tests.bench import machine
from tests.bench.plan import CONNECTIONS
from tests.bench.server import LOOPBACK, Server

_READ_BYTES_MAX = 65_536
_SILENCE_SECONDS_MAX = 20.0
_OK = b"HTTP/1.1 200"
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


@dataclass(frozen=True)
class Sample:
    """The result of some requests to one server."""

    seconds: float
    server_cpu_seconds: float
    client_cpu_seconds: float
    body_bytes: int
    latencies_ns: "array[int]"

    def __add__(self, other: "Sample") -> "Sample":
        """Join slices of one measurement; the time between them is not counted."""
        return Sample(
            self.seconds + other.seconds,
            self.server_cpu_seconds + other.server_cpu_seconds,
            self.client_cpu_seconds + other.client_cpu_seconds,
            self.body_bytes + other.body_bytes,
            self.latencies_ns + other.latencies_ns,
        )

    @property
    def rate(self) -> float:
        """Requests per second of wall time."""
        return len(self.latencies_ns) / self.seconds

    @property
    def cpu_rate(self) -> float:
        """Requests per second of the server's CPU time, which a slow client cannot lower."""
        # A quick measurement may be shorter than one tick of the kernel's accounting.
        return len(self.latencies_ns) / max(self.server_cpu_seconds, 0.01)

    @property
    def busy(self) -> float:
        """The share of its core that the server used."""
        return self.server_cpu_seconds / self.seconds

    @property
    def client_busy(self) -> float:
        """The share of its core that the load generator used."""
        return self.client_cpu_seconds / self.seconds

    def percentile_ms(self, percent: float) -> float:
        """Return the latency that `percent` of the requests did not exceed."""
        ordered = sorted(self.latencies_ns)
        return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] / 1e6


@dataclass(frozen=True)
class Client:
    """Keep-alive connections to one server, as a context manager."""

    server: Server
    connections: int = CONNECTIONS
    _peers: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._peers.extend(connect(self.server.port, self.connections))
        return self

    def __exit__(self, *_: object) -> None:
        for peer in self._peers:
            peer.close()

    def burst(self, requests: Iterable[bytes]) -> Sample:
        """Send all requests; each connection sends the next one when it has its response."""
        latencies = array("q")
        cpu_before, own_before = machine.cpu_seconds(self.server.pid), process_time()
        began = perf_counter_ns()
        body_bytes = _loop(self._peers, iter(requests), latencies)
        seconds = (perf_counter_ns() - began) / 1e9
        own = process_time() - own_before
        cpu = machine.cpu_seconds(self.server.pid) - cpu_before
        return Sample(seconds, cpu, own, body_bytes, latencies)


def burst(server: Server, requests: Iterable[bytes], connections: int = CONNECTIONS) -> Sample:
    """Send all requests, each on a new connection."""
    with Client(server, connections) as client:
        return client.burst(requests)


def interleaved(
    first: Server, second: Server, requests: Sequence[Iterator[bytes]], slice_requests: int
) -> tuple[Sample, Sample]:
    """Measure two servers alternately, slice by slice, until both have had all their requests.

    Other work on the core then slows both.
    """
    samples: list[list[Sample]] = [[], []]
    with Client(first) as one, Client(second) as other:
        while True:
            for client, source, saved in zip((one, other), requests, samples, strict=True):
                slices = list(islice(source, slice_requests))
                if not slices:
                    return reduce(add, samples[0]), reduce(add, samples[1])
                saved.append(client.burst(slices))


def connect(port: int, connections: int) -> list[socket.socket]:
    """Open non-blocking keep-alive connections."""
    peers = []
    for _ in range(connections):
        peer = socket.create_connection((LOOPBACK, port), timeout=_SILENCE_SECONDS_MAX)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.setblocking(False)
        peers.append(peer)
    return peers


def body_size(data: bytes) -> int | None:
    """Return the body's size when the response is complete, else None; raise if it is no 200."""
    end = data.find(_HEAD_END)
    if end < 0:
        return None
    if not data.startswith(_OK):
        raise RuntimeError(f"not a 200: {data[:600]!r}")
    head = data[: end + 2].lower()
    at = head.find(_LENGTH)
    if at < 0:
        raise RuntimeError(f"a reply without content-length: {data[:600]!r}")
    size = int(head[at + len(_LENGTH) : head.find(b"\r", at + 2)])
    return size if len(data) >= end + 4 + size else None


def _loop(peers: list[socket.socket], requests: Iterator[bytes], latencies: "array[int]") -> int:
    by_fd = {peer.fileno(): (peer.recv, peer.sendall) for peer in peers}
    sent_ns, partial, body_bytes = {}, {}, 0
    with select.epoll() as poller:
        for fd, (_, send) in by_fd.items():
            request = next(requests, None)
            if request is not None:
                poller.register(fd, select.EPOLLIN)
                sent_ns[fd] = perf_counter_ns()
                send(request)
        while sent_ns:
            ready = poller.poll(_SILENCE_SECONDS_MAX)
            if not ready:
                raise RuntimeError("the server stopped responding")
            for fd, _ in ready:
                receive, send = by_fd[fd]
                data = receive(_READ_BYTES_MAX)
                if not data:
                    raise RuntimeError("the server closed a keep-alive connection")
                if fd in partial:
                    data = partial.pop(fd) + data
                size = body_size(data)
                if size is None:
                    partial[fd] = data
                    continue
                latencies.append(perf_counter_ns() - sent_ns.pop(fd))
                body_bytes += size
                request = next(requests, None)
                if request is not None:
                    sent_ns[fd] = perf_counter_ns()
                    send(request)
    return body_bytes
