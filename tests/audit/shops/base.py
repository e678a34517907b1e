"""What the shop is built on: its records on disk, and requests that are repeated safely."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

VISA = "4242424242424242"
TIMEOUT_S = 2.0
ATTEMPTS_MAX = 4


class PaymentError(Exception):
    """A payment was not made, or its result is not known."""


class DeclinedError(PaymentError):
    """The issuer declined the card."""


class UnknownError(PaymentError):
    """No attempt was answered: the payment may have been made."""


class ShopBase:
    """The HTTP client and the records of the shop."""

    attempts_max = ATTEMPTS_MAX
    timeout_s: float | None = TIMEOUT_S

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self.environment = environment
        self.merchant = environment["CLOVER_MERCHANT_ID"]
        self.access_token = environment["CLOVER_ACCESS_TOKEN"]
        self.wait = wait
        self.http = httpx.Client(
            base_url=environment["CLOVER_BASE_URL"],
            timeout=self.timeout_s,
            verify=False,
            trust_env=False,
            headers={"user-agent": "planted-shop/1.0"},
        )
        self.file = folder / "shop.json"
        self.records: dict[str, Any] = (
            json.loads(self.file.read_text())
            if self.file.exists()
            else {"keys": {}, "sales": {}, "events": []}
        )

    # Records -------------------------------------------------------------------------------------

    def save(self) -> None:
        self.file.write_text(json.dumps(self.records))

    def record(self, reference: str, **changes: Any) -> None:
        self.records["sales"].setdefault(reference, {}).update(changes)
        self.save()

    def key(self, action: str) -> str:
        """Return the idempotency key of an action: stored before its first attempt."""
        if action not in self.records["keys"]:
            self.records["keys"][action] = str(uuid.uuid4())
            self.save()
        return str(self.records["keys"][action])

    # Requests ------------------------------------------------------------------------------------

    def headers(self, key: str) -> dict[str, str]:
        headers = {
            "authorization": f"Bearer {self.access_token}",
            "x-clover-merchant-id": self.merchant,
            "x-forwarded-for": "203.0.113.9",
        }
        return headers | ({"idempotency-key": key} if key else {})

    def send(self, method: str, path: str, body: Any = None, *, key: str = "") -> dict[str, Any]:
        """Send a request until it is answered, each time with the same key. Raises PaymentError."""
        why = ""
        for attempt in range(self.attempts_max):
            pause_s = 0.05 * 2**attempt
            try:
                response = self.http.request(method, path, json=body, headers=self.headers(key))
            except httpx.TransportError as error:
                why = f"{type(error).__name__} {error}"
            else:
                if response.status_code < 400:
                    return dict(response.json())
                why = f"{response.status_code} {response.text[:200]}"
                if response.status_code == 402:
                    raise DeclinedError(why)
                if response.status_code < 500 and response.status_code != 429:
                    raise PaymentError(why)
                pause_s = max(pause_s, self.pause_s(response))
            self.wait(pause_s)
        raise UnknownError(why)

    def pause_s(self, response: httpx.Response) -> float:
        return float(response.headers.get("retry-after", 0))

    def token(self, pan: str = VISA) -> str:
        """Create a token, as the shop's page in the browser does."""
        card = {"number": pan, "exp_month": "12", "exp_year": "2049", "cvv": "123"}
        for _ in range(self.attempts_max):
            try:
                response = self.http.post(
                    "/v1/tokens",
                    json={"card": card},
                    headers={"apikey": self.environment["CLOVER_API_KEY"]},
                )
            except httpx.TransportError:
                continue
            if response.status_code == 200:
                return str(response.json()["id"])
            self.wait(max(0.05, self.pause_s(response)))
        raise PaymentError("no token")
