"""Handle a request: validate it, run its endpoint, build the response and journal the exchange.

`answer` is synchronous, so it runs atomically on the event loop without a lock: a client that
disconnects leaves either the old state or the new one. An error changes nothing; a returned result
has been applied.
"""

from functools import partial
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.common.behaviours_service import (
    IDEMPOTENCY_REPLAY,
    IDEMPOTENCY_SCOPE,
    RETRY_IS_IDEMPOTENT,
)
from mock_clover.clover.common.problems import (
    BY_NAME,
    IDEMPOTENCY_MISMATCH,
    SERVICE_UNAVAILABLE,
    ApiError,
)
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.control_calls import end_control_call
from mock_clover.engine.endpoint import Call, Endpoint, HandlerResult, RawRequest
from mock_clover.engine.journaling import write_exchange
from mock_clover.engine.overrides import (
    Override,
    enforce_rate_limit,
    find_override,
    may_have_override,
    pick_fault,
    spend_armed,
    uncount_rules,
)
from mock_clover.engine.reply import Reply, Wait, error_reply, raw_reply, reply_of
from mock_clover.engine.request import (
    authenticate,
    check_field_permissions,
    decode_body,
    decode_query,
    enforce_strict,
    idempotency_key,
)
from mock_clover.sandbox.idempotency import StoredResponse
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_fault import Fault

_Overrides = tuple[Override | None, Fault | None, str, Wait | None]
"""What changes a response: rule or header, fault, id of an armed fault, earlier delay."""


def answer(
    sandbox: Sandbox, endpoint: Endpoint, raw: RawRequest, *, after_delay: Wait | None = None
) -> Reply | Wait | Work[Reply]:
    """Return the response to one request and journal the exchange.

    A `Wait` means that the request has not been processed yet: wait, then call again with it as
    `after_delay`. Work comes from unjournaled operations, and from lists of many rows.
    """
    request: Record | None = None
    idempotency = ""
    fault: Fault | None = None
    armed_fault_id = ""
    override: Override | None = None
    has_overrides = False
    try:
        preprocess = endpoint.surface.preprocess
        raw = raw if preprocess is None else preprocess(sandbox, raw)
        credential = authenticate(sandbox, endpoint, raw.headers)
        has_overrides = endpoint.surface.journaled and (
            after_delay is not None or may_have_override(sandbox, raw.headers, raw.body)
        )
        if has_overrides:
            fault, armed_fault_id = _check_limits_and_faults(
                sandbox, endpoint, raw, credential, after_delay=after_delay
            )
        if fault is not None and fault.when == "before_commit":
            return _apply_before_commit_fault(sandbox, endpoint, raw, fault, credential)
        if sandbox.settings.strict:
            enforce_strict(endpoint, raw)
        request = decode_body(endpoint, raw)
        query = decode_query(endpoint, raw.query) if endpoint.query is not None else None
        key = idempotency_key(raw.headers, sandbox.fingerprint_key) if endpoint.idempotent else ""
        # The sandbox's own token is stored as "", so that a fork or a copy recognizes the keys.
        owner = "" if credential == sandbox.credentials.access_token else credential
        stored = sandbox.idempotency.get((owner, key)) if key else None
        if stored is not None:
            idempotency, reply = "replayed", _replay(sandbox, stored, endpoint, raw.path, request)
        else:
            call = Call(request, query, raw.ids, raw.headers)
            override = (
                _find_override(sandbox, endpoint, call, after_delay=after_delay)
                if has_overrides
                else None
            )
            if override is not None and override.action.fault is not None:
                fault = _draw_rule_fault(sandbox, override.action.fault, after_delay=after_delay)
                if fault is not None and fault.when == "before_commit":
                    early = _apply_before_commit_fault(sandbox, endpoint, raw, fault, credential)
                    _send_rule_webhook(sandbox, endpoint, raw, request, override, early)
                    return replace(early, is_counted=True) if isinstance(early, Wait) else early
            result = (
                _run_with_overrides(sandbox, endpoint, call, override)
                if has_overrides
                else _run_handler(sandbox, endpoint, call, None)
            )
            if type(result) is Work:
                overrides = (override, fault, armed_fault_id, after_delay)
                return _long_result(sandbox, endpoint, raw, call, overrides, result)
            reply = result
            if key:
                idempotency = "stored"
                stored = _stored_response(endpoint, raw, request, reply)
                sandbox.idempotency.store((owner, key), stored)
    except ApiError as error:
        reply = error_reply(sandbox, error, raw.headers, endpoint)
        override = _override_that_caused_error(override)
    if has_overrides:
        overrides = (override, fault, armed_fault_id, after_delay)
        reply = _with_overrides(sandbox, endpoint, raw, request, overrides, reply)
    if not endpoint.surface.journaled:
        return end_control_call(sandbox, endpoint, raw.ids, request, reply)
    return write_exchange(sandbox, endpoint, raw, reply, request, idempotency)


