"""A client that makes no mistake unless a test asks for one, against a server in process."""

from typing import Any

from mock_clover.audit.records import AuditReport
from mock_clover.audit.run import run_audit
from mock_clover.core.steps import finish
from tests.in_process import VISA, InProcessServer, Response

LOST = "drop after_commit"
UNSENT = "drop before_commit"
UNAVAILABLE = "problem before_commit status=503"
CHARGE = "/v1/charges"
METADATA = {"cart": [{"sku": "a"}], "orderRef": [], "order": {"id": [1]}, "none": None}
"""Members of any shape, which cannot be hashed."""
_WITH_METADATA = ("/charges", "/pay", "/orders", "/refunds", "/customers")


class ShopClient:
    """Sends requests with all headers that Clover requires, a new key for each, and metadata."""

    def __init__(self, server: InProcessServer) -> None:
        self.server = server
        self._keys = 0

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> Response:
        """Send a request. `key`: "" for none, None for a new one. `fault`: a fault of the mock.

        `headers`: other headers; None as a value removes one.
        """
        key, fault = options.get("key"), options.get("fault")
        if key is None:
            self._keys += 1
            key = f"key-{self._keys}"
        headers = {"user-agent": "shop/1.0", "x-forwarded-for": "203.0.113.9"}
        headers |= {"idempotency-key": key} if key and method == "POST" else {}
        headers |= {"x-mock-clover-fault": fault} if fault else {}
        headers |= options.get("headers", {})
        sent = {name: value for name, value in headers.items() if value is not None}
        if isinstance(body, dict) and path.startswith("/v1/") and path.endswith(_WITH_METADATA):
            body = {"metadata": METADATA} | body
        return self.server.send(method, path, body, headers=sent)

    def token(self, pan: str = VISA, **card: Any) -> str:
        response = self.send("POST", "/v1/tokens", self.server.card(pan, **card))
        assert response.status == 200, response
        return str(response.json["id"])

    def charge(self, body: Any = None, **options: Any) -> str:
        """Charge a new token of a card; return the id of the charge, also if it is lost."""
        sent = {"amount": 1800, "currency": "usd"} | (body or {})
        sent |= {} if "source" in sent else {"source": self.token()}
        self.send("POST", CHARGE, sent, **options)
        charges = self.server.sandbox.charges.items_newest_first()
        return next((key for key, _ in charges), "")

    def capture(self, charge: str, body: Any = None, **options: Any) -> Response:
        return self.send("POST", f"{CHARGE}/{charge}/capture", body or {}, **options)

    def refund(self, charge: str, body: Any = None, **options: Any) -> Response:
        return self.send("POST", "/v1/refunds", {"charge": charge} | (body or {}), **options)

    def order(self, *amounts: int) -> str:
        items = [{"amount": amount, "quantity": 1} for amount in amounts or (1800,)]
        response = self.send("POST", "/v1/orders", {"currency": "usd", "items": items})
        assert response.status == 200, response
        return str(response.json["id"])

    def pay(self, order: str, body: Any = None, **options: Any) -> Response:
        sent = body or {"source": self.token()}
        return self.send("POST", f"/v1/orders/{order}/pay", sent, **options)

    def customer(self, pan: str = VISA) -> str:
        body = {"email": "jo@example.com", "source": self.token(pan)}
        return str(self.send("POST", "/v1/customers", body).json["id"])

    def platform(self, method: str, path: str, body: Any = None) -> Response:
        merchant = self.server.known.merchant_id
        return self.send(method, f"/v3/merchants/{merchant}/{path}", body)


def audited(server: InProcessServer) -> AuditReport:
    """Return the report of a server's sandbox."""
    return finish(run_audit(server.sandbox))


def found_in(report: AuditReport) -> dict[str, list[tuple[int, ...]]]:
    """Return the exchanges of the findings by rule."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for finding in report.findings:
        found.setdefault(finding.rule, []).append(finding.exchanges)
    return found
