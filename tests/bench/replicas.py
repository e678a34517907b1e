"""Throughput of one server, and of one to three replicas behind nginx.

All of them share the machine's cores with nginx and the load generator, so processor time per
request is measured too: it says what would limit a larger machine.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from mock_clover.sandbox.credentials import derive_credentials
from tests.bench import machine
from tests.bench.load import Client
from tests.bench.server import Server
from tests.in_process import SEED, VISA
from tests.raw_http import RawConnection, request
from tests.replicas import Replicas

_NAMES = tuple(f"shop{number}" for number in range(120))


class Target(NamedTuple):
    """Something that answers requests: its port and its processes."""

    label: str
    port: int
    servers: tuple[int, ...]
    nginx: int | None


class Slice(NamedTuple):
    """One measurement."""

    per_second: float
    server_us: float
    """Processor time of the servers, for each request."""
    nginx_us: float
    client_us: float


def _requests(port: int) -> tuple[list[bytes], list[bytes]]:
    """Create the sandboxes; return a request that creates a charge in each, and one that reads."""
    creates, reads = [], []
    with RawConnection(port) as connection:
        for name in _NAMES:
            credentials = derive_credentials(SEED, name)
            base = f"/sandbox/{name}"
            opens = {"authorization": f"Bearer {credentials.access_token}"}
            opens |= {"apikey": credentials.api_key}

            def send(
                path: str, body: object, base: str = base, opens: dict[str, str] = opens
            ) -> str:
                raw = request("POST", base + path, body, headers=opens)
                return str(connection.exchange(raw).json["id"])

            card = {"number": VISA, "exp_month": "12", "exp_year": "2038", "cvv": "123"}
            token = send("/v1/tokens", {"card": card})
            customer = send("/v1/customers", {"email": "jo@example.com", "source": token})
            body = {"amount": 1800, "currency": "usd", "source": customer}
            charge = send("/v1/charges", body)
            creates.append(request("POST", f"{base}/v1/charges", body, headers=opens))
            reads.append(request("GET", f"{base}/v1/charges/{charge}", headers=opens))
    return creates, reads


def _measure(target: Target, requests: Iterator[bytes], count: int) -> Slice:
    with Client(Server(target.servers[0], target.port)) as client:
        client.burst(islice(requests, count // 10))
        nginx_before = machine.cpu_seconds(target.nginx) if target.nginx else 0.0
        before = sum(map(machine.cpu_seconds, target.servers))
        sample = client.burst(islice(requests, count))
        used = sum(map(machine.cpu_seconds, target.servers)) - before
        nginx = (machine.cpu_seconds(target.nginx) if target.nginx else 0.0) - nginx_before
    scale = 1e6 / count
    client_us = sample.client_cpu_seconds * scale
    return Slice(count / sample.seconds, used * scale, nginx * scale, client_us)


def main() -> None:
    """Print the figures as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        started = []
        try:
            for count in (1, 2, 3):
                folder = Path(name, str(count))
                folder.mkdir()
                started.append(Replicas(folder, count))
            first = started[0].servers[0]
            targets = [Target("one server", first.port, (first.process.pid,), None)] + [
                Target(
                    f"nginx, {len(each.servers)} replicas",
                    each.port,
                    tuple(server.process.pid for server in each.servers),
                    each.nginx_pid,
                )
                for each in started
            ]
            sources = [[cycle(part) for part in _requests(target.port)] for target in targets]
            for kind, label in enumerate(("create a charge", "read a charge")):
                slices: list[list[Slice]] = [[] for _ in targets]
                for _ in range(arguments.rounds):
                    for target, source, saved in zip(targets, sources, slices, strict=True):
                        saved.append(_measure(target, source[kind], arguments.requests))
                for target, saved in zip(targets, slices, strict=True):
                    pairs = zip(saved, slices[1], strict=True)
                    ratios = [one.per_second / base.per_second for one, base in pairs]
                    figures = {
                        "request": label,
                        "target": target.label,
                        "relative to nginx, 1 replica": f"{statistics.median(ratios):.2f} "
                        f"({min(ratios):.2f}-{max(ratios):.2f})",
                    }
                    for field, values in zip(Slice._fields, zip(*saved, strict=True), strict=True):
                        figures[field] = f"{statistics.median(values):.0f}"
                    print(json.dumps(figures), flush=True)
        finally:
            for each in started:
                each.stop()


if __name__ == "__main__":
    main()
