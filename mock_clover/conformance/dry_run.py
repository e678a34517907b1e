"""Dry run: run every flow against an in-process mock first.

It determines which values vary between two runs of the same code (these are not compared) and which
steps depend on skipped steps.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mock_clover.client import ClientError, Response
from mock_clover.clover.common.hosts import Service
from mock_clover.conformance.run_flow import (
    CONTROL,
    CONTROL_HEADER,
    SERVICES,
    Send,
    Target,
    run_flow,
)
from mock_clover.conformance.variables import CREDENTIALS, ParameterizedFlow
from mock_clover.core.masking import passes_luhn
from mock_clover.reference.examples import endpoint_of
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from mock_clover.server.app.app import App
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog

_SEED = "dry run"
_SERVICES = tuple(dict.fromkeys(("charges", *(service for _, service in SERVICES))))
_WEBHOOK_PATHS = ("/_mock/webhooks", "/_mock/deliveries")
_DIGITS = re.compile(r"[2-9]\d{12,18}")
_ACCOUNT = "depends on other data in the account"
_SETTINGS = re.compile(r"/v3/merchants/[^/]+/(tax_rates|order_types|tenders|properties)(/|$)")


class DryRunResult(NamedTuple):
    """What the dry run found: steps to skip, and paths of variable values by step."""

    skips: dict[int, str]
    variable_paths: dict[int, Collection[str]]


class DryRun:
    """Runs flows in process, with one application and a new sandbox for each run."""

    def __init__(self, keys: KeyRing | None = None) -> None:
        scenario = load("sandbox")
        log = ExchangeLog(None, "none")
        self._app = build(scenario, keys or KeyRing(), seed=_SEED, log=log, setting_overrides={})
        self._cards = {card.number for card in scenario.cards}

    def prepare(self, flow: ParameterizedFlow, target: Target) -> DryRunResult:
        """Return which steps to skip on the target, and which values are variable."""
        skips = self._never_sent(flow)
        variable_paths: dict[int, Collection[str]] = {}
        for step in run_flow(
            flow, self._dry_run_target(flow, CREDENTIALS, is_exclusive=True), self.send, skips, {}
        ):
            if any(each.kind != "value" for each in step.differences):
                skips[step.number] = "its response depends on the date"
            variable_paths[step.number] = {each.path for each in step.differences}
        if not target.is_exclusive:
            skips = self._extension_skips(flow) | skips
        missing = {name for name in CREDENTIALS if name not in target.credentials}
        if skips or missing or not target.is_exclusive:
            skips |= self._dependent_steps(flow, skips, variable_paths, target)
        return DryRunResult(skips, variable_paths)

    def _dependent_steps(
        self,
        flow: ParameterizedFlow,
        skips: dict[int, str],
        variable_paths: Mapping[int, Collection[str]],
        target: Target,
    ) -> dict[int, str]:
        """Return the steps that depend on skipped steps: run without them until no step differs.

        For a shared server, the runs share one sandbox, so later runs find existing rows.
        """
        dependents: dict[int, str] = {}
        own_target = self._dry_run_target(
            flow, target.credentials, is_exclusive=target.is_exclusive
        )
        for count in range(len(flow.requests) + 2):
            why = "depends on a skipped step" if target.is_exclusive or not count else _ACCOUNT
            added = {
                step.number: step.reason if step.state == "skipped" else why
                for step in run_flow(
                    flow, own_target, self.send, skips | dependents, variable_paths
                )
                if step.state in ("skipped", "different") and step.number not in dependents
            }
            dependents |= added
            if not added and count:
                break
            if target.is_exclusive:
                own_target = self._dry_run_target(flow, target.credentials, is_exclusive=True)
        return dependents

    def _dry_run_target(
        self, flow: ParameterizedFlow, names: Collection[str], *, is_exclusive: bool
    ) -> Target:
        target = create_target("http://localhost", self.send, flow.golden.name)
        known = {name: value for name, value in target.credentials.items() if name in names}
        return target._replace(credentials=known, is_exclusive=is_exclusive)

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        """Handle a request in this process."""
        return send_in_process(self._app, method, url, headers, body)

    def _never_sent(self, flow: ParameterizedFlow) -> dict[int, str]:
        """Return the steps that are never sent to any server."""
        skips = {}
        for number, request in enumerate(flow.requests, start=1):
            if request.path.startswith(_WEBHOOK_PATHS):
                skips[number] = "the recorded webhook targets do not exist"
            for digits in _DIGITS.findall(f"{request.path} {request.body}"):
                if passes_luhn(digits) and digits not in self._cards:
                    skips[number] = "its card number is not a listed test card"
        return skips

    @staticmethod
    def _extension_skips(flow: ParameterizedFlow) -> dict[int, str]:
        """Return the steps that only a mock supports, or that would change a shared account."""
        return {
            number: reason
            for number in range(1, len(flow.requests) + 1)
            if (reason := extension_reason(flow, number))
        }


def extension_reason(flow: ParameterizedFlow, number: int) -> str:
    """Return why a step is not sent to a shared server, or ''."""
    example, request = flow.golden.examples[number - 1], flow.requests[number - 1]
    endpoint = endpoint_of(example)
    if request.path.startswith(CONTROL):
        return "uses the control API of mock-clover"
    if endpoint is not None and endpoint.extension:
        return "only mock-clover supports it"
    if example.headers.get("accept", "").startswith("text/html"):
        return "needs a browser and the merchant's consent"
    if "{{access_token}}" in request.body:
        return "the request body contains the access token"
    if request.method != "GET" and _SETTINGS.match(request.path):
        return "it would change the merchant's settings"
    if _has_gift_card(request.body):
        return "needs one of the merchant's gift cards"
    return ""


def _has_gift_card(body: str) -> bool:
    try:
        tree = json.loads(body) if body else None
    except ValueError:
        return False
    card = tree.get("gift_card") if isinstance(tree, dict) else None
    return isinstance(card, dict)


def create_target(base: str, send: Send, name: str, control_token: str | None = None) -> Target:
    """Create a sandbox for a flow on a mock-clover server. Raises ClientError."""
    headers = {CONTROL_HEADER: control_token} if control_token else {}
    headers["content-type"] = "application/json"
    name = f"conformance-{name}"
    created = _control_body(send("PUT", f"{base}{CONTROL}sandboxes/{name}", headers, b"{}"))
    base_url = f"{base}/sandbox/{name}"
    clock = _control_body(send("GET", f"{base_url}{CONTROL}clock", headers, None))
    credentials = {each: str(created[each]) for each in CREDENTIALS}
    return Target(
        same_url_for_all(base_url),
        credentials,
        clock["now_ms"],
        is_exclusive=True,
        control_token=control_token,
    )


def delete_target(base: str, send: Send, name: str, control_token: str | None = None) -> None:
    """Delete the sandbox of a flow. Raises ClientError."""
    headers = {CONTROL_HEADER: control_token} if control_token else {}
    send("DELETE", f"{base}{CONTROL}sandboxes/conformance-{name}", headers, None)


def same_url_for_all(base: str) -> dict[Service, str]:
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


def send_in_process(
    app: App, method: str, url: str, headers: dict[str, str], body: bytes | None
) -> Response:
    """Handle a request with an in-process application."""
    parts = urlsplit(url)
    raw_headers = {
        name.lower().encode(): value.encode("latin-1") for name, value in headers.items()
    }
    reply = app.handle_now(
        *(method, parts.path, parts.query.encode()),
        {b"host": parts.netloc.encode(), **raw_headers},
        body or b"",
    )
    reply_headers = {
        name.decode().lower(): value.decode("latin-1") for name, value in reply.headers
    }
    return Response(
        reply.status, {"content-type": reply.content_type.decode(), **reply_headers}, reply.body
    )
