"""Build the response bodies of charges.

Clover returns a charge in three forms: after creation, on retrieval and after capture. Each
function names its source.
"""

from operator import attrgetter
from typing import Any, ClassVar, Literal

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge, ChargeRequest
from mock_clover.clover.charges.records_on_file import SavedCredential, transarmor_token
from mock_clover.clover.charges.records_purchase import ChargeDescriptor, Level2, Level3
from mock_clover.clover.charges.records_stored_credentials import StoredCredentials
from mock_clover.clover.charges.records_surcharge import AdditionalCharge
from mock_clover.clover.charges.records_tender import Tender
from mock_clover.clover.common.cards import NO_CHECKS, CheckResult
from mock_clover.clover.gift_cards.records import GiftCardBalances
from mock_clover.clover.threeds.records import ThreeDSResponse, threeds_response
from mock_clover.clover.tokens.records import Instrument
from mock_clover.core.evidence import (
    Cents,
    Evidence,
    FieldEvidence,
    Millis,
    documented,
    evidence_for_fields,
    inferred,
    observed,
)
from mock_clover.core.record import Record


class Outcome(Record, frozen=True, kw_only=True):
    """`outcome` of a charge."""

    evidence: ClassVar[Evidence] = observed(
        "CCL, GP CloverCharge, PHP21: no other values were seen"
    )

    network_status: str | None = None
    type: str | None = None


APPROVED = Outcome(network_status="approved_by_network", type="authorized")


class Source(Record, frozen=True, kw_only=True):
    """`source` of a charge or order."""

    evidence: ClassVar[Evidence] = observed("CCL, GP CloverCharge")
    field_evidence: ClassVar[FieldEvidence] = evidence_for_fields(
        documented("MD: fraud tools; the test-card page"),
        "address_line1_check",
        "address_zip_check",
    ) | evidence_for_fields(
        documented("MD: fraud tools; the order of the fields is inferred"),
        *("address_line1", "address_line2", "address_city", "address_state", "address_zip"),
        "address_country",
    )

    id: str | None = None
    brand: str | None = None
    address_line1: str | None = None
    address_line1_check: CheckResult | None = None
    address_line2: str | None = None
    address_city: str | None = None
    address_state: str | None = None
    address_country: str | None = None
    address_zip: str | None = None
    address_zip_check: CheckResult | None = None
    cvc_check: CheckResult | None = None
    exp_month: str | None = None
    exp_year: str | None = None
    first6: str | None = None
    last4: str | None = None


PAYMENT_METHODS: dict[Instrument, str | None] = {
    "card": "card",
    "gift_card": "giftCard",
    "ach": "ach",
    "tender": None,
}
"""`payment_method_details`. Source: AE's response schema, which also has `paypal`."""


class ChargeResponse(Record, frozen=True, kw_only=True):
    """A charge in responses; the fields have the order of the recorded responses."""

    evidence: ClassVar[Evidence] = observed("CCL 2023-09, SEED 2025-05, GP CloverCharge")
    field_evidence: ClassVar[FieldEvidence] = (
        evidence_for_fields(
            documented("AE's schema of the response"),
            *("tax_amount", "tip_amount", "description", "external_reference_id"),
            *("external_customer_reference", "failure_code", "failure_message", "refunded"),
            *("receipt_email", "metadata", "stored_credentials", "additional_charges"),
            *("soft_descriptor", "level2", "level3"),
        )
        | evidence_for_fields(
            inferred("the request has the field; no response was found"), "tender"
        )
        | evidence_for_fields(documented("REF getcharges, sample of 2024"), "amount_captured")
        | evidence_for_fields(documented("MD:gift-card-api"), "partial_auth", "gift_card")
        | evidence_for_fields(documented("REF postordersidpay, sample of 2024"), "warning_message")
        | evidence_for_fields(documented("TransArmor page"), "saved_credentials_on_file")
        | evidence_for_fields(documented("3DS SDK page"), "threeds")
    )

    id: str
    amount: Cents
    tax_amount: Cents | None = None
    tip_amount: Cents | None = None
    additional_charges: tuple[AdditionalCharge, ...] | None = None
    payment_method_details: str | None = None
    amount_captured: Cents | None = None
    partial_auth: bool | None = None
    amount_refunded: Cents | None = None
    currency: str
    warning_message: str | None = None
    created: Millis
    captured: bool | None = None
    customer: str | dict[str, Any] | None = None
    description: str | None = None
    external_reference_id: str | None = None
    external_customer_reference: str | None = None
    ref_num: str | None = None
    auth_code: str | None = None
    order: str | dict[str, Any] | None = None
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
    saved_credentials_on_file: SavedCredential | None = None
    ecomind: str | None = None
    threeds: ThreeDSResponse | None = None
    gift_card: GiftCardBalances | None = None
    soft_descriptor: ChargeDescriptor | None = None
    level2: Level2 | None = None
    level3: Level3 | None = None
    tender: Tender | None = None


