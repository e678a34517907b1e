"""Refunds, and voids of authorizations, which Clover's API also returns as refunds."""

from typing import Annotated, Any, ClassVar, Literal

from mock_clover.clover.charges.records import ExternalReference, RefundType
from mock_clover.clover.charges.records_surcharge import AdditionalCharge
from mock_clover.clover.gift_cards.records import GiftCardBalances
from mock_clover.core.evidence import (
    Cents,
    Evidence,
    FieldEvidence,
    Millis,
    doc,
    documented,
    evidence_for_fields,
    inferred,
    observed,
)
from mock_clover.core.record import Record

_REF = documented("REF create-refund")
DOCUMENTED_REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})
_REASON_CHARS_MAX = 1_000  # a limit of this mock, far beyond use


class RefundRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/refunds`."""

    charge: (
        Annotated[
            str,
            doc(
                "Id of the charge; required.",
                _REF,
                problem_name="INVALID_REFUND_CHARGE",
                min_length=1,
            ),
        ]
        | None
    ) = None
    amount: (
        Annotated[
            Cents,
            doc(
                "Defaults to the remaining refundable amount.",
                _REF,
                problem_name="INVALID_CHARGE_AMOUNT",
                ge=1,
            ),
        ]
        | None
    ) = None
    external_reference_id: ExternalReference = None
    reason: (
        Annotated[
            str,
            doc(
                "duplicate, fraudulent, requested_by_customer, or free words.",
                documented("REF create-refund; free words are inferred"),
                problem_name="INVALID_REQUEST",
                max_length=_REASON_CHARS_MAX,
            ),
        ]
        | None
    ) = None
    metadata: (
        Annotated[dict[str, Any], doc("Accepted and ignored.", _REF, has_no_effect=True)] | None
    ) = None


class Refund(Record, frozen=True, kw_only=True):
    """A stored refund."""

    id: str
    charge: str
    amount: Cents
    created_ms: Millis
    refund_type: RefundType
    ref_num: str
    auth_code: str
    reason: str | None = None
    external_reference_id: str | None = None
    gift: GiftCardBalances | None = None
    """The effect on the gift card, if the refund is to a gift card."""
    canceled: bool = False
    canceled_ms: Millis | None = None
    surcharge: AdditionalCharge | None = None


class RefundMetadata(Record, frozen=True, kw_only=True):
    """`metadata` of a refund; clients use it to distinguish a void from a refund."""

    evidence: ClassVar[Evidence] = observed("KES reads the fields; MD:gift-card-api shows them")

    refundType: RefundType
    authCode: str
    refNum: str
    gatewayResponseCode: str


class RefundResponse(Record, frozen=True, kw_only=True):
    """A refund in responses. Source: GP CloverRefund; metadata: KES, the gift-card page."""

    evidence: ClassVar[Evidence] = observed("GP CloverRefund")
    field_evidence: ClassVar[FieldEvidence] = (
        evidence_for_fields(observed("KES; MD:gift-card-api"), "metadata")
        | evidence_for_fields(
            inferred("the request has the fields"), "reason", "external_reference_id"
        )
        | evidence_for_fields(documented("MD:gift-card-api"), "gift_card")
        | evidence_for_fields(documented("REF create-refund"), "additional_charges")
    )

    id: str
    object: str | None = None
    amount: Cents
    charge: str
    created: Millis
    reason: str | None = None
    external_reference_id: str | None = None
    status: Literal["succeeded", "failed", "canceled"]
    metadata: RefundMetadata
    gift_card: GiftCardBalances | None = None
    additional_charges: tuple[AdditionalCharge, ...] | None = None


def refund_response(refund: Refund) -> RefundResponse:
    """Return the response for a refund."""
    return RefundResponse(
        id=refund.id,
        object="refund",
        amount=refund.amount,
        charge=refund.charge,
        created=refund.created_ms,
        reason=refund.reason,
        external_reference_id=refund.external_reference_id,
        status="canceled" if refund.canceled else "succeeded",
        metadata=RefundMetadata(
            refundType=refund.refund_type,
            authCode=refund.auth_code,
            refNum=refund.ref_num,
            gatewayResponseCode=_gateway_code(refund),
        ),
        gift_card=refund.gift,
        additional_charges=None if refund.surcharge is None else (refund.surcharge,),
    )


def _gateway_code(refund: Refund) -> str:
    """Return the gateway code: three digits for a card (KES), two for a gift card (MD)."""
    return "000" if refund.gift is None else "00"


class CancelRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /v1/refunds/{id}/cancel`."""

    reason: (
        Annotated[
            str,
            doc(
                "Reason, USER_CANCEL in the sample; no source lists other values.",
                inferred("MD:gift-card-api"),
                problem_name="INVALID_REQUEST",
                max_length=255,
            ),
        ]
        | None
    ) = None


class CancelResponse(Record, frozen=True, kw_only=True):
    """Response of `POST /v1/refunds/{id}/cancel`. Source: MD:gift-card-api."""

    evidence: ClassVar[Evidence] = documented("MD:gift-card-api")

    id: str
    object: str
    amount: Cents
    charge: str
    status: Literal["succeeded"]
    metadata: RefundMetadata
    gift_card: GiftCardBalances


def cancel_response(refund: Refund, gift: GiftCardBalances) -> CancelResponse:
    """Return the response for a canceled refund; that it has the id of the refund is inferred."""
    return CancelResponse(
        id=refund.id,
        object="void_on_refund",
        amount=refund.amount,
        charge=refund.charge,
        status="succeeded",
        metadata=RefundMetadata(
            refundType="VOID",
            authCode=refund.auth_code,
            refNum=refund.ref_num,
            gatewayResponseCode=_gateway_code(refund),
        ),
        gift_card=gift,
    )
