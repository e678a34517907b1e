"""One request in, one reply out: the whole of Clover behind one synchronous call.

No await stands in it, so it is atomic on the event loop without a lock: a client that goes away
leaves the old state or the new. A refusal changes nothing; a returned result has happened.
"""

from typing import Any

from mock_clover.clover.charges.behaviours import IDEMPOTENCY_REPLAY
from mock_clover.clover.common.problems import (
    BY_NAME,
    IDEMPOTENCY_MISMATCH,
    SERVICE_UNAVAILABLE,
    ApiError,
    Problem,
)
from mock_clover.core.codec import nearest, unknown_members
from mock_clover.core.evidence import LOWER_OF
from mock_clover.core.masking import redact_name
from mock_clover.core.record import Record, decode_json, encode
from mock_clover.engine.endpoint import (
    Asset,
    Call,
    Declined,
    Document,
    Endpoint,
    Page,
    Raw,
    Redirect,
    Stated,
    Text,
)
from mock_clover.engine.error_format import (
    DECLINED_STATUS,
    HTML,
    JSON,
    PLAIN,
    decline_body,
    dialect_of,
    problem_body,
)
from mock_clover.engine.evidence import Basis, lowest_evidence
from mock_clover.engine.overrides import (
    Override,
    find_override,
    limit,
    may_be_overridden,
    pick_fault,
)
from mock_clover.engine.reply import Reply
from mock_clover.engine.request import (
    authorise,
    decode_body,
    decode_query,
    enforce_strict,
    idempotency_key,
    refuse_members,
)
from mock_clover.sandbox.idempotency import Remembered
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_fault import Fault
from mock_clover.scenario.records_rule import RawReply

_IGNORED_MAX = 20
_new_tuple = tuple.__new__


def answer(sandbox: Sandbox, endpoint: Endpoint, raw: Raw, *, waited: bool = False) -> Reply:
    """Answer one request and journal it.

    A reply with a status of 0 means: nothing has happened; wait, and ask again with `waited`.
    """
    request: Record | None = None
    idempotency = ""
    fault: Fault | None = None
    step: Override | None = None
    has_overrides = False
    try:
        raw = endpoint.surface.admit(sandbox, raw)
        credential = authorise(sandbox, endpoint, raw.headers)
        has_overrides = not endpoint.unjournaled and may_be_overridden(
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
        # The sandbox's own token has no name here, so that a fork or a copy knows its keys.
        who = "" if credential == sandbox.credentials.access_token else credential
        stored = sandbox.idempotency.get((who, key)) if key else None
        if stored is not None:
            if stored.target != raw.path or not _are_equal(stored.request, request):
                raise IDEMPOTENCY_MISMATCH.error()
            idempotency = "replayed"
            reply = Reply(
                stored.status,
                stored.body,
                f"idempotency: replay of: {stored.why}",
                evidence=IDEMPOTENCY_REPLAY.fact.evidence,
                basis=(IDEMPOTENCY_REPLAY,),
            )
        else:
            call = Call(request, query, raw.ids, raw.headers)
            step = _step(sandbox, endpoint, call, waited=waited) if has_overrides else None
            if step is not None and step.then.fault is not None:
                fault = _fault_if_it_hits(sandbox, step.then.fault, waited=waited)
                if fault is not None and fault.when == "before_commit":
                    reply = _apply_before_commit_fault(sandbox, endpoint, raw, fault, credential)
                    return _send_rule_webhook(sandbox, endpoint, raw, request, step, reply)
            reply = _run_handler(sandbox, endpoint, call, step)
            if key:
                idempotency = "stored"
                kept = (endpoint.name, raw.path, request, reply.status, reply.body, reply.why)
                sandbox.idempotency.remember((who, key), _new_tuple(Remembered, kept))
    except ApiError as refusal:
        reply = _refused(sandbox, refusal, raw.headers, endpoint)
        step = _decisive(step)
    if has_overrides:
        reply = _send_rule_webhook(sandbox, endpoint, raw, request, step, reply)
        reply = _apply_after_commit_fault(sandbox, reply, fault, raw.headers, endpoint)
    if endpoint.unjournaled:
        return reply._replace(evidence=None, basis=())
    _journal(sandbox, endpoint, raw, reply, request, idempotency)
    return reply


def _are_equal(one: Record | None, other: Record | None) -> bool:
    """Compare what two bodies said; equal ones may have been decoded in different ways."""
    return one == other or encode(one) == encode(other)


def _check_limits_and_faults(
    sandbox: Sandbox, endpoint: Endpoint, raw: Raw, credential: str, *, waited: bool
) -> Fault | None:
    """Heed Clover's limits and return the fault that befalls a call; not again after its wait."""
    if waited:
        if sandbox.limits is not None:
            sandbox.limits.leave(credential)
        return None
    limit(sandbox, credential)
    return pick_fault(sandbox, endpoint, raw.headers)


def _step(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], *, waited: bool
) -> Override | None:
    """Return how a scenario, a header or a text ends a call; of a token, its handler asks."""
    if endpoint.secret:
        return None
    asked = (call.body, call.ids, call.headers)
    return find_override(
        sandbox, endpoint.name, *asked, again=waited, facts_of=endpoint.rule_input_of
    )


