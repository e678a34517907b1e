"""Surcharges: a percentage of a card payment that covers the cost of processing.

Amounts and rate are those of the platform's payments (DOCS:working-with-transaction-data). Only
`additional_charges` is documented for an ecommerce charge; its shape is inferred.
"""

from typing import ClassVar, Literal

from mock_clover.core.evidence import Cents, Evidence, inferred
from mock_clover.core.record import Record

SURCHARGE_RATE_WHOLE = 1_000_000
"""A rate of 35,000 is 3.5 % (documented)."""


class AdditionalCharge(Record, frozen=True, kw_only=True):
    """One of `additional_charges`."""

    evidence: ClassVar[Evidence] = inferred("the payments of DOCS:working-with-transaction-data")

    id: str | None = None
    type: Literal["CREDIT_SURCHARGE"]
    amount: Cents
    rate: int


def surcharge(amount: Cents, rate: int) -> Cents:
    """Return the surcharge on an amount, rounded down: 84 on 2428 at 35,000 (documented)."""
    return amount * rate // SURCHARGE_RATE_WHOLE
