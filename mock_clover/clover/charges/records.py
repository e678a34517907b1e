"""Charges: sale, authorisation, capture, void. Amounts are always minor units.

A charge's life is a table, not branches: what is absent from it is illegal.
"""

from typing import Annotated, Any, Literal

from mock_clover.clover.charges.records_on_file import Intent
from mock_clover.clover.charges.records_purchase import ChargeDescriptor, Level2, Level3
from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.charges.records_surcharge import AdditionalCharge
from mock_clover.clover.charges.records_tender import Tender
from mock_clover.clover.common.cards import Face
from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.clover.gift_cards.records import GiftCardView
from mock_clover.clover.threeds.records import ThreeDS, ThreeDSField
from mock_clover.clover.tokens.records import Token
from mock_clover.core.evidence import (
    CURRENCY,
    EMAIL,
    END,
    Cents,
    Millis,
    doc,
    documented,
    observed,
)
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

METADATA_BYTES_MAX = 500
"""Documented REF createcharge: limited to 500 characters."""

_REF = documented("REF createcharge")
_GIFT_PAGE = "MD:gift-card-api, in its samples"

Ecomind = Literal["ecom", "moto"]
Description = (
    Annotated[str, doc("Up to 255 characters.", _REF, refused_as="INVALID_REQUEST", max_length=255)]
    | None
)
ExternalReference = (
    Annotated[
        str,
        doc(
            "Up to 12 characters, letters and digits with inner spaces.",
            _REF,
            refused_as="INVALID_REQUEST",
            max_length=12,
            pattern=f"^([A-Za-z0-9]+( +[A-Za-z0-9]+)*)?{END}",
        ),
    ]
    | None
)
Tip = (
    Annotated[
        Cents,
        doc(
            "Tip; added to the amount at finalisation.",
            _REF,
            refused_as="INVALID_TIP_AMOUNT",
            ge=0,
            le=AMOUNT_MAX,
        ),
    ]
    | None
)
Metadata = (
    Annotated[
        dict[str, Any],
        doc("Key-value pairs, 500 characters of JSON.", _REF, refused_as="INVALID_REQUEST"),
    ]
    | None
)


Descriptor = (
    Annotated[ChargeDescriptor, doc("On the card's statement.", _REF, refused_as="INVALID_REQUEST")]
    | None
)
LevelTwo = Annotated[Level2, doc("US only.", _REF, refused_as="INVALID_REQUEST")] | None
LevelThree = (
    Annotated[Level3, doc("US only, Mastercard and Visa.", _REF, refused_as="INVALID_REQUEST")]
    | None
)
AlternateTender = (
    Annotated[Tender, doc("With the source alternate_tender.", _REF, refused_as="INVALID_TENDER")]
    | None
)


class ChargeRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/charges`."""

    amount: Annotated[
        Cents,
        doc("Tax included, tip not; at least 0.", _REF, refused_as="INVALID_CHARGE_AMOUNT", ge=0),
    ]
    currency: Annotated[
        str,
        doc(
            "ISO 4217, either case.",
            documented("REF createcharge; upper case in SEED samples"),
            refused_as="INVALID_CURRENCY",
            pattern=CURRENCY,
        ),
    ]
    source: Annotated[
        str,
        doc(
            "A clv_ token, a customer id, or alternate_tender.",
            _REF,
            refused_as="INVALID_SOURCE",
            min_length=1,
            max_length=5000,
        ),
    ]
    capture: Annotated[
        bool,
        doc(
            "false authorises only; the string is accepted too.", _REF, refused_as="INVALID_REQUEST"
        ),
    ] = True
    description: Description = None
    ecomind: Annotated[Ecomind, doc("Commerce indicator.", _REF, refused_as="INVALID_REQUEST")] = (
        "ecom"
    )
    external_reference_id: ExternalReference = None
    external_customer_reference: Annotated[str, doc("Free text.", _REF)] | None = None
    receipt_email: (
        Annotated[
            str,
            doc(
                "Receipts are never sent.",
                _REF,
                refused_as="EMAIL_INVALID",
                pattern=EMAIL,
            ),
        ]
        | None
    ) = None
    metadata: Metadata = None
    stored_credentials: (
        Annotated[
            StoredCredentials,
            doc("Required beside a saved card's token.", _REF, refused_as="INVALID_REQUEST"),
        ]
        | None
    ) = None
    tip_amount: Tip = None
    tax_amount: (
        Annotated[
            Cents,
            doc(
                "Tax within the amount; positive.",
                _REF,
                refused_as="INVALID_TAX_AMOUNT",
                ge=0,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None
    tax_rate_uuid: Annotated[str, doc("Tax rate.", _REF)] | None = None
    site_url: Annotated[str, doc("Shown on statements.", _REF)] | None = None
    partial_redemption: (
        Annotated[
            bool,
            doc("Whether a part of the amount will do; a gift card gives it anyway.", _REF),
        ]
        | None
    ) = None
    return_gateway_response: (
        Annotated[
            bool,
            doc("Taken and not heeded: what it adds was not found.", documented(_GIFT_PAGE)),
        ]
        | None
    ) = None
    soft_descriptor: Descriptor = None
    level2: LevelTwo = None
    level3: LevelThree = None
    tender: AlternateTender = None
    threeds: ThreeDSField = None
    intent: Intent = None
    customer: (
        Annotated[
            dict[str, Any] | str,
            doc("Ignored; Clover's WooCommerce plugin sends one.", observed("WOO")),
        ]
        | None
    ) = None


class CaptureRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/charges/{id}/capture`; empty captures in full."""

    amount: (
        Annotated[
            Cents,
            doc(
                "Defaults to the authorised amount.",
                documented("REF capturecharge"),
                refused_as="INVALID_CHARGE_AMOUNT",
                ge=0,
            ),
        ]
        | None
    ) = None
    receipt_email: (
        Annotated[str, doc("Overrides the charge's.", documented("REF capturecharge"))] | None
    ) = None
    level2: LevelTwo = None


ChargeState = Literal["pending", "authorised", "captured", "voided", "expired", "failed"]
"""pending: its cardholder is to be authenticated first; that it is shown so is inferred."""

_DAY_MS = 86_400_000
AUTHORISATION_LIFE_MS: dict[Face, int] = {"VISA": 7 * _DAY_MS, "MC": 30 * _DAY_MS}
"""Documented MD:create-pre-authorization. Other brands expire as Visa's do (inferred)."""

AUTHORISATION_EXPIRES = "authorisation_expired"
"""The kind of an agenda's entry, and what the control call says has happened."""

DEBIT_SETTLES = "debit_settled"
"""The kind of an agenda's entry: a bank debit that was pending has succeeded."""

CAPTURED_FROM: frozenset[ChargeState] = frozenset({"authorised"})
RefundType = Literal["PREAUTH", "AUTH", "VOID"]
REFUND_TYPE: dict[ChargeState, RefundType] = {"authorised": "PREAUTH", "captured": "AUTH"}
"""What a refund of a charge in this state is; a state that is absent cannot be refunded.
Source: KES, PREAUTH for an authorisation (its void), AUTH once captured."""


class Charge(Record, frozen=True, kw_only=True):
    """A charge as it is kept."""

    id: str
    request: ChargeRequest
    token: Token
    created_ms: Millis
    state: ChargeState
    sale: bool
    currency: str
    order: str | None = None
    customer: str | None = None
    amount_captured: Cents = 0
    amount_refunded: Cents = 0
    ref_num: str | None = None
    auth_code: str | None = None
    approval: Approval | None = None
    decline: Decline | None = None
    threeds: ThreeDS | None = None
    surcharge: AdditionalCharge | None = None
    """Beside the amount and in no other sum: what is captured and refunded is without it."""
    gift: GiftCardView | None = None
    """Of a gift card's charge: what it did to the card."""
    settling: bool = False
    """Whether a bank debit is still under way."""
    captured_ms: Millis | None = None
    """When an authorisation was captured, or, with an amount of 0, released."""

    @property
    def paid_ms(self) -> Millis:
        """When it was paid: when it was made, or later, when its cardholder was known."""
        return self.created_ms if self.threeds is None else self.threeds.ended_ms or self.created_ms

    @property
    def amount_refundable(self) -> Cents:
        """What a refund may still give back; for an authorisation, what a void releases."""
        if self.state == "authorised":
            return self.request.amount
        if self.state != "captured":
            return 0
        return self.amount_captured + (self.request.tip_amount or 0) - self.amount_refunded
