"""Suites that run concurrently on one port are isolated from each other."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.raw_http import RawConnection, request
from tests.server_process import ServerProcess
from tests.shops import NOW_MS, REAL_TIME, Merchant, Recorded, run

StartServer = Callable[..., ServerProcess]

THREADS, FLOWS = 32, 50


def flows_of(port: int, place: int) -> Recorded:
    return run(port, place, flows=FLOWS, at_root=place % 2 == 1)


def test_thirty_two_concurrent_suites_match_single_runs(start_server: StartServer) -> None:
    crowded, quiet = start_server(), start_server()
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda place: flows_of(crowded.port, place), range(THREADS)))
    for place in range(THREADS):
        alone = flows_of(quiet.port, place)
        assert [status for status, *_ in together[place]].count(500) == 0
        assert together[place] == alone
        with RawConnection(quiet.port) as connection:
            connection.exchange(request("DELETE", f"/_mock/sandboxes/gw{place}"))
    entries = [len(json.loads(seen[-1][1])["data"]) for seen in together]
    assert min(entries) >= FLOWS


# One change at a time -----------------------------------------------------------------------------

INTRUSIONS: dict[str, tuple[str, str, Any]] = {
    "a jump": ("PUT", "/_mock/clock", {"advance": "400d"}),
    "a running clock": ("PUT", "/_mock/clock", {"resume": True}),
    "a fault": ("POST", "/_mock/faults", {"kind": "problem", "problem": "RATE_LIMITED"}),
    "a scenario": (
        "PUT",
        "/_mock/scenario",
        {"name": "x", "rules": [{"then": {"decline": {}}}]},
    ),
    "a dialect": ("PUT", "/_mock/scenario", {"name": "x", "settings": {"dialect": "documented"}}),
    "a fork of it": ("POST", "/_mock/fork", {"name": "intruder-fork"}),
    "its end": ("DELETE", "/_mock/sandboxes/intruder", None),
    "its beginning": ("PUT", "/_mock/sandboxes/intruder", {"scenario": "declines"}),
    "a question": ("POST", "/_mock/why", {"path": "/v1/charges", "body": {"amount": 1}}),
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    server = ServerProcess(tmp_path_factory.mktemp("isolation"))
    yield server.port
    server.stop()


def life(shop: Merchant) -> None:
    """Use everything that could be disturbed: ids, time, rules, faults, keys, messages."""
    customer = {"email": "a@example.com", "source": shop.token()}
    source = str(shop.send("POST", "/v1/customers", customer).json["id"])
    shop.charge(5, source)
    shop.charge(6, source, capture=False)
    shop.charge(-1, source)
    body = {"amount": 7, "currency": "usd", "source": source}
    shop.send("POST", "/v1/charges", body, **{"idempotency-key": "k"})
    for path in ("/v1/charges", "/_mock/clock", "/_mock/faults", "/_mock/scenario"):
        shop.send("GET", path)


@pytest.mark.parametrize(("method", "path", "body"), INTRUSIONS.values(), ids=INTRUSIONS)
@pytest.mark.parametrize("neighbour", ["neighbour", "default"])
def test_sandboxes_are_isolated(
    port: int, neighbour: str, method: str, path: str, body: Any
) -> None:
    lives = []
    for intrusion in (None, (method, path, body)):
        one, other = (Merchant(port, name, at_root=False) for name in ("intruder", neighbour))
        with one.connection, other.connection:
            for shop in (one, other):
                shop.send("PUT", f"/_mock/sandboxes/{shop.name}")
                assert (
                    shop.send("PUT", "/_mock/clock", {"freeze": True, "set": NOW_MS}).status == 200
                )
            life(one)
            life(other)
            if intrusion:
                assert one.send(*intrusion).status == 200
            other.seen.clear()
            life(other)
            other.send("GET", "/_mock/snapshot")
            lives.append([REAL_TIME.sub(b"", body) for _, body, _ in other.seen])
    assert lives[0] == lives[1]


def test_a_mistyped_path_of_a_new_sandbox_is_no_call_of_the_default_one(port: int) -> None:
    default = Merchant(port, "default", at_root=False)
    with default.connection:
        before = default.send("GET", "/_mock/journal?limit=1").body
        with RawConnection(port) as connection:
            assert (
                connection.exchange(request("GET", "/sandbox/nobody-yet/v1/chrges")).status == 404
            )
        assert default.send("GET", "/_mock/journal?limit=1").body == before
