"""Records for orders of the platform API: requests, stored data and responses.

Both APIs share one row per order. `Order.platform` has the data that only this API uses.
"""

from typing import Annotated, Any, ClassVar, Literal

from mock_clover.clover.platform.records import Elements, Reference
from mock_clover.clover.platform.records_cart import (
    ADJUSTMENTS_MAX,
    UNIT,
    Discount,
    DiscountRequest,
    IdRequest,
    ModificationRequest,
    PlatformLine,
    ServiceCharge,
    ServiceChargeRequest,
)
from mock_clover.core.evidence import (
    Cents,
    Evidence,
    FieldEvidence,
    Millis,
    doc,
    documented,
    evidence_for_fields,
    inferred,
    observed,
)
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_ORDER = documented("REF orderCreateOrder")
_LINE = documented("REF orderCreateLineItem")
_ATOMIC = documented("REF orderCreateAtomicOrder")
_OBSERVED = observed("clover_sandbox_simulator 2026-02")
_QUERY = "PLATFORM_INVALID_QUERY"
TEXT_MAX = 2_000
LINES_MAX = 3_000
"""Maximum number of lines of an order. Two public clients name Clover's limit, 2,500 and 3,000."""
BULK_LINES_MAX = 100
"""Maximum number of lines of one request. Source: REF orderBulkCreateLineItems."""
QUANTITY_MAX = 1_000_000

FreeText = (
    Annotated[str, doc("Free text.", _ORDER, problem_name=_QUERY, max_length=TEXT_MAX)] | None
)


class CustomerElements(Record, frozen=True, kw_only=True):
    """`customers` as an object: `{"elements": [{"id"}]}`."""

    elements: Annotated[
        list[IdRequest], doc("The customers.", _OBSERVED, problem_name=_QUERY, max_length=10)
    ] = []


_CUSTOMERS = "An array, or an object with `elements`. Only the first one is used."
Customers = (
    Annotated[list[IdRequest], doc(_CUSTOMERS, _ORDER, problem_name=_QUERY, max_length=10)]
    | Annotated[CustomerElements, doc(_CUSTOMERS, _OBSERVED, problem_name=_QUERY)]
    | None
)
GroupLineItems = (
    Annotated[bool, doc("Whether receipts group line items.", _ORDER, problem_name=_QUERY)] | None
)
Discounts = (
    Annotated[
        list[DiscountRequest],
        doc("Discounts.", _ATOMIC, problem_name=_QUERY, max_length=ADJUSTMENTS_MAX),
    ]
    | None
)
PaymentState = Literal[
    "OPEN", "PAID", "REFUNDED", "CREDITED", "PARTIALLY_PAID", "PARTIALLY_REFUNDED"
]


class PlatformOrderRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/orders`, which may be empty, and of `POST …/orders/{id}`."""

    title: FreeText = None
    note: FreeText = None
    state: (
        Annotated[
            str, doc("For example open or locked.", _ORDER, problem_name=_QUERY, max_length=50)
        ]
        | None
    ) = None
    total: (
        Annotated[
            Cents,
            doc(
                "Total of the order; the client must compute it.",
                _ORDER,
                problem_name=_QUERY,
                ge=0,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None
    currency: (
        Annotated[str, doc("ISO 4217, 3 letters.", _ORDER, problem_name=_QUERY, max_length=3)]
        | None
    ) = None
    orderType: Annotated[IdRequest, doc("Order type.", _ORDER, problem_name=_QUERY)] | None = None
    customers: Customers = None
    externalReferenceId: FreeText = None
    clientCreatedTime: (
        Annotated[
            Millis,
            doc(
                "Creation time by the client's clock, in milliseconds.",
                _ORDER,
                problem_name=_QUERY,
                ge=0,
                le=10_000_000_000_000,
            ),
        ]
        | None
    ) = None
    taxRemoved: (
        Annotated[bool, doc("Whether the order is tax-free.", _ORDER, problem_name=_QUERY)] | None
    ) = None
    manualTransaction: (
        Annotated[bool, doc("Whether it has no line items.", _ORDER, problem_name=_QUERY)] | None
    ) = None
    groupLineItems: GroupLineItems = None
    testMode: (
        Annotated[bool, doc("Whether it is in test mode.", _ORDER, problem_name=_QUERY)] | None
    ) = None


class PlatformOrder(Record, frozen=True, kw_only=True):
    """Data of an order that only the platform API uses."""

    asked: PlatformOrderRequest
    modified_ms: Millis
    reckoned: bool = False
    """Whether the total is computed from the lines (atomic order), not sent by the client."""
    lines: tuple[PlatformLine, ...] = ()
    """In the order of the items; empty if no line has data of its own."""
    lines_made: int = 0
    """The number of the next line."""
    discounts: tuple[Discount, ...] = ()
    service_charge: ServiceCharge | None = None


class LineTaxRequest(Record, frozen=True, kw_only=True):
    """A tax of a new line: one of the merchant's taxes by id, or a custom one by name and rate."""

    id: Annotated[str, doc("Id of a tax of the merchant.", _LINE, max_length=255)] | None = None
    name: Annotated[str, doc("Free text.", _LINE, max_length=255)] | None = None
    rate: (
        Annotated[
            int,
            doc("10,000,000 is 100%.", _LINE, problem_name=_QUERY, ge=0, le=100_000_000),
        ]
        | None
    ) = None


class LineRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/line_items`, and a line of an atomic order."""

    item: (
        Annotated[IdRequest, doc("Source of name, price and taxes.", _LINE, problem_name=_QUERY)]
        | None
    ) = None
    name: Annotated[str, doc("Free text.", _LINE, problem_name=_QUERY, max_length=255)] | None = (
        None
    )
    alternateName: (
        Annotated[str, doc("Free text.", _LINE, problem_name=_QUERY, max_length=255)] | None
    ) = None
    note: FreeText = None
    price: (
        Annotated[Cents, doc("Price of a unit.", _LINE, problem_name=_QUERY, ge=0, le=AMOUNT_MAX)]
        | None
    ) = None
    unitQty: (
        Annotated[
            int,
            doc("1000 is one unit.", _LINE, problem_name=_QUERY, ge=0, le=QUANTITY_MAX * UNIT),
        ]
        | None
    ) = None
    quantity: (
        Annotated[
            int,
            doc(
                "Sent by clover_sandbox_simulator.",
                _OBSERVED,
                problem_name=_QUERY,
                ge=0,
                le=QUANTITY_MAX,
            ),
        ]
        | None
    ) = None
    taxRates: (
        Annotated[
            list[LineTaxRequest],
            doc("Taxes of the line.", _LINE, problem_name=_QUERY, max_length=50),
        ]
        | None
    ) = None
    discounts: Discounts = None
    modifications: (
        Annotated[
            list[ModificationRequest],
            doc("Modifications.", _ATOMIC, problem_name=_QUERY, max_length=ADJUSTMENTS_MAX),
        ]
        | None
    ) = None


class BulkLinesRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/bulk_line_items`."""

    items: Annotated[
        list[LineRequest],
        doc(
            "The lines; each needs a price or an item.",
            documented("REF orderBulkCreateLineItems"),
            problem_name=_QUERY,
            min_length=1,
            max_length=BULK_LINES_MAX,
        ),
    ]


