"""Control endpoints that create, fork and delete sandboxes. Each test should use its own."""

from collections.abc import Callable
from typing import Annotated, Any

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.surface import OPERATIONS
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint, unknown_name
from mock_clover.control.scenario.check import resolve_scenario, scenario_errors
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import Call, Endpoint, LongResult, sandbox_base_url
from mock_clover.sandbox.names import (
    NAME_IS,
    NAME_RULE,
    WHOLE_NAME,
    is_valid_name,
    shard_of,
)
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import DEFAULT, Sandboxes
from mock_clover.scenario.records_override import overrides_in, with_settings
from mock_clover.scenario.validation import allowable_names


@with_settings
class SandboxRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `PUT /_mock/sandboxes/{name}`: settings, and the scenario that has the others."""

    scenario: Annotated[
        str | dict[str, Any] | None,
        doc("Name of a built-in scenario, or a scenario as JSON.", MOCK_ONLY),
    ] = None
    seed: Annotated[str | None, doc("Determines the generated ids.", MOCK_ONLY)] = None


class SandboxResponse(Record, frozen=True, kw_only=True):
    """A sandbox: its address and credentials."""

    name: str
    base_url: str
    scenario: str
    merchant_id: str
    client_id: str
    client_secret: str
    access_token: str
    api_key: str
    merchants: "tuple[SandboxResponse, ...]" = ()
    """Additional merchants at the same address, each with its own credentials."""


class SandboxList(Record, frozen=True, kw_only=True):
    """All sandboxes, in order of creation."""

    data: tuple[SandboxResponse, ...]


class SandboxDeleted(Record, frozen=True, kw_only=True):
    """The name of the deleted sandbox."""

    dropped: str


class ForkRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/fork`."""

    name: Annotated[
        str, doc("Name of the new sandbox.", MOCK_ONLY, rule=NAME_IS, pattern=WHOLE_NAME)
    ]


def sandbox_response(sandbox: Sandbox, call: Call[Any, Any]) -> SandboxResponse:
    """Return the response for a sandbox, with its additional merchants."""
    base = sandbox_base_url(sandbox, call)
    return _response(sandbox, base, tuple(_response(each, base) for each in sandbox.merchants))


def _response(
    sandbox: Sandbox, base: str, merchants: tuple[SandboxResponse, ...] = ()
) -> SandboxResponse:
    credentials = sandbox.credentials
    return SandboxResponse(
        name=sandbox.name,
        base_url=base,
        scenario=sandbox.rules.scenario.name,
        merchant_id=credentials.merchant_id,
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        access_token=credentials.access_token,
        api_key=credentials.api_key,
        merchants=merchants,
    )


def _overrides_of(body: SandboxRequest) -> dict[str, Any]:
    """Return the settings of a request. Raises CONTROL_INVALID for an unknown behaviour."""
    setting_overrides = overrides_in(body)
    known = allowable_names(OPERATIONS)
    for behaviour in setting_overrides.get("allow_inferred", ()):
        if behaviour not in known:
            raise CONTROL_INVALID.error(
                detail=f"allow_inferred: {unknown_name(behaviour, known, 'evidence')}"
            )
    return setting_overrides


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints that manage the sandboxes of a server."""

    def put_sandbox(_: Sandbox, call: Call[SandboxRequest, None]) -> LongResult:
        """Create a sandbox; replace one of the same name."""
        body, name = call.body, call.ids[0]
        if not is_valid_name(name):
            raise CONTROL_INVALID.error(detail=f"name: {NAME_RULE}")
        setting_overrides = _overrides_of(body)
        scenario = None if body.scenario is None else resolve_scenario(body.scenario)

        def create() -> Steps[SandboxResponse]:
            with scenario_errors():
                sandbox = yield from sandboxes.create_in_steps(
                    name, scenario, setting_overrides, body.seed
                )
            return sandbox_response(sandbox, call)

        return Work(create())

    def get_sandbox(_: Sandbox, call: Call[None, None]) -> SandboxResponse:
        """Return the address and the credentials of a sandbox."""
        return sandbox_response(_get_sandbox(sandboxes, call.ids[0]), call)

    def delete_sandbox(_: Sandbox, call: Call[None, None]) -> LongResult:
        """Delete a sandbox; `default` is recreated."""
        name = _get_sandbox(sandboxes, call.ids[0]).name

        def delete() -> Steps[SandboxDeleted]:
            if name == DEFAULT:
                yield from sandboxes.factory.load_own_fixtures()
            sandboxes.delete(name)
            return SandboxDeleted(dropped=name)

        return Work(delete())

    def list_sandboxes(_: Sandbox, call: Call[None, None]) -> SandboxList:
        """Return all sandboxes, in order of creation."""
        return SandboxList(data=tuple(sandbox_response(each, call) for each in sandboxes))

    def fork(sandbox: Sandbox, call: Call[ForkRequest, None]) -> SandboxResponse:
        """Create a sandbox with a copy of this one's state."""
        if call.body.name == sandbox.name:
            raise CONTROL_INVALID.error(detail="name: a sandbox cannot be forked into itself")
        _check_replica(sandboxes, sandbox, call.body.name)
        with scenario_errors("name"):
            copy = sandboxes.fork(sandbox, call.body.name)
        return sandbox_response(copy, call)

    def endpoint(
        method: str, run: Callable[..., Any], response: type[Record], **kwargs: Any
    ) -> Endpoint:
        return control_endpoint(
            f"{method.lower()}_sandbox", method, "/_mock/sandboxes/{name}", run, response, **kwargs
        )

    return (
        endpoint("PUT", put_sandbox, SandboxResponse, request=SandboxRequest),
        endpoint("GET", get_sandbox, SandboxResponse),
        endpoint("DELETE", delete_sandbox, SandboxDeleted),
        control_endpoint("list_sandboxes", "GET", "/_mock/sandboxes", list_sandboxes, SandboxList),
        control_endpoint("fork", "POST", "/_mock/fork", fork, SandboxResponse, request=ForkRequest),
    )


def _merchants_beside(sandboxes: Sandboxes, name: str) -> str:
    """Return the merchants of the sandbox in the name of a merchant, or ''."""
    parent = sandboxes.find(name.rpartition(".")[0])
    if parent is None:
        return ""
    names = ", ".join(each.name.rpartition(".")[2] for each in parent.merchants)
    return f"; sandbox {parent.name} has {f'the merchants {names}' if names else 'one merchant'}"


def _get_sandbox(sandboxes: Sandboxes, name: str) -> Sandbox:
    sandbox = sandboxes.find(name)
    if sandbox is None:
        merchants = _merchants_beside(sandboxes, name)
        near = merchants or did_you_mean(name, (each.name for each in sandboxes))
        known = near or f"; create it with PUT /_mock/sandboxes/{name}"
        raise CONTROL_NOT_FOUND.error(detail=f"sandbox {name!r} not found{known}")
    return sandbox


def _check_replica(sandboxes: Sandboxes, original: Sandbox, name: str) -> None:
    """Reject a name of a copy that a proxy would look for on another replica."""
    shard = shard_of(original.name)
    if sandboxes.is_replica and shard_of(name) != shard:
        raise CONTROL_INVALID.error(
            detail="name: another replica would be asked for it; begin it with "
            f"'{shard}.', or get and put a snapshot"
        )
