"""Records for payments and refunds of the platform API."""

from typing import Any, ClassVar, Literal

from mock_clover.clover.charges.records import ChargeState
from mock_clover.clover.platform.records import Elements, Reference
from mock_clover.core.evidence import (
    Cents,
    Evidence,
    FieldEvidence,
    Millis,
    documented,
    evidence_for_fields,
    observed,
)
from mock_clover.core.record import Record

PaymentResult = Literal["SUCCESS", "FAIL", "VOIDED", "AUTH", "PENDING"]
RESULTS: dict[ChargeState, PaymentResult] = {
    "pending": "PENDING",
    "captured": "SUCCESS",
    "authorized": "AUTH",
    "voided": "VOIDED",
    "expired": "VOIDED",
    "failed": "FAIL",
}
"""Result by state of the charge. The values are documented (REF payments); those for captured and
expired authorizations are inferred."""


class CardOnFile(Record, frozen=True, kw_only=True):
    """`vaultedCard` of a payment with a card on file."""

    evidence: ClassVar[Evidence] = documented("REF payGetPayment")

    first6: str
    last4: str
    cardholderName: str | None = None
    expirationDate: str
    token: str


class CardTransaction(Record, frozen=True, kw_only=True):
    """`cardTransaction` of a payment. Source: REF payGetPayment."""

    evidence: ClassVar[Evidence] = documented(
        "REF payGetPayment; the values for a charge are inferred"
    )

    cardType: str | None = None
    entryType: str
    first6: str | None = None
    last4: str
    type: Literal["AUTH", "PREAUTH", "PREAUTHCAPTURE"]
    authCode: str | None = None
    referenceId: str | None = None
    state: Literal["PENDING", "CLOSED"]
    cardholderName: str | None = None
    token: str | None = None
    vaultedCard: CardOnFile | None = None
    currency: str
    captured: bool


class AdditionalChargeResponse(Record, frozen=True, kw_only=True):
    """One of `additionalCharges`, a surcharge; `rate` 35000 is 3.5%."""

    evidence: ClassVar[Evidence] = documented("DOCS:working-with-transaction-data")

    id: str
    amount: Cents
    rate: int
    type: str
    payment: Reference


class PaymentResponse(Record, frozen=True, kw_only=True):
    """A payment. Source: CC 27777."""

    evidence: ClassVar[Evidence] = observed("CC 27777")
    field_evidence: ClassVar[FieldEvidence] = evidence_for_fields(
        documented("REF payGetPayment"), "cashTendered", "externalPaymentId", "note"
    )

    id: str
    order: Any = None
    tender: Any
    amount: Cents
    tipAmount: Cents
    taxAmount: Cents
    cashbackAmount: Cents
    cashTendered: Cents | None = None
    externalPaymentId: str | None = None
    externalReferenceId: str | None = None
    note: str | None = None
    employee: Reference
    createdTime: Millis
    clientCreatedTime: Millis
    modifiedTime: Millis
    offline: bool
    result: PaymentResult
    cardTransaction: CardTransaction | None = None
    refunds: Elements | None = None
    additionalCharges: Elements | None = None


class PlatformRefundResponse(Record, frozen=True, kw_only=True):
    """A refund. Source: clover-mcp-server for most fields, GP for `voided`."""

    evidence: ClassVar[Evidence] = observed("clover-mcp-server, sandbox 2026-06; GP for voided")

    id: str
    orderRef: Reference | None = None
    payment: Any
    amount: Cents
    taxAmount: Cents
    createdTime: Millis
    clientCreatedTime: Millis
    employee: Reference
    voided: bool
