"""A merchant with plans and subscribers, for tests: calls as the recurring service wants them."""

from datetime import datetime
from typing import Any

from mock_clover.sandbox.sandbox import Sandbox
from tests.world import VISA, Answered, World

PLANS, SUBSCRIPTIONS = "/recurring/v1/plans", "/recurring/v1/subscriptions"
DAY_MS = 86_400_000


def at(text: str) -> int:
    """Return a moment in milliseconds, as `2025-01-31T00:00:00+00:00`."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class Subscribing:
    """A world, asked in the name of its merchant."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def sandbox(self) -> Sandbox:
        return self.world.sandbox

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answered:
        """Make a call with the merchant's header."""
        named = {"x-clover-merchant-id": self.world.known.merchant_id} | headers
        return self.world.send(method, path, body, headers=named)

    def made(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call that must succeed, and return its document."""
        got = self.ask(method, path, body)
        assert got.status == 200, got
        return got.json

    def plan(self, **changes: Any) -> str:
        """Make a plan, 9.99 a month, and return its id."""
        asked = {"name": "Gold", "amount": 999, "interval": "MONTH", "intervalCount": 1} | changes
        return str(self.made("POST", PLANS, asked)["id"])

    def customer(self, pan: str = VISA, **changes: Any) -> str:
        """Save a card and return its customer's id."""
        asked = {"email": "jo@example.com", "source": self.world.token(pan)} | changes
        return str(self.made("POST", "/v1/customers", asked)["id"])

    def subscribe(self, plan: str = "", customer: str = "", **changes: Any) -> dict[str, Any]:
        """Subscribe somebody to something and return the subscription."""
        asked = {
            "customerId": customer or self.customer(),
            "collectionMethod": "CHARGE_AUTOMATICALLY",
        } | changes
        return dict(self.made("POST", f"{PLANS}/{plan or self.plan()}/subscriptions", asked))

    def read(self, subscription: dict[str, Any]) -> dict[str, Any]:
        """Return a subscription as it is now."""
        return dict(self.made("GET", f"{SUBSCRIPTIONS}/{subscription['id']}"))

    def go(self, to: str | int) -> list[tuple[str, int]]:
        """Set the clock and return the kinds and times of what happened."""
        to_ms = at(to) if isinstance(to, str) else to
        answer = self.made("PUT", "/_mock/clock", {"set": to_ms})
        return [(each["kind"], each["at_ms"]) for each in answer["fired"]]

    def runs(self, to: str | int) -> list[int]:
        """Set the clock and return when payments were tried."""
        return [at_ms for kind, at_ms in self.go(to) if kind == "subscription_run"]

    def payments(self, customer: str) -> list[tuple[int, int, str]]:
        """Return time, amount and status of a customer's charges, oldest first."""
        self.made("GET", "/v1/charges?limit=1")  # so that what is due has happened
        return [
            (row.created_ms, row.request.amount, "failed" if row.decline else "succeeded")
            for row in self.sandbox.charges
            if row.customer == customer
        ]

    def notices(self, query: str = "") -> list[dict[str, Any]]:
        """Return notices, oldest first."""
        return list(self.made("GET", f"/_mock/notices?limit=2000&{query}")["data"])
