"""A fault: one small thing that goes wrong on the wire, before or after the work is done."""

from typing import Annotated, Literal

import msgspec

from mock_clover.core.record import Record

FaultKind = Literal["delay", "problem", "drop", "hang", "truncate", "garbage", "dribble"]
When = Literal["before_commit", "after_commit"]

DELAY_MS_MAX = 600_000
HEEDS: dict[FaultKind, tuple[str, ...]] = {
    "delay": ("delay_ms", "jitter_ms"),
    "problem": ("problem", "delay_ms", "jitter_ms"),
    "drop": (),
    "hang": (),
    "truncate": (),
    "garbage": (),
    "dribble": ("delay_ms", "jitter_ms"),
}
"""The members that a kind heeds beside those that all do: when, endpoint, times, odds, ttl_ms."""


class Fault(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong, when, where and how often."""

    kind: Annotated[
        FaultKind,
        msgspec.Meta(
            description="delay: the answer comes late. problem: a refusal of the catalogue. "
            "drop: the connection is reset. hang: no answer comes. truncate: half an answer, then "
            "the end. garbage: bytes that are no HTTP. dribble: the answer comes in small pieces."
        ),
    ]
    when: Annotated[
        When,
        msgspec.Meta(
            description="before_commit: the work is not done (a delay does it after waiting). "
            "after_commit: it is done, and only the answer suffers."
        ),
    ] = "before_commit"
    endpoint: Annotated[
        str | None, msgspec.Meta(description="Operation name, as create_charge; all without it.")
    ] = None
    times: Annotated[int, msgspec.Meta(ge=1, description="So often, then no more.")] | None = None
    odds: Annotated[
        float, msgspec.Meta(gt=0, le=1, description="Chance of each call, from the seed.")
    ] = 1.0
    ttl_ms: (
        Annotated[int, msgspec.Meta(ge=1, description="Gone after so long of the sandbox's clock.")]
        | None
    ) = None
    delay_ms: Annotated[
        int, msgspec.Meta(ge=0, le=DELAY_MS_MAX, description="Of delay, and between dribbles.")
    ] = 0
    jitter_ms: Annotated[
        int, msgspec.Meta(ge=0, le=DELAY_MS_MAX, description="Up to so much more, from the seed.")
    ] = 0
    problem: Annotated[str | None, msgspec.Meta(description="Name of a refusal.")] = None

    @property
    def label(self) -> str:
        """The fault in two words, for reasons and journals."""
        what = f"{self.kind} {self.problem}" if self.problem else self.kind
        return f"{what} {self.when}"
