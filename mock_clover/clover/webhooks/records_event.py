"""What Clover sends to a shop: the bodies of its webhooks, each member with its evidence."""

from typing import Annotated, NamedTuple

from mock_clover.clover.webhooks.records import EventType, Status
from mock_clover.core.evidence import Fact, doc, documented, inferred, observed
from mock_clover.core.record import Record

_PLATFORM = documented("DOCS: webhooks, as clover-mcp-server quotes it")
_CHECKOUT = documented("DOCS: hosted checkout webhooks, whose fields have labels only")
_NAMES = observed("public readers of the hosted checkout webhook")
SESSION = observed(
    "four public readers of the hosted checkout webhook; a first real payment had no data"
)


class PlatformEvent(Record, frozen=True, kw_only=True):
    """One object that was made, changed or deleted."""

    objectId: Annotated[str, doc("Kind and id, as P:J2RK5QKH6WCYE.", _PLATFORM)]
    type: Annotated[EventType, doc("What happened to it.", _PLATFORM)]
    ts: Annotated[int, doc("When, in ms.", _PLATFORM)]


class PlatformBody(Record, frozen=True, kw_only=True):
    """The body of a platform event."""

    appId: Annotated[str, doc("Whose subscription it is.", _PLATFORM)]
    merchants: Annotated[
        dict[str, tuple[PlatformEvent, ...]], doc("By merchant; here one event each.", _PLATFORM)
    ]


class CheckoutBody(Record, frozen=True, kw_only=True):
    """The body of a hosted checkout event."""

    createdTime: Annotated[
        int, doc("When, in ms.", inferred("the label Created Time, and the times of v3"))
    ]
    message: Annotated[str, doc("As `Approved for 100`; the unit is not told.", _CHECKOUT)]
    status: Annotated[Status, doc("How it ended.", _CHECKOUT)]
    type: Annotated[str, doc("Always PAYMENT.", _CHECKOUT)]
    id: Annotated[str, doc("The payment.", _CHECKOUT)]
    merchantId: Annotated[str, doc("The merchant.", _NAMES)]
    checkoutSessionId: Annotated[str | None, doc("The session.", SESSION)] = None
    data: Annotated[
        str | None,
        doc("The session too, under the documented dialect or by `webhook_data`.", _CHECKOUT),
    ] = None


class Verification(Record, frozen=True, kw_only=True):
    """The body that a new platform target gets; the code is to be handed back."""

    verificationCode: Annotated[str, doc("Any text.", _PLATFORM)]


class Webhook(NamedTuple):
    """One kind of POST that a shop gets, for the OpenAPI document."""

    name: str
    request: type[Record]
    header: str | None
    about: str
    fact: Fact


AUTH_HEADER, SIGNATURE_HEADER = "X-Clover-Auth", "Clover-Signature"
WEBHOOKS = (
    Webhook(
        *("platform", PlatformBody, AUTH_HEADER),
        "An object was made, changed or deleted; the header carries the target's static code.",
        _PLATFORM,
    ),
    Webhook(
        *("verification", Verification, None),
        "A new target is sent a code, which its developer hands back.",
        _PLATFORM,
    ),
    Webhook(
        *("hosted_checkout", CheckoutBody, SIGNATURE_HEADER),
        "A payment on Clover's own page has ended; signed `t=<unix s>,v1=<hex HMAC-SHA256>` over "
        "the time, a dot and the raw body.",
        documented("DOCS: hosted checkout webhooks; mbates/clover verifies it so"),
    ),
)
