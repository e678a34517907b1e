"""Clover's own Node SDK, clover-ecomm-sdk 1.0.0 from npm, unmodified, against the server.

It is configured only by its public means. It treats any response with a top-level `message` as an
error and distinguishes errors by `error.type`, so it shows how integrators see the dialects.
"""

import re
from typing import Any

import pytest
from clover_server import Clover
from relay import run_relay
from response_shape import CARD, EXPIRY, GATEWAY, charged, response_shape
from toolbox import Run

ROUNDS = 25
AT_ONCE = 12


def refused(code: str, message: str, type_: str | None = "invalid_request_error") -> Any:
    """The exception of the SDK for an error whose type it knows."""
    error = {"code": code, "message": message} | ({"type": type_} if type_ else {})
    return {
        "thrown": "CloverInvalidRequestError",
        "type": "CloverInvalidRequestError",
        "rawType": type_,
        "code": code,
        "message": message,
        "raw": error,
    }


def untyped(code: str, message: str, **members: str) -> Any:
    """The exception of the SDK for an error without a type.

    It tries to create a "GenericError", a name that it never defines, and reports its own mistake
    as unreadable JSON. Only `raw.response` has the server's message.
    """
    return {
        "thrown": "CloverAPIError",
        "type": "CloverAPIError",
        "message": "Invalid JSON received from the Clover API",
        "exception": "ReferenceError: GenericError is not defined",
        "response": {"code": code, "message": message, **members},
    }


UNAUTHORIZED = {
    "thrown": "CloverAuthenticationError",
    "type": "CloverAuthenticationError",
    "rawType": "401 Unauthorized",
    "statusCode": 401,
}


NO_TYPE = "ReferenceError: GenericError is not defined"
NO_ERROR = "TypeError: Cannot read properties of undefined (reading 'type')"
EXCEPTIONS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "card_declined": (
        {"thrown": "CloverAPIError", "exception": NO_TYPE},
        {"thrown": "CloverCardError", "code": "card_declined"},
    ),
    "UNAUTHORIZED": ({"thrown": "CloverAuthenticationError"},) * 2,
    "RATE_LIMITED": (
        {"thrown": "CloverRateLimitError"},
        {"thrown": "CloverRateLimitError", "code": "rate_limit"},
    ),
    "SERVICE_UNAVAILABLE": (
        {"thrown": "CloverAPIError", "exception": NO_ERROR},
        {"thrown": "CloverAPIError", "exception": NO_TYPE},
    ),
    "TOKEN_UPSTREAM_FAILURE": ({"thrown": "CloverAPIError", "code": "missing"},) * 2,
    "IDEMPOTENCY_MISMATCH": ({"thrown": "CloverIdempotencyError", "code": "invalid_request"},) * 2,
    "INVALID_CURRENCY": ({"thrown": "CloverInvalidRequestError", "code": "invalid_request"},) * 2,
}
"""By outcome: exception and code in the observed and in the documented dialect."""


@pytest.fixture(scope="module")
def story(clover: Clover, node: Run) -> dict[str, Any]:
    """The result of a complete flow, with its ids replaced by names."""
    received = node("sdk_flow.cjs", clover)
    subjects = ("token", "charge", "authorization", "refund", "customer", "order")
    names = {received[subject]["id"]: subject for subject in subjects}
    names[received["customer"]["sources"]["data"][0]] = "card"
    names[received["order_paid"]["charge"]] = "payment"
    result: dict[str, Any] = response_shape(received, clover.names | names)
    return result


@pytest.fixture(scope="module")
def refusals(clover: Clover, node: Run) -> dict[str, Any]:
    """The exceptions of the SDK in the default dialect."""
    result: dict[str, Any] = response_shape(
        node("sdk_refusals.cjs", clover, OUTCOMES=" ".join(EXCEPTIONS))
    )
    return result


@pytest.fixture(scope="module")
def documented_refusals(documented: Clover, node: Run) -> dict[str, Any]:
    """The exceptions of the SDK in the dialect of Clover's documentation."""
    result: dict[str, Any] = response_shape(
        node("sdk_refusals.cjs", documented, OUTCOMES=" ".join(EXCEPTIONS))
    )
    return result


def test_the_key_for_tokens(story: dict[str, Any]) -> None:
    assert story["apikey"] == {
        "active": True,
        "apiAccessKey": "<api key>",
        "createdTime": "<ms>",
        "developerAppUuid": "<app>",
        "merchantUuid": "<merchant>",
        "modifiedTime": "<ms>",
    }


def test_a_token(story: dict[str, Any]) -> None:
    """The SDK sends the key three times: as a header, in the body, and beside a bearer token."""
    assert story["token"] == {"id": "<token>", "object": "token", "card": CARD | EXPIRY}