def _run_handler(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], step: Override | None
) -> Reply:
    """Run an endpoint, unless a step says how the call ends."""
    if endpoint.permissions_with:
        refuse_members(sandbox, endpoint, call.body)
    if step is not None:
        if step.then.problem is not None:
            raise BY_NAME[step.then.problem].error(why=step.why, basis=(step,))
        if step.then.raw is not None:
            return _raw_reply(step.then.raw, step)
        call.verdict = step.verdict()
        if step.then.threeds is not None:
            call.threeds, call.why = step.then.threeds, step.why
    return _reply(sandbox, endpoint, call, endpoint.run(sandbox, call))


def _apply_after_commit_fault(
    sandbox: Sandbox,
    reply: Reply,
    fault: Fault | None,
    headers: dict[bytes, bytes],
    endpoint: Endpoint,
) -> Reply:
    """Let a fault befall a reply whose work is done, or was refused."""
    if fault is None:
        return reply
    if fault.kind == "problem":  # the client is told otherwise
        lie = ApiError(_told(fault), {"why": f"fault: {fault.label}"})
        reply = _refused(sandbox, lie, headers, endpoint)
    return reply._replace(fault=fault, wait_ms=sandbox.faults.delay_ms(fault))


def _told(fault: Fault) -> Problem:
    return BY_NAME.get(fault.problem or "", SERVICE_UNAVAILABLE)


def _fault_if_it_hits(sandbox: Sandbox, fault: Fault, *, waited: bool) -> Fault | None:
    if waited and fault.when == "before_commit":
        return None
    return fault if sandbox.faults.strikes(fault) else None


def _decisive(step: Override | None) -> Override | None:
    """Return the step of a refused call if it refused it: else the fault is the request's own."""
    errors = step is not None and (step.then.problem or step.then.decline) is not None
    return step if errors else None


def _send_rule_webhook(
    sandbox: Sandbox,
    endpoint: Endpoint,
    raw: Raw,
    request: Record | None,
    step: Override | None,
    reply: Reply,
) -> Reply:
    """Send the event that a rule has follow a call, now that the call has its answer."""
    if step is not None and step.then.webhook is not None and reply.status:
        event, send = step.then.webhook, sandbox.hooks.send_rule_event
        send(sandbox, endpoint.name, raw.ids, request, event, reply.status, reply.body)
    return reply


def _raw_reply(raw: RawReply, step: Override) -> Reply:
    body = raw.body.encode() if isinstance(raw.body, str) else encode(raw.body)
    if raw.body is None:
        body = b""
    content_type = raw.content_type.encode("latin-1", "replace")
    return Reply(raw.status, body, step.why, content_type, evidence=step.evidence, basis=(step,))


def _apply_before_commit_fault(
    sandbox: Sandbox, endpoint: Endpoint, raw: Raw, fault: Fault, credential: str
) -> Reply:
    """Return what comes of a call whose work is not done, or not yet."""
    why = f"fault: {fault.label}"
    wait_ms = sandbox.faults.delay_ms(fault)
    if fault.kind == "delay":
        if sandbox.limits is not None:
            sandbox.limits.enter(credential)
        return Reply(0, b"", why, fault=fault, wait_ms=wait_ms)
    reply = _refused(sandbox, ApiError(_told(fault), {"why": why}), raw.headers, endpoint)
    reply = reply._replace(why=why, fault=fault, wait_ms=wait_ms)
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
    """Write an exchange; a token request is kept as the card that came of it, in the reply."""
    sandbox.journal.write(
        sandbox.clock.now_ms(),
        endpoint.name,
        raw.method,
        raw.path,
        reply.status,
        reply.why,
        idempotency,
        None if endpoint.secret else request,
        reply.body,
        reply.fault.label if reply.fault else "",
        raw.headers.get(b"user-agent", b""),
        _ignored(endpoint, request, raw.body),
        raw.started_ns,
    )


