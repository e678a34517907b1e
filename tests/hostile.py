"""Malformed requests as tables, and pairs of sandboxes that reveal side effects.

Nothing here asserts. `PairedSandboxes.send` returns an error message, or '' if nothing is wrong, so
that a test can collect the errors of a whole table.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from mock_clover.engine.endpoint import Endpoint
from mock_clover.sandbox.credentials import Credentials, derive_credentials
from mock_clover.sandbox.sandboxes import DEFAULT
from tests.in_process import SEED, InProcessServer, MakeServer, Response

STATUSES = frozenset({200, 302, 400, 401, 402, 403, 404, 405, 409, 413, 415, 431})
"""All allowed statuses; 403 only from the control API."""
MAY_HAVE_CHANGED_STATE = frozenset({200, 302, 402})
"""Statuses of requests that may have changed something; a declined charge is a result."""
DEPTH = 3_000
UNKNOWN_ID = "ZZZZZZZZZZZZZ"
FORWARDED = {
    "x-forwarded-for": "127.0.0.1",
    "user-agent": "tests",
    "x-clover-merchant-id": derive_credentials(SEED, DEFAULT).merchant_id,
}
"""Headers that --strict requires for a payment, and that the recurring service always requires."""
BROWSER = {
    "browser_ip": "203.0.113.7",
    "browser_accept_header": "*/*",
    "browser_javascript_enabled": True,
    "browser_java_enabled": False,
    "browser_language": "en-US",
    "browser_color_depth": "24",
    "browser_screen_height": "1120",
    "browser_screen_width": "1792",
    "browser_tz": "420",
    "browser_user_agent": "Mozilla/5.0",
}
"""What the 3DS SDK reports about a browser."""


class HttpRequest(NamedTuple):
    """One request; `auth` adds the sandbox's credentials."""

    method: str
    path: str
    raw: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})
    auth: bool = True


