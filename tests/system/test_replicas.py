"""Replicas behind nginx: the same responses as one server, and a lost replica."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.sandbox.keys import encrypted_card
from tests.in_process import SEED, VISA
from tests.raw_http import RawConnection, RawResponse, call, head
from tests.replicas import NGINX, Replicas
from tests.server_process import ServerProcess
from tests.shops import NOW_MS, VARYING_HEADERS, Merchant, run

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
SANDBOXES, FLOWS, THREADS = 200, 12, 16
_HEADERS = re.compile(rb'"headers":{([^}]*)}')
"""The headers of a request in the journal."""
LOST = "the replica of this sandbox did not respond; if it has restarted, the sandbox is empty"


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    started = Replicas(tmp_path_factory.mktemp("replicas"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def alone(replicas: Replicas, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server with the same keys."""
    folder = tmp_path_factory.mktemp("alone")
    server = ServerProcess(folder, "--key-file", str(replicas.key_file), "--log-format", "none")
    yield server
    server.stop()


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> RawResponse:
    """Send a request with the credentials of the sandbox in its path."""
    credentials = derive_credentials(SEED, path.split("/")[2])
    opens = {
        "authorization": f"Bearer {credentials.access_token}",
        "apikey": credentials.api_key,
    }
    return call(port, method, path, body, **opens, **headers)


def compared(response: RawResponse) -> tuple[int, bytes, dict[str, str]]:
    headers = response.headers.items()
    kept = {name: value for name, value in headers if name not in VARYING_HEADERS}
    return response.status, response.body, kept


def sorted_headers(
    seen: tuple[int, bytes, dict[str, str]],
) -> tuple[int, bytes, dict[str, str]]:
    """Return a response with each request's headers in a fixed order: nginx changes it."""
    status, body, headers = seen

    def in_order(match: re.Match[bytes]) -> bytes:
        return b'"headers":{%b}' % b",".join(sorted(match[1].split(b",")))

    return status, _HEADERS.sub(in_order, body), headers


def names_on(server: ServerProcess, some_name: str) -> set[str]:
    """Return the names of the sandboxes that a replica has."""
    listed = call(server.port, "GET", f"/sandbox/{some_name}/_mock/sandboxes").json["data"]
    return {each["name"] for each in listed if each["name"].startswith("gw")}


def test_two_hundred_sandboxes_and_the_loss_of_a_replica(
    replicas: Replicas, alone: ServerProcess
) -> None:
    def flows_of(port: int, place: int) -> Any:
        return run(port, place, flows=FLOWS, at_root=False)

    with ThreadPoolExecutor(THREADS) as pool:
        behind = list(pool.map(lambda place: flows_of(replicas.port, place), range(SANDBOXES)))
    for place in range(SANDBOXES):
        single = flows_of(alone.port, place)
        assert list(map(sorted_headers, behind[place])) == list(map(sorted_headers, single))

    owned = [names_on(server, "probe") for server in replicas.servers]
    names = {f"gw{place}" for place in range(SANDBOXES)}
    assert owned[0] | owned[1] | owned[2] == names
    assert sum(map(len, owned)) == SANDBOXES
    assert min(map(len, owned)) >= SANDBOXES // 6, "the names are spread over the replicas"

    def read(name: str, path: str) -> RawResponse:
        return ask(replicas.port, "GET", f"/sandbox/{name}{path}")

    before = {name: read(name, "/_mock/snapshot").body for name in names}
    replicas.servers[1].process.kill()
    replicas.servers[1].process.wait()
    for name in sorted(names):
        after = read(name, "/_mock/snapshot")
        if name in owned[1]:
            assert (after.status, after.json) == (502, {"message": LOST})
            assert after.headers["x-mock-clover-why"].startswith("nginx: no response from")
        else:
            assert after.body == before[name]
    for path in ("/livez", "/sdk.js") * 3:
        assert call(replicas.port, "GET", path).status == 200
    replicas.restart(1)
    for name in sorted(names):
        if name in owned[1]:
            assert read(name, "/v1/charges").json["data"] == []
        else:
            assert read(name, "/_mock/snapshot").body == before[name]


