"""Surcharges: a percentage of a card payment that covers the cost of processing.

Amounts and rate follow the payments of the platform API (DOCS:working-with-transaction-data). For
ecommerce charges, only the name `additional_charges` is documented; its format is inferred.
"""

from typing import ClassVar, Literal

from mock_clover.core.evidence import Cents, Evidence, inferred
from mock_clover.core.record import Record

SURCHARGE_RATE_100_PERCENT = 1_000_000
"""A rate of 35,000 is 3.5 % (documented)."""


class AdditionalCharge(Record, frozen=True, kw_only=True):
    """An item of `additional_charges`."""

    evidence: ClassVar[Evidence] = inferred("the payments of DOCS:working-with-transaction-data")

    id: str | None = None
    type: Literal["CREDIT_SURCHARGE"]
    amount: Cents
    rate: int


def surcharge(amount: Cents, rate: int) -> Cents:
    """Return the surcharge on an amount, rounded down: 84 on 2428 at 35,000 (documented)."""
    return amount * rate // SURCHARGE_RATE_100_PERCENT
