"""Charges: sale, authorisation, capture, void. Amounts are always minor units.

A charge's life is a table, not branches: what is absent from it is illegal. The same row is shown
in three ways (created, fetched, captured) because Clover does: see each view's source.
"""

from typing import Annotated, Any, Literal

from mock_clover.model.card import CheckResult
from mock_clover.model.token import Token
from mock_clover.model.verdict import Approval, Decline
from mock_clover.wire.fact import EMAIL, Cents, Millis, documented, observed, told
from mock_clover.wire.record import Record

AMOUNT_MAX = 99_999_999
"""$999,999.99. Source: DOCS:ecommerce-error-codes, amount_too_large."""

_REF = documented("REF createcharge")
_OPEN_OBJECT = "Taken as it is and not interpreted."

Ecomind = Literal["ecom", "moto"]
Description = (
    Annotated[
        str, told("Up to 255 characters.", _REF, refused_as="INVALID_REQUEST", max_length=255)
    ]
    | None
)
ExternalReference = (
    Annotated[
        str,
        told(
            "Up to 12 characters, letters and digits with inner spaces.",
            _REF,
            refused_as="INVALID_REQUEST",
            max_length=12,
            pattern=r"^[A-Za-z0-9]+( +[A-Za-z0-9]+)*$|^$",
        ),
    ]
    | None
)
Tip = (
    Annotated[
        Cents,
        told(
            "Tip; added to the amount at finalisation.", _REF, refused_as="INVALID_TIP_AMOUNT", ge=0
        ),
    ]
    | None
)
Metadata = (
    Annotated[
        dict[str, Any],
        told("Key-value pairs, 500 characters of JSON.", _REF, refused_as="INVALID_REQUEST"),
    ]
    | None
)


class InstallmentInfo(Record, frozen=True, kw_only=True):
    """`stored_credentials.installment_info`."""

    bill_pay_indicator: Annotated[str, told("Recurring or Installment.", _REF)] | None = None
    invoice_number: Annotated[str, told("Invoice of the instalment.", _REF)] | None = None
    description: Annotated[str, told("Free text.", _REF)] | None = None


class StoredCredentials(Record, frozen=True, kw_only=True):
    """Who uses a saved card, and where in the sequence of its uses."""

    sequence: (
        Annotated[Literal["FIRST", "SUBSEQUENT"], told("Place in the sequence.", _REF)] | None
    ) = None
    is_scheduled: Annotated[bool, told("Part of a schedule.", _REF)] | None = None
    initiator: Annotated[Literal["MERCHANT", "CARDHOLDER"], told("Who starts it.", _REF)] | None = (
        None
    )
    cardbrand_original_amount: Annotated[Cents, told("Discover only.", _REF)] | None = None
    installment_info: Annotated[InstallmentInfo, told("US only.", _REF)] | None = None


class ChargeRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/charges`."""

    amount: Annotated[
        Cents,
        told("Tax included, tip not; at least 0.", _REF, refused_as="INVALID_CHARGE_AMOUNT", ge=0),
    ]
    currency: Annotated[
        str,
        told(
            "ISO 4217, either case.",
            documented("REF createcharge; upper case in SEED samples"),
            refused_as="INVALID_CURRENCY",
            pattern="^[A-Za-z]{3}$",
        ),
    ]
    source: Annotated[
        str,
        told(
            "A clv_ token or a customer id.",
            _REF,
            refused_as="INVALID_SOURCE",
            min_length=1,
            max_length=5000,
        ),
    ]
    capture: Annotated[
        bool,
        told(
            "false authorises only; the string is accepted too.", _REF, refused_as="INVALID_REQUEST"
        ),
    ] = True
    description: Description = None
    ecomind: Annotated[Ecomind, told("Commerce indicator.", _REF, refused_as="INVALID_REQUEST")] = (
        "ecom"
    )
    external_reference_id: ExternalReference = None
    external_customer_reference: Annotated[str, told("Free text.", _REF)] | None = None
    receipt_email: (
        Annotated[
            str,
            told(
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
            told("Required beside a saved card's token.", _REF, refused_as="INVALID_REQUEST"),
        ]
        | None
    ) = None
    tip_amount: Tip = None
    tax_amount: (
        Annotated[
            Cents,
            told("Tax within the amount; positive.", _REF, refused_as="INVALID_TAX_AMOUNT", ge=0),
        ]
        | None
    ) = None
    tax_rate_uuid: Annotated[str, told("Tax rate.", _REF)] | None = None
    site_url: Annotated[str, told("Shown on statements.", _REF)] | None = None
    partial_redemption: Annotated[bool, told("Gift cards.", _REF)] | None = None
    soft_descriptor: Annotated[dict[str, Any], told(_OPEN_OBJECT, _REF)] | None = None
    level2: Annotated[dict[str, Any], told(_OPEN_OBJECT, _REF)] | None = None
    level3: Annotated[dict[str, Any], told(_OPEN_OBJECT, _REF)] | None = None
    customer: (
        Annotated[
            dict[str, Any] | str,
            told("Ignored; Clover's WooCommerce plugin sends one.", observed("WOO")),
        ]
        | None
    ) = None


class CaptureRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/charges/{id}/capture`; empty captures in full."""

    amount: (
        Annotated[
            Cents,
            told(
                "Defaults to the authorised amount.",
                documented("REF capturecharge"),
                refused_as="INVALID_CHARGE_AMOUNT",
                ge=0,
            ),
        ]
        | None
    ) = None
    receipt_email: (
        Annotated[str, told("Overrides the charge's.", documented("REF capturecharge"))] | None
    ) = None


ChargeState = Literal["authorised", "captured", "voided", "failed"]

CAPTURED_FROM: frozenset[ChargeState] = frozenset({"authorised"})
RefundType = Literal["PREAUTH", "AUTH"]
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

    @property
    def amount_refundable(self) -> Cents:
        """What a refund may still give back; for an authorisation, what a void releases."""
        if self.state == "authorised":
            return self.request.amount
        if self.state != "captured":
            return 0
        return self.amount_captured + (self.request.tip_amount or 0) - self.amount_refunded


class Outcome(Record, frozen=True, kw_only=True):
    """`outcome` of a charge; no other values were ever seen."""

    network_status: str | None = None
    type: str | None = None


APPROVED = Outcome(network_status="approved_by_network", type="authorized")


class Source(Record, frozen=True, kw_only=True):
    """`source` of a charge or order."""

    id: str | None = None
    brand: str
    address_line1_check: CheckResult | None = None
    address_zip_check: CheckResult | None = None
    cvc_check: CheckResult | None = None
    exp_month: str | None = None
    exp_year: str | None = None
    first6: str
    last4: str


class ChargeAnswer(Record, frozen=True, kw_only=True):
    """A charge as it is shown; members in the order of the recorded answers."""

    id: str
    amount: Cents
    tax_amount: Cents | None = None
    tip_amount: Cents | None = None
    payment_method_details: str | None = None
    amount_captured: Cents | None = None
    amount_refunded: Cents | None = None
    currency: str
    created: Millis
    captured: bool | None = None
    customer: str | None = None
    description: str | None = None
    external_reference_id: str | None = None
    external_customer_reference: str | None = None
    ref_num: str | None = None
    auth_code: str | None = None
    order: str | None = None
    outcome: Outcome | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    paid: bool | None = None
    refunded: bool | None = None
    receipt_email: str | None = None
    status: Literal["succeeded", "pending", "failed"]
    source: Source
    metadata: dict[str, Any] | None = None
    stored_credentials: StoredCredentials | None = None
    ecomind: str | None = None


def created_answer(charge: Charge) -> ChargeAnswer:
    """Show a charge as its creation does: no `object`, no `order`; `paid` only for a sale.

    Source: SEED 2025-05 (sale), CCL 2023-09 (authorisation).
    """
    asked = charge.request
    return ChargeAnswer(
        id=charge.id,
        amount=asked.amount,
        tax_amount=asked.tax_amount,
        tip_amount=asked.tip_amount,
        payment_method_details="card",
        amount_refunded=0,
        currency=charge.currency,
        created=charge.created_ms,
        captured=charge.sale,
        description=asked.description,
        external_reference_id=asked.external_reference_id,
        external_customer_reference=asked.external_customer_reference,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        outcome=APPROVED,
        paid=True if charge.sale else None,
        receipt_email=asked.receipt_email,
        status="succeeded",
        source=_source(charge, with_expiry=True),
        ecomind=asked.ecomind,
    )


def fetched_answer(charge: Charge) -> ChargeAnswer:
    """Show a charge as GET and the list do: with `order`, whole seconds, no expiry in `source`.

    Source: GP CloverCharge, MD:pagination. A failed charge's body was never recorded: the
    documented members failure_code and failure_message stand in it.
    """
    asked, failed = charge.request, charge.decline
    captured = charge.state == "captured"
    return ChargeAnswer(
        id=charge.id,
        amount=asked.amount,
        tax_amount=asked.tax_amount,
        tip_amount=asked.tip_amount,
        payment_method_details="card",
        amount_captured=charge.amount_captured if captured else None,
        amount_refunded=charge.amount_refunded,
        currency=charge.currency,
        created=charge.created_ms // 1000 * 1000,
        captured=captured,
        customer=charge.customer,
        description=asked.description,
        external_reference_id=asked.external_reference_id,
        external_customer_reference=asked.external_customer_reference,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        order=charge.order,
        outcome=APPROVED if failed is None else None,
        failure_code=failed.code if failed else None,
        failure_message=failed.message if failed else None,
        paid=True if captured else None,
        refunded=True if charge.amount_refunded and not charge.amount_refundable else None,
        receipt_email=asked.receipt_email,
        status="failed" if failed else "succeeded",
        source=_source(charge, with_expiry=False),
        metadata=asked.metadata,
        stored_credentials=asked.stored_credentials,
        ecomind=asked.ecomind,
    )


def captured_answer(charge: Charge) -> ChargeAnswer:
    """Show a charge as its capture does. Source: GP CloverCharge, REF capturecharge."""
    return ChargeAnswer(
        id=charge.id,
        amount=charge.request.amount,
        amount_captured=charge.amount_captured,
        currency=charge.currency,
        created=charge.created_ms // 1000 * 1000,
        captured=True,
        customer=charge.customer,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        order=charge.order,
        outcome=APPROVED,
        paid=True,
        status="succeeded",
        source=_source(charge, with_expiry=False),
    )


def _source(charge: Charge, *, with_expiry: bool) -> Source:
    token, card = charge.token, charge.token.card
    checks = charge.approval.checks if charge.approval else None
    return Source(
        id=token.id,
        brand=card.brand,
        address_line1_check=checks.address_line1_check if checks else None,
        address_zip_check=checks.address_zip_check if checks else None,
        cvc_check=checks.cvc_check if checks else None,
        exp_month=card.exp_month if with_expiry else None,
        exp_year=card.exp_year if with_expiry else None,
        first6=card.first6,
        last4=card.last4,
    )


class ListAnswer(Record, frozen=True, kw_only=True):
    """The envelope of every list. `has_more` stands only where there is more.

    Source: MD:pagination, and the get-charges sample of 2024, which has none.
    """

    object: str | None = None
    url: str
    has_more: bool | None = None
    data: tuple[Any, ...]
