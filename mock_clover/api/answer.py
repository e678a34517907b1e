"""One request in, one reply out: the whole of Clover behind one synchronous call.

No await stands in it, so it is atomic on the event loop without a lock: a client that goes away
leaves the old state or the new. A refusal changes nothing; a returned result has happened.
"""

from hashlib import blake2b
from typing import Any, NamedTuple, Never
from urllib.parse import parse_qsl

from mock_clover.api.dialects import DECLINED_STATUS, JSON, decline_body, problem_body
from mock_clover.api.endpoint import (
    Call,
    Declined,
    Document,
    Endpoint,
    OpenBody,
    Raw,
    Redirect,
    Stated,
)
from mock_clover.api.intervene import befall, intervene, is_stirred, limit
from mock_clover.model.fault import Fault
from mock_clover.model.problem import (
    BY_NAME,
    CONTROL_INVALID,
    FORWARDED_FOR_MISSING,
    IDEMPOTENCY_MISMATCH,
    INVALID_JSON,
    INVALID_REQUEST,
    PAKMS_WITHOUT_AUTHORIZATION,
    PATH_NOT_FOUND,
    UNAUTHORIZED,
    UNKNOWN_PARAMETER,
    Refusal,
)
from mock_clover.model.rule import RawReply
from mock_clover.model.scenario import DIALECTS, Dialect
from mock_clover.sandbox.idempotency import KEY_CHARS_MAX, Remembered
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.wire.codec import Codec, MalformedError, ViolationsError, parse, unknown_members
from mock_clover.wire.record import Record, decode_json, encode
from mock_clover.wire.redact import masked_repr

_QUERY_FIELDS_MAX = 100
_IGNORED_MAX = 20


class Reply(NamedTuple):
    """What goes back; `headers` are beyond content type and length."""

    status: int
    body: bytes
    why: str
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    fault: Fault | None = None
    """What befalls the reply on its way, for the transport to play."""
    wait_ms: int = 0
    """Of a delay: how long the transport waits, before the work or with the reply."""
    pending_ms: int = 0
    """How long a caller is willing to wait for another answer than this."""

    def __repr__(self) -> str:
        """Show it, card numbers masked."""
        return masked_repr(self)


def answer(sandbox: Sandbox, endpoint: Endpoint, raw: Raw, *, waited: bool = False) -> Reply:
    """Answer one request and journal it.

    A reply whose fault is a delay before_commit means: nothing has happened; wait and ask again
    with `waited`.
    """
    request: Record | None = None
    idempotency = ""
    fault: Fault | None = None
    try:
        credential = _authorise(sandbox, endpoint, raw.headers)
        stirred = not endpoint.silent and is_stirred(sandbox, raw.headers, raw.body)
        if stirred and not waited:
            limit(sandbox, credential)
            fault = befall(sandbox, endpoint, raw.headers)
            if fault is not None and fault.when == "before_commit":
                return _spoiled(sandbox, endpoint, raw, fault)
        if sandbox.settings.strict:
            _refuse_lenience(endpoint, raw)
        request = _decode_body(endpoint, raw)
        query = _decode_query(endpoint, raw.query)
        key = _idempotency_key(raw.headers) if endpoint.idempotent else ""
        stored = sandbox.idempotency.get((credential, key)) if key else None
        if stored is not None:
            if stored.target != raw.path or stored.request != request:
                IDEMPOTENCY_MISMATCH.refuse()
            idempotency = "replayed"
            reply = Reply(stored.status, stored.body, f"idempotency: replay of: {stored.why}")
        else:
            call = Call(request, query, raw.ids, raw.headers)
            reply = _performed(sandbox, endpoint, call, stirred=stirred)
            if key:
                idempotency = "stored"
                sandbox.idempotency.remember(
                    (credential, key),
                    Remembered(
                        endpoint.name, raw.path, request, reply.status, reply.body, reply.why
                    ),
                )
    except Refusal as refusal:
        reply = _refused(sandbox, refusal, raw.headers)
    fault = reply.fault or fault
    if fault is not None and fault.kind == "problem":  # done, but the client is told otherwise
        lie = Refusal(BY_NAME[fault.problem or "SANDBOX_FULL"], {"why": f"fault: {fault.label}"})
        reply = _refused(sandbox, lie, raw.headers)
    if fault is not None:
        reply = reply._replace(fault=fault, wait_ms=sandbox.faults.delay_ms(fault))
    if not endpoint.silent:
        _journal(sandbox, endpoint, raw, reply, request, idempotency)
    return reply


