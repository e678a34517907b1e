"""A delivery: one body on its way to one target, its attempts, and the header that proves it."""

import hmac
import re
from typing import Literal, NamedTuple

from mock_clover.clover.webhooks.records import TargetSpec, fits
from mock_clover.clover.webhooks.records_event import AUTH_HEADER, SIGNATURE_HEADER
from mock_clover.core.masking import redact
from mock_clover.core.record import Record

State = Literal["under_way", "waiting", "held", "delivered", "failed", "dropped"]


class Attempt(Record, frozen=True, kw_only=True):
    """One try to deliver."""

    number: int
    due_ms: int
    """When it was to be, by the sandbox's clock; its signature says so too."""
    sent_ms: int
    """When it was made, by the sandbox's clock."""
    took_ms: int = 0
    """How long it took, in real time."""
    status: int | None = None
    error: str | None = None


class Delivery(Record, frozen=True, kw_only=True):
    """One body on its way to one target."""

    id: str
    number: int
    target: str
    about: str
    """What happened, in a word: charge, refund, verification."""
    event: str = ""
    """As P:CREATE; empty for what is no platform event."""
    object_id: str = ""
    body: str
    state: State
    made_ms: int
    due_ms: int
    attempts: tuple[Attempt, ...] = ()
    held_for: str = ""
    """What a held one waits for: `next`, or the refund of this object's id."""
    signature: Literal["right", "wrong", "none"] = "right"
    resend_of: str | None = None

    @property
    def is_pending(self) -> bool:
        """Whether it is still to be delivered."""
        return self.state in ("under_way", "waiting", "held")


class Subscription(Record, frozen=True, kw_only=True):
    """A target in force: what was asked for, and how far it has come."""

    id: str
    spec: TargetSpec
    secret: str
    of_scenario: bool = False
    code: str | None = None
    """The verification code that is still to be handed back."""
    withheld: int = 0
    """Events that were not sent because of that."""
    left: tuple[int | None, ...] = ()
    """How often each step of the plan still applies."""

    def __repr__(self) -> str:
        """Show no secret."""
        return repr(self.spec)

    def wants(self, event: str) -> bool:
        """Tell whether an event, as P:CREATE, is subscribed to."""
        return not self.spec.events or any(fits(each, event) for each in self.spec.events)


class Header(NamedTuple):
    """One header line of a delivery."""

    name: str
    value: str


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Sign a hosted checkout event as `t=<seconds>,v1=<hex of HMAC-SHA256>`."""
    digest = hmac.digest(secret.encode(), b"%d.%b" % (at_s, body), "sha256")
    return f"t={at_s},v1={digest.hex()}"


def headers_of(subscription: Subscription, delivery: Delivery) -> tuple[Header, ...]:
    """Return the headers that prove where a delivery comes from, as of the time it is due.

    The verification POST carries none: its answer is what a target's auth code is given for
    (inferred).
    """
    if delivery.about == "verification" or delivery.signature == "none":
        return ()
    secret = subscription.secret
    if delivery.signature == "wrong":
        secret = f"not-{secret}"
    if subscription.spec.kind == "platform":
        return (Header(AUTH_HEADER, secret),)
    signed = signature(secret, delivery.due_ms // 1000, delivery.body.encode())
    return (Header(SIGNATURE_HEADER, signed),)


_UNPRINTABLE = re.compile(r"[^ -~]")


def printable_error(error: BaseException) -> str:
    """Return an error's words for a delivery log: one masked line, no longer than it must be."""
    text = str(error) or type(error).__name__
    return redact(_UNPRINTABLE.sub("?", text))[:300]
