"""Requests without a credential of their sandbox: they create no sandbox and evict none."""

import json
import re

import pytest
from msgspec.structs import replace

from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.reply import Reply
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.sandbox.names import NAME_RULE
from mock_clover.scenario.records import Merchant, Scenario
from mock_clover.server.app.app import App
from mock_clover.server.app.control_guard import ControlGuard
from mock_clover.server.log import ExchangeLog
from mock_clover.testing.names import sandbox_name
from tests.command_line import run_cli
from tests.failure_messages import assert_no_errors
from tests.hostile import UNKNOWN_ID
from tests.in_process import SEED, InProcessServer, MakeServer

SHOP = derive_credentials(SEED, "shop")
OTHER = derive_credentials(SEED, "other")
NOTE = "; the request has no credential of sandbox shop, so it was not created"
OWNER = re.compile("; the header [a-z]+ has a credential of sandbox other$")
APP = {
    "client_id": OTHER.client_id,
    "app_uuid": OTHER.client_id,
    "client_secret": OTHER.client_secret,
}
STRANGERS: dict[str, dict[str, str]] = {
    "none": {},
    "unknown ones": {"authorization": "Bearer x", "apikey": "x"},
    "those of another sandbox": {
        "authorization": f"Bearer {OTHER.access_token}",
        "apikey": OTHER.api_key,
        "x-clover-merchant-id": OTHER.merchant_id,
    },
    "a page of another origin": {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
}
"""Headers of requests that have no credential of the sandbox."""


def guarded(server: InProcessServer) -> App:
    return App(server.sandboxes, ExchangeLog(None, "none"), ControlGuard(token="s3cret"))


def request_of(endpoint: Endpoint, merchant_id: str, base: str) -> tuple[str, str, bytes, bytes]:
    """Return method, path, query and body of a request with the app of another sandbox."""
    path = endpoint.path.replace("{merchant_id}", merchant_id)
    path = re.sub(r"\{\w+\}", UNKNOWN_ID, path)
    query = f"client_id={APP['client_id']}&access_token={OTHER.access_token}".encode()
    body = json.dumps(APP).encode() if endpoint.request else b""
    return endpoint.method, f"{base}{path}", query, body


def answer(app: App, request: tuple[str, str, bytes, bytes], headers: dict[str, str]) -> Reply:
    method, path, query, body = request
    sent = {"host": "localhost:4242"} | headers
    raw = {name.encode(): value.encode("latin-1") for name, value in sent.items()}
    return app.handle_now(method, path, query, raw, body)


def test_a_request_without_a_credential_leaves_no_sandbox_behind(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each endpoint, also for those to come: the response is the same as if it existed."""
    monkeypatch.setattr("mock_clover.sandbox.sandboxes.SANDBOXES_MAX", 2)
    existing, absent = make_server(), make_server()
    existing.sandboxes.create("shop")
    absent.sandboxes.create("other")
    apps = guarded(existing), guarded(absent)
    errors = []
    for endpoint in apps[1].endpoints:
        request = request_of(endpoint, SHOP.merchant_id, "/sandbox/shop")
        for methods in (
            (endpoint.method, "OPTIONS") if endpoint.cross_origin else (endpoint.method,)
        ):
            for label, headers in STRANGERS.items():
                expected, reply = (answer(app, (methods, *request[1:]), headers) for app in apps)
                reply = replace(reply, why=OWNER.sub("", reply.why))
                if reply != replace(expected, why=expected.why + NOTE):
                    errors.append(f"{endpoint.name} with {label}: {reply} instead of {expected}")
                left = [each.name for each in absent.sandboxes]
                if left != ["default", "other"]:
                    errors.append(f"{endpoint.name} with {label} leaves {left}")
                    absent.sandboxes.create("other")
                    absent.sandboxes.delete("shop")
    assert_no_errors(errors)


@pytest.mark.parametrize(
    ("method", "target", "headers", "body"),
    [
        ("GET", "/v1/charges", {"authorization": f"Bearer {SHOP.access_token}"}, b""),
        ("GET", "/v1/nothing", {"authorization": f"Bearer {SHOP.access_token}"}, b""),
        ("POST", "/v1/tokens", {"apikey": SHOP.api_key, "origin": "https://shop.example"}, b"{"),
        ("POST", "/v1/tokens", {"apikey": "x", "authorization": SHOP.access_token}, b""),
        ("GET", f"/v3/merchants/x/orders?a=1&access_token={SHOP.access_token}", {}, b""),
        ("GET", f"/oauth/authorize?client_id={SHOP.client_id}", {}, b""),
        ("POST", "/oauth/v2/authorize", {}, f"do=deny&client_id={SHOP.client_id}".encode()),
        ("POST", "/oauth/v2/token", {}, json.dumps({"client_id": SHOP.client_id}).encode()),
        ("POST", "/oauth/token/migrate_v2", {}, b'{"app_uuid": "%b"}' % SHOP.client_id.encode()),
        ("GET", "/_mock/clock", {"x-mock-clover-control": "s3cret"}, b""),
        ("GET", "/_mock/journal/", {"x-mock-clover-control": "s3cret"}, b""),
    ],
)
def test_a_credential_of_the_sandbox_or_a_control_call_creates_it(
    server: InProcessServer, method: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    path, _, query = target.partition("?")
    request = (method, f"/sandbox/shop{path}", query.encode(), body)
    reply = answer(guarded(server), request, headers)
    assert [each.name for each in server.sandboxes] == ["default", "shop"]
    assert NOTE not in reply.why


def test_a_control_request_for_an_existing_sandbox_does_not_create_it(
    server: InProcessServer,
) -> None:
    """The dashboard polls with this header: it must not recreate a sandbox that was deleted."""
    request = ("GET", "/sandbox/shop/_mock/faults", b"", b"")
    reply = answer(guarded(server), request, {"x-mock-clover-control": "s3cret", "if-match": "*"})
    assert (reply.status, reply.body) == (200, b'{"data":[]}')
    assert [each.name for each in server.sandboxes] == ["default"]


@pytest.mark.parametrize("owner", ["shop", "shop.bakery"])
def test_a_credential_of_any_merchant_creates_the_sandbox(
    make_server: MakeServer, default_scenario: Scenario, owner: str
) -> None:
    merchants = (Merchant(name="main"), Merchant(name="bakery"))
    server = make_server(replace(default_scenario, merchants=merchants))
    token = derive_credentials(SEED, owner).access_token
    request = ("GET", "/sandbox/shop/v1/charges", b"", b"")
    reply = answer(guarded(server), request, {"authorization": f"Bearer {token}"})
    names = [each.name for each in server.sandboxes]
    assert (reply.status, names[-2:]) == (200, ["shop", "shop.bakery"])


CARD = "4539148803436467"
LOOKS = "the name of the sandbox, [card ...6467], looks like a card number"


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("PUT", f"/_mock/sandboxes/{CARD}", {}, f"name: {NAME_RULE}"),
        ("PUT", f"/_mock/sandboxes/shop.{CARD[:8]}-{CARD[8:]}", {}, f"name: {NAME_RULE}"),
        ("POST", "/_mock/fork", {"name": CARD}, f"name: {LOOKS}"),
        (
            "PUT",
            f"/_mock/sandboxes/{CARD[:8]}",
            {"scenario": {"name": "x", "merchants": [{"name": "a"}, {"name": CARD[8:]}]}},
            f"scenario: {LOOKS}",
        ),
    ],
)
def test_a_name_like_a_card_number_is_rejected(
    server: InProcessServer, method: str, path: str, body: dict[str, object], message: str
) -> None:
    reply = server.send(method, path, body)
    assert (reply.status, reply.json) == (400, {"message": message})
    assert [each.name for each in server.sandboxes] == ["default"]


@pytest.mark.parametrize("name", [CARD, "-x", "x" * 65])
def test_a_path_with_an_impossible_name_is_unknown(server: InProcessServer, name: str) -> None:
    headers = {"authorization": f"Bearer {derive_credentials(SEED, name).access_token}"}
    request = ("GET", f"/sandbox/{name}/v1/charges", b"", b"")
    reply = answer(server.app, request, headers)
    assert (reply.status, reply.why.endswith(f"the sandbox name is invalid: {NAME_RULE}")) == (
        404,
        True,
    )


def test_the_command_line_rejects_an_impossible_name() -> None:
    result = run_cli("env", "--sandbox", CARD)
    assert (result.code, NAME_RULE in result.stderr) == (2, True)


def test_the_plugin_never_uses_a_name_like_a_card_number() -> None:
    names = {
        sandbox_name("a.py::test", title, "gw0", shared=False).rpartition("test")[2]
        for title in (f"test[{CARD}]", "test[4242]")
    }
    assert names == {"-kljphkoogjkjmkmn", "-4242"}
