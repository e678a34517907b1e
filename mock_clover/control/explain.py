"""The control endpoint that explains a request: `POST /_mock/why`."""

from typing import Annotated, Any

from mock_clover.clover.common.problems import CONTROL_INVALID, ApiError
from mock_clover.clover.surface import ROUTER
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.control.repeat import spent_source, unspent
from mock_clover.control.replays import find_exchange
from mock_clover.core.codec import MalformedError, ViolationsError, parse
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record, encode
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult, RawRequest
from mock_clover.engine.evidence_gate import reply_now
from mock_clover.engine.overrides import FAULT_HEADER, OVERRIDE_PREFIXES, default_rule_input
from mock_clover.engine.scheduler import due_jobs
from mock_clover.engine.unknown_path import CONTROL_PATH
from mock_clover.sandbox.sandbox import Sandbox


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


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint(
        "why", "POST", "/_mock/why", explain_request, ExplainResponse, request=ExplainRequest
    ),
)
