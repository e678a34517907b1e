"""Payments that a client records in the platform API, and tenders that a merchant adds."""

from typing import Annotated, ClassVar

from mock_clover.clover.platform.records import Reference
from mock_clover.clover.platform.records_cart import IdRequest
from mock_clover.core.evidence import Cents, Evidence, doc, documented, observed
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_PAYMENT = documented("REF orderCreatePaymentForOrder")
_REFUND = documented("REF payCreateRefund")
_PRINT = documented("DOCS: printing orders; a public shop, live in June 2026")
_TENDER = documented("REF merchantCreateTender")
_QUERY = "PLATFORM_INVALID_QUERY"
TENDERS_MAX = 100
"""Maximum number of tenders that a merchant adds; a limit of this mock."""

PaymentText = (
    Annotated[str, doc("Free text.", _PAYMENT, problem_name=_QUERY, max_length=255)] | None
)


class RecordedPayment(Record, frozen=True, kw_only=True):
    """Data of a payment that was recorded in the platform API, not made through /v1."""

    externalPaymentId: str | None = None
    externalReferenceId: str | None = None
    note: str | None = None
    cashTendered: Cents | None = None


class RecordPaymentRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/orders/{id}/payments`."""

    tender: Annotated[IdRequest, doc("A tender of the merchant.", _PAYMENT, problem_name=_QUERY)]
    amount: Annotated[
        Cents, doc("Without the tip.", _PAYMENT, problem_name=_QUERY, ge=1, le=AMOUNT_MAX)
    ]
    tipAmount: (
        Annotated[Cents, doc("Tip.", _PAYMENT, problem_name=_QUERY, ge=0, le=AMOUNT_MAX)] | None
    ) = None
    taxAmount: (
        Annotated[
            Cents,
            doc("Tax in the amount.", _PAYMENT, problem_name=_QUERY, ge=0, le=AMOUNT_MAX),
        ]
        | None
    ) = None
    cashTendered: (
        Annotated[Cents, doc("Cash received.", _PAYMENT, problem_name=_QUERY, ge=0, le=AMOUNT_MAX)]
        | None
    ) = None
    externalPaymentId: PaymentText = None
    externalReferenceId: PaymentText = None
    note: PaymentText = None


class RefundPaymentRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/refunds`."""

    payment: Annotated[IdRequest, doc("The payment.", _REFUND, problem_name=_QUERY)]
    amount: (
        Annotated[
            Cents,
            doc(
                "Defaults to what can still be refunded.",
                _REFUND,
                problem_name=_QUERY,
                ge=1,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None
    fullRefund: (
        Annotated[bool, doc("Refund all, whatever `amount` is.", _REFUND, problem_name=_QUERY)]
        | None
    ) = None


class TenderRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/tenders`."""

    label: Annotated[str, doc("Name.", _TENDER, problem_name=_QUERY, min_length=1, max_length=127)]
    labelKey: Annotated[str, doc("Key.", _TENDER, problem_name=_QUERY, max_length=127)] | None = (
        None
    )
    enabled: Annotated[bool, doc("Usable.", _TENDER, problem_name=_QUERY)] = True
    visible: Annotated[bool, doc("Shown.", _TENDER, problem_name=_QUERY)] = True
    editable: Annotated[bool, doc("Editable.", _TENDER, problem_name=_QUERY)] = True
    opensCashDrawer: Annotated[
        bool, doc("Opens the cash drawer.", _TENDER, problem_name=_QUERY)
    ] = False
    supportsTipping: Annotated[bool, doc("Takes tips.", _TENDER, problem_name=_QUERY)] | None = None


class PrintEventRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/print_event`."""

    orderRef: Annotated[IdRequest, doc("The order.", _PRINT, problem_name=_QUERY)]
    deviceRef: Annotated[IdRequest, doc("The printer.", _PRINT, problem_name=_QUERY)] | None = None


class PrintEventResponse(Record, frozen=True, kw_only=True):
    """A print event; nothing is printed, so its state does not change."""

    evidence: ClassVar[Evidence] = observed("a public shop, live in June 2026")

    id: str
    orderRef: Reference
    deviceRef: Reference | None = None
    state: str
