"""The requests of the three documents that this mock is measured by, as they are printed there.

Each is sent under the observed dialect, the documented one and `strict`. Placeholders and ids of
samples are replaced by those of the server; nothing else is changed. The reply is compared with
the document's own: the members that ours lacks, and those that it has in addition.
"""

import json
from typing import Any, NamedTuple

from mock_clover.sandbox.keys import encrypt_pan
from tests.in_process import InProcessServer, MakeServer, Response

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "observed": {},
    "documented": {"dialect": "documented"},
    "strict": {"strict": True},
}
CURL = {"user-agent": "curl/8.5.0"}
JSON = CURL | {"accept": "application/json", "content-type": "application/json"}
BEARER = JSON | {"authorization": "Bearer {access_token}"}
PAYMENT = BEARER | {"idempotency-key": "{uuid4_key}", "x-forwarded-for": "{client_ip}"}

KEY_REPLY = """{"active": true, "apiAccessKey": "af4e", "createdTime": 1722230745532,
"developerAppUuid": "RKx", "merchantUuid": "6Xx", "modifiedTime": 1722230745532}"""
CHARGE_REPLY = """{"id": "J2RK5QKH6WCYE", "amount": 25, "payment_method_details": "card",
"amount_refunded": 0, "currency": "USD", "created": 1748341370775, "captured": true,
"ref_num": "514700500080", "auth_code": "OK8320",
"outcome": {"network_status": "approved_by_network", "type": "authorized"}, "paid": true,
"status": "succeeded", "source": {"id": "clv_1TSTS6mpb4FHAoLqPM9vUC66", "brand": "VISA",
"exp_month": "12", "exp_year": "2030", "first6": "424242", "last4": "4242"}, "ecomind": "ecom"}"""


class Seed(NamedTuple):
    """A printed request and its printed reply; `statuses` are those of the configurations."""

    title: str
    method: str
    path: str
    headers: dict[str, str]
    body: str = ""
    reply: str = ""
    extra: str = ""
    """Members that our reply has and the document's has not."""
    statuses: tuple[int, int, int] = (200, 200, 200)


SEEDS = [
    Seed("000 retrieve an API key", "GET", "/pakms/apikey", BEARER, "", KEY_REPLY),
    Seed(
        *("000 the public keys", "GET", "/assets/keys.json", CURL, ""),
        '{"TA_PUBLIC_KEY_DEV": "..."}',
        extra="TA_PUBLIC_KEY_PROD",
    ),
    Seed(  # printed before 2022: the card has expired
        *("000 an encrypted card", "POST", "/v1/tokens", JSON | {"apikey": "{apiAccessKey}"}),
        """{"card":{"encrypted_pan":"{encrypted_card_number}",
        "transarmor_key_id":"{transarmor_key_id}","first6":"601136","last4":"6668",
        "exp_month":"12","exp_year":"2021","cvv":"123","brand":"DISCOVER"}}""",
        '{"message": "", "error": {"code": "expired_card", "message": "Card expired."}}',
        statuses=(400, 400, 400),
    ),
    Seed(
        *("002 exchange the code", "GET"),
        "/oauth/token?client_id={appId}&client_secret={APP_SECRET}&code={AUTHORIZATION_CODE}",
        *(CURL, "", '{"access_token": "ce7e"}'),
    ),
    Seed("002 retrieve an API key", "GET", "/v1/pakms/apikey", BEARER, "", KEY_REPLY),
    Seed(
        *("002 tokenize a card", "POST", "/v1/tokens", JSON | {"apikey": "{apikey}"}),
        """{"card":{"number":"6011361000006668","exp_month":"12",
"exp_year":"2030","cvv":"123","brand":"DISCOVER"}}""",
        """{"id": "clv_1TST", "object": "token", "card": {"exp_month": "12", "exp_year": "2030",
        "first6": "601136", "last4": "6668", "brand": "DISCOVER"}}""",
    ),
    Seed(
        *("002 pay with a tokenized card", "POST", "/v1/charges"),
        BEARER | {"x-forwarded-for": "{client_ip}"},
        '{"amount":1800,"currency":"usd","source":"{token}"}',
    ),
    Seed(
        *("003 save a card for a new customer", "POST", "/v1/customers", BEARER),
        """{"email": "jo@example.com", "firstName": "John", "lastName": "Doe",
        "source": "{token}"}""",
        """{"id": "PWG98TV2ECTT2", "object": "customer", "created": 1748340989108,
        "currency": "USD", "email": "jo@example.com", "name": " ",
        "sources": {"object": "list", "data": ["8YTCARDXSQHP0"]}, "shipping": {"name": " "}}""",
    ),
    Seed(  # its list of required fields has the e-mail, its command has not
        *("003 add a card by its source alone", "PUT", "/v1/customers/{customerId}", BEARER),
        '{"source":"{token}"}',
        '{"message": "", "error": {"code": "email_invalid", "message": ""}}',
        statuses=(400, 400, 400),
    ),
    Seed(
        *("003 charge a customer", "POST", "/v1/charges", PAYMENT),
        '{"amount": 30, "currency": "usd", "source": "{customer_id}"}',
    ),
    Seed(
        *("003 initial charge with a multi-pay token", "POST", "/v1/charges", PAYMENT),
        """{"ecomind": "ecom", "metadata": {"existingDebtIndicator": false},
        "stored_credentials": {"sequence": "FIRST", "is_scheduled": false,
        "initiator": "MERCHANT"}, "amount": 25, "currency": "USD",
        "source": "{multi_pay_token}"}""",
        CHARGE_REPLY,
    ),
    Seed(
        *("003 pay an order with an initial charge", "POST", "/v1/orders/{orderId}/pay", PAYMENT),
        """{"ecomind": "ecom", "stored_credentials": {"sequence": "FIRST", "is_scheduled": false,
        "initiator": "MERCHANT"}, "customer": "{customer_id}", "amount": 25, "currency": "USD"}""",
        """{"id": "4F3DBC6ZNEWQJ", "object": "order", "amount": 25, "amount_paid": 25,
        "currency": "USD", "charge": "3H1K9CBHNQGCT", "created": 1748341777000,
        "customer": "PWG98TV2ECTT2", "ref_num": "514700500090", "auth_code": "OK2910",
        "items": [{"quantity": 1, "amount": 25}], "source": {"brand": "VISA", "exp_month": "12",
        "exp_year": "2030", "first6": "424242", "last4": "4242"}, "status": "paid",
        "status_transitions": {"paid": 1748341867575}, "ecomind": "ecom"}""",
    ),
    Seed(
        *("003 subsequent charge with a multi-pay token", "POST", "/v1/charges", PAYMENT),
        """{"ecomind": "ecom", "metadata": {"existingDebtIndicator": false},
        "stored_credentials": {"sequence": "SUBSEQUENT", "is_scheduled": false,
        "initiator": "CARDHOLDER"}, "amount": 25, "currency": "USD",
        "source": "{multi_pay_token}"}""",
        CHARGE_REPLY,
    ),
    Seed(
        *("003 pay an order with a subsequent charge", "POST", "/v1/orders/{orderId}/pay"),
        BEARER | {"x-forwarded-for": "{client_ip}"},
        """{"source": "{multi_pay_token}", "email": "jo@example.com", "stored_credentials": {
        "sequence": "SUBSEQUENT", "is_scheduled": false, "initiator": "CARDHOLDER"}}""",
        """{"id": "XAQXQZNW25AB0", "amount": 35, "payment_method_details": "card",
        "currency": "USD", "charge": "ZDTE58PPN05SE", "created": 1588633964000,
        "ref_num": "012500500550", "auth_code": "OK0504", "items": [{"quantity": 1, "amount": 35,
        "description": "item1"}], "status": "paid", "status_transitions": {"paid": 1588634057577},
        "stored_credentials": {"sequence": "SUBSEQUENT", "initiator": "CARDHOLDER"}}""",
        extra="amount_paid customer ecomind email object source",
    ),
    Seed(
        *("003 revoke the card", "DELETE", "/v1/customers/{customerId}/sources/{cardId}", BEARER),
    ),
]


