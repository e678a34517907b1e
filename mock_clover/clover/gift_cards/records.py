"""Gift cards: what a client asks for, what is kept, what it is told. Amounts are minor units.

The token request is the only record that holds a number or a security code. What is kept of a card
is a row under the fingerprint of its number: what was loaded, and which charges draw on it. What it
holds is read off those charges, so no charge, refund or lapse can forget to say so.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from mock_clover.core.evidence import CURRENCY, Cents, Fact, Millis, doc, documented, inferred
from mock_clover.core.record import Record

_MD = documented("MD:gift-card-api")
_TOKEN = documented("MD:create-a-gift-card-token")
_AMOUNT_MAX = 99_999_999

NUMBER_LENGTHS = frozenset({6, 11, 13, 16, 19})
"""Documented are 6, 13, 16 and 19; the page's own example has 11."""
LIFE_MS = 5 * 365 * 86_400_000
"""From activation to expiry (inferred: the least that US law allows)."""
CHARGES_MAX = 1_000
"""Charges that may draw on one card; a bound of this mock, for they are counted up each time."""

PROMOTIONS: dict[str, Cents] = {"67062": 5_000, "67063": 0}
"""Codes of virtual cards and what they are worth; 0: the amount must be given. Documented
MD:gift-card-api, by example; other codes are worth what a card that nobody activated holds."""

VIRTUAL_PREFIX = "777737"
"""How the numbers of both documented virtual cards begin."""


class GiftCardRequest(Record, frozen=True, kw_only=True):
    """`gift_card` of a token request. Holds a number and a code: never print, never keep."""

    card_number: Annotated[str, doc("The number: 6, 11, 13, 16 or 19 digits.", _TOKEN)] | None = (
        None
    )
    number: Annotated[str, doc("The same, as another page spells it.", _MD)] | None = None
    security_code: Annotated[str, doc("Four to eight digits; not checked.", _TOKEN)] | None = None
    foreign_access_code: (
        Annotated[str, doc("Of a card that is not Fiserv's; not checked.", _TOKEN)] | None
    ) = None

    def __repr__(self) -> str:
        """Show nothing."""
        return "GiftCardRequest(...)"


class GiftCard(Record, frozen=True, kw_only=True):
    """A gift card as it is kept, under the fingerprint of its number."""

    last4: str
    loaded: Cents
    """Activated and reloaded, less what was cashed out."""
    expires_ms: Millis
    charges: tuple[str, ...] = ()
    """Ids of the charges that drew on it, from the oldest."""


class GiftCardView(Record, frozen=True, kw_only=True):
    """`gift_card` of an answer. A virtual card's number and code are told once, at its making."""

    fact: ClassVar[Fact] = _MD

    security_card_value: str | None = None
    number: str | None = None
    expiration_date: str
    previous_balance: Cents
    new_balance: Cents
    lock_amount: Cents | None = None
    lock_id: str | None = None

    def __repr__(self) -> str:
        """Show the balances only."""
        return f"GiftCardView({self.previous_balance} -> {self.new_balance})"


class ActivateRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/activate`: a physical card's token, or a code that makes a virtual card."""

    source: (
        Annotated[str, doc("Token of a physical card.", _MD, refused_as="INVALID_SOURCE")] | None
    ) = None
    promotion_code: (
        Annotated[
            str,
            doc(
                "Code of a virtual card.",
                _MD,
                refused_as="INVALID_REQUEST",
                min_length=1,
                max_length=64,
            ),
        ]
        | None
    ) = None
    amount: (
        Annotated[
            Cents,
            doc(
                "What it is to hold; left out for a card of a fixed amount.",
                _MD,
                refused_as="INVALID_CHARGE_AMOUNT",
                ge=1,
                le=_AMOUNT_MAX,
            ),
        ]
        | None
    ) = None
    currency: (
        Annotated[str, doc("ISO 4217.", _MD, refused_as="INVALID_CURRENCY", pattern=CURRENCY)]
        | None
    ) = None


class GiftSourceRequest(Record, frozen=True, kw_only=True):
    """Body of a balance inquiry or a cashout."""

    source: Annotated[str, doc("Token of the card.", _MD, refused_as="INVALID_SOURCE")]


class ReloadRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/reload`."""

    source: Annotated[str, doc("Token of the card.", _MD, refused_as="INVALID_SOURCE")]
    amount: Annotated[
        Cents,
        doc("What is added.", _MD, refused_as="INVALID_CHARGE_AMOUNT", ge=1, le=_AMOUNT_MAX),
    ]
    currency: Annotated[str, doc("ISO 4217.", _MD, refused_as="INVALID_CURRENCY", pattern=CURRENCY)]


class CancelRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/refunds/{id}/cancel`."""

    reason: (
        Annotated[
            str,
            doc(
                "Why; USER_CANCEL in the sample, other words were not found.",
                inferred("MD:gift-card-api"),
                refused_as="INVALID_REQUEST",
                max_length=255,
            ),
        ]
        | None
    ) = None


def gift_view(
    row: GiftCard, previous: Cents, new: Cents, *, locked: Cents | None = None
) -> GiftCardView:
    """Show what a card held before and holds now."""
    return GiftCardView(
        expiration_date=datetime.fromtimestamp(row.expires_ms / 1000, UTC).strftime("%Y-%m-%d"),
        previous_balance=previous,
        new_balance=new,
        lock_amount=locked,
    )