_NAMES_AS_SENT = (
    *("tax_amount", "tip_amount", "description", "external_reference_id"),
    *("external_customer_reference", "receipt_email"),
)
_members_as_sent = attrgetter(*_NAMES_AS_SENT)
_NONE_SENT = (None,) * len(_NAMES_AS_SENT)


def _with_members_as_sent(response: ChargeResponse, request: ChargeRequest) -> ChargeResponse:
    """Add the members of the request that the response repeats; most requests have none."""
    members = _members_as_sent(request)
    if members == _NONE_SENT:
        return response
    return replace(response, **dict(zip(_NAMES_AS_SENT, members, strict=True)))


# Python passes more than 15 arguments by keyword in a dict, which takes three times as long. So the
# functions below build a response in steps.


def created_response(charge: Charge) -> ChargeResponse:
    """Return the response to a new charge: no `object`, no `order`; `paid` only for a sale.

    Source: SEED 2025-05 (sale), CCL 2023-09 (authorization).
    """
    request, approval = charge.request, charge.approval
    response = ChargeResponse(
        id=charge.id,
        amount=request.amount,
        payment_method_details=PAYMENT_METHODS[charge.token.kind],
        amount_refunded=0,
        currency=charge.currency,
        created=charge.created_ms,
        captured=charge.sale,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        outcome=APPROVED if charge.auth_code is not None else None,
        paid=True if charge.sale and not charge.is_debit_pending else None,
        status="pending" if charge.is_debit_pending else "succeeded",
        source=_source_response(charge, with_expiry=True),
        ecomind=request.ecomind,
    )
    response = _with_members_as_sent(response, request)
    if (
        charge.threeds is None
        and charge.surcharge is None
        and charge.gift is None
        and request.intent is None
        and request.tender is None
        and (approval is None or (approval.amount is None and approval.warning_message is None))
    ):
        return response
    return _with_optional_fields(charge, response)


def _with_optional_fields(charge: Charge, response: ChargeResponse) -> ChargeResponse:
    """Add the optional fields of a charge to its response."""
    request, approval, gift = charge.request, charge.approval, charge.gift
    partial = approval is not None and approval.amount is not None
    return replace(
        response,
        additional_charges=None if charge.surcharge is None else (charge.surcharge,),
        partial_auth=True if partial or (gift and request.partial_redemption) else None,
        warning_message=approval.warning_message if approval else None,
        saved_credentials_on_file=None if request.intent is None else _saved_credential(charge),
        threeds=None if charge.threeds is None else threeds_response(charge.threeds),
        gift_card=gift,
        tender=None if request.tender is None else _tender(charge),
    )


def pending_response(charge: Charge) -> ChargeResponse:
    """Return the response for a charge that waits for 3-D Secure authentication.

    `threeds` is documented; that the status is pending and there is no outcome is inferred.
    """
    return replace(created_response(charge), outcome=None, status="pending")


