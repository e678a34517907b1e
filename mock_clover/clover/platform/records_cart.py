"""What changes the price of a line or an order: discounts, modifications, service charges.

Requests, and the rows that an order stores. Amounts are in minor units.
"""

from typing import Annotated, ClassVar

from mock_clover.clover.platform.records import Reference
from mock_clover.core.evidence import Cents, Evidence, doc, documented, inferred
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_DISCOUNT = documented("REF orderCreateDiscount")
_MODIFICATION = documented("REF orderApplyModification")
_SERVICE_CHARGE = documented("REF orderApplyServiceCharge")
_QUERY = "PLATFORM_INVALID_QUERY"
ADJUSTMENTS_MAX = 100
"""Maximum number of discounts of an order or a line, and of modifications of a line; a limit of
this mock."""
PERCENT_DECIMAL = 10_000
"""`percentageDecimal` of 1 %. Source: clover_sandbox_simulator, where 100000 is 10 %."""
UNIT = 1_000
"""`unitQty` of one unit."""


class IdRequest(Record, frozen=True, kw_only=True):
    """Reference to another object in a request body."""

    id: (
        Annotated[str, doc("Object id.", documented("REF orderCreateOrder"), max_length=255)] | None
    ) = None


class DiscountRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/discounts`, and a discount of an atomic order or of a line."""

    name: Annotated[str, doc("Name.", _DISCOUNT, problem_name=_QUERY, max_length=127)] | None = None
    amount: (
        Annotated[
            Cents,
            doc(
                "Amount, negative; a positive one also reduces the price.",
                _DISCOUNT,
                problem_name=_QUERY,
                ge=-AMOUNT_MAX,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None
    percentage: (
        Annotated[int, doc("0 to 100 percent.", _DISCOUNT, problem_name=_QUERY, ge=0, le=100)]
        | None
    ) = None
    discount: (
        Annotated[IdRequest, doc("A discount of the merchant.", _DISCOUNT, problem_name=_QUERY)]
        | None
    ) = None


class ModifierRequest(IdRequest, frozen=True, kw_only=True):
    """`modifier` of a modification."""

    name: (
        Annotated[str, doc("Name.", _MODIFICATION, problem_name=_QUERY, max_length=127)] | None
    ) = None
    price: (
        Annotated[
            Cents,
            doc(
                "Price, if the modification has no amount.",
                _MODIFICATION,
                problem_name=_QUERY,
                ge=0,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None


class ModificationRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/modifications`, and a modification of a line of an atomic order."""

    modifier: (
        Annotated[ModifierRequest, doc("The modifier.", _MODIFICATION, problem_name=_QUERY)] | None
    ) = None
    name: (
        Annotated[str, doc("Name.", _MODIFICATION, problem_name=_QUERY, max_length=127)] | None
    ) = None
    alternateName: (
        Annotated[str, doc("Other name.", _MODIFICATION, problem_name=_QUERY, max_length=127)]
        | None
    ) = None
    amount: (
        Annotated[
            Cents,
            doc(
                "Added to the price of a unit.",
                _MODIFICATION,
                problem_name=_QUERY,
                ge=0,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None


class ServiceChargeRequest(Record, frozen=True, kw_only=True):
    """Body of `POST …/service_charge`, and `serviceCharge` of an atomic order."""

    id: (
        Annotated[str, doc("Id of the merchant's service charge.", _SERVICE_CHARGE, max_length=255)]
        | None
    ) = None
    name: (
        Annotated[str, doc("Name.", _SERVICE_CHARGE, problem_name=_QUERY, max_length=127)] | None
    ) = None
    percentage: (
        Annotated[int, doc("0 to 100 percent.", _SERVICE_CHARGE, problem_name=_QUERY, ge=0, le=100)]
        | None
    ) = None
    percentageDecimal: (
        Annotated[
            int,
            doc(
                "Ten-thousandths of a percent: 100000 is 10 %.",
                _SERVICE_CHARGE,
                problem_name=_QUERY,
                ge=0,
                le=100 * PERCENT_DECIMAL,
            ),
        ]
        | None
    ) = None


class Discount(Record, frozen=True, kw_only=True):
    """A stored discount, and its response."""

    evidence: ClassVar[Evidence] = inferred("REF orderCreateDiscount has the fields")

    id: str
    orderRef: Reference | None = None
    lineItemRef: Reference | None = None
    discount: Reference | None = None
    name: str | None = None
    amount: Cents | None = None
    percentage: int | None = None

    def reduction_of(self, price: Cents) -> Cents:
        """Return by how much a price is reduced, at most to zero; half a cent is rounded up."""
        if self.percentage is not None:
            return (price * self.percentage + 50) // 100
        return min(abs(self.amount or 0), price)


class Modification(Record, frozen=True, kw_only=True):
    """A stored modification of a line, and its response."""

    evidence: ClassVar[Evidence] = inferred("REF orderApplyModification has the fields")

    id: str
    lineItemRef: Reference | None = None
    name: str | None = None
    alternateName: str | None = None
    amount: Cents
    modifier: Reference | None = None


class ServiceCharge(Record, frozen=True, kw_only=True):
    """A stored service charge of an order, and its response."""

    evidence: ClassVar[Evidence] = inferred("REF orderApplyServiceCharge has the fields")

    id: str
    orderRef: Reference | None = None
    name: str | None = None
    percentageDecimal: int

    def amount_on(self, price: Cents) -> Cents:
        """Return the service charge on a price; half a cent is rounded up."""
        whole = 100 * PERCENT_DECIMAL
        return (price * self.percentageDecimal + whole // 2) // whole


class PlatformLine(Record, frozen=True, kw_only=True):
    """Data of a line that only the platform API uses."""

    number: int
    """The line's number in its order. Its id is derived from it; numbers are not used again."""
    note: str | None = None
    alternateName: str | None = None
    unitQty: int | None = None
    """As sent."""
    is_per_unit: bool = False
    """Whether `unitQty` counts thousandths of a unit, because the price is per unit."""
    discounts: tuple[Discount, ...] = ()
    modifications: tuple[Modification, ...] = ()

    def price(self, unit_price: Cents, quantity: int | None) -> Cents:
        """Return the price of the line with modifications and discounts, without tax."""
        unit_price += sum(each.amount for each in self.modifications)
        if self.is_per_unit:
            price = (unit_price * (self.unitQty or 0) + UNIT // 2) // UNIT
        else:
            price = unit_price * (1 if quantity is None else quantity)
        return price - reduction(self.discounts, price)


def reduction(discounts: tuple[Discount, ...], price: Cents) -> Cents:
    """Return by how much discounts reduce a price, one after the other."""
    left = price
    for discount in discounts:
        left -= discount.reduction_of(left)
    return price - left


def shares(amount: Cents, prices: tuple[Cents, ...]) -> tuple[Cents, ...]:
    """Return an amount divided in proportion to prices; the shares add up to it."""
    total, done, before = sum(prices), 0, 0
    divided = []
    for price in prices:
        before += price
        upto = amount * before // total if total else 0
        divided.append(upto - done)
        done = upto
    return tuple(divided)
