"""Problems and errors: a problem is one situation in which Clover rejects a request.

The catalogue of all problems is `clover/common/problems.py`. It imports those of the resources,
`clover/<resource>/problems.py`.
"""

from typing import Literal

from mock_clover.core.evidence import Fact
from mock_clover.core.record import Record

Shape = Literal["error", "bare", "plain", "status"]


class Problem(Record, frozen=True, kw_only=True):
    """One situation in which a request is rejected."""

    name: str
    status: int
    code: str | None = None
    type: str | None = None
    """The `error.type` as it was seen on the wire; None where the wire had none."""
    message: str
    """Words for the client; `{braces}` are filled from the situation."""
    param: str | None = None
    documented_code: str | None = None
    """The code that Clover's pages give this situation, where the wire showed another."""
    details: str | None = None
    """What the platform API says beside its message."""
    shape: Shape = "error"
    """error: the usual envelope. bare: only a top-level message. plain: text, no JSON.
    status: the reason phrase and a message, both at the top, as OAuth v2 answers."""
    fact: Fact

    def error(self, **words: object) -> "ApiError":
        """Return the error of this problem, its message filled with these words."""
        return ApiError(self, words)


class _Words(dict[str, object]):
    """Words for a message; a missing one becomes its name in parentheses."""

    def __missing__(self, word: str) -> str:
        return f"({word})"


class ApiError(Exception):
    """Rejects a request. Nothing has changed when a handler raises it."""

    def __init__(self, problem: Problem, words: dict[str, object]) -> None:
        super().__init__(problem.name)
        self.problem = problem
        self.words = words

    @property
    def message(self) -> str:
        """The problem's words with the situation filled in."""
        return self.problem.message.format_map(_Words(self.words))


def problem(
    name: str,
    status: int,
    code: str | None,
    message: str,
    fact: Fact,
    *,
    type: str | None = None,  # noqa: A002 - the wire's own word
    param: str | None = None,
    documented_code: str | None = None,
) -> Problem:
    """Return a problem in the usual envelope."""
    return Problem(
        name=name,
        status=status,
        code=code,
        type=type,
        message=message,
        fact=fact,
        param=param,
        documented_code=documented_code,
    )