def _ignored(endpoint: Endpoint, request: Record | None, body: bytes) -> tuple[str, ...]:
    """Return the members of a body that nobody reads, most often none."""
    codec = endpoint.codec
    if not body or codec is None or endpoint.request is None or codec.is_plain(request, body):
        return ()
    if endpoint.any_body:
        return ()
    try:
        tree = decode_json(body)
    except (ValueError, RecursionError):
        return ()
    found = unknown_members(tree, endpoint.request)[:_IGNORED_MAX]
    if endpoint.secret:
        found = [redact_name(name) for name in found]
    return tuple(_with_meant(name, nearest(name, endpoint.request)) for name in found)


def _with_meant(name: str, near: str) -> str:
    return f"{name}; did you mean {near}?" if near else name


def refuse(sandbox: Sandbox, refusal: ApiError, raw: Raw, endpoint: str = "") -> Reply:
    """Answer a request that reached no endpoint, or not with its whole body, and journal it."""
    reply = _refused(sandbox, refusal, raw.headers)
    sandbox.journal.write(
        sandbox.clock.now_ms(),
        endpoint,
        raw.method,
        raw.path,
        reply.status,
        reply.why,
        "",
        None,
        reply.body,
        "",
        raw.headers.get(b"user-agent", b""),
        (),
        raw.started_ns,
    )
    return reply


def _reply(sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], result: object) -> Reply:
    issuer_verdict, evidence = call.issuer_verdict, endpoint.fact.evidence
    basis: tuple[Basis, ...] = (endpoint,)
    if issuer_verdict is not None:
        basis = (endpoint, issuer_verdict)
        if issuer_verdict.evidence != evidence:
            evidence = LOWER_OF[evidence, issuer_verdict.evidence]
    if call.basis:
        basis += call.basis
        evidence = lowest_evidence(basis)
    if isinstance(result, Record):
        # Not by its name: nearly every reply is made here, and this takes half the time.
        parts = (200, encode(result), call.why, JSON, (), None, 0, 0, evidence, basis)
        return _new_tuple(Reply, parts)
    return _other(sandbox, call, result)._replace(evidence=evidence, basis=basis)


def _other(sandbox: Sandbox, call: Call[Any, Any], result: object) -> Reply:
    """Return a reply that is no record with a status of 200."""
    if isinstance(result, Declined):
        dialect = dialect_of(sandbox, call.headers)
        body = decline_body(result.decline, result.charge.id, dialect)
        return Reply(DECLINED_STATUS, body, call.why)
    if isinstance(result, Redirect):
        headers_out = ((b"location", result.location.encode("latin-1")),)
        return Reply(302, b"", call.why, headers=headers_out)
    if isinstance(result, Stated):
        body = encode(result.record)
        return Reply(result.status, body, call.why, pending_ms=result.pending_ms)
    if isinstance(result, Document):
        return Reply(200, result.body, call.why)
    if isinstance(result, Text):
        return Reply(200, result.text.encode(), call.why, PLAIN)
    if isinstance(result, Page):
        return Reply(result.status, result.html.encode(), call.why, HTML, result.headers)
    if isinstance(result, Asset):
        return Reply(200, result.body, call.why, result.content_type, result.headers)
    raise TypeError(f"an endpoint returned {type(result).__name__}")


def _refused(
    sandbox: Sandbox,
    refusal: ApiError,
    headers: dict[bytes, bytes],
    endpoint: Endpoint | None = None,
) -> Reply:
    problem = refusal.problem
    param = refusal.words.get("param")
    said_by = refusal.words.get("why")
    more: Any = refusal.words.get("headers", {})
    besides: Any = refusal.words.get("basis", ())
    of: tuple[Basis, ...] = () if endpoint is None else (endpoint,)
    basis = (*of, problem, *besides)
    body, content_type = problem_body(
        problem,
        refusal.message,
        dialect_of(sandbox, headers),
        str(param) if param is not None else None,
        platform=endpoint is not None and endpoint.surface.platform_errors,
    )
    why = f"{problem.name} ({problem.fact.evidence}: {problem.fact.source})"
    reason = refusal.words.get("reason")
    if reason is not None:  # the wire tells many situations alike
        why = f"{problem.name} ({reason})"
    if said_by is not None:
        why = f"{said_by}: {problem.name}"
    headers_out = tuple((name.encode(), value.encode()) for name, value in more.items())
    return Reply(
        problem.status,
        body,
        why,
        content_type,
        headers_out,
        evidence=lowest_evidence(basis),
        basis=basis,
    )