def _performed(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], *, stirred: bool
) -> Reply:
    """Run an endpoint, unless a rule, a header or a text says how the call ends."""
    step = (
        intervene(sandbox, endpoint.name, call.body, call.ids, call.headers)
        if stirred and not endpoint.secret
        else None
    )
    fault = None
    if step is not None:
        then, fault = step.then, _struck(sandbox, step.then.fault)
        if then.problem is not None:
            BY_NAME[then.problem].refuse(why=step.why)
        if then.raw is not None:
            return _as_it_is(then.raw, step.why)
        call.verdict = then.verdict(step.why, step.evidence)
    result = endpoint.run(sandbox, call)
    return _reply(sandbox, call, result, call.headers)._replace(fault=fault)


def _struck(sandbox: Sandbox, fault: Fault | None) -> Fault | None:
    return fault if fault is not None and sandbox.faults.strikes(fault) else None


def _as_it_is(raw: RawReply, why: str) -> Reply:
    body = raw.body.encode() if isinstance(raw.body, str) else encode(raw.body)
    return Reply(raw.status, body, why, raw.content_type.encode("latin-1", "replace"))


def _spoiled(sandbox: Sandbox, endpoint: Endpoint, raw: Raw, fault: Fault) -> Reply:
    """Return what comes of a call whose work is not done, or not yet."""
    wait_ms = sandbox.faults.delay_ms(fault)
    why = f"fault: {fault.label}"
    if fault.kind == "delay":
        return Reply(0, b"", why, fault=fault, wait_ms=wait_ms)
    if fault.kind == "problem":
        BY_NAME[fault.problem or "SANDBOX_FULL"].refuse(why=why)
    reply = Reply(503, b'{"message":"503 Service Unavailable"}', why, fault=fault, wait_ms=wait_ms)
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
        _ignored(endpoint, raw.body) if raw.body and endpoint.takes else (),
        raw.started_ns,
    )


def _ignored(endpoint: Endpoint, body: bytes) -> tuple[str, ...]:
    """Return the members of a body that nobody reads, most often none."""
    if endpoint.any_body or endpoint.takes is None:
        return ()
    try:
        tree = decode_json(body)
    except (ValueError, RecursionError):
        return ()
    if isinstance(tree, dict) and tree.keys() <= endpoint.plain_members:
        return ()
    return tuple(unknown_members(tree, endpoint.takes)[:_IGNORED_MAX])


def refuse(sandbox: Sandbox, refusal: Refusal, raw: Raw, endpoint: str = "") -> Reply:
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


def _reply(
    sandbox: Sandbox, call: Call[Any, Any], result: object, headers: dict[bytes, bytes]
) -> Reply:
    if isinstance(result, Record):
        return Reply(200, encode(result), call.why)
    if isinstance(result, Declined):
        body = decline_body(result.decline, result.charge.id, _dialect(sandbox, headers))
        return Reply(DECLINED_STATUS, body, call.why)
    if isinstance(result, Redirect):
        headers_out = ((b"location", result.location.encode("latin-1")),)
        return Reply(302, b"", call.why, headers=headers_out)
    if isinstance(result, Stated):
        body = encode(result.record)
        return Reply(result.status, body, call.why, pending_ms=result.pending_ms)
    if isinstance(result, Document):
        return Reply(200, result.body, call.why)
    raise TypeError(f"an endpoint returned {type(result).__name__}")


def _refused(sandbox: Sandbox, refusal: Refusal, headers: dict[bytes, bytes]) -> Reply:
    problem = refusal.problem
    param = refusal.words.get("param")
    said_by = refusal.words.get("why")
    more: Any = refusal.words.get("headers", {})
    body, content_type = problem_body(
        problem,
        refusal.message,
        _dialect(sandbox, headers),
        str(param) if param is not None else None,
    )
    why = f"{problem.name} ({problem.fact.evidence}: {problem.fact.source})"
    if said_by is not None:
        why = f"{said_by}: {problem.name}"
    headers_out = tuple((name.encode(), value.encode()) for name, value in more.items())
    return Reply(problem.status, body, why, content_type, headers_out)


def _dialect(sandbox: Sandbox, headers: dict[bytes, bytes]) -> Dialect:
    asked = headers.get(b"x-mock-clover-dialect")
    if asked:
        for dialect in DIALECTS:
            if dialect.encode() == asked.strip().lower():
                return dialect
    return sandbox.settings.dialect


