"""Build the ledger of a sandbox from its rows and its journal."""

from collections.abc import Iterable
from itertools import islice

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.refunds.records import Refund
from mock_clover.core.masking import redact
from mock_clover.core.steps import Steps
from mock_clover.ledger.entries import entries_of, sums_of
from mock_clover.ledger.exchanges import (
    PaymentExchanges,
    cause_of,
    exchanges_by_payment,
    last_result_of,
)
from mock_clover.ledger.records import (
    Ledger,
    LedgerCustomer,
    LedgerPayment,
    LedgerTotals,
)
from mock_clover.sandbox.sandbox import Sandbox

PAYMENTS_MAX = 10_000
"""A ledger has this many of the newest payments."""


def build_ledger(sandbox: Sandbox) -> Steps[Ledger]:
    """Return the ledger of a sandbox. The rows are read at once, so it is consistent."""
    newest = [row for _, row in islice(sandbox.charges.items_newest_first(), PAYMENTS_MAX)]
    charges = {charge.id: charge for charge in reversed(newest)}
    refunds: dict[str, list[Refund]] = {}
    for refund in sandbox.refunds:
        if refund.charge in charges:
            refunds.setdefault(refund.charge, []).append(refund)
    journal = list(sandbox.journal)
    left_out, at_ms = len(sandbox.charges) - len(charges), sandbox.clock.now_ms()
    charge_of = {row.id: row.charge for rows in refunds.values() for row in rows}
    yield
    exchanges = yield from exchanges_by_payment(journal, charges, charge_of)
    keys = _customer_keys(charges.values())
    payments: list[LedgerPayment] = []
    for charge in charges.values():
        rows = refunds.get(charge.id, [])
        payment = yield from _payment(charge, rows, exchanges[charge.id], keys[charge.id])
        payments.append(payment)
        yield
    customers: dict[str, list[LedgerPayment]] = {}
    for payment in payments:
        customers.setdefault(payment.customer, []).append(payment)
    return Ledger(
        at_ms=at_ms,
        first_exchange=journal[0].number if journal else sandbox.journal.count + 1,
        left_out=left_out,
        totals=_totals(payments),
        customers=tuple(
            LedgerCustomer(key=key, payments=tuple(each.id for each in paid), totals=_totals(paid))
            for key, paid in customers.items()
        ),
        payments=tuple(payments),
    )


def _payment(
    charge: Charge, refunds: list[Refund], exchanges: PaymentExchanges, customer: str
) -> Steps[LedgerPayment]:
    entries = []
    for entry in entries_of(charge, refunds):
        cause, result = cause_of(entry, exchanges, charge.id)
        number = cause.number if cause is not None else None
        entries.append(replace(entry, exchange=number, told=result))
        yield
    creation = exchanges.created_by
    reference = charge.request.external_reference_id
    return LedgerPayment(
        id=charge.id,
        customer=customer,
        order=charge.order,
        reference=redact(reference) if reference is not None else None,
        state=charge.state,
        created_ms=charge.created_ms,
        created_by=creation.endpoint if creation is not None else None,
        told=last_result_of(charge, exchanges),
        told_by=tuple(each.number for each in exchanges.replies.received(charge.id)),
        exchanges=tuple(each.number for each in exchanges.about),
        sums=sums_of(charge.currency, entries),
        entries=tuple(entries),
    )


def _customer_keys(charges: Iterable[Charge]) -> dict[str, str]:
    """Return the customer of each charge; cards with equal digits are numbered."""
    numbers: dict[str, dict[str, int]] = {}
    keys: dict[str, str] = {}
    for charge in charges:
        card = charge.token.card
        digits = f"{charge.token.kind} {card.first6}...{card.last4}".replace(" ...", " ")
        equal = numbers.setdefault(digits, {})
        number = equal.setdefault(card.fingerprint, len(equal) + 1)
        label = digits if number == 1 else f"{digits} ({number})"
        keys[charge.id] = charge.customer or label
    return keys


def _totals(payments: Iterable[LedgerPayment]) -> tuple[LedgerTotals, ...]:
    sums: dict[str, list[LedgerTotals]] = {}
    for payment in payments:
        sums.setdefault(payment.sums.currency, []).append(payment.sums)
    names = [name for name in LedgerTotals.__struct_fields__ if name != "currency"]
    return tuple(
        LedgerTotals(
            currency=currency,
            **{name: sum(getattr(each, name) for each in found) for name in names},
        )
        for currency, found in sums.items()
    )
