"""Charges: sale, authorization, capture, void. Amounts are in minor units.

Tables list the allowed transitions of a charge's state; a state that is absent has none.
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
"""Documented REF createcharge: at most 500 characters."""

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
            "Up to 12 letters and digits; spaces between them.",
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
            "Tip; added to the amount at finalization.",
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
        doc("Includes tax, not tip.", _REF, refused_as="INVALID_CHARGE_AMOUNT", ge=0),
    ]
    currency: Annotated[
        str,
        doc(
            "ISO 4217, in either case.",
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
        doc("false only authorizes; a string is accepted too.", _REF, refused_as="INVALID_REQUEST"),
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
            doc("Required with a saved card's token.", _REF, refused_as="INVALID_REQUEST"),
        ]
        | None
    ) = None
    tip_amount: Tip = None
    tax_amount: (
        Annotated[
            Cents,
            doc(
                "Tax included in the amount; positive.",
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
            doc("Accept a partial payment; a gift card makes one anyway.", _REF),
        ]
        | None
    ) = None
    return_gateway_response: (
        Annotated[
            bool,
            doc("Accepted and ignored: its effect was not found.", documented(_GIFT_PAGE)),
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
    """Body of `POST /v1/charges/{id}/capture`; an empty body captures in full."""

    amount: (
        Annotated[
            Cents,
            doc(
                "Defaults to the authorized amount.",
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
"""pending: 3-D Secure authentication is not finished; that responses show this is inferred."""

_DAY_MS = 86_400_000
AUTHORISATION_LIFE_MS: dict[Face, int] = {"VISA": 7 * _DAY_MS, "MC": 30 * _DAY_MS}
"""Documented MD:create-pre-authorization. Other brands expire like Visa (inferred)."""

AUTHORISATION_EXPIRES = "authorisation_expired"
"""The kind of a job, and the name that the control call returns for it."""

DEBIT_SETTLES = "debit_settled"
"""The kind of a job: a pending bank debit succeeds."""

CAPTURED_FROM: frozenset[ChargeState] = frozenset({"authorised"})
RefundType = Literal["PREAUTH", "AUTH", "VOID"]
REFUND_TYPE: dict[ChargeState, RefundType] = {"authorised": "PREAUTH", "captured": "AUTH"}
"""The refundType by the charge's state; a charge in any other state cannot be refunded.
Source: KES, PREAUTH for an authorization (its void), AUTH once captured."""


class Charge(Record, frozen=True, kw_only=True):
    """A stored charge."""

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
    """Separate from all amounts: captured and refunded amounts do not include it."""
    gift: GiftCardView | None = None
    """The effect on the gift card, for a charge of one."""
    settling: bool = False
    """Whether a bank debit is still pending."""
    captured_ms: Millis | None = None
    """When an authorization was captured, or released by a capture of 0."""

    @property
    def paid_ms(self) -> Millis:
        """When the charge was paid: at its creation, or at the end of its 3-D Secure flow."""
        return self.created_ms if self.threeds is None else self.threeds.ended_ms or self.created_ms

    @property
    def amount_refundable(self) -> Cents:
        """The amount that can still be refunded; for an authorization, what a void releases."""
        if self.state == "authorised":
            return self.request.amount
        if self.state != "captured":
            return 0
        return self.amount_captured + (self.request.tip_amount or 0) - self.amount_refunded