def test_a_token_retrieved(story: dict[str, Any]) -> None:
    """Clover's OpenAPI has `tokenValue` beside `id`; its Python SDK's own tests read it."""
    assert story["token_retrieved"]["cloverToken"].get("tokenValue") == "<token>"
    assert story["token_retrieved"]["card"] == CARD | EXPIRY


def test_a_charge_and_its_reading(story: dict[str, Any]) -> None:
    sale = {"id": "<charge>", "amount": 1999, "captured": True, "paid": True}
    assert story["charge"] == charged(**sale, source={"id": "<token>"} | CARD | EXPIRY)
    assert story["charge_retrieved"] == charged(
        **sale, amount_captured=1999, order="<id>", source={"id": "<token>"} | CARD
    )


def test_an_authorization_and_its_capture(story: dict[str, Any]) -> None:
    assert story["authorization"] == charged(
        id="<authorization>",
        amount=1200,
        captured=False,
        source={"id": "<token>"} | CARD | EXPIRY,
    )
    assert story["capture"] == {
        "id": "<authorization>",
        "amount": 1200,
        "payment_method_details": "card",
        "amount_captured": 1200,
        "currency": "USD",
        "created": "<ms>",
        "captured": True,
        "order": "<id>",
        **GATEWAY,
        "paid": True,
        "status": "succeeded",
        "source": {"id": "<token>"} | CARD,
    }


def test_refunds(story: dict[str, Any]) -> None:
    metadata = {"refundType": "AUTH", "authCode": "<authCode>", "refNum": "<refNum>"}
    refund = {
        "id": "<refund>",
        "object": "refund",
        "amount": 500,
        "charge": "<charge>",
        "created": "<ms>",
        "status": "succeeded",
        "metadata": metadata | {"gatewayResponseCode": "000"},
    }
    assert story["refund"] == refund
    assert story["refund_retrieved"] == refund
    assert story["refund_rest"] == refund | {"id": "<id>", "amount": 1499}


def test_a_customer_and_charges_by_customer_id(story: dict[str, Any]) -> None:
    customer = {
        "id": "<customer>",
        "object": "customer",
        "created": "<ms>",
        "currency": "USD",
        "email": "buyer@example.com",
        "name": " ",
        "sources": {"object": "list", "data": ["<card>"]},
        "shipping": {"name": " "},
    }
    assert story["customer"] == customer
    assert story["customer_updated"] == customer | {"email": "ada@example.com"}
    for charge, amount in (("customer_charge", 300), ("customer_charge_again", 301)):
        assert story[charge] == charged(
            id="<id>",
            amount=amount,
            captured=True,
            paid=True,
            source={"id": "<token>"} | CARD | EXPIRY,
        )


ITEM = {"type": "sku", "amount": 700, "currency": "usd", "description": "Mug", "quantity": 2}
ORDER = {
    "id": "<order>",
    "object": "order",
    "amount": 1400,
    "currency": "USD",
    "created": "<ms>",
    "email": "buyer@example.com",
    "items": [ITEM],
}


def test_an_order_and_its_payment(story: dict[str, Any]) -> None:
    assert story["order"] == ORDER | {"status": "created"}
    assert story["order_retrieved"] == ORDER
    assert story["order_paid"] == ORDER | {
        "amount_paid": 1400,
        "charge": "<payment>",
        "ref_num": "<ref_num>",
        "auth_code": "<auth_code>",
        "source": CARD | EXPIRY,
        "status": "paid",
        "status_transitions": {"paid": "<ms>"},
        "ecomind": "ecom",
    }
    assert story["order_paid_again"] == refused(
        "order_already_paid", "Order with id <order> has been already paid."
    )


def test_an_order_returned(story: dict[str, Any]) -> None:
    assert story["order_returned"] == {
        "accepted": {
            "id": "<order>",
            "amount": 1400,
            "amount_returned": 1400,
            "currency": "USD",
            "status": "returned",
            "status_transitions": {},
        }
    }


def test_a_customer_deleted(story: dict[str, Any]) -> None:
    """Only this SDK has the method; it sends the same two braces, but with a Content-Length."""
    assert story["customer_deleted"] == {
        "deleted": True,
        "id": "<customer>",
        "object": "customer",
    }
    assert story["customer_charge_refused"] == refused(
        "invalid_request", "Please provide a valid source for the charge."
    )


def test_a_decline_as_observed(refusals: dict[str, Any]) -> None:
    """A decline has no `error.type` on the wire, so the SDK never throws its CloverCardError."""
    assert refusals["decline"] == untyped(
        "card_declined",
        "DECLINED: No reason provided.",
        charge="<id>",
        declineCode="issuer_declined",
    )
    assert refusals["afterwards"] == "succeeded"


