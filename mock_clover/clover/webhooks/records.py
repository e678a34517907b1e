"""Webhook configuration: targets, manually sent events and delivery faults.

There are two kinds. *Platform* events report that an object was created, updated or deleted.
*Hosted checkout* events report the result of a payment on Clover's own page. Nothing here does I/O.
"""

from typing import Annotated, Any, Literal

import msgspec

from mock_clover.clover.webhooks.records_address import url_error
from mock_clover.core.evidence import END_OF_STRING
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode

TargetKind = Literal["platform", "hosted_checkout"]
EventType = Literal["CREATE", "UPDATE", "DELETE"]
ObjectKind = Literal["A", "C", "CA", "E", "I", "IC", "IG", "IM", "M", "O", "P", "SH"]
"""Apps, customers, cash adjustments, employees, items, item categories, modifier groups, modifiers,
merchants, orders, payments, service hours."""
Status = Literal["APPROVED", "DECLINED"]
Signature = Literal["right", "wrong", "none"]

TARGETS_MAX = 20
PLAN_MAX = 50
"""Maximum number of targets of one sandbox. A shop has one or two."""
SECRET_PATTERN = f"^[!-~]{{1,200}}{END_OF_STRING}"
"""Printable and without spaces or line breaks, because a secret is sent as a header."""
EVENT_OBJECT_ID_PATTERN = f"^[A-Za-z0-9_-]{{1,64}}{END_OF_STRING}"
TARGET_ID_PATTERN = f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}{END_OF_STRING}"
EVENT_PATTERN = f"^[A-Z]{{1,2}}(:(CREATE|UPDATE|DELETE))?{END_OF_STRING}"
EVENT_RULE = (
    "P (payments), O (orders), C (customers), A (apps), CA (cash adjustments), E (employees), "
    "I (items), IC (categories), IG (modifier groups), IM (modifiers), M (merchants) or "
    "SH (service hours), with or without :CREATE, :UPDATE or :DELETE"
)
_EVENT = msgspec.Meta(pattern=EVENT_PATTERN, extra={"rule": EVENT_RULE})
DELAY_MS_MAX = 30 * 86_400_000
COPIES_MAX = 10
PAYLOAD_BYTES_MAX = 16_384
"""Maximum size of a custom payload, about 100 times the size of Clover's. The outbox stores up to
1,000 of them."""
RETRY_AFTER_MS = (60_000, 300_000, 1_800_000, 7_200_000, 43_200_000)
"""Delays between the attempts of a delivery: six attempts within fifteen hours. Inferred: Clover
documents no schedule for either kind."""
RETRIES_MAX = 10


EVENT_BY_OPERATION: dict[str, tuple[ObjectKind, EventType]] = {
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
"""Default object kind and type of a rule's event, by operation."""
OPERATIONS_WITH_OBJECT_ID = frozenset(
    {
        *("capture_charge", "create_refund", "update_customer", "revoke_card", "delete_customer"),
        *("pay_order", "return_order"),
    }
)
"""Operations whose request names the object, so that a failed request has one too."""


class WebhookConfigRecord(Record, frozen=True, forbid_unknown_fields=True):
    """Base of webhook configuration records; unknown fields are an error."""


class DeliveryFault(WebhookConfigRecord, frozen=True, kw_only=True):
    """A fault to inject into deliveries."""

    do: Annotated[
        Literal["duplicate", "reorder", "delay", "drop", "late_after_refund"],
        msgspec.Meta(
            description="duplicate: send it several times. reorder: send it after the next event. "
            "delay: send it later by the sandbox's clock. drop: never send it. "
            "late_after_refund: send it only after the refund of its payment."
        ),
    ]
    event: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=EVENT_PATTERN,
                description="Only these events, such as P or P:CREATE.",
                extra={"rule": EVENT_RULE},
            ),
        ]
        | None
    ) = None
    times: Annotated[int, msgspec.Meta(ge=1, description="Maximum number of times.")] | None = None
    nth: Annotated[int, msgspec.Meta(ge=1, description="Only the n-th of these events.")] | None = (
        None
    )
    delay_ms: (
        Annotated[int, msgspec.Meta(ge=1, le=DELAY_MS_MAX, description="Delay in ms, for `delay`.")]
        | None
    ) = None
    copies: Annotated[
        int, msgspec.Meta(ge=2, le=COPIES_MAX, description="Copies, for `duplicate`.")
    ] = 2


class TargetSpec(WebhookConfigRecord, frozen=True, kw_only=True):
    """A webhook target for one kind of event."""

    id: (
        Annotated[str, msgspec.Meta(pattern=TARGET_ID_PATTERN, description="Name of the target.")]
        | None
    ) = None
    kind: Annotated[
        TargetKind,
        msgspec.Meta(description="Kind of events; it determines how deliveries are signed."),
    ] = "platform"
    url: Annotated[
        str, msgspec.Meta(description="http or https, in a loopback or private network.")
    ]
    secret: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=SECRET_PATTERN,
                extra={"rule": "1 to 200 printable characters of ASCII without spaces"},
                description="platform: value of X-Clover-Auth. hosted_checkout: signing secret; a "
                "generated one begins with hcp_, as Clover's do (observed). Default: that of the "
                "target that is replaced, or generated.",
            ),
        ]
        | None
    ) = None
    events: Annotated[
        tuple[Annotated[str, _EVENT], ...],
        msgspec.Meta(
            description="Only these events, such as P or O:UPDATE; empty means all. platform only.",
            max_length=40,
        ),
    ] = ()
    app_id: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=EVENT_OBJECT_ID_PATTERN, description="appId; default: the sandbox's app."
            ),
        ]
        | None
    ) = None
    retry_after_ms: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=1, le=DELAY_MS_MAX)], ...],
        msgspec.Meta(
            description="Delays between attempts in ms of the sandbox's clock; [] is one attempt.",
            max_length=RETRIES_MAX,
        ),
    ] = RETRY_AFTER_MS
    plan: Annotated[
        tuple[DeliveryFault, ...],
        msgspec.Meta(description="Delivery faults; the first match applies.", max_length=PLAN_MAX),
    ] = ()

    def __repr__(self) -> str:
        """Return a repr without the secret and the URL's query, which may contain one."""
        return redact(f"TargetSpec({self.id} {self.kind} {self.url.partition('?')[0]})")


