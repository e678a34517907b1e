"""Suites that run concurrently on one port are isolated from each other."""

import json
import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mock_clover.sandbox.credentials import derive_credentials
from tests.in_process import DECLINED_CARD, SEED, VISA
from tests.raw_http import RawConnection, RawResponse, request
from tests.server_process import ServerProcess

StartServer = Callable[..., ServerProcess]
ParsedPage = list[tuple[int, bytes, str | None]]

THREADS, FLOWS = 32, 50
MASTERCARD = "5424180279791732"
NOW_MS = 2_051_222_400_000
"""2035-01-01, in the future: a sandbox's clock only runs forward."""
_REAL_TIME = re.compile(rb'"(?:took_us|made_ms)":[0-9]+,')
"""Measured in real time, and so different in each run: durations and creation times."""


class Merchant:
    """The only user of a sandbox: it records all responses."""

    def __init__(self, port: int, name: str, *, at_root: bool) -> None:
        self.connection, self.name = RawConnection(port), name
        credentials = derive_credentials(SEED, name)
        self._base = f"/sandbox/{name}"
        self._at_root = at_root
        self._opens = {
            "authorization": f"Bearer {credentials.access_token}",
            "apikey": credentials.api_key,
        }
        self.seen: ParsedPage = []

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> RawResponse:
        """Send one request; at the root for Clover's own paths if this merchant does so."""
        base = "" if self._at_root and path.startswith("/v1/") else self._base
        response = self.connection.exchange(
            request(method, base + path, body, headers=self._opens | headers)
        )
        self.seen.append(
            (response.status, response.body, response.headers.get("x-mock-clover-why"))
        )
        return response

    def token(self, pan: str = VISA) -> str:
        card = {"number": pan, "exp_month": "12", "exp_year": "2038", "cvv": "123"}
        response = self.send("POST", "/v1/tokens", {"card": card})
        return str(response.json.get("id", "clv_none"))

    def charge(self, amount: int, source: str, **more: Any) -> str:
        body = {"amount": amount, "currency": "usd", "source": source} | more
        response = self.send("POST", "/v1/charges", body)
        return str(response.json.get("id", "ZZZZZZZZZZZZZ"))


# Random flows of a shop ---------------------------------------------------------------------------


def sale(shop: Merchant, chance: random.Random) -> None:
    shop.charge(
        chance.randint(1, 9_999), shop.token(chance.choice((VISA, MASTERCARD, DECLINED_CARD)))
    )


def authorization(shop: Merchant, chance: random.Random) -> None:
    created = shop.charge(chance.randint(100, 9_999), shop.token(), capture=False)
    shop.send("POST", f"/v1/charges/{created}/capture", {"amount": chance.randint(1, 200)})


def refund(shop: Merchant, chance: random.Random) -> None:
    created = shop.charge(chance.randint(2, 99), shop.token())
    shop.send("POST", "/v1/refunds", {"charge": created, "amount": chance.randint(1, 99)})


def card_on_file(shop: Merchant, chance: random.Random) -> None:
    saved = {"email": f"a{chance.randint(1, 9)}@example.com", "source": shop.token()}
    customer = str(shop.send("POST", "/v1/customers", saved).json.get("id", "ZZZZZZZZZZZZZ"))
    for _ in range(chance.randint(1, 3)):
        shop.charge(chance.randint(1, 99), customer)


def order(shop: Merchant, chance: random.Random) -> None:
    items = [{"amount": chance.randint(1, 99), "quantity": 2}]
    created = shop.send("POST", "/v1/orders", {"currency": "usd", "items": items})
    path = f"/v1/orders/{created.json.get('id', 'ZZZZZZZZZZZZZ')}"
    shop.send("POST", f"{path}/pay", {"source": shop.token()})
    shop.send("GET", path)


def retry(shop: Merchant, chance: random.Random) -> None:
    body = {"amount": chance.randint(1, 99), "currency": "usd", "source": shop.token()}
    for _ in range(2):
        key = {"idempotency-key": f"key-{chance.randint(1, 5)}"}  # the same in all sandboxes
        shop.send("POST", "/v1/charges", body, **key)


def reading(shop: Merchant, chance: random.Random) -> None:
    for rows in ("charges", "refunds", "orders"):
        shop.send("GET", f"/v1/{rows}?limit={chance.randint(1, 20)}")


def mistake(shop: Merchant, chance: random.Random) -> None:
    bad: dict[str, Any] = {"amount": chance.randint(-9, 0), "currency": "x", "amout": 1}
    shop.send("POST", "/v1/charges", bad)


def jump(shop: Merchant, chance: random.Random) -> None:
    shop.send("PUT", "/_mock/clock", {"advance": f"{chance.randint(1, 200)}h"})


def trouble(shop: Merchant, chance: random.Random) -> None:
    problem = chance.choice(("RATE_LIMITED", "SANDBOX_FULL"))
    fault = {"kind": "problem", "problem": problem, "times": chance.randint(1, 3), "odds": 0.5}
    shop.send("POST", "/_mock/faults", fault)


def change(shop: Merchant, chance: random.Random) -> None:
    rule = {
        "when": {"amount": {"min": chance.randint(1, 50)}, "every": 2},
        "then": {"decline": {"decline_code": "insufficient_funds", "message": "No."}},
    }
    shop.send("PUT", "/_mock/scenario", {"name": f"mine-{shop.name}", "rules": [rule]})


FLOW = (sale, authorization, refund, card_on_file, order, retry, reading, mistake)
OFTEN = (10, 6, 6, 5, 4, 4, 3, 2)
EXTRA_ACTIONS = ((), (jump,), (trouble,), (change,), (jump, trouble, change))
"""What merchants do in addition; most do only one thing, so that interference would show."""


def run(port: int, place: int) -> ParsedPage:
    """Run one merchant's flows and return all responses and everything that can be read."""
    chance = random.Random(place)
    shop = Merchant(port, f"gw{place}", at_root=place % 2 == 1)
    with shop.connection:
        shop.send("PUT", f"/_mock/sandboxes/gw{place}")
        assert shop.send("PUT", "/_mock/clock", {"freeze": True, "set": NOW_MS}).status == 200
        odd = EXTRA_ACTIONS[place % len(EXTRA_ACTIONS)]
        for _ in range(FLOWS):
            flow = chance.choices(FLOW, OFTEN)[0]
            if odd and chance.random() < 0.1:
                flow = chance.choice(odd)
            flow(shop, chance)
        for path in (
            "/v1/charges?limit=100",
            "/v1/refunds?limit=100",
            "/v1/orders?limit=100",
            "/_mock/clock",
            "/_mock/faults",
            "/_mock/scenario",
            "/_mock/snapshot",
            "/_mock/journal?limit=1000",
        ):
            shop.send("GET", path)
    return [(status, _REAL_TIME.sub(b"", body), why) for status, body, why in shop.seen]


def test_thirty_two_concurrent_suites_match_single_runs(start_server: StartServer) -> None:
    crowded, quiet = start_server(), start_server()
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda place: run(crowded.port, place), range(THREADS)))
    for place in range(THREADS):
        alone = run(quiet.port, place)
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
            lives.append([_REAL_TIME.sub(b"", body) for _, body, _ in other.seen])
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
