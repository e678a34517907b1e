"""`GET /_mock/payments/{id}`: the steps of a payment in order, with its requests and webhooks."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.control.payments.endpoints import get_payment
from mock_clover.core.steps import Work
from mock_clover.engine.endpoint import Call
from tests.canary import PAN, find_leaks
from tests.hostile import create_fixtures
from tests.in_process import DECLINED_CARD, NOW_MS, InProcessServer

DAY_MS = 86_400_000
Step = tuple[Any, ...]


def told(server: InProcessServer, key: str) -> Any:
    got = server.send("GET", f"/_mock/payments/{key}")
    assert got.status == 200, got
    return got.json


def steps(server: InProcessServer, key: str) -> list[Step]:
    """Return the steps: days, what, amount, balance, and the request or the event."""
    return [
        (
            (each["at_ms"] - NOW_MS) // DAY_MS,
            each["what"],
            each.get("amount"),
            each.get("balance"),
            each["request"]["id"] if "request" in each else each.get("delivery", {}).get("event"),
        )
        for each in told(server, key)["steps"]
    ]


def sums(server: InProcessServer, key: str) -> tuple[int, int, int, int]:
    story = told(server, key)
    return story["held"], story["captured"], story["refunded"], story["stands"]


def refund(server: InProcessServer, charge: str, **more: Any) -> Any:
    return server.send("POST", "/v1/refunds", {"charge": charge} | more).json


def captured_in_part(server: InProcessServer) -> str:
    charge = str(server.charge(amount=2000, capture=False)["id"])
    server.clock.advance(DAY_MS)
    server.send("POST", f"/v1/charges/{charge}/capture", {"amount": 1500})
    refund(server, charge, amount=500)
    refund(server, charge, amount=99_999)
    server.clock.advance(DAY_MS)
    refund(server, charge, amount=100)
    return charge


def declined(server: InProcessServer) -> str:
    body = {"amount": 5, "currency": "usd", "source": server.token(DECLINED_CARD)}
    charge = server.send("POST", "/v1/charges", body).json["error"]["charge"]
    server.send("POST", "/v1/charges", body)
    return str(charge)


def retried(server: InProcessServer) -> str:
    body = {"amount": 1800, "currency": "usd", "source": server.token()}
    key = {"idempotency-key": "7"}
    got = [server.send("POST", "/v1/charges", body, headers=key).json for _ in range(2)]
    return str(got[0]["id"])


def voided(server: InProcessServer) -> str:
    charge = str(server.charge(capture=False)["id"])
    refund(server, charge)
    return charge


def expired(server: InProcessServer) -> str:
    charge = str(server.charge(capture=False)["id"])
    server.clock.advance(7 * DAY_MS)
    server.send("GET", f"/v1/charges/{charge}")
    return charge


def held(server: InProcessServer) -> str:
    return str(server.charge(capture=False)["id"])


def notified(server: InProcessServer) -> str:
    hook = {"url": "http://127.0.0.1:9/", "handshake": False}
    assert server.send("PUT", "/_mock/webhooks", hook).status == 200
    charge = str(server.charge()["id"])
    refund(server, charge, amount=300)
    return charge


def paid_twice(server: InProcessServer) -> str:
    order = server.order(1000, 800)["id"]
    for amount in (600, 1200):
        body = {"source": server.token(), "amount": amount}
        server.send("POST", f"/v1/orders/{order}/pay", body)
    return str(order)


STORIES: dict[str, tuple[Callable[[InProcessServer], str], tuple[int, ...], list[Step]]] = {
    "captured in part, and refunded": (
        captured_in_part,
        (0, 1500, 600, 900),
        [
            (0, "token created", None, None, 1),
            (0, "authorized", 2000, 2000, 2),
            (1, "captured", 1500, 1500, 3),
            (1, "refunded", 500, 1000, 4),
            (1, "rejected", None, None, 5),
            (2, "refunded", 100, 900, 6),
        ],
    ),
    "declined, and its token used again": (
        declined,
        (0, 0, 0, 0),
        [
            (0, "token created", None, None, 1),
            (0, "declined", 5, 0, 2),
            (0, "rejected", None, None, 3),
        ],
    ),
    "retried": (
        retried,
        (0, 1800, 0, 1800),
        [
            (0, "token created", None, None, 1),
            (0, "captured", 1800, 1800, 2),
            (0, "retry", None, None, 3),
        ],
    ),
    "authorized": (
        held,
        (1800, 0, 0, 0),
        [(0, "token created", None, None, 1), (0, "authorized", 1800, 1800, 2)],
    ),
    "voided": (
        voided,
        (0, 0, 0, 0),
        [
            (0, "token created", None, None, 1),
            (0, "authorized", 1800, 1800, 2),
            (0, "voided", 1800, 0, 3),
        ],
    ),
    "expired": (
        expired,
        (0, 0, 0, 0),
        [
            (0, "token created", None, None, 1),
            (0, "authorized", 1800, 1800, 2),
            (7, "expired", 1800, 0, None),
        ],
    ),
    "with webhooks": (
        notified,
        (0, 1800, 300, 1500),
        [
            (0, "token created", None, None, 1),
            (0, "captured", 1800, 1800, 2),
            (0, "webhook", None, None, "O:CREATE"),
            (0, "webhook", None, None, "P:CREATE"),
            (0, "refunded", 300, 1500, 3),
            (0, "webhook", None, None, "P:UPDATE"),
        ],
    ),
    "an order that is paid twice": (
        paid_twice,
        (0, 1800, 0, 1800),
        [
            (0, "request", None, None, 1),
            (0, "token created", None, None, 2),
            (0, "captured", 600, 600, 3),
            (0, "token created", None, None, 4),
            (0, "captured", 1200, 1200, 5),
        ],
    ),
}


@pytest.mark.parametrize(("make", "totals", "expected"), STORIES.values(), ids=STORIES)
def test_steps_and_sums(
    server: InProcessServer,
    make: Callable[[InProcessServer], str],
    totals: tuple[int, ...],
    expected: list[Step],
) -> None:
    key = make(server)
    assert steps(server, key) == expected
    assert sums(server, key) == totals


def test_three_d_secure_is_part_of_the_story(server: InProcessServer) -> None:
    pending = create_fixtures(server).pending
    server.send("POST", f"/_mock/threeds/{pending}", {"result": "approve"})
    body = {"charge_id": pending, "threeds": {"source": "CLOVER", "flow_status": "SUCCESS"}}
    assert server.send("POST", "/v1/charges/finalize_payment", body).status == 200
    number = server.sandbox.journal.count
    found = [each[1:] for each in steps(server, pending)]
    assert [each[0] for each in found][:2] == ["token created", "3-D Secure requested"]
    assert found[-1] == ("captured", found[-1][1], found[-1][2], number)


def test_a_whole_step_and_the_whole_story(server: InProcessServer) -> None:
    charge = server.charge(description=f"of {PAN}")["id"]
    server.send("GET", f"/v1/charges/{charge}")
    story = told(server, charge)
    _, step = story.pop("steps")
    order = story["line"]["order"]
    token = story["links"][1]["id"]
    assert step == {
        "at_ms": NOW_MS,
        "what": "captured",
        "amount": 1800,
        "balance": 1800,
        "row": {"kind": "charges", "id": charge},
        "request": {
            "id": 2,
            "method": "POST",
            "path": "/v1/charges",
            "status": 200,
            "outcome": "ok",
            "why": "sandbox: VISA ...4242 is listed to approve (documented)",
        },
    }
    assert story == {
        "kind": "charges",
        "id": charge,
        "line": server.send("GET", f"/_mock/rows/charges/{charge}").json["line"],
        "held": 0,
        "captured": 1800,
        "refunded": 0,
        "stands": 1800,
        "reads": 1,
        "links": [{"kind": "orders", "id": order}, {"kind": "tokens", "id": token}],
    }
    assert find_leaks(str(story)) == []


def test_payment_is_found_by_any_of_its_ids(server: InProcessServer) -> None:
    token = server.token()
    charge = server.charge(source=token)["id"]
    back = refund(server, charge, amount=5)["id"]
    for key in (charge, token, back):
        assert told(server, key)["id"] == charge
    order = told(server, charge)["line"]["order"]
    assert [told(server, order)[name] for name in ("kind", "id")] == ["orders", order]
    of_exchanges = [
        server.send("GET", f"/_mock/journal/{number}").json["payment"] for number in (1, 2, 3, 4)
    ]
    assert of_exchanges == [charge, None, charge, charge]  # the second token was not used
    unused = server.token()
    for key in (unused, "NOSUCHCHARGE1", PAN):
        got = server.send("GET", f"/_mock/payments/{key}")
        assert (got.status, find_leaks(got.body.decode())) == (404, [])


def test_other_requests_are_handled_between_the_steps_of_a_payment(server: InProcessServer) -> None:
    """A payment with a thousand refunds has thousands of requests and webhooks."""
    hook = {"url": "http://127.0.0.1:9/", "handshake": False}
    assert server.send("PUT", "/_mock/webhooks", hook).status == 200
    charge = server.charge(amount=9)["id"]

    def pauses() -> int:
        work = get_payment(server.sandbox, Call(None, None, (charge,), {}))
        return sum(1 for _ in work.steps) if isinstance(work, Work) else 0

    before = pauses()
    for _ in range(9):
        refund(server, charge, amount=1)
    assert pauses() - before == 9 + 9 + 9  # requests, steps and webhooks