# Invalid bodies -----------------------------------------------------------------------------------

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "an open brace": b"{",
    "a closing brace": b"}",
    "an open bracket": b"[",
    "an open string": b'{"amount":"',
    "a member without its value": b'{"amount":',
    "a comma too many": b'{"amount":1,}',
    "no colon": b'{"amount" 1}',
    "single quotes": b"{'amount':1}",
    "half a word": b"nul",
    "a bare word": b"amount",
    "a comment": b"/* */{}",
    "two documents": b"{}{}",
    "a tail": b"{} tail",
    "a number": b"1",
    "a fraction": b"1.5",
    "a string": b'"amount"',
    "true": b"true",
    "null": b"null",
    "an empty array": b"[]",
    "an array of objects": b'[{"amount":1}]',
    "an array of null": b"[null]",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"amount":1}'.encode("utf-16"),
    "UTF-32": '{"amount":1}'.encode("utf-32"),
    "NaN": b"NaN",
    "NaN in a member": b'{"amount":NaN,"currency":"usd","source":"x"}',
    "Infinity in a member": b'{"amount":Infinity,"currency":"usd","source":"x"}',
    "minus Infinity in a member": b'{"amount":-Infinity,"currency":"usd","source":"x"}',
    "NaN in an unknown member": b'{"x":NaN}',
    "a leading zero": b'{"amount":01}',
    "a plus sign": b'{"amount":+1}',
    "a hexadecimal number": b'{"amount":0x10}',
    "a bare fraction": b'{"amount":.5}',
    "half an exponent": b'{"amount":1e}',
    "a number beyond floats": b'{"amount":1e400}',
    "a number beyond floats, below": b'{"amount":-1e400}',
    "a number of 400 digits": b'{"amount":1' + b"0" * 400 + b"}",
    "a number of 5,000 digits": b'{"amount":1' + b"0" * 5_000 + b"}",
    "5,000 digits in an unknown member": b'{"x":1' + b"0" * 5_000 + b"}",
    "a lone high surrogate": b'{"source":"\\ud800"}',
    "a lone low surrogate": b'{"source":"\\udc00"}',
    "surrogates in the wrong order": b'{"source":"\\udc00\\ud800"}',
    "a lone surrogate as a member's name": b'{"\\ud800":1}',
    "half a surrogate's escape": b'{"source":"\\ud8"}',
    "bytes that are no UTF-8": b'{"source":"\xff\xfe"}',
    "an encoded surrogate": b'{"source":"\xed\xa0\x80"}',
    "an overlong encoding": b'{"source":"\xc0\xaf"}',
    "half a character": b'{"source":"\xf0\x9f"}',
    "a raw control character": b'{"source":"\x01"}',
    "a raw NUL": b'{"source":"\x00"}',
    "an escaped NUL": b'{"source":"\\u0000"}',
    "NULs only": b"\x00" * 64,
    "a member twice": b'{"amount":1,"amount":2,"currency":"usd","currency":5,"source":"x"}',
    "a member without a name": b'{"":1}',
    "members of Python's own": b'{"__class__":1,"__dict__":{},"__struct_fields__":[]}',
    "a name of 100,000 characters": b'{"' + b"a" * 100_000 + b'":1}',
    "10,000 members": b"{" + b",".join(b'"m%d":1' % n for n in range(10_000)) + b"}",
    "deep arrays": b"[" * DEPTH + b"]" * DEPTH,
    "deep objects": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    "deep arrays without an end": b"[" * DEPTH,
    "deep arrays in an unknown member": b'{"x":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
    "escaped quotes in an open string": b"[" * 65 + b'"' + b'\\"' * 12_000,
    "deep objects in an unknown member": b'{"x":' + b'{"a":' * DEPTH + b"1" + b"}" * DEPTH + b"}",
    "a form": b"amount=1&currency=usd&source=x",
    "a form with bad escapes": b"client_id=%zz&code=%&client_secret=%ff%00",
    "a form with bytes that are no ASCII": b"client_id=\xff\xfe&\xed\xa0\x80=1",
    "a form of 10,000 fields": b"&".join(b"f%d=1" % n for n in range(10_000)),
    "a multipart form": b'--x\r\nContent-Disposition: form-data; name="amount"\r\n\r\n1\r\n--x--',
}

# Values of the wrong type or of extreme size ------------------------------------------------------

VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "a fraction": 0.5,
    "2 to the 63rd": 2**63,
    "minus 300 digits": -(10**299),
    "an empty string": "",
    "a word": "word",
    "a NUL": "\x00",
    "line ends": "a\r\nb: c\n",
    "a 4-byte character": "\U0001f4b3",
    "1,000 characters": "x" * 1_000,
    "an empty array": [],
    "an array of mixed things": [None, 1, "a", {"b": []}],
    "an empty object": {},
    "an object": {"id": UNKNOWN_ID, "amount": [1]},
}

# Queries, ids and headers -------------------------------------------------------------------------

QUERIES: dict[str, str] = {
    "limit is a word": "limit=abc",
    "limit is negative": "limit=-1",
    "limit is zero": "limit=0",
    "limit is too large": "limit=101",
    "limit is no whole number": "limit=1.5",
    "limit has 5,000 digits": "limit=1" + "0" * 5_000,
    "limit is given twice": "limit=1&limit=abc",
    "limit is empty": "limit=",
    "limit is NUL": "limit=%00",
    "a time is a word": "created.gt=abc",
    "a time is negative": "created.gt=-1",
    "a time has digits that are no ASCII": "created.gte=%D9%A4%D9%A4%D9%A4",
    "a time has too many digits": "created.lt=" + "9" * 400,
    "a time is the first day": "created.lte=0001-01-01",
    "a time is the last day": "created.gt=9999-12-31%2023:59:59",
    "a time is no day": "created=2025-02-30",
    "a time is empty": "created=",
    "the bounds cross": "created.gt=2&created.lt=1",
    "an unknown cursor": f"starting_after={UNKNOWN_ID}",
    "both cursors, unknown": f"starting_after={UNKNOWN_ID}&ending_before={UNKNOWN_ID}",
    "a cursor of NUL": "ending_before=%00",
    "a cursor of 5,000 characters": "starting_after=" + "x" * 5_000,
    "bad escapes": "limit=%zz&%=%&%f=%g",
    "bytes that are no UTF-8": "customer=%ff%fe&%ed%a0%80=1",
    "line ends": "state=a%0d%0ab:%20c&redirect_uri=https://shop.example/%0d%0ab:%20c",
    "ampersands only": "&&&&",
    "equal signs only": "====",
    "semicolons": "limit=1;limit=2",
    "99 fields": "&".join(f"f{n}=1" for n in range(99)),
    "10,000 fields": "&".join(f"f{n}=1" for n in range(10_000)),
    "a field of 50,000 characters": "customer=" + "x" * 50_000,
}

