"""Handle one request: validate it, run its endpoint, build the reply and journal the exchange.

`answer` is synchronous and contains no await, so it is atomic on the event loop without a lock: a
client that disconnects leaves either the old state or the new one. An error changes nothing; a
returned result has been applied.
"""

from typing import Any

from msgspec.structs import replace

from mock_clover.clover.charges.behaviours import IDEMPOTENCY_REPLAY
from mock_clover.clover.common.problems import (
    BY_NAME,
    IDEMPOTENCY_MISMATCH,
    SERVICE_UNAVAILABLE,
    ApiError,
    Problem,
)
from mock_clover.core.codec import nearest, unknown_members
from mock_clover.core.masking import redact_name
from mock_clover.core.record import Record, decode_json, encode
from mock_clover.engine.endpoint import (
    Call,
    Endpoint,
    Raw,
)
from mock_clover.engine.overrides import (
    Override,
    find_override,
    limit,
    may_be_overridden,
    pick_fault,
)
from mock_clover.engine.reply import Reply, Wait, error_reply, raw_reply, reply_of
from mock_clover.engine.request import (
    authorize,
    decode_body,
    decode_query,
    enforce_strict,
    idempotency_key,
    refuse_members,
)
from mock_clover.sandbox.clock import elapsed_ns
from mock_clover.sandbox.idempotency import Remembered
from mock_clover.sandbox.journal import Exchange
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_fault import Fault

_IGNORED_MAX = 20


def answer(sandbox: Sandbox, endpoint: Endpoint, raw: Raw, *, waited: bool = False) -> Reply | Wait:
    """Return the reply to one request and journal the exchange.

    A `Wait` means that nothing has happened yet: wait, then call again with `waited=True`.
    """
    request: Record | None = None
    idempotency = ""
    fault: Fault | None = None
    override: Override | None = None
    has_overrides = False
    try:
        admit = endpoint.surface.admit
        raw = raw if admit is None else admit(sandbox, raw)
        credential = authorize(sandbox, endpoint, raw.headers)
        has_overrides = endpoint.surface.journaled and may_be_overridden(
            sandbox, raw.headers, raw.body
        )
        if has_overrides:
            fault = _check_limits_and_faults(sandbox, endpoint, raw, credential, waited=waited)
        if fault is not None and fault.when == "before_commit":
            return _apply_before_commit_fault(sandbox, endpoint, raw, fault, credential)
        if sandbox.settings.strict:
            enforce_strict(endpoint, raw)
        request = decode_body(endpoint, raw)
        query = decode_query(endpoint, raw.query) if endpoint.query is not None else None
        key = idempotency_key(raw.headers) if endpoint.idempotent else ""
        # The sandbox's own token is stored as "", so that a fork or a copy recognizes its keys.
        owner = "" if credential == sandbox.credentials.access_token else credential
        stored = sandbox.idempotency.get((owner, key)) if key else None
        if stored is not None:
            if stored.target != raw.path or not _are_equal(stored.request, request):
                raise IDEMPOTENCY_MISMATCH.error()
            idempotency = "replayed"
            reply = Reply(
                status=stored.status,
                body=stored.body,
                why=f"idempotency: replay of: {stored.why}",
                evidence=IDEMPOTENCY_REPLAY.evidence.level,
                basis=(IDEMPOTENCY_REPLAY,),
            )
        else:
            call = Call(request, query, raw.ids, raw.headers)
            override = _override(sandbox, endpoint, call, waited=waited) if has_overrides else None
            if override is not None and override.then.fault is not None:
                fault = _fault_if_it_hits(sandbox, override.then.fault, waited=waited)
                if fault is not None and fault.when == "before_commit":
                    early = _apply_before_commit_fault(sandbox, endpoint, raw, fault, credential)
                    _send_rule_webhook(sandbox, endpoint, raw, request, override, early)
                    return early
            reply = _run_handler(sandbox, endpoint, call, override)
            if key:
                idempotency = "stored"
                response = Remembered(
                    endpoint=endpoint.name,
                    target=raw.path,
                    request=request,
                    status=reply.status,
                    body=reply.body,
                    why=reply.why,
                )
                sandbox.idempotency.remember((owner, key), response)
    except ApiError as error:
        reply = error_reply(sandbox, error, raw.headers, endpoint)
        override = _override_of_error(override)
    if has_overrides:
        _send_rule_webhook(sandbox, endpoint, raw, request, override, reply)
        reply = _apply_after_commit_fault(sandbox, reply, fault, raw.headers, endpoint)
    if not endpoint.surface.journaled:
        return replace(reply, evidence=None, basis=())
    _journal(sandbox, endpoint, raw, reply, request, idempotency)
    return reply


def _are_equal(one: Record | None, other: Record | None) -> bool:
    """Compare two bodies by content; equal bodies may have been decoded to different types."""
    return one == other or encode(one) == encode(other)


def _check_limits_and_faults(
    sandbox: Sandbox, endpoint: Endpoint, raw: Raw, credential: str, *, waited: bool
) -> Fault | None:
    """Enforce Clover's rate limits and return the fault of a request, if any."""
    if waited:  # checked before the wait; there is no second fault
        if sandbox.limits is not None:
            sandbox.limits.leave(credential)
        return None
    limit(sandbox, credential)
    return pick_fault(sandbox, endpoint, raw.headers)


