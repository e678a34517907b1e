"""Cards: brands, PAN ranges, and the data stored after the PAN is discarded.

A `Card` is always valid and never contains the PAN or the CVV. It has a fingerprint of the PAN, the
first six and last four digits, and whether a CVV was sent.
"""

from typing import Literal, NamedTuple

from mock_clover.core.record import Record

Brand = Literal["VISA", "MC", "AMEX", "DISCOVER", "DINERS_CLUB", "JCB"]
BRANDS: tuple[Brand, ...] = ("VISA", "MC", "AMEX", "DISCOVER", "DINERS_CLUB", "JCB")

SourceBrand = Literal[Brand, "GIFT_CARD", ""]
"""The brand of a source. GIFT_CARD is documented (MD:gift-card-api). Bank accounts have no brand;
for TransArmor tokens it is optional."""

CheckResult = Literal["pass", "failed", "unavailable", "unchecked"]


class _Range(NamedTuple):
    """A range of first digits, `low` to `high` (of equal length), and its brand."""

    low: int
    high: int
    brand: Brand
    lengths: frozenset[int]


def _range(low: int, high: int, brand: Brand, *lengths: int) -> _Range:
    return _Range(low=low, high=high, brand=brand, lengths=frozenset(lengths))


# ISO/IEC 7812 issuer ranges, as published by the card networks.
_RANGES = (
    _range(4, 4, "VISA", 13, 16, 19),
    _range(51, 55, "MC", 16),
    _range(2221, 2720, "MC", 16),
    _range(34, 34, "AMEX", 15),
    _range(37, 37, "AMEX", 15),
    _range(6011, 6011, "DISCOVER", 16, 19),
    _range(644, 659, "DISCOVER", 16, 19),
    _range(622126, 622925, "DISCOVER", 16, 19),
    _range(300, 305, "DINERS_CLUB", 14, 16),
    _range(309, 309, "DINERS_CLUB", 14, 16),
    _range(36, 36, "DINERS_CLUB", 14, 16, 19),
    _range(38, 39, "DINERS_CLUB", 14, 16, 19),
    _range(3528, 3589, "JCB", 16, 19),
)


def brand_of(pan: str) -> Brand | None:
    """Return the brand whose ranges and lengths match a PAN, or None."""
    for low, high, brand, lengths in _RANGES:
        lead = int(pan[: len(str(low))])
        if low <= lead <= high and len(pan) in lengths:
            return brand
    return None


class Checks(Record, frozen=True, kw_only=True):
    """Results of the issuer's address and CVV checks; absent if the data was not sent."""

    address_line1_check: CheckResult | None = None
    address_zip_check: CheckResult | None = None
    cvc_check: CheckResult | None = None


class Card(Record, frozen=True, kw_only=True):
    """The stored data of a card or another payment instrument; see `Token.kind`."""

    brand: SourceBrand
    first6: str
    last4: str
    exp_month: str
    exp_year: str
    fingerprint: str
    """Keyed hash of the PAN: equal for equal PANs, useless without the key of the server."""
    expires_ms: int = 0
    """The first millisecond after the expiry month, in UTC."""
    has_cvv: bool = False
    name: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    address_city: str | None = None
    address_state: str | None = None
    address_zip: str | None = None
    address_country: str | None = None


NO_CHECKS = Checks()


def applicable_checks(checks: Checks, card: Card) -> Checks:
    """Return the checks for which the card has data.

    Source: the test-card page. With data the checks succeed, without data they are null.
    """
    return Checks(
        address_line1_check=checks.address_line1_check if card.address_line1 else None,
        address_zip_check=checks.address_zip_check if card.address_zip else None,
        cvc_check=checks.cvc_check if card.has_cvv else None,
    )
