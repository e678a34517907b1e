"""Requests that wait for the journal, on a fake clock."""

from contextlib import ExitStack
from typing import Any

import pytest

from mock_clover.sandbox.credentials import derive_credentials
from tests.control.calls import got, root
from tests.fake_clock import FakeClockLoop, InProcessConnection, run, settle
from tests.in_process import SEED, InProcessServer
from tests.raw_http import RawConnection, RawResponse, call, request
from tests.server_process import ServerProcess

LIST = "endpoint=list_charges"
VERIFY = "/_mock/verify"


class Waiter(InProcessConnection):
    """Return a connection with a request that waits."""

    def __init__(self, server: InProcessServer, path: str, body: Any = None) -> None:
        super().__init__(server.app)
        self.send(request("POST" if body else "GET", path, body))


def pay(server: InProcessServer, times: int = 1) -> None:
    """Create exchanges of `list_charges`."""
    for _ in range(times):
        assert server.send("GET", "/v1/charges").status == 200


def test_a_wait_ends_with_the_nth_match(server: InProcessServer) -> None:
    async def main(_: FakeClockLoop) -> None:
        with Waiter(server, f"/_mock/journal?{LIST}&wait=3&wait_ms=60000") as waiter:
            pay(server, 2)
            server.send("GET", "/v1/orders")  # no match
            await settle()
            assert waiter.is_silent()
            pay(server)
            await settle()
            response = waiter.read_response()
        endpoints = [entry["endpoint"] for entry in response.json["data"]]
        assert (response.status, endpoints) == (200, ["list_charges"] * 3)

    run(main)


def test_a_wait_for_entries_that_exist_is_answered_at_once(server: InProcessServer) -> None:
    async def main(_: FakeClockLoop) -> None:
        pay(server, 2)
        with Waiter(server, f"/_mock/journal?{LIST}&wait=2&wait_ms=60000") as waiter:
            await settle()
            assert len(waiter.read_response().json["data"]) == 2

    run(main)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_wait_ends_after_wait_ms_with_the_matches_so_far(
    server: InProcessServer, slash: str
) -> None:
    async def main(loop: FakeClockLoop) -> None:
        pay(server)
        with Waiter(server, f"/_mock/journal{slash}?{LIST}&wait=2&wait_ms=60000") as waiter:
            await loop.advance(59.999)
            assert waiter.is_silent()
            await loop.advance(0.001)
            response = waiter.read_response()
        assert (response.status, len(response.json["data"])) == (200, 1)

    run(main)


def test_concurrent_waits(shared_server: ServerProcess) -> None:
    """On real sockets: in one sandbox, and in another one that is not affected."""
    one, other = Shop(shared_server.port, "waits-one"), Shop(shared_server.port, "waits-other")
    query = f"/_mock/journal?{LIST}&wait_ms=60000&wait="
    verify = {"endpoint": "list_charges", "at_least": 2, "within_ms": 60_000}
    with ExitStack() as stack:
        waiters = [stack.enter_context(one.waiting(f"{query}{n}")) for n in (1, 1, 2, 2)]
        waiters.append(stack.enter_context(one.waiting(VERIFY, verify)))
        elsewhere = stack.enter_context(other.waiting(f"{query}1"))
        one.pay(2)
        result = [connection.read_response() for connection in waiters]
        counts = [len(each.json["data"]) for each in result[:4]]
        assert all(1 <= count <= 2 for count in counts[:2])
        assert (counts[2:], result[4].json) == ([2, 2], {"verified": True, "count": 2})
        assert elsewhere.is_silent()
        other.pay()
        assert len(elsewhere.read_response().json["data"]) == 1


def test_abandoned_wait_does_not_affect_other_requests(shared_server: ServerProcess) -> None:
    shop = Shop(shared_server.port, "waits-gone")
    for _ in range(20):
        shop.waiting("/_mock/journal?wait=9&wait_ms=60000").reset()
    shop.pay(9)
    assert shop.send("GET", "/_mock/journal?wait=9").status == 200


def test_verify_waits_until_the_bound_is_met(server: InProcessServer) -> None:
    async def main(_: FakeClockLoop) -> None:
        body = {"endpoint": "list_charges", "exactly": 2, "within_ms": 60_000}
        with Waiter(server, VERIFY, body) as waiter:
            pay(server)
            await settle()
            assert waiter.is_silent()
            pay(server)
            await settle()
            assert got(waiter.read_response()) == (200, {"verified": True, "count": 2})

    run(main)


@pytest.mark.parametrize(
    "bound", [{"at_least": 2}, {"exactly": 2}, {"in_order": ["create_refund"]}]
)
def test_verify_fails_after_within_ms(server: InProcessServer, bound: Any) -> None:
    async def main(loop: FakeClockLoop) -> None:
        with Waiter(server, VERIFY, {"within_ms": 60_000} | bound) as waiter:
            await loop.advance(59.999)
            assert waiter.is_silent()
            await loop.advance(0.001)
            response = waiter.read_response()
        assert (response.status, response.json["verified"]) == (409, False)

    run(main)


def test_verify_fails_at_once_when_the_bound_cannot_be_met_any_more(
    server: InProcessServer,
) -> None:
    async def main(_: FakeClockLoop) -> None:
        pay(server, 3)
        with Waiter(server, VERIFY, {"at_most": 2, "within_ms": 60_000}) as waiter:
            await settle()
            status, answer = got(waiter.read_response())
        assert (status, answer["message"]) == (
            409,
            "expected 2 or fewer matching requests, found 3",
        )

    run(main)


def test_a_wait_in_a_deleted_sandbox_makes_no_sandbox(server: InProcessServer) -> None:
    async def main(loop: FakeClockLoop) -> None:
        assert root(server, "PUT", "/_mock/sandboxes/gone", {}).status == 200
        path = "/sandbox/gone/_mock/journal?wait=1&wait_ms=60000"
        with Waiter(server, path) as waiter:
            await settle()
            assert waiter.is_silent()
            assert root(server, "DELETE", "/_mock/sandboxes/gone").status == 200
            await loop.advance(60)
            waiter.read_response()
        assert root(server, "GET", "/_mock/sandboxes/gone").status == 404

    run(main)


class Shop:
    """A sandbox of a server."""

    def __init__(self, port: int, name: str) -> None:
        credentials = derive_credentials(SEED, name)
        self.port, self.base = port, f"/sandbox/{name}"
        self.headers = {
            "apikey": credentials.api_key,
            "authorization": f"Bearer {credentials.access_token}",
        }
        assert call(port, "PUT", f"/_mock/sandboxes/{name}").status == 200

    def send(self, method: str, path: str, body: Any = None) -> RawResponse:
        return call(self.port, method, self.base + path, body, **self.headers)

    def pay(self, times: int = 1) -> None:
        """Create exchanges of `list_charges`."""
        for _ in range(times):
            assert self.send("GET", "/v1/charges").status == 200

    def waiting(self, path: str, body: Any = None) -> RawConnection:
        """Send a request that waits, and do not read the response."""
        connection = RawConnection(self.port)
        data = request("POST" if body else "GET", self.base + path, body, headers=self.headers)
        connection.send(data)
        return connection
