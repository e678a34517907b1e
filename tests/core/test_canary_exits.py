"""A card number, however it is written, leaves through no control call that reads."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.canary import CVV, PAN, find_leaks
from tests.in_process import CONTROL, InProcessServer, Response

FOURS = [PAN[at : at + 4] for at in range(0, 16, 4)]
SPELLINGS: dict[str, Any] = {
    "plain": PAN,
    "a number": int(PAN),
    "a float": float(PAN),
    "spaces": "  ".join(FOURS),
    "spaced dashes": " - ".join(FOURS),
    "an en dash": "\N{EN DASH}".join(FOURS),
    "a minus": "\N{MINUS SIGN}".join(FOURS),
    "tabs": "\t".join(FOURS),
    "line breaks": "\r\n".join(FOURS),
    "without a width": "\N{ZERO WIDTH SPACE}".join(PAN),
    "ideographic spaces": "\N{IDEOGRAPHIC SPACE}".join(FOURS),
    "Arabic digits": "".join(chr(0x660 + int(digit)) for digit in PAN),
    "full-width digits": "".join(chr(0xFF10 + int(digit)) for digit in PAN),
    "slashes": "/".join(FOURS),
}
UNCHANGED = {"/_mock/scenario/text"}
"""The text of a scenario is the file of the user, test cards included."""
DERIVED = {"/_mock/env", "/_mock/openapi.json", "/_mock/ca.pem"}
"""Calls that show no row and no request."""


def leaves(tree: Any) -> Iterator[str]:
    """Yield all texts, numbers and member names of JSON, as text."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield name
            yield from leaves(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from leaves(each)
    else:
        yield str(int(tree)) if isinstance(tree, float) and tree.is_integer() else str(tree)


def told(body: bytes) -> list[str]:
    """Return the leaves of a response that tell the number, in any spelling."""
    texts = list(leaves(json.loads(body))) if body[:1] in (b"{", b"[") else [body.decode()]
    found = []
    for text in texts:
        inner = leaves(json.loads(text)) if text[:1] == "{" else [text]
        for each in inner:
            digits = re.sub(r"\D", "", each)
            if len(digits) >= len(PAN) and PAN in "".join(str(int(digit)) for digit in digits):
                found.append(each[:120])
    return found


def spread(server: InProcessServer, spelt: Any) -> None:
    """Put a spelling wherever a client may."""
    text = str(spelt)
    free = {"metadata": {"card": spelt, "inner": [{text: spelt}]}}
    customer = server.customer()["id"]
    charge = {"amount": 5, "currency": "usd", "source": customer, "description": text}
    headers = {"idempotency-key": "a key", "user-agent": PAN}
    made = server.send("POST", "/v1/charges", charge | free, headers=headers)
    assert made.status == 200, made
    items = [{"amount": 5, "description": text, "parent": text}]
    server.send("POST", "/v1/orders", {"currency": "usd", "items": items} | free)
    known = {"email": "jo@example.com", "firstName": text, "lastName": text, "phone": text}
    server.send("PUT", f"/v1/customers/{customer}", known)
    plan = {"name": text, "amount": 5, "interval": "DAY", "intervalCount": 1, "note": text}
    merchant = {"X-Clover-Merchant-Id": server.known.merchant_id}
    planned = server.send("POST", "/recurring/v1/plans", plan, headers=merchant)
    assert planned.status == 200, planned
    subscribing = {"customerId": customer, "collectionMethod": "CHARGE_AUTOMATICALLY"}
    path = f"/recurring/v1/plans/{planned.json['id']}/subscriptions"
    noted = subscribing | {"note": text}
    assert server.send("POST", path, noted, headers=merchant).status == 200
    cart = {"lineItems": [{"name": text, "note": text, "price": 5, "unitQty": 1}]}
    person = {"firstName": text, "lastName": text, "phoneNumber": text}
    links = {"success": f"https://shop.example/?card={PAN}"}
    checkout = {"customer": person, "shoppingCart": cart, "redirectUrls": links} | free
    path = "/invoicingcheckoutservice/v1/checkouts"
    assert server.send("POST", path, checkout, headers=merchant).status == 200
    rule = {"name": f"card {PAN}", "when": {"amount": 6}, "then": {"decline": {"message": text}}}
    scenario = {"name": "x", "about": text, "rules": [rule]}
    assert server.send("PUT", "/_mock/scenario", scenario).status == 200
    fault = {"kind": "problem", "status": 502, "content_type": f"text/plain; x={PAN}"}
    unused = fault | {"endpoint": "get_refund", "body": {text: [spelt]}}
    assert server.send("POST", "/_mock/faults", unused).status == 200
    server.send("POST", "/v1/charges", charge | {"amount": 6})
    server.send("GET", f"/v1/charges/{PAN}")
    odd = quote(text)
    sent = [
        server.send("POST", f"/v1/charges?{odd}={odd}", charge | {text: 1, "threeds": {text: 1}}),
        server.send("POST", "/v1/nothing", {text: spelt, "list": [{"a": spelt}]}),
        server.send("POST", "/v1/nothing", raw=f"[{text}".encode()),
        server.send("POST", "/v1/nothing", raw=f"{odd}={odd}&cvv=1".encode()),
        server.send("POST", "/v1/charges", raw=f'{{"amount":"{text}","a":1.5}}'.encode()),
        server.send("POST", "/v1/tokens", {"card": {"number": spelt, "name": text, text: text}}),
        server.send("GET", "/v1/nothing", headers={PAN: PAN, "x-forwarded-for": PAN}),
    ]
    ignored = [reply.headers.get("x-mock-clover-ignored", "") for reply in sent]
    assert [told(f"ignored: {each}".encode()) for each in ignored] == [[]] * len(sent)
    assert any(ignored)


def replies_of_all_reads(server: InProcessServer) -> dict[str, Response]:
    """Return the replies of all control calls that read, by path."""
    hook = {"url": "http://127.0.0.1:9/", "handshake": False}
    assert server.send("PUT", "/_mock/webhooks", hook).status == 200
    paths = {
        each.path
        for each in CONTROL
        if each.method == "GET" and "{" not in each.path and each.path not in UNCHANGED | DERIVED
    }
    kinds = ("charges", "orders", "customers", "plans", "subscriptions", "checkouts", "tokens")
    paths |= {f"/_mock/rows/{kind}" for kind in kinds}
    paths |= {f"/_mock/journal/{each.number}" for each in server.sandbox.journal}
    paths |= {f"/_mock/payments/{each.id}" for each in server.sandbox.charges}
    replies = {path: server.send("GET", path) for path in sorted(paths)}
    return replies | {"/_mock/capsule": server.send("POST", "/_mock/capsule")}


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)
def test_no_control_call_shows_a_card_number(server: InProcessServer, spelt: Any) -> None:
    spread(server, spelt)
    replies = replies_of_all_reads(server)
    assert {path for path, reply in replies.items() if reply.status == 200} > {
        "/_mock/audit",
        "/_mock/capsule",
        "/_mock/checkouts",
        "/_mock/journal",
        "/_mock/ledger",
        "/_mock/scenario",
        "/_mock/snapshot",
    }
    found = {path: told(reply.body) for path, reply in replies.items()}
    found |= {f"why of {each.number}": told(each.why.encode()) for each in server.sandbox.journal}
    assert {path: texts for path, texts in found.items() if texts} == {}