def _override(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], *, waited: bool
) -> Override | None:
    """Return the override of a request, if any."""
    if endpoint.secret:  # its handler looks for one, once the card is known
        return None
    request = (call.body, call.ids, call.headers)
    return find_override(
        sandbox, endpoint.name, *request, again=waited, facts_of=endpoint.rule_input_of
    )


def _run_handler(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], override: Override | None
) -> Reply:
    """Run an endpoint's handler, unless an override decides the outcome."""
    if endpoint.auth.with_members:
        refuse_members(sandbox, endpoint, call.body)
    if override is not None:
        if override.then.problem is not None:
            raise BY_NAME[override.then.problem].error(why=override.why, basis=(override,))
        if override.then.raw is not None:
            return raw_reply(override.then.raw, override)
        call.verdict = override.verdict()
        if override.then.threeds is not None:
            call.threeds, call.why = override.then.threeds, override.why
    return reply_of(sandbox, endpoint, call, endpoint.run(sandbox, call))


def _apply_after_commit_fault(
    sandbox: Sandbox,
    reply: Reply,
    fault: Fault | None,
    headers: dict[bytes, bytes],
    endpoint: Endpoint,
) -> Reply:
    """Apply a fault to the reply of a request that was committed or rejected."""
    if fault is None:
        return reply
    if fault.kind == "problem":  # the client gets an error instead of the real reply
        error = ApiError(_problem_of(fault), {"why": f"fault: {fault.label}"})
        reply = error_reply(sandbox, error, headers, endpoint)
    return replace(reply, fault=fault, wait_ms=sandbox.faults.delay_ms(fault))


def _problem_of(fault: Fault) -> Problem:
    return BY_NAME.get(fault.problem or "", SERVICE_UNAVAILABLE)


def _fault_if_it_hits(sandbox: Sandbox, fault: Fault, *, waited: bool) -> Fault | None:
    if waited and fault.when == "before_commit":
        return None
    return fault if sandbox.faults.strikes(fault) else None


def _override_of_error(override: Override | None) -> Override | None:
    """Return the override of a rejected request if it caused the error, else None."""
    caused = override is not None and (override.then.problem or override.then.decline) is not None
    return override if caused else None


def _send_rule_webhook(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: Raw,
    request: Record | None,
    override: Override | None,
    reply: Reply | Wait,
) -> None:
    """Send the webhook event of a rule once the reply is known."""
    if isinstance(reply, Wait):
        return
    if override is not None and override.then.webhook is not None:
        event, send = override.then.webhook, sandbox.hooks.send_rule_event
        send(sandbox, endpoint.name, raw.ids, request, event, reply.status, reply.body)


def _apply_before_commit_fault(
    sandbox: Sandbox, endpoint: Endpoint, raw: Raw, fault: Fault, credential: str
) -> Reply | Wait:
    """Return the reply of a request whose handler does not run, or how long it is delayed."""
    wait_ms = sandbox.faults.delay_ms(fault)
    if fault.kind == "delay":
        if sandbox.limits is not None:
            sandbox.limits.enter(credential)
        return Wait(wait_ms)
    why = f"fault: {fault.label}"
    error = ApiError(_problem_of(fault), {"why": why})
    reply = error_reply(sandbox, error, raw.headers, endpoint)
    reply = replace(reply, why=why, fault=fault, wait_ms=wait_ms)
    _journal(sandbox, endpoint, raw, reply, None, "")
    return reply


def _journal(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: Raw,
    reply: Reply,
    request: Record | None,
    idempotency: str,
) -> None:
    """Add an exchange to the journal, without the request if it holds card data."""
    sandbox.journal.write(
        Exchange(
            at_ms=sandbox.clock.now_ms(),
            endpoint=endpoint.name,
            method=raw.method,
            path=raw.path,
            status=reply.status,
            why=reply.why,
            idempotency=idempotency,
            request=None if endpoint.secret else request,
            reply=reply.body,
            fault=reply.fault.label if reply.fault else "",
            client=raw.headers.get(b"user-agent", b""),
            ignored=_ignored_members(endpoint, request, raw.body),
            took_ns=elapsed_ns(raw.started_ns),
        )
    )


def _ignored_members(endpoint: Endpoint, request: Record | None, body: bytes) -> tuple[str, ...]:
    """Return the unknown members of a body, each with a suggestion if there is one."""
    codec = endpoint.codec
    if not body or codec is None or endpoint.request is None or codec.is_plain(request, body):
        return ()
    if endpoint.body_format == "json_or_form":
        return ()
    try:
        tree = decode_json(body)
    except (ValueError, RecursionError):
        return ()
    names = unknown_members(tree, endpoint.request)[:_IGNORED_MAX]
    if endpoint.secret:
        names = [redact_name(name) for name in names]
    return tuple(_with_suggestion(name, nearest(name, endpoint.request)) for name in names)


def _with_suggestion(name: str, near: str) -> str:
    return f"{name}; did you mean {near}?" if near else name


def refuse(sandbox: Sandbox, error: ApiError, raw: Raw, endpoint: str = "") -> Reply:
    """Return an error reply without running an endpoint, and journal the exchange."""
    reply = error_reply(sandbox, error, raw.headers)
    sandbox.journal.write(
        Exchange(
            at_ms=sandbox.clock.now_ms(),
            endpoint=endpoint,
            method=raw.method,
            path=raw.path,
            status=reply.status,
            why=reply.why,
            reply=reply.body,
            client=raw.headers.get(b"user-agent", b""),
            took_ns=elapsed_ns(raw.started_ns),
        )
    )
    return reply
