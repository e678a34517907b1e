"""The steps of OAuth v2 in an app, with a server in process."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.in_process import InProcessServer, Response

VERIFIER = "a-verifier-of-forty-three-characters-or-more-1"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
MINUTE_MS = 60_000
DAY_MS = 86_400_000
HERE = "sandbox default of the server at http://localhost:4242"


def advance(server: InProcessServer, ms: int) -> None:
    """Advance the clock of a server."""
    server.sandbox.clock.advance(ms)


def authorize(server: InProcessServer, path: str = "/oauth/v2/authorize", **query: str) -> str:
    """Authorize as the merchant, and return the code."""
    parameters = {"client_id": server.known.client_id} | query
    sent = server.send("GET", f"{path}?{urlencode(parameters)}", auth=False)
    assert sent.status == 302, sent
    return parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]


def post(server: InProcessServer, path: str, **body: Any) -> Response:
    """Post a body without credentials in the header; members with None are left out."""
    result = {name: value for name, value in body.items() if value is not None}
    return server.send("POST", path, result, auth=False)


def exchange(server: InProcessServer, code: str | None, **changes: Any) -> Response:
    """Exchange a code, with the app's secret unless it is changed."""
    credentials = server.known
    body = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "code": code,
    }
    return post(server, "/oauth/v2/token", **(body | changes))


def by_verifier(
    server: InProcessServer, verifier: str | None = VERIFIER, **changes: Any
) -> Response:
    """Exchange a new code with its verifier and without a secret."""
    code = authorize(server, code_challenge=CHALLENGE, code_challenge_method="S256")
    body = {"client_secret": None, "code_verifier": verifier}
    return exchange(server, code, **(body | changes))


def token_pair(server: InProcessServer) -> dict[str, Any]:
    """Return a new pair of tokens for an app with a secret."""
    got = exchange(server, authorize(server))
    assert got.status == 200, got
    return dict(got.json)


def refresh(server: InProcessServer, token: str | None, **changes: Any) -> Response:
    """Exchange a refresh token."""
    body = {"client_id": server.known.client_id, "refresh_token": token}
    return post(server, "/oauth/v2/refresh", **(body | changes))


def recover(server: InProcessServer, token: str | None, **changes: Any) -> Response:
    """Recover the successor of a used refresh token."""
    credentials = server.known
    body = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    return post(server, "/oauth/v2/recovery", **(body | {"recovery_token": token} | changes))


def migrate(server: InProcessServer, **changes: Any) -> Response:
    """Exchange the sandbox's own token for a code."""
    credentials = server.known
    body = {
        "merchant_uuid": credentials.merchant_id,
        "app_uuid": credentials.client_id,
        "auth_token": credentials.access_token,
    }
    return post(server, "/oauth/token/migrate_v2", **(body | changes))


def legacy(server: InProcessServer) -> str:
    """Return a bearer token of OAuth v1."""
    credentials = server.known
    body = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    got = post(server, "/oauth/token", **body, code=authorize(server, "/oauth/authorize"))
    return str(got.json["access_token"])


def auth_header(token: str) -> dict[str, str]:
    """Return the header with a bearer token."""
    return {"authorization": f"Bearer {token}"}


def old_code(server: InProcessServer) -> Response:
    """Exchange a code that has expired."""
    code = authorize(server)
    advance(server, 10 * MINUTE_MS + 1)
    return exchange(server, code)