class Reader:
    """A reader who sends each request with the values of earlier replies."""

    def __init__(self, server: InProcessServer) -> None:
        self.server = server
        known = server.known
        self.values = {
            "access_token": known.access_token,
            "apiAccessKey": known.api_key,
            "apikey": known.api_key,
            "appId": known.client_id,
            "APP_SECRET": known.client_secret,
            "transarmor_key_id": "key",
            "client_ip": "203.0.113.7",
            "encrypted_card_number": encrypt_pan(server.keys.public_blob(), "6011361000006668"),
        }

    def send(self, number: int, seed: Seed) -> Response:
        """Send a request, after what the document's reader has done before it."""
        values = self.values | {"uuid4_key": f"key-{number}"}
        text = f"{seed.path} {seed.body}"
        if "{AUTHORIZATION_CODE}" in text:
            asked = f"/oauth/authorize?client_id={values['appId']}&redirect_uri=https://a.example/"
            location = self.server.send("GET", asked).headers["location"]
            values["AUTHORIZATION_CODE"] = location.partition("code=")[2].partition("&")[0]
        if "{token}" in text:
            values["token"] = self.server.token(
                "5555555555554444" if seed.method == "PUT" else "4242424242424242"
            )
        if "{orderId}" in text:
            described = {"description": "item1"} if "SUBSEQUENT" in text else {}
            order = {"currency": "usd", "items": [{"amount": 25, "quantity": 1} | described]}
            values["orderId"] = self.server.send("POST", "/v1/orders", order).json["id"]
        headers = {name: filled(value, values) for name, value in seed.headers.items()}
        path, body = filled(seed.path, values), filled(seed.body, values)
        got = self.server.send(seed.method, path, raw=body.encode(), headers=headers, auth=False)
        if seed.path == "/v1/customers":
            self.values["customerId"] = self.values["customer_id"] = got.json["id"]
            self.values["cardId"] = got.json["sources"]["data"][0]
            self.values["multi_pay_token"] = values["token"]
        return got


def filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def members(reply: Any, path: str = "") -> set[str]:
    """Return the paths of all members."""
    if isinstance(reply, dict):
        return {
            found
            for name, value in reply.items()
            for found in (f"{path}{name}", *members(value, f"{path}{name}."))
        }
    return (
        {found for each in reply for found in members(each, path)}
        if isinstance(reply, list)
        else set()
    )


def test_every_printed_request_gets_its_printed_reply(make_server: MakeServer) -> None:
    readers = [Reader(make_server(**settings)) for settings in CONFIGURATIONS.values()]
    for number, seed in enumerate(SEEDS):
        got = [reader.send(number, seed) for reader in readers]
        assert tuple(each.status for each in got) == seed.statuses, (seed.title, got)
        if not seed.reply:
            continue
        printed = members(json.loads(seed.reply))
        for reader, each in zip(CONFIGURATIONS, got, strict=True):
            ours = members(each.json)
            assert printed - ours == set(), (seed.title, reader, "our reply lacks these")
            if each.status != 200:
                continue
            more = {name for name in ours - printed if not name.startswith("source.")}
            assert more == set(seed.extra.split()), (seed.title, reader, "the document lacks these")
