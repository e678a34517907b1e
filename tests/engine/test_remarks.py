"""Members without effect and amounts with a fraction are told on the reply and in the journal."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

from mock_clover.clover.surface import SURFACE
from mock_clover.core.codec import (
    _amount_names,
    _names_without_effect,
    _record_type_of,
    _union_members,
    unknown_fields,
)
from mock_clover.core.record import Record
from mock_clover.engine import remarks
from mock_clover.engine.remarks import HEADER_BYTES_MAX
from tests.canary import CVV, PAN
from tests.failure_messages import assert_no_errors
from tests.in_process import InProcessServer

CHARGE: dict[str, Any] = {"amount": 1800, "currency": "usd"}
CART = {"lineItems": [{"name": "a", "price": 5, "unitQty": 1, "nmae": "b"}], "x": 1}
CUSTOMER = {"email": "jo@example.com"}

IGNORED: dict[str, tuple[str, Any, str]] = {
    "nothing": ("/v1/charges", {"metadata": {"a": 1}}, ""),
    "a misspelt member": ("/v1/charges", {"captur": False}, "captur (did you mean capture?)"),
    "an unlike member": ("/v1/charges", {"zzz": 1, "q": None}, "zzz, q"),
    "what plugins send": (
        "/v1/charges",
        {"customer": {"id": 1}, "skip_default_convenience_fee": True},
        "skip_default_convenience_fee, customer (accepted, without effect)",
    ),
    "null for a member without effect": ("/v1/charges", {"customer": None}, ""),
    "a nested member": (
        "/v1/charges",
        {"stored_credentials": {"sequenc": "FIRST"}},
        "stored_credentials.sequenc (did you mean stored_credentials.sequence?)",
    ),
    "a member of an item": (
        "/invoicingcheckoutservice/v1/checkouts",
        {"customer": CUSTOMER, "shoppingCart": CART},
        "shoppingCart.x, "
        "shoppingCart.lineItems[0].nmae (did you mean shoppingCart.lineItems[0].name?)",
    ),
    "a rejected body": (
        "/v1/charges",
        {"amount": -1, "captur": 1},
        "captur (did you mean capture?)",
    ),
    "a query where there is none": (
        "/v1/charges?idempotency_key=1&a=",
        {},
        "query idempotency_key (did you mean the header idempotency-key?), query a",
    ),
    "a card": (
        "/v1/tokens",
        {"card": {"number": 1, f"cvv{CVV}": CVV}},
        "card.cvv[digits]",
    ),
    "a number for a name": ("/v1/charges", {f"a {PAN}": 1}, "a [card ...6467]"),
    "a name of several lines": ("/v1/charges", {"a\r\nb\u2028\xe9": 1}, "a\\r\\nb\\u2028\\xe9"),
    "a long name": ("/v1/charges", {"x" * 600: 1}, "x" * 128 + "[cut, 600 characters]"),
    "without a credential": ("/v1/customers/x", {"captur": 1}, ""),
    "a form": (
        "/oauth/token?stat=1",
        {"client_id": "x", "cod": 1},
        "cod (did you mean code?), query stat",
    ),
    "the credential of the platform": ("/v3/merchants/{id}/orders?access_token=x", {}, ""),
}


@pytest.mark.parametrize(("path", "body", "expected"), IGNORED.values(), ids=IGNORED)
def test_what_is_ignored_is_told(
    server: InProcessServer, path: str, body: dict[str, Any], expected: str
) -> None:
    path = path.replace("{id}", server.known.merchant_id)
    if path.startswith("/v1/charges"):
        body = CHARGE | {"source": server.token()} | body
    headers = {"x-clover-merchant-id": server.known.merchant_id}
    reply = server.send("POST", path, body, headers=headers, auth=path != "/v1/customers/x")
    assert reply.headers.get("x-mock-clover-ignored", "") == expected
    (entry,) = list(server.sandbox.journal)[-1:]
    assert ", ".join(entry.ignored) == expected


def test_a_query_with_known_members_is_told_about_the_others(server: InProcessServer) -> None:
    reply = server.send("GET", "/v1/charges?limt=5&limit=1")
    assert reply.headers["x-mock-clover-ignored"] == "query limt (did you mean limit?)"


def test_many_members_are_counted(server: InProcessServer) -> None:
    body = (
        CHARGE
        | {"source": server.token()}
        | {f"member-of-a-shop-of-ours-{n:03}": n for n in range(40)}
    )
    reply = server.send("POST", "/v1/charges", body)
    header = reply.headers["x-mock-clover-ignored"]
    names, rest = re.fullmatch(r"(.*), \+(\d+) more", header).groups()
    assert len(names) <= HEADER_BYTES_MAX < len(names) + 30
    assert names.count(",") + 1 + int(rest) == 40
    (entry,) = list(server.sandbox.journal)[-1:]
    assert (len(entry.ignored), entry.ignored[-1]) == (21, "+20 more")


def test_few_suggestions_are_searched(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body of 1 MiB has tens of thousands of members; a search takes a tenth of a millisecond."""
    searched: list[str] = []
    monkeypatch.setattr(remarks, "nearest_known_path", lambda path, *_: searched.append(path) or "")
    body = CHARGE | {"source": server.token()} | {f"amuont{n}": n for n in range(40)}
    assert server.send("POST", "/v1/charges", body).status == 200
    assert len(searched) == 20


