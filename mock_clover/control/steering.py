"""Control endpoints for faults and scenario, and `why`, which explains a request."""

import contextlib
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from mock_clover.clover.common.problems import (
    CONTROL_INVALID,
    CONTROL_NOT_FOUND,
    SELECTABLE_ERRORS,
    ApiError,
)
from mock_clover.clover.surface import OPERATIONS, ROUTER
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint, unknown_name
from mock_clover.control.repeat import spent_source, unspent
from mock_clover.control.replays import find_exchange
from mock_clover.control.scenario import (
    check_scenario,
    invalid_scenario,
    resolve_scenario,
    scenario_errors,
)
from mock_clover.core.codec import Codec, MalformedError, ViolationsError, parse
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact, redact_json
from mock_clover.core.record import Record, encode
from mock_clover.core.steps import Steps, Work
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import (
    Call,
    Endpoint,
    LongResult,
    RawRequest,
    StatusResult,
    UntypedBody,
)
from mock_clover.engine.evidence_gate import reply_now
from mock_clover.engine.overrides import FAULT_HEADER, OVERRIDE_PREFIXES, default_rule_input
from mock_clover.engine.scheduler import due_jobs
from mock_clover.engine.unknown_path import CONTROL_PATH
from mock_clover.sandbox.faults import ActiveFault
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import Scenario
from mock_clover.scenario.records_fault import PROBLEM_RULE, Fault, find_fault_errors


class FaultResponse(Record, frozen=True, kw_only=True):
    """An active fault."""

    id: str
    fault: Fault
    left: int | None = None
    until_ms: int | None = None
    used: int = 0
    """How many requests it applied to."""


class FaultList(Record, frozen=True, kw_only=True):
    """The active faults, oldest first."""

    data: tuple[FaultResponse, ...]


class Cleared(Record, frozen=True, kw_only=True):
    """The number of removed faults."""

    cleared: int


class CurrentScenario(Record, frozen=True, kw_only=True):
    """The current scenario."""

    name: str
    about: str
    cards: int
    rules: tuple[str, ...]
    faults: int
    settings: Any


class ExplainRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/why`: a request that is explained but not performed."""

    method: Annotated[str, doc("HTTP method.", MOCK_ONLY)] = "POST"
    path: Annotated[str, doc("Path with query, for example /v1/charges.", MOCK_ONLY)]
    headers: Annotated[
        dict[str, str], doc("Headers; the sandbox's credentials are the default.", MOCK_ONLY)
    ] = {}
    body: Annotated[Any, doc("The JSON body.", MOCK_ONLY)] = None
    exchange: Annotated[
        int | None,
        doc("Id of the exchange that had this request; a token used since is unused.", MOCK_ONLY),
    ] = None


class CheckedRule(Record, frozen=True, kw_only=True):
    """A rule that was evaluated."""

    rule: str
    matched: bool
    because: str


class ExplainResponse(Record, frozen=True, kw_only=True):
    """The evaluated rules, and the response that the request would get."""

    rules: tuple[CheckedRule, ...]
    outcome: str
    fault: str | None = None
    """The active fault for this operation; it may apply only with some probability."""
    status: int
    reply: Any


def add_fault(sandbox: Sandbox, call: Call[Fault, None]) -> FaultResponse:
    """Activate a fault."""
    fault = call.body
    if fault.endpoint is not None and fault.endpoint not in OPERATIONS:
        raise CONTROL_INVALID.error(
            detail=f"endpoint: {unknown_name(fault.endpoint, OPERATIONS, 'routes')}"
        )
    if fault.kind == "problem" and fault.problem is None and fault.status is None:
        raise CONTROL_INVALID.error(detail=PROBLEM_RULE)
    if fault.kind == "delay" and not (fault.delay_ms or fault.jitter_ms):
        raise CONTROL_INVALID.error(detail="kind delay requires delay_ms, for example 2000")
    for field, message in find_fault_errors(fault, SELECTABLE_ERRORS):
        raise CONTROL_INVALID.error(detail=f"{field}: {message}")
    if obstacle := sandbox.hooks.unsupported_fault_reason(fault.kind):
        raise CONTROL_INVALID.error(detail=f"kind: {obstacle}")
    active = sandbox.faults.add(fault, sandbox.clock.now_ms())
    return _fault_response(active)


def list_faults(sandbox: Sandbox, _call: Call[None, None]) -> FaultList:
    """Return the active faults."""
    return FaultList(
        data=tuple(map(_fault_response, sandbox.faults.unexpired(sandbox.clock.now_ms())))
    )


def clear_faults(sandbox: Sandbox, _call: Call[None, None]) -> Cleared:
    """Remove all faults."""
    cleared = sandbox.faults.clear()
    return Cleared(cleared=cleared)


def delete_fault(sandbox: Sandbox, call: Call[None, None]) -> Cleared:
    """Remove one fault."""
    fault_id = call.ids[0]
    if not sandbox.faults.remove(fault_id):
        known = [active.id for active in sandbox.faults.unexpired(sandbox.clock.now_ms())]
        message = f"no active fault has the id {fault_id!r}{did_you_mean(fault_id, known)}"
        raise CONTROL_NOT_FOUND.error(detail=redact(message))
    return Cleared(cleared=1)


def _fault_response(active: ActiveFault) -> FaultResponse:
    fault = active.fault
    if fault.status is not None:
        content_type = fault.content_type and redact(fault.content_type)
        fault = replace(fault, body=redact_json(fault.body), content_type=content_type)
    return FaultResponse(
        id=active.id,
        fault=fault,
        left=active.remaining,
        until_ms=active.expires_ms,
        used=active.used,
    )


def get_scenario(sandbox: Sandbox, _call: Call[None, None]) -> CurrentScenario:
    """Return the current scenario."""
    return _current_scenario(sandbox)


def _current_scenario(sandbox: Sandbox) -> CurrentScenario:
    scenario = sandbox.rules.scenario
    return CurrentScenario(
        name=scenario.name,
        about=redact(scenario.about),
        cards=len(scenario.cards),
        rules=tuple(sandbox.rules.name_of(index) for index in range(len(scenario.rules))),
        faults=len(sandbox.faults),
        settings=msgspec.to_builtins(sandbox.settings),
    )


class ScenarioName(ControlRecord, frozen=True, kw_only=True):
    """The name of a built-in scenario; a scenario document may be sent instead."""

    name: str


_NAME = Codec(ScenarioName)
_EMPTY = 'the body is empty; send a scenario, or the name of one such as {"name": "declines"}'


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints of this module."""
    path = "/_mock/scenario"

    def put_scenario(sandbox: Sandbox, call: Call[UntypedBody, None]) -> LongResult | StatusResult:
        """Replace the scenario: a built-in one by name, a scenario document, or YAML."""
        tree, text = call.body.tree, call.body.text
        scenario: Scenario | None
        if text:
            scenario, checked = check_scenario(text)
            if scenario is None:
                return StatusResult(400, invalid_scenario(checked.findings or ()))
        else:
            try:
                if not tree:
                    raise CONTROL_INVALID.error(detail=_EMPTY)
                is_name = set(tree) == {"name"}
                scenario = resolve_scenario(_NAME.convert(tree).name if is_name else tree)
            except (MalformedError, ViolationsError) as error:
                raise CONTROL_INVALID.error(detail=str(error)) from None
        return Work(_apply(sandbox, scenario, text))

    def _apply(sandbox: Sandbox, scenario: Scenario, text: bytes) -> Steps[CurrentScenario]:
        with scenario_errors():
            changed = yield from sandboxes.apply_scenario(sandbox, scenario)
        with contextlib.suppress(UnicodeDecodeError):  # UTF-16: rendered from the scenario
            changed.rules.text = text.decode()
        return _current_scenario(changed)

    return (
        control_endpoint(
            "add_fault", "POST", "/_mock/faults", add_fault, FaultResponse, request=Fault
        ),
        control_endpoint("list_faults", "GET", "/_mock/faults", list_faults, FaultList),
        control_endpoint("clear_faults", "DELETE", "/_mock/faults", clear_faults, Cleared),
        control_endpoint("delete_fault", "DELETE", "/_mock/faults/{id}", delete_fault, Cleared),
        control_endpoint("get_scenario", "GET", path, get_scenario, CurrentScenario),
        control_endpoint(
            "put_scenario", "PUT", path, put_scenario, CurrentScenario, request=UntypedBody
        ),
        control_endpoint(
            "post_scenario", "POST", path, put_scenario, CurrentScenario, request=UntypedBody
        ),
        control_endpoint(
            "why", "POST", "/_mock/why", explain_request, ExplainResponse, request=ExplainRequest
        ),
    )


def explain_request(sandbox: Sandbox, call: Call[ExplainRequest, None]) -> LongResult:
    """Explain a request without performing it: run it on a fork that is discarded."""
    return Work(_explain(sandbox, call))


def _explain(sandbox: Sandbox, call: Call[ExplainRequest, None]) -> Steps[ExplainResponse]:
    body = call.body
    path, _, query = body.path.partition("?")
    credentials = sandbox.credentials
    headers = {
        b"authorization": sandbox.bearer_header,
        b"apikey": credentials.api_key.encode(),
        **{name.lower().encode(): value.encode() for name, value in body.headers.items()},
    }
    raw_body = b"" if body.body is None else encode(body.body)
    try:
        endpoint, ids = ROUTER.find(body.method.upper(), path)
    except ApiError as error:
        is_control = path.startswith(CONTROL_PATH)
        reason = "only Clover's operations are explained" if is_control else error.params["reason"]
        raise CONTROL_INVALID.error(detail=f"path: {error.message}: {reason}") from None
    codec = endpoint.codec
    try:
        request = (
            codec.decode(raw_body) if codec and endpoint.body_format != "json_or_form" else None
        )
    except (MalformedError, ViolationsError):
        request = None
    build_rule_input = endpoint.build_rule_input or default_rule_input
    rule_input = build_rule_input(sandbox, endpoint.name, request, ids, headers, None)
    checks = [
        CheckedRule(rule=each.rule, matched=each.matched, because=each.reason)
        for each in sandbox.rules.explain(rule_input, sandbox.rule_counts)
    ]
    fork = sandbox.fork(f"{sandbox.name}-why", credentials)
    fork.faults.clear()  # explain the outcome without faults and rate limits
    fork.armed.clear_faults()
    fork.limits = None
    origin = None if body.exchange is None else find_exchange(sandbox, str(body.exchange))
    source = None if origin is None else spent_source(sandbox, origin, raw_body)
    if source is not None:
        token, now_ms = source.token, fork.clock.now_ms()
        fork.tokens.put(token.id, unspent(token, raw_body, token_id=token.id, now_ms=now_ms))
    yield from due_jobs(fork)
    headers.pop(FAULT_HEADER, None)
    raw = RawRequest(
        method=body.method.upper(),
        path=path,
        ids=ids,
        query=query.encode(),
        headers=headers,
        body=raw_body,
    )
    reply = reply_now(fork, endpoint, raw)
    if reply.why.startswith(OVERRIDE_PREFIXES):  # these take precedence over all rules
        checks = [CheckedRule(rule=reply.why, matched=True, because="it overrides all rules")]
    elif endpoint.has_card_data:  # the card is known only after the request is handled
        checks = [
            CheckedRule(rule=name, matched=True, because="all conditions are met")
            for index in range(len(sandbox.rules.scenario.rules))
            if reply.why.startswith(name := sandbox.rules.name_of(index))
        ]
    elif rule_input.card is not None and not any(each.matched for each in checks):
        verdict = sandbox.rules.verdict(rule_input.card)
        checks.append(
            CheckedRule(rule=verdict.why, matched=True, because="the scenario lists the card")
        )
    return ExplainResponse(
        rules=tuple(checks),
        outcome=reply.why,
        fault=_active_fault(sandbox, endpoint),
        status=reply.status,
        reply=_decode_body(reply.body),
    )


def _active_fault(sandbox: Sandbox, endpoint: Endpoint) -> str | None:
    return next(
        (
            active.fault.label
            for active in sandbox.faults.unexpired(sandbox.clock.now_ms())
            if active.fault.endpoint in (None, endpoint.name)
        ),
        None,
    )


def _decode_body(body: bytes) -> Any:
    try:
        return parse(body) if body else ""
    except MalformedError:
        return body.decode("utf-8", "replace")
