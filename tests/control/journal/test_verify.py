"""Verifications of the journal, and what they report as near misses."""

import json
import re
from math import inf
from typing import Any

import pytest

from mock_clover.testing.handle import MockClover
from tests.control.calls import got
from tests.in_process import DECLINED_CARD, VISA, InProcessServer


@pytest.fixture
def shopped(server: InProcessServer) -> InProcessServer:
    """Tokens, two charges of 1800, one of 500 with metadata, one declined; ids 1 to 8."""
    for amount, pan, more in (
        (1800, VISA, {}),
        (1800, VISA, {}),
        (500, VISA, {"metadata": {"order": "7", "who": {"name": "jo"}}, "capture": False}),
        (900, DECLINED_CARD, {}),
    ):
        body = {"amount": amount, "currency": "usd", "source": server.token(pan)} | more
        server.send("POST", "/v1/charges", body)
    return server


CHARGE = {"endpoint": "create_charge"}
TRUE: list[tuple[dict[str, Any], int]] = [
    ({}, 8),
    (CHARGE, 4),
    (CHARGE | {"exactly": 4}, 4),
    (CHARGE | {"at_least": 4}, 4),
    (CHARGE | {"at_least": 1}, 4),
    (CHARGE | {"at_most": 4}, 4),
    (CHARGE | {"at_most": 9}, 4),
    (CHARGE | {"match": {"amount": 1800}}, 2),
    (CHARGE | {"match": {"amount": 1800}, "exactly": 2}, 2),
    (CHARGE | {"match": {"amount": 1800, "currency": "usd"}, "exactly": 2}, 2),
    (CHARGE | {"match": {"amount": 1}, "never": True}, 0),
    (CHARGE | {"match": {"amount": 1}, "exactly": 0}, 0),
    (CHARGE | {"match": {"amount": 1}, "at_most": 0}, 0),
    (CHARGE | {"match": {"metadata.order": "7"}, "exactly": 1}, 1),
    (CHARGE | {"match": {"metadata.who.name": "jo"}, "exactly": 1}, 1),
    (CHARGE | {"match": {"metadata": {"order": "7", "who": {"name": "jo"}}}}, 1),
    (CHARGE | {"match": {"metadata.nothing": None}, "exactly": 4}, 4),
    (CHARGE | {"match": {"capture": False}, "exactly": 1}, 1),
    (CHARGE | {"status": 402, "exactly": 1}, 1),
    (CHARGE | {"status": 200, "match": {"amount": 1800}, "exactly": 2}, 2),
    ({"status": 402, "exactly": 1}, 1),
    ({"endpoint": "create_refund", "never": True}, 0),
    ({"in_order": ["create_token", "create_charge"]}, 2),
    ({"in_order": ["create_charge", "create_token", "create_charge"]}, 3),
    ({"in_order": ["create_charge"] * 4}, 4),
]


@pytest.mark.parametrize(("requested", "count"), TRUE, ids=lambda each: str(each)[:70])
def test_verify_succeeds(shopped: InProcessServer, requested: dict[str, Any], count: int) -> None:
    assert got(shopped.send("POST", "/_mock/verify", requested)) == (
        200,
        {"verified": True, "count": count},
    )


def miss(number: int, **differs: tuple[Any, Any]) -> dict[str, Any]:
    shown = {
        path.replace("__", "."): {"expected": expected, "was": was}
        for path, (expected, was) in differs.items()
    }
    return {"id": number, "endpoint": "create_charge", "differs": shown}


