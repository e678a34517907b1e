"""The test API of a sandbox: URL, credentials, faults, clock and verification.

Reading has no side effects: lists are read through `why`, which runs on a temporary copy. Faults,
the counters of rules and the journal are not affected. Only `card_token` sends a real client
request.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from mock_clover.sandbox.clock import elapsed_ns, started_ns
from mock_clover.sandbox.keys import can_encrypt, encrypted_card
from mock_clover.testing.calls import WAIT_MS, missed_text, valid_wait_ms, without_none
from mock_clover.testing.events import EventCalls
from mock_clover.testing.names import fork_name
from mock_clover.testing.report import exchange_line, verification_failure
from mock_clover.testing.transport import MockCloverError, Transport, request_json

if TYPE_CHECKING:
    from mock_clover.sandbox.exchange import ExchangeOutcome
    from mock_clover.scenario.records_fault import FaultKind, FaultPhase

__tracebackhide__ = True
"""pytest shows the line of the test, not of this module."""

_LATE_MS_MAX = 1_000
_PAGE_ROWS = 100
_READ_HEADERS = {"x-mock-clover-outcome": "approve", "x-forwarded-for": "127.0.0.1"}


class MockClover(EventCalls):
    """A sandbox: an isolated mock of Clover."""

    def __init__(self, transport: Transport, info: dict[str, Any]) -> None:
        super().__init__(transport, info["base_url"])
        self._forks = 0
        self.name: str = info["name"]
        self.url: str = info["base_url"]
        """Base URL for clients."""
        self._set_credentials(info)
        self.on_fork: Callable[[MockClover], object] = lambda _: None

    def _set_credentials(self, info: dict[str, Any]) -> None:
        self.merchant_id: str = info["merchant_id"]
        self.client_id: str = info["client_id"]
        self.client_secret: str = info["client_secret"]
        self.access_token: str = info["access_token"]
        self.api_key: str = info["api_key"]

    def __repr__(self) -> str:
        """Return a repr with the base URL."""
        return f"<{type(self).__name__} {self.url}>"

    @classmethod
    def create(cls, transport: Transport, name: str, settings: dict[str, Any]) -> Self:
        """Create or recreate a sandbox on a server. Raises MockCloverError."""
        path = f"/_mock/sandboxes/{name}"
        answer = request_json(transport, "PUT", path, settings)
        try:
            return cls(transport, answer)
        except (LookupError, TypeError, ValueError):
            message = f"the response to PUT {path} is not that of mock-clover; check the URL"
            raise MockCloverError(message) from None

    def merchant(self, name: str) -> "MockClover":
        """Return another merchant of the scenario, with its own credentials and rows.

        Its `url` has its name in the path. Its credentials also work at this sandbox's `url`.
        """
        path = f"/_mock/sandboxes/{self.name}.{name}"
        return MockClover(self.transport, request_json(self.transport, "GET", path))

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
        exp: str | None = None,
        cvv: str = "123",
        *,
        plain: bool = False,
    ) -> str:
        """Create a card token like a real client, with the PAN encrypted unless `plain`.

        The card expires (`exp`, MM/YY) in four years of the sandbox's clock by default. The request
        is a regular one: faults apply and it is in the journal. Raises MockCloverError if the card
        is rejected, with the `status` and `body` of the response.
        """
        if not isinstance(pan, str):  # the text of another error could show the number
            raise TypeError("pan must be a str of digits")
        month, year = self._expiry(exp)
        card = {"exp_month": month, "exp_year": year, "cvv": cvv}
        if plain or not can_encrypt(pan):
            card["number"] = pan
        else:
            if not self.transport.blob:
                self.transport.blob = self._get_unrecorded("/assets/keys.json")["TA_PUBLIC_KEY_DEV"]
            card |= encrypted_card(self.transport.blob, pan)
        headers = {"apikey": self.api_key}
        try:
            return str(self._request("POST", "/v1/tokens", {"card": card}, headers)["id"])
        except MockCloverError as error:
            newest = [] if error.status else self.journal(endpoint="create_token", limit=1)
            if not (newest and newest[0].get("fault")):
                raise
            raise MockCloverError(
                f"{error}: the fault `{newest[0]['fault']}` applied to this request; give it an "
                "endpoint, such as create_charge, or create the token first"
            ) from None

    @property
    def charges(self) -> list[dict[str, Any]]:
        """All charges as in `GET /v1/charges`, newest first."""
        return list(self._list_all("/v1/charges"))

    @property
    def refunds(self) -> list[dict[str, Any]]:
        """All refunds as in `GET /v1/refunds`, newest first."""
        return list(self._list_all("/v1/refunds"))

    @property
    def orders(self) -> list[dict[str, Any]]:
        """All orders as in `GET /v1/orders`, newest first."""
        return list(self._list_all("/v1/orders"))

    def fault(
        self,
        kind: "FaultKind",
        *,
        endpoint: str | None = None,
        when: "FaultPhase" = "before_commit",
        times: int | None = None,
        nth: int | None = None,
        odds: float | None = None,
        ttl_ms: int | None = None,
        delay_ms: int | None = None,
        jitter_ms: int | None = None,
        problem: str | None = None,
        status: int | None = None,
        body: Any = None,
        content_type: str | None = None,
    ) -> dict[str, Any]:
        """Add a fault and return it with its id.

        `kind` is delay, problem, drop, hang, truncate, garbage or dribble. A problem is the name of
        an error, or any status with a body. With `after_commit`, the
        request is processed and only the response fails.
        """
        fault = {
            "kind": kind,
            "endpoint": endpoint,
            "when": when,
            "times": times,
            "nth": nth,
            "odds": odds,
            "ttl_ms": ttl_ms,
            "delay_ms": delay_ms,
            "jitter_ms": jitter_ms,
            "problem": problem,
            "status": status,
            "body": body,
            "content_type": content_type,
        }
        return self._request("POST", "/_mock/faults", without_none(fault))

    def next(
        self,
        outcome: str | None = None,
        *,
        fault: str | None = None,
        endpoint: str | None = None,
        times: int | None = None,
    ) -> dict[str, Any]:
        """Set the outcome of the next charge, order payment or capture; return it with its id.

        `outcome` is card_declined/insufficient_funds, approve/500 (a partial approval), the name
        of an error, or threeds/challenge. `fault` is a text such as `drop after_commit`. Raises
        MockCloverError for an unknown name.
        """
        armed = {"outcome": outcome, "fault": fault, "endpoint": endpoint, "times": times}
        return self._request("POST", "/_mock/next", without_none(armed))

    def clear_next(self) -> int:
        """Remove what `next` has set, unless it was used, and return its number."""
        return int(self._request("DELETE", "/_mock/next")["cleared"])

    def clear_faults(self) -> int:
        """Remove all faults and return their number."""
        return int(self._request("DELETE", "/_mock/faults")["cleared"])

    def unused_faults(self) -> list[dict[str, Any]]:
        """Return the active faults that have not applied to any request."""
        return [each for each in self._read("faults", {}) if not each.get("used")]

    def scenario(self, scenario: str | Path | dict[str, Any]) -> dict[str, Any]:
        """Apply a scenario: the name of a built-in one, a YAML file, or a document.

        Its data is added to the existing rows, and its merchants' credentials become valid.
        """
        applied = self._request("PUT", "/_mock/scenario", scenario_body(scenario))
        self._set_credentials(request_json(self.transport, "GET", f"/_mock/sandboxes/{self.name}"))
        return applied

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
        """Assert that requests were made (default: at least one) and return their number.

        By default it does not wait: `within_ms` is 0. If it waited in vain, it waits as long again,
        at most a second, to say how late the requests were.
        `match` maps request fields, `a.b` for nested ones, to expected values. Raises
        AssertionError with the closest requests.
        """
        query = without_none(
            {
                "endpoint": endpoint,
                "exactly": exactly,
                "at_least": at_least,
                "at_most": at_most,
                "never": never,
                "match": match,
                "status": status,
                "in_order": in_order,
            }
        )
        result = self._verified(query, within_ms)
        if not result["verified"]:
            waited_ms = valid_wait_ms(within_ms)
            late = self._lateness(query, waited_ms) if waited_ms else ""
            raise AssertionError(f"{verification_failure(query, result)}{late}")
        return int(result["count"])

    def _verified(self, query: dict[str, Any], within_ms: int) -> dict[str, Any]:
        """Return the result of a verification."""
        try:
            body = query | {"within_ms": within_ms}
            answer = self._request("POST", "/_mock/verify", body, wait_ms=within_ms)
        except MockCloverError as error:
            if error.status != 409 or "verified" not in error.body:
                raise
            answer = error.body
        return dict(answer)

    def _lateness(self, query: dict[str, Any], within_ms: int) -> str:
        """Wait for requests that did not come in time; return how late they were, or ''."""
        started = started_ns()
        if self._verified(query, min(within_ms, _LATE_MS_MAX))["verified"]:
            late_ms = elapsed_ns(started) // 1_000_000
            return f"\n  it succeeded {late_ms} ms after within_ms={within_ms} had passed"
        return ""

    def journal(
        self,
        *,
        endpoint: str | None = None,
        status: int | None = None,
        outcome: "ExchangeOutcome | None" = None,
        unserved: bool | None = None,
        method: str | None = None,
        path: str | None = None,
        after: int = 0,
        limit: int = 100,
        wait: int = 0,
        wait_ms: int = WAIT_MS,
    ) -> list[dict[str, Any]]:
        """Return the newest journal entries that match, oldest first.

        `wait=2` waits for two, at most `wait_ms`. Raises AssertionError if fewer come.
        """
        filters = {
            "endpoint": endpoint,
            "status": status,
            "outcome": outcome,
            "unserved": unserved and "true",
            "method": method,
            "path": path,
            "after": after or None,
        }
        entries = self._read("journal", filters, limit=max(limit, wait), wait=wait, wait_ms=wait_ms)
        if len(entries) < wait:
            came = [exchange_line(each) for each in self.journal(after=after)]
            raise AssertionError(missed_text(wait, "requests", filters, len(entries), came))
        return entries

    def audit(self, *, ignore: Iterable[str] = ()) -> dict[str, Any]:
        """Return the mistakes of the integration that the journal shows, in `findings`.

        `ignore`: ids or names of rules; docs/audit.md lists them.
        """
        return self._request("GET", f"/_mock/audit?{urlencode({'ignore': ','.join(ignore)})}")

    def why(
        self,
        path: str,
        body: Any = None,
        *,
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Explain a request without side effects: the rules checked and its response."""
        method = method or ("GET" if body is None else "POST")
        request = {"method": method, "path": path, "headers": headers or {}, "body": body}
        return self._request("POST", "/_mock/why", request)

    def snapshot(self) -> dict[str, Any]:
        """Return the state of the sandbox as JSON, without card numbers."""
        return self._request("GET", "/_mock/snapshot")

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Restore the state of a snapshot."""
        self._request("PUT", "/_mock/snapshot", snapshot)

    def capsule(self) -> dict[str, Any]:
        """Return all that `mock-clover replay` needs to repeat what happened in the sandbox."""
        return self._request("POST", "/_mock/capsule")

    def fork(self, name: str | None = None) -> "MockClover":
        """Return a copy of the sandbox that is independent of this one."""
        self._forks += 1
        body = {"name": name or fork_name(self.name, self._forks)}
        fork = MockClover(self.transport, self._request("POST", "/_mock/fork", body))
        fork.on_fork = self.on_fork
        self.on_fork(fork)
        return fork

    def drop(self) -> None:
        """Delete the sandbox. Does nothing if the server has stopped."""
        try:
            request_json(self.transport, "DELETE", f"/_mock/sandboxes/{self.name}")
        except MockCloverError:
            return

    def _list_all(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of all pages. A page starts with the last row of the previous one."""
        cursor = ""
        while True:
            after = f"&starting_after={cursor}" if cursor else ""
            rows = self._get_unrecorded(f"{path}?limit={_PAGE_ROWS}{after}")["data"]
            yield from rows[1:] if cursor else rows
            if len(rows) < _PAGE_ROWS:
                return
            cursor = rows[-1]["id"]

    def _get_unrecorded(self, path: str) -> dict[str, Any]:
        result = self.why(path, headers=_READ_HEADERS)
        status, reply = result["status"], result["reply"]
        if status != 200:
            raise MockCloverError(f"GET {path}: {reply}", status, reply)
        return dict(reply)


def scenario_body(scenario: str | Path | dict[str, Any]) -> dict[str, Any]:
    """Return a scenario as a request body of the control API: a name, or the document of a file.

    Raises ScenarioError for an invalid file.
    """
    if isinstance(scenario, dict):
        return scenario
    if isinstance(scenario, str) and not scenario.endswith((".yaml", ".yml")):
        return {"name": scenario}
    from msgspec import to_builtins

    from mock_clover.scenario.load import load

    return dict(to_builtins(load(str(scenario))))


def sandbox_settings(
    scenario: str | Path | dict[str, Any] | None, seed: str | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the body of a request that creates a sandbox. Raises ScenarioError."""
    body = without_none({"seed": seed, **settings})
    if scenario is not None:
        document = scenario_body(scenario)
        body["scenario"] = document["name"] if document.keys() == {"name"} else document
    return body
