"""Random changes of valid requests, for a limited time: no 500, and no effect of a rejected one.

`MOCK_CLOVER_FUZZ_SECONDS` and `MOCK_CLOVER_FUZZ_SEED` set the time and repeat a run. A failure
prints the shortest request that it found, as a row of FINDINGS. Add the row with the fix: every
later run sends it, and changes it further.
"""

import os
import secrets
import time
from random import Random

import pytest

from mock_clover.clover.surface import SURFACE
from tests.fuzz.mutations import mutate, shortest
from tests.hostile import FORWARDED, HttpRequest, PairedSandboxes, error_in, valid_request
from tests.in_process import CONTROL, MakeServer

SECONDS = float(os.environ.get("MOCK_CLOVER_FUZZ_SECONDS") or 8)
SEED = int(os.environ.get("MOCK_CLOVER_FUZZ_SEED") or secrets.randbelow(2**32))
FINDINGS: dict[str, HttpRequest] = {
    "nesting inside an unclosed string": HttpRequest(
        "POST", "/oauth/token", b"[" * 65 + b'"' + b'\\"' * 12_000, auth=False
    ),
    "a control character in a rejected number": HttpRequest("GET", "/v1/charges?limit=%00"),
    "a webhook to a host that IDNA cannot encode": HttpRequest(
        "PUT", "/_mock/webhooks", b'{"url":"http://x..y/","handshake":false}'
    ),
    "a status without a body that has one": HttpRequest(
        "PUT",
        "/_mock/scenario",
        b'{"name":"x","rules":[{"then":{"raw":{"status":204,"body":"x"}}}]}',
    ),
    "a name of a snapshot that is not UTF-8": HttpRequest("PUT", "/_mock/snapshot", b'{"\xff"'),
}
"""Requests that once failed."""


class Sender:
    """Sends requests to servers in process, and renews what a request has changed."""

    def __init__(self, make_server: MakeServer) -> None:
        self._make = make_server
        self._pair = PairedSandboxes(make_server)
        self._server = make_server()
        fixtures = self._pair.fixtures
        self.corpus = [
            *FINDINGS.values(),
            *(valid_request(each, fixtures) for each in SURFACE),
            *(HttpRequest(each.method, each.path, b"{}", FORWARDED) for each in CONTROL),
        ]

    def send(self, request: HttpRequest) -> str:
        """Send one request and return an error message, or ''."""
        if not request.path.startswith(("/_mock", "/livez", "/readyz", "/healthz")):
            return self._pair.send(request)
        try:
            reply = self._server.send(request.method, request.path, raw=request.raw)
        except Exception as error:  # noqa: BLE001 - whatever it is, it would have been a 500
            return f"raised {type(error).__name__}: {error}"[:200]
        if reply.status == 200 and request.method != "GET":
            self._server = self._make()
        return error_in(reply)


@pytest.fixture
def sender(make_server: MakeServer) -> Sender:
    return Sender(make_server)


def test_requests_that_once_failed(sender: Sender) -> None:
    errors = {label: sender.send(request) for label, request in FINDINGS.items()}
    assert errors == dict.fromkeys(FINDINGS, "")


def test_changed_requests(sender: Sender) -> None:
    random, ends = Random(SEED), time.monotonic() + SECONDS
    count = 0
    while time.monotonic() < ends:
        count += 1
        request = mutate(random.choice(sender.corpus), random)
        if error := sender.send(request):
            found = shortest(request, lambda each: sender.send(each) == error)
            run = f"MOCK_CLOVER_FUZZ_SEED={SEED}, request {count}"
            pytest.fail(f"{run}: {error}; add it to FINDINGS:\n{found!r}")
    print(f"MOCK_CLOVER_FUZZ_SEED={SEED}: {count} requests")


def test_a_failure_is_shortened() -> None:
    request = HttpRequest("POST", "/", b"a" * 1_000 + b"needle" + b"b" * 1_000)
    assert shortest(request, lambda each: b"needle" in each.raw).raw == b"needle"