class EventSpec(WebhookConfigRecord, frozen=True, kw_only=True):
    """An event that a rule or a control request specifies."""

    kind: Annotated[TargetKind, msgspec.Meta(description="Kind of targets to send to.")] = (
        "platform"
    )
    target: Annotated[str, msgspec.Meta(description="Only this target, by id.")] | None = None
    object: (
        Annotated[ObjectKind, msgspec.Meta(description="Object kind such as P; platform only.")]
        | None
    ) = None
    id: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=EVENT_OBJECT_ID_PATTERN,
                description="Id of the object or payment; default in a rule: that of the request.",
            ),
        ]
        | None
    ) = None
    type: Annotated[EventType, msgspec.Meta(description="platform only.")] | None = None
    ts: (
        Annotated[
            int, msgspec.Meta(ge=0, le=10_000_000_000_000, description="Time in ms; default: now.")
        ]
        | None
    ) = None
    status: Annotated[Status, msgspec.Meta(description="hosted_checkout only.")] | None = None
    amount: (
        Annotated[int, msgspec.Meta(ge=0, description="In minor units; hosted_checkout only.")]
        | None
    ) = None
    session: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=EVENT_OBJECT_ID_PATTERN, description="Session id; hosted_checkout only."
            ),
        ]
        | None
    ) = None
    payload: Annotated[
        Any, msgspec.Meta(description="The complete body; replaces all other fields.")
    ] = None
    delay_ms: Annotated[
        int, msgspec.Meta(ge=0, le=DELAY_MS_MAX, description="Delay in ms by the sandbox's clock.")
    ] = 0
    copies: Annotated[int, msgspec.Meta(ge=1, le=COPIES_MAX, description="Number of copies.")] = 1
    signature: Annotated[
        Signature,
        msgspec.Meta(
            description="Whether the delivery has a valid, an invalid or no signature header."
        ),
    ] = "right"


def matches_event(wanted: str, event: str) -> bool:
    """Return whether a filter (P or P:CREATE) matches an event (P:CREATE)."""
    return wanted == event or wanted == event.partition(":")[0]


def target_error(spec: TargetSpec) -> tuple[str, str] | None:
    """Return the first invalid field of a target and the reason, or None."""
    error = url_error(spec.url)
    if error:
        return "url", error
    if spec.kind == "hosted_checkout" and (spec.events or spec.app_id):
        return "events" if spec.events else "app_id", "is only allowed for kind platform"
    for field in ("id", "url", "secret"):
        value = getattr(spec, field) or ""
        if redact(value) != value:
            return field, "contains what looks like a card number"
    for event in spec.events:
        if error := _unknown_event(event):
            return "events", error
    for index, fault in enumerate(spec.plan):
        if error := delivery_fault_error(fault):
            return f"plan[{index}]", error
        if fault.event and spec.kind == "hosted_checkout":
            return f"plan[{index}].event", "is only allowed for kind platform"
    return None


def delivery_fault_error(fault: DeliveryFault) -> str:
    """Return why an entry of a plan is invalid, or ''."""
    if (fault.do == "delay") != (fault.delay_ms is not None):
        return "`delay_ms` is required with `do: delay` and not allowed otherwise"
    if fault.nth is not None and fault.times is not None:
        return "`times` is not allowed with `nth`, which applies once"
    return _unknown_event(fault.event) if fault.event else ""


def _unknown_event(event: str) -> str:
    known = frozenset(ObjectKind.__args__)  # type: ignore[attr-defined] # of a Literal
    if event.partition(":")[0] in known:
        return ""
    return f"unknown event {event!r}; must be {EVENT_RULE}"


_PLATFORM_ONLY = ("object", "type", "ts")
_CHECKOUT_ONLY = ("status", "amount", "session")


def event_error(event: EventSpec) -> tuple[str, str] | None:
    """Return the first invalid field of an event and the reason, or None."""
    forbidden: tuple[str, ...] = _CHECKOUT_ONLY if event.kind == "platform" else _PLATFORM_ONLY
    if event.payload is not None:
        forbidden = (*_PLATFORM_ONLY, *_CHECKOUT_ONLY, "id")
    for field in forbidden:
        if getattr(event, field) is not None:
            reason = (
                "cannot be combined with `payload`"
                if event.payload is not None
                else f"is not allowed for kind {event.kind}"
            )
            return field, reason
    if event.payload is not None:
        body = encode(event.payload).decode()
        if len(body) > PAYLOAD_BYTES_MAX:
            return "payload", f"is longer than {PAYLOAD_BYTES_MAX} bytes"
        if redact(body) != body:
            return "payload", "contains what looks like a card number"
    if event.id is not None and redact(event.id) != event.id:
        return "id", "must not be a card number"
    return None
