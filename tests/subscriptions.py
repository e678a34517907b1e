"""A merchant with plans and subscribers."""

from datetime import datetime
from typing import Any

from mock_clover.sandbox.sandbox import Sandbox
from tests.in_process import VISA, InProcessServer, Response

PLANS, SUBSCRIPTIONS = "/recurring/v1/plans", "/recurring/v1/subscriptions"
DAY_MS = 86_400_000


def at(text: str) -> int:
    """Return a time in milliseconds, from a text like `2025-01-31T00:00:00+00:00`."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class SubscriptionShop:
    """A server in process, used with the header of its merchant."""

    def __init__(self, server: InProcessServer) -> None:
        self.server = server

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """Send a request with the merchant's header."""
        named = {"x-clover-merchant-id": self.server.known.merchant_id} | headers
        return self.server.send(method, path, body, headers=named)

    def send_ok(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must succeed, and return its document."""
        got = self.send(method, path, body)
        assert got.status == 200, got
        return got.json

    def plan(self, **changes: Any) -> str:
        """Create a plan, 9.99 a month, and return its id."""
        body = {"name": "Gold", "amount": 999, "interval": "MONTH", "intervalCount": 1} | changes
        return str(self.send_ok("POST", PLANS, body)["id"])

    def customer(self, pan: str = VISA, **changes: Any) -> str:
        """Save a card and return its customer's id."""
        body = {"email": "jo@example.com", "source": self.server.token(pan)} | changes
        return str(self.send_ok("POST", "/v1/customers", body)["id"])

    def subscribe(self, plan: str = "", customer: str = "", **changes: Any) -> dict[str, Any]:
        """Create a subscription and return it."""
        body = {
            "customerId": customer or self.customer(),
            "collectionMethod": "CHARGE_AUTOMATICALLY",
        } | changes
        return dict(self.send_ok("POST", f"{PLANS}/{plan or self.plan()}/subscriptions", body))

    def read(self, subscription: dict[str, Any]) -> dict[str, Any]:
        """Return the current state of a subscription."""
        return dict(self.send_ok("GET", f"{SUBSCRIPTIONS}/{subscription['id']}"))

    def set_clock(self, to: str | int) -> list[tuple[str, int]]:
        """Set the clock and return the kinds and times of the jobs that ran."""
        to_ms = at(to) if isinstance(to, str) else to
        answer = self.send_ok("PUT", "/_mock/clock", {"set": to_ms})
        return [(each["kind"], each["at_ms"]) for each in answer["fired"]]

    def payment_times(self, to: str | int) -> list[int]:
        """Set the clock and return the times of payment attempts."""
        return [at_ms for kind, at_ms in self.set_clock(to) if kind == "subscription_run"]

    def payments(self, customer: str) -> list[tuple[int, int, str]]:
        """Return time, amount and status of a customer's charges, oldest first."""
        self.send_ok("GET", "/v1/charges?limit=1")  # so that due jobs have run
        return [
            (row.created_ms, row.request.amount, "failed" if row.decline else "succeeded")
            for row in self.sandbox.charges
            if row.customer == customer
        ]

    def notices(self, query: str = "") -> list[dict[str, Any]]:
        """Return notices, oldest first."""
        return list(self.send_ok("GET", f"/_mock/notices?limit=2000&{query}")["data"])
