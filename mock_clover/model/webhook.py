"""Webhooks: what Clover tells a shop by itself, where to, how signed, and how it may go wrong.

There are two kinds. *Platform* events say that an object was made, changed or deleted; *hosted
checkout* events say how a payment on Clover's own page ended. Nothing here knows a socket.
"""

import hmac
import re
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from mock_clover.model.address import wrong_url
from mock_clover.wire.fact import END, Fact, documented, inferred, observed, told
from mock_clover.wire.record import Record, encode
from mock_clover.wire.redact import redact

Kind = Literal["platform", "hosted_checkout"]
EventType = Literal["CREATE", "UPDATE", "DELETE"]
ObjectKind = Literal["A", "C", "CA", "E", "I", "IC", "IG", "IM", "M", "O", "P", "SH"]
"""Apps, customers, cash adjustments, employees, items, item categories, modifier groups, modifiers,
merchants, orders, payments, service hours."""
Status = Literal["APPROVED", "DECLINED"]
State = Literal["under_way", "waiting", "held", "delivered", "failed", "dropped"]

_PLATFORM = documented("AROUND 5.3: Clover's webhooks page, by public code")
_CHECKOUT = documented("AROUND 5.2: labels of Clover's Hosted Checkout webhook page")
_NAMES = observed("AROUND 5.2: the names that readers of it use")
_OURS = inferred("of this mock, not of Clover")

TARGETS_MAX = 20
"""Targets of one sandbox: a shop has one or two."""
SECRET = f"^[!-~]{{1,200}}{END}"
"""Printable and without spaces, so that no secret ends a header's line."""
OBJECT_ID = f"^[A-Za-z0-9_-]{{1,64}}{END}"
TARGET_ID = f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}{END}"
EVENT = f"^[A-Z]{{1,2}}(:(CREATE|UPDATE|DELETE))?{END}"
DELAY_MS_MAX = 30 * 86_400_000
COPIES_MAX = 10
PAYLOAD_BYTES_MAX = 65_536
RETRY_AFTER_MS = (60_000, 300_000, 1_800_000, 7_200_000, 43_200_000)
"""Waits between the attempts at one delivery: six attempts within fifteen hours. Inferred: Clover
publishes no schedule for either kind."""
RETRIES_MAX = 10


OBJECT_OF: dict[str, tuple[ObjectKind, EventType]] = {
    "create_charge": ("P", "CREATE"),
    "capture_charge": ("P", "UPDATE"),
    "create_refund": ("P", "UPDATE"),
    "create_customer": ("C", "CREATE"),
    "update_customer": ("C", "UPDATE"),
    "revoke_card": ("C", "UPDATE"),
    "delete_customer": ("C", "DELETE"),
    "finalize_payment": ("P", "CREATE"),
    "create_order": ("O", "CREATE"),
    "pay_order": ("O", "UPDATE"),
    "return_order": ("O", "UPDATE"),
}
"""What a rule's event is about, by operation, where the rule does not say."""
KNOWS_OBJECT = frozenset(
    {
        *("capture_charge", "create_refund", "update_customer", "revoke_card", "delete_customer"),
        *("pay_order", "return_order"),
    }
)
"""Operations whose request names the object, so that a refused call is about it too."""


class HookRecord(Record, frozen=True, forbid_unknown_fields=True):
    """The base of what testers write about webhooks: an unknown member is a mistake."""


class Mischief(HookRecord, frozen=True, kw_only=True):
    """One way in which deliveries go wrong on demand."""

    do: Annotated[
        Literal["duplicate", "reorder", "delay", "drop", "late_after_refund"],
        msgspec.Meta(
            description="duplicate: it comes several times. reorder: after the next one. "
            "delay: later by the sandbox's clock. drop: never. "
            "late_after_refund: only after the refund of its payment."
        ),
    ]
    event: (
        Annotated[str, msgspec.Meta(pattern=EVENT, description="Only such, as P or P:CREATE.")]
        | None
    ) = None
    times: Annotated[int, msgspec.Meta(ge=1, description="So often, then no more.")] | None = None
    delay_ms: (
        Annotated[int, msgspec.Meta(ge=1, le=DELAY_MS_MAX, description="Of delay.")] | None
    ) = None
    copies: Annotated[int, msgspec.Meta(ge=2, le=COPIES_MAX, description="Of duplicate.")] = 2


