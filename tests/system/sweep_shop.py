"""A small shop for the tests of `mock-clover sweep`, with bugs that an argument selects."""

import http.client
import http.server
import json
import os
import sys
import threading
import urllib.error
import urllib.request
import uuid
from pathlib import Path

BUGS = set(sys.argv[1:])
BASE = os.environ["CLOVER_BASE_URL"]
PAYMENTS = Path(os.environ["MOCK_CLOVER_SWEEP_DIR"], "payments.json")
TIMEOUT_S = 2.0


class PaymentError(Exception):
    """A payment failed, or its result is not known."""


def send(path: str, body: dict[str, object] | None, headers: dict[str, str]) -> dict[str, object]:
    """Send one request. Raises PaymentError for a decline, OSError without a good answer."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, content, headers)
    try:
        timeout_s = None if "no-timeout" in BUGS else TIMEOUT_S
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:
            return dict(json.load(reply))
    except urllib.error.HTTPError as error:
        with error:
            text = f"{error.code} {error.read(200)!r}"
        if 400 <= error.code < 500 and error.code != 429:
            raise PaymentError(text) from None
        raise OSError(text) from None
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(str(error)) from None


def call(path: str, body: dict[str, object] | None = None) -> dict[str, object]:
    """Send a request up to three times. Raises PaymentError."""
    token, key = os.environ["CLOVER_ACCESS_TOKEN"], str(uuid.uuid4())
    for _ in range(1 if "no-retry" in BUGS else 3):
        if "new-key" in BUGS:
            key = str(uuid.uuid4())
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        if path == "/v1/tokens":
            headers = {"apikey": os.environ["CLOVER_API_KEY"]}
        try:
            return send(path, body, headers)
        except OSError:
            continue
    raise PaymentError(f"no answer of {path}")


def pay() -> None:
    """Charge the saved card of a new customer."""
    card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2049", "cvv": "123"}
    source = call("/v1/tokens", {"card": card})["id"]
    customer = call("/v1/customers", {"email": "jo@example.com", "source": source})["id"]
    stored = {"sequence": "FIRST", "is_scheduled": False, "initiator": "CARDHOLDER"}
    charge = {"amount": 1800, "currency": "usd", "source": customer, "stored_credentials": stored}
    PAYMENTS.write_text("pending")
    call("/v1/charges", charge)
    PAYMENTS.write_text("paid")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Refunds 1.00 for each event, also for one that comes twice."""

    def do_POST(self) -> None:
        """Handle a webhook; the reply comes after the refund."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        ((event,),) = body["merchants"].values()
        if event["type"] == "CREATE":
            call("/v1/refunds", {"charge": event["objectId"].removeprefix("P:"), "amount": 100})
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def pay_with_webhook() -> None:
    """Pay, and wait until all webhooks are delivered."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    target = {"id": "shop", "url": f"http://127.0.0.1:{server.server_port}/", "handshake": False}
    body = json.dumps(target | {"events": ["P:CREATE"]}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{BASE}/_mock/webhooks", body, method="PUT"))
    pay()
    states = {"under_way"}
    while "under_way" in states:
        with urllib.request.urlopen(f"{BASE}/_mock/deliveries?wait=1&wait_ms=60000") as reply:
            states = {each["state"] for each in json.load(reply)["data"]}


def reconcile() -> None:
    """Refund what is charged if the shop does not know whether it was paid."""
    if PAYMENTS.exists() and PAYMENTS.read_text() == "pending":
        charges = call("/v1/charges")["data"]
        assert isinstance(charges, list)
        for charge in charges:
            if charge["status"] == "succeeded" and not charge.get("refunded"):
                call("/v1/refunds", {"charge": charge["id"]})


def main() -> None:
    """Do what the arguments say."""
    if "unsteady" in BUGS and "reference-2" in os.environ["MOCK_CLOVER_SANDBOX"]:
        call("/v1/orders")
    try:
        act = {"reconcile": reconcile, "webhook": pay_with_webhook}
        next((act[name] for name in act if name in BUGS), pay)()
    except PaymentError as error:
        sys.exit(f"payment failed: {error}" if "ignore" not in BUGS else 0)


main()
