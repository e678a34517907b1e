"""Format errors in the dialect of a request.

observed (default): `declineCode` in camel case, no `type` where none was observed, no `doc_url`.
documented: `type`, `decline_code`, `doc_url` and `param`, as in the table of the card-on-file page.
Both have the top-level `message` by which Clover's SDK recognizes an error.
"""

from http import HTTPStatus
from typing import ClassVar

from mock_clover.clover.common.problems import Problem
from mock_clover.clover.common.verdict import Decline
from mock_clover.core.evidence import (
    Evidence,
    FieldEvidence,
    documented,
    evidence_for_fields,
    observed,
)
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import DIALECTS, Dialect

DOC_URL = "https://docs.clover.com/docs/ecommerce-error-codes"
JSON = b"application/json"
PLAIN = b"text/plain; charset=utf-8"
HTML = b"text/html; charset=utf-8"
DECLINED_STATUS = 402


class ErrorBody(Record, frozen=True, kw_only=True):
    """The `error` object of an error body; fields in the recorded order."""

    evidence: ClassVar[Evidence] = observed("CC 30103, PHP21, GP")
    field_evidence: ClassVar[FieldEvidence] = evidence_for_fields(
        documented("SEED's table of the error object"), "decline_code", "doc_url", "param"
    )

    type: str | None = None
    code: str | None = None
    message: str
    charge: str | None = None
    declineCode: str | None = None
    decline_code: str | None = None
    doc_url: str | None = None
    param: str | None = None


class ErrorEnvelope(Record, frozen=True, kw_only=True):
    """The body of an error; bare errors have no `error`. OAuth v2 uses `StatusBody` instead."""

    evidence: ClassVar[Evidence] = observed("CC 30103, PHP21, GP")

    message: str
    details: str | None = None
    error: ErrorBody | None = None


class StatusBody(Record, frozen=True, kw_only=True):
    """The body of an OAuth v2 error: the reason phrase and a message."""

    evidence: ClassVar[Evidence] = observed("AROUND 1.2: a live probe of /oauth/v2/token")

    status: str
    message: str


def error_dialect(sandbox: Sandbox, headers: dict[bytes, bytes]) -> Dialect:
    """Return the error dialect named by the request header, or the sandbox's default."""
    header = headers.get(b"x-mock-clover-dialect")
    if header:
        for dialect in DIALECTS:
            if dialect.encode() == header.strip().lower():
                return dialect
    return sandbox.settings.dialect


def status_line(status: int) -> str:
    """Return a status as in Clover's top-level message, for example `402 Payment Required`."""
    return f"{status} {HTTPStatus(status).phrase}"


def problem_body(
    problem: Problem,
    message: str,
    dialect: Dialect,
    param: str | None = None,
    *,
    platform: bool = False,
) -> tuple[bytes, bytes]:
    """Return the body and content type of an error. The platform API has no `error` object."""
    message = redact(message)
    if problem.shape == "plain":
        return message.encode(), PLAIN
    if problem.shape == "status":
        phrase = HTTPStatus(problem.status).phrase
        return encode(StatusBody(status=phrase, message=message)), JSON
    if problem.shape == "bare" or platform:
        return encode(ErrorEnvelope(message=message, details=problem.details)), JSON
    if dialect == "observed":
        error = ErrorBody(type=problem.type, code=problem.code, message=message)
    else:
        code = problem.documented_code or problem.code
        error = ErrorBody(
            type=problem.type or _documented_type(problem, code),
            code=code,
            message=message,
            doc_url=DOC_URL,
            param=problem.param or (redact(param) if param else None),
        )
    return encode(ErrorEnvelope(message=status_line(problem.status), error=error)), JSON


def decline_body(decline: Decline, charge_id: str, dialect: Dialect) -> bytes:
    """Return the body of the error for a declined charge.

    Source: PayHub 2026-09-18 and CC 30103 (observed). SEED's table (documented) gives no text for
    `message`.
    """
    if dialect == "observed":
        error = ErrorBody(
            code=decline.code,
            message=decline.message,
            charge=charge_id,
            declineCode=decline.decline_code,
        )
    else:
        error = ErrorBody(
            type="card_error",
            code=decline.code,
            message=decline.message,
            charge=charge_id,
            decline_code=decline.decline_code,
            doc_url=DOC_URL,
            param="source",
        )
    return encode(ErrorEnvelope(message=status_line(DECLINED_STATUS), error=error))


def _documented_type(problem: Problem, code: str | None) -> str:
    if problem.status == DECLINED_STATUS:
        return "card_error"
    return "api_error" if code == "processing_error" else "invalid_request_error"
