"""Authlib, an independent client, uses OAuth v2 over a real socket."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest
import requests
from authlib.common.urls import url_decode
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import OctKey
from requests import Response

from tests.raw_http import TIMEOUT_S, call
from tests.server_process import ServerProcess

CALLBACK = "https://shop.example/oauth_callback"
VERIFIER = "0123456789-0123456789-0123456789-0123456789"

LOSE_THE_ANSWER = {
    "kind": "drop",
    "when": "after_commit",
    "endpoint": "refresh_tokens",
    "times": 1,
}


def as_json(client: Any, _method: str, uri: str, headers: Any, body: Any) -> Any:
    """Send the app's credentials as JSON, as Clover requires; Authlib's own requests are forms."""
    fields = dict(url_decode(body.decode() if isinstance(body, bytes) else body))
    fields["client_id"] = client.client_id
    if client.client_secret and fields["grant_type"] == "authorization_code":
        fields["client_secret"] = client.client_secret
    raw = json.dumps(fields).encode()
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = str(len(raw))
    return uri, headers, raw


class Shop:
    """An app of one sandbox of a server, at its root or under its prefix."""

    def __init__(self, server: ServerProcess, name: str, *, at_root: bool) -> None:
        self.made = call(server.port, "PUT", f"/_mock/sandboxes/{name}").json
        by_path = f"{server.url}/sandbox/{name}"
        self.base, self._control = server.url if at_root else by_path, by_path

    def client(self, auth: str, **more: Any) -> OAuth2Session:
        """Return a client; `auth` is json, or a method that Clover does not have."""
        session = OAuth2Session(
            client_id=self.made["client_id"],
            redirect_uri=CALLBACK,
            token_endpoint=f"{self.base}/oauth/v2/refresh",
            token_endpoint_auth_method=auth,
            code_challenge_method="S256",
            **more,
        )
        session.trust_env = False
        session.register_client_auth_method(("json", as_json))
        return session

    def agree(self, session: OAuth2Session, **query: str) -> str:
        """Authorize as the merchant; return the URL to which the browser is redirected."""
        url, state = session.create_authorization_url(f"{self.base}/oauth/v2/authorize", **query)
        sent = session.get(url, withhold_token=True, allow_redirects=False)
        assert sent.status_code == 302
        session.state = state
        return str(sent.headers["location"])

    def control(self, method: str, what: str, **body: Any) -> None:
        """Send a control request."""
        url, raw = f"{self._control}/_mock/{what}", json.dumps(body).encode()
        urlopen(Request(url, raw, method=method), timeout=TIMEOUT_S).close()

    def charges(self, session: OAuth2Session) -> Response:
        """Read the charges with the session's token."""
        return session.get(f"{self.base}/v1/charges")


@pytest.fixture(params=["at the root", "by its path"])
def shop(request: pytest.FixtureRequest, shared_server: ServerProcess) -> Shop:
    name = f"oauth-{request.param.replace(' ', '-')}"
    return Shop(shared_server, name, at_root=request.param == "at the root")


def test_pkce_app_refreshes_expired_token(shop: Shop) -> None:
    session = shop.client("json")
    back = shop.agree(session, code_verifier=VERIFIER, merchant_id=shop.made["merchant_id"])
    result = parse_qs(urlsplit(back).query)
    assert list(result) == ["merchant_id", "client_id", "employee_id", "code", "state"]
    assert result["state"] == [session.state]
    url = f"{shop.base}/oauth/v2/token"
    token = session.fetch_token(url, authorization_response=back, code_verifier=VERIFIER)
    charges = shop.charges(session)
    assert charges.json() == {"object": "list", "url": "/v1/charges", "data": []}

    shop.control("PUT", "clock", advance="30m")
    expired = shop.charges(session)
    assert (expired.status_code, expired.json()) == (401, {"message": "401 Unauthorized"})
    assert "expired" in expired.headers["x-mock-clover-why"]

    renewed = session.refresh_token(f"{shop.base}/oauth/v2/refresh")
    assert renewed["refresh_token"] != token["refresh_token"]
    assert shop.charges(session).status_code == 200


def test_a_spent_refresh_token_is_refused_and_recovered(shop: Shop) -> None:
    secret = shop.made["client_secret"]
    session = shop.client("json", client_secret=secret)
    url, refresh = f"{shop.base}/oauth/v2/token", f"{shop.base}/oauth/v2/refresh"
    first = session.fetch_token(url, authorization_response=shop.agree(session))["refresh_token"]
    assert session.refresh_token(refresh)["refresh_token"] != first
    app = {"client_id": shop.made["client_id"]}
    refused = session.post(refresh, json=app | {"refresh_token": first}, withhold_token=True)
    assert (refused.status_code, refused.headers["X-Clover-Recovery-Available"]) == (401, "true")

    body = app | {"client_secret": secret, "recovery_token": first}
    recovery = f"{shop.base}/oauth/v2/recovery"
    session.token = session.post(recovery, json=body, withhold_token=True).json()
    assert shop.charges(session).status_code == 200
    key = OctKey.import_key(secret)
    claims = jwt.decode(session.token["access_token"], key, algorithms=["HS256"]).claims
    assert claims["merchant_uuid"] == shop.made["merchant_id"]
    assert claims["exp"] == session.token["access_token_expiration"]


def test_an_answer_that_is_lost_on_its_way_is_recovered(shop: Shop) -> None:
    secret = shop.made["client_secret"]
    session = shop.client("json", client_secret=secret)
    url, refresh = f"{shop.base}/oauth/v2/token", f"{shop.base}/oauth/v2/refresh"
    first = session.fetch_token(url, authorization_response=shop.agree(session))["refresh_token"]
    shop.control("POST", "faults", **LOSE_THE_ANSWER)
    with pytest.raises(requests.ConnectionError):
        session.refresh_token(refresh)
    body = {"client_id": shop.made["client_id"], "refresh_token": first}
    again = session.post(refresh, json=body, withhold_token=True)
    assert (again.status_code, again.headers["X-Clover-Recovery-Available"]) == (401, "true")
    body = {"client_id": shop.made["client_id"], "client_secret": secret, "recovery_token": first}
    got = session.post(f"{shop.base}/oauth/v2/recovery", json=body, withhold_token=True)
    session.token = got.json()
    assert shop.charges(session).status_code == 200
    assert session.refresh_token(refresh)["refresh_token"] != first


@pytest.mark.parametrize("auth", ["client_secret_post", "client_secret_basic", "none"])
def test_form_encoded_token_request_is_rejected(auth: str, shop: Shop) -> None:
    session = shop.client(auth, client_secret=shop.made["client_secret"])
    statuses: list[int] = []

    def note(reply: Response) -> Response:
        statuses.append(reply.status_code)
        return reply

    session.register_compliance_hook("access_token_response", note)
    back = shop.agree(session)
    result = session.fetch_token(f"{shop.base}/oauth/v2/token", authorization_response=back)
    assert dict(result) == {
        "status": "Unsupported Media Type",
        "message": "The content type must be application/json.",
    }
    assert statuses == [415]


def test_the_challenge_is_that_of_the_standard() -> None:
    """The example of RFC 7636, appendix B, and Authlib's own computation."""
    from mock_clover.clover.oauth.records_jwt import pkce_challenge

    example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert pkce_challenge(example) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert pkce_challenge(VERIFIER) == create_s256_code_challenge(VERIFIER)
