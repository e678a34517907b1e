"""Dry run: run every flow against an in-process mock first.

It finds two things. Values that differ between two runs on the same code are variable, so they are
not compared. Steps that differ when other steps are skipped depend on those steps.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mock_clover.client import ClientError, Response
from mock_clover.clover.common.hosts import Service
from mock_clover.conformance.play import (
    CONTROL,
    CONTROL_HEADER,
    SERVICES,
    Send,
    Target,
    play,
)
from mock_clover.conformance.variables import CREDENTIALS, Bound
from mock_clover.core.masking import passes_luhn
from mock_clover.reference.examples import endpoint_of
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from mock_clover.server.app import App
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog

_SEED = "rehearsal"
_SERVICES = tuple(dict.fromkeys(("charges", *(service for _, service in SERVICES))))
_WEBHOOK_PATHS = ("/_mock/webhooks", "/_mock/deliveries")
_DIGITS = re.compile(r"[2-9]\d{12,18}")
_ACCOUNT = "depends on what else the account holds"
_SETTINGS = re.compile(r"/v3/merchants/[^/]+/(tax_rates|order_types|tenders|properties)(/|$)")


class Prepared(NamedTuple):
    """What the dry run found: steps to skip, and paths of variable values by step."""

    skips: dict[int, str]
    loose: dict[int, Collection[str]]


class DryRun:
    """Runs flows in process, with one application and a new sandbox for each run."""

    def __init__(self, keys: KeyRing | None = None) -> None:
        scenario = load("sandbox")
        log = ExchangeLog(None, "none")
        self._app = build(scenario, keys or KeyRing(), seed=_SEED, log=log, setting_overrides={})
        self._cards = {card.number for card in scenario.cards}

    def prepare(self, bound: Bound, target: Target) -> Prepared:
        """Return which steps to skip on the target, and which values are variable."""
        skips = self._unsendable(bound)
        loose: dict[int, Collection[str]] = {}
        for step in play(bound, self._target(bound, CREDENTIALS, alone=True), self.send, skips, {}):
            if any(each.kind != "value" for each in step.differences):
                skips[step.number] = "its response differs from day to day"
            loose[step.number] = {each.path for each in step.differences}
        if not target.alone:
            skips = self._unsuitable(bound) | skips
        missing = {name for name in CREDENTIALS if name not in target.credentials}
        if skips or missing or not target.alone:
            skips |= self._dependents(bound, skips, loose, target)
        return Prepared(skips, loose)

    def _dependents(
        self,
        bound: Bound,
        skips: dict[int, str],
        loose: Mapping[int, Collection[str]],
        target: Target,
    ) -> dict[int, str]:
        """Return the steps that depend on skipped ones: run without these until no more differ.

        For a shared server, the runs share one sandbox, so later runs find existing rows.
        """
        dependents: dict[int, str] = {}
        own = self._target(bound, target.credentials, alone=target.alone)
        for count in range(len(bound.requests) + 2):
            why = "depends on a skipped step" if target.alone or not count else _ACCOUNT
            added = {
                step.number: step.reason if step.state == "skipped" else why
                for step in play(bound, own, self.send, skips | dependents, loose)
                if step.state in ("skipped", "drift") and step.number not in dependents
            }
            dependents |= added
            if not added and count:
                break
            if target.alone:
                own = self._target(bound, target.credentials, alone=True)
        return dependents

    def _target(self, bound: Bound, names: Collection[str], *, alone: bool) -> Target:
        target = fresh_target("http://localhost", self.send, bound.flow.name)
        known = {name: value for name, value in target.credentials.items() if name in names}
        return target._replace(credentials=known, alone=alone)

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        """Handle a request in this process."""
        return inside(self._app, method, url, headers, body)

    def _unsendable(self, bound: Bound) -> dict[int, str]:
        """Return the steps that are never sent to any server."""
        skips = {}
        for number, request in enumerate(bound.requests, start=1):
            if request.path.startswith(_WEBHOOK_PATHS):
                skips[number] = "the webhook targets of the recording do not exist"
            for digits in _DIGITS.findall(f"{request.path} {request.body}"):
                if passes_luhn(digits) and digits not in self._cards:
                    skips[number] = "its card is not a listed test card"
        return skips

    @staticmethod
    def _unsuitable(bound: Bound) -> dict[int, str]:
        """Return the steps that only a mock serves, or that would change a shared account."""
        return {
            number: reason
            for number in range(1, len(bound.requests) + 1)
            if (reason := mock_only_reason(bound, number))
        }


def mock_only_reason(bound: Bound, number: int) -> str:
    """Return why a step is not sent to a shared server, or ''."""
    example, request = bound.flow.examples[number - 1], bound.requests[number - 1]
    endpoint = endpoint_of(example)
    if request.path.startswith(CONTROL):
        return "a control call of mock-clover"
    if endpoint is not None and endpoint.extension:
        return "only mock-clover serves it"
    if example.headers.get("accept", "").startswith("text/html"):
        return "needs a browser and the merchant's consent"
    if "{{access_token}}" in request.body:
        return "it would reveal the access token"
    if request.method != "GET" and _SETTINGS.match(request.path):
        return "it would change the merchant's settings"
    if _has_gift_card(request.body):
        return "needs a gift card of the merchant"
    return ""


def _has_gift_card(body: str) -> bool:
    try:
        tree = json.loads(body) if body else None
    except ValueError:
        return False
    card = tree.get("gift_card") if isinstance(tree, dict) else None
    return isinstance(card, dict)


def fresh_target(base: str, send: Send, name: str, control_token: str | None = None) -> Target:
    """Create a sandbox for a flow on a mock-clover server. Raises ClientError."""
    headers = {CONTROL_HEADER: control_token} if control_token else {}
    headers["content-type"] = "application/json"
    name = f"conformance-{name}"
    created = _control_body(send("PUT", f"{base}{CONTROL}sandboxes/{name}", headers, b"{}"))
    own = f"{base}/sandbox/{name}"
    clock = _control_body(send("GET", f"{own}{CONTROL}clock", headers, None))
    credentials = {each: str(created[each]) for each in CREDENTIALS}
    return Target(
        one_url(own), credentials, clock["now_ms"], alone=True, control_token=control_token
    )


def drop_target(base: str, send: Send, name: str, control_token: str | None = None) -> None:
    """Delete the sandbox of a flow. Raises ClientError."""
    headers = {CONTROL_HEADER: control_token} if control_token else {}
    send("DELETE", f"{base}{CONTROL}sandboxes/conformance-{name}", headers, None)


def one_url(base: str) -> dict[Service, str]:
    """Return the same URL for all services."""
    return dict.fromkeys(_SERVICES, base)


def _control_body(response: Response) -> dict[str, Any]:
    try:
        body = json.loads(response.body)
    except ValueError:
        body = None
    if response.status != 200 or not isinstance(body, dict):
        raise ClientError(f"the control call returned {response.status}")
    return body


def inside(
    app: App, method: str, url: str, headers: dict[str, str], body: bytes | None
) -> Response:
    """Handle a request with an in-process application."""
    parts = urlsplit(url)
    head = {name.lower().encode(): value.encode("latin-1") for name, value in headers.items()}
    reply = app.handle_now(
        *(method, parts.path, parts.query.encode()),
        {b"host": parts.netloc.encode(), **head},
        body or b"",
    )
    reply_headers = {
        name.decode().lower(): value.decode("latin-1") for name, value in reply.headers
    }
    return Response(
        reply.status, {"content-type": reply.content_type.decode(), **reply_headers}, reply.body
    )
