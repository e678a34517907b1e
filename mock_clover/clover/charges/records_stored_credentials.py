"""`stored_credentials` of payments with a saved card: their initiator and sequence."""

from typing import Annotated, Literal

from mock_clover.core.evidence import Cents, doc, documented
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_REF = documented("REF createcharge")
_JULY_2024 = documented("REF postordersidpay; API changelog of July 2024")
_INVALID = "INVALID_REQUEST"


class InstallmentInfo(Record, frozen=True, kw_only=True):
    """`stored_credentials.installment_info`."""

    bill_pay_indicator: Annotated[str, doc("Recurring or Installment.", _REF)] | None = None
    invoice_number: (
        Annotated[
            str,
            doc(
                "Invoice of the installment; at most 12 characters.",
                _JULY_2024,
                problem_name=_INVALID,
                max_length=12,
            ),
        ]
        | None
    ) = None
    description: Annotated[str, doc("Free text.", _REF)] | None = None
    total_count: (
        Annotated[int, doc("Number of installments.", _JULY_2024, problem_name=_INVALID, ge=0)]
        | None
    ) = None
    total_amount: (
        Annotated[Cents, doc("Sum of all installments.", _JULY_2024, problem_name=_INVALID, ge=0)]
        | None
    ) = None
    sequence_number: (
        Annotated[int, doc("Number of this installment.", _JULY_2024, problem_name=_INVALID, ge=0)]
        | None
    ) = None
    amount_type: Annotated[str, doc("Whether all amounts are equal.", _JULY_2024)] | None = None
    interval: Annotated[str, doc("Unit of time between installments.", _JULY_2024)] | None = None
    interval_count: (
        Annotated[
            int,
            doc("Intervals between installments.", _JULY_2024, problem_name=_INVALID, ge=0),
        ]
        | None
    ) = None


class StoredCredentials(Record, frozen=True, kw_only=True):
    """Who initiates a payment with a saved card, and its position in a sequence."""

    sequence: (
        Annotated[Literal["FIRST", "SUBSEQUENT"], doc("Position in the sequence.", _REF)] | None
    ) = None
    is_scheduled: Annotated[bool, doc("Whether the payment is scheduled.", _REF)] | None = None
    initiator: Annotated[Literal["MERCHANT", "CARDHOLDER"], doc("Initiator.", _REF)] | None = None
    cardbrand_original_amount: (
        Annotated[
            Cents, doc("Discover only.", _REF, problem_name="INVALID_REQUEST", ge=0, le=AMOUNT_MAX)
        ]
        | None
    ) = None
    installment_info: Annotated[InstallmentInfo, doc("US only.", _REF)] | None = None


def missing_credentials(stored: StoredCredentials) -> tuple[str, ...]:
    """Return the members that SEED save-a-card requires with a multi-pay token, if missing."""
    required = ("sequence", "is_scheduled", "initiator")
    return tuple(name for name in required if getattr(stored, name) is None)
