"""Say why a credential is not valid: what was sent instead, and what the operation needs.

No credential is repeated.
"""

import re

from mock_clover.engine.endpoint import sandbox_and_server
from mock_clover.sandbox.sandbox import Sandbox

_NAMES = {
    "access_token": "access token",
    "api_key": "API key",
    "client_secret": "client secret",
    "client_id": "client id",
    "merchant_id": "merchant id",
}
_PLACEHOLDER = re.compile(r"[$<{%].{0,200}|none|null|undefined|nil|", re.IGNORECASE)
_LIKE_APIKEY = (b"api-key", b"x-api-key", b"api_key", b"x-apikey")
_SEND_TOKEN = "send the access token as `Authorization: Bearer ...`"  # noqa: S105 - no password
_SEND_KEY = "send the API key in the header `apikey`"


def bearer_reason(sandbox: Sandbox, headers: dict[bytes, bytes]) -> str:
    """Return why the Authorization header of a request has no valid bearer token."""
    header = headers.get(b"authorization", b"").decode("latin-1").strip()
    if not header:
        has_key = "; the header `apikey` is for POST /v1/tokens" if b"apikey" in headers else ""
        return f"no bearer token was sent{has_key}; {_SEND_TOKEN}"
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        return "no bearer token was sent; the Authorization header must begin with `Bearer `"
    token = token.strip()
    if _PLACEHOLDER.fullmatch(token):
        return f"the bearer token is a placeholder or empty: a variable is not set; {_SEND_TOKEN}"
    if kind := _kind(sandbox, token):
        return f"the bearer token is this sandbox's {kind}; send its access token"
    if _kind(sandbox, _unwrapped(token)):
        return "the bearer token is in quotes or has a second `Bearer`; send the token only"
    return f"the bearer token is not valid for {sandbox_and_server(sandbox, headers)}"


def api_key_reason(sandbox: Sandbox, headers: dict[bytes, bytes]) -> str:
    """Return why the `apikey` header of a request has no valid API key."""
    api_key = headers.get(b"apikey", b"").decode("latin-1").strip()
    if api_key:
        kind = _kind(sandbox, api_key)
        if not kind and _kind(sandbox, _unwrapped(api_key)):
            return "the apikey is in quotes or has `Bearer` before it; send the key only"
        if _PLACEHOLDER.fullmatch(api_key):
            return f"the apikey is a placeholder: a variable is not set; {_SEND_KEY}"
        if kind:
            return f"the apikey is this sandbox's {kind}; send its API key"
        return f"the apikey is not valid for {sandbox_and_server(sandbox, headers)}"
    if near := next((name for name in _LIKE_APIKEY if name in headers), b""):
        return f"no apikey was sent; the header is {near.decode()}, must be `apikey`"
    if authorization := headers.get(b"authorization", b"").decode("latin-1"):
        kind = _kind(sandbox, authorization.rpartition(" ")[2])
        shown = f"this sandbox's {kind}" if kind else "no credential of this operation"
        return f"no apikey was sent; the Authorization header has {shown}; {_SEND_KEY}"
    return f"no apikey was sent; {_SEND_KEY}"


def _unwrapped(text: str) -> str:
    """Return a credential without quotes and words around it."""
    return re.split(r"[ \"']", text.rstrip("\"'"))[-1]


def _kind(sandbox: Sandbox, text: str) -> str:
    """Return which credential of the sandbox a text is, or ''."""
    credentials = sandbox.credentials
    return next((name for field, name in _NAMES.items() if getattr(credentials, field) == text), "")
