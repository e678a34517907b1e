"""A rehearsal: every flow is first played against a mock of our own, in this process.

It tells two things that no list could. What differs between two runs on the same code is loose: it
says nothing about another server. And what differs once some steps are left out depends on them.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mock_clover.client import Answer, ClientError
from mock_clover.clover.common.hosts import Service
from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.surface import SURFACE
from mock_clover.conformance.flows import Example
from mock_clover.conformance.play import (
    CONTROL,
    CONTROL_HEADER,
    SERVICES,
    Place,
    Send,
    play,
)
from mock_clover.conformance.variables import ENCRYPTED, GIVEN, Bound
from mock_clover.core.masking import passes_luhn
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.router import Router
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from mock_clover.server.app import App
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog

_SEED = "rehearsal"
_PLACES = tuple(dict.fromkeys(("charges", *(service for _, service in SERVICES))))
_NOBODY_LISTENS = ("/_mock/webhooks", "/_mock/deliveries")
_DIGITS = re.compile(r"[2-9]\d{12,18}")
_ACCOUNT = "depends on what else the account holds"
_SETTINGS = re.compile(r"/v3/merchants/[^/]+/(tax_rates|order_types|tenders|properties)(/|$)")
_DISPATCH = Router(SURFACE)


class Prepared(NamedTuple):
    """What is known of a flow before it is played elsewhere."""

    skips: dict[int, str]
    loose: dict[int, Collection[str]]


class DryRun:
    """Plays flows here; makes one application, and a sandbox for each play."""

    def __init__(self, keys: KeyRing | None = None) -> None:
        scenario = load("sandbox")
        log = ExchangeLog(None, "none")
        self._app = build(scenario, keys or KeyRing(), seed=_SEED, log=log, switched={})
        self._cards = {card.number for card in scenario.cards}

    def prepare(self, bound: Bound, place: Place) -> Prepared:
        """Return which steps of a flow to leave out there, and which values are loose."""
        skips = self._unlistened(bound)
        loose: dict[int, Collection[str]] = {}
        for played in play(bound, self._place(bound, GIVEN, alone=True), self.send, skips, {}):
            if any(each.kind != "value" for each in played.differences):
                skips[played.number] = "its reply is another each day"
            loose[played.number] = {each.path for each in played.differences}
        if not place.alone:
            skips = self._foreign(bound) | skips
        lacking = {name for name in GIVEN if name not in place.given}
        if skips or lacking or not place.alone:
            skips |= self._dependents(bound, skips, loose, place)
        return Prepared(skips, loose)

    def left_out(self, bound: Bound, reasons: Callable[[Bound, int], str]) -> dict[int, str]:
        """Return the steps that must be left out for given reasons, and those that need them."""
        numbers = range(1, len(bound.requests) + 1)
        skips = {number: said for number in numbers if (said := reasons(bound, number))}
        place = Place({}, dict.fromkeys(GIVEN, ""), 0, alone=True)
        loose = self.prepare(bound, place).loose
        return skips | self._dependents(bound, skips, loose, place)

    def _dependents(
        self,
        bound: Bound,
        skips: dict[int, str],
        loose: Mapping[int, Collection[str]],
        place: Place,
    ) -> dict[int, str]:
        """Play without them until nothing more is to be left out.

        On a server that others use, every round but the first stands beside what is there already.
        """
        found: dict[int, str] = {}
        own = self._place(bound, place.given, alone=place.alone)
        for count in range(len(bound.requests) + 2):
            why = "depends on a step left out" if place.alone or not count else _ACCOUNT
            grown = {
                played.number: played.reason if played.state == "skipped" else why
                for played in play(bound, own, self.send, skips | found, loose)
                if played.state in ("skipped", "drift") and played.number not in found
            }
            found |= grown
            if not grown and count:
                break
            if place.alone:
                own = self._place(bound, place.given, alone=True)
        return found

    def _place(self, bound: Bound, given: Collection[str], *, alone: bool) -> Place:
        place = fresh_place("http://localhost", self.send, bound.flow.name)
        known = {name: value for name, value in place.given.items() if name in given}
        return place._replace(given=known, alone=alone)

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        """Answer a request in this process."""
        return inside(self._app, method, url, headers, body)

    def _unlistened(self, bound: Bound) -> dict[int, str]:
        """Return the steps that are never sent anywhere."""
        skips = {}
        for number, request in enumerate(bound.requests, start=1):
            if request.path.startswith(_NOBODY_LISTENS):
                skips[number] = "nobody listens to the webhook targets of the recording"
            for digits in _DIGITS.findall(f"{request.path} {request.body}"):
                if passes_luhn(digits) and digits not in self._cards:
                    skips[number] = "its card is no listed test card"
        return skips

    @staticmethod
    def _foreign(bound: Bound) -> dict[int, str]:
        """Return the steps that only a mock can answer, or that would harm an account in use."""
        return {
            number: said
            for number in range(1, len(bound.requests) + 1)
            if (said := only_here(bound, number))
        }


def endpoint_of(example: Example) -> Endpoint | None:
    """Return the operation of an example; None for a control call."""
    try:
        return _DISPATCH.find(example.method, example.path.partition("?")[0])[0]
    except ApiError:
        return None


def only_here(bound: Bound, number: int) -> str:
    """Return why a step is not sent to a Clover that others use, or ''."""
    example, request = bound.flow.examples[number - 1], bound.requests[number - 1]
    endpoint = endpoint_of(example)
    if request.path.startswith(CONTROL):
        return "a control call of mock-clover"
    if endpoint is not None and endpoint.extension:
        return "only mock-clover serves it"
    if example.headers.get("accept", "").startswith("text/html"):
        return "needs a browser and a merchant who agrees"
    if "{{access_token}}" in request.body:
        return "it would give away the access token"
    if request.method != "GET" and _SETTINGS.match(request.path):
        return "it would change the merchant's settings"
    if _has_gift_card(request.body):
        return "needs a gift card of the merchant's own"
    return ""


def not_in_a_collection(bound: Bound, number: int) -> str:
    """Return why a step cannot be written down as a plain request, or ''."""
    request = bound.requests[number - 1]
    if request.path.startswith(CONTROL):
        return "a control call of mock-clover"
    if "{{access_token}}" in request.body:
        return "it would give away the access token"
    return "the card number must be encrypted first" if ENCRYPTED.search(request.body) else ""


def _has_gift_card(body: str) -> bool:
    try:
        tree = json.loads(body) if body else None
    except ValueError:
        return False
    card = tree.get("gift_card") if isinstance(tree, dict) else None
    return isinstance(card, dict)


def fresh_place(base: str, send: Send, name: str, control_token: str | None = None) -> Place:
    """Make a sandbox of its own for a flow on a mock-clover. Raises ClientError."""
    headers = {CONTROL_HEADER: control_token} if control_token else {}
    headers["content-type"] = "application/json"
    name = f"conformance-{name}"
    made = _told(send("PUT", f"{base}{CONTROL}sandboxes/{name}", headers, b"{}"))
    own = f"{base}/sandbox/{name}"
    clock = _told(send("GET", f"{own}{CONTROL}clock", headers, None))
    given = {each: str(made[each]) for each in GIVEN}
    return Place(all_of(own), given, clock["now_ms"], alone=True, control_token=control_token)


def drop_place(base: str, send: Send, name: str, control_token: str | None = None) -> None:
    """Drop the sandbox of a flow. Raises ClientError."""
    headers = {CONTROL_HEADER: control_token} if control_token else {}
    send("DELETE", f"{base}{CONTROL}sandboxes/conformance-{name}", headers, None)


def all_of(base: str) -> dict[Service, str]:
    """Return one address for all services."""
    return dict.fromkeys(_PLACES, base)


def _told(answer: Answer) -> dict[str, Any]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    if answer.status != 200 or not isinstance(told, dict):
        raise ClientError(f"the control call was answered with {answer.status}")
    return told


def inside(app: App, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
    """Send a request to an application in this process."""
    parts = urlsplit(url)
    head = {name.lower().encode(): value.encode("latin-1") for name, value in headers.items()}
    reply = app.reply_to(
        *(method, parts.path, parts.query.encode()),
        {b"host": parts.netloc.encode(), **head},
        body or b"",
    )
    told = {name.decode().lower(): value.decode("latin-1") for name, value in reply.headers}
    return Answer(reply.status, {"content-type": reply.content_type.decode(), **told}, reply.body)
