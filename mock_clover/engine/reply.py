"""Build responses with metadata for the transport, the journal and the headers."""

from string import punctuation
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from mock_clover.clover.common.problems import ApiError
from mock_clover.core.evidence import LOWER_OF, EvidenceLevel
from mock_clover.core.masking import redact
from mock_clover.core.printable import printable
from mock_clover.core.record import Record, Value, encode
from mock_clover.engine.endpoint import (
    Asset,
    Call,
    Declined,
    EncodedJson,
    Endpoint,
    HtmlPage,
    Redirect,
    StatusResult,
    Text,
)
from mock_clover.engine.error_format import (
    HTML,
    JSON,
    PLAIN,
    decline_body,
    error_format,
    problem_body,
)
from mock_clover.engine.evidence import EvidencePart, lowest_evidence
from mock_clover.engine.overrides import Override
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_fault import SILENT_FAULTS, Fault
from mock_clover.scenario.records_rule import RawResponse


class Wait(Value, frozen=True):
    """The result of a request that is delayed before its handler runs.

    The caller waits for `ms` milliseconds and then repeats the call with this as `after_delay`.
    """

    ms: int
    label: str
    """The label of the fault."""
    is_counted: bool = False
    """Whether rules have counted the request: a rule caused the delay."""


class Reply(Value, frozen=True, kw_only=True):
    """A response; `headers` excludes content type and length."""

    status: int
    body: bytes
    why: str
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    fault: Fault | None = None
    """The fault that the transport applies to the response."""
    wait_ms: int = 0
    """How long the transport waits before it sends the response."""
    long_poll_ms: int = 0
    """How long the server may repeat the call, waiting for a change, before it responds."""
    evidence: EvidenceLevel | None = None
    """The lowest evidence level of `basis`; None if the response makes no claim about Clover."""
    basis: tuple[EvidencePart, ...] = ()
    committed: bool = False
    """Whether the operation was carried out."""
    delayed: Wait | None = None
    """The delay before the request was handled, if any."""

    @property
    def delay_ms(self) -> int:
        """How long a fault delays the response, before or after the request is handled."""
        after_ms = self.wait_ms if self.fault is not None and self.fault.kind != "dribble" else 0
        return after_ms + (self.delayed.ms if self.delayed is not None else 0)

    def waits(self) -> bool:
        """Return whether the transport may wait before it sends the response."""
        return self.fault is not None or self.long_poll_ms > 0

    @property
    def sent_status(self) -> int | None:
        """The status that the client receives; None if a fault sends no status line."""
        fault = self.fault
        return None if fault is not None and fault.kind in SILENT_FAULTS else self.status


def reply_of(sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], result: object) -> Reply:
    """Return the response for the result of an endpoint's handler."""
    issuer_verdict, evidence = call.issuer_verdict, endpoint.evidence.level
    basis: tuple[EvidencePart, ...] = (endpoint,)
    if issuer_verdict is not None:
        basis = (endpoint, issuer_verdict)
        if issuer_verdict.evidence != evidence:
            evidence = LOWER_OF[evidence, issuer_verdict.evidence]
    if call.basis:
        basis += call.basis
        evidence = lowest_evidence(call.basis, evidence)
    if isinstance(result, Record):
        body = encode(result)
        return Reply(
            status=200,
            body=body,
            why=call.why,
            evidence=evidence,
            basis=basis,
            committed=True,
        )
    special = _special_reply(sandbox, call, result)
    committed = special.status < 400 or isinstance(result, Declined)
    return replace(special, evidence=evidence, basis=basis, committed=committed)


def _special_reply(sandbox: Sandbox, call: Call[Any, Any], result: object) -> Reply:
    """Return the response for a result other than a record with status 200."""
    if isinstance(result, Declined):
        form = error_format(sandbox, call.headers)
        body = decline_body(result.decline, result.charge.id, form)
        return Reply(status=form.card_error_status, body=body, why=call.why)
    if isinstance(result, Redirect):
        location = quote(result.location, safe=punctuation)  # one line, whatever a snapshot holds
        headers_out = ((b"location", location.encode()),)
        return Reply(status=302, body=b"", why=call.why, headers=headers_out)
    if isinstance(result, StatusResult):
        body = encode(result.record)
        return Reply(
            status=result.status, body=body, why=call.why, long_poll_ms=result.long_poll_ms
        )
    if isinstance(result, EncodedJson):
        return Reply(status=200, body=result.body, why=call.why)
    if isinstance(result, Text):
        body = result.text.encode()
        return Reply(status=200, body=body, why=call.why, content_type=PLAIN)
    if isinstance(result, HtmlPage):
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
    raise TypeError(f"a handler returned {type(result).__name__}, which is not a HandlerResult")


def raw_reply(raw_response: RawResponse, override: Override) -> Reply:
    """Return the response that a rule sets in place of Clover's."""
    body = (
        raw_response.body.encode()
        if isinstance(raw_response.body, str)
        else encode(raw_response.body)
    )
    if raw_response.body is None:
        body = b""
    content_type = raw_response.content_type.encode("latin-1", "replace")
    return Reply(
        status=raw_response.status,
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
    """Return the response for an error, in the format of the API that was called."""
    problem = error.problem
    param = error.params.get("param")
    cause = error.params.get("why")
    extra_headers: Any = error.params.get("headers", {})
    extra_basis: Any = error.params.get("basis", ())
    endpoint_basis: tuple[EvidencePart, ...] = () if endpoint is None else (endpoint,)
    basis = (*endpoint_basis, problem, *extra_basis)
    form = error_format(sandbox, headers)
    body, content_type = problem_body(
        problem,
        error.message,
        form,
        str(param) if param is not None else None,
        has_error_object=endpoint is None or endpoint.surface.has_error_object,
    )
    rule = error.params.get("rule")
    name = problem.name if rule is None else f"{problem.name} ({printable(redact(str(rule)))})"
    why = f"{name} ({problem.evidence.level}: {problem.evidence.source})"
    reason = error.params.get("reason")
    if (
        reason is not None
    ):  # Clover's message is the same for several causes; `why` names the actual one
        why = f"{problem.name} ({reason})"
    if cause is not None:
        why = f"{cause}: {problem.name}"
    headers_out = tuple((name.encode(), value.encode()) for name, value in extra_headers.items())
    return Reply(
        status=form.status_of(problem),
        body=body,
        why=printable(why),
        content_type=content_type,
        headers=headers_out,
        evidence=lowest_evidence(basis),
        basis=basis,
    )
