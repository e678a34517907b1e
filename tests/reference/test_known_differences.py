"""The known differences from Clover are as the fidelity page says.

DIFFERENCES of tests/behaviour_tests.py has the tests of each; some are in other files.
"""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mock_clover
from mock_clover.cli.serve import serve
from mock_clover.clover.common.hosts import HOSTS
from mock_clover.clover.common.known_differences import KNOWN_DIFFERENCES
from mock_clover.core.record import Record
from mock_clover.reference.fidelity import records
from mock_clover.reference.flows import flows, recorded_reply
from mock_clover.sandbox.keys import encrypt_pan
from mock_clover.scenario.load import builtin_names, load
from tests.checkouts import selling, session, shown, submit
from tests.in_process import VISA, InProcessServer, MakeServer, Response
from tests.raw_http import CREDENTIALS, call
from tests.server_process import ServerProcess

LEVEL2 = {"tax_amount": 100, "tax_indicator": 1, "pc_order_number": "PO 7"}
SAID = {each.topic: each.description for each in KNOWN_DIFFERENCES}
BY_SERVER = {"content-length", "content-type", "date", "server"}
"""Headers of any HTTP server."""


def charge(server: InProcessServer, **more: Any) -> Response:
    body = {"amount": 1_800, "currency": "usd"} | more
    body.setdefault("source", server.token())
    return server.send("POST", "/v1/charges", body)


def test_one_address_serves_all_hosts_and_https_is_off(server: InProcessServer) -> None:
    assert serve.make_context("serve", []).params["tls"] is False
    for host in HOSTS:
        got = server.send("GET", "/v1/charges", headers={"host": host.name})
        assert got.status == 200, host.name


def test_number_encrypted_with_another_key_is_rejected(server: InProcessServer) -> None:
    raw = bytearray(base64.b64decode(server.keys.public_blob()))
    raw[100] ^= 1  # the modulus of a key that the server does not have
    sealed = encrypt_pan(base64.b64encode(raw).decode(), VISA)
    body = server.encrypted(encrypted_pan=sealed)
    assert server.send("POST", "/v1/tokens", server.encrypted()).status == 200
    got = server.send("POST", "/v1/tokens", body)
    rule = (
        "card.encrypted_pan is not a card number under TA_PUBLIC_KEY_DEV of GET /assets/keys.json"
    )
    why = f"INVALID_PAN ({rule}) (documented: DOCS:ecommerce-error-codes)"
    assert (got.status, got.why) == (400, why)


@pytest.mark.parametrize("language", ["en", "fr-CA", "es"])
def test_errors_are_in_english(server: InProcessServer, language: str) -> None:
    got = server.send("GET", "/v1/charges/NONE", headers={"accept-language": language})
    assert got.json["error"]["message"] == "Charge with id NONE not found."


def test_additional_response_headers(shared_server: ServerProcess) -> None:
    bearer = {"authorization": f"Bearer {CREDENTIALS.access_token}"}
    for path, headers in (("/v1/charges", bearer), ("/v1/charges", {}), ("/v1/keys", {})):
        got = call(shared_server.port, "GET", path, **headers)
        ours = {"x-mock-clover-why", "x-mock-clover-evidence", "x-request-id"}
        assert set(got.headers) - BY_SERVER == ours, (path, got)


def test_only_rate_limit_headers_of_clover_are_sent(make_server: MakeServer) -> None:
    server = make_server(load("rate-limited"))
    seen = {name for _ in range(20) for name in server.send("GET", "/v1/charges").headers}
    assert seen == {"X-RateLimit-tokenLimit", "retry-after"}


def test_rate_limits_are_off_by_default(server: InProcessServer) -> None:
    assert {server.send("GET", "/v1/charges").status for _ in range(60)} == {200}
    assert {n for n in builtin_names() if load(n).settings.rate_limits} == {"rate-limited"}


def test_many_payments_of_one_card_and_address_are_approved(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    sent = {"x-forwarded-for": "203.0.113.7"}
    body = {"amount": 1_800, "currency": "usd", "source": customer}
    got = {server.send("POST", "/v1/charges", body, headers=sent).status for _ in range(100)}
    assert got == {200}


def test_some_documented_members_are_never_returned() -> None:
    never = set(SAID["fields that are never returned"].partition(":")[0].split(", "))
    assert len(never) == 5
    declared = {
        f"{record.__name__}.{name}"
        for record in responses()
        for name in never & set(record.__struct_encode_fields__)
    }
    assert declared == set()
    replies = (recorded_reply(step).body for flow in flows() for step in flow.examples)
    returned = {name for reply in replies for name in members(reply)}
    assert (len(returned) > 100, returned & never) == (True, set())


def responses() -> Iterator[type[Record]]:
    return (record for record in records() if record.__name__.endswith("Answer"))


def members(tree: Any) -> Iterator[str]:
    """Yield the names of all members of a document."""
    if isinstance(tree, list):
        for each in tree:
            yield from members(each)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield name
            yield from members(value)


def test_level_2_data_has_no_other_effect(make_server: MakeServer) -> None:
    plain, more = make_server(), make_server()
    without, created = charge(plain).json, charge(more, level2=LEVEL2).json
    assert created.pop("level2", LEVEL2) == LEVEL2
    assert created == without
    (row,) = (each for _, each in more.sandbox.charges.items_newest_first())
    (other,) = (each for _, each in plain.sandbox.charges.items_newest_first())
    changed = {n for n in row.__struct_fields__ if getattr(row, n) != getattr(other, n)}
    assert len(changed) == 1, changed


def test_checkout_requests_no_threeds(server: InProcessServer) -> None:
    """Its card and amount are those of a challenge, if a charge asks for 3-D Secure."""
    checkout = session(server, shoppingCart=selling(25_001))
    submit(server, checkout, "4012000033330026")
    assert shown(server, checkout)["state"] == "paid"
    assert server.send("GET", "/_mock/threeds").json["data"] == []


def test_no_receipt_is_sent(server: InProcessServer) -> None:
    assert charge(server, receipt_email="jo@example.com").status == 200
    package = Path(mock_clover.__file__).parent
    mailing = [
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if re.search(r"\b(smtplib|aiosmtplib|email\.mime|email\.message)\b", file.read_text())
    ]
    assert mailing == []
