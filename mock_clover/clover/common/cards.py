"""A card: its brand, its number's form, and what is kept of it once the number is gone.

A `Card` exists only if valid and never holds the PAN or the CVV: the number leaves a fingerprint,
first six and last four digits behind, the CVV only that it was given.
"""

from typing import Literal, NamedTuple

from mock_clover.core.record import Record

Brand = Literal["VISA", "MC", "AMEX", "DISCOVER", "DINERS_CLUB", "JCB"]
BRANDS: tuple[Brand, ...] = ("VISA", "MC", "AMEX", "DISCOVER", "DINERS_CLUB", "JCB")

Face = Literal[Brand, "GIFT_CARD", ""]
"""What a source shows as its brand: a gift card's word is documented (MD:gift-card-api); a bank
account, and a card of which only a foreign token is known, show none."""

CheckResult = Literal["pass", "failed", "unavailable", "unchecked"]


class _Range(NamedTuple):
    """Leading digits `low` to `high` (of equal length) belong to a brand."""

    low: int
    high: int
    brand: Brand
    lengths: frozenset[int]


def _range(low: int, high: int, brand: Brand, *lengths: int) -> _Range:
    return _Range(low, high, brand, frozenset(lengths))


# ISO/IEC 7812 issuer ranges as the card networks publish them.
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
    """Return the brand whose range and length a PAN has, or None."""
    for low, high, brand, lengths in _RANGES:
        lead = int(pan[: len(str(low))])
        if low <= lead <= high and len(pan) in lengths:
            return brand
    return None


class Checks(Record, frozen=True, kw_only=True):
    """What the issuer's address and CVV checks said; unset where the data was not given."""

    address_line1_check: CheckResult | None = None
    address_zip_check: CheckResult | None = None
    cvc_check: CheckResult | None = None


class Card(Record, frozen=True, kw_only=True):
    """What is kept of a card, or of what stands for one: see `Token.kind`."""

    brand: Face
    first6: str
    last4: str
    exp_month: str
    exp_year: str
    fingerprint: str
    """Keyed hash of the PAN: equal for equal numbers, of no use without the server's key."""
    good_until_ms: int = 0
    """The first moment after the month of its expiry, UTC."""
    has_cvv: bool = False
    name: str | None = None
    address_line1: str | None = None
    address_zip: str | None = None


NO_CHECKS = Checks()


def checks_seen(checks: Checks, card: Card) -> Checks:
    """Return the checks for which the card brought the data.

    Source: the test-card page; data given, the checks succeed; not given, they are null.
    """
    return Checks(
        address_line1_check=checks.address_line1_check if card.address_line1 else None,
        address_zip_check=checks.address_zip_check if card.address_zip else None,
        cvc_check=checks.cvc_check if card.has_cvv else None,
    )