class TargetSpec(HookRecord, frozen=True, kw_only=True):
    """Where events of one kind go."""

    id: Annotated[str, msgspec.Meta(pattern=TARGET_ID, description="Its name in lists.")] | None = (
        None
    )
    kind: Annotated[Kind, msgspec.Meta(description="Which events, and how they are signed.")] = (
        "platform"
    )
    url: Annotated[str, msgspec.Meta(description="http or https; loopback or private networks.")]
    secret: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=SECRET,
                description="platform: what X-Clover-Auth says. hosted_checkout: what signs.",
            ),
        ]
        | None
    ) = None
    events: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=EVENT)], ...],
        msgspec.Meta(
            description="Only these, as P or O:UPDATE; all of them when empty. Of platform.",
            max_length=40,
        ),
    ] = ()
    app_id: (
        Annotated[
            str,
            msgspec.Meta(pattern=OBJECT_ID, description="appId; the sandbox's own without it."),
        ]
        | None
    ) = None
    retry_after_ms: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=DELAY_MS_MAX)], ...],
        msgspec.Meta(
            description="Waits between attempts, by the sandbox's clock; [] is one attempt.",
            max_length=RETRIES_MAX,
        ),
    ] = RETRY_AFTER_MS
    plan: Annotated[
        tuple[Mischief, ...],
        msgspec.Meta(description="What goes wrong; the first that fits does.", max_length=50),
    ] = ()

    def __repr__(self) -> str:
        """Show where it leads, and nothing secret: a URL's query may be."""
        return redact(f"TargetSpec({self.id} {self.kind} {self.url.partition('?')[0]})")


class EventOrder(HookRecord, frozen=True, kw_only=True):
    """An event that a rule or a tester asks for, beside those that happen by themselves."""

    kind: Annotated[Kind, msgspec.Meta(description="Its targets are those of this kind.")] = (
        "platform"
    )
    target: Annotated[str, msgspec.Meta(description="Only this one, by id.")] | None = None
    object: Annotated[ObjectKind, msgspec.Meta(description="Of platform, as P.")] | None = None
    id: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=OBJECT_ID,
                description="Of the object or payment; in a rule, the call's own without it.",
            ),
        ]
        | None
    ) = None
    type: Annotated[EventType, msgspec.Meta(description="Of platform.")] | None = None
    ts: (
        Annotated[int, msgspec.Meta(ge=0, le=10_000_000_000_000, description="In ms; now without.")]
        | None
    ) = None
    status: Annotated[Status, msgspec.Meta(description="Of hosted_checkout.")] | None = None
    amount: (
        Annotated[int, msgspec.Meta(ge=0, description="Of hosted_checkout, in minor units.")] | None
    ) = None
    session: (
        Annotated[
            str,
            msgspec.Meta(pattern=OBJECT_ID, description="`data` of hosted_checkout, if any."),
        ]
        | None
    ) = None
    payload: Annotated[Any, msgspec.Meta(description="A whole body, instead.")] = None
    delay_ms: Annotated[
        int, msgspec.Meta(ge=0, le=DELAY_MS_MAX, description="By the sandbox's clock.")
    ] = 0
    copies: Annotated[int, msgspec.Meta(ge=1, le=COPIES_MAX, description="So many times.")] = 1
    signature: Annotated[
        Literal["right", "wrong", "none"],
        msgspec.Meta(description="Whether the secret in its header is right."),
    ] = "right"


class PlatformEvent(Record, frozen=True, kw_only=True):
    """One object that was made, changed or deleted."""

    objectId: Annotated[str, told("Kind and id, as P:J2RK5QKH6WCYE.", _PLATFORM)]
    type: Annotated[EventType, told("What happened to it.", _PLATFORM)]
    ts: Annotated[int, told("When, in ms.", _PLATFORM)]


class PlatformBody(Record, frozen=True, kw_only=True):
    """The body of a platform event."""

    appId: Annotated[str, told("Whose subscription it is.", _PLATFORM)]
    merchants: Annotated[
        dict[str, tuple[PlatformEvent, ...]], told("By merchant; here one event each.", _PLATFORM)
    ]


