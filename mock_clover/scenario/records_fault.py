"""Faults: network and server failures before or after a request is processed."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

import msgspec

from mock_clover.core.evidence import END_OF_STRING
from mock_clover.core.record import Record, encode
from mock_clover.core.suggestions import did_you_mean

FaultKind = Literal["delay", "problem", "drop", "hang", "truncate", "garbage", "dribble"]
FaultPhase = Literal["before_commit", "after_commit"]

SOCKET_FAULTS: frozenset[FaultKind] = frozenset({"drop", "hang", "truncate", "garbage"})
"""Kinds that break the connection itself; an ASGI application has no access to it."""

LOSING_FAULTS = SOCKET_FAULTS
"""Kinds after which the client has no complete response."""
SILENT_FAULTS: frozenset[FaultKind] = SOCKET_FAULTS - {"truncate"}
"""Kinds that send no status line."""

DELAY_MS_MAX = 600_000
BODY_BYTES_MAX = 65_536
_STATUS_FIELDS = ("status", "body", "content_type")
FIELDS_BY_KIND: dict[FaultKind, tuple[str, ...]] = {
    "delay": ("delay_ms", "jitter_ms"),
    "problem": ("problem", "status", "body", "content_type", "delay_ms", "jitter_ms"),
    "drop": (),
    "hang": (),
    "truncate": (),
    "garbage": (),
    "dribble": ("delay_ms", "jitter_ms"),
}
"""Fields that each kind uses, in addition to when, endpoint, times, nth, odds and ttl_ms."""


PROBLEM_RULE = (
    "kind problem requires problem=NAME, for example RATE_LIMITED "
    "(`mock-clover errors` lists them), or status=502"
)


class Fault(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A failure: what happens, when, where and how often."""

    kind: Annotated[
        FaultKind,
        msgspec.Meta(
            description="delay: the response is late. problem: an error from the catalogue, or "
            "any status. drop: "
            "the connection is reset. hang: no response. truncate: half a response, then the "
            "connection closes. garbage: bytes that are not HTTP. dribble: the response is sent in "
            "small pieces."
        ),
    ]
    when: Annotated[
        FaultPhase,
        msgspec.Meta(
            description="before_commit: the request is not processed (with a delay, it is "
            "processed after the wait). after_commit: it is processed and only the response fails."
        ),
    ] = "before_commit"
    endpoint: Annotated[
        str | None,
        msgspec.Meta(
            description="Operation name, for example create_charge; default: all operations."
        ),
    ] = None
    times: Annotated[int, msgspec.Meta(ge=1, description="Maximum number of times.")] | None = None
    nth: (
        Annotated[
            int,
            msgspec.Meta(
                ge=1,
                description="Only the n-th request of the operation, counted from when the fault "
                "is set. A request without a valid credential does not count.",
            ),
        ]
        | None
    ) = None
    odds: Annotated[
        float,
        msgspec.Meta(
            gt=0,
            le=1,
            description="Probability that the fault applies to a request, drawn with the seed.",
        ),
    ] = 1.0
    ttl_ms: (
        Annotated[
            int,
            msgspec.Meta(
                ge=1, description="The fault expires after this time on the sandbox's clock."
            ),
        ]
        | None
    ) = None
    delay_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=DELAY_MS_MAX, description="Delay, or pause between the pieces of a dribble."
        ),
    ] = 0
    jitter_ms: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=DELAY_MS_MAX,
            description="Maximum random addition to `delay_ms`, drawn with the seed.",
        ),
    ] = 0
    problem: Annotated[
        str | None, msgspec.Meta(description="Name of an error, for example SERVICE_UNAVAILABLE.")
    ] = None
    status: (
        Annotated[
            int,
            msgspec.Meta(
                ge=400,
                le=599,
                description="Status of the response, instead of an error of the catalogue; for "
                "example 502 of a proxy.",
            ),
        ]
        | None
    ) = None
    body: Annotated[
        Any, msgspec.Meta(description="Body for `status`: text such as HTML, or JSON; or none.")
    ] = None
    content_type: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=f"^[ -~]+{END_OF_STRING}",
                max_length=100,
                description="Content type for `status`; by default, that of the body.",
            ),
        ]
        | None
    ) = None

    @property
    def label(self) -> str:
        """A short description, for the journal."""
        detail = self.problem or self.status
        return f"{self.kind} {detail} {self.when}" if detail else f"{self.kind} {self.when}"

    def response(self) -> tuple[bytes, str]:
        """Return the body and the content type for `status`."""
        if self.body is None:
            return b"", self.content_type or "text/plain"
        if not isinstance(self.body, str):
            return encode(self.body), self.content_type or "application/json"
        is_html = self.body.lstrip()[:1] == "<"
        kind = "text/html" if is_html else "text/plain"
        return self.body.encode(), self.content_type or f"{kind}; charset=utf-8"


def find_fault_errors(fault: Fault, problems: Collection[str]) -> list[tuple[str, str]]:
    """Return the errors of a fault that concern several fields: field and message.

    `problems` are the known names of errors.
    """
    errors = []
    if fault.problem is not None and fault.problem not in problems:
        hint = did_you_mean(fault.problem, problems) or "; for any other status, use `status`"
        errors.append(("problem", f"unknown problem `{fault.problem}`{hint}"))
    chosen = [name for name in ("problem", *_STATUS_FIELDS) if getattr(fault, name) is not None]
    if fault.nth is not None and fault.times is not None:
        errors.append(("times", "`times` is not allowed with `nth`: the fault applies once"))
    if fault.kind == "delay" and not (fault.delay_ms or fault.jitter_ms):
        errors.append(("kind", "kind delay requires delay_ms, for example 2000"))
    if fault.kind != "problem":
        errors += [(name, f"`{name}` is not allowed with kind {fault.kind}") for name in chosen]
    elif not chosen:
        errors.append(("kind", PROBLEM_RULE))
    elif fault.problem is not None and len(chosen) > 1:
        errors.append((chosen[1], f"`{chosen[1]}` is not allowed with `problem`"))
    elif fault.status is None and chosen != ["problem"]:
        errors.append((chosen[0], f"`{chosen[0]}` requires `status`"))
    elif len(fault.response()[0]) > BODY_BYTES_MAX:
        errors.append(("body", f"`body` is longer than {BODY_BYTES_MAX} bytes"))
    return errors