IDS: dict[str, str] = {
    "unknown": UNKNOWN_ID,
    "one character": "x",
    "a blank": " ",
    "NUL": "\x00",
    "line ends": "a\r\nSet-Cookie: b=c",
    "all control characters": "".join(map(chr, [*range(1, 32), 127])),
    "5,000 characters": "A" * 5_000,
    "a 4-byte character": "\U0001f4b3",
    "13 characters of 4 bytes": "\U0001f4b3" * 13,
    "16 digits that are no ASCII": "4" + "\u0664" * 15,
    "16 digits of 4 bytes": "4" + "\U0001d7d2" * 15,
    "letters right to left": "\u202e\u05d0\u05d1",
    "a replaced byte": "\ufffd\ufffd",
    "dots": "..",
    "an escaped slash": "a%2Fb",
    "a backslash": "a\\b",
    "a template": "{charge_id}",
    "a format": "{0.__class__} %s %(a)s",
    "markup": "<script>alert(1)<&script>",
    "a query to a database": "' OR '1'='1",
    "a quote": '"',
}

HEADERS: dict[str, dict[str, str]] = {
    "an idempotency key of 8 KiB": {"idempotency-key": "k" * 8_192},
    "an empty idempotency key": {"idempotency-key": ""},
    "a blank idempotency key": {"idempotency-key": " \t "},
    "an idempotency key of bytes": {"idempotency-key": "\x80\xff\xfe"},
    "a body said to be something else": {"content-type": "image/png"},
    "a content type of bytes": {"content-type": "\xff/\xfe"},
    "an unknown dialect": {"x-mock-clover-dialect": "klingon"},
    "a dialect of bytes": {"x-mock-clover-dialect": "\xff\xfe"},
    "a host of bytes": {"host": "\xff\xfe"},
    "a host with a path": {"host": "shop.example/a?b#c"},
    "an empty host": {"host": ""},
    "an origin of bytes": {"origin": "\xff\xfe"},
    "200 more headers": {f"x-{n}": "v" * 100 for n in range(200)},
    "a header of 60,000 characters": {"x-long": "v" * 60_000},
}

CREDENTIALS: dict[str, dict[str, str]] = {
    "none at all": {},
    "empty": {"authorization": "", "apikey": ""},
    "the word only": {"authorization": "Bearer"},
    "the word and a blank": {"authorization": "Bearer ", "apikey": " "},
    "another scheme": {"authorization": "Basic dXNlcjpwYXNz", "apikey": "basic"},
    "bytes": {"authorization": "Bearer \xff\xfe", "apikey": "\xff\xfe"},
    "NUL": {"authorization": "Bearer \x00", "apikey": "\x00"},
    "8 KiB": {"authorization": "Bearer " + "a" * 8_192, "apikey": "a" * 8_192},
}