def _authorise(sandbox: Sandbox, endpoint: Endpoint, headers: dict[bytes, bytes]) -> str:
    """Return the credential that was shown, or refuse: one answer to all that may be wrong."""
    if endpoint.auth == "none":
        return ""
    if endpoint.auth == "apikey":
        shown = headers.get(b"apikey", b"").decode("latin-1").strip()
        if shown != sandbox.credentials.api_key:
            UNAUTHORIZED.refuse()
        return shown
    header = headers.get(b"authorization")
    if header == sandbox.bearer_header:
        return sandbox.credentials.access_token
    if header is None and endpoint.auth == "pakms":
        PAKMS_WITHOUT_AUTHORIZATION.refuse()
    shown = _bearer(header)
    if shown != sandbox.credentials.access_token:
        given_ms = sandbox.access_tokens.get(shown)
        life_ms = sandbox.settings.access_token_life_ms
        if given_ms is None or sandbox.clock.now_ms() - given_ms > life_ms:
            UNAUTHORIZED.refuse()
    return shown


def _bearer(header: bytes | None) -> str:
    """Return the token of an Authorization header, or '' when it holds none."""
    if header is None or header[:7].lower() != b"bearer ":
        return ""
    return header[7:].decode("latin-1").strip()


def _refuse_lenience(endpoint: Endpoint, raw: Raw) -> None:
    """Under --strict refuse what this mock else forgives."""
    if endpoint.extension:
        PATH_NOT_FOUND.refuse()
    if endpoint.forwarded_for and not raw.headers.get(b"x-forwarded-for"):
        FORWARDED_FOR_MISSING.refuse()
    if endpoint.takes and not endpoint.any_body:
        try:
            unknown = unknown_members(parse(raw.body), endpoint.takes)
        except MalformedError:
            return  # the decoder says it better
        if unknown:
            UNKNOWN_PARAMETER.refuse(param=unknown[0])


def _decode_body(endpoint: Endpoint, raw: Raw) -> Record | None:
    codec: Codec[Record] | None = endpoint.codec
    if codec is None:
        return None
    try:
        if endpoint.any_body:
            return codec.convert(_merged(raw))
        if endpoint.takes is OpenBody:
            return codec.convert({"tree": parse(raw.body)})
        return codec.decode(raw.body if raw.body.strip() else b"")
    except MalformedError as error:
        if endpoint.silent:
            CONTROL_INVALID.refuse(said=str(error))
        INVALID_JSON.refuse()
    except ViolationsError as violations:
        _refuse_violation(violations, control=endpoint.silent)


def _decode_query(endpoint: Endpoint, query: bytes) -> Record | None:
    codec: Codec[Record] | None = endpoint.query_codec
    if codec is None:
        return None
    try:
        return codec.convert(_fields(query))
    except MalformedError:
        INVALID_REQUEST.refuse(param="query")
    except ViolationsError as violations:
        _refuse_violation(violations, control=endpoint.silent)


def _refuse_violation(violations: ViolationsError, *, control: bool = False) -> Never:
    if control:
        CONTROL_INVALID.refuse(said=str(violations))
    first = violations.found[0]
    problem = BY_NAME.get(first.problem, INVALID_REQUEST)
    problem.refuse(param=first.path)


def _merged(raw: Raw) -> dict[str, object]:
    """Merge query, form and JSON: real clients send a legacy exchange in all three ways."""
    merged: dict[str, object] = dict(_fields(raw.query))
    if raw.body.lstrip()[:1] in (b"{", b"["):
        tree = parse(raw.body)
        if not isinstance(tree, dict):
            raise MalformedError("Expected an object")
        merged.update(tree)
    else:
        merged.update(_fields(raw.body))
    return merged


def _fields(encoded: bytes) -> dict[str, str]:
    try:
        text = encoded.decode("ascii", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_QUERY_FIELDS_MAX))
    except ValueError:
        raise MalformedError("too many fields") from None


def _idempotency_key(headers: dict[bytes, bytes]) -> str:
    """Return the key under any spelling that clients use, or ''."""
    key = (
        headers.get(b"idempotency-key")
        or headers.get(b"x-idempotency-key")
        or headers.get(b"idempotency_key")
        or b""
    )
    if len(key) > KEY_CHARS_MAX:
        key = blake2b(key).hexdigest().encode()
    return key.decode("latin-1").strip()
