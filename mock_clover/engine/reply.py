"""Replies, with metadata for the transport, the journal and the headers, and how to build them."""

from typing import Any

from msgspec.structs import replace

from mock_clover.clover.common.problems import ApiError
from mock_clover.core.evidence import LOWER_OF, EvidenceLevel
from mock_clover.core.record import Record, Value, encode
from mock_clover.engine.endpoint import (
    Asset,
    Call,
    Declined,
    Document,
    Endpoint,
    Page,
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
from mock_clover.engine.overrides import Override
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_fault import Fault
from mock_clover.scenario.records_rule import RawReply


class Reply(Value, frozen=True, kw_only=True):
    """A response; `headers` excludes content type and length."""

    status: int
    body: bytes
    why: str
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    fault: Fault | None = None
    """The fault that the transport applies to the reply."""
    wait_ms: int = 0
    """How long the transport waits before it sends the reply."""
    pending_ms: int = 0
    """How long the server may retry the request before it sends this reply."""
    evidence: EvidenceLevel | None = None
    """The lowest evidence level of `basis`; None if the reply makes no claim about Clover."""
    basis: tuple[Basis, ...] = ()


class Wait(Value, frozen=True):
    """The result of a request that is delayed before its handler runs; nothing has happened yet.

    The caller waits for `ms` milliseconds and sends the request again with `waited=True`.
    """

    ms: int


def reply_of(sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], result: object) -> Reply:
    """Return the reply for the result of an endpoint's handler."""
    issuer_verdict, evidence = call.issuer_verdict, endpoint.evidence.level
    basis: tuple[Basis, ...] = (endpoint,)
    if issuer_verdict is not None:
        basis = (endpoint, issuer_verdict)
        if issuer_verdict.evidence != evidence:
            evidence = LOWER_OF[evidence, issuer_verdict.evidence]
    if call.basis:
        basis += call.basis
        evidence = lowest_evidence(basis)
    if isinstance(result, Record):
        body = encode(result)
        return Reply(status=200, body=body, why=call.why, evidence=evidence, basis=basis)
    return replace(_special_reply(sandbox, call, result), evidence=evidence, basis=basis)


def _special_reply(sandbox: Sandbox, call: Call[Any, Any], result: object) -> Reply:
    """Return the reply for a result that is not a plain record with status 200."""
    if isinstance(result, Declined):
        dialect = dialect_of(sandbox, call.headers)
        body = decline_body(result.decline, result.charge.id, dialect)
        return Reply(status=DECLINED_STATUS, body=body, why=call.why)
    if isinstance(result, Redirect):
        headers_out = ((b"location", result.location.encode("latin-1")),)
        return Reply(status=302, body=b"", why=call.why, headers=headers_out)
    if isinstance(result, Stated):
        body = encode(result.record)
        return Reply(status=result.status, body=body, why=call.why, pending_ms=result.pending_ms)
    if isinstance(result, Document):
        return Reply(status=200, body=result.body, why=call.why)
    if isinstance(result, Text):
        body = result.text.encode()
        return Reply(status=200, body=body, why=call.why, content_type=PLAIN)
    if isinstance(result, Page):
        return Reply(
            status=result.status,
            body=result.html.encode(),
            why=call.why,
            content_type=HTML,
            headers=result.headers,
        )
    if isinstance(result, Asset):
        return Reply(
            status=200,
            body=result.body,
            why=call.why,
            content_type=result.content_type,
            headers=result.headers,
        )
    raise TypeError(f"an endpoint returned {type(result).__name__}")


def raw_reply(raw: RawReply, override: Override) -> Reply:
    """Return the reply that a rule sets in place of a response of Clover."""
    body = raw.body.encode() if isinstance(raw.body, str) else encode(raw.body)
    if raw.body is None:
        body = b""
    content_type = raw.content_type.encode("latin-1", "replace")
    return Reply(
        status=raw.status,
        body=body,
        why=override.why,
        content_type=content_type,
        evidence=override.evidence,
        basis=(override,),
    )


def error_reply(
    sandbox: Sandbox,
    error: ApiError,
    headers: dict[bytes, bytes],
    endpoint: Endpoint | None = None,
) -> Reply:
    """Return the reply for an error, in the format of the API that was called."""
    problem = error.problem
    param = error.words.get("param")
    cause = error.words.get("why")
    extra_headers: Any = error.words.get("headers", {})
    extra_basis: Any = error.words.get("basis", ())
    endpoint_basis: tuple[Basis, ...] = () if endpoint is None else (endpoint,)
    basis = (*endpoint_basis, problem, *extra_basis)
    body, content_type = problem_body(
        problem,
        error.message,
        dialect_of(sandbox, headers),
        str(param) if param is not None else None,
        platform=endpoint is not None and endpoint.surface.platform_errors,
    )
    why = f"{problem.name} ({problem.evidence.level}: {problem.evidence.source})"
    reason = error.words.get("reason")
    if reason is not None:  # Clover uses one message for several situations
        why = f"{problem.name} ({reason})"
    if cause is not None:
        why = f"{cause}: {problem.name}"
    headers_out = tuple((name.encode(), value.encode()) for name, value in extra_headers.items())
    return Reply(
        status=problem.status,
        body=body,
        why=why,
        content_type=content_type,
        headers=headers_out,
        evidence=lowest_evidence(basis),
        basis=basis,
    )