def _with_overrides(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    request: Record | None,
    overrides: _Overrides,
    reply: Reply,
) -> Reply:
    """Send the webhook of a rule, and apply a fault to the response."""
    override, fault, armed_fault_id, after_delay = overrides
    _send_rule_webhook(sandbox, endpoint, raw, request, override, reply)
    fault = _spend_armed_fault(sandbox, fault, armed_fault_id, reply)
    reply = _apply_after_commit_fault(sandbox, reply, fault, raw.headers, endpoint)
    return reply if after_delay is None else replace(reply, delayed=after_delay)


def _long_result(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    call: Call[Any, Any],
    overrides: _Overrides,
    work: Work[Any],
) -> Work[Reply]:
    if not endpoint.surface.journaled:
        return work.then(partial(_respond_after, sandbox, endpoint, call))
    return work.then(partial(_end_long_read, sandbox, endpoint, raw, call, overrides))


def _end_long_read(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    call: Call[Any, Any],
    overrides: _Overrides,
    steps: Steps[HandlerResult],
) -> Steps[Reply]:
    """Respond to a list that takes long, and journal the exchange. Only reads take long."""
    try:
        result = yield from steps
        reply = reply_of(sandbox, endpoint, call, result)
    except ApiError as error:
        reply = error_reply(sandbox, error, raw.headers, endpoint)
    reply = _with_overrides(sandbox, endpoint, raw, call.body, overrides, reply)
    return write_exchange(sandbox, endpoint, raw, reply, None, "")


def _stored_response(
    endpoint: Endpoint, raw: RawRequest, request: Record | None, reply: Reply
) -> StoredResponse:
    return StoredResponse(
        endpoint=endpoint.name,
        path=raw.path,
        request=request,
        status=reply.status,
        body=reply.body,
        why=reply.why,
    )


def _replay(
    sandbox: Sandbox, stored: StoredResponse, endpoint: Endpoint, path: str, request: Record | None
) -> Reply:
    """Return a stored response again. Raises IDEMPOTENCY_MISMATCH for another request."""
    if not stored.answers(path, request, sandbox.fingerprint_key):
        basis = (IDEMPOTENCY_SCOPE,) if stored.path != path else ()
        rule = stored.difference(endpoint.name, path, request)
        raise IDEMPOTENCY_MISMATCH.error(rule=rule, basis=basis)
    return Reply(
        status=stored.status,
        body=stored.body,
        why=f"idempotency: replay of: {stored.why}",
        evidence=IDEMPOTENCY_REPLAY.evidence.level,
        basis=(IDEMPOTENCY_REPLAY, RETRY_IS_IDEMPOTENT),
    )


def _check_limits_and_faults(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    credential: str,
    *,
    after_delay: Wait | None,
) -> tuple[Fault | None, str]:
    """Enforce Clover's rate limits and return the result of `pick_fault`."""
    if after_delay is not None:  # both were checked before the delay
        if sandbox.limits is not None:
            sandbox.limits.end_request(credential)
        return None, ""
    enforce_rate_limit(sandbox, credential)
    return pick_fault(sandbox, endpoint, raw.headers)


def _find_override(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], *, after_delay: Wait | None
) -> Override | None:
    """Return the override of a request, if any."""
    if endpoint.has_card_data:  # its handler calls `find_override`, once it knows the card
        return None
    request = (call.body, call.ids, call.headers)
    return find_override(
        sandbox,
        endpoint.name,
        *request,
        already_counted=after_delay is not None and after_delay.is_counted,
        build_rule_input=endpoint.build_rule_input,
    )


def _run_handler(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], override: Override | None
) -> Reply | Work[Any]:
    """Run an endpoint's handler, unless an override sets an error or a raw response."""
    if endpoint.auth.field_permissions:
        check_field_permissions(sandbox, endpoint, call.body)
    if override is not None:
        if override.action.problem is not None:
            raise BY_NAME[override.action.problem].error(why=override.why, basis=(override,))
        if override.action.raw is not None:
            return raw_reply(override.action.raw, override)
        call.verdict = override.verdict()
        if override.action.threeds is not None:
            call.threeds, call.why = override.action.threeds, override.why
    result = endpoint.run(sandbox, call)
    if type(result) is Work:
        return result
    return reply_of(sandbox, endpoint, call, result)


