"""A world for a test: one server in process, without HTTP, on a clock that stands still."""

import json
from typing import Any, NamedTuple

from mock_clover.clover.common.problems import Problem
from mock_clover.control.surface import all_control_endpoints
from mock_clover.engine.endpoint import Endpoint, RawRequest
from mock_clover.engine.errors import errors_of
from mock_clover.engine.overrides import Override
from mock_clover.engine.reply import Reply
from mock_clover.sandbox.clock import ManualClock
from mock_clover.sandbox.keys import KeyRing, encrypt_pan
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.load import load
from mock_clover.scenario.records import Scenario
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog
from tests import shown

SEED = "tests"
NOW_MS = 1_748_341_370_775  # 2025-05-27, the day of the card-on-file page's samples
VISA, DECLINES, AVS = "4242424242424242", "4005571702222222", "4761530001111126"


class Answered(NamedTuple):
    """A reply as a client sees it."""

    status: int
    body: bytes
    why: str
    content_type: str
    headers: dict[str, str]
    evidence: str | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


OVERRIDES = {"x-mock-clover-outcome", "x-mock-clover-fault"}
"""Headers that ask for an error, whatever the endpoint declares."""
OF_SETTINGS = {
    *("FORWARDED_FOR_MISSING", "PATH_NOT_FOUND", "UNKNOWN_PARAMETER"),  # under --strict
    *("RATE_LIMITED", "UNKNOWN_OUTCOME"),
}
"""Errors that settings and overrides add to every endpoint."""
DECLARED: dict[str, set[str]] = {}
"""The names of the errors that each endpoint declares, as far as they were needed."""


def check_declared(reply: Reply) -> None:
    """Fail when a reply is an error that its endpoint does not declare."""
    endpoint = next((each for each in reply.basis if isinstance(each, Endpoint)), None)
    problem = next((each for each in reply.basis if isinstance(each, Problem)), None)
    if endpoint is None or problem is None or problem.name in OF_SETTINGS:
        return
    if any(isinstance(each, Override) for each in reply.basis):
        return
    if endpoint.name not in DECLARED:
        DECLARED[endpoint.name] = {each.name for each in errors_of(endpoint)}
    assert problem.name in DECLARED[endpoint.name], (
        f"{endpoint.name} raised {problem.name} without declaring it: add it to the errors of "
        "its Endpoint, or to engine/errors.py if it follows from another field"
    )


class World:
    """One server in process, without HTTP: requests in, replies out, on a manual clock."""

    def __init__(self, keys: KeyRing, scenario: Scenario, **switched: Any) -> None:
        self.clock = ManualClock(NOW_MS)
        self.keys = keys
        self.app = build(
            scenario,
            keys,
            seed=SEED,
            log=ExchangeLog(None, "none"),
            setting_overrides=switched,
            make_clock=lambda: self.clock,
        )
        self.sandboxes = self.app.sandboxes
        self._sandbox = self.sandboxes.default
        self.known = self.sandbox.credentials

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that answers requests; a restored snapshot replaces it."""
        return self.sandboxes.current_version_of(self._sandbox)

    @sandbox.setter
    def sandbox(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def copy(self, sandbox: Sandbox) -> None:
        """Continue with a copy of a sandbox of another world."""
        copied = sandbox.fork(self.sandbox.name, self.known)
        self.sandboxes.replace(self.sandbox, copied)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        auth: bool = True,
    ) -> Answered:
        """Send one request with the sandbox's credentials and return the reply."""
        path, _, query = path.partition("?")
        sent = {"host": "localhost:4242"}
        if auth:
            sent |= {"authorization": f"Bearer {self.known.access_token}"}
            sent |= {"apikey": self.known.api_key}
        sent |= headers or {}
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        is_overridden = self.sandbox.has_overrides or OVERRIDES & {name.lower() for name in sent}
        reply, _ = self.app.handle_in_sandbox(
            self.sandbox,
            RawRequest(
                method=method,
                path=path,
                ids=(),
                query=query.encode(),
                headers={
                    name.lower().encode(): value.encode("latin-1") for name, value in sent.items()
                },
                body=data,
            ),
        )
        shown.record(reply.basis)
        if not is_overridden:
            check_declared(reply)
        told = {name.decode(): value.decode("latin-1") for name, value in reply.headers}
        return Answered(
            reply.status, reply.body, reply.why, reply.content_type.decode(), told, reply.evidence
        )

    def card(self, pan: str = VISA, **changes: Any) -> dict[str, Any]:
        """Return the body of a plain token request."""
        card = {"number": pan, "exp_month": "12", "exp_year": "2030", "cvv": "123"} | changes
        return {"card": {name: value for name, value in card.items() if value is not None}}

    def encrypted(self, pan: str = VISA, **changes: Any) -> dict[str, Any]:
        """Return the body of an encrypted token request."""
        sealed = encrypt_pan(self.keys.public_blob(), pan)
        hidden = {"number": None, "encrypted_pan": sealed, "first6": pan[:6], "last4": pan[-4:]}
        return self.card(pan, **(hidden | changes))

    def token(self, pan: str = VISA, **changes: Any) -> str:
        """Make a token and return its id."""
        made = self.send("POST", "/v1/tokens", self.card(pan, **changes))
        assert made.status == 200, made
        return str(made.json["id"])

    def charge(self, **changes: Any) -> dict[str, Any]:
        """Make a charge that succeeds and return it."""
        asked = {"amount": 1800, "currency": "usd"} | changes
        asked.setdefault("source", self.token())
        made = self.send("POST", "/v1/charges", asked)
        assert made.status == 200, made
        return dict(made.json)

    def customer(self, pan: str = VISA) -> dict[str, Any]:
        """Save a card and return its customer."""
        asked = {"email": "jo@example.com", "source": self.token(pan)}
        made = self.send("POST", "/v1/customers", asked)
        assert made.status == 200, made
        return dict(made.json)

    def order(self, *amounts: int) -> dict[str, Any]:
        """Make an order of items and return it."""
        items = [{"amount": amount, "quantity": 1} for amount in amounts]
        made = self.send("POST", "/v1/orders", {"currency": "usd", "items": items})
        assert made.status == 200, made
        return dict(made.json)


CONTROL = all_control_endpoints(World(KeyRing(), load("sandbox")).sandboxes)
"""The control surface, to read; those of a world are bound to its own sandboxes."""