class OrderCart(Record, frozen=True, kw_only=True):
    """`orderCart` of an atomic order."""

    lineItems: (
        Annotated[
            list[LineRequest],
            doc("The lines.", _ATOMIC, problem_name=_QUERY, max_length=LINES_MAX),
        ]
        | None
    ) = None
    title: FreeText = None
    note: FreeText = None
    currency: (
        Annotated[str, doc("ISO 4217, 3 letters.", _ATOMIC, problem_name=_QUERY, max_length=3)]
        | None
    ) = None
    orderType: Annotated[IdRequest, doc("Order type.", _ATOMIC, problem_name=_QUERY)] | None = None
    externalReferenceId: FreeText = None
    customers: Customers = None
    discounts: Discounts = None
    serviceCharge: (
        Annotated[ServiceChargeRequest, doc("Service charge.", _ATOMIC, problem_name=_QUERY)] | None
    ) = None
    groupLineItems: GroupLineItems = None


class AtomicOrderRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/atomic_order/orders`."""

    orderCart: Annotated[OrderCart, doc("The cart.", _ATOMIC, problem_name=_QUERY)] | None = None


class LineResponse(Record, frozen=True, kw_only=True):
    """A line of an order. Source: CC 27777 and recorded orders of other clients."""

    evidence: ClassVar[Evidence] = observed("CC 27777")
    field_evidence: ClassVar[FieldEvidence] = evidence_for_fields(
        documented("REF orderGetOrderLineItem: expandable fields"), "discounts", "modifications"
    ) | evidence_for_fields(inferred("REF orderCreateLineItem has the field"), "alternateName")

    id: str
    orderRef: Reference
    item: Reference | None = None
    name: str | None = None
    alternateName: str | None = None
    price: Cents
    unitQty: int | None = None
    note: str | None = None
    printed: bool
    createdTime: Millis
    orderClientCreatedTime: Millis
    exchanged: bool
    refunded: bool
    isRevenue: bool
    discounts: Elements | None = None
    modifications: Elements | None = None
    taxRates: Elements | None = None


class PlatformOrderResponse(Record, frozen=True, kw_only=True):
    """An order. Source: CC 27777 (created by ecommerce), clover_sandbox_simulator (by this API)."""

    evidence: ClassVar[Evidence] = observed(
        "CC 27777; clover_sandbox_simulator, recorded in 2026-02"
    )

    href: str
    id: str
    currency: str
    customers: Elements | None = None
    employee: Reference | None = None
    total: Cents | None = None
    externalReferenceId: str | None = None
    paymentState: PaymentState | None = None
    title: str | None = None
    note: str | None = None
    orderType: Any = None
    taxRemoved: bool
    isVat: bool
    state: str | None = None
    manualTransaction: bool
    groupLineItems: bool
    testMode: bool
    createdTime: Millis
    clientCreatedTime: Millis
    modifiedTime: Millis
    lineItems: Elements | None = None
    payments: Elements | None = None
    refunds: Elements | None = None
    discounts: Elements | None = None
    serviceCharge: ServiceCharge | None = None


class CartResponse(Record, frozen=True, kw_only=True):
    """`orderCart` of a checkout: the order that an atomic order would create."""

    evidence: ClassVar[Evidence] = inferred("a client reads orderCart.lineItems.elements")

    currency: str
    title: str | None = None
    note: str | None = None
    lineItems: Elements
    discounts: Elements
    serviceCharge: ServiceCharge | None = None


class AtomicCheckoutResponse(Record, frozen=True, kw_only=True):
    """Response to `POST …/atomic_order/checkouts`: totals of an order that is not created."""

    evidence: ClassVar[Evidence] = inferred(
        "REF orderCheckoutAtomicOrder: cart, total and taxes; a client reads these names"
    )

    orderCart: CartResponse
    total: Cents
    totalTaxAmount: Cents
