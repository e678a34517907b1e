"""The HTTP client of the command line. It uses only the standard library, to start fast."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mock_clover.core.printable import printable
from mock_clover.sandbox.keys import can_encrypt, encrypted_card

BODY_BYTES_MAX = 4_194_304
"""4 MiB, more than any list response. The rest of a longer response is not read."""
_NO_SERVER = "Connection refused; start the server with `mock-clover serve`, or give another URL"


class ClientError(Exception):
    """A request failed. The message contains the server's response or the connection error."""


class Response(NamedTuple):
    """A response; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def send_request(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float = 30
) -> Response:
    """Send a request and return the response, whatever its status. Raises ClientError without one.

    Redirects are not followed, because they could lead to another host.
    """
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked below
        url, data=body, headers=dict(headers), method=method
    )
    if request.type not in ("http", "https"):
        raise ClientError(f"{url}: must be an http:// or https:// URL")
    try:
        with urllib.request.build_opener(_AnyStatus).open(request, timeout=timeout_s) as response:
            lower_case = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status, lower_case, response.read(BODY_BYTES_MAX))
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ClientError(str(reason) or type(reason).__name__) from None


class _AnyStatus(urllib.request.HTTPErrorProcessor):
    """Return responses of every status, where the base class follows redirects or raises."""

    def http_response(self, request: Any, response: Any) -> Any:  # noqa: ARG002 - the base class's signature
        """Return the response unchanged."""
        return response

    https_response = http_response


def parse_json(body: bytes) -> Any:
    """Return decoded JSON. Raises ValueError, also for JSON that is nested too deeply."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def get_json(
    url: str, timeout_s: float = 10, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """GET a JSON object. Raises ClientError."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - checked below
    return _request_json(request, timeout_s)


def create_token(
    base: str, api_key: str, pan: str, month: str, year: str, cvv: str, *, plain: bool
) -> str:
    """Create a card token like a real client and return its id. Raises ClientError."""
    card: dict[str, str] = {"exp_month": month, "exp_year": year, "cvv": cvv}
    if plain or not can_encrypt(pan):
        card["number"] = pan
    else:
        blob = get_json(f"{base}/assets/keys.json")["TA_PUBLIC_KEY_DEV"]
        card |= encrypted_card(blob, pan)
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked below
        f"{base}/v1/tokens",
        data=json.dumps({"card": card}).encode(),
        headers={"apikey": api_key, "content-type": "application/json"},
    )
    return str(_request_json(request, 10)["id"])


def stream_events(url: str, after: int, headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the objects of an event stream with ids above `after`. Raises ClientError."""
    all_headers = {"accept": "text/event-stream", "last-event-id": str(after), **headers}
    request = urllib.request.Request(url, headers=all_headers)  # noqa: S310 - as below
    try:
        with urllib.request.urlopen(request) as stream:  # noqa: S310 - called with http(s) only
            for line in stream:
                if line.startswith(b"data: "):
                    yield parse_json(line[6:])
    except (OSError, http.client.HTTPException) as error:
        raise ClientError(f"{url}: {getattr(error, 'reason', error)}") from None


def _request_json(request: urllib.request.Request, timeout_s: float) -> dict[str, Any]:
    if request.type not in ("http", "https"):
        raise ClientError(f"{request.full_url}: must be an http:// or https:// URL")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:  # noqa: S310 - checked
            decoded = parse_json(response.read(BODY_BYTES_MAX))
    except urllib.error.HTTPError as error:
        with error:
            text = error.read(2_000).decode("utf-8", "replace")
            why = error.headers.get("x-mock-clover-why", "")
        # The messages of control calls say what is wrong; Clover's do not.
        message = f"{request.full_url} returned {error.code}: {text}"
        if why and "/_mock/" not in request.full_url:
            message += f"; {why}"
        raise ClientError(printable(message)) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ConnectionRefusedError):
            raise ClientError(f"{request.full_url}: {_NO_SERVER}") from None
        raise ClientError(f"{request.full_url}: {reason}") from None
    if not isinstance(decoded, dict):
        raise ClientError(f"{request.full_url}: the response is not a JSON object")
    return decoded
