"""What a test holds of its sandbox: address and credentials, faults, clock, and proof.

Looking leaves no trace: lists are read through `why`, which answers from a copy that is thrown
away, so that no fault befalls it, no rule counts it and no journal has it. Only `card_token` is a
call like any client's.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from mock_clover.testing.clock import Clock
from mock_clover.testing.line import MockCloverError, Transport, ask
from mock_clover.testing.names import fork_name
from mock_clover.testing.report import miss_text

_PAGE_ROWS = 100
_LOOKING = {"x-mock-clover-outcome": "approve", "x-forwarded-for": "127.0.0.1"}


class MockClover:
    """A sandbox: one isolated Clover."""

    def __init__(self, line: Transport, known: dict[str, Any]) -> None:
        self._line = line
        self._path = urlsplit(known["base_url"]).path.rstrip("/")
        self._forks = 0
        self.name: str = known["name"]
        self.url: str = known["base_url"]
        """The base URL for a client."""
        self._take(known)
        self.clock = Clock(self._told)
        self.on_fork: Callable[[MockClover], object] = lambda _: None

    def _take(self, known: dict[str, Any]) -> None:
        """Take credentials."""
        self.merchant_id: str = known["merchant_id"]
        self.client_id: str = known["client_id"]
        self.client_secret: str = known["client_secret"]
        self.access_token: str = known["access_token"]
        self.api_key: str = known["api_key"]

    def __repr__(self) -> str:
        """Show where it is."""
        return f"<{type(self).__name__} {self.url}>"

    @classmethod
    def make(cls, line: Transport, name: str, asked: dict[str, Any]) -> Self:
        """Make the sandbox of this name anew on a server. Raises MockCloverError."""
        return cls(line, ask(line, "PUT", f"/_mock/sandboxes/{name}", asked))

    def merchant(self, name: str) -> "MockClover":
        """Return a further merchant of the scenario, with its own credentials and rows.

        Its `url` names it in the path; its credentials open it at this sandbox's `url` too.
        """
        path = f"/_mock/sandboxes/{self.name}.{name}"
        return MockClover(self._line, ask(self._line, "GET", path))

    def env(self) -> dict[str, str]:
        """Return the variables that `mock-clover env` prints."""
        return {
            "CLOVER_BASE_URL": self.url,
            "CLOVER_MERCHANT_ID": self.merchant_id,
            "CLOVER_CLIENT_ID": self.client_id,
            "CLOVER_CLIENT_SECRET": self.client_secret,
            "CLOVER_ACCESS_TOKEN": self.access_token,
            "CLOVER_API_KEY": self.api_key,
        }

    def card_token(
        self,
        pan: str = "4242424242424242",
        exp: str = "12/30",
        cvv: str = "123",
        *,
        plain: bool = False,
    ) -> str:
        """Make a card token as a client does, the number encrypted unless `plain`.

        It is a call like any other: faults befall it, and the journal has it. Raises
        MockCloverError when the card is refused; `status` and `body` are the refusal.
        """
        month, _, year = exp.partition("/")
        card = {"exp_month": month, "exp_year": year, "cvv": cvv}
        if plain:
            card["number"] = pan
        else:
            from mock_clover.sandbox.keys import encrypt_pan

            if not self._line.blob:
                self._line.blob = self._look("/assets/keys.json")["TA_PUBLIC_KEY_DEV"]
            sealed = encrypt_pan(self._line.blob, pan)
            card |= {"encrypted_pan": sealed, "first6": pan[:6], "last4": pan[-4:]}
        headers = {"apikey": self.api_key}
        return str(self._told("POST", "/v1/tokens", {"card": card}, headers)["id"])

    @property
    def charges(self) -> list[dict[str, Any]]:
        """All charges as `GET /v1/charges` gives them, newest first."""
        return list(self._rows("/v1/charges"))

    @property
    def refunds(self) -> list[dict[str, Any]]:
        """All refunds as `GET /v1/refunds` gives them, newest first."""
        return list(self._rows("/v1/refunds"))

    @property
    def orders(self) -> list[dict[str, Any]]:
        """All orders as `GET /v1/orders` gives them, newest first."""
        return list(self._rows("/v1/orders"))

    def fault(
        self,
        kind: str,
        *,
        endpoint: str | None = None,
        when: str = "before_commit",
        times: int | None = None,
        odds: float | None = None,
        ttl_ms: int | None = None,
        delay_ms: int | None = None,
        jitter_ms: int | None = None,
        problem: str | None = None,
    ) -> dict[str, Any]:
        """Put a fault in force and return it with its id.

        `kind` is delay, problem, drop, hang, truncate, garbage or dribble; with `after_commit` the
        work is done and only the answer suffers.
        """
        asked = {
            "kind": kind,
            "endpoint": endpoint,
            "when": when,
            "times": times,
            "odds": odds,
            "ttl_ms": ttl_ms,
            "delay_ms": delay_ms,
            "jitter_ms": jitter_ms,
            "problem": problem,
        }
        return self._told("POST", "/_mock/faults", _given(asked))

    def clear_faults(self) -> int:
        """Take all faults out of force and return how many there were."""
        return int(self._told("DELETE", "/_mock/faults")["cleared"])

    def scenario(self, scenario: str | Path | dict[str, Any]) -> dict[str, Any]:
        """Put a scenario in force: a shipped one by name, a YAML file, or a document.

        Its data comes to what is there, and its merchants' credentials open the sandbox from now.
        """
        told = self._told("PUT", "/_mock/scenario", document(scenario))
        self._take(ask(self._line, "GET", f"/_mock/sandboxes/{self.name}"))
        return told

    def verify(
        self,
        endpoint: str | None = None,
        *,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        never: bool | None = None,
        match: dict[str, Any] | None = None,
        status: int | None = None,
        in_order: list[str] | None = None,
        within_ms: int = 0,
    ) -> int:
        """Require that calls happened, at least one unless it is said, and return how many did.

        `match` names members of the request, `a.b` for inner ones. Raises AssertionError with the
        nearest misses.
        """
        __tracebackhide__ = True
        asked = _given(
            {
                "endpoint": endpoint,
                "exactly": exactly,
                "at_least": at_least,
                "at_most": at_most,
                "never": never,
                "match": match,
                "status": status,
                "in_order": in_order,
                "within_ms": within_ms,
            }
        )
        try:
            told = self._told("POST", "/_mock/verify", asked, wait_s=within_ms / 1000)
        except MockCloverError as error:
            if error.status != 409 or "verified" not in error.body:
                raise
            told = error.body
        if not told["verified"]:
            raise AssertionError(miss_text(asked, told))
        return int(told["count"])

    def journal(self, **filters: Any) -> list[dict[str, Any]]:
        """Return the newest exchanges, oldest first.

        Filters: endpoint, status, method, path, after (an id), limit; `wait` awaits so many.
        """
        query = f"?{urlencode(_given(filters))}" if filters else ""
        wait_s = float(filters.get("wait_ms", 10_000)) / 1000 if filters.get("wait") else 0.0
        return list(self._told("GET", f"/_mock/journal{query}", wait_s=wait_s)["data"])

    def webhook(self, url: str, **more: Any) -> dict[str, Any]:
        """Have events go to a URL and return the target with its secret.

        `more` are the target's members: kind, secret, events, plan and what else there is. There is
        no handshake unless `handshake=True`.
        """
        asked = {"url": url, "handshake": False} | more
        return self._told("PUT", "/_mock/webhooks", asked)

    def send_webhook(self, **event: Any) -> list[dict[str, Any]]:
        """Send an event that did not happen, and return its deliveries."""
        return list(self._told("POST", "/_mock/webhooks/send", event)["data"])

    def deliveries(self, **filters: Any) -> list[dict[str, Any]]:
        """Return deliveries to webhooks, oldest first; `wait=2` waits for two and their attempts.

        Filters are target, state, about, event, after, limit, wait and wait_ms.
        """
        query = f"?{urlencode(_given(filters))}" if filters else ""
        wait_s = float(filters.get("wait_ms", 10_000)) / 1000 if filters.get("wait") else 0.0
        return list(self._told("GET", f"/_mock/deliveries{query}", wait_s=wait_s)["data"])

    def notices(self, **filters: Any) -> list[dict[str, Any]]:
        """Return what customers with a card on file would have been told, oldest first.

        Filters: kind (card_saved, upcoming_charge, payment_failed, renewed), channel (email, sms),
        customer, subscription, limit.
        """
        query = f"?{urlencode(_given(filters))}" if filters else ""
        return list(self._told("GET", f"/_mock/notices{query}")["data"])

    def checkouts(self, **filters: Any) -> list[dict[str, Any]]:
        """Return the sessions of the hosted checkout, newest first. Filters: state, limit."""
        query = f"?{urlencode(_given(filters))}" if filters else ""
        return list(self._told("GET", f"/_mock/checkouts{query}")["data"])

    def pay_checkout(
        self,
        session: str,
        pan: str = "4242424242424242",
        exp: str = "12/30",
        cvv: str = "123",
        *,
        tip: int | None = None,
    ) -> dict[str, Any]:
        """Pay a session as its customer would: result, charge, location, decline_code, checkout.

        A decline is a result. Raises MockCloverError for a card that is refused, and for a session
        that is paid, cancelled or expired.
        """
        month, _, year = exp.partition("/")
        card = {"number": pan, "exp_month": month, "exp_year": year, "cvv": cvv}
        asked = _given({"card": card, "tip": tip})
        return self._told("POST", f"/_mock/checkouts/{session}/pay", asked)

    def cancel_checkout(self, session: str) -> dict[str, Any]:
        """Cancel a session as its customer would."""
        return self._told("POST", f"/_mock/checkouts/{session}/cancel", {})

    def why(
        self,
        path: str,
        body: Any = None,
        *,
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Explain a request without performing it: which rules were looked at, what would come."""
        method = method or ("GET" if body is None else "POST")
        asked = {"method": method, "path": path, "headers": headers or {}, "body": body}
        return self._told("POST", "/_mock/why", asked)

    def snapshot(self) -> dict[str, Any]:
        """Return all of the sandbox that decides its replies: JSON, without a card number."""
        return self._told("GET", "/_mock/snapshot")

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put the sandbox into the state of a snapshot."""
        self._told("PUT", "/_mock/snapshot", snapshot)

    def fork(self, name: str | None = None) -> "MockClover":
        """Return a sandbox that goes on from this one; each then goes its own way."""
        self._forks += 1
        asked = {"name": name or fork_name(self.name, self._forks)}
        made = MockClover(self._line, self._told("POST", "/_mock/fork", asked))
        made.on_fork = self.on_fork
        self.on_fork(made)
        return made

    def drop(self) -> None:
        """Drop the sandbox; a server that is gone has none."""
        try:
            ask(self._line, "DELETE", f"/_mock/sandboxes/{self.name}")
        except MockCloverError:
            return

    def _rows(self, path: str) -> Iterator[dict[str, Any]]:
        """Turn the pages of a list; each begins with the last row of the one before."""
        cursor = ""
        while True:
            after = f"&starting_after={cursor}" if cursor else ""
            rows = self._look(f"{path}?limit={_PAGE_ROWS}{after}")["data"]
            yield from rows[1:] if cursor else rows
            if len(rows) < _PAGE_ROWS:
                return
            cursor = rows[-1]["id"]

    def _look(self, path: str) -> dict[str, Any]:
        told = self.why(path, headers=_LOOKING)
        if told["status"] != 200:
            raise MockCloverError(f"GET {path}: {told['reply']}", told["status"], told["reply"])
        return dict(told["reply"])

    def _told(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        wait_s: float = 0.0,
    ) -> dict[str, Any]:
        return ask(self._line, method, f"{self._path}{path}", body, headers, wait_s)


def document(scenario: str | Path | dict[str, Any]) -> dict[str, Any]:
    """Return a scenario as the server takes it: a name, or a whole document read from a file.

    Raises mock_clover's ScenarioError for a file that is none.
    """
    if isinstance(scenario, dict):
        return scenario
    if isinstance(scenario, str) and not scenario.endswith((".yaml", ".yml")):
        return {"name": scenario}
    from msgspec import to_builtins

    from mock_clover.scenario.load import load

    return dict(to_builtins(load(str(scenario))))


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}
