"""The requests of the clients: a merchant's credentials, a saved card, and requests as bytes.

Requests are built before they are timed. Each create has a new idempotency key.
"""

import base64
import http.client
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.bench.server import LOOPBACK, ROOT, SEED, Server

CARD = "4242424242424242"
_CARD_FIELDS = {"exp_month": "12", "exp_year": "2030", "cvv": "123"}
_KEY_BYTES = 256
_CLIENT_SECONDS_MAX = 30.0


@dataclass(frozen=True)
class Shop:
    """A server, and what a client needs to charge a saved card."""

    server: Server
    access_token: str
    api_key: str
    source: str
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def creates(self, count: int) -> Iterator[bytes]:
        """Return `count` create requests, each with a new idempotency key."""
        headers = {
            "authorization": f"Bearer {self.access_token}",
            "idempotency-key": "KEY",
        }
        body = {"amount": 1800, "currency": "usd", "source": self.source}
        whole = encode("POST", "/v1/charges", headers, json.dumps(body).encode())
        before, after = whole.replace(b"%", b"%%").split(b"KEY")
        template = before + b"7f0c2d1e-5a4b-4c3d-8e2f-%012d" + after
        return map(template.__mod__, itertools.islice(self._numbers, count))

    def require_features(self) -> None:
        """Raise if the mock lacks a feature that a create must include."""
        port, (request, fresh) = self.server.port, self.creates(2)
        stranger = request.replace(self.access_token.encode(), b"0" * len(self.access_token))
        first, again = send(port, request), send(port, request)
        checks = {
            "authentication": send(port, stranger).status == 401,
            "validation": send(port, fresh.replace(b"1800", b"-180")).status == 400,
            "idempotency": first.status == 200 and first.body == again.body,
            "the why header": bool(first.headers.get("x-mock-clover-why")),
        }
        missing = [what for what, present in checks.items() if not present]
        if missing:
            raise RuntimeError(f"the mock does not do {', '.join(missing)}")

    def reads(self, charges: Sequence[str], count: int) -> Iterator[bytes]:
        """Return `count` read requests, for each charge in turn."""
        headers = {"authorization": f"Bearer {self.access_token}"}
        built = [encode("GET", f"/v1/charges/{charge}", headers) for charge in charges]
        return itertools.islice(itertools.cycle(built), count)

    def encrypted_tokens(self, count: int) -> list[bytes]:
        """Build token requests with an encrypted PAN; no two ciphertexts are the same."""
        encrypt = _encryptor(self.server.port)
        headers = {"apikey": self.api_key}
        shown = {"first6": CARD[:6], "last4": CARD[-4:], "brand": "VISA", **_CARD_FIELDS}
        bodies = ({"card": {"encrypted_pan": encrypt(), **shown}} for _ in range(count))
        return [encode("POST", "/v1/tokens", headers, json.dumps(b).encode()) for b in bodies]

    def charge_ids(self, count: int) -> list[str]:
        """Create charges one by one and return their ids."""
        return [exchange(self.server.port, request)["id"] for request in self.creates(count)]


def open_mock(server: Server) -> Shop:
    """Use the default merchant's credentials and save a card of a customer, to charge it often."""
    port = server.port
    result = _credentials(port)
    token, key = result["CLOVER_ACCESS_TOKEN"], result["CLOVER_API_KEY"]
    card = json.dumps({"card": {"number": CARD, **_CARD_FIELDS}}).encode()
    source = exchange(port, encode("POST", "/v1/tokens", {"apikey": key}, card))["id"]
    customer = json.dumps({"email": "a@b.example", "source": source}).encode()
    bearer = {"authorization": f"Bearer {token}"}
    saved = exchange(port, encode("POST", "/v1/customers", bearer, customer))["id"]
    return Shop(server, token, key, saved)


def open_bare(server: Server) -> Shop:
    """Make the bare server's requests as large as the mock's; it ignores credentials."""
    return Shop(server, "0" * 36, "0" * 32, "0" * 13)


def encode(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Build an HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {LOOPBACK}", "accept: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        if "content-type" not in headers:
            lines.append("content-type: application/json")
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Reply(NamedTuple):
    """A response to a request that is not timed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(port: int, request: bytes) -> Reply:
    """Send one request on a new connection."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_CLIENT_SECONDS_MAX)
    try:
        headers = dict(line.split(": ", 1) for line in rest)
        connection.request(method, path, body or None, headers)
        reply = connection.getresponse()
        return Reply(reply.status, reply.headers, reply.read())
    finally:
        connection.close()


def exchange(port: int, request: bytes) -> dict[str, Any]:
    """Send one request and return the JSON of its 200."""
    reply = send(port, request)
    if reply.status != 200:
        requested = request.partition(b" HTTP/")[0].decode()
        raise RuntimeError(f"{requested}: {reply.status} {reply.body[:600]!r}")
    return json.loads(reply.body)


def _credentials(port: int) -> dict[str, str]:
    argv = [sys.executable, "-m", "mock_clover", "env", "--format", "json"]
    argv += ["--url", f"http://{LOOPBACK}:{port}", "--seed", str(SEED)]
    completed = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if completed.returncode:
        raise RuntimeError(
            f"mock-clover env ended with {completed.returncode}: {completed.stderr[-600:]}"
        )
    return json.loads(completed.stdout)


def _encryptor(port: int) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    blob = base64.b64decode(
        exchange(port, encode("GET", "/assets/keys.json", {}))["TA_PUBLIC_KEY_DEV"]
    )
    modulus, exponent = (int.from_bytes(part) for part in (blob[:_KEY_BYTES], blob[_KEY_BYTES:]))
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    # Clover's SDKs use SHA-1 here; the mock must accept it.
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    return lambda: base64.b64encode(key.encrypt(b"00000000" + CARD.encode(), oaep)).decode()
