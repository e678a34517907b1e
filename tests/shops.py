"""Random flows of shops, each the only user of a sandbox; all responses are recorded."""

import random
import re
from typing import Any

from mock_clover.sandbox.credentials import derive_credentials
from tests.in_process import DECLINED_CARD, SEED, VISA
from tests.raw_http import RawConnection, RawResponse, request

Recorded = list[tuple[int, bytes, dict[str, str]]]
"""Status, body and headers of responses."""
MASTERCARD = "5424180279791732"
NOW_MS = 2_051_222_400_000
"""2035-01-01, in the future: a sandbox's clock only runs forward."""
VARYING_HEADERS = {"date", "x-request-id", "content-length", "server", "connection"}
"""Different in each run (the length of a journal too), or added by a proxy."""
REAL_TIME = re.compile(rb'"(?:took_us|made_ms)":[0-9]+,')
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
        self.seen: Recorded = []

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> RawResponse:
        """Send one request; at the root for Clover's own paths if this merchant does so."""
        base = "" if self._at_root and path.startswith("/v1/") else self._base
        response = self.connection.exchange(
            request(method, base + path, body, headers=self._opens | headers)
        )
        headers = {
            name: value for name, value in response.headers.items() if name not in VARYING_HEADERS
        }
        self.seen.append((response.status, response.body, headers))
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


def run(port: int, place: int, *, flows: int, at_root: bool) -> Recorded:
    """Run one merchant's flows and return all responses and everything that can be read."""
    chance = random.Random(place)
    shop = Merchant(port, f"gw{place}", at_root=at_root)
    with shop.connection:
        shop.send("PUT", f"/_mock/sandboxes/gw{place}")
        assert shop.send("PUT", "/_mock/clock", {"freeze": True, "set": NOW_MS}).status == 200
        odd = EXTRA_ACTIONS[place % len(EXTRA_ACTIONS)]
        for _ in range(flows):
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
    return [(status, REAL_TIME.sub(b"", body), headers) for status, body, headers in shop.seen]
