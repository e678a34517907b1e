"""Gift cards: requests, stored gift cards and responses. Amounts are in minor units.

Only the token request contains a card number or a security code. A gift card is stored under the
fingerprint of its number, with the loaded amount and the ids of its charges. Its balance is
computed from those charges.
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from mock_clover.core.evidence import CURRENCY, Cents, Evidence, Millis, doc, documented
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record, SecretRecord

_MD = documented("MD:gift-card-api")
_TOKEN = documented("MD:create-a-gift-card-token")

NUMBER_LENGTHS = frozenset({6, 11, 13, 16, 19})
"""6, 13, 16 and 19 are documented; the page's own example has 11."""
GIFT_CARD_LIFETIME_MS = 5 * 365 * 86_400_000
"""From activation to expiry (inferred: the minimum in US law)."""
GIFT_VOID_WINDOW_MS = 86_400_000
"""How long after a charge of a gift card a full refund is a void (documented, page of 2024)."""
_LAST_MS = 253_402_300_799_999
"""The end of the year 9999, the last date of `datetime`; shown for a card that expires later."""
CHARGES_MAX = 1_000
"""Maximum number of charges per card; a limit of this mock, as each balance sums them up."""

PROMOTIONS: dict[str, Cents] = {"67062": 5_000, "67063": 0}
"""Promotion codes of virtual cards and their amounts. 0: the request must have an amount.
Documented MD:gift-card-api, by example. Other codes use the setting `gift_card_balance`."""

VIRTUAL_PREFIX = "777737"
"""The first digits of both documented virtual cards."""


class GiftCardRequest(SecretRecord, frozen=True, kw_only=True):
    """`gift_card` of a token request. Contains a card number and a code: never log or store it."""

    card_number: Annotated[str, doc("Card number: 6, 11, 13, 16 or 19 digits.", _TOKEN)] | None = (
        None
    )
    number: (
        Annotated[str, doc("Alias of `card_number`, used on another documentation page.", _MD)]
        | None
    ) = None
    security_code: Annotated[str, doc("Four to eight digits; not verified.", _TOKEN)] | None = None
    foreign_access_code: (
        Annotated[str, doc("For cards of other issuers than Fiserv; not verified.", _TOKEN)] | None
    ) = None


class GiftCard(Record, frozen=True, kw_only=True):
    """A stored gift card, under the fingerprint of its number."""

    last4: str
    loaded: Cents
    """The activation amount and reloads, minus cashouts."""
    expires_ms: Millis
    charges: tuple[str, ...] = ()
    """Ids of the charges that used it, oldest first."""


class GiftCardBalances(Record, frozen=True, kw_only=True):
    """`gift_card` of a response.

    Only the activation response contains the number and code of a virtual card. `lock_id` is a
    number, and a lock lowers `new_balance` (documented: the page of August 2024).
    """

    evidence: ClassVar[Evidence] = _MD

    security_card_value: str | None = None
    number: str | None = None
    expiration_date: str
    previous_balance: Cents
    new_balance: Cents
    lock_amount: Cents | None = None
    """All that is locked of the card."""
    lock_id: int | None = None

    def __repr__(self) -> str:
        """Show the balances only."""
        return f"GiftCardBalances({self.previous_balance} -> {self.new_balance})"


class ActivateRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/activate`: the token of a physical card, or a promotion code."""

    source: (
        Annotated[str, doc("Token of a physical card.", _MD, problem_name="INVALID_SOURCE")] | None
    ) = None
    promotion_code: (
        Annotated[
            str,
            doc(
                "Promotion code of a virtual card.",
                _MD,
                problem_name="INVALID_REQUEST",
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
                "Initial balance; omit it for a promotion code with a fixed amount.",
                _MD,
                problem_name="INVALID_CHARGE_AMOUNT",
                ge=1,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None
    currency: (
        Annotated[
            str,
            doc(
                "ISO 4217; validated, otherwise ignored.",
                _MD,
                problem_name="INVALID_CURRENCY",
                pattern=CURRENCY,
                has_no_effect=True,
            ),
        ]
        | None
    ) = None


class GiftSourceRequest(Record, frozen=True, kw_only=True):
    """Body of a balance inquiry or a cashout."""

    source: Annotated[str, doc("Token of the card.", _MD, problem_name="INVALID_SOURCE")]


class ReloadRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/reload`."""

    source: Annotated[str, doc("Token of the card.", _MD, problem_name="INVALID_SOURCE")]
    amount: Annotated[
        Cents,
        doc("Amount to add.", _MD, problem_name="INVALID_CHARGE_AMOUNT", ge=1, le=AMOUNT_MAX),
    ]
    currency: Annotated[
        str, doc("ISO 4217.", _MD, problem_name="INVALID_CURRENCY", pattern=CURRENCY)
    ]


def gift_view(
    row: GiftCard,
    previous: Cents,
    new: Cents,
    *,
    locked: Cents | None = None,
    lock_id: int | None = None,
) -> GiftCardBalances:
    """Return the balances of a gift card before and after an operation, without what is locked."""
    expires_ms = min(row.expires_ms, _LAST_MS)
    return GiftCardBalances(
        expiration_date=datetime.fromtimestamp(expires_ms / 1000, UTC).strftime("%Y-%m-%d"),
        previous_balance=previous,
        new_balance=new,
        lock_amount=locked,
        lock_id=lock_id,
    )