def retrieved_response(charge: Charge) -> ChargeResponse:
    """Return a charge as in GET and list responses: times in whole seconds, no expiry in `source`.

    It has the `order`. Source: GP CloverCharge, MD:pagination. No response for a failed charge was
    recorded: it has the documented fields failure_code and failure_message.
    """
    request, failed = charge.request, charge.decline
    captured, pending = charge.state == "captured", charge.state == "pending"
    response = ChargeResponse(
        id=charge.id,
        amount=request.amount,
        payment_method_details=PAYMENT_METHODS[charge.token.kind],
        amount_captured=charge.amount_captured if captured else None,
        amount_refunded=charge.amount_refunded,
        currency=charge.currency,
        created=charge.created_ms // 1000 * 1000,
        captured=captured,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        outcome=None if failed or charge.auth_code is None else APPROVED,
        paid=True if captured and not charge.is_debit_pending else None,
        status="failed"
        if failed
        else "pending"
        if pending or charge.is_debit_pending
        else "succeeded",
        source=_source_response(charge, with_expiry=False),
        ecomind=request.ecomind,
    )
    response = replace(
        response,
        additional_charges=None if charge.surcharge is None else (charge.surcharge,),
        customer=charge.customer,
        order=charge.order,
        failure_code=failed.code if failed else None,
        failure_message=failed.message if failed else None,
        refunded=None if not charge.amount_refunded else not charge.amount_refundable,
        metadata=request.metadata,
        stored_credentials=request.stored_credentials,
        threeds=None if charge.threeds is None else threeds_response(charge.threeds),
        gift_card=charge.gift,
        soft_descriptor=request.soft_descriptor,
        level2=request.level2,
        level3=request.level3,
        tender=None if request.tender is None else _tender(charge),
    )
    return _with_members_as_sent(response, request)


def captured_response(charge: Charge, amount: int) -> ChargeResponse:
    """Return the response to a capture of this amount.

    Source: GP CloverCharge; DOCS:capture-charge-for-split-shipment, whose `amount` is the captured
    one, with the payment method and the description. The response for a gift card keeps the locked
    amount, and has the first digits (documented: MD:gift-card-api of August 2024). A lock that a
    capture of 0 released is not captured.
    """
    is_gift = charge.token.kind == "gift_card"
    captured = charge.state == "captured"
    return ChargeResponse(
        id=charge.id,
        amount=charge.request.amount if is_gift else amount,
        payment_method_details=PAYMENT_METHODS[charge.token.kind],
        amount_captured=charge.amount_captured,
        currency=charge.currency,
        created=charge.created_ms // 1000 * 1000,
        captured=captured,
        customer=charge.customer,
        description=charge.request.description,
        ref_num=charge.ref_num,
        auth_code=charge.auth_code,
        order=charge.order,
        outcome=APPROVED,
        paid=True if captured else None,
        status="succeeded",
        source=_source_response(charge, with_expiry=False, with_gift_digits=True),
        gift_card=charge.gift,
    )


def released_response(charge: Charge) -> ChargeResponse:
    """Return the response to a release of what was left of an authorization.

    Source: DOCS:capture-charge-for-split-shipment, for the outcome and amount_captured; the other
    fields are those of a capture (inferred).
    """
    return replace(
        captured_response(charge, charge.request.amount),
        outcome=Outcome(network_status="reversed_after_approval"),
    )


def _tender(charge: Charge) -> Tender | None:
    """Return the tender of a charge; for any other source, the field is ignored."""
    return charge.request.tender if charge.token.kind == "tender" else None


def _saved_credential(charge: Charge) -> SavedCredential | None:
    """Return the saved credential; None for a pending charge or a charge without a card."""
    stored = charge.request.stored_credentials
    if charge.approval is None or stored is None or charge.token.kind != "card":
        return None
    return SavedCredential(tokenType="TRANSARMOR", value=transarmor_token(charge.token.card))


def _source_response(
    charge: Charge, *, with_expiry: bool, with_gift_digits: bool = False
) -> Source:
    token, card = charge.token, charge.token.card
    checks = charge.approval.checks if charge.approval is not None else NO_CHECKS
    return Source(
        id=token.id,
        brand=card.brand or None,
        address_line1=card.address_line1,
        address_line1_check=checks.address_line1_check,
        address_line2=card.address_line2,
        address_city=card.address_city,
        address_state=card.address_state,
        address_country=card.address_country,
        address_zip=card.address_zip,
        address_zip_check=checks.address_zip_check,
        cvc_check=checks.cvc_check,
        exp_month=card.exp_month or None if with_expiry else None,
        exp_year=card.exp_year or None if with_expiry else None,
        first6=card.first6 or None if token.kind == "card" or with_gift_digits else None,
        last4=card.last4 or None,
    )


class ListResponse(Record, frozen=True, kw_only=True):
    """The body of every list response. `has_more` is present only if there are more rows.

    Source: MD:pagination, and the get-charges sample of 2024, which has no `has_more`.
    """

    evidence: ClassVar[Evidence] = documented("MD:pagination")

    object: str | None = None
    url: str
    has_more: bool | None = None
    data: tuple[Any, ...]
