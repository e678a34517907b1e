"""Line items of orders, and their taxes."""

from typing import Annotated, Literal

from mock_clover.core.evidence import Cents, doc, documented, observed
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_REF = documented("REF createorder")
_ITEMS = "INVALID_ITEMS"
_ITEM_TYPE = observed("GP: sku, tax, shipping; that other types are rejected is inferred")

ItemType = Literal["sku", "tax", "shipping"]
TAX_RATE_100_PERCENT = 10_000_000
"""The tax rate of 100 %. Source: REF createorder, where 1000000 is 10 %."""
TAX_RATES_MAX = 50
"""Maximum number of tax rates per line; a limit of this mock."""


class TaxRate(Record, frozen=True, kw_only=True):
    """A tax rate of a line item; a `rate` of 1000000 is 10 %."""

    name: Annotated[str, doc("Shown on receipts.", _REF)] | None = None
    tax_rate_uuid: Annotated[str, doc("Id of a tax rate of the merchant.", _REF)] | None = None
    rate: (
        Annotated[
            int,
            doc("10,000,000 is 100 %.", _REF, problem_name=_ITEMS, ge=0, le=100_000_000),
        ]
        | None
    ) = None
    tax_amount: (
        Annotated[
            Cents, doc("Fixed amount of tax.", _REF, problem_name=_ITEMS, ge=0, le=AMOUNT_MAX)
        ]
        | None
    ) = None

    def tax_on(self, price: Cents) -> Cents:
        """Return the tax on a price, rounded half up (inferred)."""
        return (
            self.tax_amount
            or (price * (self.rate or 0) + TAX_RATE_100_PERCENT // 2) // TAX_RATE_100_PERCENT
        )


class Item(Record, frozen=True, kw_only=True):
    """A line item of an order; `amount` is the unit price."""

    type: (
        Annotated[ItemType, doc("A line of type tax adds to the tax of the order.", _ITEM_TYPE)]
        | None
    ) = None
    parent: Annotated[str, doc("Id of an inventory item.", _REF, max_length=255)] | None = None
    inventory_id: (
        Annotated[
            str,
            doc(
                "The same as `parent`; in the response to a payment.",
                observed("CC 42331; that requests may have it is inferred"),
                max_length=255,
            ),
        ]
        | None
    ) = None
    quantity: Annotated[int, doc("Defaults to 1.", _REF, ge=0, le=1_000_000)] | None = None
    amount: Annotated[
        Cents, doc("Unit price.", _REF, problem_name="INVALID_ITEMS", ge=0, le=AMOUNT_MAX)
    ] = 0
    currency: Annotated[str, doc("ISO 4217.", _REF)] | None = None
    description: Annotated[str, doc("Free text.", _REF)] | None = None
    tax_rates: (
        Annotated[list[TaxRate], doc("Tax rates of the item.", _REF, max_length=TAX_RATES_MAX)]
        | None
    ) = None

    @property
    def price(self) -> Cents:
        """Price of the line without taxes. Source: the SDK page, where `amount` is a unit price."""
        return self.amount * (1 if self.quantity is None else self.quantity)

    @property
    def tax(self) -> Cents:
        """Tax of the line; for a line of type tax, its price."""
        return self.tax_on(self.price)

    def tax_on(self, price: Cents) -> Cents:
        """Return the tax of the line if its price is `price`."""
        if self.type == "tax":
            return self.price
        return sum(rate.tax_on(price) for rate in self.tax_rates or ())
