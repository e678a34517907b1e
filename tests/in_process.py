"""A server in process, without HTTP, on a frozen clock."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from mock_clover.clover.common.problems import Problem
from mock_clover.control.surface import CONTROL_ENDPOINTS, server_endpoints
from mock_clover.core.steps import Work, finish
from mock_clover.engine.endpoint import Endpoint, RawRequest
from mock_clover.engine.errors import errors_of
from mock_clover.engine.overrides import Override
from mock_clover.engine.reply import Reply
from mock_clover.engine.scheduler import due_jobs
from mock_clover.sandbox.clock import ManualClock
from mock_clover.sandbox.keys import KeyRing, encrypt_pan
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.load import load
from mock_clover.scenario.records import Scenario
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog
from tests import behaviour_tests

SEED = "tests"
NOW_MS = 1_748_341_370_775  # 2025-05-27, the day of the card-on-file page's samples
VISA, DECLINED_CARD, AVS = "4242424242424242", "4005571702222222", "4761530001111126"
KEYS, SCENARIO = KeyRing(), load("sandbox")
"""What servers in process use by default; the keys are generated once."""


class Response(NamedTuple):
    """A response as a client sees it."""

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
ERRORS_OF_SETTINGS = {
    *("FORWARDED_FOR_MISSING", "PATH_NOT_FOUND", "UNKNOWN_PARAMETER"),  # under --strict
    *("PARAMETER_MISSING", "USER_AGENT_MISSING"),
    *("RATE_LIMITED", "UNKNOWN_OUTCOME"),
}
"""Errors that settings and overrides add to every endpoint."""
DECLARED: dict[str, set[str]] = {}
"""A cache of the names of the errors that each endpoint declares."""


def check_declared(reply: Reply) -> None:
    """Fail when a response is an error that its endpoint does not declare."""
    endpoint = next((each for each in reply.basis if isinstance(each, Endpoint)), None)
    problem = next((each for each in reply.basis if isinstance(each, Problem)), None)
    if problem is not None and problem.name in ("INVALID_REQUEST", "CHECKOUT_INVALID"):
        assert f"{problem.name} ({problem.evidence.level}: " not in reply.why, (
            f"{reply.why}: name the member, its value and the rule, with rule=... of error()"
        )
    if endpoint is None or problem is None or problem.name in ERRORS_OF_SETTINGS:
        return
    if any(isinstance(each, Override) for each in reply.basis):
        return
    if endpoint.name not in DECLARED:
        DECLARED[endpoint.name] = {each.name for each in errors_of(endpoint)}
    assert problem.name in DECLARED[endpoint.name], (
        f"{endpoint.name} raised {problem.name} without declaring it: add it to the errors of "
        "its Endpoint, or to engine/errors.py if it follows from another field"
    )


class InProcessServer:
    """A server in process, without HTTP, on a manual clock."""

    def __init__(
        self, keys: KeyRing = KEYS, scenario: Scenario = SCENARIO, **switched: Any
    ) -> None:
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
        """Replace the sandbox by a copy of another server's sandbox."""
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
    ) -> Response:
        """Send one request with the sandbox's credentials and return the response."""
        path, _, query = path.partition("?")
        sent = {"host": "localhost:4242"}
        if auth:
            sent |= {"authorization": f"Bearer {self.known.access_token}"}
            sent |= {"apikey": self.known.api_key}
        sent |= headers or {}
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        is_overridden = self.sandbox.has_overrides() or OVERRIDES & {name.lower() for name in sent}
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
        if isinstance(reply, Work):
            reply = finish(reply.steps)
        assert isinstance(reply, Reply), "the request is delayed"
        behaviour_tests.record(reply.basis)
        if not is_overridden:
            check_declared(reply)
        received = {name.decode(): value.decode("latin-1") for name, value in reply.headers}
        return Response(
            reply.status,
            reply.body,
            reply.why,
            reply.content_type.decode(),
            received,
            reply.evidence,
        )

    def run_due_jobs(self) -> None:
        """Run the jobs of the sandbox that are due."""
        finish(due_jobs(self.sandbox))

    def card(self, pan: str = VISA, **changes: Any) -> dict[str, Any]:
        """Return the body of a plain token request."""
        card = {"number": pan, "exp_month": "12", "exp_year": "2030", "cvv": "123"} | changes
        return {"card": {name: value for name, value in card.items() if value is not None}}

    def encrypted(self, pan: str = VISA, **changes: Any) -> dict[str, Any]:
        """Return the body of an encrypted token request."""
        encrypted = encrypt_pan(self.keys.public_blob(), pan)
        members = {"number": None, "encrypted_pan": encrypted, "first6": pan[:6], "last4": pan[-4:]}
        return self.card(pan, **(members | changes))

    def token(self, pan: str = VISA, **changes: Any) -> str:
        """Create a token and return its id."""
        response = self.send("POST", "/v1/tokens", self.card(pan, **changes))
        assert response.status == 200, response
        return str(response.json["id"])

    def charge(self, **changes: Any) -> dict[str, Any]:
        """Create a charge that succeeds and return it."""
        body = {"amount": 1800, "currency": "usd"} | changes
        body.setdefault("source", self.token())
        response = self.send("POST", "/v1/charges", body)
        assert response.status == 200, response
        return dict(response.json)

    def customer(self, pan: str = VISA) -> dict[str, Any]:
        """Save a card and return its customer."""
        body = {"email": "jo@example.com", "source": self.token(pan)}
        response = self.send("POST", "/v1/customers", body)
        assert response.status == 200, response
        return dict(response.json)

    def order(self, *amounts: int) -> dict[str, Any]:
        """Create an order with one item for each amount and return it."""
        items = [{"amount": amount, "quantity": 1} for amount in amounts]
        response = self.send("POST", "/v1/orders", {"currency": "usd", "items": items})
        assert response.status == 200, response
        return dict(response.json)


CONTROL = (
    *CONTROL_ENDPOINTS,
    *server_endpoints(InProcessServer().sandboxes, may_open_dashboard=lambda _: True),
)
"""The control endpoints, for reading only: they are bound to the sandboxes of another server."""

MakeServer = Callable[..., InProcessServer]
"""The fixture `make_server`: its arguments are a scenario and settings."""
Way = Callable[[InProcessServer, str, str, dict[str, str], bytes], Response]
"""A function that sends a request to a server."""
