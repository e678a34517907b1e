"""Webhooks as testers write them: where they go, what is sent on demand, and what goes wrong.

There are two kinds. *Platform* events say that an object was made, changed or deleted; *hosted
checkout* events say how a payment on Clover's own page ended. Nothing here knows a socket.
"""

from typing import Annotated, Any, Literal

import msgspec

from mock_clover.clover.webhooks.records_address import wrong_url
from mock_clover.core.evidence import END
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode

Kind = Literal["platform", "hosted_checkout"]
EventType = Literal["CREATE", "UPDATE", "DELETE"]
ObjectKind = Literal["A", "C", "CA", "E", "I", "IC", "IG", "IM", "M", "O", "P", "SH"]
"""Apps, customers, cash adjustments, employees, items, item categories, modifier groups, modifiers,
merchants, orders, payments, service hours."""
Status = Literal["APPROVED", "DECLINED"]

TARGETS_MAX = 20
"""Targets of one sandbox: a shop has one or two."""
SECRET = f"^[!-~]{{1,200}}{END}"
"""Printable and without spaces, so that no secret ends a header's line."""
OBJECT_ID = f"^[A-Za-z0-9_-]{{1,64}}{END}"
TARGET_ID = f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}{END}"
EVENT = f"^[A-Z]{{1,2}}(:(CREATE|UPDATE|DELETE))?{END}"
DELAY_MS_MAX = 30 * 86_400_000
COPIES_MAX = 10
PAYLOAD_BYTES_MAX = 16_384
"""Of a body by hand: a hundred times Clover's own; a thousand of them are kept."""
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
    "charge_subscription": ("P", "CREATE"),
    "pay_checkout": ("P", "CREATE"),
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


class DeliveryFault(HookRecord, frozen=True, kw_only=True):
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
                description="platform: what X-Clover-Auth says. hosted_checkout: what signs; one "
                "that is made up begins with hcp_, as Clover's do (observed).",
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
        tuple[DeliveryFault, ...],
        msgspec.Meta(description="What goes wrong; the first that fits does.", max_length=50),
    ] = ()

    def __repr__(self) -> str:
        """Show where it leads, and nothing secret: a URL's query may be."""
        return redact(f"TargetSpec({self.id} {self.kind} {self.url.partition('?')[0]})")


class EventSpec(HookRecord, frozen=True, kw_only=True):
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
            msgspec.Meta(pattern=OBJECT_ID, description="The session, of hosted_checkout."),
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


def wrong_event(order: EventSpec) -> tuple[str, str] | None:
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
