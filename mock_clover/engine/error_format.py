"""Format errors in the dialect of a request.

observed (default): `declineCode` in camel case, no `type` where none was observed, no `doc_url`; a
card error is a 402.
documented: the table of the card-on-file page. Every error of the Ecommerce API has an `error`
object with `type`, `code`, `doc_url`, and `decline_code` and `param` where they apply; a card error
is a 400.
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
from mock_clover.core.record import Record, Value, encode
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import DIALECTS, Dialect

DOC_URL = "https://docs.clover.com/docs/ecommerce-error-codes"
JSON = b"application/json"
PLAIN = b"text/plain; charset=utf-8"
HTML = b"text/html; charset=utf-8"
DECLINED_STATUS = 402
"""The observed status of a card error."""
_DOCUMENTED_CARD_ERROR_STATUS = 400  # SEED's table; Clover's appendix has "402 Request Failed"

_TYPE_AND_CODE = {
    401: ("authentication_error", "unauthorized"),
    429: ("rate_limit_error", "rate_limit"),
    500: ("api_error", "processing_error"),
    501: ("api_error", "processing_error"),
    502: ("api_connection_error", "processing_error"),
    503: ("api_connection_error", "processing_error"),
    504: ("api_connection_error", "processing_error"),
}
"""`type` and `code` in the documented dialect, for errors without an observed `error` object.

SEED's table names the types, DOCS:ecommerce-error-codes `rate_limit` and `processing_error`. Which
status has which type, and the code of a 401, are inferred."""


class ErrorFormat(Value, frozen=True, kw_only=True):
    """The dialect of an error, and the status of a card error."""

    dialect: Dialect
    card_error_status: int = DECLINED_STATUS

    def status_of(self, problem: Problem) -> int:
        """Return the status of a problem; that of a card error depends on the format."""
        return self.card_error_status if problem.status == DECLINED_STATUS else problem.status


OBSERVED = ErrorFormat(dialect="observed")


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


def error_format(sandbox: Sandbox, headers: dict[bytes, bytes]) -> ErrorFormat:
    """Return the format of errors for a request; without headers, the sandbox's own."""
    dialect = error_dialect(sandbox, headers)
    default = DECLINED_STATUS if dialect == "observed" else _DOCUMENTED_CARD_ERROR_STATUS
    status = sandbox.settings.card_error_status or default
    return ErrorFormat(dialect=dialect, card_error_status=status)


def status_line(status: int) -> str:
    """Return a status as in Clover's top-level message, for example `402 Payment Required`."""
    return f"{status} {HTTPStatus(status).phrase}"


def problem_body(
    problem: Problem,
    message: str,
    error_format: ErrorFormat,
    param: str | None = None,
    *,
    has_error_object: bool = True,
) -> tuple[bytes, bytes]:
    """Return the body and content type of an error. The platform API has no `error` object."""
    message = redact(message)
    is_documented = has_error_object and error_format.dialect == "documented"
    type_and_code = _TYPE_AND_CODE.get(problem.status) if is_documented else None
    if type_and_code is not None and problem.shape in ("bare", "plain"):
        return encode(_documented_body(problem, message, *type_and_code)), JSON
    if problem.shape == "plain":
        return message.encode(), PLAIN
    if problem.shape == "status":
        phrase = HTTPStatus(problem.status).phrase
        return encode(StatusBody(status=phrase, message=message)), JSON
    if problem.shape == "bare" or not has_error_object:
        return encode(ErrorEnvelope(message=message, details=problem.details)), JSON
    if error_format.dialect == "observed":
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
    line = status_line(error_format.status_of(problem))
    return encode(ErrorEnvelope(message=line, error=error)), JSON


def _documented_body(problem: Problem, message: str, type_: str, code: str) -> ErrorEnvelope:
    """Return the documented body of an error that had no `error` object on the wire."""
    error = ErrorBody(type=type_, code=code, message=message, doc_url=DOC_URL)
    return ErrorEnvelope(message=status_line(problem.status), error=error)


def decline_body(decline: Decline, charge_id: str, error_format: ErrorFormat) -> bytes:
    """Return the body of the error for a declined charge.

    Source: PayHub 2026-09-18 and CC 30103 (observed). SEED's table (documented) gives no text for
    `message`.
    """
    if error_format.dialect == "observed":
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
    return encode(ErrorEnvelope(message=status_line(error_format.card_error_status), error=error))


def _documented_type(problem: Problem, code: str | None) -> str:
    if problem.status == DECLINED_STATUS:
        return "card_error"
    if problem.status in _TYPE_AND_CODE:
        return _TYPE_AND_CODE[problem.status][0]
    return "api_error" if code == "processing_error" else "invalid_request_error"
