"""Faults: network and server failures before or after a request is processed."""

from typing import Annotated, Literal

import msgspec

from mock_clover.core.record import Record

FaultKind = Literal["delay", "problem", "drop", "hang", "truncate", "garbage", "dribble"]
FaultPhase = Literal["before_commit", "after_commit"]

SOCKET_FAULTS: frozenset[FaultKind] = frozenset({"drop", "hang", "truncate", "garbage"})
"""Kinds that break the connection itself; an ASGI application has no access to it."""

LOSING_FAULTS = SOCKET_FAULTS
"""Kinds after which the client has no complete response."""
SILENT_FAULTS: frozenset[FaultKind] = SOCKET_FAULTS - {"truncate"}
"""Kinds that send no status line."""

DELAY_MS_MAX = 600_000
FIELDS_BY_KIND: dict[FaultKind, tuple[str, ...]] = {
    "delay": ("delay_ms", "jitter_ms"),
    "problem": ("problem", "delay_ms", "jitter_ms"),
    "drop": (),
    "hang": (),
    "truncate": (),
    "garbage": (),
    "dribble": ("delay_ms", "jitter_ms"),
}
"""Fields that each kind uses, in addition to when, endpoint, times, odds and ttl_ms."""


class Fault(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A failure: what happens, when, where and how often."""

    kind: Annotated[
        FaultKind,
        msgspec.Meta(
            description="delay: the response is late. problem: an error from the catalogue. drop: "
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

    @property
    def label(self) -> str:
        """A short description, for the journal."""
        what = f"{self.kind} {self.problem}" if self.problem else self.kind
        return f"{what} {self.when}"