NEWEST = (
    "; the newest requests: #4 create_charge 200, #5 create_token 200, #6 create_charge 200, "
    "#7 create_token 200, #8 create_charge 402"
)
UNTRUE: list[tuple[dict[str, Any], int, str, list[dict[str, Any]] | None]] = [
    (CHARGE | {"exactly": 3}, 4, "expected exactly 3 matching requests, found 4", []),
    (CHARGE | {"at_least": 5}, 4, "expected 5 or more matching requests, found 4", []),
    (CHARGE | {"at_most": 3}, 4, "expected 3 or fewer matching requests, found 4", []),
    (CHARGE | {"never": True}, 4, "expected exactly 0 matching requests, found 4", []),
    (
        {"endpoint": "create_refund"},
        0,
        f"expected 1 or more matching requests, found 0{NEWEST}",
        [],
    ),
    (
        CHARGE | {"match": {"amount": 501, "currency": "usd"}},
        0,
        "expected 1 or more matching requests, found 0",
        [miss(2, amount=(501, 1800)), miss(4, amount=(501, 1800)), miss(6, amount=(501, 500))],
    ),
    (
        CHARGE | {"match": {"amount": 1800, "metadata.order": "7"}},
        0,
        "expected 1 or more matching requests, found 0",
        [
            miss(2, metadata__order=("7", None)),
            miss(4, metadata__order=("7", None)),
            miss(6, amount=(1800, 500)),
        ],
    ),
    (
        CHARGE | {"match": {"amount": 900}, "status": 200},
        0,
        "expected 1 or more matching requests, found 0",
        [
            miss(2, amount=(900, 1800)),
            miss(4, amount=(900, 1800)),
            miss(6, amount=(900, 500)),
        ],
    ),
    (
        {"in_order": ["create_charge", "create_refund"]},
        1,
        f"create_refund was not called after create_charge{NEWEST}",
        None,
    ),
    (
        {"in_order": ["create_charge"] * 5},
        4,
        f"create_charge was not called after create_charge{NEWEST}",
        None,
    ),
    ({"in_order": ["create_refund"]}, 0, f"create_refund was not called{NEWEST}", None),
]


@pytest.mark.parametrize(
    ("requested", "count", "message", "nearest"), UNTRUE, ids=[str(row[0])[:70] for row in UNTRUE]
)
def test_verify_fails_with_near_misses(
    shopped: InProcessServer,
    requested: dict[str, Any],
    count: int,
    message: str,
    nearest: list[dict[str, Any]] | None,
) -> None:
    expected: dict[str, Any] = {"verified": False, "count": count, "message": message}
    if nearest is not None:
        expected["nearest"] = nearest
    assert got(shopped.send("POST", "/_mock/verify", requested)) == (409, expected)


def test_a_request_without_an_operation_is_named(server: InProcessServer) -> None:
    said = []
    for path in ("/v1/charge", f"/v1/{VISA}"):
        said.append(got(server.send("POST", "/_mock/verify", CHARGE))[1]["message"])
        assert server.send("POST", path, {}).status == 404
    said.append(got(server.send("POST", "/_mock/verify", CHARGE))[1]["message"])
    found = "expected 1 or more matching requests, found 0; "
    assert said == [
        f"{found}the journal is empty",
        f"{found}the newest requests: #1 POST /v1/charge 404",
        f"{found}the newest requests: #1 POST /v1/charge 404, #2 POST /v1/[card ...4242] 404",
    ]


JSON_HEADERS = {"content-type": "application/json"}


class LateTransport:
    """A server to which a request comes after a number of verifications."""

    blob = ""

    def __init__(self, late: int) -> None:
        self.late = late
        self.waits: list[tuple[int, float]] = []

    def use_event_loop(self, loop: object) -> None:
        """Do nothing."""

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], wait_s: float
    ) -> tuple[int, bytes, str]:
        """Return the result of a verification."""
        assert (method, path, headers) == ("POST", "/_mock/verify", JSON_HEADERS)
        self.waits.append((json.loads(body or b"")["within_ms"], wait_s))
        came = len(self.waits) > self.late
        result = {"verified": came, "count": int(came), "message": "found 0"}
        return 200 if came else 409, json.dumps(result).encode(), ""


