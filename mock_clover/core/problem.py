"""Problems and errors: a problem is one situation in which Clover rejects a request.

The catalogue of problems is `clover/common/problems.py`. It imports those of the resources,
`clover/<resource>/problems.py`.
"""

from typing import Any, Literal

from mock_clover.core.evidence import Evidence
from mock_clover.core.record import Record

ErrorShape = Literal["error", "bare", "plain", "status"]


class Problem(Record, frozen=True, kw_only=True):
    """One situation in which a request is rejected."""

    name: str
    status: int
    code: str | None = None
    type: str | None = None
    """The `error.type` observed on the wire; None if the wire had none."""
    message: str
    """Message template; `{placeholders}` are filled by `error`."""
    param: str | None = None
    documented_code: str | None = None
    """The code in Clover's documentation, if the wire showed another."""
    details: str | None = None
    """The `details` of the platform API."""
    shape: ErrorShape = "error"
    """error: the usual envelope. bare: only a top-level message. plain: text, not JSON.
    status: the reason phrase and a message, both at the top level, as in OAuth v2."""
    evidence: Evidence

    def error(self, **params: object) -> "ApiError":
        """Return the error of this problem; `params` fill the message template.

        Some params have a meaning of their own. why: what forced the error. reason: detail for the
        journal. rule: the member, what was sent and the rule that it broke. param: the invalid
        parameter. headers: additional response headers. basis: the
        evidence that the error relies on, in addition to its own.
        """
        return ApiError(self, params)


class _TemplateParams(dict[str, object]):
    """Values for a message template; a missing one becomes its name in parentheses."""

    def __missing__(self, name: str) -> str:
        return f"({name})"


class ApiError(Exception):
    """Raised to reject a request. Handlers raise it before they change any state."""

    def __init__(self, problem: Problem, params: dict[str, object]) -> None:
        super().__init__(problem.name)
        self.problem = problem
        self.params = params

    @property
    def message(self) -> str:
        """The problem's message with the placeholders filled in."""
        return self.problem.message.format_map(_TemplateParams(self.params))

    @property
    def why(self) -> str:
        """The name of the problem, after what forced it, if anything did."""
        cause = self.params.get("why")
        return f"{cause}: {self.problem.name}" if cause else self.problem.name


def problem(
    name: str,
    status: int,
    code: str | None,
    message: str,
    evidence: Evidence,
    *,
    param: str | None = None,
    **others: Any,
) -> Problem:
    """Return a problem in the usual envelope."""
    return Problem(
        name=name,
        status=status,
        code=code,
        message=message,
        evidence=evidence,
        param=param,
        **others,
    )


def invalid_request_problem(
    name: str,
    message: str,
    evidence: Evidence,
    *,
    status: int = 400,
    code: str | None = "invalid_request",
    **others: Any,
) -> Problem:
    """Return a problem with the type `invalid_request_error`."""
    return problem(name, status, code, message, evidence, type="invalid_request_error", **others)


def message_only_problem(
    name: str, status: int, message: str, evidence: Evidence, details: str | None = None
) -> Problem:
    """Return a problem whose body has only a message, and `details` on the platform API."""
    return Problem(
        name=name, status=status, message=message, details=details, shape="bare", evidence=evidence
    )


def plain_text_problem(name: str, status: int, message: str, evidence: Evidence) -> Problem:
    """Return a problem whose body is plain text."""
    return Problem(name=name, status=status, message=message, shape="plain", evidence=evidence)
