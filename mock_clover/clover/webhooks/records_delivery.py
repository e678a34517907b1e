"""Deliveries, their attempts and the headers that authenticate them."""

import hmac
import re
from typing import Annotated, Literal, NamedTuple

import msgspec

from mock_clover.clover.webhooks.records import (
    SECRET_PATTERN,
    TARGET_ID_PATTERN,
    Signature,
    TargetSpec,
    matches_event,
)
from mock_clover.clover.webhooks.records_event import AUTH_HEADER, SIGNATURE_HEADER
from mock_clover.core.evidence import OneLine
from mock_clover.core.masking import redact
from mock_clover.core.record import Record

RESPONSE_CHARS_MAX = 1_000
"""Of the body of a target's response. The outbox stores up to 11,000 attempts."""
RESPONSE_BYTES_MAX = 4_096
"""More than that many characters, so that no card number is cut in two before it is masked."""

DeliveryState = Literal["under_way", "waiting", "held", "delivered", "failed", "dropped"]


class DeliveryAttempt(Record, frozen=True, kw_only=True):
    """One attempt at a delivery."""

    number: int
    due_ms: int
    """When it was due, by the sandbox's clock; the signature contains the same time."""
    sent_ms: int
    """When it was sent, by the sandbox's clock."""
    took_ms: int = 0
    """Duration in real time."""
    status: int | None = None
    error: str | None = None
    signature: str = ""
    """The header that authenticated it, as sent; most of a platform target's secret is masked."""
    response: str = ""
    """The beginning of the response's body, masked."""


class Delivery(Record, frozen=True, kw_only=True):
    """The delivery of one event to one target."""

    id: OneLine
    number: int
    target: OneLine
    about: OneLine
    """Cause in one word: charge, refund, verification."""
    event: OneLine = ""
    """Such as P:CREATE; empty if it is not a platform event."""
    object_id: OneLine = ""
    body: str
    state: DeliveryState
    made_ms: int
    due_ms: int
    attempts: tuple[DeliveryAttempt, ...] = ()
    held_for: OneLine = ""
    """What a held delivery waits for: `next`, or the refund of the object with this id."""
    signature: Signature = "right"
    resend_of: str | None = None

    @property
    def is_pending(self) -> bool:
        """Whether it is not yet delivered, failed or dropped."""
        return self.state in ("under_way", "waiting", "held")


class WebhookTarget(Record, frozen=True, kw_only=True):
    """An active target and its state."""

    id: Annotated[str, msgspec.Meta(pattern=TARGET_ID_PATTERN)]
    spec: TargetSpec
    secret: Annotated[str, msgspec.Meta(pattern=SECRET_PATTERN)]
    of_scenario: bool = False
    code: str | None = None
    """The verification code, until it is confirmed."""
    withheld: int = 0
    """Number of events withheld because the target is not verified."""
    left: tuple[int | None, ...] = ()
    """How many more times each fault of `plan` applies."""

    def __repr__(self) -> str:
        """Return a repr without the secret."""
        return repr(self.spec)

    def is_subscribed_to(self, event: str) -> bool:
        """Return whether the target is subscribed to an event such as P:CREATE."""
        return not self.spec.events or any(
            matches_event(wanted, event) for wanted in self.spec.events
        )


class HeaderLine(NamedTuple):
    """One header line of a delivery."""

    name: str
    value: str


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Sign a hosted checkout event as `t=<seconds>,v1=<hex of HMAC-SHA256>`."""
    digest = hmac.digest(secret.encode(), b"%d.%b" % (at_s, body), "sha256")
    return f"t={at_s},v1={digest.hex()}"


def headers_of(target: WebhookTarget, delivery: Delivery) -> tuple[HeaderLine, ...]:
    """Return the headers that authenticate a delivery, signed for the time it is due.

    The verification POST has none: a target gets its X-Clover-Auth code only after verification
    (inferred).
    """
    if delivery.about == "verification" or delivery.signature == "none":
        return ()
    secret = target.secret
    if delivery.signature == "wrong":
        secret = f"not-{secret}"
    if target.spec.kind == "platform":
        return (HeaderLine(AUTH_HEADER, secret),)
    value = signature(secret, delivery.due_ms // 1000, delivery.body.encode())
    return (HeaderLine(SIGNATURE_HEADER, value),)


def shown_signature(target: WebhookTarget, delivery: Delivery) -> str:
    """Return the header that authenticates a delivery, for the list of attempts.

    The value of `X-Clover-Auth` is the secret itself: only its beginning is shown.
    """
    for name, value in headers_of(target, delivery):
        shown = value
        if name == AUTH_HEADER:
            shown = f"{value[: min(_SECRET_CHARS_SHOWN, len(value) // 4)]}…"
        return f"{name}: {shown}"
    return ""


_SECRET_CHARS_SHOWN = 6
_UNPRINTABLE = re.compile(r"[^ -~]")


def printable_error(error: BaseException) -> str:
    """Return an error message for a delivery log: one masked line of at most 300 characters."""
    text = str(error) or type(error).__name__
    return redact(_UNPRINTABLE.sub("?", text))[:300]