AMOUNTS: dict[str, tuple[str, str, int, str]] = {
    "whole cents": ("/v1/charges", '"amount":18', 200, ""),
    "a fraction of zero": (
        *("/v1/charges", '"amount":18.00', 200),
        "amount: 18.0 is 18 cents; did you mean 1800?",
    ),
    "a text": (
        "/v1/charges",
        '"amount":"18.0"',
        200,
        "amount: 18.0 is 18 cents; did you mean 1800?",
    ),
    "a fraction": (
        *("/v1/charges", '"amount":18.55', 400),
        "amount: 18.55 is not a whole number of cents; did you mean 1855?",
    ),
    "the product of a float": (
        *("/v1/charges", '"amount":1998.9999999999998', 400),
        "amount: 1998.9999999999998 is not a whole number of cents; did you mean 1999?",
    ),
    "a large one": ("/v1/charges", '"amount":9999999.0', 200, "amount: 9999999.0 is 9999999 cents"),
    "a card number": ("/v1/charges", f'"amount":{PAN}.0', 400, ""),
    "two": (
        *("/v1/charges", '"amount":1.0,"tip_amount":0.5', 400),
        "amount: 1.0 is 1 cents; did you mean 100?; "
        "tip_amount: 0.5 is not a whole number of cents; did you mean 50?",
    ),
    "no amount": (
        "/v1/charges",
        '"amount":1,"description":"1.0","metadata":{"amount":1.5}',
        200,
        "",
    ),
    "nested": (
        *("/v1/orders", '"items":[{"amount":1},{"amount":2.0}]', 200),
        "items[1].amount: 2.0 is 2 cents; did you mean 200?",
    ),
}


@pytest.mark.parametrize(("path", "members", "status", "expected"), AMOUNTS.values(), ids=AMOUNTS)
def test_an_amount_with_a_fraction_is_told(
    server: InProcessServer, path: str, members: str, status: int, expected: str
) -> None:
    raw = f'{{"currency":"usd","source":"{server.token()}",{members}}}'.encode()
    reply = server.send("POST", path, raw=raw)
    (entry,) = list(server.sandbox.journal)[-1:]
    assert (reply.status, entry.why) == (status, reply.why)
    assert (f"; {expected}" in reply.why) if expected else ("cents" not in reply.why)


def request_records() -> Iterator[type[Record]]:
    """Yield the records of all requests and those within them."""
    ahead = [each for endpoint in SURFACE for each in (endpoint.request, endpoint.query) if each]
    seen: set[type[Record]] = set()
    while ahead:
        record = ahead.pop()
        if record in seen:
            continue
        seen.add(record)
        yield record
        hints = get_type_hints(record, include_extras=True).values()
        ahead += [inner for hint in hints if (inner := _record_type_of(hint)) is not None]


MONEY = re.compile(r"(?i)(amount|price|^fee$|unit_cost|total(?!_count)|tip$)")


def _descriptions(hint: Any) -> Iterator[str]:
    for meta in getattr(hint, "__metadata__", ()):
        yield getattr(meta, "description", None) or ""
    for part in get_args(hint):
        yield from _descriptions(part)


def test_each_form_of_a_field_is_known() -> None:
    """A field that takes a list or an object has effect in both forms."""
    errors = []
    for record in request_records():
        for name, hint in get_type_hints(record, include_extras=True).items():
            for form in _union_members(hint):
                inner = _record_type_of(form)
                if inner is None:
                    continue
                value: Any = dict.fromkeys(f.encode_name for f in msgspec.structs.fields(inner))
                if get_origin(form) in (list, tuple):
                    value = [value]
                found = unknown_fields({name: value}, record)
                errors += [f"{record.__name__}: {path} has no effect" for path in found]
    assert_no_errors(errors)


def test_fields_that_are_ignored_or_amounts_are_marked() -> None:
    errors = []
    for record in request_records():
        hints = get_type_hints(record, include_extras=True)
        amounts, ignored = _amount_names(record), _names_without_effect(record)
        for field in msgspec.structs.fields(record):
            text = " ".join(_descriptions(hints[field.name])).lower()
            if "gnored" in text and "otherwise" not in text and field.encode_name not in ignored:
                errors.append(f"{record.__name__}.{field.name}: use doc(..., has_no_effect=True)")
            takes_int = "int" in str(hints[field.name]).replace("msgspec", "")
            if MONEY.search(field.name) and takes_int and field.encode_name not in amounts:
                errors.append(f"{record.__name__}.{field.name}: use Cents")
    assert_no_errors(errors)
