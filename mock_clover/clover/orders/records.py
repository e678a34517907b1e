"""Orders: requests and stored orders. Amounts are in minor units."""

from collections.abc import Iterable
from typing import Annotated, Any

from mock_clover.clover.charges.records import (
    AlternateTender,
    Ecomind,
    ExternalReference,
    LevelThree,
    LevelTwo,
    Metadata,
    Tip,
)
from mock_clover.clover.charges.records_on_file import Intent
from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.orders.records_item import Item, ItemType
from mock_clover.clover.platform.records_cart import PlatformLine
from mock_clover.clover.platform.records_order import PlatformOrder
from mock_clover.clover.threeds.records import ThreeDSField
from mock_clover.core.evidence import CURRENCY, EMAIL, Cents, Millis, doc, documented, observed
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_REF = documented("REF createorder")
_PAY = documented("REF postordersidpay")
_ITEMS = "INVALID_ITEMS"
_RETURN = documented("REF postordersidreturns; DOCS:ecommerce-refunding-payments")
_ITEM_TYPE = observed("GP: sku, tax, shipping; that others are rejected is inferred")


class OrderRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/orders`."""

    currency: Annotated[
        str,
        doc("ISO 4217.", _REF, problem_name="INVALID_CURRENCY", pattern=CURRENCY),
    ]
    items: Annotated[
        list[Item],
        doc(
            "Line items; an order without line items cannot be paid.",
            _REF,
            problem_name="INVALID_ITEMS",
            max_length=500,
        ),
    ]
    email: (
        Annotated[
            str,
            doc("Buyer's e-mail.", _REF, problem_name="EMAIL_INVALID", pattern=EMAIL),
        ]
        | None
    ) = None
    customer: Annotated[str, doc("Customer id.", _REF)] | None = None
    shipping: Annotated[dict[str, Any], doc("Accepted and not returned.", _REF)] | None = None
    metadata: Metadata = None


class PayRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/orders/{id}/pay`."""

    source: (
        Annotated[
            str,
            doc(
                "A clv_ token; at most 5,000 characters.",
                _PAY,
                problem_name="INVALID_SOURCE",
                max_length=5000,
            ),
        ]
        | None
    ) = None
    customer: (
        Annotated[
            str,
            doc(
                "Customer id; at most 5,000 characters.",
                _PAY,
                problem_name="INVALID_SOURCE",
                max_length=5000,
            ),
        ]
        | None
    ) = None
    amount: (
        Annotated[
            Cents,
            doc("For a split payment.", _PAY, problem_name="INVALID_CHARGE_AMOUNT", ge=1),
        ]
        | None
    ) = None
    currency: (
        Annotated[
            str,
            doc("ISO 4217.", _PAY, problem_name="INVALID_CURRENCY", pattern=CURRENCY),
        ]
        | None
    ) = None
    email: (
        Annotated[
            str,
            doc("Buyer's e-mail.", _PAY, problem_name="EMAIL_INVALID", pattern=EMAIL),
        ]
        | None
    ) = None
    ecomind: Annotated[
        Ecomind, doc("Commerce indicator.", _PAY, problem_name="INVALID_REQUEST")
    ] = "ecom"
    tip_amount: Tip = None
    external_reference_id: ExternalReference = None
    external_customer_reference: Annotated[str, doc("Free text.", _PAY)] | None = None
    metadata: Metadata = None
    stored_credentials: (
        Annotated[
            StoredCredentials,
            doc("Required with the token of a saved card.", _PAY, problem_name="INVALID_REQUEST"),
        ]
        | None
    ) = None
    threeds: ThreeDSField = None
    intent: Intent = None
    partial_redemption: (
        Annotated[bool, doc("Accept a partial payment with a gift card.", _PAY)] | None
    ) = None
    level2: LevelTwo = None
    level3: LevelThree = None
    tender: AlternateTender = None


class Order(Record, frozen=True, kw_only=True):
    """A stored order. Paid and refunded amounts are computed from its charges."""

    id: str
    currency: str
    created_ms: Millis
    amount: Cents
    items: tuple[Item, ...] = ()
    taxes: tuple[Cents, ...] = ()
    """The tax of each line when the order was created, including tax rates of the merchant."""
    prices: tuple[Cents, ...] = ()
    """The price of each line without tax, if modifications, discounts or parts of a unit change
    it; else empty."""
    tax_amount: Cents | None = None
    customer: str | None = None
    email: str | None = None
    charges: tuple[str, ...] = ()
    """Ids of the charges that paid the order, oldest first."""
    returned: tuple[Cents, ...] = ()
    """The returned amount of each line, in line order; empty if nothing was returned by item."""
    metadata: dict[str, Any] | None = None
    platform: PlatformOrder | None = None
    """Data of the platform API, if it created or changed the order."""

    def line_total(self, index: int) -> Cents:
        """Return the amount of a line with its tax."""
        item = self.items[index]
        if item.type == "tax":
            return item.price
        price = self.prices[index] if self.prices else item.price
        return price + (self.taxes[index] if self.taxes else item.tax)

    def line(self, index: int) -> PlatformLine:
        """Return the data of a line that only the platform API uses."""
        lines = self.platform.lines if self.platform is not None else ()
        return lines[index] if lines else PlatformLine(number=index)


class ReturnedItem(Record, frozen=True, kw_only=True):
    """An item of a return."""

    type: Annotated[ItemType, doc("Type; Clover's documentation requires it.", _RETURN)] | None = (
        None
    )
    parent: (
        Annotated[
            str,
            doc("Id of an inventory item or a line; Clover's documentation requires it.", _RETURN),
        ]
        | None
    ) = None
    quantity: Annotated[int, doc("Defaults to 1.", _RETURN, ge=0, le=1_000_000)] | None = None
    amount: Annotated[
        Cents, doc("Unit price.", _RETURN, problem_name="INVALID_ITEMS", ge=0, le=AMOUNT_MAX)
    ] = 0
    description: Annotated[str, doc("Free text.", _RETURN)] | None = None

    @property
    def price(self) -> Cents:
        """The amount that this item returns."""
        return self.amount * (1 if self.quantity is None else self.quantity)


class ReturnRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/orders/{id}/returns`; an empty body returns everything."""

    items: (
        Annotated[
            list[ReturnedItem],
            doc("Returned items.", _RETURN, problem_name="INVALID_ITEMS", max_length=500),
        ]
        | None
    ) = None


def order_totals(
    items: Iterable[Item], taxes: Iterable[Cents] | None = None
) -> tuple[Cents, Cents | None]:
    """Return the total including tax, and the tax part of it (None if it is zero).

    `taxes` are the taxes of the lines. Pass them if the lines refer to tax rates of the merchant,
    because those rates are not in the lines.
    """
    items = tuple(items)
    tax = sum(item.tax for item in items) if taxes is None else sum(taxes)
    return sum(item.price for item in items if item.type != "tax") + tax, tax or None