KINDS = ("charges", "refunds", "orders", "customers", "cards", "tokens", "gift_cards")
INSPECTION_PATHS = (
    *("/livez", "/readyz", "/healthz", "/_mock/health", "/_mock/openapi.json", "/_mock/journal"),
    *("/_mock/env", "/_mock/rows", *(f"/_mock/rows/{kind}?limit=200" for kind in KINDS)),
    *("/_mock/scenarios", "/_mock/scenarios/declines", "/_mock/scenario/text"),
)
"""Control paths that only read."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "")


# A server with one of each object -----------------------------------------------------------------


class Fixtures(NamedTuple):
    """The objects of a prepared server: values for path ids, and for bodies."""

    ids: dict[str, str]
    paid_order: str
    token: str
    gift: str
    charge: str
    pending: str
    tender: str
    other_card: str
    code: str
    client_id: str
    client_secret: str
    merchant_id: str
    access_token: str
    code_v2: str
    refresh_token: str
    spent_refresh_token: str


class Sender(Protocol):
    """Something that requests can be sent to, in process or over HTTP."""

    known: Credentials

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Any:
        """Send one request and return its response."""

    def card(self) -> dict[str, Any]:
        """Return the body of a token request."""


def create_fixtures(server: Sender) -> Fixtures:
    """Create one of each object that Clover has."""

    def make(path: str, **body: Any) -> dict[str, Any]:
        created = server.send("POST", path, body, headers=FORWARDED)
        if created.status != 200:
            raise RuntimeError(f"{path}: {created}")
        return dict(created.json)

    def token() -> str:
        return str(make("/v1/tokens", **server.card())["id"])

    charge = make("/v1/charges", amount=1800, currency="usd", source=token())
    authorized = make("/v1/charges", amount=1800, currency="usd", source=token(), capture=False)
    waits = {
        "description": "mock-clover:threeds/challenge",
        "threeds": {"source": "CLOVER", "browser_info": BROWSER},
    }
    pending = make("/v1/charges", amount=1800, currency="usd", source=token(), **waits)
    customer = make("/v1/customers", email="jo@example.com", source=token())
    items = [{"amount": 100, "quantity": 2}, {"amount": 50}]
    order = make("/v1/orders", currency="usd", items=items)
    paid = make("/v1/orders", currency="usd", items=items)["id"]
    make(f"/v1/orders/{paid}/pay", source=token())
    number = make("/v1/activate", promotion_code="67062")["gift_card"]["number"]
    gift = make("/v1/tokens", gift_card={"number": number})["id"]
    given = make("/v1/charges", amount=100, currency="usd", source=gift)
    make("/v1/refunds", charge=charge["id"], amount=1)
    plan = make("/recurring/v1/plans", name="Gold", amount=999, interval="MONTH", intervalCount=1)
    subscriptions = f"/recurring/v1/plans/{plan['id']}/subscriptions"
    credentials = server.known
    other_card = server.card()["card"] | {"number": "5424180279791732"}
    platform = f"/v3/merchants/{credentials.merchant_id}"
    orders = f"{platform}/orders/{order['id']}"
    contacts = f"{platform}/customers/{customer['id']}"
    printed = make(f"{platform}/print_event", orderRef={"id": order["id"]})["id"]
    line = make(f"{orders}/line_items", name="Tea", price=50)["id"]
    app = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}

    def code(version: str) -> str:
        sent_back = server.send(
            "GET", f"/oauth/{version}authorize?client_id={credentials.client_id}"
        )
        return parse_qs(urlsplit(sent_back.headers["location"]).query)["code"][0]

    spent = make("/oauth/v2/token", **app, code=code("v2/"))["refresh_token"]
    make("/oauth/v2/refresh", client_id=credentials.client_id, refresh_token=spent)
    return Fixtures(
        ids={
            "token_id": token(),
            "charge_id": authorized["id"],
            "refund_id": make("/v1/refunds", charge=given["id"], amount=1)["id"],
            "customer_id": customer["id"],
            "card_id": customer["sources"]["data"][0],
            "order_id": order["id"],
            "merchant_id": credentials.merchant_id,
            "plan_id": plan["id"],
            "subscription_id": make(subscriptions, **_subscription(customer["id"]))["id"],
            "payment_id": charge["id"],
            "item_id": make(f"{platform}/items", name="Cup", price=100)["id"],
            "line_item_id": line,
            "contacts": "addresses",
            "contact_id": make(f"{contacts}/addresses", city="Sunnyvale")["id"],
            "collection": "print_event",
            "row_id": printed,
            "nested": "modifiers",
            "object": "default_service_charge",
            "modification_id": make(f"{orders}/line_items/{line}/modifications", amount=1)["id"],
            "discount_id": make(f"{orders}/discounts", amount=-1)["id"],
            "line_discount_id": make(f"{orders}/line_items/{line}/discounts", amount=-1)["id"],
            "service_charge_id": make(f"{orders}/service_charge", id="SC")["id"],
            "tax_rate_id": make(f"{platform}/tax_rates", name="Tax", rate=1_000_000)["id"],
        },
        paid_order=paid,
        token=token(),
        gift=gift,
        charge=charge["id"],
        pending=pending["id"],
        other_card=make("/v1/tokens", card=other_card)["id"],
        tender=server.send("GET", f"{platform}/tenders").json["elements"][0]["id"],
        code=code(""),
        **app,
        merchant_id=credentials.merchant_id,
        access_token=credentials.access_token,
        code_v2=code("v2/"),
        refresh_token=make("/oauth/v2/token", **app, code=code("v2/"))["refresh_token"],
        spent_refresh_token=spent,
    )


def _subscription(customer: str) -> dict[str, Any]:
    return {
        "customerId": customer,
        "collectionMethod": "CHARGE_AUTOMATICALLY",
        "startDate": "2032-01-31T00:00:00.000+0000",
        "softDescriptor": {"dbaName": "Shop"},
    }


def _card(_things: Fixtures) -> dict[str, Any]:
    return {"card": {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030"}}


def _exchange(fixtures: Fixtures) -> dict[str, Any]:
    requested = ("client_id", "client_secret", "code")
    return {name: getattr(fixtures, name) for name in requested}


VALID_BODIES: dict[str, Callable[[Fixtures], dict[str, Any]]] = {
    "create_token": _card,
    "exchange_token": _exchange,
    "exchange_token_by_post": _exchange,
    "answer_consent": lambda created: {"client_id": created.client_id, "do": "approve"},
    "answer_consent_v2": lambda created: {"client_id": created.client_id, "do": "approve"},
    "exchange_code": lambda created: _exchange(created) | {"code": created.code_v2},
    "refresh_tokens": lambda created: {
        "client_id": created.client_id,
        "refresh_token": created.refresh_token,
    },
    "recover_tokens": lambda created: {
        "client_id": created.client_id,
        "client_secret": created.client_secret,
        "recovery_token": created.spent_refresh_token,
    },
    "migrate_token": lambda created: {
        "app_uuid": created.client_id,
        "merchant_uuid": created.merchant_id,
        "auth_token": created.access_token,
    },
    "create_charge": lambda created: {
        "amount": 1800,
        "currency": "usd",
        "source": created.ids["customer_id"],
    },
    "capture_charge": lambda _: {"amount": 1},
    "release_charge": lambda _: {"amount": 1},
    "finalize_payment": lambda created: {
        "charge_id": created.pending,
        "threeds": {"source": "CLOVER", "flow_status": "SUCCESS"},
    },
    "create_refund": lambda created: {"charge": created.charge},
    "create_customer": lambda created: {
        "email": "jo@example.com",
        "source": created.ids["token_id"],
    },
    "update_customer": lambda _: {"email": "jo@example.com"},
    "create_order": lambda _: {"currency": "usd", "items": [{"amount": 100, "tax_rates": [{}]}]},
    "pay_order": lambda created: {"source": created.token},
    "return_order": lambda _: {"items": [{"amount": 100}]},
    "activate_gift_card": lambda _: {"promotion_code": "67062"},
    "gift_cards_activate": lambda _: {"promotion_code": "67062"},
    "reload_gift_card": lambda created: {"source": created.gift, "amount": 1, "currency": "usd"},
    "gift_cards_reload": lambda created: {"source": created.gift, "amount": 1, "currency": "usd"},
    "inquire_gift_card": lambda created: {"source": created.gift},
    "gift_cards_balance": lambda created: {"source": created.gift},
    "cash_out_gift_card": lambda created: {"source": created.gift},
    "gift_cards_cashout": lambda created: {"source": created.gift},
    "cancel_refund": lambda _: {"reason": "USER_CANCEL"},
    "create_plan": lambda _: {
        "name": "Gold",
        "amount": 999,
        "interval": "MONTH",
        "intervalCount": 1,
        "taxRateUuids": ["ABC"],
    },
    "update_plan": lambda _: {"amount": 1099},
    "create_subscription": lambda created: _subscription(created.ids["customer_id"]),
    "update_subscription": lambda _: {"amount": 1, "endDate": "2033-01-01"},
    "create_checkout": lambda _: {
        "customer": {"email": "jo@example.com"},
        "shoppingCart": {
            "lineItems": [{"name": "Lamp", "price": 1, "unitQty": 1, "taxRates": [{"rate": 1}]}]
        },
        "redirectUrls": {"success": "https://shop.example/paid"},
        "metadata": {"order": "1001"},
    },
    "platform_create_customer": lambda _: {
        "firstName": "Jo",
        "emailAddresses": [{"emailAddress": "jo@example.com"}],
        "phoneNumbers": [{"phoneNumber": "2125550100"}],
        "addresses": [{"city": "Sunnyvale"}],
    },
    "platform_update_customer": lambda _: {"lastName": "Doe"},
    "platform_create_order": lambda created: {
        "title": "A",
        "orderType": {"id": "x"},
        "customers": [{"id": created.ids["customer_id"]}],
    },
    "platform_update_order": lambda created: {
        "total": 1,
        "orderType": {"id": "x"},
        "customers": [{"id": created.ids["customer_id"]}],
    },
    "platform_create_line_item": lambda created: {
        "item": {"id": created.ids["item_id"]},
        "taxRates": [{"id": created.ids["tax_rate_id"]}],
    },
    "platform_create_atomic_order": lambda created: {
        "orderCart": {
            "lineItems": [{"item": {"id": created.ids["item_id"]}}],
            "orderType": {"id": "x"},
        }
    },
    "platform_check_out_atomic_order": lambda created: {
        "orderCart": {"lineItems": [{"item": {"id": created.ids["item_id"]}}]}
    },
    "platform_create_line_items": lambda _: {"items": [{"name": "Tea", "price": 300}]},
    "platform_update_line_item": lambda _: {"note": "hot"},
    "platform_create_order_discount": lambda _: {"amount": -1},
    "platform_create_line_discount": lambda _: {"percentage": 10},
    "platform_create_modification": lambda _: {"name": "Milk", "amount": 1},
    "platform_create_service_charge": lambda _: {"id": "SC", "percentageDecimal": 100_000},
    "platform_create_customer_address": lambda _: {"city": "Fresno"},
    "platform_create_customer_phone_number": lambda _: {"phoneNumber": "2125550101"},
    "platform_create_customer_email_address": lambda _: {"emailAddress": "al@example.com"},
    "platform_create_customer_card": lambda created: {"token": created.other_card},
    "platform_update_item": lambda _: {"price": 6},
    "platform_put_item": lambda _: {"price": 6},
    "platform_update_item_stock": lambda _: {"quantity": 5},
    "platform_put_item_stock": lambda _: {"quantity": 5},
    "platform_change_tax_rate_items": lambda created: {
        "elements": [
            {
                "item": {"id": created.ids["item_id"]},
                "taxRate": {"id": created.ids["tax_rate_id"]},
            }
        ]
    },
    "platform_record_payment": lambda created: {
        "tender": {"id": created.tender},
        "amount": 100,
    },
    "platform_create_refund": lambda created: {"payment": {"id": created.charge}, "amount": 1},
    "platform_create_print_event": lambda created: {"orderRef": {"id": created.ids["order_id"]}},
    "platform_create_tender": lambda _: {"label": "Voucher"},
    "platform_create_item": lambda _: {"name": "Cup", "price": 5},
    "platform_create_tax_rate": lambda _: {"name": "Tax", "rate": 5},
    "platform_create_order_type": lambda _: {"label": "Delivery"},
}
"""A valid body for each operation that has one."""

AUTHORIZE_ENDPOINTS = frozenset({"authorize", "authorize_v2"})
REPEATABLE = frozenset(
    {
        *("authorize", "authorize_v2", "answer_consent", "answer_consent_v2"),
        *("migrate_token", "recover_tokens"),
        *("create_token", "create_charge", "create_order", "update_customer"),
        *("create_plan", "update_plan", "create_subscription", "update_subscription"),
        "create_checkout",
        *("platform_create_customer", "platform_update_customer", "platform_create_order"),
        *("platform_update_order", "platform_create_line_item", "platform_create_atomic_order"),
        *("platform_check_out_atomic_order", "platform_update_line_item"),
        *("platform_create_print_event", "platform_create_tender", "platform_update_item"),
        *("platform_put_item", "platform_update_item_stock", "platform_put_item_stock"),
        "platform_change_tax_rate_items",
        *("platform_create_item", "platform_create_tax_rate", "platform_create_order_type"),
    }
)
"""Operations whose valid request succeeds any number of times."""


def valid_body(endpoint: Endpoint, fixtures: Fixtures) -> dict[str, Any]:
    """Return a valid body; an empty one if the table has none."""
    return VALID_BODIES.get(endpoint.name, lambda _: {})(fixtures)


def ids_of(endpoint: Endpoint, fixtures: Fixtures) -> dict[str, str]:
    """Return ids of existing objects for an endpoint's path."""
    others = {
        "return_order": {"order_id": fixtures.paid_order},
        "platform_list_nested_rows": {"collection": "modifier_groups"},
    }
    return fixtures.ids | others.get(endpoint.name, {})


