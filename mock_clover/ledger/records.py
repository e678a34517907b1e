"""The ledger of a sandbox, as a value. Amounts are in minor units, times in milliseconds."""

from typing import Literal

from mock_clover.clover.charges.records import ChargeState
from mock_clover.core.record import Record

Account = Literal["customer", "held", "merchant"]
"""customer: what the card can spend. held: authorized and not captured. merchant: captured."""
EntryKind = Literal[
    "authorization",
    "capture",
    "over_capture",
    "tip",
    "surcharge",
    "release",
    "void",
    "expiry",
    "refund",
    "surcharge_refund",
    "refund_cancel",
    "decline",
]
ClientResult = Literal["succeeded", "declined", "failed", "nothing"]
"""The last answer that reached the client. nothing: no complete response named the payment."""


class LedgerEntry(Record, frozen=True, kw_only=True):
    """One movement of money. A decline moves none, so it has no accounts."""

    at_ms: int
    kind: EntryKind
    amount: int
    debit: Account | None = None
    """The account that the amount moves to."""
    credit: Account | None = None
    """The account that the amount moves from."""
    refund: str | None = None
    """The id of the refund, if the movement belongs to one."""
    exchange: int | None = None
    """The exchange that caused it; null for a job, a page, or an exchange that was evicted."""
    told: ClientResult | None = None
    """What the client knows of it; null if no exchange caused it."""


class LedgerTotals(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Sums of one currency."""

    currency: str
    payments: int = 0
    declines: int = 0
    authorized: int = 0
    captured: int = 0
    """With tips and without surcharges."""
    surcharges: int = 0
    """Without those that were refunded."""
    released: int = 0
    """Returned without a capture: voided, expired or released."""
    refunded: int = 0
    held: int = 0
    """What is authorized now and neither captured nor released."""
    outstanding: int = 0
    """What the customer has paid and not got back: captured and surcharges, less refunds."""


class LedgerPayment(Record, frozen=True, kw_only=True):
    """One payment and its entries, oldest first."""

    id: str
    customer: str
    """The key of the customer in `customers`."""
    order: str | None = None
    reference: str | None = None
    """`external_reference_id` of the request."""
    state: ChargeState
    created_ms: int
    created_by: str | None = None
    """The operation that created it; null for a job, a page, or an exchange that was evicted."""
    told: ClientResult | None = None
    """The last answer about this payment; null if no exchange created it."""
    told_by: tuple[int, ...] = ()
    """Exchanges whose complete response named the payment."""
    exchanges: tuple[int, ...] = ()
    """All exchanges about the payment, with those whose response was lost."""
    sums: LedgerTotals
    entries: tuple[LedgerEntry, ...]


class LedgerCustomer(Record, frozen=True, kw_only=True):
    """One customer, or the holder of one card without a customer."""

    key: str
    """The id of the customer; for a payment without one, the card's first six and last four."""
    payments: tuple[str, ...]
    totals: tuple[LedgerTotals, ...]


class Ledger(Record, frozen=True, kw_only=True):
    """The ledger of a sandbox, newest payments last."""

    at_ms: int
    """The sandbox's clock."""
    first_exchange: int
    """The oldest exchange of the journal; 1 if none was evicted."""
    left_out: int = 0
    """Older payments that are not in this ledger."""
    totals: tuple[LedgerTotals, ...]
    customers: tuple[LedgerCustomer, ...]
    payments: tuple[LedgerPayment, ...]