class CheckoutBody(Record, frozen=True, kw_only=True):
    """The body of a hosted checkout event."""

    createdTime: Annotated[
        int, told("When, in ms.", inferred("AROUND 5.2 gives the label Created Time, no unit"))
    ]
    message: Annotated[str, told("As `Approved for 100`; the unit is not told.", _CHECKOUT)]
    status: Annotated[Status, told("How it ended.", _CHECKOUT)]
    type: Annotated[str, told("Always PAYMENT.", _CHECKOUT)]
    id: Annotated[str, told("The payment.", _CHECKOUT)]
    merchantId: Annotated[str, told("The merchant.", _NAMES)]
    data: Annotated[
        str | None, told("The session; one reader's first payment had none.", _NAMES)
    ] = None


class Verification(Record, frozen=True, kw_only=True):
    """The body that a new platform target gets; the code is to be handed back."""

    verificationCode: Annotated[str, told("Any text.", _PLATFORM)]


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


def fits(asked: str, event: str) -> bool:
    """Tell whether P or P:CREATE means an event, as P:CREATE."""
    return asked == event or asked == event.partition(":")[0]


def wrong_target(spec: TargetSpec) -> tuple[str, str] | None:
    """Return the member of a target that cannot be, and why."""
    said = wrong_url(spec.url)
    if said:
        return "url", said
    if spec.kind == "hosted_checkout" and (spec.events or spec.app_id):
        return "events" if spec.events else "app_id", "belongs to platform events"
    for member in ("url", "secret"):
        value = getattr(spec, member) or ""
        if redact(value) != value:
            return member, "holds what looks like a card number"
    known = frozenset(ObjectKind.__args__)  # type: ignore[attr-defined] # of a Literal
    for event in (*spec.events, *(each.event for each in spec.plan if each.event)):
        if event.partition(":")[0] not in known:
            return "events", f"there are no events {event!r}; known are {', '.join(sorted(known))}"
    for place, each in enumerate(spec.plan):
        if (each.do == "delay") != (each.delay_ms is not None):
            return f"plan[{place}]", "`delay_ms` is given with `do: delay`, and only then"
        if each.event and spec.kind == "hosted_checkout":
            return f"plan[{place}].event", "belongs to platform events"
    return None


_PLATFORM_ONLY = ("object", "type", "ts")
_CHECKOUT_ONLY = ("status", "amount", "session")


def wrong_event(order: EventOrder) -> tuple[str, str] | None:
    """Return the member of an event that cannot be, and why."""
    others: tuple[str, ...] = _CHECKOUT_ONLY if order.kind == "platform" else _PLATFORM_ONLY
    if order.payload is not None:
        others = (*_PLATFORM_ONLY, *_CHECKOUT_ONLY, "id")
    for member in others:
        if getattr(order, member) is not None:
            whose = "`payload` is the whole body" if order.payload is not None else order.kind
            return member, f"has no place here: {whose}"
    if order.payload is not None:
        body = encode(order.payload).decode()
        if len(body) > PAYLOAD_BYTES_MAX:
            return "payload", f"is longer than {PAYLOAD_BYTES_MAX} bytes"
        if redact(body) != body:
            return "payload", "holds what looks like a card number"
    if order.id is not None and redact(order.id) != order.id:
        return "id", "looks like a card number"
    return None


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Sign a hosted checkout event as `t=<seconds>,v1=<hex of HMAC-SHA256>`."""
    digest = hmac.digest(secret.encode(), b"%d.%b" % (at_s, body), "sha256")
    return f"t={at_s},v1={digest.hex()}"


SIGNATURE_FACT: Fact = documented("AROUND 5.2; mbates/clover verifies it so")
AUTH_FACT: Fact = documented("AROUND 5.3: X-Clover-Auth carries a static code")


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
        return (Header("X-Clover-Auth", secret),)
    signed = signature(secret, delivery.due_ms // 1000, delivery.body.encode())
    return (Header("Clover-Signature", signed),)


_UNPRINTABLE = re.compile(r"[^ -~]")


def said_plainly(error: BaseException) -> str:
    """Return an error's words for a delivery log: one masked line, no longer than it must be."""
    text = str(error) or type(error).__name__
    return redact(_UNPRINTABLE.sub("?", text))[:300]
