"""The attacks of `make soak`. Each is a round that is repeated, with the memory it may take.

A total is the product of a stated limit and the number of its users, or the limit itself if it
holds for the whole server. The limits are imported from the code.
"""

import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, NamedTuple

from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.sandbox.journal import JOURNAL_BYTES_MAX, JOURNALS_BYTES_MAX
from mock_clover.server.app.app import BODY_BYTES_MAX
from mock_clover.server.app.body import HELD_BYTES_MAX
from mock_clover.server.protocol.base import CONNECTIONS_MAX
from tests.in_process import SEED, VISA
from tests.raw_http import head, request
from tests.soak.client import Client, client, connections, send_all

MIB = 1_048_576
CONTROL_TOKEN = "s3cret"
SLACK_BYTES = 24 * MIB
"""What the interpreter and its allocator may keep beyond the limits."""
UNSENT_BYTES_MAX = 1 * MIB
"""Answers of one connection that are not sent: a full write buffer and one large answer."""
READ_BYTES_MAX = 262_144
"""What one connection may have received that does not count in HELD_BYTES_MAX yet: one read."""
BODIES = 1_000
CONNECTION_BYTES = 16_384
"""One idle connection: its socket, its protocol and its parser."""
STREAMS = 200
UNSENT_STREAM_BYTES_MAX = 131_072
"""One reader of the live journal: a batch, and the write buffer."""
_BODY = b"0" * MIB


class Target(NamedTuple):
    """The server that a round attacks; `number` counts the rounds from 0."""

    port: int
    random: Random
    number: int


class Attack(NamedTuple):
    """A round, what it may add to the memory of an idle server, and the options of the server."""

    name: str
    run: Callable[[Target], Awaitable[None]]
    total_bytes: int
    options: tuple[str, ...] = ()


def unread(path: str, count: int, *, times: int) -> Callable[[Target], Awaitable[None]]:
    """Return a round of pipelined requests whose answers nobody reads."""

    async def run(target: Target) -> None:
        async with connections(target.port, count) as opened:
            await send_all(opened, head("GET", path) * times)
            await _look_away(target.port)

    return run


async def _look_away(port: int) -> None:
    """Let the server do what it would do for clients that do not read."""
    async with client(port) as other:
        for _ in range(5):
            await other.ask("GET", "/livez")


async def unread_journals(target: Target) -> None:
    """Fill a journal, then request all of it again and again."""
    async with client(target.port) as other:
        await other.ask_all([request("GET", "/v1/charges")] * 1_000)
    await unread("/_mock/journal?limit=1000", 4, times=60)(target)


async def forbidden_snapshots(target: Target) -> None:
    """Send large bodies of control calls that are not permitted."""
    to = {"host": "evil.example", "content-length": str(63 * MIB)}
    async with connections(target.port, 24) as opened:
        await send_all(opened, head("PUT", "/sandbox/zz/_mock/snapshot", headers=to, auth=False))
        await send_all(opened, _BODY * 62)
        await _look_away(target.port)


async def permitted_snapshots(target: Target) -> None:
    """Send large bodies of control calls that are permitted, and end none."""
    async with connections(target.port, 24) as opened:
        to = {"content-length": str(63 * MIB)}
        await send_all(opened, head("PUT", "/_mock/snapshot", headers=to))
        await send_all(opened, _BODY * 62)
        await _look_away(target.port)


async def open_bodies(target: Target) -> None:
    """Send all but the last byte of many bodies of the maximum size."""
    async with connections(target.port, BODIES) as opened:
        to = {"content-length": str(BODY_BYTES_MAX)}
        await send_all(opened, head("POST", "/v1/charges", headers=to, auth=False))
        await send_all(opened, _BODY[1:])
        await _look_away(target.port)


async def long_headers(target: Target) -> None:
    """Fill the journal of one sandbox with long user agents and paths, without a credential."""
    agent = {"user-agent": target.random.choice("abc") * 60_000}
    path = f"/v1/{'x' * 60_000}"
    async with client(target.port) as other:
        for _ in range(20):
            await other.ask_all([head("GET", "/v1/charges", headers=agent, auth=False)] * 10)
            await other.ask_all([head("GET", path, auth=False)] * 10)


async def long_headers_in_many_sandboxes(target: Target) -> None:
    """Fill many journals with long user agents."""
    async with client(target.port) as other:
        for each in range(40):
            headers = _bearer(f"s{each}") | {"user-agent": "a" * 60_000}
            path = f"/sandbox/s{each}/v1/charges"
            await other.ask_all([head("GET", path, headers=headers)] * 40)


async def sandboxes_of_strangers(target: Target) -> None:
    """Request the addresses of many sandboxes without a credential."""
    async with client(target.port) as other:
        for part in range(40):
            names = (f"e{target.number}-{part}-{each}" for each in range(50))
            paths = [f"/sandbox/{name}/v1/charges" for name in names]
            for answer in await other.ask_all([head("GET", path, auth=False) for path in paths]):
                _expect(answer.status == 401, answer)