def test_a_decline_as_documented(documented_refusals: dict[str, Any]) -> None:
    decline = documented_refusals["decline"]
    error = decline.pop("raw")
    assert decline == {
        "thrown": "CloverCardError",
        "type": "CloverCardError",
        "rawType": "card_error",
        "code": "card_declined",
        "param": "source",
        "message": "DECLINED: No reason provided.",
    }
    assert re.fullmatch(r"https://docs\.clover\.com/\S+", error.pop("doc_url"))
    assert error == {
        "type": "card_error",
        "code": "card_declined",
        "message": "DECLINED: No reason provided.",
        "charge": "<id>",
        "decline_code": "issuer_declined",
        "param": "source",
    }
    assert documented_refusals["afterwards"] == "succeeded"


TYPED = {
    "no_amount": ("invalid_charge_amount", "Please provide a valid amount."),
    "unknown_charge": ("invalid_request", "Charge with id <id> not found."),
}
UNTYPED = {
    "token_again": (
        "token_already_used",
        "You cannot use a clover token more than once unless it is marked as multipay.",
    ),
    "capture_again": (
        "processing_error",
        "Invalid request: cannot capture a non AUTH payment",
    ),
}


@pytest.mark.parametrize("call", TYPED)
def test_a_refusal_with_a_type(refusals: dict[str, Any], call: str) -> None:
    assert refusals[call] == refused(*TYPED[call])


@pytest.mark.parametrize("call", UNTYPED)
def test_a_refusal_without_a_type(refusals: dict[str, Any], call: str) -> None:
    assert refusals[call] == untyped(*UNTYPED[call])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("no_amount", "invalid_charge_amount"),
        ("unknown_charge", "invalid_request"),
        ("token_again", "token_already_used"),
        ("capture_again", "charge_already_captured"),
    ],
)
def test_a_refusal_as_documented(documented_refusals: dict[str, Any], call: str, code: str) -> None:
    """With a type the SDK has no such error, and passes the code on."""
    refusal = documented_refusals[call]
    assert "exception" not in refusal
    assert refusal["code"] == code


@pytest.mark.parametrize("call", ["stranger_post", "stranger_get", "nameless_get"])
@pytest.mark.parametrize("dialect", ["refusals", "documented_refusals"])
def test_a_wrong_bearer_and_none(request: pytest.FixtureRequest, dialect: str, call: str) -> None:
    assert request.getfixturevalue(dialect)[call] == UNAUTHORIZED


def test_the_key_for_tokens_refused(refusals: dict[str, Any]) -> None:
    """Without a bearer token this endpoint responds in plain text, which the SDK cannot parse."""
    assert refusals["stranger_apikey"] == UNAUTHORIZED
    unreadable = refusals["nameless_apikey"]
    assert unreadable.pop("exception").startswith("SyntaxError: ")
    assert unreadable == {
        "thrown": "CloverAPIError",
        "type": "CloverAPIError",
        "message": "Invalid JSON received from the Clover API",
        "response": "Unauthorized",
    }


@pytest.mark.parametrize("parser", ["clover", "without_httptools"])
def test_the_default_agent_keeps_one_socket(
    request: pytest.FixtureRequest, node: Run, parser: str
) -> None:
    """Charges and reads in turn on one socket, where each read leaves `{}` before the next request.

    The client's own agent counts sockets, and so does a relay, which also records the bytes.
    """
    clover: Clover = request.getfixturevalue(parser)
    sizes = {"ROUNDS": str(ROUNDS), "AT_ONCE": str(AT_ONCE)}
    with run_relay(clover.address) as relay:
        result = node("sdk_sockets.cjs", clover, CLOVER_BASE_URL=relay.url, **sizes)
    assert result["alternating"] == {
        "turns": [[amount, True, amount, True] for amount in range(1, ROUNDS + 1)],
        "opened": 1,
        "reused": 3 * ROUNDS,
        "free": 1,
        "busy": 0,
        "keepAlive": True,
    }
    amounts = [amount for turn in range(0, AT_ONCE, 2) for amount in (77, 1000 + turn)]
    burst = {"amounts": amounts, "opened": AT_ONCE, "free": AT_ONCE, "busy": 0}
    assert result["bursts"] == [burst] * 3

    assert len(relay.sent) == AT_ONCE
    first = bytes(relay.sent[0])
    after_read = re.findall(rb"\r\nContent-Length: 0\r\n(?:[^\r]+\r\n)*\r\n(.{0,6})", first)
    assert set(after_read) <= {b"{}POST", b"{}GET ", b"{}"}
    assert after_read.count(b"{}POST") >= ROUNDS - 1
    assert after_read.count(b"{}GET ") >= ROUNDS


@pytest.mark.parametrize("outcome", EXCEPTIONS)
def test_the_exception_of_each_documented_type(
    refusals: dict[str, Any], documented_refusals: dict[str, Any], outcome: str
) -> None:
    """As in the table of docs/howto/errors.md."""
    assert (
        tuple(
            {
                name: found[name]
                for name in ("thrown", "exception", "code")
                if (found := received["by_type"][outcome]).get(name)
            }
            for received in (refusals, documented_refusals)
        )
        == EXCEPTIONS[outcome]
    )