SPOKEN = (
    *("cvv {}", "CVC: {}", "cvv2={}", "my CVV is {}", "security code {}", 'cvv="{}"'),
    *("cvv:\n{}", "cvv\t{}", "the 'cvv' is {}", 'my "CVV" is {}'),
)
"""How people write a CVV in a text."""


def test_no_control_call_shows_a_cvv_in_a_text(server: InProcessServer) -> None:
    text = " / ".join(SPOKEN).format(*[CVV] * len(SPOKEN))
    free = {"metadata": {"note": text, "list": [{"inner": text}]}, "description": text}
    charge = {"amount": 5, "currency": "usd", "source": server.customer()["id"]} | free
    person = {"email": "jo@example.com", "firstName": text, "lastName": text}
    order = {"currency": "usd", "items": [{"amount": 5, "description": text}]}
    cart = {"lineItems": [{"name": text, "note": text, "price": 5, "unitQty": 1}]}
    links = {"success": "https://shop.example/"}
    checkout = {"customer": person, "shoppingCart": cart, "redirectUrls": links}
    for path, body in (
        ("/v1/charges", charge),
        ("/v1/charges", charge | {"amount": "x"}),
        ("/v1/customers", person | {"source": server.token()}),
        ("/v1/orders", order),
        ("/invoicingcheckoutservice/v1/checkouts", checkout),
        ("/v1/nothing", free),
        ("/_mock/webhooks/send", {"payload": free}),
    ):
        merchant = {"X-Clover-Merchant-Id": server.known.merchant_id}
        assert server.send("POST", path, body, headers=merchant).status in (200, 400, 404)
    server.send("POST", "/v1/nothing", raw=text.encode())
    replies = replies_of_all_reads(server)
    found = {path: find_leaks(reply.body.decode()) for path, reply in replies.items()}
    found |= {f"why of {each.number}": find_leaks(each.why) for each in server.sandbox.journal}
    assert {path: texts for path, texts in found.items() if texts} == {}


REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a target id": ("PUT", "/_mock/webhooks", {"id": PAN, "url": "http://127.0.0.1:9/"}),
    "a target URL": ("PUT", "/_mock/webhooks", {"url": f"http://127.0.0.1:9/{PAN}"}),
    "a payload": ("POST", "/_mock/webhooks/send", {"payload": {"card": int(PAN)}}),
    "an armed fault": ("POST", "/_mock/next", {"fault": f"problem status=502 body={PAN}"}),
    "the name of a scenario": ("PUT", "/_mock/scenario", {"name": PAN}),
}


@pytest.mark.parametrize(("method", "path", "body"), REFUSED.values(), ids=REFUSED)
def test_a_name_that_is_an_identity_may_not_be_a_card_number(
    server: InProcessServer, method: str, path: str, body: dict[str, Any]
) -> None:
    reply = server.send(method, path, body)
    assert (reply.status, told(reply.body)) == (400, [])
