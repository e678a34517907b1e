"""Sandboxes as things to make, copy and drop: each test takes a fresh one."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from mock_clover.clover.checkout.records_settings import CheckoutSettings
from mock_clover.clover.common.claims import ALLOWABLE_NAMES
from mock_clover.clover.common.permissions import Permission
from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.oauth.records import Consent
from mock_clover.control.endpoint import OURS, ControlRecord, control, unknown
from mock_clover.control.scenario import asked_scenario, made_of_scenario
from mock_clover.core.evidence import END, doc
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, home_of
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import NAME_CHARS_MAX, Sandboxes
from mock_clover.scenario.records import Dialect

NAME = f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{NAME_CHARS_MAX - 1}}}{END}"

SWITCHES = (
    *("dialect", "strict", "refuse_inferred", "allow_inferred"),
    *("listed_cards_only", "permissions", "consent", "checkout"),
)
"""Settings that a sandbox may be made with."""


class SandboxRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `PUT /_mock/sandboxes/{name}`."""

    scenario: Annotated[
        str | dict[str, Any] | None,
        doc("Name of a shipped scenario, or a whole scenario document.", OURS),
    ] = None
    dialect: Annotated[Dialect | None, doc("How errors are worded.", OURS)] = None
    seed: Annotated[str | None, doc("Ids follow from it.", OURS)] = None
    strict: Annotated[bool | None, doc("Refuse what Clover refuses.", OURS)] = None
    refuse_inferred: Annotated[bool | None, doc("Refuse what is inferred.", OURS)] = None
    allow_inferred: (
        Annotated[tuple[str, ...], doc("What may be so all the same.", OURS, max_length=1_000)]
        | None
    ) = None
    listed_cards_only: Annotated[bool | None, doc("Refuse unlisted numbers.", OURS)] = None
    permissions: Annotated[
        tuple[Permission, ...] | None, doc("What the merchant allows the app.", OURS)
    ] = None
    consent: Annotated[Consent | None, doc("Whether the merchant is asked.", OURS)] = None
    checkout: Annotated[CheckoutSettings | None, doc("Of the hosted checkout.", OURS)] = None


class SandboxAnswer(Record, frozen=True, kw_only=True):
    """A sandbox: where it is, and what opens it."""

    name: str
    base_url: str
    scenario: str
    merchant_id: str
    client_id: str
    client_secret: str
    access_token: str
    api_key: str
    merchants: "tuple[SandboxAnswer, ...]" = ()
    """Further merchants at the same address, each opened by its own credentials."""


class SandboxList(Record, frozen=True, kw_only=True):
    """All sandboxes, in the order of their making."""

    data: tuple[SandboxAnswer, ...]


class Dropped(Record, frozen=True, kw_only=True):
    """A sandbox that is no more."""

    dropped: str


class ForkRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/fork`."""

    name: Annotated[str, doc("Of the new sandbox.", OURS, pattern=NAME)]


def shown(sandbox: Sandbox, call: Call[Any, Any]) -> SandboxAnswer:
    """Show a sandbox, and the merchants beside it."""
    base = home_of(sandbox, call)
    return _shown(sandbox, base, tuple(_shown(each, base) for each in sandbox.merchants))


def _shown(sandbox: Sandbox, base: str, merchants: tuple[SandboxAnswer, ...] = ()) -> SandboxAnswer:
    known = sandbox.credentials
    return SandboxAnswer(
        name=sandbox.name,
        base_url=base,
        scenario=sandbox.rules.scenario.name,
        merchant_id=known.merchant_id,
        client_id=known.client_id,
        client_secret=known.client_secret,
        access_token=known.access_token,
        api_key=known.api_key,
        merchants=merchants,
    )


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints over all sandboxes of a server."""

    def put_sandbox(_: Sandbox, call: Call[SandboxRequest, None]) -> SandboxAnswer:
        """Make a sandbox anew; one of the same name goes."""
        asked, name = call.body, call.ids[0]
        if not re.search(NAME, name):
            raise CONTROL_INVALID.error(
                said="name: give letters, digits, dots and dashes, up to 64"
            )
        switched = {
            field: value for field in SWITCHES if (value := getattr(asked, field)) is not None
        }
        for claim in asked.allow_inferred or ():
            if claim not in ALLOWABLE_NAMES:
                raise CONTROL_INVALID.error(
                    said=f"allow_inferred: {unknown(claim, ALLOWABLE_NAMES)}"
                )
        scenario = None if asked.scenario is None else asked_scenario(asked.scenario)
        with made_of_scenario():
            made = sandboxes.make(name, scenario, switched, asked.seed)
        return shown(made, call)

    def get_sandbox(_: Sandbox, call: Call[None, None]) -> SandboxAnswer:
        """Return a sandbox: where it is, and what opens it."""
        return shown(_required(sandboxes, call.ids[0]), call)

    def delete_sandbox(_: Sandbox, call: Call[None, None]) -> Dropped:
        """Drop a sandbox; `default` is made anew."""
        name = _required(sandboxes, call.ids[0]).name
        sandboxes.drop(name)
        return Dropped(dropped=name)

    def list_sandboxes(_: Sandbox, call: Call[None, None]) -> SandboxList:
        """Return all sandboxes, in the order of their making."""
        return SandboxList(data=tuple(shown(each, call) for each in sandboxes))

    def fork(sandbox: Sandbox, call: Call[ForkRequest, None]) -> SandboxAnswer:
        """Make a sandbox that goes on from this one."""
        if call.body.name == sandbox.name:
            raise CONTROL_INVALID.error(said="name: a sandbox is not forked into itself")
        return shown(sandboxes.fork(sandbox, call.body.name), call)

    def named(
        method: str, run: Callable[..., Any], response: type[Record], **more: Any
    ) -> Endpoint:
        return control(
            f"{method.lower()}_sandbox", method, "/_mock/sandboxes/{name}", run, response, **more
        )

    return (
        named("PUT", put_sandbox, SandboxAnswer, request=SandboxRequest),
        named("GET", get_sandbox, SandboxAnswer),
        named("DELETE", delete_sandbox, Dropped),
        control("list_sandboxes", "GET", "/_mock/sandboxes", list_sandboxes, SandboxList),
        control("fork", "POST", "/_mock/fork", fork, SandboxAnswer, request=ForkRequest),
    )


def _required(sandboxes: Sandboxes, name: str) -> Sandbox:
    found = sandboxes.find(name)
    if found is None:
        raise CONTROL_NOT_FOUND.error(said=f"there is no sandbox {name!r}")
    return found
