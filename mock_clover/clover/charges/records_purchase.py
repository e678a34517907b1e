"""Soft descriptors, and level 2 and level 3 data for corporate buyers.

Source: MD:setting-soft-descriptors (2023), MD:understanding-level-2-data and -level-3-data (2024).
"""

from typing import Annotated, Literal

from mock_clover.core.evidence import END_OF_STRING, Cents, doc, documented
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_SOFT = documented("MD:setting-soft-descriptors")
_TWO = documented("MD:understanding-level-2-data")
_THREE = documented("MD:understanding-level-3-data")
_TEXT_CHARS_MAX = 255
"""Maximum length of texts without a documented maximum; a limit of this mock."""
LINES_MAX = 500
"""Maximum number of level 3 line items; the same limit as for order items in this mock."""

_SoftText = Annotated[str, doc("Free text.", _SOFT, max_length=_TEXT_CHARS_MAX)] | None
_TwoText = Annotated[str, doc("Free text.", _TWO, max_length=_TEXT_CHARS_MAX)] | None
_TwoCents = Annotated[Cents, doc("Minor units.", _TWO, ge=0, le=AMOUNT_MAX)] | None
_ThreeText = Annotated[str, doc("Must not be blank.", _THREE, max_length=_TEXT_CHARS_MAX)] | None
_ThreeCents = Annotated[Cents, doc("Minor units.", _THREE, ge=0, le=AMOUNT_MAX)] | None

CONTACT_CHARS_MAX = 13
"""Maximum length of `merchant_contact_info` for Visa and Discover (documented)."""


class ChargeDescriptor(Record, frozen=True, kw_only=True):
    """`soft_descriptor` of a charge: the merchant's details on the cardholder's statement."""

    dba_name: (
        Annotated[str, doc("Name of the business; at most 38 characters.", _SOFT, max_length=38)]
        | None
    ) = None
    street: _SoftText = None
    city: _SoftText = None
    region: _SoftText = None
    postal_code: _SoftText = None
    country_code: (
        Annotated[
            str, doc("Three digits, for example 840.", _SOFT, pattern=f"^[0-9]{{3}}{END_OF_STRING}")
        ]
        | None
    ) = None
    merchant_contact_info: _SoftText = None


class Level2(Record, frozen=True, kw_only=True):
    """`level2` of a charge or a capture."""

    tax_amount: _TwoCents = None
    tax_indicator: (
        Annotated[
            Literal[0, 1, 2], doc("0: not specified. 1: tax is provided. 2: tax-exempt.", _TWO)
        ]
        | None
    ) = None
    purchase_identifier: _TwoText = None
    pc_order_number: (
        Annotated[str, doc("Required with tax_amount.", _TWO, max_length=_TEXT_CHARS_MAX)] | None
    ) = None
    discount_amount: _TwoCents = None
    freight_amount: _TwoCents = None
    duty_amount: _TwoCents = None
    destination_postal_code: _TwoText = None
    shipping_from_postal_code: _TwoText = None
    destination_country_code: (
        Annotated[int, doc("Three digits, for example 840; at most 999.", _TWO, ge=0, le=999)]
        | None
    ) = None
    merchant_tax_id: _TwoText = None
    product_description: _TwoText = None


class Level3Item(Record, frozen=True, kw_only=True):
    """One of `level3.level3_line_items`."""

    item_description: _ThreeText = None
    product_code: _ThreeText = None
    unit_cost: _ThreeCents = None
    quantity: Annotated[float, doc("Not zero.", _THREE, ge=0, le=1_000_000)] | None = None
    discount_amount: _ThreeCents = None
    unit_of_measure: _ThreeText = None
    commodity_code: _ThreeText = None


class Level3(Record, frozen=True, kw_only=True):
    """`level3` of a charge; Mastercard and Visa only."""

    service_code: _ThreeText = None
    magnetic_Stripe_Ind: Annotated[bool, doc("For swiped cards.", _THREE)] | None = None
    level3_line_items: (
        Annotated[list[Level3Item], doc("Line items.", _THREE, max_length=LINES_MAX)] | None
    ) = None


_MC = ("item_description", "product_code", "unit_of_measure", "quantity", "unit_cost")
LEVEL3_REQUIRED: dict[str, tuple[str, ...]] = {"MC": _MC, "VISA": (*_MC, "commodity_code")}
"""Required fields of a line item, by brand (documented); other brands have no level 3 data."""


def first_missing_field(item: Level3Item, brand: str) -> str:
    """Return the name of the first missing required field of a line item, or ''."""
    for name in LEVEL3_REQUIRED.get(brand, ()):
        value = getattr(item, name)
        if value is None or (isinstance(value, str) and not value.strip()) or value == 0:
            return name
    return ""
