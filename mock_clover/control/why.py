"""The control endpoint that explains a request: `POST /_mock/why`."""

from typing import Annotated, Any

from mock_clover.clover.common.problems import CONTROL_INVALID, ApiError
from mock_clover.clover.surface import ROUTER
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.control.replay.endpoints import find_exchange
from mock_clover.control.replay.repeat import spent_source, unspent
from mock_clover.core.codec import MalformedError, ViolationsError, parse
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record, encode
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult, RawRequest
from mock_clover.engine.evidence_gate import reply_now
from mock_clover.engine.overrides import FAULT_HEADER, OVERRIDE_PREFIXES, default_rule_input
from mock_clover.engine.reply import Reply
from mock_clover.engine.scheduler import due_jobs
from mock_clover.engine.unknown_path import CONTROL_PATH
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_rule import RuleInput


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


def explain_request(sandbox: Sandbox, call: Call[ExplainRequest, None]) -> LongResult:
    """Explain a request without performing it: run it on a fork that is discarded."""
    return Work(_explain(sandbox, call))


def _explain(sandbox: Sandbox, call: Call[ExplainRequest, None]) -> Steps[ExplainResponse]:
    endpoint, raw = _request_of(sandbox, call.body)
    rule_input = _rule_input(sandbox, endpoint, raw)
    evaluated = [
        CheckedRule(rule=each.rule, matched=each.matched, because=each.reason)
        for each in sandbox.rules.explain(rule_input, sandbox.rule_counts)
    ]
    fork = _fork_without_faults(sandbox, call.body.exchange, raw.body)
    yield from due_jobs(fork)
    raw.headers.pop(FAULT_HEADER, None)
    reply = reply_now(fork, endpoint, raw)
    return ExplainResponse(
        rules=tuple(_checked_rules(sandbox.rules, endpoint, rule_input, reply, evaluated)),
        outcome=reply.why,
        fault=_active_fault(sandbox, endpoint),
        status=reply.status,
        reply=_decode_body(reply.body),
    )


def _request_of(sandbox: Sandbox, body: ExplainRequest) -> tuple[Endpoint, RawRequest]:
    """Return the request to explain, and its operation. Raises CONTROL_INVALID."""
    path, _, query = body.path.partition("?")
    method = body.method.upper()
    try:
        endpoint, ids = ROUTER.find(method, path)
    except ApiError as error:
        is_control = path.startswith(CONTROL_PATH)
        reason = "only Clover's operations are explained" if is_control else error.params["reason"]
        raise CONTROL_INVALID.error(detail=f"path: {error.message}: {reason}") from None
    headers = {
        b"authorization": sandbox.bearer_header,
        b"apikey": sandbox.credentials.api_key.encode(),
        **{name.lower().encode(): value.encode() for name, value in body.headers.items()},
    }
    raw = RawRequest(
        method=method,
        path=path,
        ids=ids,
        query=query.encode(),
        headers=headers,
        body=b"" if body.body is None else encode(body.body),
    )
    return endpoint, raw


def _rule_input(sandbox: Sandbox, endpoint: Endpoint, raw: RawRequest) -> RuleInput:
    """Return what the rules match on; without the body, if it is invalid."""
    codec = endpoint.codec
    try:
        request = (
            codec.decode(raw.body) if codec and endpoint.body_format != "json_or_form" else None
        )
    except (MalformedError, ViolationsError):
        request = None
    build_rule_input = endpoint.build_rule_input or default_rule_input
    return build_rule_input(sandbox, endpoint.name, request, raw.ids, raw.headers, None)


def _fork_without_faults(sandbox: Sandbox, exchange: int | None, body: bytes) -> Sandbox:
    """Return a copy to run a request on; a token that was used since its exchange is unused."""
    origin = None if exchange is None else find_exchange(sandbox, str(exchange))
    fork = sandbox.fork(f"{sandbox.name}-why", sandbox.credentials)
    fork.faults.clear()  # explain the outcome without faults and rate limits
    fork.armed.clear_faults()
    fork.limits = None
    source = None if origin is None else spent_source(sandbox, origin, body)
    if source is not None:
        token, now_ms = source.token, fork.clock.now_ms()
        fork.tokens.put(token.id, unspent(token, body, token_id=token.id, now_ms=now_ms))
    return fork


def _checked_rules(
    rules: Rules,
    endpoint: Endpoint,
    rule_input: RuleInput,
    reply: Reply,
    evaluated: list[CheckedRule],
) -> list[CheckedRule]:
    """Return the rules that were evaluated, or what took precedence over them."""
    if reply.why.startswith(OVERRIDE_PREFIXES):  # these take precedence over all rules
        return [CheckedRule(rule=reply.why, matched=True, because="it overrides all rules")]
    if endpoint.has_card_data:  # the card is known only after the request is handled
        return [
            CheckedRule(rule=name, matched=True, because="all conditions are met")
            for index in range(len(rules.scenario.rules))
            if reply.why.startswith(name := rules.name_of(index))
        ]
    if rule_input.card is None or any(each.matched for each in evaluated):
        return evaluated
    why = rules.verdict(rule_input.card).why
    listed = CheckedRule(rule=why, matched=True, because="the scenario lists the card")
    return [*evaluated, listed]


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


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint(
        "why", "POST", "/_mock/why", explain_request, ExplainResponse, request=ExplainRequest
    ),
)