def filled(endpoint: Endpoint, fixtures: Fixtures, **ids: str) -> str:
    """Return an endpoint's path with ids of existing objects, and a query if one is needed."""
    unknown = dict.fromkeys(re.findall(r"\{(\w+)\}", endpoint.path), UNKNOWN_ID)
    path = endpoint.path.format_map(unknown | ids_of(endpoint, fixtures) | ids)
    return (
        f"{path}?client_id={fixtures.client_id}" if endpoint.name in AUTHORIZE_ENDPOINTS else path
    )


def valid_request(endpoint: Endpoint, fixtures: Fixtures) -> HttpRequest:
    """Return a request that succeeds."""
    raw = json.dumps(valid_body(endpoint, fixtures)).encode() if endpoint.request else b""
    return HttpRequest(endpoint.method, filled(endpoint, fixtures), raw, FORWARDED)


# Wrong values in every field ----------------------------------------------------------------------


def invalid_bodies(
    record: type[msgspec.Struct], body: dict[str, Any], at: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the body with each field, also of nested records, made invalid in each way."""
    for field in msgspec.structs.fields(record):
        name = field.encode_name
        for label, value in VALUES.items():
            yield f"{at}{name} is {label}", body | {name: value}
        yield f"{at}{name} is left out", {k: v for k, v in body.items() if k != name}
        inner, listed = record_in(msgspec.inspect.type_info(field.type))
        if inner is None:
            continue
        within = body.get(name)
        within = (within or [{}])[0] if listed else within or {}
        for message, mutated in invalid_bodies(inner, within, f"{at}{name}."):
            yield message, body | {name: [mutated] if listed else mutated}


def record_in(kind: msgspec.inspect.Type) -> tuple[type[msgspec.Struct] | None, bool]:
    """Return the record of a field, and whether it is a list of them."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return record_in(kind.type)
    if isinstance(kind, msgspec.inspect.UnionType):
        found = (record_in(each) for each in kind.types)
        return next((each for each in found if each[0]), (None, False))
    if isinstance(kind, msgspec.inspect.ListType):
        return record_in(kind.item_type)[0], True
    return (kind.cls, False) if isinstance(kind, msgspec.inspect.StructType) else (None, False)


# Side effects -------------------------------------------------------------------------------------


class PairedSandboxes:
    """Two equal servers. One gets every request; the other only those that may change state.

    A rejected request with a side effect, in a row or in the ids that follow, makes them differ.
    """

    def __init__(
        self,
        make_server: MakeServer,
        endpoint: Endpoint | None = None,
        *,
        alike: bool = True,
        **settings: Any,
    ) -> None:
        self._make, self._settings = make_server, settings
        self._alike = alike  # inspection shows rejected requests too, and so differs
        self._repeatable = endpoint is not None and endpoint.name in REPEATABLE
        self._origin = make_server(**settings)
        self.fixtures = create_fixtures(self._origin)
        self._renew()

    def _renew(self) -> None:
        self.server, self._other = (self._furnished() for _ in range(2))

    def _furnished(self) -> InProcessServer:
        """Return a copy of the original server: a fork, which costs a hundredth of creating one."""
        server = self._make(**self._settings)
        server.copy(self._origin.sandbox)
        return server

    def send(self, sent: HttpRequest) -> str:
        """Send one request and return an error message, or ''.

        After a request that changed something the pair is replaced, unless the operation is
        repeatable.
        """
        self.server.run_due_jobs()  # due jobs are not effects of the request
        before = state_of(self.server)
        try:
            reply = _send(self.server, sent)
        except Exception as error:  # noqa: BLE001 - whatever it is, it would have been a 500
            self._renew()
            return f"raised {type(error).__name__}: {error}"[:200]
        wrong, changed = error_in(reply), state_of(self.server) != before
        if reply.status in MAY_HAVE_CHANGED_STATE:
            if _send(self._other, sent) != reply and self._alike:
                wrong = wrong or "the twin answers otherwise"
        elif changed:
            wrong = wrong or f"{reply.status}, and yet something has changed"
        if wrong or (changed and not self._repeatable):
            self._renew()
        return wrong

    def difference(self) -> str:
        """Return an error message if the two now draw different ids, or ''."""
        drawn = [newly_created(server) for server in (self.server, self._other)]
        self._renew()
        return "" if drawn[0] == drawn[1] else "a refused request used up ids"


def _send(server: InProcessServer, sent: HttpRequest) -> Response:
    return server.send(
        sent.method, sent.path, raw=sent.raw, headers=dict(sent.headers), auth=sent.auth
    )


def state_of(server: InProcessServer) -> object:
    """Return everything that a rejected request must not change."""
    box, now_ms = server.sandbox, server.sandbox.clock.now_ms()
    steered = (now_ms, box.clock.frozen, box.faults.unexpired(now_ms), id(box.rules))
    return box.state(), len(box.idempotency), len(list(server.sandboxes)), steered


def newly_created(server: InProcessServer) -> list[Response]:
    """Return responses with an id of each kind."""
    token = server.send("POST", "/v1/tokens", server.card())
    body = {"amount": 1, "currency": "usd", "source": token.json["id"]}
    charge = server.send("POST", "/v1/charges", body, headers=FORWARDED)
    agreed = server.send("GET", f"/oauth/authorize?client_id={server.known.client_id}")
    return [token, charge, agreed]


def error_in(reply: Response) -> str:
    """Return what is wrong with a response, whatever the request was, or ''."""
    if reply.status not in STATUSES:
        return f"status {reply.status}"
    if b"Traceback" in reply.body:
        return "the body holds a traceback"
    result = {"why": reply.why, **reply.headers}
    if split := [name for name, value in result.items() if not value.isprintable()]:
        return f"control characters in the header {split[0]}"
    if reply.content_type.startswith("application/json") and reply.body:
        try:
            json.loads(reply.body)
        except ValueError as error:
            return f"the body is no JSON: {error}"
    return ""
