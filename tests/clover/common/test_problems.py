"""Every error of the catalogue: a request that causes it, and its complete body in both dialects.

Bodies with an observed source are byte for byte those of the recorded responses.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from mock_clover.clover.common.problems import ALL_ERRORS, BY_NAME, IDEMPOTENCY_MISMATCH
from tests.failure_messages import assert_names, assert_no_errors
from tests.hostile import BROWSER
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer, Response
from tests.subscriptions import PLANS, SUBSCRIPTIONS, SubscriptionShop

DOC = "https://docs.clover.com/docs/ecommerce-error-codes"
UNKNOWN = "0000000000000"
Ask = Callable[[InProcessServer], Response]


class Case(NamedTuple):
    problem: str
    fact: str
    send: Ask
    observed: str
    documented: str
    status: int
    documented_status: int
    settings: dict[str, Any]


CASES: list[Case] = []
UNAUTHORIZED_AS_DOCUMENTED = (
    '{"message":"401 Unauthorized","error":{"type":"authentication_error","code":"unauthorized",'
    f'"message":"<text>","doc_url":"{DOC}"}}}}'
)


def case(
    problem: str,
    status: int,
    fact: str,
    send: Ask,
    error: dict[str, Any] | str,
    param: str | None = None,
    type_: str = "invalid_request_error",
    code: str | None = None,
    **settings: Any,
) -> None:
    """Add a case; `error` is the observed error object, or the complete body if it is text."""
    if isinstance(error, str):
        text = json.loads(error)["message"] if error.startswith("{") else error
        body = UNAUTHORIZED_AS_DOCUMENTED.replace("<text>", text) if status == 401 else error
        CASES.append(Case(problem, fact, send, error, body, status, status, settings))
        return
    reasons = {400: "Bad Request", 402: "Payment Required", 404: "Not Found"}
    reasons |= {409: "Conflict", 501: "Not Implemented"}
    documented_status = 400 if status == 402 else status
    documented = {
        "type": error.get("type", type_),
        "code": code or error["code"],
        "message": error["message"],
        "doc_url": DOC,
    }
    if param:
        documented["param"] = param
    CASES.append(
        Case(
            problem,
            fact,
            send,
            _json({"message": f"{status} {reasons[status]}", "error": error}),
            _json(
                {
                    "message": f"{documented_status} {reasons[documented_status]}",
                    "error": documented,
                }
            ),
            status,
            documented_status,
            settings,
        )
    )


def _json(tree: Any) -> str:
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False)


def invalid(code: str, message: str) -> dict[str, Any]:
    return {"type": "invalid_request_error", "code": code, "message": message}


def post(path: str, body: Any = None, **more: Any) -> Ask:
    return lambda server: server.send("POST", path, body, **more)


def get(path: str, **more: Any) -> Ask:
    return lambda server: server.send("GET", path, **more)


def charging(**changes: Any) -> Ask:
    def send(server: InProcessServer) -> Response:
        body = {"amount": 1800, "currency": "usd", "source": server.token()} | changes
        return server.send("POST", "/v1/charges", {k: v for k, v in body.items() if v is not ...})

    return send


def charging_as(outcome: str) -> Ask:
    return lambda server: server.send(
        "POST",
        "/v1/charges",
        {"amount": 1800, "currency": "usd", "source": server.token()},
        headers={"x-mock-clover-outcome": outcome},
    )


def carding(pan: str = VISA, **changes: Any) -> Ask:
    return lambda server: server.send("POST", "/v1/tokens", server.card(pan, **changes))


def exchanging(**changes: Any) -> Ask:
    def send(server: InProcessServer) -> Response:
        known = {"client_id": server.known.client_id, "client_secret": server.known.client_secret}
        fields = known | {"code": "none"} | changes
        query = "&".join(f"{name}={value}" for name, value in fields.items())
        return server.send("GET", f"/oauth/token?{query}")

    return send


def authorizing(query: str) -> Ask:
    return lambda server: server.send(
        "GET", f"/oauth/authorize?client_id={server.known.client_id}&{query}"
    )


# Transport and authorization

case(
    "UNAUTHORIZED",
    401,
    "a bearer that nobody gave",
    get("/v1/charges", headers={"authorization": "Bearer nobody"}),
    '{"message":"401 Unauthorized"}',
)
case(
    "UNAUTHORIZED",
    401,
    "no Authorization header at all",
    get("/v1/charges", auth=False),
    '{"message":"401 Unauthorized"}',
)
case(
    "UNAUTHORIZED",
    401,
    "a wrong apikey at the token host",
    post("/v1/tokens", {}, headers={"apikey": "nobody"}),
    '{"message":"401 Unauthorized"}',
)
case(
    "UNAUTHORIZED",
    401,
    "a wrong bearer for the PAKMS key",
    get("/pakms/apikey", headers={"authorization": "Bearer nobody"}),
    '{"message":"401 Unauthorized"}',
)
case(
    "PAKMS_WITHOUT_AUTHORIZATION",
    401,
    "no Authorization header for the PAKMS key",
    get("/pakms/apikey", auth=False),
    "Unauthorized",
)
case("PATH_NOT_FOUND", 404, "a path that Clover has not", get("/v1/nothing"), "404 Not Found")
case(
    "PATH_NOT_FOUND",
    404,
    "an extension under --strict",
    lambda server: server.send("GET", f"/v1/tokens/{server.token()}"),
    "404 Not Found",
    strict=True,
)
case(
    "EVIDENCE_INFERRED",
    501,
    "an inferred refusal under --strict evidence",
    get("/v1/orders/X"),
    {
        "code": "evidence_inferred",
        "message": "The response would rely on inferred behaviour: ORDER_NOT_FOUND (the message "
        "for charges). To allow it, add allow_inferred: [ORDER_NOT_FOUND] to the scenario's "
        "settings.",
    },
    type_="api_error",
    refuse_inferred=True,
)
case(
    "METHOD_NOT_ALLOWED",
    405,
    "no charge can be deleted",
    lambda server: server.send("DELETE", "/v1/charges"),
    "405 DELETE not allowed.",
)
case(
    "INVALID_JSON",
    400,
    "a body that is no JSON",
    post("/v1/charges", raw=b'{"amount":'),
    invalid("invalid_request", "Invalid JSON Format"),
)
case(
    "INVALID_JSON",
    400,
    "a body that is no object",
    post("/v1/charges", [1]),
    invalid("invalid_request", "Invalid JSON Format"),
)
case(
    "INVALID_REQUEST",
    400,
    "a list longer than a page may be",
    get("/v1/charges?limit=101"),
    invalid("invalid_request", "Please provide a valid limit."),
    "limit",
)
case(
    "INVALID_REQUEST",
    400,
    "metadata of more than 500 characters",
    charging(metadata={"note": "x" * 500}),
    invalid("invalid_request", "Please provide a valid metadata."),
    "metadata",
)
case(
    "INVALID_REQUEST",
    400,
    "a description of 256 characters",
    charging(description="x" * 256),
    invalid("invalid_request", "Please provide a valid description."),
    "description",
)
for value in ("0b0e6c1e-7c1e-4a5e-9a4e-2f0d4f6b8c11", "ORDER-123"):
    case(
        "INVALID_EXTERNAL_REFERENCE",
        400,
        f"the external reference {value}",
        charging(external_reference_id=value),
        invalid(
            "invalid_request", "Please provide valid format or check allowable max length of 12."
        ),
        "external_reference_id",
    )
case(
    "UNKNOWN_PARAMETER",
    400,
    "a misspelt member under --strict",
    post("/v1/refunds", {"charge": UNKNOWN, "amout": 5}),
    invalid("parameter_unknown", "Received unknown parameter: amout"),
    "amout",
    strict=True,
)
case(
    "FORWARDED_FOR_MISSING",
    400,
    "no x-forwarded-for under --strict",
    charging(),
    invalid("parameter_missing", "Please provide a valid x-forwarded-for header."),
    "x-forwarded-for",
    strict=True,
)
case(
    "USER_AGENT_MISSING",
    400,
    "no User-Agent under --strict, which --strict evidence does not replace",
    post("/v1/charges", {}, headers={"x-forwarded-for": "203.0.113.7"}),
    invalid("parameter_missing", "Please provide a valid User-Agent header."),
    "User-Agent",
    strict=True,
    refuse_inferred=True,
)
case(
    "INVALID_REQUEST",
    400,
    "a site_url of 20 characters under --strict",
    lambda server: server.send(
        "POST",
        "/v1/charges",
        {
            "amount": 1,
            "currency": "usd",
            "source": server.token(),
            "site_url": "https://shop.example",
        },
        headers={"x-forwarded-for": "203.0.113.7", "user-agent": "shop"},
    ),
    invalid("invalid_request", "Please provide a valid site_url."),
    "site_url",
    strict=True,
    refuse_inferred=True,
)
case(
    "UNKNOWN_PARAMETER",
    400,
    "expand on the ecommerce API under --strict",
    get("/v1/charges?limit=1&expand=customer"),
    invalid("parameter_unknown", "Received unknown parameter: expand"),
    "expand",
    strict=True,
    refuse_inferred=True,
)


def returned_without_parent(server: InProcessServer) -> Response:
    path, headers = f"/v1/orders/{server.order(10)['id']}", {"user-agent": "shop"}
    headers["x-forwarded-for"] = "203.0.113.7"
    server.send("POST", f"{path}/pay", {"source": server.token()}, headers=headers)
    return server.send("POST", f"{path}/returns", {"items": [{"amount": 10, "type": "sku"}]})


case(
    "PARAMETER_MISSING",
    400,
    "an item without its parent in a return, under --strict",
    returned_without_parent,
    invalid("parameter_missing", "Please provide a valid items[0].parent."),
    "items[0].parent",
    strict=True,
)


def _same_key_other_body(server: InProcessServer) -> Response:
    headers, source = {"idempotency-key": "k1"}, server.customer()["id"]
    body = {"amount": 100, "currency": "usd", "source": source}
    assert server.send("POST", "/v1/charges", body, headers=headers).status == 200
    return server.send("POST", "/v1/charges", body | {"amount": 101}, headers=headers)


case(
    "IDEMPOTENCY_MISMATCH",
    400,
    "the same key with another body",
    _same_key_other_body,
    {
        "type": "idempotency_error",
        "code": "invalid_request",
        "message": "Keys for idempotent requests can only be used with the same parameters they "
        "were first used with.",
    },
)

case(
    "UNKNOWN_OUTCOME",
    400,
    "an outcome that there is not",
    charging_as("aprove"),
    '{"message":"x-mock-clover-outcome: unknown outcome \'aprove\'; did you mean `approve`?"}',
)

# OAuth

case(
    "OAUTH_UNKNOWN_CLIENT",
    400,
    "an app that nobody made",
    exchanging(client_id=UNKNOWN),
    '{"message":"Unknown Client ID"}',
)
case(
    "OAUTH_INVALID_CREDENTIALS",
    400,
    "a code that was never given",
    exchanging(),
    '{"message":"Invalid OAuth credentials"}',
)
case(
    "OAUTH_INVALID_REDIRECT",
    400,
    "a redirect that a browser would run",
    authorizing("redirect_uri=javascript:alert(1)"),
    '{"message":"Invalid redirect_uri"}',
)

# Tokens

case(
    "INCORRECT_NUMBER",
    400,
    "a number with a wrong check digit",
    carding("4242424242424241"),
    invalid("incorrect_number", "Card number is invalid."),
    "card.number",
)
case(
    "INCORRECT_NUMBER",
    400,
    "a number that is none",
    carding("forty-two"),
    invalid("incorrect_number", "Card number is invalid."),
    "card.number",
)
case(
    "INVALID_PAN",
    400,
    "no number at all",
    carding(number=None),
    invalid("invalid_request", "Card number is not a valid raw or encrypted PAN."),
    "card.encrypted_pan",
)
case(
    "INVALID_PAN",
    400,
    "an encrypted number under no key of ours",
    carding(number=None, encrypted_pan="A" * 344),
    invalid("invalid_request", "Card number is not a valid raw or encrypted PAN."),
    "card.encrypted_pan",
)
case(
    "PAN_MISMATCH",
    400,
    "a last4 that is not the number's",
    lambda server: server.send("POST", "/v1/tokens", server.encrypted(last4="1111")),
    invalid("invalid_number", "Card last4 does not match the card number."),
    "last4",
)
case(
    "PAN_MISMATCH",
    400,
    "a first6 that is not the number's",
    lambda server: server.send("POST", "/v1/tokens", server.encrypted(first6="411111")),
    invalid("invalid_number", "Card first6 does not match the card number."),
    "first6",
)
case(
    "CARD_NOT_LISTED",
    400,
    "a number off the list under --listed-cards-only",
    carding("4539148803436467"),
    invalid("incorrect_number", "Card number is not a Clover test card."),
    "card.number",
    listed_cards_only=True,
)
case(
    "INCORRECT_CVC",
    400,
    "a CVV of two digits",
    carding(cvv="99"),
    invalid("incorrect_cvc", "CVV must be three or four digits."),
    "card.cvv",
)
case(
    "INVALID_EXPIRY_MONTH",
    400,
    "a thirteenth month",
    carding(exp_month="13"),
    invalid("invalid_expiry_month", "Card expiry month is invalid."),
    "card.exp_month",
)
case(
    "INVALID_EXPIRY_YEAR",
    400,
    "a year of three digits",
    carding(exp_year="203"),
    invalid("invalid_expiry_year", "Card expiry year is invalid."),
    "card.exp_year",
)
case(
    "EXPIRED_CARD",
    400,
    "a month that is over",
    carding(exp_month="4", exp_year="25"),
    invalid("expired_card", "Card expired."),
    "card.exp_year",
)
case(
    "INVALID_CARD_TYPE",
    400,
    "a brand that is none",
    carding(brand="PLASTIC"),
    invalid("invalid_card_type", "Card brand is invalid or not supported."),
    "card.brand",
)
case(
    "TOKEN_NOT_FOUND",
    404,
    "a token that nobody made",
    get("/v1/tokens/clv_none"),
    invalid("resource_missing", "Token with id clv_none not found."),
)

# Charges

case(
    "INVALID_CHARGE_AMOUNT",
    400,
    "a charge without an amount",
    charging(amount=...),
    invalid("invalid_charge_amount", "Please provide a valid amount."),
    "amount",
)
case(
    "INVALID_CHARGE_AMOUNT",
    400,
    "a charge of half a cent",
    charging(amount=0.5),
    invalid("invalid_charge_amount", "Please provide a valid amount."),
    "amount",
)
case(
    "INVALID_CHARGE_AMOUNT",
    400,
    "a charge below nothing",
    charging(amount=-1),
    invalid("invalid_charge_amount", "Please provide a valid amount."),
    "amount",
)
case(
    "AMOUNT_TOO_LARGE",
    400,
    "a million dollars",
    charging(amount=100_000_000),
    invalid("amount_too_large", "Amount exceeds the maximum of $999,999.99."),
    "amount",
)
case(
    "INVALID_CURRENCY",
    400,
    "a charge without a currency",
    charging(currency=...),
    invalid("invalid_request", "Please provide a valid currency."),
    "currency",
)
case(
    "INVALID_SOURCE",
    400,
    "a charge without a source",
    charging(source=...),
    invalid("invalid_request", "Please provide a valid source for the charge."),
    "source",
)
case(
    "INVALID_SOURCE",
    400,
    "a source that nobody made",
    charging(source="clv_none"),
    invalid("invalid_request", "Please provide a valid source for the charge."),
    "source",
)
case(
    "INVALID_TIP_AMOUNT",
    400,
    "a tip below nothing",
    charging(tip_amount=-1),
    invalid("invalid_tip_amount", "Please provide a valid tip amount."),
    "tip_amount",
)
case(
    "INVALID_TAX_AMOUNT",
    400,
    "a tax below nothing",
    charging(tax_amount=-1),
    invalid("invalid_tax_amount", "Please provide a valid tax amount."),
    "tax_amount",
)


def _twice(server: InProcessServer) -> Response:
    body = {"amount": 100, "currency": "usd", "source": server.token()}
    assert server.send("POST", "/v1/charges", body).status == 200
    return server.send("POST", "/v1/charges", body)


def _after_decline(server: InProcessServer) -> Response:
    body = {"amount": 100, "currency": "usd", "source": server.token(DECLINED_CARD)}
    assert server.send("POST", "/v1/charges", body).json["error"]["code"] == "card_declined"
    return server.send("POST", "/v1/charges", body)


USED = {
    "code": "token_already_used",
    "message": "You cannot use a clover token more than once unless it is marked as multipay.",
}
case("TOKEN_ALREADY_USED", 400, "a single-pay token, twice", _twice, USED, "source")
case("TOKEN_ALREADY_USED", 400, "a token after its decline", _after_decline, USED, "source")


def _no_card_left(server: InProcessServer) -> Response:
    customer = server.customer()
    card = customer["sources"]["data"][0]
    server.send("DELETE", f"/v1/customers/{customer['id']}/sources/{card}")
    return charging(source=customer["id"])(server)


case(
    "CARD_ON_FILE_MISSING",
    400,
    "a customer whose card was revoked",
    _no_card_left,
    invalid("card_on_file_missing", "Customer has no card on file."),
    "source",
)
case(
    "CHARGE_NOT_FOUND",
    404,
    "a charge that nobody made",
    get(f"/v1/charges/{UNKNOWN}"),
    invalid("invalid_request", f"Charge with id {UNKNOWN} not found."),
)
case(
    "CHARGE_NOT_FOUND",
    404,
    "the capture of a charge that nobody made",
    post(f"/v1/charges/{UNKNOWN}/capture"),
    invalid("invalid_request", f"Charge with id {UNKNOWN} not found."),
)
case(
    "INVALID_CHARGE_ID",
    400,
    "the capture of what is no id",
    post("/v1/charges/nonsense/capture"),
    invalid("invalid_request", "Please provide a valid charge id."),
)
case(
    "INVALID_CHARGE_ID",
    400,
    "the capture of 13 characters with a letter O, which no id has",
    post("/v1/charges/000000000000O/capture"),
    invalid("invalid_request", "Please provide a valid charge id."),
)
NOT_AUTH = {
    "code": "processing_error",
    "message": "Invalid request: cannot capture a non AUTH payment",
}
case(
    "NOT_AN_AUTHORIZATION",
    400,
    "the capture of a sale",
    lambda server: server.send("POST", f"/v1/charges/{server.charge()['id']}/capture"),
    NOT_AUTH,
    type_="api_error",
)


def _captured_after_void(server: InProcessServer) -> Response:
    charge = server.charge(capture=False)["id"]
    assert server.send("POST", "/v1/refunds", {"charge": charge}).status == 200
    return server.send("POST", f"/v1/charges/{charge}/capture")


case(
    "NOT_AN_AUTHORIZATION",
    400,
    "the capture of a voided authorization",
    _captured_after_void,
    NOT_AUTH,
    type_="api_error",
)


def _captured_twice(server: InProcessServer) -> Response:
    path = f"/v1/charges/{server.charge(capture=False)['id']}/capture"
    assert server.send("POST", path).status == 200
    return server.send("POST", path)


case(
    "CHARGE_ALREADY_CAPTURED",
    400,
    "a second capture",
    _captured_twice,
    NOT_AUTH,
    type_="invalid_request_error",
    code="charge_already_captured",
)
case(
    "NOTHING_TO_RELEASE",
    400,
    "the release of a sale",
    lambda server: server.send("PUT", f"/v1/charges/{server.charge()['id']}", {"amount": 1}),
    {
        "code": "processing_error",
        "message": "Invalid request: no authorized amount is left",
    },
    type_="api_error",
)
case(
    "INVALID_CHARGE_ID",
    400,
    "the capture of an id of 12 characters",
    post(f"/v1/charges/{UNKNOWN[:12]}/capture"),
    invalid("invalid_request", "Please provide a valid charge id."),
)
case(
    "CAPTURE_TOO_LARGE",
    400,
    "a capture above the authorization",
    lambda server: server.send(
        "POST", f"/v1/charges/{server.charge(capture=False)['id']}/capture", {"amount": 1801}
    ),
    invalid("invalid_charge_amount", "Please provide a valid amount."),
    "amount",
)


def _captured_late(server: InProcessServer) -> Response:
    path = f"/v1/charges/{server.charge(capture=False)['id']}/capture"
    server.clock.advance(7 * 86_400_000)
    return server.send("POST", path)


case(
    "AUTHORIZATION_EXPIRED",
    400,
    "the capture of a Visa authorization after seven days",
    _captured_late,
    invalid("charge_expired_for_capture", "The authorization has expired."),
)

# Refunds

case(
    "REFUND_CHARGE_MISSING",
    400,
    "a refund of nothing",
    post("/v1/refunds", {}),
    invalid("invalid_request", "Either charge id or reversal id has to be present"),
    "charge",
)
case(
    "REFUND_ABOVE_LIMIT",
    400,
    "a refund above the merchant's limit",
    lambda server: server.send("POST", "/v1/refunds", {"charge": server.charge()["id"]}),
    {
        "code": "processing_error",
        "message": "The refund exceeds the transaction limit of the merchant.",
    },
    type_="api_error",
    refund_amount_max=1799,
)
case(
    "INVALID_REFUND_CHARGE",
    400,
    "a refund of an empty id",
    post("/v1/refunds", {"charge": ""}),
    invalid("invalid_request", "Please provide a valid charge."),
    "charge",
)
case(
    "REFUND_OR_CHARGE_NOT_FOUND",
    404,
    "a refund of a charge that nobody made",
    post("/v1/refunds", {"charge": UNKNOWN}),
    {"code": "processing_error", "message": "Not Found"},
    type_="api_error",
)
case(
    "REFUND_OR_CHARGE_NOT_FOUND",
    404,
    "a refund that nobody made",
    get(f"/v1/refunds/{UNKNOWN}"),
    {"code": "processing_error", "message": "Not Found"},
    type_="api_error",
)
TOO_MUCH = {
    "code": "processing_error",
    "message": "This refund would make the order's total refunded amount greater than the original "
    "order's amount.",
}
case(
    "REFUND_TOO_LARGE",
    400,
    "a refund above the charge",
    lambda server: server.send(
        "POST", "/v1/refunds", {"charge": server.charge()["id"], "amount": 1801}
    ),
    TOO_MUCH,
    type_="api_error",
)


def _refunded_twice(server: InProcessServer) -> Response:
    body = {"charge": server.charge()["id"]}
    assert server.send("POST", "/v1/refunds", body).status == 200
    return server.send("POST", "/v1/refunds", body)


case(
    "CHARGE_ALREADY_REFUNDED",
    400,
    "a second full refund",
    _refunded_twice,
    TOO_MUCH,
    type_="invalid_request_error",
    code="charge_already_refunded",
)
case(
    "PARTIAL_REFUND_NOT_ALLOWED",
    400,
    "a part of a charge with a tip",
    lambda server: server.send(
        "POST", "/v1/refunds", {"charge": server.charge(tip_amount=200)["id"], "amount": 1}
    ),
    {
        "code": "processing_error",
        "message": "Partial refunds are not allowed for charges with tax, tip, or more than one "
        "line item.",
    },
    type_="api_error",
)
case(
    "PARTIAL_VOID_NOT_ALLOWED",
    400,
    "a part of an authorization",
    lambda server: server.send(
        "POST", "/v1/refunds", {"charge": server.charge(capture=False)["id"], "amount": 1}
    ),
    {"code": "processing_error", "message": "An authorization can only be voided in full."},
    type_="api_error",
)

# Customers

case(
    "EMAIL_INVALID",
    400,
    "a customer without an e-mail",
    lambda server: server.send("POST", "/v1/customers", {"source": server.token()}),
    invalid("email_invalid", "Please provide a valid email."),
    "email",
)
case(
    "EMAIL_INVALID",
    400,
    "a change of a customer without an e-mail",
    lambda server: server.send("PUT", f"/v1/customers/{server.customer()['id']}", {}),
    invalid("email_invalid", "Please provide a valid email."),
    "email",
)
case(
    "INVALID_CUSTOMER_SOURCE",
    400,
    "a customer without a source",
    post("/v1/customers", {"email": "jo@example.com"}),
    invalid("invalid_request", "Please provide a valid source or token."),
    "source",
)
case(
    "CUSTOMER_RESOURCE_MISSING",
    404,
    "a change of a customer that nobody made",
    lambda server: server.send("PUT", f"/v1/customers/{UNKNOWN}", {"email": "jo@example.com"}),
    {
        "type": "validation_error",
        "code": "resource_missing",
        "message": f"Customer with id {UNKNOWN} not found.",
    },
)
case(
    "CUSTOMER_NOT_FOUND",
    404,
    "a card of a customer that nobody made",
    lambda server: server.send("DELETE", f"/v1/customers/{UNKNOWN}/sources/{UNKNOWN}"),
    invalid("invalid_request", f"Customer with id {UNKNOWN} not found."),
)
case(
    "CARD_NOT_FOUND",
    404,
    "a card that nobody saved",
    lambda server: server.send(
        "DELETE", f"/v1/customers/{server.customer()['id']}/sources/{UNKNOWN}"
    ),
    invalid("invalid_request", f"Card with id {UNKNOWN} not found."),
)


def _without_cvv(server: InProcessServer) -> Response:
    token = server.token(cvv=None)
    got = server.send("POST", "/v1/customers", {"email": "jo@example.com", "source": token})
    return got._replace(body=got.body.replace(token.encode(), b"clv_TOKEN"))


case(
    "CVV_NOT_FOUND",
    400,
    "a card to be saved whose token has no CVV",
    _without_cvv,
    {
        "code": "invalid_cvc",
        "message": "CVV not found during card verification for Clover token clv_TOKEN",
    },
)


def _saved_twice(server: InProcessServer) -> Response:
    customer = server.customer()["id"]
    body = {"email": "jo@example.com", "source": server.token()}
    got = server.send("PUT", f"/v1/customers/{customer}", body)
    return got._replace(body=got.body.replace(customer.encode(), b"CUSTOMER"))


case(
    "CARD_ALREADY_SAVED",
    409,
    "the same card, saved twice",
    _saved_twice,
    invalid("invalid_request", "Card already exists for customer CUSTOMER."),
    "source",
)
case(
    "CARD_VERIFICATION_DECLINED",
    402,
    "a card to be saved that the issuer declines",
    lambda server: server.send(
        "POST", "/v1/customers", {"email": "jo@example.com", "source": server.token(DECLINED_CARD)}
    ),
    {"code": "card_declined", "message": "DECLINED: No reason provided."},
    "source",
    type_="card_error",
)

# Orders

case(
    "ORDER_NOT_FOUND",
    404,
    "an order that nobody made",
    get(f"/v1/orders/{UNKNOWN}"),
    invalid("invalid_request", f"Order with id {UNKNOWN} not found."),
)


def _paid_twice(server: InProcessServer) -> Response:
    order = server.order(25)["id"]
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    assert paid.status == 200
    got = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    return got._replace(body=got.body.replace(order.encode(), b"ORDER"))


case(
    "ORDER_ALREADY_PAID",
    409,
    "an order, paid twice",
    _paid_twice,
    invalid("order_already_paid", "Order with id ORDER has been already paid."),
)


def _no_items(server: InProcessServer) -> Response:
    order = server.order()["id"]
    got = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    return got._replace(body=got.body.replace(order.encode(), b"ORDER"))


case(
    "ORDER_WITHOUT_ITEMS",
    404,
    "an order without line items",
    _no_items,
    invalid("invalid_request", "Order with id ORDER has no line items"),
)
case(
    "INVALID_ITEMS",
    400,
    "an order without items",
    post("/v1/orders", {"currency": "usd"}),
    invalid("invalid_request", "Please provide valid items."),
    "items",
)
case(
    "INVALID_TAX_RATE",
    400,
    "a line with a tax that the merchant does not have",
    post(
        "/v1/orders",
        {"currency": "usd", "items": [{"amount": 1, "tax_rates": [{"tax_rate_uuid": UNKNOWN}]}]},
    ),
    invalid("invalid_request", "Please provide a valid tax_rate_uuid."),
    "tax_rate_uuid",
)
case(
    "INVALID_TAX_RATE",
    400,
    "a charge with such a tax",
    charging(tax_rate_uuid=UNKNOWN),
    invalid("invalid_request", "Please provide a valid tax_rate_uuid."),
    "tax_rate_uuid",
)
case(
    "ORDER_OVERPAID",
    400,
    "more than is left of an order",
    lambda server: server.send(
        "POST",
        f"/v1/orders/{server.order(25)['id']}/pay",
        {"source": server.token(), "amount": 26},
    ),
    invalid("invalid_charge_amount", "Please provide a valid amount."),
    "amount",
)

case(
    "ORDER_NOT_PAID",
    404,
    "the return of an unpaid order",
    lambda server: server.send("POST", f"/v1/orders/{server.order(25)['id']}/returns"),
    invalid("invalid_request", "Order has no payments. Nothing to refund"),
)


def _returned_twice(server: InProcessServer) -> Response:
    order = server.order(25)["id"]
    for path, body in (("pay", {"source": server.token()}), ("returns", None)):
        assert server.send("POST", f"/v1/orders/{order}/{path}", body).status == 200
    return server.send("POST", f"/v1/orders/{order}/returns")


case(
    "REFUND_TOO_LARGE",
    400,
    "a second return of an order",
    _returned_twice,
    TOO_MUCH,
    type_="api_error",
)


for fact, tender in {"no tender": ..., "a tender that says nothing": {}, "no object": 5}.items():
    case(
        "INVALID_TENDER",
        400,
        f"an alternate tender: {fact}",
        charging(source="alternate_tender", tender=tender),
        invalid("invalid_request", "Please provide a valid tender."),
        "tender",
    )
for param, changes in {
    "capture": {
        "source": "alternate_tender",
        "tender": {"label": "Cash"},
        "capture": False,
    },
    "level2.pc_order_number": {"level2": {"tax_amount": 100}},
    "level2.tax_indicator": {"level2": {"tax_indicator": 3}},
    "level3.level3_line_items[1].commodity_code": {
        "level3": {
            "level3_line_items": [
                LINE := {
                    "item_description": "Nails",
                    "product_code": "N-1",
                    "unit_of_measure": "EA",
                    "quantity": 2.5,
                    "unit_cost": 100,
                    "commodity_code": "31162000",
                },
                LINE | {"commodity_code": "  "},
            ]
        }
    },
    "soft_descriptor.merchant_contact_info": {
        "soft_descriptor": {"merchant_contact_info": "shop@example.com"}
    },
    "soft_descriptor.dba_name": {"soft_descriptor": {"dba_name": "x" * 39}},
    "soft_descriptor.country_code": {"soft_descriptor": {"country_code": "USA"}},
    "intent": {"intent": "save"},
}.items():
    case(
        "INVALID_REQUEST",
        400,
        f"a charge's {param}",
        charging(**changes),
        invalid("invalid_request", f"Please provide a valid {param}."),
        param,
    )
case(
    "INVALID_REQUEST",
    400,
    "four fields to expand",
    lambda server: server.send("GET", f"/v1/charges/{server.charge()['id']}?expand=a,b,c,d"),
    invalid("invalid_request", "Please provide a valid expand."),
    "expand",
)

# 3-D Secure

CHALLENGED = "4012000033330026"


def finalizing(
    flow_status: str | None = "SUCCESS", source: str | None = "CLOVER", **changes: Any
) -> Ask:
    """Create a challenge, change the body of its finalization, and send it."""

    def send(server: InProcessServer) -> Response:
        pending = charging(
            source=server.token(CHALLENGED),
            amount=25_001,
            threeds={"source": "CLOVER", "browser_info": BROWSER},
        )(server)
        threeds = {"source": source, "flow_status": flow_status}
        body = {"charge_id": pending.json["id"], "threeds": threeds} | changes
        body = {k: v for k, v in body.items() if v is not ...}
        return server.send("POST", "/v1/charges/finalize_payment", body)

    return send


def _finalized_twice(server: InProcessServer) -> Response:
    charge = finalizing("FAILED")(server).json["error"]["charge"]
    threeds = {"source": "CLOVER", "flow_status": "SUCCESS"}
    body = {"charge_id": charge, "threeds": threeds}
    return server.send("POST", "/v1/charges/finalize_payment", body)


def _finalized_late(server: InProcessServer) -> Response:
    finalizing("unheard of")(server)
    ((charge, _),) = server.sandbox.charges.items_newest_first()
    server.clock.advance(600_000)
    server.run_due_jobs()
    body = {"charge_id": charge, "threeds": {"source": "CLOVER", "flow_status": "SUCCESS"}}
    return server.send("POST", "/v1/charges/finalize_payment", body)


def _finalized_unasked(server: InProcessServer) -> Response:
    charge = server.charge()["id"]
    body = {"charge_id": charge, "threeds": {"source": "CLOVER", "flow_status": "SUCCESS"}}
    return server.send("POST", "/v1/charges/finalize_payment", body)


NO_SOURCE = "Missing or invalid source (CLOVER / NON_CLOVER) for 3DSecure"
NO_BROWSER = "Missing or invalid/incomplete browser_info for 3DSecure via source (CLOVER)"
NO_RESULT = (
    "Missing or invalid/incomplete authentication_result for 3DSecure via source (NON_CLOVER)"
)
for fact, requested in {
    "3-D Secure without a source": {},
    "3-D Secure of a source that is none": {"source": "clover", "browser_info": BROWSER},
}.items():
    case(
        "THREEDS_SOURCE_INVALID",
        400,
        fact,
        charging(threeds=requested),
        invalid("invalid_request", NO_SOURCE),
        "threeds.source",
    )
for fact, requested in {
    "no browser_info": {"source": "CLOVER"},
    "a browser without its address": {
        "source": "CLOVER",
        "browser_info": {k: v for k, v in BROWSER.items() if k != "browser_ip"},
    },
}.items():
    case(
        "THREEDS_BROWSER_INFO_INVALID",
        400,
        fact,
        charging(threeds=requested),
        invalid("invalid_request", NO_BROWSER),
        "threeds.browser_info",
    )
for fact, result in {
    "no authentication_result": None,
    "a result without its cryptogram": {"authentication_status": "SUCCESS"},
    "a result of the first version": {"cryptogram": "11B5", "threeds_version": "1.0.2"},
    "a result of an unknown status": {"cryptogram": "11B5", "authentication_status": "Y"},
}.items():
    case(
        "THREEDS_RESULT_INVALID",
        400,
        fact,
        charging(threeds={"source": "NON_CLOVER", "authentication_result": result}),
        invalid("invalid_request", NO_RESULT),
        "threeds.authentication_result",
    )
case(
    "INVALID_REQUEST",
    400,
    "a browser_info that is no object",
    charging(threeds={"source": "CLOVER", "browser_info": 5}),
    invalid("invalid_request", "Please provide a valid threeds.browser_info."),
    "threeds.browser_info",
)
case(
    "INVALID_CHARGE_ID",
    400,
    "a finalisation without a charge",
    finalizing(charge_id=...),
    invalid("invalid_request", "Please provide a valid charge id."),
    "charge_id",
)
case(
    "CHARGE_NOT_FOUND",
    404,
    "a finalisation of a charge that nobody made",
    finalizing(charge_id=UNKNOWN),
    invalid("invalid_request", f"Charge with id {UNKNOWN} not found."),
)
case(
    "THREEDS_SOURCE_INVALID",
    400,
    "a finalisation without a source",
    finalizing(source=None),
    invalid("invalid_request", NO_SOURCE),
    "threeds.source",
)
case(
    "THREEDS_FLOW_STATUS_MISSING",
    400,
    "a finalisation that does not say how it went",
    finalizing(flow_status=None),
    invalid("invalid_request", "Missing or invalid flow_status for 3DSecure"),
    "threeds.flow_status",
)
case(
    "THREEDS_UNFINISHED",
    400,
    "a finalisation before anybody answered the challenge",
    finalizing("unheard of"),
    {"code": "processing_error", "message": "3DSecure challenge has not been completed"},
    type_="api_error",
)
case(
    "THREEDS_NOT_PENDING",
    400,
    "a finalisation of a charge without 3-D Secure",
    _finalized_unasked,
    {
        "code": "processing_error",
        "message": "Invalid request: cannot finalize a payment that is not pending 3DSecure",
    },
    type_="api_error",
)
case(
    "THREEDS_ALREADY_FINALIZED",
    400,
    "a second finalisation",
    _finalized_twice,
    {
        "code": "processing_error",
        "message": "Invalid request: cannot finalize a payment twice",
    },
    type_="api_error",
)
case(
    "THREEDS_EXPIRED",
    400,
    "a finalisation ten minutes later",
    _finalized_late,
    {"code": "processing_error", "message": "3DSecure authentication has expired"},
    type_="api_error",
)

# Payment instruments other than a card


def gift_token(server: InProcessServer) -> str:
    created = server.send("POST", "/v1/tokens", {"gift_card": {"card_number": "98765441066"}})
    return str(created.json["id"])


def gifting(path: str, times: int = 1, **members: Any) -> Ask:
    def send(server: InProcessServer) -> Response:
        body = {"source": gift_token(server)} | members
        return [server.send("POST", path, body) for _ in range(times)][-1]

    return send


def _canceling_a_cards_refund(server: InProcessServer) -> Response:
    refund = server.send("POST", "/v1/refunds", {"charge": server.charge()["id"]}).json["id"]
    return server.send("POST", f"/v1/refunds/{refund}/cancel", {"reason": "USER_CANCEL"})


case(
    "MULTIPLE_INSTRUMENTS",
    400,
    "a card and a gift card in one token request",
    lambda server: server.send(
        "POST", "/v1/tokens", server.card() | {"gift_card": {"card_number": "98765441066"}}
    ),
    invalid("invalid_request", "Please provide only one of card, gift_card, ach, external_token."),
)
case(
    "INVALID_PAN",
    400,
    "a token request with nothing that pays",
    post("/v1/tokens", {}),
    invalid("invalid_request", "Card number is not a valid raw or encrypted PAN."),
    "card.encrypted_pan",
)
case(
    "GIFT_CARD_NOT_ACTIVE",
    400,
    "the balance of a card that nobody activated, where such cards hold nothing",
    gifting("/v1/balance_inquiry"),
    {"code": "processing_error", "message": "Gift card is not active."},
    "source",
    type_="api_error",
    gift_card_balance=None,
)
case(
    "GIFT_CARD_ALREADY_ACTIVE",
    400,
    "a second activation",
    gifting("/v1/activate", times=2, amount=100, currency="USD"),
    {"code": "processing_error", "message": "Gift card is already active."},
    "source",
    type_="api_error",
)
case(
    "REFUND_NOT_CANCELABLE",
    400,
    "the cancellation of a card's refund",
    _canceling_a_cards_refund,
    {"code": "processing_error", "message": "Invalid request: cannot cancel this refund"},
    type_="api_error",
)
case(
    "REFUND_OR_CHARGE_NOT_FOUND",
    404,
    "the cancellation of an unknown refund",
    post(f"/v1/refunds/{UNKNOWN}/cancel"),
    {"code": "processing_error", "message": "Not Found"},
    type_="api_error",
)

# Plans and subscriptions


def recurring(method: str, path: str, body: Any = None, **headers: str) -> Ask:
    def send(server: InProcessServer) -> Response:
        ids = dict.fromkeys(("customer", "plan", "bare", "idle", "taken", "subscription"), "")
        shop = SubscriptionShop(server)
        created = {
            "customer": shop.customer,
            "bare": lambda: _without_card(shop),
            "plan": shop.plan,
            "idle": lambda: shop.plan(interval="WEEK"),
            "subscription": lambda: shop.subscribe(startDate="2025-06-01")["id"],
        }
        expected = {name for name in created if f"<{name}>" in f"{path} {body}"}
        ids |= {name: make() for name, make in created.items() if name in expected}
        if "idle" in expected:
            shop.send_ok("PUT", f"{PLANS}/{ids['idle']}", {"active": False})
        if "<taken>" in path:
            ids["taken"] = shop.plan()
            shop.subscribe(ids["taken"], startDate="2025-06-01")
        result = json.dumps(body)
        for name, value in ids.items():
            result = result.replace(f"<{name}>", value)
        target = re.sub("<([a-z]+)>", lambda found: ids[found[1]], path)
        got = shop.send(method, target, json.loads(result), **headers)
        text = got.body.decode()
        for name, value in ids.items():
            text = text.replace(value, name) if value else text
        return got._replace(body=text.encode())

    return send


def _without_card(shop: SubscriptionShop) -> str:
    customer = shop.customer()
    (card,) = shop.send_ok("GET", f"/v1/customers/{customer}")["sources"]["data"]
    shop.send_ok("DELETE", f"/v1/customers/{customer}/sources/{card}")
    return customer


GOLD = {"name": "Gold", "amount": 999, "interval": "MONTH", "intervalCount": 1}
JOINING = {"customerId": "<customer>", "collectionMethod": "CHARGE_AUTOMATICALLY"}
JOIN, SUBSCRIPTION = f"{PLANS}/<plan>/subscriptions", f"{SUBSCRIPTIONS}/<subscription>"

case(
    "MERCHANT_ID_MISSING",
    400,
    "a plan without the merchant's header",
    recurring("POST", PLANS, GOLD, **{"x-clover-merchant-id": ""}),
    invalid("invalid_request", "Please provide a valid X-Clover-Merchant-Id header."),
    "X-Clover-Merchant-Id",
)
case(
    "UNAUTHORIZED",
    401,
    "plans of a merchant who is not the token's",
    recurring("GET", PLANS, **{"x-clover-merchant-id": UNKNOWN}),
    '{"message":"401 Unauthorized"}',
)
for field, value in (
    ("name", "Au"),
    ("name", "x" * 128),
    ("interval", "MONTHLY"),
    ("interval", None),
    ("intervalCount", 0),
    ("intervalCount", 1_001),
    ("note", "x" * 256),
    ("taxRateUuids", ["x"] * 51),
):
    case(
        "INVALID_REQUEST",
        400,
        f"a plan whose {field} is {value!r:.20}",
        recurring("POST", PLANS, GOLD | {field: value}),
        invalid("invalid_request", f"Please provide a valid {field}."),
        field,
    )
case(
    "INVALID_CHARGE_AMOUNT",
    400,
    "a plan of a negative amount",
    recurring("POST", PLANS, GOLD | {"amount": -1}),
    invalid("invalid_charge_amount", "Please provide a valid amount."),
    "amount",
)
case(
    "AMOUNT_TOO_LARGE",
    400,
    "a plan of more than $999,999.99",
    recurring("POST", PLANS, GOLD | {"amount": 100_000_000}),
    invalid("amount_too_large", "Amount exceeds the maximum of $999,999.99."),
    "amount",
)
case(
    "INVALID_TIP_AMOUNT",
    400,
    "a plan with a negative tip",
    recurring("POST", PLANS, GOLD | {"tipAmount": -1}),
    invalid("invalid_tip_amount", "Please provide a valid tip amount."),
    "tip_amount",
)
case(
    "PLAN_NOT_FOUND",
    404,
    "an unknown plan",
    recurring("GET", f"{PLANS}/{UNKNOWN}"),
    invalid("invalid_request", f"Plan with id {UNKNOWN} not found."),
)
for change in ({"interval": "YEAR"}, {"intervalCount": 2}):
    case(
        "PLAN_INTERVAL_FIXED",
        400,
        f"a plan changed to {change}",
        recurring("PUT", f"{PLANS}/<plan>", change),
        invalid("invalid_request", "The interval of a plan cannot be changed."),
        "interval",
    )
case(
    "PLAN_HAS_SUBSCRIPTIONS",
    409,
    "a plan with a subscription, deactivated",
    recurring("PUT", f"{PLANS}/<taken>", {"active": False}),
    invalid("invalid_request", "Plan with id taken has active subscriptions."),
    "active",
)
case(
    "PLAN_INACTIVE",
    400,
    "a subscription to a plan that is not active",
    recurring("POST", f"{PLANS}/<idle>/subscriptions", JOINING),
    invalid("invalid_request", "Plan with id idle is not active."),
)
case(
    "CUSTOMER_NOT_FOUND",
    404,
    "a subscription of an unknown customer",
    recurring("POST", JOIN, JOINING | {"customerId": UNKNOWN}),
    invalid("invalid_request", f"Customer with id {UNKNOWN} not found."),
)
case(
    "CARD_ON_FILE_MISSING",
    400,
    "a subscription of a customer without a card",
    recurring("POST", JOIN, JOINING | {"customerId": "<bare>"}),
    invalid("card_on_file_missing", "Customer has no card on file."),
    "source",
)
for method, path, field, value, why in (
    ("POST", JOIN, "customerId", None, "nobody"),
    ("POST", JOIN, "collectionMethod", "SEND_INVOICE", "another way"),
    ("POST", JOIN, "startDate", "2025-05-27T10:22:50.774+0000", "a millisecond ago"),
    ("POST", JOIN, "startDate", "2025-13-01", "in no month"),
    ("POST", JOIN, "startDate", "1748341370775", "a number"),
    ("POST", JOIN, "endDate", "2025-05-27T10:22:50.775+0000", "its start"),
    ("PUT", SUBSCRIPTION, "startDate", "2025-05-27T10:22:50.775+0000", "the present"),
    ("PUT", SUBSCRIPTION, "endDate", "2025-05-31", "before its start"),
    ("PUT", SUBSCRIPTION, "endDate", "2025-06-01", "its start"),
    ("PUT", SUBSCRIPTION, "endDate", "2025-05-27T10:22:50.775Z", "the present"),
):
    body = JOINING | {field: value} if method == "POST" else {field: value}
    case(
        "INVALID_REQUEST",
        400,
        f"{method} of a subscription whose {field} is {why}",
        recurring(method, path, body),
        invalid("invalid_request", f"Please provide a valid {field}."),
        field,
    )
case(
    "SUBSCRIPTION_NOT_FOUND",
    404,
    "an unknown subscription",
    recurring("PUT", f"{SUBSCRIPTIONS}/{UNKNOWN}", {"active": False}),
    invalid("invalid_request", f"Subscription with id {UNKNOWN} not found."),
)

ELSEWHERE = {
    **dict.fromkeys(
        (name for name in BY_NAME if name.startswith("PLATFORM_")), "test_platform_errors.py"
    ),
    "OAUTH_CODE_REJECTED": "test_oauth_errors.py in its own folder, for each reason",
    "OAUTH_REFRESH_REJECTED": "the same",
    "OAUTH_RECOVERY_REJECTED": "the same",
    "OAUTH_MIGRATION_REJECTED": "the same",
    "OAUTH_MEDIA_TYPE": "the same",
    "PERMISSION_MISSING": "the same",
    "CONSENT_CROSS_SITE": "the same",
    "CHECKOUT_INVALID": "test_checkout_errors.py in its own folder, for each reason",
    "CHECKOUT_CUSTOMER_MISSING": "the same",
    "MULTI_PAY_TOKENS_DISABLED": "test_customers.py, for each way to save a card",
    "CHECKOUT_PRICE_NEGATIVE": "the same",
    "CHECKOUT_LINE_INCOMPLETE": "the same",
    "CHECKOUT_TAX_WITHOUT_RATE": "the same",
    "CHECKOUT_CART_DISCOUNTS": "the same",
    "CHECKOUT_NOT_FOUND": "the same",
    "CHECKOUT_EXPIRED": "the same",
    "CHECKOUT_ALREADY_PAID": "the same",
    "CHECKOUT_CANCELLED": "the same",
    "PAYLOAD_TOO_LARGE": "test_sockets.py, where the socket is the point",
    "SANDBOX_FULL": "below, with a table of one row",
    "SERVICE_UNAVAILABLE": "test_socket_faults.py: a fault that names no other",
    "RATE_LIMITED": "test_rules.py, on the sandbox's clock",
    "CONTROL_INVALID": "the tests of control/",
    "CONTROL_NOT_FOUND": "the same",
    "CONTROL_FORBIDDEN": "test_control_guard.py",
    "REPLICA_NEEDS_PATH": "test_replica.py",
}
NOT_RAISED = {
    "INVALID_NUMBER": "documented beside INCORRECT_NUMBER; when Clover gives which is not known",
    "TOKEN_UPSTREAM_FAILURE": "documented; nothing in a mock fails upstream unless asked to",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.problem}: {case.fact}")
def test_error_in_observed_dialect(case: Case, make_server: MakeServer) -> None:
    server = make_server(**case.settings)
    got = case.send(server)
    assert (got.status, got.body.decode()) == (case.status, case.observed)
    assert case.problem in got.why
    assert got.content_type == (
        "application/json" if case.observed.startswith("{") else "text/plain; charset=utf-8"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.problem}: {case.fact}")
def test_error_in_documented_dialect(case: Case, make_server: MakeServer) -> None:
    server = make_server(**case.settings, dialect="documented")
    got = case.send(server)
    assert (got.status, got.body.decode()) == (case.documented_status, case.documented)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.problem}: {case.fact}")
def test_a_refusal_changes_nothing(case: Case, make_server: MakeServer) -> None:
    """The rejected request is the last one of a case: rows that existed before it stay."""
    server = make_server(**case.settings)
    states: list[object] = []
    send = server.send

    def watched(*args: Any, **named: Any) -> Response:
        server.run_due_jobs()  # due jobs are not effects of the rejected request
        states.append(server.sandbox.state())
        return send(*args, **named)

    server.send = watched  # type: ignore[method-assign] # a spy, for this test
    case.send(server)
    assert server.sandbox.state() == states[-1]


def test_every_problem_is_tested() -> None:
    shown, named = {case.problem for case in CASES}, {*ELSEWHERE, *NOT_RAISED}
    assert_no_errors(
        f"{name} has a case, but ALL_ERRORS of clover/common/problems.py does not have it: add its "
        "module to _ERROR_MODULES, or remove the case"
        for name in shown - {problem.name for problem in ALL_ERRORS}
    )
    assert_names(
        shown | named,
        (problem.name for problem in ALL_ERRORS),
        "tests/clover/common/test_problems.py: a case(...) with the request that raises it, or a "
        "row of ELSEWHERE or NOT_RAISED",
        "ALL_ERRORS of clover/common/problems.py",
    )
    assert_no_errors(
        f"remove {name} from ELSEWHERE or NOT_RAISED: it has a case" for name in shown & named
    )


def test_full_sandbox_rejects_new_rows(server: InProcessServer) -> None:
    server.sandbox.charges.rows_max = 1
    server.charge()
    got = charging()(server)
    assert (got.status, got.json) == (503, {"message": "503 Service Unavailable"})


def documented_error(type_: str, code: str, message: str, **members: str) -> dict[str, Any]:
    return {"type": type_, "code": code, "message": message} | members | {"doc_url": DOC}


DOCUMENTED_TYPES: list[tuple[str, int, str, dict[str, Any]]] = [
    (
        "UNAUTHORIZED",
        *(401, "401 Unauthorized"),
        documented_error("authentication_error", "unauthorized", "401 Unauthorized"),
    ),
    (
        "PAKMS_WITHOUT_AUTHORIZATION",
        *(401, "401 Unauthorized"),
        documented_error("authentication_error", "unauthorized", "Unauthorized"),
    ),
    (
        "RATE_LIMITED",
        *(429, "429 Too Many Requests"),
        documented_error("rate_limit_error", "rate_limit", "429 Too Many Requests"),
    ),
    (
        "SERVICE_UNAVAILABLE",
        *(503, "503 Service Unavailable"),
        documented_error("api_connection_error", "processing_error", "503 Service Unavailable"),
    ),
    (
        "TOKEN_UPSTREAM_FAILURE",
        *(400, "400 Bad Request"),
        documented_error("api_error", "missing", "Token request failed."),
    ),
    (
        "IDEMPOTENCY_MISMATCH",
        *(400, "400 Bad Request"),
        documented_error(
            *("idempotency_error", "invalid_request", IDEMPOTENCY_MISMATCH.message),
        ),
    ),
    (
        "INVALID_CURRENCY",
        *(400, "400 Bad Request"),
        documented_error(
            *("invalid_request_error", "invalid_request", "Please provide a valid currency."),
        )
        | {"param": "currency"},
    ),
]
"""By outcome: status, top-level message and error in the documented dialect."""


def test_every_documented_type_can_be_returned(make_server: MakeServer) -> None:
    server = make_server(dialect="documented")
    for outcome, status, line, error in DOCUMENTED_TYPES:
        got = charging_as(outcome)(server)
        assert (got.status, got.json) == (status, {"message": line, "error": error}), outcome
        platform = server.send(
            *("GET", f"/v3/merchants/{server.known.merchant_id}/orders"),
            headers={"x-mock-clover-outcome": outcome},
        )
        assert b'"error":' not in platform.body, outcome
    types = {error["type"] for *_, error in DOCUMENTED_TYPES} | {"card_error"}
    assert types == {
        *("api_connection_error", "api_error", "authentication_error", "card_error"),
        *("idempotency_error", "invalid_request_error", "rate_limit_error"),
    }


def test_status_and_members_of_a_card_error(make_server: MakeServer) -> None:
    """One public SDK throws only for a 402, and reads `decline_code`: documented with 402."""
    observed = {"code": "card_declined", "message": "DECLINED: No reason provided."}
    documented = {"type": "card_error"} | observed
    of_decline = {"decline_code": "issuer_declined", "doc_url": DOC, "param": "source"}
    for dialect, setting, status, line in (
        ("observed", None, 402, "402 Payment Required"),
        ("observed", 400, 400, "400 Bad Request"),
        ("documented", None, 400, "400 Bad Request"),
        ("documented", 402, 402, "402 Payment Required"),
    ):
        server = make_server(dialect=dialect, card_error_status=setting)
        body = {"amount": 100, "currency": "usd", "source": server.token(DECLINED_CARD)}
        got = server.send("POST", "/v1/charges", body)
        charge = {"charge": got.json["error"]["charge"]}
        error = (
            observed | charge | {"declineCode": "issuer_declined"}
            if dialect == "observed"
            else documented | charge | of_decline
        )
        assert (got.status, got.body.decode()) == (
            status,
            _json({"message": line, "error": error}),
        )
        body = {"email": "jo@example.com", "source": server.token(DECLINED_CARD)}
        refused = server.send("POST", "/v1/customers", body)
        assert (refused.status, refused.json["message"]) == (status, line)


def test_dialect_header(server: InProcessServer) -> None:
    body = {"amount": 100, "currency": "usd", "source": server.token(DECLINED_CARD)}
    got = server.send("POST", "/v1/charges", body, headers={"x-mock-clover-dialect": "documented"})
    charge = got.json["error"]["charge"]
    assert (got.status, got.json) == (
        400,
        {
            "message": "400 Bad Request",
            "error": {
                "type": "card_error",
                "code": "card_declined",
                "message": "DECLINED: No reason provided.",
                "charge": charge,
                "decline_code": "issuer_declined",
                "doc_url": DOC,
                "param": "source",
            },
        },
    )