@pytest.mark.parametrize(
    ("within_ms", "late", "told", "waits"),
    [
        (0, 1, "any operation: found 0", [(0, 0.0)]),
        (300, 0, "", [(300, 0.3)]),
        (
            300,
            1,
            r"any operation: found 0\n  it succeeded \d+ ms after within_ms=300 had passed",
            [(300, 0.3)] * 2,
        ),
        (300, 2, "any operation: found 0", [(300, 0.3)] * 2),
        (5_000, 2, "any operation: found 0", [(5_000, 5.0), (1_000, 1.0)]),
        *((each, 0, "", [(each, 0.0)]) for each in (None, -1, 60_001, 10**30, inf)),
        ("5", 1, "any operation: found 0", [("5", 0.0)]),
    ],
)
def test_a_late_request_is_told(
    within_ms: Any, late: int, told: str, waits: list[tuple[int, float]]
) -> None:
    transport = LateTransport(late)
    keys = ("name", "merchant_id", "client_id", "client_secret", "access_token", "api_key")
    clover = MockClover(transport, {"base_url": "http://a", **dict.fromkeys(keys, "x")})
    said = ""
    try:
        assert clover.verify(within_ms=within_ms) == 1
    except AssertionError as error:
        said = str(error)
    assert re.fullmatch(told, said), said
    assert transport.waits == waits


VERIFY_REFUSALS: list[tuple[Any, str]] = [
    ({"endpont": "x"}, "Object contains unknown field `endpont`; did you mean `endpoint`?"),
    ({"exactly": 1, "at_least": 1}, "set only one of exactly, at_least"),
    (
        {"exactly": 1, "at_most": 1, "never": True},
        "set only one of exactly, at_most, never",
    ),
    (
        {"endpoint": "create_charge", "match": {"amuont": 1}, "never": True},
        "match: create_charge has no member `amuont`; did you mean `amount`?",
    ),
    (
        {"endpoint": "create_order", "match": {"items.amuont": 1}},
        "match: create_order has no member `items.amuont`; did you mean `items.amount`?",
    ),
    (
        {"endpoint": "get_charge", "match": {"amount": 1}},
        "match: get_charge has no member `amount`",
    ),
    ({"match": {"amuont": 1}}, "match: the requests of all operations have no member `amuont`"),
    ({"match": 5}, "match is 5; must be an object"),
    ({"exactly": "x"}, 'exactly is "x"; must be an integer'),
    ({"within_ms": -1}, "within_ms is -1; at least 0"),
    ({"within_ms": 60_001}, "within_ms is 60001; at most 60000"),
    ({"match": {f"a{n}": 1 for n in range(101)}}, "match has 101 members; at most 100"),
    ({"match": {"a" * 201: 1}}, "match has a name that is too long; at most 200"),
    ({"in_order": ["x"] * 1_001}, "in_order has 1001 items; at most 1000"),
    ([], "the body: expected an object, got an array"),
]


@pytest.mark.parametrize(("requested", "message"), VERIFY_REFUSALS, ids=lambda each: str(each)[:40])
def test_invalid_verification_is_rejected(
    server: InProcessServer, requested: Any, message: str
) -> None:
    assert got(server.send("POST", "/_mock/verify", requested)) == (400, {"message": message})


@pytest.mark.parametrize(
    "requested",
    [
        {"endpoint": "create_chrge", "never": True},
        {"endpoint": "create_chrge"},
        {"in_order": ["create_chrge"]},
        {"in_order": []},
        {"exactly": -1},
        {"never": False},
        {"in_order": ["create_charge"], "exactly": 1},
    ],
    ids=str,
)
def test_verification_without_criteria_is_rejected(
    server: InProcessServer, requested: dict[str, Any]
) -> None:
    assert server.send("POST", "/_mock/verify", requested).status == 400


def test_field_sent_with_default_value_matches(server: InProcessServer) -> None:
    server.charge(capture=True)
    body = {"match": {"capture": True}, "exactly": 1}
    assert server.send("POST", "/_mock/verify", body).status == 200
