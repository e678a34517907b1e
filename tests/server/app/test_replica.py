"""A replica serves only sandboxes that the path names, because a proxy selects it by the name."""

import json
import re
from typing import Any

from mock_clover.engine.reply import Reply
from mock_clover.sandbox.credentials import derive_credentials
from tests.in_process import SEED, InProcessServer

NO_NAME = (
    "has no name of a sandbox; this server is one of several replicas, which find a sandbox by the "
    "path only, not by credentials: use /sandbox/<name>/... or /_mock/sandboxes/<name>"
)
NO_DEFAULT = (
    "names the sandbox default, which replicas do not serve, because its links have no name in the "
    "path: use another name"
)
TWO = "names two sandboxes that different replicas may have: omit the first name"

PATHS: dict[str, str] = {
    "/v1/charges": NO_NAME,
    "/v3/merchants/AAAAAAAAAAAAA": NO_NAME,
    "/oauth/token": NO_NAME,
    "/": NO_NAME,
    "/nowhere": NO_NAME,
    "/sandbox/": NO_NAME,
    "//sandbox/shop/v1/charges": NO_NAME,
    "/_mock/sandboxes": NO_NAME,
    "/_mock/journal": NO_NAME,
    "/_mock/fork": NO_NAME,
    "/sandbox/default/v1/charges": NO_DEFAULT,
    "/sandbox/default.berlin/v1/charges": NO_DEFAULT,
    "/_mock/sandboxes/default": NO_DEFAULT,
    "/sandbox/shop/_mock/sandboxes/other": TWO,
    "/sandbox/shop/v1/charges": "",
    "/sandbox/shop.berlin/v1/charges": "",
    "/sandbox/shop/_mock/clock": "",
    "/sandbox/shop/_mock/sandboxes": "",
    "/sandbox/shop/_mock/sandboxes/shop.berlin": "",
    "/_mock/sandboxes/shop": "",
    "/livez": "",
    "/readyz/": "",
    "/_mock/health": "",
    "/_mock/": "",
    "/sdk.js": "",
}
"""The reason for which a replica rejects each path, or empty."""


def ask(server: InProcessServer, method: str, path: str, body: Any = None) -> Reply:
    """Send a request with the credentials of a sandbox that is not the one of its path."""
    token = derive_credentials(SEED, "elsewhere").access_token
    headers = {b"host": b"localhost", b"authorization": f"Bearer {token}".encode()}
    data = b"" if body is None else json.dumps(body).encode()
    return server.app.handle_now(method, path, b"", headers, data)


def test_replica_needs_the_name_of_the_sandbox_in_the_path(server: InProcessServer) -> None:
    server.sandboxes.create("elsewhere")
    alone = {path: ask(server, "GET", path).body for path, reason in PATHS.items() if not reason}
    server.sandboxes.is_replica = True
    for path, reason in PATHS.items():
        reply = ask(server, "GET", path)
        if reason:
            message = {"message": f"the path {path} {reason}"}
            assert (reply.status, json.loads(reply.body)) == (421, message), path
            assert reply.why.startswith("REPLICA_NEEDS_PATH (inferred: this mock's own"), path
        else:
            assert (reply.status != 421, reply.body) == (True, alone[path]), path
    assert ask(server, "OPTIONS", "/v1/tokens").status == 200
    assert (b"access-control-allow-origin", b"*") in ask(server, "POST", "/v1/tokens").headers
    assert ask(server, "GET", "/v1/charges").headers == ()
    for path in ("/v1/charges/", f"/v1/charges/{'x' * 176}"):  # the message cuts the second one
        card = ask(server, "GET", f"{path}4242424242424242").body
        assert (b"42424242" in card, path.encode() in card) == (False, True)


def test_paths_without_a_name_depend_on_no_sandbox(server: InProcessServer) -> None:
    """What a replica serves without a name is the same for all sandboxes."""
    server.sandboxes.is_replica = True
    server.sandboxes.create("elsewhere")
    served = {
        endpoint.path
        for endpoint in server.app.endpoints
        if ask(server, endpoint.method, re.sub(r"{\w+}", "x", endpoint.path)).status != 421
    }
    assert {path for path in served if "static/" not in path} == {
        *("/_mock", "/_mock/health", "/_mock/openapi.json", "/_mock/sandboxes/{name}"),
        *("/livez", "/readyz", "/healthz", "/favicon.ico", "/clover3DS/clover3DS-sdk.js"),
        *("/sdk.js", "/sdk/ach", "/sdk/field", "/sdk/button", "/sdk/wallet", "/sdk/test-cards"),
    }


def test_replica_forks_only_to_names_that_it_serves(server: InProcessServer) -> None:
    server.sandboxes.is_replica = True
    server.sandboxes.create("shop")
    made, refused = (
        ask(server, "POST", "/sandbox/shop/_mock/fork", {"name": name})
        for name in ("shop.fork-1", "copy")
    )
    assert (made.status, json.loads(made.body)["name"]) == (200, "shop.fork-1")
    assert (refused.status, json.loads(refused.body)["message"]) == (
        400,
        "name: another replica would be asked for it; begin it with 'shop.', or get and put a "
        "snapshot",
    )
