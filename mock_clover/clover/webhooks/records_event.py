"""The bodies of Clover's webhooks, each field with its evidence."""

from typing import Annotated, NamedTuple

from mock_clover.clover.webhooks.records import EventType, Status
from mock_clover.core.evidence import Evidence, doc, documented, inferred, observed
from mock_clover.core.record import Record

_PLATFORM = documented("DOCS: webhooks, as clover-mcp-server quotes it")
_CHECKOUT = documented("DOCS: hosted checkout webhooks, whose fields have labels only")
_NAMES = observed("public readers of the hosted checkout webhook")
SESSION = observed(
    "four public readers of the hosted checkout webhook; the first recorded payment had no `data`"
)


class PlatformEvent(Record, frozen=True, kw_only=True):
    """One object that was created, updated or deleted."""

    objectId: Annotated[str, doc("Kind and id, such as P:J2RK5QKH6WCYE.", _PLATFORM)]
    type: Annotated[EventType, doc("Type of the change.", _PLATFORM)]
    ts: Annotated[int, doc("Time of the change in ms.", _PLATFORM)]


class PlatformBody(Record, frozen=True, kw_only=True):
    """The body of a platform event."""

    appId: Annotated[str, doc("The app that is subscribed.", _PLATFORM)]
    merchants: Annotated[
        dict[str, tuple[PlatformEvent, ...]],
        doc("Events by merchant; the mock sends one per body.", _PLATFORM),
    ]


class CheckoutBody(Record, frozen=True, kw_only=True):
    """The body of a hosted checkout event."""

    createdTime: Annotated[
        int,
        doc("Time in ms.", inferred("the label Created Time, and the times of the platform API")),
    ]
    message: Annotated[
        str, doc("Such as `Approved for 100`; the unit is not documented.", _CHECKOUT)
    ]
    status: Annotated[Status, doc("Result.", _CHECKOUT)]
    type: Annotated[str, doc("Always PAYMENT.", _CHECKOUT)]
    id: Annotated[str, doc("Payment id.", _CHECKOUT)]
    merchantId: Annotated[str, doc("Merchant id.", _NAMES)]
    checkoutSessionId: Annotated[str | None, doc("Session id.", SESSION)] = None
    data: Annotated[
        str | None,
        doc("Session id, in the documented dialect or with `webhook_data`.", _CHECKOUT),
    ] = None


class Verification(Record, frozen=True, kw_only=True):
    """The verification body that a new platform target gets."""

    verificationCode: Annotated[str, doc("Any text.", _PLATFORM)]


class Webhook(NamedTuple):
    """One kind of webhook POST, for the OpenAPI document."""

    name: str
    request: type[Record]
    header: str | None
    about: str
    evidence: Evidence


AUTH_HEADER, SIGNATURE_HEADER = "X-Clover-Auth", "Clover-Signature"
WEBHOOKS = (
    Webhook(
        name="platform",
        request=PlatformBody,
        header=AUTH_HEADER,
        about="An object was created, updated or deleted; the header carries the target's "
        "static code.",
        evidence=_PLATFORM,
    ),
    Webhook(
        name="verification",
        request=Verification,
        header=None,
        about="A new target gets a code, which its developer confirms.",
        evidence=_PLATFORM,
    ),
    Webhook(
        name="hosted_checkout",
        request=CheckoutBody,
        header=SIGNATURE_HEADER,
        about="A payment on Clover's own page was approved or declined; signed "
        "`t=<unix s>,v1=<hex HMAC-SHA256>` over the time, a dot and the raw body.",
        evidence=documented("DOCS: hosted checkout webhooks; mbates/clover verifies it this way"),
    ),
)
