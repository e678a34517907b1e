"""`stored_credentials` of payments with a saved card: their initiator and sequence."""

from typing import Annotated, Literal

from mock_clover.core.evidence import Cents, doc, documented
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

_REF = documented("REF createcharge")


class InstallmentInfo(Record, frozen=True, kw_only=True):
    """`stored_credentials.installment_info`."""

    bill_pay_indicator: Annotated[str, doc("Recurring or Installment.", _REF)] | None = None
    invoice_number: Annotated[str, doc("Invoice of the installment.", _REF)] | None = None
    description: Annotated[str, doc("Free text.", _REF)] | None = None


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