async def streams_nobody_reads(target: Target) -> None:
    """Open many live journals that nobody reads, then make exchanges."""
    accept = {"accept": "text/event-stream"}
    async with connections(target.port, STREAMS) as opened:
        await send_all(opened, head("GET", "/_mock/journal", headers=accept))
        async with client(target.port) as other:
            for _ in range(10):
                await other.ask_all([request("GET", "/v1/charges")] * 50)


async def connections_at_the_cap(target: Target) -> None:
    """Open more connections than are allowed, each with half a request."""
    async with connections(target.port, CONNECTIONS_MAX + 100) as opened:
        await send_all(opened, b"POST /v1/charges HTTP/1.1\r\nhost: localhost\r\nx: ")


async def traffic(target: Target) -> None:
    """Run a test suite: each test has a sandbox, uses it, and deletes it."""
    async with client(target.port) as other:
        for each in range(5):
            await _test(other, f"t{target.number}-{each}", target.random)


async def _test(other: Client, name: str, random: Random) -> None:
    at, headers = f"/sandbox/{name}", _bearer(name)

    async def ask(method: str, path: str, body: Any = None) -> Any:
        answer = await other.ask(method, at + path, body, headers=headers)
        return json.loads(answer.body) if answer.body[:1] == b"{" else {}

    async def token() -> str:
        card = {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        return str((await ask("POST", "/v1/tokens", {"card": card}))["id"])

    await other.ask("PUT", f"/_mock/sandboxes/{name}", {}, headers=headers)
    for _ in range(20):
        amount = random.randint(1, 100_000)
        body = {"amount": amount, "currency": "usd", "source": await token()}
        charge = await ask("POST", "/v1/charges", body)
        _expect(charge.get("amount") == amount, charge)
        await ask("POST", "/v1/refunds", {"charge": charge["id"], "amount": 1})
        await ask("POST", "/v1/customers", {"email": "jo@example.com", "source": await token()})
        await ask("POST", "/v1/orders", {"currency": "usd", "items": [{"amount": amount}]})
        await ask("GET", random.choice(("/v1/charges", "/v1/orders", "/v1/nothing", "/sdk.js")))
    await ask("GET", "/_mock/journal?limit=1000")
    snapshot = await ask("GET", "/_mock/snapshot")
    await ask("PUT", "/_mock/snapshot", snapshot)
    await other.ask("DELETE", f"/_mock/sandboxes/{name}", headers=headers)


def _bearer(name: str) -> dict[str, str]:
    own = derive_credentials(SEED, name)
    bearer = {"authorization": f"Bearer {own.access_token}", "apikey": own.api_key}
    return bearer | {"x-mock-clover-control": CONTROL_TOKEN}


def _expect(holds: bool, answer: object) -> None:
    if not holds:
        raise AssertionError(f"an attack got another answer than it expects: {answer}")


ATTACKS = (
    Attack(
        "unread answers of /_mock/openapi.json",
        unread("/_mock/openapi.json", 4, times=6_000),
        4 * UNSENT_BYTES_MAX,
    ),
    Attack("unread answers of /sdk.js", unread("/sdk.js", 20, times=2_000), 20 * UNSENT_BYTES_MAX),
    Attack("unread journals", unread_journals, JOURNAL_BYTES_MAX + 4 * UNSENT_BYTES_MAX),
    Attack(
        "24 snapshots of 62 MiB, not permitted",
        forbidden_snapshots,
        24 * UNSENT_BYTES_MAX,
        ("--control-token", CONTROL_TOKEN),
    ),
    Attack(
        "24 snapshots of 62 MiB, permitted",
        permitted_snapshots,
        HELD_BYTES_MAX + 24 * READ_BYTES_MAX,
    ),
    Attack(
        f"{BODIES:,} bodies of 1 MiB held open",
        open_bodies,
        HELD_BYTES_MAX + BODIES * READ_BYTES_MAX,
    ),
    Attack("headers of 60 KB", long_headers, JOURNAL_BYTES_MAX),
    Attack("headers of 60 KB in 40 sandboxes", long_headers_in_many_sandboxes, JOURNALS_BYTES_MAX),
    Attack("sandboxes of strangers", sandboxes_of_strangers, 0),
    Attack(
        f"{STREAMS} streams that nobody reads",
        streams_nobody_reads,
        JOURNAL_BYTES_MAX + STREAMS * UNSENT_STREAM_BYTES_MAX,
    ),
    Attack("connections at the cap", connections_at_the_cap, CONNECTIONS_MAX * CONNECTION_BYTES),
    Attack("ordinary traffic", traffic, JOURNALS_BYTES_MAX),
)
