"""Charges: requests and stored charges. Amounts are in minor units.

Tables list the states in which an operation is allowed.
"""

from typing import Annotated, Any, Literal

from mock_clover.clover.charges.records_on_file import Intent
from mock_clover.clover.charges.records_purchase import ChargeDescriptor, Level2, Level3
from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.charges.records_surcharge import AdditionalCharge
from mock_clover.clover.charges.records_tender import Tender
from mock_clover.clover.common.cards import SourceBrand
from mock_clover.clover.common.verdict import Approval, Decline
from mock_clover.clover.gift_cards.records import GiftCardBalances
from mock_clover.clover.platform.records_tender_payment import RecordedPayment
from mock_clover.clover.threeds.records import ThreeDS, ThreeDSField
from mock_clover.clover.tokens.records import Token
from mock_clover.core.evidence import (
    CURRENCY,
    EMAIL,
    END_OF_STRING,
    OR_DIGITS,
    Cents,
    Millis,
    doc,
    documented,
    observed,
)
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

SITE_URL_LENGTHS = (4, 13)
"""Documented REF createcharge."""
METADATA_BYTES_MAX = 500
"""Documented REF createcharge: at most 500 characters."""

_REF = documented("REF createcharge")
_SPLIT = documented("DOCS:capture-charge-for-split-shipment")
_GIFT_PAGE = "MD:gift-card-api, in its samples"

Ecomind = Literal["ecom", "moto"]
Description = (
    Annotated[
        str, doc("Up to 255 characters.", _REF, problem_name="INVALID_REQUEST", max_length=255)
    ]
    | None
)
ExternalReference = (
    Annotated[
        str,
        doc(
            "Up to 12 letters, digits and spaces between them.",
            _REF,
            problem_name="INVALID_EXTERNAL_REFERENCE",
            max_length=12,
            pattern=f"^([A-Za-z0-9]+( +[A-Za-z0-9]+)*)?{END_OF_STRING}",
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
            problem_name="INVALID_TIP_AMOUNT",
            ge=0,
            le=AMOUNT_MAX,
        ),
    ]
    | None
)
Metadata = (
    Annotated[
        dict[str, Any],
        doc(
            "Key-value pairs; at most 500 characters of JSON.", _REF, problem_name="INVALID_REQUEST"
        ),
    ]
    | None
)


Descriptor = (
    Annotated[
        ChargeDescriptor,
        doc("Shown on the cardholder's statement.", _REF, problem_name="INVALID_REQUEST"),
    ]
    | None
)
LevelTwo = Annotated[Level2, doc("US only.", _REF, problem_name="INVALID_REQUEST")] | None
LevelThree = (
    Annotated[Level3, doc("US only, Mastercard and Visa.", _REF, problem_name="INVALID_REQUEST")]
    | None
)
AlternateTender = (
    Annotated[
        Tender,
        doc("Required if `source` is alternate_tender.", _REF, problem_name="INVALID_TENDER"),
    ]
    | None
)


class ChargeRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/charges`."""

    amount: Annotated[
        Cents,
        doc("Includes the tax, but not the tip.", _REF, problem_name="INVALID_CHARGE_AMOUNT", ge=0),
    ]
    currency: Annotated[
        str,
        doc(
            "ISO 4217, upper or lower case.",
            documented("REF createcharge; upper case in SEED samples"),
            problem_name="INVALID_CURRENCY",
            pattern=CURRENCY,
        ),
    ]
    source: Annotated[
        str,
        doc(
            "A clv_ token, a customer id, or alternate_tender; at most 5,000 characters.",
            _REF,
            problem_name="INVALID_SOURCE",
            min_length=1,
            max_length=5000,
        ),
    ]
    capture: Annotated[
        bool,
        doc(
            "false only authorizes; a string is accepted too.", _REF, problem_name="INVALID_REQUEST"
        ),
    ] = True
    description: Description = None
    ecomind: Annotated[
        Ecomind, doc("Commerce indicator.", _REF, problem_name="INVALID_REQUEST")
    ] = "ecom"
    external_reference_id: ExternalReference = None
    external_customer_reference: Annotated[str, doc("Free text.", _REF)] | None = None
    receipt_email: (
        Annotated[
            str,
            doc(
                "Address for the receipt; this mock sends none.",
                _REF,
                problem_name="EMAIL_INVALID",
                pattern=EMAIL,
            ),
        ]
        | None
    ) = None
    metadata: Metadata = None
    stored_credentials: (
        Annotated[
            StoredCredentials,
            doc("Required with the token of a saved card.", _REF, problem_name="INVALID_REQUEST"),
        ]
        | None
    ) = None
    tip_amount: Tip = None
    tax_amount: (
        Annotated[
            Cents,
            doc(
                "Tax that is included in the amount.",
                _REF,
                problem_name="INVALID_TAX_AMOUNT",
                ge=0,
                le=AMOUNT_MAX,
            ),
        ]
        | None
    ) = None
    tax_rate_uuid: Annotated[str, doc("Id of a tax rate of the merchant.", _REF)] | None = None
    site_url: (
        Annotated[
            str,
            doc(
                "URL shown on the cardholder's statement; 4 to 13 characters are documented, and "
                "required only with `strict`.",
                _REF,
            ),
        ]
        | None
    ) = None
    partial_redemption: (
        Annotated[
            bool,
            doc("Accept a partial payment; with a gift card it is possible in any case.", _REF),
        ]
        | None
    ) = None
    return_gateway_response: (
        Annotated[
            bool,
            doc(
                "Accepted and ignored; no source describes its effect.",
                documented(_GIFT_PAGE),
                has_no_effect=True,
            ),
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
            doc(
                "Ignored; Clover's WooCommerce plugin sends it.",
                observed("WOO"),
                has_no_effect=True,
            ),
        ]
        | None
    ) = None


class CaptureRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/charges/{id}/capture`; an empty body captures in full."""

    amount: (
        Annotated[
            Cents,
            doc(
                "Defaults to what is left of the authorization.",
                documented("REF capturecharge"),
                problem_name="INVALID_CHARGE_AMOUNT",
                ge=0,
            ),
            OR_DIGITS,
        ]
        | None
    ) = None
    split_shipment: (
        Annotated[
            str,
            doc(
                "Number of this shipment and count of all, at most 99, such as 1/3.",
                _SPLIT,
                problem_name="INVALID_REQUEST",
                pattern=f"^[1-9][0-9]?/[1-9][0-9]?{END_OF_STRING}",
            ),
        ]
        | None
    ) = None
    receipt_email: (
        Annotated[
            str,
            doc(
                "Address for the receipt; this mock sends none.",
                documented("REF capturecharge"),
                has_no_effect=True,
            ),
        ]
        | None
    ) = None
    level2: LevelTwo = None


class ReleaseRequest(Record, frozen=True, kw_only=True):
    """Body of `PUT /v1/charges/{id}`."""

    amount: (
        Annotated[
            Cents,
            doc(
                "The amount to release; without it, all that is left (inferred).",
                _SPLIT,
                problem_name="INVALID_CHARGE_AMOUNT",
                ge=1,
            ),
            OR_DIGITS,
        ]
        | None
    ) = None


ChargeState = Literal["pending", "authorized", "captured", "voided", "expired", "failed"]
"""pending: 3-D Secure authentication is not complete. That responses have it is inferred."""

_DAY_MS = 86_400_000
AUTHORIZATION_LIFETIME_MS: dict[SourceBrand, int] = {"VISA": 7 * _DAY_MS, "MC": 30 * _DAY_MS}
"""Documented MD:create-pre-authorization. Other brands expire like Visa (inferred)."""

AUTHORIZATION_EXPIRY_JOB = "authorization_expired"
"""Kind of the job that expires an authorization, and its name in the control API."""

DEBIT_SETTLEMENT_JOB = "debit_settled"
"""Kind of the job after which a pending ACH debit has succeeded."""

RefundType = Literal["PREAUTH", "AUTH", "VOID"]
REFUND_TYPE: dict[ChargeState, RefundType] = {"authorized": "PREAUTH", "captured": "AUTH"}
"""The refundType by the state of the charge; a charge in any other state cannot be refunded.
Source: KES, PREAUTH for the void of an authorization, AUTH for a captured charge."""


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
    gift: GiftCardBalances | None = None
    """The effect on the gift card, if a gift card was charged."""
    is_debit_pending: bool = False
    """Whether the charge is an ACH debit that is still pending."""
    recorded: RecordedPayment | None = None
    """If the payment was recorded in the platform API, with the tender of the merchant."""
    captured_ms: Millis | None = None
    """When an authorization was last captured, or released as a whole."""
    is_split: bool = False
    """Whether the captures had `split_shipment`, so that others may follow."""
    amount_released: Cents = 0
    """The part of the authorization that was released."""

    @property
    def paid_ms(self) -> Millis:
        """Time of the payment: when the charge was created, or its 3-D Secure flow ended."""
        return self.created_ms if self.threeds is None else self.threeds.ended_ms or self.created_ms

    @property
    def amount_capturable(self) -> Cents:
        """What is left of an authorization; 0 if no capture can follow."""
        if self.state == "authorized" or (self.state == "captured" and self.is_split):
            return max(0, self.request.amount - self.amount_captured - self.amount_released)
        return 0

    @property
    def amount_refundable(self) -> Cents:
        """The amount that can still be refunded; for an authorization, what a void releases."""
        if self.state == "authorized":
            return self.amount_capturable
        if self.state != "captured":
            return 0
        return self.amount_captured + (self.request.tip_amount or 0) - self.amount_refunded


def lifetime_ms(charge: Charge) -> Millis:
    """Return how long the authorization of a charge lasts."""
    return AUTHORIZATION_LIFETIME_MS.get(charge.token.card.brand, AUTHORIZATION_LIFETIME_MS["VISA"])