def test_replicas_have_the_same_keys(replicas: Replicas) -> None:
    card = encrypted_card(replicas.keys.public_blob(), VISA)
    card |= {"exp_month": "12", "exp_year": "2038", "cvv": "123"}
    names = [f"keys{number}" for number in range(12)]
    statuses = [
        ask(replicas.port, "POST", f"/sandbox/{name}/v1/tokens", {"card": card}).status
        for name in names
    ]
    assert statuses == [200] * 12
    found = [
        {
            name
            for name in names
            if call(server.port, "GET", f"/_mock/sandboxes/{name}").status == 200
        }
        for server in replicas.servers
    ]
    assert all(found), "each replica has used its key"


MERCHANTS = tuple(f"merchant{number}" for number in range(8))
CALLS: dict[str, tuple[str, str, Any]] = {
    "a credential alone": ("GET", "/v1/charges", None),
    "an encoded name": ("GET", "/sandbox/%65xtra/v1/charges", None),
    "a long redirect": (
        "GET",
        f"/sandbox/extra/oauth/authorize?client_id={derive_credentials(SEED, 'extra').client_id}"
        f"&redirect_uri={quote('http://localhost/' + 'a' * 1_900)}&state={quote('<' * 1_000)}",
        None,
    ),
    "a large body": ("POST", "/sandbox/extra/v1/charges", b"[" + b"1," * 1_000_000 + b"1]"),
    "a long head": (
        "GET",
        f"/sandbox/extra/v1/charges?limit=1&starting_after={'a' * 30_000}",
        None,
    ),
    **{name: ("GET", f"/sandbox/extra.{name}/_mock/clock", None) for name in MERCHANTS[1:]},
}


def test_limits_and_paths_are_those_of_one_server(replicas: Replicas, alone: ServerProcess) -> None:
    scenario = {"name": "two", "merchants": [{"name": name} for name in MERCHANTS]}
    made = []
    for port in (replicas.port, alone.port):
        shop = Merchant(port, "extra", at_root=False)
        with shop.connection:
            shop.send("PUT", "/_mock/sandboxes/extra")
            created = call(port, "PUT", "/_mock/sandboxes/extra", {"scenario": scenario})
            second = created.json["merchants"][0]
            opens = {"authorization": f"Bearer {second['access_token']}"}
            opens |= {"apikey": second["api_key"]}
            shop.send("PUT", "/_mock/clock", {"freeze": True, "set": NOW_MS})
        seen = {
            name: compared(call(port, method, path, body, **opens))
            for name, (method, path, body) in CALLS.items()
        }
        made.append((compared(created), seen))
    refused = made[0][1].pop("a credential alone")
    assert (refused[0], made[1][1].pop("a credential alone")[0]) == (421, 200)
    assert b"use /sandbox/<name>/" in refused[1]
    assert made[0] == made[1]
    status, _, headers = made[0][1]["a long redirect"]
    assert (status, len(headers["location"]) > 4_096) == (302, True)  # nginx's usual limit
    assert made[0][1]["a large body"][0] == 413


def test_live_journal_and_broken_connections(replicas: Replicas) -> None:
    ask(replicas.port, "PUT", "/_mock/sandboxes/live", {})
    with RawConnection(replicas.port) as reader:
        accept = {"accept": "text/event-stream"}
        reader.send(head("GET", "/sandbox/live/_mock/journal", headers=accept))
        received = b""
        while b": alive" not in received:
            received += reader.socket.recv(65_536)
        ask(replicas.port, "GET", "/sandbox/live/v1/charges")
        while b"list_charges" not in received:
            received += reader.socket.recv(65_536)
    ask(replicas.port, "POST", "/sandbox/live/_mock/faults", {"kind": "drop"})
    broken = ask(replicas.port, "GET", "/sandbox/live/v1/charges")
    assert (broken.status, broken.json) == (502, {"message": LOST})