def _run_with_overrides(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], override: Override | None
) -> Reply | Work[Any]:
    """Run an endpoint's handler. An outcome of the issuer is used only if the issuer is asked."""
    try:
        result = _run_handler(sandbox, endpoint, call, override)
    except ApiError:
        caused_error = override is not None and override.action.problem is not None
        if caused_error or call.issuer_verdict is not None:
            spend_armed(sandbox, override)
        else:
            uncount_rules(sandbox, endpoint, call, override)
        raise
    if call.issuer_verdict is not None or call.verdict is None:
        spend_armed(sandbox, override)
    return result


def _respond_after(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], steps: Steps[HandlerResult]
) -> Steps[Reply]:
    """Return the response of an operation that takes long."""
    try:
        result = yield from steps
        reply = reply_of(sandbox, endpoint, call, result)
    except ApiError as error:
        reply = error_reply(sandbox, error, call.headers, endpoint)
    return end_control_call(sandbox, endpoint, call.ids, call.body, reply)


def _apply_after_commit_fault(
    sandbox: Sandbox,
    reply: Reply,
    fault: Fault | None,
    headers: dict[bytes, bytes],
    endpoint: Endpoint,
) -> Reply:
    """Apply a fault to the response to a request that was committed or rejected."""
    if fault is None:
        return reply
    was_committed = reply.committed
    if fault.kind == "problem":  # the client gets an error instead of the real response
        reply = _fault_reply(sandbox, fault, headers, endpoint)
    wait_ms = sandbox.faults.delay_ms(fault)
    return replace(reply, fault=fault, wait_ms=wait_ms, committed=was_committed)


def _spend_armed_fault(
    sandbox: Sandbox, fault: Fault | None, armed_id: str, reply: Reply
) -> Fault | None:
    """Count the use of an armed fault; it waits for a request that is carried out."""
    if not armed_id:
        return fault
    if not reply.committed:
        return None
    sandbox.armed.spend(armed_id)
    return fault


def _fault_reply(
    sandbox: Sandbox, fault: Fault, headers: dict[bytes, bytes], endpoint: Endpoint
) -> Reply:
    """Return the response that a fault sets: its status and body, or an error of the catalogue."""
    why = f"fault: {fault.label}"
    if fault.status is not None:
        body, content_type = fault.response()
        kind = content_type.encode("latin-1", "replace")
        return Reply(status=fault.status, body=body, why=why, content_type=kind)
    problem = BY_NAME.get(fault.problem or "", SERVICE_UNAVAILABLE)
    return error_reply(sandbox, ApiError(problem, {"why": why}), headers, endpoint)


def _draw_rule_fault(sandbox: Sandbox, fault: Fault, *, after_delay: Wait | None) -> Fault | None:
    if after_delay is not None and fault.when == "before_commit":
        return None
    return fault if sandbox.faults.triggers(fault) else None


def _override_that_caused_error(override: Override | None) -> Override | None:
    """Return the override of a rejected request if it caused the error, else None."""
    caused_error = (
        override is not None and (override.action.problem or override.action.decline) is not None
    )
    return override if caused_error else None


def _send_rule_webhook(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: RawRequest,
    request: Record | None,
    override: Override | None,
    reply: Reply | Wait,
) -> None:
    """Send the webhook event of a rule, once the response is known."""
    if isinstance(reply, Wait):
        return
    if override is not None and override.action.webhook is not None:
        event, send = override.action.webhook, sandbox.hooks.send_rule_event
        send(sandbox, endpoint.name, raw.ids, request, event, reply.status, reply.body)


def _apply_before_commit_fault(
    sandbox: Sandbox, endpoint: Endpoint, raw: RawRequest, fault: Fault, credential: str
) -> Reply | Wait:
    """Return the response to a request whose handler is skipped by a fault, or its delay."""
    wait_ms = sandbox.faults.delay_ms(fault)
    if fault.kind == "delay":
        if sandbox.limits is not None:
            sandbox.limits.begin_request(credential)
        return Wait(wait_ms, fault.label)
    reply = _fault_reply(sandbox, fault, raw.headers, endpoint)
    reply = replace(reply, why=f"fault: {fault.label}", fault=fault, wait_ms=wait_ms)
    return write_exchange(sandbox, endpoint, raw, reply, None, "")
