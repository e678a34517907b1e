"""The steps of OAuth v2 as an app takes them, in a world."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.world import Answered, World

VERIFIER = "a-verifier-of-forty-three-characters-or-more-1"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
MINUTE_MS = 60_000
DAY_MS = 86_400_000


def pass_time(world: World, ms: int) -> None:
    """Let time pass in a world."""
    world.sandbox.clock.advance(ms)


def agree(world: World, path: str = "/oauth/v2/authorize", **query: str) -> str:
    """Let the merchant agree, and return the code."""
    asked = {"client_id": world.known.client_id} | query
    sent = world.send("GET", f"{path}?{urlencode(asked)}", auth=False)
    assert sent.status == 302, sent
    return parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]


def post(world: World, path: str, **body: Any) -> Answered:
    """Post a body whose members of None are left out, without credentials in the header."""
    told = {name: value for name, value in body.items() if value is not None}
    return world.send("POST", path, told, auth=False)


def exchange(world: World, code: str | None, **changes: Any) -> Answered:
    """Exchange a code, with the app's secret unless it is changed."""
    known = world.known
    asked = {"client_id": known.client_id, "client_secret": known.client_secret, "code": code}
    return post(world, "/oauth/v2/token", **(asked | changes))


def by_verifier(world: World, verifier: str | None = VERIFIER, **changes: Any) -> Answered:
    """Exchange a new code with its verifier and without a secret."""
    code = agree(world, code_challenge=CHALLENGE, code_challenge_method="S256")
    asked = {"client_secret": None, "code_verifier": verifier}
    return exchange(world, code, **(asked | changes))


def pair(world: World) -> dict[str, Any]:
    """Return a new pair of tokens of an app with a secret."""
    got = exchange(world, agree(world))
    assert got.status == 200, got
    return dict(got.json)


def refresh(world: World, token: str | None, **changes: Any) -> Answered:
    """Exchange a refresh token."""
    asked = {"client_id": world.known.client_id, "refresh_token": token}
    return post(world, "/oauth/v2/refresh", **(asked | changes))


def recover(world: World, token: str | None, **changes: Any) -> Answered:
    """Recover what a spent refresh token led to."""
    known = world.known
    asked = {"client_id": known.client_id, "client_secret": known.client_secret}
    return post(world, "/oauth/v2/recovery", **(asked | {"recovery_token": token} | changes))


def migrate(world: World, **changes: Any) -> Answered:
    """Exchange the sandbox's own token for a code."""
    known = world.known
    asked = {
        "merchant_uuid": known.merchant_id,
        "app_uuid": known.client_id,
        "auth_token": known.access_token,
    }
    return post(world, "/oauth/token/migrate_v2", **(asked | changes))


def legacy(world: World) -> str:
    """Return a bearer token of OAuth v1."""
    known = world.known
    asked = {"client_id": known.client_id, "client_secret": known.client_secret}
    got = post(world, "/oauth/token", **asked, code=agree(world, "/oauth/authorize"))
    return str(got.json["access_token"])


def bearing(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"authorization": f"Bearer {token}"}
